//! Reads what belongs to many tasks: each kind of object in one statement, for all of the tasks.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait,
    sea_query::{Expr, ExprTrait, JoinType, Order, SelectStatement},
};

use super::{
    OwnedStore, Window,
    entity::{id::TaskId, tag, task::Column, task_tag},
    error::StoreError,
    list::{
        filter::{RowFilter, TaskFilter, Trash},
        listing::Listing,
        page::GroupedList,
    },
    object::ObjectEntity,
    owned::{Owned, UserNo},
    sql::dialect::BATCH_SIZE,
    sql::{
        cached_sql::IdSet,
        projection::{PartialRow, Projection, Row},
    },
    tag::TagPart,
    task::{TaskColumns, TaskOrder, TaskPage, TaskPart},
};

/// Tasks whose subtasks are read together. Those of a task in the trash are those trashed by the same
/// deletion.
#[derive(Clone, Copy, Debug)]
pub struct Parents<'t> {
    pub ids: &'t [TaskId],
    /// Whether one of them is in the trash.
    pub trashed: bool,
}

impl OwnedStore {
    /// These columns of the tags of each of these tasks, by name; a task without any is left out.
    pub async fn tags_of(
        &self,
        tasks: &[TaskId],
        columns: &Projection<tag::Entity>,
    ) -> Result<HashMap<TaskId, Vec<TagPart>>, StoreError> {
        let mut found: HashMap<TaskId, Vec<TagPart>> = HashMap::new();
        let Some(user) = self.user_no().await? else { return Ok(found) };
        let reader = self.reader();
        let backend = reader.get_database_backend();
        for tasks in tasks.chunks(BATCH_SIZE) {
            let of_tasks = &columns.statements.of_tasks;
            let parameters = (user, IdSet::new(tasks, backend));
            let statement =
                of_tasks.with(backend, columns, parameters, |columns, (user, tasks)| {
                    select_tagged(columns, user, &tasks)
                });
            for row in reader.query_all_raw(statement).await? {
                let task = row.try_get_by_index(columns.iter().len())?;
                found.entry(task).or_default().push(PartialRow::new(row, columns));
            }
        }
        Ok(found)
    }

    /// These columns of the objects of these ids, of one type; of tasks also from the trash.
    pub async fn rows<E: ObjectEntity<Id: Eq + Hash>>(
        &self,
        ids: &[E::Id],
        columns: &Projection<E>,
    ) -> Result<HashMap<E::Id, PartialRow<E>>, StoreError> {
        let mut found = HashMap::with_capacity(ids.len());
        let Some(user) = self.user_no().await? else { return Ok(found) };
        let reader = self.reader();
        let backend = reader.get_database_backend();
        for ids in ids.chunks(BATCH_SIZE) {
            let by_ids = &columns.statements.by_ids;
            let parameters = (user, IdSet::new(ids, backend));
            let statement = by_ids.with(backend, columns, parameters, |columns, (user, ids)| {
                let is_one = ids.contains(E::ID.as_column_ref());
                E::select_owned(user, columns.iter()).cond_where(is_one).take()
            });
            for row in reader.query_all_raw(statement).await? {
                let row = PartialRow::new(row, columns);
                found.insert(row.value(E::ID)?.id()?, row);
            }
        }
        Ok(found)
    }

    /// These columns of the same window of the subtasks of each of these tasks, in one statement. It counts
    /// them as well where they are to be counted; else one does when the first count is asked for.
    ///
    /// # Errors
    /// [`StoreError::ForeignCursor`] for a cursor of another order.
    pub async fn subtask_pages(
        &self,
        parents: Parents<'_>,
        filter: TaskFilter,
        order: &[TaskOrder],
        window: Window,
        columns: &TaskColumns,
        counted: bool,
    ) -> Result<HashMap<TaskId, TaskPage<TaskPart>>, StoreError> {
        let trashed_together = filter.trash == Trash::Exclude && parents.trashed;
        let keyset = self.task_keyset(&filter, order).await?;
        let filter = Arc::new(filter);
        let filter =
            if trashed_together { RowFilter::Subtasks(filter) } else { RowFilter::Tasks(filter) };
        let listing = Listing::new(filter, keyset, window)?;
        let keys = IdSet::new(parents.ids, self.reader().get_database_backend());
        let group = Arc::new(GroupedList::new(listing.filter.clone(), Column::ParentId, keys));
        if let [parent] = *parents.ids {
            // One list by itself is read from where the window begins.
            let key = parent.into();
            let page = self.page(group.list(&listing, key), columns).await?.within(group, key);
            return Ok(HashMap::from([(parent, page)]));
        }
        let pages = self.pages(&group, &listing, columns, counted).await?;
        Ok(pages.into_iter().map(|(parent, page)| (parent.into(), page)).collect())
    }
}

/// The tags of these tasks, by name; the last column is the task.
fn select_tagged(
    columns: &Projection<tag::Entity>,
    user: UserNo,
    tasks: &IdSet,
) -> SelectStatement {
    let link = |column| Expr::col((task_tag::Entity, column));
    let is_its = Condition::all()
        .add(link(task_tag::Column::UserNo).eq(user.0))
        .add(link(task_tag::Column::TagId).equals((tag::Entity, tag::Column::Id)));
    tag::Entity::select_owned(user, columns.iter())
        .column((task_tag::Entity, task_tag::Column::TaskId))
        .join(JoinType::InnerJoin, task_tag::Entity, is_its)
        .cond_where(tasks.contains(task_tag::Column::TaskId.as_column_ref()))
        .order_by((tag::Entity, tag::Column::NameKey), Order::Asc)
        .take()
}
