//! Lists and parents of tasks: on creation, on moves, and when a list is deleted.

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Api, on_each_database};

on_each_database! {
    async fn a_new_subtask_is_in_the_list_of_its_parent(api: Api) {
        let mut outline = api.create("a; Garden: b; Home:").await;
        for input in [
            json!({ "title": "c", "parentId": "b" }),
            json!({ "title": "d", "parentId": "b", "listId": "Garden" }),
            json!({ "title": "e", "parentId": "a" }),
            json!({ "title": "f", "parentId": "a", "listId": null }),
        ] {
            outline.makes("createTask", input).await;
        }
        assert_eq!(outline.outline().await, "a(e f); Garden: b(c d); Home:");
        for (parent, list) in [("b", json!("Home")), ("b", Value::Null), ("a", json!("Garden")), ("a", json!(Uuid::new_v4()))] {
            let input = json!({ "title": "g", "parentId": parent, "listId": list });
            assert_eq!(outline.is_refused("createTask", input).await, "BAD_USER_INPUT input.listId");
        }
        assert_eq!(outline.outline().await, "a(e f); Garden: b(c d); Home:");
    }

    async fn what_is_left_out_stays_and_what_is_null_is_the_inbox_or_the_top_level(api: Api) {
        for (planted, task, to, expected, changed) in [
            ("a b", "b", json!({ "parentId": "a" }), "a(b)", "b"),
            ("a(b(c)) d", "b", json!({ "parentId": "d" }), "a d(b(c))", "b"),
            ("G: a(b(c)) d", "b", json!({ "parentId": null }), "G: a d b(c)", "b"),
            ("G: a(b(c)) d", "b", json!({ "listId": "G" }), "G: a d b(c)", "b"),
            ("a(b) c", "b", json!({ "listId": null }), "a c b", "b"),
            ("G: a(b) c", "b", json!({ "parentId": null, "listId": "G" }), "G: a c b", "b"),
            ("a(b); G: c", "b", json!({ "listId": "G" }), "a; G: c b", "b"),
            ("a(b(c)) d; G: e", "b", json!({ "parentId": null, "listId": "G" }), "a d; G: e b(c)", "b c"),
            ("a(b(c d(e))); G: f", "a", json!({ "listId": "G" }), "G: f a(b(c d(e)))", "a b c d e"),
            ("a(b(c)); G: d(e)", "b", json!({ "parentId": "d" }), "a; G: d(e b(c))", "b c"),
            ("a(b); G: c", "b", json!({ "parentId": "c", "listId": "G" }), "a; G: c(b)", "b"),
            ("a; G: b(c)", "b", json!({ "listId": null }), "a b(c); G:", "b c"),
            ("a; G: b(c)", "c", json!({ "parentId": "a", "listId": null }), "a(c); G: b", "c"),
            ("a(b c)", "b", json!({}), "a(c b)", "b"),
        ] {
            let outline = api.create(planted).await;
            let before = outline.rests().await;
            let moved = outline.moves(task, to.clone()).await;
            let now = outline.looks().await;
            assert_eq!((now.outline().as_str(), now.changed_since(&before).as_str()), (expected, changed), "{planted} {to}");
            assert_eq!(moved, now[task], "{planted} {to}");
        }
    }

    async fn another_list_than_the_parents_is_refused(api: Api) {
        let outline = api.create("a b; Garden: c; Home:").await;
        for to in [
            json!({ "parentId": "a", "listId": "Garden" }),
            json!({ "parentId": "c", "listId": "Home" }),
            json!({ "parentId": "c", "listId": null }),
            json!({ "parentId": "c", "listId": Uuid::new_v4() }),
        ] {
            assert_eq!(outline.cannot_move("b", to).await, "BAD_USER_INPUT input.listId");
        }
        assert_eq!(outline.outline().await, "a b; Garden: c; Home:");
    }

    async fn a_place_that_is_not_there_is_not_found_whoever_has_it(api: Api) {
        let outline = api.create("a b(c); Garden:").await;
        outline.trashes("b").await;
        let bobs = api.create("x; Shed:").await;
        let before = outline.looks().await;

        let nobodys = json!(Uuid::new_v4());
        let (task, list) = (json!(bobs.id("x")), json!(bobs.id("Shed")));
        for (field, places) in [
            ("parentId", [&nobodys, &task, &list, &json!("no id"), &json!("Garden"), &json!("b"), &json!("c")]),
            ("listId", [&nobodys, &task, &list, &json!("no id"), &json!("a"), &json!("b"), &json!("")]),
        ] {
            for (mutation, mut input) in [("createTask", json!({ "title": "new" })), ("moveTask", json!({ "id": "a" }))] {
                input[field] = nobodys.clone();
                let none = outline.tries(mutation, input.clone()).await;
                for place in places {
                    input[field] = place.clone();
                    let reply = outline.tries(mutation, input.clone()).await;
                    assert_eq!(reply.refusal(), format!("NOT_FOUND input.{field}"), "{mutation} {place}");
                    assert_eq!(reply.body, none.body, "{mutation} {place}");
                }
            }
        }
        assert_eq!(outline.looks().await.changed_since(&before), "");
        assert_eq!(outline.outline().await, "a; Garden:");
    }

    async fn a_task_moves_under_neither_itself_nor_its_own(api: Api) {
        let outline = api.create("a(b(c)) d").await;
        for (task, parent) in [("a", "a"), ("a", "b"), ("a", "c"), ("b", "c")] {
            assert_eq!(outline.cannot_move(task, json!({ "parentId": parent })).await, "BAD_USER_INPUT input.parentId");
        }
        assert_eq!(outline.outline().await, "a(b(c)) d");
    }

    async fn two_devices_that_move_two_tasks_under_each_other_make_no_circle(api: Api) {
        let outline = api.create("a(b) c(d)").await;
        for _ in 0..5 {
            let moves = [("a", "d"), ("c", "b")].map(|(task, parent)| {
                outline.tries("moveTask", json!({ "id": task, "parentId": parent }))
            });
            let replies = join_all(moves).await;
            let lost: Vec<_> = replies.iter().filter(|it| it.json().get("errors").is_some()).collect();
            assert_eq!(lost.len(), 1);
            assert_eq!(lost[0].refusal(), "BAD_USER_INPUT input.parentId");
            for task in ["a", "c"] {
                outline.moves(task, json!({ "parentId": null })).await;
            }
            assert_eq!(outline.outline().await, "a(b) c(d)");
        }
    }

    async fn tasks_nest_five_deep(api: Api) {
        let outline = api.create("a(b(c(d(e)))) f(g) h i").await;
        let new = json!({ "title": "new", "parentId": "e" });
        assert_eq!(outline.is_refused("createTask", new).await, "BAD_USER_INPUT input.parentId");
        for (task, parent) in [("h", "e"), ("f", "d"), ("f", "e")] {
            assert_eq!(outline.cannot_move(task, json!({ "parentId": parent })).await, "BAD_USER_INPUT input.parentId");
        }
        outline.moves("f", json!({ "parentId": "c" })).await;
        outline.moves("h", json!({ "parentId": "d" })).await;
        assert_eq!(outline.cannot_move("a", json!({ "parentId": "i" })).await, "BAD_USER_INPUT input.parentId");
        outline.moves("c", json!({ "parentId": "a" })).await;
        outline.moves("c", json!({ "parentId": "b" })).await;
        assert_eq!(outline.outline().await, "a(b(c(d(e h) f(g)))) i");
    }

    async fn subtasks_in_the_trash_are_levels_too(api: Api) {
        let outline = api.create("a(b(c)) d(e(f))").await;
        outline.trashes("c").await;
        assert_eq!(outline.cannot_move("a", json!({ "parentId": "f" })).await, "BAD_USER_INPUT input.parentId");
        outline.moves("a", json!({ "parentId": "e" })).await;
        outline.restores("c").await;
        assert_eq!(outline.outline().await, "d(e(f a(b(c))))");
    }

    async fn a_move_at_another_version_is_a_conflict_unless_it_stays(api: Api) {
        let outline = api.create("a(b) c; Garden: d").await;
        let before = outline.rests().await;
        for (task, to) in [
            ("b", json!({ "parentId": "a" })),
            ("b", json!({ "parentId": "a", "listId": null })),
            ("c", json!({ "parentId": null })),
            ("c", json!({ "listId": null })),
            ("d", json!({ "listId": "Garden" })),
            ("d", json!({ "listId": "Garden", "parentId": null })),
            ("d", json!({})),
        ] {
            let mut at_another = to.clone();
            at_another["expectedVersion"] = json!(7);
            assert_eq!(outline.moves(task, at_another).await, before[task], "{to}");
        }
        let reply = outline.tries("moveTask", json!({ "id": "b", "parentId": "c", "expectedVersion": 2 })).await;
        assert_eq!((reply.code().as_str(), &reply.error()["extensions"]["version"]), ("CONFLICT", &json!(1)));
        assert_eq!(outline.looks().await.changed_since(&before), "");

        outline.moves("b", json!({ "parentId": "c", "expectedVersion": 1 })).await;
        assert_eq!(outline.looks().await.changed_since(&before), "b");
    }

    async fn subtasks_show_by_position_with_their_parent_and_list(api: Api) {
        let outline = api.create("Garden: a(b c d) e").await;
        outline.moves("d", json!({ "place": { "before": "b" } })).await;
        let query = "query($id: ID!) { task(id: $id) { list { name } parent { title } subtasks { \
            totalCount nodes { title parent { title } list { name } subtasks { totalCount } } } } }";
        let show = async |task: &str| {
            outline.person().post(query, json!({ "id": outline.id(task) })).await.data()["task"].take()
        };
        let under_a = |title: &str| json!({
            "title": title, "parent": { "title": "a" }, "list": { "name": "Garden" }, "subtasks": { "totalCount": 0 },
        });
        assert_eq!(show("a").await, json!({
            "list": { "name": "Garden" }, "parent": null,
            "subtasks": { "totalCount": 3, "nodes": [under_a("d"), under_a("b"), under_a("c")] },
        }));
        assert_eq!(show("c").await, json!({
            "list": { "name": "Garden" }, "parent": { "title": "a" }, "subtasks": { "totalCount": 0, "nodes": [] },
        }));
    }

    async fn the_tasks_of_a_deleted_list_go_to_the_inbox_in_their_order(api: Api) {
        let outline = api.create("a b; Garden: c(d(e) f) g h; Home: i").await;
        outline.trashes("f").await;
        outline.trashes("g").await;
        outline.moves("h", json!({ "place": { "before": "c" } })).await;
        let before = outline.rests().await;

        assert_eq!(outline.does("deleteList", json!({ "id": "Garden" })).await, "Garden");
        let now = outline.looks().await;
        assert_eq!(now.outline(), "a b h c(d(e)); Home: i");
        assert_eq!(now.changed_since(&before), "c d e f g h");

        outline.restores("g").await;
        outline.restores("f").await;
        assert_eq!(outline.outline().await, "a b h c(d(e) f) g; Home: i");
        assert_eq!(outline.is_refused("deleteList", json!({ "id": "Garden" })).await, "NOT_FOUND input.id");
        let new = json!({ "title": "new", "listId": "Garden" });
        assert_eq!(outline.is_refused("createTask", new).await, "NOT_FOUND input.listId");
    }

    async fn a_list_at_another_version_stays_with_its_tasks(api: Api) {
        let outline = api.create("Garden: a").await;
        let before = outline.looks().await;
        let reply = outline.tries("deleteList", json!({ "id": "Garden", "expectedVersion": 2 })).await;
        assert_eq!((reply.code().as_str(), &reply.error()["extensions"]["version"]), ("CONFLICT", &json!(1)));
        assert_eq!(outline.looks().await.changed_since(&before), "");
        assert_eq!(outline.outline().await, "Garden: a");
    }

    async fn one_list_after_the_other_empties_into_the_inbox(api: Api) {
        let outline = api.create("A: a b; B: c d; C: e f").await;
        for list in ["B", "C", "A"] {
            outline.does("deleteList", json!({ "id": list })).await;
        }
        outline.moves("d", json!({})).await;
        assert_eq!(outline.outline().await, "c e f a b d");
    }

    async fn a_deleted_list_with_long_positions_changes_each_task_once(api: Api) {
        let outline = api.create("a; Garden: b c d(e) f").await;
        outline.trashes("c").await;
        let long = "a0".repeat(31);
        for (task, last) in [("b", "a0"), ("c", "a1"), ("d", "a2"), ("f", "a3")] {
            api.puts(&outline, task, &format!("{long}{last}")).await;
        }
        let before = outline.rests().await;
        outline.does("deleteList", json!({ "id": "Garden" })).await;
        let now = outline.looks().await;
        assert_eq!(now.outline(), "a b d(e) f");
        assert_eq!(now.changed_since(&before), "b c d e f");
        outline.restores("c").await;
        assert_eq!(outline.outline().await, "a b c d(e) f");
    }
}
