//! The root field of a mutation: what it does, and how its payload is shown.

use async_graphql::{InputType, Name, Value, Variables, indexmap::IndexMap};

use uuid::Uuid;

use super::{
    arguments::Arguments,
    fields::{self, RequiredColumns, Tags, TaskField},
    json::{self, SelectionSet},
};
use crate::{
    auth::{Scope, UserId},
    engine::document::CollectedField,
    error::ApiError,
    graphql::{
        context::RequestContext,
        types::{batch::BatchOperation, change_page},
    },
    store::{self, Outcome, PartOutcome, StoreError, TaskColumns},
};

/// A mutation of tasks.
#[derive(Debug)]
pub struct Mutation {
    name: Name,
    arguments: Arguments,
    fields: SelectionSet<PayloadField>,
    /// What is read of the task.
    columns: TaskColumns,
}

/// A field of a payload.
#[derive(Debug)]
enum PayloadField {
    TypeName,
    Task(SelectionSet<TaskField>),
    DeletedIds,
    Cursor,
}

impl Mutation {
    pub fn of(selected: &CollectedField) -> Option<Self> {
        let fields = json::selection_set(selected.object_fields()?, PayloadField::of)?;
        let required = RequiredColumns::of(fields.iter().flat_map(|(_, field)| field.of_task()));
        let known = ["createTask", "updateTask", "moveTask", "deleteTask", "restoreTask"];
        known.contains(&selected.name.as_str()).then(|| Self {
            name: Name::new(&selected.name),
            arguments: Arguments::of(selected),
            fields,
            columns: required.columns,
        })
    }

    /// Does it. Nothing was done where there is no answer; an error may be that of a change of which
    /// nobody knows whether it was made.
    pub async fn run(
        &self,
        request: &RequestContext,
        variables: &Variables,
    ) -> Result<Option<MutationResult<'_>>, ApiError> {
        let viewer = &request.viewer;
        if !viewer.session().scopes().contains(&Scope::Write) {
            return Ok(None);
        }
        let Some(input) = self.arguments.value("input", variables) else { return Ok(None) };
        let one = Value::Object(IndexMap::from([(self.name.clone(), input)]));
        let Ok(operation) = BatchOperation::parse(Some(one)) else { return Ok(None) };
        let operation = operation.read(viewer.id())?;
        let change = request.store.execute(operation, &self.columns).await?;
        Ok(Some(MutationResult { change, viewer: viewer.id().clone(), fields: &self.fields }))
    }
}

impl PayloadField {
    fn of(selected: &CollectedField) -> Option<Self> {
        Some(match selected.name.as_str() {
            "__typename" => Self::TypeName,
            "task" => {
                let fields = json::selection_set(selected.object_fields()?, TaskField::of)?;
                // What is read after the change could fail, and the change could not be taken back.
                if fields.iter().any(|(_, field)| field.reads_more()) {
                    return None;
                }
                Self::Task(fields)
            }
            "deletedIds" => Self::DeletedIds,
            "cursor" => Self::Cursor,
            _ => return None,
        })
    }

    /// The fields of the task below it.
    fn of_task(&self) -> impl Iterator<Item = &TaskField> + Clone {
        let fields = match self {
            Self::Task(fields) => &fields[..],
            _ => &[],
        };
        fields.iter().map(|(_, field)| field)
    }
}

/// What a mutation came to.
pub struct MutationResult<'p> {
    change: store::Committed<PartOutcome>,
    viewer: UserId,
    fields: &'p SelectionSet<PayloadField>,
}

impl MutationResult<'_> {
    /// Writes its payload as JSON.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        json::object(out, self.fields, |out, field| {
            match field {
                PayloadField::TypeName => json::quoted(out, self.type_name()),
                PayloadField::Task(fields) => self.write_task(out, fields)?,
                PayloadField::DeletedIds => {
                    json::list(out, self.deleted().unwrap_or_default(), |out, id| {
                        json::id(out, *id);
                        Ok(())
                    })?;
                }
                PayloadField::Cursor => {
                    json::quoted(out, &change_page::cursor(&self.viewer, self.change.change_seq));
                }
            }
            Ok(())
        })
    }

    fn write_task(
        &self,
        out: &mut Vec<u8>,
        fields: &SelectionSet<TaskField>,
    ) -> Result<(), StoreError> {
        match &self.change.outcome {
            PartOutcome::Task(task) => fields::task(out, fields, task, &Tags::new())?,
            PartOutcome::Whole(outcome) => match outcome.task() {
                Some(task) => fields::task(out, fields, task, &Tags::new())?,
                None => json::null(out),
            },
        }
        Ok(())
    }

    fn type_name(&self) -> &'static str {
        if self.deleted().is_some() { "DeletePayload" } else { "TaskPayload" }
    }

    fn deleted(&self) -> Option<&[Uuid]> {
        match &self.change.outcome {
            PartOutcome::Whole(Outcome::Deleted(ids)) => Some(ids),
            PartOutcome::Whole(Outcome::Object(_)) | PartOutcome::Task(_) => None,
        }
    }
}
