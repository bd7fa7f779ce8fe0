//! CountAPI and Abacus: a counter has a namespace, which is a site here, and a key, which is a page of it.

use crate::counting::config::open_updates::OpenUpdates;
use crate::counting::dispatch::endpoint::{Failure, Outcome};
use crate::counting::http::admin::count;
use crate::counting::http::badge::{Look, grouped, shield};
use crate::counting::http::compat::callback::{SCRIPT, function};
use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::{self, JSON, Reply, read_failed, text};
use crate::counting::ledger::export_file::columns::MAX_COUNT;
use crate::counting::model::page::{KeptQuery, Page};
use crate::counting::model::site::{Site, Sites, host_of};
use crate::counting::text::json::exact;
use crate::counting::text::url::path_and_query;

/// What is asked of which counter, and how it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterRequest {
    /// The namespace; nothing where only a key is named.
    namespace: Option<String>,
    /// The key; nothing where one is to be made up.
    key: Option<String>,
    /// What is asked.
    pub act: CounterAction,
    /// How the answer is written.
    pub form: Form,
    /// Whether it is asked as CountAPI writes it, in the query, and answered as it does.
    countapi: bool,
}

/// What is asked of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterAction {
    /// `/hit`: count one, say how many.
    Hit,
    /// `/get`: say how many.
    Get,
    /// `/info`: say how many, and whether there is such a counter.
    Info,
    /// `/stream`: say how many, and again when there are more.
    Stream,
    /// `/create?initializer=`: there is to be such a counter.
    Create(u64),
    /// `/set?value=`, and `/reset`: it says so many.
    Set(u64),
    /// `/update?value=`: it says so many more, or fewer.
    Update(i64),
    /// `/delete`: there is no such counter.
    Delete,
}

impl CounterAction {
    /// Whether it changes a counter that is there.
    pub fn changes(self) -> bool {
        matches!(self, Self::Set(_) | Self::Update(_) | Self::Delete)
    }
}

/// How an answer is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// `{"value":1}`
    Json,
    /// A badge.
    Shield(Box<Look>),
    /// A call of this function with the JSON.
    Script(String),
}

/// A counter: the site and the page that are meant, once it is known who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The site.
    pub site: Site,
    /// The key as it is answered.
    pub key: String,
    /// The page.
    pub page: Page,
}

/// Reads a path whose first part is `first`, and a query.
///
/// # Errors
/// [`Refusal`] for a path that is none of these, or a wrong query.
pub fn read(first: &str, rest: &str, query: &str) -> Result<CounterRequest, Refusal> {
    // One slash more at the end is dropped, but not the one that a missing key leaves: `/hit/NAMESPACE/`.
    let rest = if rest.matches('/').count() > 1 { rest.trim_end_matches('/') } else { rest };
    let (name, badge) = match rest.strip_suffix("/shield") {
        Some(name) if matches!(first, "hit" | "get") => (name, true),
        _ => (rest, false),
    };
    // A key alone is of the namespace `default`.
    let (namespace, key) = name.split_once('/').map_or((None, name), |(namespace, key)| (Some(plain(namespace)), key));
    let key = plain(key);
    if key.contains('/') && !matches!(first, "hit" | "get") {
        // As Abacus answers.
        return Err(Refusal::UnknownPath);
    }
    if !is_reserved(&key) && !is_key(&key) {
        return Err(Refusal::Parameter("key", "1 to 64 characters of A-Z a-z 0-9 _ - ."));
    }
    let namespace = namespace.map(|name| if is_reserved(&name) { name } else { name.to_ascii_lowercase() });
    let (namespace, key, countapi) = (namespace, Some(key), false);
    if badge {
        let act = if first == "hit" { CounterAction::Hit } else { CounterAction::Get };
        let look = shield(&Query::read(query, &["bgcolor", "textcolor", "text", "style", "fontsize", "font"])?)?;
        return Ok(CounterRequest { namespace, key, act, form: Form::Shield(Box::new(look)), countapi });
    }
    let query = Query::read(query, &["callback", "initializer", "value", "amount"])?;
    let act = act(first, &query)?;
    let form = function(&query, "callback")?.map_or(Form::Json, Form::Script);
    Ok(CounterRequest { namespace, key, act, form, countapi })
}

/// Reads the query of a `/create` whose path names nothing, as CountAPI's clients write it. With a slash at its end and nothing named it is
/// Abacus's, where all is made up.
///
/// # Errors
/// [`Refusal`]
pub fn create(path: &str, query: &str) -> Result<CounterRequest, Refusal> {
    let names =
        &["callback", "namespace", "key", "value", "initializer", "update_lowerbound", "update_upperbound", "enable_reset"];
    let query = Query::read(query, names)?;
    let name = |name| query.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
    let (namespace, key) = (name("namespace"), name("key"));
    let fits = |name: &String| is_reserved(name) || name.len() >= MIN_CREATED && is_key(name);
    if !namespace.iter().chain(&key).all(fits) {
        return Err(Refusal::Wrong("Malformed Namespace/Key", "3 to 64 characters of A-Z a-z 0-9 _ - ."));
    }
    let bound = |name: &str| query.get(name).and_then(|bound| bound.parse::<i64>().ok()).unwrap_or(0);
    if bound("update_upperbound") < 0 {
        return Err(Refusal::Wrong("update_upperbound must be positive", "OPEN_UPDATES says what strangers may change"));
    }
    if bound("update_lowerbound") > 0 {
        return Err(Refusal::Wrong("update_lowerbound must be negative", "OPEN_UPDATES says what strangers may change"));
    }
    let act = act("create", &query)?;
    let form = function(&query, "callback")?.map_or(Form::Json, Form::Script);
    let countapi = !path.ends_with('/') || namespace.is_some() || key.is_some();
    let namespace = namespace.map(|name| if is_reserved(&name) { name } else { name.to_ascii_lowercase() });
    Ok(CounterRequest { namespace, key, act, form, countapi })
}

/// The shortest name that CountAPI creates.
const MIN_CREATED: usize = 3;

fn is_key(key: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    (1..=64).contains(&key.len()) && key.bytes().all(known)
}

/// A reserved word, which browsers and clients may write with its colons encoded.
fn plain(name: &str) -> String {
    let word = name.strip_prefix("%3A").or_else(|| name.strip_prefix("%3a"));
    let word = word.and_then(|word| word.strip_suffix("%3A").or_else(|| word.strip_suffix("%3a")));
    word.map_or_else(|| name.to_owned(), |word| format!(":{word}:"))
}

const HOST: &str = ":HOST:";
/// CountAPI's and Abacus's word for it.
const PATHS: [&str; 2] = [":PATHNAME:", ":PATH:"];

fn is_reserved(name: &str) -> bool {
    name == HOST || PATHS.contains(&name)
}

impl CounterRequest {
    /// The counter that is meant by who is on the page `url`: what a browser tells of it may be its origin only, and then the path is `/`.
    /// `made_up` is a key that nobody has.
    ///
    /// # Errors
    /// [`Refusal`] for a site that is not listed.
    pub fn counter(&self, url: &str, sites: &Sites, kept: &KeptQuery, made_up: &str) -> Result<Counter, Refusal> {
        let site = match self.namespace.as_deref() {
            Some(HOST) => sites.of_page(url),
            Some(name) => sites.find(name).ok_or_else(|| Refusal::unknown_site(name))?,
            None => sites.find("default").unwrap_or_else(|| sites.of_page(url)),
        };
        let key = match self.key.as_deref() {
            None => made_up.to_owned(),
            Some(HOST) => match host_of(url) {
                "" => site.as_str().to_owned(),
                host => host.to_ascii_lowercase(),
            },
            Some(word) if PATHS.contains(&word) => {
                let (path, query) = path_and_query(url);
                let page = kept.page(&format!("{path}?{query}")).unwrap_or_else(|_| Page::root());
                return Ok(Counter { site: site.clone(), key: page.as_str().to_owned(), page });
            }
            Some(key) => key.to_owned(),
        };
        let page = Page::parse(&format!("/{key}")).map_err(Refusal::Page)?;
        Ok(Counter { site: site.clone(), key, page })
    }

    /// Whether anybody may do it: `OPEN_UPDATES` lets strangers add, or take away, so many.
    pub fn is_open(&self, counter: &Counter, open: &OpenUpdates) -> bool {
        match self.act {
            CounterAction::Update(by) => open.allows(counter.site.as_str(), &counter.key, by),
            _ => false,
        }
    }
}

fn act(first: &str, query: &Query) -> Result<CounterAction, Refusal> {
    Ok(match first {
        "hit" => CounterAction::Hit,
        "get" => CounterAction::Get,
        "info" => CounterAction::Info,
        "stream" => CounterAction::Stream,
        "create" if query.get("initializer").is_some() => CounterAction::Create(count(query, "initializer")?),
        "create" if query.get("value").is_some() => CounterAction::Create(count(query, "value")?),
        "create" => CounterAction::Create(0),
        "set" => CounterAction::Set(count(query, "value")?),
        "reset" => CounterAction::Set(0),
        "delete" => CounterAction::Delete,
        "update" => {
            let by: Option<i64> = query.get("value").or_else(|| query.get("amount")).and_then(|by| by.parse().ok());
            let by = by.filter(|by| *by != 0 && by.unsigned_abs() <= MAX_COUNT);
            CounterAction::Update(by.ok_or(Refusal::Parameter("value", "a whole number that is not 0, such as 5 or -3"))?)
        }
        _ => return Err(Refusal::UnknownPath),
    })
}

/// What came of it: the views of the counter before and after, or nothing where it is not there.
pub type CounterAnswer = Result<Option<(u64, u64)>, Failure>;

/// The answer. `became` is what became of a hit, `admin_key` what opens a counter that was created.
pub fn answer(
    asked: &CounterRequest,
    counter: &Counter,
    outcome: &CounterAnswer,
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
    let (status, json) = match (asked.act, found) {
        // As Abacus answers: 200, and what Redis says of a key that is not there.
        (CounterAction::Info, None) => {
            let ends = "\"expires_in\":-2,\"expires_str\":\"-2ns\"";
            (200, format!("{{\"value\":-1,\"full_key\":{full},\"is_genuine\":true,{ends},\"exists\":false}}"))
        }
        (CounterAction::Get | CounterAction::Stream, None) => (404, error("Key not found")),
        (
            CounterAction::Hit
            | CounterAction::Create(_)
            | CounterAction::Set(_)
            | CounterAction::Update(_)
            | CounterAction::Delete,
            None,
        ) => (404, error("Key does not exist, please first create it using /create.")),
        (CounterAction::Hit | CounterAction::Get, Some((_, views))) => {
            if let Form::Shield(look) = &asked.form {
                return reply::badge(look.svg(&grouped(views)), became, true);
            }
            (200, format!("{{\"value\":{views}}}"))
        }
        (CounterAction::Update(_) | CounterAction::Stream, Some((_, views))) => (200, format!("{{\"value\":{views}}}")),
        (CounterAction::Set(_), Some((old, views))) => (200, format!("{{\"old_value\":{old},\"value\":{views}}}")),
        (CounterAction::Info, Some((_, views))) => {
            // What is kept for ever ends never.
            let ends = "\"expires_in\":-1,\"expires_str\":\"never\"";
            (
                200,
                format!(
                    "{{\"value\":{views},\"full_key\":{full},\"namespace\":{namespace},\"key\":{key},{ends},\"exists\":true}}"
                ),
            )
        }
        (CounterAction::Create(_), Some((_, views))) if asked.countapi => {
            (200, format!("{{\"namespace\":{namespace},\"key\":{key},\"value\":{views}}}"))
        }
        (CounterAction::Create(_), Some((_, views))) => {
            let admin_key = admin_key.map(|key| format!("\"admin_key\":{},", exact(key))).unwrap_or_default();
            (201, format!("{{\"key\":{key},\"namespace\":{namespace},{admin_key}\"value\":{views}}}"))
        }
        (CounterAction::Delete, Some(_)) => {
            (200, format!("{{\"status\":\"ok\",\"message\":{}}}", exact(&format!("Deleted key: {name}"))))
        }
    };
    say(asked, status, &json)
}

/// The answer to a `/create` of a counter that is there.
pub fn exists(asked: &CounterRequest) -> Reply {
    say(asked, 409, &error("Key already exists, please use a different key."))
}

/// The answer to who has the key of another counter, where there is none: as Abacus says of counters that nobody created.
pub fn has_no_key(asked: &CounterRequest) -> Reply {
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

fn say(asked: &CounterRequest, status: u16, json: &str) -> Reply {
    match &asked.form {
        // The comment keeps what comes first from being anything but a script (the attack "Rosetta Flash").
        Form::Script(name) if status < 300 => text(status, SCRIPT, format!("/**/{name}({json});")),
        Form::Json | Form::Shield(_) | Form::Script(_) => text(status, JSON, json.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sites() -> Sites {
        Sites::parse("default,mysite.com,a,myapp").unwrap()
    }

    fn hit(rest: &str, query: &str) -> Result<CounterRequest, Refusal> {
        read("hit", rest, query)
    }

    fn of(first: &str, query: &str) -> Result<CounterAction, Refusal> {
        read(first, "a/b", query).map(|asked| asked.act)
    }

    #[test]
    fn a_counter_is_a_site_and_a_page() {
        let named = |asked: Result<CounterRequest, Refusal>| {
            let counter = asked?.counter("", &sites(), &KeptQuery::default(), "")?;
            Ok::<_, Refusal>((counter.site.as_str().to_owned(), counter.page.as_str().to_owned()))
        };
        let is = |site: &str, page: &str| Ok((site.to_owned(), page.to_owned()));
        assert_eq!(named(hit("mysite.com/visits", "")), is("mysite.com", "/visits"));
        assert_eq!(named(hit("MySite.com/visits", "")), is("mysite.com", "/visits"));
        assert_eq!(named(hit("visits", "")), is("default", "/visits"));
        assert_eq!(named(hit("mysite.com/visits/", "")), is("mysite.com", "/visits"));
        assert_eq!(named(hit("nope/visits", "")), Err(Refusal::unknown_site("nope")));
        assert_eq!(named(read("set", "a/shield", "value=1")), is("a", "/shield"));
        assert_eq!(hit("a/b", "callback=my.cb_1").unwrap().form, Form::Script("my.cb_1".into()));
        for wrong in ["a/", "", "a/b/c", "a/b%20c", "a/é", &format!("a/{}", "x".repeat(65))] {
            assert!(hit(wrong, "").is_err(), "{wrong}");
        }
        assert!(matches!(hit("a/b", "callback=alert(1)"), Err(Refusal::Parameter("callback", _))));
    }

    #[test]
    fn acts_are_read_as_either_counter_writes_them() {
        assert_eq!(of("create", ""), Ok(CounterAction::Create(0)));
        assert_eq!(
            (of("create", "initializer=7"), of("create", "value=7")),
            (Ok(CounterAction::Create(7)), Ok(CounterAction::Create(7)))
        );
        assert_eq!((of("set", "value=7"), of("reset", "")), (Ok(CounterAction::Set(7)), Ok(CounterAction::Set(0))));
        assert_eq!(
            (of("update", "value=5"), of("update", "amount=-3")),
            (Ok(CounterAction::Update(5)), Ok(CounterAction::Update(-3)))
        );
        assert_eq!((of("info", ""), of("delete", "")), (Ok(CounterAction::Info), Ok(CounterAction::Delete)));
        for (first, query) in [
            ("set", ""),
            ("set", "value=-1"),
            ("set", "value=1.5"),
            ("update", ""),
            ("update", "value=0"),
            ("update", "value=9999999999999"),
            ("create", "initializer=x"),
        ] {
            assert!(of(first, query).is_err(), "{first} {query}");
        }
    }

    #[test]
    fn reserved_words_are_those_of_the_page_that_asks() {
        let sites = Sites::parse("default,blog.example,docs").unwrap().with_hosts("docs.example=docs").unwrap();
        let of = |rest: &str, url: &str| {
            let counter = hit(rest, "").unwrap().counter(url, &sites, &KeptQuery::default(), "").unwrap();
            (counter.site.as_str().to_owned(), counter.page.as_str().to_owned())
        };
        let is = |site: &str, page: &str| (site.to_owned(), page.to_owned());
        assert_eq!(of(":HOST:/:PATHNAME:", "https://docs.example/a/b/?x=1"), is("docs", "/a/b"));
        assert_eq!(of("%3AHOST%3A/%3aPATH%3a", "https://www.blog.example"), is("blog.example", "/"));
        assert_eq!(of(":HOST:/likes", "https://docs.example/a"), is("docs", "/likes"));
        assert_eq!(of("docs/:HOST:", "https://X.example/a"), is("docs", "/x.example"));
        assert_eq!(of(":HOST:/:PATHNAME:", ""), is("default", "/"), "who says nothing means the first site");
        assert_eq!(of(":PATHNAME:", "https://docs.example/a"), is("default", "/a"));
        let first = Sites::parse("blog").unwrap();
        let alone = hit("likes", "").unwrap().counter("", &first, &KeptQuery::default(), "").unwrap();
        assert_eq!(alone.site.as_str(), "blog");
    }

    #[test]
    fn countapi_creates_by_its_query() {
        let asked = create("/create", "namespace=Mysite.com&key=visits&value=7&enable_reset=1&update_lowerbound=-5").unwrap();
        assert_eq!((asked.act, asked.countapi), (CounterAction::Create(7), true));
        let counter = asked.counter("", &sites(), &KeptQuery::default(), "made-up").unwrap();
        assert_eq!((counter.site.as_str(), counter.key.as_str()), ("mysite.com", "visits"));
        let random = create("/create", "").unwrap().counter("", &sites(), &KeptQuery::default(), "made-up").unwrap();
        assert_eq!((random.site.as_str(), random.page.as_str()), ("default", "/made-up"));
        assert!(create("/create", "").unwrap().countapi && !create("/create/", "").unwrap().countapi);
        for (query, error) in [
            ("key=aa", "Malformed Namespace/Key"),
            ("namespace=aa", "Malformed Namespace/Key"),
            ("key=a%2Fb", "Malformed Namespace/Key"),
            ("update_upperbound=-1", "update_upperbound must be positive"),
            ("update_lowerbound=1", "update_lowerbound must be negative"),
        ] {
            assert!(matches!(create("/create", query), Err(Refusal::Wrong(said, _)) if said == error), "{query}");
        }
    }

    #[test]
    fn answers_are_those_that_their_documents_show() {
        let asked = |first: &str, query: &str| read(first, "myapp/c", query).unwrap();
        let counter = Counter { site: sites().find("myapp").unwrap().clone(), key: "c".into(), page: Page::parse("/c").unwrap() };
        let reply = |asked: &CounterRequest, outcome: CounterAnswer| answer(asked, &counter, &outcome, None, Some("k"));
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
        let created = reply(&create("", "namespace=myapp&key=abc").unwrap(), Ok(Some((0, 0))));
        assert_eq!((created.status, &*created.body), (200, "{\"namespace\":\"myapp\",\"key\":\"c\",\"value\":0}"));
        for first in ["set", "update"] {
            assert_eq!(said(first, "value=1", None).0, 404);
        }
        assert_eq!(exists(&asked("create", "")).status, 409);
        assert_eq!(reply(&asked("get", ""), Err(Failure::Busy { retry_after: 3 })).status, 503);
        let script = reply(&asked("get", "callback=a.b"), Ok(Some((7, 7))));
        assert_eq!((&*script.body, script.content_type), ("/**/a.b({\"value\":7});", SCRIPT));
        assert_eq!(reply(&asked("get", "callback=a.b"), Ok(None)).content_type, JSON, "an error is no script");
        let badge = read("get", "a/b/shield", "text=visits&bgcolor=%23e05d44").unwrap();
        let badge = reply(&badge, Ok(Some((7, 7))));
        assert!(
            badge.content_type.starts_with("image/svg+xml") && badge.body.contains("visits: 7") && badge.body.contains("#e05d44")
        );
    }
}
