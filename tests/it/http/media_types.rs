//! Media types: of requests by `Content-Type`, of responses by `Accept`.

use axum::http::{Request, StatusCode, header};

use super::{harmless, post, refusal};
use crate::harness::{Api, Database};

const NEW: &str = "application/graphql-response+json; charset=utf-8";
const OLD: &str = "application/json; charset=utf-8";

#[tokio::test]
async fn the_newer_media_type_comes_only_where_it_is_named() {
    let api = Api::start(Database::sqlite()).await;
    for (accept, expected) in [
        ("application/graphql-response+json", NEW),
        ("application/graphql-response+json; charset=utf-8", NEW),
        ("Application/GraphQL-Response+JSON", NEW),
        ("application/graphql-response+json, application/json;q=0.9", NEW),
        ("application/json, application/graphql-response+json;q=0.5", NEW),
        ("application/graphql-response+json;q=0.001, */*", NEW),
        ("text/html, application/graphql-response+json", NEW),
        ("application/json", OLD),
        ("application/json;q=0.1", OLD),
        ("*/*", OLD),
        ("*/*;q=0.1, text/html", OLD),
        ("application/*", OLD),
        ("text/html, application/xhtml+xml, */*;q=0.8", OLD),
        ("application/graphql-response+json;q=0, application/json", OLD),
        ("application/graphql-response+json; q=0.000, */*", OLD),
        // The wildcard no longer means the one that is ruled out.
        ("application/json;q=0, */*", NEW),
        ("application/json;q=0, application/*", NEW),
    ] {
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, accept);
        let reply = api.anon.sends(request.body(harmless()).unwrap()).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (StatusCode::OK, expected),
            "{accept}"
        );
    }
}

#[tokio::test]
async fn without_accept_the_answer_is_plain_json() {
    let api = Api::start(Database::sqlite()).await;
    let request = Request::post("/graphql").header(header::CONTENT_TYPE, "application/json");
    let reply = api.anon.sends(request.body(harmless()).unwrap()).await;
    assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, OLD));
}

#[tokio::test]
async fn several_accept_headers_count_as_one() {
    let api = Api::start(Database::sqlite()).await;
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "text/html")
        .header(header::ACCEPT, "application/graphql-response+json");
    let reply = api.anon.sends(request.body(harmless()).unwrap()).await;
    assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, NEW));
}

#[tokio::test]
async fn who_takes_neither_form_gets_406() {
    let api = Api::start(Database::sqlite()).await;
    for accept in [
        "text/html",
        "text/*",
        "application/xml",
        "application/jsonp",
        "application/json;q=0",
        "*/*;q=0",
        "application/json;q=0, application/graphql-response+json;q=0, */*",
    ] {
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, accept);
        let reply = api.anon.sends(request.body(harmless()).unwrap()).await;
        assert_eq!(refusal(&reply), (406, "BAD_USER_INPUT".to_owned()), "{accept}");
        assert_eq!(reply.header("content-type"), OLD, "{accept}");
    }
}

#[tokio::test]
async fn a_faulty_document_is_200_only_for_clients_that_name_json_and_nothing_else() {
    let api = Api::start(Database::sqlite()).await;
    for (accept, status) in [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("APPLICATION/JSON;q=0.9", 200),
        ("application/json, */*", 400),
        ("application/json, text/html", 400),
        ("application/json, application/graphql-response+json", 400),
        ("application/*", 400),
        ("*/*", 400),
    ] {
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, accept);
        let body = r#"{"query": "{ nothing }"}"#;
        let reply = api.alice.sends(request.body(body.into()).unwrap()).await;
        assert_eq!(refusal(&reply), (status, "GRAPHQL_VALIDATION_FAILED".to_owned()), "{accept}");
    }
}

#[tokio::test]
async fn the_body_must_say_that_it_is_json() {
    let api = Api::start(Database::sqlite()).await;
    for good in [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=\"UTF-8\"",
        "application/json; odata=verbose",
    ] {
        let request = Request::post("/graphql").header(header::CONTENT_TYPE, good);
        let reply = api.anon.sends(request.body(harmless()).unwrap()).await;
        assert_eq!(reply.status, StatusCode::OK, "{good}");
    }
    // The forms of HTML, which any page may send anywhere, are among the bad ones.
    for bad in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/graphql-response+json",
        "text/json",
        "application/jsonx",
        "application/json; charset=latin1",
        "",
    ] {
        let request = Request::post("/graphql").header(header::CONTENT_TYPE, bad);
        let reply = api.anon.sends(request.body(harmless()).unwrap()).await;
        assert_eq!(refusal(&reply), (415, "BAD_USER_INPUT".to_owned()), "{bad}");
    }
    let reply = api.anon.sends(Request::post("/graphql").body(harmless()).unwrap()).await;
    assert_eq!(refusal(&reply), (415, "BAD_USER_INPUT".to_owned()), "no content type");
}

#[tokio::test]
async fn caches_keep_no_answer() {
    let api = Api::start(Database::sqlite()).await;
    for query in [r#"{"query": "{ __typename }"}"#, r#"{"query": "{"}"#] {
        let reply = api.anon.sends(post().body(query.into()).unwrap()).await;
        assert_eq!(reply.header("cache-control"), "no-store");
    }
}
