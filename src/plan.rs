//! Operations that are answered without the library.
//!
//! What front ends send most is made a [`Plan`] the first time it was answered: which rows it reads,
//! and which of their fields it shows under which keys. From then on its answer is written straight
//! from the rows, with no value, no future and no name looked up for each field of each row.
//!
//! A plan knows one way to answer well, and gives up on all else: it is then as if it were not there, and the
//! library answers. So nothing is told here that the library would not tell, and no error is worded twice.
//!
//! ```text
//! Selected fields ── Plan::of ──► Plan ── run ─┬─► the answer, as JSON
//!  of an operation                 ▲           └─► nothing: the library answers
//!                      variables ──┘
//! ```

mod arguments;
mod json;
mod mutation;
mod query;
mod shown;

use async_graphql::{Name, PathSegment, Pos, ServerError, Variables, parser::types::OperationType};

use self::{mutation::Mutation, query::Query};
use crate::{
    document::{Operation, Rules},
    graphql::context::RequestContext,
};

/// How an operation is answered.
#[derive(Debug)]
pub enum Plan {
    Query(Vec<(json::Key, Query)>),
    Mutation(Name, Pos, json::Key, Mutation),
}

/// What came of an operation.
pub enum Answer {
    /// All of the answer, as JSON.
    Json(Vec<u8>),
    /// A mutation was refused, or has failed: the name of its field, and why.
    Failed(Name, ServerError),
}

impl Plan {
    /// The plan of an operation that the schema allows, if there is one.
    #[must_use]
    pub fn of(rules: &Rules, operation: &Operation<'_>) -> Option<Self> {
        let roots = rules.selected(operation)?;
        match (operation.kind(), &roots[..]) {
            (OperationType::Query, roots) => {
                json::keyed(roots, Query::of).map(Self::Query)
            }
            (OperationType::Mutation, [root]) => {
                let mutation = Mutation::of(root)?;
                Some(Self::Mutation(Name::new(root.key), root.pos, json::Key::of(root), mutation))
            }
            _ => None,
        }
    }

    /// The answer, if all goes well; where there is none, nothing was done.
    pub async fn run(&self, request: &RequestContext, variables: &Variables) -> Option<Answer> {
        let mut out = br#"{"data":"#.to_vec();
        match self {
            Self::Query(roots) => {
                let mut fields = Vec::with_capacity(roots.len());
                for (key, root) in roots {
                    fields.push((key, root.read(request, variables).await?));
                }
                json::object(&mut out, fields, |out, read| read.write(out));
            }
            Self::Mutation(name, pos, key, mutation) => {
                match mutation.run(request, variables).await {
                    Ok(done) => json::object(&mut out, [(key, done?)], |out, done| done.write(out)),
                    Err(error) => {
                        let path = vec![PathSegment::Field(name.to_string())];
                        let error = ServerError { path, ..error.at(Some(*pos)) };
                        return Some(Answer::Failed(name.clone(), error));
                    }
                }
            }
        }
        out.push(b'}');
        Some(Answer::Json(out))
    }
}
