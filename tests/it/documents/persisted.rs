//! Persisted documents: by their hash once they were sent (Apollo's automatic persisted queries), or by
//! an id from the build of a front end (trusted documents).

use std::{fs, path::PathBuf};

use aws_lc_rs::digest;
use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::form_urlencoded;

use super::refusal;
use crate::harness::{Api, Database, Person, Reply, Served, tokens};

const TASKS: &str = "query Tasks { tasks { nodes { title } } }";
const CREATE: &str =
    "mutation Create($title: String!) { createTask(input: { title: $title }) { task { title } } }";

fn sha256(document: &str) -> String {
    let digest = digest::digest(&digest::SHA256, document.as_bytes());
    digest.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// The extension that names a document by its hash.
fn by_hash(sha256: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": sha256 } })
}

/// Sends the hash alone.
async fn names(person: &Person, document: &str) -> Reply {
    person.posts(&json!({ "extensions": by_hash(&sha256(document)) })).await
}

/// Sends the hash and the document.
async fn introduces(person: &Person, document: &str) -> Reply {
    let extensions = by_hash(&sha256(document));
    person.posts(&json!({ "query": document, "extensions": extensions })).await
}

/// The answer upon which a client sends the document along, to the letter.
fn is_not_known_yet(reply: &Reply) -> bool {
    let error = json!({
        "message": "PersistedQueryNotFound",
        "extensions": { "code": "PERSISTED_QUERY_NOT_FOUND" }
    });
    reply.status == 200 && reply.json() == json!({ "errors": [error] })
}

#[tokio::test]
async fn a_document_is_sent_once_and_named_from_then_on() {
    let api = Api::start(Database::sqlite()).await;
    api.alice.creates("Milk").await;
    let milk = json!({ "tasks": { "nodes": [{ "title": "Milk" }] } });

    assert!(is_not_known_yet(&names(&api.alice, TASKS).await));
    assert_eq!(introduces(&api.alice, TASKS).await.data(), milk);
    assert_eq!(names(&api.alice, TASKS).await.data(), milk);
    let capitals = by_hash(&sha256(TASKS).to_uppercase());
    assert_eq!(api.alice.posts(&json!({ "extensions": capitals })).await.data(), milk);

    let nothing = json!({ "tasks": { "nodes": [] } });
    assert_eq!(names(&api.bob, TASKS).await.data(), nothing, "the document, not the answer");
    assert_eq!(refusal(&names(&api.anon, TASKS).await), (401, "UNAUTHENTICATED".to_owned()));
}

#[tokio::test]
async fn variables_and_the_operation_are_those_of_each_request() {
    let api = Api::start(Database::sqlite()).await;
    let both = format!("{TASKS} {CREATE}");
    for (query, title) in [(Some(&both), "Milk"), (None, "Bread")] {
        let request = json!({
            "query": query,
            "extensions": by_hash(&sha256(&both)),
            "operationName": "Create",
            "variables": { "title": title },
        });
        let data = api.alice.posts(&request).await.data();
        assert_eq!(data, json!({ "createTask": { "task": { "title": title } } }));
    }
}

#[tokio::test]
async fn a_query_is_named_by_get_but_a_mutation_is_not() {
    let api = Api::start(Database::sqlite()).await;
    let get = async |document: &str, more: &[(&str, &str)]| {
        let extensions = by_hash(&sha256(document)).to_string();
        let parameters = [&[("extensions", extensions.as_str())], more].concat();
        let query =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let request = Request::get(format!("/graphql?{query}")).body(Body::empty());
        api.alice.sends(request.unwrap()).await
    };
    let nothing = json!({ "tasks": { "nodes": [] } });
    assert!(is_not_known_yet(&get(TASKS, &[]).await));
    assert_eq!(get(TASKS, &[("query", TASKS)]).await.data(), nothing);
    assert_eq!(get(TASKS, &[]).await.data(), nothing);

    let title = json!({ "title": "Milk" });
    let request =
        json!({ "query": CREATE, "variables": title, "extensions": by_hash(&sha256(CREATE)) });
    api.alice.posts(&request).await.data();
    let reply = get(CREATE, &[("variables", &title.to_string())]).await;
    assert_eq!(refusal(&reply), (405, "BAD_USER_INPUT".to_owned()));
}

#[tokio::test]
async fn a_hash_that_does_not_fit_is_refused_and_nothing_is_remembered_by_it() {
    let api = Api::start(Database::sqlite()).await;
    let other = "query Tasks { tasks { totalCount } }";
    for hash in [sha256(other), String::new(), "0".repeat(64), sha256(TASKS)[..63].to_owned()] {
        let request = json!({ "query": TASKS, "extensions": by_hash(&hash) });
        let reply = api.alice.posts(&request).await;
        assert_eq!(refusal(&reply), (400, "BAD_USER_INPUT".to_owned()), "{hash}");
        assert_eq!(reply.field(), "extensions.persistedQuery.sha256Hash");
        assert!(is_not_known_yet(&api.alice.posts(&json!({ "extensions": by_hash(&hash) })).await));
    }
}

#[tokio::test]
async fn what_is_no_name_is_refused() {
    let api = Api::start(Database::sqlite()).await;
    let hash = sha256(TASKS);
    for persisted_query in [
        json!(true),
        json!("hash"),
        json!([]),
        json!([1, hash]),
        json!({}),
        json!({ "version": 1 }),
        json!({ "version": 1, "sha256Hash": null }),
        json!({ "version": 1, "sha256Hash": 7 }),
        json!({ "sha256Hash": hash }),
        json!({ "version": 2, "sha256Hash": hash }),
        json!({ "version": "1", "sha256Hash": hash }),
    ] {
        for query in [Value::Null, json!(TASKS)] {
            let extensions = json!({ "persistedQuery": persisted_query });
            let reply = api.alice.posts(&json!({ "query": query, "extensions": extensions })).await;
            assert_eq!(refusal(&reply), (400, "BAD_USER_INPUT".to_owned()), "{persisted_query}");
            assert_eq!(reply.field(), "extensions.persistedQuery");
        }
    }
    let reply = api.alice.posts(&json!({ "query": TASKS, "documentId": hash })).await;
    assert_eq!(refusal(&reply), (400, "BAD_USER_INPUT".to_owned()));
    assert_eq!(reply.field(), "documentId");
    let extensions = json!({ "persistedQuery": null, "other": [1] });
    api.alice.posts(&json!({ "query": TASKS, "extensions": extensions })).await.data();
}

#[tokio::test]
async fn what_may_not_run_is_not_remembered() {
    let api = Api::start(Database::sqlite()).await;
    for (person, document) in [
        (&api.anon, TASKS),
        (&api.alice, "{ tasks {"),
        (&api.alice, "query Q($a: Int!) { tasks(first: $a) { totalCount } }"),
        (
            &api.alice,
            "{ tasks(first: 100) { nodes { subtasks(first: 100) { nodes { subtasks(first: 100) { nodes { id } } } } } } }",
        ),
    ] {
        introduces(person, document).await;
        assert!(is_not_known_yet(&names(person, document).await), "{document}");
    }
}

/// A server that remembers 128 KiB, and a document of which it can remember some hundred.
async fn forgetful() -> (Api, impl Fn(usize) -> String) {
    let secret = format!("--better-auth-secret={}", tokens::SECRET);
    let flags = [secret.as_str(), "--persisted-queries=131072"];
    // Comments are no tokens, so that a document may be as long as a body.
    let document = |at: usize| format!("{{ __typename }} # {at:>900}");
    (Api::start_with(Database::sqlite(), &flags).await, document)
}

#[tokio::test]
async fn the_memory_is_bounded() {
    let (api, document) = forgetful().await;
    for at in 0..400 {
        introduces(&api.anon, &document(at)).await.data();
    }
    let mut known = 0;
    for at in 0..400 {
        known += usize::from(!is_not_known_yet(&names(&api.anon, &document(at)).await));
    }
    assert!((50..=140).contains(&known), "{known} of 400");
}

#[tokio::test]
async fn a_flood_of_documents_does_not_wash_away_those_in_use() {
    let (api, document) = forgetful().await;
    introduces(&api.alice, TASKS).await.data();
    for at in 0..1000 {
        if at % 5 == 0 {
            assert!(!is_not_known_yet(&names(&api.alice, TASKS).await), "after {at} others");
        }
        introduces(&api.anon, &document(at)).await.data();
    }
    assert!(!is_not_known_yet(&names(&api.alice, TASKS).await));
}

#[tokio::test]
async fn what_is_costly_to_read_has_to_be_sent_each_time() {
    let (api, _) = forgetful().await;
    for (length, is_remembered) in [(1024, true), (1025, false), (60_000, false)] {
        let document = format!("{{ __typename }}{}", " ".repeat(length - 14));
        assert_eq!(document.len(), length);
        introduces(&api.anon, &document).await.data();
        assert_eq!(
            !is_not_known_yet(&names(&api.anon, &document).await),
            is_remembered,
            "{length}"
        );
    }
}

#[tokio::test]
async fn they_can_be_turned_off() {
    let secret = format!("--better-auth-secret={}", tokens::SECRET);
    let flags = [secret.as_str(), "--persisted-queries=0"];
    let api = Api::start_with(Database::sqlite(), &flags).await;
    for _ in 0..2 {
        let reply = names(&api.alice, TASKS).await;
        assert_eq!(refusal(&reply), (200, "PERSISTED_QUERY_NOT_SUPPORTED".to_owned()));
        assert_eq!(reply.error()["message"], "PersistedQueryNotSupported");
        introduces(&api.alice, TASKS).await.data();
    }
}

#[tokio::test]
async fn a_socket_takes_names_too() {
    let served = Served::start(Database::sqlite(), &[]).await;
    let mut socket = served.socket_of("alice").await;
    let extensions = by_hash(&sha256(TASKS));
    let subscribe =
        |id: &str, payload: Value| json!({ "id": id, "type": "subscribe", "payload": payload });

    socket.says(subscribe("1", json!({ "extensions": extensions }))).await;
    let answer = socket.hears().await;
    assert_eq!(answer["type"], "error");
    assert_eq!(answer["payload"][0]["message"], "PersistedQueryNotFound");
    for (id, payload) in [
        ("2", json!({ "query": TASKS, "extensions": extensions })),
        ("3", json!({ "extensions": extensions })),
    ] {
        socket.says(subscribe(id, payload)).await;
        let nothing = json!({ "data": { "tasks": { "nodes": [] } } });
        assert_eq!(socket.hears_next(id).await, nothing);
        assert_eq!(socket.hears().await, json!({ "id": id, "type": "complete" }));
    }
}

/// A file of trusted documents, in a folder that lives as long.
struct File {
    _folder: TempDir,
    path: PathBuf,
}

impl File {
    fn new(text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("documents.json");
        fs::write(&path, text).unwrap();
        Self { _folder: folder, path }
    }

    fn flag(&self) -> String {
        format!("--trusted-documents={}", self.path.display())
    }

    async fn served(&self) -> Api {
        let secret = format!("--better-auth-secret={}", tokens::SECRET);
        let flags = [&secret, "--introspection=true", &self.flag()];
        Api::start_with(Database::sqlite(), &flags).await
    }
}

#[tokio::test]
async fn trusted_documents_run_by_their_ids() {
    let plain = json!({ "tasks-1": TASKS, format!("sha256:{}", sha256(CREATE)): CREATE });
    let manifest = json!({
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [
            { "id": "tasks-1", "name": "Tasks", "type": "query", "body": TASKS },
            { "id": sha256(CREATE), "name": "Create", "type": "mutation", "body": CREATE },
        ],
    });
    for file in [plain, manifest] {
        let api = File::new(&file.to_string()).served().await;
        let nothing = json!({ "tasks": { "nodes": [] } });
        for named in [
            json!({ "documentId": "tasks-1" }),
            json!({ "extensions": by_hash("tasks-1") }),
            json!({ "query": TASKS, "extensions": by_hash("tasks-1") }),
            json!({ "query": TASKS }),
            json!({ "query": "", "documentId": "tasks-1" }),
            json!({ "query": TASKS, "documentId": "" }),
            json!({ "query": "", "extensions": by_hash("tasks-1") }),
        ] {
            assert_eq!(api.alice.posts(&named).await.data(), nothing, "{named}");
        }
        for id in [sha256(CREATE), format!("sha256:{}", sha256(CREATE))] {
            let request = json!({ "documentId": id, "variables": { "title": "Milk" } });
            let data = api.alice.posts(&request).await.data();
            assert_eq!(data["createTask"]["task"]["title"], "Milk");
        }
        let request = Request::get("/graphql?documentId=tasks-1").body(Body::empty()).unwrap();
        let milk = json!({ "title": "Milk" });
        let data = api.alice.sends(request).await.data();
        assert_eq!(data["tasks"]["nodes"], json!([milk, milk]));
    }
}

#[tokio::test]
async fn nothing_but_trusted_documents_runs_in_production() {
    let api = File::new(&json!({ "1": TASKS }).to_string()).served().await;
    for document in [
        CREATE,
        "query Tasks { tasks { nodes { title } } } ",
        "{ __typename }",
        "{ __schema { queryType { name } } }",
    ] {
        for person in [&api.alice, &api.anon] {
            for reply in [
                person.post(document, json!({ "title": "Never" })).await,
                introduces(person, document).await,
            ] {
                assert_eq!(refusal(&reply), (400, "BAD_USER_INPUT".to_owned()), "{document}");
                assert_eq!(reply.field(), "query");
            }
            assert!(is_not_known_yet(&names(person, document).await));
        }
    }
    let reply = api.alice.posts(&json!({ "documentId": "2" })).await;
    assert_eq!(refusal(&reply), (400, "PERSISTED_QUERY_NOT_FOUND".to_owned()));
    let nothing = json!({ "tasks": { "nodes": [] } });
    assert_eq!(api.alice.posts(&json!({ "documentId": "1" })).await.data(), nothing);
    assert_eq!(
        refusal(&api.anon.posts(&json!({ "documentId": "1" })).await),
        (401, "UNAUTHENTICATED".to_owned())
    );
}

#[tokio::test]
async fn in_development_others_run_beside_trusted_documents() {
    let file = File::new(r#"{ "1": "{ __typename }" }"#);
    let api = Api::start_with(Database::sqlite(), &[&file.flag()]).await;
    for request in [json!({ "documentId": "1" }), json!({ "query": "query Own { __typename }" })] {
        let request = Request::post("/graphql")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(request.to_string().into());
        let reply = api.anon.sends(request.unwrap()).await;
        assert_eq!(reply.data(), json!({ "__typename": "Query" }));
    }
}
