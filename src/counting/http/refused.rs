//! The answers to refused requests. Each says what was sent, and what to send instead.

use crate::counting::http::age::MAX_AGE_MS;
use crate::counting::http::body::{MAX_BODY_BYTES, MAX_LIST, MAX_LIST_BYTES};
use crate::counting::http::query::shown;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::{LIMIT_PERIOD_S, Reply, VisitStatus, problem};
use crate::counting::model::page::PageError;
use crate::counting::model::visit_id::{MAX_ID_BYTES, VisitIdError};
use crate::counting::text::json::quoted;
use std::borrow::Cow;

/// The answer to a refused request. It repeats a wrong value from `query`, the query of the request.
pub fn refused(refusal: &Refusal, query: &str) -> Reply {
    let (status, error, hint) = said(refusal, query);
    let allow = if let Refusal::Method(allow) = refusal { Some(*allow) } else { None };
    let visit = match refusal {
        Refusal::Origin => Some(VisitStatus::Excluded),
        Refusal::VisitLimited => Some(VisitStatus::Limited),
        _ => None,
    };
    let retry_after = matches!(refusal, Refusal::Limited | Refusal::VisitLimited).then_some(LIMIT_PERIOD_S);
    Reply { allow, visit, retry_after, ..problem(status, &error, &hint) }
}

/// The answer to a refused visit, which was not counted.
pub(crate) fn not_taken(refusal: &Refusal, query: &str) -> Reply {
    Reply { visit: Some(VisitStatus::Excluded), ..refused(refusal, query) }
}

/// The status, the error and the hint.
pub(crate) fn said<'a>(refusal: &'a Refusal, query: &str) -> (u16, Cow<'a, str>, Cow<'a, str>) {
    match refusal {
        Refusal::UnknownPath => (
            404,
            "no such path".into(),
            "paths: GET /, POST /counter, GET /counter, GET /visitors, GET /pixel/SITE.gif, GET /badge/SITE/PAGE.svg, GET /api/sites/SITE/summary and others: see /openapi.json".into(),
        ),
        Refusal::Method(allow) => (405, "this path does not take that method".into(), format!("allowed: {allow}").into()),
        Refusal::Origin => (403, "pages of this origin are not allowed".into(), "the owner lists the allowed origins in ALLOWED_ORIGINS".into()),
        Refusal::Age(said) => (
            400,
            format!("`age` is {}, which is not allowed", quoted(said)).into(),
            format!("send the age in milliseconds, from 0 to {MAX_AGE_MS} (23 hours), because ids are remembered for a day").into(),
        ),
        Refusal::Item(at, wrong) => {
            let (status, error, hint) = said(wrong, query);
            (status, format!("visit {at} of the list, counted from 0: {error}").into(), hint)
        }
        Refusal::UnknownSite(name) => {
            let hint = match name.as_str() {
                "" => "name a site of SITES, or leave it out for the first one".into(),
                name => format!("in Footfall's wrangler.toml, add {name} to SITES; or name another site, or none for the first one").into(),
            };
            (404, format!("no such site, {}", quoted(name)).into(), hint)
        }
        Refusal::Page(PageError::Empty) => {
            (400, "`page` is empty".into(), "name a page such as /a, or / for the root of the site".into())
        }
        Refusal::Id(error) => {
            (400, id_error(*error), format!("an id has 1 to {MAX_ID_BYTES} visible ASCII characters, without \" and \\").into())
        }
        Refusal::TwoIds => {
            (400, "the header Idempotency-Key and the body's `id` differ".into(), "send one of them, or the same id in both".into())
        }
        Refusal::Parameter(name, allowed) => {
            let error = match (shown(query, name), kind(allowed)) {
                (Some(value), Some(kind)) => format!("`{name}` is {value}, which is not {kind}"),
                (Some(value), None) => format!("`{name}` is {value}, which is not allowed"),
                (None, Some(kind)) => format!("`{name}` is missing, or not {kind}"),
                (None, None) => format!("`{name}` is missing, or not allowed"),
            };
            let verb = if kind(allowed).is_some() { "send" } else { "allowed:" };
            (400, error.into(), format!("{verb} {allowed}").into())
        }
        Refusal::Wrong(error, hint) => (400, (*error).into(), (*hint).into()),
        Refusal::NotOpen => (
            403,
            "this change of the counter needs a token".into(),
            "send Authorization: Bearer TOKEN; the owner lists in OPEN_UPDATES which counters anybody may change, and by how much".into(),
        ),
        Refusal::Token => (401, "the token is missing or wrong".into(), "send Authorization: Bearer TOKEN".into()),
        Refusal::Closed => (
            403,
            "the owner of this counter does not show these numbers".into(),
            "the owner can show them to everybody with STATS = \"public\", or to clients with a token with a secret STATS_TOKEN".into(),
        ),
        Refusal::TooManyPages(most) => {
            (403, format!("the site has {most} pages or more").into(), "without a token, pages are created only up to CREATE_LIMIT".into())
        }
        Refusal::Limited | Refusal::VisitLimited => (429, "too many requests from this address or for this site".into(), "send it again in a minute".into()),
        Refusal::NoAdmin => {
            (403, "only the owner may do this, and no ADMIN_TOKEN is set".into(), "run npx wrangler secret put ADMIN_TOKEN".into())
        }
        Refusal::NotEmpty => (
            409,
            "the site has views already".into(),
            "send ?add=yes to add to them, or delete them first with DELETE /api/sites/SITE?confirm=SITE".into(),
        ),
        Refusal::File(why) => (
            400,
            why.clone().into(),
            "the lines before may be stored; correct the file and send all of it again: nothing is added twice".into(),
        ),
        Refusal::RepeatedParameter(name) => {
            (400, format!("`{name}` is there twice, with two values").into(), "send it once".into())
        }
        Refusal::BodyNotUtf8 => (400, "the text of the body is not UTF-8".into(), "send JSON in UTF-8".into()),
        Refusal::Body(why) => (
            400,
            why.into(),
            format!(
                "POST /counter takes {{\"site\": \"blog\", \"page\": \"/a\", \"id\": \"x\", \"age\": 0}}, all of it optional, and from a server a list of 1 to {MAX_LIST} such objects; /openapi.json has the bodies of other paths, docs/moving.md those of other counters"
            )
            .into(),
        ),
        Refusal::BodyTooLarge(limit) => {
            (413, format!("the body is over {limit} bytes").into(), format!("at most {MAX_BODY_BYTES} bytes for a visit, {MAX_LIST_BYTES} for a list from a server").into())
        }
        Refusal::ContentType => (
            415,
            "the header Content-Type does not say that the body is JSON".into(),
            "send Content-Type: application/json; a page of a listed origin may say text/plain".into(),
        ),
        Refusal::BodyTooSlow(ms) => (408, format!("the body did not arrive within {ms} ms").into(), "send it again".into()),
        Refusal::BodyBroken => (400, "the body broke off".into(), "send it again".into()),
    }
}

/// The answer to a visit from a page whose origin is not in `ALLOWED_ORIGINS`. The page may read it: it contains only what its owner must set.
pub(crate) fn origin_refused(origin: &str) -> Reply {
    let problem = problem(
        403,
        &format!("visits from pages of {origin} are not counted here"),
        &format!("in Footfall's wrangler.toml, add \"{origin}\" to ALLOWED_ORIGINS"),
    );
    Reply { visit: Some(VisitStatus::Excluded), origin: Some(origin.to_owned()), ..problem }
}

/// What the allowed values are, if they have a name: `a date` for `a date such as 2026-11-22`. `None` for a list of values.
fn kind(allowed: &str) -> Option<&str> {
    let is_named = ["a ", "an ", "the "].iter().any(|article| allowed.starts_with(article));
    let name = allowed.split(',').next().and_then(|name| name.split(" such as ").next());
    name.filter(|_| is_named)
}

fn id_error(error: VisitIdError) -> Cow<'static, str> {
    match error {
        VisitIdError::Length(bytes) => format!("the id has {bytes} bytes").into(),
        VisitIdError::Character => "the id has a character that is not allowed".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_is_repeated_with_what_to_send() {
        for (allowed, query, error, hint) in [
            (
                "a date such as 2026-11-22",
                "from=2026-13-01",
                "`from` is \"2026-13-01\", which is not a date",
                "send a date such as 2026-11-22",
            ),
            (
                "the name of a time zone such as Europe/Berlin, or UTC",
                "from=x",
                "`from` is \"x\", which is not the name of a time zone",
                "send the name of a time zone such as Europe/Berlin, or UTC",
            ),
            ("hour, day", "from=x", "`from` is \"x\", which is not allowed", "allowed: hour, day"),
            ("hour, day", "", "`from` is missing, or not allowed", "allowed: hour, day"),
        ] {
            let refusal = Refusal::Parameter("from", allowed);
            assert_eq!(said(&refusal, query), (400, error.into(), hint.into()));
        }
    }
}
