//! Compiled operations, which are answered without the library.
//!
//! An operation is compiled into a [`Plan`]: the rows that it reads, and the response keys of their fields.
//! Its answer is written straight from the rows, without a value, a future or a lookup by name for each field
//! of each row.
//!
//! A plan answers what it read and what the store refused, and refuses an answer that is too large. In any
//! other case the library answers, as if there were no plan: so both answer alike, and no error is worded twice.
//!
//! ```text
//! selected fields ── Plan::of ──► Plan ── run ─┬─► the answer, as JSON, or with the store's errors
//!  of an operation                         ▲   └─► nothing: the library answers
//!                              variables ──┘
//! ```
//!
//! There is a table of fields for each type of objects. Each has the same three parts: `of`, which knows the
//! selected field and adds what has to be read for it to something `Required…`; that, which reads it for all
//! objects that are shown together; and `write`.
//!
//! ```text
//! mutation ──► payload ──► query ──► connection ──► row: tags and lists
//!                 │          ├─────► user           └──► task ──► related: tags, list, parent, subtasks
//!                 │          ├─────► change_page ──┐
//!                 └──────────┴─────────────────────┴─► node: any of them
//! ```

mod arguments;
mod change_page;
mod connection;
mod json;
mod mutation;
mod node;
mod payload;
mod query;
mod rate_limit;
mod related;
mod row;
mod task;
mod user;

#[cfg(test)]
mod tests;

use async_graphql::{Name, OutputType, PathSegment, Pos, Response, ServerError, Value, Variables};

use self::{
    json::{Output, ResponseKey, SelectionSet},
    mutation::{Change, Mutation},
    query::Query,
};
use super::document::{CollectedField, ObjectFields, OperationType};
use crate::{
    auth::Scope,
    error::{ApiError, ErrorCode},
    graphql,
    graphql::context::RequestContext,
};

/// How an operation is answered.
#[derive(Debug)]
pub enum Plan {
    /// These root fields are read side by side.
    Query(SelectionSet<Query>),
    /// These root fields are run one after the other.
    Mutation(Vec<MutationRoot>),
}

/// A root field of a mutation. An error names it and its position.
#[derive(Debug)]
pub struct MutationRoot {
    name: Name,
    pos: Pos,
    key: ResponseKey,
    /// None: `__typename`.
    mutation: Option<Mutation>,
}

/// What came of an operation.
pub enum PlanResult {
    /// All of the answer, as JSON.
    Json(Vec<u8>),
    /// A mutation was refused or has failed.
    Failed(Response),
    /// The answer of a query is larger than the budget of its request.
    TooLarge(ApiError),
}

/// The request that a plan answers, with its variables.
#[derive(Clone, Copy)]
pub struct PlanContext<'r> {
    request: &'r RequestContext,
    variables: &'r Variables,
}

impl Plan {
    /// The plan of an operation that the schema allows, if there is one.
    #[must_use]
    pub fn of(kind: OperationType, root: &ObjectFields) -> Option<Self> {
        let roots = &root.fields;
        match kind {
            OperationType::Query => json::selection_set(roots, Query::of).map(Self::Query),
            OperationType::Mutation if !roots.is_empty() => {
                roots.iter().map(MutationRoot::of).collect::<Option<_>>().map(Self::Mutation)
            }
            OperationType::Mutation | OperationType::Subscription => None,
        }
    }

    /// The answer, if all goes well; where there is none, nothing was done.
    pub async fn run(&self, request: &RequestContext, variables: &Variables) -> Option<PlanResult> {
        let context = PlanContext { request, variables };
        match self {
            Self::Query(roots) => {
                if !request.viewer.session().scopes().contains(&Scope::Read) {
                    return None;
                }
                match answer(roots, context).await {
                    Ok(json) => Some(PlanResult::Json(json)),
                    // To read it all again would come to the same.
                    Err(error) if error.code() == ErrorCode::QueryTooComplex => {
                        Some(PlanResult::TooLarge(error))
                    }
                    Err(_) => None,
                }
            }
            Self::Mutation(roots) => run_all(roots, context).await,
        }
    }
}

async fn answer(
    roots: &SelectionSet<Query>,
    context: PlanContext<'_>,
) -> Result<Vec<u8>, ApiError> {
    let read = query::read(roots, context).await?;
    let mut out = begin(context);
    query::write(&mut out, read)?;
    out.push(b'}');
    Ok(out.into_bytes())
}

/// Runs the root fields of a mutation, if the library has to answer none of them.
async fn run_all(roots: &[MutationRoot], context: PlanContext<'_>) -> Option<PlanResult> {
    let mut changes = Vec::with_capacity(roots.len());
    for root in roots {
        changes.push(root.prepare(context).await?);
    }
    let (mut out, mut errors) = (begin(context), Vec::new());
    let mut separator = b'{';
    for (root, change) in roots.iter().zip(changes) {
        out.push(separator);
        separator = b',';
        root.key.write(&mut out);
        let begin = out.len();
        if let Err(error) = root.run(context, change, &mut out).await {
            out.truncate(begin);
            json::null(&mut out);
            errors.push(root.error(error));
        }
    }
    out.extend_from_slice(b"}}");
    if errors.is_empty() {
        return Some(PlanResult::Json(out.into_bytes()));
    }
    let mut response = Response::new(data(&out));
    response.errors = errors;
    Some(PlanResult::Failed(response))
}

impl MutationRoot {
    fn of(selected: &CollectedField) -> Option<Self> {
        let mutation = match selected.name.as_str() {
            "__typename" => None,
            _ => Some(Mutation::of(selected)?),
        };
        let (name, key) = (Name::new(&selected.key), ResponseKey::of(selected));
        Some(Self { name, pos: selected.pos, key, mutation })
    }

    async fn prepare(&self, context: PlanContext<'_>) -> Option<Option<Change>> {
        match &self.mutation {
            Some(mutation) => mutation.prepare(context).await.map(Some),
            None => Some(None),
        }
    }

    async fn run(
        &self,
        context: PlanContext<'_>,
        change: Option<Change>,
        out: &mut Output,
    ) -> Result<(), ApiError> {
        if let (Some(mutation), Some(change)) = (&self.mutation, change) {
            // Where an earlier field has exceeded it, no payload could be read.
            context.request.store.budget().check()?;
            return mutation.run(context, change, out).await;
        }
        json::quoted(out, &graphql::Mutation::type_name());
        Ok(())
    }

    fn error(&self, error: ApiError) -> ServerError {
        let path = vec![PathSegment::Field(self.name.to_string())];
        ServerError { path, ..error.at(Some(self.pos)) }
    }
}

const DATA: &[u8] = br#"{"data":"#;

/// The beginning of an answer.
fn begin(context: PlanContext<'_>) -> Output {
    let mut out = Output::new(context.request.store.budget());
    out.extend_from_slice(DATA);
    out
}

/// The data in an answer.
fn data(answer: &[u8]) -> Value {
    serde_json::from_slice(&answer[DATA.len()..answer.len() - 1]).unwrap_or_default()
}
