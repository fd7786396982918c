//! taskward and its twin over one database, in this process: requests go through the production
//! router, from their HTTP form to the last byte of the answer. The wire is left out, and so is the
//! log, which is not started.

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

use crate::{
    tables::{
        Tables,
        dataset::{Dataset, OwnTask, sub},
    },
    twin::{self, database::Database, documents},
};

/// When it all happens: the clock stands, and goes on by a millisecond with each request.
const START: &str = "2026-11-21T09:30:00.000Z";
/// How many tasks the user has.
const TASKS: usize = 5_000;
/// Each so many-th open task is one of those that are asked for by id.
const STEP: usize = 100;
const CONNECTIONS: u32 = 16;

/// What is asked of the servers.
pub struct Workload {
    pub name: &'static str,
    document: &'static str,
    variables: fn(&Servers, usize) -> Value,
}

/// The new tasks come last, since they would change what the page shows.
pub const WORKLOADS: &[Workload] = &[
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
        name: "W3 with tags",
        document: documents::PAGE_WITH_TAGS,
        variables: |_, _| json!({ "first": 50 }),
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
pub struct Servers {
    pub taskward: Router,
    pub twin: Router,
    tables: Tables,
    clock: Clock,
    authorization: HeaderValue,
    /// Open tasks to ask for.
    ids: Vec<Uuid>,
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
        Self {
            taskward: app.router(),
            twin: twin::router(database, app.authenticator().clone(), clock.clone()),
            tables: Tables::connect(url).await,
            clock,
            authorization: authorization(&sub(0)),
            ids: dataset().open_tasks(0).step_by(STEP).map(|own| own.task.id).collect(),
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
        request(&self.authorization, workload.document, &variables)
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
        self.tables.stored(id.parse().unwrap()).await
    }
}

/// Makes sure that what is loaded into a database is what taskward writes into another one, when
/// users make it request by request.
pub async fn loads_what_taskward_writes([loaded, written]: [&str; 2]) {
    let dataset = Dataset { users: 3, tasks: 600, now: start().millis(), is_lopsided: true };
    let loaded = Tables::migrated(loaded).await;
    loaded.load(dataset).await;

    let clock = Clock::manual(start().before(TimeDelta::hours(1)));
    let (app, authorization) = taskward(written, &clock).await;
    for (created_at, user, document, input) in creations(dataset) {
        clock.advance(TimeDelta::milliseconds(created_at - clock.now().millis()));
        let variables = json!({ "input": input });
        let request = request(&authorization(&sub(user)), document, &variables);
        let answer = ask(&app.router(), request).await;
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer.get("errors"), None, "{answer:#}");
    }
    let written = Tables::connect(written).await;
    assert_eq!(loaded.everything().await, written.everything().await);
}

/// Makes the tables of a new database, and gives the user tasks.
pub async fn fill(url: &str) {
    Tables::migrated(url).await.load(dataset()).await;
}

/// One user with tasks.
fn dataset() -> Dataset {
    Dataset { users: 1, tasks: TASKS, now: start().millis(), is_lopsided: false }
}

/// The requests by which users make what they have: when, who, and what.
fn creations(dataset: Dataset) -> impl Iterator<Item = (i64, usize, &'static str, Value)> {
    const TAG: &str = "mutation($input: CreateTagInput!) { createTag(input: $input) { cursor } }";
    const TASK: &str =
        "mutation($input: CreateTaskInput!) { createTask(input: $input) { cursor } }";
    const TRASH: &str =
        "mutation($input: DeleteTaskInput!) { deleteTask(input: $input) { cursor } }";
    const PRIORITIES: [&str; 5] = ["NONE", "LOW", "MEDIUM", "HIGH", "URGENT"];
    let tags = dataset.tags().map(|tag| {
        let input = json!({ "id": tag.id, "name": tag.name });
        (tag.created_at, tag.user, TAG, input)
    });
    let tasks = dataset.tasks().flat_map(|OwnTask { user, task, tags, is_in_trash }| {
        let due = task.due_at.and_then(Timestamp::from_millis);
        let input = json!({
            "id": task.id,
            "title": task.title,
            "description": task.description,
            "completed": task.completed_at.is_some(),
            "priority": PRIORITIES[usize::try_from(task.priority).unwrap()],
            "due": due.map(|at| json!({ "at": at.to_string() })),
            "tagIds": tags,
        });
        let trash = (task.created_at, user, TRASH, json!({ "id": task.id }));
        std::iter::once((task.created_at, user, TASK, input)).chain(is_in_trash.then_some(trash))
    });
    tags.chain(tasks)
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
        "--better-auth-secret=a secret that only this benchmark knows".to_owned(),
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
