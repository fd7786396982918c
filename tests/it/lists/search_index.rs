//! The search index follows every change of the tasks.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Api, Database, Outline, on_each_database};

/// The titles that a search finds, and after a bar those in the trash.
async fn found(outline: &Outline, search: &str) -> String {
    let filter = |trash: &str| json!({ "search": search, "trash": trash });
    let [tasks, trash, both] = [
        outline.person().finds(filter("EXCLUDE")).await,
        outline.person().finds(filter("ONLY")).await,
        outline.person().finds(filter("INCLUDE")).await,
    ];
    let count = |titles: &str| titles.split_whitespace().count();
    assert_eq!(count(&both), count(&tasks) + count(&trash), "{search}");
    format!("{tasks} | {trash}").trim().to_owned()
}

/// Runs operations as a batch, and returns the outcome of each.
async fn batch(outline: &Outline, atomic: bool, operations: Value) -> String {
    let input = json!({ "operations": operations, "atomic": atomic });
    let payload = outline.person().does("batch", input, "results { error { code } }").await;
    let results = payload["results"].as_array().unwrap().iter();
    let codes = results.map(|result| result["error"]["code"].as_str().unwrap_or("OK"));
    codes.collect::<Vec<_>>().join(" ")
}

/// The database takes the number of a row that is gone for the next one again, where it numbers rows.
async fn take_rows_again(api: &Api) {
    if let Database::Sqlite(_) = api.database {
        api.database.execute("DELETE FROM sqlite_sequence WHERE name = 'task'").await;
    }
}

on_each_database! {
    async fn words_go_to_the_trash_and_come_back(api: Api) {
        let outline = api.create("milk(milkshake(milkman)) bread").await;
        assert_eq!(found(&outline, "milk").await, "milk milkman milkshake |");
        outline.trashes("milkshake").await;
        assert_eq!(found(&outline, "milk").await, "milk | milkman milkshake");
        // In the trash they change as elsewhere.
        outline.does("updateTask", json!({ "id": "milkman", "description": "white bread" })).await;
        assert_eq!(found(&outline, "bread").await, "bread | milkman");
        outline.restores("milkshake").await;
        assert_eq!(found(&outline, "bread").await, "bread milkman |");
        assert_eq!(found(&outline, "milk").await, "milk milkman milkshake |");
    }

    async fn words_follow_a_task_to_any_place(api: Api) {
        let outline = api.create("Garden: milk(milkshake) milkman; milkmaid").await;
        outline.moves("milkman", json!({ "parentId": "milkmaid" })).await;
        outline.does("deleteList", json!({ "id": "Garden" })).await;
        assert_eq!(found(&outline, "milk").await, "milk milkmaid milkman milkshake |");
        let inbox = json!({ "search": "milk", "list": { "isNull": true }, "parent": { "isNull": true } });
        assert_eq!(outline.person().finds(inbox).await, "milk milkmaid");
    }

    async fn what_is_deleted_for_good_is_not_found(api: Api) {
        let mut outline = api.create("milk(milkshake) bread butter cheese(cream)").await;
        outline.deletes_for_good("milk").await;
        assert_eq!(found(&outline, "milk").await, "|");
        outline.trashes("bread").await;
        outline.trashes("cheese").await;
        outline.deletes_for_good("bread").await;
        assert_eq!(found(&outline, "bread").await, "|");
        api.wait(TimeDelta::days(30));
        api.system.purge().await.unwrap();
        for word in ["cheese", "cream"] {
            assert_eq!(found(&outline, word).await, "|");
        }
        assert_eq!(found(&outline, "b").await, "butter |");

        // New tasks have their own words alone, also those in the rows of the old ones.
        take_rows_again(&api).await;
        outline.create("1 2 3 4 5").await;
        for word in ["milk", "milkshake", "bread", "cheese", "cream"] {
            assert_eq!(found(&outline, word).await, "|", "{word}");
        }
        assert_eq!(outline.person().finds(json!({ "not": { "search": "milk" } })).await, "1 2 3 4 5 butter");
        assert_eq!(found(&outline, "5").await, "5 |");
    }

    async fn a_batch_leaves_the_words_that_its_tasks_end_with(api: Api) {
        let outline = api.create("milk bread butter").await;
        let [milk, bread] = ["milk", "bread"].map(|task| outline.id(task));
        let new = "019a0000-0000-7000-8000-000000000000";
        let operations = json!([
            { "createTask": { "id": new, "title": "cheese" } },
            { "updateTask": { "id": new, "title": "cream" } },
            { "updateTask": { "id": milk, "description": "and cream" } },
            { "deleteTask": { "id": bread, "permanently": true } },
        ]);
        assert_eq!(batch(&outline, true, operations).await, "OK OK OK OK");
        for (word, expected) in [("cream", "cream milk |"), ("cheese", "|"), ("bread", "|"), ("milk", "milk |")] {
            assert_eq!(found(&outline, word).await, expected, "{word}");
        }
        let operations = json!([
            { "updateTask": { "id": milk, "description": "and honey" } },
            { "updateTask": { "id": bread, "description": "and honey" } },
            { "createTask": { "title": "honey" } },
        ]);
        assert_eq!(batch(&outline, false, operations).await, "OK NOT_FOUND OK");
        assert_eq!(found(&outline, "honey").await, "honey milk |");
        assert_eq!(found(&outline, "cream").await, "cream |");
    }

    async fn a_batch_that_fails_changes_no_words(api: Api) {
        let mut outline = api.create("milk bread butter").await;
        outline.trashes("butter").await;
        let [milk, bread, butter] = ["milk", "bread", "butter"].map(|task| outline.id(task));
        let operations = json!([
            { "createTask": { "title": "cheese" } },
            { "updateTask": { "id": milk, "title": "cream", "description": "cheese" } },
            { "deleteTask": { "id": bread, "permanently": true } },
            { "restoreTask": { "id": butter } },
            { "updateTask": { "id": bread, "title": "cake" } },
        ]);
        assert_eq!(batch(&outline, true, operations).await, "ABORTED ABORTED ABORTED ABORTED NOT_FOUND");
        // Nor do the next tasks, which may come to the rows of those that were not made.
        take_rows_again(&api).await;
        outline.create("1 2").await;
        for (word, expected) in [
            ("milk", "milk |"), ("bread", "bread |"), ("butter", "| butter"), ("cheese", "|"), ("cream", "|"), ("cake", "|"),
        ] {
            assert_eq!(found(&outline, word).await, expected, "{word}");
        }
    }
}
