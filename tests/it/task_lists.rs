//! Lists: their rules, their order, and the tasks in them.

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Api, Person, START, on_each_database};

const LIST: &str = "list { id name color position archivedAt createdAt updatedAt version }";

on_each_database! {
    async fn alice_creates_a_list_and_finds_it_everywhere(api: Api) {
        let list = api.alice.does("createList", json!({ "name": " Errands ", "color": "#00FF00" }), LIST).await["list"].take();
        assert_eq!(list, json!({
            "id": list["id"], "name": "Errands", "color": "#00ff00", "position": list["position"],
            "archivedAt": null, "createdAt": START, "updatedAt": START, "version": 1,
        }));
        let id: Uuid = list["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(id.get_version_num(), 7);
        let fields = "id name color position archivedAt createdAt updatedAt version";
        let query = format!(
            "{{ list(id: \"{id}\") {{ {fields} }} node(id: \"{id}\") {{ __typename ... on TaskList {{ {fields} }} }} lists {{ nodes {{ {fields} }} edges {{ node {{ {fields} }} }} }} }}"
        );
        let data = api.alice.asks(&query).await;
        assert_eq!(data["list"], list);
        assert_eq!(data["lists"], json!({ "nodes": [list], "edges": [{ "node": list }] }));
        assert_eq!(data["node"]["__typename"], "TaskList");
    }

    async fn two_lists_may_have_one_name(api: Api) {
        api.alice.creates_list("Same").await;
        api.alice.creates_list("Same").await;
        assert_eq!(names(&api.alice, "").await, "Same Same");
    }

    async fn lists_stand_where_they_are_put(api: Api) {
        let (a, b) = (api.alice.creates_list("a").await, api.alice.creates_list("b").await);
        assert_eq!(names(&api.alice, "").await, "a b");
        let put = async |name: &str, place: Value| {
            let payload = api.alice.does("createList", json!({ "name": name, "place": place }), LIST).await;
            payload["list"]["id"].as_str().unwrap().to_owned()
        };
        let first = put("first", json!({ "before": a })).await;
        put("between", json!({ "after": a })).await;
        put("last", Value::Null).await;
        assert_eq!(names(&api.alice, "").await, "first a between b last");

        api.wait(TimeDelta::seconds(1));
        let moved = api.alice.does("updateList", json!({ "id": b, "expectedVersion": 1, "place": { "before": first } }), LIST).await["list"].take();
        assert_eq!((&moved["version"], &moved["updatedAt"]), (&json!(2), &json!("2026-11-21T09:30:01.000Z")));
        assert_eq!(names(&api.alice, "").await, "b first a between last");
        for same in [json!({ "before": first }), Value::Null] {
            let again = api.alice.does("updateList", json!({ "id": b, "expectedVersion": 1, "place": same }), LIST).await["list"].take();
            assert_eq!(again, moved);
        }
        let page = api.alice.asks("{ lists(last: 2) { nodes { name position } pageInfo { hasPreviousPage startCursor } } }").await;
        assert_eq!(page["lists"]["nodes"][0]["name"], "between");
        assert_eq!(page["lists"]["pageInfo"]["hasPreviousPage"], true);
        let before = format!("(first: 2, before: {})", page["lists"]["pageInfo"]["startCursor"]);
        assert_eq!(names(&api.alice, &before).await, "b first");
        let all = api.alice.asks("{ lists { nodes { position } } }").await;
        let positions: Vec<_> = all["lists"]["nodes"].as_array().unwrap().iter()
            .map(|node| node["position"].as_str().unwrap()).collect();
        assert!(positions.windows(2).all(|two| two[0] < two[1]), "{positions:?}");
        assert!(page["lists"]["nodes"][0]["position"].as_str().unwrap() < page["lists"]["nodes"][1]["position"].as_str().unwrap());
    }

    async fn a_place_names_another_list_of_ones_own(api: Api) {
        let id = api.alice.creates_list("a").await;
        let task = api.alice.creates("x").await;
        let nobodys = Uuid::new_v4().to_string();
        for (place, side) in [
            (json!({ "before": nobodys }), "before"),
            (json!({ "after": nobodys }), "after"),
            (json!({ "after": "no uuid" }), "after"),
            (json!({ "before": task }), "before"),
        ] {
            for reply in [
                api.alice.tries("createList", json!({ "name": "x", "place": place }), LIST).await,
                api.alice.tries("updateList", json!({ "id": id, "name": "x", "place": place }), LIST).await,
            ] {
                assert_eq!((reply.code().as_str(), reply.field()), ("NOT_FOUND", format!("input.place.{side}")), "{place}");
            }
        }
        let itself = api.alice.tries("updateList", json!({ "id": id, "place": { "before": id } }), LIST).await;
        assert_eq!((itself.code().as_str(), itself.field().as_str()), ("BAD_USER_INPUT", "input.place.before"));
        assert_eq!(names(&api.alice, "").await, "a");
    }

    async fn a_field_left_out_stays_and_a_colour_given_null_is_cleared(api: Api) {
        let list = api.alice.does("createList", json!({ "name": "a", "color": "#123456" }), LIST).await["list"].take();
        let id = &list["id"];
        for same in [json!({ "id": id }), json!({ "id": id, "expectedVersion": 5, "name": "a", "archived": false, "place": null })] {
            assert_eq!(api.alice.does("updateList", same, LIST).await["list"], list);
        }
        let bare = api.alice.does("updateList", json!({ "id": id, "color": null, "name": "b" }), LIST).await["list"].take();
        assert_eq!([&bare["name"], &bare["color"], &bare["version"]], [&json!("b"), &Value::Null, &json!(2)]);
        assert_eq!(bare["position"], list["position"]);
        for mutation in ["updateList", "deleteList"] {
            let selection = if mutation == "deleteList" { "deletedIds" } else { LIST };
            let input = json!({ "id": id, "expectedVersion": 1 });
            let input = if mutation == "updateList" { json!({ "id": id, "expectedVersion": 1, "name": "c" }) } else { input };
            let stale = api.alice.tries(mutation, input, selection).await;
            assert_eq!((stale.code().as_str(), &stale.error()["extensions"]["version"]), ("CONFLICT", &json!(2)));
        }
    }

    async fn an_archived_list_is_out_of_sight_and_its_tasks_are_not(api: Api) {
        let (old, _) = (api.alice.creates_list("old").await, api.alice.creates_list("new").await);
        api.alice.creates_with(json!({ "title": "x", "listId": old })).await;
        api.wait(TimeDelta::seconds(1));
        let archived = api.alice.does("updateList", json!({ "id": old, "archived": true }), LIST).await["list"].take();
        assert_eq!((&archived["archivedAt"], &archived["version"]), (&json!("2026-11-21T09:30:01.000Z"), &json!(2)));
        assert_eq!(names(&api.alice, "").await, "new");
        assert_eq!(names(&api.alice, "(includeArchived: false)").await, "new");
        assert_eq!(names(&api.alice, "(includeArchived: true)").await, "old new");
        let tasks = api.alice.asks("{ tasks { nodes { title list { name archivedAt } } } }").await;
        assert_eq!(tasks["tasks"]["nodes"], json!([{ "title": "x", "list": { "name": "old", "archivedAt": "2026-11-21T09:30:01.000Z" } }]));

        api.wait(TimeDelta::seconds(1));
        let again = json!({ "id": old, "expectedVersion": 1, "archived": true });
        assert_eq!(api.alice.does("updateList", again, LIST).await["list"], archived);
        let back = api.alice.does("updateList", json!({ "id": old, "archived": false }), LIST).await["list"].take();
        assert_eq!((&back["archivedAt"], &back["version"]), (&Value::Null, &json!(3)));
        assert_eq!(names(&api.alice, "").await, "old new");
        let null = api.alice.tries("updateList", json!({ "id": old, "archived": null }), LIST).await;
        assert_eq!((null.code().as_str(), null.field().as_str()), ("BAD_USER_INPUT", "input.archived"));
    }

    async fn the_tasks_of_a_deleted_list_go_to_the_inbox_and_change(api: Api) {
        let (list, other) = (api.alice.creates_list("a").await, api.alice.creates_list("b").await);
        api.alice.creates_with(json!({ "title": "inbox" })).await;
        for title in ["1", "2", "3"] {
            api.alice.creates_with(json!({ "title": title, "listId": list })).await;
        }
        let parent = api.alice.creates_with(json!({ "title": "4", "listId": list })).await;
        api.alice.creates_with(json!({ "title": "5", "parentId": parent["id"] })).await;
        api.alice.creates_with(json!({ "title": "other", "listId": other })).await;
        api.wait(TimeDelta::seconds(1));
        let deleted = api.alice.does("deleteList", json!({ "id": list }), "deletedIds query { lists { totalCount } }").await;
        assert_eq!(deleted, json!({ "deletedIds": [list], "query": { "lists": { "totalCount": 1 } } }));
        let query = "{ tasks(filter: { list: { isNull: true }, parent: { isNull: true } }, orderBy: [{ field: POSITION }]) {
            nodes { title version subtasks { nodes { title version list { id } } } } } }";
        let inbox = api.alice.asks(query).await["tasks"]["nodes"].take();
        assert_eq!(inbox, json!([
            { "title": "inbox", "version": 1, "subtasks": { "nodes": [] } },
            { "title": "1", "version": 2, "subtasks": { "nodes": [] } },
            { "title": "2", "version": 2, "subtasks": { "nodes": [] } },
            { "title": "3", "version": 2, "subtasks": { "nodes": [] } },
            { "title": "4", "version": 2, "subtasks": { "nodes": [{ "title": "5", "version": 2, "list": null }] } },
        ]));
        let again = api.alice.tries("deleteList", json!({ "id": list }), "deletedIds").await;
        assert_eq!((again.code().as_str(), again.field().as_str()), ("NOT_FOUND", "input.id"));
    }

    async fn tasks_are_found_by_their_list_and_parent(api: Api) {
        let (a, b) = (api.alice.creates_list("a").await, api.alice.creates_list("b").await);
        let parent = api.alice.creates_with(json!({ "title": "a", "listId": a })).await;
        api.alice.creates_with(json!({ "title": "under", "parentId": parent["id"] })).await;
        api.alice.creates_with(json!({ "title": "b", "listId": b })).await;
        api.alice.creates_with(json!({ "title": "inbox" })).await;
        let (nobodys, parent) = (Uuid::new_v4().to_string(), &parent["id"]);
        for (filter, found) in [
            (json!({ "list": { "in": [a] } }), "a under"),
            (json!({ "list": { "in": [a.to_uppercase(), b, nobodys, "no uuid"] } }), "a b under"),
            (json!({ "list": { "in": [nobodys, "no uuid"] } }), ""),
            (json!({ "list": { "in": [] } }), ""),
            (json!({ "list": { "isNull": true } }), "inbox"),
            (json!({ "list": { "isNull": false } }), "a b under"),
            (json!({ "list": { "in": [a], "isNull": true } }), ""),
            (json!({ "or": [{ "list": { "in": [b] } }, { "list": { "isNull": true } }] }), "b inbox"),
            (json!({ "not": { "list": { "in": [a] } } }), "b inbox"),
            (json!({ "parent": { "in": [parent] } }), "under"),
            (json!({ "parent": { "in": [nobodys] } }), ""),
            (json!({ "parent": { "isNull": true } }), "a b inbox"),
            (json!({ "parent": { "isNull": false } }), "under"),
            (json!({ "not": { "parent": { "in": [parent] } } }), "a b inbox"),
            (json!({ "list": {}, "parent": { "in": null } }), "a b inbox under"),
        ] {
            assert_eq!(api.alice.finds(filter.clone()).await, found, "{filter}");
        }
        assert_eq!(api.bob.finds(json!({ "list": { "in": [a] } })).await, "");
        for (filter, field) in [
            (json!({ "list": { "in": vec!["x"; 101] } }), "filter.list.in"),
            (json!({ "not": { "parent": { "in": vec!["x"; 101] } } }), "filter.not.parent.in"),
        ] {
            let query = "query($filter: TaskFilter) { tasks(filter: $filter) { totalCount } }";
            let reply = api.alice.post(query, json!({ "filter": filter })).await;
            assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_USER_INPUT", field));
        }
        assert_eq!(api.alice.finds(json!({ "list": { "in": vec![&a; 100] } })).await, "a under");
    }
}

/// The names of the lists that Alice is shown, in order.
async fn names(person: &Person, arguments: &str) -> String {
    let data = person.asks(&format!("{{ lists{arguments} {{ nodes {{ name }} }} }}")).await;
    let nodes = data["lists"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["name"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}
