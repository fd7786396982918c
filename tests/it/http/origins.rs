//! CORS, and the host names that development mode accepts.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};

use super::{harmless, post, refusal};
use crate::harness::{Api, Database, Reply, tokens};

const APP: &str = "https://app.example.com";
const ADMIN: &str = "https://admin.example.com:8443";

async fn development() -> Api {
    Api::start_in_development(Database::sqlite(), "the.token.here").await
}

async fn production(flags: &[&str]) -> Api {
    let secret = format!("--better-auth-secret={}", tokens::SECRET);
    Api::start_with(Database::sqlite(), &[&[secret.as_str()], flags].concat()).await
}

async fn preflight(api: &Api, origin: &str) -> Reply {
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri("/graphql")
        .header(header::HOST, "localhost:4000")
        .header(header::ORIGIN, origin)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type");
    api.anon.sends(request.body(Body::empty()).unwrap()).await
}

/// A request that needs no token, one that lacks it, and one that cannot be read.
async fn real(api: &Api, origin: &str) -> Vec<Reply> {
    let mut replies = Vec::new();
    for body in [r#"{"query": "{ __typename }"}"#, r#"{"query": "{ viewer { id } }"}"#, "{"] {
        let request = post().header(header::HOST, "localhost:4000").header(header::ORIGIN, origin);
        replies.push(api.anon.sends(request.body(body.into()).unwrap()).await);
    }
    let statuses: Vec<_> = replies.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(statuses, [200, 401, 400]);
    replies
}

/// Whether a page of that origin may send requests and read all answers; otherwise it may read none.
async fn may_ask(api: &Api, origin: &str) -> bool {
    let preflight = preflight(api, origin).await;
    let replies = real(api, origin).await;
    let all = [&preflight].into_iter().chain(&replies);
    let allowed: Vec<_> = all.map(|reply| reply.header("access-control-allow-origin")).collect();
    if allowed == ["", "", "", ""] {
        return false;
    }
    assert_eq!(allowed, [origin; 4]);
    assert_eq!(preflight.status, StatusCode::OK, "{origin}");
    assert_eq!(preflight.header("access-control-allow-methods"), "GET,POST");
    assert_eq!(preflight.header("access-control-allow-headers"), "authorization,content-type");
    assert_eq!(preflight.header("access-control-max-age"), "3600");
    for reply in replies {
        let exposed = reply.header("access-control-expose-headers");
        for name in ["retry-after", "www-authenticate", "x-request-id"] {
            assert!(exposed.contains(name), "{exposed}");
        }
    }
    true
}

#[tokio::test]
async fn in_development_any_page_of_this_machine_may_ask() {
    let api = development().await;
    for origin in [
        "http://localhost",
        "http://localhost:5173",
        "https://localhost:3000",
        "http://127.0.0.1:3000",
        "http://[::1]:3000",
    ] {
        assert!(may_ask(&api, origin).await, "{origin}");
    }
    for origin in [
        "https://evil.example",
        "http://localhost.evil.example",
        "http://evil.example:4000",
        "http://127.0.0.1.evil.example",
        "http://192.168.0.10:3000",
        "http://localhost@evil.example",
        "null",
        "localhost:3000",
    ] {
        assert!(!may_ask(&api, origin).await, "{origin}");
    }
}

#[tokio::test]
async fn in_production_only_the_pages_that_are_listed_may_ask() {
    let api = production(&[&format!("--cors-origins={APP},{ADMIN}")]).await;
    for origin in [APP, ADMIN] {
        assert!(may_ask(&api, origin).await, "{origin}");
    }
    for origin in [
        "http://app.example.com",
        "https://app.example.com:444",
        "https://app.example.com.evil.example",
        "https://evil.example",
        "http://localhost:5173",
        "null",
    ] {
        assert!(!may_ask(&api, origin).await, "{origin}");
    }
}

#[tokio::test]
async fn in_production_no_page_may_ask_unless_it_is_listed() {
    let api = production(&[]).await;
    for origin in [APP, "http://localhost:5173", "null"] {
        assert!(!may_ask(&api, origin).await, "{origin}");
    }
}

#[tokio::test]
async fn no_page_may_send_cookies() {
    for api in [development().await, production(&[&format!("--cors-origins={APP}")]).await] {
        for origin in [APP, "http://localhost:5173"] {
            let reply = preflight(&api, origin).await;
            assert_eq!(reply.header("access-control-allow-credentials"), "");
        }
    }
}

#[tokio::test]
async fn caches_tell_answers_apart_by_accept_token_and_origin() {
    let api = production(&[&format!("--cors-origins={APP}")]).await;
    for origin in [APP, "https://evil.example"] {
        for reply in real(&api, origin).await {
            let vary: Vec<_> = reply.headers.get_all(header::VARY).iter().collect();
            let vary: Vec<_> = vary.iter().flat_map(|v| v.to_str().unwrap().split(", ")).collect();
            for name in ["accept", "authorization", "origin"] {
                assert!(vary.contains(&name), "{vary:?}");
            }
        }
    }
}

#[tokio::test]
async fn in_development_only_names_of_this_machine_are_answered() {
    let api = development().await;
    for host in [
        "localhost",
        "localhost:4000",
        "LOCALHOST:4000",
        "127.0.0.1",
        "127.0.0.1:4000",
        "[::1]",
        "[::1]:4000",
    ] {
        for uri in ["/graphql?query=%7B__typename%7D", "/healthz", "/readyz", "/"] {
            let request = Request::get(uri).header(header::HOST, host);
            let reply = api.anon.sends(request.body(Body::empty()).unwrap()).await;
            assert_ne!(reply.status, StatusCode::FORBIDDEN, "{host} {uri}");
        }
    }
    for host in [
        "evil.example",
        "evil.example:4000",
        "localhost.evil.example",
        "evil.localhost",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "0.0.0.0:4000",
        "192.168.0.10:4000",
        "[::2]",
        "",
    ] {
        for uri in ["/graphql?query=%7B__typename%7D", "/healthz", "/readyz", "/"] {
            let request = Request::get(uri).header(header::HOST, host);
            let reply = api.anon.sends(request.body(Body::empty()).unwrap()).await;
            assert_eq!(refusal(&reply), (403, "FORBIDDEN".to_owned()), "{host} {uri}");
        }
    }
    let reply = api.anon.sends(post().body(harmless()).unwrap()).await;
    assert_eq!(refusal(&reply), (403, "FORBIDDEN".to_owned()), "without Host");
}

/// A request line may hold the whole URL, and its host then counts, not the header's.
#[tokio::test]
async fn the_host_in_the_request_line_counts_first() {
    let api = development().await;
    for (uri, host, status) in [
        ("http://evil.example/healthz", "localhost:4000", 403),
        ("http://localhost:4000/healthz", "evil.example", 200),
    ] {
        let request = Request::get(uri).header(header::HOST, host);
        let reply = api.anon.sends(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status, status, "{uri}");
    }
}

#[tokio::test]
async fn in_production_any_host_name_is_answered() {
    let api = production(&[]).await;
    let request = Request::get("/healthz").header(header::HOST, "api.example.com");
    let reply = api.anon.sends(request.body(Body::empty()).unwrap()).await;
    assert_eq!(reply.status, StatusCode::OK);
}
