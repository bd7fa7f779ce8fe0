//! Reads the bodies that clients of Plausible and Umami post.

use crate::counting::http::body::MAX_LIST;
use crate::counting::http::compat::events::event::{EventKind, Protocol, ReportedEvent};
use crate::counting::http::json_body::json_text;
use crate::counting::http::refusal::Refusal;
use crate::counting::model::page::{KeptQuery, Page};
use crate::counting::model::visit_id::VisitId;
use crate::counting::text::json_tree::Tree;
use crate::counting::text::url::{path_and_query, split_scheme};

/// Reads a body. Its `Content-Type` does not matter: scripts send `text/plain` to avoid a preflight. In a batch, a wrong event does not affect
/// the others.
///
/// # Errors
/// [`Refusal`] if the body, or its only event, is wrong.
pub(crate) fn read_events(
    protocol: Protocol,
    bytes: &[u8],
    kept: &KeptQuery,
) -> Result<Vec<Result<ReportedEvent, Refusal>>, Refusal> {
    let body = Tree::parse(&json_text(bytes)?).map_err(Refusal::Body)?;
    match (protocol, body) {
        (Protocol::Plausible, body @ Tree::Object(_)) => plausible(&body, kept).map(|told| vec![Ok(told)]),
        (Protocol::Umami, body @ Tree::Object(_)) => umami(&body, kept).map(|told| vec![Ok(told)]),
        (Protocol::UmamiBatch, Tree::List(all)) if (1..=MAX_LIST).contains(&all.len()) => {
            Ok(all.iter().map(|one| umami(one, kept)).collect())
        }
        (Protocol::UmamiBatch, _) => Err(Refusal::Body(format!("the body is not a list of 1 to {MAX_LIST} events"))),
        _ => Err(Refusal::Body("the body is not an object in braces".to_owned())),
    }
}

fn plausible(body: &Tree, kept: &KeptQuery) -> Result<ReportedEvent, Refusal> {
    let (name, url) = (body.text(&["n", "name"]), body.text(&["u", "url"]));
    let domain = body.text(&["d", "domain"]);
    for (value, field) in [(name, "name"), (url, "url"), (domain, "domain")] {
        if value.is_empty() {
            return Err(Refusal::Parameter(field, "a text; it is required"));
        }
    }
    let kind = match name {
        "pageview" => EventKind::View,
        "engagement" => EventKind::Other,
        _ => EventKind::Event,
    };
    let routes = body.get("h").is_true() || body.get("hash_mode").is_true() || body.get("hashMode").is_true();
    let names = domain.split(',').map(|name| name.trim().to_owned()).collect();
    let page = page(kind, url, routes, kept)?;
    let referrer = body.text(&["r", "referrer"]).to_owned();
    Ok(ReportedEvent { names, url: url.to_owned(), host: String::new(), page, referrer, kind, at: None, id: id(body)? })
}

fn umami(body: &Tree, kept: &KeptQuery) -> Result<ReportedEvent, Refusal> {
    let payload = body.get("payload");
    let name = payload.text(&["website", "pixel", "link"]);
    if name.is_empty() {
        return Err(Refusal::Parameter("payload.website", "a text; it is required"));
    }
    let kind = match (body.text(&["type"]), payload.text(&["name"])) {
        ("event" | "", "") => EventKind::View,
        ("event" | "", _) => EventKind::Event,
        ("identify" | "performance", _) => EventKind::Other,
        _ => return Err(Refusal::Parameter("type", "event, identify, performance")),
    };
    // Some clients send a path without the slash at its beginning.
    let url = payload.text(&["url"]);
    let relative = split_scheme(url).is_none() && !url.starts_with(['/', '?', '#']);
    let url = if relative { format!("/{url}") } else { url.to_owned() };
    let page = page(kind, &url, true, kept)?;
    let at = payload.get("timestamp").number().map(|seconds| seconds.saturating_mul(1000));
    let (host, referrer) = (payload.text(&["hostname"]).to_owned(), payload.text(&["referrer"]).to_owned());
    Ok(ReportedEvent { names: vec![name.to_owned()], url, host, page, referrer, kind, at, id: id(body)? })
}

fn id(body: &Tree) -> Result<Option<VisitId>, Refusal> {
    match body.text(&["visit_id"]) {
        "" => Ok(None),
        id => VisitId::parse(id).map(Some).map_err(Refusal::Id),
    }
}

/// The page of a URL or a path. `routes` says that the app has its routes after the `#`; then they are a part of the page.
fn page(kind: EventKind, url: &str, routes: bool, kept: &KeptQuery) -> Result<Page, Refusal> {
    if kind != EventKind::View {
        return Ok(Page::root());
    }
    let (path, query) = path_and_query(url);
    let route = url.split_once('#').map_or("", |(_, route)| route).trim_start_matches('!');
    let path = match route.starts_with('/') && routes {
        true => format!("{}{route}", path.trim_end_matches('/')),
        false if query.is_empty() => path.to_owned(),
        false => format!("{path}?{query}"),
    };
    kept.page(&path).map_err(Refusal::Page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::model::site::Sites;

    fn told(protocol: Protocol, body: &str) -> Result<ReportedEvent, Refusal> {
        read_events(protocol, body.as_bytes(), &KeptQuery::parse("id").unwrap()).and_then(|mut told| told.remove(0))
    }

    fn sites() -> Sites {
        Sites::parse("default,blog.example,docs").unwrap().with_hosts("docs.example=docs, 0e6f-11=docs").unwrap()
    }

    fn named(told: &ReportedEvent) -> Vec<String> {
        told.sites(&sites()).unwrap().iter().map(|site| site.as_str().to_owned()).collect()
    }

    #[test]
    fn plausible_tells_a_view_in_either_spelling() {
        for body in [
            r#"{"n":"pageview","u":"https://blog.example/a/?utm_source=x&id=3#top","d":"blog.example","r":"https://news.example/","w":1200,"h":0}"#,
            r#"{"name":"pageview","url":"https://blog.example/a?id=3","domain":"www.blog.example","referrer":"https://news.example/","props":{"a":{"b":[1.5]}},"revenue":null}"#,
        ] {
            let told = told(Protocol::Plausible, body).unwrap();
            assert_eq!(
                (told.page.as_str(), told.kind, told.referrer.as_str()),
                ("/a?id=3", EventKind::View, "https://news.example/")
            );
            assert_eq!(named(&told), ["blog.example"]);
        }
        let of = |body: &str| told(Protocol::Plausible, body).unwrap();
        let hash = of(r#"{"n":"pageview","u":"https://docs.example/app/#/a/b","d":"docs.example,blog.example","h":1}"#);
        assert_eq!((hash.page.as_str(), named(&hash)), ("/app/a/b", vec!["docs".to_owned(), "blog.example".to_owned()]));
        assert_eq!(of(r##"{"n":"pageview","u":"app://localhost/a?utm_source=x","d":"docs.example"}"##).page.as_str(), "/a");
        assert_eq!(of(r#"{"n":"Signup","u":"https://blog.example/a","d":"x"}"#).kind, EventKind::Event);
        assert_eq!(of(r#"{"n":"engagement","u":"https://blog.example/a","d":"x","e":3000,"sd":40}"#).kind, EventKind::Other);
    }

    #[test]
    fn umami_tells_a_view_by_path_or_url() {
        let of = |body: &str| told(Protocol::Umami, body).unwrap();
        let view = of(
            r#"{"type":"event","payload":{"website":"0e6f-11","screen":"1x1","title":"A","hostname":"x.example","url":"/a?id=1&utm_source=x","referrer":""}}"#,
        );
        assert_eq!((view.page.as_str(), view.query(), named(&view)), ("/a?id=1", "id=1&utm_source=x", vec!["docs".to_owned()]));
        let by_host = of(r#"{"type":"event","payload":{"website":"94db1cb1","hostname":"blog.example","url":"/"}}"#);
        assert_eq!(named(&by_host), ["blog.example"]);
        let by_url =
            of(r#"{"type":"event","payload":{"website":"94db1cb1","url":"https://docs.example/#/x","timestamp":1700000000}}"#);
        assert_eq!((named(&by_url), by_url.page.as_str(), by_url.at), (vec!["docs".to_owned()], "/x", Some(1_700_000_000_000)));
        assert_eq!(of(r#"{"type":"event","payload":{"website":"x","name":"click","url":"/a"}}"#).kind, EventKind::Event);
        assert_eq!(of(r#"{"type":"identify","payload":{"website":"x","data":{"a":1}}}"#).kind, EventKind::Other);
        for (url, page) in [("", "/"), ("a/b", "/a/b"), ("?id=1", "/?id=1"), ("#/r", "/r"), ("https://docs.example", "/")] {
            assert_eq!(of(&format!(r#"{{"payload":{{"website":"0e6f-11","url":"{url}"}}}}"#)).page.as_str(), page, "{url}");
        }
        assert_eq!(of(r#"{"visit_id":"a1","payload":{"website":"x"}}"#).id, Some(VisitId::parse("a1").unwrap()));
        let batch = r#"[{"type":"event","payload":{"website":"docs","url":"/a"}},{"type":"event","payload":{"website":"docs","url":"/b"}}]"#;
        assert_eq!(read_events(Protocol::UmamiBatch, batch.as_bytes(), &KeptQuery::default()).unwrap().len(), 2);
    }

    #[test]
    fn a_site_that_nobody_listed_is_refused_unless_there_is_only_one() {
        let told = told(Protocol::Plausible, r#"{"n":"pageview","u":"https://x.example/","d":"x.example"}"#).unwrap();
        assert_eq!(told.sites(&sites()), Err(Refusal::unknown_site("x.example")));
        assert_eq!(told.sites(&Sites::parse("blog").unwrap()).unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for body in
            [r#"{"n":"pageview","u":"https://a/"}"#, r#"{"u":"/","d":"a"}"#, "[]", "1", "", "{", r#"{"n":1,"u":"/","d":"a"}"#]
        {
            assert!(told(Protocol::Plausible, body).is_err(), "{body}");
        }
        for body in ["{}", r#"{"type":"event"}"#, r#"{"type":"dance","payload":{"website":"a"}}"#] {
            assert!(told(Protocol::Umami, body).is_err(), "{body}");
        }
        for body in ["[]", "{}", "[1]"] {
            assert!(told(Protocol::UmamiBatch, body).is_err(), "{body}");
        }
        let some =
            read_events(Protocol::UmamiBatch, br#"[{"payload":{"website":"a"}},{"payload":{}}]"#, &KeptQuery::default()).unwrap();
        assert!(some[0].is_ok() && some[1].is_err());
        assert!(read_events(Protocol::Umami, b"\xff", &KeptQuery::default()).is_err());
    }
}
