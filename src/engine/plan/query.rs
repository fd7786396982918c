//! Root fields of a query: the rows that they read, and the JSON that they write.

use async_graphql::{ID, OutputType, Variables};

use super::{
    arguments::Arguments,
    fields::{self, RequiredColumns, Tags, TaskField},
    json::{self, SelectionSet},
};
use crate::{
    auth::Scope,
    engine::document::CollectedField,
    graphql::{
        self,
        context::RequestContext,
        id,
        page::{self, PageArguments, PageInfo},
        types::{
            task::{TaskConnection, TaskEdge},
            task_order::{ListQuery, TaskArguments},
        },
    },
    store::{KeysetCursor, Side, StoreError, TaskPage, TaskPart},
};

/// A root field.
#[derive(Debug)]
pub enum Query {
    TypeName,
    Task { arguments: Arguments, fields: SelectionSet<TaskField>, required: RequiredColumns },
    Tasks { arguments: Arguments, fields: SelectionSet<ConnectionField>, required: RequiredColumns },
}

/// A field of a page of tasks.
#[derive(Debug)]
pub enum ConnectionField {
    TypeName,
    Edges(SelectionSet<EdgeField>),
    Nodes(SelectionSet<TaskField>),
    PageInfo(SelectionSet<PageInfoField>),
    TotalCount,
}

/// A field of an edge of a page.
#[derive(Debug)]
pub enum EdgeField {
    TypeName,
    Cursor,
    Node(SelectionSet<TaskField>),
}

/// A field of a page info.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageInfoField {
    TypeName,
    HasNextPage,
    HasPreviousPage,
    StartCursor,
    EndCursor,
}

impl Query {
    /// The field, if it is one that can be read and shown.
    pub fn of(selected: &CollectedField<'_>) -> Option<Self> {
        let arguments = || Arguments::of(selected);
        Some(match selected.name {
            "__typename" => Self::TypeName,
            "task" => {
                let fields = json::selection_set(&selected.selections, TaskField::of)?;
                let required = RequiredColumns::of(fields.iter().map(|(_, field)| field));
                Self::Task { arguments: arguments(), fields, required }
            }
            "tasks" => {
                let fields = json::selection_set(&selected.selections, ConnectionField::of)?;
                let tasks = fields.iter().flat_map(|(_, field)| field.of_tasks());
                let required = RequiredColumns::of(tasks);
                Self::Tasks { arguments: arguments(), fields, required }
            }
            _ => return None,
        })
    }

    /// Reads what it shows; nothing where it cannot.
    pub async fn read<'p>(
        &'p self,
        request: &RequestContext,
        variables: &Variables,
    ) -> Option<Resolved<'p>> {
        if !request.viewer.session().scopes().contains(&Scope::Read) {
            return None;
        }
        Some(match self {
            Self::TypeName => Resolved::TypeName,
            Self::Task { arguments, fields, required } => {
                let id = id::parse(&arguments.read::<ID>("id", variables)?);
                let task = match id {
                    Some(id) => request.store.row(id, &required.columns).await.ok()?,
                    None => None,
                };
                let found = id.filter(|_| task.is_some());
                let tags = required.tags(&request.store, found.as_slice()).await.ok()?;
                Resolved::Task { task, tags, fields }
            }
            Self::Tasks { arguments, fields, required } => {
                let arguments = task_arguments(arguments, variables)?;
                let page = ResolvedPage::read(request, arguments, fields, required).await?;
                Resolved::Tasks(Box::new(page), fields)
            }
        })
    }
}

fn task_arguments(arguments: &Arguments, variables: &Variables) -> Option<TaskArguments> {
    let page = PageArguments {
        first: arguments.read("first", variables)?,
        after: arguments.read("after", variables)?,
        last: arguments.read("last", variables)?,
        before: arguments.read("before", variables)?,
    };
    let filter = arguments.read("filter", variables)?;
    let order = arguments.read("orderBy", variables)?;
    Some(TaskArguments::newest_first(page, filter, order))
}

/// What was read for a root field.
pub enum Resolved<'p> {
    TypeName,
    Task { task: Option<TaskPart>, tags: Tags, fields: &'p SelectionSet<TaskField> },
    Tasks(Box<ResolvedPage>, &'p SelectionSet<ConnectionField>),
}

impl Resolved<'_> {
    /// Writes it as JSON.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        match self {
            Self::TypeName => json::quoted(out, &graphql::Query::type_name()),
            Self::Task { task: None, .. } => json::null(out),
            Self::Task { task: Some(task), tags, fields } => fields::task(out, fields, task, tags)?,
            Self::Tasks(page, fields) => {
                json::object(out, fields, |out, field| page.write(out, field))?;
            }
        }
        Ok(())
    }
}

/// A page of tasks, with what is shown of it.
pub struct ResolvedPage {
    page: TaskPage<TaskPart>,
    order_name: String,
    tags: Tags,
    has_next: bool,
    has_previous: bool,
    total: i32,
}

impl ConnectionField {
    fn of(selected: &CollectedField<'_>) -> Option<Self> {
        let below = &selected.selections;
        Some(match selected.name {
            "__typename" => Self::TypeName,
            "edges" => Self::Edges(json::selection_set(below, EdgeField::of)?),
            "nodes" => Self::Nodes(json::selection_set(below, TaskField::of)?),
            "pageInfo" => Self::PageInfo(json::selection_set(below, PageInfoField::of)?),
            "totalCount" => Self::TotalCount,
            _ => return None,
        })
    }

    /// The fields of tasks below it.
    fn of_tasks(&self) -> impl Iterator<Item = &TaskField> + Clone {
        let (nodes, edges) = match self {
            Self::Nodes(fields) => (Some(fields), None),
            Self::Edges(edges) => (None, Some(edges)),
            _ => (None, None),
        };
        let of_edges = edges.into_iter().flatten().filter_map(|(_, field)| match field {
            EdgeField::Node(fields) => Some(fields),
            _ => None,
        });
        nodes.into_iter().chain(of_edges).flatten().map(|(_, field)| field)
    }

    fn asks(&self, what: PageInfoField) -> bool {
        matches!(self, Self::PageInfo(fields) if fields.iter().any(|(_, field)| *field == what))
    }
}

impl EdgeField {
    fn of(selected: &CollectedField<'_>) -> Option<Self> {
        Some(match selected.name {
            "__typename" => Self::TypeName,
            "cursor" => Self::Cursor,
            "node" => Self::Node(json::selection_set(&selected.selections, TaskField::of)?),
            _ => return None,
        })
    }
}

impl PageInfoField {
    fn of(selected: &CollectedField<'_>) -> Option<Self> {
        Some(match selected.name {
            "__typename" => Self::TypeName,
            "hasNextPage" => Self::HasNextPage,
            "hasPreviousPage" => Self::HasPreviousPage,
            "startCursor" => Self::StartCursor,
            "endCursor" => Self::EndCursor,
            _ => return None,
        })
    }
}

impl ResolvedPage {
    async fn read(
        request: &RequestContext,
        arguments: TaskArguments,
        fields: &SelectionSet<ConnectionField>,
        required: &RequiredColumns,
    ) -> Option<Self> {
        let ListQuery { filter, order, window, order_name } = arguments.read(request).await.ok()?;
        let store = &request.store;
        let page = store.task_page(&filter, &order, window, &required.columns);
        let page = page.await.ok()?;

        let asks = |what| fields.iter().any(|(_, field)| field.asks(what));
        let has_next =
            asks(PageInfoField::HasNextPage) && store.has_more(&page, Side::Next).await.ok()?;
        let has_previous = asks(PageInfoField::HasPreviousPage)
            && store.has_more(&page, Side::Previous).await.ok()?;
        let counts = fields.iter().any(|(_, field)| matches!(field, ConnectionField::TotalCount));
        let total = if counts { store.total(&page).await.ok()? } else { 0 };
        let total = i32::try_from(total).unwrap_or(i32::MAX);
        let ids: Vec<_> = page.rows.iter().map(|(cursor, _)| cursor.id().into()).collect();
        let tags = required.tags(store, &ids).await.ok()?;
        Some(Self { page, order_name, tags, has_next, has_previous, total })
    }

    fn write(&self, out: &mut Vec<u8>, field: &ConnectionField) -> Result<(), StoreError> {
        let rows = &self.page.rows;
        match field {
            ConnectionField::TypeName => json::quoted(out, &TaskConnection::type_name()),
            ConnectionField::TotalCount => json::number(out, self.total.into()),
            ConnectionField::Nodes(fields) => {
                json::list(out, rows, |out, (_, task)| {
                    fields::task(out, fields, task, &self.tags)
                })?;
            }
            ConnectionField::Edges(fields) => json::list(out, rows, |out, (cursor, task)| {
                json::object(out, fields, |out, field| self.write_edge(out, field, cursor, task))
            })?,
            ConnectionField::PageInfo(fields) => json::object(out, fields, |out, field| {
                self.write_info(out, *field);
                Ok(())
            })?,
        }
        Ok(())
    }

    fn write_edge(
        &self,
        out: &mut Vec<u8>,
        field: &EdgeField,
        cursor: &KeysetCursor,
        task: &TaskPart,
    ) -> Result<(), StoreError> {
        match field {
            EdgeField::TypeName => json::quoted(out, &TaskEdge::type_name()),
            EdgeField::Cursor => json::quoted(out, &page::encode_cursor(&self.order_name, cursor)),
            EdgeField::Node(fields) => fields::task(out, fields, task, &self.tags)?,
        }
        Ok(())
    }

    fn write_info(&self, out: &mut Vec<u8>, field: PageInfoField) {
        let rows = &self.page.rows;
        let write_cursor = |out: &mut Vec<u8>, row: Option<&(KeysetCursor, TaskPart)>| match row {
            Some((cursor, _)) => json::quoted(out, &page::encode_cursor(&self.order_name, cursor)),
            None => json::null(out),
        };
        match field {
            PageInfoField::TypeName => json::quoted(out, &PageInfo::type_name()),
            PageInfoField::HasNextPage => json::bool(out, self.has_next),
            PageInfoField::HasPreviousPage => json::bool(out, self.has_previous),
            PageInfoField::StartCursor => write_cursor(out, rows.first()),
            PageInfoField::EndCursor => write_cursor(out, rows.last()),
        }
    }
}
