//! The POST to an external counter: its body, and what a status means. `docs/api.md`, "A counter of your own", documents it for authors of
//! such counters.

use crate::counting::dispatch::endpoint::{Failure, Registered};
use crate::counting::model::visit::Visit;
use crate::counting::model::visit_id::VisitId;
use serde::Serialize;

/// The longest answer of a counter, in bytes. The body of the answer means nothing, but it is read to its end, because an answer that breaks
/// off is none. A counter that sends more counts as broken.
pub(crate) const MAX_ANSWER_BYTES: usize = 64 * 1024;

#[derive(Serialize)]
struct CounterBody<'a> {
    site: &'a str,
    page: &'a str,
    id: &'a str,
}

/// The body of the POST: one line of JSON with the strings `site`, `page` and `id`.
pub(crate) fn body(visit: &Visit, id: &VisitId) -> String {
    let body = CounterBody { site: visit.site.as_str(), page: visit.page.as_str(), id: id.as_str() };
    // Three strings always serialise. A counter refuses an empty body.
    serde_json::to_string(&body).unwrap_or_default()
}

/// What the status of a complete answer means. Only 2xx registers the visit. A redirect does not: following it would turn the POST into a
/// GET without a body.
///
/// # Errors
/// [`Failure::Broken`] if the counter may have stored the visit: it answered 500 or more, or 408 because a proxy stopped waiting, or 409
/// because another request with the same `Idempotency-Key` is in progress. [`Failure::Refused`] for every other status.
pub(crate) fn read_status(status: u16) -> Result<Registered, Failure> {
    match status {
        200..=299 => Ok(Registered { duplicate: false, of_another: false, page: None }),
        408 | 409 | 500.. => Err(Failure::Broken(format!("the counter answered {status}"))),
        _ => Err(Failure::Refused(format!("the counter answered {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::model::page::Page;
    use crate::counting::model::site::Sites;

    #[test]
    fn the_body_is_one_line_of_json() {
        let visit = Visit {
            site: Sites::parse("blog").unwrap().first().clone(),
            page: Page::parse("/a\"b").unwrap(),
            id: None,
            details: Default::default(),
            age: 0,
        };
        let id = VisitId::parse("x").unwrap();
        assert_eq!(body(&visit, &id), r#"{"site":"blog","page":"/a\"b","id":"x"}"#);
    }

    #[test]
    fn only_2xx_registers_and_who_broke_off_or_is_still_at_it_is_in_doubt() {
        for status in 100..=599 {
            let read = read_status(status);
            assert_eq!(read.is_ok(), (200..300).contains(&status), "{status}");
            if let Err(failure) = read {
                let doubt = status >= 500 || [408, 409].contains(&status);
                assert_eq!(failure.surely_not_stored(), !doubt, "{status}");
            }
        }
    }
}
