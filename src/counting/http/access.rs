//! Checks the token of a request.

use crate::counting::config::variable::Access;
use crate::counting::http::refusal::Refusal;
use siphasher::sip128::SipHasher24;
use subtle::ConstantTimeEq;

/// Whether the header `Authorization` of a request gives access.
///
/// # Errors
/// [`Refusal::Token`], [`Refusal::Closed`].
pub(crate) fn check(access: &Access, authorization: Option<&str>) -> Result<(), Refusal> {
    match access {
        Access::Public => Ok(()),
        Access::Closed => Err(Refusal::Closed),
        Access::Token(token) => {
            let given = authorization.and_then(bearer).ok_or(Refusal::Token)?;
            if is_token(given, token) { Ok(()) } else { Err(Refusal::Token) }
        }
    }
}

/// Whether `given` is the token. It compares digests in constant time, so the time tells nothing about the token, not even its length.
pub(crate) fn is_token(given: &str, token: &str) -> bool {
    digest(given).ct_eq(&digest(token)).into()
}

/// SipHash-2-4 with 128 bits. Its key need not be secret, because digests are compared in constant time and never told.
fn digest(text: &str) -> [u8; 16] {
    SipHasher24::new().hash(text.as_bytes()).as_bytes()
}

/// The beginning of the name of a protocol that contains the token.
const BEARER_PROTOCOL: &str = "footfall.bearer.";

/// Whether the header `Sec-WebSocket-Protocol` of a WebSocket gives access. A page cannot set another header of a WebSocket, and a token in a URL
/// would appear in logs. So the page offers two protocols (RFC 6455, 1.9), and Footfall takes the first: `footfall`, and one whose name
/// contains the token, in base64url because names allow few characters.
///
/// # Errors
/// [`Refusal::Token`], [`Refusal::Closed`].
pub(crate) fn check_protocols(access: &Access, protocols: Option<&str>) -> Result<(), Refusal> {
    let Access::Token(token) = access else { return check(access, None) };
    let mut offered = protocols.unwrap_or("").split(',').map(str::trim);
    let given = offered.find_map(|protocol| protocol.strip_prefix(BEARER_PROTOCOL)).ok_or(Refusal::Token)?;
    if is_token(given, &base64url(token.as_bytes())) { Ok(()) } else { Err(Refusal::Token) }
}

/// Encodes bytes as base64url without padding (RFC 4648, 5).
fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = [0, 1, 2].map(|at| u32::from(three.get(at).copied().unwrap_or(0)));
        let [first, second, third] = bits;
        let bits = first << 16 | second << 8 | third;
        let digits = [bits >> 18, bits >> 12, bits >> 6, bits].into_iter().take(three.len().saturating_add(1));
        text.extend(digits.filter_map(|digit| DIGITS.get(usize::try_from(digit & 63).ok()?)).map(|digit| char::from(*digit)));
    }
    text
}

/// The token of `Bearer TOKEN` (RFC 6750). The name of the scheme may be in upper or lower case.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_opens() {
        let access = Access::Token("0123456789abcdef".to_owned());
        for good in ["Bearer 0123456789abcdef", "bearer  0123456789abcdef "] {
            assert_eq!(check(&access, Some(good)), Ok(()));
        }
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer 0123456789abcdeF",
            "Basic 0123456789abcdef",
            "0123456789abcdef",
            "Bearer 0123456789abcdef0",
        ] {
            assert_eq!(check(&access, Some(bad)), Err(Refusal::Token), "{bad}");
        }
        assert_eq!(check(&access, None), Err(Refusal::Token));
        assert_eq!(check(&Access::Public, None), Ok(()));
        assert_eq!(check(&Access::Closed, Some("Bearer 0123456789abcdef")), Err(Refusal::Closed));
    }

    #[test]
    fn base64url_is_that_of_the_rfc() {
        // RFC 4648, 10, without padding; and the two digits that differ from base64.
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64url(bytes.as_bytes()), text);
        }
        assert_eq!(base64url(&[0xfb, 0xef, 0xff]), "--__");
    }

    #[test]
    fn only_the_token_opens_a_websocket() {
        let access = Access::Token("0123456789abcdef".to_owned());
        let token = "footfall.bearer.MDEyMzQ1Njc4OWFiY2RlZg";
        for good in [token.to_owned(), format!("footfall, {token}"), format!("{token},footfall")] {
            assert_eq!(check_protocols(&access, Some(&good)), Ok(()), "{good}");
        }
        for bad in [
            "",
            "footfall",
            "footfall.bearer.",
            "footfall.bearer.0123456789abcdef",
            "footfall.bearer.MDEyMzQ1Njc4OWFiY2RlZg==",
            "Footfall.Bearer.MDEyMzQ1Njc4OWFiY2RlZg",
        ] {
            assert_eq!(check_protocols(&access, Some(bad)), Err(Refusal::Token), "{bad}");
        }
        assert_eq!(check_protocols(&access, None), Err(Refusal::Token));
        assert_eq!(check_protocols(&Access::Public, None), Ok(()));
        assert_eq!(check_protocols(&Access::Closed, Some(token)), Err(Refusal::Closed));
    }
}
