//! Tasks of one user: creating, updating, deleting and restoring them.

mod create;
mod delete;
mod update;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Person, Reply};

const ALL: &str = "query($id: ID!) { task(id: $id) { id title description completed completedAt \
    priority dueOn dueAt createdAt updatedAt deletedAt version } }";

async fn read(person: &Person, id: &Value) -> Value {
    person.post(ALL, json!({ "id": id })).await.data()["task"].take()
}

fn assert_refused(reply: &Reply, field: &str) {
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_USER_INPUT", field));
}
