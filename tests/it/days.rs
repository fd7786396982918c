//! Days in the time zone of the viewer: today, overdue tasks, tasks due within some days, and the day
//! of an instant.

mod dues;
mod overdue;
mod start_on;
mod within;
mod zone;

use taskward::time::Timestamp;

use crate::harness::{Api, Person, tokens};

impl Api {
    /// Makes it that instant, and gives Alice a token of then.
    fn alice_at(&self, instant: &str) -> Person {
        let instant = Timestamp::parse(instant).unwrap();
        self.wait(instant.utc() - self.clock.now().utc());
        self.with_token(tokens::of("alice", instant))
    }
}
