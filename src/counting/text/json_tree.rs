//! Reads JSON of any shape. The bodies of other counters' clients need it, because their fields nest. The bodies of Footfall's own routes are
//! flat: see [`crate::counting::text::json_read`].

use crate::counting::text::json::quoted;
use serde::de::value::MapDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use std::borrow::Cow;
use std::fmt;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// `null`, or a field that is left out.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number with the digits that were sent. An exponent always has a sign: `1e9` becomes `1e+9`.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// An object, its fields in their order.
    Object(Vec<(String, Tree)>),
}

/// The most characters of a text that an error shows.
const MAX_NEAR: usize = 20;

/// Says where a text stops being JSON. The messages of serde itself are for programmers.
fn broken(text: &str, error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    if error.is_eof() {
        return format!("the body is not JSON: it ends too early, in line {line} after column {column}");
    }
    if error.to_string().starts_with("recursion limit") {
        return format!("the body has more than {MAX_DEPTH} lists and objects inside one another");
    }
    let bytes = text.split('\n').nth(line.saturating_sub(1)).and_then(|line| line.as_bytes().get(column.saturating_sub(1)..));
    let near: String = String::from_utf8_lossy(bytes.unwrap_or_default()).chars().take(MAX_NEAR).collect();
    format!("the body is not JSON from line {line}, column {column} on, where it says {}", quoted(&near))
}

/// The most lists and objects inside one another. It is the limit of serde_json.
const MAX_DEPTH: usize = 127;

static NULL: Tree = Tree::Null;

impl Tree {
    /// Reads a JSON text, with at most 127 lists and objects inside one another.
    ///
    /// # Errors
    /// A message for people that says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| broken(text, &error))
    }

    /// The kind of value, for people.
    pub fn kind(&self) -> Cow<'static, str> {
        match self {
            Self::Null => "null".into(),
            Self::Flag(_) => "true or false".into(),
            Self::Number(number) => format!("the number {}", number.chars().take(MAX_NEAR).collect::<String>()).into(),
            Self::Text(_) => "a text".into(),
            Self::List(_) => "a list".into(),
            Self::Object(_) => "an object".into(),
        }
    }

    /// The first field of an object with this name. `Null` if there is none.
    pub fn get(&self, name: &str) -> &Self {
        match self {
            Self::Object(fields) => fields.iter().find(|(known, _)| known == name).map_or(&NULL, |(_, value)| value),
            _ => &NULL,
        }
    }

    /// The first of these fields that is a text. Empty if none is.
    pub fn text(&self, names: &[&str]) -> &str {
        let text = |name: &&str| match self.get(name) {
            Self::Text(text) => Some(text.as_str()),
            _ => None,
        };
        names.iter().find_map(text).unwrap_or("")
    }

    /// Whether the value means yes: it is not `false`, 0, `null`, an empty text, or the text `0` or `false`.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Number(number) => number.bytes().any(|b| (b'1'..=b'9').contains(&b)),
            Self::Flag(flag) => *flag,
            Self::Text(text) => !matches!(text.as_str(), "" | "0" | "false"),
            Self::List(_) | Self::Object(_) => true,
        }
    }

    /// A whole number from 0 to 2^64 - 1, sent as a number or as a text. `None` for any other value.
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Number(text) | Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(parser: D) -> Result<Self, D::Error> {
        parser.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Tree, E> {
        Ok(Tree::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Number(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Number(number.to_string()))
    }

    // serde_json never calls this, because it keeps the digits of numbers: see [`number`].
    fn visit_f64<E: Error>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Number(String::new()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = list.next_element()? {
            all.push(one);
        }
        Ok(Tree::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, value)) = map.next_entry::<Tree, Tree>()? {
            // JSON has no other names than texts.
            if let Tree::Text(name) = name {
                fields.push((name, value));
            }
        }
        Ok(number(&fields).unwrap_or(Tree::Object(fields)))
    }
}

/// The number that an object stands for, if it does. serde_json passes a number to a visitor as an object with one text, and its own [`Number`]
/// recognises that object. To read numbers as `RawValue` instead takes 34 KB of WebAssembly.
fn number(fields: &[(String, Tree)]) -> Option<Tree> {
    let [(name, Tree::Text(digits))] = fields else { return None };
    let shown = MapDeserializer::<_, NoNumber>::new([(name.as_str(), digits.as_str())].into_iter());
    Number::deserialize(shown).ok().map(|number| Tree::Number(number.as_str().to_owned()))
}

/// The error for an object that is not a number. serde's own error type takes 9 KB of WebAssembly.
#[derive(Debug)]
struct NoNumber;

impl fmt::Display for NoNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not a number")
    }
}

impl std::error::Error for NoNumber {}

impl Error for NoNumber {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_json_is_read() {
        let tree = Tree::parse(r#"{"a":{"b":["x",1,-1,1.5,1e9,true,null]},"n":"u","n":"v","t":1700000000}"#).unwrap();
        let list = tree.get("a").get("b");
        let number = |text: &str| Tree::Number(text.to_owned());
        assert_eq!(
            list,
            &Tree::List(vec![
                Tree::Text("x".into()),
                number("1"),
                number("-1"),
                number("1.5"),
                number("1e+9"),
                Tree::Flag(true),
                Tree::Null
            ])
        );
        assert_eq!((tree.text(&["name", "n"]), tree.text(&["a"]), tree.get("t").number()), ("u", "", Some(1_700_000_000)));
        assert_eq!(tree.get("nope"), &Tree::Null);
        assert_eq!(Tree::parse(r#"{"a":"1"}"#).unwrap().text(&["a"]), "1", "an object with one text is not a number");
        assert_eq!(list.get("x"), &Tree::Null);
        for wrong in ["", "{", "{} x", &"[".repeat(8_192)] {
            assert!(Tree::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_says_yes_is_what_javascript_takes_for_it() {
        for (text, yes) in [
            ("1", true),
            ("0", false),
            ("true", true),
            ("false", false),
            ("\"1\"", true),
            ("\"0\"", false),
            ("\"\"", false),
            ("null", false),
            ("{}", true),
        ] {
            assert_eq!(Tree::parse(text).unwrap().is_true(), yes, "{text}");
        }
    }
}
