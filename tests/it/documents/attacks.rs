//! Documents and variables that are made to keep the server busy.

use serde_json::{Value, json};

use super::{refusal, repeat};
use crate::harness::{Api, Database};

const MEBIBYTE: usize = 1 << 20;
/// What the JSON around a document takes, at most.
const ENVELOPE: usize = 100;

/// Fragments each of which spreads the next one twice.
fn doubling(fragments: usize) -> String {
    let chain = repeat(fragments - 1, |n| {
        format!("fragment F{n} on Query {{ ...F{next} ...F{next} }} ", next = n + 1)
    });
    format!("{{ ...F0 }} {chain} fragment F{} on Query {{ __typename }}", fragments - 1)
}

#[tokio::test]
async fn each_attack_is_refused() {
    let api = Api::start(Database::sqlite()).await;
    for (attack, document, code) in [
        ("2³⁰ root fields", doubling(31), "QUERY_TOO_COMPLEX"),
        ("2⁹⁹ root fields", doubling(100), "QUERY_TOO_COMPLEX"),
        (
            "2³⁰ fields below",
            doubling(31).replace("{ ...F0 }", "{ viewer { ...F0 } }").replace("Query", "User"),
            "QUERY_TOO_COMPLEX",
        ),
        (
            "a fragment that spreads itself",
            "{ ...F } fragment F on Query { __typename ...F }".to_owned(),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "two fragments that spread each other",
            "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }".to_owned(),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "the same below a field",
            "{ __schema { types { ...A } } } fragment A on __Type { ofType { ...B } } \
             fragment B on __Type { ofType { ...A } }"
                .to_owned(),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("fragments that branch and join again", branching(18), "QUERY_TOO_COMPLEX"),
        (
            "10,000 aliases",
            format!("{{ {} }}", repeat(10_000, |n| format!("a{n}: __typename "))),
            "QUERY_TOO_COMPLEX",
        ),
        ("10,000 fields", format!("{{ {} }}", "__typename ".repeat(10_000)), "QUERY_TOO_COMPLEX"),
        (
            "10,000 directives",
            format!("{{ __typename {} }}", "@skip(if: false) ".repeat(10_000)),
            "QUERY_TOO_COMPLEX",
        ),
        ("deep fields", "{ a ".repeat(10_000), "QUERY_TOO_COMPLEX"),
        ("deep inline fragments", "{ ... ".repeat(500), "QUERY_TOO_COMPLEX"),
        ("deep lists", format!("{{ a(b: {}", "[".repeat(10_000)), "QUERY_TOO_COMPLEX"),
        ("deep objects", format!("{{ a(b: {}", "{c: ".repeat(10_000)), "QUERY_TOO_COMPLEX"),
        ("deep types", format!("query($a: {}", "[".repeat(10_000)), "QUERY_TOO_COMPLEX"),
        (
            "10,000 variables",
            format!("query({}) {{ __typename }}", repeat(10_000, |n| format!("$v{n}: Int "))),
            "QUERY_TOO_COMPLEX",
        ),
        (
            "10,000 operations",
            repeat(10_000, |n| format!("query Q{n} {{ __typename }} ")),
            "QUERY_TOO_COMPLEX",
        ),
        ("a mebibyte of names", "x ".repeat((MEBIBYTE - ENVELOPE) / 2), "QUERY_TOO_COMPLEX"),
        ("a mebibyte of junk", "%".repeat(MEBIBYTE - ENVELOPE), "QUERY_TOO_COMPLEX"),
        ("a mebibyte of one name", "x".repeat(MEBIBYTE - ENVELOPE), "QUERY_TOO_COMPLEX"),
        ("a mebibyte of comment", "#".repeat(MEBIBYTE - ENVELOPE), "GRAPHQL_PARSE_FAILED"),
        ("a mebibyte of commas", ",".repeat(MEBIBYTE - ENVELOPE), "QUERY_TOO_COMPLEX"),
        ("a mebibyte of empty comments", "#\n".repeat(MEBIBYTE / 4), "QUERY_TOO_COMPLEX"),
        (
            "a mebibyte of an unfinished string",
            format!("{{ a(b: '''{}", "x".repeat(MEBIBYTE - ENVELOPE)).replace('\'', "\""),
            "GRAPHQL_PARSE_FAILED",
        ),
        (
            "a mebibyte of digits",
            format!("{{ tasks(first: {}) {{ totalCount }} }}", "9".repeat(MEBIBYTE - ENVELOPE)),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("nothing", String::new(), "GRAPHQL_PARSE_FAILED"),
        ("an empty selection", "{ }".to_owned(), "GRAPHQL_PARSE_FAILED"),
        ("a schema", "type Query { a: Int }".to_owned(), "GRAPHQL_PARSE_FAILED"),
    ] {
        let body = json!({"query": document});
        assert_eq!(refusal(&api.alice.posts(&body).await), (400, code.to_owned()), "{attack}");
        // A long one is not read without a token.
        let is_read = body.to_string().len() <= 64 * 1024;
        let by_anon = if is_read { (400, code) } else { (413, "BAD_USER_INPUT") };
        let reply = api.anon.posts(&body).await;
        assert_eq!(refusal(&reply), (by_anon.0, by_anon.1.to_owned()), "{attack}");
    }
}

/// Fragments that branch at each level and meet again: to see whether their fields can be merged takes
/// time that doubles with each level.
fn branching(levels: usize) -> String {
    let level = |n: usize| {
        let m = n + 1;
        format!(
            "fragment F{n} on Task {{ a: parent {{ ...F{m} ...G1 }} b: parent {{ ...F{m} }} }} \
             fragment G{m} on Task {{ a: parent {{ ...G{k} }} b: parent {{ ...G{k} }} }} ",
            k = m + 1
        )
    };
    let end =
        format!("fragment F{levels} on Task {{ id }} fragment G{} on Task {{ id }}", levels + 1);
    format!("{{ task(id: 1) {{ ...F0 }} }} {} {end}", repeat(levels, level))
}

/// Nothing of it is quoted back.
#[tokio::test]
async fn a_refusal_is_short_whatever_is_refused() {
    let api = Api::start(Database::sqlite()).await;
    let long = "x".repeat(500_000);
    for (document, variables) in [
        (long.clone(), json!({})),
        ("query($a: Int) { tasks(first: $a) { totalCount } }".to_owned(), json!({"a": long})),
    ] {
        let reply = api.alice.post(&document, variables).await;
        assert_eq!(reply.status, 400);
        assert!(reply.body.len() < 1000, "{} bytes", reply.body.len());
    }
}

#[tokio::test]
async fn of_many_wrong_values_twenty_are_told() {
    let api = Api::start(Database::sqlite()).await;
    let query = "query($order: [TaskOrder!]) { tasks(orderBy: $order) { totalCount } }";
    let wrong: Vec<Value> = (0..40_000).map(|n| json!({"field": n})).collect();
    let reply = api.alice.post(query, json!({"order": wrong})).await;
    assert_eq!(reply.status, 400);
    let errors = reply.json()["errors"].as_array().unwrap().clone();
    assert_eq!(errors.len(), 20);
    assert_eq!(
        errors[19]["extensions"],
        json!({"code": "BAD_USER_INPUT", "field": "order.19.field"})
    );
}

#[tokio::test]
async fn values_that_no_variable_takes_are_ignored() {
    let api = Api::start(Database::sqlite()).await;
    let values: serde_json::Map<String, Value> =
        (0..50_000).map(|n| (format!("v{n}"), json!(n))).collect();
    let reply = api.alice.post("{ __typename }", Value::Object(values)).await;
    assert_eq!(reply.data(), json!({"__typename": "Query"}));
}

/// The library reads the arguments of a field once for each object that has it.
#[tokio::test]
async fn values_count_as_often_as_they_are_read() {
    let api = Api::start(Database::sqlite()).await;
    let subtasks = |n| format!("a{n}: subtasks(first: 0, filter: $filter) {{ totalCount }} ");
    let document = format!(
        "query($filter: TaskFilter) {{ tasks(first: 100) {{ nodes {{ {} }} }} }}",
        repeat(40, subtasks)
    );
    let ask = async |values: usize| {
        let filter = json!({ "priority": { "in": vec!["HIGH"; values] } });
        api.alice.post(&document, json!({ "filter": filter })).await
    };
    assert_eq!(ask(9_000).await.code(), "QUERY_TOO_COMPLEX");
    ask(5).await.data();
}
