//! taskward
#[path = "/tmp/stub_auth.rs"]
pub mod auth;
pub mod clock;
pub mod graphql;
pub mod store;
