//! GraphiQL at `/`, to explore the schema and try operations.
//!
//! Nothing runs in the page but what carries the nonce of the very reply: its own lines, and files that
//! are pinned by their hash.

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

/// GraphiQL, as it is configured.
#[derive(Clone, Debug)]
pub struct Playground {
    /// From where a browser gets its files.
    pub assets: Assets,
    /// The token that it starts with.
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

/// What the page may do: run its scripts, wear its styles, with the fonts and pictures that are in
/// them, and ask this server, over WebSockets too.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         font-src data:; img-src data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
