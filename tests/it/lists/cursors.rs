//! Cursors: a position in an order, and nothing else.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::page::{letters, opened, page, refused, shown, try_page};
use crate::harness::{Api, on_each_database};

/// A cursor that says this.
fn forged(content: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(content.to_string())
}

/// The same cursor with another value at a JSON pointer.
fn altered(cursor: &str, pointer: &str, value: Value) -> String {
    let mut content = opened(cursor);
    *content.pointer_mut(pointer).unwrap() = value;
    forged(&content)
}

/// A cursor of Alice's only task, in an order.
async fn cursor_by(api: &Api, field: &str) -> String {
    page(&api.alice, json!({ "orderBy": [{ "field": field }] })).await.cursors.remove(0)
}

on_each_database! {
    async fn alice_is_told_when_a_cursor_is_none(api: Api) {
        api.alice.creates("a").await;
        let cursor = page(&api.alice, json!({})).await.cursors.remove(0);
        let [version, order, place] =
            opened(&cursor).as_array().unwrap().clone().try_into().unwrap();

        for garbage in [
            String::new(),
            " ".to_owned(),
            "0".to_owned(),
            "garbage".to_owned(),
            "🎉".to_owned(),
            "\0".to_owned(),
            format!("{cursor}A"),
            format!("{cursor}="),
            format!(" {cursor}"),
            cursor[1..].to_owned(),
            cursor[..cursor.len() - 2].to_owned(),
            BASE64_URL_SAFE_NO_PAD.encode(b"\xff\xfe"),
            BASE64_URL_SAFE_NO_PAD.encode("[".repeat(100_000)),
            forged(&Value::Null),
            forged(&json!({})),
            forged(&json!([])),
            forged(&json!([version])),
            forged(&json!([version, order])),
            forged(&json!([version, order, place, 0])),
            forged(&json!([2, order, place])), // another version
            forged(&json!([0, order, place])),
            forged(&json!([257, order, place])),
            forged(&json!([-1, order, place])),
            forged(&json!([null, order, place])),
            forged(&json!([version, "", place])),
            forged(&json!([version, null, place])),
            forged(&json!([version, format!("{} ", order.as_str().unwrap()), place])),
            forged(&json!([version, order, null])),
            forged(&json!([version, order, []])),
        ] {
            for field in ["after", "before"] {
                assert_eq!(
                    refused(&api.alice, json!({ field: garbage })).await,
                    field,
                    "{garbage}"
                );
            }
        }
    }

    async fn alice_is_told_when_a_cursor_is_of_another_order(api: Api) {
        api.alice.creates("a").await;
        let orders = [
            json!([]),
            json!([{ "field": "CREATED_AT", "direction": "ASC" }]),
            json!([{ "field": "UPDATED_AT", "direction": "ASC" }]),
            json!([{ "field": "COMPLETED_AT", "direction": "ASC" }]),
            json!([{ "field": "COMPLETED_AT", "direction": "DESC" }]),
            json!([{ "field": "DUE", "direction": "ASC" }]),
            json!([{ "field": "DUE", "direction": "DESC" }]),
            json!([{ "field": "PRIORITY" }]),
            json!([{ "field": "TITLE" }]),
            json!([{ "field": "TITLE" }, { "field": "PRIORITY" }]),
            json!([{ "field": "PRIORITY" }, { "field": "TITLE" }]),
            json!([{ "field": "PRIORITY" }, { "field": "TITLE", "direction": "DESC" }]),
        ];
        for made_for in &orders {
            let cursor = page(&api.alice, json!({ "orderBy": made_for })).await.cursors.remove(0);
            for order in &orders {
                for field in ["after", "before"] {
                    let arguments = json!({ "orderBy": order, field: cursor });
                    if order == made_for {
                        assert_eq!(shown(&api.alice, arguments).await, "…");
                    } else {
                        assert_eq!(refused(&api.alice, arguments).await, field);
                    }
                }
            }
        }
    }

    async fn a_forged_place_is_no_internal_error(api: Api) {
        api.alice.creates("a").await;
        let beyond = [
            json!(253_402_300_800_000_i64), // the year 10000
            json!(-62_167_219_200_001_i64), // before the year 0
            json!(i64::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
        ];
        let of_no_type =
            [json!(null), json!(true), json!(1.5), json!([0]), json!({}), json!(1e300)];
        let small = [json!(32_768), json!(-32_769), json!(i64::MAX)];
        let text = [json!("0"), json!("")];

        let cases = [
            ("CREATED_AT", [&text[..], &beyond].concat()),
            ("UPDATED_AT", [&text[..], &beyond].concat()),
            ("COMPLETED_AT", [&text[..], &[json!(u64::MAX)]].concat()),
            ("DUE", [&text[..], &[json!(u64::MAX)]].concat()),
            ("PRIORITY", [&text[..], &small].concat()),
        ];
        for (by, wrong) in cases {
            let cursor = cursor_by(&api, by).await;
            let key = |value: &Value| altered(&cursor, "/2/0/0", value.clone());
            let keys = |value: Value| altered(&cursor, "/2/0", value);
            let id = |value: Value| altered(&cursor, "/2/1", value);
            let one = opened(&cursor)[2][0][0].take();

            let mut forgeries: Vec<_> = wrong.iter().chain(&of_no_type).map(key).collect();
            forgeries.extend([keys(json!([])), keys(json!([one, one])), keys(json!(one))]);
            forgeries.extend([json!(null), json!(0), json!(""), json!("a"), json!([])].map(id));
            for forgery in forgeries {
                for field in ["after", "before"] {
                    let arguments = json!({ "orderBy": [{ "field": by }], field: forgery });
                    let shown = opened(&forgery);
                    assert_eq!(refused(&api.alice, arguments).await, field, "{shown}");
                }
            }
        }
    }

    async fn a_place_where_no_task_ever_stood_is_a_place(api: Api) {
        api.alice.creates_with(json!({ "title": "a", "due": { "on": "2026-11-22" } })).await;
        for (by, low, high) in [
            ("CREATED_AT", json!(-62_167_219_200_000_i64), json!(253_402_300_799_999_i64)),
            ("UPDATED_AT", json!(-62_167_219_200_000_i64), json!(253_402_300_799_999_i64)),
            ("DUE", json!(i64::MIN), json!(i64::MAX)),
            ("PRIORITY", json!(i16::MIN), json!(i16::MAX)),
        ] {
            let cursor = cursor_by(&api, by).await;
            let order = json!([{ "field": by }]);
            for (place, after, before) in [(low, "a", "…"), (high, "…", "a")] {
                let place = altered(&cursor, "/2/0/0", place);
                let arguments = json!({ "orderBy": order, "after": place });
                assert_eq!(shown(&api.alice, arguments).await, after, "{by}");
                let arguments = json!({ "orderBy": order, "before": place });
                assert_eq!(shown(&api.alice, arguments).await, before, "{by}");
            }
        }
    }

    async fn of_two_cursors_the_wrong_one_is_named(api: Api) {
        api.alice.creates("a").await;
        let good = page(&api.alice, json!({})).await.cursors.remove(0);
        let garbage = "garbage".to_owned();
        let forgery = altered(&good, "/2/0/0", json!(i64::MAX));

        for wrong in [garbage, forgery] {
            let arguments = json!({ "after": wrong, "before": good });
            assert_eq!(refused(&api.alice, arguments).await, "after");
            let arguments = json!({ "after": good, "before": wrong });
            assert_eq!(refused(&api.alice, arguments).await, "before");
        }
    }

    async fn a_refused_list_leaves_its_neighbours_alone(api: Api) {
        let query = "{ viewer { id } tasks(after: \"garbage\") { totalCount } }";
        let json = api.alice.post(query, json!({})).await.json();
        assert_eq!(json["errors"][0]["path"], json!(["tasks"]), "{json:#}");
        assert_eq!(json["errors"][0]["extensions"]["field"], "after");
    }

    async fn a_cursor_serves_under_another_filter(api: Api) {
        letters(&api, "edcba").await;
        let list = page(&api.alice, json!({})).await;
        let b = list.tasks[1]["id"].as_str().unwrap();
        let d = list.tasks[3]["id"].as_str().unwrap();
        for id in [b, d] {
            api.alice.updates(json!({ "id": id, "completed": true })).await;
        }

        // It stands at a task that the filter does not show.
        let arguments = json!({ "after": list.at("b"), "filter": { "completed": false } });
        assert_eq!(shown(&api.alice, arguments).await, "… c e");
        let arguments =
            json!({ "last": 1, "before": list.at("d"), "filter": { "completed": false } });
        assert_eq!(shown(&api.alice, arguments).await, "… c …");
        let arguments = json!({ "after": list.at("c"), "filter": { "completed": true } });
        assert_eq!(shown(&api.alice, arguments).await, "… d");
    }

    async fn a_cursor_outlives_its_task(api: Api) {
        letters(&api, "edcba").await;
        let list = page(&api.alice, json!({})).await;

        // Into the trash, and away for good: the place stays.
        for permanently in [false, true] {
            let input = json!({ "id": list.tasks[2]["id"], "permanently": permanently });
            api.alice.delete(input).await.data();
            for (arguments, expected) in [
                (json!({ "after": list.at("c") }), "… d e"),
                (json!({ "last": 1, "before": list.at("c") }), "… b …"),
                (json!({ "first": 0, "after": list.at("c") }), "… …"),
            ] {
                assert_eq!(shown(&api.alice, arguments).await, expected);
            }
        }
    }

    async fn a_cursor_stays_where_it_was_when_its_task_moves(api: Api) {
        letters(&api, "abc").await;
        let order = json!([{ "field": "TITLE" }]);
        let list = page(&api.alice, json!({ "orderBy": order })).await;
        api.alice.updates(json!({ "id": list.tasks[0]["id"], "title": "z" })).await;

        let arguments = json!({ "orderBy": order, "after": list.at("a") });
        assert_eq!(shown(&api.alice, arguments).await, "b c z");
    }

    async fn bob_sees_his_own_tasks_by_alices_cursor(api: Api) {
        letters(&api, "edcba").await;
        let alices = page(&api.alice, json!({})).await;
        for title in ["old", "new"] {
            api.bob.creates(title).await;
        }

        // All of Bob's are newer than Alice's.
        assert_eq!(shown(&api.bob, json!({ "after": alices.at("c") })).await, "…");
        let bobs = page(&api.bob, json!({ "before": alices.at("c") })).await;
        assert_eq!(bobs.shown(), "new old");
        assert_eq!(bobs.total, 2);
        // To Bob it is worth as much as a cursor that nobody made.
        let invented =
            altered(alices.at("c"), "/2/1", json!("00000000-0000-4000-8000-000000000000"));
        for field in ["after", "before"] {
            let by_alices = try_page(&api.bob, json!({ field: alices.at("c") })).await;
            let by_invented = try_page(&api.bob, json!({ field: invented })).await;
            assert_eq!(by_alices.json(), by_invented.json());
        }
    }
}
