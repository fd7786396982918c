//! Every order in both directions, read as a whole and page by page from both ends.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::page::{List, page};
use crate::harness::{Api, Person, ids::task_id, on_each_database};

fn by(field: &str, direction: &str) -> Value {
    json!([{ "field": field, "direction": direction }])
}

/// The titles in an order, which is the same however the list is paged.
async fn sorted_titles(person: &Person, order: &Value) -> String {
    List::Tasks.walked(person, &json!({ "orderBy": order })).await.shown()
}

on_each_database! {
    async fn tasks_sort_by_when_they_were_made_and_changed(api: Api) {
        // The ids run against the time, and two tasks share each millisecond.
        for (number, title) in ["a", "a'", "b", "b'", "c"].into_iter().enumerate() {
            api.alice.creates_with(json!({ "id": task_id(9 - number), "title": title })).await;
            if title.ends_with('\'') {
                api.wait(TimeDelta::milliseconds(1));
            }
        }
        assert_eq!(sorted_titles(&api.alice, &by("CREATED_AT", "ASC")).await, "a' a b' b c");
        assert_eq!(sorted_titles(&api.alice, &by("CREATED_AT", "DESC")).await, "c b b' a a'");

        for number in [9, 7] {
            api.wait(TimeDelta::milliseconds(1));
            api.alice.updates(json!({ "id": task_id(number), "description": "changed" })).await;
        }
        assert_eq!(sorted_titles(&api.alice, &by("UPDATED_AT", "ASC")).await, "a' b' c a b");
        assert_eq!(sorted_titles(&api.alice, &by("UPDATED_AT", "DESC")).await, "b a c b' a'");
        assert_eq!(sorted_titles(&api.alice, &by("CREATED_AT", "DESC")).await, "c b b' a a'");
    }

    async fn tasks_sort_by_when_they_were_completed_the_open_ones_last(api: Api) {
        for (number, (title, completed)) in
            [("open1", false), ("a", true), ("a'", true), ("open2", false), ("b", true)]
                .into_iter()
                .enumerate()
        {
            let input = json!({ "id": task_id(number), "title": title, "completed": completed });
            api.alice.creates_with(input).await;
            if title != "a" {
                api.wait(TimeDelta::milliseconds(1));
            }
        }
        let (asc, desc) = (by("COMPLETED_AT", "ASC"), by("COMPLETED_AT", "DESC"));
        assert_eq!(sorted_titles(&api.alice, &asc).await, "a a' b open1 open2");
        assert_eq!(sorted_titles(&api.alice, &desc).await, "b a' a open2 open1");

        // Reopened, and completed now.
        api.alice.updates(json!({ "id": task_id(2), "completed": false })).await;
        api.alice.updates(json!({ "id": task_id(0), "completed": true })).await;
        assert_eq!(sorted_titles(&api.alice, &asc).await, "a b open1 a' open2");
        assert_eq!(sorted_titles(&api.alice, &desc).await, "open1 b a open2 a'");
    }

    async fn tasks_sort_by_due_day_and_time_the_day_without_a_time_last(api: Api) {
        let day = |day: &str| json!({ "on": day });
        let time = |time: &str| json!({ "at": time });
        for (number, (title, due)) in [
            ("never1", Value::Null),
            ("22", day("2026-11-22")),
            ("22T08", time("2026-11-22T08:00:00Z")),
            ("22T08'", time("2026-11-22T09:00:00+01:00")),
            ("22T24", time("2026-11-22T23:59:59.999Z")),
            ("22T00", time("2026-11-22T00:00:00Z")),
            ("21", day("2026-11-21")),
            ("21'", day("2026-11-21")),
            ("21T24", time("2026-11-21T23:59:59.999Z")),
            ("never2", Value::Null),
            ("0000", day("0000-01-01")),
            ("0000T00", time("0000-01-01T00:00:00Z")),
            ("1969", day("1969-12-31")),
            ("1969T12", time("1969-12-31T12:00:00Z")),
            ("9999", day("9999-12-31")),
            ("9999T24", time("9999-12-31T23:59:59.999Z")),
        ]
        .into_iter()
        .enumerate()
        {
            api.alice.creates_with(json!({ "id": task_id(number), "title": title, "due": due })).await;
        }
        assert_eq!(
            sorted_titles(&api.alice, &by("DUE", "ASC")).await,
            "0000T00 0000 1969T12 1969 21T24 21 21' 22T00 22T08 22T08' 22T24 22 9999T24 9999 \
             never1 never2"
        );
        assert_eq!(
            sorted_titles(&api.alice, &by("DUE", "DESC")).await,
            "9999T24 9999 22T24 22T08' 22T08 22T00 22 21T24 21' 21 1969T12 1969 0000T00 0000 \
             never2 never1"
        );

        // A due that changes takes its task along.
        api.alice.updates(json!({ "id": task_id(2), "due": day("2026-11-22") })).await;
        api.alice.updates(json!({ "id": task_id(4), "due": null })).await;
        assert_eq!(
            sorted_titles(&api.alice, &by("DUE", "ASC")).await,
            "0000T00 0000 1969T12 1969 21T24 21 21' 22T00 22T08' 22 22T08 9999T24 9999 \
             never1 22T24 never2"
        );
    }

    async fn tasks_sort_by_priority(api: Api) {
        let priorities = ["MEDIUM", "NONE", "URGENT", "LOW", "HIGH", "NONE", "MEDIUM"];
        for (number, priority) in priorities.into_iter().enumerate() {
            let input =
                json!({ "id": task_id(number), "title": number.to_string(), "priority": priority });
            api.alice.creates_with(input).await;
        }
        assert_eq!(sorted_titles(&api.alice, &by("PRIORITY", "ASC")).await, "1 5 3 0 6 4 2");
        assert_eq!(sorted_titles(&api.alice, &by("PRIORITY", "DESC")).await, "2 4 6 0 3 5 1");
    }

    async fn tasks_sort_by_title_without_regard_to_case(api: Api) {
        for (number, title) in [
            "zebra",
            "Zebra",
            "apple",
            "Äpfel",
            "äpfel",
            "APPLE",
            "Éclair",
            "éclair",
            "Banana",
            "банан",
            "БАНАН",
            "ананас",
            "ωmega",
            "Ωmega",
            "10",
            "9",
            "\"quoted\"",
            "_",
            "%",
            "🎉",
            "ﬁn",
            "𐐨x",
            "𐐀x",
            "Zebra crossing",
            "zebra-crossing",
        ]
        .into_iter()
        .enumerate()
        {
            api.alice.creates_with(json!({ "id": task_id(number), "title": title })).await;
        }
        // By code point, which is neither the locale of the database nor the order of UTF-16.
        let ascending = [
            "\"quoted\"",
            "%",
            "10",
            "9",
            "_",
            "apple",
            "APPLE",
            "Banana",
            "zebra",
            "Zebra",
            "Zebra crossing",
            "zebra-crossing",
            "Äpfel",
            "äpfel",
            "Éclair",
            "éclair",
            "ωmega",
            "Ωmega",
            "ананас",
            "банан",
            "БАНАН",
            "ﬁn",
            "𐐨x",
            "𐐀x",
            "🎉",
        ];
        let descending: Vec<_> = ascending.into_iter().rev().collect();
        assert_eq!(sorted_titles(&api.alice, &by("TITLE", "ASC")).await, ascending.join(" "));
        assert_eq!(sorted_titles(&api.alice, &by("TITLE", "DESC")).await, descending.join(" "));

        api.alice.updates(json!({ "id": task_id(0), "title": "AARDVARK" })).await;
        let titles = sorted_titles(&api.alice, &by("TITLE", "ASC")).await;
        assert!(titles.contains("_ AARDVARK apple"), "{titles}");
    }

    async fn tasks_sort_by_two_and_three_things(api: Api) {
        for (number, (title, priority, completed)) in [
            ("a", "LOW", true),
            ("b", "HIGH", false),
            ("A", "HIGH", true),
            ("b", "LOW", false),
            ("a", "LOW", false),
            ("B", "HIGH", true),
            ("a", "HIGH", false),
            ("b", "LOW", true),
            ("a", "LOW", false),
        ]
        .into_iter()
        .enumerate()
        {
            let input = json!({
                "id": task_id(number), "title": title, "priority": priority, "completed": completed,
                "description": number.to_string(),
            });
            api.alice.creates_with(input).await;
            api.wait(TimeDelta::milliseconds(1));
        }
        // The numbers of the tasks, in order.
        let rows = async |order: Value| {
            sorted_titles(&api.alice, &order).await;
            let page = page(&api.alice, json!({ "orderBy": order })).await;
            let numbers = page.tasks.iter().map(|task| task["description"].as_str().unwrap());
            numbers.collect::<String>()
        };
        let order = |keys: &[(&str, &str)]| {
            keys.iter().map(|(field, way)| json!({ "field": field, "direction": way })).collect()
        };
        // Both the same way, then against each other; the id follows the last.
        let keys = [("PRIORITY", "ASC"), ("TITLE", "ASC")];
        assert_eq!(rows(order(&keys)).await, "048372615");
        let keys = [("PRIORITY", "DESC"), ("TITLE", "DESC")];
        assert_eq!(rows(order(&keys)).await, "516273840");
        let keys = [("PRIORITY", "ASC"), ("TITLE", "DESC")];
        assert_eq!(rows(order(&keys)).await, "738405162");
        let keys = [("PRIORITY", "DESC"), ("TITLE", "ASC")];
        assert_eq!(rows(order(&keys)).await, "261504837");
        // Three, with nulls last whichever way.
        let keys = [("PRIORITY", "DESC"), ("TITLE", "ASC"), ("COMPLETED_AT", "ASC")];
        assert_eq!(rows(order(&keys)).await, "265104873");
        let keys = [("TITLE", "DESC"), ("PRIORITY", "ASC"), ("COMPLETED_AT", "DESC")];
        assert_eq!(rows(order(&keys)).await, "735108426");
        let keys = [("PRIORITY", "ASC"), ("COMPLETED_AT", "DESC"), ("TITLE", "ASC")];
        assert_eq!(rows(order(&keys)).await, "704835261");
    }

    async fn an_order_that_is_named_again_adds_nothing(api: Api) {
        for (number, title) in ["b", "a", "a", "c"].into_iter().enumerate() {
            let input = json!({ "id": task_id(number), "title": title });
            api.alice.creates_with(input).await;
        }
        let again = json!([{ "field": "TITLE" }, { "field": "TITLE", "direction": "DESC" }]);
        assert_eq!(sorted_titles(&api.alice, &again).await, "a a b c");
        let page = page(&api.alice, json!({ "orderBy": again })).await;
        assert_eq!(page.ids(), [task_id(2), task_id(1), task_id(0), task_id(3)], "the id follows the last one");

        let often = vec![json!({ "field": "TITLE" }); 1000];
        assert_eq!(sorted_titles(&api.alice, &json!(often)).await, "a a b c");
    }
}
