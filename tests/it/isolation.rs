//! Nobody ever sees, touches or learns of another person's rows.
//!
//! The schema is walked: each root field has a row here, and a new one without a row fails
//! [`each_root_field_has_a_row`]. A row first succeeds as the owner; then anon is refused, and a
//! stranger with the owner's id gets the very bytes that they get for an id that nobody has.
//! What only connections that last can show is in `live_updates::isolation`.

use std::collections::BTreeSet;

use axum::http::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Api, Person, Reply, on_each_database},
    row_security,
};

/// A document that names one of Alice's objects by `$id`, and the asker's own by `$task`, `$tag` and
/// `$list`.
struct Row {
    /// The root field that it goes through.
    field: &'static str,
    /// What `$id` is: each row gets a new one.
    of: Secret,
    document: &'static str,
    /// What the owner's answer must hold.
    expected: &'static str,
}

/// What Alice hides, always with a task of that title.
#[derive(Clone, Copy)]
enum Secret {
    Task,
    Trashed,
    Tag,
    List,
}

const fn row(
    field: &'static str,
    of: Secret,
    document: &'static str,
    expected: &'static str,
) -> Row {
    Row { field, of, document, expected }
}

const ROWS: &[Row] = &[
    row("Query.task", Secret::Task, "query($id: ID!) { task(id: $id) { id title } }", SECRET),
    row("Query.tag", Secret::Tag, "query($id: ID!) { tag(id: $id) { id name } }", SECRET),
    row("Query.list", Secret::List, "query($id: ID!) { list(id: $id) { id name } }", SECRET),
    row(
        "Query.node",
        Secret::Task,
        "query($id: ID!) { node(id: $id) { __typename id ... on Task { title } } }",
        SECRET,
    ),
    row(
        "Query.node",
        Secret::Tag,
        "query($id: ID!) { node(id: $id) { __typename id ... on Tag { name } } }",
        SECRET,
    ),
    row(
        "Query.node",
        Secret::List,
        "query($id: ID!) { node(id: $id) { __typename id ... on TaskList { name } } }",
        SECRET,
    ),
    row(
        "Query.nodes",
        Secret::Task,
        "query($id: ID!) { nodes(ids: [$id]) { __typename id ... on Task { title startOn } } }",
        SECRET,
    ),
    row(
        "Query.nodes",
        Secret::Tag,
        "query($id: ID!) { nodes(ids: [$id]) { __typename id ... on Tag { name } } }",
        SECRET,
    ),
    row(
        "Query.nodes",
        Secret::List,
        "query($id: ID!) { nodes(ids: [$id]) { __typename id ... on TaskList { name } } }",
        SECRET,
    ),
    row(
        "Query.tasks",
        Secret::Tag,
        "query($id: ID!) { tasks(filter: { tags: { anyOf: [$id] } }) { totalCount nodes { title tags { name } } } }",
        SECRET,
    ),
    row(
        "Query.tasks",
        Secret::Tag,
        "query($id: ID!) { tasks(filter: { tags: { allOf: [$id] } }) { totalCount nodes { title } } }",
        SECRET,
    ),
    row(
        "Query.tasks",
        Secret::Tag,
        "query($id: ID!) { tasks(filter: { tags: { noneOf: [$id] } }) { nodes { title } } }",
        "Own task",
    ),
    row(
        "Query.tasks",
        Secret::List,
        "query($id: ID!) { tasks(filter: { list: { in: [$id] } }) { totalCount nodes { title list { name } } } }",
        SECRET,
    ),
    row(
        "Query.tasks",
        Secret::Task,
        "query($id: ID!) { tasks(filter: { parent: { in: [$id] } }) { totalCount nodes { title parent { title } } } }",
        SECRET,
    ),
    row(
        "Query.tasks",
        Secret::Task,
        "query($id: ID!) { tasks { nodes { subtasks(filter: { not: { parent: { in: [$id] } } }) { totalCount } } } }",
        "totalCount",
    ),
    row(
        "Mutation.createTask",
        Secret::Tag,
        "mutation($id: ID!, $tag: ID!) { createTask(input: { title: \"x\", tagIds: [$tag, $id] }) { task { tags { name } } } }",
        SECRET,
    ),
    row(
        "Mutation.createTask",
        Secret::List,
        "mutation($id: ID!) { createTask(input: { title: \"x\", listId: $id }) { task { list { name } } } }",
        SECRET,
    ),
    row(
        "Mutation.createTask",
        Secret::Task,
        "mutation($id: ID!) { createTask(input: { title: \"x\", parentId: $id }) { task { parent { title } } } }",
        SECRET,
    ),
    row(
        "Mutation.updateTask",
        Secret::Task,
        "mutation($id: ID!) { updateTask(input: { id: $id, title: \"Taken\" }) { task { title } } }",
        "Taken",
    ),
    row(
        "Mutation.updateTask",
        Secret::Task,
        "mutation($id: ID!) { updateTask(input: { id: $id, expectedVersion: 7 }) { task { title } } }",
        SECRET,
    ),
    row(
        "Mutation.updateTask",
        Secret::Tag,
        "mutation($id: ID!, $task: ID!) { updateTask(input: { id: $task, addTagIds: [$id] }) { task { tags { name } } } }",
        SECRET,
    ),
    row(
        "Mutation.updateTask",
        Secret::Tag,
        "mutation($id: ID!, $task: ID!) { updateTask(input: { id: $task, removeTagIds: [$id] }) { task { title } } }",
        "Own task",
    ),
    row(
        "Mutation.moveTask",
        Secret::Task,
        "mutation($id: ID!, $list: ID!) { moveTask(input: { id: $id, listId: $list }) { task { title } } }",
        SECRET,
    ),
    row(
        "Mutation.moveTask",
        Secret::List,
        "mutation($id: ID!, $task: ID!) { moveTask(input: { id: $task, listId: $id }) { task { list { name } } } }",
        SECRET,
    ),
    row(
        "Mutation.moveTask",
        Secret::Task,
        "mutation($id: ID!, $task: ID!) { moveTask(input: { id: $task, parentId: $id }) { task { parent { title } } } }",
        SECRET,
    ),
    row(
        "Mutation.moveTask",
        Secret::Task,
        "mutation($id: ID!, $task: ID!) { moveTask(input: { id: $task, listId: null, parentId: null, place: { before: $id } }) { task { title } } }",
        "Own task",
    ),
    row(
        "Mutation.moveTask",
        Secret::Task,
        "mutation($id: ID!, $task: ID!) { moveTask(input: { id: $task, listId: null, parentId: null, place: { after: $id } }) { task { title } } }",
        "Own task",
    ),
    row(
        "Mutation.deleteTask",
        Secret::Task,
        "mutation($id: ID!) { deleteTask(input: { id: $id }) { deletedIds } }",
        "deletedIds",
    ),
    row(
        "Mutation.deleteTask",
        Secret::Task,
        "mutation($id: ID!) { deleteTask(input: { id: $id, permanently: true, expectedVersion: 1 }) { deletedIds } }",
        "deletedIds",
    ),
    row(
        "Mutation.restoreTask",
        Secret::Trashed,
        "mutation($id: ID!) { restoreTask(input: { id: $id }) { task { title } } }",
        SECRET,
    ),
    row(
        "Mutation.updateTag",
        Secret::Tag,
        "mutation($id: ID!) { updateTag(input: { id: $id, color: \"#123456\" }) { tag { name color } } }",
        "#123456",
    ),
    row(
        "Mutation.deleteTag",
        Secret::Tag,
        "mutation($id: ID!) { deleteTag(input: { id: $id, expectedVersion: 1 }) { deletedIds } }",
        "deletedIds",
    ),
    row(
        "Mutation.createList",
        Secret::List,
        "mutation($id: ID!) { createList(input: { name: \"x\", place: { before: $id } }) { list { name } } }",
        "x",
    ),
    row(
        "Mutation.updateList",
        Secret::List,
        "mutation($id: ID!) { updateList(input: { id: $id, archived: true }) { list { name archivedAt } } }",
        SECRET,
    ),
    row(
        "Mutation.updateList",
        Secret::List,
        "mutation($id: ID!, $list: ID!) { updateList(input: { id: $list, place: { after: $id } }) { list { name } } }",
        "Own list",
    ),
    row(
        "Mutation.deleteList",
        Secret::List,
        "mutation($id: ID!) { deleteList(input: { id: $id }) { deletedIds } }",
        "deletedIds",
    ),
    row(
        "Mutation.batch",
        Secret::Task,
        "mutation($id: ID!, $task: ID!) { batch(input: { operations: [
            { updateTask: { id: $task, title: \"Own task\" } }, { updateTask: { id: $id, title: \"Taken\" } }
        ] }) { results { node { id ... on Task { title } } deletedIds error { code message path } } } }",
        "Taken",
    ),
    row(
        "Mutation.batch",
        Secret::Tag,
        "mutation($id: ID!, $task: ID!) { batch(input: { atomic: false, operations: [
            { updateTask: { id: $task, addTagIds: [$id] } }, { deleteTag: { id: $id } }
        ] }) { results { node { id } deletedIds error { code message path } } } }",
        "\"error\":null},{\"node\":null,\"deletedIds\":[",
    ),
    row(
        "Mutation.batch",
        Secret::List,
        "mutation($id: ID!, $task: ID!, $list: ID!) { batch(input: { atomic: false, operations: [
            { moveTask: { id: $task, listId: $id } }, { updateList: { id: $list, place: { before: $id } } }
            { deleteList: { id: $id } }
        ] }) { results { node { id } deletedIds error { code message path } } } }",
        "\"error\":null},{\"node\":null,\"deletedIds\":[",
    ),
];

/// What nobody but Alice may read.
const SECRET: &str = "Alice's secret";

/// Root fields that take no id of an existing object: what they show is tested further below.
const WITHOUT_ID: &[&str] = &[
    "Query.viewer",
    "Query.tags",
    "Query.lists",
    "Query.changes",
    "Query.rateLimit",
    "Mutation.createTag",
    "Mutation.updateViewer",
    "Subscription.changes",
    "Mutation.signOut",
];

/// Makes four tests of each: on both databases, with row-level security of PostgreSQL, and with nothing but
/// that, where the store's own filter is taken out.
macro_rules! behind_each_wall {
    ($(async fn $name:ident($api:ident: Api) $body:block)*) => {
        on_each_database! { $(async fn $name($api: Api) $body)* }

        mod with_row_security {
            $(#[tokio::test]
            async fn $name() {
                if let Some(api) = super::row_security::start().await {
                    super::$name::test(api).await;
                }
            })*
        }

        mod with_row_security_alone {
            $(#[tokio::test]
            async fn $name() {
                if let Some(api) = super::row_security::start_without_filter().await {
                    super::$name::test(api).await;
                }
            })*
        }
    };
}

behind_each_wall! {
    async fn each_root_field_has_a_row(api: Api) {
        let schema = api
            .anon
            .asks("{ __schema { queryType { name fields { name } } mutationType { name fields { name } } subscriptionType { name fields { name } } } }")
            .await;
        let schema = &schema["__schema"];
        let fields = |root: &Value| -> Vec<String> {
            let name = root["name"].as_str().unwrap();
            let fields = root["fields"].as_array().unwrap();
            fields.iter().map(|it| format!("{name}.{}", it["name"].as_str().unwrap())).collect()
        };
        let served: BTreeSet<_> =
            ["queryType", "mutationType", "subscriptionType"].into_iter().flat_map(|root| fields(&schema[root])).collect();
        let tested: BTreeSet<_> =
            ROWS.iter().map(|row| row.field).chain(WITHOUT_ID.iter().copied()).map(str::to_owned).collect();
        assert_eq!(served, tested);
    }

    async fn a_stranger_cannot_tell_alices_object_from_none(api: Api) {
        let (alices, bobs) = (Own::of(&api.alice).await, Own::of(&api.bob).await);
        for row in ROWS {
            let id = api.hides(row.of).await;
            let nobodys = Uuid::new_v4().to_string();

            let refused = api.anon.post(row.document, bobs.and(&id)).await;
            assert_eq!(refused.status, 401, "{}", row.document);
            let none = api.anon.post(row.document, bobs.and(&nobodys)).await;
            assert_same(row, (&refused, &id), (&none, &nobodys));

            let foreign = api.bob.post(row.document, bobs.and(&id)).await;
            let none = api.bob.post(row.document, bobs.and(&nobodys)).await;
            assert_same(row, (&foreign, &id), (&none, &nobodys));
            assert!(!text(&foreign).contains("secret"), "{}", row.document);

            let own = api.alice.post(row.document, alices.and(&id)).await;
            assert!(text(&own).contains(row.expected), "{} {}", row.document, text(&own));
            own.data();
        }
    }

    async fn a_strangers_attempts_change_nothing(api: Api) {
        let bobs = Own::of(&api.bob).await;
        let all = "{
            tasks(first: 100, filter: { trash: INCLUDE }) {
                nodes { id title version updatedAt deletedAt position list { id } parent { id } tags { id } }
            }
            tags { nodes { id name color version updatedAt } }
            lists(includeArchived: true) { nodes { id name color version updatedAt position archivedAt } }
        }";
        for row in ROWS {
            let id = api.hides(row.of).await;
            let before = api.alice.asks(all).await;
            api.wait(chrono::TimeDelta::milliseconds(1));
            api.bob.post(row.document, bobs.and(&id)).await;
            assert_eq!(api.alice.asks(all).await, before, "{}", row.document);
        }
    }

    async fn an_id_that_alice_uses_is_free_for_bob(api: Api) {
        let id = api.hides(Secret::Task).await;
        let bobs = api.bob.creates_with(json!({ "id": id, "title": "Bob's own" })).await;
        assert_eq!((&bobs["id"], &bobs["version"]), (&json!(id), &json!(1)));

        let query = format!("{{ task(id: \"{id}\") {{ title }} }}");
        assert_eq!(api.bob.asks(&query).await["task"]["title"], "Bob's own");
        assert_eq!(api.alice.asks(&query).await["task"]["title"], "Alice's secret");

        api.bob.delete(json!({ "id": id, "permanently": true })).await.data();
        assert_eq!(api.alice.asks(&query).await["task"]["title"], "Alice's secret");
    }

    async fn what_alice_deleted_for_good_does_not_keep_its_id_from_bob(api: Api) {
        let id = api.hides(Secret::Task).await;
        api.alice.delete(json!({ "id": id, "permanently": true })).await.data();
        api.bob.creates_with(json!({ "id": id, "title": "Bob's own" })).await;
        assert_eq!(api.alice.create(json!({ "id": id, "title": "Again" })).await.code(), "CONFLICT");
    }

    async fn lists_show_ones_own_rows_under_every_filter_and_order(api: Api) {
        for title in ["Alice's secret 1", "Alice's secret 2", "Alice's secret 3"] {
            api.alice.creates_with(json!({ "title": title, "due": { "on": "2026-12-01" } })).await;
        }
        let trashed = api.hides(Secret::Trashed).await;
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
            "(filter: { search: \"secret\" }, orderBy: [{ field: RELEVANCE, direction: DESC }])".to_owned(),
            "(filter: { list: { isNull: true }, parent: { isNull: true } })".to_owned(),
            "(filter: { tags: { noneOf: [] }, not: { tags: { anyOf: [] } } }, orderBy: [{ field: POSITION }])".to_owned(),
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

    async fn tags_and_lists_are_ones_own(api: Api) {
        for secret in [Secret::Tag, Secret::List, Secret::List] {
            api.hides(secret).await;
        }
        let (tag, list) = (api.bob.creates_tag("Bob's").await, api.bob.creates_list("Bob's").await);
        let body = "totalCount nodes { id } edges { node { id } } pageInfo { hasNextPage hasPreviousPage }";
        for (tags, lists) in [("", ""), ("(last: 100)", "(includeArchived: true)")] {
            let reply = api.bob.post(&format!("{{ tags{tags} {{ {body} }} lists{lists} {{ {body} }} }}"), json!({})).await;
            let data = reply.data();
            for (kind, own) in [("tags", &tag), ("lists", &list)] {
                assert_eq!(data[kind]["totalCount"], 1);
                let nodes = data[kind]["nodes"].as_array().unwrap();
                assert!(nodes.iter().all(|node| node["id"] == json!(own)), "{data:#}");
            }
        }
        // A cursor of Alice's is worth as much as one that nobody made.
        let page = api.alice.asks("{ tags { pageInfo { endCursor } } lists { pageInfo { endCursor } } }").await;
        for kind in ["tags", "lists"] {
            for side in ["before", "after"] {
                let read = async |cursor: &Value| {
                    let document = format!("{{ {kind}({side}: {cursor}) {{ {body} }} }}");
                    api.bob.post(&document, json!({})).await
                };
                let by_alices = read(&page[kind]["pageInfo"]["endCursor"]).await;
                assert_eq!(by_alices.code(), "BAD_USER_INPUT");
                assert_eq!(by_alices.json(), read(&json!("garbage")).await.json());
            }
        }
    }

    async fn names_and_ids_of_alices_are_free_for_bob(api: Api) {
        for (create, of, selection) in [("createTag", Secret::Tag, "tag { id name }"), ("createList", Secret::List, "list { id name }")] {
            let id = api.hides(of).await;
            let name = named(&id);
            let payload = api.bob.does(create, json!({ "id": id, "name": name }), selection).await;
            assert_eq!(payload[&create[6..].to_lowercase()], json!({ "id": id, "name": name }));
        }
    }

    async fn a_payload_reads_on_as_its_own_user(api: Api) {
        api.hides(Secret::Task).await;
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

/// The secret name of Alice's object, unlike that of any other.
fn named(id: &str) -> String {
    format!("{SECRET} {}", &id[..8])
}

/// What an asker has of their own.
struct Own(Value);

impl Own {
    async fn of(person: &Person) -> Self {
        Self(json!({
            "task": person.creates("Own task").await,
            "tag": person.creates_tag("Own tag").await,
            "list": person.creates_list("Own list").await,
        }))
    }

    /// The variables that ask for an object.
    fn and(&self, id: &str) -> Value {
        let mut variables = self.0.clone();
        variables["id"] = json!(id);
        variables
    }
}

impl Api {
    /// Something of Alice's that nobody else may see.
    async fn hides(&self, secret: Secret) -> String {
        let id = Uuid::new_v4().to_string();
        let name = named(&id);
        let task = match secret {
            Secret::Task | Secret::Trashed => {
                self.alice.creates_with(json!({ "id": id, "title": SECRET })).await;
                json!({ "title": SECRET, "parentId": id })
            }
            Secret::Tag => {
                self.alice.does("createTag", json!({ "id": id, "name": name }), "tag { id }").await;
                json!({ "title": SECRET, "tagIds": [id] })
            }
            Secret::List => {
                self.alice
                    .does("createList", json!({ "id": id, "name": name }), "list { id }")
                    .await;
                json!({ "title": SECRET, "listId": id })
            }
        };
        self.alice.creates_with(task).await;
        if matches!(secret, Secret::Trashed) {
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
