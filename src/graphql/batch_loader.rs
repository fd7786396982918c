//! Batch loading: what belongs to one task is read for all tasks that are shown together, when the first
//! of them needs it.
//!
//! So the number of statements depends on the document, and not on the number of tasks: a page is a
//! batch, all parents of a page are one, and so are all subtasks of all tasks of a page.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OnceCell;

use super::{
    context::RequestContext,
    types::{
        tag::Tag,
        task::{Task, TaskConnection},
        task_list::TaskList,
        task_order::{ListQuery, TaskArguments},
    },
};
use crate::{
    error::ApiError,
    store::{ListId, OwnedStore, Parents, StoreError, TagPart, TaskId, TaskPart, TaskRow},
};

/// What was read for a batch, by id, or the error of reading it.
type Shared<I, T> = OnceCell<Result<HashMap<I, T>, ApiError>>;
type Subtasks = Shared<TaskId, Arc<TaskConnection>>;

/// Tasks that are shown together.
#[derive(Default)]
pub struct TaskBatch {
    tasks: Vec<TaskId>,
    in_lists: BTreeSet<ListId>,
    under: BTreeSet<TaskId>,
    /// Whether one of them is in the trash.
    trashed: bool,
    tags: Shared<TaskId, Vec<Tag>>,
    lists: Shared<ListId, TaskList>,
    parents: Shared<TaskId, Task>,
    /// A document may ask for subtasks in several ways.
    subtasks: Mutex<HashMap<TaskArguments, Arc<Subtasks>>>,
}

impl TaskBatch {
    /// The batch of these tasks.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a TaskRow>) -> Arc<Self> {
        let mut batch = Self::default();
        for row in rows {
            batch.tasks.push(row.id);
            batch.in_lists.extend(row.list_id);
            batch.under.extend(row.parent_id);
            batch.trashed |= row.deleted_at.is_some();
        }
        Arc::new(batch)
    }

    /// The tags of one of them.
    pub async fn tags(&self, store: &OwnedStore, task: TaskId) -> Result<&[Tag], ApiError> {
        let tags = self.tags.get_or_init(async || {
            let tags = store.tags_of(&self.tasks, store.tag_columns()).await?.into_iter();
            let tag = |part: &TagPart| Ok(Tag::from(part.whole()?));
            tags.map(|(task, parts)| {
                Ok((task, parts.iter().map(tag).collect::<Result<_, ApiError>>()?))
            })
            .collect()
        });
        Ok(found(tags.await, &task)?.map_or(&[], Vec::as_slice))
    }

    /// The list that one of them is in.
    pub async fn list(
        &self,
        store: &OwnedStore,
        id: ListId,
    ) -> Result<Option<&TaskList>, ApiError> {
        let lists = self.lists.get_or_init(async || {
            let ids: Vec<_> = self.in_lists.iter().copied().collect();
            let lists = store.rows(&ids, store.list_columns()).await?.into_iter();
            lists.map(|(id, part)| Ok((id, part.whole()?.into()))).collect()
        });
        found(lists.await, &id)
    }

    /// The task that one of them is under.
    pub async fn parent(&self, store: &OwnedStore, id: TaskId) -> Result<Option<&Task>, ApiError> {
        let parents = self.parents.get_or_init(async || {
            let ids: Vec<_> = self.under.iter().copied().collect();
            let parents = store.rows(&ids, store.task_columns()).await?;
            let rows = parents.values().map(TaskPart::whole);
            let rows = rows.collect::<Result<Vec<_>, _>>()?;
            let batch = Self::of(&rows);
            Ok(rows.into_iter().map(|row| (row.id, Task::new(row, &batch))).collect())
        });
        found(parents.await, &id)
    }

    /// A page of the subtasks of one of them.
    pub async fn subtasks(
        &self,
        request: &RequestContext,
        task: TaskId,
        arguments: TaskArguments,
    ) -> Result<Option<Arc<TaskConnection>>, ApiError> {
        // Where everything has been read, nothing is awaited: without this, a request would not be cut off
        // however long it takes.
        tokio::task::coop::consume_budget().await;
        let pages = {
            let mut subtasks = self.subtasks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(subtasks.entry(arguments.clone()).or_default())
        };
        let pages = pages.get_or_init(|| self.subtask_pages(request, arguments)).await;
        Ok(found(pages, &task)?.map(Arc::clone))
    }

    async fn subtask_pages(
        &self,
        request: &RequestContext,
        arguments: TaskArguments,
    ) -> Result<HashMap<TaskId, Arc<TaskConnection>>, ApiError> {
        let ListQuery { filter, order, window, cursors } = arguments.read(request).await?;
        let store = &request.store;
        let parents = Parents { ids: &self.tasks, trashed: self.trashed };
        let columns = store.task_columns();
        let pages = store.subtask_pages(parents, filter, &order, window, columns, false).await?;
        let pages = pages.into_iter().map(|(task, page)| Ok((task, page.whole()?)));
        let pages = pages.collect::<Result<HashMap<_, _>, StoreError>>()?;
        let batch = Self::of(pages.values().flat_map(|page| page.rows.iter().map(|(_, row)| row)));
        let connection = |page| TaskConnection::of(page, &batch, cursors.clone());
        Ok(pages.into_iter().map(|(task, page)| (task, Arc::new(connection(page)))).collect())
    }
}

/// What belongs to one of a batch. The error of reading it is the error of each.
fn found<'r, I: Eq + Hash, T>(
    read: &'r Result<HashMap<I, T>, ApiError>,
    one: &I,
) -> Result<Option<&'r T>, ApiError> {
    read.as_ref().map(|all| all.get(one)).map_err(Clone::clone)
}
