//! Migrates the database.

use std::fs::File;

use super::Result;
use crate::{
    config::Config,
    store::{self, Store},
    telemetry,
    time::Clock,
};

pub async fn run(config: Config) -> Result<()> {
    telemetry::start(&config.log, &config.log_format)?;
    let Config { database_url, quotas, row_security, .. } = config;
    // Several may run at the same time, but not beneath a server that expects the tables as they are.
    let _lock = store::lock(&database_url, File::try_lock_shared)?;
    Store::open(&database_url, 1, quotas, Clock::system(), row_security).await?;
    tracing::info!("the database is up to date");
    Ok(())
}
