//! Relevance of tasks for a search, and the order by it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::page::{List, letters, opened, page, refused, shown};
use crate::harness::{Api, Person, on_each_database};

/// The arguments of a list of what a search finds, the best match first or last.
fn by_relevance(search: &str, direction: &str) -> Value {
    json!({
        "filter": { "search": search },
        "orderBy": [{ "field": "RELEVANCE", "direction": direction }],
    })
}

/// What a search finds, the best match first, each with its relevance. However it is read, the order
/// is the same, and the other way round it is the opposite one.
async fn ranked(person: &Person, search: &str) -> String {
    let best_first = List::Tasks.walked(person, &by_relevance(search, "DESC")).await;
    let mut best_last = List::Tasks.walked(person, &by_relevance(search, "ASC")).await;
    best_last.tasks.reverse();
    assert_eq!(best_last.tasks, best_first.tasks, "{search}");

    let with_relevance = |(task, cursor): (&Value, &String)| {
        format!("{} {}", task["title"].as_str().unwrap(), opened(cursor)[2][0][0])
    };
    best_first
        .tasks
        .iter()
        .zip(&best_first.cursors)
        .map(with_relevance)
        .collect::<Vec<_>>()
        .join("; ")
}

/// Alice creates tasks of these titles and descriptions, one a millisecond.
async fn tasks(api: &Api, tasks: &[(&str, &str)]) {
    for (title, description) in tasks {
        api.alice.creates_with(json!({ "title": title, "description": description })).await;
        api.wait(TimeDelta::milliseconds(1));
    }
}

on_each_database! {
    async fn a_word_is_worth_most_as_a_whole_in_the_title(api: Api) {
        tasks(&api, &[
            ("one", "milkshake"),
            ("two", "a milkshake of milk"),
            ("milkman", "milk"),
            ("milkshake", ""),
            ("milk", "milkshake"),
            ("no milkshake, milk", "milk"),
            ("buttermilk", "skimmed"),
        ]).await;
        let best = "no milkshake, milk 4; milk 4; milkshake 3; milkman 3; two 2; one 1";
        assert_eq!(ranked(&api.alice, "milk").await, best);
        assert_eq!(ranked(&api.alice, " MÌLK! ").await, best);
        // Begun but not written out, it is worth 3 or 1.
        assert_eq!(
            ranked(&api.alice, "mil").await,
            "no milkshake, milk 3; milk 3; milkshake 3; milkman 3; two 1; one 1"
        );
        assert_eq!(ranked(&api.alice, "cheese").await, "");
    }

    async fn words_add_up_and_only_the_last_may_go_on(api: Api) {
        tasks(&api, &[
            ("1", "buy milk"),
            ("2", "buying milk, to buy milkshakes"),
            ("milk", "buy"),
            ("milkshake", "buy"),
            ("buy", "milkshake"),
            ("buy it", "milk"),
            ("buy milkshake", "buy milk"),
            ("buy milk", ""),
            ("milk to buy", "buy milk"),
            ("buying milk", "sold out"),
        ]).await;
        assert_eq!(
            ranked(&api.alice, "buy milk").await,
            "milk to buy 8; buy milk 8; buy milkshake 7; buy it 6; milk 6; buy 5; milkshake 5; 2 4; 1 4"
        );
        assert_eq!(
            ranked(&api.alice, "milk buy").await,
            "milk to buy 8; buy milk 8; buying milk 7; buy milkshake 6; buy it 6; milk 6; 2 4; 1 4"
        );
        // One that is typed twice counts twice, the last time as far as it goes.
        assert_eq!(
            ranked(&api.alice, "milk milk").await,
            "buying milk 8; milk to buy 8; buy milk 8; milk 8; buy milkshake 5; buy it 4; 2 4; 1 4"
        );
        assert_eq!(ranked(&api.alice, "buy buying mi").await, "2 5");
        assert_eq!(ranked(&api.alice, "milk sold o").await, "buying milk 7");
    }

    async fn letters_and_signs_are_those_of_the_search(api: Api) {
        for (title, search, relevance) in [
            ("Don't panic", "don't", "4"),
            ("Don’t panic, either", "don’t pan", "7"),
            ("snake_case", "snake_case", "4"),
            ("snakeXcase", "snakex", "3"),
            ("snake_cases", "snake_cases s", "7"),
            ("100% of 3.14", "100% 3.1", "7"),
            ("back\\slash", "\\slash back\\", "8"),
            ("Crème BRÛLÉE", "creme brûl", "7"),
            ("ΟΔΟΣ", "οδος", "4"),
            ("Straße", "STRASS", "3"),
            ("東京タワー", "東 タ", "7"),
            ("[a-z]*", "a z", "8"),
        ] {
            tasks(&api, &[(title, "")]).await;
            assert_eq!(ranked(&api.alice, search).await, format!("{title} {relevance}"));
        }
        // They stand for themselves, in the order too.
        assert_eq!(ranked(&api.alice, "snake_case").await, "snake_case 4; snake_cases 3");
        assert_eq!(ranked(&api.alice, "s").await, "Straße 3; back\\slash 3; snake_cases 3; snakeXcase 3; snake_case 3");
    }

    async fn those_that_match_alike_follow_by_creation_and_id(api: Api) {
        let id = |number: u32| format!("00000000-0000-4000-8000-{number:012}");
        for (number, title) in [(5, "milk c"), (4, "milkman"), (3, "milk b"), (1, "milk a"), (2, "Milkmaid")] {
            api.alice.creates_with(json!({ "id": id(number), "title": title })).await;
            if number == 3 {
                api.wait(TimeDelta::milliseconds(1));
            }
        }
        assert_eq!(ranked(&api.alice, "milk").await, "milk a 4; milk c 4; milk b 4; Milkmaid 3; milkman 3");
        // A change is no creation.
        api.alice.updates(json!({ "id": id(3), "priority": "HIGH" })).await;
        assert_eq!(ranked(&api.alice, "milk").await, "milk a 4; milk c 4; milk b 4; Milkmaid 3; milkman 3");
    }

    async fn nothing_is_relevant_to_a_search_without_words(api: Api) {
        letters(&api, "abc").await;
        for search in ["", " ", "🎉", "%", "\""] {
            assert_eq!(ranked(&api.alice, search).await, "c 0; b 0; a 0", "{search:?}");
        }
        // What nobody searches for is no search.
        assert_eq!(refused(&api.alice, json!({ "orderBy": [{ "field": "RELEVANCE" }] })).await, "orderBy");
    }

    async fn a_search_of_many_words_is_ranked_too(api: Api) {
        let words: Vec<_> = (0..30).map(|number| format!("w{number:02} ")).collect();
        let all = words.concat();
        let (half, rest) = all.split_at(all.len() / 2);
        tasks(&api, &[(&all, ""), (half, rest), ("nothing", &all)]).await;
        assert_eq!(
            ranked(&api.alice, &all).await,
            format!("{} 120; {} 90; nothing 60", all.trim(), half.trim())
        );
        let (letters, longest) = ("東".repeat(100), "東".repeat(200));
        api.alice.creates(&letters).await;
        assert_eq!(ranked(&api.alice, &letters).await, format!("{letters} 400"));
        assert_eq!(ranked(&api.alice, &longest).await, format!("{letters} 800"));
    }

    async fn relevance_is_one_field_among_others(api: Api) {
        for (title, description, priority) in [
            ("milk b", "", "LOW"),
            ("milk a", "", "HIGH"),
            ("milkman", "", "HIGH"),
            ("a", "milk", "HIGH"),
            ("milk b", "again", "HIGH"),
            ("b", "milk", "LOW"),
        ] {
            let input = json!({ "title": title, "description": description, "priority": priority });
            api.alice.creates_with(input).await;
            api.wait(TimeDelta::milliseconds(1));
        }
        let titles = async |order: Value| {
            let arguments = json!({ "filter": { "search": "milk" }, "orderBy": order });
            let whole = List::Tasks.walked(&api.alice, &arguments).await;
            let shown = whole.tasks.iter().map(|task| {
                let again = if task["description"] == "again" { "'" } else { "" };
                task["title"].as_str().unwrap().to_owned() + again
            });
            shown.collect::<Vec<_>>().join(", ")
        };
        let (best, worst) = (json!({ "field": "RELEVANCE", "direction": "DESC" }), json!({ "field": "RELEVANCE" }));
        let (title, urgent) = (json!({ "field": "TITLE" }), json!({ "field": "PRIORITY", "direction": "DESC" }));
        let oldest = json!({ "field": "CREATED_AT" });
        for (order, expected) in [
            (json!([best]), "milk b', milk a, milk b, milkman, b, a"),
            (json!([best, oldest]), "milk b, milk a, milk b', milkman, a, b"),
            (json!([best, title]), "milk a, milk b, milk b', milkman, a, b"),
            (json!([worst, title]), "a, b, milkman, milk a, milk b, milk b'"),
            (json!([best, urgent, title]), "milk a, milk b', milk b, milkman, a, b"),
            (json!([urgent, best]), "milk b', milk a, milkman, a, milk b, b"),
            (json!([urgent, worst]), "a, milkman, milk a, milk b', b, milk b"),
            (json!([title, best]), "a, b, milk a, milk b', milk b, milkman"),
            (json!([title, worst]), "a, b, milk a, milk b, milk b', milkman"),
            // Named twice, the first one counts; those that tie follow the last.
            (json!([best, worst]), "milk b, milk a, milk b', milkman, a, b"),
        ] {
            assert_eq!(titles(order.clone()).await, expected, "{order}");
        }
    }

    async fn relevance_needs_one_search_at_the_top(api: Api) {
        api.alice.creates("milk").await;
        let order = json!([{ "field": "TITLE" }, { "field": "RELEVANCE" }]);
        for filter in [
            json!({ "search": "milk" }),
            json!({ "search": "milk", "or": [{ "completed": false }], "not": { "search": null } }),
            json!({ "search": "!?" }),
        ] {
            let arguments = json!({ "filter": filter, "orderBy": order });
            assert_eq!(shown(&api.alice, arguments).await, "milk", "{filter}");
        }
        for filter in [
            Value::Null,
            json!({}),
            json!({ "search": null }),
            json!({ "and": [{ "search": "milk" }] }),
            json!({ "or": [{ "search": "milk" }] }),
            json!({ "not": { "search": "milk" } }),
            json!({ "search": "milk", "and": [{ "search": "milk" }] }),
            json!({ "search": "milk", "or": [{ "search": "" }, {}] }),
            json!({ "search": "", "not": { "and": [{ "search": "!?" }] } }),
        ] {
            let arguments = json!({ "filter": filter, "orderBy": order });
            assert_eq!(refused(&api.alice, arguments).await, "orderBy", "{filter}");
        }
        let milk = page(&api.alice, json!({})).await.tasks.remove(0);
        let subtasks = List::Subtasks(milk["id"].as_str().unwrap());
        assert_eq!(subtasks.refused(&api.alice, json!({ "orderBy": order })).await, "orderBy");
    }

    async fn a_place_by_relevance_serves_under_another_search_but_in_no_other_order(api: Api) {
        tasks(&api, &[("bread", "milk"), ("milk", "bread"), ("milk, bread", ""), ("milkshake", "breadcrumbs")]).await;
        let milk = page(&api.alice, by_relevance("milk", "DESC")).await;
        assert_eq!(milk.shown(), "milk, bread milk milkshake bread");

        // Where a match of 3 stands, whatever it matches.
        let mut bread = by_relevance("bread", "DESC");
        assert_eq!(shown(&api.alice, bread.clone()).await, "milk, bread bread milk milkshake");
        bread["after"] = json!(milk.at("milkshake"));
        assert_eq!(shown(&api.alice, bread.clone()).await, "… milk milkshake");
        bread["filter"] = json!({ "search": "" });
        assert_eq!(shown(&api.alice, bread).await, "milkshake milk, bread milk bread");

        for order in [
            json!([]),
            json!([{ "field": "RELEVANCE", "direction": "ASC" }]),
            json!([{ "field": "CREATED_AT", "direction": "DESC" }]),
            json!([{ "field": "RELEVANCE", "direction": "DESC" }, { "field": "CREATED_AT", "direction": "DESC" }]),
            json!([{ "field": "TITLE" }, { "field": "RELEVANCE", "direction": "DESC" }]),
        ] {
            for side in ["after", "before"] {
                let arguments = json!({ "filter": { "search": "milk" }, "orderBy": order, side: milk.at("milk") });
                assert_eq!(refused(&api.alice, arguments).await, side, "{order}");
            }
        }
    }
}
