//! What single runs came to, and the middle of them.

use super::load::Run;

/// What one run came to.
pub struct Figures {
    /// Processor time of the server for a request, in microseconds.
    pub cpu: f64,
    /// The same of PostgreSQL.
    pub postgres: f64,
    pub per_second: f64,
    /// In milliseconds, the middle one and the 99th of a hundred.
    pub p50: f64,
    pub p99: f64,
    /// The most that the server has had in memory since it started, in MiB.
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

/// The one in the middle of some, of which there is at least one.
pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts that far")]
pub fn float(number: usize) -> f64 {
    number as f64
}
