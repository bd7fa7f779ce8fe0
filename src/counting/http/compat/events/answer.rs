//! The answers that clients of Plausible and Umami expect.

use crate::counting::dispatch::endpoint::Outcome;
use crate::counting::http::answers::visits::all_registered;
use crate::counting::http::compat::events::event::Protocol;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::refused::said;
use crate::counting::http::reply::{Problem, Reply, TEXT, VisitStatus, json_reply, text};
use crate::counting::model::page::Page;
use crate::counting::model::reason::Reason;
use crate::counting::model::site::Site;
use serde::Serialize;

/// The outcome of an event for a site, or `None` if it counts nothing.
pub(crate) type Done = (Site, Page, Option<Outcome>);

/// The answer to a body of `told` events, in the form that the client expects. `wrong` are the events that were refused, with their numbers. A
/// visit that failed makes the whole answer fail; `Footfall-Visit` tells the worst outcome.
pub(crate) fn answer_events(protocol: Protocol, told: usize, wrong: &[(usize, Refusal)], done: &[Done]) -> Reply {
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
        Protocol::Umami if visits.iter().any(bot) => Reply { visit, ..json_reply(200, &BotBody { beep: "boop" }) },
        Protocol::Umami => Reply { visit, ..json_reply(200, &NO_SESSION) },
        Protocol::UmamiBatch => {
            let all: Vec<_> = wrong.iter().map(|(index, refusal)| (*index, said(refusal, ""))).collect();
            let details =
                all.iter().map(|(index, (_, error, hint))| WrongEvent { index: *index, response: Problem { error, hint } });
            let (errors, processed) = (wrong.len(), told.saturating_sub(wrong.len()));
            let body = BatchBody {
                size: told,
                processed,
                errors,
                details: details.collect(),
                cache: NO_SESSION.cache,
                session_id: NO_SESSION.session_id,
                visit_id: NO_SESSION.visit_id,
            };
            Reply { visit, ..json_reply(200, &body) }
        }
    }
}

#[derive(Serialize)]
struct BotBody {
    beep: &'static str,
}

#[derive(Serialize)]
struct BatchBody<'a> {
    size: usize,
    processed: usize,
    errors: usize,
    details: Vec<WrongEvent<'a>>,
    cache: &'static str,
    #[serde(rename = "sessionId")]
    session_id: &'static str,
    #[serde(rename = "visitId")]
    visit_id: &'static str,
}

#[derive(Serialize)]
struct WrongEvent<'a> {
    index: usize,
    response: Problem<'a>,
}

/// The session that Umami's script keeps and sends back. Footfall has no sessions, so all clients get the same one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    cache: &'static str,
    session_id: &'static str,
    visit_id: &'static str,
}

const NO_SESSION: Session = Session {
    cache: "none",
    session_id: "00000000-0000-0000-0000-000000000000",
    visit_id: "00000000-0000-0000-0000-000000000000",
};

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
        let umami = "{\"cache\":\"none\",\"sessionId\":\"00000000-0000-0000-0000-000000000000\",\"visitId\":\"00000000-0000-0000-0000-000000000000\"}";
        assert_eq!(answer_events(Protocol::Umami, 1, &[], &counted()).body, umami);
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
