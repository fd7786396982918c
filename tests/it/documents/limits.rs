//! Each limit allows its number, and not one more.

use serde_json::json;

use super::{refusal, repeat};
use crate::harness::{Api, Database, Person, tokens};

/// A document that has exactly so many of something, and little of all else.
type Document = fn(usize) -> String;

const LIMITS: [(&str, usize, Document); 6] = [
    ("tokens", 2000, tokens_in),
    ("aliases", 100, aliases),
    ("directives", 50, directives),
    ("root-fields", 30, root_fields),
    ("depth", 15, levels),
    ("cost", 10_000, objects),
];

fn tokens_in(count: usize) -> String {
    format!("{{ task(id: \"x\") {{ {} }} }}", "id ".repeat(count - 10))
}

fn aliases(count: usize) -> String {
    format!("{{ task(id: \"x\") {{ {} }} }}", repeat(count, |n| format!("a{n}: id ")))
}

fn directives(count: usize) -> String {
    format!("{{ task(id: \"x\") {{ {} }} }}", "id @include(if: true) ".repeat(count))
}

fn root_fields(count: usize) -> String {
    format!("{{ {} }}", "task(id: \"x\") { id } ".repeat(count))
}

fn levels(count: usize) -> String {
    let below = count - 2;
    let (open, close) = ("ofType { ".repeat(below), "}".repeat(below));
    format!("{{ __type(name: \"Task\") {{ {open} name {close} }} }}")
}

/// Pages of what would be left, if there were something to delete.
fn objects(count: usize) -> String {
    let pages = repeat(count / 100, |n| format!("p{n}: tasks(first: 100) {{ nodes {{ id }} }} "));
    let rest = format!("tasks(first: {}) {{ nodes {{ id }} }}", count % 100);
    format!("mutation {{ deleteTask(input: {{id: \"x\"}}) {{ query {{ {pages} {rest} }} }} }}")
}

/// Whether a document is refused as too complex; otherwise it must run.
async fn is_too_complex(person: &Person, document: &str) -> bool {
    let reply = person.post(document, json!({})).await;
    if reply.status != 200 {
        assert_eq!(refusal(&reply), (400, "QUERY_TOO_COMPLEX".to_owned()), "{document}");
        return true;
    }
    if document.starts_with("mutation") {
        assert_eq!(reply.code(), "NOT_FOUND");
    } else {
        reply.data();
    }
    false
}

#[tokio::test]
async fn each_limit_allows_its_number_and_not_one_more() {
    let api = Api::start(Database::sqlite()).await;
    for (_, most, document) in LIMITS {
        assert!(!is_too_complex(&api.alice, &document(most - 1)).await);
        assert!(!is_too_complex(&api.alice, &document(most)).await);
        assert!(is_too_complex(&api.alice, &document(most + 1)).await);
    }
}

#[tokio::test]
async fn each_limit_can_be_set() {
    let secret = format!("--better-auth-secret={}", tokens::SECRET);
    for (name, most, document) in LIMITS {
        let most = most / 3;
        let limit = format!("--max-{name}={most}");
        let flags = [&secret, "--introspection=true", &limit];
        let api = Api::start_with(Database::sqlite(), &flags).await;
        assert!(!is_too_complex(&api.alice, &document(most)).await);
        assert!(is_too_complex(&api.alice, &document(most + 1)).await);
    }
}

#[tokio::test]
async fn fragments_count_where_they_are_spread() {
    let api = Api::start(Database::sqlite()).await;
    let spread = |fields: usize, spreads: usize| {
        let fields = root_fields(fields);
        format!("{{ {} }} fragment F on Query {fields}", "...F ".repeat(spreads))
    };
    assert!(!is_too_complex(&api.alice, &spread(10, 3)).await);
    assert!(is_too_complex(&api.alice, &spread(10, 4)).await);

    let deep = |levels: usize| {
        let below = levels - 2;
        let (open, close) = ("ofType { ".repeat(below), "}".repeat(below));
        format!(
            "{{ __type(name: \"Task\") {{ ... {{ ...F }} }} }} \
             fragment F on __Type {{ {open} name {close} }}"
        )
    };
    assert!(!is_too_complex(&api.alice, &deep(15)).await);
    assert!(is_too_complex(&api.alice, &deep(16)).await);
}

#[tokio::test]
async fn a_page_counts_what_it_is_asked_for_in_a_variable_too() {
    let api = Api::start(Database::sqlite()).await;
    let pages = repeat(100, |n| format!("p{n}: tasks(first: $n) {{ nodes {{ id }} }} "));
    let document = format!(
        "mutation($n: Int = 100) {{ deleteTask(input: {{id: \"x\"}}) \
         {{ query {{ {pages} task(id: \"x\") {{ id }} }} }} }}"
    );
    for (variables, status, code) in [
        (json!({"n": 99}), 200, "NOT_FOUND"),
        (json!({"n": 100}), 400, "QUERY_TOO_COMPLEX"),
        (json!({}), 400, "QUERY_TOO_COMPLEX"),
        // A page has 50 unless somebody says otherwise, and never more than 100.
        (json!({"n": null}), 200, "NOT_FOUND"),
        (json!({"n": 1_000_000}), 400, "QUERY_TOO_COMPLEX"),
    ] {
        let reply = api.alice.post(&document, variables.clone()).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (status, code), "{variables}");
    }
}

#[tokio::test]
async fn only_the_chosen_operation_costs_anything() {
    let api = Api::start(Database::sqlite()).await;
    let dear = objects(10_001).replace("mutation", "mutation Dear");
    let document = format!("query Cheap {{ __typename }} {dear}");
    let choose = |name: &str| json!({"query": document, "operationName": name});
    let reply = api.alice.posts(&choose("Cheap")).await;
    assert_eq!(reply.data(), json!({"__typename": "Query"}));
    let reply = api.alice.posts(&choose("Dear")).await;
    assert_eq!(refusal(&reply), (400, "QUERY_TOO_COMPLEX".to_owned()));
}

#[tokio::test]
async fn the_size_of_the_whole_document_counts_whatever_is_chosen() {
    let api = Api::start(Database::sqlite()).await;
    for other in [aliases(101), directives(51), levels(16), tokens_in(2000)] {
        let document = format!("query Cheap {{ __typename }} query Other {other}");
        let request = json!({"query": document, "operationName": "Cheap"});
        let reply = api.alice.posts(&request).await;
        assert_eq!(refusal(&reply), (400, "QUERY_TOO_COMPLEX".to_owned()), "{other}");
    }
}

#[tokio::test]
async fn limits_hold_without_a_token() {
    let api = Api::start(Database::sqlite()).await;
    for (_, most, document) in LIMITS {
        assert!(is_too_complex(&api.anon, &document(most + 1)).await);
    }
}
