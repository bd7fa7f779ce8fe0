//! Reads the JSON of Footfall's own routes: a flat object of texts and numbers, or a list of such objects.

use crate::counting::text::json::quoted;
use crate::counting::text::json_tree::Tree;

/// The values of some fields of a JSON object, in the order of their names. `None` for a field that is left out or `null`.
pub(crate) type Texts = Vec<Option<String>>;

/// An object that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The values that could be read.
    pub texts: Texts,
    /// The first error, if there is one.
    pub wrong: Option<String>,
}

/// Which fields of an object are read.
#[derive(Clone, Copy)]
struct Rules {
    /// The names of the fields that are read.
    names: &'static [&'static str],
    /// The fields whose value may be any number. In other fields a number must be whole and at most 2^53 - 1, so that JavaScript knows it exactly.
    numbers: &'static [&'static str],
    /// Whether other fields are errors. If not, they are ignored.
    strict: bool,
}

/// Reads these fields of a JSON object, or of each object in a list. Other fields are ignored.
///
/// # Errors
/// Where the text stops being JSON.
pub(crate) fn objects(
    text: &str,
    names: &'static [&'static str],
    numbers: &'static [&'static str],
) -> Result<Vec<Found>, String> {
    read(text, Rules { names, numbers, strict: false })
}

/// Reads the fields of one JSON object.
///
/// # Errors
/// The text is not JSON (the message says where) or not an object, a value is neither a text nor a whole number, or a field is not in `names`
/// or occurs twice.
pub(crate) fn object(text: &str, names: &'static [&'static str]) -> Result<Texts, String> {
    let found = read(text, Rules { names, numbers: &[], strict: true })?.pop().filter(|_| !is_list(text)).unwrap_or_default();
    match found.wrong {
        None if found.texts.len() == names.len() => Ok(found.texts),
        None => Err(format!("this is a list, and has to be {OBJECT}")),
        Some(wrong) => Err(wrong),
    }
}

fn read(text: &str, rules: Rules) -> Result<Vec<Found>, String> {
    let all = match Tree::parse(text)? {
        Tree::List(all) => all,
        one => vec![one],
    };
    Ok(all.into_iter().map(|one| rules.found(one)).collect())
}

const OBJECT: &str = "an object in braces";

/// Whether a JSON text is a list. The answer means nothing for a text that is not JSON.
pub(crate) fn is_list(text: &str) -> bool {
    text.trim_start().starts_with('[')
}

impl Rules {
    fn found(&self, value: Tree) -> Found {
        let Tree::Object(fields) = value else {
            let wrong = Some(format!("this is {}, and has to be {OBJECT}", value.kind()));
            return Found { texts: vec![None; self.names.len()], wrong };
        };
        // `Some(None)` is a field that is `null`.
        let mut texts: Vec<Option<Option<String>>> = vec![None; self.names.len()];
        let mut wrong = None;
        for (name, value) in fields {
            let taken = match self.names.iter().zip(&mut texts).find(|(known, _)| **known == name) {
                Some((name, slot)) => self.take(name, value, slot),
                None if self.strict => Err(format!("there is no field {}", quoted(&name))),
                None => Ok(()),
            };
            wrong = wrong.or(taken.err());
        }
        Found { texts: texts.into_iter().map(Option::flatten).collect(), wrong }
    }

    fn take(&self, name: &&'static str, value: Tree, slot: &mut Option<Option<String>>) -> Result<(), String> {
        let any = self.numbers.contains(name);
        let value = match value {
            Tree::Null => None,
            Tree::Text(text) => Some(text),
            Tree::Number(number) if any || is_exact(&number) => Some(number),
            other => {
                let due = match (self.strict, any) {
                    (true, _) => "a text or a whole number",
                    (_, true) => "a number, or a text in quotes",
                    (_, false) => "a text in quotes",
                };
                return Err(format!("`{name}` is {}, and has to be {due}", other.kind()));
            }
        };
        match slot {
            None => *slot = Some(value),
            Some(before) if !self.strict && *before == value => {}
            Some(_) => return Err(format!("`{name}` is there twice, with two values")),
        }
        Ok(())
    }
}

/// Whether a number is whole, not negative, and small enough for JavaScript to know it exactly. JavaScript rounds greater numbers, so the
/// sender may have meant another one.
fn is_exact(number: &str) -> bool {
    const MAX_SAFE: u64 = (1 << 53) - 1;
    number.bytes().all(|b| b.is_ascii_digit()) && number.parse().is_ok_and(|number: u64| number <= MAX_SAFE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Texts, String> {
        let mut found = objects(text, &["a", "b", "n"], &["n"])?;
        let Found { texts, wrong } = found.pop().unwrap();
        wrong.map_or(Ok(texts), Err)
    }

    fn wrong(text: &str) -> String {
        read(text).expect_err(text)
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn values_are_found_by_name_in_any_order() {
        assert_eq!(read("{}"), Ok(vec![None, None, None]));
        assert_eq!(read(r#" {"b":"\u0041\n","a":null} "#), Ok(vec![None, text("A\n"), None]));
        assert_eq!(read(r#"{"x":{"a":[1,{"b":2}]},"a":"y","":null,"c":1e9}"#), Ok(vec![text("y"), None, None]));
        assert_eq!(read(r#"{"a":"x","a":"x","b":null,"b":null}"#), Ok(vec![text("x"), None, None]), "what is said twice alike");
    }

    #[test]
    fn numbers_are_taken_where_they_have_one_text() {
        for number in ["0", "7", "9007199254740991"] {
            assert_eq!(read(&format!("{{\"a\":{number}}}")), Ok(vec![text(number), None, None]));
        }
        for number in ["0", "-0.5", "1.5", "1e-7", "99999999999999999999"] {
            assert_eq!(read(&format!("{{\"n\":{number}}}")), Ok(vec![None, None, text(number)]), "{number}");
        }
        for number in ["-1", "1.5", "1e+3", "1.0", "9007199254740992", "99999999999999999999"] {
            assert_eq!(
                wrong(&format!("{{\"a\":{number}}}")),
                format!("`a` is the number {number}, and has to be a text in quotes")
            );
        }
    }

    #[test]
    fn every_wrong_kind_is_named() {
        for (value, kind) in [("true", "true or false"), ("[{\"a\":\"x\"},[]]", "a list"), ("{\"a\":\"x\"}", "an object")] {
            assert_eq!(wrong(&format!("{{\"a\":{value}}}")), format!("`a` is {kind}, and has to be a text in quotes"));
            assert_eq!(
                wrong(&format!("{{\"n\":{value}}}")),
                format!("`n` is {kind}, and has to be a number, or a text in quotes")
            );
        }
        for (value, kind) in [("null", "null"), ("\"x\"", "a text"), ("1", "the number 1"), ("-1.5", "the number -1.5")] {
            assert_eq!(wrong(value), format!("this is {kind}, and has to be an object in braces"));
            assert_eq!(wrong(&format!("[{{}},{value}]")), format!("this is {kind}, and has to be an object in braces"));
        }
        assert_eq!(wrong(r#"{"a":"x","b":true,"a":"y"}"#), "`b` is true or false, and has to be a text in quotes", "the first");
        assert_eq!(wrong(r#"{"a":"x","\u0061":null}"#), "`a` is there twice, with two values");
    }

    #[test]
    fn what_is_right_of_an_object_is_known_besides() {
        let found = objects(r#"[{"a":"x","b":true},{"b":7}]"#, &["a", "b"], &[]).unwrap();
        assert_eq!(found.iter().map(|found| found.wrong.is_some()).collect::<Vec<_>>(), [true, false]);
        assert_eq!(found[0].texts, [text("x"), None]);
        assert_eq!(found[1].texts, [None, text("7")]);
    }

    #[test]
    fn a_line_of_a_file_has_nothing_else() {
        let line = |text: &str| object(text, &["a", "b"]);
        assert_eq!(line(r#"{"a":"x","b":7}"#), Ok(vec![text("x"), text("7")]));
        for (text, wrong) in [
            (r#"{"a":"x","c\n":"y"}"#, "there is no field \"c\\n\""),
            (r#"{"a":"x","a":"x"}"#, "`a` is there twice, with two values"),
            (r#"{"b":-7}"#, "`b` is the number -7, and has to be a text or a whole number"),
            ("[]", "this is a list, and has to be an object in braces"),
            (r#"[{"a":"x"}]"#, "this is a list, and has to be an object in braces"),
        ] {
            assert_eq!(line(text), Err(wrong.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_located() {
        for (text, place) in [
            ("{} {}", "from line 1, column 4 on, where it says \"{}\""),
            ("{\"a\":\"x\",}", "from line 1, column 10 on, where it says \"}\""),
            ("{\n 'a': 1}", "from line 2, column 2 on, where it says \"'a': 1}\""),
            ("nope", "where it says \"ope\""),
            ("page=/a&x", "where it says \"page=/a&x\""),
        ] {
            assert!(wrong(text).ends_with(place), "{text}: {}", wrong(text));
        }
        for text in ["{", "", "{\"a\":", "[{}", &"[".repeat(100)] {
            assert!(wrong(text).contains("it ends too early"), "{text}: {}", wrong(text));
        }
        assert!(wrong(&"[".repeat(127)).contains("it ends too early"));
        for deep in ["[".repeat(128), "[".repeat(8192), "{\"a\":".repeat(128)] {
            assert_eq!(wrong(&deep), "the body has more than 127 lists and objects inside one another");
        }
        assert!(wrong(&format!("{{\"é\":\"{}", "é\u{1}".repeat(100))).len() < 200);
    }
}
