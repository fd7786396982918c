//! Connections that last, through a listener as in production.
//!
//! What is told and to whom runs on both databases; what only the protocol decides takes SQLite alone.

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
