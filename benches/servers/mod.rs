//! taskward and its twin over one database, in this process: requests go through the production
//! router, from their HTTP form to the last byte of the answer. The wire is left out, and so is the
//! log, which is not started.
//!
//! | module | |
//! |---|---|
//! | [`workload`] | what is asked of them |
//! | [`creation`] | the dataset as users would make it |

pub mod creation;
pub mod workload;

use std::cell::Cell;

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderValue, Request, StatusCode, header},
};
use chrono::TimeDelta;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use taskward::{
    app::App,
    auth::NewToken,
    config::{self, Config, Settings},
    time::{Clock, Timestamp},
};
use tower::ServiceExt;
use uuid::Uuid;

use self::workload::Workload;
use crate::{
    tables::{
        Tables,
        dataset::{Dataset, sub},
    },
    twin::{self, cursor, database::Database},
};

/// When it all happens: the clock stands, and goes on by a millisecond with each request.
const START: &str = "2026-11-21T09:30:00.000Z";
/// How many tasks the user has.
const TASKS: usize = 5_000;
/// Each so many-th open task is one of those that are asked for by id.
const STEP: usize = 100;
const CONNECTIONS: u32 = 16;

/// Both servers over one database.
pub struct Servers {
    pub taskward: Router,
    pub twin: Router,
    tables: Tables,
    clock: Clock,
    authorization: HeaderValue,
    /// Open tasks to ask for.
    ids: Vec<Uuid>,
    /// The list of the outline.
    list: Uuid,
    /// The cursor before the last change.
    since: String,
    requests: Cell<usize>,
}

impl Servers {
    /// Over a new database.
    pub async fn start(url: &str) -> Self {
        fill(url).await;
        Self::open(url).await
    }

    /// Over a database that was filled before.
    pub async fn open(url: &str) -> Self {
        let clock = Clock::manual(start());
        let (app, authorization) = taskward(url, &clock).await;
        let database = Database::connect(url, CONNECTIONS).await.unwrap();
        let tables = Tables::connect(url).await;
        let counter = tables.counter(&sub(0)).await;
        Self {
            taskward: app.router(),
            twin: twin::router(database, app.authenticator().clone(), clock.clone()),
            tables,
            clock,
            authorization: authorization(&sub(0)),
            ids: dataset().open_tasks(0).step_by(STEP).map(|own| own.task.id).collect(),
            list: dataset().outline(0),
            since: cursor::of_change(&sub(0), counter - 1),
            requests: Cell::new(0),
        }
    }

    fn id(&self, turn: usize) -> Uuid {
        self.ids[turn % self.ids.len()]
    }

    /// The next request of a workload, a millisecond later.
    pub fn next(&self, workload: &Workload) -> Request<Body> {
        self.clock.advance(TimeDelta::milliseconds(1));
        self.request(workload, self.requests.replace(self.requests.get() + 1))
    }

    fn request(&self, workload: &Workload, turn: usize) -> Request<Body> {
        let variables = (workload.variables)(self, turn);
        request(&self.authorization, &workload.document(turn), &variables)
    }

    /// Makes sure that both servers do the same: they answer the same bytes, but for the ids that
    /// they make, leave the same rows, and count the same.
    pub async fn agree(&self, workload: &Workload) {
        // An even number, after which a task is as open as it was.
        const TURNS: usize = 4;
        self.requests.set(0);
        let before = self.tables.counter(&sub(0)).await;
        let by_taskward = self.outcomes(&self.taskward, workload, TURNS).await;
        let between = self.tables.counter(&sub(0)).await;
        let by_twin = self.outcomes(&self.twin, workload, TURNS).await;
        let after = self.tables.counter(&sub(0)).await;
        assert_eq!(by_taskward, by_twin, "{}", workload.name);
        assert_eq!(between - before, after - between, "{}", workload.name);
    }

    /// What a server answers, and what is in the database then; new tasks are removed again, since pages
    /// show them.
    async fn outcomes(
        &self,
        router: &Router,
        workload: &Workload,
        turns: usize,
    ) -> Vec<(String, Option<String>)> {
        let (mut outcomes, mut created) = (Vec::new(), Vec::new());
        for turn in 0..turns {
            let body = ask(router, self.request(workload, turn)).await;
            let json: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(json.get("errors"), None, "{json:#}");
            let mut text = String::from_utf8(body.into()).unwrap();
            let id = |name: &str| json["data"][name]["task"]["id"].as_str()?.parse().ok();
            created.extend(id("createTask"));
            let stored = match id("updateTask").or(id("createTask")) {
                Some(id) => Some(self.tables.stored(id).await),
                None => None,
            };
            for (number, id) in created.iter().enumerate() {
                text = text.replace(&id.to_string(), &format!("new {number}"));
            }
            outcomes.push((text, stored));
        }
        for id in created {
            self.tables.remove(id).await;
        }
        outcomes
    }
}

/// Makes the tables of a new database, and gives the user tasks.
pub async fn fill(url: &str) {
    Tables::migrated(url).await.load(dataset()).await;
}

/// One user with tasks and an outline.
fn dataset() -> Dataset {
    let now = start().millis();
    Dataset { users: 1, tasks: TASKS, now, outlines: 1, outline_tasks: 100, ..Default::default() }
}

fn start() -> Timestamp {
    Timestamp::parse(START).unwrap()
}

/// The server itself, and how to get in.
async fn taskward(url: &str, clock: &Clock) -> (App, impl Fn(&str) -> HeaderValue + use<>) {
    let (config, signing) = (config(url), config(url).tokens);
    let app = App::build(config, clock.clone(), None).await.unwrap();
    let now = clock.now();
    let authorization = move |sub: &str| {
        let ttl = TimeDelta::days(365);
        let token = NewToken { sub: sub.to_owned(), email: None, name: None, ttl };
        format!("Bearer {}", signing.sign(&token, now).unwrap()).parse().unwrap()
    };
    (app, authorization)
}

/// The settings that production has with a shared secret, whatever the environment says.
fn config(database_url: &str) -> Config {
    let flags = [
        format!("--database-url={database_url}"),
        format!("--pool-size={CONNECTIONS}"),
        "--rate-limit=0".to_owned(),
        "--better-auth-secret=a secret that only this benchmark knows".to_owned(),
        // Instructions are counted slowly, those of a debug build above all.
        "--request-timeout=600".to_owned(),
    ];
    let arguments = config::arguments().map(|argument| argument.env(None::<&str>));
    let command = clap::Command::new("taskward").no_binary_name(true).args(arguments);
    Settings(command.get_matches_from(flags)).check().ok().unwrap()
}

fn request(authorization: &HeaderValue, document: &str, variables: &Value) -> Request<Body> {
    let body = json!({ "query": document, "variables": variables });
    Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/graphql-response+json")
        .header(header::AUTHORIZATION, authorization)
        .body(body.to_string().into())
        .unwrap()
}

/// Sends a request and reads the answer to its end.
pub async fn ask(router: &Router, request: Request<Body>) -> Bytes {
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().collect().await.unwrap().to_bytes()
}
