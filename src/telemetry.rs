//! The log.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts the log on standard error: `filter` as in `info,sqlx=debug`, one JSON object a line where
/// `json`.
///
/// # Errors
/// A sentence about a filter that cannot be read.
pub fn start(filter: &str, json: bool) -> Result<(), String> {
    let log = tracing_subscriber::fmt()
        .with_env_filter(read(filter)?)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second start is a test's, whose first log is as good.
    let _ = if json { log.json().try_init() } else { log.try_init() };
    Ok(())
}

/// What is logged.
///
/// # Errors
/// A sentence about a filter that cannot be read.
pub fn read(filter: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(filter)
        .map_err(|error| format!("TASKWARD_LOG: {filter:?} cannot be read ({error})"))
}
