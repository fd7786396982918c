//! Batch loading: the fields of the tasks of a list take the same few statements for any length of the
//! list. A compiled plan takes no more of them than async-graphql.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{Api, on_each_database, statements};

/// A list with all fields of its tasks, and of their subtasks.
const EVERYTHING: &str = "query($first: Int) {
    tasks(first: $first, filter: { parent: { isNull: true } }) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage }
        edges { node { list { name } again: list { color } } }
        nodes {
            title
            tags { name }
            list { name }
            parent { title }
            subtasks(first: 2) {
                totalCount
                pageInfo { hasNextPage hasPreviousPage }
                nodes { title tags { name } list { name } parent { title tags { name } } }
            }
            open: subtasks(first: 0, filter: { completed: false }) {
                totalCount
                pageInfo { hasNextPage }
            }
            byTitle: subtasks(last: 1, orderBy: [{ field: TITLE }]) { nodes { title overdue } }
        }
    }
}";

impl Api {
    /// So many tasks of Alice's in two lists, each with two tags and three subtasks.
    async fn with_families(&self, count: usize) {
        let made = self
            .alice
            .asks(
                "mutation {
                    a: createTag(input: { name: \"Home\" }) { tag { id } }
                    b: createTag(input: { name: \"Errand\" }) { tag { id } }
                    c: createList(input: { name: \"Inbox no more\" }) { list { id } }
                    d: createList(input: { name: \"Later\" }) { list { id } }
                }",
            )
            .await;
        let tags = json!([made["a"]["tag"]["id"], made["b"]["tag"]["id"]]);
        let lists = [&made["c"]["list"]["id"], &made["d"]["list"]["id"]];
        for number in 0..count {
            let (title, list) = (format!("Task {number}"), lists[number % 2]);
            let task = json!({ "title": title, "listId": list, "tagIds": tags });
            let parent = self.alice.creates_with(task).await;
            for (step, completed) in [("one", true), ("two", false), ("three", false)] {
                let title = format!("{step} of {number}");
                let tags = json!([tags[0]]);
                let step = json!({ "title": title, "parentId": parent["id"], "tagIds": tags, "completed": completed });
                self.alice.creates_with(step).await;
            }
        }
        // From here on the server remembers Alice's key.
        self.alice.asks("{ tasks { totalCount } }").await;
    }

    /// The response to a query of Alice, and the number of its statements: by async-graphql, which answers
    /// a document that the server has never seen, and by its plan.
    async fn costs(&self, query: &str, variables: Value) -> (Value, [usize; 2]) {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let unseen = format!("{query}\n# {}", COUNT.fetch_add(1, Ordering::Relaxed));
        let (by_library, sent) = statements(self.alice.post(&unseen, variables.clone())).await;
        self.alice.post(query, variables.clone()).await;
        let before = self.alice.planned_operations();
        let (by_plan, sent_by_plan) = statements(self.alice.post(query, variables)).await;
        assert_eq!(self.alice.planned_operations(), before + 1, "no plan: {query}");
        assert_eq!(by_plan.body, by_library.body, "{query}");
        let costs = [sent.len(), sent_by_plan.len()];
        assert!(costs[1] <= costs[0], "{costs:?}: {query}");
        (by_library.data(), costs)
    }
}

on_each_database! {
    async fn a_long_list_takes_no_more_statements_than_a_short_one(api: Api) {
        api.with_families(30).await;
        let (one, statements_for_one) = api.costs(EVERYTHING, json!({ "first": 1 })).await;
        let (all, statements_for_all) = api.costs(EVERYTHING, json!({ "first": 30 })).await;
        // One task by itself is read and counted apart.
        assert!(statements_for_all.iter().zip(statements_for_one).all(|(all, one)| *all <= one));
        println!("{statements_for_all:?} statements");

        let nodes = all["tasks"]["nodes"].as_array().unwrap();
        assert_eq!((one["tasks"]["nodes"].as_array().unwrap().len(), nodes.len()), (1, 30));
        for (position, task) in nodes.iter().enumerate() {
            let number = 29 - position;
            assert_eq!(task["title"], format!("Task {number}"));
            assert_eq!(task["tags"], json!([{ "name": "Errand" }, { "name": "Home" }]));
            assert_eq!(task["list"]["name"], ["Inbox no more", "Later"][number % 2]);
            assert_eq!(task["parent"], Value::Null);
            let subtasks = &task["subtasks"];
            assert_eq!(subtasks["totalCount"], 3);
            assert_eq!(subtasks["pageInfo"], json!({ "hasNextPage": true, "hasPreviousPage": false }));
            assert_eq!(subtasks["nodes"][0]["title"], format!("one of {number}"));
            assert_eq!(subtasks["nodes"][1]["title"], format!("two of {number}"));
            assert_eq!(subtasks["nodes"][0]["parent"]["title"], task["title"]);
            assert_eq!(subtasks["nodes"][0]["parent"]["tags"], task["tags"]);
            assert_eq!(subtasks["nodes"][0]["list"], task["list"]);
            assert_eq!(task["open"], json!({ "totalCount": 2, "pageInfo": { "hasNextPage": true } }));
            assert_eq!(task["byTitle"]["nodes"][0]["title"], format!("two of {number}"));
        }
    }

    async fn each_relation_by_itself_is_one_statement(api: Api) {
        api.with_families(3).await;
        let (_, alone) = api.costs("{ tasks { nodes { title } } }", json!({})).await;
        for relation in [
            "tags { name }",
            "list { name }",
            "parent { title }",
            "subtasks { nodes { title } pageInfo { hasNextPage hasPreviousPage endCursor } }",
            "subtasks(first: 0) { totalCount pageInfo { hasNextPage } }",
            "a: tags { name } b: tags { color }",
        ] {
            let (_, with) = api.costs(&format!("{{ tasks {{ nodes {{ {relation} }} }} }}"), json!({})).await;
            assert_eq!(with, alone.map(|count| count + 1), "{relation}");
        }
        let nothing_to_read = "{ tasks(filter: { list: { isNull: true } }) { nodes { tags { name } list { name } } } }";
        assert_eq!(api.costs(nothing_to_read, json!({})).await.1, alone);
    }

    async fn what_lies_beyond_pages_of_subtasks_is_asked_for_all_at_once(api: Api) {
        api.with_families(5).await;
        let first = "{ tasks(first: 1, filter: { parent: { isNull: true } }) { nodes { subtasks(first: 1) { pageInfo { endCursor } } } } }";
        let data = api.alice.asks(first).await;
        let place = &data["tasks"]["nodes"][0]["subtasks"]["pageInfo"]["endCursor"];
        let beyond = "query($first: Int, $place: String) {
            tasks(first: $first, filter: { parent: { isNull: true } }) {
                nodes {
                    on: subtasks(first: 1, after: $place) { pageInfo { hasNextPage hasPreviousPage } }
                    back: subtasks(last: 1, before: $place) { pageInfo { hasNextPage hasPreviousPage } }
                    none: subtasks(first: 0, after: $place) { pageInfo { hasNextPage hasPreviousPage } }
                }
            }
        }";
        let (_, two) = api.costs(beyond, json!({ "first": 2, "place": place })).await;
        let (data, five) = api.costs(beyond, json!({ "first": 5, "place": place })).await;
        assert_eq!(five, two);
        for task in data["tasks"]["nodes"].as_array().unwrap() {
            // The first of three subtasks stands at the same place in each family.
            let both = json!({ "pageInfo": { "hasNextPage": true, "hasPreviousPage": true } });
            assert_eq!((&task["on"], &task["none"]), (&both, &both));
            assert_eq!(task["back"]["pageInfo"], json!({ "hasNextPage": true, "hasPreviousPage": false }));
        }
    }

    async fn counts_side_by_side_are_one_statement(api: Api) {
        api.with_families(2).await;
        let counts = "{
            all: tasks(first: 0) { totalCount }
            open: tasks(first: 0, filter: { completed: false }) { totalCount }
            done: tasks(first: 0, filter: { completed: true }) { totalCount }
        }";
        let (data, statements) = api.costs(counts, json!({})).await;
        let totals = ["all", "open", "done"].map(|alias| data[alias]["totalCount"].as_i64().unwrap());
        assert_eq!((totals, statements), ([8, 6, 2], [1, 1]));
    }

    /// What the first test looks for is seen where it happens: one read for each row.
    async fn a_read_for_each_row_is_noticed(api: Api) {
        api.with_families(3).await;
        let ids = api.alice.asks("{ tasks { nodes { id } } }").await;
        let by_id = |count: usize| {
            let fields: Vec<_> = (0..count)
                .map(|at| format!("t{at}: task(id: {}) {{ title }}", ids["tasks"]["nodes"][at]["id"]))
                .collect();
            format!("{{ {} }}", fields.join(" "))
        };
        let (_, one) = api.costs(&by_id(1), json!({})).await;
        let (_, ten) = api.costs(&by_id(10), json!({})).await;
        assert_eq!(ten, one.map(|count| count + 9));
    }
}
