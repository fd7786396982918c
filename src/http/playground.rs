//! GraphiQL at `/`, to explore the schema and try operations.

use axum::{
    extract::State,
    http::{HeaderName, header},
    response::IntoResponse,
};

use super::Served;

const PAGE: &str = include_str!("playground.html");

/// What the page may load: its own few lines, and the pinned files that it names.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline' https://unpkg.com; \
    style-src 'unsafe-inline' https://unpkg.com; font-src data:; img-src data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page, with the token of development mode filled in.
pub async fn playground(State(served): State<Served>) -> impl IntoResponse {
    let token = served.settings.playground_token.as_deref().unwrap_or_default();
    let headers: [(HeaderName, &str); 3] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, PAGE.replace("{{token}}", token))
}
