//! The methods that each path takes. Routing, the `Allow` header of a 405 and the answer to a preflight all use this table.

use crate::counting::http::reply::{Reply, text_reply};
use crate::counting::model::dimension::Dimension;

/// Paths that only read.
const READ: &str = "GET, HEAD";

/// Paths that change a counter: clients of CountAPI use GET, those of Abacus POST. Both need a token.
const CHANGE: &str = "GET, POST";

/// Paths that contain no name.
const PATHS: [(&str, &str); 15] = [
    ("/", READ),
    ("/visit", "POST"),
    ("/counter", "GET, HEAD, POST"),
    ("/numbers", READ),
    ("/visitors", READ),
    ("/healthz", READ),
    ("/metrics", READ),
    // GoatCounter's script sends a beacon, which is a POST without a body, or loads a picture.
    ("/count", "GET, HEAD, POST"),
    ("/busuanzi", "GET"),
    ("/stats", READ),
    ("/create", CHANGE),
    ("/api/event", "POST"),
    ("/api/send", "POST"),
    ("/api/batch", "POST"),
    ("/api/v0/count", "POST"),
];

/// The methods of a path, as `Allow` lists them, or `None` if there is no such path. Slashes at the end of `path` are ignored.
///
/// The name of a site is not checked: only the configuration has the list of sites.
pub(super) fn of(path: &str) -> Option<&'static str> {
    let path = Some(path.trim_end_matches('/')).filter(|path| !path.is_empty()).unwrap_or(path);
    if let Some((_, methods)) = PATHS.iter().find(|(known, _)| *known == path) {
        return Some(methods);
    }
    let (first, rest) = path.strip_prefix('/')?.split_once('/')?;
    let ends_in = |forms: &[&str]| rest.rsplit_once('.').is_some_and(|(_, form)| forms.contains(&form));
    // A namespace and a key, or only a key.
    let names_one = rest.split('/').count() <= 2;
    match first {
        "badge" if ends_in(&["svg", "json"]) => Some(READ),
        "pixel" if ends_in(&["gif"]) => Some(READ),
        "counter" if ends_in(&["json", "html", "svg", "png"]) => Some(READ),
        "hit" | "get" => Some(READ),
        "info" | "stream" if names_one => Some(READ),
        "create" | "set" | "update" | "reset" | "delete" if names_one => Some(CHANGE),
        "api" => of_site(rest.strip_prefix("sites/")?),
        _ => None,
    }
}

/// The methods of a path that begins with `/api/sites/`; `rest` is what follows.
fn of_site(rest: &str) -> Option<&'static str> {
    let Some((_, what)) = rest.split_once('/') else { return Some("DELETE") };
    match what {
        "import" => Some("POST"),
        "pages" => Some("GET, HEAD, PUT, DELETE"),
        "export" | "live" | "summary" | "series" | "totals" | "excluded" => Some(READ),
        list if Dimension::is_list(list) => Some(READ),
        _ => None,
    }
}

/// The answer to a preflight: the script of a page may use these methods.
pub(crate) fn preflight(methods: &'static str) -> Reply {
    Reply { methods: Some(methods), ..text_reply(204, "") }
}
