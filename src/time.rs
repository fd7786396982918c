//! Time: instants, calendar days, durations, and the only clock.

mod clock;
mod duration;
mod timestamp;
mod zone;

pub use self::{
    clock::Clock,
    duration::Duration,
    timestamp::Timestamp,
    zone::{Zone, days_after},
};
