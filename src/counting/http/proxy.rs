//! A proxy of the owner in front of the Worker, and what it says about a visitor. The Worker only sees the address of the proxy, so without this
//! all readers behind it would be one visitor.
//!
//! The proxy sets the header `Footfall-Proxy: TOKEN ADDRESS COUNTRY`. The token proves that the address and the country come from the proxy and
//! not from a visitor. If the header has no address, `X-Forwarded-For` has it.

use crate::counting::config::variable::Access;
use crate::counting::http::access::is_token;
use crate::counting::model::client::Country;
use crate::counting::model::visitor::network_bits;
use std::net::IpAddr;

/// What a proxy says about the visitor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forwarded {
    /// The visitor's address, if the proxy sent one that can be read.
    pub address: Option<String>,
    /// The visitor's country, if the proxy knows it. Where the proxy stands says nothing about its visitors.
    pub country: Country,
}

/// The headers of a request that a proxy sets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said<'a> {
    /// `Footfall-Proxy`.
    pub proxy: Option<&'a str>,
    /// `X-Forwarded-For`.
    pub forwarded_for: Option<&'a str>,
    /// `CF-Connecting-IP`: the proxy's own address.
    pub connected: Option<&'a str>,
}

/// What the owner's proxy says about the visitor, or `None` if the request does not have the token.
pub(crate) fn forwarded(access: &Access, said: Said<'_>) -> Option<Forwarded> {
    let Access::Token(token) = access else { return None };
    let mut words = said.proxy?.split_ascii_whitespace();
    if !is_token(words.next()?, token) {
        return None;
    }
    let mut word = words.next();
    let address = match word {
        Some(told) if !Country::read(told).is_known() => {
            word = words.next();
            address(told)
        }
        _ => said.hop(),
    };
    Some(Forwarded { address: address.map(str::to_owned), country: word.map(Country::read).unwrap_or_default() })
}

impl<'a> Said<'a> {
    /// The address that connected to the proxy, from `X-Forwarded-For`. Each hop appends the address that connected to it; a visitor may have made
    /// up what comes before. Cloudflare is a hop too, and appends the proxy's address.
    fn hop(self) -> Option<&'a str> {
        let is_proxy =
            |hop: &str| self.connected.and_then(address).is_some_and(|proxy| network_bits(proxy, 128) == network_bits(hop, 128));
        let mut hops = self.forwarded_for?.rsplit(',').map(address);
        let last = hops.next()??;
        if is_proxy(last) { hops.next().unwrap_or(Some(last)) } else { Some(last) }
    }
}

/// Reads an address as proxies write it: with a port, in brackets, or in quotes.
fn address(text: &str) -> Option<&str> {
    let text = text.trim().trim_matches('"');
    let bare = match (text.strip_prefix('[').and_then(|rest| rest.split_once(']')), text.split_once(':')) {
        (Some((v6, _port)), _) => v6,
        (None, Some((v4, port))) if !port.contains(':') => v4,
        _ => text,
    };
    bare.parse::<IpAddr>().is_ok().then_some(bare)
}

/// Whether a user agent fetches the pictures of pages or mails for their readers: `camo`, which GitHub and others use, and the proxies of Gmail
/// and Yahoo. Lists of bots contain them, but each request means that somebody looks at the picture.
pub(crate) fn is_asset_proxy(agent: &str) -> bool {
    const NAMES: [&str; 3] = ["camo", "googleimageproxy", "yahoomailproxy"];
    // "go-camo (+https://…)", "github-camo (0123abcd)", "Camo Asset Proxy 2.3.0".
    agent.split([' ', '-', '/', '(', ')', ';', ',']).any(|word| NAMES.iter().any(|name| word.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn of(proxy: &str, forwarded_for: Option<&str>) -> Option<Forwarded> {
        let said = Said { proxy: Some(proxy), forwarded_for, connected: Some("198.51.100.1") };
        forwarded(&Access::Token(TOKEN.to_owned()), said)
    }

    fn told(rest: &str, forwarded_for: Option<&str>) -> (Option<String>, String) {
        let Forwarded { address, country } = of(&format!("{TOKEN}{rest}"), forwarded_for).unwrap();
        (address, country.as_str().to_owned())
    }

    fn is(address: &str, country: &str) -> (Option<String>, String) {
        (Some(address.to_owned()).filter(|address| !address.is_empty()), country.to_owned())
    }

    #[test]
    fn a_proxy_with_the_token_tells_who_came() {
        assert_eq!(told(" 203.0.113.7", None), is("203.0.113.7", ""));
        assert_eq!(told("  203.0.113.7  de ", Some("192.0.2.1")), is("203.0.113.7", "DE"), "the header itself comes first");
        assert_eq!(told(" 2001:db8::7 -", None), is("2001:db8::7", ""), "a country that is not known");
        for written in ["[2001:db8::7]", "[2001:db8::7]:443", "\"[2001:db8::7]:443\""] {
            assert_eq!(told(&format!(" {written}"), None), is("2001:db8::7", ""), "{written}");
        }
        assert_eq!(told(" 203.0.113.7:5012", None), is("203.0.113.7", ""));
        assert_eq!(told(" ::ffff:203.0.113.7", None), is("::ffff:203.0.113.7", ""), "the same visitor: visitor.rs");
    }

    #[test]
    fn without_an_address_it_is_whom_the_last_proxy_heard() {
        for (forwarded_for, address) in [
            ("203.0.113.7", "203.0.113.7"),
            ("192.0.2.66, 203.0.113.7", "203.0.113.7"),
            ("192.0.2.66, 203.0.113.7, 198.51.100.1", "203.0.113.7"),
            ("203.0.113.7,198.51.100.1", "203.0.113.7"),
            ("203.0.113.7, ::ffff:198.51.100.1", "203.0.113.7"),
            ("198.51.100.1", "198.51.100.1"),
            ("203.0.113.7, unknown", ""),
            ("unknown, 198.51.100.1", ""),
            ("", ""),
        ] {
            assert_eq!(told("", Some(forwarded_for)), is(address, ""), "{forwarded_for}");
        }
        assert_eq!(told(" fr", Some("203.0.113.7")), is("203.0.113.7", "FR"));
        assert_eq!(told("", None), is("", ""), "the proxy is no visitor");
    }

    #[test]
    fn an_address_that_cannot_be_read_is_nobodys() {
        for word in ["unix:", "-", "unknown", "203.0.113.7,192.0.2.1", "localhost"] {
            assert_eq!(told(&format!(" {word}"), Some("192.0.2.66")), is("", ""), "{word}");
        }
    }

    #[test]
    fn without_the_token_nothing_is_told() {
        for wrong in
            ["", " ", "203.0.113.7", "0123456789abcdeF 203.0.113.7", "0123456789abcdef0 203.0.113.7", "Bearer 0123456789abcdef"]
        {
            assert_eq!(of(wrong, Some("203.0.113.7")), None, "{wrong}");
        }
        let said = Said { proxy: Some(TOKEN), forwarded_for: Some("203.0.113.7"), connected: None };
        assert_eq!(forwarded(&Access::Closed, said), None, "no token is set");
        assert_eq!(forwarded(&Access::Public, said), None);
        assert_eq!(forwarded(&Access::Token(TOKEN.to_owned()), Said { proxy: None, ..said }), None);
    }

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
}
