//! Days of UTC: their numbers, their dates (ISO 8601), and when a day is over for every clock.

/// Milliseconds of a day.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How long after the end of a day or half-day its data is deleted, in milliseconds. By then it is over for every clock.
pub(crate) const SETTLE_MS: u64 = 60_000;

/// Milliseconds from `now` until a period (a day, half a day) is over for every clock.
pub fn until_over(period_ms: u64, now: u64) -> u64 {
    let over = now.checked_div(period_ms).unwrap_or(0).saturating_add(1).saturating_mul(period_ms);
    over.saturating_add(SETTLE_MS).saturating_sub(now)
}

/// A UTC day, counted from 1970-01-01.
pub type Day = u32;

/// The day of a time in milliseconds since 1970.
pub fn day_of(at: u64) -> Day {
    at.checked_div(DAY_MS).and_then(|day| Day::try_from(day).ok()).unwrap_or(Day::MAX)
}

/// The latest day that may have begun for some clock: clocks differ by less than `SETTLE_MS`. If a later day were accepted, one
/// wrong clock could end the day for everybody.
pub(crate) fn latest_day(now: u64) -> Day {
    day_of(now.saturating_add(SETTLE_MS))
}

/// A day as `2026-11-22` (ISO 8601), for years 1970 to 9999. The arithmetic is that of H. Hinnant, "chrono-compatible
/// low-level date algorithms" (2013): years that begin in March, in eras of 400.
pub fn date_of(day: Day) -> String {
    let shifted = u64::from(day).saturating_add(719_468);
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        of_era.saturating_sub(of_era / 1_460).saturating_add(of_era / 36_524).saturating_sub(of_era / 146_096) / 365;
    let leap_days = (year_of_era / 4).saturating_sub(year_of_era / 100);
    let of_year = of_era.saturating_sub(year_of_era.saturating_mul(365).saturating_add(leap_days));
    let from_march = of_year.saturating_mul(5).saturating_add(2) / 153;
    let date = of_year.saturating_sub(from_march.saturating_mul(153).saturating_add(2) / 5).saturating_add(1);
    let month = if from_march < 10 { from_march.saturating_add(3) } else { from_march.saturating_sub(9) };
    let year = era.saturating_mul(400).saturating_add(year_of_era).saturating_add(u64::from(month <= 2));
    format!("{year:04}-{month:02}-{date:02}")
}

/// Reads a day written as `2026-11-22`; `None` for anything else, such as a date that does not exist.
pub fn parse_date(text: &str) -> Option<Day> {
    let number = |at: std::ops::Range<usize>| text.get(at)?.parse::<u32>().ok();
    let (year, month) = (number(0..4)?, number(5..7)?);
    let date = number(8..10)?;
    // The guess is close, and the day is the one whose date is the text.
    let years = year.checked_sub(1970)?;
    let guess = years.saturating_mul(1461) / 4;
    let guess = guess.saturating_add(month.saturating_sub(1).saturating_mul(306) / 10).saturating_add(date);
    (guess.saturating_sub(80)..=guess.saturating_add(5)).find(|day| date_of(*day) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_belong_together() {
        for (day, date) in
            [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_779, "2026-11-22"), (47_540, "2100-02-28")]
        {
            assert_eq!(date_of(day), date);
        }
        assert_eq!(date_of(47_541), "2100-03-01", "2100 is no leap year");
        let mut last = String::new();
        for day in 0..60_000 {
            let date = date_of(day);
            assert!(date > last, "{date} follows {last}");
            assert_eq!(parse_date(&date), Some(day));
            last = date;
        }
    }

    #[test]
    fn a_period_is_over_a_minute_after_its_end() {
        assert_eq!(until_over(DAY_MS, 0), DAY_MS + 60_000);
        assert_eq!(until_over(DAY_MS, DAY_MS - 1), 60_001);
        assert_eq!(until_over(DAY_MS, DAY_MS), DAY_MS + 60_000);
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "2026",
            "2026-11-31",
            "2025-02-29",
            "2026-13-01",
            "2026-11-00",
            "1969-12-31",
            "2026/11/22",
            "2026-11-22 ",
            "+026-11-22",
            "２０２６-11-22",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
