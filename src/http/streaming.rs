//! Connections that last: WebSockets (`graphql-transport-ws`) and event streams (GraphQL over SSE,
//! "distinct connections").
//!
//! Each is one task that waits for several things at once. Whatever happens first is done, and nothing
//! is queued: an operation has one answer waiting at the most, and goes on when that is handed over. So
//! a client who reads slowly slows the reading of the log, and finds the changes of meanwhile folded.
//!
//! ```text
//!                  ┌──────────────────────────────────────────────┐
//!                  ▼                                              │
//!  upgrade ─► init ─► ack ─► wait ─┬─ a message ─► start or drop an operation, pong
//!     │         │              │   ├─ an answer of an operation ─► next, error or complete
//!     │         │              │   └─ 25 s have passed ─► ping
//!     │         │              │
//!     ▼         ▼              ▼
//!   1013      4408           4403  the token expires, or its user signs out
//!   4406      4403           1012  the server stops
//!             4400 4401      1013  what is sent is not taken
//!                            4400 4409 4429  the client breaks the protocol
//! ```
//!
//! An event stream is the same for one operation, with HTTP in the place of the handshake.

use chrono::TimeDelta;

/// How often the other end is shown that this one lives.
pub(super) const PING: TimeDelta = TimeDelta::seconds(25);

/// How long the other end may take to read so many bytes: a slow line is given time for a large
/// message.
pub(super) fn write_timeout(bytes: usize) -> TimeDelta {
    const LEAST: TimeDelta = TimeDelta::seconds(10);
    const BYTES_A_SECOND: usize = 16 * 1024;
    const MORE: i64 = 50;
    let more = i64::try_from(bytes / BYTES_A_SECOND).unwrap_or(i64::MAX);
    LEAST + TimeDelta::seconds(more.min(MORE))
}
