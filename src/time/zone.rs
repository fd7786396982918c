//! Time zones and calendar days.
//!
//! The day of an instant depends on the zone. This module only converts an instant to a day, which always
//! exists. The opposite, from a day to its midnight, is ambiguous: where daylight saving time begins or ends,
//! there may be two midnights or none.

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

use super::Timestamp;

/// The first day whose year has four digits.
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(0, 1, 1).expect("a day");
/// The last day whose year has four digits.
const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a day");

/// A time zone of the IANA database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// The default.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone of that name, which is case-sensitive. The older names of the database are supported too.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    /// The name that was given to [`Zone::named`].
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The calendar day in the zone at that instant. It is limited to years of four digits, which RFC 3339
    /// can write and which the databases compare correctly.
    #[must_use]
    pub fn day(self, instant: Timestamp) -> NaiveDate {
        instant.utc().with_timezone(&self.0).date_naive().clamp(FIRST_DAY, LAST_DAY)
    }
}

/// The day so many days later, at most 9999-12-31.
#[must_use]
pub fn days_after(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).map_or(LAST_DAY, |later| later.min(LAST_DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(zone: &str, instant: &str) -> String {
        Zone::named(zone).unwrap().day(Timestamp::parse(instant).unwrap()).to_string()
    }

    #[test]
    fn the_day_depends_on_the_zone() {
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
}
