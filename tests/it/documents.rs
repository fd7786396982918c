//! Documents and variables: their size, depth and types.
//!
//! What is refused never reaches the database, so those tests run on SQLite alone; how values are
//! stored, and what a mutation beside a failing one has written, is tested on both.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod attacks;
mod dates;
mod limits;
mod mutations;
mod operations;
mod persisted;
mod response_size;
mod validity;
mod variables;

use crate::harness::Reply;

/// The status and the code of a request that was refused.
fn refusal(reply: &Reply) -> (u16, String) {
    assert_eq!(reply.json().get("data"), None, "{:#}", reply.json());
    (reply.status.as_u16(), reply.code())
}

/// What one text after another makes.
fn repeat(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}
