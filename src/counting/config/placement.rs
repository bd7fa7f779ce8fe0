//! `HOME` and `JURISDICTION`: where Cloudflare keeps the objects. Only this file knows which places there are. `object_call.js` reads the
//! variables where it looks up an object.

use crate::counting::config::variable::{ConfigError, Variable};
use crate::counting::config::variables::show;

/// The location hints of Cloudflare's documentation ("Data location", 2026-06-26).
const HOMES: &str = "wnam, enam, sam, weur, eeur, apac, apac-ne, apac-se, oc, afr, me";

/// The jurisdictions of the same page.
const JURISDICTIONS: &str = "eu, us, fedramp";

/// Checks `HOME`, near which objects begin as far as Cloudflare can, and reads `JURISDICTION`, where objects run and store.
pub(crate) fn placement(home: &Variable, jurisdiction: &Variable) -> Result<Option<&'static str>, ConfigError> {
    one_of("HOME", home, HOMES, "; or nothing")?;
    let others =
        "; or nothing. A change leads to other objects, so every site begins at 0, and what was counted stays where it is";
    one_of("JURISDICTION", jurisdiction, JURISDICTIONS, others)
}

/// The value, which is one of a few, or nothing.
fn one_of(
    name: &'static str,
    variable: &Variable,
    places: &'static str,
    more: &str,
) -> Result<Option<&'static str>, ConfigError> {
    let text = match variable {
        Variable::Missing => "",
        Variable::Text(text) => text,
        Variable::Other => "?",
    };
    let found = places.split(", ").find(|place| *place == text);
    if found.is_some() || text.is_empty() {
        return Ok(found);
    }
    Err(ConfigError { variable: name, value: show(variable), allowed: [places, more].concat() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_where_cloudflare_has_places_for_them() {
        let text = |value: &str| Variable::Text(value.to_owned());
        let home = |value: &Variable| placement(value, &text("us"));
        let jurisdiction = |value: &Variable| placement(&text("apac-ne"), value);
        assert_eq!([home(&text("apac-ne")), jurisdiction(&text("eu"))], [Ok(Some("us")), Ok(Some("eu"))]);
        for nowhere in [Variable::Missing, text("")] {
            assert_eq!([home(&nowhere), jurisdiction(&nowhere)], [Ok(Some("us")), Ok(None)]);
        }
        for value in ["EU", "de", " eu", "eu, us", "fedramp-high", "/root"].map(text).into_iter().chain([Variable::Other]) {
            assert_eq!(home(&value).unwrap_err().variable, "HOME", "{value:?}");
            assert_eq!(jurisdiction(&value).unwrap_err().variable, "JURISDICTION", "{value:?}");
        }
        let shown = home(&text("moon")).unwrap_err().to_string();
        let places = "wnam, enam, sam, weur, eeur, apac, apac-ne, apac-se, oc, afr, me; or nothing";
        assert_eq!(shown, format!("HOME is \"moon\"; allowed: {places}"));
        let shown = jurisdiction(&text("de")).unwrap_err().to_string();
        assert!(
            shown.starts_with("JURISDICTION is \"de\"; allowed: eu, us, fedramp; or nothing. A change leads to other"),
            "{shown}"
        );
    }
}
