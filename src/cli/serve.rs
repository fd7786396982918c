//! Serves the API.

use std::{fs::File, io};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{Result, development};
use crate::{app::App, config::Config, store, telemetry, time::Clock};

pub async fn run(mut config: Config) -> Result<()> {
    telemetry::start(&config.log, &config.log_format)?;
    raise_open_file_limit();
    // Before the log says that the server listens, it can already be stopped.
    let stop = stop_signal()?;
    let clock = Clock::system();
    let mut token = None;
    if config.development {
        config.tokens = config.tokens.with_secret(development::secret()?);
        token = config.tokens.sign(&development::user(), clock.now());
    }
    let _lock = store::lock(&config.database_url, File::try_lock)?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", config.listen))?;
    let address = listener.local_addr()?;
    let app = App::build(config, clock, token.clone()).await?;
    if let Some(token) = token
        && let Err(error) = super::print(&development::welcome(address, &token))
    {
        tracing::warn!(%error, "the token was not shown");
    }
    tracing::info!("listening on http://{address}/graphql");
    app.serve(listener, stop).await;
    Ok(())
}

/// Each connection is an open file, and the default limit of a process is low.
fn raise_open_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, ?limit, "no more files can be opened than by default");
    }
}

/// Ends at Ctrl-C, or when the system asks the process to end.
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
