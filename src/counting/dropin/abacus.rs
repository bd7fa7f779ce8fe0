//! CountAPI and Abacus: a counter has a namespace, which is a site here, and a key, which is a page of it.

use super::{JSON, SCRIPT, is_function};
use crate::counting::badge::{Badge, grouped, shield};
use crate::counting::endpoint::{Became, Failure};
use crate::counting::error::Refusal;
use crate::counting::json::exact;
use crate::counting::owner::count;
use crate::counting::page::Page;
use crate::counting::record::MAX_COUNT;
use crate::counting::reply::{self, Reply, read_failed, text};
use crate::counting::route::Query;

/// What is asked of which counter, and how it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The site's name.
    pub site: String,
    /// The key.
    pub key: String,
    /// The page `/KEY`.
    pub page: Page,
    /// What is asked.
    pub act: Act,
    /// How the answer is written.
    pub form: Form,
}

/// What is asked of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// `/hit`: count one, say how many.
    Hit,
    /// `/get`: say how many.
    Get,
    /// `/info`: say how many, and whether there is such a counter.
    Info,
    /// `/create?initializer=`: there is to be such a counter.
    Create(u64),
    /// `/set?value=`, and `/reset`: it says so many.
    Set(u64),
    /// `/update?value=`: it says so many more, or fewer.
    Update(i64),
    /// `/delete`: there is no such counter.
    Delete,
}

/// How an answer is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// `{"value":1}`
    Json,
    /// A badge.
    Shield(Box<Badge>),
    /// A call of this function with the JSON.
    Script(String),
}

/// Reads a path whose first part is `first`, and a query.
///
/// # Errors
/// [`Refusal`] for a path that is none of these, or a wrong query.
pub fn read(first: &str, rest: &str, query: &str) -> Result<Asked, Refusal> {
    let (name, badge) = match rest.strip_suffix("/shield") {
        Some(name) if matches!(first, "hit" | "get") => (name, true),
        _ => (rest, false),
    };
    // A key alone is of the namespace `default`.
    let (site, key) = name.split_once('/').unwrap_or(("default", name));
    let known = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    if key.is_empty() || key.len() > 64 || !key.bytes().all(known) {
        return Err(Refusal::Parameter("key", "1 to 64 characters of A-Z a-z 0-9 _ - ."));
    }
    let site = site.to_ascii_lowercase();
    let page = Page::parse(&format!("/{key}")).map_err(Refusal::Page)?;
    if badge {
        let act = if first == "hit" { Act::Hit } else { Act::Get };
        let badge = shield(&site, &page, &Query::read(query, &["bgcolor", "textcolor", "text", "style", "fontsize", "font"])?)?;
        return Ok(Asked { site, key: key.to_owned(), page, act, form: Form::Shield(Box::new(badge)) });
    }
    let query = Query::read(query, allowed(first))?;
    let act = act(first, &query)?;
    let form = match query.get("callback") {
        None => Form::Json,
        Some(name) if is_function(name) => Form::Script(name.to_owned()),
        Some(_) => return Err(Refusal::Parameter("callback", "the name of a function, such as my.callback_1")),
    };
    Ok(Asked { site, key: key.to_owned(), page, act, form })
}

/// The parameters of a path: those of Abacus, and where CountAPI has others those, too.
fn allowed(first: &str) -> &'static [&'static str] {
    match first {
        "create" => &["callback", "initializer", "value"],
        "set" => &["callback", "value"],
        "update" => &["callback", "value", "amount"],
        _ => &["callback"],
    }
}

fn act(first: &str, query: &Query) -> Result<Act, Refusal> {
    Ok(match first {
        "hit" => Act::Hit,
        "get" => Act::Get,
        "info" => Act::Info,
        "create" if query.get("initializer").is_some() => Act::Create(count(query, "initializer")?),
        "create" if query.get("value").is_some() => Act::Create(count(query, "value")?),
        "create" => Act::Create(0),
        "set" => Act::Set(count(query, "value")?),
        "reset" => Act::Set(0),
        "delete" => Act::Delete,
        "update" => {
            let by: Option<i64> = query.get("value").or_else(|| query.get("amount")).and_then(|by| by.parse().ok());
            let by = by.filter(|by| *by != 0 && by.unsigned_abs() <= MAX_COUNT);
            Act::Update(by.ok_or(Refusal::Parameter("value", "a whole number that is not 0, such as 5 or -3"))?)
        }
        _ => return Err(Refusal::UnknownPath),
    })
}

/// What came of it: the views of the counter before and after, or nothing where it is not there.
pub type Outcome = Result<Option<(u64, u64)>, Failure>;

/// The answer. `became` is what became of a hit.
pub fn answer(asked: &Asked, outcome: &Outcome, became: Option<&Became>) -> Reply {
    let found = match outcome {
        Err(failure) => return read_failed(failure),
        Ok(found) => *found,
    };
    let (namespace, key) = (exact(&asked.site), exact(&asked.key));
    let full = exact(&format!("{}:{}", asked.site, asked.key));
    let (status, json) = match (asked.act, found) {
        (Act::Info, None) => (404, format!("{{\"value\":-1,\"full_key\":{full},\"exists\":false}}")),
        (Act::Get, None) => (404, error("Key not found")),
        (Act::Hit | Act::Create(_) | Act::Set(_) | Act::Update(_) | Act::Delete, None) => {
            (404, error("Key does not exist, please first create it using /create."))
        }
        (Act::Hit | Act::Get, Some((_, views))) => {
            if let Form::Shield(badge) = &asked.form {
                return reply::badge(badge.svg(&grouped(views)), became, true);
            }
            (200, format!("{{\"value\":{views}}}"))
        }
        (Act::Update(_), Some((_, views))) => (200, format!("{{\"value\":{views}}}")),
        (Act::Set(_), Some((old, views))) => (200, format!("{{\"old_value\":{old},\"value\":{views}}}")),
        (Act::Info, Some((_, views))) => {
            // What is kept for ever ends never.
            let ends = "\"expires_in\":-1,\"expires_str\":\"never\"";
            (
                200,
                format!(
                    "{{\"value\":{views},\"full_key\":{full},\"namespace\":{namespace},\"key\":{key},{ends},\"exists\":true}}"
                ),
            )
        }
        (Act::Create(_), Some((_, views))) => (201, format!("{{\"key\":{key},\"namespace\":{namespace},\"value\":{views}}}")),
        (Act::Delete, Some(_)) => {
            (200, format!("{{\"status\":\"ok\",\"message\":{}}}", exact(&format!("Deleted key: {}:{}", asked.site, asked.key))))
        }
    };
    say(asked, status, &json)
}

/// The answer to a `/create` of a counter that is there.
pub fn exists(asked: &Asked) -> Reply {
    say(asked, 409, &error("Key already exists, please use a different key."))
}

fn error(what: &str) -> String {
    format!("{{\"error\":{}}}", exact(what))
}

fn say(asked: &Asked, status: u16, json: &str) -> Reply {
    match &asked.form {
        // The comment keeps what comes first from being anything but a script (the attack "Rosetta Flash").
        Form::Script(name) if status < 300 => text(status, SCRIPT, format!("/**/{name}({json});")),
        Form::Json | Form::Shield(_) | Form::Script(_) => text(status, JSON, json.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(rest: &str, query: &str) -> Result<Asked, Refusal> {
        read("hit", rest, query)
    }

    fn of(first: &str, query: &str) -> Result<Act, Refusal> {
        read(first, "a/b", query).map(|asked| asked.act)
    }

    #[test]
    fn a_counter_is_a_site_and_a_page() {
        let named = |asked: Result<Asked, Refusal>| asked.map(|asked| (asked.site, asked.page.as_str().to_owned()));
        let is = |site: &str, page: &str| Ok((site.to_owned(), page.to_owned()));
        assert_eq!(named(hit("mysite.com/visits", "")), is("mysite.com", "/visits"));
        assert_eq!(named(hit("MySite.com/visits", "")), is("mysite.com", "/visits"));
        assert_eq!(named(hit("visits", "")), is("default", "/visits"));
        assert_eq!(named(read("set", "a/shield", "value=1")), is("a", "/shield"));
        assert_eq!(hit("a/b", "callback=my.cb_1").unwrap().form, Form::Script("my.cb_1".into()));
        for wrong in ["a/", "", "a/b/c", "a/b%20c", "a/é", &format!("a/{}", "x".repeat(65))] {
            assert!(hit(wrong, "").is_err(), "{wrong}");
        }
        assert!(matches!(hit("a/b", "callback=alert(1)"), Err(Refusal::Parameter("callback", _))));
    }

    #[test]
    fn acts_are_read_as_either_counter_writes_them() {
        assert_eq!(of("create", ""), Ok(Act::Create(0)));
        assert_eq!((of("create", "initializer=7"), of("create", "value=7")), (Ok(Act::Create(7)), Ok(Act::Create(7))));
        assert_eq!((of("set", "value=7"), of("reset", "")), (Ok(Act::Set(7)), Ok(Act::Set(0))));
        assert_eq!((of("update", "value=5"), of("update", "amount=-3")), (Ok(Act::Update(5)), Ok(Act::Update(-3))));
        assert_eq!((of("info", ""), of("delete", "")), (Ok(Act::Info), Ok(Act::Delete)));
        for (first, query) in [
            ("set", ""),
            ("set", "value=-1"),
            ("set", "value=1.5"),
            ("update", ""),
            ("update", "value=0"),
            ("update", "value=9999999999999"),
            ("create", "initializer=x"),
            ("get", "value=1"),
        ] {
            assert!(of(first, query).is_err(), "{first} {query}");
        }
    }

    #[test]
    fn answers_are_those_that_their_documents_show() {
        let asked = |first: &str, query: &str| read(first, "myapp/c", query).unwrap();
        let said = |first: &str, query: &str, found| {
            let reply = answer(&asked(first, query), &Ok(found), None);
            (reply.status, reply.body.into_owned())
        };
        assert_eq!(said("hit", "", Some((1, 2))), (200, "{\"value\":2}".into()));
        assert_eq!(said("get", "", None), (404, "{\"error\":\"Key not found\"}".into()));
        assert_eq!(said("get", "", Some((0, 0))), (200, "{\"value\":0}".into()));
        assert_eq!(said("set", "value=15", Some((10, 15))), (200, "{\"old_value\":10,\"value\":15}".into()));
        assert_eq!(said("update", "value=5", Some((15, 20))), (200, "{\"value\":20}".into()));
        assert_eq!(said("create", "", Some((0, 0))), (201, "{\"key\":\"c\",\"namespace\":\"myapp\",\"value\":0}".into()));
        assert_eq!(said("delete", "", Some((4, 0))), (200, "{\"status\":\"ok\",\"message\":\"Deleted key: myapp:c\"}".into()));
        assert_eq!(said("info", "", None), (404, "{\"value\":-1,\"full_key\":\"myapp:c\",\"exists\":false}".into()));
        for first in ["set", "update"] {
            assert_eq!(said(first, "value=1", None).0, 404);
        }
        assert_eq!(exists(&asked("create", "")).status, 409);
        assert_eq!(answer(&asked("get", ""), &Err(Failure::Busy { retry_after: 3 }), None).status, 503);
        let script = answer(&asked("get", "callback=a.b"), &Ok(Some((7, 7))), None);
        assert_eq!((&*script.body, script.content_type), ("/**/a.b({\"value\":7});", SCRIPT));
        assert_eq!(answer(&asked("get", "callback=a.b"), &Ok(None), None).content_type, JSON, "an error is no script");
        let badge = read("get", "a/b/shield", "text=visits&bgcolor=%23e05d44").unwrap();
        let badge = answer(&badge, &Ok(Some((7, 7))), None);
        assert!(
            badge.content_type.starts_with("image/svg+xml") && badge.body.contains("visits: 7") && badge.body.contains("#e05d44")
        );
    }
}
