//! A GraphQL task API for the login that a front end already has.
//!
//! Each request brings a JWT. The guard in [`auth`] verifies it and makes a [`auth::Viewer`]; with it
//! [`store`] opens the rows of that user and of nobody else; [`graphql`] reads and writes through
//! that door. So no resolver can forget whose tasks it shows.
//!
//! | room | what is inside | may import |
//! |---|---|---|
//! | [`cli`] | the commands: serve, migrate, schema, token, check-config | all but `http` and `document` |
//! | [`config`] | every setting, checked at the start | `auth`, `document`, `http`, `store` (quotas), `telemetry` |
//! | [`development`] | the secret and the greeting of development mode | |
//! | [`app`] | the one place where everything meets; the tests build it too | all below |
//! | [`telemetry`] | the log | |
//! | [`http`] | routes, layers, negotiation, the order of refusal, sockets and streams | `graphql`, `document`, `auth`, `store`, `clock` |
//! | [`plan`] | operations that are answered without the library | `document`, `graphql`, `store`, `auth` (scopes), `clock` |
//! | [`document`] | one GraphQL document: limits, cost, variables, the shape of its answer | `graphql` (errors) |
//! | [`graphql`] | the schema: roots, types, inputs, errors | `store`, `feed`, `auth` (viewer, scopes, sign-out), `calendar`, `clock` |
//! | [`store`] | the only door to the tables | `feed`, `auth` (viewer, sign-out), `calendar`, `clock` |
//! | [`feed`] | who must be told that a user's data moved | |
//! | [`auth`] | tokens, keys, who is asking | `clock` |
//! | [`calendar`] | on which day an instant lies, and spans of time | `clock` |
//! | [`clock`] | the only place that asks for the time | |
//!
//! The tables themselves are made by the crate `migration`.

pub mod app;
pub mod auth;
pub mod calendar;
pub mod cli;
pub mod clock;
pub mod config;
pub mod development;
pub mod document;
pub mod feed;
pub mod graphql;
pub mod http;
pub mod plan;
pub mod store;
pub mod telemetry;
