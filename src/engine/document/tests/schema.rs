//! A schema with one of everything that documents are checked against.

use async_graphql::{
    Enum, ID, InputObject, InputValueError, InputValueResult, Interface, Object, OneofObject,
    Scalar, ScalarType, SimpleObject, Subscription, Value,
};
use futures_util::{Stream, stream};

struct Date(String);

#[Scalar]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) if text.len() == 10 => Ok(Self(text)),
            _ => Err(InputValueError::custom("no date")),
        }
    }
    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if text.len() == 10)
    }
    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum Priority {
    Low,
    High,
}

#[derive(OneofObject)]
enum DueInput {
    On(Date),
    At(String),
}

#[derive(InputObject)]
struct ReminderInput {
    at: Date,
}

#[derive(InputObject)]
struct CreateTaskInput {
    title: String,
    due: Option<DueInput>,
    #[graphql(default)]
    completed: bool,
    priority: Option<Priority>,
    reminders: Option<Vec<ReminderInput>>,
    points: Option<i32>,
}

#[derive(InputObject)]
struct TaskFilter {
    not: Option<Box<TaskFilter>>,
    and: Option<Vec<TaskFilter>>,
    title: Option<String>,
}

#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID"))]
enum Node {
    Task(Task),
    Tag(Tag),
}

struct Tag;

#[Object]
impl Tag {
    async fn id(&self) -> ID {
        "1".into()
    }
}

#[derive(SimpleObject)]
struct PageInfo {
    has_next_page: bool,
}

#[derive(SimpleObject)]
struct TaskEdge {
    cursor: String,
    node: Task,
}

#[derive(SimpleObject)]
struct TaskConnection {
    edges: Vec<TaskEdge>,
    nodes: Vec<Task>,
    page_info: PageInfo,
    total_count: i32,
}

#[derive(SimpleObject)]
struct Change {
    node: Option<Node>,
}

#[derive(SimpleObject)]
struct ChangePage {
    changes: Vec<Change>,
}

#[derive(SimpleObject)]
struct TaskPayload {
    task: Task,
    query: Query,
}

#[derive(SimpleObject)]
struct BatchResult {
    node: Option<Node>,
}

#[derive(SimpleObject)]
struct BatchPayload {
    results: Vec<BatchResult>,
    query: Query,
}

fn no_tasks() -> TaskConnection {
    let page_info = PageInfo { has_next_page: false };
    TaskConnection { edges: Vec::new(), nodes: Vec::new(), page_info, total_count: 0 }
}

struct Task;

#[Object]
impl Task {
    async fn id(&self) -> ID {
        "1".into()
    }
    async fn title(&self) -> &str {
        "milk"
    }
    async fn parent(&self) -> Option<Task> {
        None
    }
    async fn tags(&self) -> Vec<Tag> {
        Vec::new()
    }
    #[expect(unused_variables, reason = "only its arguments are looked at")]
    async fn subtasks(
        &self,
        first: Option<i32>,
        last: Option<i32>,
        filter: Option<TaskFilter>,
    ) -> TaskConnection {
        no_tasks()
    }
}

pub(super) struct Query;

#[Object]
#[expect(unused_variables, reason = "only their arguments are looked at")]
impl Query {
    async fn dates(&self, on: Option<Vec<Date>>) -> Option<Task> {
        None
    }
    async fn viewer(&self) -> Tag {
        Tag
    }
    async fn node(&self, id: ID) -> Option<Node> {
        None
    }
    async fn task(&self, id: ID) -> Option<Task> {
        Some(Task)
    }
    async fn tasks(
        &self,
        first: Option<i32>,
        last: Option<i32>,
        filter: Option<TaskFilter>,
        priority: Option<Priority>,
    ) -> TaskConnection {
        no_tasks()
    }
    async fn changes(&self, #[graphql(default = 500)] first: i32) -> ChangePage {
        ChangePage { changes: Vec::new() }
    }
}

pub(super) struct Mutation;

#[Object]
#[expect(unused_variables, reason = "only their arguments are looked at")]
impl Mutation {
    async fn create_task(&self, input: CreateTaskInput) -> Option<TaskPayload> {
        None
    }
    async fn batch(&self) -> Option<BatchPayload> {
        None
    }
}

pub(super) struct SubscriptionRoot;

#[Subscription]
impl SubscriptionRoot {
    async fn changes(&self) -> impl Stream<Item = ChangePage> {
        stream::empty()
    }
}
