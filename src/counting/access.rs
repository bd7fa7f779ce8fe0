//! Whether a request may read or change what is not everybody's.

use super::config::Access;
use super::error::Refusal;
use siphasher::sip::SipHasher24;
use std::hash::Hasher;

/// Whether a request may, by its header `Authorization`. `key` is random and known to nobody: digests under it are compared, so
/// how long that takes says nothing about the token.
///
/// # Errors
/// [`Refusal::Token`], [`Refusal::Closed`].
pub fn check(access: &Access, authorization: Option<&str>, key: u128) -> Result<(), Refusal> {
    match access {
        Access::Public => Ok(()),
        Access::Closed => Err(Refusal::Closed),
        Access::Token(token) => {
            let given = authorization.and_then(bearer).ok_or(Refusal::Token)?;
            if digest(given, key) == digest(token, key) { Ok(()) } else { Err(Refusal::Token) }
        }
    }
}

/// The token of `Bearer TOKEN` (RFC 6750; the scheme's name ignores case).
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn digest(text: &str, key: u128) -> u64 {
    let mut hasher = SipHasher24::new_with_key(&key.to_le_bytes());
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_opens() {
        let access = Access::Token("0123456789abcdef".to_owned());
        for good in ["Bearer 0123456789abcdef", "bearer  0123456789abcdef "] {
            assert_eq!(check(&access, Some(good), 7), Ok(()));
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
            assert_eq!(check(&access, Some(bad), 7), Err(Refusal::Token), "{bad}");
        }
        assert_eq!(check(&access, None, 7), Err(Refusal::Token));
        assert_eq!(check(&Access::Public, None, 7), Ok(()));
        assert_eq!(check(&Access::Closed, Some("Bearer 0123456789abcdef"), 7), Err(Refusal::Closed));
    }
}
