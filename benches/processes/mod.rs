//! Servers in processes of their own, asked over the wire, and what the system says of them.
//!
//! | module | |
//! |---|---|
//! | [`place`] | where databases are created |
//! | [`load`] | the client, which sends the requests |
//! | [`figures`] | the figures of a run |
//! | [`statistics`] | their median |

pub mod figures;
pub mod load;
pub mod place;
pub mod statistics;

use std::{
    fs::read_to_string,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use sea_orm::DbBackend;
use serde_json::{Value, json};
use taskward::time::Clock;
use tempfile::TempDir;

use self::{
    figures::Figures,
    load::{Requests, Run},
};
use crate::{postgres::free_port, tables::Tables, tokens};

/// The flags by which cargo tells a benchmark what to do.
#[derive(clap::Args)]
pub struct Mode {
    /// Checks only that everything runs.
    #[arg(long)]
    test: bool,
    /// Added by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Mode {
    /// Whether to measure, rather than to check that everything runs.
    pub fn measures(&self) -> bool {
        self.bench && !self.test
    }
}

/// A server that runs until it is dropped.
pub struct Server {
    address: SocketAddr,
    process: Child,
    /// How long it took to the first answer.
    pub started_in: Duration,
    _folder: TempDir,
}

impl Server {
    /// Starts a server, and waits until it answers.
    pub async fn start(mut command: Command, question: &Requests) -> Self {
        const LONG: Duration = Duration::from_secs(30);
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        command
            .env("TASKWARD_LISTEN", address.to_string())
            .env("PORT", port.to_string())
            // It is checked, but never reached.
            .env("TASKWARD_RATE_LIMIT", "4000000000")
            .current_dir(folder.path())
            .stdout(Stdio::null())
            // The log is written, as in production, but nobody reads it.
            .stderr(Stdio::null());
        let start = Instant::now();
        let process = command.spawn().unwrap();
        let answer = tokio::time::timeout(LONG, load::first_answer(address, question)).await;
        answer.expect("the server does not answer");
        Self { address, process, started_in: start.elapsed(), _folder: folder }
    }

    pub async fn connect(&self) -> load::Connection {
        load::Connection::open(self.address).await.unwrap()
    }

    /// Whether it answers the next request as is expected.
    pub async fn answers(&self, requests: &Requests) -> bool {
        load::answers(self.address, requests).await
    }

    /// Asks for so long.
    pub async fn ask(&self, requests: &Arc<Requests>, time: Duration) -> Run {
        let (address, requests) = (self.address, Arc::clone(requests));
        tokio::task::spawn_blocking(move || load::ask(address, &requests, time)).await.unwrap()
    }

    /// Asks for so long, and a third of it before that to warm up.
    pub async fn measure(
        &self,
        tables: &Tables,
        requests: &Arc<Requests>,
        time: Duration,
    ) -> Figures {
        self.ask(requests, time / 3).await;
        let before = (self.cpu(), backends_cpu(tables).await);
        let run = self.ask(requests, time).await;
        let (cpu, backends) = (self.cpu() - before.0, backends_cpu(tables).await - before.1);
        Figures::of(&run, cpu, backends, self.peak_memory())
    }

    /// The processor time that it has taken so far, in microseconds.
    fn cpu(&self) -> f64 {
        cpu(self.process.id()).expect("the server has stopped")
    }

    /// What it has in memory, in MiB.
    pub fn memory(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// The most that it has had in memory, in MiB.
    pub fn peak_memory(&self) -> f64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> f64 {
        let status = read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The processor time of PostgreSQL's processes that serve connections to this database, in
/// microseconds.
async fn backends_cpu(tables: &Tables) -> f64 {
    const BACKENDS: &str = "SELECT pid FROM pg_stat_activity \
         WHERE datname = current_database() AND backend_type = 'client backend' \
         AND pid <> pg_backend_pid()";
    if tables.backend() != DbBackend::Postgres {
        return 0.0;
    }
    let backends = tables.column::<i32>(BACKENDS).await;
    backends.into_iter().filter_map(|process| cpu(process.cast_unsigned())).sum()
}

/// The processor time that a process has taken, for itself and in the system, in microseconds; `None`
/// when it is gone.
fn cpu(process: u32) -> Option<f64> {
    // Linux counts in hundredths of a second here, whatever its clock does.
    const TICK: f64 = 10_000.0;
    let line = read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in brackets, may have blanks in it.
    let (_, fields) = line.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(|it| it.parse::<f64>().ok());
    Some(TICK * ticks.sum::<Option<f64>>()?)
}

/// A token that is signed with [`tokens::SECRET`].
pub fn token(sub: &str) -> String {
    tokens::with(&claims(sub))
}

pub fn claims(sub: &str) -> Value {
    const DAY: i64 = 86_400;
    let now = Clock::system().now().seconds();
    json!({ "sub": sub, "iat": now, "exp": now + DAY })
}
