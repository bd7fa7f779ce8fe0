//! The routes of counters that people leave, so that their snippets work with another host: CountAPI and Abacus ([`abacus`]),
//! GoatCounter ([`goatcounter`], [`hits`]), busuanzi ([`busuanzi`]), Plausible and Umami ([`events`]). `docs/moving.md` says what is served and what
//! differs.

use crate::counting::http::compat::{abacus, busuanzi, events, goatcounter};
use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::{JSON, Reply, text};
use crate::counting::model::page::KeptQuery;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DropIn {
    /// Something of a counter of CountAPI or Abacus.
    Abacus(Box<abacus::Asked>),
    /// Their `/stats`: what this isolate did so far.
    Stats(Option<String>),
    /// GoatCounter's `/count`: count one, answer with a picture.
    Count(Box<goatcounter::Seen>),
    /// GoatCounter's `/counter/PATH.json` and its pictures: say how many.
    Counter(Box<goatcounter::Counter>),
    /// GoatCounter's `POST /api/v0/count`: count what a server tells.
    Hits,
    /// busuanzi's `/busuanzi`: count one, call this function with the numbers.
    Busuanzi(String),
    /// What Plausible's and Umami's clients post.
    Events(events::Protocol),
}

/// Reads a path of theirs, and a query.
///
/// # Errors
/// [`Refusal`] for a path that is none of these, or a wrong query.
pub fn read(path: &str, query: &str, kept: &KeptQuery) -> Result<DropIn, Refusal> {
    match path.trim_end_matches('/') {
        "/count" => return goatcounter::count(query, kept).map(|seen| DropIn::Count(Box::new(seen))),
        "/busuanzi" => return busuanzi::read(query).map(DropIn::Busuanzi),
        "/stats" => return function(&Query::read(query, &["callback"])?, "callback").map(DropIn::Stats),
        "/create" => return abacus::create(path, query).map(|asked| DropIn::Abacus(Box::new(asked))),
        "/api/event" => return Ok(DropIn::Events(events::Protocol::Plausible)),
        "/api/send" => return Ok(DropIn::Events(events::Protocol::Umami)),
        "/api/batch" => return Ok(DropIn::Events(events::Protocol::UmamiBatch)),
        "/api/v0/count" => return Ok(DropIn::Hits),
        _ => {}
    }
    let (first, rest) = path.strip_prefix('/').and_then(|path| path.split_once('/')).ok_or(Refusal::UnknownPath)?;
    if first == "counter" {
        return goatcounter::counter(rest.trim_end_matches('/'), query, kept).map(|asked| DropIn::Counter(Box::new(asked)));
    }
    abacus::read(first, rest, query).map(|asked| DropIn::Abacus(Box::new(asked)))
}

/// The function that a parameter names, if it is there.
///
/// # Errors
/// [`Refusal::Parameter`] for a name that is none.
pub(super) fn function(query: &Query, name: &'static str) -> Result<Option<String>, Refusal> {
    match query.get(name) {
        None => Ok(None),
        Some(function) if is_function(function) => Ok(Some(function.to_owned())),
        Some(_) => Err(Refusal::Parameter(name, "the name of a function, such as my.callback_1")),
    }
}

/// The answer to `/stats`, in the names of either counter. `visits` are those of an isolate, by
/// [`Outcome::ALL`](crate::counting::http::reply::Outcome::ALL); then how often counters were read, and created.
pub fn stats(visits: &[u64; 7], [get, create]: [u64; 2], callback: Option<&str>) -> Reply {
    let [hit, ..] = visits;
    let total = visits.iter().chain(&[get, create]).fold(0_u64, |sum, one| sum.saturating_add(*one));
    let version = env!("CARGO_PKG_VERSION");
    let json = format!(
        "{{\"version\":\"{version}\",\"requests\":{total},\"keys_updated\":{hit},\"keys_created\":{create},\
         \"commands\":{{\"total\":{total},\"hit\":{hit},\"get\":{get},\"create\":{create}}}}}"
    );
    match callback {
        Some(name) => text(200, SCRIPT, format!("/**/{name}({json});")),
        None => text(200, JSON, json),
    }
}

/// The longest name of a function, in bytes.
const MAX_CALLBACK: usize = 64;

/// Names with points between them. Nothing else may stand in front of the brackets that follow.
pub(crate) fn is_function(name: &str) -> bool {
    let word = |word: &str| {
        let mut bytes = word.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'$')
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$')
    };
    name.len() <= MAX_CALLBACK && name.split('.').all(word)
}

pub(crate) const SCRIPT: &str = "text/javascript; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_of_a_function_is_one() {
        let long = "x".repeat(65);
        for wrong in ["", "alert(1)//", "a b", "a..b", "1a", "a;b", "a-b", "a\u{2028}", "</script>", ".a", long.as_str()] {
            assert!(!is_function(wrong), "{wrong}");
        }
        for right in ["a", "my.cb_1", "$", "window.a.b"] {
            assert!(is_function(right), "{right}");
        }
    }
}
