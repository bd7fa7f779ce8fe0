//! The counter that a request of CountAPI or Abacus names.

use crate::counting::config::open_updates::OpenUpdates;
use crate::counting::http::compat::abacus::request::{AbacusAction, AbacusRequest, HOST, PATHS};
use crate::counting::http::refusal::Refusal;
use crate::counting::model::page::{KeptQuery, Page};
use crate::counting::model::site::{Site, Sites, host_of};
use crate::counting::text::url::path_and_query;

/// A counter, with its reserved words replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AbacusCounter {
    /// The site.
    pub site: Site,
    /// The key, as answers show it.
    pub key: String,
    /// The page.
    pub page: Page,
}

impl AbacusRequest {
    /// The counter that the request names. `url` is the page that asks; a browser may tell only its origin, and then its path is `/`. `made_up` is
    /// a random key, for a request without a key.
    ///
    /// # Errors
    /// [`Refusal::UnknownSite`] if `SITES` does not have the namespace; [`Refusal::Page`].
    pub(crate) fn counter(&self, url: &str, sites: &Sites, kept: &KeptQuery, made_up: &str) -> Result<AbacusCounter, Refusal> {
        let site = match self.namespace.as_deref() {
            Some(HOST) => sites.of_page(url),
            Some(name) => sites.find(name).ok_or_else(|| Refusal::unknown_site(name))?,
            None => sites.find("default").unwrap_or_else(|| sites.of_page(url)),
        };
        let key = match self.key.as_deref() {
            None => made_up.to_owned(),
            Some(HOST) => match host_of(url) {
                "" => site.as_str().to_owned(),
                host => host.to_ascii_lowercase(),
            },
            Some(word) if PATHS.contains(&word) => {
                let (path, query) = path_and_query(url);
                let page = kept.page(&format!("{path}?{query}")).unwrap_or_else(|_| Page::root());
                return Ok(AbacusCounter { site: site.clone(), key: page.as_str().to_owned(), page });
            }
            Some(key) => key.to_owned(),
        };
        let page = Page::parse(&format!("/{key}")).map_err(Refusal::Page)?;
        Ok(AbacusCounter { site: site.clone(), key, page })
    }

    /// Whether `OPEN_UPDATES` allows the action to everybody.
    pub(crate) fn is_open(&self, counter: &AbacusCounter, open: &OpenUpdates) -> bool {
        match self.action {
            AbacusAction::Update(by) => open.allows(counter.site.as_str(), &counter.key, by),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::http::compat::abacus::request::{AbacusFormat, read_abacus, read_countapi_create};

    fn sites() -> Sites {
        Sites::parse("default,mysite.com,a,myapp").unwrap()
    }

    fn hit(rest: &str, query: &str) -> Result<AbacusRequest, Refusal> {
        read_abacus("hit", rest, query)
    }

    #[test]
    fn a_counter_is_a_site_and_a_page() {
        let named = |asked: Result<AbacusRequest, Refusal>| {
            let counter = asked?.counter("", &sites(), &KeptQuery::default(), "")?;
            Ok::<_, Refusal>((counter.site.as_str().to_owned(), counter.page.as_str().to_owned()))
        };
        let is = |site: &str, page: &str| Ok((site.to_owned(), page.to_owned()));
        assert_eq!(named(hit("mysite.com/visits", "")), is("mysite.com", "/visits"));
        assert_eq!(named(hit("MySite.com/visits", "")), is("mysite.com", "/visits"));
        assert_eq!(named(hit("visits", "")), is("default", "/visits"));
        assert_eq!(named(hit("mysite.com/visits/", "")), is("mysite.com", "/visits"));
        assert_eq!(named(hit("nope/visits", "")), Err(Refusal::unknown_site("nope")));
        assert_eq!(named(read_abacus("set", "a/shield", "value=1")), is("a", "/shield"));
        assert_eq!(hit("a/b", "callback=my.cb_1").unwrap().format, AbacusFormat::Script("my.cb_1".into()));
        for wrong in ["a/", "", "a/b/c", "a/b%20c", "a/é", &format!("a/{}", "x".repeat(65))] {
            assert!(hit(wrong, "").is_err(), "{wrong}");
        }
        assert!(matches!(hit("a/b", "callback=alert(1)"), Err(Refusal::Parameter("callback", _))));
    }

    #[test]
    fn reserved_words_are_those_of_the_page_that_asks() {
        let sites = Sites::parse("default,blog.example,docs").unwrap().with_hosts("docs.example=docs").unwrap();
        let of = |rest: &str, url: &str| {
            let counter = hit(rest, "").unwrap().counter(url, &sites, &KeptQuery::default(), "").unwrap();
            (counter.site.as_str().to_owned(), counter.page.as_str().to_owned())
        };
        let is = |site: &str, page: &str| (site.to_owned(), page.to_owned());
        assert_eq!(of(":HOST:/:PATHNAME:", "https://docs.example/a/b/?x=1"), is("docs", "/a/b"));
        assert_eq!(of("%3AHOST%3A/%3aPATH%3a", "https://www.blog.example"), is("blog.example", "/"));
        assert_eq!(of(":HOST:/likes", "https://docs.example/a"), is("docs", "/likes"));
        assert_eq!(of("docs/:HOST:", "https://X.example/a"), is("docs", "/x.example"));
        assert_eq!(of(":HOST:/:PATHNAME:", ""), is("default", "/"), "who says nothing means the first site");
        assert_eq!(of(":PATHNAME:", "https://docs.example/a"), is("default", "/a"));
        let first = Sites::parse("blog").unwrap();
        let alone = hit("likes", "").unwrap().counter("", &first, &KeptQuery::default(), "").unwrap();
        assert_eq!(alone.site.as_str(), "blog");
    }

    #[test]
    fn countapi_creates_by_its_query() {
        let asked =
            read_countapi_create("/create", "namespace=Mysite.com&key=visits&value=7&enable_reset=1&update_lowerbound=-5")
                .unwrap();
        assert_eq!((asked.action, asked.countapi), (AbacusAction::Create(7), true));
        let counter = asked.counter("", &sites(), &KeptQuery::default(), "made-up").unwrap();
        assert_eq!((counter.site.as_str(), counter.key.as_str()), ("mysite.com", "visits"));
        let random =
            read_countapi_create("/create", "").unwrap().counter("", &sites(), &KeptQuery::default(), "made-up").unwrap();
        assert_eq!((random.site.as_str(), random.page.as_str()), ("default", "/made-up"));
        assert!(read_countapi_create("/create", "").unwrap().countapi && !read_countapi_create("/create/", "").unwrap().countapi);
        for (query, error) in [
            ("key=aa", "Malformed Namespace/Key"),
            ("namespace=aa", "Malformed Namespace/Key"),
            ("key=a%2Fb", "Malformed Namespace/Key"),
            ("update_upperbound=-1", "update_upperbound must be positive"),
            ("update_lowerbound=1", "update_lowerbound must be negative"),
        ] {
            assert!(matches!(read_countapi_create("/create", query), Err(Refusal::Wrong(said, _)) if said == error), "{query}");
        }
    }
}
