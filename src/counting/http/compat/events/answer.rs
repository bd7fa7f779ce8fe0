//! The answers that clients of Plausible and Umami know.

use crate::counting::dispatch::endpoint::Outcome;
use crate::counting::http::answers::visits::all_registered;
use crate::counting::http::compat::events::event::Protocol;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::refused::refused;
use crate::counting::http::reply::{JSON, Reply, TEXT, VisitStatus, text};
use crate::counting::model::page::Page;
use crate::counting::model::reason::Reason;
use crate::counting::model::site::Site;

/// What became of one visit, or that there was none.
pub type Done = (Site, Page, Option<Outcome>);

/// The answer to a body that told of so many things, of which these are wrong. It has the shape that the other counter's clients know, and the status and header of the worst that became of a visit.
pub fn answer_events(protocol: Protocol, told: usize, wrong: &[(usize, Refusal)], done: &[Done]) -> Reply {
    let visits: Vec<_> = done
        .iter()
        .filter_map(|(site, page, became)| became.as_ref().map(|became| ((site.as_str(), page.as_str()), became.clone())))
        .collect();
    let worst = if visits.is_empty() { None } else { Some(all_registered(&visits)) };
    if let Some(failed) = worst.as_ref().filter(|worst| worst.status >= 300) {
        return failed.clone();
    }
    let visit = worst.and_then(|worst| worst.visit).or(Some(VisitStatus::Excluded));
    let bot = |(_, became): &(_, Outcome)| *became == Outcome::Excluded(Reason::Bot);
    match protocol {
        Protocol::Plausible => Reply { visit, ..text(202, TEXT, "ok".to_owned()) },
        Protocol::Umami if visits.iter().any(bot) => Reply { visit, ..text(200, JSON, "{\"beep\":\"boop\"}".to_owned()) },
        Protocol::Umami => Reply { visit, ..text(200, JSON, format!("{{{SESSION}}}")) },
        Protocol::UmamiBatch => {
            let mut details = String::new();
            for (index, refusal) in wrong {
                let comma = if details.is_empty() { "" } else { "," };
                details.push_str(&format!("{comma}{{\"index\":{index},\"response\":{}}}", refused(refusal, "").body));
            }
            let (errors, processed) = (wrong.len(), told.saturating_sub(wrong.len()));
            let body =
                format!("{{\"size\":{told},\"processed\":{processed},\"errors\":{errors},\"details\":[{details}],{SESSION}}}");
            Reply { visit, ..text(200, JSON, body) }
        }
    }
}

/// What their script keeps and sends again. Nobody has a session here, so it is the same for all.
const SESSION: &str = "\"cache\":\"none\",\"sessionId\":\"00000000-0000-0000-0000-000000000000\",\
                       \"visitId\":\"00000000-0000-0000-0000-000000000000\"";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::dispatch::endpoint::{Failure, Registered};
    use crate::counting::model::site::Sites;

    fn sites() -> Sites {
        Sites::parse("default,blog.example,docs").unwrap()
    }

    #[test]
    fn answers_are_those_that_clients_know() {
        let done = |became| [(sites().first().clone(), Page::root(), Some(became))];
        let counted = || done(Outcome::Sent(Ok(Registered { duplicate: false, of_another: false, page: None })));
        let said = |reply: Reply| (reply.status, reply.body.into_owned(), reply.visit);
        assert_eq!(
            said(answer_events(Protocol::Plausible, 1, &[], &counted())),
            (202, "ok".to_owned(), Some(VisitStatus::Counted))
        );
        let json: serde_json::Value = serde_json::from_str(&answer_events(Protocol::Umami, 1, &[], &counted()).body).unwrap();
        assert!(json["cache"].is_string() && json["sessionId"].is_string() && json["visitId"].is_string());
        let bot = answer_events(Protocol::Umami, 1, &[], &done(Outcome::Excluded(Reason::Bot)));
        assert_eq!(said(bot), (200, "{\"beep\":\"boop\"}".to_owned(), Some(VisitStatus::Bot)));
        let json: serde_json::Value =
            serde_json::from_str(&answer_events(Protocol::UmamiBatch, 2, &[(1, Refusal::Age("x".to_owned()))], &counted()).body)
                .unwrap();
        assert_eq!([&json["size"], &json["processed"], &json["errors"], &json["details"][0]["index"]], [2, 1, 1, 1]);
        assert!(json["details"][0]["response"]["error"].is_string());
        assert_eq!(answer_events(Protocol::Plausible, 1, &[], &done(Outcome::Excluded(Reason::Limited))).status, 429);
        assert_eq!(
            answer_events(Protocol::Umami, 1, &[], &done(Outcome::Sent(Err(Failure::Busy { retry_after: 1 })))).status,
            503
        );
        let nothing = [(sites().first().clone(), Page::root(), None)];
        assert_eq!(answer_events(Protocol::Plausible, 1, &[], &nothing).visit, Some(VisitStatus::Excluded));
    }
}
