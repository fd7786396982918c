//! The log.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts the log on standard error, with directives such as `info,sqlx=debug`, as `text` or, with a
/// JSON object in each line, as `json`.
///
/// # Errors
/// A sentence about directives that cannot be read.
pub fn start(directives: &str, format: &str) -> Result<(), String> {
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter(directives)?)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // Only tests start it twice, and the first log serves them all.
    let _ = if format == "json" { log.json().try_init() } else { log.try_init() };
    Ok(())
}

/// The filter of the log.
///
/// # Errors
/// A sentence about directives that cannot be read.
pub fn filter(directives: &str) -> Result<EnvFilter, String> {
    // Below that level it logs whole messages of WebSockets, with tokens and variables.
    let quiet = "tungstenite=info";
    EnvFilter::try_new(directives)
        .and_then(|filter| Ok(filter.add_directive(quiet.parse()?)))
        .map_err(|error| format!("{directives:?} cannot be read ({error})"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_clients_send_is_never_logged() {
        let filter = super::filter("trace").unwrap().to_string();
        assert!(filter.contains("tungstenite=info"), "{filter}");
    }
}
