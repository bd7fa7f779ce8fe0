//! Pages: the paths of a site that views are counted by.

/// The longest page, in bytes, before its query and fragment are dropped. Longer paths are rare, and a page is
/// kept for ever, so this bounds what one visit can make a site store.
pub const MAX_PAGE_BYTES: usize = 512;

/// A path of a site: begins with `/`, at most [`MAX_PAGE_BYTES`] bytes, no query, no fragment, no control
/// character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Page(String);

/// Why a text is not a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageError {
    /// It does not begin with `/`.
    NoSlash,
    /// It has this many bytes, more than [`MAX_PAGE_BYTES`].
    TooLong(usize),
    /// It has a control character (Unicode category Cc).
    Control,
}

impl Page {
    /// The page `/`.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// Reads a page. A query (`?…`) and a fragment (`#…`) are dropped.
    ///
    /// # Errors
    /// [`PageError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, PageError> {
        if text.len() > MAX_PAGE_BYTES {
            return Err(PageError::TooLong(text.len()));
        }
        if !text.starts_with('/') {
            return Err(PageError::NoSlash);
        }
        if text.chars().any(char::is_control) {
            return Err(PageError::Control);
        }
        let path = text.split(['?', '#']).next().unwrap_or(text);
        Ok(Self(path.to_owned()))
    }

    /// The page as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_and_fragment_are_not_part_of_a_page() {
        for text in ["/a/b", "/a/b?x=1", "/a/b#top", "/a/b?x#y", "/a/b#y?x"] {
            assert_eq!(Page::parse(text).unwrap().as_str(), "/a/b");
        }
    }

    #[test]
    fn each_fault_is_named() {
        assert_eq!(Page::parse(""), Err(PageError::NoSlash));
        assert_eq!(Page::parse("a"), Err(PageError::NoSlash));
        assert_eq!(Page::parse("/a\nb"), Err(PageError::Control));
        assert_eq!(Page::parse("/a\u{85}b"), Err(PageError::Control));
        let longest = format!("/{}", "a".repeat(MAX_PAGE_BYTES - 1));
        assert!(Page::parse(&longest).is_ok());
        assert_eq!(Page::parse(&format!("{longest}a")), Err(PageError::TooLong(513)));
    }
}
