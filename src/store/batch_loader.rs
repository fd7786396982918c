//! Reads what belongs to many tasks: each kind of object in one statement, for all of the tasks.

use std::{collections::HashMap, sync::Arc};

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, FromQueryResult, Iterable, QueryFilter, QueryResult,
    sea_query::{Alias, Expr, ExprTrait, JoinType, Order, Query, SelectStatement},
};

use super::{
    OwnedStore, Window,
    entity::{
        id::{ListId, TaskId},
        tag,
        task::{Column, Entity},
        task_list, task_tag,
    },
    error::StoreError,
    list::{
        filter::{TaskFilter, Trash},
        page::{GroupedList, Page},
    },
    object::ObjectEntity,
    owned::{Owned, UserNo},
    sql::dialect::BATCH_SIZE,
    sql::{
        cached_sql::IdSet,
        projection::{PartialRow, Projection},
    },
    tag::{TagPart, TagRow},
    task::{TaskOrder, TaskPage, TaskRow},
    task_list::ListRow,
};

impl OwnedStore {
    /// The tags of each of these tasks, by name; a task without any is left out.
    pub async fn tags_of(
        &self,
        tasks: &[TaskId],
    ) -> Result<HashMap<TaskId, Vec<TagRow>>, StoreError> {
        let columns = Projection::new(tag::Column::iter());
        let row = |row: QueryResult| Ok(TagRow::from_query_result(&row, "")?);
        self.tagged(tasks, &columns, row).await
    }

    /// These columns of the same tags.
    pub async fn tag_parts_of(
        &self,
        tasks: &[TaskId],
        columns: &Projection<tag::Entity>,
    ) -> Result<HashMap<TaskId, Vec<TagPart>>, StoreError> {
        self.tagged(tasks, columns, |row| Ok(PartialRow::new(row, columns))).await
    }

    async fn tagged<T>(
        &self,
        tasks: &[TaskId],
        columns: &Projection<tag::Entity>,
        tag: impl Fn(QueryResult) -> Result<T, StoreError>,
    ) -> Result<HashMap<TaskId, Vec<T>>, StoreError> {
        let mut found: HashMap<TaskId, Vec<T>> = HashMap::new();
        let Some(user) = self.user_no().await? else { return Ok(found) };
        let reader = &self.store.pools.reader;
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
                found.entry(task).or_default().push(tag(row)?);
            }
        }
        Ok(found)
    }

    /// These lists by id.
    pub async fn lists_by_id(
        &self,
        ids: &[ListId],
    ) -> Result<HashMap<ListId, ListRow>, StoreError> {
        let lists = self.by_id::<task_list::Entity>(ids).await?;
        Ok(lists.into_iter().map(|list| (list.id, list)).collect())
    }

    /// These tasks by id, also from the trash.
    pub async fn tasks_by_id(
        &self,
        ids: &[TaskId],
    ) -> Result<HashMap<TaskId, TaskRow>, StoreError> {
        let tasks = self.by_id::<Entity>(ids).await?;
        Ok(tasks.into_iter().map(|task| (task.id, task)).collect())
    }

    async fn by_id<E: ObjectEntity>(&self, ids: &[E::Id]) -> Result<Vec<E::Model>, StoreError> {
        let mut found = Vec::new();
        let Some(user) = self.user_no().await? else { return Ok(found) };
        let reader = &self.store.pools.reader;
        for ids in ids.chunks(BATCH_SIZE) {
            let ids = IdSet::new(ids, reader.get_database_backend());
            let select = E::find_owned(user).filter(ids.contains(E::ID.as_column_ref()));
            found.extend(select.all(reader).await?);
        }
        Ok(found)
    }

    /// The same window of the subtasks of each of these tasks: one statement reads them, and one
    /// counts them when the first count is asked for. The subtasks of a task in the trash are those trashed
    /// by the same deletion.
    ///
    /// # Errors
    /// [`StoreError::ForeignCursor`] for a cursor of another order.
    pub async fn subtask_pages(
        &self,
        parents: &[TaskId],
        trashed: bool,
        filter: &TaskFilter,
        order: &[TaskOrder],
        window: Window,
    ) -> Result<HashMap<TaskId, TaskPage>, StoreError> {
        let trashed_together = filter.trash == Trash::Exclude && trashed;
        let filter = if trashed_together {
            &TaskFilter { trash: Trash::Include, ..filter.clone() }
        } else {
            filter
        };
        let mut listing = self.task_listing(filter, order, window).await?;
        if trashed_together {
            listing.condition = listing.condition.add(same_deletion_as_parent());
        }
        let keys = parents.iter().copied().map(Into::into).collect();
        let group = Arc::new(GroupedList::new(listing.condition.clone(), Column::ParentId, keys));
        let under = |parent: TaskId| {
            let mut listing = listing.clone();
            listing.condition = listing.condition.add(Column::ParentId.eq(parent));
            listing
        };
        if let [parent] = *parents {
            // One list by itself is read from where the window begins.
            let page = self.page(under(parent)).await?.within(group, parent.into());
            return Ok(HashMap::from([(parent, page)]));
        }
        let mut rows: HashMap<_, Vec<_>> = HashMap::new();
        for row in self.group_rows(&group, &listing).await? {
            rows.entry(row.parent_id).or_default().push(row);
        }
        let page = |parent: &TaskId| {
            let rows = rows.remove(&Some(*parent)).unwrap_or_default();
            let page = Page::of(under(*parent), rows)?;
            Ok((*parent, page.within(Arc::clone(&group), (*parent).into())))
        };
        parents.iter().map(page).collect()
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

/// The condition of subtasks outside of the trash, and of those trashed by the same deletion as the parent.
fn same_deletion_as_parent() -> Condition {
    let parent = Alias::new("parent");
    let mut deleted_with = Query::select();
    deleted_with
        .column((parent.clone(), Column::DeletedWith))
        .from_as(Entity, parent.clone())
        .and_where(Expr::col((parent.clone(), Column::UserNo)).equals((Entity, Column::UserNo)))
        .and_where(Expr::col((parent, Column::Id)).equals((Entity, Column::ParentId)));
    Condition::any().add(Column::DeletedAt.is_null()).add(
        Expr::col((Entity, Column::DeletedWith))
            .eq(Expr::SubQuery(None, Box::new(deleted_with.into()))),
    )
}
