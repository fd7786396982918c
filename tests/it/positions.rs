//! The order that people give to tasks and lists: a move changes the position of what is moved alone.

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Api, on_each_database};

on_each_database! {
    async fn what_is_new_comes_last(api: Api) {
        let mut outline = api.create("a b(c d); Garden: e; Home:").await;
        let before = outline.rests().await;
        outline.create("f g").await;
        for (title, parent) in [("h", "b"), ("i", "b")] {
            outline.makes("createTask", json!({ "title": title, "parentId": parent })).await;
        }
        outline.makes("createTask", json!({ "title": "j", "listId": "Garden" })).await;
        outline.makes("createList", json!({ "name": "Attic" })).await;
        let now = outline.looks().await;
        assert_eq!(now.outline(), "a b(c d h i) f g; Garden: e j; Home:; Attic:");
        assert_eq!(now.changed_since(&before), "");
    }

    async fn a_task_goes_next_to_its_sibling_and_nobody_else_moves(api: Api) {
        for (task, to, expected) in [
            ("d", json!({ "place": { "before": "a" } }), "d a b c"),
            ("d", json!({ "place": { "before": "c" } }), "a b d c"),
            ("a", json!({ "place": { "before": "d" } }), "b c a d"),
            ("a", json!({ "place": { "after": "d" } }), "b c d a"),
            ("a", json!({ "place": { "after": "b" } }), "b a c d"),
            ("d", json!({ "place": { "after": "a" } }), "a d b c"),
            ("a", json!({}), "b c d a"),
            ("b", json!({ "place": null }), "a c d b"),
            ("c", json!({ "parentId": null, "place": { "after": "a" } }), "a c b d"),
        ] {
            for (planted, expected) in [
                ("a b c d", expected.to_owned()),
                ("Garden: a b c d", format!("Garden: {expected}")),
            ] {
                let outline = api.create(planted).await;
                let before = outline.rests().await;
                let moved = outline.moves(task, to.clone()).await;
                let now = outline.looks().await;
                assert_eq!((now.outline(), now.changed_since(&before).as_str()), (expected, task), "{task} {to}");
                assert_eq!(moved, now[task]);
            }
        }
    }

    async fn a_task_goes_next_to_a_sibling_elsewhere_together_with_the_move(api: Api) {
        let outline = api.create("a(b c) d; Garden: e f").await;
        let before = outline.rests().await;
        outline.moves("d", json!({ "parentId": "a", "place": { "after": "b" } })).await;
        outline.moves("c", json!({ "listId": "Garden", "place": { "before": "e" } })).await;
        outline.moves("f", json!({ "listId": null, "place": { "before": "a" } })).await;
        let now = outline.looks().await;
        assert_eq!(now.outline(), "f a(b d); Garden: c e");
        assert_eq!(now.changed_since(&before), "c d f");
    }

    async fn placing_a_task_where_it_stands_changes_nothing(api: Api) {
        let outline = api.create("x(a b c)").await;
        let before = outline.rests().await;
        for (task, place) in [
            ("a", json!({ "before": "b" })),
            ("b", json!({ "before": "c" })),
            ("b", json!({ "after": "a" })),
            ("c", json!({ "after": "b" })),
            ("c", Value::Null),
        ] {
            let to = json!({ "parentId": "x", "place": place, "expectedVersion": 9 });
            assert_eq!(outline.moves(task, to).await, before[task], "{task} {place}");
        }
        let reply = outline.tries("moveTask", json!({ "id": "a", "place": { "after": "b" }, "expectedVersion": 2 })).await;
        assert_eq!((reply.code().as_str(), &reply.error()["extensions"]["version"]), ("CONFLICT", &json!(1)));
        assert_eq!(outline.looks().await.changed_since(&before), "");
    }

    async fn what_is_in_the_trash_stands_in_nobodys_way(api: Api) {
        let outline = api.create("a b c d e").await;
        outline.trashes("b").await;
        outline.trashes("e").await;
        let before = outline.rests().await;
        for (task, place) in [("c", json!({ "after": "a" })), ("a", json!({ "before": "c" })), ("d", Value::Null)] {
            let to = json!({ "place": place, "expectedVersion": 9 });
            assert_eq!(outline.moves(task, to).await, before[task], "{task} {place}");
        }
    }

    async fn a_sibling_has_to_be_there(api: Api) {
        let outline = api.create("a b(c); Garden: d e(f)").await;
        let bobs = api.create("x").await;
        outline.trashes("e").await;
        for (side, field) in [("before", "input.place.before"), ("after", "input.place.after")] {
            let none = outline.tries("moveTask", json!({ "id": "a", "place": { side: Uuid::new_v4() } })).await;
            for missing in ["e", "f", "Garden", "no id", bobs.id("x")] {
                let reply = outline.tries("moveTask", json!({ "id": "a", "place": { side: missing } })).await;
                assert_eq!(reply.refusal(), format!("NOT_FOUND {field}"), "{missing}");
                assert_eq!(reply.body, none.body);
            }
            for (place, sibling) in [
                (json!({}), "a"),
                (json!({}), "c"),
                (json!({}), "d"),
                (json!({ "listId": "Garden" }), "b"),
                (json!({ "parentId": "b" }), "b"),
                (json!({ "parentId": "b" }), "a"),
            ] {
                let mut to = place.clone();
                to["place"] = json!({ side: sibling });
                assert_eq!(outline.cannot_move("a", to).await, format!("BAD_USER_INPUT {field}"), "{place} {sibling}");
            }
        }
        assert_eq!(outline.outline().await, "a b(c); Garden: d");
    }

    async fn two_devices_that_arrange_at_once_end_in_one_order(api: Api) {
        let other = Api::start(api.database.clone()).await;
        let names: Vec<_> = (0..24).map(|number| format!("t{number}")).collect();
        let outline = api.create(&format!("a trash b {}", names.join(" "))).await;
        let elsewhere = outline.at(&other);
        outline.trashes("trash").await;
        let moves = (0..48).map(|number| {
            let device = if number % 2 == 0 { &outline } else { &elsewhere };
            let place = if number % 3 == 0 { json!({ "before": "b" }) } else { json!({ "after": "a" }) };
            device.tries("moveTask", json!({ "id": names[number / 2], "place": place }))
        });
        for reply in join_all(moves).await {
            reply.data();
        }
        // No two have one position: that is looked at in passing.
        let expected = outline.outline().await;
        assert_eq!(elsewhere.outline().await, expected);
        let mut order: Vec<_> = expected.split(' ').collect();
        order.sort_unstable();
        order.dedup();
        assert_eq!(order.len(), 26);
    }

    async fn many_at_one_place_keep_short_positions(api: Api) {
        let names: Vec<_> = (0..40).map(|number| format!("t{number}")).collect();
        let outline = api.create(&format!("a b {}", names.join(" "))).await;
        for place in [json!({ "before": "a" }), json!({ "after": "a" }), json!({ "before": "b" }), Value::Null] {
            for name in &names {
                outline.moves(name, json!({ "place": place })).await;
            }
            let view = outline.looks().await;
            let longest = names.iter().map(|name| view[name]["position"].as_str().unwrap().len()).max();
            assert!(longest <= Some(6), "{place} {longest:?}");
        }
    }

    async fn narrower_and_narrower_gaps_end_in_new_positions(api: Api) {
        let outline = api.create("x a b c t").await;
        outline.trashes("t").await;
        let mut order = ["a", "b", "c"];
        for step in 0..400 {
            let before = outline.rests().await;
            // The gap is narrowed from the left and from the right in turn.
            if step % 2 == 0 {
                outline.moves(order[0], json!({ "place": { "after": order[1] } })).await;
                order.swap(0, 1);
            } else {
                outline.moves(order[2], json!({ "place": { "before": order[1] } })).await;
                order.swap(1, 2);
            }
            let now = outline.looks().await;
            assert_eq!(now.outline(), format!("x {}", order.join(" ")));
            let changed = now.changed_since(&before);
            if changed == "a b c x" {
                assert!(step > 100, "{step}");
                for name in ["a", "b", "c", "x"] {
                    assert!(now[name]["position"].as_str().unwrap().len() <= 4, "{now:#?}");
                }
                return;
            }
            assert_eq!(changed.len(), 1, "{changed}");
        }
        panic!("positions grow without end");
    }

    async fn new_positions_leave_the_trash_and_all_others_alone(api: Api) {
        let mut outline = api.create("Garden: p(a b c d(e) t); Home: f").await;
        outline.trashes("t").await;
        outline.trashes("b").await;
        let long = "a0".repeat(31);
        for (task, last) in [("a", "a0"), ("b", "a1"), ("c", "a2"), ("d", "a3"), ("t", "a4")] {
            api.puts(&outline, task, &format!("{long}{last}")).await;
        }
        let before = outline.rests().await;
        outline.moves("d", json!({ "place": { "after": "a" } })).await;
        let now = outline.looks().await;
        assert_eq!(now.outline(), "Garden: p(a d(e) c); Home: f");
        assert_eq!(now.changed_since(&before), "a c d");

        let before = outline.rests().await;
        outline.makes("createTask", json!({ "title": "g", "parentId": "p" })).await;
        outline.restores("b").await;
        let now = outline.looks().await;
        assert_eq!(now.changed_since(&before), "b");
        assert_eq!(now["b"]["position"], before["b"]["position"]);
    }

    async fn hundreds_of_siblings_get_new_positions_in_their_order(api: Api) {
        let mut outline = api.create("p(x a b)").await;
        api.multiplies(&outline, "x", 1_200).await;
        for (task, last) in [("a", "b00"), ("b", "b01")] {
            api.puts(&outline, task, &format!("{}{last}", "a0".repeat(30))).await;
        }
        outline.does("deleteTask", json!({ "id": "x", "permanently": true })).await;
        outline.makes("createTask", json!({ "title": "c", "parentId": "p" })).await;
        outline.moves("c", json!({ "place": { "after": "a" } })).await;

        let ordered = "SELECT count(*) FROM (SELECT title, position, lag(title) OVER (ORDER BY position) AS before \
            FROM task WHERE length(title) > 1) AS task WHERE before > title";
        let moved = "SELECT count(DISTINCT position) FROM task WHERE version = 2 AND length(position) < 6";
        assert_eq!((api.database.number(ordered).await, api.database.number(moved).await), (0, 1_203));
    }

    async fn lists_stand_where_they_are_put(api: Api) {
        let mut outline = api.create("A: a; B:; C:").await;
        for (name, place, expected) in [
            ("D", json!({ "before": "A" }), "D:; A: a; B:; C:"),
            ("E", json!({ "after": "A" }), "D:; A: a; E:; B:; C:"),
            ("F", Value::Null, "D:; A: a; E:; B:; C:; F:"),
        ] {
            let before = outline.rests().await;
            outline.makes("createList", json!({ "name": name, "place": place })).await;
            let now = outline.looks().await;
            assert_eq!((now.outline().as_str(), now.changed_since(&before).as_str()), (expected, ""));
        }
        for (name, place, expected) in [
            ("F", json!({ "before": "D" }), "F:; D:; A: a; E:; B:; C:"),
            ("F", json!({ "after": "C" }), "D:; A: a; E:; B:; C:; F:"),
            ("A", json!({ "after": "B" }), "D:; E:; B:; A: a; C:; F:"),
        ] {
            let before = outline.rests().await;
            let moved = outline.does("updateList", json!({ "id": name, "place": place })).await;
            let now = outline.looks().await;
            assert_eq!((now.outline().as_str(), now.changed_since(&before).as_str()), (expected, name));
            assert_eq!(moved, now[name]);
        }
        let before = outline.rests().await;
        for (name, place) in [("E", json!({ "after": "D" })), ("A", json!({ "before": "C" })), ("D", Value::Null)] {
            let input = json!({ "id": name, "place": place, "expectedVersion": 9 });
            assert_eq!(outline.does("updateList", input).await, before[name]);
        }
        let input = json!({ "id": "D", "place": { "after": "F" }, "expectedVersion": 9 });
        assert_eq!(outline.is_refused("updateList", input).await, "CONFLICT");
        assert_eq!(outline.looks().await.changed_since(&before), "");
    }

    async fn a_list_has_only_lists_beside_it(api: Api) {
        let outline = api.create("a; A:; B:").await;
        let bobs = api.create("Bobs:").await;
        for (side, field) in [("before", "input.place.before"), ("after", "input.place.after")] {
            for missing in ["a", "no id", bobs.id("Bobs")] {
                let place = json!({ side: missing });
                for (mutation, input) in [
                    ("createList", json!({ "name": "new", "place": place })),
                    ("updateList", json!({ "id": "A", "name": "new", "place": place })),
                ] {
                    assert_eq!(outline.is_refused(mutation, input).await, format!("NOT_FOUND {field}"));
                }
            }
            let input = json!({ "id": "A", "place": { side: "A" } });
            assert_eq!(outline.is_refused("updateList", input).await, format!("BAD_USER_INPUT {field}"));
        }
        assert_eq!(outline.outline().await, "a; A:; B:");
    }

    async fn lists_with_long_positions_get_new_ones_in_their_order(api: Api) {
        let mut outline = api.create("A:; B:; C:").await;
        let long = "a0".repeat(31);
        for (list, last) in [("A", "a0"), ("B", "a1"), ("C", "a2")] {
            api.puts(&outline, list, &format!("{long}{last}")).await;
        }
        let before = outline.rests().await;
        outline.makes("createList", json!({ "name": "D", "place": { "after": "A" } })).await;
        let now = outline.looks().await;
        assert_eq!((now.outline().as_str(), now.changed_since(&before).as_str()), ("A:; D:; B:; C:", "A B C"));
    }
}
