//! The size of a response is limited, whoever executes its operation.

use serde_json::{Value, json};

use super::{refusal, repeat};
use crate::harness::{Api, Database, Person, Reply, Served, on_each_database};

/// The smallest limit that can be set.
const SMALL: &str = "--max-response=1048576";
const MESSAGE: &str = "the response would be larger than 1048576 bytes: ask for less at a time";
/// Of these, twelve are within the limit, and fourteen are beyond it.
const LONG: usize = 20_000;

/// A server of the same users and tasks with a small limit, and few connections.
async fn limited(api: &Api) -> Api {
    Api::start_to_serve(api.database.clone(), &[SMALL, "--pool-size=2"]).await.0
}

/// Creates tasks with descriptions of that length, under that task if there is one.
async fn create_tasks(person: &Person, count: usize, length: usize, parent: Option<&str>) {
    let description = "😀".repeat(length);
    let task = json!({ "title": "long", "description": description, "parentId": parent });
    let operations = vec![json!({ "createTask": task }); count];
    // A request is at most as large as the limit.
    for operations in operations.chunks(if length > 0 { 10 } else { 100 }) {
        person.does("batch", json!({ "operations": operations }), "cursor").await;
    }
}

/// Counts plans: each of both ways has to answer.
async fn by_both<T>(person: &Person, answer: impl AsyncFn() -> T) -> [T; 2] {
    [answer().await, person.by_library(answer()).await]
}

fn page(first: usize, fields: &str) -> String {
    format!("{{ tasks(first: {first}) {{ nodes {{ {fields} }} }} }}")
}

fn assert_too_large(reply: &Reply) {
    assert_eq!(refusal(reply), (400, "QUERY_TOO_COMPLEX".to_owned()));
    assert_eq!(reply.error()["message"], MESSAGE);
}

/// What a mutation has answered whose only field is null, and the message of its error.
fn message_of_null(reply: &Reply, field: &str) -> String {
    let error = reply.error();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["data"], json!({ field: null }));
    assert_eq!(error["path"], json!([field]));
    assert_eq!(error["extensions"]["code"], "QUERY_TOO_COMPLEX");
    error["message"].as_str().unwrap().to_owned()
}

on_each_database! {
    async fn a_page_of_long_texts_is_refused(api: Api) {
        create_tasks(&api.alice, 20, LONG, None).await;
        let alice = limited(&api).await.alice;
        // More often than there are connections: those that were in the middle of the rows are replaced.
        for _ in 0..4 {
            let ask = async || alice.post(&page(14, "description"), json!({})).await;
            for reply in by_both(&alice, ask).await {
                assert_too_large(&reply);
            }
            alice.asks(&page(12, "id description")).await;
        }
        for data in by_both(&alice, async || alice.asks(&page(11, "description")).await).await {
            assert_eq!(data["tasks"]["nodes"].as_array().unwrap().len(), 11);
        }
    }

    async fn a_text_counts_as_often_as_it_is_shown(api: Api) {
        create_tasks(&api.alice, 7, LONG, None).await;
        let alice = limited(&api).await.alice;
        let ask = async |fields: &str| {
            by_both(&alice, async || alice.post(&page(10, fields), json!({})).await).await
        };
        for reply in ask("a: description").await {
            reply.data();
        }
        for reply in ask("a: description b: description").await {
            assert_too_large(&reply);
        }
        let many = repeat(65, |n| format!("a{n}: description "));
        for reply in ask(&many).await {
            assert_too_large(&reply);
        }
    }

    async fn root_fields_share_the_limit(api: Api) {
        create_tasks(&api.alice, 5, LONG, None).await;
        let alice = limited(&api).await.alice;
        let roots = |count| repeat(count, |n| {
            format!("r{n}: tasks {{ nodes {{ description }} }} ")
        });
        for reply in by_both(&alice, async || {
            alice.post(&format!("{{ {} }}", roots(2)), json!({})).await
        }).await {
            reply.data();
        }
        for reply in by_both(&alice, async || {
            alice.post(&format!("{{ {} }}", roots(3)), json!({})).await
        }).await {
            assert_too_large(&reply);
        }
        // What the plan has read does not count where the library has to answer in its place.
        let reply = alice.post(
            &format!("{{ {} wrong: tasks(after: \"no cursor\") {{ totalCount }} }}", roots(2)),
            json!({}),
        ).await;
        assert_eq!(reply.code(), "BAD_USER_INPUT");
    }

    async fn a_deletion_stands_whose_ids_are_too_many(api: Api) {
        let alice = limited(&api).await.alice;
        let delete = async |selection: &str| {
            let id = alice.creates("parent").await;
            create_tasks(&alice, 299, 0, Some(&id)).await;
            let reply = alice.tries("deleteTask", json!({ "id": id }), selection).await;
            let task = alice.asks(&format!("{{ task(id: \"{id}\") {{ deletedAt }} }}")).await;
            assert!(task["task"]["deletedAt"].is_string(), "{task}");
            reply
        };
        for reply in by_both(&alice, async || delete("deletedIds").await).await {
            assert_eq!(reply.data()["deleteTask"]["deletedIds"].as_array().unwrap().len(), 300);
        }
        let many = repeat(99, |n| format!("a{n}: deletedIds "));
        for reply in by_both(&alice, async || delete(&many).await).await {
            let message = message_of_null(&reply, "deleteTask");
            assert_eq!(message, format!("the change has been made, but {MESSAGE}"));
        }
    }

    async fn a_change_stands_whose_payload_is_too_large(api: Api) {
        create_tasks(&api.alice, 20, LONG, None).await;
        let alice = limited(&api).await.alice;
        let selection = "task { id } query { tasks(first: 20) { nodes { description } } }";
        let count = async || alice.asks("{ tasks { totalCount } }").await["tasks"]["totalCount"].as_i64();
        let before = count().await.unwrap();
        let create = json!({ "title": "new" });
        for reply in by_both(&alice, async || {
            alice.tries("createTask", create.clone(), selection).await
        }).await {
            let message = message_of_null(&reply, "createTask");
            assert_eq!(message, format!("the change has been made, but {MESSAGE}"));
        }
        assert_eq!(count().await, Some(before + 2));

        // A field that comes after such a one changes nothing, since its payload could not be shown.
        let document = format!(
            "mutation($input: CreateTaskInput!) {{ first: createTask(input: $input) {{ {selection} }} \
             second: createTask(input: $input) {{ task {{ id }} }} }}"
        );
        for reply in by_both(&alice, async || {
            alice.post(&document, json!({ "input": create })).await
        }).await {
            let json = reply.json();
            assert_eq!(json["data"], json!({ "first": null, "second": null }));
            let mut messages: Vec<_> =
                json["errors"].as_array().unwrap().iter().map(|it| it["message"].clone()).collect();
            messages.sort_by_key(ToString::to_string);
            assert_eq!(messages, [&*format!("the change has been made, but {MESSAGE}"), MESSAGE]);
        }
        assert_eq!(count().await, Some(before + 4));
    }

    async fn results_over_a_socket_are_limited_one_by_one(api: Api) {
        let since = api.alice.does("createTask", json!({ "title": "first" }), "cursor").await;
        let served = Served::start(api.database.clone(), &[SMALL]).await;
        let alice = &served.api.alice;
        let mut socket = served.socket_of("alice").await;
        let follow = "subscription($since: String) { changes(since: $since) { cursor changes { node { \
            ... on Task { a: description b: description } } } } }";
        socket.subscribes("1", follow, json!({})).await;
        socket.hears_next("1").await;
        // Each has two thirds of the limit.
        for _ in 0..3 {
            create_tasks(alice, 4, LONG, None).await;
            let payload = socket.hears_next("1").await;
            assert_eq!(payload["data"]["changes"]["changes"].as_array().unwrap().len(), 4);
        }
        create_tasks(alice, 7, LONG, None).await;
        assert_is_error(&socket.hears().await, "1");

        // Of all of them, as many are read at a time as the limit has room for.
        let follow_once = follow.replace("b: description", "");
        let (mut since, mut count) = (since["cursor"].clone(), 0);
        while count < 19 {
            socket.subscribes("2", &follow_once, json!({ "since": since })).await;
            let page = socket.hears_next("2").await["data"]["changes"].take();
            (since, count) = (page["cursor"].clone(), count + page["changes"].as_array().unwrap().len());
            socket.says(json!({ "type": "complete", "id": "2" })).await;
        }
        assert_eq!(count, 19);

        socket.subscribes("3", &page(14, "description"), json!({})).await;
        assert_is_error(&socket.hears().await, "3");
        socket.subscribes("4", &page(5, "description"), json!({})).await;
        assert_eq!(socket.hears_next("4").await.get("errors"), None);
        assert_eq!(socket.hears().await, json!({ "type": "complete", "id": "4" }));
    }
}

fn assert_is_error(message: &Value, id: &str) {
    assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!(id)), "{message}");
    assert_eq!(message["payload"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX");
    assert_eq!(message["payload"][0]["message"], MESSAGE);
}

/// 30 × 100 × 65 descriptions of 80 kB.
#[tokio::test]
async fn fifteen_gigabytes_are_refused_before_anything_is_read() {
    let api = Api::start(Database::sqlite()).await;
    let roots = repeat(30, |n| format!("r{n}: tasks(first: 100) {{ nodes {{ ...F }} }} "));
    let aliases = repeat(65, |n| format!("a{n}: description "));
    let document = format!("{{ {roots} }} fragment F on Task {{ {aliases} }}");
    let reply = api.alice.post(&document, json!({})).await;
    assert_eq!(refusal(&reply), (400, "QUERY_TOO_COMPLEX".to_owned()));
    let message = reply.error()["message"].to_string();
    assert!(message.contains("values; at most 500000 are allowed"), "{message}");
}
