//! The routes of counters that people leave, so that their snippets work with another host: CountAPI and Abacus ([`abacus`]),
//! GoatCounter ([`goatcounter`]) and busuanzi ([`busuanzi`]). `docs/moving.md` says what is served and what differs.

pub mod abacus;
pub mod busuanzi;
pub mod goatcounter;

use super::error::Refusal;
use super::page::{KeptQuery, Page};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DropIn {
    /// Something of a counter of CountAPI or Abacus.
    Abacus(Box<abacus::Asked>),
    /// GoatCounter's `/count`: count one, answer with a picture.
    Count(Box<goatcounter::Seen>),
    /// GoatCounter's `/counter/PATH.json`: say how many, of the site if there is no page.
    Counter(Option<Page>),
    /// busuanzi's `/busuanzi`: count one, call this function with the numbers.
    Busuanzi(String),
}

/// The paths whose first part alone tells what they are; a name follows it.
pub const FIRST: [&str; 9] = ["hit", "get", "create", "info", "set", "update", "reset", "delete", "counter"];

/// Reads a path whose first part is one of [`FIRST`], and a query.
///
/// # Errors
/// [`Refusal`] for a path that is none of these, or a wrong query.
pub fn read(first: &str, rest: &str, query: &str, kept: &KeptQuery) -> Result<DropIn, Refusal> {
    if first == "counter" {
        return goatcounter::counter(rest, query, kept).map(DropIn::Counter);
    }
    abacus::read(first, rest, query).map(|asked| DropIn::Abacus(Box::new(asked)))
}

/// The longest name of a function, in bytes.
const MAX_CALLBACK: usize = 64;

/// Names with points between them. Nothing else may stand in front of the brackets that follow.
fn is_function(name: &str) -> bool {
    let word = |word: &str| {
        let mut bytes = word.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'$')
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$')
    };
    name.len() <= MAX_CALLBACK && name.split('.').all(word)
}

const JSON: &str = "application/json";
const SCRIPT: &str = "text/javascript; charset=utf-8";

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
