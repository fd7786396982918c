//! A server that takes part, in a process of its own.

use std::{env, path::PathBuf, process::Command};

use futures_util::future::BoxFuture;
use taskward::{
    auth::{Authenticator, BoxError, Revocation, RevocationLog},
    config::{self, Settings},
    time::Clock,
};
use tokio::net::TcpListener;

use crate::{
    arena::{Arena, Peers},
    processes::Server,
    twin::{self, database::Database},
};

/// What this program is called with to be the twin.
pub const TWIN: &str = "twin";
/// The place of the workload that is asked first: W2.
const ONE_TASK: usize = 1;

/// How to start a server.
pub struct Contender<'a> {
    pub name: &'static str,
    program: PathBuf,
    argument: PathBuf,
    environment: Vec<(&'static str, String)>,
    pub arena: &'a Arena,
    /// Whether it is none of ours, and may not know all documents.
    pub is_peer: bool,
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
        // The others have no log: this one is as quiet, unless something is wrong.
        let environment = vec![arena.keys.clone(), ("TASKWARD_LOG", "warn".to_owned())];
        Self { name, program, argument: argument.into(), environment, arena, is_peer: false }
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
        Self {
            name,
            program: node,
            argument: servers.join(script),
            environment,
            arena,
            is_peer: true,
        }
    }

    /// Starts it, and waits until it answers.
    pub async fn start(&self) -> Server {
        let mut command = Command::new(&self.program);
        command.arg(&self.argument).env_clear().env("DATABASE_URL", &self.arena.url);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let question = self.arena.requests(&self.arena.workloads[ONE_TASK]).await;
        Server::start(command, &question).await
    }
}

/// The twin has no sign-out.
struct NobodySignsOut;

impl RevocationLog for NobodySignsOut {
    fn revocations_after(&self, _: i64) -> BoxFuture<'_, Result<Vec<Revocation>, BoxError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// Serves as the twin, with the settings of taskward.
pub async fn serve_twin() {
    let command = clap::Command::new(TWIN).no_binary_name(true).args(config::arguments());
    let config = Settings(command.get_matches_from([""; 0])).check().ok().unwrap();
    let authenticator = Authenticator::new(config.tokens, NobodySignsOut, Clock::system());
    tokio::spawn(authenticator.clone().run());
    tokio::spawn(authenticator.clone().poll_revocations());
    let database = Database::connect(&config.database_url, config.pool_size).await.unwrap();
    let router = twin::router(database, authenticator, Clock::system());
    let listener = TcpListener::bind(config.listen).await.unwrap();
    axum::serve(listener, router).await.unwrap();
}
