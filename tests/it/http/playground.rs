//! GraphiQL: when it is served, and its security policy. That it works is tested in a browser.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};

use crate::harness::{Api, Database, Reply, tokens};

async fn development() -> Api {
    Api::start_in_development(Database::sqlite(), "the.token.here").await
}

async fn production(flags: &[&str]) -> Api {
    let secret = format!("--better-auth-secret={}", tokens::SECRET);
    Api::start_with(Database::sqlite(), &[&[secret.as_str()], flags].concat()).await
}

async fn page(api: &Api) -> Reply {
    let request = Request::get("/").header(header::HOST, "localhost:4000");
    api.anon.sends(request.body(Body::empty()).unwrap()).await
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.to_vec()).unwrap()
}

#[tokio::test]
async fn in_development_it_is_there_with_a_token() {
    let reply = page(&development().await).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(reply.header("cache-control"), "no-store", "it holds a token");
    let page = text(&reply);
    assert!(page.contains(r#"data-token="the.token.here""#), "{page}");
    assert!(page.contains(r#""due": {"on": "2026-11-21"}"#), "the new task is due today: {page}");
    assert!(!page.contains("{{"), "nothing is left to fill in: {page}");
}

#[tokio::test]
async fn no_other_page_may_read_the_token_in_it() {
    let api = development().await;
    for origin in ["http://localhost:5173", "http://localhost:4000", "https://evil.example"] {
        let request = Request::get("/").header(header::HOST, "localhost:4000");
        let request = request.header(header::ORIGIN, origin).body(Body::empty()).unwrap();
        let reply = api.anon.sends(request).await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "{origin}");
    }
}

#[tokio::test]
async fn in_production_it_is_absent_unless_it_is_asked_for() {
    let reply = page(&production(&[]).await).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);

    let reply = page(&production(&["--playground=true"]).await).await;
    assert_eq!(reply.status, StatusCode::OK);
    let page = text(&reply);
    assert!(page.contains(r#"data-token="""#), "there is no token to give away: {page}");
}

#[tokio::test]
async fn only_what_carries_the_nonce_of_the_reply_runs() {
    let api = development().await;
    let [reply, other] = [page(&api).await, page(&api).await];
    let policy = reply.header("content-security-policy").to_owned();
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(nonce.len() >= 22, "nobody guesses it: {nonce}");
    assert_ne!(other.header("content-security-policy"), policy, "it is good for one reply");
    assert_eq!(
        policy.replace(nonce, "…"),
        "default-src 'none'; script-src 'nonce-…'; style-src 'nonce-…'; font-src data:; \
         img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );

    let page = text(&reply);
    let elements: Vec<_> = ["<script", "<style", "<link rel=\"stylesheet\""]
        .iter()
        .flat_map(|element| page.split(element).skip(1))
        .map(|rest| rest.split('>').next().unwrap())
        .filter(|attributes| !attributes.contains("type=\"application/graphql\""))
        .collect();
    assert_eq!(elements.len(), 7, "{elements:#?}");
    for attributes in elements {
        assert!(attributes.contains(&format!("nonce=\"{nonce}\"")), "{attributes}");
        if attributes.contains("//") {
            assert!(attributes.contains("integrity=\"sha384-"), "{attributes}");
            assert!(attributes.contains("crossorigin=\"anonymous\""), "{attributes}");
        }
    }
}
