//! The only place that reads the system's clock.
//!
//! All code that depends on the time gets a [`Clock`], so that a test can set it.

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::{sync::watch, time::sleep};

use super::Timestamp;

/// The longest sleep: the system's clock may be set meanwhile, so it is read again after it.
const MAX_SLEEP: Duration = Duration::from_hours(1);

/// The system's clock, or one that a test sets.
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

    /// A clock that stays at `start` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(start.millis()))))
    }

    /// The current instant.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the only place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        let millis = match &self.0 {
            Source::System => Utc::now().timestamp_millis(),
            Source::Manual(millis) => *millis.borrow(),
        };
        Timestamp(DateTime::from_timestamp_millis(millis).unwrap_or_default())
    }

    /// Milliseconds since some instant in the past. It goes on at the same pace when the system's clock is set,
    /// so it tells how long ago something was.
    #[must_use]
    pub fn monotonic_millis(&self) -> i64 {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        match &self.0 {
            Source::System => i64::try_from(START.elapsed().as_millis()).unwrap_or(i64::MAX),
            Source::Manual(millis) => *millis.borrow(),
        }
    }

    /// Moves a manual clock and all its clones forward, or back. Has no effect on the system's clock.
    pub fn advance(&self, by: TimeDelta) {
        if let Source::Manual(millis) = &self.0 {
            millis.send_modify(|millis| *millis += by.num_milliseconds());
        }
    }

    /// Waits until that instant, and never returns before it.
    pub async fn sleep_until(&self, instant: Timestamp) {
        match &self.0 {
            Source::System => {
                while let Ok(left @ 1..) = u64::try_from(instant.millis() - self.now().millis()) {
                    sleep(Duration::from_millis(left).min(MAX_SLEEP)).await;
                }
            }
            Source::Manual(millis) => {
                // This cannot fail, because `self` owns the sender.
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
        let start = Timestamp::from_seconds(1_800_000_000).unwrap();
        let clock = Clock::manual(start);
        clock.sleep_until(start).await;
        clock.sleep_until(start.before(TimeDelta::days(1))).await;

        let mut waiting = Box::pin(clock.sleep_until(start.after(TimeDelta::seconds(10))));
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
        clock.sleep_until(clock.now()).await;
        for millis in [1, 2, 30] {
            let then = clock.now().after(TimeDelta::milliseconds(millis));
            clock.sleep_until(then).await;
            assert!(clock.now() >= then);
        }
        let far = clock.now().after(TimeDelta::days(365_000));
        assert!(clock.sleep_until(far).now_or_never().is_none());
    }

    #[test]
    fn there_is_nothing_after_the_year_9999() {
        let last = Timestamp::parse("9999-12-31T23:59:59.999Z").unwrap();
        assert_eq!(last.after(TimeDelta::milliseconds(1)), last);
        assert_eq!(last.before(TimeDelta::days(1)).after(TimeDelta::days(1)), last);
    }
}
