//! The only place that asks for the time.
//!
//! Everything that depends on the time is given a [`Clock`], so that tests can stop it and turn it.

use std::{fmt, sync::Arc, time::Duration};

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use tokio::{sync::watch, time::sleep};

/// How long a sleeper trusts that the system's clock was not set meanwhile.
const TRUST: Duration = Duration::from_hours(1);

/// A point in time in UTC, to the millisecond: what the API shows is what the database keeps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(DateTime<Utc>);

impl Instant {
    /// The instant that many milliseconds after 1970-01-01T00:00:00Z; `None` beyond the year 9999,
    /// which RFC 3339 cannot write, or before the year 0.
    #[must_use]
    pub fn from_millis(millis: i64) -> Option<Self> {
        const YEAR_0: i64 = -62_167_219_200_000;
        const YEAR_10000: i64 = 253_402_300_800_000;
        (YEAR_0..YEAR_10000)
            .contains(&millis)
            .then(|| DateTime::from_timestamp_millis(millis).map(Self))
            .flatten()
    }

    /// The instant that many seconds after 1970-01-01T00:00:00Z, as the claims of a JWT count.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        seconds.checked_mul(1000).and_then(Self::from_millis)
    }

    /// Reads RFC 3339 with any offset; what is finer than a millisecond is cut off.
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

    /// What [`Display`](fmt::Display) writes, as bytes.
    #[must_use]
    pub fn rfc3339(self) -> [u8; 24] {
        let (date, time) = (self.0.date_naive(), self.0.time());
        let year = u32::try_from(date.year()).unwrap_or_default();
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut write = |at: std::ops::Range<usize>, mut number: u32| {
            for place in text[at].iter_mut().rev() {
                *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
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

    /// The same instant in the type that the databases' drivers speak.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// The instant that much earlier, or 1970 where there is none.
    #[must_use]
    pub fn before(self, span: TimeDelta) -> Self {
        Self(self.0.checked_sub_signed(span).unwrap_or(DateTime::UNIX_EPOCH))
    }

    /// The instant that much later, or the same one where there is none.
    #[must_use]
    pub fn after(self, span: TimeDelta) -> Self {
        self.millis()
            .checked_add(span.num_milliseconds())
            .and_then(Self::from_millis)
            .unwrap_or(self)
    }
}

/// RFC 3339 in UTC with milliseconds, for example `2026-11-21T09:30:00.000Z`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.rfc3339()).unwrap_or_default())
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Tells the time: the system's, or the one that a test has set.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    /// Milliseconds since the epoch, shared by all clones.
    Manual(Arc<watch::Sender<i64>>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `start` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(start: Instant) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(start.millis()))))
    }

    /// The present instant.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
    pub fn now(&self) -> Instant {
        let millis = match &self.0 {
            Source::System => Utc::now().timestamp_millis(),
            Source::Manual(millis) => *millis.borrow(),
        };
        Instant(DateTime::from_timestamp_millis(millis).unwrap_or_default())
    }

    /// Moves a manual clock on (or back), for it and all its clones; the system's clock stays.
    pub fn advance(&self, by: TimeDelta) {
        if let Source::Manual(millis) = &self.0 {
            millis.send_modify(|millis| *millis += by.num_milliseconds());
        }
    }

    /// Waits until that instant has come, and never ends before it.
    pub async fn reaches(&self, instant: Instant) {
        match &self.0 {
            Source::System => {
                while let Ok(left @ 1..) = u64::try_from(instant.millis() - self.now().millis()) {
                    sleep(Duration::from_millis(left).min(TRUST)).await;
                }
            }
            Source::Manual(millis) => {
                // It cannot fail: the sender is right here.
                let _ = millis.subscribe().wait_for(|millis| *millis >= instant.millis()).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_instant_has_come() {
        let start = Instant::from_seconds(1_800_000_000).unwrap();
        let clock = Clock::manual(start);
        clock.reaches(start).await;
        clock.reaches(start.before(TimeDelta::days(1))).await;

        let mut waiting = Box::pin(clock.reaches(start.after(TimeDelta::seconds(10))));
        for step in [9_999, -5_000, 5_000] {
            clock.advance(TimeDelta::milliseconds(step));
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        clock.advance(TimeDelta::milliseconds(1));
        assert!(waiting.now_or_never().is_some());
    }

    #[tokio::test]
    async fn the_systems_clock_wakes_nobody_too_early() {
        let clock = Clock::system();
        clock.reaches(clock.now()).await;
        for millis in [1, 2, 30] {
            let then = clock.now().after(TimeDelta::milliseconds(millis));
            clock.reaches(then).await;
            assert!(clock.now() >= then);
        }
        let far = clock.now().after(TimeDelta::days(365_000));
        assert!(clock.reaches(far).now_or_never().is_none());
    }

    #[test]
    fn there_is_nothing_after_the_year_9999() {
        let last = Instant::parse("9999-12-31T23:59:59.999Z").unwrap();
        assert_eq!(last.after(TimeDelta::milliseconds(1)), last);
        assert_eq!(last.before(TimeDelta::days(1)).after(TimeDelta::days(1)), last);
    }
}
