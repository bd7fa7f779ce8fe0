//! JSONP: the function that a script calls with the answer.

use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;

/// The function that a parameter names, or `None` without the parameter.
///
/// # Errors
/// [`Refusal::Parameter`] if the value is no name of a function.
pub(crate) fn function(query: &Query, name: &'static str) -> Result<Option<String>, Refusal> {
    match query.get(name) {
        None => Ok(None),
        Some(function) if is_function(function) => Ok(Some(function.to_owned())),
        Some(_) => Err(Refusal::Parameter(name, "the name of a function, such as my.callback_1")),
    }
}

/// The longest name of a function, in bytes.
const MAX_CALLBACK: usize = 64;

/// Whether a text is a name, or several with dots between them. Anything else in front of the brackets could be code.
pub(crate) fn is_function(name: &str) -> bool {
    let word = |word: &str| {
        let mut bytes = word.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'$')
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$')
    };
    name.len() <= MAX_CALLBACK && name.split('.').all(word)
}

/// The `Content-Type` of a script.
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
