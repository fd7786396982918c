//! `first`, `last`, `after`, `before`, and `pageInfo`.

use serde_json::{Value, json};

use super::page::{letters, page, refused, shown};
use crate::harness::{Api, on_each_database};

on_each_database! {
    async fn alice_gets_fifty_tasks_unless_she_says_how_many(api: Api) {
        for _ in 0..101 {
            api.alice.creates("Buy milk").await;
        }

        for (arguments, rows) in [
            (json!({}), 50),
            (json!({ "first": null, "last": null }), 50),
            (json!({ "first": 0 }), 0),
            (json!({ "last": 0 }), 0),
            (json!({ "first": 1 }), 1),
            (json!({ "last": 1 }), 1),
            (json!({ "first": 100 }), 100),
            (json!({ "last": 100 }), 100),
        ] {
            let page = page(&api.alice, arguments.clone()).await;
            assert_eq!((page.tasks.len(), page.total), (rows, 101), "{arguments}");
            let from_end = !arguments["last"].is_null();
            assert_eq!((page.has_previous, page.has_next), (from_end, !from_end), "{arguments}");
        }
    }

    async fn alice_is_told_which_argument_asks_for_too_much(api: Api) {
        for (arguments, field) in [
            (json!({ "first": 101 }), "first"),
            (json!({ "first": -1 }), "first"),
            (json!({ "first": i32::MAX }), "first"),
            (json!({ "first": i32::MIN }), "first"),
            (json!({ "last": 101 }), "last"),
            (json!({ "last": -1 }), "last"),
            (json!({ "first": 1, "last": 1 }), "last"),
            (json!({ "first": 0, "last": 0 }), "last"),
        ] {
            assert_eq!(refused(&api.alice, arguments.clone()).await, field, "{arguments}");
        }
    }

    async fn alice_sees_the_newest_first_when_she_gives_no_order(api: Api) {
        letters(&api, "abc").await;

        for order in [json!({}), json!({ "orderBy": null }), json!({ "orderBy": [] })] {
            assert_eq!(shown(&api.alice, order.clone()).await, "c b a", "{order}");
        }
        // So a cursor of the one is a cursor of the other.
        let page = page(&api.alice, json!({})).await;
        let order = json!([{ "field": "CREATED_AT", "direction": "DESC" }]);
        let rest = json!({ "orderBy": order, "after": page.at("c") });
        assert_eq!(shown(&api.alice, rest).await, "… b a");
    }

    async fn an_order_without_a_direction_is_ascending(api: Api) {
        letters(&api, "abc").await;

        let order = json!({ "orderBy": [{ "field": "CREATED_AT" }] });
        assert_eq!(shown(&api.alice, order).await, "a b c");
    }

    async fn alice_learns_exactly_whether_her_list_goes_on(api: Api) {
        letters(&api, "edcba").await; // The newest is "a": the list reads a b c d e.
        let list = page(&api.alice, json!({})).await;
        assert_eq!(list.shown(), "a b c d e");

        // The number of rows, the two places, and what is seen.
        for (count, after, before, expected) in [
            // From the start.
            (json!({ "first": 0 }), None, None, "…"),
            (json!({ "first": 4 }), None, None, "a b c d …"),
            (json!({ "first": 5 }), None, None, "a b c d e"),
            (json!({ "first": 6 }), None, None, "a b c d e"),
            // Behind a place.
            (json!({ "first": 0 }), Some("a"), None, "… …"),
            (json!({ "first": 2 }), Some("a"), None, "… b c …"),
            (json!({ "first": 2 }), Some("c"), None, "… d e"),
            (json!({ "first": 2 }), Some("d"), None, "… e"),
            (json!({ "first": 2 }), Some("e"), None, "…"),
            (json!({ "first": 0 }), Some("e"), None, "…"),
            // Up to a place.
            (json!({ "first": 0 }), None, Some("a"), "…"),
            (json!({ "first": 2 }), None, Some("a"), "…"),
            (json!({ "first": 2 }), None, Some("b"), "a …"),
            (json!({ "first": 2 }), None, Some("c"), "a b …"),
            (json!({ "first": 2 }), None, Some("d"), "a b …"),
            // Between two.
            (json!({ "first": 2 }), Some("a"), Some("e"), "… b c …"),
            (json!({ "first": 3 }), Some("a"), Some("e"), "… b c d …"),
            (json!({ "first": 4 }), Some("a"), Some("e"), "… b c d …"),
            (json!({ "first": 2 }), Some("b"), Some("c"), "… …"),
            (json!({ "first": 0 }), Some("b"), Some("e"), "… …"),
            (json!({ "first": 2 }), Some("c"), Some("c"), "… …"),
            (json!({ "first": 2 }), Some("d"), Some("b"), "… …"),
            (json!({ "first": 2 }), Some("e"), Some("a"), "…"),
            // From the end.
            (json!({ "last": 0 }), None, None, "…"),
            (json!({ "last": 4 }), None, None, "… b c d e"),
            (json!({ "last": 5 }), None, None, "a b c d e"),
            (json!({ "last": 6 }), None, None, "a b c d e"),
            // Before a place.
            (json!({ "last": 0 }), None, Some("e"), "… …"),
            (json!({ "last": 2 }), None, Some("e"), "… c d …"),
            (json!({ "last": 2 }), None, Some("c"), "a b …"),
            (json!({ "last": 2 }), None, Some("b"), "a …"),
            (json!({ "last": 2 }), None, Some("a"), "…"),
            (json!({ "last": 0 }), None, Some("a"), "…"),
            // Down to a place.
            (json!({ "last": 0 }), Some("e"), None, "…"),
            (json!({ "last": 2 }), Some("e"), None, "…"),
            (json!({ "last": 2 }), Some("d"), None, "… e"),
            (json!({ "last": 2 }), Some("c"), None, "… d e"),
            (json!({ "last": 2 }), Some("b"), None, "… d e"),
            // Between two.
            (json!({ "last": 2 }), Some("a"), Some("e"), "… c d …"),
            (json!({ "last": 3 }), Some("a"), Some("e"), "… b c d …"),
            (json!({ "last": 2 }), Some("b"), Some("c"), "… …"),
            (json!({ "last": 0 }), Some("a"), Some("d"), "… …"),
        ] {
            let mut arguments = count;
            arguments["after"] = after.map_or(Value::Null, |title| list.at(title).into());
            arguments["before"] = before.map_or(Value::Null, |title| list.at(title).into());
            let page = page(&api.alice, arguments.clone()).await;
            assert_eq!(page.shown(), expected, "{arguments} after {after:?} before {before:?}");
            assert_eq!(page.total, 5, "the places do not count");
        }
    }

    async fn an_empty_list_goes_nowhere(api: Api) {
        api.alice.creates("a").await;
        let cursor = page(&api.alice, json!({})).await.cursors.remove(0);

        for arguments in [
            json!({}),
            json!({ "first": 0 }),
            json!({ "last": 0 }),
            json!({ "first": 1, "after": cursor }),
            json!({ "last": 1, "after": cursor }),
            json!({ "first": 0, "before": cursor }),
            json!({ "last": 1, "before": cursor }),
            json!({ "first": 1, "after": cursor, "before": cursor }),
        ] {
            // Bob has never written anything; nothing of Alice's is completed.
            let bobs = page(&api.bob, arguments.clone()).await;
            assert_eq!((&*bobs.shown(), bobs.total), ("", 0), "{arguments}");
            let mut arguments = arguments;
            arguments["filter"] = json!({ "completed": true });
            let completed = page(&api.alice, arguments.clone()).await;
            assert_eq!((&*completed.shown(), completed.total), ("", 0), "{arguments}");
        }
    }

    async fn the_total_counts_what_the_filter_keeps(api: Api) {
        letters(&api, "abcde").await;
        let first = page(&api.alice, json!({ "first": 1 })).await;
        let old = json!({ "createdAt": { "lt": first.tasks[0]["createdAt"] } });

        for arguments in [
            json!({ "filter": old }),
            json!({ "filter": old, "first": 0 }),
            json!({ "filter": old, "first": 2, "after": first.cursors[0] }),
            json!({ "filter": old, "last": 2, "before": first.cursors[0] }),
        ] {
            assert_eq!(page(&api.alice, arguments.clone()).await.total, 4, "{arguments}");
        }
    }

    async fn alice_asks_for_one_thing_of_a_page_at_a_time(api: Api) {
        letters(&api, "cba").await;

        for (asked, told) in [
            ("totalCount", json!({ "totalCount": 3 })),
            ("pageInfo { hasNextPage }", json!({ "pageInfo": { "hasNextPage": true } })),
            ("pageInfo { hasPreviousPage }", json!({ "pageInfo": { "hasPreviousPage": false } })),
            ("pageInfo { more: hasNextPage }", json!({ "pageInfo": { "more": true } })),
            (
                "...Page } } fragment Page on TaskConnection { pageInfo { ... { hasNextPage }",
                json!({ "pageInfo": { "hasNextPage": true } }),
            ),
            ("nodes { title }", json!({ "nodes": [{ "title": "a" }, { "title": "b" }] })),
        ] {
            let data = api.alice.asks(&format!("{{ tasks(first: 2) {{ {asked} }} }}")).await;
            assert_eq!(data["tasks"], told, "{asked}");
        }
    }
}
