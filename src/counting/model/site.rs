//! Sites: the names that visits count under, as the owner listed them.
//!
//! The name of a site is part of the name of a Durable Object, and each new name makes a new object, which is billed. So a name is always
//! looked up in the owner's list, and never taken from a stranger.

use crate::counting::text::json::quoted;
use crate::counting::text::url::split_scheme;
use std::rc::Rc;

/// The longest name of a site, in bytes: one more than a label of a host name may have.
pub(crate) const MAX_SITE_BYTES: usize = 64;

/// The most sites of one deployment. A variable of a Worker holds 5 KB, which is about as many short names.
pub const MAX_SITES: usize = 1000;

/// The name of a site that the owner listed. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site(Rc<str>);

impl Site {
    /// The name as the owner wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The most other names of sites that may be listed: a variable of a Worker holds 5 KB.
pub(crate) const MAX_HOSTS: usize = 200;

/// The longest other name of a site, in bytes: that of the longest host name, with a port.
const MAX_HOST_BYTES: usize = 259;

/// The site of `GET /`, unless `HOME_SITE` names one.
pub(crate) const HOME: &str = "default";

/// The sites that this deployment counts for; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sites {
    first: Site,
    /// `HOME_SITE`: the site of `GET /`, listed or not.
    home: Site,
    all: Vec<Site>,
    /// `HOSTS`: other names of listed sites.
    hosts: Vec<(String, Site)>,
}

impl Sites {
    /// Reads a comma-separated list. Spaces around a name are dropped.
    ///
    /// # Errors
    /// The first name that is empty, too long or repeated, has a character other than `a-z 0-9 . - _`, or begins
    /// with one of `. - _`; or a list of more than [`MAX_SITES`].
    pub fn parse(list: &str) -> Result<Self, String> {
        let mut all: Vec<Site> = Vec::new();
        for name in list.split(',').map(str::trim) {
            if !is_site_name(name) {
                return Err(format!("{} is not the name of a site", shown(name)));
            }
            if all.iter().any(|site| site.as_str() == name) {
                return Err(format!("`{name}` is listed twice"));
            }
            all.push(Site(name.into()));
        }
        match all.first() {
            Some(first) if all.len() <= MAX_SITES => {
                let home = all.iter().find(|site| site.as_str() == HOME).cloned().unwrap_or_else(|| Site(HOME.into()));
                Ok(Self { first: first.clone(), home, all, hosts: Vec::new() })
            }
            _ => Err(format!("{} sites are listed", all.len())),
        }
    }

    /// The site of a call that names none.
    pub fn first(&self) -> &Site {
        &self.first
    }

    /// The site of `GET /`. It need not be listed, because robots that visit the counter's own host are no views of the owner's pages.
    pub(crate) fn home(&self) -> &Site {
        &self.home
    }

    /// Sets the site of `GET /`.
    ///
    /// # Errors
    /// The name cannot be that of a site.
    pub(crate) fn with_home(mut self, name: &str) -> Result<Self, String> {
        if !is_site_name(name) {
            return Err(format!("{} is not the name of a site", shown(name)));
        }
        self.home = self.all.iter().find(|site| site.as_str() == name).cloned().unwrap_or_else(|| Site(name.into()));
        Ok(self)
    }

    /// Reads other names of these sites, `blog.example=blog, docs.example=docs`: hosts, or names of sites in another counter.
    ///
    /// # Errors
    /// The first entry that is not `HOST=SITE`, whose site is not listed, or whose host is a site's name already; or a list of more than
    /// [`MAX_HOSTS`].
    pub(crate) fn with_hosts(mut self, list: &str) -> Result<Self, String> {
        for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (host, site) = entry.split_once('=').map(|(host, site)| (host.trim(), site.trim())).unwrap_or((entry, ""));
            let known = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
            if host.is_empty() || host.len() > MAX_HOST_BYTES || !host.bytes().all(known) {
                return Err(format!("{} is not HOST=SITE", shown(entry)));
            }
            let site = self.all.iter().find(|known| known.as_str() == site).cloned();
            let site = site.ok_or_else(|| format!("{} names no site of SITES", shown(entry)))?;
            let host = host.to_ascii_lowercase();
            if self.find(&host).is_some() {
                return Err(format!("{} is a site already", shown(&host)));
            }
            self.hosts.push((host, site));
        }
        if self.hosts.len() > MAX_HOSTS { Err(format!("{} hosts are listed", self.hosts.len())) } else { Ok(self) }
    }

    /// The listed site of that name, or the site of `GET /`, which can be read like the others.
    pub(crate) fn known(&self, name: &str) -> Option<&Site> {
        self.find(name).or_else(|| Some(&self.home).filter(|site| site.as_str() == name))
    }

    /// The listed site of that name, if there is one.
    pub fn find(&self, name: &str) -> Option<&Site> {
        let other = || self.hosts.iter().find(|(host, _)| host.eq_ignore_ascii_case(name)).map(|(_, site)| site);
        self.all.iter().find(|site| site.as_str() == name).or_else(other)
    }

    /// The site of a host, with or without `www.` and a port: the one that `HOSTS` gives it, or the one with that name.
    pub(crate) fn of_host(&self, host: &str) -> Option<&Site> {
        let host = host.to_ascii_lowercase();
        let bare = host.strip_prefix("www.").unwrap_or(&host);
        let port = |host: &str| host.rsplit_once(':').map_or(host.len(), |(name, _)| name.len());
        let names = [&*host, bare, host.get(..port(&host)).unwrap_or(""), bare.get(..port(bare)).unwrap_or("")];
        names.into_iter().find_map(|name| self.find(name))
    }

    /// The site of a page whose call names none: that of its host, else the first. `url` is the page's URL or origin.
    pub(crate) fn of_page(&self, url: &str) -> &Site {
        // Most deployments have one site, and need not look at the host.
        if self.is_one() { &self.first } else { self.of_host(host_of(url)).unwrap_or(&self.first) }
    }

    /// Whether there is only one site, so that no call can mean another.
    pub(crate) fn is_one(&self) -> bool {
        self.all.len() == 1
    }
}

/// The host of an absolute URL, with its port; empty for any other text.
pub(crate) fn host_of(url: &str) -> &str {
    let Some((_, rest)) = split_scheme(url) else { return "" };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

impl Sites {
    /// The value of `SITES` with one more name; `None` for a name that cannot be listed.
    pub(crate) fn with(&self, name: &str) -> Option<String> {
        let mut names: Vec<&str> = self.all.iter().map(Site::as_str).collect();
        names.push(name);
        let list = names.join(",");
        Self::parse(&list).is_ok().then_some(list)
    }
}

/// A wrong name as a message shows it: quoted, on one line, and not too long.
fn shown(name: &str) -> String {
    quoted(&name.chars().take(MAX_SITE_BYTES).collect::<String>())
}

fn is_site_name(name: &str) -> bool {
    name.len() <= MAX_SITE_BYTES
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_site_is_the_one_of_get_root() {
        let sites = Sites::parse("blog, docs,shop.example").unwrap();
        assert_eq!((sites.first().as_str(), sites.home().as_str()), ("blog", "default"));
        assert!(sites.find("default").is_none() && sites.known("default").is_some() && sites.known("nope").is_none());
        assert_eq!(sites.clone().with_home("blog").unwrap().home().as_str(), "blog");
        assert!(sites.clone().with_home("No").is_err());
        assert_eq!(sites.find("shop.example").unwrap().as_str(), "shop.example");
        assert_eq!(sites.find("Blog"), None, "names are compared as written");
    }

    #[test]
    fn hosts_mean_sites() {
        let sites = Sites::parse("blog,docs.example,shop").unwrap();
        let sites = sites.with_hosts("Blog.example=blog, localhost:8080=shop,, 0e6f-11=shop").unwrap();
        let of = |url: &str| sites.of_page(url).as_str().to_owned();
        for (url, site) in [
            ("https://blog.example/a", "blog"),
            ("https://WWW.Blog.example", "blog"),
            ("https://www.docs.example:8443/?x", "docs.example"),
            ("http://localhost:8080/", "shop"),
            ("http://localhost/", "blog"),
            ("https://evil.example/https://docs.example/", "blog"),
            ("https://x@docs.example/", "docs.example"),
            ("null", "blog"),
            ("", "blog"),
        ] {
            assert_eq!(of(url), site, "{url}");
        }
        assert_eq!(sites.find("0E6F-11").unwrap().as_str(), "shop", "what another counter calls it");
        assert!(!sites.is_one() && Sites::parse("blog").unwrap().is_one());
    }

    #[test]
    fn a_wrong_host_is_told_apart_by_what_is_wrong() {
        let with = |list: &str| Sites::parse("blog,docs").unwrap().with_hosts(list).unwrap_err();
        assert_eq!(with("blog.example"), "\"blog.example\" names no site of SITES");
        assert_eq!(with("a=nope"), "\"a=nope\" names no site of SITES");
        assert_eq!(with("https://a=blog"), "\"https://a=blog\" is not HOST=SITE");
        assert_eq!(with("=blog"), "\"=blog\" is not HOST=SITE");
        assert_eq!(with("docs=blog"), "\"docs\" is a site already");
        assert_eq!(with("a=blog,A=docs"), "\"a\" is a site already");
        let many: Vec<String> = (0..=MAX_HOSTS).map(|at| format!("h{at}=blog")).collect();
        assert_eq!(with(&many.join(",")), "201 hosts are listed");
    }

    #[test]
    fn a_wrong_name_is_told_apart_by_what_is_wrong() {
        for (list, complaint) in [
            ("", "\"\" is not the name of a site"),
            ("blog,", "\"\" is not the name of a site"),
            ("Blog", "\"Blog\" is not the name of a site"),
            (".blog", "\".blog\" is not the name of a site"),
            ("a b", "\"a b\" is not the name of a site"),
            ("blog,blog", "`blog` is listed twice"),
        ] {
            assert_eq!(Sites::parse(list), Err(complaint.to_owned()));
        }
        assert!(Sites::parse(&"a".repeat(MAX_SITE_BYTES)).is_ok());
        assert!(Sites::parse(&"a".repeat(MAX_SITE_BYTES + 1)).is_err());
    }
}
