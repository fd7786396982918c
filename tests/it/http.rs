//! HTTP: statuses, headers, and what is refused before execution.
//!
//! Only [`outage`], [`shutdown`] and [`health`] depend on the database; the others run on SQLite alone.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod body;
mod connections;
mod error_precedence;
mod headers;
mod health;
mod introspection;
mod log;
mod media_types;
mod origins;
mod outage;
mod playground;
mod query_string;
mod rate_limits;
mod request_id;
mod shutdown;

use axum::{
    body::Body,
    http::{Request, header, request::Builder},
};

use crate::harness::Reply;

/// A POST of JSON that wants the newer media type.
fn post() -> Builder {
    Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/graphql-response+json")
}

/// A query that needs no token.
fn harmless() -> Body {
    r#"{"query": "{ __typename }"}"#.into()
}

/// The status and the code of a refusal, which has no data.
fn refusal(reply: &Reply) -> (u16, String) {
    assert_eq!(reply.json().get("data"), None, "{:#}", reply.json());
    (reply.status.as_u16(), reply.code())
}
