//! Instants in UTC, to the millisecond.

use std::fmt;

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

/// An instant in UTC with millisecond precision, in the API and in the database alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub(super) DateTime<Utc>);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(DateTime::UNIX_EPOCH);

    /// The instant that many milliseconds after 1970-01-01T00:00:00Z; `None` outside of the years 0 to
    /// 9999, which are those of RFC 3339.
    #[must_use]
    pub fn from_millis(millis: i64) -> Option<Self> {
        const YEAR_0: i64 = -62_167_219_200_000;
        const YEAR_10000: i64 = 253_402_300_800_000;
        (YEAR_0..YEAR_10000)
            .contains(&millis)
            .then(|| DateTime::from_timestamp_millis(millis).map(Self))
            .flatten()
    }

    /// The instant that many seconds after 1970-01-01T00:00:00Z: the `NumericDate` of a JWT (RFC 7519 §2).
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        seconds.checked_mul(1000).and_then(Self::from_millis)
    }

    /// Parses RFC 3339 with any offset, and truncates it to milliseconds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let instant = DateTime::parse_from_rfc3339(text).ok()?;
        Self::from_millis(instant.timestamp_millis())
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.timestamp()
    }

    /// The text of [`Display`](fmt::Display), as bytes.
    #[must_use]
    pub fn rfc3339(self) -> [u8; 24] {
        let (date, time) = (self.0.date_naive(), self.0.time());
        let year = u32::try_from(date.year()).unwrap_or_default();
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut write = |at: std::ops::Range<usize>, mut number: u32| {
            for digit in text[at].iter_mut().rev() {
                *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
                number /= 10;
            }
        };
        write(0..4, year);
        write(5..7, date.month());
        write(8..10, date.day());
        write(11..13, time.hour());
        write(14..16, time.minute());
        write(17..19, time.second());
        write(20..23, self.0.timestamp_subsec_millis());
        text
    }

    /// The same instant in the type of the database drivers.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// The instant that much earlier, or 1970 if that is out of range.
    #[must_use]
    pub fn before(self, span: TimeDelta) -> Self {
        Self(self.0.checked_sub_signed(span).unwrap_or(DateTime::UNIX_EPOCH))
    }

    /// The instant that much later, or the same one if that is out of range.
    #[must_use]
    pub fn after(self, span: TimeDelta) -> Self {
        self.millis()
            .checked_add(span.num_milliseconds())
            .and_then(Self::from_millis)
            .unwrap_or(self)
    }
}

/// RFC 3339 in UTC with milliseconds, for example `2026-11-21T09:30:00.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.rfc3339()).unwrap_or_default())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
