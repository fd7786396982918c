//! The log.

use std::{
    io::{self, IsTerminal, Write},
    sync::{Mutex, PoisonError},
};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// Starts the log on standard error, with directives such as `info,sqlx=debug`, as `text` or, with a
/// JSON object in each line, as `json`.
///
/// # Errors
/// A sentence about directives that cannot be read.
pub fn start(directives: &str, format: &str) -> Result<(), String> {
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter(directives)?)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(StandardError::default())
        // It would print its own failures to standard error, and panic when that fails as well.
        .log_internal_errors(false);
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

/// Standard error, which may be a full disk or a pipe that nobody reads any more. A line that cannot be
/// written is lost, and whoever logs it never notices; the next line that can be written is followed by how
/// many were.
#[derive(Default)]
struct StandardError(Mutex<LostLines>);

/// The lines lost since the start.
#[derive(Default)]
struct LostLines {
    count: u64,
    /// How many of them the log names already.
    reported: u64,
}

impl StandardError {
    /// Writes a line, and returns how many lines are lost if the log does not know that yet.
    fn write_line(&self, line: &[u8]) -> Option<u64> {
        let mut lost = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stderr = io::stderr().lock();
        let is_news = lost.count > lost.reported;
        // The previous line may have been written in part.
        let end: &[u8] = if is_news { b"\n" } else { b"" };
        if stderr.write_all(end).and_then(|()| stderr.write_all(line)).is_err() {
            lost.count += 1;
            return None;
        }
        lost.reported = lost.count;
        is_news.then_some(lost.count)
    }
}

impl Write for &StandardError {
    /// Takes one line: the log writes each in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some(lost) = self.write_line(line) {
            // It comes here again, as a line of its own.
            tracing::error!(lost, "lines of the log were lost since the start");
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for StandardError {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_clients_send_is_never_logged() {
        let filter = super::filter("trace").unwrap().to_string();
        assert!(filter.contains("tungstenite=info"), "{filter}");
    }
}
