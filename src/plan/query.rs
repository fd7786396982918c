//! Root fields of a query: what they read, and how it is shown.

use std::collections::HashMap;

use async_graphql::{ID, Variables};
use uuid::Uuid;

use super::{
    arguments::Arguments,
    json::{self, Keyed},
    shown::{self, TaskField, borrowed},
};
use crate::{
    auth::Scope,
    document::Selected,
    graphql::{
        self,
        context::RequestContext,
        page,
        {PageArguments, TaskArguments, TaskFilter, TaskOrder},
    },
    store::{TagRow, TaskPage, TaskRow, Toward},
};

/// A root field.
#[derive(Debug)]
pub enum Query {
    TypeName,
    Task { arguments: Arguments, fields: Keyed<TaskField> },
    Tasks { arguments: Arguments, fields: Keyed<ConnectionField> },
}

/// A field of a page of tasks.
#[derive(Debug)]
pub enum ConnectionField {
    TypeName,
    Edges(Keyed<EdgeField>),
    Nodes(Keyed<TaskField>),
    PageInfo(Keyed<PageInfoField>),
    TotalCount,
}

#[derive(Debug)]
pub enum EdgeField {
    TypeName,
    Cursor,
    Node(Keyed<TaskField>),
}

#[derive(Debug)]
pub enum PageInfoField {
    TypeName,
    HasNextPage,
    HasPreviousPage,
    StartCursor,
    EndCursor,
}

impl Query {
    pub fn of(selected: &Selected<'_>) -> Option<Self> {
        let arguments = || Arguments::of(selected);
        Some(match selected.name {
            "__typename" => Self::TypeName,
            "task" => Self::Task {
                arguments: arguments(),
                fields: json::keyed(&selected.below, TaskField::of)?,
            },
            "tasks" => Self::Tasks {
                arguments: arguments(),
                fields: json::keyed(&selected.below, ConnectionField::of)?,
            },
            _ => return None,
        })
    }

    /// Reads what it shows.
    pub async fn read<'p>(
        &'p self,
        request: &RequestContext,
        variables: &Variables,
    ) -> Option<Read<'p>> {
        if !request.viewer.session().scopes().contains(&Scope::Read) {
            return None;
        }
        Some(match self {
            Self::TypeName => Read::TypeName,
            Self::Task { arguments, fields } => {
                let id: ID = arguments.read("id", variables)?;
                let task = match graphql::uuid(&id) {
                    Some(id) => request.store.task(id).await.ok()?,
                    None => None,
                };
                let ids: Vec<_> = task.iter().map(|task| task.id).collect();
                Read::Task { tags: tags(request, fields, &ids).await?, task, fields }
            }
            Self::Tasks { arguments, fields } => {
                Read::Tasks(ReadPage::read(request, arguments, variables, fields).await?, fields)
            }
        })
    }
}

type Tags = HashMap<Uuid, Vec<TagRow>>;

async fn tags(
    request: &RequestContext,
    fields: &Keyed<TaskField>,
    tasks: &[Uuid],
) -> Option<Tags> {
    if !shown::shows_tags(fields) || tasks.is_empty() {
        return Some(Tags::new());
    }
    request.store.tags_of(tasks).await.ok()
}

/// What was read for a root field.
pub enum Read<'p> {
    TypeName,
    Task { task: Option<TaskRow>, tags: Tags, fields: &'p Keyed<TaskField> },
    Tasks(ReadPage, &'p Keyed<ConnectionField>),
}

impl Read<'_> {
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::TypeName => json::quoted(out, "Query"),
            Self::Task { task, tags, fields } => json::nullable(out, task.as_ref(), |out, task| {
                shown::task(out, fields, task, of(tags, task));
            }),
            Self::Tasks(page, fields) => {
                json::object(out, borrowed(fields), |out, field| page.write(out, field));
            }
        }
    }
}

fn of<'t>(tags: &'t Tags, task: &TaskRow) -> &'t [TagRow] {
    tags.get(&task.id).map_or(&[], Vec::as_slice)
}

/// A page of tasks, with what is shown of it.
pub struct ReadPage {
    page: TaskPage,
    order: String,
    tags: Tags,
    has_next: bool,
    has_previous: bool,
    total: i32,
}

impl ConnectionField {
    fn of(selected: &Selected<'_>) -> Option<Self> {
        let below = &selected.below;
        Some(match selected.name {
            "__typename" => Self::TypeName,
            "edges" => Self::Edges(json::keyed(below, EdgeField::of)?),
            "nodes" => Self::Nodes(json::keyed(below, TaskField::of)?),
            "pageInfo" => Self::PageInfo(json::keyed(below, PageInfoField::of)?),
            "totalCount" => Self::TotalCount,
            _ => return None,
        })
    }

    fn tasks(&self) -> impl Iterator<Item = &Keyed<TaskField>> {
        let (nodes, edges) = match self {
            Self::Nodes(fields) => (Some(fields), None),
            Self::Edges(edges) => (None, Some(edges)),
            _ => (None, None),
        };
        nodes.into_iter().chain(edges.into_iter().flatten().filter_map(|(_, field)| match field {
            EdgeField::Node(fields) => Some(fields),
            _ => None,
        }))
    }

    fn asks(&self, what: &PageInfoField) -> bool {
        let same = |field: &PageInfoField| std::mem::discriminant(field) == std::mem::discriminant(what);
        matches!(self, Self::PageInfo(fields) if fields.iter().any(|(_, field)| same(field)))
    }
}

impl EdgeField {
    fn of(selected: &Selected<'_>) -> Option<Self> {
        Some(match selected.name {
            "__typename" => Self::TypeName,
            "cursor" => Self::Cursor,
            "node" => Self::Node(json::keyed(&selected.below, TaskField::of)?),
            _ => return None,
        })
    }
}

impl PageInfoField {
    fn of(selected: &Selected<'_>) -> Option<Self> {
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

impl ReadPage {
    async fn read(
        request: &RequestContext,
        arguments: &Arguments,
        variables: &Variables,
        fields: &Keyed<ConnectionField>,
    ) -> Option<Self> {
        let page = PageArguments {
            first: arguments.read("first", variables)?,
            after: arguments.read("after", variables)?,
            last: arguments.read("last", variables)?,
            before: arguments.read("before", variables)?,
        };
        let filter: Option<TaskFilter> = arguments.read("filter", variables)?;
        let order = arguments.read("orderBy", variables)?;
        let arguments = TaskArguments::new(page, filter, order, TaskOrder::NEWEST);
        let listing = arguments.read(request).await.ok()?;
        let store = &request.store;
        let page = store.task_page(&listing.filter, &listing.order, listing.window).await.ok()?;

        let asks = |what: PageInfoField| fields.iter().any(|(_, field)| field.asks(&what));
        let has_next = asks(PageInfoField::HasNextPage)
            && store.has_more(&page, Toward::Next).await.ok()?;
        let has_previous = asks(PageInfoField::HasPreviousPage)
            && store.has_more(&page, Toward::Previous).await.ok()?;
        let counts = fields.iter().any(|(_, field)| matches!(field, ConnectionField::TotalCount));
        let total = if counts { store.total(&page).await.ok()? } else { 0 };
        let tags = match fields.iter().flat_map(|(_, field)| field.tasks()).find(|fields| shown::shows_tags(fields)) {
            None => Tags::new(),
            Some(fields) => {
                let ids: Vec<_> = page.rows.iter().map(|(_, row)| row.id).collect();
                tags(request, fields, &ids).await?
            }
        };
        let total = i32::try_from(total).unwrap_or(i32::MAX);
        Some(Self { page, order: listing.name, tags, has_next, has_previous, total })
    }

    fn write(&self, out: &mut Vec<u8>, field: &ConnectionField) {
        let rows = &self.page.rows;
        match field {
            ConnectionField::TypeName => json::quoted(out, "TaskConnection"),
            ConnectionField::TotalCount => json::number(out, self.total),
            ConnectionField::Nodes(fields) => json::list(out, rows, |out, (_, task)| {
                shown::task(out, fields, task, of(&self.tags, task));
            }),
            ConnectionField::Edges(fields) => json::list(out, rows, |out, (place, task)| {
                json::object(out, borrowed(fields), |out, field| match field {
                    EdgeField::TypeName => json::quoted(out, "TaskEdge"),
                    EdgeField::Cursor => json::quoted(out, page::cursor(&self.order, place)),
                    EdgeField::Node(fields) => shown::task(out, fields, task, of(&self.tags, task)),
                });
            }),
            ConnectionField::PageInfo(fields) => {
                let cursor = |out: &mut Vec<u8>, row: Option<&(_, _)>| {
                    json::nullable(out, row, |out, (place, _)| {
                        json::quoted(out, page::cursor(&self.order, place));
                    });
                };
                json::object(out, borrowed(fields), |out, field| match field {
                    PageInfoField::TypeName => json::quoted(out, "PageInfo"),
                    PageInfoField::HasNextPage => json::bool(out, self.has_next),
                    PageInfoField::HasPreviousPage => json::bool(out, self.has_previous),
                    PageInfoField::StartCursor => cursor(out, rows.first()),
                    PageInfoField::EndCursor => cursor(out, rows.last()),
                });
            }
        }
    }
}
