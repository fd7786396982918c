//! What plans show of each type, as async-graphql does: objects of any type, pages of tags and lists, changes,
//! directives, payloads with their queries, and batches.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Request, seed};
use crate::harness::{
    Api, Person,
    ids::{list_id, tag_id, task_id},
    on_each_database,
};

/// Somebody who may only do one of the two.
fn with_scope(api: &Api, scope: &str) -> Person {
    api.with_token(api.token("alice", &json!({ "scope": scope })))
}

const VIEWER: &str = "{ viewer { __typename id email name image timeZone \
    session { __typename id issuer issuedAt expiresAt expiresIn scopes } } }";

const PAGES: &str = "query($after: String, $before: String, $all: Boolean! = false) {
    tags(first: 2, after: $after, before: $before) { ...Tags } end: tags(last: 1) { ...Tags }
    lists(first: 1, includeArchived: $all) { ...Lists } none: lists(first: 0) { totalCount pageInfo { hasNextPage } } }
    fragment Tags on TagConnection { __typename totalCount nodes { id name } edges { __typename cursor node { ...T } }
        pageInfo { __typename hasNextPage hasPreviousPage startCursor endCursor } }
    fragment T on Tag { __typename color createdAt updatedAt version }
    fragment Lists on TaskListConnection { __typename totalCount edges { __typename cursor node { __typename id name color
        position archivedAt createdAt updatedAt version } } pageInfo { hasNextPage endCursor } }";

const CHANGES: &str = "query Changes($since: String, $first: Int! = 7) { changes(since: $since, first: $first) {
    __typename cursor hasMore reset changes { __typename kind id type cursor
        node { ... on Task { title tags { name } list { name } } ... on Tag { color } ... on TaskList { position } } } } }";

const NODES: &str = "query Nodes($id: ID!, $ids: [ID!]!) { node(id: $id) { ...N } nodes(ids: $ids) { __typename ...N } }
    fragment N on Node { id ... on Task { title overdue parent { title } subtasks { totalCount } }
        ... on Tag { color } ...L ... on User { email timeZone } } fragment L on TaskList { position archivedAt }";

/// A batch, of which the last operation but one is refused.
fn operations() -> Value {
    json!([
        { "createTag": { "id": tag_id(7), "name": "seven" } },
        { "updateTask": { "id": task_id(1), "title": "seventh", "addTagIds": [tag_id(7)] } },
        { "deleteTask": { "id": task_id(9), "permanently": true } },
        { "updateTag": { "id": tag_id(1), "color": "red" } },
        { "updateList": { "id": list_id(1), "archived": true } },
    ])
}

const BATCH: &str = "mutation Batch($operations: [BatchOperation!]!, $atomic: Boolean! = true) {
    batch(input: { operations: $operations, atomic: $atomic }) { __typename
        results { __typename deletedIds error { __typename code message path }
            node { __typename id ... on Task { title tags { name } list { name } } ... on Tag { name } ... on TaskList { archivedAt } } }
        query { __typename tasks(first: 2) { totalCount nodes { title } } tags { totalCount } } } }";

on_each_database! {
    async fn each_type_is_shown_alike(api: Api) {
        seed(&api, &api.alice).await;
        api.alice.does("updateList", json!({ "id": list_id(1), "archived": true }), "cursor").await;
        api.alice.does("updateViewer", json!({ "timeZone": "Pacific/Kiritimati" }), "cursor").await;
        let log = api.alice.asks("{ changes(first: 9) { cursor } }").await;
        let tags = api.alice.asks("{ tags { edges { cursor } } }").await;
        let cursor = |at: usize| &tags["tags"]["edges"][at]["cursor"];
        let ids = json!([task_id(3), tag_id(0), list_id(0), "alice", task_id(3), task_id(77), "x", task_id(7)]);
        for (text, all) in [
            (VIEWER, vec![json!({})]),
            (PAGES, vec![
                json!({}),
                json!({ "after": cursor(0), "all": true }),
                json!({ "before": cursor(2), "all": false }),
                json!({ "after": cursor(1), "before": cursor(2) }),
            ]),
            (CHANGES, vec![json!({}), json!({ "since": log["changes"]["cursor"] }), json!({ "first": 20 }), json!({ "first": 0 })]),
            (NODES, vec![json!({ "id": "alice", "ids": ids }), json!({ "id": task_id(4), "ids": [] }), json!({ "id": tag_id(1), "ids": list_id(1) })]),
        ] {
            for variables in all {
                Request::post(text, variables).is_planned(&api.alice).await;
            }
        }
        // Nothing of that is Bob's.
        for (text, variables) in [(VIEWER, json!({})), (PAGES, json!({})), (CHANGES, json!({})), (NODES, json!({ "id": task_id(1), "ids": ids }))] {
            let observed = Request::post(text, variables).is_planned(&api.bob).await;
            assert!(!observed.reply.body.windows(5).any(|it| it == b"alice"), "{observed:?}");
        }
        // Arguments that are refused.
        for (text, variables) in [
            (PAGES, json!({ "after": log["changes"]["cursor"] })),
            (CHANGES, json!({ "since": cursor(0) })),
            (CHANGES, json!({ "first": -1 })),
            (NODES, json!({ "id": 1, "ids": vec![task_id(1); 101] })),
        ] {
            let observed = Request::post(text, variables).same(&api.alice).await;
            assert_eq!(observed.reply.code(), "BAD_USER_INPUT");
        }
    }

    /// What is deleted for good is a tombstone for 30 days. Who comes later reads everything anew.
    async fn deletions_and_resets_are_shown_alike(api: Api) {
        seed(&api, &api.alice).await;
        let log = api.alice.asks("{ changes { cursor } }").await;
        let since = json!({ "since": log["changes"]["cursor"], "first": 100 });
        api.alice.does("deleteTask", json!({ "id": task_id(1), "permanently": true }), "cursor").await;
        api.alice.does("deleteTag", json!({ "id": tag_id(1) }), "cursor").await;
        let observed = Request::post(CHANGES, since.clone()).is_planned(&api.alice).await.reply.data();
        let changes = observed["changes"]["changes"].as_array().unwrap();
        assert!(changes.iter().any(|change| change["kind"] == "DELETE" && change["node"].is_null()));
        assert_eq!(observed["changes"]["reset"], false);
        api.wait(TimeDelta::days(31));
        api.system.purge().await.unwrap();
        let alice = with_scope(&api, "tasks:read");
        let observed = Request::post(CHANGES, since).is_planned(&alice).await.reply.data();
        assert_eq!(observed["changes"]["reset"], true);
    }

    /// An object of which nothing is asked is empty, and no null.
    async fn of_an_object_of_any_type_one_may_ask_nothing(api: Api) {
        seed(&api, &api.alice).await;
        let query = "query($id: ID!) { node(id: $id) { ... on Task { title } } nodes(ids: [$id]) { ... on User { email } } }";
        for id in [json!(task_id(1)), json!(tag_id(1)), json!(list_id(1)), json!("alice"), json!(task_id(77))] {
            Request::post(query, json!({ "id": id })).is_planned(&api.alice).await;
        }
    }

    /// A plan merges the fields of objects before it reads them, so none of them is lost.
    async fn fields_of_one_key_are_merged(api: Api) {
        seed(&api, &api.alice).await;
        let tags = Request::post("query($id: ID!) { task(id: $id) { tags { ... on Node { ... on Task { title } } } tags { id } } }", json!({ "id": task_id(1) }));
        let nodes = Request::post("query($id: ID!) { node(id: $id) { ... on Task { title } } node(id: $id) { ... on Tag { id } } }", json!({ "id": tag_id(0) }));
        for (request, merged) in [
            (tags, json!({ "task": { "tags": [{ "id": tag_id(0) }] } })),
            (nodes, json!({ "node": { "id": tag_id(0) } })),
        ] {
            request.send(&api.alice).await.reply.data();
            let observed = request.send(&api.alice).await;
            assert!(observed.by_plan);
            assert_eq!(observed.reply.data(), merged);
        }
    }

    async fn directives_choose_a_plan(api: Api) {
        seed(&api, &api.alice).await;
        let query = "query($a: Boolean!, $b: Boolean! = true, $c: Boolean! = false, $id: ID!) {
            task(id: $id) { id title @include(if: $a) ... @skip(if: $b) { version overdue tags @include(if: $c) { name } }
                ...P @include(if: $c) list @skip(if: false) @include(if: $b) { name } }
            viewer @include(if: $c) { id } __typename @include(if: true) }
            fragment P on Task { parent { title @skip(if: $a) id } }";
        let both = [true, false];
        for (a, b, c) in both.iter().flat_map(|a| both.iter().flat_map(move |b| both.map(|c| (*a, *b, c)))) {
            let variables = json!({ "a": a, "b": b, "c": c, "id": task_id(3) });
            Request::post(query, variables).is_planned(&api.alice).await;
        }
        for variables in [json!({ "a": true, "id": task_id(3) }), json!({ "a": false, "c": true, "id": task_id(4) })] {
            Request::post(query, variables).is_planned(&api.alice).await;
        }
        // So many plans are not kept, but made anew each time.
        let five = "query($a: Boolean!, $b: Boolean!, $c: Boolean!, $d: Boolean!, $e: Boolean!) { viewer { id
            name @include(if: $a) email @include(if: $b) image @include(if: $c) timeZone @include(if: $d) x: id @include(if: $e) } }";
        let request = Request::post(five, json!({ "a": true, "b": true, "c": false, "d": true, "e": true }));
        request.is_planned(&api.alice).await.reply.data();
    }

    /// A page may be as large as the limits allow. Whether it is too large depends on the variables.
    async fn a_plan_answers_up_to_the_limits(api: Api) {
        seed(&api, &api.alice).await;
        let query = "query($first: Int) { tasks(first: $first) { nodes { id subtasks(first: 20) { nodes { id tags { id } } } } } }";
        for first in [3, 5, 2] {
            Request::post(query, json!({ "first": first })).is_planned(&api.alice).await;
        }
        let observed = Request::post(query, json!({ "first": 100 })).same(&api.alice).await;
        assert_eq!((observed.reply.code(), observed.by_plan), ("QUERY_TOO_COMPLEX".to_owned(), false));
        // The number of ids counts, and that of the values which each object of a list is passed.
        let nodes = "query($ids: [ID!]! = []) { nodes(ids: $ids) { id ... on Task { subtasks { nodes { tags { id } } } } } }";
        let subtasks = "query($in: [ID!]) { tasks(first: 100) { nodes { subtasks(first: 1, filter: { list: { in: $in } }) { totalCount } } } }";
        for (query, few, many) in [
            (nodes, json!({ "ids": [task_id(2)] }), json!({ "ids": vec![task_id(2); 100] })),
            (subtasks, json!({ "in": list_id(0) }), json!({ "in": vec![list_id(0); 9_000] })),
        ] {
            Request::post(query, few).is_planned(&api.alice).await;
            let observed = Request::post(query, many).same(&api.alice).await;
            assert_eq!((observed.reply.code(), observed.by_plan), ("QUERY_TOO_COMPLEX".to_owned(), false));
        }
    }

    async fn what_a_payload_reads_is_refused_before_the_change(api: Api) {
        seed(&api, &api.alice).await;
        let query = "mutation($id: ID!, $title: String!, $first: Int = 2, $after: String, $filter: TaskFilter) {
            updateTask(input: { id: $id, title: $title }) {
                task { title subtasks(first: $first, after: $after, filter: $filter) { totalCount } }
                query { tasks(first: $first, after: $after, filter: $filter) { nodes { title } } __typename } } }";
        let page = api.alice.asks("{ tasks(first: 1, orderBy: {field: TITLE}) { pageInfo { endCursor } } }").await;
        let titles = |number| json!({ "id": task_id(2), "title": format!("title {number}") });
        Request::post(query, titles(0)).send(&api.alice).await.reply.data();
        for (number, (name, value)) in [
            ("first", json!(101)),
            ("first", json!(-1)),
            ("after", page["tasks"]["pageInfo"]["endCursor"].clone()),
            ("after", json!("x")),
            ("filter", json!({ "not": { "not": { "not": { "not": {} } } } })),
        ].into_iter().enumerate() {
            let number = number + 1;
            let mut variables = titles(number);
            variables[name] = value;
            let version = api.alice.asks(&format!("{{ task(id: \"{}\") {{ version }} }}", task_id(2))).await;
            let observed = Request::post(query, variables).send(&api.alice).await;
            assert!(!observed.by_plan, "{name}");
            // As ever, the change stands: it is made once.
            let after = api.alice.asks(&format!("{{ task(id: \"{}\") {{ version title }} }}", task_id(2))).await;
            assert_eq!(after["task"]["version"].as_i64(), version["task"]["version"].as_i64().map(|it| it + 1), "{name}");
            assert_eq!(after["task"]["title"], format!("title {number}"));
        }
        // A token that may only write reads nothing below a payload.
        let mut variables = titles(9);
        variables["first"] = json!(1);
        let writer = with_scope(&api, "tasks:write");
        let observed = Request::post(query, variables.clone()).same(&writer).await;
        assert_eq!((observed.reply.code(), observed.by_plan), ("FORBIDDEN".to_owned(), false));
        Request::post(query, variables).is_planned(&api.alice).await;
    }

    /// The queries of a payload see the change, and the days of a zone that was just chosen.
    async fn what_a_payload_reads_is_read_after_the_change(api: Api) {
        seed(&api, &api.alice).await;
        let late = "query { late: tasks(filter: { overdue: true }) { totalCount nodes { title overdue } } viewer { timeZone } }";
        let query = format!("mutation($zone: TimeZone) {{ updateViewer(input: {{ timeZone: $zone }}) {{ __typename viewer {{ id timeZone }} {late} }} }}");
        let count = async |zone: &str| {
            let observed = Request::post(&*query, json!({ "zone": zone })).send(&api.alice).await;
            (observed.by_plan, observed.reply.data()["updateViewer"]["query"].take())
        };
        // It is still the 21st in the one zone, and already the 22nd in the other.
        api.wait(TimeDelta::minutes(40));
        let (by_plan, behind) = count("Pacific/Midway").await;
        assert!(by_plan);
        let (by_plan, ahead) = count("Pacific/Kiritimati").await;
        assert!(by_plan);
        assert!(ahead["late"]["totalCount"].as_i64() > behind["late"]["totalCount"].as_i64(), "{ahead} {behind}");
        assert_eq!(ahead["viewer"]["timeZone"], "Pacific/Kiritimati");
        let create = "mutation($title: String!) { createTask(input: { title: $title }) { task { title list { name } tags { name } subtasks { totalCount } overdue }
            query { tasks(first: 1) { nodes { title } totalCount } } } }";
        for number in 0..3 {
            let title = format!("new {number}");
            let observed = Request::post(create, json!({ "title": title })).send(&api.alice).await;
            assert!(observed.by_plan);
            let payload = observed.reply.data()["createTask"].take();
            assert_eq!((&payload["task"]["title"], &payload["query"]["tasks"]["nodes"][0]["title"]), (&json!(title), &json!(title)));
        }
    }

    async fn batches_are_answered_alike(api: Api) {
        seed(&api, &api.alice).await;
        let too_many: Vec<_> = (0..101).map(|_| json!({ "createTask": { "title": "x" } })).collect();
        for variables in [
            json!({ "operations": operations() }),
            json!({ "operations": [] }),
            json!({ "operations": { "createTag": { "name": "tag \"1\" \u{1f389}" } }, "atomic": false }),
            json!({ "operations": too_many }),
        ] {
            Request::post(BATCH, variables).is_planned(&api.alice).await;
        }
        // Some of it applies: the second time there is nothing left to delete.
        let request = Request::post(BATCH, json!({ "operations": operations(), "atomic": false }));
        let first = request.send(&api.alice).await;
        assert!(first.by_plan);
        let results = first.reply.data()["batch"]["results"].take();
        let nodes: Vec<_> = results.as_array().unwrap().iter().map(|result| result["node"]["__typename"].clone()).collect();
        assert_eq!(nodes, [json!("Tag"), json!("Task"), Value::Null, Value::Null, json!("TaskList")]);
        assert_eq!(results[2]["deletedIds"], json!([task_id(9)]));
        assert_eq!((&results[3]["error"]["code"], &results[3]["error"]["path"]), (&json!("BAD_USER_INPUT"), &json!(["updateTag", "color"])));
        request.is_planned(&api.alice).await;
    }

    async fn each_mutation_of_several_has_its_own_error(api: Api) {
        seed(&api, &api.alice).await;
        let query = "mutation($list: ID!, $tag: ID!) { __typename\n first: deleteList(input: { id: $list }) { deletedIds }
            updateTask(input: { id: 5 }) { task { id } } last: updateTag(input: { id: $tag, name: \"milk\" }) { __typename tag { name } } }";
        let request = Request::post(query, json!({ "list": list_id(0), "tag": tag_id(0) }));
        request.send(&api.alice).await;
        let observed = request.is_planned(&api.alice).await.reply.json();
        assert_eq!(observed["data"], json!({ "__typename": "Mutation", "first": null, "updateTask": null, "last": { "__typename": "TagPayload", "tag": { "name": "milk" } } }));
        assert_eq!(observed["errors"].as_array().unwrap().len(), 2);
        // Where the library has to answer one of them, it answers all.
        let query = "mutation($tag: ID!, $name: String!) { updateTag(input: { id: $tag, name: $name }) { tag { version } }
            deleteTag(input: { id: 5 }) { deletedIds query { tasks(first: 101) { totalCount } } } }";
        let mut versions = Vec::new();
        for name in ["a", "b", "c"] {
            let observed = Request::post(query, json!({ "tag": tag_id(0), "name": name })).send(&api.alice).await;
            assert!(!observed.by_plan);
            versions.push(observed.reply.json()["data"]["updateTag"]["tag"]["version"].as_i64().unwrap());
        }
        assert_eq!(versions, [versions[0], versions[0] + 1, versions[0] + 2]);
    }

    async fn sessions_end_alike(api: Api) {
        let query = "mutation($everywhere: Boolean! = false) { signOut(input: { everywhere: $everywhere }) { __typename revokedBefore } }";
        let session = |number: usize| api.with_token(api.token("carol", &json!({ "sid": format!("s{number}") })));
        let mut bodies = Vec::new();
        for number in 0..4 {
            let variables = json!({ "everywhere": number > 1 });
            let observed = Request::post(query, variables.clone()).send(&session(number)).await;
            assert!(observed.by_plan);
            bodies.push(observed.reply.data());
            assert_eq!(Request::post(query, variables).send(&session(number)).await.reply.status, 401);
            api.wait(TimeDelta::seconds(2));
        }
        assert_eq!(bodies[0], bodies[1]);
        assert!(bodies[3]["signOut"]["revokedBefore"].is_string());
    }

    /// Where the database fails after the change, the change stands, and the field says that it failed.
    async fn a_payload_that_cannot_be_read_is_an_error(api: Api) {
        seed(&api, &api.alice).await;
        let query = "mutation($title: String!) {\n made: createTask(input: { title: $title }) { task { id tags { name } } } }";
        for title in ["one", "two"] {
            Request::post(query, json!({ "title": title })).send(&api.alice).await.reply.data();
        }
        api.database.execute("ALTER TABLE tag RENAME TO lost").await;
        let observed = Request::post(query, json!({ "title": "three" })).send(&api.alice).await;
        assert!(observed.by_plan);
        let reply = observed.reply.json();
        assert_eq!((&reply["data"], &reply["errors"][0]["path"]), (&json!({ "made": null }), &json!(["made"])));
        assert_eq!(reply["errors"][0]["locations"], json!([{ "line": 2, "column": 2 }]));
        assert_eq!(observed.reply.code(), "INTERNAL_SERVER_ERROR");
        api.database.execute("ALTER TABLE lost RENAME TO tag").await;
        let newest = api.alice.asks("{ tasks(first: 2) { nodes { title } } }").await;
        assert_eq!(newest["tasks"]["nodes"], json!([{ "title": "three" }, { "title": "two" }]));
    }
}
