//! The body of `POST /counter`: what it may say, and the visit that it names.

use super::details::{Client, Details, referrer_host};
use super::error::Refusal;
use super::json::{Texts, is_list, texts};
use super::page::{KeptQuery, Page};
use super::site::{Site, Sites};
use super::visit::Visit;
use super::visit_id::VisitId;

/// The longest body of a request, in bytes: a visit needs under 1 KiB, and this leaves room for JSON escapes.
pub const MAX_BODY_BYTES: usize = 8 * 1024;

/// The longest list of visits, in bytes: 100 of 655 each. Only servers send lists.
pub const MAX_LIST_BYTES: usize = 64 * 1024;

/// The most visits of a list.
pub const MAX_LIST: usize = 100;

/// How long ago a visit may have been made that is sent late, in milliseconds. Its id is remembered for 24 hours at least, so
/// one that was stored in its first try is surely known until then.
pub const MAX_AGE_MS: u64 = 23 * 60 * 60 * 1000;

/// What an error may quote of what the parser said, in characters: enough for a field's name and a position.
const MAX_QUOTE: usize = 160;

#[derive(Default)]
struct Body {
    site: Option<String>,
    page: Option<String>,
    id: Option<String>,
    age: Option<String>,
    referrer: String,
    campaign: [String; 3],
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
}

/// Reads the visits that a `POST /counter` names: one, or a list. Whatever is left out has its default: the site of the page's host, else
/// the first; the page
/// `/`, no id. An empty body leaves out everything.
///
/// # Errors
/// What is wrong with it, as a [`Refusal`]. Then no visit of a list is any good.
pub fn visits(bytes: &[u8], headers: BodyHeaders<'_>, sites: &Sites, kept: &KeptQuery) -> Result<Visits, Refusal> {
    let (bodies, list) = parse(bytes, headers)?;
    if list && headers.idempotency_key.is_some() {
        return Err(Refusal::TwoIds);
    }
    let mut visits = Vec::with_capacity(bodies.len());
    for body in bodies {
        let age = body.age.map_or(Ok(0), |age| age.parse()).ok().filter(|age| *age <= MAX_AGE_MS).ok_or(Refusal::Age)?;
        visits.push(Visit {
            site: match body.site.as_deref() {
                Some(name) => find_site(Some(name), sites)?,
                None => sites.of_page(headers.client.own_url).clone(),
            },
            page: body.page.map_or_else(|| Ok(Page::root()), |page| kept.page(&page).map_err(Refusal::Page))?,
            id: id(body.id, headers.idempotency_key)?,
            details: details(&body.referrer, &body.campaign, headers.client),
            age,
        });
    }
    Ok(Visits { visits, list })
}

fn details(referrer: &str, campaign: &[String; 3], client: Client<'_>) -> Details {
    let host = referrer_host(referrer, client.own_url);
    Details::new(client.device, client.country, &host, campaign.each_ref().map(String::as_str))
}

/// The site of that name, or the first where none is named.
///
/// # Errors
/// [`Refusal::UnknownSite`].
pub fn find_site(name: Option<&str>, sites: &Sites) -> Result<Site, Refusal> {
    match name {
        None => Ok(sites.first().clone()),
        Some(name) => sites.find(name).cloned().ok_or_else(|| Refusal::unknown_site(name)),
    }
}

/// The bodies, and whether they came as a list.
fn parse(bytes: &[u8], headers: BodyHeaders<'_>) -> Result<(Vec<Body>, bool), Refusal> {
    if bytes.is_empty() {
        return Ok((vec![Body::default()], false));
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
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::BodyNotUtf8)?;
    let names = &["site", "page", "id", "age", "referrer", "source", "medium", "campaign"];
    let found = texts(text, names).map_err(|why| Refusal::BodyNotJson(why.chars().take(MAX_QUOTE).collect()))?;
    if !(1..=MAX_LIST).contains(&found.len()) {
        return Err(Refusal::BodyNotJson(format!("a list of {} visits, where 1 to {MAX_LIST} are due", found.len())));
    }
    let body = |texts: Texts| {
        let mut texts = texts.into_iter();
        // In the order of `names`.
        let mut next = || texts.next().flatten();
        let (site, page, id, age, referrer) = (next(), next(), next(), next(), next().unwrap_or_default());
        let campaign = [next(), next(), next()].map(Option::unwrap_or_default);
        Body { site, page, id, age, referrer, campaign }
    };
    Ok((found.into_iter().map(body).collect(), is_list(text)))
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
    use crate::counting::page::PageError;

    fn visits(bytes: &[u8], headers: BodyHeaders<'_>, sites: &Sites) -> Result<Visits, Refusal> {
        super::visits(bytes, headers, sites, &KeptQuery::default())
    }

    const JSON: BodyHeaders<'_> = BodyHeaders {
        content_type: Some("application/json"),
        idempotency_key: None,
        from_page: false,
        client: Client { device: None, country: "", own_url: "" },
    };

    /// The one visit of a body.
    fn visit(bytes: &[u8], headers: BodyHeaders<'_>, sites: &Sites) -> Result<Visit, Refusal> {
        visits(bytes, headers, sites).map(|Visits { mut visits, list }| {
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
            Err(Refusal::BodyNotJson(why)) => why,
            other => panic!("{other:?}"),
        };
        assert!(wrong("[]").contains("0 visits") && wrong(&hundred.replacen("[", "[{},", 1)).contains("101 visits"));
        assert!(wrong(r#"[{},{"pgae":"/"}]"#).starts_with("in 1: unknown field"));
        assert!(wrong(r#"[{},[]]"#).starts_with("in 1: a list, where an object is due"));
        assert!(wrong("[{}").contains("EOF") && wrong("[{}] x").contains("trailing"));
        assert_eq!(read(r#"[{},{"page":"a"}]"#), Err(Refusal::Page(PageError::NoSlash)));
        let keyed = BodyHeaders { idempotency_key: Some("k"), ..JSON };
        assert_eq!(visits(b"[{}]", keyed, &sites()), Err(Refusal::TwoIds));
        let long = format!("[{}{{}}]", " ".repeat(MAX_LIST_BYTES));
        assert_eq!(read(&long), Err(Refusal::BodyTooLarge(MAX_LIST_BYTES)));
        let page = BodyHeaders { from_page: true, ..JSON };
        let long = format!("[{}{{}}]", " ".repeat(MAX_BODY_BYTES));
        assert_eq!(visits(long.as_bytes(), page, &sites()), Err(Refusal::BodyTooLarge(MAX_BODY_BYTES)));
    }

    fn sites() -> Sites {
        Sites::parse("default,blog").unwrap()
    }

    #[test]
    fn whatever_is_left_out_has_its_default() {
        let expected = Visit { site: sites().first().clone(), page: Page::root(), id: None, details: Details::default(), age: 0 };
        assert_eq!(visit(b"", BodyHeaders::default(), &sites()), Ok(expected.clone()));
        assert_eq!(visit(b"{}", JSON, &sites()), Ok(expected.clone()));
        assert_eq!(visit(br#"{"site":null,"page":null,"id":null}"#, JSON, &sites()), Ok(expected));
    }

    #[test]
    fn a_page_that_names_no_site_is_of_the_site_of_its_host() {
        let sites = Sites::parse("default,docs.example").unwrap().with_hosts("blog.example=default").unwrap();
        let of = |own_url: &'static str, body: &str| {
            let headers = BodyHeaders { from_page: true, client: Client { own_url, ..JSON.client }, ..JSON };
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
        assert!(matches!(refused(b"{"), Refusal::BodyNotJson(_)));
        assert!(matches!(refused(br#"{"page":1}"#), Refusal::BodyNotJson(why) if why.contains("a number, where a text")));
        assert!(matches!(refused(br#"{"pages":"/"}"#), Refusal::BodyNotJson(why) if why.contains("unknown field \"pages\"")));
        assert!(matches!(refused(br#" ["default","/","x"]"#), Refusal::BodyNotJson(why) if why.contains("in 0: a text")));
        assert!(matches!(refused(br#"{"id":"a","id":"b"}"#), Refusal::BodyNotJson(why) if why.contains("duplicate")));
        assert_eq!(refused(br#"{"site":"nope"}"#), Refusal::UnknownSite("nope".to_owned()));
        assert_eq!(refused(br#"{"page":"/\u0007"}"#), Refusal::Page(PageError::Control));
        assert_eq!(refused(&[b' '; MAX_BODY_BYTES + 1]), Refusal::BodyTooLarge(MAX_BODY_BYTES));
        let text = BodyHeaders { content_type: Some("text/plain"), ..JSON };
        assert_eq!(visit(b"{}", text, &sites()), Err(Refusal::ContentType));
        assert!(visit(b"{}", BodyHeaders { from_page: true, ..text }, &sites()).is_ok());
        assert_eq!(visit(br#"{"age":"0"}"#, JSON, &sites()).unwrap().age, 0);
        assert_eq!(visit(br#"{"age":"82800000"}"#, JSON, &sites()).unwrap().age, MAX_AGE_MS);
        for age in ["-1", "x", "1.5", "", "82800001", "99999999999999999999"] {
            assert_eq!(refused(format!("{{\"age\":\"{age}\"}}").as_bytes()), Refusal::Age);
        }
        let charset = BodyHeaders { content_type: Some("Application/JSON; charset=utf-8"), ..JSON };
        assert!(visit(b"{}", charset, &sites()).is_ok());
    }
}
