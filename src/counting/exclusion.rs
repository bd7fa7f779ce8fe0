//! Visits that are not counted, and why: the tallies that an owner can read.

use super::error::Refusal;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The most entries of a list of exclusions: each is looked at for every visit.
pub const MAX_EXCLUSIONS: usize = 64;

/// Why a visit is not counted. The numbers are those of the table `excluded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A program that says it is one, or that the edge knows.
    Bot,
    /// A browser fetched the page before anybody asked for it.
    Prefetch,
    /// Its address is in `EXCLUDED_ADDRESSES`.
    Address,
    /// Its page is in `EXCLUDED_PAGES`.
    Page,
    /// Too many from one address, or of one site.
    Limited,
    /// The page that sent it is of an origin that `ALLOWED_ORIGINS` does not list.
    Origin,
    /// It is no view but an event of the owner's, which another counter would tell apart.
    Event,
    /// What was sent is wrong, so that it could have been counted wrongly only.
    Refused,
    /// Its referrer is known for links that are made up to be seen.
    Spam,
}

impl Reason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Bot,
        Self::Prefetch,
        Self::Address,
        Self::Page,
        Self::Limited,
        Self::Origin,
        Self::Event,
        Self::Refused,
        Self::Spam,
    ];

    /// The number in the table.
    pub fn number(self) -> u8 {
        match self {
            Self::Bot => 0,
            Self::Prefetch => 1,
            Self::Address => 2,
            Self::Page => 3,
            Self::Limited => 4,
            Self::Origin => 5,
            Self::Event => 6,
            Self::Refused => 7,
            Self::Spam => 8,
        }
    }

    /// The reason of a number; `None` for one of a later version.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// How it is answered.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Prefetch => "prefetch",
            Self::Address => "address",
            Self::Page => "page",
            Self::Limited => "limited",
            Self::Origin => "origin",
            Self::Event => "event",
            Self::Refused => "refused",
            Self::Spam => "spam",
        }
    }
}

/// Whether a refusal is that of a visit which is nowhere noted yet: not of a method that no visit has, of a path that is none, of a token,
/// or of what is noted under a name of its own.
pub fn is_of_a_visit(refusal: &Refusal) -> bool {
    !matches!(
        refusal,
        Refusal::Method(_)
            | Refusal::Origin
            | Refusal::Token
            | Refusal::Closed
            | Refusal::NoAdmin
            | Refusal::Limited
            | Refusal::VisitLimited
    )
}

/// Whether an agent is one that fetches the pictures of a page or a mail for those who read it: GitHub's and others' `camo`, and those of
/// Gmail and Yahoo. Lists of bots have them; but that they ask means that somebody looks.
pub fn is_asset_proxy(agent: &str) -> bool {
    const NAMES: [&str; 3] = ["camo", "googleimageproxy", "yahoomailproxy"];
    // "go-camo (+https://…)", "github-camo (0123abcd)", "Camo Asset Proxy 2.3.0".
    agent.split([' ', '-', '/', '(', ')', ';', ',']).any(|word| NAMES.iter().any(|name| word.eq_ignore_ascii_case(name)))
}

/// A network: an address, and how many of its leading bits count. IPv4 is kept as the IPv6 that it maps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    bits: u128,
    length: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().ok()?;
        let (most, ahead) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let length: u32 = match length {
            None => most,
            Some(text) if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok().filter(|length| *length <= most)?,
            Some(_) => return None,
        };
        Some(Self { bits: bits_of(address), length: length.saturating_add(ahead) })
    }

    fn has(self, address: u128) -> bool {
        // The bits that do not count are shifted out; all 128 for a length of 0.
        let shift = 128_u32.saturating_sub(self.length);
        address.checked_shr(shift).unwrap_or(0) == self.bits.checked_shr(shift).unwrap_or(0)
    }
}

fn bits_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => Ipv4Addr::to_ipv6_mapped(&v4).to_bits(),
        IpAddr::V6(v6) => Ipv6Addr::to_bits(v6),
    }
}

/// Addresses whose visits are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses(Vec<Network>);

impl Addresses {
    /// Reads `192.0.2.0/24, 2001:db8::/32, 203.0.113.7`.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        entries(text, |entry| Network::parse(entry).ok_or_else(|| format!("{entry} is no address and no network"))).map(Self)
    }

    /// Whether it has an address, as the platform writes it.
    pub fn has(&self, address: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let address: Option<IpAddr> = address.trim().parse().ok();
        address.is_some_and(|address| self.0.iter().any(|network| network.has(bits_of(address))))
    }
}

/// Pages whose visits are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages(Vec<String>);

impl Pages {
    /// Reads `/draft, /admin/*`: pages, or with a `*` at the end all that begin so.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        entries(text, |entry| {
            let stars = entry.bytes().filter(|b| *b == b'*').count();
            let fits = entry.starts_with('/') && (stars == 0 || stars == 1 && entry.ends_with('*'));
            fits.then(|| entry.to_owned()).ok_or_else(|| format!("{entry} does not begin with / or has a * that is not its end"))
        })
        .map(Self)
    }

    /// Whether it has a page.
    pub fn has(&self, page: &str) -> bool {
        self.0.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => page.starts_with(beginning),
            None => page == known,
        })
    }
}

fn entries<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let entries: Vec<&str> = text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
    if entries.len() > MAX_EXCLUSIONS {
        return Err(format!("{} entries", entries.len()));
    }
    entries.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f16_asset_proxies_are_known_by_a_word() {
        for agent in [
            "go-camo (+https://github.com/cactus/go-camo)",
            "github-camo (a1b2c3)",
            "Camo Asset Proxy 2.3.0",
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
        ] {
            assert!(is_asset_proxy(agent), "{agent}");
        }
        for agent in ["", "camouflage/1.0", "curl/8.0", "Mozilla/5.0 (X11; Linux) Firefox/140.0"] {
            assert!(!is_asset_proxy(agent), "{agent}");
        }
    }

    #[test]
    fn reasons_keep_their_numbers() {
        for (number, reason) in (0..).zip(Reason::ALL) {
            assert_eq!((reason.number(), Reason::from_number(number)), (number, Some(reason)));
        }
        assert_eq!(Reason::from_number(9), None);
    }

    #[test]
    fn addresses_are_found_in_their_networks() {
        let list = Addresses::parse("192.0.2.0/24, 203.0.113.7,2001:db8::/32, ::ffff:198.51.100.0/120").unwrap();
        for inside in ["192.0.2.255", " 203.0.113.7 ", "2001:db8:ffff::1", "::ffff:192.0.2.1", "198.51.100.9"] {
            assert!(list.has(inside), "{inside}");
        }
        for outside in ["192.0.3.0", "203.0.113.8", "2001:db9::", "", "nonsense", "::"] {
            assert!(!list.has(outside), "{outside}");
        }
        assert!(Addresses::parse("0.0.0.0/0").unwrap().has("9.9.9.9") && !Addresses::parse("0.0.0.0/0").unwrap().has("2001::"));
        assert!(Addresses::parse("::/0").unwrap().has("9.9.9.9"), "IPv4 is a part of IPv6 here");
        for bad in ["192.0.2.0/33", "::/129", "192.0.2", "192.0.2.0/", "192.0.2.0/+8", "a", "1.2.3.4 5.6.7.8"] {
            assert!(Addresses::parse(bad).is_err(), "{bad}");
        }
        assert!(Addresses::parse(&vec!["::1"; MAX_EXCLUSIONS + 1].join(",")).is_err());
    }

    #[test]
    fn pages_are_found_by_name_or_beginning() {
        let list = Pages::parse("/draft, /admin/*").unwrap();
        for (page, found) in
            [("/draft", true), ("/drafts", false), ("/admin/", true), ("/admin/x/y", true), ("/admin", false), ("/", false)]
        {
            assert_eq!(list.has(page), found, "{page}");
        }
        assert!(Pages::parse("/*").unwrap().has("/x") && !Pages::parse("").unwrap().has("/"));
        for bad in ["draft", "/a*b", "/a**", "*"] {
            assert!(Pages::parse(bad).is_err(), "{bad}");
        }
    }
}
