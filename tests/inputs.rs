//! Untrusted input: any bytes are read or refused, and the answer to refused ones is one line of JSON.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test may fail")]

use footfall::counting::config::settings::Config;
use footfall::counting::config::variable::Variable;
use footfall::counting::http::answers;
use footfall::counting::http::body;
use footfall::counting::http::body::{BodyHeaders, MAX_BODY_BYTES, MAX_LIST};
use footfall::counting::http::prefetch::is_prefetch;
use footfall::counting::http::refusal::Refusal;
use footfall::counting::http::refused;
use footfall::counting::http::route::{Route, route};
use footfall::counting::model::client::Client;
use footfall::counting::model::date::{date_of, parse_date};
use footfall::counting::model::page::{KeptQuery, MAX_PAGE_BYTES, Page};
use footfall::counting::model::site::{MAX_SITES, Sites};
use footfall::counting::model::visit_id::VisitId;
use footfall::counting::model::visitor::{Salt, Sender, Visitor, Withheld, visitor};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() }
}

/// Keeps some query parameters as part of the page, so that the tests cover what a client puts there.
fn kept() -> KeptQuery {
    KeptQuery::parse("id, page, x").unwrap()
}

/// A refusal has a 4xx status, and its text is one line of JSON that says what is wrong and what helps.
fn check_refusal(refusal: &Refusal) {
    let reply = refused::refused(refusal, "page=%ff&x=%0a&site=a\nb");
    assert!([400, 401, 403, 404, 405, 408, 413, 415].contains(&reply.status), "{refusal:?}");
    assert_eq!(
        (reply.content_type, reply.visit),
        ("application/json", None),
        "a refused request is no visit, so it has no outcome"
    );
    assert_eq!(reply.allow.is_some(), reply.status == 405);
    assert!(reply.allow.is_none_or(|allow| allow.bytes().all(|byte| (b' '..=b'~').contains(&byte))));
    assert!(!reply.body.contains(['\n', '\r']), "{}", reply.body);
    let fields: BTreeMap<String, String> = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["error", "hint"]);
    assert!(fields.values().all(|text| !text.is_empty() && text.len() < 1_000), "{}", reply.body);
}

fn sites() -> Sites {
    Sites::parse("default,blog").unwrap()
}

/// Text with more of what parsers trip over than random text has.
fn awkward() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{0,6}",
        any::<String>(),
        "[/?#%&=+:@\\[\\]\\\\\"'{},. -]{1,6}",
        "%[0-9a-fA-F]{0,2}",
        "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{2028}\u{feff}\u{fffd}]{1,3}",
        Just("://h/counter".to_owned()),
        Just("a".repeat(600)),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn any_url() -> impl Strategy<Value = String> {
    let near = (
        prop::sample::select(vec!["", "http://h", "https://h:8787", "http://[::1]", "//", "http:"]),
        prop::sample::select(vec!["/", "/counter", "/visitors", "/counter/", ""]),
        prop::sample::select(vec!["?page=", "?site=", "?day=", "?", "&page=", "#", "?day=2026-11-22&", ""]),
        awkward(),
    );
    prop_oneof![3 => near.prop_map(|(origin, path, key, rest)| [origin, path, key, &rest].concat()), 1 => awkward()]
}

fn any_method() -> impl Strategy<Value = String> {
    prop_oneof![4 => prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "get"]).prop_map(str::to_owned), 1 => awkward()]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_request_has_a_route_or_a_refusal(method in any_method(), url in any_url(), purpose in awkward()) {
        match route(&method, &url, &kept()) {
            Ok(Route::Views(read)) => prop_assert!(read.page.is_none_or(|page| page.as_str().starts_with('/'))),
            Ok(_) => {}
            Err(refusal) => check_refusal(&refusal),
        }
        let _either = is_prefetch(&purpose);
    }

    #[test]
    fn a_query_never_changes_the_path(query in awkward()) {
        for origin in ["", "http://h"] {
            let query = query.replace('#', "");
            prop_assert_eq!(route("GET", &format!("{origin}/?{query}"), &kept()), Ok(Route::Home), "at {:?}", origin);
            prop_assert_eq!(route("POST", &format!("{origin}/counter?{query}"), &kept()), Ok(Route::Register), "at {:?}", origin);
        }
    }

    #[test]
    fn any_body_is_a_visit_or_a_refusal(
        bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), awkward().prop_map(String::into_bytes)],
        key in prop::sample::select(vec!["site", "page", "id", "Id", "id\":\"a\",\"id", "x"]),
        value in awkward(),
        content_type in prop_oneof![3 => Just("application/json".to_owned()), 1 => awkward()],
        idempotency_key in prop::option::of(prop_oneof![Just("k".to_owned()), awkward()]),
    ) {
        let near = format!("{{\"{key}\":{}}}", serde_json::to_string(&value).unwrap()).into_bytes();
        let list = [b"[{},", near.as_slice(), b"]"].concat();
        for bytes in [bytes, near.clone(), list, near[..near.len() - 1].to_vec()] {
            let headers = BodyHeaders { content_type: Some(&content_type), idempotency_key: idempotency_key.as_deref(), from_page: false, client: Client::default(), own_url: "" };
            match body::read_visits(&bytes, headers, &sites(), &kept()) {
                Ok(read) => {
                    prop_assert!(bytes.len() <= MAX_BODY_BYTES && !read.visits.is_empty());
                    prop_assert!(read.visits.iter().all(|visit| sites().find(visit.site.as_str()).is_some()));
                }
                Err(refused) => {
                    check_refusal(&refused.refusal);
                    prop_assert!(!refused.sites.is_empty() && refused.sites.len() <= MAX_LIST);
                }
            }
        }
    }

    #[test]
    fn a_parsed_value_keeps_to_its_limits_and_parses_again(text in prop_oneof![awkward(), awkward().prop_map(|text| format!("/{text}"))]) {
        if let Ok(page) = Page::parse(&text) {
            prop_assert!(page.as_str().len() <= MAX_PAGE_BYTES && page.as_str().starts_with('/'));
            prop_assert!(!page.as_str().contains(|c: char| c.is_control() || c == '?' || c == '#'));
            prop_assert_eq!(Page::parse(page.as_str()), Ok(page.clone()));
        }
        if let Ok(id) = VisitId::parse(&text) {
            prop_assert_eq!(id.as_str(), &text);
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()) && text.len() <= 64);
        }
        if let Ok(sites) = Sites::parse(&text) {
            prop_assert_eq!(sites.find(sites.first().as_str()), Some(sites.first()));
        }
        if let Some(day) = parse_date(&text) {
            prop_assert_eq!(date_of(day), text);
        }
    }

    #[test]
    fn any_date_of_ten_bytes_is_read_or_none(text in "[0-9+-]{10}|[0-9]{4}-[0-1][0-9]-[0-3][0-9]") {
        prop_assert!(parse_date(&text).is_none_or(|day| date_of(day) == text));
    }

    #[test]
    fn any_sender_is_a_visitor_or_none(address in awkward(), agent in awkward(), flag in awkward(), bits in any::<u32>()) {
        let (site, v4) = (sites().first().clone(), std::net::Ipv4Addr::from(bits).to_string());
        for address in [address, v4] {
            let sender = Sender { address: Some(&address), agent: Some(&agent), gpc: Some(&flag), ..Sender::default() };
            let said = visitor(sender, &site, Some(Salt([1; 16])));
            prop_assert_eq!(said, visitor(sender, &site, Some(Salt([1; 16]))));
            if flag.trim() == "1" {
                prop_assert_eq!(said, Visitor::Withheld(Withheld::OptedOut));
            }
        }
    }

    #[test]
    fn a_wrong_variable_is_named_in_one_line_without_its_password(text in awkward(), name in 0..7_usize) {
        let names = ["COUNTER_URL", "COUNTER_TIMEOUT_MS", "SITES", "SHARDS", "MAX_SHARDS", "HOME", "JURISDICTION"];
        for value in [text.clone(), format!("http://me:s3cret{text}@h/"), format!("http://h/{text}")] {
            let given = |asked: &str| asked == names[name];
            let variable = |asked: &'static str| if given(asked) { Variable::Text(value.clone()) } else { Variable::Missing };
            match Config::parse(variable) {
                Ok(config) => prop_assert!((1..=25_000).contains(&config.timeout_ms) && (1..=256).contains(&config.shards.most().unwrap_or(config.shards.least()))),
                Err(error) => {
                    let shown = error.to_string();
                    prop_assert_eq!(error.variable, names[name]);
                    prop_assert!(!shown.contains(char::is_control), "{:?}", shown);
                    prop_assert!(shown.len() < 3_000, "{} bytes are shown", shown.len());
                    prop_assert!(name > 0 || !shown.contains("s3cret"), "{}", shown);
                    let reply = answers::failures::misconfigured(&error);
                    prop_assert_eq!(reply.status, 500);
                    prop_assert!(reply.body.contains(names[name]) && !reply.body.contains("s3cret"), "{}", reply.body);
                }
            }
        }
    }
}

#[test]
fn a_password_is_not_shown_however_long_the_url_is() {
    for padding in 0..400 {
        let url = format!("ftp://me:s3cret{}@h/", "x".repeat(padding));
        let variable = |asked| if asked == "COUNTER_URL" { Variable::Text(url.clone()) } else { Variable::Missing };
        let shown = Config::parse(variable).unwrap_err().to_string();
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

#[test]
fn a_wrong_site_is_shown_in_one_short_line() {
    for sites in ["blog,a\nfaked: log line", "a\u{1b}[2J", &"x".repeat(5_000)] {
        let variable = |asked| if asked == "SITES" { Variable::Text(sites.to_owned()) } else { Variable::Missing };
        let shown = Config::parse(variable).unwrap_err().to_string();
        assert!(!shown.contains(char::is_control) && shown.len() < 1_000, "{shown:?}");
    }
}

#[test]
fn input_that_is_too_long_is_refused_with_its_size() {
    let many = |count: usize| (0..count).map(|n| format!("s{n}")).collect::<Vec<_>>().join(",");
    assert!(Sites::parse(&many(MAX_SITES)).is_ok());
    assert_eq!(Sites::parse(&many(MAX_SITES + 1)), Err("1001 sites are listed".to_owned()));
    let headers = BodyHeaders {
        content_type: Some("application/json"),
        idempotency_key: None,
        from_page: false,
        client: Client::default(),
        own_url: "",
    };
    let padded = |size: usize| format!("{{}}{}", " ".repeat(size - 2)).into_bytes();
    assert!(body::read_visits(&padded(MAX_BODY_BYTES), headers, &sites(), &kept()).is_ok());
    let refused = |bytes: &[u8]| body::read_visits(bytes, headers, &sites(), &kept()).unwrap_err().refusal;
    assert_eq!(refused(&padded(MAX_BODY_BYTES + 1)), Refusal::BodyTooLarge(MAX_BODY_BYTES));
    // Deep nesting must not overflow the stack of an isolate.
    let deep = "[".repeat(MAX_BODY_BYTES).into_bytes();
    check_refusal(&refused(&deep));
}

#[test]
fn every_refusal_has_its_line() {
    for refusal in [
        Refusal::BodyBroken,
        Refusal::BodyTooSlow(5_000),
        Refusal::RepeatedParameter("page"),
        Refusal::Parameter("page", "a page"),
        Refusal::Parameter("day", "a day"),
        Refusal::Age("x\ny".to_owned()),
        Refusal::unknown_site("a\nb"),
        Refusal::Item(99, Box::new(Refusal::Body("`page` is true".to_owned()))),
        Refusal::Token,
        Refusal::Closed,
        Refusal::TwoIds,
    ] {
        check_refusal(&refusal);
    }
}
