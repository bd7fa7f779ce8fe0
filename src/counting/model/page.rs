//! Pages: paths of a site, each written one way. Every text that is not empty is a page, so that no visit is lost because of how its path
//! is written.

use crate::counting::model::nfc::Nfc;
use crate::counting::model::path_decoding::decoded;
use crate::counting::text::url::without_origin;
use std::borrow::Cow;

/// The longest page, in bytes. A page is kept for ever, so this bounds what one visit can make a site store. A longer page is cut; in
/// scripts with three bytes a character, 341 characters fit.
pub const MAX_PAGE_BYTES: usize = 1024;

/// The mark at the end of a page that was cut.
const MARK: char = '…';

/// [`MARK`] in the kept part of a query, which is encoded.
const ENCODED_MARK: &str = "%E2%80%A6";

/// A path of a site. It begins with `/`, has at most [`MAX_PAGE_BYTES`] bytes, no fragment and no control character, and only the part of a
/// query that [`KeptQuery`] keeps. Paths that browsers and servers take for the same are the same page:
///
/// - characters that need no percent-encoding are decoded, if they are UTF-8: `/caf%C3%A9` is `/café` (RFC 3986, 6.2.2.2). Characters that
///   would change the meaning (`/`, `?`, `#`, `%` and control characters) stay encoded, in capitals (6.2.2.1);
/// - a letter with an accent is one character where Unicode has it (NFC);
/// - each `/` at the end is dropped, because most servers give the same page with and without it;
/// - the page of a whole URL is its path, and a path that begins without `/` gets one;
/// - upper and lower case are kept, because they differ on most servers.
///
/// The text of a page, read again, is the same page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Page(String);

/// Why a text is not a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageError {
    /// It is empty. The page `/` may be meant, or the whole site.
    Empty,
}

impl Page {
    /// The page `/`.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// Reads a page without its query (`?…`) and fragment (`#…`). Accents stay as they are.
    ///
    /// # Errors
    /// [`PageError`].
    pub fn parse(text: &str) -> Result<Self, PageError> {
        KeptQuery::default().page(text)
    }

    /// The page as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which parameters of a query are part of the page, for sites on which `/?id=3` and `/?id=4` are two pages. All others are dropped: they come
/// from campaigns, searches and forms, and may identify people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptQuery {
    names: Vec<String>,
    nfc: Nfc,
}

/// The most parameters that are kept.
pub(crate) const MAX_KEPT: usize = 16;

/// The longest name of one, in bytes.
const MAX_NAME_BYTES: usize = 32;

impl KeptQuery {
    /// Reads names separated by commas.
    ///
    /// # Errors
    /// What is wrong with the list, in words for the owner.
    pub fn parse(text: &str) -> Result<Self, String> {
        let names: Vec<String> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let plain = |name: &String| {
            name.len() <= MAX_NAME_BYTES && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
        };
        if names.len() > MAX_KEPT {
            return Err(format!("{} names", names.len()));
        }
        match names.iter().find(|name| !plain(name)) {
            Some(name) => Err(format!("{name} is not the name of a parameter")),
            None => Ok(Self { names, nfc: Nfc::default() }),
        }
    }

    /// The same list, with a function that writes accents one way.
    #[must_use]
    pub fn with(self, nfc: Nfc) -> Self {
        Self { nfc, ..self }
    }

    /// Reads a page with the kept part of its query: each name once, in the order of this list, encoded as a form is.
    ///
    /// # Errors
    /// [`PageError`].
    pub fn page(&self, text: &str) -> Result<Page, PageError> {
        let text = text.trim_start();
        if text.is_empty() {
            return Err(PageError::Empty);
        }
        let text = without_origin(text).split('#').next().unwrap_or("");
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let mut page = self.path(path);
        if !query.is_empty() {
            self.append(query, &mut page);
        }
        Ok(Page(page))
    }

    fn path(&self, path: &str) -> String {
        let path = if path.starts_with('/') { Cow::Borrowed(path) } else { Cow::Owned(format!("/{path}")) };
        let page = self.one_way(&path);
        // The cut may have removed the `%` that kept the rest from being decoded.
        if page.len() > MAX_PAGE_BYTES { self.one_way(&cut(&page)) } else { page }
    }

    fn one_way(&self, path: &str) -> String {
        let mut page = self.nfc.normalize(decoded(path));
        page.truncate(page.trim_end_matches('/').len().max(1));
        page
    }

    /// Adds the kept part of a query, as far as there is room.
    fn append(&self, query: &str, page: &mut String) {
        let mut mark = '?';
        for name in &self.names {
            let Some((_, value)) = form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name) else { continue };
            let value = self.nfc.normalize(value.into_owned());
            let before = page.len();
            // The last place at which the mark has room.
            let mut fits = None;
            page.push(mark);
            page.push_str(name);
            page.push('=');
            for c in value.chars() {
                if page.len().saturating_add(ENCODED_MARK.len()) <= MAX_PAGE_BYTES {
                    fits = Some(page.len());
                }
                page.extend(form_urlencoded::byte_serialize(c.encode_utf8(&mut [0; 4]).as_bytes()));
                if page.len() > MAX_PAGE_BYTES {
                    break;
                }
            }
            if page.len() > MAX_PAGE_BYTES {
                page.truncate(fits.unwrap_or(before));
                page.push_str(if fits.is_some() { ENCODED_MARK } else { "" });
                return;
            }
            mark = '&';
        }
    }
}

/// The beginning of a page that is too long, with the mark.
fn cut(page: &str) -> String {
    let mut end = MAX_PAGE_BYTES.saturating_sub(MARK.len_utf8());
    while !page.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let kept = page.get(..end).unwrap_or("");
    // Not in the middle of `%2F`.
    let kept = match kept.rfind('%') {
        Some(at) if end.saturating_sub(at) < 3 => kept.get(..at).unwrap_or(kept),
        _ => kept,
    };
    format!("{kept}{MARK}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_and_fragment_are_not_part_of_a_page() {
        for text in ["/a/b", "/a/b?x=1", "/a/b#top", "/a/b?x#y", "/a/b#y?x", "/a/b/", "/a/b/?x"] {
            assert_eq!(Page::parse(text).unwrap().as_str(), "/a/b");
        }
    }

    #[test]
    fn one_page_is_written_one_way() {
        for (text, page) in [
            ("/", "/"),
            ("//", "/"),
            ("/a//", "/a"),
            ("/caf%C3%A9", "/café"),
            ("/caf%c3%a9/%E2%82%AC", "/café/€"),
            ("/%61%2D%7e", "/a-~"),
            ("/a%2fb%3f%23%25", "/a%2Fb%3F%23%25"),
            ("/a%0a%00%c2%85", "/a%0A%00%C2%85"),
            ("/%ff%FE%41", "/%FF%FEA"),
            ("/%C3", "/%C3"),
            ("/100%", "/100%"),
            ("/%4", "/%4"),
            ("/%zz%+1", "/%zz%+1"),
            ("/%é", "/%é"),
            ("/%a%30", "/%a%30"),
            ("/A/../b", "/A/../b"),
            ("a", "/a"),
            ("  /a b ", "/a b "),
            ("a/b?x", "/a/b"),
            ("?x", "/"),
            ("https://blog.example/a/?x#y", "/a"),
            ("https://blog.example", "/"),
            ("app://localhost/a", "/a"),
            ("/to/https://blog.example/a", "/to/https://blog.example/a"),
            ("mailto:a", "/mailto:a"),
            ("\\a", "/\\a"),
            ("/a\nb\u{0}\u{85}", "/a%0Ab%00%C2%85"),
            ("/100%\u{7}", "/100%%07"),
        ] {
            assert_eq!(Page::parse(text).unwrap().as_str(), page, "{text}");
            assert_eq!(Page::parse(page).unwrap().as_str(), page, "{text} stays as it is");
        }
        assert_eq!((Page::parse(""), Page::parse(" ")), (Err(PageError::Empty), Err(PageError::Empty)));
    }

    #[test]
    fn what_is_kept_of_a_query_tells_pages_apart() {
        let kept = KeptQuery::parse(" id, p ,").unwrap();
        for (text, page) in [
            ("/a/", "/a"),
            ("/a?utm_source=x&token=secret", "/a"),
            ("/a/?id=3", "/a?id=3"),
            ("/a?p=2&x=1&id=3#id=4", "/a?id=3&p=2"),
            ("/?id=3&id=4", "/?id=3"),
            ("/a?id=%C3%A9+%2f%00", "/a?id=%C3%A9+%2F%00"),
            ("/a?id=é", "/a?id=%C3%A9"),
            ("/a?id", "/a?id="),
            ("/a?ID=3", "/a"),
        ] {
            assert_eq!(kept.page(text).unwrap().as_str(), page, "{text}");
            assert_eq!(kept.page(page).unwrap().as_str(), page, "{text} stays as it is");
        }
        assert_eq!(kept.page(&format!("/a?x={}", "x".repeat(5000))).unwrap().as_str(), "/a");
        assert_eq!(KeptQuery::default().page("/a?id=3").unwrap().as_str(), "/a");
        for wrong in ["a b", "a&b", "é", "x=", &"x".repeat(33), &["a"; 17].join(",")] {
            assert!(KeptQuery::parse(wrong).is_err(), "{wrong}");
        }
    }
}
