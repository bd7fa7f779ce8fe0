//! The answers to visits.

use crate::counting::dispatch::endpoint::{Outcome, Registered};
use crate::counting::http::answers::failures::{failed, failure_status};
use crate::counting::http::numbers::FoundNumbers;
use crate::counting::http::reply::{Cache, GIF, LIMIT_PERIOD_S, Reply, SVG, VisitStatus, json_reply, text_reply};
use crate::counting::model::reason::Reason;
use serde::Serialize;

/// The text of `GET /` when the visit is registered.
pub(crate) const WELCOME: &str = "Welcome to my site!";
/// The text of `GET /` when the visit could not be registered.
pub(crate) const ERROR: &str = "Error registering your visit";

/// The status of an answer to a visit, and the seconds for `Retry-After`. An excluded visit is a success, because sending it again would change
/// nothing; only a limited one is not.
fn status(became: &Outcome) -> (u16, Option<u32>) {
    match became {
        Outcome::Sent(Ok(_)) => (200, None),
        Outcome::Sent(Err(failure)) => failure_status(failure),
        Outcome::Excluded(Reason::Limited) => (429, Some(LIMIT_PERIOD_S)),
        Outcome::Excluded(_) => (200, None),
    }
}

/// `GET /`. The welcome means that the visit is stored.
pub(crate) fn home(became: &Outcome) -> Reply {
    let text = match became {
        Outcome::Sent(Ok(_)) => WELCOME,
        Outcome::Sent(Err(_)) => ERROR,
        Outcome::Excluded(_) => "This visit is not counted",
    };
    let (status, retry_after) = status(became);
    Reply { visit: Some(became.into()), retry_after, ..text_reply(status, text) }
}

/// A picture of one pixel. The outcome of the visit does not change it, so that no page shows a broken picture.
pub(crate) fn pixel(became: &Outcome) -> Reply {
    let (status, retry_after) = status(became);
    Reply { status, content_type: GIF, cache: Cache::NeverByProxies, visit: Some(became.into()), retry_after, ..Reply::default() }
}

/// A badge. `became` is the outcome of its visit, if the badge counts; then no proxy may keep it, so that each view of the badge is a request.
/// `known` says whether the number could be read.
pub(crate) fn badge(svg: String, became: Option<&Outcome>, known: bool) -> Reply {
    let cache = match became {
        Some(_) => Cache::NeverByProxies,
        None if known => Cache::Fresh,
        None => Cache::Never,
    };
    let status = if known { 200 } else { 503 };
    Reply { status, content_type: SVG, visit: became.map(Into::into), cache, body: svg.into(), ..Reply::default() }
}

/// `HEAD /`: nobody saw a page, so nothing is counted.
pub(crate) fn home_head() -> Reply {
    Reply { visit: Some(VisitStatus::Excluded), ..text_reply(200, "") }
}

/// The answer to a prefetch of `GET /`. A browser would show a prefetched 2xx without another request, and the visit would not count. It drops
/// any other status and asks again (Web Platform Tests, `speculation-rules/prefetch/prefetch-status`).
pub(crate) fn prefetch() -> Reply {
    Reply {
        visit: Some(VisitStatus::Excluded),
        ..text_reply(503, "A prefetch is not a visit; ask again when the page is opened")
    }
}

/// `POST /visit` with one visit: its outcome, and the numbers that its page shows.
pub(crate) fn registered(visit: &Asked<'_>, became: &Outcome, numbers: FoundNumbers) -> Reply {
    let outcome = Some(became.into());
    let (status, retry_after) = status(became);
    match became {
        Outcome::Sent(Err(failure)) => {
            let hint = if failure.surely_not_stored() { NOT_STORED } else { PERHAPS_STORED };
            Reply { visit: outcome, ..failed(failure, hint) }
        }
        _ => {
            let line = registration(visit, became);
            let views = line.views.or(numbers.views);
            let FoundNumbers { site_views, visitors, age_ms, .. } = numbers;
            let line = Registration { views, site_views, visitors, age_ms, ..line };
            Reply { visit: outcome, retry_after, ..json_reply(status, &line) }
        }
    }
}

const NOT_STORED: &str = "nothing was stored; send it again";
const PERHAPS_STORED: &str = "it may have been stored; send it again with the same id";

/// `POST /visit` with a list: one line for each visit, in their order. The status and `Footfall-Visit` are those of the worst outcome, so after
/// a 200 the client need not send anything again.
pub(crate) fn all_registered(visits: &[(Asked<'_>, Outcome)]) -> Reply {
    let worst = visits.iter().map(|(_, became)| became).max_by_key(|became| match became {
        Outcome::Excluded(Reason::Limited) => 1,
        Outcome::Excluded(_) | Outcome::Sent(Ok(_)) => 0,
        Outcome::Sent(Err(failure)) if failure.surely_not_stored() => 2,
        Outcome::Sent(Err(_)) => 3,
    });
    let Some(worst) = worst else { return text_reply(500, ERROR) };
    let mut lines = Vec::with_capacity(visits.len());
    for (visit, became) in visits {
        lines.push(Registration { visit: Some(VisitStatus::from(became).as_str()), ..registration(visit, became) });
    }
    let (status, retry_after) = status(worst);
    Reply { visit: Some(worst.into()), retry_after, ..json_reply(status, &List { visits: lines }) }
}

/// The note for an id that was used before for another page. The client sent two visits, and only one counts.
const OTHER_PAGE: &str = "this id was counted for another page";
/// The note for a duplicate whose page has no views. Which page the id was counted for is not known.
const NOT_THIS_PAGE: &str = "this id was counted, and this page has no views: it was for another page, or the page was deleted";

/// The site and the page of a visit, as the client sent them.
pub(crate) type Asked<'a> = (&'a str, &'a str);

fn registration<'a>(&(site, asked): &Asked<'a>, became: &'a Outcome) -> Registration<'a> {
    let nothing = Registration {
        visit: None,
        site,
        page: asked,
        views: None,
        site_views: None,
        visitors: None,
        age_ms: None,
        duplicate: None,
        note: None,
        excluded: None,
    };
    match became {
        Outcome::Sent(Ok(Registered { duplicate, of_another, page })) => {
            let views = page.as_ref().and_then(|page| page.views);
            let note = match (duplicate, of_another, views) {
                (true, true, _) => Some(OTHER_PAGE),
                (true, false, Some(0)) => Some(NOT_THIS_PAGE),
                _ => None,
            };
            let page = page.as_ref().map_or(asked, |page| page.page.as_str());
            Registration { page, views, duplicate: Some(*duplicate), note, ..nothing }
        }
        Outcome::Sent(Err(_)) => nothing,
        Outcome::Excluded(reason) => Registration { excluded: Some(reason.name()), ..nothing },
    }
}

#[derive(Serialize)]
struct Registration<'a> {
    /// In a list: the status of this visit, as `Footfall-Visit` writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    visit: Option<&'static str>,
    site: &'a str,
    page: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    views: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site_views: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visitors: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    excluded: Option<&'static str>,
}

#[derive(Serialize)]
struct List<'a> {
    visits: Vec<Registration<'a>>,
}
