//! busuanzi: `GET /busuanzi?jsonpCallback=NAME`. The answer is a script that calls the function NAME.

use crate::counting::dispatch::endpoint::Failure;
use crate::counting::http::answers::failures::read_failed;
use crate::counting::http::compat::callback::{SCRIPT, function};
use crate::counting::http::query::Query;
use crate::counting::http::refusal::Refusal;
use crate::counting::http::reply::{Reply, text};
use crate::counting::model::page::{KeptQuery, Page};
use crate::counting::text::url::path_and_query;

/// Reads the name of the function from the query.
///
/// # Errors
/// [`Refusal::Parameter`] if the name is missing or is not that of a function; [`Refusal::RepeatedParameter`].
pub(crate) fn read_busuanzi(query: &str) -> Result<String, Refusal> {
    let function = function(&Query::read(query, &["jsonpCallback", "type"])?, "jsonpCallback")?;
    function.ok_or(Refusal::Parameter("jsonpCallback", "the name of a function, such as BusuanziCallback_1"))
}

/// The page that asked for the script, by its `Referer`. Most browsers send other hosts only the origin; then the page is `/`.
pub(crate) fn page(referrer: &str, kept: &KeptQuery) -> Page {
    let (path, query) = path_and_query(referrer);
    kept.page(&format!("{path}?{query}")).unwrap_or_else(|_| Page::root())
}

/// The numbers that busuanzi's script writes into a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BusuanziNumbers {
    /// Views of the site.
    pub site_views: u64,
    /// Views of the page.
    pub page_views: u64,
    /// Visitors of the site today (UTC).
    pub visitors: u64,
}

/// The answer: a script that calls the function. If the page has removed the function, nothing happens.
pub(crate) fn answer_busuanzi(function: &str, numbers: &Result<BusuanziNumbers, Failure>) -> Reply {
    match numbers {
        Err(failure) => read_failed(failure),
        Ok(BusuanziNumbers { site_views, page_views, visitors }) => {
            // By hand: with serde, the fraction in `version` costs 1.7 KiB of the Worker's size with gzip.
            let numbers = format!("{{\"site_uv\":{visitors},\"page_pv\":{page_views},\"version\":2.4,\"site_pv\":{site_views}}}");
            text(200, SCRIPT, format!("try{{{function}({numbers});}}catch(e){{}}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_and_called() {
        assert_eq!(read_busuanzi("jsonpCallback=BusuanziCallback_123"), Ok("BusuanziCallback_123".to_owned()));
        for wrong in ["", "jsonpCallback=", "jsonpCallback=a()", "callback=a"] {
            assert!(read_busuanzi(wrong).is_err(), "{wrong}");
        }
        let script = answer_busuanzi("B_1", &Ok(BusuanziNumbers { site_views: 3, page_views: 2, visitors: 1 }));
        assert_eq!(&*script.body, "try{B_1({\"site_uv\":1,\"page_pv\":2,\"version\":2.4,\"site_pv\":3});}catch(e){}");
        assert_eq!(answer_busuanzi("B_1", &Err(Failure::Busy { retry_after: 3 })).status, 503);
    }

    #[test]
    fn the_page_is_that_of_the_referrer() {
        for (referrer, page) in
            [("https://blog.example/a/?x#y", "/a"), ("https://blog.example/", "/"), ("https://blog.example", "/"), ("", "/")]
        {
            assert_eq!(super::page(referrer, &KeptQuery::default()).as_str(), page, "{referrer}");
        }
    }
}
