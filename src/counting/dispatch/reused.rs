//! Ids that are used again for another page. A shard remembers only that an id counted: with its page, the memory would hold half as many.
//! So each isolate remembers the pages of the last ids that counted. A program that mixes up ids sends the next one soon.

use crate::counting::model::page::Page;
use crate::counting::model::site::Site;
use crate::counting::model::visit_id::Fingerprint;
use siphasher::sip::SipHasher24;
use std::collections::HashMap;
use std::hash::Hasher;

/// The most ids of one generation. There are two generations, which take 0.4 MB.
const MAX_IDS: usize = 8_192;

/// The pages of the last ids, as hashes, in two generations.
#[derive(Debug, Default)]
pub(crate) struct Reused {
    now: HashMap<u64, u32>,
    before: HashMap<u64, u32>,
}

impl Reused {
    /// Notes that an id counted for a page.
    pub(crate) fn counted(&mut self, site: &Site, page: &Page, id: Fingerprint) {
        if self.now.len() >= MAX_IDS {
            self.before = std::mem::take(&mut self.now);
        }
        self.now.insert(key(site, id), tag(page));
    }

    /// Whether an id counted for another page than this one; `false` if that is not known.
    pub(crate) fn is_of_another(&self, site: &Site, page: &Page, id: Fingerprint) -> bool {
        let key = key(site, id);
        self.now.get(&key).or_else(|| self.before.get(&key)).is_some_and(|known| *known != tag(page))
    }
}

/// The hash of an id of a site.
fn key(site: &Site, id: Fingerprint) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(id.0, 0);
    hasher.write(site.as_str().as_bytes());
    hasher.finish()
}

/// Half of the hash of a page. If two pages have the same, the reuse goes unnoticed, which does no harm.
fn tag(page: &Page) -> u32 {
    let mut hasher = SipHasher24::new();
    hasher.write(page.as_str().as_bytes());
    let [a, b, c, d, ..] = hasher.finish().to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::model::site::Sites;

    #[test]
    fn an_id_of_another_page_is_known_for_a_while() {
        let sites = Sites::parse("blog,docs").unwrap();
        let (blog, docs) = (sites.first(), sites.find("docs").unwrap());
        let (a, b) = (Page::parse("/a").unwrap(), Page::parse("/b").unwrap());
        let mut reused = Reused::default();
        reused.counted(blog, &a, Fingerprint(0));
        for id in 0..2 * MAX_IDS as u64 {
            let asked = [(blog, &a), (blog, &b), (docs, &b)].map(|(site, page)| reused.is_of_another(site, page, Fingerprint(0)));
            assert_eq!(asked, [false, true, false], "after {id} others");
            reused.counted(blog, &b, Fingerprint(id + 1));
        }
        assert!(!reused.is_of_another(blog, &b, Fingerprint(0)), "it is forgotten");
        assert!(reused.now.len() <= MAX_IDS && reused.before.len() <= MAX_IDS);
    }
}
