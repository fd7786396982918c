//! What the specification of September 2025 takes for a document, and what it means: the same by the plans
//! and by the library.

use serde_json::{Value, json};

use super::refusal;
use crate::harness::{Api, Database, Reply, Served, on_each_database};

/// The answer, which both ways give.
async fn answer(api: &Api, query: &str, variables: Value) -> Reply {
    let reply = api.alice.post(query, variables.clone()).await;
    let by_library = api.alice.by_library(api.alice.post(query, variables)).await;
    assert_eq!(reply.status, by_library.status, "{query}");
    assert_eq!(reply.json(), by_library.json(), "{query}");
    reply
}

#[tokio::test]
async fn what_is_not_valid_is_refused() {
    let api = Api::start(Database::sqlite()).await;
    for query in [
        "{ viewer { x: id ...F } } fragment F on User { x: timeZone }",
        "{ tasks(first: 1) { nodes { x: title } } tasks(first: 1) { nodes { x: version } } }",
        "{ tasks(first: 0, filter: {completed: true}) { totalCount } ...F }
         fragment F on Query { tasks(first: 0, filter: {completed: false}) { totalCount } }",
        "{ tasks { totalCount } tasks(first: 1) { totalCount } }",
        "{ nodes(ids: [\"a\"]) { id } nodes(ids: [\"a\", \"b\"]) { id } }",
        "{ node(id: 1) { ... on Task { x: title } ... on Tag { x: version } } }",
        "query ($v: [Nope] = [1]) { __typename }",
        "query ($v: Task) { __typename }",
        "{ __typename @foo }",
        "{ __typename @include }",
        "{ __typename @skip(if: true) @skip(if: true) }",
        "query ($v: Int) { tasks(frist: $v) { totalCount } }",
        "query ($v: Boolean) { __typename @include(if: $v) }",
        "query ($v: ID = null) { task(id: $v) { id } }",
        "{ tasks(filter: {completed: true, completed: true}) { totalCount } }",
        "{ tasks(first: 1, first: 1) { totalCount } }",
        "{ tasks(first: 1.0) { totalCount } }",
        "{ tasks(first: 2147483648) { totalCount } }",
        "{ tasks(orderBy: [{field: \"DUE\"}]) { totalCount } }",
        "{ tasks(orderBy: [{field: DUE_NOT}]) { totalCount } }",
        "{ tasks(filter: {dueOn: {eq: \"tomorrow\"}}) { totalCount } }",
        "{ tasks(filter: {dueOn: {eq: {day: $undefined}}}) { totalCount } }",
        "{ task(id: 1) { id { x } } }",
        "{ task(id: 1) }",
        "{ task { id } }",
        "{ ...F } fragmentF on Query { __typename }",
        "{ ...F } fragment F on Nope { __typename }",
        "{ ...F } fragment F on Priority { __typename }",
        "{ viewer { ... on Task { id } } }",
        "{ ...Nope }",
        "{ __typename } fragment Unused on Query { __typename }",
        "{ __typename } { __typename }",
        "query A { __typename } query A { __typename }",
        "{ ...F } fragment F on Query { __typename } fragment F on Query { __typename }",
        "mutation ($on: Date) { createTask(input: {title: \"x\", due: {on: $on}}) { cursor } }",
        "mutation { createTask(input: {title: \"x\", due: {on: \"2026-12-01\", at: null}}) { cursor } }",
    ] {
        for person in [&api.alice, &api.anon] {
            let reply = person.post(query, json!({})).await;
            let code = reply.json()["errors"][0]["extensions"]["code"].clone();
            assert_eq!(reply.status, 400, "{query}");
            assert!(
                code == "GRAPHQL_VALIDATION_FAILED" || code == "GRAPHQL_PARSE_FAILED",
                "{query}"
            );
        }
    }
}

#[tokio::test]
async fn operations_that_are_not_selected_are_validated_too() {
    let api = Api::start(Database::sqlite()).await;
    for other in [
        "query B { tasks(filter: {completed: true, completed: true}) { totalCount } }",
        "query B { tasks(filter: {dueOn: {eq: \"tomorrow\"}}) { totalCount } }",
        "query B($d: Date = \"tomorrow\") { tasks(filter: {dueOn: {eq: $d}}) { totalCount } }",
        "mutation B($d: Date) { createTask(input: {title: \"x\", due: {on: $d}}) { cursor } }",
        "query B { ...F } fragment F on Query { tasks(filter: {dueOn: {eq: 1}}) { totalCount } }",
    ] {
        let query = format!("query A {{ viewer {{ id }} }} {other}");
        let reply = api.alice.posts(&json!({"query": query, "operationName": "A"})).await;
        assert_eq!(refusal(&reply), (400, "GRAPHQL_VALIDATION_FAILED".to_owned()), "{other}");
    }
    // Only the selected operation has values for its variables.
    let query = "query A { viewer { id } } query B($v: Boolean = null, $id: ID!) {
        task(id: $id) { id } tasks(filter: {overdue: $v}) { totalCount }
    }";
    let reply = api.alice.posts(&json!({"query": query, "operationName": "A"})).await;
    assert_eq!(reply.data(), json!({"viewer": {"id": "alice"}}));
}

#[tokio::test]
async fn over_a_socket_an_unknown_type_is_an_error_of_its_operation_alone() {
    let served = Served::start(Database::sqlite(), &[]).await;
    let mut socket = served.socket_of("alice").await;
    socket.subscribes("1", "query ($v: [Nope] = [1]) { __typename }", json!({})).await;
    let heard = socket.hears().await;
    assert_eq!((&heard["type"], &heard["id"]), (&json!("error"), &json!("1")));
    socket.subscribes("2", "{ __typename }", json!({})).await;
    assert_eq!(socket.hears_next("2").await["data"], json!({"__typename": "Query"}));
}

on_each_database! {
    async fn fields_of_one_response_key_are_merged(api: Api) {
        let tag = api.alice.creates_tag("home").await;
        api.alice.creates_with(json!({"title": "Milk", "tagIds": [tag]})).await;
        for (query, expected) in [
            (
                "{ tasks { nodes { tags { ... on Node { ... on Task { title } } } tags { id } } } }",
                json!({"tasks": {"nodes": [{"tags": [{"id": tag}]}]}}),
            ),
            (
                "{ tasks { nodes { tags { id } } } tasks { nodes { tags { name } title } } }",
                json!({"tasks": {"nodes": [{"tags": [{"id": tag, "name": "home"}], "title": "Milk"}]}}),
            ),
            (
                "{ ...A ...B } fragment A on Query { viewer { id @include(if: false) } }
                 fragment B on Query { viewer { id timeZone } }",
                json!({"viewer": {"id": "alice", "timeZone": "UTC"}}),
            ),
            (
                "{ changes { changes { node { ... on Task { title } } node { ... on Tag { name } } } } }",
                json!({"changes": {"changes": [{"node": {"name": "home"}}, {"node": {"title": "Milk"}}]}}),
            ),
            (
                "{ viewer { id @skip(if: true) } tasks { nodes { __typename @skip(if: true) } } }",
                json!({"viewer": {}, "tasks": {"nodes": [{}]}}),
            ),
            (
                "{ tasks(first: 1, last: null) { totalCount } tasks(last: null, first: 1) { totalCount } }",
                json!({"tasks": {"totalCount": 1}}),
            ),
        ] {
            assert_eq!(answer(&api, query, json!({})).await.data(), expected, "{query}");
        }
    }

    async fn a_root_field_that_stands_twice_is_done_once(api: Api) {
        let create = "mutation {
            createTask(input: {title: \"Milk\"}) { task { title } } ...F
        } fragment F on Mutation { createTask(input: {title: \"Milk\"}) { task { version } } }";
        let created = api.alice.post(create, json!({})).await.data();
        assert_eq!(created, json!({"createTask": {"task": {"title": "Milk", "version": 1}}}));
        assert_eq!(api.alice.asks("{ tasks { totalCount } }").await, json!({"tasks": {"totalCount": 1}}));
    }

    async fn definitions_have_descriptions(api: Api) {
        let query = "
            \"what it does\" query Q(\"which\" $x: ID! \"\"\"how many\"\"\" $n: Int = 1) {
                task(id: $x) { ...F } tasks(first: $n) { totalCount }
            }
            \"\"\"what is shown\"\"\" fragment F on Task { id }";
        let id = api.alice.creates("Milk").await;
        let shown = answer(&api, query, json!({"x": id})).await.data();
        assert_eq!(shown, json!({"task": {"id": id}, "tasks": {"totalCount": 1}}));
    }

    async fn commas_may_stand_between_any_tokens(api: Api) {
        for query in [
            "{ viewer { x , : id } }",
            "{ viewer { , , x: , id , } , }",
            "{ viewer { ... , { x: id } } }",
            "{ viewer { ... , F } } fragment , F , on , User , { x: id }",
            "\"what it does\" , query , Q , ( , $a , : , Boolean , = , true , ) { viewer { x: id @ , skip(if: false) @include , (if: $a) } }",
        ] {
            let data = answer(&api, query, json!({})).await.data();
            assert_eq!(data, json!({"viewer": {"x": "alice"}}), "{query}");
        }
        let title = "eggs, milk";
        let query = "mutation { createTask(input: {title: \"eggs, milk\" # , \n , }) { task { title } } }";
        let created = api.alice.post(query, json!({})).await.data();
        assert_eq!(created["createTask"]["task"]["title"], title);
    }

    async fn an_id_may_be_an_integer_of_any_length(api: Api) {
        for id in ["1", "-7", "9223372036854775808", "99999999999999999999999999"] {
            let query = format!("query ($in: [ID!]! = {id}) {{ task(id: {id}) {{ id }} nodes(ids: $in) {{ id }} }}");
            let data = answer(&api, &query, json!({})).await.data();
            assert_eq!(data, json!({"task": null, "nodes": [null]}), "{id}");
        }
    }

    async fn strings_may_escape_any_character(api: Api) {
        for (title, written) in [
            ("\\u{1F389}", "\u{1F389}"),
            ("\\uD83C\\uDF89", "\u{1F389}"),
            ("\\u{41}\\u0042", "AB"),
            ("\\u{0041}c\\\\u", "Ac\\u"),
        ] {
            let query = format!("mutation {{ createTask(input: {{title: \"{title}\"}}) {{ task {{ title }} }} }}");
            let created = api.alice.post(&query, json!({})).await.data();
            assert_eq!(created["createTask"]["task"]["title"], written, "{title}");
        }
        for title in ["\\uD83C", "\\uDF89\\uD83C", "\\u{110000}", "\\u{D800}", "\\u{}", "\\u12", "\\x"] {
            let query = format!("mutation {{ createTask(input: {{title: \"{title}\"}}) {{ task {{ title }} }} }}");
            let reply = api.alice.post(&query, json!({})).await;
            assert_eq!(refusal(&reply), (400, "GRAPHQL_PARSE_FAILED".to_owned()), "{title}");
        }
    }

    async fn an_integral_number_is_an_int(api: Api) {
        api.alice.creates("Milk").await;
        let query = "query ($first: Int, $in: [TaskOrder!]) {
            tasks(first: $first, orderBy: $in) { totalCount nodes { title } }
        }";
        for first in [json!(1), json!(1.0), json!(1e0)] {
            let data = answer(&api, query, json!({"first": first})).await.data();
            assert_eq!(data["tasks"]["nodes"], json!([{"title": "Milk"}]), "{first}");
        }
        for first in [json!(1.5), json!(1e10), json!(-2_147_483_649_i64), json!("1"), json!(true)] {
            let reply = answer(&api, query, json!({"first": first})).await;
            assert_eq!(refusal(&reply), (400, "BAD_USER_INPUT".to_owned()), "{first}");
            assert_eq!(reply.field(), "first");
        }
    }

    async fn a_default_of_null_is_another_than_none(api: Api) {
        let mutation = |default: &str| {
            format!("mutation ($id: ID!, $d: String {default}) {{
                updateTask(input: {{id: $id, description: $d}}) {{ task {{ description }} }}
            }}")
        };
        let task = api.alice.creates_with(json!({"title": "Milk", "description": "oat"})).await;
        for (default, expected) in [("", json!("oat")), ("= \"soy\"", json!("soy")), ("= null", json!(null))] {
            let data = answer(&api, &mutation(default), json!({"id": task["id"]})).await.data();
            assert_eq!(data["updateTask"]["task"]["description"], expected, "{default}");
        }
    }

    async fn what_is_empty_counts_as_left_out(api: Api) {
        let query = json!({"query": "query Q { viewer { id } }", "operationName": ""});
        assert_eq!(api.alice.posts(&query).await.data(), json!({"viewer": {"id": "alice"}}));
        let uri = "/graphql?query=%7Bviewer%7Bid%7D%7D&variables=&extensions=&operationName=&documentId=";
        assert_eq!(api.alice.gets(uri).await.data(), json!({"viewer": {"id": "alice"}}));
    }
}
