//! Days and spans of time, as people count them.
//!
//! An instant is the same everywhere; on which day it lies depends on the zone. The only way here is
//! from an instant to a day, which always exists: the way back would have to find a midnight, and
//! where clocks are turned there may be two of them or none.

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

use super::Timestamp;

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
    pub fn day(self, instant: Timestamp) -> NaiveDate {
        instant.utc().with_timezone(&self.0).date_naive().clamp(FIRST_DAY, LAST_DAY)
    }
}

/// The day so many days later, or the last one that can be written.
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
}
