//! Validation of inputs: what is refused, and the path in the error.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Api, Reply, on_each_database, tokens};

/// The selection on the payload of a mutation.
fn selection(mutation: &str) -> &'static str {
    match mutation {
        "createTask" | "updateTask" | "moveTask" | "restoreTask" => "task { id }",
        "createTag" | "updateTag" => "tag { id name color version }",
        "createList" | "updateList" => "list { id name color version }",
        _ => "deletedIds",
    }
}

fn assert_refused(reply: &Reply, code: &str, field: &str) {
    let found = (reply.status.as_u16(), reply.code(), reply.field());
    assert_eq!(found, (200, code.to_owned(), field.to_owned()), "{:#}", reply.json());
}

on_each_database! {
    async fn a_name_has_1_to_50_characters_after_trimming(api: Api) {
        for (name, stored) in [
            ("x".to_owned(), Some("x".to_owned())),
            (" \t\u{3000}a  b\n ".to_owned(), Some("a  b".to_owned())),
            ("\u{1f36e}".repeat(49), Some("\u{1f36e}".repeat(49))),
            ("\u{1f36e}".repeat(50), Some("\u{1f36e}".repeat(50))),
            (format!("  {}  ", "y".repeat(50)), Some("y".repeat(50))),
            ("\u{1f36e}".repeat(51), None),
            (String::new(), None),
            (" \n".to_owned(), None),
            ("a\0b".to_owned(), None),
            ("a\u{1b}b".to_owned(), None),
        ] {
            for kind in ["Tag", "List"] {
                let (create, update) = (format!("create{kind}"), format!("update{kind}"));
                let reply = api.alice.tries(&create, json!({ "name": name }), selection(&create)).await;
                let Some(stored) = &stored else {
                    assert_refused(&reply, "BAD_USER_INPUT", "input.name");
                    let of_nobody = json!({ "id": Uuid::new_v4(), "name": name });
                    let reply = api.alice.tries(&update, of_nobody, selection(&update)).await;
                    assert_refused(&reply, "BAD_USER_INPUT", "input.name");
                    continue;
                };
                let made = reply.data()[&create][kind.to_lowercase()].take();
                assert_eq!(made["name"], *stored);
                let null = api.alice.tries(&update, json!({ "id": made["id"], "name": null }), selection(&update)).await;
                assert_refused(&null, "BAD_USER_INPUT", "input.name");
            }
        }
    }

    async fn a_colour_is_a_sharp_and_six_digits(api: Api) {
        for (color, stored) in [
            (json!("#000000"), Some(json!("#000000"))),
            (json!("#FFaa09"), Some(json!("#ffaa09"))),
            (Value::Null, Some(Value::Null)),
            (json!(""), None),
            (json!("#fff"), None),
            (json!("ffaa09"), None),
            (json!("#ffaa0g"), None),
            (json!("#ffaa09ff"), None),
            (json!(" #ffaa09"), None),
            (json!("#ééé"), None),
            (json!("red"), None),
        ] {
            for kind in ["Tag", "List"] {
                let name = Uuid::new_v4().simple().to_string();
                let (create, update) = (format!("create{kind}"), format!("update{kind}"));
                let created = api.alice.tries(&create, json!({ "name": name, "color": color }), selection(&create)).await;
                let Some(stored) = &stored else {
                    assert_refused(&created, "BAD_USER_INPUT", "input.color");
                    let of_nobody = json!({ "id": Uuid::new_v4(), "color": color });
                    let reply = api.alice.tries(&update, of_nobody, selection(&update)).await;
                    assert_refused(&reply, "BAD_USER_INPUT", "input.color");
                    continue;
                };
                assert_eq!(created.data()[&create][kind.to_lowercase()]["color"], *stored);
            }
        }
    }

    async fn an_id_that_finds_nothing_is_named_by_its_path(api: Api) {
        let task = api.alice.creates("x").await;
        let tag = api.alice.creates_tag("x").await;
        let list = api.alice.creates_list("x").await;
        let bobs = api.bob.creates("x").await;
        for nothing in [Uuid::new_v4().to_string(), bobs, "no uuid".to_owned(), String::new()] {
            for (mutation, input, field) in [
                ("createTask", json!({ "title": "x", "listId": nothing }), "input.listId"),
                ("createTask", json!({ "title": "x", "parentId": nothing }), "input.parentId"),
                ("createTask", json!({ "title": "x", "tagIds": [tag, tag, nothing] }), "input.tagIds.2"),
                ("updateTask", json!({ "id": nothing, "title": "y" }), "input.id"),
                ("updateTask", json!({ "id": task, "addTagIds": [nothing] }), "input.addTagIds.0"),
                ("updateTask", json!({ "id": task, "removeTagIds": [tag, nothing] }), "input.removeTagIds.1"),
                ("moveTask", json!({ "id": nothing }), "input.id"),
                ("moveTask", json!({ "id": task, "listId": nothing }), "input.listId"),
                ("moveTask", json!({ "id": task, "parentId": nothing }), "input.parentId"),
                ("moveTask", json!({ "id": task, "place": { "before": nothing } }), "input.place.before"),
                ("moveTask", json!({ "id": task, "place": { "after": nothing } }), "input.place.after"),
                ("deleteTask", json!({ "id": nothing }), "input.id"),
                ("deleteTask", json!({ "id": nothing, "permanently": true }), "input.id"),
                ("restoreTask", json!({ "id": nothing }), "input.id"),
                ("updateTag", json!({ "id": nothing }), "input.id"),
                ("deleteTag", json!({ "id": nothing }), "input.id"),
                ("createList", json!({ "name": "y", "place": { "after": nothing } }), "input.place.after"),
                ("updateList", json!({ "id": nothing }), "input.id"),
                ("updateList", json!({ "id": list, "place": { "before": nothing } }), "input.place.before"),
                ("deleteList", json!({ "id": nothing }), "input.id"),
            ] {
                let reply = api.alice.tries(mutation, input, selection(mutation)).await;
                assert_refused(&reply, "NOT_FOUND", field);
            }
        }
    }

    async fn a_place_that_is_none_is_told_by_its_path(api: Api) {
        let list = api.alice.creates_list("x").await;
        let (elsewhere, task) = (api.alice.creates_with(json!({ "title": "e", "listId": list })).await, api.alice.creates("x").await);
        let mut chain = vec![api.alice.creates_with(json!({ "title": "1" })).await];
        for level in 2..=5 {
            let input = json!({ "title": level.to_string(), "parentId": chain[chain.len() - 1]["id"] });
            chain.push(api.alice.creates_with(input).await);
        }
        let (top, deepest) = (&chain[0]["id"], &chain[4]["id"]);
        for (mutation, input, field) in [
            ("createTask", json!({ "title": "6", "parentId": deepest }), "input.parentId"),
            ("createTask", json!({ "title": "x", "parentId": top, "listId": list }), "input.listId"),
            ("createTask", json!({ "title": "x", "parentId": elsewhere["id"], "listId": null }), "input.listId"),
            ("moveTask", json!({ "id": task, "parentId": deepest }), "input.parentId"),
            ("moveTask", json!({ "id": top, "parentId": top }), "input.parentId"),
            ("moveTask", json!({ "id": top, "parentId": deepest }), "input.parentId"),
            ("moveTask", json!({ "id": task, "parentId": top, "listId": list }), "input.listId"),
            ("moveTask", json!({ "id": task, "place": { "before": elsewhere["id"] } }), "input.place.before"),
            ("moveTask", json!({ "id": task, "place": { "after": deepest } }), "input.place.after"),
            ("moveTask", json!({ "id": task, "place": { "after": task } }), "input.place.after"),
        ] {
            let reply = api.alice.tries(mutation, input, selection(mutation)).await;
            assert_refused(&reply, "BAD_USER_INPUT", field);
        }
    }

    async fn lists_of_ids_end_at_100(api: Api) {
        let task = api.alice.creates("x").await;
        let tag = api.alice.creates_tag("x").await;
        for (field, mutation, mut input) in [
            ("tagIds", "createTask", json!({ "title": "x" })),
            ("addTagIds", "updateTask", json!({ "id": task })),
            ("removeTagIds", "updateTask", json!({ "id": task })),
        ] {
            input[field] = json!(vec![&tag; 100]);
            api.alice.does(mutation, input.clone(), selection(mutation)).await;
            input[field] = json!(vec![&tag; 101]);
            let reply = api.alice.tries(mutation, input, selection(mutation)).await;
            assert_refused(&reply, "BAD_USER_INPUT", &format!("input.{field}"));
        }
    }

    async fn a_place_is_before_or_after(api: Api) {
        let id = api.alice.creates("x").await;
        for place in [json!({}), json!({ "before": null }), json!({ "before": id, "after": id }), json!({ "at": 1 })] {
            let reply = api.alice.tries("moveTask", json!({ "id": id, "place": place }), "task { id }").await;
            assert_eq!((reply.status.as_u16(), reply.code().as_str()), (400, "BAD_USER_INPUT"), "{place}");
        }
    }

    async fn what_is_made_with_an_id_is_made_once(api: Api) {
        let [tag, list, task] = [(); 3].map(|()| Uuid::new_v4().to_string());
        for (create, id, input) in [
            ("createTag", &tag, json!({ "name": "First", "color": "#010203" })),
            ("createList", &list, json!({ "name": "First", "color": "#010203" })),
        ] {
            let mut input = input.clone();
            input["id"] = json!(id);
            let first = api.alice.does(create, input.clone(), selection(create)).await;
            input["id"] = json!(id.to_uppercase());
            (input["name"], input["color"]) = (json!("Second"), Value::Null);
            assert_eq!(api.alice.does(create, input, selection(create)).await, first);
        }
        api.alice.creates_with(json!({ "id": task, "title": "First" })).await;
        for (create, taken) in [
            ("createTag", [&list, &task]), ("createList", [&tag, &task]), ("createTask", [&tag, &list]),
        ] {
            for id in taken {
                let reply = api.alice.tries(create, json!({ "id": id, label(create): "x" }), selection(create)).await;
                assert_eq!(reply.code(), "CONFLICT", "{create}");
                assert_eq!(reply.error()["extensions"].get("version"), None);
            }
        }
        api.alice.does("deleteTag", json!({ "id": tag }), "deletedIds").await;
        api.alice.does("deleteList", json!({ "id": list }), "deletedIds").await;
        let sub = Uuid::new_v4().to_string();
        let carol = api.with_token(tokens::of(&sub, api.clock.now()));
        for create in ["createTag", "createList", "createTask"] {
            for (person, id) in [(&api.alice, &tag), (&api.alice, &list), (&carol, &sub)] {
                let reply = person.tries(create, json!({ "id": id, label(create): "x" }), selection(create)).await;
                assert_eq!(reply.code(), "CONFLICT", "{create}");
            }
            let reply = api.alice.tries(create, json!({ "id": "no uuid", label(create): "x" }), selection(create)).await;
            assert_refused(&reply, "BAD_USER_INPUT", "input.id");
        }
    }

    async fn subtasks_refuse_what_lists_refuse(api: Api) {
        let parent = api.alice.creates("x").await;
        api.alice.creates_with(json!({ "title": "y", "parentId": parent })).await;
        let cursors = api.alice.asks("{ tasks { pageInfo { endCursor } } arranged: tasks(first: 1, orderBy: [{ field: POSITION }]) { pageInfo { endCursor } } }").await;
        let (newest, arranged) = (&cursors["tasks"]["pageInfo"]["endCursor"], &cursors["arranged"]["pageInfo"]["endCursor"]);
        for (arguments, field) in [
            ("first: 101".to_owned(), "first"),
            ("last: -1".to_owned(), "last"),
            ("first: 1, last: 1".to_owned(), "last"),
            (format!("after: {newest}"), "after"),
            ("before: \"\"".to_owned(), "before"),
            ("filter: { list: { in: [\"\"] }, search: \"SEARCH\" }".replace("SEARCH", &"x".repeat(201)), "filter.search"),
        ] {
            let query = format!("{{ task(id: \"{parent}\") {{ subtasks({arguments}) {{ totalCount }} }} }}");
            assert_refused(&api.alice.post(&query, json!({})).await, "BAD_USER_INPUT", field);
        }
        let query = format!("{{ task(id: \"{parent}\") {{ subtasks(after: {arranged}) {{ totalCount }} }} }}");
        assert_eq!(api.alice.asks(&query).await["task"]["subtasks"]["totalCount"], 1);
    }

    async fn values_and_filters_without_end_are_refused(api: Api) {
        let list = "query($filter: TaskFilter) { tasks(filter: $filter) { totalCount } }";
        for (filter, field) in [
            (json!({ "or": vec![json!({}); 101] }), "filter"),
            (json!({ "or": vec![json!({}); 10_000] }), "filter.or.9998"),
            (json!({ "priority": { "in": vec!["NONE"; 10_001] } }), "filter.priority.in.9997"),
            (json!({ "or": vec![json!({ "search": "東".repeat(21) }); 10] }), "filter.or.9.search"),
        ] {
            let reply = api.alice.post(list, json!({ "filter": filter })).await;
            assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_USER_INPUT", field));
        }
        let longest = ["x"; 100].join(" ");
        let reply = api.alice.post(list, json!({ "filter": { "search": longest, "priority": { "in": vec!["NONE"; 5_000] } } })).await;
        assert_eq!(reply.data()["tasks"]["totalCount"], 0);
    }
}

/// How the input of a creation calls what is shown.
fn label(create: &str) -> &'static str {
    if create == "createTask" { "title" } else { "name" }
}
