//! The figures of all runs, and their tables.

use std::fmt;

use crate::processes::{figures::Figures, place::Kind, statistics::median};

/// All figures.
#[derive(Default)]
pub struct Report {
    runs: Vec<Run>,
    pub starts: Vec<Start>,
}

struct Run {
    kind: Kind,
    page: &'static str,
    number: usize,
    tasks: usize,
    figures: Figures,
}

/// What one page costs on one kind of database, the fewest tasks first.
pub struct Line {
    pub kind: Kind,
    pub page: &'static str,
    pub points: Vec<Point>,
}

/// The medians of the runs with so many tasks.
pub struct Point {
    pub tasks: usize,
    number: usize,
    pub cpu: f64,
    pub postgres: f64,
    p50: f64,
}

/// How soon a server answers, and what it has in memory.
pub struct Start {
    pub kind: Kind,
    pub tasks: usize,
    /// From its start to its first answer.
    pub millis: f64,
    /// In MiB, before the first request.
    pub idle: f64,
    /// The most in MiB, after so many requests.
    pub loaded: Vec<(usize, f64)>,
}

impl Report {
    /// One more run: the page of that number, as pages are called in all sizes.
    pub fn add(
        &mut self,
        kind: Kind,
        tasks: usize,
        (page, number): (&'static str, usize),
        figures: Figures,
    ) {
        let Figures { cpu, postgres, .. } = &figures;
        eprintln!("{kind}, {tasks} tasks, {page}: {cpu:.1} µs, PostgreSQL {postgres:.1} µs");
        self.runs.push(Run { kind, page, number, tasks, figures });
    }

    pub fn has_errors(&self) -> bool {
        self.runs.iter().any(|run| run.figures.errors > 0)
    }

    pub fn lines(&self) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        for Run { kind, page, number, tasks, .. } in &self.runs {
            let such = |line: &&mut Line| line.kind == *kind && line.page == *page;
            let line = match lines.iter_mut().find(such) {
                Some(line) => line,
                None => lines.push_mut(Line { kind: *kind, page, points: Vec::new() }),
            };
            if line.points.iter().all(|point| point.tasks != *tasks) {
                line.points.push(self.point(*kind, page, *number, *tasks));
            }
        }
        for line in &mut lines {
            line.points.sort_unstable_by_key(|point| point.tasks);
        }
        lines
    }

    fn point(&self, kind: Kind, page: &str, number: usize, tasks: usize) -> Point {
        let median = |figure: fn(&Figures) -> f64| {
            let such = |run: &&Run| run.kind == kind && run.page == page && run.tasks == tasks;
            median(self.runs.iter().filter(such).map(|run| figure(&run.figures)))
        };
        let (cpu, postgres, p50) =
            (median(|it| it.cpu), median(|it| it.postgres), median(|it| it.p50));
        Point { tasks, number, cpu, postgres, p50 }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| database | page | tasks | number | CPU µs/request | of the fewest's | PostgreSQL CPU µs/request | of the fewest's | p50 ms |"
        )?;
        writeln!(f, "|---|---|--:|--:|--:|--:|--:|--:|--:|")?;
        for Line { kind, page, points } in self.lines() {
            for Point { tasks, number, cpu, postgres, p50 } in &points {
                let of_cpu = cpu / points[0].cpu;
                let [postgres, of_postgres] = match kind {
                    Kind::Postgres => {
                        [format!("{postgres:.1}"), format!("{:.2}", postgres / points[0].postgres)]
                    }
                    Kind::Sqlite => ["–", "–"].map(str::to_owned),
                };
                let (tasks, number) = (thousands(*tasks), thousands(*number));
                writeln!(
                    f,
                    "| {kind} | {page} | {tasks} | {number} | {cpu:.1} | {of_cpu:.2} | {postgres} | {of_postgres} | {p50:.2} |"
                )?;
            }
        }
        writeln!(
            f,
            "\n| database | tasks | start ms | idle MiB | most MiB after so many requests |"
        )?;
        writeln!(f, "|---|--:|--:|--:|---|")?;
        for Start { kind, tasks, millis, idle, loaded } in &self.starts {
            let loaded = loaded
                .iter()
                .map(|(requests, most)| format!("{}: {most:.1}", thousands(*requests)));
            let (tasks, loaded) = (thousands(*tasks), loaded.collect::<Vec<_>>().join(", "));
            writeln!(f, "| {kind} | {tasks} | {millis:.1} | {idle:.1} | {loaded} |")?;
        }
        Ok(())
    }
}

/// A number as it is read, such as 10,000.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}
