//! Where tasks are: in which list, and under which task.

use sea_orm::{
    ColumnTrait, Condition, ExprTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    UpdateMany,
    sea_query::{BinOper, Expr},
};

use super::{ordering::Anchor, position, rows::expect_version, transaction::WriteTransaction};
use crate::store::{
    entity::{
        id::{ListId, TaskId},
        task::{self, Column},
        task_list,
    },
    error::{Input, StoreError},
    owned::Owned,
    sql::dialect::BATCH_SIZE,
    task::TaskRow,
};

/// How deep tasks nest: a task, its subtask, and so on.
pub const MOST_LEVELS: usize = 5;

/// Where a task shall go; what is `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Move {
    /// Into that list, or to the inbox; a subtask comes to the top level by this alone.
    pub list: Option<Option<ListId>>,
    /// Under that task, or to the top level.
    pub parent: Option<Option<TaskId>>,
    /// Next to which sibling there; at the end otherwise.
    pub anchor: Option<Anchor<TaskId>>,
}

/// Where a task is: its siblings are those who share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    pub list: Option<ListId>,
    pub parent: Option<TaskId>,
}

impl Location {
    /// Where a task is that is in no list and under no other.
    pub const INBOX: Self = Self { list: None, parent: None };

    pub fn of(task: &TaskRow) -> Self {
        Self { list: task.list_id, parent: task.parent_id }
    }

    /// Those who are there, in the trash or not.
    pub fn siblings(self) -> Condition {
        let Self { list, parent } = self;
        let in_list = list.map_or_else(|| Column::ListId.is_null(), |id| Column::ListId.eq(id));
        let under = parent.map_or_else(|| Column::ParentId.is_null(), |id| Column::ParentId.eq(id));
        Condition::all().add(in_list).add(under)
    }
}

/// One of a task and those under it. There may be very many, so this is all that is read of them.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct SubtreeNode {
    pub id: TaskId,
    pub deleted_with: Option<TaskId>,
}

impl SubtreeNode {
    pub fn of(task: &TaskRow) -> Self {
        Self { id: task.id, deleted_with: task.deleted_with }
    }
}

impl WriteTransaction {
    /// The place of a task that is to be made.
    pub async fn location(
        &self,
        list: Option<Option<ListId>>,
        parent: Option<TaskId>,
    ) -> Result<Location, StoreError> {
        match parent {
            Some(parent) => self.under(parent, list, &[]).await,
            None => self.top_level(list.flatten()).await,
        }
    }

    /// Puts a task, with all under it, somewhere else.
    pub async fn move_task(
        &mut self,
        id: TaskId,
        expected_version: Option<i32>,
        to: Move,
    ) -> Result<TaskRow, StoreError> {
        let old = self.get::<task::Entity>(id, Input::Id).await?;
        let stays = to.list.is_none() && to.parent.is_none();
        let moved =
            if stays { Vec::new() } else { self.subtree(vec![SubtreeNode::of(&old)]).await? };
        let location = match (to.parent, to.list) {
            (Some(Some(parent)), list) => self.under(parent, list, &moved).await?,
            (Some(None), list) => self.top_level(list.unwrap_or(old.list_id)).await?,
            (None, Some(list)) => self.top_level(list).await?,
            (None, None) => Location::of(&old),
        };
        let siblings = location.siblings();
        self.check_sibling::<task::Entity>(to.anchor, |sibling| {
            sibling
                .deleted_at
                .is_none()
                .then(|| Location::of(sibling) == location && sibling.id != id)
        })
        .await?;
        let leaves = location != Location::of(&old);
        if !leaves && self.is_at::<task::Entity>(&old, &siblings, to.anchor).await? {
            return Ok(old);
        }
        expect_version::<task::Entity>(&old, expected_version)?;
        let position = self.assign_position::<task::Entity>(&siblings, Some(id), to.anchor).await?;
        let mut new =
            TaskRow { list_id: location.list, parent_id: location.parent, position, ..old.clone() };
        if location.list != old.list_id {
            self.put_into_list(&moved[1..].concat(), location.list).await?;
        }
        if leaves && old.deleted_at.is_some() {
            self.detach_in_trash(&moved).await?;
            new.deleted_with = Some(id);
        }
        self.write_next_version::<task::Entity>(old, new).await
    }

    /// Sends all tasks of a list to the inbox, behind those that are there, in the order that they
    /// have.
    pub async fn move_to_inbox(&self, list: ListId) -> Result<(), StoreError> {
        let inbox = Location::INBOX.siblings();
        let siblings = Location { list: Some(list), parent: None }.siblings();
        let end = self.gap::<task::Entity>(&inbox, None, None).await?;
        let to_inbox = |rows: UpdateMany<task::Entity>| {
            rows.col_expr(Column::ListId, Location::INBOX.list.into())
        };
        let block = position::between(end.left.as_deref(), None);
        if self.longest(&siblings).await? + block.len() > position::MOST {
            self.reposition(&siblings, end, to_inbox).await?;
        } else {
            let behind =
                Expr::value(block).binary(BinOper::Custom("||"), Expr::col(Column::Position));
            to_inbox(self.write_next_versions())
                .col_expr(Column::Position, behind)
                .filter(siblings)
                .exec(&self.transaction)
                .await?;
        }
        // What is left there is under others.
        let subtasks = to_inbox(self.write_next_versions()).filter(Column::ListId.eq(list));
        subtasks.exec(&self.transaction).await?;
        Ok(())
    }

    /// The place right under a task, for one that brings so many levels of tasks along.
    async fn under(
        &self,
        parent: TaskId,
        list: Option<Option<ListId>>,
        moved: &[Vec<SubtreeNode>],
    ) -> Result<Location, StoreError> {
        let row = self.get::<task::Entity>(parent, Input::Parent).await?;
        if row.deleted_at.is_some() {
            return Err(StoreError::NotFound(Input::Parent));
        }
        if moved.iter().flatten().any(|moved| moved.id == parent) {
            return Err(StoreError::UnderItself);
        }
        if self.level(&row).await? + moved.len().max(1) > MOST_LEVELS {
            return Err(StoreError::TooDeep);
        }
        if list.is_some_and(|list| list != row.list_id) {
            return Err(StoreError::NotTheParentsList);
        }
        Ok(Location { list: row.list_id, parent: Some(parent) })
    }

    async fn top_level(&self, list: Option<ListId>) -> Result<Location, StoreError> {
        if let Some(list) = list {
            self.get::<task_list::Entity>(list, Input::List).await?;
        }
        Ok(Location { list, parent: None })
    }

    /// On which level a task is; those without a parent are on the first.
    async fn level(&self, task: &TaskRow) -> Result<usize, StoreError> {
        let (mut level, mut above) = (1, task.parent_id);
        while let Some(id) = above {
            level += 1;
            above = self.find::<task::Entity>(id).await?.and_then(|task| task.parent_id);
        }
        Ok(level)
    }

    /// Tasks and those under them, level by level, in the trash or not.
    pub async fn subtree(
        &self,
        top: Vec<SubtreeNode>,
    ) -> Result<Vec<Vec<SubtreeNode>>, StoreError> {
        let mut levels = vec![top];
        while let Some(above) = levels.last().filter(|level| !level.is_empty()) {
            let mut level = Vec::new();
            for above in above.chunks(BATCH_SIZE) {
                let children = task::Entity::find_owned(self.user)
                    .filter(Column::ParentId.is_in(above.iter().map(|task| task.id)))
                    .order_by_asc(Column::ParentId)
                    .order_by_asc(Column::Position)
                    .select_only()
                    .columns([Column::Id, Column::DeletedWith]);
                level.extend(children.into_model::<SubtreeNode>().all(&self.transaction).await?);
            }
            levels.push(level);
        }
        levels.pop();
        Ok(levels)
    }

    async fn put_into_list(
        &self,
        tasks: &[SubtreeNode],
        list: Option<ListId>,
    ) -> Result<(), StoreError> {
        for tasks in tasks.chunks(BATCH_SIZE) {
            self.write_next_versions::<task::Entity>()
                .col_expr(Column::ListId, list.into())
                .filter(Column::Id.is_in(tasks.iter().map(|task| task.id)))
                .exec(&self.transaction)
                .await?;
        }
        Ok(())
    }
}
