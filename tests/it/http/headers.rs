//! Headers that every response has.

use axum::{
    body::Body,
    http::{Method, Request, header},
};

use super::{harmless, post};
use crate::harness::{Api, Database};

#[tokio::test]
async fn browsers_neither_guess_the_type_of_a_response_nor_tell_where_they_got_it() {
    let api = Api::start_in_development(Database::sqlite(), "token").await;
    let to = |method, uri: &str, host: &str| {
        let request = Request::builder().method(method).uri(uri).header(header::HOST, host);
        request.body(Body::empty()).unwrap()
    };
    for (request, status) in [
        (post().header(header::HOST, "localhost").body(harmless()).unwrap(), 200),
        (to(Method::GET, "/graphql?query=%7B", "localhost"), 400),
        (to(Method::OPTIONS, "/graphql", "localhost"), 200),
        (to(Method::GET, "/", "localhost"), 200),
        (to(Method::GET, "/healthz", "localhost"), 200),
        (to(Method::POST, "/readyz", "localhost"), 405),
        (to(Method::GET, "/nowhere", "localhost"), 404),
        (to(Method::GET, "/graphql", "example.com"), 403),
    ] {
        let reply = api.anon.sends(request).await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{status}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{status}");
    }
}
