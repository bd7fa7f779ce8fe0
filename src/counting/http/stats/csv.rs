//! Writes a text as a CSV cell that no spreadsheet takes for a formula. All CSV goes through here.
//!
//! Spreadsheets split lines at the separator of their locale, often `;`, and respect quotes only at the beginning of a cell. A stranger's text
//! may therefore contain a whole cell for another locale. This module checks each such part, not only the text as a whole.

/// The characters that begin a formula: in ASCII, full width, small form and as the mathematical minus. Also the characters that OWASP
/// ("CSV Injection") lists because a program may drop them in front of these.
const FORMULA: [char; 16] = [
    '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\u{fe66}', '\u{fe62}', '\u{fe63}',
    '\u{fe6b}', '\u{2212}',
];

/// The characters at which some program begins a new cell.
const SEPARATORS: [char; 6] = [',', ';', '|', '\t', '\r', '\n'];

/// A cell (RFC 4180). Each part that would be a formula gets a `'` in front. To read it back, split it in the same way and remove one `'` from
/// each part that would be a formula without its `'`s. No text is lost, and no two texts become the same.
pub(crate) fn cell(text: &str) -> String {
    let mut guarded = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        if is_formula(rest) {
            guarded.push('\'');
        }
        let Some(at) = rest.find(SEPARATORS) else { break };
        // Each is one byte.
        let Some((part, after)) = rest.split_at_checked(at.saturating_add(1)) else { break };
        guarded.push_str(part);
        rest = after;
    }
    guarded.push_str(rest);
    if guarded.contains(SEPARATORS) || guarded.contains('"') {
        return format!("\"{}\"", guarded.replace('"', "\"\""));
    }
    guarded
}

/// Whether a program takes a text with this beginning for a formula, or would without the `'` in front of it.
fn is_formula(text: &str) -> bool {
    text.chars().find(|c| FORMULA.contains(c) || !is_dropped(*c)).is_some_and(|c| FORMULA.contains(&c))
}

/// Characters that a program may drop in front of a formula: quotes, spaces and invisible ones.
fn is_dropped(c: char) -> bool {
    c == '"'
        || c == '\''
        || c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    #![allow(clippy::panic, reason = "a test may fail")]

    use super::*;
    use proptest::prelude::*;

    /// Splits a line as a program with this separator does. It respects quotes at the beginning of a cell.
    fn split(line: &str, separator: char) -> Vec<String> {
        let (mut cells, mut cell) = (Vec::new(), String::new());
        let (mut quoted, mut begins) = (false, true);
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if begins => quoted = true,
                '"' if quoted && chars.next_if_eq(&'"').is_some() => cell.push('"'),
                '"' if quoted => quoted = false,
                c if c == separator && !quoted => {
                    cells.push(std::mem::take(&mut cell));
                    begins = true;
                    continue;
                }
                c => cell.push(c),
            }
            begins = false;
        }
        cells.push(cell);
        cells
    }

    /// The original text of a cell that was read as CSV.
    fn unguarded(cell: &str) -> String {
        let mut text = String::new();
        for part in cell.split_inclusive(SEPARATORS).chain(cell.ends_with(SEPARATORS).then_some("")) {
            let bare = part.strip_prefix('\'').filter(|bare| is_formula(bare));
            // A part at the end of the cell may continue in the next cell, so only its beginning counts.
            text.push_str(bare.unwrap_or(part));
        }
        text
    }

    /// Whether a spreadsheet would calculate the cell, after it drops what it may drop in front.
    fn calculates(cell: &str) -> bool {
        let bare = cell.trim_start_matches(|c: char| c != '\'' && is_dropped(c));
        bare.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
    }

    fn assert_safe(text: &str) {
        let lines =
            [format!("{},1,2", cell(text)), format!("1,{}", cell(text)), format!("\"a b\",{},{}", cell(text), cell(text))];
        for line in lines {
            for separator in [',', ';', '\t', '|'] {
                for cell in split(&line, separator) {
                    assert!(!calculates(&cell), "{cell:?} of {line:?} at {separator:?}");
                }
            }
            // A program that does not know quotes splits like this.
            for cell in line.split(SEPARATORS) {
                assert!(!calculates(cell), "{cell:?} of {line:?}");
            }
        }
        let read = split(&cell(text), ',');
        let [cell] = read.as_slice() else { panic!("{text:?} is {read:?}") };
        assert_eq!(unguarded(cell), text, "{text:?} comes back");
    }

    #[test]
    fn f30_no_cell_is_a_formula_at_commas_or_semicolons() {
        for (text, written) in [
            ("/x;=cmd|' /C calc'!A0;", "\"/x;'=cmd|' /C calc'!A0;\""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\tt", "\"'\tt\""),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("\u{ff20}x", "'\u{ff20}x"),
            (" =1", "' =1"),
            ("\u{feff}=1", "'\u{feff}=1"),
            ("'=1", "''=1"),
            ("/a;\"=1", "\"/a;'\"\"=1\""),
            ("/a\";=1", "\"/a\"\";'=1\""),
            ("a,-b", "\"a,'-b\""),
            ("a;;=b", "\"a;;'=b\""),
            ("/plain-page?a=b", "/plain-page?a=b"),
            ("'quoted'", "'quoted'"),
            ("a;b", "\"a;b\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), written);
            assert_safe(text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn f30_whatever_strangers_write_is_no_formula_and_comes_back(text in "([=+@,;\"'a \t\r\n-]|\u{ff1d}|\u{ff0d}|\u{feff}|\u{a0}|.){0,12}") {
            assert_safe(&text);
        }
    }
}
