//! The age of a visit that a client sends late, in milliseconds, in every way in which clients write a number.

/// How far in the future a visit may seem to be, in milliseconds. Clocks are set while pages are open, and two readings of one clock may
/// differ by a fraction. Such a visit counts as made now.
pub(crate) const MAX_AHEAD_MS: u64 = 60_000;

/// Reads a number of milliseconds from -[`MAX_AHEAD_MS`] to [`MAX_AGE_MS`] and rounds it: `1500`, `-0.25`, `1.5e3`. A negative number and an
/// empty text are 0. Returns `None` for anything else.
///
/// It reads the digits itself, because Rust's parser of doubles needs a table of 2.4 KB.
pub(crate) fn milliseconds(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.is_empty() {
        return Some(0);
    }
    let (ahead, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent.parse().ok()?)?;
    let ms = rounded(&digits, point)?;
    match ahead {
        true if ms <= MAX_AHEAD_MS => Some(0),
        false if ms <= MAX_AGE_MS => Some(ms),
        _ => None,
    }
}

/// The number with these digits and its decimal point after `point` of them, rounded. Returns `None` if more than 18 digits stand before the
/// point.
fn rounded(digits: &str, point: i64) -> Option<u64> {
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let zeros = digits.len().saturating_sub(significant.len());
    let point = point.saturating_sub(i64::try_from(zeros).ok()?);
    let Ok(point) = usize::try_from(point) else { return Some(0) };
    if point > 18 {
        return None;
    }
    let mut number: u64 = 0;
    for at in 0..point {
        let digit = significant.as_bytes().get(at).map_or(0, |byte| byte.saturating_sub(b'0'));
        number = number.saturating_mul(10).saturating_add(digit.into());
    }
    let up = significant.as_bytes().get(point).is_some_and(|byte| *byte >= b'5');
    Some(number.saturating_add(up.into()))
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ages_are_read_as_they_are_written() {
        for (text, ms) in [
            ("0", 0),
            ("", 0),
            (" 1500 ", 1_500),
            ("+7", 7),
            ("0007", 7),
            ("1.5", 2),
            ("1.4999999999999", 1),
            (".5", 1),
            ("5.", 5),
            ("1234.56789e2", 123_457),
            ("1e3", 1_000),
            ("1E+3", 1_000),
            ("1490116119384766e-24", 0),
            ("8.28e7", 82_800_000),
            ("82800000.4", 82_800_000),
            ("-0", 0),
            ("-0.30000000000000004", 0),
            ("-60000", 0),
            ("0e99999", 0),
            ("1e-9223372036854775808", 0),
        ] {
            assert_eq!(milliseconds(text), Some(ms), "{text}");
        }
        for text in [
            "x",
            "-",
            ".",
            "e3",
            "1e",
            "1.2.3",
            "0x10",
            "1 000",
            "1,5",
            "NaN",
            "Infinity",
            "-60001",
            "82800001",
            "1e18",
            "1e99",
            "99999999999999999999",
            "1e9223372036854775807",
            "--1",
            "٣",
        ] {
            assert_eq!(milliseconds(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_double_is_rounded_as_doubles_are(number in prop_oneof![-70_000.0..9e7_f64, -2.0..2.0_f64, any::<f64>().prop_filter("finite", |n| n.is_finite())]) {
            for text in [format!("{number}"), format!("{number:e}")] {
                let whole = number.abs().round();
                let most = if number < 0.0 { MAX_AHEAD_MS } else { MAX_AGE_MS };
                #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the limits")]
                let expected = (whole <= most as f64).then_some(if number < 0.0 { 0 } else { whole as u64 });
                prop_assert_eq!(milliseconds(&text), expected, "{}", text);
            }
        }
    }
}

/// The greatest age of a visit, in milliseconds: 23 hours. A shard remembers an id for at least 24 hours, so it still recognises a visit that
/// an earlier attempt stored.
pub(crate) const MAX_AGE_MS: u64 = 23 * 60 * 60 * 1000;
