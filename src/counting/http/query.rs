//! Reads the parameters of a query. It ignores the parameters that caches, counters and campaigns add, and accepts any encoding.

use crate::counting::http::refusal::Refusal;
use crate::counting::model::date::{Day, parse_date};
use crate::counting::model::page::{KeptQuery, Page};
use crate::counting::text::json::quoted;
use crate::counting::text::percent::decoded;
use std::borrow::Cow;

/// The most characters of a wrong value that an error repeats.
const MAX_SHOWN: usize = 60;

/// The parameters of a query.
pub(crate) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Reads parameters by name, and ignores all others: pages add `_`, `t` or `rnd` to avoid caches, ad networks add `fbclid`, and jQuery adds
    /// `callback`. A parameter may occur twice with the same value.
    ///
    /// # Errors
    /// [`Refusal::RepeatedParameter`] if a parameter has two values, because either may be the wrong one.
    pub(crate) fn read(query: &str, names: &[&'static str]) -> Result<Self, Refusal> {
        let mut values: Vec<(&'static str, String)> = Vec::new();
        for (name, value) in parts(query) {
            let Some(known) = names.iter().find(|known| **known == name) else { continue };
            match values.iter().find(|(name, _)| name == known) {
                None => values.push((known, value.into_owned())),
                Some((_, first)) if *first == value => {}
                Some(_) => return Err(Refusal::RepeatedParameter(known)),
            }
        }
        Ok(Self(values))
    }

    /// The value of a parameter, or `None` if it is missing.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The page in `page`, or `None` if it is missing.
    ///
    /// # Errors
    /// [`Refusal::Page`]
    pub(crate) fn page(&self, kept: &KeptQuery) -> Result<Option<Page>, Refusal> {
        self.get("page").map(|page| kept.page(page).map_err(Refusal::Page)).transpose()
    }

    /// The day in a parameter, or `None` if it is missing.
    ///
    /// # Errors
    /// [`Refusal::Parameter`]
    pub(crate) fn day(&self, name: &'static str) -> Result<Option<Day>, Refusal> {
        self.get(name).map(|day| parse_date(day).ok_or(Refusal::Parameter(name, "a date such as 2026-11-22"))).transpose()
    }

    /// Whether a parameter is 1. It may also be 0 or missing.
    ///
    /// # Errors
    /// [`Refusal::Parameter`]
    pub(crate) fn flag(&self, name: &'static str) -> Result<bool, Refusal> {
        match self.get(name) {
            None | Some("0") => Ok(false),
            Some("1") => Ok(true),
            Some(_) => Err(Refusal::Parameter(name, "0, 1")),
        }
    }

    /// The name of the site in `site`, or `None` if it is missing.
    pub(crate) fn site(&self) -> Option<String> {
        self.get("site").map(str::to_owned)
    }
}

/// The value of a parameter for an error, in quotes and cut after 60 characters. `None` if the parameter is missing, and the first value if there
/// are several.
pub(crate) fn shown(query: &str, name: &str) -> Option<String> {
    let (_, value) = parts(query).find(|(known, _)| known == name)?;
    let short: String = value.chars().take(MAX_SHOWN).collect();
    Some(quoted(&short))
}

/// Names and values of a query. A name may begin with `amp;`, which is left of a link that was escaped twice in HTML.
fn parts(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query.split('&').filter(|part| !part.is_empty()).map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (form_decoded(name.strip_prefix("amp;").unwrap_or(name)), form_decoded(value))
    })
}

/// Decodes a text as forms encode it (URL Standard, 5.1), except that bytes which are not UTF-8 stay encoded. So `/caf%E9` of an old server is the
/// page that a browser shows there, and different pages do not become the same U+FFFD.
fn form_decoded(text: &str) -> Cow<'_, str> {
    match text.contains(['%', '+']) {
        false => Cow::Borrowed(text),
        true => Cow::Owned(decoded(&text.replace('+', " "), |_| false)),
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(query: &str, name: &str) -> Option<String> {
        Query::read(query, &["page", "site"]).ok()?.get(name).map(str::to_owned)
    }

    #[test]
    fn what_nobody_knows_is_ignored_however_it_is_written() {
        for query in [
            "page=/a",
            "page=/a&_=1699999999999",
            "t=9&v=2&rnd=0.5&cache=no&page=/a&utm_source=x&fbclid=y",
            "%ff=1&page=/a&x=%ff&y=%&z=%zz",
            "&&=&a&page=/a&&",
            "ns=true&page=/a&ns=false",
            "x=1&amp;page=/a",
            "page=/a&page=/a",
            "p%61ge=%2Fa",
        ] {
            assert_eq!(of(query, "page").as_deref(), Some("/a"), "{query}");
        }
        for query in ["", "Page=/a", "pages=/a", "page[]=/a", "amp=1;page=/a"] {
            assert_eq!(of(query, "page"), None, "{query}");
        }
    }

    #[test]
    fn two_values_of_one_are_refused() {
        for query in ["page=/a&page=/b", "page=/a&p%61ge=", "page=/a&amp;page=/b"] {
            assert_eq!(Query::read(query, &["page"]).err(), Some(Refusal::RepeatedParameter("page")), "{query}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_stay_as_they_are() {
        for (query, value) in [
            ("page=/caf%E9", "/caf%E9"),
            ("page=%ff", "%FF"),
            ("page=/%c0%af", "/%C0%AF"),
            ("page=/%ed%a0%80", "/%ED%A0%80"),
            ("page=/caf%c3%a9", "/café"),
            ("page=/%EF%BF%BD", "/\u{fffd}"),
            ("page=/100%", "/100%"),
            ("page=/%4+%zz", "/%4 %zz"),
            ("page", ""),
            ("page=a=b", "a=b"),
        ] {
            assert_eq!(of(query, "page").as_deref(), Some(value), "{query}");
        }
    }

    #[test]
    fn a_value_is_shown_on_one_short_line() {
        assert_eq!(shown("a=1&by=we%0aek&by=x", "by").as_deref(), Some("\"we\\nek\""));
        assert_eq!(shown("a=1", "by"), None);
        assert!(shown(&format!("by={}", "é".repeat(9_000)), "by").is_some_and(|shown| shown.len() < 200));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_added_changes_no_known_value(value in any::<String>(), before in "[ -~]{0,20}", after in "([a-z_%]{1,5}=[ -~]{0,9}&?){0,4}") {
            let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            prop_assume!(!before.contains("page") && !after.contains("page") && !before.contains("p%") && !after.contains("p%"));
            prop_assert_eq!(of(&format!("{before}&page={encoded}&{after}"), "page"), Some(value));
        }

        #[test]
        fn what_a_form_encodes_is_read_as_forms_read_it(text in "([ -$'-~é€]|%[0-7][0-9a-fA-F]|%[cC]3%[89abAB][0-9]|%E2%82%AC){0,30}") {
            let form = format!("x={text}");
            let (_, expected) = form_urlencoded::parse(form.as_bytes()).next().unwrap();
            prop_assert_eq!(form_decoded(&text), expected);
        }
    }
}
