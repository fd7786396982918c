//! HTTP: the routes, their layers and their shared state.

mod client_address;
mod connection_limits;
mod event_stream;
mod graphql;
mod health;
mod log;
mod negotiation;
mod playground;
mod reply;
mod request;
mod server;
mod streaming;
mod websocket;

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts,
        uri::Authority,
    },
    middleware::{self, Next},
    response::Response,
    routing::{any, get},
};
use tokio_util::sync::CancellationToken;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};
use url::{Host, Url};

pub use self::{
    client_address::TrustedProxies,
    connection_limits::{ConnectionCounter, ConnectionLimits},
    playground::{Assets, Playground},
    server::{ServerLimits, serve},
};
use self::{negotiation::ResponseFormat, reply::HttpError};
use crate::{
    auth::Authenticator,
    engine::Engine,
    error::{ApiError, ErrorCode},
    store::Store,
    time::Clock,
};

/// The state that all requests share.
pub struct AppState {
    pub engine: Engine,
    pub authenticator: Arc<Authenticator>,
    /// For the readiness check.
    pub store: Arc<Store>,
    pub clock: Clock,
    /// Cancelled when the server stops.
    pub shutdown: CancellationToken,
    pub connections: Arc<ConnectionCounter>,
    pub settings: HttpSettings,
}

#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The largest body, in bytes.
    pub body_limit: usize,
    /// How long a request may take.
    pub timeout: Duration,
    pub origins: Origins,
    pub trusted_proxies: TrustedProxies,
    /// GraphiQL at `/`, if it is enabled.
    pub playground: Option<Playground>,
    /// Whether requests are refused unless their `Host` is this machine.
    pub local_only: bool,
}

/// The origins that CORS allows.
#[derive(Clone, Debug)]
pub enum Origins {
    /// Those on this machine.
    Local,
    Listed(Vec<HeaderValue>),
}

/// The routes with their layers, from the innermost to the outermost:
///
/// 1. CORS, so that a browser can read all responses, errors too. GraphiQL is outside of it: its page may
///    contain a token, which other pages must not read;
/// 2. the check of `Host`;
/// 3. the log, which records every request.
pub fn router(state: Arc<AppState>) -> Router {
    let mut router = Router::new()
        .route("/graphql", any(graphql::graphql))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .layer(cors(state.settings.origins.clone()));
    if let Some(playground) = &state.settings.playground {
        router = router.merge(playground::routes(playground));
    }
    let router = if state.settings.local_only {
        router.layer(middleware::from_fn(local_host_only))
    } else {
        router
    };
    router.layer(middleware::from_fn_with_state(Arc::clone(&state), log::log)).with_state(state)
}

fn cors(origins: Origins) -> CorsLayer {
    let origins = match origins {
        Origins::Local => AllowOrigin::predicate(|origin: &HeaderValue, _: &Parts| {
            let origin = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok());
            origin.is_some_and(|origin| origin.host().is_some_and(|host| is_local(&host)))
        }),
        Origins::Listed(origins) => AllowOrigin::list(origins),
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods(AllowMethods::list([Method::GET, Method::POST]))
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            reply::RATE_LIMIT,
            reply::RATE_LIMIT_POLICY,
            HeaderName::from_static("x-request-id"),
        ])
        .max_age(Duration::from_hours(1))
}

/// Protects development mode from DNS rebinding: another site's page must not reach the server through a
/// host name that resolves to this machine.
async fn local_host_only(request: Request, next: Next) -> Response {
    if host(request.uri(), request.headers()).is_some_and(|host| is_local(&host)) {
        return next.run(request).await;
    }
    let message = "Development mode answers only to localhost, 127.0.0.1 and [::1]: configure where tokens come from, to serve others.";
    HttpError::new(StatusCode::FORBIDDEN, ApiError::new(ErrorCode::Forbidden, message))
        .into_response(ResponseFormat::PLAIN)
}

/// The host of the request target, without the port (RFC 9110 §7.2).
fn host(uri: &Uri, headers: &HeaderMap) -> Option<Host> {
    let header = || headers.get(header::HOST)?.to_str().ok()?.parse().ok();
    let authority: Authority = uri.authority().cloned().or_else(header)?;
    Host::parse(authority.host()).ok()
}

fn is_local<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => name.as_ref() == "localhost",
        Host::Ipv4(address) => *address == Ipv4Addr::LOCALHOST,
        Host::Ipv6(address) => *address == Ipv6Addr::LOCALHOST,
    }
}
