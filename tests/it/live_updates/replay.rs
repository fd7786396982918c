//! Replay: a client that reconnects with its last cursor misses no change.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use super::{CHANGES, event_stream::Stream};
use crate::harness::{Database, Person, Served, Socket};

/// How often something is written.
const WRITES: usize = 200;
/// What is written last.
const LAST: &str = "the last task";

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// Creates, renames, completes and deletes tasks all the while.
async fn write(alice: Person) {
    let mut random = Random(7);
    let mut ids: Vec<String> = Vec::new();
    for at in 0..WRITES {
        let id = ids.get(random.below(ids.len() + 1)).cloned();
        match (random.below(4), id) {
            (0, Some(id)) => {
                ids.retain(|other| *other != id);
                let input = json!({ "id": id, "permanently": random.below(2) == 0 });
                alice.delete(input).await.data();
            }
            (1 | 2, Some(id)) => {
                alice.updates(json!({ "id": id, "title": at.to_string() })).await;
            }
            _ => ids.push(alice.creates(&at.to_string()).await),
        }
    }
    alice.creates(LAST).await;
}

/// A connection that receives pages of changes.
trait Pages {
    async fn open(served: &Served, since: &str) -> Self;
    async fn page(&mut self) -> Value;
}

impl Pages for Socket {
    async fn open(served: &Served, since: &str) -> Self {
        let mut socket = served.socket_of("alice").await;
        socket.subscribes("1", CHANGES, json!({ "since": since })).await;
        socket
    }

    async fn page(&mut self) -> Value {
        self.hears_next("1").await["data"]["changes"].take()
    }
}

impl Pages for Stream {
    async fn open(served: &Served, since: &str) -> Self {
        Self::of_alice(served, Some(since)).await
    }

    async fn page(&mut self) -> Value {
        self.hears_next().await["data"]["changes"].take()
    }
}

/// Tasks by their ids, with their titles.
type Titles = BTreeMap<String, Value>;

/// Follows what is written over connections that are cut at random, perhaps with pages on the way.
/// Returns the copy that results, and the data of the server.
async fn follow<Connection: Pages>(database: Database) -> (Titles, Titles) {
    let served = Served::start(database, &[]).await;
    let data = served.api.alice.asks("{ changes(first: 0) { cursor } }").await;
    let mut cursor = data["changes"]["cursor"].as_str().unwrap().to_owned();
    let writer = tokio::spawn(write(served.api.alice.clone()));

    let mut random = Random(11);
    let mut copy: Titles = BTreeMap::new();
    let mut seen = HashSet::new();
    let mut cuts = 0;
    'connections: loop {
        let mut connection = Connection::open(&served, &cursor).await;
        for _ in 0..random.below(6) {
            let page = connection.page().await;
            assert_eq!(page["reset"], false);
            page["cursor"].as_str().unwrap().clone_into(&mut cursor);
            for change in page["changes"].as_array().unwrap() {
                let id = change["id"].as_str().unwrap().to_owned();
                let is_new = seen.insert((id.clone(), change["cursor"].to_string()));
                assert!(is_new, "told twice: {change}");
                match change["kind"].as_str() {
                    Some("UPSERT") => drop(copy.insert(id, change["node"]["title"].clone())),
                    _ => drop(copy.remove(&id)),
                }
            }
            if copy.values().any(|title| title == LAST) {
                break 'connections;
            }
        }
        cuts += 1;
    }
    writer.await.unwrap();
    assert!(cuts > 1, "the connection was cut {cuts} times");

    let mut expected = BTreeMap::new();
    for trash in ["EXCLUDE", "ONLY"] {
        let mut after = Value::Null;
        loop {
            let query = "query($after: String, $trash: TrashFilter) {
                tasks(first: 100, after: $after, filter: { trash: $trash }) {
                    nodes { id title } pageInfo { hasNextPage endCursor }
                } }";
            let variables = json!({ "after": after, "trash": trash });
            let tasks = served.api.alice.post(query, variables).await.data()["tasks"].take();
            for task in tasks["nodes"].as_array().unwrap() {
                expected.insert(task["id"].as_str().unwrap().to_owned(), task["title"].clone());
            }
            after = tasks["pageInfo"]["endCursor"].clone();
            if tasks["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
    }
    (copy, expected)
}

#[tokio::test]
async fn a_socket_that_is_cut_at_random_misses_nothing_and_hears_nothing_twice() {
    for database in Database::each().await {
        let (copy, data) = follow::<Socket>(database).await;
        assert_eq!(copy, data);
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_at_random_misses_nothing_and_hears_nothing_twice() {
    for database in Database::each().await {
        let (copy, data) = follow::<Stream>(database).await;
        assert_eq!(copy, data);
    }
}
