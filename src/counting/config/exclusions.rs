//! The addresses and pages whose visits are not counted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The most entries of a list. Each visit is compared with all of them.
pub(crate) const MAX_EXCLUSIONS: usize = 64;

/// A network: an address and the number of leading bits that count. An IPv4 address is kept as the IPv6 address that it maps to.
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
        // Shifts out the bits that do not count: all 128 if the length is 0.
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

/// The addresses of `EXCLUDED_ADDRESSES`, whose visits are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExcludedAddresses(Vec<Network>);

impl ExcludedAddresses {
    /// Reads `192.0.2.0/24, 2001:db8::/32, 203.0.113.7`.
    ///
    /// # Errors
    /// A message for people that says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        entries(text, |entry| Network::parse(entry).ok_or_else(|| format!("{entry} is not an address or a network"))).map(Self)
    }

    /// Whether the list has an address. A text that is not an address is not in it.
    pub(crate) fn has(&self, address: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let address: Option<IpAddr> = address.trim().parse().ok();
        address.is_some_and(|address| self.0.iter().any(|network| network.has(bits_of(address))))
    }
}

/// The pages of `EXCLUDED_PAGES`, whose visits are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExcludedPages(Vec<String>);

impl ExcludedPages {
    /// Reads `/draft, /admin/*`. An entry with `*` at its end means all pages that begin with the text before it.
    ///
    /// # Errors
    /// A message for people that says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        entries(text, |entry| {
            let stars = entry.bytes().filter(|b| *b == b'*').count();
            let fits = entry.starts_with('/') && (stars == 0 || stars == 1 && entry.ends_with('*'));
            fits.then(|| entry.to_owned()).ok_or_else(|| format!("{entry} does not begin with /, or has a * before its end"))
        })
        .map(Self)
    }

    /// Whether the list has a page.
    pub(crate) fn has(&self, page: &str) -> bool {
        self.0.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => page.starts_with(beginning),
            None => page == known,
        })
    }
}

fn entries<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let entries: Vec<&str> = text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
    if entries.len() > MAX_EXCLUSIONS {
        return Err(format!("the list has {} entries", entries.len()));
    }
    entries.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_their_networks() {
        let list = ExcludedAddresses::parse("192.0.2.0/24, 203.0.113.7,2001:db8::/32, ::ffff:198.51.100.0/120").unwrap();
        for inside in ["192.0.2.255", " 203.0.113.7 ", "2001:db8:ffff::1", "::ffff:192.0.2.1", "198.51.100.9"] {
            assert!(list.has(inside), "{inside}");
        }
        for outside in ["192.0.3.0", "203.0.113.8", "2001:db9::", "", "nonsense", "::"] {
            assert!(!list.has(outside), "{outside}");
        }
        assert!(
            ExcludedAddresses::parse("0.0.0.0/0").unwrap().has("9.9.9.9")
                && !ExcludedAddresses::parse("0.0.0.0/0").unwrap().has("2001::")
        );
        assert!(ExcludedAddresses::parse("::/0").unwrap().has("9.9.9.9"), "IPv4 is a part of IPv6 here");
        for bad in ["192.0.2.0/33", "::/129", "192.0.2", "192.0.2.0/", "192.0.2.0/+8", "a", "1.2.3.4 5.6.7.8"] {
            assert!(ExcludedAddresses::parse(bad).is_err(), "{bad}");
        }
        assert!(ExcludedAddresses::parse(&vec!["::1"; MAX_EXCLUSIONS + 1].join(",")).is_err());
    }

    #[test]
    fn pages_are_found_by_name_or_beginning() {
        let list = ExcludedPages::parse("/draft, /admin/*").unwrap();
        for (page, found) in
            [("/draft", true), ("/drafts", false), ("/admin/", true), ("/admin/x/y", true), ("/admin", false), ("/", false)]
        {
            assert_eq!(list.has(page), found, "{page}");
        }
        assert!(ExcludedPages::parse("/*").unwrap().has("/x") && !ExcludedPages::parse("").unwrap().has("/"));
        for bad in ["draft", "/a*b", "/a**", "*"] {
            assert!(ExcludedPages::parse(bad).is_err(), "{bad}");
        }
    }
}
