//! `GET /`, the whole of what the product began as.

use crate::counting::dispatch::endpoint::{CounterEndpoint, Outcome};
use crate::counting::http::answers;
use crate::counting::http::reply::Reply;
use crate::counting::model::visit::Visit;

/// `GET /`: registers the visit, waits for the counter, and says which of the two texts is due.
///
/// This is the whole of what the product began as. It may be cancelled at its one await; then nobody reads the
/// answer, and the visit counts if the counter has it.
pub async fn home(endpoint: &impl CounterEndpoint, visit: Visit) -> Reply {
    answers::visits::home(&Outcome::Sent(endpoint.register(visit).await))
}
