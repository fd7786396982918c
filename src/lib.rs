//! A GraphQL task API for the login that a front end already has.
//!
//! Each request brings a JWT. The guard in [`auth`] verifies it and makes a [`auth::Viewer`]; with it
//! [`store`] opens the rows of that user and of nobody else; [`graphql`] reads and writes through
//! that door. So no resolver can forget whose tasks it shows.
//!
//! | room | what is inside | may import |
//! |---|---|---|
//! | [`cli`] | the commands: serve, migrate, schema, token, check-config | `app`, `config`, … |
//! | [`config`] | every setting, checked at the start | `auth`, `document`, `http`, `telemetry` |
//! | [`development`] | the secret and the greeting of development mode | |
//! | [`app`] | the one place where everything meets; the tests build it too | all below |
//! | [`telemetry`] | the log | |
//! | [`http`] | routes, layers, negotiation, the order of refusal | `graphql`, `document`, `auth` |
//! | [`document`] | one GraphQL document: limits, cost, variables | `graphql` (errors) |
//! | [`graphql`] | the schema: roots, types, inputs, errors | `store`, `auth` (viewer) |
//! | [`store`] | the only door to the tables | `auth` (viewer), `clock` |
//! | [`auth`] | tokens, keys, who is asking | `clock` |
//! | [`clock`] | the only place that asks for the time | |
//!
//! The tables themselves are made by the crate `migration`.

pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod development;
pub mod document;
pub mod graphql;
pub mod http;
pub mod store;
pub mod telemetry;
