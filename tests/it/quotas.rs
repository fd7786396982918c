//! Quotas: how many objects one user may have, and how many bytes.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Api, Outline, on_each_database, statements};

on_each_database! {
    async fn at_the_limit_no_task_is_made(api: Api) {
        let api = api.allowing(3, 9, 9).await;
        let outline = api.create("a(b) c; Garden:").await;
        for place in [json!({}), json!({ "parentId": "b" }), json!({ "listId": "Garden" })] {
            let mut input = place.clone();
            input["title"] = json!("d");
            let reply = outline.tries("createTask", input).await;
            assert_eq!(reply.refusal(), "BAD_USER_INPUT input", "{place}");
            let message = reply.error()["message"].to_string();
            assert!(message.contains("3 tasks") && message.contains("delete"), "{message}");
        }
        let before = outline.rests().await;
        outline.moves("c", json!({ "parentId": "b" })).await;
        outline.does("updateTask", json!({ "id": "c", "title": "c", "completed": true })).await;
        let now = outline.looks().await;
        assert_eq!(now.outline(), "a(b(c)); Garden:");
        assert_eq!((now["a"].clone(), now["b"].clone()), (before["a"].clone(), before["b"].clone()));
    }

    async fn the_trash_counts_until_it_is_emptied(api: Api) {
        let api = api.allowing(4, 9, 9).await;
        let mut outline = api.create("a(b(c)) d").await;
        outline.trashes("a").await;
        assert_eq!(outline.has_room_for("task").await, 0);
        outline.restores("b").await;
        outline.trashes("b").await;
        assert_eq!(outline.deletes_for_good("b").await, "b c");
        assert_eq!(outline.has_room_for("task").await, 2);
        outline.create("e f").await;
        assert_eq!(outline.has_room_for("task").await, 0);

        outline.trashes("e").await;
        api.wait(TimeDelta::days(30));
        api.system.purge().await.unwrap();
        assert_eq!(outline.outline().await, "d f");
        assert_eq!(outline.has_room_for("task").await, 2);
    }

    async fn tags_and_lists_have_limits_of_their_own(api: Api) {
        let api = api.allowing(1, 2, 3).await;
        let outline = api.create("a").await;
        for (kind, most) in [("tag", 2), ("list", 3)] {
            assert_eq!(outline.has_room_for(kind).await, most);
            let id = outline.creates(kind, "new").await.unwrap();
            assert_eq!(outline.has_room_for(kind).await, most - 1);
            let delete = format!("mutation {{ delete{}(input: {{ id: \"{id}\" }}) {{ deletedIds }} }}", capital(kind));
            outline.person().asks(&delete).await;
            assert_eq!(outline.has_room_for(kind).await, most);
        }
        assert_eq!(outline.has_room_for("task").await, 0);
    }

    async fn what_others_have_does_not_count(api: Api) {
        let api = api.allowing(2, 1, 1).await;
        let alices = api.create("a b; A:").await;
        alices.creates("tag", "home").await.unwrap();
        let mut bobs = api.create("").await;
        for (kind, most) in [("task", 2), ("tag", 1), ("list", 1)] {
            assert_eq!(alices.has_room_for(kind).await, 0);
            assert_eq!(bobs.has_room_for(kind).await, most);
        }
        bobs.create("x y; B:").await;
    }

    async fn at_the_limit_a_create_that_is_sent_again_finds_what_it_made(api: Api) {
        let api = api.allowing(1, 9, 1).await;
        let outline = api.create("a; A:").await;
        let before = outline.looks().await;
        assert_eq!(outline.does("createTask", json!({ "id": "a", "title": "new" })).await, before["a"]);
        assert_eq!(outline.does("createList", json!({ "id": "A", "name": "new" })).await, before["A"]);
    }

    async fn of_many_creates_at_once_as_many_succeed_as_there_is_room_for(api: Api) {
        let api = api.allowing(3, 9, 9).await;
        let outline = api.create("a").await;
        let creates = (0..10).map(async |number| outline.creates("task", &format!("t{number}")).await.is_ok());
        assert_eq!(join_all(creates).await.into_iter().filter(|made| *made).count(), 2);
        assert_eq!(outline.has_room_for("task").await, 0);
    }

    async fn a_batch_meets_the_limit_where_it_comes_to_it(api: Api) {
        let api = api.allowing(3, 9, 9).await;
        let outline = api.create("a(b)").await;
        let creates = json!([
            { "createTask": { "title": "c" } }, { "createTask": { "title": "d" } }, { "createTask": { "title": "e" } },
        ]);
        assert_eq!(outline.batch(&creates, true).await, ["ABORTED", "BAD_USER_INPUT createTask", "ABORTED"]);
        assert_eq!(outline.outline().await, "a(b)");
        assert_eq!(outline.has_room_for("task").await, 1);

        let swap = json!([
            { "createTask": { "title": "c" } },
            { "createTask": { "title": "d" } },
            { "deleteTask": { "id": outline.id("a"), "permanently": true } },
            { "createTask": { "title": "e" } },
        ]);
        assert_eq!(outline.batch(&swap, false).await, ["", "BAD_USER_INPUT createTask", "", ""]);
        assert_eq!(outline.outline().await, "c e");
        assert_eq!(outline.has_room_for("task").await, 1);
    }

    async fn who_has_more_than_a_new_limit_keeps_it_all(api: Api) {
        let outline = api.create("a(b) c; A:; B:").await;
        let stricter = api.allowing(1, 9, 1).await;
        let outline = outline.at(&stricter);
        assert_eq!(outline.creates("list", "C").await, Err("BAD_USER_INPUT input".to_owned()));
        outline.trashes("a").await;
        outline.restores("a").await;
        for (task, room) in [("a", 0), ("c", 1)] {
            assert_eq!(outline.has_room_for("task").await, 0);
            outline.deletes_for_good(task).await;
            assert_eq!(outline.has_room_for("task").await, room);
        }
        assert_eq!(outline.outline().await, "A:; B:");
    }

    async fn at_the_limit_of_bytes_no_text_is_written(api: Api) {
        let (api, _app) = Api::start_to_serve(api.database, &["--max-bytes=20000"]).await;
        let alice = &api.alice;
        let text = "some words ".repeat(100);
        let milk = json!({ "title": "Milk", "description": text });
        let first = alice.creates_with(milk.clone()).await["id"].clone();
        let mut made = 1;
        let refused = loop {
            let reply = alice.create(milk.clone()).await;
            if reply.json().get("errors").is_some() {
                break reply;
            }
            made += 1;
        };
        assert!((3..18).contains(&made), "{made}");
        assert_eq!(refused.refusal(), "BAD_USER_INPUT input");
        assert!(refused.error()["message"].to_string().contains("20000 bytes"));

        // Whatever path a change takes.
        for more in [json!({}), json!({ "expectedVersion": 1 }), json!({ "due": { "at": "2026-01-01T00:00:00Z" } })] {
            let mut longer = more.clone();
            longer["id"] = first.clone();
            longer["description"] = json!(text.repeat(4));
            assert_eq!(alice.update(longer).await.refusal(), "BAD_USER_INPUT input", "{more}");
        }
        alice.updates(json!({ "id": first, "completed": true })).await;
        api.bob.creates_with(milk.clone()).await;

        // What is shortened or deleted makes room, at the latest in a minute.
        alice.updates(json!({ "id": first, "description": null })).await;
        api.wait(TimeDelta::minutes(1));
        alice.creates_with(milk.clone()).await;
        alice.create(milk.clone()).await.refusal();
        alice.delete(json!({ "id": first, "permanently": true })).await.data();
        let another = alice.does("createTask", json!({ "title": "Bread" }), "task { id }").await;
        assert!(another["task"]["id"].is_string());
    }

    async fn what_is_made_and_deleted_does_not_fill_the_quota(api: Api) {
        let (api, _app) = Api::start_to_serve(api.database, &["--max-bytes=5000"]).await;
        api.alice.creates("Milk").await;
        let since = api.alice.asks("{ changes { cursor } }").await["changes"]["cursor"].clone();
        for _ in 0..50 {
            api.wait(TimeDelta::minutes(1));
            let id = api.alice.creates_tag("home").await;
            api.alice.does("deleteTag", json!({ "id": id }), "deletedIds").await;
        }
        let left = api.database.number("SELECT COUNT(*) FROM tombstone").await;
        assert!(left < 50, "{left}");
        // Nobody takes what is left of the log for all of it.
        let changes = "query($since: String) { changes(since: $since) { reset } }";
        let data = api.alice.post(changes, json!({ "since": since })).await.data();
        assert_eq!(data["changes"]["reset"], true);
    }

    async fn what_is_deleted_or_shortened_is_no_longer_counted(api: Api) {
        let (api, _app) = Api::start_to_serve(api.database, &["--max-bytes=20000"]).await;
        let text = "some words ".repeat(100);
        for round in 0..20 {
            api.wait(TimeDelta::minutes(1));
            let milk = json!({ "title": "Milk", "description": text });
            let id = api.alice.creates_with(milk).await["id"].clone();
            // By a transaction, and on PostgreSQL also by a statement alone.
            let shorter = json!({ "id": id, "description": "", "expectedVersion": 1, "due": { "at": "2026-01-01T00:00:00Z" } });
            api.alice.updates(shorter).await;
            api.alice.updates(json!({ "id": id, "description": text })).await;
            api.alice.delete(json!({ "id": id, "permanently": true })).await.data();
            let counted = api.database.number("SELECT bytes FROM \"user\"").await;
            assert!((0..20_000).contains(&counted), "round {round}: {counted}");
        }
    }

    async fn all_that_a_user_has_is_not_read_for_each_refusal(api: Api) {
        let (api, _app) = Api::start_to_serve(api.database, &["--max-bytes=20000"]).await;
        let milk = json!({ "title": "Milk", "description": "some words ".repeat(100) });
        api.alice.creates("Bread").await;
        let creates: Vec<_> = (0..30).map(|_| json!({ "createTask": milk })).collect();
        for _ in 0..3 {
            let input = json!({ "operations": creates, "atomic": false });
            let batch = api.alice.does("batch", input, "results { error { code } }");
            let (payload, sent) = statements(batch).await;
            let refused = payload["results"].as_array().unwrap().iter().filter(|it| !it["error"].is_null());
            assert!(refused.count() > 10);
            let reads = sent.iter().filter(|sql| sql.contains("octet_length")).count();
            assert!(reads <= 3, "one for each table: {reads}");
        }
    }

    async fn what_a_user_had_before_bytes_were_counted_is_counted(api: Api) {
        let (api, _app) = Api::start_to_serve(api.database, &["--max-bytes=20000"]).await;
        let milk = json!({ "title": "Milk", "description": "some words ".repeat(100) });
        api.alice.creates_with(milk.clone()).await;
        api.database.execute("UPDATE \"user\" SET bytes = 4611686018427387904").await;
        api.alice.creates_with(milk).await;
        let counted = api.database.number("SELECT bytes FROM \"user\"").await;
        assert!((2_500..20_000).contains(&counted), "{counted}");
    }
}

impl Api {
    /// A server on the same database that allows each user so much.
    async fn allowing(&self, tasks: u32, tags: u32, lists: u32) -> Self {
        let flags = [("tasks", tasks), ("tags", tags), ("lists", lists)];
        let flags = flags.map(|(kind, most)| format!("--max-{kind}={most}"));
        let flags = flags.each_ref().map(String::as_str);
        Self::start_to_serve(self.database.clone(), &flags).await.0
    }
}

impl Outline {
    /// Creates a task, a tag or a list, and returns its id, or the refusal.
    async fn creates(&self, kind: &str, name: &str) -> Result<String, String> {
        let (kind, field) = (capital(kind), if kind == "task" { "title" } else { "name" });
        let query = format!(
            "mutation($name: String!) {{ create{kind}(input: {{ {field}: $name }}) {{ query {{ viewer {{ id }} }} \
             {} {{ id }} }} }}",
            kind.to_lowercase()
        );
        let reply = self.person().post(&query, json!({ "name": name })).await;
        if reply.json().get("errors").is_some() {
            return Err(reply.refusal());
        }
        let made = &reply.data()[format!("create{kind}")][kind.to_lowercase()];
        Ok(made["id"].as_str().unwrap().to_owned())
    }

    /// How many more tasks, tags or lists there may be: tried out by a batch that is undone.
    async fn has_room_for(&self, kind: &str) -> usize {
        let field = if kind == "task" { "title" } else { "name" };
        let creates: Vec<_> = (0..9)
            .map(|number| json!({ format!("create{}", capital(kind)): { field: format!("new {number}") } }))
            .collect();
        let results = self.batch(&creates.into(), true).await;
        results.iter().position(|result| result != "ABORTED").unwrap()
    }

    /// The refusals of the operations.
    async fn batch(&self, operations: &Value, atomic: bool) -> Vec<String> {
        let query = "mutation($input: BatchInput!) { batch(input: $input) { \
            results { node { id } deletedIds error { code path } } } }";
        let input = json!({ "operations": operations, "atomic": atomic });
        let data = self.person().post(query, json!({ "input": input })).await.data();
        let results = data["batch"]["results"].as_array().unwrap().iter().map(|result| {
            let error = &result["error"];
            assert_eq!(
                error.is_null(),
                !result["node"].is_null() || !result["deletedIds"].is_null()
            );
            let path = error["path"].as_array().into_iter().flatten();
            let words = error["code"].as_str().into_iter().chain(path.filter_map(Value::as_str));
            words.collect::<Vec<_>>().join(" ")
        });
        results.collect()
    }
}

fn capital(kind: &str) -> String {
    kind[..1].to_uppercase() + &kind[1..]
}
