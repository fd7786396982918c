//! Root fields of a query: the rows that they read, and the JSON that they write.

use async_graphql::{ID, OutputType};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};

use super::{
    PlanContext,
    arguments::{Arguments, TaskPageArguments, page_arguments},
    change_page::{self, ChangePageField, ResolvedChanges},
    connection::{self, ConnectionField, RequiredOfPage, ShownPage},
    json::{self, Output, ResponseKey, SelectionSet},
    node::{NodeFields, RequiredOfNodes},
    rate_limit::{self, RateLimitField},
    related::RequiredOfTasks,
    row::{self, ListField, RowField, TagField},
    task::TaskField,
    user::{RequiredOfUser, UserField},
};
use crate::{
    engine::document::CollectedField,
    error::ApiError,
    graphql::{
        self, id,
        types::{
            node::Found, tag::TagConnection, task_list::TaskListConnection, task_order::ListQuery,
        },
    },
    store::{
        ListColumns, ObjectColumns, ObjectEntity, PartialRow, Projection, StoreError, TagColumns,
        Window,
    },
};

/// How many root fields of one request are read at the same time, so that it does not take all connections.
/// Each takes one, and more while it reads what belongs to its tasks.
const CONCURRENT_READS: usize = 4;

/// A root field.
#[derive(Debug)]
pub enum Query {
    TypeName,
    Viewer(SelectionSet<UserField>, RequiredOfUser),
    Node(Arguments, NodeFields, RequiredOfNodes),
    Nodes(Arguments, NodeFields, RequiredOfNodes),
    Task(Arguments, SelectionSet<TaskField>, RequiredOfTasks),
    Tag(Arguments, SelectionSet<TagField>, TagColumns),
    List(Arguments, SelectionSet<ListField>, ListColumns),
    Tasks(TaskPageArguments, Connection<TaskField>),
    Tags(Arguments, Connection<TagField>),
    Lists(Arguments, Connection<ListField>),
    Changes(Arguments, SelectionSet<ChangePageField>, RequiredOfNodes, ObjectColumns),
    RateLimit(SelectionSet<RateLimitField>),
}

/// What a page shows, and what has to be read for it.
#[derive(Debug)]
pub struct Connection<F: RowField> {
    fields: SelectionSet<ConnectionField<F>>,
    of_page: RequiredOfPage,
    of_rows: F::Required,
}

/// Writes a root field whose rows were read.
pub type Writer<'p> = Box<dyn FnOnce(&mut Output) -> Result<(), StoreError> + Send + 'p>;

impl Query {
    /// The field, if it is one that can be read and shown.
    pub fn of(selected: &CollectedField) -> Option<Self> {
        let (arguments, fields) = (Arguments::of(selected), selected.fields());
        Some(match selected.name.as_str() {
            "__typename" => Self::TypeName,
            "viewer" => {
                let mut required = RequiredOfUser::default();
                let fields = json::selection_set(fields, |it| UserField::of(it, &mut required))?;
                Self::Viewer(fields, required)
            }
            name @ ("node" | "nodes") => {
                let mut required = RequiredOfNodes::default();
                let fields = NodeFields::of(selected, &mut required)?;
                let node = if name == "node" { Self::Node } else { Self::Nodes };
                node(arguments, fields, required)
            }
            "task" => {
                let mut required = RequiredOfTasks::default();
                Self::Task(arguments, row::selection_set(fields, &mut required)?, required)
            }
            "tag" => {
                let mut required = TagColumns::default();
                Self::Tag(arguments, row::selection_set(fields, &mut required)?, required)
            }
            "list" => {
                let mut required = ListColumns::default();
                Self::List(arguments, row::selection_set(fields, &mut required)?, required)
            }
            "tasks" => {
                Self::Tasks(TaskPageArguments::newest_first(selected), Connection::of(fields)?)
            }
            "tags" => Self::Tags(arguments, Connection::of(fields)?),
            "lists" => Self::Lists(arguments, Connection::of(fields)?),
            "changes" => {
                let mut required = RequiredOfNodes::default();
                let of = |field: &CollectedField| ChangePageField::of(field, &mut required);
                let fields = json::selection_set(fields, of)?;
                let columns = required.columns();
                Self::Changes(arguments, fields, required, columns)
            }
            "rateLimit" => Self::RateLimit(json::selection_set(fields, RateLimitField::of)?),
            _ => return None,
        })
    }

    /// Refuses what reading it would refuse for its arguments. Reads no rows.
    pub async fn check(&self, context: PlanContext<'_>) -> Result<(), ApiError> {
        let PlanContext { request: graphql::context::RequestContext { store, .. }, variables } =
            context;
        match self {
            Self::TypeName | Self::Viewer(..) | Self::RateLimit(_) => {}
            Self::Node(arguments, _, required) => {
                arguments.read::<ID>("id", variables)?;
                required.tasks.check(context).await?;
            }
            Self::Nodes(arguments, _, required) => {
                id::at_most("ids", &arguments.read::<Vec<ID>>("ids", variables)?)?;
                required.tasks.check(context).await?;
            }
            Self::Task(arguments, _, required) => {
                arguments.read::<ID>("id", variables)?;
                required.check(context).await?;
            }
            Self::Tag(arguments, ..) | Self::List(arguments, ..) => {
                arguments.read::<ID>("id", variables)?;
            }
            Self::Tasks(arguments, tasks) => {
                arguments.check(context).await?;
                tasks.of_rows.check(context).await?;
            }
            // A page without rows needs no statement.
            Self::Tags(arguments, tags) => {
                let window =
                    page_arguments(arguments, variables)?.window(&TagConnection::cursors(store))?;
                store.tag_page(Window { limit: 0, ..window }, &tags.of_rows).await?;
            }
            Self::Lists(arguments, lists) => {
                arguments.read_or("includeArchived", false, variables)?;
                let window = page_arguments(arguments, variables)?;
                let window = window.window(&TaskListConnection::cursors(store))?;
                store.list_page(true, Window { limit: 0, ..window }, &lists.of_rows).await?;
            }
            Self::Changes(arguments, _, required, _) => {
                change_page::arguments(arguments, context)?;
                required.tasks.check(context).await?;
            }
        }
        Ok(())
    }

    /// The field, if it shows how many tasks there are, and none of them.
    fn as_count(&self) -> Option<Count<'_>> {
        match self {
            Self::Tasks(arguments, connection) if connection.is_count() => {
                Some((arguments, connection))
            }
            _ => None,
        }
    }

    /// Reads what it shows.
    async fn read<'p>(&'p self, context: PlanContext<'p>) -> Result<Writer<'p>, ApiError> {
        let PlanContext { request, variables } = context;
        let store = &request.store;
        Ok(match self {
            Self::TypeName => Box::new(|out| {
                json::quoted(out, &graphql::Query::type_name());
                Ok(())
            }),
            Self::Viewer(fields, required) => {
                let user = required.read(context).await?;
                Box::new(move |out| user.write(out, fields))
            }
            Self::Node(arguments, fields, required) => {
                let found = Found::all(request, &[arguments.read("id", variables)?]).await?;
                let related = required.read(context, &found).await?;
                Box::new(move |out| {
                    fields.write_found(out, found.iter().flatten().next(), &related)
                })
            }
            Self::Nodes(arguments, fields, required) => {
                let ids: Vec<ID> = arguments.read("ids", variables)?;
                let found = Found::all(request, &ids).await?;
                let related = required.read(context, &found).await?;
                Box::new(move |out| {
                    json::list(out, &found, |out, found| {
                        fields.write_found(out, found.as_ref(), &related)
                    })
                })
            }
            Self::Task(arguments, fields, required) => {
                let task = row(context, arguments, required.columns()).await?;
                let related = required.read(context, &task).await?;
                Box::new(move |out| row::nullable_object(out, fields, task.as_ref(), &related))
            }
            Self::Tag(arguments, fields, columns) => {
                let tag = row(context, arguments, columns).await?;
                Box::new(move |out| row::nullable_object(out, fields, tag.as_ref(), &()))
            }
            Self::List(arguments, fields, columns) => {
                let list = row(context, arguments, columns).await?;
                Box::new(move |out| row::nullable_object(out, fields, list.as_ref(), &()))
            }
            Self::Tasks(arguments, Connection { fields, of_page, of_rows }) => {
                let ListQuery { filter, order, window, cursors } = arguments.read(context).await?;
                let page = store.task_page(filter, &order, window, of_rows.columns()).await?;
                let page = of_page.resolve(store, page).await?;
                let related = of_rows.read(context, page.rows()).await?;
                Box::new(move |out| {
                    let (page, cursors, related) = (&page, &cursors, &related);
                    ShownPage { page, cursors, related }.write(out, fields)
                })
            }
            Self::Tags(arguments, Connection { fields, of_page, of_rows }) => {
                let cursors = TagConnection::cursors(store);
                let window = page_arguments(arguments, variables)?.window(&cursors)?;
                let page = store.tag_page(window, of_rows).await?;
                let page = of_page.resolve(store, page).await?;
                Box::new(move |out| {
                    ShownPage { page: &page, cursors: &cursors, related: &() }.write(out, fields)
                })
            }
            Self::Lists(arguments, Connection { fields, of_page, of_rows }) => {
                let cursors = TaskListConnection::cursors(store);
                let archived = arguments.read_or("includeArchived", false, variables)?;
                let window = page_arguments(arguments, variables)?.window(&cursors)?;
                let page = store.list_page(archived, window, of_rows).await?;
                let page = of_page.resolve(store, page).await?;
                Box::new(move |out| {
                    ShownPage { page: &page, cursors: &cursors, related: &() }.write(out, fields)
                })
            }
            Self::RateLimit(fields) => {
                Box::new(|out| rate_limit::write(out, fields, request.rate_limit))
            }
            Self::Changes(arguments, fields, required, columns) => {
                let changes = ResolvedChanges::read(arguments, required, columns, context).await?;
                Box::new(move |out| changes.write(out, fields))
            }
        })
    }
}

impl<F: RowField> Connection<F> {
    fn of(selected: &[CollectedField]) -> Option<Self> {
        let (mut of_page, mut of_rows) = (RequiredOfPage::default(), F::Required::default());
        let fields = connection::selection_set(selected, &mut of_page, &mut of_rows)?;
        Some(Self { fields, of_page, of_rows })
    }

    fn is_count(&self) -> bool {
        let shows_no_row = |field: &ConnectionField<F>| {
            matches!(field, ConnectionField::TypeName | ConnectionField::TotalCount)
        };
        self.of_page.is_count() && self.fields.iter().all(|(_, field)| shows_no_row(field))
    }
}

/// These columns of the object whose id is an argument.
async fn row<E: ObjectEntity>(
    PlanContext { request, variables }: PlanContext<'_>,
    arguments: &Arguments,
    columns: &Projection<E>,
) -> Result<Option<PartialRow<E>>, ApiError> {
    let Some(id) = id::parse::<uuid::Uuid>(&arguments.read("id", variables)?) else {
        return Ok(None);
    };
    Ok(request.store.row(id.into(), columns).await?)
}

/// Reads root fields, some at the same time, and those together that only count.
pub async fn read<'p>(
    roots: &'p SelectionSet<Query>,
    context: PlanContext<'p>,
) -> Result<Vec<(ResponseKey, Writer<'p>)>, ApiError> {
    if let [(key, root)] = &roots[..] {
        return Ok(vec![(key.clone(), root.read(context).await?)]);
    }
    let counts: Vec<_> = roots
        .iter()
        .enumerate()
        .filter_map(|(at, (_, root))| Some((at, root.as_count()?)))
        .collect();
    let mut reads: Vec<BoxFuture<'p, _>> = Vec::with_capacity(roots.len());
    for (at, (_, root)) in roots.iter().enumerate() {
        if counts.iter().all(|(counted, _)| *counted != at) {
            reads.push(async move { Ok(vec![(at, root.read(context).await?)]) }.boxed());
        }
    }
    if !counts.is_empty() {
        reads.push(read_counts(counts, context).boxed());
    }
    // All are read to the end, also where one fails: a connection whose statement is cancelled is lost.
    let read: Vec<Result<Vec<_>, ApiError>> =
        stream::iter(reads).buffered(CONCURRENT_READS).collect().await;
    let mut writers = Vec::with_capacity(roots.len());
    for read in read {
        writers.extend(read?);
    }
    writers.sort_unstable_by_key(|(at, _)| *at);
    Ok(roots.iter().zip(writers).map(|((key, _), (_, writer))| (key.clone(), writer)).collect())
}

/// A field that shows how many tasks there are, and none of them.
type Count<'p> = (&'p TaskPageArguments, &'p Connection<TaskField>);

/// Reads such fields, each with its place among all, in one statement.
async fn read_counts<'p>(
    counts: Vec<(usize, Count<'p>)>,
    context: PlanContext<'p>,
) -> Result<Vec<(usize, Writer<'p>)>, ApiError> {
    let store = &context.request.store;
    let (mut pages, mut shown) = (Vec::new(), Vec::new());
    for (at, (arguments, connection)) in counts {
        let ListQuery { filter, order, window, cursors } = arguments.read(context).await?;
        let window = Window { limit: 0, ..window };
        pages.push(store.task_page(filter, &order, window, store.task_columns()).await?);
        shown.push((at, connection, cursors));
    }
    store.count_together(&pages).await?;
    let mut writers: Vec<(usize, Writer<'p>)> = Vec::with_capacity(pages.len());
    for (page, (at, Connection { fields, of_page, of_rows }, cursors)) in
        pages.into_iter().zip(shown)
    {
        let page = of_page.resolve(store, page).await?;
        let related = of_rows.read(context, page.rows()).await?;
        let writer = move |out: &mut Output| {
            ShownPage { page: &page, cursors: &cursors, related: &related }.write(out, fields)
        };
        writers.push((at, Box::new(writer)));
    }
    Ok(writers)
}

/// Writes the object with these root fields.
pub fn write(out: &mut Output, roots: Vec<(ResponseKey, Writer<'_>)>) -> Result<(), StoreError> {
    let (keys, mut writers): (Vec<_>, Vec<_>) =
        roots.into_iter().map(|(key, writer)| ((key, ()), writer)).unzip();
    let mut writers = writers.drain(..);
    json::object(out, &keys, |out, ()| writers.next().map_or(Ok(()), |write| write(out)))
}
