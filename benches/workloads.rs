//! What a request costs, beside a hand-written server over the same SQLite file.
//!
//! | workload | |
//! |---|---|
//! | W1 | a page of 50 tasks with 8 fields each, cursors, and whether there are more |
//! | W2 | one task by its id |
//! | W3 | the page of W1, and the tags of each task |
//! | W6 | README's "Today": what is overdue or due today, with tags and lists, and two counts |
//! | W7 | README's "One list": 100 tasks, and 20 subtasks of each |
//! | W9 | what has changed, which is one task |
//! | W10 | the first page of a search, the best match first |
//! | W5 | a task set to completed, or back, so that each request writes |
//! | W8 | README's new task, and in the same request the ten newest and how many there are |
//! | W4 | a new task |
//!
//! Both [`servers`] are in this process; [`twin`] is the other one. Before anything is measured, both
//! have to answer the same bytes and write the same rows.
//!
//! `cargo bench --bench workloads` has criterion measure each server alone, and then both in turns,
//! since figures that were taken minutes apart say little about each other: the table at the end comes
//! from those turns. Criterion's figures are means, with the checkpoints of the database in them;
//! those of the table are medians. `cargo bench -- --test` only looks whether everything runs.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing better to do")]

mod servers;
mod tables;
mod twin;

use std::time::{Duration, Instant as Stopwatch};

use criterion::{BatchSize, Criterion};
use tokio::runtime::{self, Runtime};

use self::servers::{
    Servers, ask,
    creation::loads_what_taskward_writes,
    workload::{WORKLOADS, Workload},
};

/// How many requests a server gets before it is the other's turn.
const TURN: usize = 50;

fn main() {
    stay_on_one_core();
    let runtime = runtime();
    let folder = tempfile::tempdir().unwrap();
    let file = |name| format!("sqlite://{}", folder.path().join(name).display());
    runtime.block_on(loads_what_taskward_writes([&file("loaded.db"), &file("written.db")]));
    let servers = runtime.block_on(Servers::start(&file("taskward.db")));
    // Without `--bench`, which `cargo bench` adds, criterion takes it for a test as well.
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let measures = has("--bench") && !has("--test") && !has("--profile-time");
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
            table.push((workload.name, runtime.block_on(in_turns(&servers, workload))));
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

/// The time of a request with each server, which take turns for a few seconds.
async fn in_turns(servers: &Servers, workload: &Workload) -> [Duration; 2] {
    const LONG_ENOUGH: Duration = Duration::from_secs(5);
    let (start, mut times) = (Stopwatch::now(), [Vec::new(), Vec::new()]);
    while start.elapsed() < LONG_ENOUGH {
        for (router, times) in [&servers.taskward, &servers.twin].into_iter().zip(&mut times) {
            for _ in 0..TURN {
                let request = servers.next(workload);
                let start = Stopwatch::now();
                ask(router, request).await;
                times.push(start.elapsed());
            }
        }
    }
    times.map(median)
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
