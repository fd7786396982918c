//! How many instructions a request takes, which says the same on a busy machine as on a quiet one: the
//! figures in `instructions.txt` hold, and a change that needs a tenth more than that is noticed.
//!
//! Each workload runs in a process of its own under `valgrind --tool=callgrind`, on one thread, on a
//! copy of one SQLite file, with a clock that stands still. It runs twice, with a few requests and with
//! more, so that what comes before the first request falls out of the difference. What is left to
//! chance is how long random numbers take to be gathered at the start, and the seeds of hash tables;
//! another processor may have other instructions for the same work.
//!
//! `cargo bench --bench instructions` checks the figures of a release, and `-- --renew` writes them anew.
//! A release takes long to build: `cargo test --bench instructions -- --bench` does the same for the
//! build that tests run on, whose figures are others, in `instructions-debug.txt`. `cargo bench -- --test`
//! only looks whether everything runs.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing better to do")]

#[expect(dead_code, reason = "other benchmarks make sure of the data as well")]
mod servers;
mod tables;
mod twin;

use std::{
    collections::HashMap,
    env, fs,
    path::Path,
    process::{Command, ExitCode},
    thread,
};

use tokio::runtime::{self, Runtime};

use self::servers::{
    Servers, ask, fill,
    workload::{PAGE, WORKLOADS, Workload},
};

/// The figures that hold, a workload on each line.
const FILE: &str = if cfg!(debug_assertions) {
    concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions-debug.txt")
} else {
    concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt")
};
const RENEW: &str = if cfg!(debug_assertions) {
    "cargo test --bench instructions -- --bench --renew"
} else {
    "cargo bench --bench instructions -- --renew"
};
/// How many times what holds is too much.
const TOO_MUCH: f64 = 1.1;
/// What taskward does once for a document.
const FIRST_SEEN: Workload = Workload { name: "W1 first seen", is_first_seen: true, ..PAGE };
/// How many requests are counted: what a start takes varies by millions, so that many small ones are
/// needed to tell.
const REQUESTS: u32 = 1000;
/// The workloads with large answers, of which fewer are enough.
const LARGE: [(&str, u32); 7] = [
    (PAGE.name, 100),
    (FIRST_SEEN.name, 20),
    ("W3 with tags", 100),
    ("W6 today", 10),
    ("W7 one list", 2),
    ("W8 create, read", 100),
    ("W10 search", 20),
];
/// How many requests come before those that count, at the most.
const BEFORE: u32 = 20;
const TWIN: &str = "twin";
/// What this program is called with to be measured.
const RUN: &str = "run";

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [run, file, workload, server, requests] = &arguments[..]
        && run == RUN
    {
        runtime().block_on(serve(file, workload, server, requests.parse().unwrap()));
        return ExitCode::SUCCESS;
    }
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("filled.db");
    runtime().block_on(async {
        fill(&url(&file)).await;
        agree(&url(&folder.path().join("agreed.db"))).await;
    });
    let measures = has("--bench") && !has("--test");
    if measures && Command::new("valgrind").arg("--version").output().is_err() {
        assert!(env::var_os("CI").is_none(), "in CI, valgrind has to be installed");
        println!("skipped: valgrind is not installed");
        return ExitCode::SUCCESS;
    }

    let mut figures = Vec::new();
    println!("{:15} {:>12} {:>12}", "kIr a request", "taskward", "twin");
    for workload in all() {
        let cost = if measures { cost } else { try_out };
        let [taskward, twin] = thread::scope(|scope| {
            let file = &file;
            let of = |server| scope.spawn(move || cost(file, workload, server));
            let twin = (!workload.is_first_seen).then(|| of(TWIN));
            [Some(of("taskward")), twin].map(|cost| cost.map_or(f64::NAN, |it| it.join().unwrap()))
        });
        println!("{:15} {taskward:12.1} {twin:12.1}", workload.name);
        figures.push((workload.name, taskward));
    }
    if has("--renew") {
        write(&figures);
    } else if measures && !hold(&figures) {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn all() -> impl Iterator<Item = &'static Workload> {
    WORKLOADS.iter().chain([&FIRST_SEEN])
}

fn runtime() -> Runtime {
    runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

/// Makes sure that both servers do the same.
async fn agree(url: &str) {
    let servers = Servers::start(url).await;
    for workload in WORKLOADS {
        servers.agree(workload).await;
    }
}

/// What is measured.
async fn serve(file: &str, workload: &str, server: &str, requests: u32) {
    let servers = Servers::open(&url(Path::new(file))).await;
    let workload = all().find(|it| it.name == workload).unwrap();
    let router = if server == TWIN { &servers.twin } else { &servers.taskward };
    for _ in 0..requests {
        ask(router, servers.next(workload)).await;
    }
}

/// Thousands of instructions for a request.
fn cost(file: &Path, workload: &Workload, server: &str) -> f64 {
    let large = LARGE.iter().find(|(name, _)| *name == workload.name);
    let requests = large.map_or(REQUESTS, |(_, requests)| *requests);
    let before = BEFORE.min(requests);
    let [fewer, more] = [before, before + requests].map(|requests| {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        let said = run(valgrind.arg(env::current_exe().unwrap()), file, workload, server, requests);
        let count = said.lines().find_map(|line| line.split_once("Collected : "));
        count.unwrap().1.trim().parse::<f64>().unwrap()
    });
    (more - fewer) / f64::from(requests) / 1e3
}

/// Runs the same without counting.
fn try_out(file: &Path, workload: &Workload, server: &str) -> f64 {
    run(&mut Command::new(env::current_exe().unwrap()), file, workload, server, BEFORE);
    f64::NAN
}

/// Has this program serve requests on a copy of the file, and gives back what is said meanwhile.
fn run(
    program: &mut Command,
    file: &Path,
    workload: &Workload,
    server: &str,
    requests: u32,
) -> String {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("taskward.db");
    fs::copy(file, &copy).unwrap();
    let program = program.arg(RUN).arg(&copy);
    let output = program.args([workload.name, server, &requests.to_string()]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

fn write(figures: &[(&str, f64)]) {
    let lines = figures.iter().map(|(workload, cost)| format!("{workload:15} {cost:8.1}\n"));
    fs::write(
        FILE,
        format!(
            "# Thousands of instructions for a request: {RENEW}\n{}",
            lines.collect::<String>()
        ),
    )
    .unwrap();
}

/// Whether no workload costs much more than it did.
fn hold(figures: &[(&str, f64)]) -> bool {
    let file = fs::read_to_string(FILE).unwrap();
    let lines = file.lines().filter_map(|line| line.rsplit_once(' '));
    let held: HashMap<_, f64> =
        lines.filter_map(|(name, cost)| Some((name.trim(), cost.parse().ok()?))).collect();
    let mut all_hold = true;
    for (workload, cost) in figures {
        let Some(&before) = held.get(workload) else {
            println!("{workload}: {cost:.1} thousand instructions, and no figure to compare with");
            all_hold = false;
            continue;
        };
        if *cost > before * TOO_MUCH {
            println!("{workload}: {cost:.1} thousand instructions, where {before:.1} were enough");
            all_hold = false;
        }
    }
    if !all_hold {
        println!("If it is worth that: {RENEW}");
    }
    all_hold
}
