//! Whether the process lives, and whether it should be sent requests.

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;

use super::Served;

/// What a check of readiness found.
#[derive(Serialize)]
pub struct Readiness {
    database: &'static str,
    migrations: &'static str,
    keys: &'static str,
    shutting_down: bool,
}

const OK: &str = "ok";

/// The process answers.
pub async fn alive() -> &'static str {
    OK
}

/// Whether database, migrations and keys are there: 200, or 503 with what is missing.
pub async fn ready(State(served): State<Served>) -> (StatusCode, Json<Readiness>) {
    let (database, migrations) = match served.store.is_up_to_date().await {
        Ok(true) => (OK, OK),
        Ok(false) => (OK, "behind: run `taskward migrate`"),
        Err(error) => {
            tracing::warn!(%error, "the database does not answer");
            ("does not answer", "unknown")
        }
    };
    let keys = served.authenticator.ready().map_or_else(|missing| missing, |()| OK);
    let shutting_down = served.draining.has_begun();
    let ready = [database, migrations, keys].iter().all(|part| *part == OK) && !shutting_down;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { database, migrations, keys, shutting_down }))
}
