//! Reading a flat JSON object of texts, which is all that anybody may send.
//!
//! The parser is serde_json. What it would say of a wrong type itself costs 20 KB of WebAssembly, because it can quote any
//! number, so the visitors here refuse by kind.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The values of these names in a JSON object; `None` for one that is left out or `null`.
///
/// # Errors
/// What is wrong with the text, and where: not JSON, not an object, a value that is no text, a name that is not one of
/// `names` or is there twice.
pub fn texts<const N: usize>(text: &str, names: [&'static str; N]) -> Result<[Option<String>; N], String> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let texts = Object(names).deserialize(&mut parser).and_then(|texts| parser.end().map(|()| texts));
    texts.map_err(|error| error.to_string())
}

/// An object that may have these names.
struct Object<const N: usize>([&'static str; N]);

/// A text, or nothing for `null`.
struct Text(Option<String>);

/// Refuses every kind but those that the visitor takes.
macro_rules! refuse {
    ($due:literal: $($visit:ident($($value:tt)*) $what:literal),* $(,)?) => {
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str($due)
        }

        $(fn $visit<E: Error>(self, $($value)*) -> Result<Self::Value, E> {
            Err(E::custom(concat!($what, ", where ", $due, " is due")))
        })*

        fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err(A::Error::custom(concat!("a list, where ", $due, " is due")))
        }
    };
}

impl<'de, const N: usize> DeserializeSeed<'de> for Object<N> {
    type Value = [Option<String>; N];

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Self::Value, D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Object<N> {
    type Value = [Option<String>; N];

    refuse!("an object":
        visit_unit() "null", visit_bool(_: bool) "a flag", visit_i64(_: i64) "a number", visit_u64(_: u64) "a number",
        visit_f64(_: f64) "a number", visit_str(_: &str) "a text",
    );

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = [const { None }; N];
        while let Some(Text(Some(name))) = map.next_key()? {
            let known = self.0.iter().zip(&mut values).find(|(known, _)| **known == name);
            let Some((_, value)) = known else { return Err(A::Error::custom(format_args!("unknown field `{name}`"))) };
            let Text(text) = map.next_value()?;
            if value.replace(text).is_some() {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
        }
        Ok(values.map(Option::flatten))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(parser: D) -> Result<Self, D::Error> {
        parser.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    refuse!("a text":
        visit_bool(_: bool) "a flag", visit_i64(_: i64) "a number", visit_u64(_: u64) "a number", visit_f64(_: f64) "a number",
    );

    fn visit_unit<E: Error>(self) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(Some(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Text, A::Error> {
        Err(A::Error::custom("an object, where a text is due"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<[Option<String>; 2], String> {
        texts(text, ["a", "b"])
    }

    fn wrong(text: &str) -> String {
        read(text).expect_err(text)
    }

    #[test]
    fn texts_are_found_by_name_in_any_order() {
        assert_eq!(read("{}"), Ok([None, None]));
        assert_eq!(read(r#" {"b":"\u0041\n","a":null} "#), Ok([None, Some("A\n".to_owned())]));
    }

    #[test]
    fn every_wrong_kind_is_named() {
        for (value, kind) in [("1", "a number"), ("-1", "a number"), ("1.5", "a number"), ("true", "a flag"), ("[]", "a list")] {
            assert!(wrong(value).starts_with(&format!("{kind}, where an object is due")), "{value}");
            assert!(wrong(&format!("{{\"a\":{value}}}")).starts_with(&format!("{kind}, where a text is due")), "{value}");
        }
        assert!(wrong("null").starts_with("null, where an object is due"));
        assert!(wrong("\"x\"").starts_with("a text, where an object is due"));
        assert!(wrong(r#"{"a":{}}"#).starts_with("an object, where a text is due"));
    }

    #[test]
    fn the_fault_is_named_with_its_place() {
        assert_eq!(wrong(r#"{"a":"x","c":"y"}"#), "unknown field `c` at line 1 column 12");
        assert!(wrong(r#"{"a":"x","a":"y"}"#).starts_with("duplicate field `a`"));
        assert!(wrong(r#"{"a":null,"\u0061":null}"#).starts_with("duplicate field `a`"));
        assert!(wrong("{} {}").contains("trailing characters"));
        assert!(wrong("{").contains("line 1 column 1"));
    }
}
