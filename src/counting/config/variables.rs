//! Checks the value of each variable.

use crate::counting::config::counter_url::{is_http_url, without_secrets};
use crate::counting::config::variable::{Access, ConfigError, Variable};
use crate::counting::model::origin::{MAX_ORIGINS, Origins};
use crate::counting::model::site::{MAX_HOSTS, MAX_SITE_BYTES, MAX_SITES, Sites};
use crate::counting::text::json::quoted;
use std::ops::RangeInclusive;

/// The shortest token, in bytes. 16 random characters of base64 have 96 bits.
const MIN_TOKEN_BYTES: usize = 16;

pub(crate) fn stats(access: Variable, token: Variable) -> Result<Access, ConfigError> {
    let token = token_of("STATS_TOKEN", token)?;
    match (&access, token) {
        (Variable::Text(text), _) if text == "public" => Ok(Access::Public),
        (Variable::Text(text), _) if text == "closed" => Ok(Access::Closed),
        (Variable::Text(text), Some(token)) if text == "token" => Ok(Access::Token(token)),
        (Variable::Missing, Some(token)) => Ok(Access::Token(token)),
        (Variable::Missing, None) => Ok(Access::Closed),
        _ => Err(ConfigError {
            variable: "STATS",
            value: show(&access),
            allowed: "`public`, `closed`, or `token` with a secret STATS_TOKEN; or nothing".to_owned(),
        }),
    }
}

pub(crate) fn limits(variable: &Variable) -> Result<bool, ConfigError> {
    match variable {
        Variable::Missing => Ok(true),
        Variable::Text(text) if text == "on" => Ok(true),
        Variable::Text(text) if text == "off" => Ok(false),
        other => Err(ConfigError { variable: "RATE_LIMITS", value: show(other), allowed: "`on` or `off`".to_owned() }),
    }
}

pub(crate) fn token_of(name: &'static str, variable: Variable) -> Result<Option<String>, ConfigError> {
    match variable {
        Variable::Missing => Ok(None),
        // The Deploy button creates an empty secret for a field that was left empty.
        Variable::Text(text) if text.is_empty() => Ok(None),
        Variable::Text(text) if text.len() >= MIN_TOKEN_BYTES && text.bytes().all(|b| b.is_ascii_graphic()) => Ok(Some(text)),
        _ => Err(ConfigError {
            variable: name,
            // A wrong value may be almost the secret, so it is not shown.
            value: "not a token".to_owned(),
            allowed: format!("at least {MIN_TOKEN_BYTES} visible ASCII characters"),
        }),
    }
}

pub(crate) fn counter_url(variable: Variable) -> Result<Option<String>, ConfigError> {
    match variable {
        Variable::Missing => Ok(None),
        Variable::Text(text) if text.is_empty() => Ok(None),
        Variable::Text(text) if is_http_url(&text) => Ok(Some(text)),
        other => Err(ConfigError {
            variable: "COUNTER_URL",
            value: match other {
                Variable::Text(text) => show(&Variable::Text(without_secrets(&text))),
                other => show(&other),
            },
            allowed: "an http:// or https:// URL in ASCII with a host, without user name, password and fragment; or nothing, \
                      for the embedded counter"
                .to_owned(),
        }),
    }
}

pub(crate) fn whole_number(
    variable: Variable,
    name: &'static str,
    default: u32,
    range: RangeInclusive<u32>,
    unit: &str,
) -> Result<u32, ConfigError> {
    let number = match &variable {
        Variable::Missing => Some(default),
        Variable::Text(text) if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    match number {
        Some(number) if range.contains(&number) => Ok(number),
        _ => {
            let allowed = format!("a whole number{unit} from {} to {}", range.start(), range.end());
            Err(ConfigError { variable: name, value: show(&variable), allowed })
        }
    }
}

pub(crate) fn sites(variable: Variable) -> Result<Sites, ConfigError> {
    let parsed = match &variable {
        Variable::Missing => Sites::parse("default"),
        Variable::Text(text) => Sites::parse(text),
        _ => Err("not a text".to_owned()),
    };
    parsed.map_err(|complaint| ConfigError {
        variable: "SITES",
        value: format!("{} ({complaint})", show(&variable)),
        allowed: format!(
            "up to {MAX_SITES} different names separated by commas, each 1 to {MAX_SITE_BYTES} of `a-z 0-9 . - _`, beginning \
             with a letter or digit"
        ),
    })
}

/// Adds the other names of `HOSTS` to the sites.
pub(crate) fn hosts(sites: Sites, variable: &Variable) -> Result<Sites, ConfigError> {
    let parsed = match variable {
        Variable::Missing => Ok(sites),
        Variable::Text(text) => sites.with_hosts(text),
        Variable::Other => Err("not a list".to_owned()),
    };
    parsed.map_err(|complaint| ConfigError {
        variable: "HOSTS",
        value: format!("{} ({complaint})", show(variable)),
        allowed: format!(
            "up to {MAX_HOSTS} entries HOST=SITE separated by commas, such as blog.example=blog, each site one of SITES"
        ),
    })
}

/// Adds the site of `GET /`, from `HOME_SITE`.
pub(crate) fn home(sites: Sites, variable: &Variable) -> Result<Sites, ConfigError> {
    let parsed = match variable {
        Variable::Missing => Ok(sites),
        Variable::Text(text) => sites.with_home(text),
        Variable::Other => Err("not a text".to_owned()),
    };
    parsed.map_err(|complaint| ConfigError {
        variable: "HOME_SITE",
        value: format!("{} ({complaint})", show(variable)),
        allowed: format!(
            "the name of one site, which need not be one of SITES: 1 to {MAX_SITE_BYTES} characters of a-z 0-9 . - _"
        ),
    })
}

pub(crate) fn origins(variable: Variable) -> Result<Origins, ConfigError> {
    let parsed = match &variable {
        Variable::Missing => Ok(Origins::default()),
        Variable::Text(text) if text.is_empty() => Ok(Origins::default()),
        Variable::Text(text) => Origins::parse(text),
        Variable::Other => Err("not a list".to_owned()),
    };
    parsed.map_err(|complaint| ConfigError {
        variable: "ALLOWED_ORIGINS",
        value: format!("{} ({complaint})", show(&variable)),
        allowed: format!(
            "up to {MAX_ORIGINS} origins separated by commas, each `https://host` or `https://host:port`, an international name as `xn--…`; or `*`"
        ),
    })
}

/// Reads a variable that may be left out, which is the default.
pub(crate) fn list<T: Default>(
    name: &'static str,
    variable: &Variable,
    parse: fn(&str) -> Result<T, String>,
    allowed: &str,
) -> Result<T, ConfigError> {
    let parsed = match variable {
        Variable::Missing => Ok(T::default()),
        Variable::Text(text) => parse(text),
        Variable::Other => Err("not a list".to_owned()),
    };
    parsed.map_err(|complaint| ConfigError {
        variable: name,
        value: format!("{} ({complaint})", show(variable)),
        allowed: allowed.to_owned(),
    })
}

pub(super) fn show(variable: &Variable) -> String {
    match variable {
        Variable::Missing => "not set".to_owned(),
        Variable::Text(text) => quoted(&text.chars().take(200).collect::<String>()),
        Variable::Other => "neither a text nor a number".to_owned(),
    }
}
