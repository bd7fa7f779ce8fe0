//! The body of `POST /visit`: its fields, and the visits that it names.

use crate::counting::http::age::milliseconds;
use crate::counting::http::find_site::find_site;
use crate::counting::http::json_body::{is_type, json_text};
use crate::counting::http::numbers::NumberSelection;
use crate::counting::http::refusal::Refusal;
use crate::counting::model::client::Client;
use crate::counting::model::dimensions::{Described, Dimensions};
use crate::counting::model::page::{KeptQuery, Page};
use crate::counting::model::referrers::campaign::completed;
use crate::counting::model::referrers::host::referrer_host;
use crate::counting::model::site::{Site, Sites};
use crate::counting::model::visit::Visit;
use crate::counting::model::visit_id::VisitId;
use crate::counting::text::json_read::{Found, Texts, is_list, objects};
use crate::counting::text::url::path_and_query;

/// The longest body of one visit, in bytes. A page has up to 4,096 bytes, which take six times as many if JSON escapes each of them. The rest is
/// for a referrer.
pub const MAX_BODY_BYTES: usize = 32 * 1024;

/// The longest list of visits, in bytes: 1,310 for each of 100 visits. Only servers send lists.
pub(crate) const MAX_LIST_BYTES: usize = 128 * 1024;

/// The most visits in a list.
pub const MAX_LIST: usize = 100;

/// The fields of a visit. Others are ignored.
const NAMES: &[&str] = &["site", "page", "id", "age", "referrer", "source", "medium", "campaign", "show", "off"];

/// The fields that may be any number.
const NUMBERS: &[&str] = &["age"];

#[derive(Default)]
struct Body {
    site: Option<String>,
    page: Option<String>,
    id: Option<String>,
    age: Option<String>,
    referrer: String,
    campaign: [String; 3],
    show: NumberSelection,
    off: bool,
}

impl Body {
    /// Takes the values of [`NAMES`], in their order.
    fn from_texts(texts: Texts) -> Self {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().flatten();
        let (site, page, id, age, referrer) = (next(), next(), next(), next(), next().unwrap_or_default());
        let campaign = [next(), next(), next()].map(Option::unwrap_or_default);
        let (show, off) = (NumberSelection::parse(&next().unwrap_or_default()), next().is_some_and(|off| !off.is_empty()));
        Self { site, page, id, age, referrer, campaign, show, off }
    }
}

/// What is known about a body besides its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct BodyHeaders<'a> {
    /// The `Content-Type`, if the request has one.
    pub content_type: Option<&'a str>,
    /// The `Idempotency-Key`, if the request has one.
    pub idempotency_key: Option<&'a str>,
    /// Whether an allowed page sent it. Then its type may be `text/plain`, which a browser sends without a preflight.
    pub from_page: bool,
    /// The client that made the visit. If a server sends it for others, nothing is known about them.
    pub client: Client,
    /// The page's own origin or URL: a link from there is no referral. Empty for a server.
    pub own_url: &'a str,
}

/// The visits of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visits {
    /// The visits, at least one.
    pub visits: Vec<Visit>,
    /// Whether the body is a list. Then the answer is a list too.
    pub list: bool,
    /// The numbers that the page shows. The answer to a single visit contains them.
    pub show: NumberSelection,
    /// Whether the reader opted out. Then the visit is not counted, and the answer only has the numbers.
    pub off: bool,
}

/// A body that is refused. None of its visits is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedVisit {
    /// Why it is refused.
    pub refusal: Refusal,
    /// The site of each visit. If a visit names no known site, it is the site of the page's host, or else the first site.
    pub sites: Vec<Site>,
}

/// Reads a body with one visit or a list of visits. Missing fields have defaults: the site of the page's host, or else the first site; the page
/// `/`; no id. An empty body is a visit without fields.
///
/// # Errors
/// [`RefusedVisit`] with the first error. One wrong visit refuses the whole list.
pub fn read_visits(bytes: &[u8], headers: BodyHeaders<'_>, sites: &Sites, kept: &KeptQuery) -> Result<Visits, RefusedVisit> {
    // The site of a visit that names none.
    let unnamed = sites.of_page(headers.own_url);
    let unknown = |refusal| RefusedVisit { refusal, sites: vec![unnamed.clone()] };
    let (found, list) = parse(bytes, headers).map_err(unknown)?;
    let mut visits = Vec::with_capacity(found.len());
    let mut wrong = (list && headers.idempotency_key.is_some()).then_some(Refusal::TwoIds);
    let mut all = Vec::with_capacity(found.len());
    let (mut show, mut off) = Default::default();
    for (at, Found { texts, wrong: fault }) in found.into_iter().enumerate() {
        let body = Body::from_texts(texts);
        if !list {
            (show, off) = (body.show, body.off);
        }
        let site = match body.site.as_deref() {
            None => Ok(unnamed.clone()),
            Some(name) => find_site(Some(name), sites),
        };
        all.push(site.as_ref().map_or_else(|_| unnamed.clone(), Site::clone));
        let read = match fault {
            Some(fault) => Err(Refusal::Body(fault)),
            None => site.and_then(|site| visit(body, site, headers, kept)),
        };
        match read {
            Ok(visit) => visits.push(visit),
            Err(refusal) if wrong.is_none() => {
                wrong = Some(if list { Refusal::Item(at, Box::new(refusal)) } else { refusal });
            }
            Err(_) => {}
        }
    }
    match wrong {
        None => Ok(Visits { visits, list, show, off }),
        Some(refusal) => Err(RefusedVisit { refusal, sites: all }),
    }
}

fn visit(body: Body, site: Site, headers: BodyHeaders<'_>, kept: &KeptQuery) -> Result<Visit, Refusal> {
    let age = body.age.unwrap_or_default();
    let shown = |age: &str| age.chars().take(MAX_SHOWN).collect();
    let page_query = body.page.as_deref().map_or("", |page| path_and_query(page).1);
    let campaign = completed(body.campaign, page_query);
    Ok(Visit {
        site,
        page: body.page.map_or_else(|| Ok(Page::root()), |page| kept.page(&page).map_err(Refusal::Page))?,
        id: id(body.id, headers.idempotency_key)?,
        details: details(&body.referrer, &campaign, headers),
        age: milliseconds(&age).ok_or_else(|| Refusal::Age(shown(&age)))?,
    })
}

/// How much of a wrong age an error repeats, in characters.
const MAX_SHOWN: usize = 40;

fn details(referrer: &str, campaign: &[String; 3], headers: BodyHeaders<'_>) -> Dimensions {
    Dimensions::of(&Described { client: headers.client, referrer: &referrer_host(referrer, headers.own_url), campaign })
}

/// The fields of each visit, and whether the body is a list.
fn parse(bytes: &[u8], headers: BodyHeaders<'_>) -> Result<(Vec<Found>, bool), Refusal> {
    if bytes.is_empty() {
        return Ok((vec![Found::default()], false));
    }
    let first = bytes.trim_ascii_start().first();
    let most = if first == Some(&b'[') && !headers.from_page { MAX_LIST_BYTES } else { MAX_BODY_BYTES };
    if bytes.len() > most {
        return Err(Refusal::BodyTooLarge(most));
    }
    let declared = |essence| headers.content_type.is_some_and(|declared| is_type(declared, essence));
    if !(declared("application/json") || headers.from_page && declared("text/plain")) {
        return Err(Refusal::ContentType);
    }
    let text = json_text(bytes)?;
    let found = objects(&text, NAMES, NUMBERS).map_err(Refusal::Body)?;
    if !(1..=MAX_LIST).contains(&found.len()) {
        return Err(Refusal::Body(format!("the list has {} visits; send 1 to {MAX_LIST}", found.len())));
    }
    Ok((found, is_list(&text)))
}

fn id(in_body: Option<String>, in_header: Option<&str>) -> Result<Option<VisitId>, Refusal> {
    let text = match (&in_body, in_header) {
        (Some(body), Some(header)) if body != header => return Err(Refusal::TwoIds),
        (Some(body), _) => body.as_str(),
        (None, Some(header)) => header,
        (None, None) => return Ok(None),
    };
    VisitId::parse(text).map(Some).map_err(Refusal::Id)
}

#[cfg(test)]
mod tests;
