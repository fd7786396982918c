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
    // It tells whole messages of WebSockets, with tokens and variables.
    let quiet = "tungstenite=info";
    EnvFilter::try_new(filter)
        .and_then(|filter| Ok(filter.add_directive(quiet.parse()?)))
        .map_err(|error| format!("TASKWARD_LOG: {filter:?} cannot be read ({error})"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_clients_send_is_never_logged() {
        let filter = super::read("trace").unwrap().to_string();
        assert!(filter.contains("tungstenite=info"), "{filter}");
    }
}
