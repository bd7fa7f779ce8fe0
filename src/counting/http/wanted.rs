//! What kind of answer a request can do something with: an error that a page cannot show is no answer. A picture is always a picture, so
//! that no page shows a broken one; a script is always a script.

use crate::counting::http::badge::svg::complaint;
use crate::counting::http::compat::callback::{SCRIPT, is_function};
use crate::counting::http::query::Query;
use crate::counting::http::reply::{GIF, JSON, Reply, SVG, text};
use crate::counting::text::json_read::objects;
use crate::counting::text::url::path_and_query;

/// The most of an error that a badge says, in characters.
const MAX_SAID: usize = 100;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// JSON or a text, for programs and people.
    Text,
    /// A picture of one pixel.
    Pixel,
    /// A picture of a text.
    Badge,
    /// A script that calls this function.
    Call(String),
    /// A script: its function has a name that is none, or must not be called without numbers.
    Script,
}

impl Wanted {
    /// What a request for this URL wants.
    pub fn by(url: &str) -> Self {
        let (path, query) = path_and_query(url);
        let path = path.trim_end_matches('/');
        let first = path.split('/').nth(1).unwrap_or("");
        // Two names of a function are none.
        let names = |parameter| match Query::read(query, &[parameter]) {
            Ok(query) => query.get(parameter).map(str::to_owned),
            Err(_) => Some(String::new()),
        };
        match first {
            "pixel" | "count" => Self::Pixel,
            "badge" if !path.ends_with(".json") => Self::Badge,
            "hit" | "get" if path.ends_with("/shield") => Self::Badge,
            "counter" if path.ends_with(".svg") => Self::Badge,
            "counter" if path.ends_with(".png") => Self::Pixel,
            "hit" | "get" | "info" | "create" | "set" | "update" | "reset" | "delete" | "stats" => match names("callback") {
                None => Self::Text,
                Some(name) if is_function(&name) => Self::Call(name),
                Some(_) => Self::Script,
            },
            // Its script writes whatever it is called with into the page.
            "busuanzi" if names("jsonpCallback").is_some() => Self::Script,
            _ => Self::Text,
        }
    }

    /// An error as what is wanted; any other reply as it is.
    ///
    /// The status stays, but for a script that calls: a browser runs none whose status is an error (Fetch, "fetch a classic script"), so
    /// that a page would wait for a call that never comes. A wrong method is asked by no page.
    pub fn dress(self, reply: Reply) -> Reply {
        if reply.status < 400 || reply.status == 405 || reply.content_type != JSON {
            return reply;
        }
        let (status, dressed) = match self {
            Self::Text => return reply,
            Self::Pixel => (reply.status, text(0, GIF, String::new())),
            Self::Badge => (reply.status, text(0, SVG, complaint(&said(&reply.body)))),
            // The comment keeps what comes first from being anything but a script (the attack "Rosetta Flash").
            Self::Call(name) => (200, text(0, SCRIPT, format!("/**/{name}({});", reply.body))),
            Self::Script => (reply.status, text(0, SCRIPT, format!("/**/console.error(\"Footfall:\",{});", reply.body))),
        };
        Reply { status, content_type: dressed.content_type, body: dressed.body, ..reply }
    }
}

/// What the JSON of an error says is wrong.
fn said(json: &str) -> String {
    let texts = objects(json, &["error"], &[]).unwrap_or_default().pop().map(|found| found.texts);
    let error = texts.and_then(|mut texts| texts.pop().flatten());
    error.unwrap_or_default().chars().take(MAX_SAID).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::http::refusal::Refusal;
    use crate::counting::http::refused::refused;

    #[test]
    fn f17_what_is_asked_for_is_known_by_the_url() {
        for url in ["https://h/pixel/blog.gif?page=a", "https://h/count?p=/a", "/count/", "/pixel/none"] {
            assert_eq!(Wanted::by(url), Wanted::Pixel, "{url}");
        }
        for url in ["https://h/badge/blog/a.svg?color=nope", "/badge/none", "/get/a/b/shield?x", "/hit/a/shield/"] {
            assert_eq!(Wanted::by(url), Wanted::Badge, "{url}");
        }
        for url in ["/hit/a/b?callback=c.d&_=1", "/get/b/?x&callback=c.d", "/create/a/b?callback=c.d"] {
            assert_eq!(Wanted::by(url), Wanted::Call("c.d".to_owned()), "{url}");
        }
        for url in [
            "/hit/a/b?callback=alert(1)",
            "/hit/a/b?callback=a&callback=b",
            "/busuanzi?jsonpCallback=a&jsonpCallback=b",
            "/busuanzi?jsonpCallback=a()",
            "/busuanzi/?jsonpCallback=B_1",
        ] {
            assert_eq!(Wanted::by(url), Wanted::Script, "{url}");
        }
        for url in ["/", "/hit/a/b", "/counter?callback=x", "/badge/blog/a.json", "/api/sites/a/pages", "/busuanzi", "/pixels/a"]
        {
            assert_eq!(Wanted::by(url), Wanted::Text, "{url}");
        }
    }

    #[test]
    fn an_error_is_dressed_as_what_is_wanted() {
        let error = || refused(&Refusal::Parameter("color", "red, blue"), "color=<b>");
        let dressed = |wanted: Wanted| wanted.dress(error());
        assert_eq!(dressed(Wanted::Text), error());
        assert_eq!((dressed(Wanted::Pixel).status, dressed(Wanted::Pixel).content_type), (400, GIF));
        let badge = dressed(Wanted::Badge);
        assert_eq!((badge.status, badge.content_type), (400, SVG));
        assert!(badge.body.contains("`color` is &quot;&lt;b&gt;&quot;, which it may not be"), "{}", badge.body);
        let call = dressed(Wanted::Call("a.b".to_owned()));
        assert_eq!((call.status, call.content_type), (200, SCRIPT));
        assert_eq!(call.body, format!("/**/a.b({});", error().body));
        assert_eq!((dressed(Wanted::Script).status, dressed(Wanted::Script).content_type), (400, SCRIPT));
        let method = refused(&Refusal::Method("GET, HEAD"), "");
        assert_eq!(Wanted::Badge.dress(method.clone()), method);
        let good = text(200, JSON, "{}".to_owned());
        assert_eq!(Wanted::Pixel.dress(good.clone()), good);
    }
}
