//! The answers to requests that ask wrongly: what is wrong, and what is allowed.

use super::{LIMIT_PERIOD_S, Outcome, Reply, problem};
use crate::counting::body::{MAX_AGE_MS, MAX_BODY_BYTES, MAX_LIST_BYTES};
use crate::counting::error::Refusal;
use crate::counting::page::{MAX_PAGE_BYTES, PageError};
use crate::counting::visit_id::{MAX_ID_BYTES, VisitIdError};
use std::borrow::Cow;

/// A request that asks for what is not there, or asks wrongly.
pub fn refused(refusal: &Refusal) -> Reply {
    let (status, error, hint): (u16, Cow<'_, str>, Cow<'_, str>) = match refusal {
        Refusal::UnknownPath => (
            404,
            "no such path".into(),
            "paths: GET /, POST /counter, GET /counter, GET /visitors, GET /pixel/SITE.gif, GET /badge/SITE/PAGE.svg, GET /api/sites/SITE/summary and others: see /openapi.json".into(),
        ),
        Refusal::Method(allow) => (405, "this path does not take that method".into(), format!("allowed: {allow}").into()),
        Refusal::Origin => (403, "pages of this origin may not call".into(), "the owner lists origins in ALLOWED_ORIGINS".into()),
        Refusal::Age => (
            400,
            "`age` is not a whole number of milliseconds, or too many".into(),
            format!("at most {MAX_AGE_MS}, as ids are remembered for a day").into(),
        ),
        Refusal::UnknownSite(_) => {
            (404, "no such site".into(), "the owner lists the sites in SITES; without `site` the first is meant".into())
        }
        Refusal::Page(error) => (
            400,
            page_error(*error),
            format!("a page begins with /, has at most {MAX_PAGE_BYTES} bytes and no control characters").into(),
        ),
        Refusal::Id(error) => {
            (400, id_error(*error), format!("an id has 1 to {MAX_ID_BYTES} visible ASCII characters, without \" and \\").into())
        }
        Refusal::TwoIds => {
            (400, "the header Idempotency-Key and the body's `id` differ".into(), "send one of them, or both alike".into())
        }
        Refusal::UnknownParameter { name, known } => {
            (400, format!("unknown parameter `{name}`").into(), format!("parameters: {}", known.join(", ")).into())
        }
        Refusal::Parameter(name, allowed) => {
            (400, format!("`{name}` has a value that it may not have").into(), format!("allowed: {allowed}").into())
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
            "the owner keeps these numbers".into(),
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
        Refusal::RepeatedParameter(name) => (400, format!("`{name}` is given more than once").into(), "give it once".into()),
        Refusal::QueryNotUtf8 => (400, "the query is not UTF-8".into(), "percent-encode the bytes of UTF-8 text".into()),
        Refusal::BodyNotUtf8 => (400, "the body is not UTF-8".into(), "send JSON in UTF-8".into()),
        Refusal::BodyNotJson(why) => (
            400,
            format!("the body is not the JSON that is due: {why}").into(),
            "{\"site\": text, \"page\": text, \"id\": text, \"age\": text, \"referrer\": text, …}, all optional; or a list of up to 100".into(),
        ),
        Refusal::BodyTooLarge(limit) => {
            (413, format!("the body is over {limit} bytes").into(), format!("at most {MAX_BODY_BYTES} bytes for a visit, {MAX_LIST_BYTES} for a list from a server").into())
        }
        Refusal::ContentType => (415, "the body is not declared as JSON".into(), "send Content-Type: application/json".into()),
        Refusal::BodyTooSlow(ms) => (408, format!("the body did not arrive within {ms} ms").into(), "send it again".into()),
        Refusal::BodyBroken => (400, "the body broke off".into(), "send it again".into()),
    };
    let allow = if let Refusal::Method(allow) = refusal { Some(*allow) } else { None };
    let visit = match refusal {
        Refusal::Origin => Some(Outcome::Excluded),
        Refusal::VisitLimited => Some(Outcome::Limited),
        _ => None,
    };
    let retry_after = matches!(refusal, Refusal::Limited | Refusal::VisitLimited).then_some(LIMIT_PERIOD_S);
    Reply { allow, visit, retry_after, ..problem(status, &error, &hint) }
}

fn page_error(error: PageError) -> Cow<'static, str> {
    match error {
        PageError::NoSlash => "the page does not begin with /".into(),
        PageError::TooLong(bytes) => format!("the page has {bytes} bytes").into(),
        PageError::Control => "the page has a control character".into(),
    }
}

fn id_error(error: VisitIdError) -> Cow<'static, str> {
    match error {
        VisitIdError::Length(bytes) => format!("the id has {bytes} bytes").into(),
        VisitIdError::Character => "the id has a character that is not allowed".into(),
    }
}
