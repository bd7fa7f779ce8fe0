//! The body of `POST /counter`: what it may say, and the visit that it names.

use crate::counting::http::age::milliseconds;
use crate::counting::http::find_site::find_site;
use crate::counting::http::json_body::{is_type, json_text};
use crate::counting::http::numbers::NumberSelection;
use crate::counting::http::refusal::Refusal;
use crate::counting::model::dimensions::{Client, Dimensions};
use crate::counting::model::page::{KeptQuery, Page};
use crate::counting::model::referrers::campaign::completed;
use crate::counting::model::referrers::host::referrer_host;
use crate::counting::model::site::{Site, Sites};
use crate::counting::model::visit::Visit;
use crate::counting::model::visit_id::VisitId;
use crate::counting::text::json_read::{Found, Texts, is_list, objects};
use crate::counting::text::url::path_and_query;

/// The longest body of a request, in bytes: a page of 4,096 bytes takes six times as many where JSON escapes each of them, and the rest
/// is for a referrer.
pub const MAX_BODY_BYTES: usize = 32 * 1024;

/// The longest list of visits, in bytes: 100 of 1,310 each. Only servers send lists.
pub const MAX_LIST_BYTES: usize = 128 * 1024;

/// The most visits of a list.
pub const MAX_LIST: usize = 100;

/// What a visit may say. Whatever else it says is ignored.
const NAMES: &[&str] = &["site", "page", "id", "age", "referrer", "source", "medium", "campaign", "show", "off"];

/// The part of it that may be any number.
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
    /// From the values of [`NAMES`].
    fn from_texts(texts: Texts) -> Self {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().flatten();
        let (site, page, id, age, referrer) = (next(), next(), next(), next(), next().unwrap_or_default());
        let campaign = [next(), next(), next()].map(Option::unwrap_or_default);
        let (show, off) = (NumberSelection::parse(&next().unwrap_or_default()), next().is_some_and(|off| !off.is_empty()));
        Self { site, page, id, age, referrer, campaign, show, off }
    }
}

/// What a request said about its body besides the body itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct BodyHeaders<'a> {
    /// `Content-Type`, if there is one.
    pub content_type: Option<&'a str>,
    /// `Idempotency-Key`, if there is one.
    pub idempotency_key: Option<&'a str>,
    /// Whether an allowed page sent it: then it may be declared as `text/plain`, for which a browser asks nobody before.
    pub from_page: bool,
    /// Who made the visit, as far as it is counted. A server speaks for others, so nothing is known of these.
    pub client: Client<'a>,
}

/// What a `POST /counter` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visits {
    /// The visits, at least one.
    pub visits: Vec<Visit>,
    /// Whether they came as a list, and are answered as one.
    pub list: bool,
    /// The numbers that the page shows, which the answer to one visit has.
    pub show: NumberSelection,
    /// Whether the reader opted out: then the visit is not counted, and only the numbers are asked for.
    pub off: bool,
}

/// Visits that are refused, none of which is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedVisit {
    /// Why.
    pub refusal: Refusal,
    /// The site of each of them, as far as it is known: that of the page's host, else the first, otherwise.
    pub sites: Vec<Site>,
}

/// Reads the visits that a `POST /counter` names: one, or a list. Whatever is left out has its default: the site of the page's host, else
/// the first; the page
/// `/`, no id. An empty body leaves out everything.
///
/// # Errors
/// What is wrong with it, as [`RefusedVisit`]. Then no visit of a list is any good.
pub fn read_visits(bytes: &[u8], headers: BodyHeaders<'_>, sites: &Sites, kept: &KeptQuery) -> Result<Visits, RefusedVisit> {
    // The site of a visit that names none.
    let unnamed = sites.of_page(headers.client.own_url);
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
        details: details(&body.referrer, &campaign, headers.client),
        age: milliseconds(&age).ok_or_else(|| Refusal::Age(shown(&age)))?,
    })
}

/// The most of an age that is none that an error repeats, in characters.
const MAX_SHOWN: usize = 40;

fn details(referrer: &str, campaign: &[String; 3], client: Client<'_>) -> Dimensions {
    let host = referrer_host(referrer, client.own_url);
    Dimensions::new(client.device, client.country, &host, campaign.each_ref().map(String::as_str))
}

/// The visits as they were sent, and whether they came as a list.
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
        return Err(Refusal::Body(format!("the list has {} visits, and has to have 1 to {MAX_LIST}", found.len())));
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
