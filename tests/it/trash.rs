//! The trash: a task is trashed and restored together with its subtasks, and purged after 30 days.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Api, Outline, on_each_database};

const A_MOMENT: TimeDelta = TimeDelta::milliseconds(1);

on_each_database! {
    async fn a_task_takes_its_subtasks_along_to_the_trash_and_back(api: Api) {
        let outline = api.create("a b(c(d) e) f").await;
        let before = outline.rests().await;
        let first = outline.tries("deleteTask", json!({ "id": "b" })).await;
        let trashed = outline.rests().await;
        assert_eq!((trashed.outline().as_str(), trashed.trash().as_str()), ("a f", "b(c(d) e)"));
        assert_eq!(trashed.changed_since(&before), "b c d e");

        let again = outline.tries("deleteTask", json!({ "id": "b", "expectedVersion": 7 })).await;
        assert_eq!(again.body, first.body);
        assert_eq!(outline.looks().await.changed_since(&trashed), "");

        let restored = outline.restores("b").await;
        let now = outline.rests().await;
        assert_eq!((now.outline().as_str(), now.trash().as_str()), ("a b(c(d) e) f", ""));
        assert_eq!(now.changed_since(&trashed), "b c d e");
        assert_eq!(restored, now["b"]);
        assert_eq!(outline.restores("b").await, now["b"]);
        assert_eq!(outline.looks().await.changed_since(&now), "");
    }

    async fn what_was_in_the_trash_before_stays_there(api: Api) {
        let outline = api.create("a(b(c d) e)").await;
        assert_eq!(outline.trashes("c").await, "c");
        assert_eq!(outline.trashes("b").await, "b d");
        let before = outline.rests().await;
        assert_eq!(outline.trashes("a").await, "a e");
        assert_eq!(outline.looks().await.changed_since(&before), "a e");
        assert_eq!(outline.trashes("b").await, "b d");
        assert_eq!(outline.trashes("c").await, "c");

        outline.restores("a").await;
        let now = outline.looks().await;
        assert_eq!((now.outline().as_str(), now.trash().as_str()), ("a(e)", "b(c d)"));
        outline.restores("b").await;
        let now = outline.looks().await;
        assert_eq!((now.outline().as_str(), now.trash().as_str()), ("a(b(d) e)", "c"));
        outline.restores("c").await;
        assert_eq!(outline.outline().await, "a(b(c d) e)");
    }

    async fn a_subtask_that_comes_back_before_its_parent_comes_to_the_top_level(api: Api) {
        let outline = api.create("Garden: a(b(c d) e) f").await;
        outline.trashes("d").await;
        outline.trashes("a").await;
        let before = outline.rests().await;
        assert_eq!(outline.restores("b").await["parent"], Value::Null);
        let now = outline.rests().await;
        assert_eq!((now.outline().as_str(), now.trash().as_str()), ("Garden: f b(c)", "a(e) d"));
        assert_eq!(now.changed_since(&before), "b c");

        assert_eq!(outline.trashes("a").await, "a e");
        outline.restores("d").await;
        outline.restores("a").await;
        let now = outline.looks().await;
        assert_eq!((now.outline().as_str(), now.trash().as_str()), ("Garden: a(e) f b(c d)", ""));
    }

    async fn a_subtask_with_a_fate_of_its_own_comes_back_after_its_parent(api: Api) {
        let outline = api.create("a(b(c))").await;
        for task in ["c", "b", "a"] {
            assert_eq!(outline.trashes(task).await, task);
        }
        for (task, expected) in [("c", "c"), ("a", "a c"), ("b", "a(b) c")] {
            outline.restores(task).await;
            assert_eq!(outline.outline().await, expected);
        }
        assert_eq!(outline.looks().await.trash(), "");
    }

    async fn a_task_moved_out_of_the_trash_of_another_stays_apart(api: Api) {
        let outline = api.create("a(b(c)) d").await;
        outline.trashes("a").await;
        outline.moves("b", json!({ "parentId": "d" })).await;
        let moved = outline.looks().await;
        assert_eq!((moved.outline().as_str(), moved.trash().as_str()), ("d", "a b(c)"));
        outline.restores("a").await;
        outline.moves("b", json!({ "parentId": "a" })).await;
        assert_eq!(outline.trashes("a").await, "a");
        outline.restores("a").await;
        let now = outline.looks().await;
        assert_eq!((now.outline().as_str(), now.trash().as_str()), ("a d", "b(c)"));
        outline.restores("b").await;
        assert_eq!(outline.outline().await, "a(b(c)) d");
    }

    async fn a_move_takes_along_what_lies_in_the_trash_under_it(api: Api) {
        let outline = api.create("a(b(c)); Garden: d").await;
        outline.trashes("b").await;
        let before = outline.rests().await;
        outline.moves("a", json!({ "parentId": "d" })).await;
        assert_eq!(outline.looks().await.changed_since(&before), "a b c");
        outline.restores("b").await;
        assert_eq!(outline.outline().await, "Garden: d(a(b(c)))");
    }

    async fn subtasks_of_a_trashed_task_are_those_that_went_along(api: Api) {
        let outline = api.create("a(b c(d)) e(f g(h)) i(j)").await;
        for task in ["c", "f", "a", "e"] {
            outline.trashes(task).await;
        }
        let subtasks = async |arguments: &str, subtasks: &str| {
            let query = format!(
                "{{ tasks({arguments}, orderBy: [{{ field: TITLE }}]) {{ nodes {{ \
                 title subtasks{subtasks} {{ totalCount nodes {{ title }} }} }} }} }}"
            );
            let data = outline.person().asks(&query).await;
            let shown = data["tasks"]["nodes"].as_array().unwrap().iter().map(|task| {
                let under = task["subtasks"]["nodes"].as_array().unwrap();
                assert_eq!(task["subtasks"]["totalCount"], under.len(), "{task}");
                let under: Vec<_> = under.iter().map(|it| it["title"].as_str().unwrap()).collect();
                format!("{}({})", task["title"].as_str().unwrap(), under.join(" "))
            });
            shown.collect::<Vec<_>>().join(" ")
        };
        let trash = "filter: { trash: ONLY }";
        let along = "a(b) b() c(d) d() e(g) f() g(h) h()";
        assert_eq!(subtasks(trash, "").await, along);
        assert_eq!(subtasks(trash, "(filter: { trash: EXCLUDE })").await, along);
        let all = "a(b c) b() c(d) d() e(f g) f() g(h) h()";
        assert_eq!(subtasks(trash, "(filter: { trash: ONLY })").await, all);
        assert_eq!(subtasks(trash, "(filter: { trash: INCLUDE })").await, all);
        assert_eq!(subtasks("first: 9", "").await, "i(j) j()");
        assert_eq!(subtasks("filter: { trash: INCLUDE }", "").await, format!("{along} i(j) j()"));

        outline.restores("a").await;
        assert_eq!(subtasks("first: 9", "").await, "a(b) b() i(j) j()");
        assert_eq!(subtasks("first: 9", "(filter: { trash: ONLY })").await, "a(c) b() i() j()");
    }

    async fn what_is_in_the_trash_is_found_and_may_be_updated(api: Api) {
        let outline = api.create("a(b)").await;
        outline.trashes("a").await;
        let before = outline.rests().await;
        let updated = outline.does("updateTask", json!({ "id": "b", "description": "old" })).await;
        let now = outline.looks().await;
        assert_eq!((updated, now.changed_since(&before).as_str(), now.trash().as_str()), (now["b"].clone(), "b", "a(b)"));

        let query = "query($id: ID!) { task(id: $id) { title parent { title } } node(id: $id) { id ... on Task { description } } }";
        let found = outline.person().post(query, json!({ "id": outline.id("b") })).await.data();
        assert_eq!(found, json!({
            "task": { "title": "b", "parent": { "title": "a" } },
            "node": { "id": outline.id("b"), "description": "old" },
        }));
        let same = outline.does("createTask", json!({ "id": "b", "title": "new" })).await;
        assert_eq!(same, now["b"]);
    }

    async fn deleted_for_good_is_all_that_lies_below(api: Api) {
        let outline = api.create("a(b(c d) e) f").await;
        outline.trashes("c").await;
        outline.trashes("b").await;
        let before = outline.rests().await;
        let reply = outline.tries("deleteTask", json!({ "id": "a", "permanently": true, "expectedVersion": 2 })).await;
        assert_eq!((reply.code().as_str(), &reply.error()["extensions"]["version"]), ("CONFLICT", &json!(1)));
        assert_eq!(outline.deletes_for_good("a").await, "a b c d e");
        let now = outline.looks().await;
        assert_eq!((now.outline().as_str(), now.trash().as_str()), ("f", ""));
        assert_eq!(now.changed_since(&before), "");
        for task in ["a", "b", "c", "d", "e"] {
            assert_eq!(outline.is_gone(task).await, "");
        }
    }

    async fn thousands_go_and_come_back_like_one(api: Api) {
        const MANY: u32 = 6_000;
        let outline = api.create("a(b); Garden:").await;
        api.multiplies(&outline, "b", MANY - 1).await;
        let counts = async |where_: &str| {
            let sql = format!("SELECT count(*) FROM task WHERE title <> 'a' AND {where_}");
            u32::try_from(api.database.number(&sql).await).unwrap()
        };
        outline.moves("a", json!({ "listId": "Garden" })).await;
        assert_eq!(counts("version = 2 AND list_id IS NOT NULL").await, MANY);
        let deletes = async |permanently: bool| {
            let input = json!({ "id": "a", "permanently": permanently });
            let reply = outline.tries("deleteTask", input).await.data();
            reply["deleteTask"]["deletedIds"].as_array().unwrap().len()
        };
        assert_eq!(deletes(false).await, MANY as usize + 1);
        assert_eq!(counts("version = 3 AND deleted_at IS NOT NULL").await, MANY);
        outline.restores("a").await;
        assert_eq!(counts("version = 4 AND deleted_at IS NULL").await, MANY);
        assert_eq!(deletes(true).await, MANY as usize + 1);
        assert_eq!((counts("true").await, api.tombstones().await), (0, i64::from(MANY) + 1));
    }

    async fn a_subtask_deleted_for_good_leaves_the_rest_in_the_trash(api: Api) {
        let outline = api.create("a(b(c) d)").await;
        outline.trashes("a").await;
        let before = outline.rests().await;
        assert_eq!(outline.deletes_for_good("b").await, "b c");
        assert_eq!(outline.looks().await.changed_since(&before), "");
        outline.restores("a").await;
        assert_eq!(outline.outline().await, "a(d)");
    }

    async fn an_id_that_was_deleted_for_good_is_free_after_30_days(api: Api) {
        let outline = api.create("a(b)").await;
        outline.deletes_for_good("a").await;
        for wait in [TimeDelta::zero(), TimeDelta::days(30) - A_MOMENT] {
            api.wait(wait);
            for (mutation, id) in [("createTask", "a"), ("createTask", "b"), ("createList", "b")] {
                let name = if mutation == "createTask" { "title" } else { "name" };
                let reply = outline.tries(mutation, json!({ "id": id, name: "new" })).await;
                assert_eq!(reply.refusal(), "CONFLICT");
                assert_eq!(reply.error()["extensions"].get("version"), None);
            }
        }
        api.wait(A_MOMENT);
        outline.does("createTask", json!({ "id": "b", "title": "b" })).await;
        outline.does("createTask", json!({ "id": "a", "title": "a", "parentId": "b" })).await;
        assert_eq!(outline.outline().await, "b(a)");
    }

    async fn the_trash_is_emptied_after_30_days_and_not_a_moment_earlier(api: Api) {
        let alices = api.create("a(b(c)) d e").await;
        let bobs = api.create("x(y) z").await;
        alices.trashes("c").await;
        api.wait(A_MOMENT);
        alices.trashes("a").await;
        bobs.trashes("x").await;
        api.wait(A_MOMENT);
        alices.trashes("d").await;
        api.wait(TimeDelta::days(30) - A_MOMENT * 3);

        let before = alices.looks().await;
        for (trash, bobs_trash) in [("a(b(c)) d", "x(y)"), ("a(b) d", "x(y)"), ("d", ""), ("", "")] {
            api.purges().await;
            let now = alices.looks().await;
            assert_eq!((now.trash().as_str(), bobs.looks().await.trash().as_str()), (trash, bobs_trash));
            assert_eq!((now.outline().as_str(), now.changed_since(&before).as_str()), ("e", ""));
            api.wait(A_MOMENT);
        }
        assert_eq!(bobs.outline().await, "z");
        for task in ["a", "b", "c", "d"] {
            assert_eq!(alices.is_gone(task).await, "");
        }
    }

    async fn who_comes_back_in_time_stays(api: Api) {
        let outline = api.create("a(b(c))").await;
        outline.trashes("a").await;
        api.wait(TimeDelta::days(30) - A_MOMENT);
        outline.restores("b").await;
        outline.trashes("c").await;
        api.wait(TimeDelta::days(30) - A_MOMENT);
        api.purges().await;
        let now = outline.looks().await;
        assert_eq!((now.outline().as_str(), now.trash().as_str()), ("b", "c"));
        api.wait(A_MOMENT);
        api.purges().await;
        assert_eq!(outline.looks().await.trash(), "");
        assert_eq!(outline.outline().await, "b");
    }

    async fn a_clock_that_went_wrong_keeps_nobodys_trash_from_being_emptied(api: Api) {
        let outline = api.create("a(b(c) d)").await;
        outline.trashes("b").await;
        api.wait(-TimeDelta::hours(1));
        outline.trashes("a").await;
        api.wait(TimeDelta::days(30));
        api.purges().await;
        assert_eq!(outline.looks().await.trash(), "");
        assert_eq!(api.tombstones().await, 4);
    }

    async fn what_the_trash_has_lost_is_remembered_for_30_days_more(api: Api) {
        let outline = api.create("a(b)").await;
        outline.trashes("a").await;
        api.wait(TimeDelta::days(30));
        api.purges().await;
        assert_eq!(api.tombstones().await, 2);
        api.wait(TimeDelta::days(30) - A_MOMENT);
        api.purges().await;
        assert_eq!(api.tombstones().await, 2);
        assert_eq!(outline.is_refused("createTask", json!({ "id": "a", "title": "new" })).await, "CONFLICT");
        api.wait(A_MOMENT);
        api.purges().await;
        assert_eq!(api.tombstones().await, 0);
        outline.does("createTask", json!({ "id": "a", "title": "new" })).await;
        assert_eq!(outline.outline().await, "new");
    }

    async fn replicas_that_purge_at_the_same_time_do_it_once(api: Api) {
        let mut outlines = Vec::new();
        for _ in 0..12 {
            let outline = api.create("a(b(c d)) e").await;
            outline.trashes("a").await;
            outlines.push(outline);
        }
        api.wait(TimeDelta::days(30));
        let other = Api::start(api.database.clone()).await;
        other.wait(TimeDelta::days(30));
        // They come to the same users at the same time, who go on meanwhile.
        let purges = (0..6).map(async |number| if number % 2 == 0 { &api } else { &other }.purges().await);
        let writes = outlines.iter().map(async |outline| outline.trashes("e").await);
        tokio::join!(join_all(purges), join_all(writes));
        for outline in &outlines {
            let now = outline.looks().await;
            assert_eq!((now.outline().as_str(), now.trash().as_str()), ("", "e"));
        }
        assert_eq!(api.tombstones().await, 48);
    }

    async fn one_connection_is_enough_to_purge(api: Api) {
        let small = Api::start_to_serve(api.database.clone(), &["--pool-size=1"]).await.0;
        let outline = api.create("a").await;
        outline.trashes("a").await;
        small.wait(TimeDelta::days(30));
        small.purges().await;
        assert_eq!(outline.looks().await.trash(), "");
    }
}

impl Api {
    /// Runs the maintenance, as the server does every ten minutes.
    async fn purges(&self) {
        self.system.purge().await.unwrap();
    }

    async fn tombstones(&self) -> i64 {
        self.database.number("SELECT count(*) FROM tombstone").await
    }
}

impl Outline {
    /// The traces of a task of which there should be none.
    async fn is_gone(&self, task: &str) -> String {
        let query = "query($id: ID!) { task(id: $id) { id } node(id: $id) { id } }";
        let found = self.person().post(query, json!({ "id": self.id(task) })).await.data();
        if found != json!({ "task": null, "node": null }) {
            return found.to_string();
        }
        for (mutation, input) in [
            ("deleteTask", json!({ "id": task })),
            ("deleteTask", json!({ "id": task, "permanently": true })),
            ("restoreTask", json!({ "id": task })),
            ("updateTask", json!({ "id": task, "title": "new" })),
            ("moveTask", json!({ "id": task })),
        ] {
            let refusal = self.is_refused(mutation, input).await;
            if refusal != "NOT_FOUND input.id" {
                return format!("{mutation}: {refusal}");
            }
        }
        String::new()
    }
}
