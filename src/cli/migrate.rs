//! Migrates the database.

use super::Result;
use crate::{config::Config, store::Store, telemetry, time::Clock};

pub async fn run(config: Config) -> Result<()> {
    telemetry::start(&config.log, &config.log_format)?;
    let Config { database_url, quotas, row_security, .. } = config;
    Store::open(&database_url, 1, quotas, Clock::system(), row_security).await?;
    tracing::info!("the database is up to date");
    Ok(())
}
