//! Storage: two servers on one database, sequence numbers without gaps, and writers that do not block
//! readers. These tests also look at the tables themselves.

use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;

use crate::harness::{Api, Person, on_each_database};

on_each_database! {
    async fn two_servers_on_one_database_lose_no_update(api: Api) {
        let other = api.replica().await;
        let id = api.alice.creates("x").await;
        let writes = (0..20).map(async |number| {
            let alice = if number % 2 == 0 { &api.alice } else { &other };
            alice.creates(&format!("Task {number}")).await;
            alice.updates(json!({ "id": id, "title": format!("by {number}") })).await
        });
        let mut versions: Vec<_> =
            join_all(writes).await.iter().map(|task| task["version"].as_i64().unwrap()).collect();
        versions.sort_unstable();
        assert_eq!(versions, (2..=21).collect::<Vec<_>>());

        let races = [(&api.alice, "here"), (&other, "there")].map(async |(alice, title)| {
            alice.update(json!({ "id": id, "title": title, "expectedVersion": 21 })).await
        });
        let lost: Vec<_> =
            join_all(races).await.into_iter().filter(|it| it.json().get("errors").is_some()).collect();
        assert_eq!((lost.len(), lost[0].code().as_str()), (1, "CONFLICT"));
    }

    async fn a_newcomer_whose_first_writes_come_at_once_is_one_user(api: Api) {
        let other = api.replica().await;
        let creates = (0..10).map(async |number| {
            let alice = if number % 2 == 0 { &api.alice } else { &other };
            alice.creates(&format!("Task {number}")).await
        });
        join_all(creates).await;
        assert_eq!(other.asks("{ tasks { totalCount } }").await["tasks"]["totalCount"], 10);
        assert_eq!(api.database.number("SELECT count(*) FROM \"user\"").await, 1);
    }

    async fn each_change_takes_the_next_number_of_its_user(api: Api) {
        let first = api.alice.creates("first").await;
        let second = api.alice.creates("second").await;
        api.bob.creates("bob's").await;
        let counter = "SELECT counter FROM \"user\" WHERE sub = 'alice'";
        let latest = "SELECT max(number) FROM task WHERE user_no = (SELECT no FROM \"user\" WHERE sub = 'alice')";
        assert_eq!((api.database.number(counter).await, api.database.number(latest).await), (2, 2));

        api.alice.updates(json!({ "id": first, "title": "1st" })).await;
        assert_eq!((api.database.number(counter).await, api.database.number(latest).await), (3, 3));
        api.alice.delete(json!({ "id": second })).await.data();
        api.alice.restore(&second).await.data();
        assert_eq!((api.database.number(counter).await, api.database.number(latest).await), (5, 5));

        // A number that is taken in vain is on no row.
        assert_eq!(api.alice.update(json!({ "id": first, "title": "x", "expectedVersion": 9 })).await.code(), "CONFLICT");
        assert_eq!(api.database.number(latest).await, 5);

        let before = api.database.number(counter).await;
        api.alice.delete(json!({ "id": first, "permanently": true })).await.data();
        assert_eq!(api.database.number("SELECT number FROM tombstone").await, before + 1);
        assert_eq!(api.database.number("SELECT counter FROM \"user\" WHERE sub = 'bob'").await, 1);
    }

    async fn alice_reads_while_a_write_is_going_on(api: Api) {
        api.alice.creates("x").await;
        let db = api.database.connect().await;
        let write = db.begin().await.unwrap();
        write.execute_unprepared("UPDATE \"user\" SET counter = counter").await.unwrap();
        assert_eq!(api.alice.asks("{ tasks { totalCount } }").await["tasks"]["totalCount"], 1);
        write.rollback().await.unwrap();
    }

    async fn a_write_waits_for_the_one_before_it(api: Api) {
        let id = api.alice.creates("x").await;
        let db = api.database.connect().await;
        let write = db.begin().await.unwrap();
        write.execute_unprepared("UPDATE \"user\" SET counter = counter").await.unwrap();
        let waiting = api.alice.update(json!({ "id": id, "title": "y" }));
        let (reply, ()) = tokio::join!(waiting, async { write.commit().await.unwrap() });
        assert_eq!(reply.data()["updateTask"]["task"]["title"], "y");
    }

    async fn statements_and_transactions_take_turns_on_few_connections(api: Api) {
        let id = api.alice.creates("x").await;
        for (size, lists) in [("--pool-size=1", 16), ("--pool-size=3", 32)] {
            let (api, _app) = Api::start_to_serve(api.database.clone(), &[size]).await;
            let requests = (0..48).map(async |number| match number % 3 {
                0 => api.alice.asks("{ tasks { nodes { title tags { name } } } }").await,
                1 => api.alice.updates(json!({ "id": id, "title": format!("Title {number}") })).await,
                _ => api.alice.creates_list(&format!("{size} {number}")).await.into(),
            });
            join_all(requests).await;
            assert_eq!(api.alice.asks("{ lists { totalCount } }").await["lists"]["totalCount"], lists);
        }
    }
}

impl Api {
    /// Alice at a second server on the same database.
    async fn replica(&self) -> Person {
        Self::start(self.database.clone()).await.alice
    }
}
