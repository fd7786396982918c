//! The root field of a mutation: what it does, and how its payload is shown.

use async_graphql::{InputType, Name, Value, Variables, indexmap::IndexMap};

use uuid::Uuid;

use super::{
    arguments::Arguments,
    json::{self, Keyed},
    shown::{self, Reading, Tags, TaskField},
};
use crate::{
    auth::{Scope, UserId},
    document::Selected,
    graphql::{BatchOperation, context::RequestContext, error::ApiError, sync},
    store::{self, Outcome, PartOutcome, StoreError, TaskColumn, TaskColumns},
};

/// A mutation of tasks.
#[derive(Debug)]
pub struct Mutation {
    name: Name,
    arguments: Arguments,
    fields: Keyed<PayloadField>,
    /// What is read of the task, with the number of the change.
    columns: TaskColumns,
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
        let reading = Reading::of(fields.iter().flat_map(|(_, field)| field.of_task()));
        let columns = reading.columns.and([TaskColumn::Number]);
        let known = ["createTask", "updateTask", "moveTask", "deleteTask", "restoreTask"];
        known.contains(&selected.name).then(|| Self {
            name: Name::new(selected.name),
            arguments: Arguments::of(selected),
            fields,
            columns,
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
        let change = request.store.run_in_part(operation, &self.columns).await?;
        Ok(Some(Done { change, viewer: viewer.id().clone(), fields: &self.fields }))
    }
}

impl PayloadField {
    fn of(selected: &Selected<'_>) -> Option<Self> {
        Some(match selected.name {
            "__typename" => Self::TypeName,
            "task" => {
                let fields = json::keyed(&selected.below, TaskField::of)?;
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
pub struct Done<'p> {
    change: store::Done<PartOutcome>,
    viewer: UserId,
    fields: &'p Keyed<PayloadField>,
}

impl Done<'_> {
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
                    json::quoted(out, &sync::cursor(&self.viewer, self.change.number));
                }
            }
            Ok(())
        })
    }

    fn write_task(&self, out: &mut Vec<u8>, fields: &Keyed<TaskField>) -> Result<(), StoreError> {
        match &self.change.outcome {
            PartOutcome::Task(task) => shown::task(out, fields, task, &Tags::new())?,
            PartOutcome::Whole(outcome) => match &**outcome {
                Outcome::Task(task) => shown::task(out, fields, task, &Tags::new())?,
                _ => json::null(out),
            },
        }
        Ok(())
    }

    fn type_name(&self) -> &'static str {
        if self.deleted().is_some() { "DeletePayload" } else { "TaskPayload" }
    }

    fn deleted(&self) -> Option<&[Uuid]> {
        match &self.change.outcome {
            PartOutcome::Whole(outcome) => match &**outcome {
                Outcome::Deleted(ids) => Some(ids),
                _ => None,
            },
            PartOutcome::Task(_) => None,
        }
    }
}
