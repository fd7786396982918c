//! Root fields of a mutation: what they change, and how their payloads are shown.
//!
//! Whatever could be refused for its arguments is read before the first change: where that fails, the library
//! answers as if there were no plan. What can fail after a change is only the database, while the payload is
//! read, or the size of the payload. As in the library, the change then stands, and the field is null and has an error.

use async_graphql::{InputType, Name, Value, indexmap::IndexMap};

use super::{
    PlanContext,
    arguments::Arguments,
    json::{Output, SelectionSet},
    payload::{Changed, PayloadField, RequiredOfPayload},
    query::Query,
};
use crate::{
    auth::Scope,
    engine::document::CollectedField,
    error::ApiError,
    graphql::types::{
        batch::{BatchInput, BatchOperation},
        session::SignOutInput,
        user::UpdateViewerInput,
    },
    store::{Operation, TaskColumns},
};

/// A root field.
#[derive(Debug)]
pub struct Mutation {
    name: Name,
    arguments: Arguments,
    fields: SelectionSet<PayloadField>,
    required: RequiredOfPayload,
}

/// What a root field is to change.
pub enum Change {
    /// An operation, or why its input is refused.
    Operation(Result<Operation, ApiError>),
    Batch(BatchInput),
    Viewer(UpdateViewerInput),
    SignOut(SignOutInput),
}

impl Mutation {
    pub fn of(selected: &CollectedField) -> Option<Self> {
        let mut required = RequiredOfPayload::default();
        let fields = PayloadField::selection_set(selected, &mut required)?;
        let (name, arguments) = (Name::new(&selected.name), Arguments::of(selected));
        Some(Self { name, arguments, fields, required })
    }

    /// What it is to change; `None` where the library answers.
    pub async fn prepare(&self, context: PlanContext<'_>) -> Option<Change> {
        let scopes = context.request.viewer.session().scopes();
        let reads = self.queries().flatten().any(|(_, root)| !matches!(root, Query::TypeName));
        if !scopes.contains(&Scope::Write) || (reads && !scopes.contains(&Scope::Read)) {
            return None;
        }
        self.required.nodes.tasks.check(context).await.ok()?;
        for (_, root) in self.queries().flatten() {
            root.check(context).await.ok()?;
        }
        let input = self.arguments.value("input", context.variables);
        Some(match self.name.as_str() {
            "batch" => Change::Batch(BatchInput::parse(input).ok()?),
            "updateViewer" => Change::Viewer(UpdateViewerInput::parse(input).ok()?),
            "signOut" => Change::SignOut(SignOutInput::parse(input).ok()?),
            _ => {
                let one = Value::Object(IndexMap::from([(self.name.clone(), input?)]));
                let operation = BatchOperation::parse(Some(one)).ok()?;
                Change::Operation(operation.read(context.request.viewer.id()))
            }
        })
    }

    /// Changes it, and writes the payload.
    pub async fn run(
        &self,
        context: PlanContext<'_>,
        change: Change,
        out: &mut Output,
    ) -> Result<(), ApiError> {
        let changed = change.run(context, self.required.nodes.tasks.columns()).await?;
        self.write(context, changed, out).await.map_err(ApiError::after_change)
    }

    async fn write(
        &self,
        context: PlanContext<'_>,
        changed: Changed,
        out: &mut Output,
    ) -> Result<(), ApiError> {
        let payload = self.required.read(context, changed, self.queries()).await?;
        Ok(payload.write(out, &self.fields)?)
    }

    /// The queries of the payload.
    fn queries(&self) -> impl Iterator<Item = &SelectionSet<Query>> {
        self.fields.iter().filter_map(|(_, field)| match field {
            PayloadField::Query(roots) => Some(roots),
            _ => None,
        })
    }
}

impl Change {
    async fn run(
        self,
        PlanContext { request, .. }: PlanContext<'_>,
        columns: &TaskColumns,
    ) -> Result<Changed, ApiError> {
        Ok(match self {
            Self::Operation(operation) => {
                Changed::Operation(request.store.execute(operation?, columns).await?)
            }
            Self::Batch(input) => Changed::Batch(input.execute(request).await?),
            Self::Viewer(input) => Changed::Viewer(input.update(request).await?.cursor),
            Self::SignOut(input) => Changed::SignOut(input.sign_out(request).await?.revoked_before),
        })
    }
}
