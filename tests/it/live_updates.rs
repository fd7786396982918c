//! Long-lived connections (WebSocket and event stream), through a listener as in production.
//!
//! Tests of the data that is sent run on both databases; tests of the protocol alone run on SQLite.

mod close;
mod event_stream;
mod isolation;
mod limits;
mod log;
mod protocol;
mod replay;

/// Follows all changes from now on, or from `$since`.
const CHANGES: &str = "subscription($since: String) {
    changes(since: $since) {
        changes { kind id type cursor node { ... on Task { title } } } cursor hasMore reset
    }
}";
