//! Migrates the database.

use super::Result;
use crate::{config::Config, store::Store, telemetry, time::Clock};

pub async fn run(config: Config) -> Result<()> {
    telemetry::start(&config.log, &config.log_format)?;
    Store::open(&config.database_url, 1, config.quotas, Clock::system()).await?;
    tracing::info!("the database is up to date");
    Ok(())
}
