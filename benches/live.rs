//! What it costs to be followed: sockets that wait, changes that go out to them, and the log itself.
//!
//! The server is the program itself, in a process of its own, on an SQLite file or on the PostgreSQL
//! that `TASKWARD_BENCH_POSTGRES` names (an empty database). Its memory and its processor time are what
//! the system says of that process. The clients are here, on the other side of a real connection.
//!
//! - *Idle*: so many sockets, each of a user of their own who follows their changes, and who have nothing to
//!   hear for a while but the pings.
//! - *Fan-out*: one user's change, heard by 1, 10 and 100 of their sockets.
//! - *The log*: creates and completions with and without the indexes that the log is read by, by two
//!   servers in turns.
//!
//! `cargo bench --bench live` measures; `cargo bench -- --test` only looks whether everything runs.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing better to do")]

#[path = "processes/statistics.rs"]
mod statistics;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant as Stopwatch},
};

use chrono::TimeDelta;
use futures_util::{SinkExt, StreamExt, stream};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use taskward::{
    auth::NewToken,
    config::{self, Settings},
    time::Clock,
};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

use self::statistics::{float, median};

const SECRET: &str = "a secret of more than thirty-two bytes";

/// How much is done.
struct Size {
    sockets: usize,
    quiet: Duration,
    changes: usize,
    rounds: usize,
    requests: usize,
}

const MEASURED: Size =
    Size { sockets: 10_000, quiet: Duration::from_mins(1), changes: 300, rounds: 9, requests: 300 };
const TRIED: Size =
    Size { sockets: 20, quiet: Duration::from_millis(100), changes: 3, rounds: 1, requests: 3 };

#[tokio::main]
async fn main() {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let size = if has("--bench") && !has("--test") { MEASURED } else { TRIED };
    allow_many_files();
    idle(&size).await;
    fan_out(&size).await;
    log(&size).await;
}

async fn idle(size: &Size) {
    let server = Server::start().await;
    let before = server.memory();
    let users = stream::iter(0..size.sockets);
    let sockets: Vec<_> = users
        .map(|user| server.follows(format!("user-{user}")))
        .buffer_unordered(64)
        .collect()
        .await;
    let memory = server.memory() - before;
    let (cpu, start) = (server.cpu(), Stopwatch::now());
    tokio::time::sleep(size.quiet).await;
    let micros = (server.cpu() - cpu) / start.elapsed().as_secs_f64();
    println!("idle: {} sockets", sockets.len());
    println!("  memory   {:8.1} KiB a socket ({before} KiB before)", per(memory, sockets.len()));
    println!("  CPU      {:8.2} µs a socket and second", micros / float(sockets.len()));
}

async fn fan_out(size: &Size) {
    println!("fan-out of one change");
    for count in [1, 10, 100] {
        let server = Server::start().await;
        let mut sockets = Vec::new();
        for _ in 0..count {
            sockets.push(server.follows("alice".to_owned()).await);
        }
        let alice = server.person("alice");
        let id = alice.creates().await;
        for socket in &mut sockets {
            socket.hears().await;
        }
        let mut latencies = Vec::new();
        let cpu = server.cpu();
        for number in 0..size.changes {
            let start = Stopwatch::now();
            alice.completes(&id, number % 2 == 0).await;
            for socket in &mut sockets {
                socket.hears().await;
            }
            latencies.push(start.elapsed().as_secs_f64());
        }
        let cpu = (server.cpu() - cpu) / float(size.changes);
        let millis = median(latencies) * 1e3;
        println!(
            "  {count:4} sockets  {cpu:9.0} µs CPU a change, {millis:7.2} ms until all have heard"
        );
    }
}

async fn log(size: &Size) {
    let (with, without) = (Server::start().await, Server::start().await);
    without.drops_the_indexes_of_the_log().await;
    println!("the log: µs CPU of a request with its indexes, and without");
    for (name, completes) in [("W4 create", false), ("W5 complete", true)] {
        let mut costs = [Vec::new(), Vec::new()];
        for _ in 0..size.rounds {
            for (server, costs) in [&with, &without].into_iter().zip(&mut costs) {
                let alice = server.person("alice");
                let id = alice.creates().await;
                let cpu = server.cpu();
                for number in 0..size.requests {
                    if completes {
                        alice.completes(&id, number % 2 == 0).await;
                    } else {
                        alice.creates().await;
                    }
                }
                costs.push(server.cpu() - cpu);
            }
        }
        let [with, without] = costs.map(median).map(|cpu| cpu / float(size.requests));
        println!("  {name:12} {with:7.0} {without:7.0}   {:.3}", with / without);
    }
}

/// The program, in a process of its own.
struct Server {
    child: Child,
    address: String,
    database: String,
    _folder: TempDir,
    http: reqwest::Client,
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = match std::env::var("TASKWARD_BENCH_POSTGRES") {
            Ok(server) => new_database(&server).await,
            Err(_) => format!("sqlite://{}", folder.path().join("taskward.db").display()),
        };
        let mut child = Command::new(env!("CARGO_BIN_EXE_taskward"))
            .args(["serve", "--listen=127.0.0.1:0"])
            .args(["--max-sockets=1000000", "--max-sockets-per-user=1000", "--rate-limit=0"])
            // One address may have as many connections as it likes.
            .arg("--trusted-proxies=127.0.0.1")
            .env_clear()
            .env("BETTER_AUTH_SECRET", SECRET)
            .env("DATABASE_URL", &database)
            .current_dir(folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, address) = line.split_once("listening on http://")?;
            Some(address.split('/').next().unwrap().to_owned())
        });
        // Somebody has to read what it says.
        std::thread::spawn(move || lines.for_each(drop));
        let address = address.expect("the server did not start");
        Self { child, address, database, _folder: folder, http: reqwest::Client::new() }
    }

    /// Resident memory, in KiB.
    fn memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Processor time so far, of all threads, in microseconds.
    fn cpu(&self) -> f64 {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let nanos = threads.map(|thread| {
            let schedule = std::fs::read_to_string(thread.unwrap().path().join("schedstat"));
            let first = |text: String| text.split(' ').next().unwrap().parse::<f64>().unwrap();
            schedule.map_or(0.0, first)
        });
        nanos.sum::<f64>() / 1e3
    }

    fn person(&self, sub: &str) -> Person<'_> {
        Person { server: self, token: token(sub) }
    }

    /// A socket of a user who follows their changes, and has had the first answer.
    async fn follows(&self, sub: String) -> Socket {
        let mut request = format!("ws://{}/graphql", self.address).into_client_request().unwrap();
        let protocol = "graphql-transport-ws".parse().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let stream = TcpStream::connect(&self.address).await.unwrap();
        let small = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
        let (stream, _) = client_async_with_config(request, stream, Some(small)).await.unwrap();
        let mut socket = Socket(stream);
        let authorization = format!("Bearer {}", token(&sub));
        let init = json!({ "authorization": authorization });
        socket.says(json!({ "type": "connection_init", "payload": init })).await;
        socket.hears_of("connection_ack").await;
        let query = "subscription { changes { cursor changes { id } } }";
        let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": query } });
        socket.says(subscribe).await;
        socket.hears().await;
        socket
    }

    async fn drops_the_indexes_of_the_log(&self) {
        let database = sea_orm::Database::connect(&self.database).await.unwrap();
        for table in ["task", "tag", "task_list", "tombstone"] {
            let sql = format!("DROP INDEX {table}_number");
            database.execute_unprepared(&sql).await.unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn new_database(server: &str) -> String {
    let name = format!("bench_{}", uuid::Uuid::new_v4().simple());
    let database = sea_orm::Database::connect(format!("{server}/postgres")).await.unwrap();
    database.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    format!("{server}/{name}")
}

fn token(sub: &str) -> String {
    let command = clap::Command::new("taskward").no_binary_name(true).args(config::arguments());
    let secret = format!("--better-auth-secret={SECRET}");
    let sources = Settings(command.get_matches_from([secret])).check().ok().unwrap().tokens;
    let ttl = TimeDelta::hours(10);
    let token = NewToken { sub: sub.to_owned(), email: None, name: None, ttl };
    sources.sign(&token, Clock::system().now()).unwrap()
}

/// Somebody who sends requests.
struct Person<'a> {
    server: &'a Server,
    token: String,
}

impl Person<'_> {
    async fn sends(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request = self.server.http.post(format!("http://{}/graphql", self.server.address));
        let request = request.header("content-type", "application/json").bearer_auth(&self.token);
        let answer = request.body(body).send().await.unwrap().bytes().await.unwrap();
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].take()
    }

    async fn creates(&self) -> Value {
        let query =
            "mutation { createTask(input: { title: \"Water the plants\" }) { task { id } } }";
        self.sends(query, json!({})).await["createTask"]["task"]["id"].take()
    }

    async fn completes(&self, id: &Value, completed: bool) {
        let query = "mutation($id: ID!, $completed: Boolean!) {
            updateTask(input: { id: $id, completed: $completed }) { task { id version } }
        }";
        self.sends(query, json!({ "id": id, "completed": completed })).await;
    }
}

/// The client's end of a socket.
struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn says(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Waits for the next page of changes.
    async fn hears(&mut self) {
        self.hears_of("next").await;
    }

    async fn hears_of(&mut self, ty: &str) {
        loop {
            let message = self.0.next().await.unwrap().unwrap();
            let Message::Text(text) = message else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["type"] == ty {
                return;
            }
            assert_eq!(message["type"], "ping", "{message}");
        }
    }
}

/// The clients' ends of the sockets are open files as well.
fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}

fn per(total: usize, count: usize) -> f64 {
    float(total) / float(count)
}
