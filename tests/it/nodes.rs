//! `Query.nodes`: any objects of the viewer by their ids.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Api, Person, on_each_database, statements};

const NODES: &str = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id \
    ... on Task { title tags { name } } ... on Tag { name } ... on TaskList { name } } }";

async fn nodes(person: &Person, ids: &[&str]) -> Value {
    person.post(NODES, json!({ "ids": ids })).await.data()["nodes"].take()
}

on_each_database! {
    async fn each_id_has_its_answer_in_order(api: Api) {
        let (alice, bob) = (&api.alice, &api.bob);
        let tag = alice.creates_tag("home").await;
        let list = alice.creates_list("Garden").await;
        let tagged = alice.creates_with(json!({ "title": "dig", "tagIds": [tag] })).await;
        let dig = tagged["id"].as_str().unwrap();
        let plain = alice.creates("plant").await;
        let foreign = bob.creates("secret").await;
        let missing = Uuid::new_v4().to_string();
        let upper = dig.to_uppercase();

        let ids = [&list, dig, &foreign, "alice", &tag, &missing, "", &plain, &upper];
        let dug = json!({ "__typename": "Task", "id": dig, "title": "dig", "tags": [{ "name": "home" }] });
        assert_eq!(nodes(alice, &ids).await, json!([
            { "__typename": "TaskList", "id": list, "name": "Garden" },
            dug,
            null,
            { "__typename": "User", "id": "alice" },
            { "__typename": "Tag", "id": tag, "name": "home" },
            null,
            null,
            { "__typename": "Task", "id": plain, "title": "plant", "tags": [] },
            dug,
        ]));
        assert_eq!(nodes(alice, &[]).await, json!([]));
        assert_eq!(nodes(bob, &[dig, &tag, &list]).await, json!([null, null, null]));
    }

    async fn at_most_100_ids_are_asked_for(api: Api) {
        let id = api.alice.creates("one").await;
        let ids = vec![id.as_str(); 100];
        assert_eq!(nodes(&api.alice, &ids).await.as_array().unwrap().len(), 100);

        let ids = vec![id.as_str(); 101];
        let reply = api.alice.post(NODES, json!({ "ids": ids })).await;
        assert_eq!(reply.status, 200);
        let error = &reply.json()["errors"][0];
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
        assert_eq!(error["extensions"]["field"], "ids");
        assert_eq!(error["message"], "It has 101 ids; at most 100 are allowed.");
    }

    async fn however_many_they_are_one_statement_reads_them(api: Api) {
        let alice = &api.alice;
        let (tag, list) = (alice.creates_tag("home").await, alice.creates_list("Garden").await);
        let (one, other) = (alice.creates("one").await, alice.creates("other").await);
        let document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
        // The user's key is read once.
        alice.asks("{ tasks { totalCount } }").await;
        for ids in [vec![&one], vec![&one, &tag, &list, &other]] {
            let asked = alice.post(document, json!({ "ids": ids }));
            let (reply, sent) = statements(asked).await;
            assert_eq!(reply.data()["nodes"].as_array().unwrap().len(), ids.len());
            assert_eq!(sent.len(), 1, "{sent:#?}");
        }
    }

    async fn the_viewer_is_found_without_the_database(api: Api) {
        let id = Uuid::new_v4().to_string();
        let viewer = api.with_token(api.token(&id, &json!({})));
        let (found, sent) = statements(nodes(&viewer, &[&id, "nobody"])).await;
        assert_eq!(found, json!([{ "__typename": "User", "id": id }, null]));
        assert!(sent.is_empty(), "{sent:#?}");
    }

    async fn what_they_cost_is_what_is_asked_for(api: Api) {
        // 99 nodes with 100 subtasks each are within 10,000 objects, 100 are not.
        let document = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Task { subtasks(first: 100) { nodes { id } } } } }";
        for (count, status) in [(99, 200), (100, 400)] {
            let ids = vec![""; count];
            let reply = api.alice.post(document, json!({ "ids": ids })).await;
            assert_eq!(reply.status, status, "{count}");
        }
    }
}
