//! The body of `POST /counter`: what it may say, and the visit that it names.

use crate::counting::http::age::milliseconds;
use crate::counting::http::mend::mended;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::shown::Shown;
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
use std::borrow::Cow;

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
    show: Shown,
    off: bool,
}

impl Body {
    /// From the values of [`NAMES`].
    fn read(texts: Texts) -> Self {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().flatten();
        let (site, page, id, age, referrer) = (next(), next(), next(), next(), next().unwrap_or_default());
        let campaign = [next(), next(), next()].map(Option::unwrap_or_default);
        let (show, off) = (Shown::parse(&next().unwrap_or_default()), next().is_some_and(|off| !off.is_empty()));
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
    pub client: Client,
    /// The page's own origin or URL: a link from there is no referral. Empty for a server.
    pub own_url: &'a str,
}

/// What a `POST /counter` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visits {
    /// The visits, at least one.
    pub visits: Vec<Visit>,
    /// Whether they came as a list, and are answered as one.
    pub list: bool,
    /// The numbers that the page shows, which the answer to one visit has.
    pub show: Shown,
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
pub fn visits(bytes: &[u8], headers: BodyHeaders<'_>, sites: &Sites, kept: &KeptQuery) -> Result<Visits, RefusedVisit> {
    // The site of a visit that names none.
    let unnamed = sites.of_page(headers.own_url);
    let unknown = |refusal| RefusedVisit { refusal, sites: vec![unnamed.clone()] };
    let (found, list) = parse(bytes, headers).map_err(unknown)?;
    let mut visits = Vec::with_capacity(found.len());
    let mut wrong = (list && headers.idempotency_key.is_some()).then_some(Refusal::TwoIds);
    let mut all = Vec::with_capacity(found.len());
    let (mut show, mut off) = Default::default();
    for (at, Found { texts, wrong: fault }) in found.into_iter().enumerate() {
        let body = Body::read(texts);
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

/// The most of an age that is none that an error repeats, in characters.
const MAX_SHOWN: usize = 40;

fn details(referrer: &str, campaign: &[String; 3], headers: BodyHeaders<'_>) -> Dimensions {
    Dimensions::of(&Described { client: headers.client, referrer: &referrer_host(referrer, headers.own_url), campaign })
}

/// The site of that name, or the first where none is named.
///
/// # Errors
/// [`Refusal::UnknownSite`].
pub fn find_site(name: Option<&str>, sites: &Sites) -> Result<Site, Refusal> {
    match name {
        None => Ok(sites.first().clone()),
        Some(name) => sites.known(name).cloned().ok_or_else(|| Refusal::unknown_site(name)),
    }
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
    let declared = |essence| headers.content_type.is_some_and(|declared| is(declared, essence));
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

/// The JSON text of a body, whichever counter's client sent it: without the mark of a byte order, with which some programs begin every
/// text, and without halves of characters.
///
/// # Errors
/// [`Refusal::BodyNotUtf8`].
pub(super) fn json_text(bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::BodyNotUtf8)?;
    Ok(mended(text.trim_start_matches('\u{feff}')))
}

/// That type, with or without parameters (RFC 9110, 8.3.1: type names ignore case).
fn is(content_type: &str, essence: &str) -> bool {
    let declared = content_type.split(';').next().unwrap_or(content_type);
    declared.trim().eq_ignore_ascii_case(essence)
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
mod tests {
    use super::*;
    use crate::counting::http::age::MAX_AGE_MS;
    use crate::counting::model::client::Country;
    use crate::counting::model::page::PageError;
    use crate::counting::model::visit_id::VisitIdError;

    fn visits(bytes: &[u8], headers: BodyHeaders<'_>, sites: &Sites) -> Result<Visits, Refusal> {
        super::visits(bytes, headers, sites, &KeptQuery::default()).map_err(|refused| refused.refusal)
    }

    const JSON: BodyHeaders<'_> = BodyHeaders {
        content_type: Some("application/json"),
        idempotency_key: None,
        from_page: false,
        client: Client { device: None, country: Country::UNKNOWN },
        own_url: "",
    };

    /// The one visit of a body.
    fn visit(bytes: &[u8], headers: BodyHeaders<'_>, sites: &Sites) -> Result<Visit, Refusal> {
        visits(bytes, headers, sites).map(|Visits { mut visits, list, .. }| {
            assert!(visits.len() == 1 && !list);
            visits.remove(0)
        })
    }

    #[test]
    fn a_list_is_read_as_a_whole_or_not_at_all() {
        let read = |body: &str| visits(body.as_bytes(), JSON, &sites());
        let two = read(r#" [{"page":"/a","id":"1"}, {"site":"blog"}]"#).unwrap();
        assert_eq!(
            two.visits.iter().map(|visit| (visit.site.as_str(), visit.page.as_str())).collect::<Vec<_>>(),
            [("default", "/a"), ("blog", "/")]
        );
        assert!(two.list && read("[{}]").unwrap().list);
        let hundred = format!("[{}]", vec!["{}"; MAX_LIST].join(","));
        assert_eq!(read(&hundred).unwrap().visits.len(), MAX_LIST);
        let wrong = |body: &str| match read(body) {
            Err(Refusal::Body(why)) => why,
            other => panic!("{other:?}"),
        };
        assert!(wrong("[]").contains("0 visits") && wrong(&hundred.replacen("[", "[{},", 1)).contains("101 visits"));
        assert!(wrong("[{}").contains("ends too early") && wrong("[{}] x").contains("where it says \"x\""));
        let keyed = BodyHeaders { idempotency_key: Some("k"), ..JSON };
        assert_eq!(visits(b"[{}]", keyed, &sites()), Err(Refusal::TwoIds));
        let long = format!("[{}{{}}]", " ".repeat(MAX_LIST_BYTES));
        assert_eq!(read(&long), Err(Refusal::BodyTooLarge(MAX_LIST_BYTES)));
        let page = BodyHeaders { from_page: true, ..JSON };
        let long = format!("[{}{{}}]", " ".repeat(MAX_BODY_BYTES));
        assert_eq!(visits(long.as_bytes(), page, &sites()), Err(Refusal::BodyTooLarge(MAX_BODY_BYTES)));
    }

    #[test]
    fn whatever_is_wrong_in_a_list_is_said_of_its_visit() {
        let of = |at, refusal| Err(Refusal::Item(at, Box::new(refusal)));
        let read = |body: &str| visits(body.as_bytes(), JSON, &sites());
        assert_eq!(read(r#"[{},{"page":""}]"#), of(1, Refusal::Page(PageError::Empty)));
        assert_eq!(read(r#"[{},{},{"age":"x"},{"age":"y"}]"#), of(2, Refusal::Age("x".to_owned())), "the first");
        assert_eq!(read(r#"[{"site":"nope"}]"#), of(0, Refusal::unknown_site("nope")));
        assert_eq!(read(r#"[{},{"id":"a b"}]"#), of(1, Refusal::Id(VisitIdError::Character)));
        assert_eq!(read("[{},[]]"), of(1, Refusal::Body("this is a list, and has to be an object in braces".to_owned())));
        assert!(matches!(read(r#"[{"page":true}]"#), Err(Refusal::Item(0, wrong)) if matches!(*wrong, Refusal::Body(_))));
    }

    #[test]
    fn of_what_is_refused_the_sites_are_known() {
        let refused = |body: &str, headers| super::visits(body.as_bytes(), headers, &sites(), &KeptQuery::default()).unwrap_err();
        let named = |body: &str| refused(body, JSON).sites.iter().map(|site| site.as_str().to_owned()).collect::<Vec<_>>();
        assert_eq!(named(r#"{"site":"blog","page":true}"#), ["blog"]);
        assert_eq!(named(r#"{"site":"nope"}"#), ["default"]);
        assert_eq!(named(r#"[{"site":"blog"},{"site":"blog","age":"x"},{"site":7}]"#), ["blog", "blog", "default"]);
        assert_eq!(named(r#"{"site":"blog""#), ["default"]);
        let keyed = refused(r#"[{"site":"blog"},{}]"#, BodyHeaders { idempotency_key: Some("k"), ..JSON });
        assert_eq!((keyed.refusal, keyed.sites.len()), (Refusal::TwoIds, 2));
    }

    #[test]
    fn what_clients_send_besides_and_in_other_ways_is_taken() {
        let read = |body: &str| visit(body.as_bytes(), JSON, &sites());
        for body in [
            r#"{"page":"/a","url":"x","screen":{"w":1},"props":[1,2],"n":null}"#,
            "\u{feff}{\"page\":\"/a\"}",
            r#"{"page":"/a","page":"/a"}"#,
            r#"{"page":"a","age":0.30000001192092896}"#,
            r#"{"page":"https://blog.example/a?x","age":-0.5}"#,
        ] {
            assert_eq!(read(body).map(|visit| (visit.page.as_str().to_owned(), visit.age)), Ok(("/a".to_owned(), 0)), "{body}");
        }
        assert_eq!(read(r#"{"age":1499.6}"#).unwrap().age, 1_500);
        assert_eq!(read(r#"{"page":"/\ud83d"}"#).unwrap().page.as_str(), "/\u{fffd}");
        assert_eq!(
            read(r#"{"page":2024,"id":7}"#).map(|visit| (visit.page, visit.id)),
            read(r#"{"page":"/2024","id":"7"}"#).map(|visit| (visit.page, visit.id))
        );
    }

    #[test]
    fn a_page_of_4_096_bytes_fits_however_it_is_escaped() {
        let body = format!("{{\"page\":\"/{}\"}}", "\\u0001".repeat(4_095));
        assert!(visit(body.as_bytes(), JSON, &sites()).is_ok());
    }

    fn sites() -> Sites {
        Sites::parse("default,blog").unwrap()
    }

    #[test]
    fn whatever_is_left_out_has_its_default() {
        let expected =
            Visit { site: sites().first().clone(), page: Page::root(), id: None, details: Dimensions::default(), age: 0 };
        assert_eq!(visit(b"", BodyHeaders::default(), &sites()), Ok(expected.clone()));
        assert_eq!(visit(b"{}", JSON, &sites()), Ok(expected.clone()));
        assert_eq!(visit(br#"{"site":null,"page":null,"id":null}"#, JSON, &sites()), Ok(expected));
    }

    #[test]
    fn a_page_that_names_no_site_is_of_the_site_of_its_host() {
        let sites = Sites::parse("default,docs.example").unwrap().with_hosts("blog.example=default").unwrap();
        let of = |own_url: &'static str, body: &str| {
            let headers = BodyHeaders { from_page: true, own_url, ..JSON };
            visit(body.as_bytes(), headers, &sites).unwrap().site.as_str().to_owned()
        };
        assert_eq!(of("https://docs.example", "{}"), "docs.example");
        assert_eq!(of("https://docs.example", r#"{"site":"default"}"#), "default");
        assert_eq!(of("https://blog.example", ""), "default");
        assert_eq!(of("https://other.example", "{}"), "default");
    }

    #[test]
    fn all_three_are_read() {
        let read = visit(br#"{"site":"blog","page":"/a?b","id":"x-1"}"#, JSON, &sites()).unwrap();
        assert_eq!((read.site.as_str(), read.page.as_str()), ("blog", "/a"));
        assert_eq!(read.id, Some(VisitId::parse("x-1").unwrap()));
    }

    #[test]
    fn the_header_is_the_id_of_a_body_without_one() {
        let keyed = BodyHeaders { idempotency_key: Some("k"), ..JSON };
        assert_eq!(visit(b"{}", keyed, &sites()).unwrap().id, Some(VisitId::parse("k").unwrap()));
        assert_eq!(visit(br#"{"id":"k"}"#, keyed, &sites()).unwrap().id, Some(VisitId::parse("k").unwrap()));
        assert_eq!(visit(br#"{"id":"other"}"#, keyed, &sites()), Err(Refusal::TwoIds));
        let bad = BodyHeaders { idempotency_key: Some("a b"), ..JSON };
        assert!(matches!(visit(b"", bad, &sites()), Err(Refusal::Id(_))));
    }

    #[test]
    fn each_fault_has_its_refusal() {
        let refused = |bytes: &[u8]| visit(bytes, JSON, &sites()).unwrap_err();
        assert_eq!(refused(b"{\"page\":\"\xff\"}"), Refusal::BodyNotUtf8);
        assert!(matches!(refused(b"{"), Refusal::Body(_)));
        assert!(matches!(refused(br#"{"page":true}"#), Refusal::Body(why) if why.contains("`page` is true or false")));
        assert!(matches!(refused(br#"{"id":"a","id":"b"}"#), Refusal::Body(why) if why.contains("there twice")));
        assert_eq!(refused(br#"{"site":"nope"}"#), Refusal::UnknownSite("nope".to_owned()));
        assert_eq!(refused(br#"{"page":""}"#), Refusal::Page(PageError::Empty));
        assert_eq!(refused(&[b' '; MAX_BODY_BYTES + 1]), Refusal::BodyTooLarge(MAX_BODY_BYTES));
        let text = BodyHeaders { content_type: Some("text/plain"), ..JSON };
        assert_eq!(visit(b"{}", text, &sites()), Err(Refusal::ContentType));
        assert!(visit(b"{}", BodyHeaders { from_page: true, ..text }, &sites()).is_ok());
        assert_eq!(visit(br#"{"age":"0"}"#, JSON, &sites()).unwrap().age, 0);
        assert_eq!(visit(br#"{"age":"82800000"}"#, JSON, &sites()).unwrap().age, MAX_AGE_MS);
        for age in ["-60001", "x", "1.5.1", "82800001", "99999999999999999999"] {
            assert_eq!(refused(format!("{{\"age\":\"{age}\"}}").as_bytes()), Refusal::Age(age.to_owned()));
        }
        let charset = BodyHeaders { content_type: Some("Application/JSON; charset=utf-8"), ..JSON };
        assert!(visit(b"{}", charset, &sites()).is_ok());
    }
}
