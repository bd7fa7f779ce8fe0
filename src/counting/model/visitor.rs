//! Visitors: one person on one day, as a keyed hash that means nothing once the day's salt is deleted.

use crate::counting::model::site::Site;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;
use std::hash::Hasher;
use std::net::{IpAddr, Ipv6Addr};

/// How much of a user agent tells visitors apart, in bytes. Real ones are shorter; a longer one is cut.
const MAX_AGENT_BYTES: usize = 512;

/// The salt of a day: 128 random bits that are deleted after the day (UTC).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u128", into = "u128")]
pub struct Salt(pub [u8; 16]);

impl From<u128> for Salt {
    fn from(bits: u128) -> Self {
        Self(bits.to_le_bytes())
    }
}

impl From<Salt> for u128 {
    fn from(salt: Salt) -> Self {
        Self::from_le_bytes(salt.0)
    }
}

impl std::fmt::Debug for Salt {
    /// Never shows the salt, because a log stays.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// What a request says about its sender. Borrowed, used once, and never stored.
#[derive(Clone, Copy, Default)]
pub struct Sender<'a> {
    /// `CF-Connecting-IP`.
    pub address: Option<&'a str>,
    /// `User-Agent`.
    pub agent: Option<&'a str>,
    /// `Sec-GPC`.
    pub gpc: Option<&'a str>,
    /// `DNT`.
    pub dnt: Option<&'a str>,
    /// Whether it is a server that reports the visits of others. Then the address is the server's, and no visitor's.
    pub reports: bool,
}

impl Sender<'_> {
    /// Whether the sender opts out of being counted as a visitor.
    pub(crate) fn opts_out(&self) -> bool {
        [self.gpc, self.dnt].into_iter().flatten().any(|value| value.trim() == "1")
    }
}

impl std::fmt::Debug for Sender<'_> {
    /// Never shows the sender, because a log stays.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sender(…)")
    }
}

/// The visitor of a visit, as far as a shard learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Visitor {
    /// The hash of the visitor.
    Hash(VisitorHash),
    /// No visitor, and why.
    Withheld(Withheld),
    /// A visitor that another shard counts, because the visit's id led the view here.
    Elsewhere,
    /// The hash of a visitor whose view another shard counts, because the visit's id led there: a visitor here, and no view.
    Guest(VisitorHash),
}

impl Visitor {
    /// The hash, if this shard counts the visitor.
    pub fn at_home(self) -> Option<VisitorHash> {
        match self {
            Self::Hash(hash) | Self::Guest(hash) => Some(hash),
            Self::Withheld(_) | Self::Elsewhere => None,
        }
    }
}

/// The hash of a visitor: 64 bits that stand for one person on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VisitorHash(pub u64);

/// Why a view has no visitor. The order is that of the numbers in the table `withheld`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Withheld {
    /// `Sec-GPC: 1` or `DNT: 1`.
    OptedOut,
    /// The day's salt was not known.
    NoSalt,
    /// No address: a visit that a server reported, or a request that did not come through the edge.
    NoAddress,
    /// The shard remembers the most visitors that it may.
    Full,
}

impl Withheld {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::OptedOut, Self::NoSalt, Self::NoAddress, Self::Full];
}

/// The visitor of a visit. A sender who opts out is not hashed at all.
///
/// `Sec-GPC` is specified by Global Privacy Control, and `DNT` by Tracking Preference Expression. In both, `1` is the only value that
/// opts out.
pub fn visitor(sender: Sender<'_>, site: &Site, salt: Option<Salt>) -> Visitor {
    if sender.reports {
        return Visitor::Withheld(Withheld::NoAddress);
    }
    if sender.opts_out() {
        return Visitor::Withheld(Withheld::OptedOut);
    }
    let Some(address) = sender.address.and_then(|text| text.trim().parse().ok()) else {
        return Visitor::Withheld(Withheld::NoAddress);
    };
    match salt {
        None => Visitor::Withheld(Withheld::NoSalt),
        Some(salt) => Visitor::Hash(hash(salt, site.as_str(), address, sender.agent.unwrap_or(""))),
    }
}

/// SipHash-2-4 (Aumasson and Bernstein, 2012), a keyed hash that is unpredictable without its key. The key is the
/// salt, so that without it nobody can try addresses against a hash.
fn hash(salt: Salt, site: &str, address: IpAddr, agent: &str) -> VisitorHash {
    let mut hasher = SipHasher24::new_with_key(&salt.0);
    // Lengths first, so that no two senders write the same bytes.
    hasher.write(&u64::try_from(site.len()).unwrap_or(u64::MAX).to_le_bytes());
    hasher.write(site.as_bytes());
    match network(address) {
        IpAddr::V4(v4) => {
            hasher.write(&[4]);
            hasher.write(&v4.octets());
        }
        IpAddr::V6(v6) => {
            hasher.write(&[6]);
            hasher.write(&v6.octets());
        }
    }
    hasher.write(agent.as_bytes().get(..MAX_AGENT_BYTES).unwrap_or(agent.as_bytes()));
    VisitorHash(hasher.finish())
}

/// The network of an address, as text, which rate limits go by. `None` for a text that is no address.
pub(crate) fn network_of(address: &str) -> Option<String> {
    address.trim().parse().ok().map(|address| match network(address) {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    })
}

/// The first `v6_bits` bits of an IPv6 address; all bits of an IPv4 address, as the IPv6 address that it maps to. `None` for a text that is
/// no address.
pub(crate) fn network_bits(address: &str, v6_bits: u32) -> Option<u128> {
    let bits = match address.trim().parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits() & u128::MAX.checked_shl(128_u32.saturating_sub(v6_bits)).unwrap_or(0),
    };
    Some(bits)
}

/// The part of an address that stands for a person: all of an IPv4 address; the /64 of an IPv6 address, because a device
/// may change the lower half at any time (RFC 8981).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::model::site::Sites;

    const SALT: Salt = Salt([7; 16]);

    fn of(sender: Sender<'_>) -> Visitor {
        visitor(sender, Sites::parse("blog").unwrap().first(), Some(SALT))
    }

    fn at(address: &str) -> Visitor {
        of(Sender { address: Some(address), agent: Some("Browser/1"), ..Sender::default() })
    }

    #[test]
    fn the_same_person_on_the_same_day_is_the_same_visitor() {
        assert!(matches!(at("192.0.2.1"), Visitor::Hash(_)));
        assert_eq!(at("192.0.2.1"), at("192.0.2.1"));
        assert_eq!(at("2001:db8:1:2:3:4:5:6"), at("2001:db8:1:2:ffff::1"), "one /64 is one person");
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"), "a mapped address is the IPv4 address");
    }

    #[test]
    fn others_are_other_visitors() {
        let one = at("192.0.2.1");
        assert_ne!(one, at("192.0.2.2"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_ne!(one, of(Sender { address: Some("192.0.2.1"), agent: Some("Browser/2"), ..Sender::default() }));
        let sender = Sender { address: Some("192.0.2.1"), agent: Some("Browser/1"), ..Sender::default() };
        assert_ne!(one, visitor(sender, Sites::parse("shop").unwrap().first(), Some(SALT)));
        assert_ne!(one, visitor(sender, Sites::parse("blog").unwrap().first(), Some(Salt([8; 16]))));
    }

    #[test]
    fn who_opts_out_is_not_hashed() {
        let address = Some("192.0.2.1");
        for sender in [
            Sender { address, gpc: Some("1"), ..Sender::default() },
            Sender { address, dnt: Some(" 1 "), ..Sender::default() },
            Sender { gpc: Some("1"), ..Sender::default() },
        ] {
            assert_eq!(of(sender), Visitor::Withheld(Withheld::OptedOut));
        }
        assert!(matches!(of(Sender { address, gpc: Some("0"), dnt: Some("0"), ..Sender::default() }), Visitor::Hash(_)));
    }

    #[test]
    fn without_an_address_or_a_salt_there_is_no_visitor() {
        for address in [None, Some(""), Some("nonsense"), Some("192.0.2.1, 192.0.2.2")] {
            assert_eq!(of(Sender { address, ..Sender::default() }), Visitor::Withheld(Withheld::NoAddress));
        }
        let sender = Sender { address: Some("192.0.2.1"), ..Sender::default() };
        assert_eq!(visitor(sender, Sites::parse("a").unwrap().first(), None), Visitor::Withheld(Withheld::NoSalt));
    }

    #[test]
    fn a_salt_is_not_printed() {
        assert_eq!(format!("{SALT:?}"), "Salt(…)");
    }
}
