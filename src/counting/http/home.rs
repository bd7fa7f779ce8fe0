//! `GET /`: the handler with which the product began.

use crate::counting::dispatch::endpoint::{CounterEndpoint, Outcome};
use crate::counting::http::answers;
use crate::counting::http::reply::Reply;
use crate::counting::model::visit::Visit;

/// Registers the visit, waits for the counter, and answers with one of the two texts.
///
/// The platform may cancel it at its only `.await`. Then nobody reads the answer; the visit counts if it has reached the counter.
pub async fn home(endpoint: &impl CounterEndpoint, visit: Visit) -> Reply {
    answers::visits::home(&Outcome::Sent(endpoint.register(visit).await))
}
