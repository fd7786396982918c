//! ISO 8601 durations.

use std::fmt;

/// An ISO 8601 duration. It keeps days and time apart, because a day does not always have 24 hours
/// (daylight saving time).
///
/// Weeks, days, hours, minutes and seconds are supported, each a whole number, with an optional sign before
/// the `P`. Months and years are not, because they vary in length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Duration {
    /// A week counts as seven days.
    days: i64,
    /// Has the same sign as `days`.
    seconds: i64,
}

impl Duration {
    /// Parses for example `PT30M`, `P1DT12H` or `-P2W`. `None` also if a number is too large.
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

    /// The number of days, if the duration has no time part and is not negative.
    #[must_use]
    pub fn whole_days(self) -> Option<u64> {
        u64::try_from(self.days).ok().filter(|_| self.seconds == 0)
    }
}

/// Adds up numbers, each with its unit. The units are optional, but in this order.
fn sum(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut sum = 0_i64;
    for (unit, size) in units {
        if let Some((number, rest)) = text.split_once(*unit) {
            // `parse` would accept a sign, which is allowed only before the `P`.
            let digits = number.bytes().all(|byte| byte.is_ascii_digit());
            let number: i64 = digits.then(|| number.parse().ok()).flatten()?;
            sum = sum.checked_add(number.checked_mul(*size)?)?;
            text = rest;
        }
    }
    text.is_empty().then_some(sum)
}

/// The shortest form that keeps days and time apart, for example `P1DT12H`.
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

    #[test]
    fn a_duration_is_parsed_and_formatted() {
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
    fn an_invalid_duration_is_not_parsed() {
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
    fn whole_days_have_no_time_and_no_sign() {
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
