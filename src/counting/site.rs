//! Sites: the allow-listed names that visits are counted under.
//!
//! A site names a Durable Object, and a new name makes a new, billed object. So a site's name never comes from
//! a stranger: it is looked up in the list that the owner configured.

use super::json::quoted;
use std::rc::Rc;

/// The longest name of a site, in bytes: as long as one label of a host name may be, plus one.
pub const MAX_SITE_BYTES: usize = 64;

/// The most sites one deployment serves. A variable of a Worker holds 5 KB, which is about as many short names.
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

/// The sites that this deployment counts for; never empty. The first is the site of `GET /`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sites {
    first: Site,
    all: Vec<Site>,
}

impl Sites {
    /// Reads a comma-separated list. Spaces around a name are dropped.
    ///
    /// # Errors
    /// The first name that is empty, too long, repeated, or has a character outside `a-z 0-9 . - _`, or that begins
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
            Some(first) if all.len() <= MAX_SITES => Ok(Self { first: first.clone(), all }),
            _ => Err(format!("{} sites are listed", all.len())),
        }
    }

    /// The site of `GET /`, and of a call that names none.
    pub fn first(&self) -> &Site {
        &self.first
    }

    /// The listed site of that name, if there is one.
    pub fn find(&self, name: &str) -> Option<&Site> {
        self.all.iter().find(|site| site.as_str() == name)
    }
}

/// A name that is none, for a person: on one line and not too long.
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
        assert_eq!(sites.first().as_str(), "blog");
        assert_eq!(sites.find("shop.example").unwrap().as_str(), "shop.example");
        assert_eq!(sites.find("Blog"), None, "names are compared as written");
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
