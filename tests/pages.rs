//! Each page is written in one way, whatever its text. The platform normalizes accents; a crate does that here.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "a test may fail")]

use footfall::counting::model::nfc::Nfc;
use footfall::counting::model::page::{KeptQuery, MAX_PAGE_BYTES, Page};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

fn kept() -> KeptQuery {
    KeptQuery::parse("id, p").unwrap().with(Nfc(|text| text.nfc().collect()))
}

fn page(text: &str) -> String {
    kept().page(text).unwrap().as_str().to_owned()
}

/// Checks that the page is the beginning of `text`, cut to at most `most` bytes with the mark behind it.
fn assert_cut(text: &str, most: usize, mark: &str) {
    let page = page(text);
    let Some(beginning) = page.strip_suffix(mark) else { panic!("{page} has no mark") };
    assert!(text.starts_with(beginning), "{beginning}");
    assert!((most - 11..=most).contains(&page.len()), "{} bytes", page.len());
    assert_eq!(self::page(&page), page, "reading it again changes nothing");
}

#[test]
fn f10_the_length_of_a_path_is_that_of_its_decoded_text() {
    let text = format!("/{}", "%E4%BD%A0".repeat(57));
    assert_eq!((text.len(), page(&text)), (514, format!("/{}", "你".repeat(57))));
    let longest = format!("/{}", "%E4%BD%A0".repeat(341));
    assert_eq!(page(&longest), format!("/{}", "你".repeat(341)));
    assert_eq!(page(&longest).len(), MAX_PAGE_BYTES);
    assert_eq!(page(&format!("/{}", "%61".repeat(1_023))).len(), MAX_PAGE_BYTES);
}

#[test]
fn f11_an_accent_is_written_in_one_way() {
    for text in ["/caf%C3%A9", "/cafe%CC%81", "/café", "/cafe\u{301}", "/caf%c3%A9/", "https://blog.example/cafe%CC%81"] {
        assert_eq!(page(text), "/café", "{text}");
    }
    assert_eq!(page("/%E1%84%92%E1%85%A1%E1%86%AB"), "/한", "Korean as a Mac writes it");
    assert_eq!(page("/%E2%84%AB"), "/Å", "the sign of a unit becomes its letter");
    assert_eq!(page("/a?id=cafe%CC%81"), page("/a?id=caf%C3%A9"));
    assert_ne!(page("/cafe"), page("/café"));
}

#[test]
fn a_page_that_is_too_long_is_cut_at_a_character() {
    let long = |piece: &str| format!("/{}", piece.repeat(4_096 / piece.len()));
    for piece in ["a", "é", "你", "🦀", "a/", "ab%2F", "abc%FF", "é/%3F"] {
        assert_cut(&long(piece), MAX_PAGE_BYTES, "…");
    }
    assert_eq!(page(&long("a")).len(), MAX_PAGE_BYTES);
    assert_eq!(page(&long("%61")), page(&long("aaa")), "no matter how it is written");
    assert_eq!(page(&long("e%CC%81")), page(&format!("/{}", "é".repeat(600))));
    // A `%` that stands for itself keeps a path from being decoded, until it is cut off.
    assert_eq!(page(&format!("/%41%42{}%", "c".repeat(2_000))).get(..4), Some("/ABc"));
    let other = |n: u32| page(&format!("/{n}{}", long("a")));
    assert_ne!(other(1), other(2), "texts that differ before the mark are two pages");
}

#[test]
fn the_kept_part_of_a_query_is_cut_too() {
    for value in ["x", "é", "%F0%9F%A6%80", "a+b%26"] {
        let text = format!("/a?id={}&p=2", value.repeat(1_100));
        let page = page(&text);
        let Some(beginning) = page.strip_suffix("%E2%80%A6") else { panic!("{page} has no mark") };
        assert!(beginning.len() > MAX_PAGE_BYTES - 30 && page.len() <= MAX_PAGE_BYTES, "{} bytes", page.len());
        assert_eq!(self::page(&page), page);
    }
    assert_eq!(page(&format!("/a?p=2&id={}", "x".repeat(500))), format!("/a?id={}&p=2", "x".repeat(500)));
    let full = format!("/{}", "a".repeat(MAX_PAGE_BYTES - 1));
    assert_eq!(page(&format!("{full}?id=3")), full, "there is no room for any of the query");
}

/// Text with more of what paths trip over than random text has, of any length around the limit.
fn awkward() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{0,6}",
        any::<String>(),
        "[/?#%&=+:.\\\\-]{1,6}",
        "%[0-9a-fA-F]{0,2}",
        "(%[0-9a-fA-F]{2}){1,6}",
        "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{2028}\u{feff}\u{fffd}]{1,3}",
        "[a-zA-Z=<>;]?[\u{300}-\u{345}\u{958}\u{fb1d}\u{1d15e}-\u{1d160}\u{37e}\u{212a}\u{1100}\u{1161}\u{11a8}]{1,4}",
        Just("https://h/".to_owned()),
        Just("?id=".to_owned()),
        Just("&p=".to_owned()),
    ];
    let pieces = prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat());
    let padding = (prop::sample::select(vec!["a", "é", "%41", "🦀", "%2F", "e\u{301}", "\u{958}"]), 0..1_030_usize);
    (pieces.clone(), prop_oneof![2 => Just(("", 0)), 1 => padding], pieces)
        .prop_map(|(before, (piece, times), after)| [before, piece.repeat(times), after].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_text_is_a_page_that_reads_back_unchanged(text in awkward(), plain in any::<bool>()) {
        let kept = if plain { KeptQuery::default() } else { kept() };
        let Ok(page) = kept.page(&text) else {
            prop_assert!(text.trim().is_empty());
            return Ok(());
        };
        let written = page.as_str();
        prop_assert!(written.starts_with('/') && written.len() <= MAX_PAGE_BYTES);
        prop_assert!(!written.contains(|c: char| c.is_control() || c == '#'));
        prop_assert!(plain || written.nfc().eq(written.chars()), "{:?}", written);
        prop_assert_eq!(kept.page(written).unwrap(), page.clone(), "{:?}", text);
        if plain {
            prop_assert!(!written.contains('?'));
            prop_assert_eq!(Page::parse(written).unwrap(), page);
        }
    }
}
