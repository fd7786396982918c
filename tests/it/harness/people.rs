//! Users of the API, each with a token.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use taskward::app::App;
use tower::ServiceExt;

use super::Reply;

/// Counts the operations that compiled plans of a server have answered.
type PlannedOperations = Arc<dyn Fn() -> u64 + Send + Sync>;
/// Switches the plans of a server on or off.
type UsePlans = Arc<dyn Fn(bool) + Send + Sync>;

/// The selection of a task with the fields of its row.
const TASK: &str = "task { id title description completed completedAt priority dueOn dueAt \
    createdAt updatedAt deletedAt version }";

/// A user who sends requests.
#[derive(Clone)]
pub struct Person {
    router: Router,
    planned_operations: PlannedOperations,
    use_plans: UsePlans,
    token: Option<String>,
}

impl Person {
    /// A user of the server of that application.
    pub(super) fn of(app: &App, token: Option<String>) -> Self {
        let planned_operations = Arc::new(app.planned_operations());
        Self {
            router: app.router(),
            planned_operations,
            use_plans: Arc::new(app.use_plans()),
            token,
        }
    }

    /// The same server, used with another token.
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// How many operations compiled plans of the server have answered.
    pub fn planned_operations(&self) -> u64 {
        (self.planned_operations)()
    }

    /// Waits for what the library answers: no plan does meanwhile.
    pub async fn by_library<T>(&self, answer: impl Future<Output = T>) -> T {
        (self.use_plans)(false);
        let answer = answer.await;
        (self.use_plans)(true);
        answer
    }

    /// Sends any request, with this person's token unless it brings its own.
    pub async fn sends(&self, mut request: Request<Body>) -> Reply {
        if let Some(token) = &self.token
            && !request.headers().contains_key(header::AUTHORIZATION)
        {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply { status: parts.status, headers: parts.headers, body }
    }

    /// Sends a GET.
    pub async fn gets(&self, uri: &str) -> Reply {
        self.sends(Request::get(uri).body(Body::empty()).unwrap()).await
    }

    /// Posts a document with variables.
    pub async fn post(&self, query: &str, variables: Value) -> Reply {
        self.posts(&json!({ "query": query, "variables": variables })).await
    }

    /// Posts a JSON body.
    pub async fn posts(&self, body: &Value) -> Reply {
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/graphql-response+json")
            .body(body.to_string().into())
            .unwrap();
        self.sends(request).await
    }

    /// The data of a query that must not fail.
    pub async fn asks(&self, query: &str) -> Value {
        self.post(query, json!({})).await.data()
    }

    /// Tries a mutation with its input and a selection on its payload.
    pub async fn tries(&self, mutation: &str, input: Value, selection: &str) -> Reply {
        let ty = match mutation {
            "deleteTag" | "deleteList" => "DeleteInput".to_owned(),
            _ => format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]),
        };
        let query =
            format!("mutation($input: {ty}!) {{ {mutation}(input: $input) {{ {selection} }} }}");
        self.post(&query, json!({ "input": input })).await
    }

    /// The payload of a mutation, which must not fail.
    pub async fn does(&self, mutation: &str, input: Value, selection: &str) -> Value {
        self.tries(mutation, input, selection).await.data()[mutation].take()
    }

    /// Creates a tag and returns its id.
    pub async fn creates_tag(&self, name: &str) -> String {
        let payload = self.does("createTag", json!({ "name": name }), "tag { id }").await;
        payload["tag"]["id"].as_str().unwrap().to_owned()
    }

    /// Creates a list and returns its id.
    pub async fn creates_list(&self, name: &str) -> String {
        let payload = self.does("createList", json!({ "name": name }), "list { id }").await;
        payload["list"]["id"].as_str().unwrap().to_owned()
    }

    /// The titles of the tasks that match a filter, separated by blanks: see [`Person::titles`].
    pub async fn finds(&self, filter: Value) -> String {
        self.titles(filter).await.join(" ")
    }

    /// The titles of the tasks that match a filter, in alphabetical order.
    pub async fn titles(&self, filter: Value) -> Vec<String> {
        let query = "query($filter: TaskFilter) { \
            tasks(filter: $filter, orderBy: [{ field: TITLE }]) { nodes { title } } }";
        let data = self.post(query, json!({ "filter": filter })).await.data();
        let nodes = data["tasks"]["nodes"].as_array().unwrap();
        nodes.iter().map(|node| node["title"].as_str().unwrap().to_owned()).collect()
    }

    /// Creates a task and returns its id.
    pub async fn creates(&self, title: &str) -> String {
        let task = self.creates_with(json!({ "title": title })).await;
        task["id"].as_str().unwrap().to_owned()
    }

    /// Creates a task from an input, which must not fail, and returns it.
    pub async fn creates_with(&self, input: Value) -> Value {
        self.create(input).await.data()["createTask"]["task"].take()
    }

    /// Tries to create a task from an input.
    pub async fn create(&self, input: Value) -> Reply {
        self.tries("createTask", input, TASK).await
    }

    /// Updates a task, which must not fail, and returns it.
    pub async fn updates(&self, input: Value) -> Value {
        self.update(input).await.data()["updateTask"]["task"].take()
    }

    /// Tries to update a task.
    pub async fn update(&self, input: Value) -> Reply {
        self.tries("updateTask", input, TASK).await
    }

    /// Tries to delete a task.
    pub async fn delete(&self, input: Value) -> Reply {
        self.tries("deleteTask", input, "deletedIds").await
    }

    /// Tries to bring a task back from the trash.
    pub async fn restore(&self, id: &str) -> Reply {
        self.tries("restoreTask", json!({ "id": id }), "task { id deletedAt version }").await
    }

    /// Tries to update the settings of this user.
    pub async fn update_viewer(&self, input: Value) -> Reply {
        let selection = "viewer { id timeZone } query { viewer { timeZone } }";
        self.tries("updateViewer", input, selection).await
    }

    /// Sets the time zone, which must not fail.
    pub async fn moves_to(&self, zone: &str) {
        self.update_viewer(json!({ "timeZone": zone })).await.data();
    }
}
