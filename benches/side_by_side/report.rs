//! The figures of all runs, and the table of their medians.

use std::fmt;

use crate::{
    contender::TWIN,
    processes::{figures::Figures, statistics::median},
};

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

    /// The workloads by their numbers.
    fn workloads(&self) -> Vec<&'static str> {
        let mut workloads: Vec<_> = self.0.iter().map(|(_, workload, _)| *workload).collect();
        workloads.sort_unstable_by_key(|workload| (workload.len(), *workload));
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
        median(self.runs(server, workload).map(figure))
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
            let takes_part = |server: &&str| self.runs(server, workload).next().is_some();
            for server in self.servers().into_iter().filter(takes_part) {
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
