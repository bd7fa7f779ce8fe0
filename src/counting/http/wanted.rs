//! The kind of answer that a request can use. A picture is answered with a picture even if there is an error, so that no page shows a broken
//! one, and a script is answered with a script.

use crate::counting::http::badge::svg::complaint;
use crate::counting::http::compat::callback::{SCRIPT, is_function};
use crate::counting::http::query::Query;
use crate::counting::http::reply::{GIF, JSON, Reply, SVG, text};
use crate::counting::text::json_read::objects;
use crate::counting::text::url::path_and_query;

/// The most characters of an error on a badge.
const MAX_SAID: usize = 100;

/// The kind of answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// JSON or text.
    Text,
    /// A picture of one pixel.
    Pixel,
    /// A picture with a text.
    Badge,
    /// A script that calls this function.
    Call(String),
    /// A script that calls no function: the name of the function is not valid, or the function must not be called without numbers.
    Script,
}

impl Wanted {
    /// The kind of answer to a request for this URL.
    pub(crate) fn by(url: &str) -> Self {
        let (path, query) = path_and_query(url);
        let path = path.trim_end_matches('/');
        let first = path.split('/').nth(1).unwrap_or("");
        // Two different names of a function are not a valid name.
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
            // The script of Busuanzi writes its argument into the page, whatever it is.
            "busuanzi" if names("jsonpCallback").is_some() => Self::Script,
            _ => Self::Text,
        }
    }

    /// Turns an error into the kind of answer that the request can use. Other replies stay unchanged.
    ///
    /// The status stays, except for a script that calls a function: a browser does not run a script with the status of an error (Fetch, "fetch a
    /// classic script"), so the page would wait for a call that never comes. An error about the method stays JSON, because no page causes it.
    pub(crate) fn dress(self, reply: Reply) -> Reply {
        if reply.status < 400 || reply.status == 405 || reply.content_type != JSON {
            return reply;
        }
        let (status, dressed) = match self {
            Self::Text => return reply,
            Self::Pixel => (reply.status, text(0, GIF, String::new())),
            Self::Badge => (reply.status, text(0, SVG, complaint(&said(&reply.body)))),
            // The comment at the beginning prevents the attack "Rosetta Flash", in which the name of the function makes the script another kind of file.
            Self::Call(name) => (200, text(0, SCRIPT, format!("/**/{name}({});", reply.body))),
            Self::Script => (reply.status, text(0, SCRIPT, format!("/**/console.error(\"Footfall:\",{});", reply.body))),
        };
        Reply { status, content_type: dressed.content_type, body: dressed.body, ..reply }
    }
}

/// The error in the JSON of an error reply.
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
        assert!(badge.body.contains("`color` is &quot;&lt;b&gt;&quot;, which is not allowed"), "{}", badge.body);
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
