//! Resets: a log that does not go back far enough, or that is behind the cursor of the client.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Api, on_each_database};

on_each_database! {
    async fn who_comes_back_after_the_log_has_forgotten_reads_anew(api: Api) {
        let gone = api.alice.creates("gone").await;
        api.alice.creates("kept").await;
        let start = api.alice.changes(&Value::Null).await;
        api.alice.delete(json!({ "id": gone, "permanently": true })).await.data();
        let informed = api.alice.changes(start.cursor()).await;

        api.wait(TimeDelta::days(30) - TimeDelta::milliseconds(1));
        api.system.purge().await.unwrap();
        let alice = api.with_alice();
        assert_eq!(alice.changes(start.cursor()).await.told(), "-Task");

        api.wait(TimeDelta::milliseconds(1));
        api.system.purge().await.unwrap();
        let anew = alice.changes(start.cursor()).await;
        assert_eq!((anew.reset(), anew.told().as_str()), (true, "+kept"));
        let next = alice.changes(anew.cursor()).await;
        assert_eq!((next.reset(), next.told().as_str()), (false, ""));
        // Who has heard of the deletion has missed nothing.
        let next = alice.changes(informed.cursor()).await;
        assert_eq!((next.reset(), next.told().as_str()), (false, ""));
    }

    async fn reading_anew_takes_several_pages_and_comes_to_an_end(api: Api) {
        let gone = api.alice.creates("gone").await;
        for title in ["a", "b", "c"] {
            api.alice.creates(title).await;
        }
        let start = api.alice.page(&Value::Null, 1).await;
        api.alice.delete(json!({ "id": gone, "permanently": true })).await.data();
        api.wait(TimeDelta::days(30));
        api.system.purge().await.unwrap();
        let alice = api.with_alice();
        let (mut since, mut told, mut resets) = (start.cursor().clone(), Vec::new(), Vec::new());
        loop {
            let page = alice.page(&since, 1).await;
            since = page.cursor().clone();
            told.push(page.told());
            resets.push(page.reset());
            if !page.has_more() {
                break;
            }
        }
        assert_eq!((told.join(" ").as_str(), resets), ("+a +b +c", vec![true, false, false]));
    }

    async fn a_first_read_is_no_reset_and_hears_of_no_deletion_before_it(api: Api) {
        for title in ["x", "y"] {
            let id = api.alice.creates(title).await;
            api.alice.creates(&format!("after {title}")).await;
            api.alice.delete(json!({ "id": id, "permanently": true })).await.data();
        }
        api.wait(TimeDelta::days(30));
        api.system.purge().await.unwrap();
        let alice = api.with_alice();
        let id = alice.creates("z").await;
        let first = alice.page(&Value::Null, 1).await;
        assert_eq!((first.reset(), first.told().as_str()), (false, "+after x"));
        alice.delete(json!({ "id": id, "permanently": true })).await.data();
        let second = alice.page(first.cursor(), 10).await;
        assert_eq!((second.reset(), second.told().as_str()), (false, "+after y -Task"));
    }

    async fn who_has_read_further_than_the_log_goes_reads_anew(api: Api) {
        api.alice.creates("kept").await;
        let backup = api.database.number(r#"SELECT counter FROM "user""#).await;
        api.alice.creates("lost").await;
        let ahead = api.alice.changes(&Value::Null).await;
        api.database.execute("DELETE FROM task WHERE title = 'lost'").await;
        api.database.execute(&format!(r#"UPDATE "user" SET counter = {backup}"#)).await;
        let anew = api.alice.changes(ahead.cursor()).await;
        assert_eq!((anew.reset(), anew.told().as_str()), (true, "+kept"));
        assert!(!api.alice.changes(anew.cursor()).await.reset());
    }

    async fn a_cursor_outlives_a_database_that_has_nothing_of_its_user(api: Api) {
        api.alice.creates("lost").await;
        let ahead = api.alice.changes(&Value::Null).await;
        for table in ["task", r#""user""#] {
            api.database.execute(&format!("DELETE FROM {table}")).await;
        }
        let anew = api.alice.changes(ahead.cursor()).await;
        assert_eq!((anew.reset(), anew.told().as_str(), anew.has_more()), (true, "", false));
    }
}
