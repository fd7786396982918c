//! Values of the wrong type are refused before anything runs; those left out count as left out.

use serde_json::{Value, json};

use super::refusal;
use crate::harness::{Api, Database, on_each_database};

const CREATE: &str =
    "mutation($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }";
const LIST: &str = "query($filter: TaskFilter, $order: [TaskOrder!], $first: Int) {
    tasks(filter: $filter, orderBy: $order, first: $first) { totalCount } }";

#[tokio::test]
async fn a_wrong_variable_is_named_by_its_path() {
    let api = Api::start(Database::sqlite()).await;
    let task = "query($id: ID!) { task(id: $id) { id } }";
    let flag = "query($if: Boolean!) { viewer { id @skip(if: $if) name } }";
    for (query, variables, field) in [
        // Missing, or null where there has to be something.
        (task, json!({}), "id"),
        (task, json!({"id": null}), "id"),
        (task, json!({"ID": "x"}), "id"),
        (CREATE, json!({}), "input"),
        (CREATE, json!({"input": null}), "input"),
        (CREATE, json!({"input": {}}), "input.title"),
        (CREATE, json!({"input": {"title": null}}), "input.title"),
        (CREATE, json!({"input": {"title": "x", "completed": null}}), "input.completed"),
        (LIST, json!({"order": [null]}), "order.0"),
        (LIST, json!({"order": [{}]}), "order.0.field"),
        (LIST, json!({"order": [{"field": "TITLE"}, {"field": null}]}), "order.1.field"),
        // Of another type.
        (task, json!({"id": true}), "id"),
        (task, json!({"id": 1.5}), "id"),
        (task, json!({"id": ["x"]}), "id"),
        (flag, json!({"if": "true"}), "if"),
        (flag, json!({"if": 1}), "if"),
        (CREATE, json!({"input": "Milk"}), "input"),
        (CREATE, json!({"input": [{"title": "x"}, {"title": "x"}]}), "input"),
        (CREATE, json!({"input": {"title": 1}}), "input.title"),
        (CREATE, json!({"input": {"title": ["x"]}}), "input.title"),
        (CREATE, json!({"input": {"title": "x", "completed": "yes"}}), "input.completed"),
        // An Int has 32 bits.
        (LIST, json!({"first": 2_147_483_648_i64}), "first"),
        (LIST, json!({"first": -2_147_483_649_i64}), "first"),
        (LIST, json!({"first": 1e30}), "first"),
        (LIST, json!({"first": 1.5}), "first"),
        (LIST, json!({"first": "1"}), "first"),
        (LIST, json!({"first": true}), "first"),
        (LIST, json!({"first": [1, 2]}), "first"),
        // Enums.
        (CREATE, json!({"input": {"title": "x", "priority": "SOON"}}), "input.priority"),
        (CREATE, json!({"input": {"title": "x", "priority": "high"}}), "input.priority"),
        (CREATE, json!({"input": {"title": "x", "priority": ""}}), "input.priority"),
        (CREATE, json!({"input": {"title": "x", "priority": 1}}), "input.priority"),
        (CREATE, json!({"input": {"title": "x", "priority": null}}), "input.priority"),
        (LIST, json!({"filter": {"priority": {"in": ["HIGH", "SOON"]}}}), "filter.priority.in.1"),
        // Fields that are not there.
        (CREATE, json!({"input": {"title": "x", "titel": "x"}}), "input.titel"),
        (CREATE, json!({"input": {"title": "x", "due": {"by": "2026-11-21"}}}), "input.due.by"),
        (LIST, json!({"filter": {"and": [{"x": 1}]}}), "filter.and.0.x"),
        // One of several.
        (CREATE, json!({"input": {"title": "x", "due": {}}}), "input.due"),
        (CREATE, json!({"input": {"title": "x", "due": {"on": null}}}), "input.due"),
        (CREATE, json!({"input": {"title": "x", "due": {"on": null, "at": null}}}), "input.due"),
        (
            CREATE,
            json!({"input": {"title": "x", "due": {"on": "2026-11-21", "at": null}}}),
            "input.due",
        ),
        (
            CREATE,
            json!({"input": {"title": "x", "due": {"on": "2026-11-21", "at": "2026-11-21T09:30:00Z"}}}),
            "input.due",
        ),
        (CREATE, json!({"input": {"title": "x", "due": "2026-11-21"}}), "input.due"),
    ] {
        let reply = api.alice.post(query, variables.clone()).await;
        assert_eq!(reply.json().get("data"), None, "{variables}");
        assert_eq!(reply.status, 400, "{variables}");
        let first = reply.json()["errors"][0]["extensions"].clone();
        assert_eq!(first, json!({"code": "BAD_USER_INPUT", "field": field}), "{variables}");
    }
    let count = api.alice.asks("{ tasks { totalCount } }").await;
    assert_eq!(count["tasks"]["totalCount"], 0, "nothing was written");
}

#[tokio::test]
async fn a_wrong_value_in_the_document_makes_the_document_invalid() {
    let api = Api::start(Database::sqlite()).await;
    let create =
        |input: &str| format!("mutation {{ createTask(input: {input}) {{ task {{ id }} }} }}");
    let list = |arguments: &str| format!("{{ tasks({arguments}) {{ totalCount }} }}");
    for query in [
        "mutation { createTask { task { id } } }".to_owned(),
        "{ task { id } }".to_owned(),
        "{ task(id: null) { id } }".to_owned(),
        "{ task(id: true) { id } }".to_owned(),
        create("null"),
        create("{}"),
        create("{title: null}"),
        create("{title: 1}"),
        create("{title: Milk}"),
        create("\"Milk\""),
        create("{title: \"x\", titel: \"x\"}"),
        create("{title: \"x\", completed: \"true\"}"),
        create("{title: \"x\", completed: null}"),
        create("{title: \"x\", priority: SOON}"),
        create("{title: \"x\", priority: \"HIGH\"}"),
        create("{title: \"x\", priority: null}"),
        create("{title: \"x\", due: {}}"),
        create("{title: \"x\", due: {on: null}}"),
        create("{title: \"x\", due: {on: \"2026-11-21\", at: null}}"),
        create("{title: \"x\", due: {on: \"2026-11-21\", at: \"2026-11-21T09:30:00Z\"}}"),
        create("{title: \"x\", due: {by: \"2026-11-21\"}}"),
        list("first: 2147483648"),
        list("first: -2147483649"),
        list("first: 1.0"),
        list("first: \"1\""),
        list("first: [1, 2]"),
        list("filter: {x: 1}"),
        list("filter: {priority: {in: [HIGH, SOON]}}"),
        list("orderBy: [null]"),
        list("orderBy: {}"),
        "query($n: Int = \"1\") { tasks(first: $n) { totalCount } }".to_owned(),
        "query($n: Int! = null) { tasks(first: $n) { totalCount } }".to_owned(),
        "{ viewer @skip(if: \"true\") { id } }".to_owned(),
        "{ viewer @skip(if: null) { id } }".to_owned(),
        "{ viewer @skip { id } }".to_owned(),
    ] {
        let reply = api.alice.post(&query, json!({})).await;
        assert_eq!(reply.json().get("data"), None, "{query}");
        assert_eq!(reply.status, 400, "{query}");
        for error in reply.json()["errors"].as_array().unwrap() {
            let extensions = json!({"code": "GRAPHQL_VALIDATION_FAILED"});
            assert_eq!(error["extensions"], extensions, "{query}");
        }
    }
    let count = api.alice.asks("{ tasks { totalCount } }").await;
    assert_eq!(count["tasks"]["totalCount"], 0, "nothing was written");
}

#[tokio::test]
async fn a_variable_must_fit_its_place() {
    let api = Api::start(Database::sqlite()).await;
    for (query, variables) in [
        ("query($n: String) { tasks(first: $n) { totalCount } }", json!({"n": "1"})),
        ("query($n: [Int]) { tasks(first: $n) { totalCount } }", json!({"n": [1]})),
        ("query($id: ID) { task(id: $id) { id } }", json!({"id": "x"})),
        ("query($id: Int!) { task(id: $id) { id } }", json!({"id": 1})),
        ("query($n: Nothing) { tasks(first: $n) { totalCount } }", json!({"n": 1})),
        ("query($n: Task) { tasks(first: $n) { totalCount } }", json!({"n": 1})),
        ("query { tasks(first: $n) { totalCount } }", json!({"n": 1})),
        ("query($n: Int) { viewer { id } }", json!({"n": 1})),
        ("query($n: Int, $n: Int) { tasks(first: $n) { totalCount } }", json!({"n": 1})),
        (
            "mutation($t: String) { createTask(input: {title: $t}) { task { id } } }",
            json!({"t": "x"}),
        ),
    ] {
        let reply = api.alice.post(query, variables).await;
        assert_eq!(reply.json().get("data"), None, "{query}");
        assert_eq!(reply.status, 400, "{query}");
        let first = reply.json()["errors"][0]["extensions"].clone();
        assert_eq!(first, json!({"code": "GRAPHQL_VALIDATION_FAILED"}), "{query}");
    }
}

#[tokio::test]
async fn a_one_of_takes_only_variables_that_cannot_be_null() {
    let api = Api::start(Database::sqlite()).await;
    let query = "mutation($day: Date) { createTask(input: {title: \"x\", due: {on: $day}}) { task { dueOn } } }";
    for variables in [json!({}), json!({"day": null})] {
        let reply = api.alice.post(query, variables.clone()).await;
        assert_eq!(refusal(&reply), (400, "GRAPHQL_VALIDATION_FAILED".to_owned()), "{variables}");
    }
    let query = query.replace("Date)", "Date!)");
    let data = api.alice.post(&query, json!({"day": "2026-11-21"})).await.data();
    assert_eq!(data["createTask"]["task"]["dueOn"], "2026-11-21");
}

#[tokio::test]
async fn a_single_value_stands_for_a_list_of_one() {
    let api = Api::start(Database::sqlite()).await;
    for (title, priority) in [("b", "HIGH"), ("a", "HIGH"), ("c", "LOW")] {
        api.alice.creates_with(json!({"title": title, "priority": priority})).await;
    }
    let expected = json!({"tasks": {"nodes": [{"title": "a"}, {"title": "b"}]}});
    let query = "query($in: [Priority!], $order: [TaskOrder!]) {
        tasks(filter: {priority: {in: $in}}, orderBy: $order) { nodes { title } } }";
    for variables in [
        json!({"in": "HIGH", "order": {"field": "TITLE"}}),
        json!({"in": ["HIGH"], "order": [{"field": "TITLE"}]}),
    ] {
        assert_eq!(api.alice.post(query, variables).await.data(), expected);
    }
    let query = "{ tasks(filter: {and: {priority: {in: HIGH}}}, orderBy: {field: TITLE}) { nodes { title } } }";
    assert_eq!(api.alice.asks(query).await, expected);
}

#[tokio::test]
async fn an_argument_whose_variable_was_not_sent_counts_as_left_out() {
    let api = Api::start(Database::sqlite()).await;
    for title in ["a", "b", "c"] {
        api.alice.creates(title).await;
    }
    let query = "query($first: Int, $last: Int, $after: String, $filter: TaskFilter, $order: [TaskOrder!]) {
        tasks(first: $first, last: $last, after: $after, filter: $filter, orderBy: $order) { nodes { title } } }";
    let titles = |titles: &[&str]| {
        let nodes: Vec<Value> = titles.iter().map(|title| json!({"title": title})).collect();
        json!({"tasks": {"nodes": nodes}})
    };
    for (variables, expected) in [
        (json!({}), titles(&["c", "b", "a"])),
        (
            json!({"first": null, "last": null, "filter": null, "order": null}),
            titles(&["c", "b", "a"]),
        ),
        (json!({"first": 1}), titles(&["c"])),
        (json!({"last": 1}), titles(&["a"])),
    ] {
        assert_eq!(api.alice.post(query, variables.clone()).await.data(), expected, "{variables}");
    }
}

#[tokio::test]
async fn the_default_of_a_variable_is_used_only_when_none_was_sent() {
    let api = Api::start(Database::sqlite()).await;
    for title in ["a", "b", "c"] {
        api.alice.creates(title).await;
    }
    let query = "query($first: Int = 1) { tasks(first: $first) { nodes { title } } }";
    for (variables, count) in
        [(json!({}), 1), (json!({"first": 2}), 2), (json!({"first": null}), 3)]
    {
        let data = api.alice.post(query, variables.clone()).await.data();
        assert_eq!(data["tasks"]["nodes"].as_array().unwrap().len(), count, "{variables}");
    }
}

#[tokio::test]
async fn an_input_field_with_a_default_takes_no_null_from_a_variable() {
    let api = Api::start(Database::sqlite()).await;
    let query = "mutation($done: Boolean) { createTask(input: {title: \"x\", completed: $done}) { task { completed } } }";
    for (variables, completed) in [(json!({}), false), (json!({"done": true}), true)] {
        let data = api.alice.post(query, variables).await.data();
        assert_eq!(data["createTask"]["task"]["completed"], completed);
    }
    let reply = api.alice.post(query, json!({"done": null})).await;
    assert_eq!(refusal(&reply), (400, "BAD_USER_INPUT".to_owned()));
    assert_eq!(reply.field(), "done");
}

on_each_database! {
    async fn a_field_whose_variable_was_not_sent_stays_as_it_is(api: Api) {
        let task = api.alice.creates_with(json!({
            "title": "Milk", "description": "Two litres", "priority": "HIGH", "due": {"on": "2026-11-21"},
        })).await;
        let query = "mutation($id: ID!, $title: String, $description: String, $completed: Boolean, $priority: Priority, $due: DueInput, $version: Int) {
            updateTask(input: {id: $id, title: $title, description: $description, completed: $completed, priority: $priority, due: $due, expectedVersion: $version}) {
                task { title description completed priority dueOn version } } }";
        let updated = |variables: Value| {
            let alice = api.alice.clone();
            let mut variables = variables;
            variables["id"] = task["id"].clone();
            async move { alice.post(query, variables).await.data()["updateTask"]["task"].take() }
        };
        let before = json!({"title": "Milk", "description": "Two litres", "completed": false,
            "priority": "HIGH", "dueOn": "2026-11-21", "version": 1});
        assert_eq!(updated(json!({})).await, before);
        assert_eq!(updated(json!({"version": null})).await, before);

        let after = updated(json!({"completed": true})).await;
        let mut expected = before;
        expected["completed"] = json!(true);
        expected["version"] = json!(2);
        assert_eq!(after, expected);

        let after = updated(json!({"description": null, "due": null})).await;
        expected["description"] = json!(null);
        expected["dueOn"] = json!(null);
        expected["version"] = json!(3);
        assert_eq!(after, expected);
    }
}

#[tokio::test]
async fn two_operations_may_name_their_variables_alike() {
    let api = Api::start(Database::sqlite()).await;
    let query = "
        query A($x: Int) { ...Count }
        query B($x: ID!) { ...One }
        fragment Count on Query { ...Page }
        fragment Page on Query { ... { tasks(first: $x) { totalCount } } }
        fragment One on Query { task(id: $x) { id } }
    ";
    for (name, variables, data) in [
        ("A", json!({}), json!({"tasks": {"totalCount": 0}})),
        ("A", json!({"x": 1}), json!({"tasks": {"totalCount": 0}})),
        ("B", json!({"x": "1"}), json!({"task": null})),
    ] {
        let request = json!({"query": query, "operationName": name, "variables": variables});
        assert_eq!(api.alice.posts(&request).await.data(), data, "{name} {variables}");
    }
    let request = json!({"query": query, "operationName": "B", "variables": {}});
    assert_eq!(api.alice.posts(&request).await.field(), "x");
}
