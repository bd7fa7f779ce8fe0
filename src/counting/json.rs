//! JSON, as far as anybody may send it: a flat object of texts, or of texts and whole numbers. And texts quoted as in JSON.
//!
//! The parser is serde_json. What it says of a wrong type itself costs 30 KB of WebAssembly, because it can quote any value;
//! so the visitors here take every kind, and what is not due is refused afterwards, by its kind.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A text in quotes, on one line, whatever is in it: as JSON writes it, without what would not show or turn the line around.
pub fn quoted(text: &str) -> String {
    let unseen = |c: char| {
        c > '\u{7e}'
            && (c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    };
    let shown: String = text.chars().map(|c| if unseen(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
    // A text always serialises.
    serde_json::to_string(&shown).unwrap_or_default()
}

/// A text in quotes, as it is.
pub fn exact(text: &str) -> String {
    // A text always serialises.
    serde_json::to_string(text).unwrap_or_default()
}

/// The values of some names in a JSON object, in the order of these names; `None` for one that is left out or `null`.
pub type Texts = Vec<Option<String>>;

/// The values of these names in a JSON object, or in each object of a list of them.
///
/// # Errors
/// What is wrong with the text: not JSON (and where), not an object, a value that is no text, a name that is not one of
/// `names` or is there twice; in a list of which object, counted from 0.
pub fn texts(text: &str, names: &'static [&'static str]) -> Result<Vec<Texts>, String> {
    values(text, names, false)
}

/// The same, where a value may be a whole number, too; it is given as a text.
///
/// # Errors
/// As [`texts`].
pub fn texts_and_numbers(text: &str, names: &'static [&'static str]) -> Result<Vec<Texts>, String> {
    values(text, names, true)
}

fn values(text: &str, names: &'static [&'static str], numbers: bool) -> Result<Vec<Texts>, String> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let mut found = Objects { names, numbers, objects: Vec::new() };
    let list = is_list(text);
    let read = if list { parser.deserialize_any(&mut found).map(|_| ()) } else { found.one(&mut parser) };
    read.and_then(|()| parser.end()).map_err(|error| error.to_string())?;
    let mut all = Vec::with_capacity(found.objects.len());
    for (at, (kind, object)) in found.objects.into_iter().enumerate() {
        let wrong = match (kind, object.wrong) {
            (Value::Object, None) => {
                all.push(object.values.into_iter().map(Option::flatten).collect());
                continue;
            }
            (Value::Object, Some(wrong)) => wrong,
            (other, _) => format!("{}, where an object is due", other.kind()),
        };
        return Err(if list { format!("in {at}: {wrong}") } else { wrong });
    }
    Ok(all)
}

/// Whether a JSON text is a list, if it is JSON.
pub fn is_list(text: &str) -> bool {
    text.trim_start().starts_with('[')
}

/// Any value; of a list or an object no more than that it is one.
enum Value {
    Null,
    Flag,
    /// With its value, if that is whole and not negative.
    Number(Option<u64>),
    Text(String),
    List,
    Object,
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag => "a flag",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

/// With its feature `arbitrary_precision`, serde_json shows a number that is not small and whole as an object with this one name. An object that says so
/// itself is refused all the same.
const NUMBER: &str = "$serde_json::private::Number";

/// The kinds that need no look inside.
macro_rules! simple_kinds {
    () => {
        type Value = Value;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("any value")
        }

        fn visit_unit<E: Error>(self) -> Result<Value, E> {
            Ok(Value::Null)
        }

        fn visit_bool<E: Error>(self, _: bool) -> Result<Value, E> {
            Ok(Value::Flag)
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<Value, E> {
            Ok(Value::Number(None))
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
            Ok(Value::Number(Some(number)))
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<Value, E> {
            Ok(Value::Number(None))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
            Ok(Value::Text(text.to_owned()))
        }
    };
}

/// A list that is not due.
macro_rules! skipped_list {
    () => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Value::List)
        }
    };
}

/// The objects that are read, each with what it turned out to be.
struct Objects {
    names: &'static [&'static str],
    numbers: bool,
    objects: Vec<(Value, Object)>,
}

impl Objects {
    fn next(&self) -> Object {
        Object { names: self.names, numbers: self.numbers, values: vec![None; self.names.len()], wrong: None }
    }

    fn one<'de, D: Deserializer<'de>>(&mut self, parser: D) -> Result<(), D::Error> {
        let mut object = self.next();
        let kind = (&mut object).deserialize(parser)?;
        self.objects.push((kind, object));
        Ok(())
    }
}

/// A list of them. It is one, as the text begins so; but what serde says by itself of other kinds would be compiled all the same.
impl<'de> Visitor<'de> for &mut Objects {
    simple_kinds!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        loop {
            let mut object = self.next();
            let Some(kind) = list.next_element_seed(&mut object)? else { return Ok(Value::List) };
            self.objects.push((kind, object));
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Ok(Value::Object)
    }
}

/// The object that is read.
struct Object {
    names: &'static [&'static str],
    /// Whether a whole number is as good as a text.
    numbers: bool,
    /// `Some(None)` for a `null`.
    values: Vec<Option<Option<String>>>,
    /// What is wrong with its fields, if anything: the first fault.
    wrong: Option<String>,
}

impl Object {
    fn take(&mut self, name: &str, value: Value) {
        let known = self.names.iter().zip(&mut self.values).find(|(known, _)| **known == name);
        let wrong = match (known, value) {
            (None, _) => format!("unknown field {}", quoted(name)),
            (Some((_, Some(_))), _) => format!("duplicate field {}", quoted(name)),
            (Some((_, slot @ None)), Value::Text(text)) => return *slot = Some(Some(text)),
            (Some((_, slot @ None)), Value::Null) => return *slot = Some(None),
            (Some((_, slot @ None)), Value::Number(Some(number))) if self.numbers => {
                return *slot = Some(Some(number.to_string()));
            }
            (Some(_), other) => {
                let due = if self.numbers { "a text or a whole number" } else { "a text" };
                format!("field {}: {}, where {due} is due", quoted(name), other.kind())
            }
        };
        self.wrong.get_or_insert(wrong);
    }
}

impl<'de> DeserializeSeed<'de> for &mut Object {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Value, D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Object {
    simple_kinds!();
    skipped_list!();

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while let Some(name) = map.next_key::<Value>()? {
            let value = map.next_value::<Value>()?;
            match name {
                Value::Text(name) if name == NUMBER => return Ok(Value::Number(None)),
                Value::Text(name) => self.take(&name, value),
                // A name is always a text.
                _ => {}
            }
        }
        Ok(Value::Object)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(parser: D) -> Result<Self, D::Error> {
        parser.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    simple_kinds!();
    skipped_list!();

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut kind = Value::Object;
        while let Some((name, _)) = map.next_entry::<Value, IgnoredAny>()? {
            if matches!(name, Value::Text(name) if name == NUMBER) {
                kind = Value::Number(None);
            }
        }
        Ok(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Texts, String> {
        texts(text, &["a", "b"]).map(|mut found| found.pop().unwrap())
    }

    fn wrong(text: &str) -> String {
        read(text).expect_err(text)
    }

    #[test]
    fn texts_are_found_by_name_in_any_order() {
        assert_eq!(read("{}"), Ok(vec![None, None]));
        assert_eq!(read(r#" {"b":"\u0041\n","a":null} "#), Ok(vec![None, Some("A\n".to_owned())]));
    }

    #[test]
    fn every_wrong_kind_is_named() {
        for (value, kind) in
            [("1", "a number"), ("-1", "a number"), ("1.5e999", "a number"), ("true", "a flag"), (r#"[{"a":"x"},[]]"#, "a list")]
        {
            let at = if is_list(value) { "in 1: " } else { "" };
            assert_eq!(wrong(value), format!("{at}{kind}, where an object is due"));
            assert_eq!(wrong(&format!("{{\"a\":{value}}}")), format!("field \"a\": {kind}, where a text is due"));
        }
        assert_eq!(wrong("null"), "null, where an object is due");
        assert_eq!(wrong("\"x\""), "a text, where an object is due");
        assert_eq!(wrong(r#"{"a":{"b":"x"}}"#), "field \"a\": an object, where a text is due");
    }

    #[test]
    fn the_first_wrong_field_is_named() {
        assert_eq!(wrong(r#"{"a":"x","c\n":"y","d":1}"#), r#"unknown field "c\n""#);
        assert_eq!(wrong(r#"{"a":"x","a":"y"}"#), r#"duplicate field "a""#);
        assert_eq!(wrong(r#"{"a":null,"\u0061":null}"#), r#"duplicate field "a""#);
    }

    #[test]
    fn a_quoted_text_is_one_line_that_shows_all() {
        assert_eq!(quoted("a\n\"\u{7f}\u{85}\u{202e}é"), "\"a\\n\\\"\u{fffd}\u{fffd}\u{fffd}é\"");
    }

    #[test]
    fn what_is_no_json_is_located() {
        for text in ["{} {}", "{", "", "{\"a\":\"x\",}", "{'a':1}", "nope", r#"{"a":"\ud800"}"#] {
            assert!(wrong(text).contains(" at line 1 column "), "{text}: {}", wrong(text));
        }
        assert!(wrong(&"[".repeat(8192)).contains("EOF"));
    }
}
