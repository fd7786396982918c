//! The same answers written by hand: axum, sqlx and serde, without GraphQL and without sea-orm.
//!
//! This is what it costs to serve these four operations when one knows them beforehand. The twin
//! tells an operation by its document, reads its variables with serde and answers what taskward
//! answers, byte for byte: over the same tables, behind the same guard, with the same bookkeeping
//! of each write. It has no other documents, no errors in the words of GraphQL, no log, no CORS and
//! no time limit.
//!
//! Only [`sqlite`] knows the database; for another one there would be a module with the same four
//! functions.

mod answer;
mod derived;
pub mod documents;
pub mod sqlite;

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use taskward::{
    auth::{Authenticator, Refusal},
    clock::Clock,
};
use uuid::{ContextV7, Timestamp, Uuid};

use self::{
    answer::{CompletedTask, Connection, CreatedTask, Data, Mutation, Payload},
    sqlite::{NewTask, Sqlite},
};

/// The most rows of a page.
const LONGEST_PAGE: u8 = 100;
/// The most characters of a title.
const LONGEST_TITLE: usize = 500;

struct Twin {
    database: Sqlite,
    authenticator: Arc<Authenticator>,
    clock: Clock,
    ids: Mutex<ContextV7>,
}

/// `POST /graphql` for the documents in [`documents`].
pub fn router(database: Sqlite, authenticator: Arc<Authenticator>, clock: Clock) -> Router {
    let ids = Mutex::new(ContextV7::new());
    let twin = Twin { database, authenticator, clock, ids };
    Router::new().route("/graphql", post(graphql)).with_state(Arc::new(twin))
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    query: Cow<'a, str>,
    #[serde(borrow)]
    variables: &'a RawValue,
}

impl Request<'_> {
    fn variables<V: DeserializeOwned>(&self) -> Result<V, Failure> {
        Ok(serde_json::from_str(self.variables.get())?)
    }
}

async fn graphql(
    State(twin): State<Arc<Twin>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let viewer = twin.authenticator.authenticate(&headers).await?.ok_or_else(Refusal::missing)?;
    let sub = viewer.id().as_str();
    let request: Request = serde_json::from_slice(&body)?;
    match &*request.query {
        documents::PAGE => twin.page(sub, request.variables()?).await,
        documents::TASK => twin.task(sub, request.variables()?).await,
        documents::CREATE => twin.create(sub, request.variables()?).await,
        documents::COMPLETE => twin.complete(sub, request.variables()?).await,
        _ => Err(Failure(StatusCode::BAD_REQUEST)),
    }
}

#[derive(Deserialize)]
struct PageVariables {
    first: u8,
}

#[derive(Deserialize)]
struct TaskVariables {
    id: Uuid,
}

#[derive(Deserialize)]
struct CreateVariables {
    t: String,
}

#[derive(Deserialize)]
struct CompleteVariables {
    id: Uuid,
    c: bool,
}

impl Twin {
    async fn page(&self, sub: &str, variables: PageVariables) -> Result<Response, Failure> {
        let first = variables.first;
        if first > LONGEST_PAGE {
            return Err(Failure(StatusCode::BAD_REQUEST));
        }
        // One row more tells whether there is a next page.
        let tasks = self.database.page(sub, i64::from(first) + 1).await?;
        reply(&answer::Page { tasks: Connection::new(tasks, first.into()) })
    }

    async fn task(&self, sub: &str, variables: TaskVariables) -> Result<Response, Failure> {
        reply(&answer::One { task: self.database.task(sub, variables.id).await? })
    }

    async fn create(&self, sub: &str, variables: CreateVariables) -> Result<Response, Failure> {
        let title = title(&variables.t).ok_or(Failure(StatusCode::BAD_REQUEST))?;
        let now = self.clock.now().millis();
        let task = NewTask {
            id: self.new_id(now),
            title,
            description: None,
            priority: 0,
            due_at: None,
            completed_at: None,
            created_at: now,
        };
        self.database.create(sub, &task).await?;
        reply(&Mutation::CreateTask(Payload { task: CreatedTask::from(task) }))
    }

    async fn complete(&self, sub: &str, variables: CompleteVariables) -> Result<Response, Failure> {
        let CompleteVariables { id, c: completed } = variables;
        let now = self.clock.now().millis();
        let task = self.database.complete(sub, id, completed, now).await?;
        let task: CompletedTask = task.ok_or(Failure(StatusCode::NOT_FOUND))?;
        reply(&Mutation::UpdateTask(Payload { task }))
    }

    fn new_id(&self, millis: i64) -> Uuid {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        id_of(&ids, millis)
    }
}

/// A time-ordered id for what is made at that instant.
pub fn id_of(ids: &ContextV7, millis: i64) -> Uuid {
    let seconds = u64::try_from(millis.div_euclid(1000)).unwrap_or_default();
    let nanos = u32::try_from(millis.rem_euclid(1000) * 1_000_000).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(ids, seconds, nanos))
}

/// A title without the space around it; `None` where taskward would refuse it.
fn title(text: &str) -> Option<String> {
    let text = text.replace("\r\n", "\n");
    let title = text.trim();
    let refused = |c: char| c.is_control() && !matches!(c, '\t' | '\n');
    let good =
        !title.is_empty() && !text.contains(refused) && title.chars().count() <= LONGEST_TITLE;
    good.then(|| title.to_owned())
}

fn reply(data: &impl Serialize) -> Result<Response, Failure> {
    let headers = [
        (header::CONTENT_TYPE, "application/graphql-response+json; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept, authorization"),
    ];
    Ok((headers, serde_json::to_vec(&Data { data })?).into_response())
}

/// Whatever went wrong, as a bare status.
struct Failure(StatusCode);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self(match refusal {
            Refusal::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
            Refusal::KeysUnavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        })
    }
}

impl From<serde_json::Error> for Failure {
    fn from(_: serde_json::Error) -> Self {
        Self(StatusCode::BAD_REQUEST)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(_: sqlx::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
