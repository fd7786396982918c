//! The trash: what goes there goes with all under it, and comes back with what went along.

use sea_orm::{ColumnTrait, QueryFilter};

use super::{
    location::{Location, SubtreeNode},
    rows::expect_version,
    transaction::WriteTransaction,
};
use crate::{
    store::{
        entity::{
            id::TaskId,
            task::{self, Column, Entity},
        },
        error::{Input, StoreError},
        owned::Owned,
        sql::dialect::BATCH_SIZE,
        task::TaskRow,
    },
    time::Timestamp,
};

impl WriteTransaction {
    /// Moves a task with all under it to the trash, and tells what went along.
    pub async fn trash_task(
        &mut self,
        id: TaskId,
        expected_version: Option<i32>,
    ) -> Result<Vec<TaskId>, StoreError> {
        let task = self.get::<Entity>(id, Input::Id).await?;
        let along = self.trashed_together(&task).await?;
        if task.deleted_at.is_none() {
            expect_version::<Entity>(&task, expected_version)?;
            self.set_trash(&along, Some((self.now, id))).await?;
        }
        Ok(along)
    }

    /// Brings a task back from the trash with what went along. When the task that it was under stays
    /// there, it comes to the top level.
    pub async fn restore_task(&mut self, id: TaskId) -> Result<TaskRow, StoreError> {
        let old = self.get::<Entity>(id, Input::Id).await?;
        if old.deleted_at.is_none() {
            return Ok(old);
        }
        let along = self.trashed_together(&old).await?;
        self.set_trash(&along[1..], None).await?;
        let mut new = TaskRow { deleted_at: None, deleted_with: None, ..old.clone() };
        if let Some(parent) = old.parent_id
            && self.find::<Entity>(parent).await?.is_none_or(|parent| parent.deleted_at.is_some())
        {
            new.parent_id = None;
            let siblings = Location::of(&new).siblings();
            new.position = self.assign_position::<Entity>(&siblings, None, None).await?;
        }
        self.write_next_version::<Entity>(old, new).await
    }

    /// Deletes a task with all under it for good, wherever they are.
    pub async fn delete_task(
        &mut self,
        id: TaskId,
        expected_version: Option<i32>,
    ) -> Result<Vec<TaskId>, StoreError> {
        let task = self.get_at::<Entity>(id, expected_version).await?;
        self.delete_subtree(vec![SubtreeNode::of(&task)]).await
    }

    /// Deletes tasks with all under them for good.
    pub async fn delete_subtree(
        &mut self,
        top: Vec<SubtreeNode>,
    ) -> Result<Vec<TaskId>, StoreError> {
        let levels = self.subtree(top).await?;
        // The database keeps a task as long as another one is under it.
        let ids: Vec<_> = levels.iter().rev().flatten().map(|task| task.id).collect();
        self.delete_permanently::<Entity>(&ids).await?;
        Ok(ids)
    }

    /// A task, and those under it that are trashed together with it: in the trash by the same deletion, or
    /// not at all.
    async fn trashed_together(&self, task: &TaskRow) -> Result<Vec<TaskId>, StoreError> {
        Ok(same_deletion(&self.subtree(vec![SubtreeNode::of(task)]).await?))
    }

    /// A task in the trash that moves to another place no longer comes back with the one that it went
    /// there with: it is there by itself, with those under it.
    pub async fn detach_in_trash(&self, moved: &[Vec<SubtreeNode>]) -> Result<(), StoreError> {
        let along = same_deletion(moved);
        for ids in along.chunks(BATCH_SIZE) {
            Entity::update_owned(self.user)
                .col_expr(Column::DeletedWith, along[0].into())
                .filter(Column::Id.is_in(ids.iter().copied()))
                .exec(&self.transaction)
                .await?;
        }
        Ok(())
    }

    async fn set_trash(
        &self,
        tasks: &[TaskId],
        deleted: Option<(Timestamp, TaskId)>,
    ) -> Result<(), StoreError> {
        let (at, with) = deleted.unzip();
        for ids in tasks.chunks(BATCH_SIZE) {
            self.write_next_versions::<task::Entity>()
                .col_expr(Column::DeletedAt, at.into())
                .col_expr(Column::DeletedWith, with.into())
                .filter(Column::Id.is_in(ids.iter().copied()))
                .exec(&self.transaction)
                .await?;
        }
        Ok(())
    }
}

/// The first of some tasks, and which of the others are in the trash by the same deletion, or like it
/// not at all.
fn same_deletion(levels: &[Vec<SubtreeNode>]) -> Vec<TaskId> {
    let mut tasks = levels.iter().flatten().peekable();
    let with = tasks.peek().and_then(|task| task.deleted_with);
    tasks.filter(|task| task.deleted_with == with).map(|task| task.id).collect()
}
