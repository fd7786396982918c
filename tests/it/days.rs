//! Days as the viewer's calendar shows them: the zone, what is overdue, what is due within some days,
//! and on which day an instant lies.

mod dues;
mod overdue;
mod within;
mod zone;

use serde_json::{Value, json};
use taskward::clock::Instant;

use crate::harness::{Api, Person, Reply, tokens};

/// Tries to change somebody's zone.
async fn update_viewer(person: &Person, input: Value) -> Reply {
    let query = "mutation($input: UpdateViewerInput!) { updateViewer(input: $input) { \
        viewer { id timeZone } query { viewer { timeZone } } } }";
    person.post(query, json!({ "input": input })).await
}

/// Somebody moves to a zone.
async fn moves_to(person: &Person, zone: &str) {
    update_viewer(person, json!({ "timeZone": zone })).await.data();
}

impl Api {
    /// Makes it that instant, and gives Alice a token of then.
    fn alice_at(&self, instant: &str) -> Person {
        let instant = Instant::parse(instant).unwrap();
        self.wait(instant.utc() - self.clock.now().utc());
        self.with_token(tokens::of("alice", instant))
    }
}
