//! A GraphQL task API for the login that a front end already has.
//!
//! Each request brings a JWT. The authenticator in [`auth`] verifies it and makes a [`auth::Viewer`]; with
//! it [`store`] opens the rows of that user and of nobody else; [`graphql`] reads and writes through that
//! door. So no resolver can forget whose tasks it shows.
//!
//! | room | what is inside | may import |
//! |---|---|---|
//! | [`cli`] | the commands: serve, migrate, schema, token, check-config; development mode | `app`, `auth`, `config`, `graphql`, `store`, `telemetry`, `time` |
//! | [`app`] | where the parts meet; background tasks under supervision | `auth`, `config`, `engine`, `http`, `store`, `time` |
//! | [`config`] | every setting, checked at the start | `auth`, `engine`, `http`, `store`, `telemetry` |
//! | [`telemetry`] | the log | |
//! | [`http`] | connections, routes, layers, negotiation, the order of refusal, WebSocket and event stream | `auth`, `engine`, `error`, `store`, `time` |
//! | [`engine`] | the one way in: documents, limits, values, plans, execution | `auth`, `error`, `graphql`, `store`, `time` |
//! | [`graphql`] | the schema: roots, types, inputs | `auth`, `error`, `store`, `time` |
//! | [`error`] | an error as a client sees it | `auth`, `store` |
//! | [`store`] | the only door to the tables | `auth`, `feed`, `time` |
//! | [`feed`] | who must be notified that a user's data changed | |
//! | [`auth`] | tokens, keys, viewers, sign-outs | `time` |
//! | [`time`] | instants, days, durations, and the only clock | |
//!
//! The tables themselves are made by the crate `migration`.

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod engine;
pub(crate) mod error;
pub mod feed;
pub mod graphql;
pub(crate) mod http;
pub mod store;
pub(crate) mod telemetry;
pub mod time;
