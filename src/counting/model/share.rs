//! Shares: which ids in the memory of a shard come from one sender.
//!
//! Strangers can make up ids, and the memory of ids is bounded. So one sender may take up only a share of it
//! ([`crate::counting::ledger::seen`]), and a shard has to know which ids come from one sender. It learns no address, only 15 bits of a hash
//! keyed with the day's salt. They identify nobody, and nobody can choose them.

use crate::counting::model::site::Site;
use crate::counting::model::visitor::{Salt, Sender, network_bits};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;
use std::hash::Hasher;

/// The number of a sender of ids: odd for a server, even for the visitors of pages. 0 for visitors who opted out or have no address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Share(pub u16);

/// How many bits of an IPv6 address stand for one sender: a provider may give a /48 to one customer.
const SENDER_BITS: u32 = 48;

impl Share {
    /// The share that an id from this sender counts to. As with visitors, a sender who opts out is not hashed.
    pub(crate) fn of_sender(sender: Sender<'_>, site: &Site, salt: Option<Salt>) -> Self {
        let server = u16::from(sender.reports);
        if !sender.reports && sender.opts_out() {
            return Self::default();
        }
        let Some((salt, network)) = salt.zip(sender.address.and_then(|address| network_bits(address, SENDER_BITS))) else {
            return Self(server);
        };
        let mut hasher = SipHasher24::new_with_key(&salt.0);
        // So that the hash differs from a visitor's.
        hasher.write(b"share");
        hasher.write(site.as_str().as_bytes());
        hasher.write(&network.to_be_bytes());
        let [low, high, ..] = hasher.finish().to_le_bytes();
        Self(u16::from_le_bytes([low, high]) & !1 | server)
    }

    /// Whether it is that of a server, which reports the visits of others.
    pub(crate) fn is_server(self) -> bool {
        self.0 & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::model::site::Sites;

    fn of(sender: Sender<'_>) -> Share {
        Share::of_sender(sender, Sites::parse("blog").unwrap().first(), Some(Salt([7; 16])))
    }

    fn at(address: &str) -> Share {
        of(Sender { address: Some(address), ..Sender::default() })
    }

    #[test]
    fn a_sender_has_one_share_whatever_it_says_of_itself() {
        let agent = |agent| of(Sender { address: Some("192.0.2.1"), agent: Some(agent), ..Sender::default() });
        assert_eq!(agent("Browser/1"), agent("Browser/2"));
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:ffff::1"), "a /48 is one sender");
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
        assert_ne!(at("2001:db8:1::1"), at("2001:db8:2::1"));
        let salted = |salt| {
            Share::of_sender(
                Sender { address: Some("192.0.2.1"), ..Sender::default() },
                Sites::parse("blog").unwrap().first(),
                Some(Salt(salt)),
            )
        };
        assert_ne!(salted([1; 16]), salted([2; 16]), "nobody can work out whose it is without the salt");
    }

    #[test]
    fn servers_and_pages_are_apart() {
        for address in [None, Some("192.0.2.1"), Some("nonsense")] {
            assert!(of(Sender { address, reports: true, ..Sender::default() }).is_server());
            assert!(!of(Sender { address, ..Sender::default() }).is_server());
        }
    }

    #[test]
    fn nothing_is_hashed_of_who_opts_out() {
        let sender = Sender { address: Some("192.0.2.1"), gpc: Some("1"), ..Sender::default() };
        assert_eq!(of(sender), Share::default());
    }
}
