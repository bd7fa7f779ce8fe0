//! The answers to requests that ask wrongly: what is wrong, and what is allowed.

use crate::counting::http::age::MAX_AGE_MS;
use crate::counting::http::body::{MAX_BODY_BYTES, MAX_LIST, MAX_LIST_BYTES};
use crate::counting::http::query::shown;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::{LIMIT_PERIOD_S, Reply, VisitStatus, problem};
use crate::counting::model::page::PageError;
use crate::counting::model::visit_id::{MAX_ID_BYTES, VisitIdError};
use crate::counting::text::json::quoted;
use std::borrow::Cow;

/// A request that asks for what is not there, or asks wrongly. `query` is what it asked with, so that a wrong value is told as it was sent.
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

/// The same of a visit, which was not counted for it.
pub fn not_taken(refusal: &Refusal, query: &str) -> Reply {
    Reply { visit: Some(VisitStatus::Excluded), ..refused(refusal, query) }
}

/// The status, what is wrong, and what helps.
pub(crate) fn said<'a>(refusal: &'a Refusal, query: &str) -> (u16, Cow<'a, str>, Cow<'a, str>) {
    match refusal {
        Refusal::UnknownPath => (
            404,
            "no such path".into(),
            "paths: GET /, POST /counter, GET /counter, GET /visitors, GET /pixel/SITE.gif, GET /badge/SITE/PAGE.svg, GET /api/sites/SITE/summary and others: see /openapi.json".into(),
        ),
        Refusal::Method(allow) => (405, "this path does not take that method".into(), format!("allowed: {allow}").into()),
        Refusal::Origin => (403, "pages of this origin may not call".into(), "the owner lists origins in ALLOWED_ORIGINS".into()),
        Refusal::Age(said) => (
            400,
            format!("`age` is {}, which it may not be", quoted(said)).into(),
            format!("a number of milliseconds from 0 to {MAX_AGE_MS}, 23 hours, as ids are remembered for a day").into(),
        ),
        Refusal::Item(at, wrong) => {
            let (status, error, hint) = said(wrong, query);
            (status, format!("visit {at} of the list, counted from 0: {error}").into(), hint)
        }
        Refusal::UnknownSite(name) => {
            let hint = match name.as_str() {
                "" => "name a site of SITES, or leave it out: then the first is meant".into(),
                name => format!("in Footfall's wrangler.toml, add {name} to SITES, or name another site: without one the first is meant").into(),
            };
            (404, format!("no such site, {}", quoted(name)).into(), hint)
        }
        Refusal::Page(PageError::Empty) => {
            (400, "`page` is empty".into(), "name a page such as /a; / is the page of a site's root".into())
        }
        Refusal::Id(error) => {
            (400, id_error(*error), format!("an id has 1 to {MAX_ID_BYTES} visible ASCII characters, without \" and \\").into())
        }
        Refusal::TwoIds => {
            (400, "the header Idempotency-Key and the body's `id` differ".into(), "send one of them, or both alike".into())
        }
        Refusal::Parameter(name, allowed) => {
            let error = match shown(query, name) {
                Some(value) => format!("`{name}` is {value}, which it may not be"),
                None => format!("`{name}` is missing, or not what it may be"),
            };
            (400, error.into(), format!("allowed: {allowed}").into())
        }
        Refusal::Wrong(error, hint) => (400, (*error).into(), (*hint).into()),
        Refusal::NotOpen => (
            403,
            "this counter may not be changed so without a token".into(),
            "OPEN_UPDATES says which counters anybody may change, and by how much; or send Authorization: Bearer TOKEN".into(),
        ),
        Refusal::Token => (401, "the token is missing or wrong".into(), "send Authorization: Bearer TOKEN".into()),
        Refusal::Closed => (
            403,
            "the owner of this counter does not show these numbers".into(),
            "STATS = \"public\" opens them, a secret STATS_TOKEN opens them to who has it".into(),
        ),
        Refusal::TooManyPages(most) => {
            (403, format!("the site has {most} pages or more").into(), "strangers may create as many as CREATE_LIMIT says".into())
        }
        Refusal::Limited | Refusal::VisitLimited => (429, "too many from this address, or of this site".into(), "ask again in a minute".into()),
        Refusal::NoAdmin => {
            (403, "only the owner may, and there is no token".into(), "npx wrangler secret put ADMIN_TOKEN".into())
        }
        Refusal::NotEmpty => (
            409,
            "the site has views already".into(),
            "?add=yes adds to them; DELETE /api/sites/SITE?confirm=SITE deletes them".into(),
        ),
        Refusal::File(why) => (
            400,
            why.clone().into(),
            "what came before may be stored; mend the file and send all of it again: nothing is added twice".into(),
        ),
        Refusal::RepeatedParameter(name) => {
            (400, format!("`{name}` is there twice, with two values").into(), "give it once".into())
        }
        Refusal::BodyNotUtf8 => (400, "the text of the body is not UTF-8".into(), "send JSON in UTF-8".into()),
        Refusal::Body(why) => (
            400,
            why.into(),
            format!(
                "POST /counter takes {{\"site\": \"blog\", \"page\": \"/a\", \"id\": \"x\", \"age\": 0}}, all of it optional, and from a server a list of 1 to {MAX_LIST} of these; /openapi.json has the bodies of other paths, docs/moving.md those of other counters"
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

/// A visit from a page whose origin is not listed. That page may read the answer, as it tells nothing but what its owner has to set.
pub fn origin_refused(origin: &str) -> Reply {
    let problem = problem(
        403,
        &format!("pages of {origin} may not count here"),
        &format!("in Footfall's wrangler.toml, add \"{origin}\" to ALLOWED_ORIGINS"),
    );
    Reply { visit: Some(VisitStatus::Excluded), origin: Some(origin.to_owned()), ..problem }
}

fn id_error(error: VisitIdError) -> Cow<'static, str> {
    match error {
        VisitIdError::Length(bytes) => format!("the id has {bytes} bytes").into(),
        VisitIdError::Character => "the id has a character that is not allowed".into(),
    }
}
