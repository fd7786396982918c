//! Filters: which tasks they match, and how large they may be.

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::page::{page, refused, shown};
use crate::harness::{Api, on_each_database};

/// The instant that many milliseconds after the tests begin.
fn at(millis: u32) -> String {
    format!("2026-11-21T09:30:00.{millis:03}Z")
}

/// Five tasks, one a millisecond.
///
/// | task | priority | due              | completed | updated |
/// |------|----------|------------------|-----------|---------|
/// | a, 0 | NONE     |                  |           | 0       |
/// | b, 1 | LOW      | 22 November      | 1         | 1       |
/// | c, 2 | MEDIUM   | 23 November      |           | 2       |
/// | d, 3 | HIGH     | 23 November, 12h | 3         | 3       |
/// | e, 4 | URGENT   | 1 December       |           | 9       |
async fn five_tasks(api: &Api) {
    let mut last = Value::Null;
    for (title, priority, completed, due) in [
        ("a", "NONE", false, Value::Null),
        ("b", "LOW", true, json!({ "on": "2026-11-22" })),
        ("c", "MEDIUM", false, json!({ "on": "2026-11-23" })),
        ("d", "HIGH", true, json!({ "at": "2026-11-23T12:00:00Z" })),
        ("e", "URGENT", false, json!({ "on": "2026-12-01" })),
    ] {
        let input = json!({
            "title": title, "priority": priority, "completed": completed, "due": due,
        });
        last = api.alice.creates_with(input).await;
        api.wait(TimeDelta::milliseconds(1));
    }
    api.wait(TimeDelta::milliseconds(4));
    let changed = api.alice.updates(json!({ "id": last["id"], "description": "changed" })).await;
    assert_eq!(changed["updatedAt"], at(9));
}

/// The titles that a filter keeps, in alphabetical order.
async fn kept(api: &Api, filter: &Value) -> String {
    let order = json!([{ "field": "TITLE" }]);
    let page = page(&api.alice, json!({ "filter": filter, "orderBy": order })).await;
    let titles: String = page.tasks.iter().map(|task| task["title"].as_str().unwrap()).collect();
    assert_eq!(page.total, titles.len() as u64, "{filter}");
    titles
}

on_each_database! {
    async fn a_filter_of_a_thousand_values_compares_each_with_its_own(api: Api) {
        for day in ["2026-01-10", "2026-02-10", "2026-03-10"] {
            api.alice.creates_with(json!({ "title": day, "due": { "on": day } })).await;
        }
        let tags: Vec<_> = (0..1_001).map(|_| uuid::Uuid::new_v4()).collect();
        for count in 997..=1_001 {
            let mut and = vec![json!({ "dueOn": { "lte": "2026-03-31" } })];
            and.extend(tags[..count].chunks(50).map(|ids| json!({ "not": { "tags": { "anyOf": ids } } })));
            and.push(json!({ "dueOn": { "lte": "2026-01-31" } }));
            assert_eq!(api.alice.finds(json!({ "and": and })).await, "2026-01-10", "{count}");
        }
    }

    async fn alice_filters_by_each_comparison(api: Api) {
        five_tasks(&api).await;
        for (filter, expected) in [
            (json!(null), "abcde"),
            (json!({}), "abcde"),
            (json!({ "completed": true }), "bd"),
            (json!({ "completed": false }), "ace"),
            (json!({ "priority": { "in": ["LOW", "URGENT"] } }), "be"),
            (json!({ "priority": { "in": ["LOW", "LOW"] } }), "b"),
            (json!({ "priority": { "in": [] } }), ""),
            (json!({ "priority": { "gte": "MEDIUM" } }), "cde"),
            (json!({ "priority": { "gte": "NONE" } }), "abcde"),
            (json!({ "priority": { "lte": "LOW" } }), "ab"),
            (json!({ "priority": { "gte": "LOW", "lte": "HIGH" } }), "bcd"),
            (json!({ "priority": { "gte": "HIGH", "lte": "LOW" } }), ""),
            (json!({ "priority": { "in": ["LOW", "HIGH"], "gte": "MEDIUM" } }), "d"),
            (json!({ "dueOn": { "eq": "2026-11-23" } }), "cd"),
            (json!({ "dueOn": { "gt": "2026-11-22" } }), "cde"),
            (json!({ "dueOn": { "gt": "2026-11-23" } }), "e"),
            (json!({ "dueOn": { "gte": "2026-11-23" } }), "cde"),
            (json!({ "dueOn": { "lt": "2026-11-23" } }), "b"),
            (json!({ "dueOn": { "lte": "2026-11-23" } }), "bcd"),
            (json!({ "dueOn": { "lt": "9999-12-31" } }), "bcde"),
            (json!({ "dueOn": { "gt": "0000-01-01" } }), "bcde"),
            (json!({ "dueOn": { "gte": "2026-11-22", "lt": "2026-12-01" } }), "bcd"),
            (json!({ "dueOn": { "isNull": true } }), "a"),
            (json!({ "dueOn": { "isNull": false } }), "bcde"),
            (json!({ "dueOn": { "isNull": true, "gte": "2026-11-22" } }), ""),
            (json!({ "dueOn": { "isNull": false, "gte": "2026-11-24" } }), "e"),
            (json!({ "completedAt": { "gt": at(1) } }), "d"),
            (json!({ "completedAt": { "gte": at(1) } }), "bd"),
            (json!({ "completedAt": { "lt": at(3) } }), "b"),
            (json!({ "completedAt": { "lte": at(3) } }), "bd"),
            (json!({ "completedAt": { "isNull": true } }), "ace"),
            (json!({ "completedAt": { "isNull": false } }), "bd"),
            (json!({ "createdAt": { "gt": at(1) } }), "cde"),
            (json!({ "createdAt": { "gte": at(1) } }), "bcde"),
            (json!({ "createdAt": { "lt": at(1) } }), "a"),
            (json!({ "createdAt": { "lte": at(1) } }), "ab"),
            (json!({ "createdAt": { "gte": at(1), "lte": at(3) } }), "bcd"),
            (json!({ "createdAt": { "gte": "2026-11-21T10:30:00.002+01:00" } }), "cde"),
            (json!({ "createdAt": { "isNull": true } }), ""),
            (json!({ "createdAt": { "isNull": false } }), "abcde"),
            (json!({ "updatedAt": { "gt": at(3) } }), "e"),
            (json!({ "updatedAt": { "gte": at(3) } }), "de"),
            (json!({ "updatedAt": { "lt": at(2) } }), "ab"),
            (json!({ "updatedAt": { "lte": at(2) } }), "abc"),
            (json!({ "updatedAt": { "isNull": true } }), ""),
            (json!({ "updatedAt": { "isNull": false } }), "abcde"),
            (json!({ "completed": true, "priority": { "gte": "HIGH" } }), "d"),
            (json!({ "completed": false, "completedAt": { "isNull": false } }), ""),
        ] {
            assert_eq!(kept(&api, &filter).await, expected, "{filter}");
        }
    }

    async fn alice_combines_filters(api: Api) {
        five_tasks(&api).await;
        let (b, e) =
            (json!({ "priority": { "in": ["LOW"] } }), json!({ "priority": { "gte": "URGENT" } }));
        let completed = json!({ "completed": true });
        for (filter, expected) in [
            (json!({ "and": [{ "completed": true }, { "priority": { "gte": "HIGH" } }] }), "d"),
            (json!({ "and": [b, e] }), ""),
            (json!({ "or": [b, e] }), "be"),
            (json!({ "or": [b] }), "b"),
            (json!({ "not": b }), "acde"),
            (json!({ "not": { "not": b } }), "b"),
            // Beside each other all must hold.
            (json!({ "completed": true, "or": [b, e] }), "b"),
            (json!({ "and": [{ "completed": false }], "or": [b, e], "not": b }), "e"),
            (json!({ "not": { "or": [b, e] } }), "acd"),
            (json!({ "not": { "completed": true, "priority": { "gte": "HIGH" } } }), "abce"),
            (json!({ "or": [{ "and": [completed, b] }, { "not": completed }] }), "abce"),
            // What is not due is not due before a day, nor after it.
            (json!({ "not": { "dueOn": { "lt": "2026-11-23" } } }), "acde"),
            (json!({ "not": { "dueOn": { "gte": "2026-11-23" } } }), "ab"),
            (json!({ "not": { "dueOn": { "eq": "2026-11-22" } } }), "acde"),
            (json!({ "not": { "dueOn": { "isNull": true } } }), "bcde"),
            (json!({ "not": { "completedAt": { "gt": at(1) } } }), "abce"),
            (json!({ "not": { "not": { "completedAt": { "gt": at(1) } } } }), "d"),
            (json!({ "not": { "or": [{ "dueOn": { "lt": "2026-11-23" } }, e] } }), "acd"),
            (json!({ "not": { "and": [{ "dueOn": { "lt": "2026-11-23" } }, e] } }), "abcde"),
            (json!({ "not": { "priority": { "in": [] } } }), "abcde"),
        ] {
            assert_eq!(kept(&api, &filter).await, expected, "{filter}");
        }
    }

    async fn a_filter_that_asks_for_nothing_is_as_if_left_out(api: Api) {
        five_tasks(&api).await;
        for nothing in [
            json!({
                "and": null, "or": null, "not": null, "search": null, "completed": null, "overdue": null,
                "priority": null, "dueOn": null, "completedAt": null, "createdAt": null,
                "updatedAt": null, "tags": null, "list": null, "parent": null, "trash": null,
            }),
            json!({ "and": [] }),
            json!({ "or": [] }),
            json!({ "not": {} }),
            json!({ "and": [{}, {}] }),
            json!({ "or": [{}, {}] }),
            json!({ "not": { "not": {} } }),
            json!({ "not": { "or": [{ "and": [] }] } }),
            json!({ "priority": {} }),
            json!({ "priority": { "in": null, "gte": null, "lte": null } }),
            json!({ "dueOn": { "eq": null, "gt": null, "isNull": null, "within": null } }),
            json!({ "not": { "createdAt": { "gt": null, "isNull": null } } }),
            json!({ "tags": {}, "list": {}, "parent": {} }),
            json!({ "not": { "tags": { "anyOf": null, "allOf": null, "noneOf": null } } }),
            json!({ "not": { "list": { "in": null, "isNull": null }, "parent": { "in": null } } }),
            json!({ "search": "" }),
            json!({ "not": { "search": "🎉" } }),
        ] {
            assert_eq!(kept(&api, &nothing).await, "abcde", "{nothing}");
            let mut beside = nothing.clone();
            beside["completed"] = json!(true);
            assert_eq!(kept(&api, &beside).await, "bd", "{beside}");
        }
        // Among alternatives, the one that asks for nothing holds for every task.
        let either = json!({ "or": [{ "completed": true }, {}] });
        assert_eq!(kept(&api, &either).await, "abcde");
        assert_eq!(kept(&api, &json!({ "not": either })).await, "");
    }

    async fn the_trash_is_opened_at_the_top_only(api: Api) {
        five_tasks(&api).await;
        let list = page(&api.alice, json!({})).await;
        for trashed in [1, 3] {
            api.alice.delete(json!({ "id": list.tasks[trashed]["id"] })).await.data();
        }
        for (filter, expected) in [
            (json!({}), "ace"),
            (json!({ "trash": null }), "ace"),
            (json!({ "trash": "EXCLUDE" }), "ace"),
            (json!({ "trash": "ONLY" }), "bd"),
            (json!({ "trash": "INCLUDE" }), "abcde"),
            (json!({ "trash": "INCLUDE", "completed": true }), "bd"),
            (json!({ "trash": "ONLY", "not": { "priority": { "gte": "HIGH" } } }), "b"),
            (json!({ "trash": "INCLUDE", "not": { "completed": true } }), "ace"),
            // Inside of an operator it is not looked at.
            (json!({ "and": [{ "trash": "ONLY" }] }), "ace"),
            (json!({ "or": [{ "trash": "INCLUDE" }] }), "ace"),
            (json!({ "not": { "trash": "EXCLUDE" } }), "ace"),
            (json!({ "not": { "trash": "INCLUDE", "completed": false } }), ""),
            (json!({ "trash": "ONLY", "and": [{ "trash": "EXCLUDE" }] }), "bd"),
            (json!({ "trash": "INCLUDE", "not": { "trash": "ONLY" } }), "abcde"),
        ] {
            assert_eq!(kept(&api, &filter).await, expected, "{filter}");
        }

        // Its pages are pages like others.
        let only = json!({ "trash": "ONLY" });
        let first = page(&api.alice, json!({ "filter": only, "first": 1 })).await;
        assert_eq!((&*first.shown(), first.total), ("d …", 2));
        let rest = json!({ "filter": only, "after": first.cursors[0] });
        assert_eq!(shown(&api.alice, rest).await, "… b");

        let restored = first.tasks[0]["id"].as_str().unwrap();
        api.alice.restore(restored).await.data();
        assert_eq!(kept(&api, &json!({})).await, "acde");
        assert_eq!(kept(&api, &only).await, "b");
    }

    async fn the_trash_is_filtered_like_other_tasks(api: Api) {
        let outline = api.create("Garden: a(b c) d; e").await;
        let tag = outline.person().creates_tag("tag").await;
        for task in ["b", "c", "d"] {
            let input = json!({ "id": outline.id(task), "addTagIds": [tag] });
            outline.person().updates(input).await;
        }
        for task in ["b", "d", "e"] {
            outline.trashes(task).await;
        }
        let (garden, a) = (outline.id("Garden"), outline.id("a"));
        for (filter, in_trash, outside) in [
            (json!({}), "b d e", "a c"),
            (json!({ "list": { "in": [garden] } }), "b d", "a c"),
            (json!({ "not": { "list": { "in": [garden] } } }), "e", ""),
            (json!({ "parent": { "in": [a] } }), "b", "c"),
            (json!({ "parent": { "isNull": true } }), "d e", "a"),
            (json!({ "tags": { "anyOf": [tag] } }), "b d", "c"),
            (json!({ "tags": { "noneOf": [tag] } }), "e", "a"),
            (json!({ "tags": { "allOf": [tag] }, "parent": { "in": [a] } }), "b", "c"),
            (json!({ "or": [{ "parent": { "in": [a] } }, { "list": { "isNull": true } }] }), "b e", "c"),
        ] {
            for (trash, found) in [("ONLY", in_trash), ("EXCLUDE", outside)] {
                let mut filter = filter.clone();
                filter["trash"] = json!(trash);
                assert_eq!(outline.person().finds(filter.clone()).await, found, "{filter}");
            }
        }
    }

    async fn filters_nest_three_deep(api: Api) {
        five_tasks(&api).await;
        let completed = json!({ "completed": true });
        let nested = |operators: &[&str]| {
            operators.iter().rev().fold(completed.clone(), |filter, operator| match *operator {
                "not" => json!({ "not": filter }),
                operator => json!({ operator: [{ "priority": { "in": [] } }, filter] }),
            })
        };
        for (operators, expected) in [
            (["or", "or", "or"], "bd"),
            (["not", "not", "not"], "ace"),
            (["not", "or", "not"], "bd"),
            (["not", "and", "or"], "abcde"),
        ] {
            assert_eq!(kept(&api, &nested(&operators)).await, expected, "{operators:?}");
        }
        for (operators, field) in [
            (["or", "or", "or", "or"], "filter.or.1.or.1.or.1.or.0"),
            (["and", "and", "and", "and"], "filter.and.1.and.1.and.1.and.0"),
            (["not", "not", "not", "not"], "filter.not.not.not.not"),
            (["not", "or", "not", "and"], "filter.not.or.1.not.and.0"),
        ] {
            let filter = json!({ "filter": nested(&operators) });
            assert_eq!(refused(&api.alice, filter).await, field);
        }
        // Beside each other is not inside of each other.
        let three = nested(&["or", "or", "or"]);
        let filter = json!({ "and": [{ "not": { "not": completed } }], "or": [completed], "not": {
            "not": { "or": [completed, completed] }
        } });
        assert_eq!(kept(&api, &filter).await, "bd");
        assert_eq!(
            kept(&api, &json!({ "or": three["or"], "not": { "not": completed } })).await,
            "bd"
        );
    }

    async fn a_filter_has_fifty_conditions(api: Api) {
        five_tasks(&api).await;
        let one = json!({ "completed": true });
        let two = json!({ "dueOn": { "gte": "2026-11-22", "lte": "2026-12-01" } });
        let places = json!({ "list": { "in": [], "isNull": true }, "parent": { "in": [] } });
        let tags = json!({ "tags": { "anyOf": [], "allOf": [], "noneOf": [] } });
        let four = json!({
            "completed": true,
            "priority": { "in": ["HIGH"], "gte": "LOW" },
            "createdAt": { "isNull": false },
        });
        for (conditions, more) in [
            (json!(vec![&one; 50]), &one),
            (json!(vec![&two; 25]), &one),
            (json!(vec![&two; 25]), &two),
            (json!([vec![&places; 16], vec![&two]].concat()), &one),
            (json!([vec![&places; 16], vec![&one]].concat()), &two),
            (json!([vec![&tags; 16], vec![&two]].concat()), &one),
            (json!(vec![&tags; 16]), &places),
            (json!([vec![&four; 12], vec![&two]].concat()), &one),
        ] {
            kept(&api, &json!({ "or": conditions })).await;
            kept(&api, &json!({ "and": conditions })).await;
            kept(&api, &json!({ "not": { "or": conditions } })).await;
            // One more, wherever it stands.
            for filter in [
                json!({ "or": conditions, "not": more }),
                json!({ "and": [{ "or": conditions }, more] }),
                json!({ "or": [{ "not": more }, { "or": conditions }] }),
            ] {
                assert_eq!(refused(&api.alice, json!({ "filter": filter })).await, "filter");
            }
        }
        let mut filter = four;
        filter["search"] = json!("milk");
        let filter = json!({ "and": [{ "or": vec![&one; 46] }, filter] });
        assert_eq!(refused(&api.alice, json!({ "filter": filter })).await, "filter");
    }

    async fn a_long_filter_is_no_internal_error(api: Api) {
        five_tasks(&api).await;
        let ids = || (0..100).map(|_| Uuid::new_v4().to_string()).collect::<Vec<_>>();
        let mut places = vec![json!({ "not": { "parent": { "isNull": true } } })];
        places.extend((0..49).map(|at| {
            json!({ if at % 2 == 0 { "list" } else { "parent" }: { "in": ids() } })
        }));
        assert_eq!(kept(&api, &json!({ "or": places })).await, "");
        assert_eq!(kept(&api, &json!({ "not": { "or": places } })).await, "abcde");

        let many = [vec!["LOW"; 5_000], vec!["URGENT"]].concat();
        assert_eq!(kept(&api, &json!({ "priority": { "in": many } })).await, "be");
        let mut some = vec![json!({}); 49];
        some.push(json!({ "completed": true }));
        assert_eq!(kept(&api, &json!({ "and": some })).await, "bd");
        assert_eq!(kept(&api, &json!({ "or": some })).await, "abcde");
        assert_eq!(kept(&api, &json!({ "and": some, "or": some })).await, "bd");

        // A hundred filters inside of a filter, those too that ask for nothing.
        for filter in [
            json!({ "and": some, "or": some, "not": {} }),
            json!({ "and": vec![json!({}); 101] }),
            json!({ "or": vec![json!({}); 1_000] }),
            json!({ "or": vec![json!({ "not": {} }); 51] }),
        ] {
            assert_eq!(refused(&api.alice, json!({ "filter": filter })).await, "filter");
        }
    }
}
