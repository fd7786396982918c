//! What is found by its words.

use serde_json::json;

use super::page::{page, refused};
use crate::harness::{Api, Person, on_each_database};

/// The titles that a search finds, in the order in which they were made.
async fn found(person: &Person, search: &str) -> Vec<String> {
    let order = json!([{ "field": "CREATED_AT" }]);
    let filter = json!({ "search": search });
    let page = page(person, json!({ "filter": filter, "orderBy": order, "first": 100 })).await;
    page.tasks.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
}

/// Creates tasks of these titles, and looks what each search finds of them.
async fn check(api: &Api, titles: &[&str], searches: &[(&str, &[&str])]) {
    for title in titles {
        api.alice.creates(title).await;
    }
    for (search, expected) in searches {
        assert_eq!(found(&api.alice, search).await, *expected, "{search:?}");
    }
}

on_each_database! {
    async fn alice_finds_tasks_by_whole_words_and_the_last_as_far_as_she_typed(api: Api) {
        let (milk, milkshake, buttermilk) = ("Buy milk", "A milkshake to buy", "buttermilk");
        check(&api, &[milk, milkshake, buttermilk], &[
            ("milk", &[milk, milkshake]),
            ("mil", &[milk, milkshake]),
            ("milks", &[milkshake]),
            ("m", &[milk, milkshake]),
            ("butter", &[buttermilk]),
            ("ilk", &[]),
            ("buy milk", &[milk, milkshake]),
            ("milk buy", &[milk]),
            ("milkshake b", &[milkshake]),
            ("mil buy", &[]),
            ("  buy \n\t milk  ", &[milk, milkshake]),
            ("buy, milk!", &[milk, milkshake]),
            ("buy buy buy", &[milk, milkshake]),
            ("buy milk cheese", &[]),
        ])
        .await;
    }

    async fn alice_finds_words_in_title_and_description(api: Api) {
        let input = json!({ "title": "Buy milk", "description": "At the *market*,\nnot at Łódź" });
        let task = api.alice.creates_with(input).await;
        let milk = ["Buy milk"];

        for search in ["market", "milk market", "market milk", "at not", "łódź", "ŁÓD"] {
            assert_eq!(found(&api.alice, search).await, milk, "{search}");
        }
        // No phrase: a word of the title and one of the description may follow each other.
        assert_eq!(found(&api.alice, "market buy").await, milk);
        assert!(found(&api.alice, "cheese").await.is_empty());

        // The words follow the task.
        api.alice.updates(json!({ "id": task["id"], "description": "cheese" })).await;
        assert!(found(&api.alice, "market").await.is_empty());
        assert_eq!(found(&api.alice, "milk cheese").await, milk);
        api.alice.updates(json!({ "id": task["id"], "title": "Buy bread" })).await;
        assert!(found(&api.alice, "milk").await.is_empty());
        assert_eq!(found(&api.alice, "cheese bre").await, ["Buy bread"]);
        api.alice.updates(json!({ "id": task["id"], "description": null })).await;
        assert!(found(&api.alice, "cheese").await.is_empty());
    }

    async fn case_and_accents_do_not_matter(api: Api) {
        let titles = [
            "Crème BRÛLÉE", "creme brulee", "Ångström", "ЁЛКА", "елка", "ΟΔΟΣ", "οδός", "Straße",
            "STRASSE", "İstanbul", "istanbul", "Việt Nam", "ﬁnd", "e\u{301}te\u{301}", "ÉTÉ",
        ];
        let [creme, plain, angstrom, yolka, yelka, odos, small, strasse, loud, dotted, istanbul, viet, find, apart, ete] =
            titles;
        check(&api, &titles, &[
            ("creme brulee", &[creme, plain]),
            ("CRÈME BRÛL", &[creme, plain]),
            ("angstrom", &[angstrom]),
            ("A\u{30a}NGSTRO\u{308}M", &[angstrom]),
            ("елка", &[yolka, yelka]),
            ("Ёл", &[yolka, yelka]),
            ("οδος", &[odos, small]),
            ("ΟΔΌΣ", &[odos, small]),
            ("οδοσ", &[odos, small]),
            ("strasse", &[strasse, loud]),
            ("STRAẞE", &[strasse, loud]),
            ("ISTANBUL", &[dotted, istanbul]),
            ("İstan", &[dotted, istanbul]),
            ("viet nam", &[viet]),
            ("FIND", &[find]),
            ("été", &[apart, ete]),
            ("ete", &[apart, ete]),
        ])
        .await;
    }

    async fn words_end_where_unicode_says(api: Api) {
        let titles = [
            "don't panic", "3.14 is pi", "snake_case", "a-b", "user@example.com", "東京タワー",
            "한국어", "price: 5,000€", "C++ & C#", "1️⃣ first", "مرحبا بالعالم",
        ];
        let [dont, pi, snake, dash, mail, tokyo, korean, price, c, first, arabic] = titles;
        check(&api, &titles, &[
            ("don't", &[dont]),
            ("don't p", &[dont]),
            ("3.14", &[pi]),
            ("3.1", &[pi]),
            ("14", &[]),
            ("snake_case", &[snake]),
            ("snake_", &[snake]),
            ("case", &[]),
            ("a b", &[dash]),
            ("b a", &[dash]),
            ("user example", &[mail]),
            ("example.com user", &[mail]),
            ("東", &[tokyo]),
            ("東 京 タワー", &[tokyo]),
            ("タワー", &[tokyo]),
            ("한국어", &[korean]),
            ("한국", &[korean]),
            ("5,000", &[price]),
            ("5,000€ price", &[price]),
            ("c++", &[c]),
            ("1 first", &[first]),
            ("مرحبا", &[arabic]),
        ])
        .await;
    }

    async fn nothing_that_alice_types_is_an_operator(api: Api) {
        let titles = ["100% sure", "snake_case", "snakeXcase", "back\\slash", "milk or bread", "not milk", "it's"];
        let [percent, snake, _, slash, or, not, its] = titles;
        check(&api, &titles, &[
            ("100%", &[percent]),
            ("10%", &[percent]), // "10", as far as it goes
            ("1%0", &[]),
            ("1%", &[percent]),
            ("snake_case", &[snake]),
            ("snake_c", &[snake]),
            ("s_ake", &[]),
            ("snake_case%", &[snake]),
            ("back\\slash", &[slash]),
            ("back\\", &[slash]),
            ("\\ba", &[slash]),
            ("or", &[or]),
            ("milk OR bread", &[or]),
            ("bread or nothing", &[]),
            ("NOT milk", &[not]),
            ("-milk", &[or, not]),
            ("+milk", &[or, not]),
            ("mil*", &[or, not]),
            ("\"milk bread\"", &[or]),
            ("\"milk", &[or, not]),
            ("(milk | bread) & !x", &[]),
            ("milk:*", &[or, not]),
            ("milk <-> bread", &[or]),
            ("title:milk", &[]),
            ("it's", &[its]),
            ("'; DROP TABLE task; --", &[]),
            ("milk\0", &[or, not]),
            ("milk\0bread", &[or]),
        ])
        .await;
    }

    async fn a_search_without_words_is_as_if_left_out(api: Api) {
        let titles = ["Buy milk", "🎉", "%"];
        for title in titles {
            api.alice.creates(title).await;
        }
        for search in ["", " ", "\n", "🎉", "%", "_", "\\", "*", "\"", "'", "()", "-- ; /*", "\0", "\u{301}"] {
            assert_eq!(found(&api.alice, search).await, titles, "{search:?}");
        }
        assert_eq!(found(&api.alice, "🎉 milk %").await, ["Buy milk"]);
    }

    async fn a_search_has_two_hundred_characters(api: Api) {
        let word = "🦀é".repeat(40) + &"x".repeat(120);
        assert_eq!(word.chars().count(), 200);
        api.alice.creates(&word).await;

        assert_eq!(found(&api.alice, &word).await, [word.clone()]);
        let longer = format!("{word}x");
        for (filter, field) in [
            (json!({ "search": longer }), "filter.search"),
            (json!({ "search": " ".repeat(201) }), "filter.search"),
            (json!({ "and": [{}, { "search": longer }] }), "filter.and.1.search"),
            (json!({ "or": [{ "not": { "search": longer } }] }), "filter.or.0.not.search"),
        ] {
            assert_eq!(refused(&api.alice, json!({ "filter": filter })).await, field);
        }
        // Two hundred words of one letter are within the limit too.
        let letters = "a ".repeat(100);
        assert!(found(&api.alice, &letters).await.is_empty());
        let fifty = vec![json!({ "search": letters }); 50];
        let filter = json!({ "filter": { "and": [{ "or": fifty }] } });
        assert_eq!(refused(&api.alice, filter).await, "filter.and.0.or.1.search");
        // What decomposes gets longer only in our hands.
        assert!(found(&api.alice, &"각".repeat(200)).await.is_empty());
    }

    async fn a_search_is_a_condition_like_others(api: Api) {
        let titles = ["Buy milk", "Drink milk", "Buy bread"];
        let mut ids = Vec::new();
        for title in titles {
            ids.push(api.alice.creates(title).await);
        }
        api.alice.updates(json!({ "id": ids[1], "completed": true })).await;
        api.bob.creates("Buy milk for Bob").await;

        let kept = async |filter| {
            let order = json!([{ "field": "TITLE" }]);
            page(&api.alice, json!({ "filter": filter, "orderBy": order })).await.shown()
        };
        assert_eq!(kept(json!({ "search": "milk", "completed": false })).await, "Buy milk");
        assert_eq!(kept(json!({ "not": { "search": "milk" } })).await, "Buy bread");
        assert_eq!(
            kept(json!({ "or": [{ "search": "bread" }, { "completed": true }] })).await,
            "Buy bread Drink milk"
        );
        assert_eq!(
            kept(json!({ "and": [{ "search": "buy" }, { "search": "milk" }] })).await,
            "Buy milk"
        );
        assert_eq!(kept(json!({ "search": "milk", "trash": "ONLY" })).await, "");
        api.alice.delete(json!({ "id": ids[0] })).await.data();
        assert_eq!(kept(json!({ "search": "milk", "trash": "ONLY" })).await, "Buy milk");
    }
}
