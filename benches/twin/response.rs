//! Response bodies, with the fields in the order of the documents.

use serde::Serialize;
use uuid::Uuid;

use super::{
    cursor,
    database::NewTask,
    time::{Day, Millis},
};

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
pub enum Mutation<P> {
    CreateTask(P),
    UpdateTask(P),
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
pub struct PageInfo {
    pub has_next_page: bool,
    pub end_cursor: Option<String>,
}

impl Connection {
    pub fn new(tasks: Vec<Task>, has_next_page: bool) -> Self {
        let edge = |node: Task| Edge {
            cursor: cursor::of_task("tasks by CreatedAt Desc", &[node.created_at.0], node.id),
            node,
        };
        let edges: Vec<_> = tasks.into_iter().map(edge).collect();
        let end_cursor = edges.last().map(|edge| edge.cursor.clone());
        Self { edges, page_info: PageInfo { has_next_page, end_cursor } }
    }
}

/// A connection of which a document selects `nodes`; the other fields are omitted where it does not.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeConnection<T> {
    pub nodes: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_info: Option<PageInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_count: Option<i64>,
}

impl<T> NodeConnection<T> {
    pub fn page(nodes: Vec<T>, page_info: PageInfo) -> Self {
        Self { nodes, page_info: Some(page_info), total_count: None }
    }

    pub fn counted(nodes: Vec<T>, total: i64) -> Self {
        Self { nodes, page_info: None, total_count: Some(total) }
    }

    pub fn only(nodes: Vec<T>) -> Self {
        Self { nodes, page_info: None, total_count: None }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    pub total_count: i64,
}

#[derive(Serialize)]
pub struct Today {
    pub tasks: NodeConnection<DueTask>,
    pub inbox: Count,
    pub late: Count,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DueTask {
    pub id: Uuid,
    pub title: String,
    pub due_on: Option<Day>,
    pub due_at: Option<Millis>,
    pub overdue: bool,
    pub priority: &'static str,
    pub tags: Vec<ColoredTag>,
    pub list: Option<Named>,
    #[serde(skip)]
    pub keys: [i64; 2],
}

#[derive(Serialize)]
pub struct ColoredTag {
    pub name: String,
    pub color: Option<String>,
}

#[derive(Serialize)]
pub struct Named {
    pub name: String,
}

#[derive(Serialize)]
pub struct OneList {
    pub list: Option<TaskList>,
    pub tasks: NodeConnection<ListedTask>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskList {
    pub name: String,
    pub color: Option<String>,
    pub archived_at: Option<Millis>,
}

#[derive(Serialize)]
pub struct ListedTask {
    pub id: Uuid,
    pub title: String,
    pub completed: bool,
    pub position: String,
    pub version: i32,
    pub subtasks: NodeConnection<TaskSummary>,
}

#[derive(Serialize)]
pub struct TaskSummary {
    pub id: Uuid,
    pub title: String,
    pub completed: bool,
}

#[derive(Serialize)]
pub struct PayloadWithQuery {
    pub task: FirstVersion,
    pub query: Newest,
}

#[derive(Serialize)]
pub struct FirstVersion {
    pub id: Uuid,
    pub title: String,
    pub version: i32,
}

#[derive(Serialize)]
pub struct Newest {
    pub tasks: NodeConnection<TaskSummary>,
}

#[derive(Serialize)]
pub struct Changes {
    pub changes: ChangePage,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangePage {
    pub changes: Vec<Change>,
    pub cursor: String,
    pub has_more: bool,
    pub reset: bool,
}

#[derive(Serialize)]
pub struct Change {
    kind: &'static str,
    id: Uuid,
    node: Option<Node>,
}

impl Change {
    /// A change of an object, or its deletion for good.
    pub fn new(id: Uuid, node: Option<Node>) -> Self {
        let kind = if node.is_some() { "UPSERT" } else { "DELETE" };
        Self { kind, id, node }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Node {
    #[serde(rename_all = "camelCase")]
    Task {
        title: String,
        completed: bool,
        deleted_at: Option<Millis>,
    },
    Named(Named),
}

#[derive(Serialize)]
pub struct Found {
    pub tasks: NodeConnection<FoundTask>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundTask {
    pub id: Uuid,
    pub title: String,
    pub description: Option<String>,
    pub completed: bool,
    pub due_on: Option<Day>,
    #[serde(skip)]
    pub keys: [i64; 2],
}
