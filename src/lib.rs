//! taskward
pub mod clock;
pub mod graphql;
