//! Pages of changes: their size, and mutations that are not split between pages if they fit on one.

use serde_json::{Value, json};

use crate::harness::{Api, Person, on_each_database};

/// Makes that many tags at once, with names that begin like this.
async fn makes(person: &Person, name: &str, count: usize) {
    let operations: Vec<_> =
        (0..count).map(|n| json!({ "createTag": { "name": format!("{name}{n}") } })).collect();
    person.does("batch", json!({ "operations": operations }), "cursor").await;
}

/// For each page, the number of its changes, and the first letters of their names.
async fn pages(person: &Person, first: i32) -> Vec<String> {
    let (mut since, mut pages, mut seen) = (Value::Null, Vec::new(), Vec::new());
    loop {
        let page = person.page(&since, first).await;
        let letters = page.changes().iter().map(|change| {
            seen.push(change["id"].clone());
            change["node"]["name"].as_str().unwrap().chars().next().unwrap()
        });
        pages.push(letters.collect());
        since = page.cursor().clone();
        if !page.has_more() {
            let told = seen.len();
            seen.sort_unstable_by_key(Value::to_string);
            seen.dedup();
            assert_eq!(seen.len(), told, "something was told twice");
            return pages;
        }
    }
}

on_each_database! {
    async fn a_mutation_that_fits_into_a_page_is_not_split(api: Api) {
        for (name, count) in [("a", 2), ("b", 3), ("c", 1), ("d", 4)] {
            makes(&api.alice, name, count).await;
        }
        assert_eq!(pages(&api.alice, 10).await, ["aabbbcdddd"]);
        assert_eq!(pages(&api.alice, 9).await, ["aabbbc", "dddd"]);
        assert_eq!(pages(&api.alice, 6).await, ["aabbbc", "dddd"]);
        assert_eq!(pages(&api.alice, 5).await, ["aabbb", "cdddd"]);
        assert_eq!(pages(&api.alice, 4).await, ["aa", "bbbc", "dddd"]);
    }

    async fn a_mutation_that_is_longer_than_a_page_goes_on_over_several(api: Api) {
        for (name, count) in [("a", 1), ("b", 7), ("c", 2)] {
            makes(&api.alice, name, count).await;
        }
        assert_eq!(pages(&api.alice, 3).await, ["a", "bbb", "bbb", "bcc"]);
        assert_eq!(pages(&api.alice, 1).await, ["a", "b", "b", "b", "b", "b", "b", "b", "c", "c"]);
    }

    async fn a_page_of_nothing_tells_whether_there_is_more(api: Api) {
        let empty = api.alice.page(&Value::Null, 0).await;
        assert!(!empty.has_more());
        makes(&api.alice, "a", 2).await;
        for since in [&Value::Null, empty.cursor()] {
            let page = api.alice.page(since, 0).await;
            assert_eq!((page.told().as_str(), page.has_more()), ("", true));
            assert_eq!(api.alice.changes(page.cursor()).await.told(), "+a0 +a1");
        }
        let all = api.alice.changes(&Value::Null).await;
        assert!(!api.alice.page(all.cursor(), 0).await.has_more());
    }

    async fn what_changes_between_two_pages_comes_later(api: Api) {
        for name in ["a", "b", "c"] {
            makes(&api.alice, name, 1).await;
        }
        let first = api.alice.page(&Value::Null, 1).await;
        let a = first.changes()[0]["id"].clone();
        api.alice.does("updateTag", json!({ "id": a, "name": "a again" }), "cursor").await;
        assert_eq!(api.alice.page(first.cursor(), 10).await.told(), "+b0 +c0 +a again");
        api.alice.does("deleteTag", json!({ "id": a }), "cursor").await;
        // It was on a page of this reader's.
        assert_eq!(api.alice.page(first.cursor(), 10).await.told(), "+b0 +c0 -Tag");
    }
}
