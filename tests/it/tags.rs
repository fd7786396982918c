//! Tags: their rules, and the tasks that have them.

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Api, Person, START, on_each_database};

const TAG: &str = "tag { id name color createdAt updatedAt version }";
const TAGGED: &str = "task { id version updatedAt tags { name } }";

on_each_database! {
    async fn alice_creates_a_tag_and_finds_it_everywhere(api: Api) {
        let tag = api.alice.does("createTag", json!({ "name": "  Home " }), TAG).await["tag"].take();
        assert_eq!(tag, json!({
            "id": tag["id"], "name": "Home", "color": null, "createdAt": START, "updatedAt": START, "version": 1,
        }));
        let id: Uuid = tag["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(id.get_version_num(), 7);
        let fields = "id name color createdAt updatedAt version";
        let query = format!(
            "{{ tag(id: \"{id}\") {{ {fields} }} node(id: \"{id}\") {{ __typename ... on Tag {{ {fields} }} }} tags {{ nodes {{ {fields} }} edges {{ node {{ {fields} }} }} }} }}"
        );
        let data = api.alice.asks(&query).await;
        assert_eq!(data["tag"], tag);
        assert_eq!(data["tags"], json!({ "nodes": [tag], "edges": [{ "node": tag }] }));
        assert_eq!(data["node"]["__typename"], "Tag");
        assert_eq!(data["node"]["name"], "Home");
    }

    async fn a_field_left_out_stays_and_a_colour_given_null_is_cleared(api: Api) {
        let created = json!({ "name": "Home", "color": "#A1b2C3" });
        let tag = api.alice.does("createTag", created, TAG).await["tag"].take();
        assert_eq!(tag["color"], "#a1b2c3");
        let id = &tag["id"];
        api.wait(TimeDelta::seconds(1));
        for same in [
            json!({ "id": id }),
            json!({ "id": id, "expectedVersion": 9, "name": " Home ", "color": "#A1B2C3" }),
        ] {
            assert_eq!(api.alice.does("updateTag", same, TAG).await["tag"], tag);
        }
        let renamed = json!({ "id": id, "expectedVersion": 1, "name": "HOME" });
        let renamed = api.alice.does("updateTag", renamed, TAG).await["tag"].take();
        assert_eq!((&renamed["name"], &renamed["color"], &renamed["version"]), (&json!("HOME"), &json!("#a1b2c3"), &json!(2)));
        assert_eq!(renamed["updatedAt"], "2026-11-21T09:30:01.000Z");
        let bare = api.alice.does("updateTag", json!({ "id": id, "color": null }), TAG).await["tag"].take();
        assert_eq!((&bare["name"], &bare["color"], &bare["version"]), (&json!("HOME"), &Value::Null, &json!(3)));

        let stale = api.alice.tries("updateTag", json!({ "id": id, "expectedVersion": 2, "name": "x" }), TAG).await;
        assert_eq!((stale.code().as_str(), &stale.error()["extensions"]["version"]), ("CONFLICT", &json!(3)));
        let stale = api.alice.tries("deleteTag", json!({ "id": id, "expectedVersion": 2 }), "deletedIds").await;
        assert_eq!((stale.code().as_str(), &stale.error()["extensions"]["version"]), ("CONFLICT", &json!(3)));
    }

    async fn a_name_is_unique_whatever_its_case(api: Api) {
        let home = api.alice.creates_tag("Café ÅNGSTRÖM").await;
        let work = api.alice.creates_tag("Work").await;
        for taken in ["Café ÅNGSTRÖM", " café ångström ", "CAFE\u{301} A\u{30a}NGSTRO\u{308}M"] {
            for reply in [
                api.alice.tries("createTag", json!({ "name": taken }), TAG).await,
                api.alice.tries("updateTag", json!({ "id": work, "name": taken }), TAG).await,
            ] {
                assert_eq!((reply.code().as_str(), reply.field().as_str()), ("CONFLICT", "input.name"), "{taken}");
                assert_eq!(reply.error()["extensions"].get("version"), None);
            }
        }
        for free in ["Cafe ANGSTROM", "Café"] {
            api.alice.creates_tag(free).await;
        }
        api.bob.creates_tag("work").await;
        api.alice.does("deleteTag", json!({ "id": home }), "deletedIds").await;
        api.alice.creates_tag("café ångström").await;
    }

    async fn tags_come_by_name_in_pages(api: Api) {
        for name in ["delta", "Écru", "alpha", "Bravo", "echo", "Charlie"] {
            api.alice.creates_tag(name).await;
        }
        let page = async |arguments: &str| {
            let query = format!("{{ tags{arguments} {{ totalCount nodes {{ name }} edges {{ cursor }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}");
            let mut page = api.alice.asks(&query).await["tags"].take();
            let names: Vec<_> = page["nodes"].as_array().unwrap().iter()
                .map(|node| node["name"].as_str().unwrap().to_owned()).collect();
            page["names"] = json!(names.join(" "));
            page
        };
        let all = page("").await;
        assert_eq!((&all["names"], &all["totalCount"]), (&json!("alpha Bravo Charlie delta echo Écru"), &json!(6)));
        let first = page("(first: 2)").await;
        assert_eq!(first["names"], "alpha Bravo");
        assert_eq!(first["pageInfo"]["endCursor"], first["edges"][1]["cursor"]);
        assert_eq!((&first["pageInfo"]["hasNextPage"], &first["pageInfo"]["hasPreviousPage"]), (&json!(true), &json!(false)));
        let second = page(&format!("(first: 3, after: {})", first["pageInfo"]["endCursor"])).await;
        assert_eq!(second["names"], "Charlie delta echo");
        assert_eq!((&second["pageInfo"]["hasNextPage"], &second["pageInfo"]["hasPreviousPage"]), (&json!(true), &json!(true)));
        let back = page(&format!("(last: 1, before: {})", second["pageInfo"]["startCursor"])).await;
        assert_eq!((&back["names"], &back["totalCount"]), (&json!("Bravo"), &json!(6)));

        api.alice.creates("x").await;
        let foreign = api.alice.asks("{ tasks { pageInfo { endCursor } } }").await["tasks"]["pageInfo"]["endCursor"].take();
        for (argument, field) in [
            (format!("after: {foreign}"), "after"),
            (format!("before: {foreign}"), "before"),
            ("first: 101".to_owned(), "first"),
            ("last: -1".to_owned(), "last"),
            ("first: 1, last: 1".to_owned(), "last"),
        ] {
            let reply = api.alice.post(&format!("{{ tags({argument}) {{ totalCount }} }}"), json!({})).await;
            assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_USER_INPUT", field));
        }
    }

    async fn a_deleted_tag_leaves_its_tasks_which_change(api: Api) {
        let (home, work) = (api.alice.creates_tag("Home").await, api.alice.creates_tag("Work").await);
        let tagged = api.alice.creates_with(json!({ "title": "x", "tagIds": [home, work] })).await;
        let trashed = api.alice.creates_with(json!({ "title": "y", "tagIds": [home] })).await;
        api.alice.delete(json!({ "id": trashed["id"] })).await.data();
        let other = api.alice.creates_with(json!({ "title": "z", "tagIds": [work] })).await;
        api.wait(TimeDelta::seconds(1));
        let deleted = api.alice.does("deleteTag", json!({ "id": home }), "deletedIds query { tags { totalCount } }").await;
        assert_eq!(deleted, json!({ "deletedIds": [home], "query": { "tags": { "totalCount": 1 } } }));
        for (task, tags, version, updated) in [
            (&tagged, json!([{ "name": "Work" }]), 2, true),
            (&trashed, json!([]), 3, true),
            (&other, json!([{ "name": "Work" }]), 1, false),
        ] {
            let task = read(&api.alice, &task["id"]).await;
            assert_eq!((&task["tags"], &task["version"]), (&tags, &json!(version)));
            assert_eq!(task["updatedAt"] == "2026-11-21T09:30:01.000Z", updated);
        }
        let again = api.alice.tries("deleteTag", json!({ "id": home }), "deletedIds").await;
        assert_eq!((again.code().as_str(), again.field().as_str()), ("NOT_FOUND", "input.id"));
    }

    async fn tags_come_and_go_with_updates_of_a_task(api: Api) {
        let mut ids = Vec::new();
        for name in ["c", "B", "a"] {
            ids.push(api.alice.creates_tag(name).await);
        }
        let [c, b, a] = [&ids[0], &ids[1], &ids[2]];
        let created = json!({ "title": "x", "tagIds": [c, a, c.to_uppercase()] });
        let task = api.alice.does("createTask", created, TAGGED).await["task"].take();
        assert_eq!(task["tags"], json!([{ "name": "a" }, { "name": "c" }]));
        let id = &task["id"];
        for (update, names, version) in [
            (json!({ "addTagIds": [a, c] }), "a c", 1),
            (json!({ "addTagIds": null, "removeTagIds": null }), "a c", 1),
            (json!({ "addTagIds": [], "removeTagIds": [b] }), "a c", 1),
            (json!({ "addTagIds": [b], "removeTagIds": [b] }), "a c", 1),
            (json!({ "addTagIds": [b, b], "removeTagIds": [a], "title": "y" }), "B c", 2),
            (json!({ "removeTagIds": [b, c] }), "", 3),
        ] {
            let mut input = update.clone();
            (input["id"], input["expectedVersion"]) = (id.clone(), if version == 1 { json!(7) } else { json!(version - 1) });
            let task = api.alice.does("updateTask", input, TAGGED).await["task"].take();
            let tags: Vec<_> = task["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
            assert_eq!((tags.join(" ").as_str(), &task["version"]), (names, &json!(version)), "{update}");
        }
    }

    async fn a_task_has_at_most_50_tags(api: Api) {
        let tags: Vec<_> = (0..52).map(|_| Uuid::new_v4().to_string()).collect();
        let operations: Vec<_> = tags.iter().map(|id| json!({ "createTag": { "id": id, "name": id } })).collect();
        api.alice.does("batch", json!({ "operations": operations }), "results { error { message } }").await;

        let task = api.alice.does("createTask", json!({ "title": "x", "tagIds": tags[..50] }), "task { id tags { id } }").await;
        assert_eq!(task["task"]["tags"].as_array().unwrap().len(), 50);
        let id = &task["task"]["id"];
        let refused = api.alice.tries("createTask", json!({ "title": "x", "tagIds": tags[..51] }), TAGGED).await;
        assert_eq!((refused.code().as_str(), refused.field().as_str()), ("BAD_USER_INPUT", "input.tagIds.50"));
        let refused = api.alice.tries("updateTask", json!({ "id": id, "addTagIds": [tags[50]] }), TAGGED).await;
        assert_eq!((refused.code().as_str(), refused.field().as_str()), ("BAD_USER_INPUT", "input.addTagIds.0"));
        let swapped = json!({ "id": id, "addTagIds": [tags[50], tags[51]], "removeTagIds": [tags[0], tags[1]] });
        let task = api.alice.does("updateTask", swapped, "task { version tags { id } }").await;
        assert_eq!((task["task"]["tags"].as_array().unwrap().len(), &task["task"]["version"]), (50, &json!(2)));
    }

    async fn tasks_are_found_by_their_tags(api: Api) {
        let (a, b) = (api.alice.creates_tag("a").await, api.alice.creates_tag("b").await);
        let unused = api.alice.creates_tag("unused").await;
        for (title, tags) in [("-", vec![]), ("a", vec![&a]), ("ab", vec![&a, &b]), ("b", vec![&b])] {
            api.alice.creates_with(json!({ "title": title, "tagIds": tags })).await;
        }
        let nobodys = Uuid::new_v4().to_string();
        for (filter, found) in [
            (json!({ "anyOf": [a] }), "a ab"),
            (json!({ "anyOf": [a.to_uppercase(), a, b] }), "a ab b"),
            (json!({ "anyOf": [unused, nobodys, "no uuid"] }), ""),
            (json!({ "anyOf": [nobodys, "no uuid", b] }), "ab b"),
            (json!({ "anyOf": [] }), ""),
            (json!({ "anyOf": null }), "- a ab b"),
            (json!({ "allOf": [a, b, a] }), "ab"),
            (json!({ "allOf": [b] }), "ab b"),
            (json!({ "allOf": [a, nobodys] }), ""),
            (json!({ "allOf": [a, "no uuid"] }), ""),
            (json!({ "allOf": [] }), "- a ab b"),
            (json!({ "noneOf": [a] }), "- b"),
            (json!({ "noneOf": [a, b] }), "-"),
            (json!({ "noneOf": [nobodys, "no uuid"] }), "- a ab b"),
            (json!({ "noneOf": [] }), "- a ab b"),
            (json!({ "anyOf": [a, b], "noneOf": [a] }), "b"),
            (json!({}), "- a ab b"),
        ] {
            let all = "- a ab b".split(' ').filter(|title| !found.split(' ').any(|it| it == *title));
            let others = all.collect::<Vec<_>>().join(" ");
            assert_eq!(api.alice.finds(json!({ "tags": filter })).await, found, "{filter}");
            if filter != json!({}) && filter != json!({ "anyOf": null }) {
                assert_eq!(api.alice.finds(json!({ "not": { "tags": filter } })).await, others, "not {filter}");
            }
        }
        assert_eq!(api.bob.finds(json!({ "tags": { "anyOf": [a, b] } })).await, "");
    }

    async fn filters_by_tags_have_limits(api: Api) {
        let ids = |count: usize| vec![Uuid::new_v4().to_string(); count];
        let list = "query($filter: TaskFilter) { tasks(filter: $filter) { totalCount } }";
        for (filter, field) in [
            (json!({ "tags": { "anyOf": ids(101) } }), "filter.tags.anyOf"),
            (json!({ "tags": { "allOf": ids(101) } }), "filter.tags.allOf"),
            (json!({ "and": [{}, { "not": { "tags": { "noneOf": ids(101) } } }] }), "filter.and.1.not.tags.noneOf"),
            (json!({ "or": vec![json!({ "tags": { "anyOf": [], "allOf": [], "noneOf": [] } }); 17] }), "filter"),
        ] {
            let reply = api.alice.post(list, json!({ "filter": filter })).await;
            assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_USER_INPUT", field));
        }
        api.alice.creates("x").await;
        let different = || (0..100).map(|_| Uuid::new_v4().to_string()).collect::<Vec<_>>();
        let most: Vec<_> = (0..25).map(|_| json!({ "tags": { "anyOf": different(), "allOf": different() } })).collect();
        let reply = api.alice.post(list, json!({ "filter": { "or": most } })).await;
        assert_eq!(reply.data()["tasks"]["totalCount"], 0);
        let none: Vec<_> = (0..50).map(|_| json!({ "tags": { "noneOf": different() } })).collect();
        let reply = api.alice.post(list, json!({ "filter": { "and": none } })).await;
        assert_eq!(reply.data()["tasks"]["totalCount"], 1);
    }
}

async fn read(person: &Person, id: &Value) -> Value {
    let query = "query($id: ID!) { task(id: $id) { version updatedAt tags { name } } }";
    person.post(query, json!({ "id": id })).await.data()["task"].take()
}
