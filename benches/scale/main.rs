//! Whether a page of tasks costs the same however many tasks there are and however deep it lies, how
//! soon the server answers, and how much memory it takes.
//!
//! `cargo bench --bench scale` measures on PostgreSQL and on SQLite, with one server for each size, by
//! turns. `-- --plot docs/scale.svg` draws the figures too, `-- --help` tells what else can be said.
//! docs/performance.md explains the figures.
//!
//! | module | |
//! |---|---|
//! | [`size`] | a database of some size, and the pages that are asked of it |
//! | [`report`] | the figures of all runs, and their table |
//! | [`plot`] | the same as a picture |
//! | [`processes`], [`tables`], [`twin`] | shared with the other benchmarks |
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing better to do")]

mod plot;
#[path = "../../tests/it/harness/postgres.rs"]
mod postgres;
#[expect(dead_code, reason = "where servers are compared, more is looked at")]
#[path = "../processes/mod.rs"]
mod processes;
mod report;
mod size;
#[expect(dead_code, reason = "other benchmarks look at what was written")]
#[path = "../tables/mod.rs"]
mod tables;
#[expect(dead_code, reason = "the tests know more kinds of keys")]
#[path = "../../tests/it/harness/tokens.rs"]
mod tokens;
#[expect(dead_code, reason = "here, only what it computes of a task is of use")]
#[path = "../twin/mod.rs"]
mod twin;

use std::{fs, path::PathBuf, time::Duration};

use clap::Parser;

use self::{
    processes::{
        Mode,
        place::{Kind, Place},
        statistics::median,
    },
    report::{Report, Start},
    size::Size,
};

/// Measures pages of small and of large databases, starts and memory.
#[derive(Parser)]
struct Options {
    /// How often each size has its turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each page is measured in each round; a third of it before that is for warming up.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// How many tasks there are, in each of the databases, the fewest first.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 100_000, 3_000_000])]
    tasks: Vec<usize>,
    /// How often a server is started.
    #[arg(long, default_value_t = 15)]
    starts: usize,
    /// After how many requests the memory is looked at.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 3_000, 10_000])]
    requests: Vec<usize>,
    /// Where the picture goes, an SVG file.
    #[arg(long)]
    plot: Option<PathBuf>,
    #[command(flatten)]
    mode: Mode,
}

#[tokio::main]
async fn main() {
    let mut options = Options::parse();
    if !options.mode.measures() {
        let (tasks, requests) = (vec![1_000, 2_000], vec![10, 20]);
        options = Options { rounds: 1, seconds: 0.1, starts: 1, tasks, requests, ..options };
    }
    let mut report = Report::default();
    for kind in [Kind::Postgres, Kind::Sqlite] {
        if let Some(place) = Place::find(kind) {
            measure(kind, &place, &options, &mut report).await;
        }
    }
    println!("{report}");
    let plot = plot::draw(&report).unwrap();
    if let Some(file) = options.plot {
        fs::write(file, plot).unwrap();
    }
    assert!(!report.has_errors(), "some requests were not answered as they should be");
}

async fn measure(kind: Kind, place: &Place, options: &Options, report: &mut Report) {
    let mut sizes = Vec::new();
    for tasks in &options.tasks {
        sizes.push(Size::fill(place, *tasks).await);
    }
    pages(kind, &sizes, options, report).await;
    for size in &sizes {
        report.starts.push(starts(kind, size, options).await);
    }
}

/// What pages cost, with a server for each size.
async fn pages(kind: Kind, sizes: &[Size], options: &Options, report: &mut Report) {
    let mut arena = Vec::new();
    for size in sizes {
        let server = size.serve().await;
        arena.push((size, size.pages(&server).await, server));
    }
    for _ in 0..options.rounds {
        for (size, pages, server) in &arena {
            for page in pages {
                let seconds = Duration::from_secs_f64(options.seconds);
                let figures = server.measure(&size.tables, &page.requests, seconds).await;
                report.add(kind, size.tasks, (page.name, page.number), figures);
            }
        }
        // Another one begins each time.
        arena.rotate_left(1);
    }
}

/// How soon a server answers, and what it has in memory then and under load.
async fn starts(kind: Kind, size: &Size, options: &Options) -> Start {
    const QUIET: Duration = Duration::from_millis(500);
    const WHILE: Duration = Duration::from_millis(200);
    let (mut millis, mut idle, mut loaded) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.starts {
        let server = size.serve().await;
        millis.push(server.started_in.as_secs_f64() * 1e3);
        tokio::time::sleep(QUIET).await;
        idle.push(server.memory());
    }
    let server = size.serve().await;
    let mut answered = 0;
    for requests in &options.requests {
        while answered < *requests {
            for page in &size.everyones {
                answered += server.ask(page, WHILE).await.times.len();
            }
        }
        loaded.push((answered, server.peak_memory()));
    }
    let (millis, idle) = (median(millis), median(idle));
    eprintln!("{kind}, {} tasks: started in {millis:.1} ms, {idle:.1} MiB", size.tasks);
    Start { kind, tasks: size.tasks, millis, idle, loaded }
}
