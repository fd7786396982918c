//! Payloads: what mutations answer.

use std::borrow::Cow;

use async_graphql::OutputType;
use uuid::Uuid;

use super::{
    PlanContext,
    json::{self, Output, ResponseKey, SelectionSet},
    node::{NodeFields, RequiredOfNodes},
    query::{self, Query, Writer},
    related::Related,
    row::{self, ListField, TagField},
    task::TaskField,
    user::{ResolvedUser, UserField},
};
use crate::{
    auth::UserId,
    engine::document::CollectedField,
    error::ApiError,
    graphql::types::{
        batch::{BatchError, BatchPayload, BatchResult},
        change_page,
        payload::DeletePayload,
        session::SignOutPayload,
        tag::TagPayload,
        task::TaskPayload,
        task_list::TaskListPayload,
        user::ViewerPayload,
    },
    store::{
        Committed, ListColumns, Object, Outcome, PartOutcome, StoreError, TagColumns, TaskRow,
    },
    time::Timestamp,
};

/// A field of a payload.
#[derive(Debug)]
pub enum PayloadField {
    TypeName,
    Task(SelectionSet<TaskField>),
    Tag(SelectionSet<TagField>),
    List(SelectionSet<ListField>),
    Viewer(SelectionSet<UserField>),
    Results(SelectionSet<ResultField>),
    DeletedIds,
    RevokedBefore,
    Query(SelectionSet<Query>),
    Cursor,
}

/// A field of what an operation of a batch came to.
#[derive(Debug)]
pub enum ResultField {
    TypeName,
    Node(NodeFields),
    DeletedIds,
    Error(SelectionSet<ErrorField>),
}

/// A field of why an operation of a batch did nothing.
#[derive(Debug)]
pub enum ErrorField {
    TypeName,
    Code,
    Message,
    Path,
}

/// What has to be read to show a payload, beside its queries.
#[derive(Debug, Default)]
pub struct RequiredOfPayload {
    pub nodes: RequiredOfNodes,
    viewer: bool,
}

/// What was changed.
pub enum Changed {
    Operation(Committed<PartOutcome>),
    Batch(Committed<Vec<Result<Outcome, BatchError>>>),
    /// The cursor of the change.
    Viewer(String),
    /// Tokens issued up to then are revoked.
    SignOut(Option<Timestamp>),
}

/// What was changed, with all that is shown of it.
pub struct Payload<'p> {
    changed: Changed,
    viewer: &'p UserId,
    /// What belongs to its tasks.
    related: Related,
    user: Option<ResolvedUser>,
    /// The root fields of each of its queries.
    queries: Vec<Vec<(ResponseKey, Writer<'p>)>>,
}

impl PayloadField {
    /// The fields that are selected on the payload of a mutation.
    pub fn selection_set(
        mutation: &CollectedField,
        required: &mut RequiredOfPayload,
    ) -> Option<SelectionSet<Self>> {
        json::selection_set(mutation.fields(), |field| Self::of(field, required))
    }

    fn of(selected: &CollectedField, required: &mut RequiredOfPayload) -> Option<Self> {
        let fields = selected.fields();
        let nodes = &mut required.nodes;
        Some(match selected.name.as_str() {
            "__typename" => Self::TypeName,
            "task" => Self::Task(row::selection_set(fields, &mut nodes.tasks)?),
            "tag" => Self::Tag(row::selection_set(fields, &mut TagColumns::default())?),
            "list" => Self::List(row::selection_set(fields, &mut ListColumns::default())?),
            "viewer" => {
                required.viewer = true;
                Self::Viewer(json::selection_set(fields, |it| UserField::of(it, &mut nodes.user))?)
            }
            "results" => {
                Self::Results(json::selection_set(fields, |it| ResultField::of(it, nodes))?)
            }
            "deletedIds" => Self::DeletedIds,
            "revokedBefore" => Self::RevokedBefore,
            "query" => Self::Query(json::selection_set(fields, Query::of)?),
            "cursor" => Self::Cursor,
            _ => return None,
        })
    }
}

impl ResultField {
    fn of(selected: &CollectedField, required: &mut RequiredOfNodes) -> Option<Self> {
        Some(match selected.name.as_str() {
            "__typename" => Self::TypeName,
            "node" => Self::Node(NodeFields::of(selected, required)?),
            "deletedIds" => Self::DeletedIds,
            "error" => Self::Error(json::selection_set(selected.fields(), ErrorField::of)?),
            _ => return None,
        })
    }

    fn write(
        &self,
        out: &mut Output,
        result: &Result<Outcome, BatchError>,
        related: &Related,
    ) -> Result<(), StoreError> {
        match (self, result) {
            (Self::TypeName, _) => json::quoted(out, &BatchResult::type_name()),
            (Self::Node(fields), Ok(Outcome::Object(object))) => {
                fields.write(out, Some(object), related)?;
            }
            (Self::DeletedIds, Ok(Outcome::Deleted(ids))) => json::ids(out, ids)?,
            (Self::Error(fields), Err(error)) => {
                json::object(out, fields, |out, field| field.write(out, error))?;
            }
            (Self::Node(_) | Self::DeletedIds | Self::Error(_), _) => json::null(out),
        }
        Ok(())
    }
}

impl ErrorField {
    fn of(selected: &CollectedField) -> Option<Self> {
        Some(match selected.name.as_str() {
            "__typename" => Self::TypeName,
            "code" => Self::Code,
            "message" => Self::Message,
            "path" => Self::Path,
            _ => return None,
        })
    }

    fn write(&self, out: &mut Output, error: &BatchError) -> Result<(), StoreError> {
        match self {
            Self::TypeName => json::quoted(out, &BatchError::type_name()),
            Self::Code => json::quoted(out, error.code.name()),
            Self::Message => json::string(out, &error.message),
            Self::Path => match &error.path {
                Some(path) => json::list(out, path, |out, segment| {
                    json::string(out, segment);
                    Ok(())
                })?,
                None => json::null(out),
            },
        }
        Ok(())
    }
}

impl RequiredOfPayload {
    /// Reads it, and the queries, after the change.
    pub async fn read<'p>(
        &self,
        context: PlanContext<'p>,
        changed: Changed,
        queries: impl Iterator<Item = &'p SelectionSet<Query>>,
    ) -> Result<Payload<'p>, ApiError> {
        let tasks = &self.nodes.tasks;
        let related = match &changed {
            Changed::Operation(Committed { outcome: PartOutcome::Task(part), .. }) => {
                tasks.read(context, [part]).await?
            }
            _ => tasks.read(context, changed.tasks()).await?,
        };
        let user = if self.viewer { Some(self.nodes.user.read(context).await?) } else { None };
        let mut read = Vec::new();
        for roots in queries {
            read.push(query::read(roots, context).await?);
        }
        let viewer = context.request.viewer.id();
        Ok(Payload { changed, viewer, related, user, queries: read })
    }
}

impl Changed {
    /// The tasks of which all was read.
    fn tasks(&self) -> Vec<&TaskRow> {
        match self {
            Self::Operation(Committed { outcome: PartOutcome::Whole(outcome), .. }) => {
                outcome.task().into_iter().collect()
            }
            Self::Batch(done) => done.outcome.iter().flatten().filter_map(Outcome::task).collect(),
            Self::Operation(_) | Self::Viewer(_) | Self::SignOut(_) => Vec::new(),
        }
    }

    fn object(&self) -> Option<&Object> {
        match self {
            Self::Operation(Committed {
                outcome: PartOutcome::Whole(Outcome::Object(object)),
                ..
            }) => Some(object),
            _ => None,
        }
    }

    fn deleted(&self) -> &[Uuid] {
        match self {
            Self::Operation(Committed {
                outcome: PartOutcome::Whole(Outcome::Deleted(ids)),
                ..
            }) => ids,
            _ => &[],
        }
    }

    fn cursor(&self, viewer: &UserId) -> Cow<'_, str> {
        match self {
            Self::Operation(done) => change_page::cursor(viewer, done.change_seq).into(),
            Self::Batch(done) => change_page::cursor(viewer, done.change_seq).into(),
            Self::Viewer(cursor) => cursor.into(),
            Self::SignOut(_) => "".into(),
        }
    }

    /// The type of the payload.
    fn type_name(&self) -> Cow<'static, str> {
        match self {
            Self::Operation(done) => match &done.outcome {
                PartOutcome::Task(_) => TaskPayload::type_name(),
                PartOutcome::Whole(Outcome::Object(object)) => match **object {
                    Object::Task(_) => TaskPayload::type_name(),
                    Object::Tag(_) => TagPayload::type_name(),
                    Object::List(_) => TaskListPayload::type_name(),
                },
                PartOutcome::Whole(Outcome::Deleted(_)) => DeletePayload::type_name(),
            },
            Self::Batch(_) => BatchPayload::type_name(),
            Self::Viewer(_) => ViewerPayload::type_name(),
            Self::SignOut(_) => SignOutPayload::type_name(),
        }
    }
}

impl Payload<'_> {
    /// Writes it as JSON.
    pub fn write(
        mut self,
        out: &mut Output,
        fields: &SelectionSet<PayloadField>,
    ) -> Result<(), StoreError> {
        let mut queries = std::mem::take(&mut self.queries).into_iter();
        json::object(out, fields, |out, field| {
            if let PayloadField::Query(_) = field {
                return query::write(out, queries.next().unwrap_or_default());
            }
            self.write_field(out, field)
        })
    }

    fn write_field(&self, out: &mut Output, field: &PayloadField) -> Result<(), StoreError> {
        let Self { changed, related, .. } = self;
        match (field, changed) {
            (PayloadField::TypeName, _) => json::quoted(out, &changed.type_name()),
            (
                PayloadField::Task(fields),
                Changed::Operation(Committed { outcome: PartOutcome::Task(part), .. }),
            ) => row::object(out, fields, part, related)?,
            (PayloadField::Task(fields), _) => {
                row::nullable_object(out, fields, changed.tasks().first().copied(), related)?;
            }
            (PayloadField::Tag(fields), _) => match changed.object() {
                Some(Object::Tag(tag)) => row::object(out, fields, tag, &())?,
                _ => json::null(out),
            },
            (PayloadField::List(fields), _) => match changed.object() {
                Some(Object::List(list)) => row::object(out, fields, list, &())?,
                _ => json::null(out),
            },
            (PayloadField::Viewer(fields), _) => match &self.user {
                Some(user) => user.write(out, fields)?,
                None => json::null(out),
            },
            (PayloadField::Results(fields), Changed::Batch(done)) => {
                json::list(out, &done.outcome, |out, result| {
                    json::object(out, fields, |out, field| field.write(out, result, related))
                })?;
            }
            (PayloadField::DeletedIds, _) => json::ids(out, changed.deleted())?,
            (PayloadField::RevokedBefore, Changed::SignOut(before)) => {
                json::optional_instant(out, *before);
            }
            (PayloadField::Cursor, _) => json::quoted(out, &changed.cursor(self.viewer)),
            (
                PayloadField::Results(_) | PayloadField::RevokedBefore | PayloadField::Query(_),
                _,
            ) => json::null(out),
        }
        Ok(())
    }
}
