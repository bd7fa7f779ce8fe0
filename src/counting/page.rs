//! Pages: the paths of a site that views are counted by, written one way each.

/// The longest page, in bytes, both as its path is sent and as it is written. Longer ones are rare, and a page is kept for ever, so this
/// bounds what one visit can make a site store.
pub const MAX_PAGE_BYTES: usize = 512;

/// A path of a site: begins with `/`, at most [`MAX_PAGE_BYTES`] bytes, no fragment, no control character, no query but what
/// [`KeptQuery`] keeps. Paths that browsers and servers take for the same are the same page:
///
/// - what is percent-encoded without need is decoded, if it is UTF-8: `/caf%C3%A9` is `/café` (RFC 3986, 6.2.2.2). What would read
///   otherwise then (`/`, `?`, `#`, `%` and control characters) stays encoded, in capitals (6.2.2.1);
/// - each `/` at the end is dropped, because most servers give the same page with and without;
/// - the case is kept, because on most servers it matters.
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
        if !text.starts_with('/') {
            return Err(PageError::NoSlash);
        }
        if text.chars().any(char::is_control) {
            return Err(PageError::Control);
        }
        let path = text.split(['?', '#']).next().unwrap_or(text);
        if path.len() > MAX_PAGE_BYTES {
            return Err(PageError::TooLong(path.len()));
        }
        let mut page = decoded(path).unwrap_or_else(|| path.to_owned());
        page.truncate(page.trim_end_matches('/').len().max(1));
        Ok(Self(page))
    }

    /// The page as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The parameters of a query that tell pages apart, as where `/?id=3` and `/?id=4` are two pages. All others are dropped: they come from
/// campaigns, searches and forms, and may name people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptQuery(Vec<String>);

/// The most parameters that are kept.
pub const MAX_KEPT: usize = 16;

/// The longest name of one, in bytes.
const MAX_NAME_BYTES: usize = 32;

impl KeptQuery {
    /// Reads names separated by commas.
    ///
    /// # Errors
    /// What is wrong, for a person.
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
            None => Ok(Self(names)),
        }
    }

    /// Reads a page with what is kept of its query: in the order of this list, each name once, encoded as a form is.
    ///
    /// # Errors
    /// As [`Page::parse`].
    pub fn page(&self, text: &str) -> Result<Page, PageError> {
        let Page(mut page) = Page::parse(text)?;
        let query = text.split('#').next().and_then(|text| text.split_once('?')).map_or("", |(_, query)| query);
        if self.0.is_empty() || query.is_empty() {
            return Ok(Page(page));
        }
        let mut mark = '?';
        for name in &self.0 {
            let Some((_, value)) = form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name) else { continue };
            page.push(mark);
            page.push_str(name);
            page.push('=');
            page.extend(form_urlencoded::byte_serialize(value.as_bytes()));
            mark = '&';
        }
        if page.len() > MAX_PAGE_BYTES { Err(PageError::TooLong(page.len())) } else { Ok(Page(page)) }
    }
}

/// Decodes runs of `%XX` that are UTF-8, but for characters that stay encoded. Never longer than it was: what stays encoded has the
/// length that it had. `None` where nothing is encoded, or a `%` stands for itself: that path has no other form.
fn decoded(path: &str) -> Option<String> {
    if !path.bytes().any(|b| b == b'%') {
        return None;
    }
    let mut text = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let (byte, after) = hex_pair(after)?;
        let mut bytes = vec![byte];
        rest = after;
        while let Some(after) = rest.strip_prefix('%') {
            let (byte, after) = hex_pair(after)?;
            bytes.push(byte);
            rest = after;
        }
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                if c.is_control() || matches!(c, '/' | '?' | '#' | '%') {
                    encode(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut text);
                } else {
                    text.push(c);
                }
            }
            encode(chunk.invalid(), &mut text);
        }
    }
    text.push_str(rest);
    Some(text)
}

fn encode(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        text.push_str(&format!("%{byte:02X}"));
    }
}

/// The byte that two hexadecimal digits at the beginning mean, and what follows them.
fn hex_pair(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    let all = digits.bytes().all(|b| b.is_ascii_hexdigit());
    let byte = u8::from_str_radix(digits, 16).ok().filter(|_| all)?;
    Some((byte, rest))
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        ] {
            assert_eq!(Page::parse(text).unwrap().as_str(), page, "{text}");
        }
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
        assert_eq!(kept.page(&format!("/a?id={}", "x".repeat(512))), Err(PageError::TooLong(518)));
        assert_eq!(kept.page(&format!("/a?x={}", "x".repeat(5000))).unwrap().as_str(), "/a");
        assert_eq!(KeptQuery::default().page("/a?id=3").unwrap().as_str(), "/a");
        for wrong in ["a b", "a&b", "é", "x=", &"x".repeat(33), &["a"; 17].join(",")] {
            assert!(KeptQuery::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_fault_is_named() {
        assert_eq!(Page::parse(""), Err(PageError::NoSlash));
        assert_eq!(Page::parse("a"), Err(PageError::NoSlash));
        assert_eq!(Page::parse("%2Fa"), Err(PageError::NoSlash));
        assert_eq!(Page::parse("/a\nb"), Err(PageError::Control));
        assert_eq!(Page::parse("/a\u{85}b"), Err(PageError::Control));
        let longest = format!("/{}", "a".repeat(MAX_PAGE_BYTES - 1));
        assert!(Page::parse(&longest).is_ok());
        assert_eq!(Page::parse(&format!("{longest}a")), Err(PageError::TooLong(513)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_normal_stays_so_and_never_grows(text in "/([a-c%/]|%[0-9a-fA-F]{2}|%[cC]3%[aA]9|é|.){0,40}") {
            if let Ok(page) = Page::parse(&text) {
                prop_assert!(page.as_str().len() <= text.len());
                prop_assert!(page.as_str().starts_with('/') && !page.as_str().contains(['?', '#']));
                prop_assert!(!page.as_str().chars().any(char::is_control));
                prop_assert_eq!(Page::parse(page.as_str()), Ok(page));
            }
        }
    }
}
