//! Replicas on one PostgreSQL: a change at one of them reaches subscribers at the others, also after
//! notifications were lost.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use taskward::time::Clock;
use tokio::time::timeout;

use crate::{
    command_line::process::{Folder, Server},
    harness::{Database, tokens},
};

/// The longest wait for a change.
const PATIENCE: Duration = Duration::from_secs(30);

/// Alice as a client of one of the replicas.
struct Client<'a> {
    server: &'a Server,
    token: String,
    http: reqwest::Client,
}

impl<'a> Client<'a> {
    fn at(server: &'a Server) -> Self {
        let token = tokens::of("alice", Clock::system().now());
        Self { server, token, http: reqwest::Client::new() }
    }

    async fn sends(&self, query: &str, variables: Value, accept: &str) -> reqwest::Response {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request = self.http.post(format!("http://{}/graphql", self.server.address));
        let request = request.header("content-type", "application/json").header("accept", accept);
        request.bearer_auth(&self.token).body(body).send().await.unwrap()
    }

    async fn creates(&self, title: &str) {
        let query = "mutation($title: String!) { createTask(input: { title: $title }) { cursor } }";
        let answer = self.sends(query, json!({ "title": title }), "application/json").await;
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert!(answer.get("errors").is_none(), "{answer}");
    }

    /// Follows the changes, from now on.
    async fn follows(&self) -> Changes {
        let query = "subscription { changes { changes { node { ... on Task { title } } } } }";
        let stream = self.sends(query, json!({}), "text/event-stream").await;
        let mut changes = Changes { stream, read: String::new() };
        assert_eq!(changes.next().await, Vec::<String>::new());
        changes
    }
}

/// The titles of changed tasks, as they arrive.
struct Changes {
    stream: reqwest::Response,
    read: String,
}

impl Changes {
    async fn next(&mut self) -> Vec<String> {
        loop {
            if let Some(end) = self.read.find("\n\n") {
                let event: String = self.read.drain(..end + 2).collect();
                let data = event.lines().find_map(|line| line.strip_prefix("data:"));
                let message = data.map(|data| serde_json::from_str::<Value>(data).unwrap());
                let Some(message) = message else { continue };
                let changes = message["data"]["changes"]["changes"].as_array().unwrap();
                let title = |change: &Value| change["node"]["title"].as_str().unwrap().to_owned();
                return changes.iter().map(title).collect();
            }
            let chunk = self.stream.chunk().await.unwrap().expect("the stream has ended");
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next titles, until there are that many, each once.
    async fn hears(&mut self, count: usize) -> BTreeSet<String> {
        let mut heard = BTreeSet::new();
        while heard.len() < count {
            let news = timeout(PATIENCE, self.next()).await;
            for title in news.unwrap_or_else(|_| panic!("only {heard:?} was heard")) {
                assert!(heard.insert(title), "heard twice");
            }
        }
        heard
    }
}

/// Two servers in processes of their own on one database; `None` where there is no PostgreSQL.
async fn two_servers() -> Option<(Database, Server, Server)> {
    let database = Database::postgres().await?;
    let serve = || {
        let folder = Folder::new().with("BETTER_AUTH_SECRET", tokens::SECRET);
        folder.with("DATABASE_URL", &database.url()).serve(&[])
    };
    let (one, other) = (serve(), serve());
    Some((database, one, other))
}

fn task_titles(numbers: std::ops::Range<u32>) -> BTreeSet<String> {
    numbers.map(|number| format!("task {number}")).collect()
}

#[tokio::test]
async fn what_is_written_through_one_is_heard_through_the_other() {
    let Some((_database, here, there)) = two_servers().await else { return };
    let (reader, writer) = (Client::at(&here), Client::at(&there));
    let mut changes = reader.follows().await;
    let titles = task_titles(0..20);
    for title in &titles {
        writer.creates(title).await;
    }
    assert_eq!(changes.hears(titles.len()).await, titles);
}

#[tokio::test]
async fn nothing_is_lost_while_the_listener_is_down() {
    const LISTENERS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    let Some((database, here, there)) = two_servers().await else { return };
    let (reader, writer) = (Client::at(&here), Client::at(&there));
    let mut changes = reader.follows().await;
    let mut written = 0;
    for _ in 0..3 {
        let titles = task_titles(written..written + 10);
        written += 10;
        for (number, title) in titles.iter().enumerate() {
            if number == 3 {
                // Between two rounds the listeners may not be back yet.
                while database.number(LISTENERS).await == 0 {}
            }
            writer.creates(title).await;
        }
        assert_eq!(changes.hears(titles.len()).await, titles);
    }
}

#[tokio::test]
async fn what_a_server_wrote_that_died_at_once_is_heard_all_the_same() {
    let Some((_database, here, there)) = two_servers().await else { return };
    let mut changes = Client::at(&here).follows().await;
    let titles = task_titles(0..5);
    let writer = Client::at(&there);
    for title in &titles {
        writer.creates(title).await;
    }
    drop(writer);
    // It is killed, and may not have told anybody yet.
    drop(there);
    assert_eq!(changes.hears(titles.len()).await, titles);
}
