//! Response bodies, with the fields in the order of the documents.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, SecondsFormat};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::database::NewTask;

#[derive(Serialize)]
pub struct Data<T> {
    pub data: T,
}

#[derive(Serialize)]
pub struct Page {
    pub tasks: Connection,
}

#[derive(Serialize)]
pub struct One {
    pub task: Option<Task>,
}

/// The root field of a mutation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutation<T> {
    CreateTask(Payload<T>),
    UpdateTask(Payload<T>),
}

#[derive(Serialize)]
pub struct Payload<T> {
    pub task: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    pub id: Uuid,
    pub title: String,
    pub description: Option<String>,
    pub completed: bool,
    pub priority: &'static str,
    pub due_at: Option<Millis>,
    pub created_at: Millis,
    pub updated_at: Millis,
    /// Omitted where the document does not select them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Tag>>,
}

#[derive(Serialize)]
pub struct Tag {
    pub id: Uuid,
    pub name: String,
}

/// The selected fields of a new task.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedTask {
    id: Uuid,
    title: String,
    completed: bool,
    created_at: Millis,
}

impl From<NewTask> for CreatedTask {
    fn from(task: NewTask) -> Self {
        Self {
            id: task.id,
            title: task.title,
            completed: task.completed_at.is_some(),
            created_at: Millis(task.created_at),
        }
    }
}

/// The selected fields of an updated task.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompletedTask {
    pub id: Uuid,
    pub completed: bool,
    pub updated_at: Millis,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    edges: Vec<Edge>,
    page_info: PageInfo,
}

#[derive(Serialize)]
struct Edge {
    cursor: String,
    node: Task,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl Connection {
    pub fn new(tasks: Vec<Task>, has_next_page: bool) -> Self {
        let edge = |node: Task| Edge { cursor: cursor(&node), node };
        let edges: Vec<_> = tasks.into_iter().map(edge).collect();
        let end_cursor = edges.last().map(|edge| edge.cursor.clone());
        Self { edges, page_info: PageInfo { has_next_page, end_cursor } }
    }
}

/// The version of the format, the order, and the keys of the row.
fn cursor(task: &Task) -> String {
    let cursor = (1, "tasks by CreatedAt Desc", ([task.created_at.0], task.id));
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
}

/// An instant by its milliseconds since 1970, written as RFC 3339.
#[derive(Clone, Copy)]
pub struct Millis(pub i64);

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let instant = DateTime::from_timestamp_millis(self.0).unwrap_or_default();
        serializer.serialize_str(&instant.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}
