//! Search: the words by which tasks are found.

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

/// Creates tasks of all these titles, and returns the searches that do not find exactly the titles
/// beside them.
async fn mismatches(api: &Api, cases: &[(&[&str], &[&str])]) -> Vec<String> {
    let mut titles: Vec<&str> = Vec::new();
    for title in cases.iter().flat_map(|(titles, _)| *titles) {
        if !titles.contains(title) {
            api.alice.creates(title).await;
            titles.push(title);
        }
    }
    let mut mismatches = Vec::new();
    for (expected, searches) in cases {
        for search in *searches {
            let found = found(&api.alice, search).await;
            if found != *expected {
                mismatches.push(format!("{search:?} finds {found:?}, not {expected:?}"));
            }
        }
    }
    mismatches
}

on_each_database! {
    async fn alice_finds_tasks_by_whole_words_and_the_last_as_far_as_she_typed(api: Api) {
        let (milk, milkshake, buttermilk) = ("Buy milk", "A milkshake to buy", "buttermilk");
        let cases: &[(&[&str], &[&str])] = &[
            (
                &[milk, milkshake],
                &["milk", "mil", "m", "buy milk", "  buy \n\t milk  ", "buy, milk!", "buy buy buy"],
            ),
            (&[milk], &["milk buy"]),
            (&[milkshake], &["milks", "milkshake b"]),
            (&[buttermilk], &["butter", "buttermilk"]),
            (&[], &["ilk", "mil buy", "buy milk cheese", "buymilk"]),
        ];
        assert_eq!(mismatches(&api, cases).await, [""; 0]);
    }

    async fn alice_finds_words_in_title_and_description(api: Api) {
        let input = json!({ "title": "Buy milk", "description": "At *market*,\nnot at Łódź" });
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
        let cases: &[(&[&str], &[&str])] = &[
            (&["Crème BRÛLÉE", "creme brulee"], &["creme brulee", "CRÈME BRÛL", "Brulée"]),
            (&["Ångström"], &["angstrom", "A\u{30a}NGSTRO\u{308}M", "ångst"]),
            (&["ЁЛКА", "елка"], &["елка", "Ёл"]),
            (&["ΟΔΟΣ", "οδός"], &["οδος", "οδοσ", "ΟΔΌΣ", "οδό"]),
            (&["Straße", "STRASSE"], &["strasse", "straße", "STRAẞE", "stras"]),
            (&["İstanbul", "istanbul"], &["ISTANBUL", "İstan"]),
            (&["Việt Nam"], &["viet nam", "VIỆT"]),
            (&["ﬁnd"], &["FIND", "fi"]),
            (&["e\u{301}te\u{301}", "ÉTÉ"], &["ete", "été", "e\u{301}t"]),
        ];
        assert_eq!(mismatches(&api, cases).await, [""; 0]);
    }

    async fn words_end_where_unicode_says(api: Api) {
        let cases: &[(&[&str], &[&str])] = &[
            (&["don't panic"], &["don't", "don't p"]),
            (&["3.14 is pi"], &["3.14", "3.1"]),
            (&["snake_case"], &["snake_case", "snake_", "snake"]),
            (&["a-b"], &["a b", "b a", "a-b"]),
            (&["user@example.com"], &["user example", "example.com user"]),
            (&["東京タワー"], &["東", "東 京 タワー", "タワー", "京 東"]),
            (&["한국어"], &["한국어", "한국", "하"]),
            (&["price: 5,000€"], &["5,000", "5,000€ price"]),
            (&["C++ & C#"], &["c++", "C#"]),
            (&["1️⃣ first"], &["1 first"]),
            (&["Du lait\u{202f}!", "«\u{202f}lait\u{202f}»"], &["lait", "lai"]),
            (&["12\u{202f}500\u{a0}francs"], &["12 500", "12\u{202f}500", "francs 12"]),
            (&["مرحبا بالعالم"], &["مرحبا", "بالعالم مرحبا"]),
            (&[], &["14", "case", "000", "국어"]),
        ];
        assert_eq!(mismatches(&api, cases).await, [""; 0]);
    }

    async fn nothing_that_alice_types_is_an_operator(api: Api) {
        let (or, not) = ("milk or bread", "not milk");
        let cases: &[(&[&str], &[&str])] = &[
            (&["100% sure"], &["100%", "10%", "1%"]), // "1", as far as it goes
            (&["snake_case"], &["snake_case", "snake_c", "snake_case%"]),
            (&["back\\slash"], &["back\\slash", "back\\", "\\ba"]),
            (&["it's"], &["it's"]),
            (&[or], &["or", "milk OR bread", "\"milk bread\"", "milk <-> bread", "milk\0bread"]),
            (&[not], &["NOT milk"]),
            (&[or, not], &["-milk", "+milk", "mil*", "\"milk", "milk:*", "milk\0"]),
            (&["snakeXcase"], &["snakeX"]),
            (&[], &["1%0", "s_ake", "snake%case", "bread or nothing", "title:milk"]),
            (&[], &["(milk | bread) & !x", "'; DROP TABLE task; --"]),
        ];
        assert_eq!(mismatches(&api, cases).await, [""; 0]);
    }

    async fn a_search_without_words_is_as_if_left_out(api: Api) {
        let titles = ["Buy milk", "🎉", "%"];
        for title in titles {
            api.alice.creates(title).await;
        }
        for search in
            ["", " ", "\n", "🎉", "%", "_", "\\", "*", "\"", "'", "()", "--;", "\0", "\u{301}"]
        {
            assert_eq!(found(&api.alice, search).await, titles, "{search:?}");
        }
        assert_eq!(found(&api.alice, "🎉 milk %").await, ["Buy milk"]);
    }

    async fn a_search_has_two_hundred_characters(api: Api) {
        let word = "🦀é".repeat(40) + &"x".repeat(120);
        assert_eq!(word.chars().count(), 200);
        api.alice.creates(&word).await;

        assert_eq!(found(&api.alice, &word).await, std::slice::from_ref(&word));
        let longer = format!("{word}x");
        for (filter, field) in [
            (json!({ "search": longer }), "filter.search"),
            (json!({ "search": " ".repeat(201) }), "filter.search"),
            (json!({ "and": [{}, { "search": longer }] }), "filter.and.1.search"),
            (json!({ "or": [{ "not": { "search": longer } }] }), "filter.or.0.not.search"),
        ] {
            assert_eq!(refused(&api.alice, json!({ "filter": filter })).await, field);
        }
        // All searches of a filter have as many words as fit into one.
        let (letters, half) = ("東".repeat(200), "東".repeat(100));
        assert!(found(&api.alice, &letters).await.is_empty());
        let halves = json!({ "or": [{ "search": half }, { "not": { "search": half } }] });
        assert_eq!(page(&api.alice, json!({ "filter": halves })).await.total, 1);
        for (filter, field) in [
            (json!({ "search": letters, "not": { "search": "b" } }), "filter.not.search"),
            (
                json!({ "and": [{ "or": vec![json!({ "search": letters }); 50] }] }),
                "filter.and.0.or.1.search",
            ),
        ] {
            assert_eq!(refused(&api.alice, json!({ "filter": filter })).await, field);
        }
        // What nobody could type is cut, and found as far as it goes.
        for endless in ["a_".repeat(512), "a_".repeat(10_000), "각".repeat(20_000)] {
            let start: String = endless.chars().take(200).collect();
            let input = json!({ "title": "endless", "description": endless });
            let id = api.alice.creates_with(input).await["id"].take();
            assert_eq!(found(&api.alice, &start).await, ["endless"]);
            api.alice.delete(json!({ "id": id })).await.data();
        }
        // What decomposes gets longer only in our hands.
        assert!(found(&api.alice, &"갂".repeat(200)).await.is_empty());
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
