//! What requests cost taskward beside other servers, each in a process of its own, with many tasks in
//! the database: its hand-written [`twin`] and, where they are set up, servers of Node.
//!
//! `cargo bench --bench side_by_side` measures on PostgreSQL, `-- --sqlite` on an SQLite file, and
//! `-- --help` tells what else can be said. docs/performance.md explains the figures.
//!
//! | module | |
//! |---|---|
//! | [`arena`] | a database with its tasks |
//! | [`clients`] | the users, and what they ask |
//! | [`contender`] | a server that takes part |
//! | [`report`] | the figures of all runs, and their table |
//! | [`processes`], [`servers`], [`tables`], [`twin`] | shared with the other benchmarks |
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing better to do")]

mod arena;
mod clients;
mod contender;
#[expect(dead_code, reason = "the tests change key sets, the benchmark does not")]
#[path = "../../tests/it/harness/issuer.rs"]
mod issuer;
#[path = "../../tests/it/harness/postgres.rs"]
mod postgres;
#[expect(dead_code, reason = "other benchmarks look at starts and at the memory of idle servers")]
#[path = "../processes/mod.rs"]
mod processes;
mod report;
#[expect(dead_code, reason = "here, servers in this process only have to agree")]
#[path = "../servers/mod.rs"]
mod servers;
#[path = "../tables/mod.rs"]
mod tables;
#[expect(dead_code, reason = "the tests know more kinds of keys")]
#[path = "../../tests/it/harness/tokens.rs"]
mod tokens;
#[path = "../twin/mod.rs"]
mod twin;

use std::time::Duration;

use clap::Parser;

use self::{
    arena::{Arena, Issuing},
    contender::Contender,
    processes::{
        Mode,
        place::{Kind, Place},
    },
    report::Report,
    servers::{Servers, creation::loads_what_taskward_writes, workload::WORKLOADS},
};

/// Measures taskward beside other servers, which take turns.
#[derive(Parser)]
struct Options {
    /// How often each server has its turn, started anew each time.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long each workload is measured in each round; a third of it before that is for warming up.
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
    /// How many tasks there are, of a thousand users at the most.
    #[arg(long, default_value_t = 1_000_000)]
    tasks: usize,
    /// On an SQLite file, and without the servers of Node.
    #[arg(long)]
    sqlite: bool,
    /// With tokens that are signed by a key of a key set, and without the servers of Node.
    #[arg(long)]
    eddsa: bool,
    /// Only these workloads, such as `W6,W10`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    #[command(flatten)]
    mode: Mode,
}

impl Options {
    fn includes(&self, workload: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == workload)
    }
}

#[tokio::main]
async fn main() {
    if std::env::args().nth(1).as_deref() == Some(contender::TWIN) {
        return contender::serve_twin().await;
    }
    let options = Options::parse();
    let issuing = if options.eddsa { Issuing::KeySet } else { Issuing::Secret };
    let kind = if options.sqlite { Kind::Sqlite } else { Kind::Postgres };
    if options.mode.measures() {
        compare(kind, issuing, &options).await;
    } else {
        let small = Options { rounds: 1, seconds: 0.3, tasks: 4_000, ..options };
        compare(Kind::Postgres, Issuing::Secret, &small).await;
        compare(Kind::Sqlite, Issuing::KeySet, &small).await;
    }
}

/// Measures all servers that can be compared there, and prints the table.
async fn compare(kind: Kind, issuing: Issuing, options: &Options) {
    let Some(place) = Place::find(kind) else { return };
    agree(&place).await;
    let arena = Arena::of_taskward(&place, options.tasks, issuing).await;
    let mut contenders = vec![Contender::taskward(&arena), Contender::twin(&arena)];
    let peers = match (kind, issuing) {
        (Kind::Postgres, Issuing::Secret) => Arena::of_peers(&place, options.tasks).await,
        _ => None,
    };
    if let Some(peers) = &peers {
        contenders.extend([Contender::mercurius(peers), Contender::apollo(peers)]);
    }

    let mut report = Report::default();
    for round in 0..options.rounds {
        // Another one begins each time.
        contenders.rotate_left(round.min(1));
        for contender in &contenders {
            let server = contender.start().await;
            let arena = contender.arena;
            for workload in arena.workloads.iter().filter(|it| options.includes(it.name)) {
                let requests = arena.requests(workload).await;
                if contender.is_peer && !server.answers(&requests).await {
                    eprintln!("{} {}: no answer to that document", workload.name, contender.name);
                    continue;
                }
                let seconds = Duration::from_secs_f64(options.seconds);
                let figures = server.measure(&arena.tables, &requests, seconds).await;
                report.add(contender.name, workload.name, figures);
                if workload.writes {
                    arena.tidy().await;
                }
            }
        }
    }
    println!("{report}");
    assert!(!report.has_errors(), "some requests were not answered as they should be");
}

/// Makes sure that both servers of ours do the same here, and that what is loaded is what taskward
/// writes.
async fn agree(place: &Place) {
    let (loaded, written) = (place.database("loaded").await, place.database("written").await);
    loads_what_taskward_writes([&loaded, &written]).await;
    let servers = Servers::start(&place.database("agreed").await).await;
    for workload in WORKLOADS {
        servers.agree(workload).await;
    }
}
