//! `BASE_PATH`, for a Worker below a path of a site. A route such as `blog.example/stats/*` passes the path on, so it is removed here.

use crate::counting::text::url::path_and_query;

/// The longest path, in bytes.
const MAX_BASE_BYTES: usize = 64;

/// The path, such as `/stats`. Empty if there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BasePath(String);

impl BasePath {
    /// Reads `BASE_PATH`.
    ///
    /// # Errors
    /// A message for people that says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let is_part = |part: &str| {
            !part.is_empty()
                && !part.bytes().all(|byte| byte == b'.')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        };
        match text.strip_prefix('/') {
            None if text.is_empty() => Ok(Self::default()),
            Some(rest) if text.len() <= MAX_BASE_BYTES && rest.split('/').all(is_part) => Ok(Self(text.to_owned())),
            _ => {
                Err("a path begins with /, does not end with /, and has only a-z A-Z 0-9 - . _ ~ between its slashes".to_owned())
            }
        }
    }

    /// The URL without the base path. `None` if the URL is not below that path.
    pub(crate) fn without(&self, url: &str) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let (path, _) = path_and_query(url);
        path.strip_prefix(&*self.0).filter(|rest| rest.starts_with('/'))?;
        // The path is a slice of the URL, so the difference of the addresses is where it begins.
        let at = path.as_ptr().addr().checked_sub(url.as_ptr().addr())?;
        let (before, after) = (url.get(..at)?, url.get(at.checked_add(self.0.len())?..)?);
        Some(format!("{before}{after}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_taken_away_where_a_url_is_below_it() {
        let base = BasePath::parse("/stats").unwrap();
        for (url, rest) in [
            ("https://blog.example/stats/footfall.js", Some("https://blog.example/footfall.js")),
            ("https://blog.example/stats/counter?page=/stats/x", Some("https://blog.example/counter?page=/stats/x")),
            ("https://blog.example/stats/", Some("https://blog.example/")),
            ("https://blog.example/stats/stats/x", Some("https://blog.example/stats/x")),
            ("https://blog.example/stats", None),
            ("https://blog.example/statsx/counter", None),
            ("https://blog.example/counter?x=/stats/", None),
            ("https://stats/counter", None),
            ("https://blog.example", None),
            ("/stats/counter", Some("/counter")),
        ] {
            assert_eq!(base.without(url).as_deref(), rest, "{url}");
        }
        assert_eq!(BasePath::default().without("https://blog.example//counter"), None);
        assert_eq!(BasePath::parse("/a/b").unwrap().without("https://h/a/b/c"), Some("https://h/c".to_owned()));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in
            ["stats", "/", "/stats/", "//stats", "/st ats", "/a?b", "/ä", "/..", "/a/../b", &format!("/{}", "x".repeat(64))]
        {
            assert!(BasePath::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(BasePath::parse(""), Ok(BasePath::default()));
    }
}
