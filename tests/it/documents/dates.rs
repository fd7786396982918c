//! How instants and days may be written.

use serde_json::{Value, json};

use super::refusal;
use crate::harness::{Api, Database, Person, on_each_database};

on_each_database! {
    async fn an_instant_becomes_utc_to_the_millisecond(api: Api) {
        for (written, kept) in [
            ("2026-11-21T09:30:00Z", "2026-11-21T09:30:00.000Z"),
            ("2026-11-21T09:30:00.5Z", "2026-11-21T09:30:00.500Z"),
            ("2026-11-21T09:30:00.123Z", "2026-11-21T09:30:00.123Z"),
            ("2026-11-21T09:30:00.123999Z", "2026-11-21T09:30:00.123Z"),
            ("2026-11-21T09:30:00.123456789012Z", "2026-11-21T09:30:00.123Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
            ("2026-11-21t09:30:00z", "2026-11-21T09:30:00.000Z"),
            ("2026-11-21T09:30:00+00:00", "2026-11-21T09:30:00.000Z"),
            ("2026-11-21T09:30:00-00:00", "2026-11-21T09:30:00.000Z"),
            ("2026-11-21T09:30:00+02:00", "2026-11-21T07:30:00.000Z"),
            ("2026-11-21T09:30:00-05:45", "2026-11-21T15:15:00.000Z"),
            ("2026-11-21T00:30:00+23:59", "2026-11-20T00:31:00.000Z"),
            ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000Z"),
            // A leap second is the first moment after it.
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        ] {
            let task = api.alice.creates_with(json!({"title": "x", "due": {"at": written}})).await;
            let due = json!([task["dueAt"], task["dueOn"]]);
            assert_eq!(due, json!([kept, &kept[..10]]), "{written}");

            let query = format!("mutation {{ createTask(input: {{title: \"x\", due: {{at: \"{written}\"}}}}) {{ task {{ dueAt }} }} }}");
            assert_eq!(api.alice.asks(&query).await["createTask"]["task"]["dueAt"], kept);

            let query = "query($id: ID!) { task(id: $id) { dueAt } }";
            let stored = api.alice.post(query, json!({"id": task["id"]})).await.data();
            assert_eq!(stored["task"]["dueAt"], kept, "as stored");
        }
    }

    async fn a_day_stays_as_it_was_written(api: Api) {
        for day in ["2026-11-21", "2024-02-29", "0000-01-01", "0000-02-29", "9999-12-31"] {
            let task = api.alice.creates_with(json!({"title": "x", "due": {"on": day}})).await;
            assert_eq!(json!([task["dueOn"], task["dueAt"]]), json!([day, null]));
            let query = "query($day: Date!) { tasks(filter: {dueOn: {eq: $day}}) { nodes { dueOn } } }";
            let found = api.alice.post(query, json!({"day": day})).await.data();
            assert_eq!(found, json!({"tasks": {"nodes": [{"dueOn": day}]}}));
        }
    }
}

/// How a due is refused in a variable, and in the document.
async fn refusals(person: &Person, kind: &str, due: &Value) -> [String; 2] {
    let by_variable = person.create(json!({"title": "x", "due": {kind: due}})).await;
    let query = format!(
        "mutation {{ createTask(input: {{title: \"x\", due: {{{kind}: {due}}}}}) \
         {{ task {{ id }} }} }}"
    );
    let in_document = person.post(&query, json!({})).await;
    [by_variable, in_document].map(|reply| {
        let (status, code) = refusal(&reply);
        format!("{status} {code} {}", reply.field())
    })
}

#[tokio::test]
async fn what_is_no_instant_is_refused() {
    let api = Api::start(Database::sqlite()).await;
    let texts = [
        "",
        "tomorrow",
        "2026-11-21",
        "09:30:00Z",
        "2026-11-21T09:30:00",
        "2026-11-21T09:30Z",
        "2026-11-21T09Z",
        "20261121T093000Z",
        "2026-11-21T09:30:00.Z",
        "2026-11-21T09:30:00,5Z",
        "2026-11-21T09:30:00+02",
        "2026-11-21T09:30:00+24:00",
        "2026-11-21T09:30:00+02:60",
        "2026-11-21T09:30:00 Europe/Berlin",
        "2026-11-21T24:00:00Z",
        "2026-11-21T09:60:00Z",
        "2026-11-21T09:30:61Z",
        "2026-02-30T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-1-1T00:00:00Z",
        "26-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "+10000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        " 2026-11-21T09:30:00Z",
        "2026-11-21T09:30:00Z ",
        "２０２６-11-21T09:30:00Z",
    ];
    let others = [json!(1_795_253_400), json!(1.5), json!(true), json!([]), json!({})];
    for due in texts.map(Value::from).into_iter().chain(others) {
        let refusals = refusals(&api.alice, "at", &due).await;
        let expected = ["400 BAD_USER_INPUT input.due.at", "400 GRAPHQL_VALIDATION_FAILED "];
        assert_eq!(refusals, expected, "{due}");
    }
    let count = api.alice.asks("{ tasks { totalCount } }").await;
    assert_eq!(count["tasks"]["totalCount"], 0);
}

#[tokio::test]
async fn what_is_no_day_is_refused() {
    let api = Api::start(Database::sqlite()).await;
    let texts = [
        "",
        "today",
        "2026-02-30",
        "2026-02-29",
        "1900-02-29",
        "2026-13-01",
        "2026-00-01",
        "2026-11-00",
        "2026-11-32",
        "2026-1-1",
        "26-11-21",
        "20261121",
        "2026/11/21",
        "21.11.2026",
        "2026-W47-6",
        "2026-325",
        "2026-11-21T00:00:00Z",
        "10000-01-01",
        "-001-01-01",
        "+2026-11-21",
        " 2026-11-21",
        "2026-11-21 ",
        "２０２６-11-21",
    ];
    let others = [json!(20_261_121), json!(true), json!([]), json!({})];
    for due in texts.map(Value::from).into_iter().chain(others) {
        let refusals = refusals(&api.alice, "on", &due).await;
        let expected = ["400 BAD_USER_INPUT input.due.on", "400 GRAPHQL_VALIDATION_FAILED "];
        assert_eq!(refusals, expected, "{due}");
    }
    let count = api.alice.asks("{ tasks { totalCount } }").await;
    assert_eq!(count["tasks"]["totalCount"], 0);
}
