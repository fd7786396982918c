//! GraphQL
pub mod error;
