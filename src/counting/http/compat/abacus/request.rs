//! Requests of CountAPI's and Abacus's clients.

use crate::counting::http::admin::count;
use crate::counting::http::badge::style::{BadgeStyle, read_shield_style};
use crate::counting::http::compat::callback::function;
use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;
use crate::counting::ledger::export_file::columns::MAX_COUNT;

/// A request for a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbacusRequest {
    /// The namespace. `None` if the request only names a key.
    pub(crate) namespace: Option<String>,
    /// The key. `None` if the new counter gets a random key.
    pub(crate) key: Option<String>,
    /// What to do.
    pub action: AbacusAction,
    /// The format of the answer.
    pub format: AbacusFormat,
    /// Whether the request has CountAPI's form, with the names in the query. Then the answer has CountAPI's form too.
    pub(crate) countapi: bool,
}

/// What to do with a counter. Each action answers with the value of the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbacusAction {
    /// `/hit`: counts a view.
    Hit,
    /// `/get`: only reads the value.
    Get,
    /// `/info`: reads the value and whether the counter exists.
    Info,
    /// `/stream`: reads the value, and again whenever it changes.
    Stream,
    /// `/create?initializer=`: creates the counter with this value.
    Create(u64),
    /// `/set?value=` and `/reset`: sets the value.
    Set(u64),
    /// `/update?value=`: adds this number, which may be negative.
    Update(i64),
    /// `/delete`: deletes the counter.
    Delete,
}

impl AbacusAction {
    /// Whether the action changes an existing counter on purpose, and so needs a right.
    pub(crate) fn changes(self) -> bool {
        matches!(self, Self::Set(_) | Self::Update(_) | Self::Delete)
    }
}

/// The format of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AbacusFormat {
    /// `{"value":1}`
    Json,
    /// A badge in this style.
    Shield(Box<BadgeStyle>),
    /// A script that calls this function with the JSON.
    Script(String),
}

/// Reads a path and a query. `first` is the first part of the path and `rest` what follows its slash.
///
/// # Errors
/// [`Refusal::UnknownPath`] if neither counter has the path; [`Refusal::Parameter`] and [`Refusal::RepeatedParameter`].
pub(crate) fn read_abacus(first: &str, rest: &str, query: &str) -> Result<AbacusRequest, Refusal> {
    // A slash at the end is ignored, except in `/hit/NAMESPACE/`, where the key is missing.
    let rest = if rest.matches('/').count() > 1 { rest.trim_end_matches('/') } else { rest };
    let (name, badge) = match rest.strip_suffix("/shield") {
        Some(name) if matches!(first, "hit" | "get") => (name, true),
        _ => (rest, false),
    };
    // A path may have only a key.
    let (namespace, key) = name.split_once('/').map_or((None, name), |(namespace, key)| (Some(plain(namespace)), key));
    let key = plain(key);
    if key.contains('/') && !matches!(first, "hit" | "get") {
        // Abacus answers this way too.
        return Err(Refusal::UnknownPath);
    }
    if !is_reserved(&key) && !is_key(&key) {
        return Err(Refusal::Parameter("key", "1 to 64 characters of A-Z a-z 0-9 _ - ."));
    }
    let namespace = namespace.map(|name| if is_reserved(&name) { name } else { name.to_ascii_lowercase() });
    let (namespace, key, countapi) = (namespace, Some(key), false);
    if badge {
        let action = if first == "hit" { AbacusAction::Hit } else { AbacusAction::Get };
        let style = read_shield_style(&Query::read(query, &["bgcolor", "textcolor", "text", "style", "fontsize", "font"])?)?;
        return Ok(AbacusRequest { namespace, key, action, format: AbacusFormat::Shield(Box::new(style)), countapi });
    }
    let query = Query::read(query, &["callback", "initializer", "value", "amount"])?;
    let action = read_action(first, &query)?;
    let format = function(&query, "callback")?.map_or(AbacusFormat::Json, AbacusFormat::Script);
    Ok(AbacusRequest { namespace, key, action, format, countapi })
}

/// Reads a `/create` whose path has no names, as CountAPI's clients send it. `/create/` without names in its query is a request of Abacus, for a
/// counter with a random key.
///
/// # Errors
/// [`Refusal::Wrong`] in CountAPI's words; [`Refusal::Parameter`] and [`Refusal::RepeatedParameter`].
pub(crate) fn read_countapi_create(path: &str, query: &str) -> Result<AbacusRequest, Refusal> {
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
    let action = read_action("create", &query)?;
    let format = function(&query, "callback")?.map_or(AbacusFormat::Json, AbacusFormat::Script);
    let countapi = !path.ends_with('/') || namespace.is_some() || key.is_some();
    let namespace = namespace.map(|name| if is_reserved(&name) { name } else { name.to_ascii_lowercase() });
    Ok(AbacusRequest { namespace, key, action, format, countapi })
}

/// The shortest name that CountAPI creates, in bytes.
const MIN_CREATED: usize = 3;

fn is_key(key: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    (1..=64).contains(&key.len()) && key.bytes().all(known)
}

/// A name, or a reserved word with its colons decoded: some clients send `%3AHOST%3A`.
fn plain(name: &str) -> String {
    let word = name.strip_prefix("%3A").or_else(|| name.strip_prefix("%3a"));
    let word = word.and_then(|word| word.strip_suffix("%3A").or_else(|| word.strip_suffix("%3a")));
    word.map_or_else(|| name.to_owned(), |word| format!(":{word}:"))
}

/// The reserved word for the host of the page that asks.
pub(crate) const HOST: &str = ":HOST:";

/// The reserved words for the path of the page that asks: CountAPI's and Abacus's.
pub(crate) const PATHS: [&str; 2] = [":PATHNAME:", ":PATH:"];

fn is_reserved(name: &str) -> bool {
    name == HOST || PATHS.contains(&name)
}

fn read_action(first: &str, query: &Query) -> Result<AbacusAction, Refusal> {
    Ok(match first {
        "hit" => AbacusAction::Hit,
        "get" => AbacusAction::Get,
        "info" => AbacusAction::Info,
        "stream" => AbacusAction::Stream,
        "create" if query.get("initializer").is_some() => AbacusAction::Create(count(query, "initializer")?),
        "create" if query.get("value").is_some() => AbacusAction::Create(count(query, "value")?),
        "create" => AbacusAction::Create(0),
        "set" => AbacusAction::Set(count(query, "value")?),
        "reset" => AbacusAction::Set(0),
        "delete" => AbacusAction::Delete,
        "update" => {
            let by: Option<i64> = query.get("value").or_else(|| query.get("amount")).and_then(|by| by.parse().ok());
            let by = by.filter(|by| *by != 0 && by.unsigned_abs() <= MAX_COUNT);
            AbacusAction::Update(by.ok_or(Refusal::Parameter("value", "a whole number that is not 0, such as 5 or -3"))?)
        }
        _ => return Err(Refusal::UnknownPath),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(first: &str, query: &str) -> Result<AbacusAction, Refusal> {
        read_abacus(first, "a/b", query).map(|asked| asked.action)
    }

    #[test]
    fn acts_are_read_as_either_counter_writes_them() {
        assert_eq!(of("create", ""), Ok(AbacusAction::Create(0)));
        assert_eq!(
            (of("create", "initializer=7"), of("create", "value=7")),
            (Ok(AbacusAction::Create(7)), Ok(AbacusAction::Create(7)))
        );
        assert_eq!((of("set", "value=7"), of("reset", "")), (Ok(AbacusAction::Set(7)), Ok(AbacusAction::Set(0))));
        assert_eq!(
            (of("update", "value=5"), of("update", "amount=-3")),
            (Ok(AbacusAction::Update(5)), Ok(AbacusAction::Update(-3)))
        );
        assert_eq!((of("info", ""), of("delete", "")), (Ok(AbacusAction::Info), Ok(AbacusAction::Delete)));
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
}
