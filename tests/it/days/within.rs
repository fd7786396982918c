//! `dueOn.within`: a number of days from the viewer's today on.

use serde_json::{Value, json};

use crate::harness::{Api, Person, Reply, on_each_database};

async fn ask(person: &Person, filter: &Value) -> Reply {
    let query = "query($filter: TaskFilter) { tasks(first: 100, filter: $filter, orderBy: [{ field: TITLE }]) \
        { nodes { title } totalCount } }";
    person.post(query, json!({ "filter": filter })).await
}

/// The titles of the tasks that a filter keeps, in alphabetical order.
async fn kept(person: &Person, filter: &Value) -> String {
    let data = ask(person, filter).await.data();
    let nodes = data["tasks"]["nodes"].as_array().unwrap();
    assert_eq!(data["tasks"]["totalCount"], nodes.len(), "{filter}");
    nodes.iter().map(|task| task["title"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

/// A task for each of these days, named after it, one at the last moment, and one that is not due.
async fn creates_days(person: &Person, days: &[&str]) {
    for day in days {
        let title = &day[day.len() - 2..];
        person.creates_with(json!({ "title": title, "due": { "on": day } })).await;
    }
    person.creates_with(json!({ "title": "end", "due": { "on": "9999-12-31" } })).await;
    person.creates("none").await;
}

on_each_database! {
    async fn it_counts_days_from_today_on(api: Api) {
        creates_days(&api.alice, &[
            "2026-11-20", "2026-11-21", "2026-11-22", "2026-11-27", "2026-11-28", "2026-11-29", "2026-11-30",
        ]).await;
        for (zone, instant, within, expected) in [
            ("UTC", "2026-11-21T23:59:59.999Z", "P0D", "21"),
            ("UTC", "2026-11-21T23:59:59.999Z", "P0W", "21"),
            ("UTC", "2026-11-21T23:59:59.999Z", "PT0S", "21"),
            ("UTC", "2026-11-21T23:59:59.999Z", "P1D", "21 22"),
            ("UTC", "2026-11-21T23:59:59.999Z", "P7D", "21 22 27 28"),
            ("UTC", "2026-11-21T23:59:59.999Z", "P1W", "21 22 27 28"),
            ("UTC", "2026-11-21T23:59:59.999Z", "P1W1D", "21 22 27 28 29"),
            ("UTC", "2026-11-22T00:00:00Z", "P0D", "22"),
            ("UTC", "2026-11-22T00:00:00Z", "P1W", "22 27 28 29"),
            ("Europe/Berlin", "2026-11-21T22:59:59.999Z", "P0D", "21"),
            ("Europe/Berlin", "2026-11-21T23:00:00Z", "P0D", "22"),
            ("America/St_Johns", "2026-11-22T03:29:59.999Z", "P0D", "21"),
            ("America/St_Johns", "2026-11-22T03:30:00Z", "P7D", "22 27 28 29"),
            ("Pacific/Apia", "2026-11-21T10:59:59.999Z", "P0D", "21"),
            ("Pacific/Apia", "2026-11-21T11:00:00Z", "P0D", "22"),
            // As far as the calendar goes, and beyond.
            ("UTC", "2026-11-28T00:00:00Z", "P2912110D", "28 29 30"),
            ("UTC", "2026-11-28T00:00:00Z", "P2912111D", "28 29 30 end"),
            ("UTC", "2026-11-28T00:00:00Z", "P99999999D", "28 29 30 end"),
            ("UTC", "2026-11-28T00:00:00Z", "P999999999999W", "28 29 30 end"),
            ("UTC", "2026-11-28T00:00:00Z", "P9223372036854775807D", "28 29 30 end"),
        ] {
            let alice = api.alice_at(instant);
            alice.moves_to(zone).await;
            let filter = json!({ "dueOn": { "within": within } });
            assert_eq!(kept(&alice, &filter).await, expected, "{zone} {instant} {within}");
            let all = kept(&alice, &json!({})).await;
            let others: Vec<_> = all.split(' ').filter(|title| !expected.contains(title)).collect();
            assert_eq!(kept(&alice, &json!({ "not": filter })).await, others.join(" "), "not {within}");
        }
    }

    async fn days_count_as_days_where_clocks_are_turned(api: Api) {
        creates_days(&api.alice, &["2026-03-28", "2026-03-29", "2026-03-30"]).await;
        creates_days(&api.alice, &["2026-10-24", "2026-10-25", "2026-10-26"]).await;
        creates_days(&api.alice, &["2011-12-29", "2011-12-30", "2011-12-31", "2012-01-01"]).await;
        for (zone, instant, within, expected) in [
            ("Europe/Berlin", "2026-03-28T22:59:59.999Z", "P1D", "28 29"),
            ("Europe/Berlin", "2026-03-28T23:00:00Z", "P1D", "29 30"),
            ("Europe/Berlin", "2026-03-29T21:59:59.999Z", "P0D", "29"),
            ("Europe/Berlin", "2026-03-29T22:00:00Z", "P0D", "30"),
            ("Europe/Berlin", "2026-10-24T22:00:00Z", "P0D", "25"),
            ("Europe/Berlin", "2026-10-25T22:59:59.999Z", "P1D", "25 26"),
            ("Europe/Berlin", "2026-10-25T23:00:00Z", "P1D", "26"),
            // The day that Apia skipped is still a day of the calendar.
            ("Pacific/Apia", "2011-12-30T09:59:59.999Z", "P0D", "29"),
            ("Pacific/Apia", "2011-12-30T09:59:59.999Z", "P1D", "29 30"),
            ("Pacific/Apia", "2011-12-30T09:59:59.999Z", "P2D", "29 30 31"),
            ("Pacific/Apia", "2011-12-30T10:00:00Z", "P0D", "31"),
            ("Pacific/Apia", "2011-12-30T10:00:00Z", "P1D", "01 31"),
        ] {
            let alice = api.alice_at(instant);
            alice.moves_to(zone).await;
            let filter = json!({ "dueOn": { "within": within } });
            assert_eq!(kept(&alice, &filter).await, expected, "{zone} {instant} {within}");
        }
    }

    async fn it_goes_with_the_other_conditions(api: Api) {
        creates_days(&api.alice, &["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"]).await;
        for (filter, expected) in [
            (json!({ "dueOn": { "within": null } }), "20 21 22 23 end none"),
            (json!({ "not": { "dueOn": { "within": null } } }), "20 21 22 23 end none"),
            (json!({ "dueOn": { "within": "P7D", "gt": "2026-11-21" } }), "22 23"),
            (json!({ "dueOn": { "within": "P7D", "isNull": true } }), ""),
            (json!({ "dueOn": { "within": "P1D" }, "overdue": false }), "21 22"),
            (json!({ "dueOn": { "within": "P1D" }, "overdue": true }), ""),
            (json!({ "or": [{ "overdue": true }, { "dueOn": { "within": "P0D" } }] }), "20 21"),
            (json!({ "or": [{ "dueOn": { "isNull": true } }, { "dueOn": { "within": "P0D" } }] }), "21 none"),
        ] {
            assert_eq!(kept(&api.alice, &filter).await, expected, "{filter}");
        }
    }

    async fn what_is_no_number_of_days_is_refused(api: Api) {
        for within in ["PT1S", "PT1H", "PT24H", "P1DT1H", "P1WT24H", "-P1D", "-P1W", "-PT1S"] {
            for (filter, field) in [
                (json!({ "dueOn": { "within": within } }), "filter.dueOn.within"),
                (json!({ "not": { "dueOn": { "within": within } } }), "filter.not.dueOn.within"),
                (json!({ "or": [{}, { "dueOn": { "within": within } }] }), "filter.or.1.dueOn.within"),
            ] {
                let reply = ask(&api.alice, &filter).await;
                assert_eq!((reply.status.as_u16(), &*reply.code()), (200, "BAD_USER_INPUT"), "{filter}");
                assert_eq!(reply.field(), field);
            }
        }
        for within in [
            json!(""), json!("P"), json!("7D"), json!("P7"), json!("p7d"), json!("P1M"), json!("P1Y"),
            json!("P0.5D"), json!("a week"), json!("P9223372036854775808D"), json!(7), json!(true), json!({}),
        ] {
            let reply = ask(&api.alice, &json!({ "dueOn": { "within": within } })).await;
            assert_eq!((reply.status.as_u16(), &*reply.code()), (400, "BAD_USER_INPUT"), "{within}");
            assert_eq!(reply.field(), "filter.dueOn.within", "{within}");

            let query = format!("{{ tasks(filter: {{ dueOn: {{ within: {within} }} }}) {{ totalCount }} }}");
            let reply = api.alice.post(&query, json!({})).await;
            assert_eq!((reply.status.as_u16(), &*reply.code()), (400, "GRAPHQL_VALIDATION_FAILED"), "{within}");
        }
    }

    async fn it_and_overdue_are_one_condition_each(api: Api) {
        creates_days(&api.alice, &["2026-11-20", "2026-11-21"]).await;
        for (one, expected) in
            [(json!({ "dueOn": { "within": "P0D" } }), "21"), (json!({ "overdue": true }), "20")]
        {
            assert_eq!(kept(&api.alice, &json!({ "or": vec![&one; 50] })).await, expected);
            assert_eq!(kept(&api.alice, &json!({ "and": vec![&one; 50] })).await, expected);
            let reply = ask(&api.alice, &json!({ "or": vec![&one; 51] })).await;
            assert_eq!((&*reply.code(), &*reply.field()), ("BAD_USER_INPUT", "filter"));
            let two = json!({ "dueOn": { "within": "P0D", "gte": "2026-11-21" } });
            let reply = ask(&api.alice, &json!({ "and": vec![&two; 25], "or": [one] })).await;
            assert_eq!((&*reply.code(), &*reply.field()), ("BAD_USER_INPUT", "filter"));
        }
    }
}
