//! The root field of a mutation: what it does, and how its payload is shown.

use async_graphql::{InputType, Name, Value, Variables, indexmap::IndexMap};
use uuid::Uuid;

use super::{
    arguments::Arguments,
    json::{self, Keyed},
    shown::{self, TaskField, borrowed},
};
use crate::{
    auth::Scope,
    document::Selected,
    graphql::{BatchOperation, context::RequestContext, error::ApiError, sync},
    store::{Outcome, TaskRow},
};

/// A mutation of tasks.
#[derive(Debug)]
pub struct Mutation {
    name: Name,
    arguments: Arguments,
    fields: Keyed<PayloadField>,
}

/// A field of a payload.
#[derive(Debug)]
enum PayloadField {
    TypeName,
    Task(Keyed<TaskField>),
    DeletedIds,
    Cursor,
}

impl Mutation {
    pub fn of(selected: &Selected<'_>) -> Option<Self> {
        let fields = json::keyed(&selected.below, PayloadField::of)?;
        let known = ["createTask", "updateTask", "moveTask", "deleteTask", "restoreTask"];
        known.contains(&selected.name).then(|| Self {
            name: Name::new(selected.name),
            arguments: Arguments::of(selected),
            fields,
        })
    }

    /// Does it. Nothing was done where there is no answer; an error may be that of a change of which
    /// nobody knows whether it was made.
    pub async fn run(
        &self,
        request: &RequestContext,
        variables: &Variables,
    ) -> Result<Option<Done<'_>>, ApiError> {
        let viewer = &request.viewer;
        if !viewer.session().scopes().contains(&Scope::Write) {
            return Ok(None);
        }
        let Some(input) = self.arguments.value("input", variables) else { return Ok(None) };
        let one = Value::Object(IndexMap::from([(self.name.clone(), input)]));
        let Ok(operation) = BatchOperation::parse(Some(one)) else { return Ok(None) };
        let operation = operation.read(viewer.id())?;
        let done = request.store.run(operation).await?;
        let cursor = sync::cursor(viewer.id(), done.number);
        Ok(Some(Done { outcome: done.outcome, cursor, fields: &self.fields }))
    }
}

impl PayloadField {
    fn of(selected: &Selected<'_>) -> Option<Self> {
        Some(match selected.name {
            "__typename" => Self::TypeName,
            "task" => {
                let fields = json::keyed(&selected.below, TaskField::of)?;
                // What is read after the change could fail, and the change could not be taken back.
                if shown::shows_tags(&fields) {
                    return None;
                }
                Self::Task(fields)
            }
            "deletedIds" => Self::DeletedIds,
            "cursor" => Self::Cursor,
            _ => return None,
        })
    }
}

/// What a mutation came to.
pub struct Done<'p> {
    outcome: Outcome,
    cursor: String,
    fields: &'p Keyed<PayloadField>,
}

impl Done<'_> {
    fn task(&self) -> Option<&TaskRow> {
        match &self.outcome {
            Outcome::Task(task) => Some(task),
            _ => None,
        }
    }

    fn deleted(&self) -> &[Uuid] {
        match &self.outcome {
            Outcome::Deleted(ids) => ids,
            _ => &[],
        }
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        json::object(out, borrowed(self.fields), |out, field| match field {
            PayloadField::TypeName => {
                let name = if self.task().is_some() { "TaskPayload" } else { "DeletePayload" };
                json::quoted(out, name);
            }
            PayloadField::Task(fields) => json::nullable(out, self.task(), |out, task| {
                shown::task(out, fields, task, &[]);
            }),
            PayloadField::DeletedIds => json::list(out, self.deleted(), |out, id| json::id(out, *id)),
            PayloadField::Cursor => json::quoted(out, &self.cursor),
        });
    }
}
