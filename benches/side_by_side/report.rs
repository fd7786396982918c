//! Figures of single runs, and the table of their medians.

use std::fmt;

use crate::{contender::TWIN, load::Run};

/// What one run came to.
pub struct Figures {
    /// Processor time of the server for a request, in microseconds.
    cpu: f64,
    /// The same of PostgreSQL.
    postgres: f64,
    per_second: f64,
    /// In milliseconds, the middle one and the 99th of a hundred.
    p50: f64,
    p99: f64,
    /// The most that the server has had in memory since it started, in MiB.
    memory: f64,
    errors: usize,
}

impl Figures {
    pub fn of(run: &Run, cpu: f64, postgres: f64, memory: f64) -> Self {
        if let Some(fault) = &run.fault {
            eprintln!("not as expected: {fault}");
        }
        let mut millis: Vec<_> = run.times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        millis.sort_unstable_by(f64::total_cmp);
        let of_hundred = |n: usize| millis.get(millis.len() * n / 100).copied().unwrap_or(f64::NAN);
        let count = float(millis.len().max(1));
        Self {
            cpu: cpu / count,
            postgres: postgres / count,
            per_second: count / run.elapsed.as_secs_f64(),
            p50: of_hundred(50),
            p99: of_hundred(99),
            memory,
            errors: run.errors,
        }
    }
}

/// All runs.
#[derive(Default)]
pub struct Report(Vec<(&'static str, &'static str, Figures)>);

impl Report {
    pub fn add(&mut self, server: &'static str, workload: &'static str, figures: Figures) {
        let Figures { cpu, postgres, per_second, .. } = &figures;
        eprintln!(
            "{workload} {server}: {cpu:.1} µs, PostgreSQL {postgres:.1} µs, {per_second:.0}/s"
        );
        self.0.push((server, workload, figures));
    }

    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|(.., figures)| figures.errors > 0)
    }

    fn workloads(&self) -> Vec<&'static str> {
        let mut workloads: Vec<_> = self.0.iter().map(|(_, workload, _)| *workload).collect();
        workloads.sort_unstable();
        workloads.dedup();
        workloads
    }

    fn servers(&self) -> Vec<&'static str> {
        let mut servers: Vec<_> = self.0.iter().map(|(server, ..)| *server).collect();
        servers.sort_unstable();
        servers.dedup();
        servers
    }

    fn runs<'a>(&'a self, server: &'a str, workload: &'a str) -> impl Iterator<Item = &'a Figures> {
        let such = move |(s, w, _): &&(&str, &str, Figures)| *s == server && *w == workload;
        self.0.iter().filter(such).map(|(.., figures)| figures)
    }

    fn median(&self, server: &str, workload: &str, figure: fn(&Figures) -> f64) -> f64 {
        let mut figures: Vec<_> = self.runs(server, workload).map(figure).collect();
        figures.sort_unstable_by(f64::total_cmp);
        figures[figures.len() / 2]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| workload | server | CPU µs/request | of the twin's | PostgreSQL CPU µs/request | of the twin's | requests/s | p50 ms | p99 ms | memory MiB | errors |"
        )?;
        writeln!(f, "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")?;
        for workload in self.workloads() {
            for server in self.servers() {
                let median = |figure: fn(&Figures) -> f64| self.median(server, workload, figure);
                let of_twin = |figure: fn(&Figures) -> f64| {
                    median(figure) / self.median(TWIN, workload, figure)
                };
                let (cpu, of_cpu) = (median(|it| it.cpu), of_twin(|it| it.cpu));
                let [postgres, of_postgres] = match median(|it| it.postgres) {
                    0.0 => ["–", "–"].map(str::to_owned),
                    micros => [format!("{micros:.1}"), format!("{:.2}", of_twin(|it| it.postgres))],
                };
                let (per_second, memory) = (median(|it| it.per_second), median(|it| it.memory));
                let (p50, p99) = (median(|it| it.p50), median(|it| it.p99));
                let errors: usize = self.runs(server, workload).map(|run| run.errors).sum();
                writeln!(
                    f,
                    "| {workload} | {server} | {cpu:.1} | {of_cpu:.2} | {postgres} | {of_postgres} | {per_second:.0} | {p50:.2} | {p99:.2} | {memory:.0} | {errors} |"
                )?;
            }
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts that far")]
fn float(number: usize) -> f64 {
    number as f64
}
