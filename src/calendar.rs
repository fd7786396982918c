//! Days and spans of time, as people count them.
//!
//! An instant is the same everywhere; on which day it lies depends on the zone. The only way here is
//! from an instant to a day, which always exists: the way back would have to find a midnight, and
//! where clocks are turned there may be two of them or none.

use std::fmt;

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

use crate::clock::Instant;

/// The first day whose year has four digits.
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(0, 1, 1).expect("a day");
/// The last day whose year has four digits.
const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a day");

/// A time zone of the IANA database, in which somebody reads their days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// The zone of those who have not chosen one.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone of that name, in the letters that the database gives it; also by its older names.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    /// The name by which it was found.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The day that calendars in the zone show at that instant. At the very ends of time it stays
    /// within the years that can be written, and so within what the databases compare rightly.
    #[must_use]
    pub fn day(self, instant: Instant) -> NaiveDate {
        instant.utc().with_timezone(&self.0).date_naive().clamp(FIRST_DAY, LAST_DAY)
    }
}

/// The day so many days later, or the last one that can be written.
#[must_use]
pub fn days_after(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).map_or(LAST_DAY, |later| later.min(LAST_DAY))
}

/// A span of days and, apart from them, of time: where clocks are turned, a day has not 24 hours.
///
/// It is read from ISO 8601: weeks, days, hours, minutes and seconds, each a whole number, with a
/// sign in front of all of them. Months and years are not read, since they differ in length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Duration {
    /// Weeks are seven of them.
    days: i64,
    /// Of the same sign as the days.
    seconds: i64,
}

impl Duration {
    /// Reads for example `PT30M`, `P1DT12H` or `-P2W`; `None` also where numbers are too large.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, unsigned) = match text.strip_prefix('-') {
            Some(unsigned) => (-1, unsigned),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let parts = unsigned.strip_prefix('P')?;
        let (date, time) = match parts.split_once('T') {
            Some((_, "")) => return None,
            Some(both) => both,
            None if parts.is_empty() => return None,
            None => (parts, ""),
        };
        Some(Self {
            days: sign * sum(date, &[('W', 7), ('D', 1)])?,
            seconds: sign * sum(time, &[('H', 3600), ('M', 60), ('S', 1)])?,
        })
    }

    /// How many days it has, if it has no time beside them and does not go back.
    #[must_use]
    pub fn whole_days(self) -> Option<u64> {
        u64::try_from(self.days).ok().filter(|_| self.seconds == 0)
    }
}

/// Adds up numbers that are each followed by their unit; the units come in this order, if at all.
fn sum(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut sum = 0_i64;
    for (unit, worth) in units {
        if let Some((number, rest)) = text.split_once(*unit) {
            // A sign, which `parse` would take, stands before the whole.
            let digits = number.bytes().all(|byte| byte.is_ascii_digit());
            let number: i64 = digits.then(|| number.parse().ok()).flatten()?;
            sum = sum.checked_add(number.checked_mul(*worth)?)?;
            text = rest;
        }
    }
    text.is_empty().then_some(sum)
}

/// The shortest way to write it that keeps days and time apart, for example `P1DT12H`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds) = (self.days.unsigned_abs(), self.seconds.unsigned_abs());
        f.write_str(if self.days < 0 || self.seconds < 0 { "-P" } else { "P" })?;
        if days > 0 || seconds == 0 {
            write!(f, "{days}D")?;
        }
        if seconds > 0 {
            f.write_str("T")?;
        }
        for (number, unit) in [(seconds / 3600, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')]
        {
            if number > 0 {
                write!(f, "{number}{unit}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(zone: &str, instant: &str) -> String {
        Zone::named(zone).unwrap().day(Instant::parse(instant).unwrap()).to_string()
    }

    #[test]
    fn a_day_is_what_the_calendar_shows() {
        for (zone, instant, expected) in [
            ("UTC", "2026-11-21T23:59:59.999Z", "2026-11-21"),
            ("Europe/Berlin", "2026-11-21T22:59:59.999Z", "2026-11-21"),
            ("Europe/Berlin", "2026-11-21T23:00:00Z", "2026-11-22"),
            ("America/St_Johns", "2026-11-22T03:29:59.999Z", "2026-11-21"),
            ("America/St_Johns", "2026-11-22T03:30:00Z", "2026-11-22"),
            // There was no 30 December in Apia.
            ("Pacific/Apia", "2011-12-30T09:59:59.999Z", "2011-12-29"),
            ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31"),
            // Clocks went from one minute past midnight back to the day before.
            ("America/St_Johns", "2010-11-07T02:30:59.999Z", "2010-11-07"),
            ("America/St_Johns", "2010-11-07T02:31:00Z", "2010-11-06"),
            ("America/St_Johns", "2010-11-07T03:30:00Z", "2010-11-07"),
            // Midnight comes twice in Havana, and the day before does not come back.
            ("America/Havana", "2026-11-01T03:59:59.999Z", "2026-10-31"),
            ("America/Havana", "2026-11-01T04:00:00Z", "2026-11-01"),
            ("America/Havana", "2026-11-01T05:00:00Z", "2026-11-01"),
        ] {
            assert_eq!(day(zone, instant), expected, "{zone} {instant}");
        }
    }

    #[test]
    fn a_day_has_a_year_of_four_digits() {
        assert_eq!(day("Pacific/Apia", "9999-12-31T23:59:59.999Z"), "9999-12-31");
        assert_eq!(day("America/St_Johns", "0000-01-01T00:00:00Z"), "0000-01-01");
        assert_eq!(days_after(LAST_DAY, 0), LAST_DAY);
        for days in [1, u64::from(u32::MAX), u64::MAX] {
            assert_eq!(days_after(LAST_DAY, days), LAST_DAY);
        }
    }

    #[test]
    fn a_duration_is_read_and_written() {
        for (text, days, seconds, written) in [
            ("P0D", 0, 0, "P0D"),
            ("PT0S", 0, 0, "P0D"),
            ("-P0W", 0, 0, "P0D"),
            ("P1D", 1, 0, "P1D"),
            ("+P007D", 7, 0, "P7D"),
            ("P1W", 7, 0, "P7D"),
            ("P1W2D", 9, 0, "P9D"),
            ("PT30M", 0, 1800, "PT30M"),
            ("PT24H", 0, 86_400, "PT24H"),
            ("PT3661S", 0, 3661, "PT1H1M1S"),
            ("P1DT2H3M4S", 1, 7384, "P1DT2H3M4S"),
            ("-P1WT1S", -7, -1, "-P7DT1S"),
            ("P9223372036854775807D", i64::MAX, 0, "P9223372036854775807D"),
            ("-PT9223372036854775807S", 0, -i64::MAX, "-PT2562047788015215H30M7S"),
        ] {
            let duration = Duration::parse(text).unwrap();
            assert_eq!(duration, Duration { days, seconds }, "{text}");
            assert_eq!(duration.to_string(), written, "{text}");
            assert_eq!(Duration::parse(written), Some(duration), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_not_read() {
        for text in [
            "",
            "P",
            "-P",
            "PT",
            "P1DT",
            "T1H",
            "1D",
            "P1",
            "PD",
            "P1H",
            "PT1D",
            "PT1W",
            "P1D1W",
            "PT1M1H",
            "P1D1D",
            "P-1D",
            "P+1D",
            "--P1D",
            "P1M",
            "P1Y",
            "P0.5D",
            "PT1,5S",
            "p1d",
            "P1d",
            " P1D",
            "P1D ",
            "P١D",
            "P9223372036854775808D",
            "P9223372036854775807W",
            "P1W9223372036854775807D",
            "PT9223372036854775807H",
        ] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_whole_days_ahead_are_counted() {
        for (text, days) in [
            ("P0D", Some(0)),
            ("PT0S", Some(0)),
            ("P2W1D", Some(15)),
            ("-P0D", Some(0)),
            ("-P1D", None),
            ("PT24H", None),
            ("P1DT1S", None),
        ] {
            assert_eq!(Duration::parse(text).unwrap().whole_days(), days, "{text}");
        }
    }
}
