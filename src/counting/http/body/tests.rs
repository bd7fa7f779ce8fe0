//! Bodies of `POST /visit`, as clients send them.

use crate::counting::http::age::MAX_AGE_MS;
use crate::counting::http::body::*;
use crate::counting::model::client::Country;
use crate::counting::model::page::PageError;
use crate::counting::model::visit_id::VisitIdError;

fn visits(bytes: &[u8], headers: BodyHeaders<'_>, sites: &Sites) -> Result<Visits, Refusal> {
    crate::counting::http::body::read_visits(bytes, headers, sites, &KeptQuery::default()).map_err(|refused| refused.refusal)
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
    let refused = |body: &str, headers| {
        crate::counting::http::body::read_visits(body.as_bytes(), headers, &sites(), &KeptQuery::default()).unwrap_err()
    };
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
    let expected = Visit { site: sites().first().clone(), page: Page::root(), id: None, details: Dimensions::default(), age: 0 };
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
