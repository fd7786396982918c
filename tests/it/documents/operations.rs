//! The choice of the operation in a document.

use serde_json::json;

use super::refusal;
use crate::harness::{Api, Database};

const SEVERAL: &str = "
    query Tasks { tasks { ...Count } }
    query Me { viewer { id } }
    mutation Buy { createTask(input: {title: \"Milk\"}) { task { title } } }
    fragment Count on TaskConnection { totalCount }
";

#[tokio::test]
async fn the_operation_of_that_name_runs_and_no_other() {
    let api = Api::start(Database::sqlite()).await;
    for (name, data) in [
        ("Me", json!({"viewer": {"id": "alice"}})),
        ("Tasks", json!({"tasks": {"totalCount": 0}})),
        ("Buy", json!({"createTask": {"task": {"title": "Milk"}}})),
        ("Tasks", json!({"tasks": {"totalCount": 1}})),
    ] {
        let reply = api.alice.posts(&json!({"query": SEVERAL, "operationName": name})).await;
        assert_eq!(reply.data(), data, "{name}");
    }
}

#[tokio::test]
async fn an_operation_that_is_not_there_is_refused() {
    let api = Api::start(Database::sqlite()).await;
    for (query, name) in [
        (SEVERAL, json!("me")),
        (SEVERAL, json!("Nothing")),
        (SEVERAL, json!("Count")),
        (SEVERAL, json!("")),
        (SEVERAL, json!(null)),
        ("{ viewer { id } }", json!("Me")),
        ("query Me { viewer { id } }", json!("You")),
        ("fragment F on Query { viewer { id } }", json!(null)),
        ("query A { viewer { id } } query A { viewer { id } }", json!("A")),
        ("{ viewer { id } } query A { viewer { id } }", json!("A")),
    ] {
        let reply = api.alice.posts(&json!({"query": query, "operationName": name})).await;
        assert_eq!(reply.json().get("data"), None, "{query} {name}");
        assert_eq!(reply.status, 400, "{query} {name}");
        let code = reply.code();
        assert!(code.starts_with("GRAPHQL_"), "{query} {name}: {code}");
    }
}

#[tokio::test]
async fn a_single_operation_needs_no_name() {
    let api = Api::start(Database::sqlite()).await;
    for request in [
        json!({"query": "{ viewer { id } }"}),
        json!({"query": "query Me { viewer { id } }"}),
        json!({"query": "query Me { viewer { id } }", "operationName": null}),
        json!({"query": "query Me { viewer { id } }", "operationName": "Me"}),
    ] {
        assert_eq!(api.alice.posts(&request).await.data(), json!({"viewer": {"id": "alice"}}));
    }
}

#[tokio::test]
async fn there_is_no_subscription_by_a_single_request() {
    let api = Api::start(Database::sqlite()).await;
    let query = "subscription { changes(since: null) { cursor } }";
    let reply = api.alice.post(query, json!({})).await;
    assert_eq!(reply.json().get("data"), None);
    assert_eq!(reply.status, 406);
    let first = reply.json()["errors"][0]["extensions"].clone();
    assert_eq!(first, json!({"code": "BAD_USER_INPUT"}));
}

#[tokio::test]
async fn an_operation_that_is_not_chosen_has_to_be_valid_all_the_same() {
    let api = Api::start(Database::sqlite()).await;
    for other in [
        "query Other { nothing }",
        "query Other($x: Int) { viewer { id } }",
        "query Other { ...F } fragment F on Query { nothing }",
        "query Other { viewer { id } } fragment Unused on Query { viewer { id } }",
        "query Other { ...Missing }",
    ] {
        for person in [&api.alice, &api.anon] {
            let query = format!("query Me {{ viewer {{ id }} }} {other}");
            let reply = person.posts(&json!({"query": query, "operationName": "Me"})).await;
            let invalid = (400, "GRAPHQL_VALIDATION_FAILED".to_owned());
            assert_eq!(refusal(&reply), invalid, "{other}");
        }
    }
}

/// As graphql-js writes it with every option, but in one line where it can be.
const INTROSPECTION: &str = "
    query IntrospectionQuery {
      __schema {
        description
        queryType { name kind }
        mutationType { name kind }
        subscriptionType { name kind }
        types { ...FullType }
        directives {
          name
          description
          isRepeatable
          locations
          args(includeDeprecated: true) { ...InputValue }
        }
      }
    }
    fragment FullType on __Type {
      kind
      name
      description
      specifiedByURL
      isOneOf
      fields(includeDeprecated: true) {
        name
        description
        args(includeDeprecated: true) { ...InputValue }
        type { ...TypeRef }
        isDeprecated
        deprecationReason
      }
      inputFields(includeDeprecated: true) { ...InputValue }
      interfaces { ...TypeRef }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      possibleTypes { ...TypeRef }
    }
    fragment InputValue on __InputValue {
      name
      description
      type { ...TypeRef }
      defaultValue
      isDeprecated
      deprecationReason
    }
    fragment TypeRef on __Type {
      kind
      name
      ofType { kind name
        ofType { kind name
          ofType { kind name
            ofType { kind name
              ofType { kind name
                ofType { kind name
                  ofType { kind name
                    ofType { kind name
                      ofType { kind name } } } } } } } }
      }
    }
";

#[tokio::test]
async fn the_query_of_graphql_js_reads_the_schema() {
    let api = Api::start(Database::sqlite()).await;
    let request = json!({"query": INTROSPECTION, "operationName": "IntrospectionQuery"});
    let schema = api.anon.posts(&request).await.data()["__schema"].take();
    assert_eq!(schema["queryType"]["name"], "Query");
    assert_eq!(schema["mutationType"]["name"], "Mutation");
    let types = schema["types"].as_array().unwrap();
    let due = types.iter().find(|ty| ty["name"] == "DueInput").unwrap();
    assert_eq!(due["isOneOf"], true);
    let date = types.iter().find(|ty| ty["name"] == "Date").unwrap();
    let url = "https://scalars.graphql.org/andimarek/local-date";
    assert_eq!(date["specifiedByURL"], url);
    let payload = types.iter().find(|ty| ty["name"] == "Payload").unwrap();
    let possible = payload["possibleTypes"].as_array().unwrap();
    assert!(possible.iter().any(|ty| ty["name"] == "TaskPayload"), "{possible:?}");
}
