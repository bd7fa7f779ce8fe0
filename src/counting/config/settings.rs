//! The configuration. Only this file reads the variables of `wrangler.toml`; [`crate::counting::config::variables`] checks their values.

use crate::counting::config::base_path::BasePath;
use crate::counting::config::exclusions::{ExcludedAddresses, ExcludedPages, MAX_EXCLUSIONS};
use crate::counting::config::open_updates::{MAX_OPEN, OpenUpdates};
use crate::counting::config::placement::placement;
use crate::counting::config::shards::ShardsSetting;
use crate::counting::config::variable::{Access, ConfigError, Variable};
use crate::counting::config::variables::{counter_url, home, hosts, limits, list, origins, sites, stats, token_of, whole_number};
use crate::counting::dispatch::ticket::MAX_DEADLINE_MS;
use crate::counting::ledger::report::KEEP_HOURS_DAYS;
use crate::counting::model::limits::{MAX_DAYS, MAX_PAGES};
use crate::counting::model::origin::Origins;
use crate::counting::model::page::{KeptQuery, MAX_KEPT};
use crate::counting::model::site::Sites;

/// The default of `COUNTER_TIMEOUT_MS`, in milliseconds: longer than a healthy counter takes, and shorter than a visitor waits.
pub const DEFAULT_TIMEOUT_MS: u32 = 5_000;

/// The greatest `COUNTER_TIMEOUT_MS`, in milliseconds. The platform ends a request at most 30 s after its client has left, and this leaves 5 s to
/// finish.
pub(crate) const MAX_TIMEOUT_MS: u32 = 25_000;

// What is kept for a request is kept no longer than its deadline.
const _: () = assert!(MAX_TIMEOUT_MS as u64 == MAX_DEADLINE_MS);

/// The greatest `CREATE_LIMIT`: a shard keeps no more pages apart.
const MOST_PAGES: u32 = 10_000;
const _: () = assert!(MOST_PAGES as u64 == MAX_PAGES && MAX_EXCLUSIONS == 64 && MAX_KEPT == 16 && MAX_OPEN == 64);

/// The settings of the owner, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `COUNTER_URL`: the counter that gets a POST for each visit of `GET /`. `None` is the embedded counter.
    pub counter_url: Option<String>,
    /// `COUNTER_TIMEOUT_MS`: how long a visit waits for a counter, in milliseconds.
    pub timeout_ms: u32,
    /// `SITES`, `HOSTS` and `HOME_SITE`: the sites that are counted, their other names, and the site of `GET /`.
    pub sites: Sites,
    /// `ALLOWED_ORIGINS`: the origins whose pages may send visits.
    pub origins: Origins,
    /// `EXCLUDED_ADDRESSES`: the addresses whose visits are not counted.
    pub excluded_addresses: ExcludedAddresses,
    /// `EXCLUDED_PAGES`: the pages whose visits are not counted.
    pub excluded_pages: ExcludedPages,
    /// `PAGE_QUERY`: the query parameters that belong to a page.
    pub page_query: KeptQuery,
    /// `RATE_LIMITS`: whether the rate limits that `wrangler.toml` binds apply.
    pub limits: bool,
    /// `STATS` and `STATS_TOKEN`: who may read the numbers.
    pub stats: Access,
    /// `STATS_TOKEN`: who may read the metrics of the Worker. They need the token even if everybody may read the numbers.
    pub reader: Access,
    /// `ADMIN_TOKEN`: who may export, import, change and delete the numbers.
    pub admin: Access,
    /// `PROXY_TOKEN`: the proxy that may say who its visitors are.
    pub proxy: Access,
    /// `BASE_PATH`: the path below which the Worker also answers.
    pub base: BasePath,
    /// `CREATE_LIMIT`: anybody may create counters while the site has fewer pages than this.
    pub create_limit: u32,
    /// `OPEN_UPDATES`: the counters that anybody may change.
    pub open_updates: OpenUpdates,
    /// `HOURS_KEPT_DAYS`: the days after which hours are added up by day.
    pub hours_kept_days: u32,
    /// `LOG_VISITS`: one visit in this many is logged. 0 logs none.
    pub log_visits: u32,
    /// `SHARDS` and `MAX_SHARDS`: the number of shards of a site. A greater number takes effect at the next midnight (UTC).
    pub shards: ShardsSetting,
    /// `JURISDICTION`: where the objects run and store.
    pub jurisdiction: Option<&'static str>,
}

impl Config {
    /// Reads all variables through `variable`.
    ///
    /// # Errors
    /// The first variable with a value that is not allowed.
    pub fn parse(variable: impl Fn(&'static str) -> Variable) -> Result<Self, ConfigError> {
        Ok(Self {
            counter_url: counter_url(variable("COUNTER_URL"))?,
            timeout_ms: whole_number(
                variable("COUNTER_TIMEOUT_MS"),
                "COUNTER_TIMEOUT_MS",
                DEFAULT_TIMEOUT_MS,
                1..=MAX_TIMEOUT_MS,
                " of milliseconds",
            )?,
            sites: home(hosts(sites(variable("SITES"))?, &variable("HOSTS"))?, &variable("HOME_SITE"))?,
            origins: Self::origins(&variable)?,
            excluded_addresses: list(
                "EXCLUDED_ADDRESSES",
                &variable("EXCLUDED_ADDRESSES"),
                ExcludedAddresses::parse,
                "up to 64 addresses and networks separated by commas, such as 192.0.2.7, 2001:db8::/32",
            )?,
            excluded_pages: list(
                "EXCLUDED_PAGES",
                &variable("EXCLUDED_PAGES"),
                ExcludedPages::parse,
                "up to 64 pages separated by commas, such as /draft, /admin/*",
            )?,
            page_query: list(
                "PAGE_QUERY",
                &variable("PAGE_QUERY"),
                KeptQuery::parse,
                "up to 16 names of parameters separated by commas, such as id, p",
            )?,
            limits: limits(&variable("RATE_LIMITS"))?,
            stats: stats(variable("STATS"), variable("STATS_TOKEN"))?,
            reader: token_of("STATS_TOKEN", variable("STATS_TOKEN"))?.map_or(Access::Closed, Access::Token),
            admin: token_of("ADMIN_TOKEN", variable("ADMIN_TOKEN"))?.map_or(Access::Closed, Access::Token),
            proxy: token_of("PROXY_TOKEN", variable("PROXY_TOKEN"))?.map_or(Access::Closed, Access::Token),
            base: list(
                "BASE_PATH",
                &variable("BASE_PATH"),
                BasePath::parse,
                "a path such as /stats, without a / at its end; or nothing",
            )?,
            create_limit: whole_number(variable("CREATE_LIMIT"), "CREATE_LIMIT", 0, 0..=MOST_PAGES, " of pages")?,
            open_updates: list(
                "OPEN_UPDATES",
                &variable("OPEN_UPDATES"),
                OpenUpdates::parse,
                "up to 64 counters SITE/KEY separated by commas, each with or without =FROM..TO, such as blog/likes, blog/score=-5..100",
            )?,
            hours_kept_days: whole_number(
                variable("HOURS_KEPT_DAYS"),
                "HOURS_KEPT_DAYS",
                KEEP_HOURS_DAYS,
                1..=MAX_DAYS,
                " of days",
            )?,
            log_visits: whole_number(variable("LOG_VISITS"), "LOG_VISITS", 0, 0..=1_000_000, " of visits")?,
            shards: ShardsSetting::parse(variable("SHARDS"), variable("MAX_SHARDS"))?,
            jurisdiction: placement(&variable("HOME"), &variable("JURISDICTION"))?,
        })
    }
}

impl Config {
    /// Reads `ALLOWED_ORIGINS` alone, for answers when another variable is wrong.
    ///
    /// # Errors
    /// The value is not allowed.
    pub(crate) fn origins(variable: impl Fn(&'static str) -> Variable) -> Result<Origins, ConfigError> {
        origins(variable("ALLOWED_ORIGINS"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: Variable) -> Result<Config, ConfigError> {
        Config::parse(|asked| if asked == name { value.clone() } else { Variable::Missing })
    }

    fn text(value: &str) -> Variable {
        Variable::Text(value.to_owned())
    }

    #[test]
    fn nothing_needs_to_be_set() {
        let config = Config::parse(|_| Variable::Missing).unwrap();
        let expected = Config {
            counter_url: None,
            timeout_ms: 5_000,
            sites: Sites::parse("default").unwrap(),
            origins: Origins::default(),
            excluded_addresses: ExcludedAddresses::default(),
            excluded_pages: ExcludedPages::default(),
            page_query: KeptQuery::default(),
            limits: true,
            stats: Access::Closed,
            reader: Access::Closed,
            admin: Access::Closed,
            proxy: Access::Closed,
            base: BasePath::default(),
            create_limit: 0,
            open_updates: OpenUpdates::default(),
            hours_kept_days: 90,
            log_visits: 0,
            shards: ShardsSetting::Auto { most: 64 },
            jurisdiction: None,
        };
        assert_eq!(config, expected);
    }

    #[test]
    fn numbers_have_ranges_of_their_own() {
        assert_eq!(with("CREATE_LIMIT", text("0")).unwrap().create_limit, 0);
        assert_eq!(with("CREATE_LIMIT", text("10000")).unwrap().create_limit, 10_000);
        assert_eq!(with("HOURS_KEPT_DAYS", text("3660")).unwrap().hours_kept_days, 3_660);
        for (name, value) in
            [("CREATE_LIMIT", "10001"), ("HOURS_KEPT_DAYS", "0"), ("HOURS_KEPT_DAYS", "3661"), ("ADMIN_TOKEN", "short")]
        {
            assert_eq!(with(name, text(value)).unwrap_err().variable, name, "{value}");
        }
        let token = "0123456789abcdef";
        assert_eq!(with("ADMIN_TOKEN", text(token)).unwrap().admin, Access::Token(token.to_owned()));
        assert_eq!(with("PROXY_TOKEN", text(token)).unwrap().proxy, Access::Token(token.to_owned()));
        assert_eq!(with("PROXY_TOKEN", text("two words of 16 and more")).unwrap_err().variable, "PROXY_TOKEN");
        assert!(!with("ADMIN_TOKEN", text("secret and short")).unwrap_err().to_string().contains("secret"));
    }

    #[test]
    fn a_timeout_is_a_whole_number_in_its_range() {
        for (value, ms) in [(text("1"), 1), (text("25000"), 25_000)] {
            assert_eq!(with("COUNTER_TIMEOUT_MS", value).unwrap().timeout_ms, ms);
        }
        let wrong = ["soon", "0", "25001", "-1", "+5", "1e3", "", " 5", "5.5", "NaN", "Infinity", "99999999999999999999"];
        for value in wrong.map(text).into_iter().chain([Variable::Other]) {
            let error = with("COUNTER_TIMEOUT_MS", value.clone()).unwrap_err();
            assert_eq!(error.variable, "COUNTER_TIMEOUT_MS", "{value:?}");
            assert!(error.allowed.contains("1 to 25000"));
        }
        let shown = with("COUNTER_TIMEOUT_MS", text("soon")).unwrap_err().to_string();
        assert_eq!(shown, "COUNTER_TIMEOUT_MS is \"soon\"; allowed: a whole number of milliseconds from 1 to 25000");
    }

    #[test]
    fn a_counter_url_is_http_with_a_host() {
        let good = [
            "http://example.com/counter",
            "HTTPS://example.com",
            "http://127.0.0.1:8080/?a=b",
            "http://[::1]:80/c",
            "http://[::1]",
            "http://a_b.local.",
        ];
        for url in good {
            assert_eq!(with("COUNTER_URL", text(url)).unwrap().counter_url.as_deref(), Some(url));
        }
        assert_eq!(with("COUNTER_URL", text("")).unwrap().counter_url, None);
        let bad = [
            "example.com",
            "ftp://example.com",
            "http://",
            "http:///a",
            "http://?",
            "http://:80",
            "http://a:b/",
            "http://a:65536/",
            "http://u:p@a/",
            "http://a/#x",
            "http://a b/",
            "http://é/",
            "http://[::1/",
            "http://[zz]/",
            "http://1.2.3.256/",
            "http://a..b/",
            "http://1.2.3/",
            "http://[::1]x/",
        ];
        for url in bad {
            assert_eq!(with("COUNTER_URL", text(url)).unwrap_err().variable, "COUNTER_URL", "{url}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_not_repeated() {
        let shown = with("COUNTER_URL", text("https://me:secret@example.com/")).unwrap_err().to_string();
        assert!(!shown.contains("secret") && !shown.contains("me:") && shown.contains("https://…@example.com/"), "{shown}");
        assert!(!with("COUNTER_URL", text("https://c/x?token=secret#a")).unwrap_err().to_string().contains("secret"));
        assert!(!with("COUNTER_URL", text("me:secret@example.com")).unwrap_err().to_string().contains("secret"));
    }

    #[test]
    fn wrong_sites_are_named() {
        let error = with("SITES", text("blog,Docs")).unwrap_err().to_string();
        assert!(error.contains("\"blog,Docs\" (\"Docs\" is not the name of a site)"), "{error}");
    }
}
