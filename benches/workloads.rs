//! What a request costs, beside a hand-written server over the same SQLite file.
//!
//! | workload | |
//! |---|---|
//! | W1 | a page of 50 tasks with 8 fields each, cursors, and whether there are more |
//! | W2 | one task by its id |
//! | W5 | a task set to completed, or back, so that each request writes |
//! | W4 | a new task |
//!
//! A request goes through the production router in process, from its HTTP form to the last byte of
//! its answer: the wire is left out, and so is the log, which is not started. [`twin`] is the other
//! server. Before anything is measured, both have to answer the same bytes and write the same rows.
//!
//! `cargo bench` has criterion measure each server alone, and then both in turns, since figures that
//! were taken minutes apart say little about each other: the table at the end comes from those
//! turns. Criterion's figures are means, with the checkpoints of the database in them; those of the
//! table are medians. `cargo bench -- --test` only looks whether everything runs.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing better to do")]

mod twin;

use std::{
    cell::Cell,
    time::{Duration, Instant as Stopwatch},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderValue, Request, StatusCode, header},
};
use chrono::TimeDelta;
use clap::{Args, FromArgMatches};
use criterion::{BatchSize, Criterion};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use taskward::{
    app::App,
    auth::NewToken,
    clock::{Clock, Instant},
    config::{Config, Settings},
};
use tempfile::TempDir;
use tokio::runtime::{self, Runtime};
use tower::ServiceExt;
use uuid::{ContextV7, Uuid};

use self::twin::{
    documents,
    sqlite::{NewTask, Sqlite},
};

/// When it all happens: the clock stands, and goes on by a millisecond with each request.
const START: &str = "2026-11-21T09:30:00.000Z";
const USER: &str = "alice";
/// How many tasks the user has.
const TASKS: i64 = 5_000;
/// Each so many-th task is one of those that are asked for by id.
const STEP: usize = 100;
const CONNECTIONS: u32 = 16;
/// How many requests a server gets before it is the other's turn.
const TURN: usize = 50;

fn main() {
    stay_on_one_core();
    let runtime = runtime();
    let servers = runtime.block_on(Servers::start());
    // Without `--bench`, which `cargo bench` adds, criterion takes it for a test as well.
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let measures = has("--bench") && !has("--test");
    let mut criterion = Criterion::default()
        .sample_size(40)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();

    let mut table = Vec::new();
    for workload in WORKLOADS {
        runtime.block_on(servers.agree(workload));
        alone(&mut criterion, &runtime, &servers, workload);
        if measures {
            table.push((workload.name, runtime.block_on(servers.in_turns(workload))));
        }
    }
    criterion.final_summary();
    if measures {
        print(&table);
    }
}

/// A request goes back and forth between its own thread and that of its connection to SQLite, and
/// to wake a core that has gone to sleep takes longer than all the rest of it. So the threads share
/// one core, and the time of a request is what there was to compute.
fn stay_on_one_core() {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};
        let mut core = CpuSet::new();
        core.set(sched_getcpu());
        sched_setaffinity(None, &core).unwrap();
    }
}

/// On one thread, since the requests come one after the other.
fn runtime() -> Runtime {
    runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

struct Workload {
    name: &'static str,
    document: &'static str,
    variables: fn(&Servers, usize) -> Value,
}

/// The new tasks come last, since they would change what the page shows.
const WORKLOADS: &[Workload] = &[
    Workload {
        name: "W1 page of 50",
        document: documents::PAGE,
        variables: |_, _| json!({ "first": 50 }),
    },
    Workload {
        name: "W2 one task",
        document: documents::TASK,
        variables: |servers, turn| json!({ "id": servers.id(turn) }),
    },
    Workload {
        name: "W5 complete",
        document: documents::COMPLETE,
        // Each task is completed, and with the next request open again.
        variables: |servers, turn| json!({ "id": servers.id(turn / 2), "c": turn % 2 == 0 }),
    },
    Workload {
        name: "W4 create",
        document: documents::CREATE,
        variables: |_, turn| json!({ "t": format!("Task number {turn} call the plumber") }),
    },
];

/// Both servers over one database.
struct Servers {
    taskward: Router,
    twin: Router,
    database: Sqlite,
    clock: Clock,
    authorization: HeaderValue,
    /// Open tasks to ask for.
    ids: Vec<Uuid>,
    requests: Cell<usize>,
    _folder: TempDir,
}

impl Servers {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("taskward.db");
        let clock = Clock::manual(Instant::parse(START).unwrap());
        let config = config(&format!("sqlite://{}", file.display()));
        let token =
            NewToken { sub: USER.to_owned(), email: None, name: None, ttl: TimeDelta::days(365) };
        let token = config.tokens.sign(&token, clock.now()).unwrap();

        let app = App::build(config, clock.clone(), None).await.unwrap();
        let database = Sqlite::open(&file, CONNECTIONS).await.unwrap();
        let tasks: Vec<_> = tasks(clock.now().millis()).collect();
        let open = tasks.iter().filter(|task| task.completed_at.is_none());
        let ids = open.step_by(STEP).map(|task| task.id).collect();
        database.load(USER, tasks).await.unwrap();
        Self {
            taskward: app.router(),
            twin: twin::router(database.clone(), app.authenticator().clone(), clock.clone()),
            database,
            clock,
            authorization: format!("Bearer {token}").parse().unwrap(),
            ids,
            requests: Cell::new(0),
            _folder: folder,
        }
    }

    fn id(&self, turn: usize) -> Uuid {
        self.ids[turn % self.ids.len()]
    }

    /// The next request of a workload, a millisecond later.
    fn next(&self, workload: &Workload) -> Request<Body> {
        self.clock.advance(TimeDelta::milliseconds(1));
        self.request(workload, self.requests.replace(self.requests.get() + 1))
    }

    fn request(&self, workload: &Workload, turn: usize) -> Request<Body> {
        let variables = (workload.variables)(self, turn);
        let body = json!({ "query": workload.document, "variables": variables });
        Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/graphql-response+json")
            .header(header::AUTHORIZATION, &self.authorization)
            .body(body.to_string().into())
            .unwrap()
    }

    /// Makes sure that both servers do the same: they answer the same bytes, but for the ids that
    /// they make, leave the same rows, and count the same.
    async fn agree(&self, workload: &Workload) {
        // An even number, after which a task is as open as it was.
        const TURNS: usize = 4;
        self.requests.set(0);
        let before = self.database.counter(USER).await.unwrap();
        let by_taskward = self.outcomes(&self.taskward, workload, TURNS).await;
        let between = self.database.counter(USER).await.unwrap();
        let by_twin = self.outcomes(&self.twin, workload, TURNS).await;
        let after = self.database.counter(USER).await.unwrap();
        assert_eq!(by_taskward, by_twin, "{}", workload.name);
        assert_eq!(between - before, after - between, "{}", workload.name);
    }

    /// What a server answers, and what is in the database then.
    async fn outcomes(
        &self,
        router: &Router,
        workload: &Workload,
        turns: usize,
    ) -> Vec<(String, Option<String>)> {
        let mut outcomes = Vec::new();
        for turn in 0..turns {
            let body = ask(router, self.request(workload, turn)).await;
            let json: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(json.get("errors"), None, "{json:#}");
            let text = String::from_utf8(body.into()).unwrap();
            let field = |name: &str| json["data"][name]["task"]["id"].as_str();
            let outcome = match (field("createTask"), field("updateTask")) {
                (Some(id), _) => (text.replace(id, "new"), Some(self.stored(id).await)),
                (_, Some(id)) => (text.clone(), Some(self.stored(id).await)),
                _ => (text, None),
            };
            outcomes.push(outcome);
        }
        outcomes
    }

    async fn stored(&self, id: &str) -> String {
        self.database.stored(id.parse().unwrap()).await.unwrap()
    }

    /// The time of a request with each server, which take turns for a few seconds.
    async fn in_turns(&self, workload: &Workload) -> [Duration; 2] {
        const LONG_ENOUGH: Duration = Duration::from_secs(5);
        let (start, mut times) = (Stopwatch::now(), [Vec::new(), Vec::new()]);
        while start.elapsed() < LONG_ENOUGH {
            for (router, times) in [&self.taskward, &self.twin].into_iter().zip(&mut times) {
                for _ in 0..TURN {
                    let request = self.next(workload);
                    let start = Stopwatch::now();
                    ask(router, request).await;
                    times.push(start.elapsed());
                }
            }
        }
        times.map(median)
    }
}

/// The settings that production has with a shared secret, whatever the environment says.
fn config(database_url: &str) -> Config {
    let flags = [
        format!("--database-url={database_url}"),
        format!("--pool-size={CONNECTIONS}"),
        "--better-auth-secret=a secret that only this benchmark knows".to_owned(),
    ];
    let command = Settings::augment_args(clap::Command::new("taskward"))
        .mut_args(|argument| argument.env(None::<&str>));
    let matches = command.no_binary_name(true).get_matches_from(flags);
    Settings::from_arg_matches(&matches).unwrap().check().ok().unwrap()
}

/// Tasks of every kind, one for each second before `now`, the oldest first.
fn tasks(now: i64) -> impl Iterator<Item = NewTask> {
    const HOUR: i64 = 3_600_000;
    let ids = ContextV7::new();
    (1..=TASKS).rev().map(move |n| {
        let created_at = now - n * 1000;
        let description = || {
            format!("A somewhat longer description of task number {n}, with details about what has to be done")
        };
        NewTask {
            id: twin::id_of(&ids, created_at),
            title: format!("Task number {n} buy milk and bread"),
            description: (n % 3 != 0).then(description),
            priority: i16::try_from(n % 5).unwrap(),
            due_at: (n % 2 == 0).then_some(now + n % 1000 * HOUR),
            completed_at: (n % 4 == 0).then_some(created_at),
            created_at,
        }
    })
}

/// Sends a request and reads the answer to its end.
async fn ask(router: &Router, request: Request<Body>) -> Bytes {
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().collect().await.unwrap().to_bytes()
}

/// Criterion's measurement of each server by itself.
fn alone(criterion: &mut Criterion, runtime: &Runtime, servers: &Servers, workload: &Workload) {
    let mut group = criterion.benchmark_group(workload.name);
    for (name, router) in [("taskward", &servers.taskward), ("twin", &servers.twin)] {
        group.bench_function(name, |bencher| {
            bencher.to_async(runtime).iter_batched(
                || servers.next(workload),
                |request| ask(router, request),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn median(mut times: Vec<Duration>) -> Duration {
    let middle = times.len() / 2;
    *times.select_nth_unstable(middle).1
}

fn print(table: &[(&str, [Duration; 2])]) {
    println!("{:15} {:>12} {:>9} {:>6}", "median, in turns", "taskward µs", "twin µs", "ratio");
    for (name, [taskward, twin]) in table {
        let [taskward, twin] = [taskward, twin].map(|time| time.as_secs_f64() * 1e6);
        println!("{name:15} {taskward:12.1} {twin:9.1} {:6.2}", taskward / twin);
    }
}
