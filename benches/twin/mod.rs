//! The same responses, written by hand: axum, sqlx and serde, without GraphQL and without sea-orm.
//!
//! This is the cost of these operations when they are known in advance. The twin
//! recognizes an operation by its document, reads its variables with serde and responds as taskward
//! does, byte for byte: over the same tables, behind the same authenticator, with the same
//! bookkeeping for each write. It has no other documents, no errors in the words of GraphQL, no log, no CORS and
//! no time limit.
//!
//! Only [`sqlite`] and [`postgres`] know their databases, by the same functions; statements that both take
//! as they are, are in [`reads`].

pub mod cursor;
pub mod database;
pub mod derived;
pub mod documents;
mod postgres;
mod reads;
mod response;
mod screens;
mod search;
mod sqlite;
mod time;

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
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use taskward::{
    auth::{AuthError, Authenticator},
    time::Clock,
};
use uuid::{ContextV7, Timestamp, Uuid};

use self::{
    database::{Database, NewTask},
    response::{CompletedTask, Connection, CreatedTask, Data, Mutation, Payload, Task},
};

/// The most rows of a page.
const MAX_PAGE_SIZE: u8 = 100;
/// The most characters of a title.
const MAX_TITLE_LENGTH: usize = 500;
/// The number of users whose keys are cached.
const CACHED_USERS: usize = 100_000;
/// The key of somebody who has never written anything: keys begin at 1.
const NOBODY: i64 = 0;

struct Twin {
    database: Database,
    authenticator: Arc<Authenticator>,
    clock: Clock,
    ids: Mutex<ContextV7>,
    /// A user's key never changes.
    users: Cache<String, i64>,
}

/// `POST /graphql` for the documents in [`documents`].
pub fn router(database: Database, authenticator: Arc<Authenticator>, clock: Clock) -> Router {
    let (ids, users) = (Mutex::new(ContextV7::new()), Cache::new(CACHED_USERS));
    let twin = Twin { database, authenticator, clock, ids, users };
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
    let viewer = twin.authenticator.authenticate(&headers).await?.ok_or_else(AuthError::missing)?;
    let sub = viewer.id().as_str();
    let request: Request = serde_json::from_slice(&body)?;
    match &*request.query {
        documents::PAGE => twin.page(sub, request.variables()?, false).await,
        documents::PAGE_WITH_TAGS => twin.page(sub, request.variables()?, true).await,
        documents::TASK => twin.task(sub, request.variables()?).await,
        documents::CREATE => twin.create(sub, request.variables()?).await,
        documents::COMPLETE => twin.complete(sub, request.variables()?).await,
        documents::TODAY => twin.today(sub).await,
        documents::ONE_LIST => twin.one_list(sub, request.variables()?).await,
        documents::CREATE_AND_READ => twin.create_and_read(sub, request.variables()?).await,
        documents::CHANGES => twin.changes(sub, request.variables()?).await,
        documents::SEARCH => twin.search(sub, request.variables()?).await,
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
    async fn user(&self, sub: &str) -> Result<Option<i64>, Failure> {
        if let Some(user) = self.users.get(sub) {
            return Ok(Some(user));
        }
        let user = self.database.user(sub).await?;
        if let Some(user) = user {
            self.users.insert(sub.to_owned(), user);
        }
        Ok(user)
    }

    async fn reader(&self, sub: &str) -> Result<i64, Failure> {
        Ok(self.user(sub).await?.unwrap_or(NOBODY))
    }

    async fn writer(&self, sub: &str) -> Result<i64, Failure> {
        match self.user(sub).await? {
            Some(user) => Ok(user),
            None => Ok(self.database.new_user(sub).await?),
        }
    }

    async fn page(
        &self,
        sub: &str,
        variables: PageVariables,
        tagged: bool,
    ) -> Result<Response, Failure> {
        let first = variables.first;
        if first > MAX_PAGE_SIZE {
            return Err(Failure(StatusCode::BAD_REQUEST));
        }
        let user = self.reader(sub).await?;
        // One row more tells whether there is a next page.
        let mut tasks = self.database.page(user, i64::from(first) + 1).await?;
        let has_next_page = tasks.len() > first.into();
        tasks.truncate(first.into());
        if tagged {
            self.add_tags(user, &mut tasks).await?;
        }
        reply(&response::Page { tasks: Connection::new(tasks, has_next_page) })
    }

    async fn add_tags(&self, user: i64, tasks: &mut [Task]) -> Result<(), Failure> {
        let ids: Vec<_> = tasks.iter().map(|task| task.id).collect();
        let mut tags = self.database.tags(user, &ids).await?;
        for task in tasks {
            task.tags = Some(tags.remove(&task.id).unwrap_or_default());
        }
        Ok(())
    }

    async fn task(&self, sub: &str, variables: TaskVariables) -> Result<Response, Failure> {
        let user = self.reader(sub).await?;
        reply(&response::One { task: self.database.task(user, variables.id).await? })
    }

    async fn create(&self, sub: &str, variables: CreateVariables) -> Result<Response, Failure> {
        let (_, task) = self.insert(sub, &variables.t).await?;
        reply(&Mutation::CreateTask(Payload { task: CreatedTask::from(task) }))
    }

    /// Writes a new task, and gives it back with the key of its user.
    async fn insert(&self, sub: &str, text: &str) -> Result<(i64, NewTask), Failure> {
        let title = title(text).ok_or(Failure(StatusCode::BAD_REQUEST))?;
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
        let user = self.writer(sub).await?;
        self.database.create(user, &task).await?;
        Ok((user, task))
    }

    async fn complete(&self, sub: &str, variables: CompleteVariables) -> Result<Response, Failure> {
        let CompleteVariables { id, c: completed } = variables;
        let now = self.clock.now().millis();
        let user = self.writer(sub).await?;
        let task = self.database.complete(user, id, completed, now).await?;
        let task: CompletedTask = task.ok_or(Failure(StatusCode::NOT_FOUND))?;
        reply(&Mutation::UpdateTask(Payload { task }))
    }

    fn new_id(&self, millis: i64) -> Uuid {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = u64::try_from(millis.div_euclid(1000)).unwrap_or_default();
        let nanos = u32::try_from(millis.rem_euclid(1000) * 1_000_000).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(&*ids, seconds, nanos))
    }
}

/// A title without the space around it; `None` where taskward would refuse it.
fn title(text: &str) -> Option<String> {
    let text = text.replace("\r\n", "\n");
    let title = text.trim();
    let refused = |c: char| c.is_control() && !matches!(c, '\t' | '\n');
    let good =
        !title.is_empty() && !text.contains(refused) && title.chars().count() <= MAX_TITLE_LENGTH;
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

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        Self(match error {
            AuthError::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
            AuthError::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
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
