//! Long-lived connections: WebSockets (`graphql-transport-ws`) and event streams (GraphQL over SSE,
//! "distinct connections mode").
//!
//! Each connection is one task, which waits for several events at once and handles the first. Nothing is
//! queued: an operation holds at most one result and produces the next one after that has been sent. So a
//! client that reads slowly also slows the reading of the change log, and several changes of an object
//! reach it as one.
//!
//! ```text
//!                  ┌──────────────────────────────────────────────┐
//!                  ▼                                              │
//!  upgrade ─► init ─► ack ─► wait ─┬─ a message ─► start or stop an operation, pong
//!     │         │              │   ├─ a result of an operation ─► next, error or complete
//!     │         │              │   └─ 25 s have passed ─► ping
//!     │         │              │
//!     ▼         ▼              ▼
//!   1013      4408           4403  the token expires or is revoked
//!   4406      4403           1012  the server stops
//!             4400 4401      1013  the client reads too slowly
//!                            4400 4409 4429  the client violates the protocol
//! ```
//!
//! An event stream does the same for one operation; an HTTP request replaces the handshake.

use chrono::TimeDelta;

use crate::time::Clock;

/// The interval between two pings.
pub(super) const PING: TimeDelta = TimeDelta::seconds(25);

/// Waits for the time that a client has to read so many bytes: longer for a larger message, because its
/// network may be slow.
pub(super) async fn write_timeout(clock: &Clock, bytes: usize) {
    const MIN_SECONDS: i64 = 10;
    const MAX_EXTRA_SECONDS: i64 = 50;
    const BYTES_PER_SECOND: usize = 16 * 1024;
    let extra = i64::try_from(bytes / BYTES_PER_SECOND).unwrap_or(i64::MAX);
    let timeout = TimeDelta::seconds(MIN_SECONDS + extra.min(MAX_EXTRA_SECONDS));
    clock.sleep_until(clock.now().after(timeout)).await;
}
