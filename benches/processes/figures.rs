//! The figures of a run.

use super::{load::Run, statistics::float};

/// The figures of one run.
pub struct Figures {
    /// Processor time of the server for a request, in microseconds.
    pub cpu: f64,
    /// The same of PostgreSQL.
    pub postgres: f64,
    pub per_second: f64,
    /// In milliseconds, the median and the 99th percentile.
    pub p50: f64,
    pub p99: f64,
    /// The peak memory of the server since it started, in MiB.
    pub memory: f64,
    pub errors: usize,
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
