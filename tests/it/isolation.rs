//! Nobody ever sees, touches or learns of another person's rows.
//!
//! The schema is walked: each root field has a row here, and a new one without a row fails
//! [`each_root_field_has_a_row`]. A row first succeeds as the owner; then anon is refused, and a
//! stranger with the owner's id gets the very bytes that they get for an id that nobody has.

use std::collections::BTreeSet;

use axum::http::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Api, Person, Reply, on_each_database};

/// A document that names one of the viewer's objects by `$id`.
struct Row {
    /// The root field that it goes through.
    field: &'static str,
    document: &'static str,
    /// What the owner's answer must hold.
    expected: &'static str,
    /// Whether it needs the object in the trash, or leaves it there: each row gets a new object.
    trashed: bool,
}

const fn row(field: &'static str, document: &'static str, expected: &'static str) -> Row {
    Row { field, document, expected, trashed: false }
}

const ROWS: &[Row] = &[
    row("Query.task", "query($id: ID!) { task(id: $id) { id title } }", "Alice's secret"),
    row(
        "Query.node",
        "query($id: ID!) { node(id: $id) { __typename id ... on Task { title } } }",
        "Alice's secret",
    ),
    row(
        "Mutation.updateTask",
        "mutation($id: ID!) { updateTask(input: { id: $id, title: \"Taken\" }) { task { title } } }",
        "Taken",
    ),
    row(
        "Mutation.updateTask",
        "mutation($id: ID!) { updateTask(input: { id: $id, expectedVersion: 7 }) { task { title } } }",
        "Alice's secret",
    ),
    row(
        "Mutation.deleteTask",
        "mutation($id: ID!) { deleteTask(input: { id: $id }) { deletedIds } }",
        "deletedIds",
    ),
    row(
        "Mutation.deleteTask",
        "mutation($id: ID!) { deleteTask(input: { id: $id, permanently: true, expectedVersion: 1 }) { deletedIds } }",
        "deletedIds",
    ),
    Row {
        trashed: true,
        ..row(
            "Mutation.restoreTask",
            "mutation($id: ID!) { restoreTask(input: { id: $id }) { task { title } } }",
            "Alice's secret",
        )
    },
];

/// Root fields that take no id of an existing object: what they show is tested further below.
const WITHOUT_ID: &[&str] =
    &["Query.viewer", "Query.tasks", "Mutation.createTask", "Mutation.updateViewer"];

on_each_database! {
    async fn each_root_field_has_a_row(api: Api) {
        let schema = api
            .anon
            .asks("{ __schema { queryType { name fields { name } } mutationType { name fields { name } } subscriptionType { name } } }")
            .await;
        let schema = &schema["__schema"];
        let fields = |root: &Value| -> Vec<String> {
            let name = root["name"].as_str().unwrap();
            let fields = root["fields"].as_array().unwrap();
            fields.iter().map(|it| format!("{name}.{}", it["name"].as_str().unwrap())).collect()
        };
        let served: BTreeSet<_> =
            [fields(&schema["queryType"]), fields(&schema["mutationType"])].concat().into_iter().collect();
        let tested: BTreeSet<_> =
            ROWS.iter().map(|row| row.field).chain(WITHOUT_ID.iter().copied()).map(str::to_owned).collect();
        assert_eq!(served, tested);
        assert_eq!(schema["subscriptionType"], Value::Null);
    }

    async fn a_stranger_cannot_tell_alices_object_from_none(api: Api) {
        for row in ROWS {
            let id = api.alices_secret(row.trashed).await;
            let nobodys = Uuid::new_v4().to_string();

            let refused = api.anon.post(row.document, json!({ "id": id })).await;
            assert_eq!(refused.status, 401, "{}", row.document);
            let none = api.anon.post(row.document, json!({ "id": nobodys })).await;
            assert_same(row, (&refused, &id), (&none, &nobodys));

            let foreign = api.bob.post(row.document, json!({ "id": id })).await;
            let none = api.bob.post(row.document, json!({ "id": nobodys })).await;
            assert_same(row, (&foreign, &id), (&none, &nobodys));
            assert!(!text(&foreign).contains("secret"), "{}", row.document);

            let own = api.alice.post(row.document, json!({ "id": id })).await;
            assert!(text(&own).contains(row.expected), "{} {}", row.document, text(&own));
            own.data();
        }
    }

    async fn a_strangers_attempts_change_nothing(api: Api) {
        let id = api.alices_secret(false).await;
        let all = "{ tasks(filter: { trash: INCLUDE }) { nodes { id title version updatedAt deletedAt } } }";
        let before = api.alice.asks(all).await;
        for row in ROWS {
            api.bob.post(row.document, json!({ "id": id })).await;
        }
        assert_eq!(api.alice.asks(all).await, before);
    }

    async fn an_id_that_alice_uses_is_free_for_bob(api: Api) {
        let id = api.alices_secret(false).await;
        let bobs = api.bob.creates_with(json!({ "id": id, "title": "Bob's own" })).await;
        assert_eq!((&bobs["id"], &bobs["version"]), (&json!(id), &json!(1)));

        let query = format!("{{ task(id: \"{id}\") {{ title }} }}");
        assert_eq!(api.bob.asks(&query).await["task"]["title"], "Bob's own");
        assert_eq!(api.alice.asks(&query).await["task"]["title"], "Alice's secret");

        api.bob.delete(json!({ "id": id, "permanently": true })).await.data();
        assert_eq!(api.alice.asks(&query).await["task"]["title"], "Alice's secret");
    }

    async fn what_alice_deleted_for_good_does_not_keep_its_id_from_bob(api: Api) {
        let id = api.alices_secret(false).await;
        api.alice.delete(json!({ "id": id, "permanently": true })).await.data();
        api.bob.creates_with(json!({ "id": id, "title": "Bob's own" })).await;
        assert_eq!(api.alice.create(json!({ "id": id, "title": "Again" })).await.code(), "CONFLICT");
    }

    async fn lists_show_ones_own_rows_under_every_filter_and_order(api: Api) {
        for title in ["Alice's secret 1", "Alice's secret 2", "Alice's secret 3"] {
            api.alice.creates_with(json!({ "title": title, "due": { "on": "2026-12-01" } })).await;
        }
        let trashed = api.alices_secret(true).await;
        let bobs = api.bob.creates("Bob's").await;
        let page = api.alice.asks("{ tasks { pageInfo { endCursor } } }").await;
        let alices_cursor = page["tasks"]["pageInfo"]["endCursor"].as_str().unwrap();
        for arguments in [
            String::new(),
            "(filter: { trash: INCLUDE })".to_owned(),
            "(filter: { trash: ONLY })".to_owned(),
            "(filter: { not: { completed: true } })".to_owned(),
            "(filter: { or: [{ completed: true }, { completed: false }, { search: \"secret\" }] })".to_owned(),
            "(filter: { not: { search: \"nothing\" }, trash: INCLUDE })".to_owned(),
            "(orderBy: [{ field: DUE }, { field: TITLE, direction: DESC }], last: 100)".to_owned(),
            format!("(before: \"{alices_cursor}\")"),
            format!("(after: \"{alices_cursor}\")"),
            format!("(first: 0, after: \"{alices_cursor}\")"),
        ] {
            let document = format!(
                "{{ tasks{arguments} {{ totalCount nodes {{ id title }} edges {{ node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage }} }} }}"
            );
            let reply = api.bob.post(&document, json!({})).await;
            let tasks = &reply.data()["tasks"];
            let own = tasks["nodes"].as_array().unwrap().iter().all(|node| node["id"] == json!(bobs));
            assert!(own && !text(&reply).contains("secret"), "{document} {}", text(&reply));
            assert!(!text(&reply).contains(&trashed), "{document}");
            assert!(tasks["totalCount"].as_i64().unwrap() <= 1, "{document}");
        }
    }

    async fn a_payload_reads_on_as_its_own_user(api: Api) {
        api.alices_secret(false).await;
        let data = api
            .bob
            .asks("mutation { createTask(input: { title: \"Bob's\" }) { query { viewer { id } tasks { totalCount nodes { title } } } } }")
            .await;
        let query = &data["createTask"]["query"];
        assert_eq!(query["viewer"]["id"], "bob");
        assert_eq!(query["tasks"], json!({ "totalCount": 1, "nodes": [{ "title": "Bob's" }] }));
    }

    async fn a_zone_is_its_own_users(api: Api) {
        let carol = api.with_token(crate::harness::tokens::of("carol", api.clock.now()));
        let people = [&api.alice, &api.bob, &carol];
        for person in [&api.alice, &api.bob] {
            person.creates_with(json!({ "title": "x", "due": { "on": "2026-11-20" } })).await;
        }
        let shown = async || {
            let mut shown = Vec::new();
            for person in people {
                let data = person.asks("{ viewer { timeZone } tasks { nodes { overdue } } }").await;
                shown.push(json!([data["viewer"]["timeZone"], data["tasks"]["nodes"][0]["overdue"]]));
            }
            Value::from(shown)
        };
        assert_eq!(shown().await, json!([["UTC", true], ["UTC", true], ["UTC", null]]));
        // It is still the 20th there.
        api.alice.moves_to("Pacific/Pago_Pago").await;
        assert_eq!(shown().await, json!([["Pacific/Pago_Pago", false], ["UTC", true], ["UTC", null]]));
        api.bob.moves_to("Europe/Berlin").await;
        assert_eq!(shown().await, json!([["Pacific/Pago_Pago", false], ["Europe/Berlin", true], ["UTC", null]]));
        assert_eq!(api.anon.update_viewer(json!({ "timeZone": null })).await.status, 401);
        api.alice.update_viewer(json!({ "timeZone": null })).await.data();
        assert_eq!(shown().await, json!([["UTC", true], ["Europe/Berlin", true], ["UTC", null]]));
    }

    async fn node_finds_the_viewer_and_no_other_user(api: Api) {
        let find = async |person: &Person, id: &str| {
            let reply = person.post("query($id: ID!) { node(id: $id) { __typename id } }", json!({ "id": id })).await;
            reply.data()["node"].clone()
        };
        api.bob.creates("Bob has written").await;
        assert_eq!(find(&api.alice, "alice").await, json!({ "__typename": "User", "id": "alice" }));
        assert_eq!(find(&api.alice, "bob").await, Value::Null);
        assert_eq!(find(&api.alice, "ALICE").await, Value::Null);
    }
}

impl Api {
    /// A task of Alice's whose title nobody else may see.
    async fn alices_secret(&self, trashed: bool) -> String {
        let id = self.alice.creates("Alice's secret").await;
        if trashed {
            self.alice.delete(json!({ "id": id })).await.data();
        }
        id
    }
}

/// Two answers that are the same byte for byte, but for the id that was asked for.
fn assert_same(row: &Row, (left, left_id): (&Reply, &str), (right, right_id): (&Reply, &str)) {
    assert_eq!(left.status, right.status, "{}", row.document);
    assert_eq!(headers(left), headers(right), "{}", row.document);
    let id = |text: String, id: &str| text.replace(id, "<id>");
    assert_eq!(id(text(left), left_id), id(text(right), right_id), "{}", row.document);
}

fn headers(reply: &Reply) -> HeaderMap {
    let mut headers = reply.headers.clone();
    headers.remove("x-request-id");
    headers
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.to_vec()).unwrap()
}
