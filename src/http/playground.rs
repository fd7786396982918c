//! GraphiQL at `/`, to explore the schema and try operations.
//!
//! The page runs only scripts with the nonce of its response: inline scripts, and files whose hashes are
//! pinned.

mod assets;

use std::{future::ready, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{HeaderName, header},
    response::IntoResponse,
    routing::get,
};
use uuid::Uuid;

pub use self::assets::Assets;
use super::AppState;
use crate::time::Clock;

const PAGE: &str = include_str!("playground.html");

#[derive(Clone, Debug)]
pub struct Playground {
    pub assets: Assets,
    /// The token that the page sends unless the user enters another.
    pub token: Option<String>,
}

/// The page, and the files that it loads from this server.
pub fn routes(playground: &Playground) -> Router<Arc<AppState>> {
    let token = playground.token.as_deref().unwrap_or_default();
    let page = PAGE.replace("{{files}}", &playground.assets.elements()).replace("{{token}}", token);
    let reply = move |State(state): State<Arc<AppState>>| ready(reply(&page, &state.clock));
    playground.assets.routes().route("/", get(reply))
}

fn reply(page: &str, clock: &Clock) -> impl IntoResponse + use<> {
    let nonce = Uuid::new_v4().simple().to_string();
    let today = clock.now().utc().date_naive().to_string();
    let headers: [(HeaderName, String); 3] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy(&nonce)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, page.replace("{{nonce}}", &nonce).replace("{{today}}", &today))
}

/// The Content-Security-Policy: the page may use its own scripts and styles, with the fonts and images
/// inlined there, and connect to this server, also by WebSocket.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         font-src data:; img-src data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
