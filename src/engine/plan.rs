//! Compiled operations, which are answered without the library.
//!
//! A common operation is compiled into a [`Plan`] the first time it is answered: the rows that it reads,
//! and the response keys of their fields. From then on its answer is written straight from the rows,
//! without a value, a future or a lookup by name for each field of each row.
//!
//! A plan answers what it read and what the store refused. In any other case the library answers, as if
//! there were no plan: so both answer alike, and no error is worded twice.
//!
//! ```text
//! selected fields ── Plan::of ──► Plan ── run ─┬─► the answer, as JSON, or the store's error
//!  of an operation                         ▲   └─► nothing: the library answers
//!                              variables ──┘
//! ```

mod arguments;
mod fields;
mod json;
mod mutation;
mod query;

#[cfg(test)]
mod tests;

use async_graphql::{Name, PathSegment, Pos, ServerError, Variables};

use self::{
    json::{ResponseKey, SelectionSet},
    mutation::Mutation,
    query::Query,
};
use super::document::{ObjectFields, OperationType};
use crate::{error::ApiError, graphql::context::RequestContext, store::StoreError};

/// How an operation is answered.
#[derive(Debug)]
pub enum Plan {
    /// These root fields are read one after the other.
    Query(SelectionSet<Query>),
    /// This one root field is run; an error names it and its position.
    Mutation(Name, Pos, ResponseKey, Mutation),
}

/// What came of an operation.
pub enum PlanResult {
    /// All of the answer, as JSON.
    Json(Vec<u8>),
    /// The mutation was refused or has failed: the name of its field, and the error.
    Failed(Name, ServerError),
}

impl Plan {
    /// The plan of an operation that the schema allows, if there is one.
    #[must_use]
    pub fn of(kind: OperationType, root: &ObjectFields) -> Option<Self> {
        match (kind, &root.fields[..]) {
            (OperationType::Query, roots) => json::selection_set(roots, Query::of).map(Self::Query),
            (OperationType::Mutation, [root]) => {
                let mutation = Mutation::of(root)?;
                Some(Self::Mutation(
                    Name::new(&root.key),
                    root.pos,
                    ResponseKey::of(root),
                    mutation,
                ))
            }
            _ => None,
        }
    }

    /// The answer, if all goes well; where there is none, nothing was done.
    pub async fn run(&self, request: &RequestContext, variables: &Variables) -> Option<PlanResult> {
        match self {
            Self::Query(roots) => {
                let mut read = Vec::with_capacity(roots.len());
                for (key, root) in roots {
                    read.push((key.clone(), root.read(request, variables).await?));
                }
                answer(&read, |out, read| read.write(out)).ok().map(PlanResult::Json)
            }
            Self::Mutation(name, pos, key, mutation) => {
                let answered = async || {
                    let Some(done) = mutation.run(request, variables).await? else {
                        return Ok(None);
                    };
                    let answer = answer(&[(key.clone(), done)], |out, done| done.write(out))?;
                    Ok(Some(PlanResult::Json(answer)))
                };
                answered().await.unwrap_or_else(|error: ApiError| {
                    let path = vec![PathSegment::Field(name.to_string())];
                    let error = ServerError { path, ..error.at(Some(*pos)) };
                    Some(PlanResult::Failed(name.clone(), error))
                })
            }
        }
    }
}

/// The bytes that an answer has room for before it has to grow.
const ROOM: usize = 1024;

/// The answer with these root fields in it.
fn answer<T>(
    roots: &[(ResponseKey, T)],
    write: impl FnMut(&mut Vec<u8>, &T) -> Result<(), StoreError>,
) -> Result<Vec<u8>, StoreError> {
    let mut out = Vec::with_capacity(ROOM);
    out.extend_from_slice(br#"{"data":"#);
    json::object(&mut out, roots, write)?;
    out.push(b'}');
    Ok(out)
}
