//! A server that takes part, in a process of its own.

use std::{
    env,
    fs::read_to_string,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use clap::{Args, FromArgMatches};
use taskward::{auth::Authenticator, clock::Clock, config::Settings};
use tempfile::TempDir;
use tokio::{net::TcpListener, time};

use crate::{
    arena::{Arena, Peers},
    postgres::free_port,
    twin::{self, database::Database},
};

/// What this program is called with to be the twin.
pub const TWIN: &str = "twin";

/// How to start a server.
pub struct Contender<'a> {
    pub name: &'static str,
    program: PathBuf,
    argument: PathBuf,
    environment: Vec<(&'static str, String)>,
    arena: &'a Arena,
}

impl<'a> Contender<'a> {
    /// The program itself, as in production.
    pub fn taskward(arena: &'a Arena) -> Self {
        Self::ours("taskward", env!("CARGO_BIN_EXE_taskward").into(), "serve", arena)
    }

    /// The twin, which is this program.
    pub fn twin(arena: &'a Arena) -> Self {
        Self::ours(TWIN, env::current_exe().unwrap(), TWIN, arena)
    }

    fn ours(name: &'static str, program: PathBuf, argument: &str, arena: &'a Arena) -> Self {
        let environment = vec![arena.keys.clone()];
        Self { name, program, argument: argument.into(), environment, arena }
    }

    pub fn mercurius(arena: &'a Arena) -> Self {
        Self::of_node("Mercurius", "mercurius.js", arena)
    }

    pub fn apollo(arena: &'a Arena) -> Self {
        Self::of_node("Apollo Server", "apollo.js", arena)
    }

    fn of_node(name: &'static str, script: &str, arena: &'a Arena) -> Self {
        let Peers { servers, modules, node, .. } = Peers::find().unwrap();
        let environment = vec![
            ("NODE_ENV", "production".to_owned()),
            ("NODE_PATH", modules.display().to_string()),
            arena.keys.clone(),
            ("POOL_SIZE", "16".to_owned()),
        ];
        Self { name, program: node, argument: servers.join(script), environment, arena }
    }

    /// Starts it, and waits until it answers.
    pub async fn start(&self) -> Server<'a> {
        const LONG: Duration = Duration::from_secs(30);
        const PAUSE: Duration = Duration::from_millis(50);
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let process = Command::new(&self.program)
            .arg(&self.argument)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("DATABASE_URL", &self.arena.url)
            .env("TASKWARD_LISTEN", address.to_string())
            .env("PORT", port.to_string())
            .current_dir(folder.path())
            .stdout(Stdio::null())
            // The log is written, as in production, but nobody reads it.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Server { arena: self.arena, address, process, _folder: folder };
        let answers = async {
            while self.arena.ask(address, 1, PAUSE).await.times.is_empty() {
                time::sleep(PAUSE).await;
            }
        };
        time::timeout(LONG, answers).await.expect("the server does not answer");
        server
    }
}

/// A server that runs until it is dropped.
pub struct Server<'a> {
    pub arena: &'a Arena,
    pub address: SocketAddr,
    process: Child,
    _folder: TempDir,
}

impl Server<'_> {
    /// The processor time that it has taken so far, in microseconds.
    pub fn cpu(&self) -> f64 {
        cpu(self.process.id()).expect("the server has stopped")
    }

    /// The most that it has had in memory, in MiB.
    pub fn peak_memory(&self) -> f64 {
        let status = read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The processor time that a process has taken, for itself and in the system, in microseconds; `None`
/// when it is gone.
pub fn cpu(process: u32) -> Option<f64> {
    // Linux counts in hundredths of a second here, whatever its clock does.
    const TICK: f64 = 10_000.0;
    let line = read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in brackets, may have blanks in it.
    let (_, fields) = line.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(|it| it.parse::<f64>().ok());
    Some(TICK * ticks.sum::<Option<f64>>()?)
}

/// Serves as the twin, with the settings of taskward.
pub async fn serve_twin() {
    let command = Settings::augment_args(clap::Command::new(TWIN)).no_binary_name(true);
    let matches = command.get_matches_from([""; 0]);
    let config = Settings::from_arg_matches(&matches).unwrap().check().unwrap();
    let guard = Authenticator::new(config.tokens, Clock::system());
    tokio::spawn(guard.clone().run());
    let database = Database::connect(&config.database_url, config.pool_size).await.unwrap();
    let router = twin::router(database, guard, Clock::system());
    let listener = TcpListener::bind(config.listen).await.unwrap();
    axum::serve(listener, router).await.unwrap();
}
