//! The answers of CountAPI and Abacus.

use crate::counting::dispatch::endpoint::{Failure, Outcome};
use crate::counting::http::answers;
use crate::counting::http::answers::failures::read_failed;
use crate::counting::http::badge::glyphs::grouped;
use crate::counting::http::compat::abacus::counter::AbacusCounter;
use crate::counting::http::compat::abacus::request::{AbacusAction, AbacusFormat, AbacusRequest};
use crate::counting::http::compat::callback::SCRIPT;
use crate::counting::http::reply::{JSON, Reply, text};
use crate::counting::text::json::exact;

/// What came of it: the views of the counter before and after, or nothing where it is not there.
pub type AbacusOutcome = Result<Option<(u64, u64)>, Failure>;

/// The answer. `became` is what became of a hit, `admin_key` what opens a counter that was created.
pub fn answer_abacus(
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
    let (namespace, key) = (exact(counter.site.as_str()), exact(&counter.key));
    let name = format!("{}:{}", counter.site.as_str(), counter.key);
    let full = exact(&name);
    let (status, json) = match (asked.action, found) {
        // As Abacus answers: 200, and what Redis says of a key that is not there.
        (AbacusAction::Info, None) => {
            let ends = "\"expires_in\":-2,\"expires_str\":\"-2ns\"";
            (200, format!("{{\"value\":-1,\"full_key\":{full},\"is_genuine\":true,{ends},\"exists\":false}}"))
        }
        (AbacusAction::Get | AbacusAction::Stream, None) => (404, error("Key not found")),
        (
            AbacusAction::Hit | AbacusAction::Create(_) | AbacusAction::Set(_) | AbacusAction::Update(_) | AbacusAction::Delete,
            None,
        ) => (404, error("Key does not exist, please first create it using /create.")),
        (AbacusAction::Hit | AbacusAction::Get, Some((_, views))) => {
            if let AbacusFormat::Shield(style) = &asked.format {
                return answers::visits::badge(style.svg(&grouped(views)), became, true);
            }
            (200, format!("{{\"value\":{views}}}"))
        }
        (AbacusAction::Update(_) | AbacusAction::Stream, Some((_, views))) => (200, format!("{{\"value\":{views}}}")),
        (AbacusAction::Set(_), Some((old, views))) => (200, format!("{{\"old_value\":{old},\"value\":{views}}}")),
        (AbacusAction::Info, Some((_, views))) => {
            // What is kept for ever ends never.
            let ends = "\"expires_in\":-1,\"expires_str\":\"never\"";
            (
                200,
                format!(
                    "{{\"value\":{views},\"full_key\":{full},\"namespace\":{namespace},\"key\":{key},{ends},\"exists\":true}}"
                ),
            )
        }
        (AbacusAction::Create(_), Some((_, views))) if asked.countapi => {
            (200, format!("{{\"namespace\":{namespace},\"key\":{key},\"value\":{views}}}"))
        }
        (AbacusAction::Create(_), Some((_, views))) => {
            let admin_key = admin_key.map(|key| format!("\"admin_key\":{},", exact(key))).unwrap_or_default();
            (201, format!("{{\"key\":{key},\"namespace\":{namespace},{admin_key}\"value\":{views}}}"))
        }
        (AbacusAction::Delete, Some(_)) => {
            (200, format!("{{\"status\":\"ok\",\"message\":{}}}", exact(&format!("Deleted key: {name}"))))
        }
    };
    say(asked, status, &json)
}

/// The answer to a `/create` of a counter that is there.
pub fn answer_exists(asked: &AbacusRequest) -> Reply {
    say(asked, 409, &error("Key already exists, please use a different key."))
}

/// The answer to who has the key of another counter, where there is none: as Abacus says of counters that nobody created.
pub fn answer_no_key(asked: &AbacusRequest) -> Reply {
    say(
        asked,
        400,
        &error(
            "This entry is genuine and does not have an admin key. You cannot delete it. If you wanted to delete it, you should have \
             created it with the /create endpoint.",
        ),
    )
}

fn error(what: &str) -> String {
    format!("{{\"error\":{}}}", exact(what))
}

fn say(asked: &AbacusRequest, status: u16, json: &str) -> Reply {
    match &asked.format {
        // The comment keeps what comes first from being anything but a script (the attack "Rosetta Flash").
        AbacusFormat::Script(name) if status < 300 => text(status, SCRIPT, format!("/**/{name}({json});")),
        AbacusFormat::Json | AbacusFormat::Shield(_) | AbacusFormat::Script(_) => text(status, JSON, json.to_owned()),
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
        let missing: serde_json::Value = serde_json::from_str(&said("info", "", None).1).unwrap();
        assert_eq!((&missing["value"], &missing["exists"]), (&serde_json::json!(-1), &serde_json::json!(false)));
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
