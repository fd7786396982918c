//! Liveness and readiness checks.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use sea_orm::DbErr;
use serde::Serialize;

use super::AppState;
use crate::store::{Schema, Store};

#[derive(Serialize)]
pub struct Readiness {
    database: &'static str,
    migrations: &'static str,
    keys: &'static str,
    sign_outs: &'static str,
    shutting_down: bool,
}

const OK: &str = "ok";

/// A newer version has migrated the database, as in a rolling upgrade.
const NEWER: &str = "ok: newer schema";

/// Liveness: the process responds.
pub async fn alive() -> &'static str {
    OK
}

/// Readiness: 200, or 503 if the database is away or read-only, a migration, the keys or the latest sign-outs are
/// missing, or the server is shutting down.
pub async fn ready(State(state): State<Arc<AppState>>) -> (StatusCode, Json<Readiness>) {
    let (database, migrations) = examine(&state.store).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the database does not answer");
        ("does not answer", "unknown")
    });
    let keys = state.authenticator.ready().map_or_else(|missing| missing, |()| OK);
    let knows_sign_outs = state.authenticator.knows_revocations();
    let sign_outs = if knows_sign_outs { OK } else { "last read more than 30 s ago" };
    let shutting_down = state.shutdown.is_cancelled();
    let is_ok = |part| [OK, NEWER].contains(&part);
    let ready = [database, migrations, keys, sign_outs].into_iter().all(is_ok) && !shutting_down;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { database, migrations, keys, sign_outs, shutting_down }))
}

/// The states of the database and of its migrations.
async fn examine(store: &Store) -> Result<(&'static str, &'static str), DbErr> {
    let database = if store.is_read_only().await? { "read-only" } else { OK };
    let migrations = match store.schema().await? {
        Schema::Current => OK,
        Schema::Newer => NEWER,
        Schema::Behind => "behind: run `taskward migrate`",
    };
    Ok((database, migrations))
}
