//! The answers of CountAPI and Abacus.

use crate::counting::dispatch::endpoint::{Failure, Outcome};
use crate::counting::http::answers;
use crate::counting::http::answers::failures::read_failed;
use crate::counting::http::badge::glyphs::grouped;
use crate::counting::http::compat::abacus::counter::AbacusCounter;
use crate::counting::http::compat::abacus::request::{AbacusAction, AbacusFormat, AbacusRequest};
use crate::counting::http::compat::callback::SCRIPT;
use crate::counting::http::reply::{JSON, Reply, text};
use crate::counting::text::json::to_json;
use serde::Serialize;

/// The views of the counter before and after the action, or `None` if there is no such counter.
pub(crate) type AbacusOutcome = Result<Option<(u64, u64)>, Failure>;

/// The answer to a request. `became` is the outcome of a hit; `admin_key` is the key of a new counter.
pub(crate) fn answer_abacus(
    asked: &AbacusRequest,
    counter: &AbacusCounter,
    outcome: &AbacusOutcome,
    became: Option<&Outcome>,
    admin_key: Option<&str>,
) -> Reply {
    let found = match outcome {
        Err(failure) => return read_failed(failure),
        Ok(found) => *found,
    };
    let (namespace, key) = (counter.site.as_str(), counter.key.as_str());
    let full_key = format!("{namespace}:{key}");
    let (status, body) = match (asked.action, found) {
        // Abacus answers 200 with the numbers that Redis returns for a missing key.
        (AbacusAction::Info, None) => (
            200,
            AbacusBody::Missing {
                value: -1,
                full_key: &full_key,
                is_genuine: true,
                expires_in: -2,
                expires_str: "-2ns",
                exists: false,
            },
        ),
        (AbacusAction::Get | AbacusAction::Stream, None) => (404, AbacusBody::Error { error: "Key not found" }),
        (
            AbacusAction::Hit | AbacusAction::Create(_) | AbacusAction::Set(_) | AbacusAction::Update(_) | AbacusAction::Delete,
            None,
        ) => (404, AbacusBody::Error { error: "Key does not exist, please first create it using /create." }),
        (AbacusAction::Hit | AbacusAction::Get, Some((_, value))) => {
            if let AbacusFormat::Shield(style) = &asked.format {
                return answers::visits::badge(style.svg(&grouped(value)), became, true);
            }
            (200, AbacusBody::Value { value })
        }
        (AbacusAction::Update(_) | AbacusAction::Stream, Some((_, value))) => (200, AbacusBody::Value { value }),
        (AbacusAction::Set(_), Some((old_value, value))) => (200, AbacusBody::Set { old_value, value }),
        (AbacusAction::Info, Some((_, value))) => (
            200,
            // Footfall keeps a counter for ever.
            AbacusBody::Info { value, full_key: &full_key, namespace, key, expires_in: -1, expires_str: "never", exists: true },
        ),
        (AbacusAction::Create(_), Some((_, value))) if asked.countapi => {
            (200, AbacusBody::CountApiCreated { namespace, key, value })
        }
        (AbacusAction::Create(_), Some((_, value))) => (201, AbacusBody::Created { key, namespace, admin_key, value }),
        (AbacusAction::Delete, Some(_)) => {
            (200, AbacusBody::Deleted { status: "ok", message: format!("Deleted key: {full_key}") })
        }
    };
    say(asked, status, &body)
}

/// The bodies of answers. The fields have the order of the other counters.
#[derive(Serialize)]
#[serde(untagged)]
enum AbacusBody<'a> {
    Value {
        value: u64,
    },
    Set {
        old_value: u64,
        value: u64,
    },
    Info {
        value: u64,
        full_key: &'a str,
        namespace: &'a str,
        key: &'a str,
        expires_in: i64,
        expires_str: &'static str,
        exists: bool,
    },
    Missing {
        value: i64,
        full_key: &'a str,
        is_genuine: bool,
        expires_in: i64,
        expires_str: &'static str,
        exists: bool,
    },
    Created {
        key: &'a str,
        namespace: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        admin_key: Option<&'a str>,
        value: u64,
    },
    CountApiCreated {
        namespace: &'a str,
        key: &'a str,
        value: u64,
    },
    Deleted {
        status: &'static str,
        message: String,
    },
    Error {
        error: &'static str,
    },
}

/// The answer to a `/create` of a counter that exists.
pub(crate) fn answer_exists(asked: &AbacusRequest) -> Reply {
    say(asked, 409, &AbacusBody::Error { error: "Key already exists, please use a different key." })
}

/// The answer to a request for a missing counter with the key of another: Abacus's text for counters that nobody created.
pub(crate) fn answer_no_key(asked: &AbacusRequest) -> Reply {
    let error = "This entry is genuine and does not have an admin key. You cannot delete it. If you wanted to delete it, you should have \
                 created it with the /create endpoint.";
    say(asked, 400, &AbacusBody::Error { error })
}

/// The event that tells a stream the value of its counter (HTML, "server-sent events").
pub(crate) fn stream_event(value: u64) -> String {
    format!("data: {}\n\n", to_json(&AbacusBody::Value { value }))
}

fn say(asked: &AbacusRequest, status: u16, body: &AbacusBody<'_>) -> Reply {
    let json = to_json(body);
    match &asked.format {
        // The comment stops the attack "Rosetta Flash": the answer cannot begin with a text that the caller chose.
        AbacusFormat::Script(name) if status < 300 => text(status, SCRIPT, format!("/**/{name}({json});")),
        AbacusFormat::Json | AbacusFormat::Shield(_) | AbacusFormat::Script(_) => text(status, JSON, json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::http::compat::abacus::request::{read_abacus, read_countapi_create};
    use crate::counting::model::page::Page;
    use crate::counting::model::site::Sites;

    fn sites() -> Sites {
        Sites::parse("default,mysite.com,a,myapp").unwrap()
    }

    #[test]
    fn answers_are_those_that_their_documents_show() {
        let asked = |first: &str, query: &str| read_abacus(first, "myapp/c", query).unwrap();
        let counter =
            AbacusCounter { site: sites().find("myapp").unwrap().clone(), key: "c".into(), page: Page::parse("/c").unwrap() };
        let reply = |asked: &AbacusRequest, outcome: AbacusOutcome| answer_abacus(asked, &counter, &outcome, None, Some("k"));
        let said = |first: &str, query: &str, found| {
            let reply = reply(&asked(first, query), Ok(found));
            (reply.status, reply.body.into_owned())
        };
        assert_eq!(said("hit", "", Some((1, 2))), (200, "{\"value\":2}".into()));
        assert_eq!(said("get", "", None), (404, "{\"error\":\"Key not found\"}".into()));
        assert_eq!(said("get", "", Some((0, 0))), (200, "{\"value\":0}".into()));
        assert_eq!(said("set", "value=15", Some((10, 15))), (200, "{\"old_value\":10,\"value\":15}".into()));
        assert_eq!(said("update", "value=5", Some((15, 20))), (200, "{\"value\":20}".into()));
        assert_eq!(
            said("create", "", Some((0, 0))),
            (201, "{\"key\":\"c\",\"namespace\":\"myapp\",\"admin_key\":\"k\",\"value\":0}".into())
        );
        assert_eq!(said("delete", "", Some((4, 0))), (200, "{\"status\":\"ok\",\"message\":\"Deleted key: myapp:c\"}".into()));
        let missing = "{\"value\":-1,\"full_key\":\"myapp:c\",\"is_genuine\":true,\"expires_in\":-2,\"expires_str\":\"-2ns\",\"exists\":false}";
        assert_eq!(said("info", "", None), (200, missing.into()));
        let info = "{\"value\":7,\"full_key\":\"myapp:c\",\"namespace\":\"myapp\",\"key\":\"c\",\"expires_in\":-1,\"expires_str\":\"never\",\"exists\":true}";
        assert_eq!(said("info", "", Some((7, 7))), (200, info.into()));
        assert_eq!(stream_event(7), "data: {\"value\":7}\n\n");
        let created = reply(&read_countapi_create("", "namespace=myapp&key=abc").unwrap(), Ok(Some((0, 0))));
        assert_eq!((created.status, &*created.body), (200, "{\"namespace\":\"myapp\",\"key\":\"c\",\"value\":0}"));
        for first in ["set", "update"] {
            assert_eq!(said(first, "value=1", None).0, 404);
        }
        assert_eq!(answer_exists(&asked("create", "")).status, 409);
        assert_eq!(reply(&asked("get", ""), Err(Failure::Busy { retry_after: 3 })).status, 503);
        let script = reply(&asked("get", "callback=a.b"), Ok(Some((7, 7))));
        assert_eq!((&*script.body, script.content_type), ("/**/a.b({\"value\":7});", SCRIPT));
        assert_eq!(reply(&asked("get", "callback=a.b"), Ok(None)).content_type, JSON, "an error is no script");
        let badge = read_abacus("get", "a/b/shield", "text=visits&bgcolor=%23e05d44").unwrap();
        let badge = reply(&badge, Ok(Some((7, 7))));
        assert!(
            badge.content_type.starts_with("image/svg+xml") && badge.body.contains("visits: 7") && badge.body.contains("#e05d44")
        );
    }
}
