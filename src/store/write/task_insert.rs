//! A new task: where it goes, and the row that it begins as.

use sea_orm::{ActiveValue::Set, TryIntoModel};

use super::{
    location::Location,
    task_values::TaskValues,
    transaction::{WriteContext, WriteTransaction},
};
use crate::store::{
    ChangeSeq,
    entity::{
        id::{ListId, TagId, TaskId},
        task::{ActiveModel, Entity},
    },
    error::{Input, StoreError},
    tag::MOST_TAGS,
    task::TaskRow,
};

/// What a task is to begin as.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Made by the client, or none.
    pub id: Option<TaskId>,
    /// What it has of its own.
    pub values: TaskValues,
    /// The tags that it gets.
    pub tags: Vec<TagId>,
    /// The list that it goes to; left out, it goes to the parent's, else to the inbox.
    pub list: Option<Option<ListId>>,
    /// The task that it goes under.
    pub parent: Option<TaskId>,
}

impl NewTask {
    /// Whether it goes to the inbox, and nothing else of the user's decides what it begins as.
    pub(super) fn has_no_relations(&self) -> bool {
        let Self { id, values: _, tags, list, parent } = self;
        id.is_none() && tags.is_empty() && list.flatten().is_none() && parent.is_none()
    }

    /// The row that it begins as.
    pub(super) fn first_version(
        &self,
        id: TaskId,
        location: Location,
        position: String,
        context: &WriteContext,
        change_seq: ChangeSeq,
    ) -> Result<TaskRow, StoreError> {
        let mut row = ActiveModel {
            user_no: Set(context.user.0),
            id: Set(id),
            list_id: Set(location.list),
            parent_id: Set(location.parent),
            position: Set(position),
            created_at: Set(context.now),
            updated_at: Set(context.now),
            deleted_at: Set(None),
            deleted_with: Set(None),
            version: Set(1),
            change_seq: Set(change_seq),
            ..Default::default()
        };
        self.values.write(&mut row, context);
        // Refused with a column that has got no value.
        Ok(row.try_into_model()?)
    }
}

impl WriteTransaction {
    pub async fn create_task(&mut self, new: &NewTask) -> Result<TaskRow, StoreError> {
        if let Some(existing) = self.find_existing::<Entity>(new.id).await? {
            return Ok(existing);
        }
        let location = self.location(new.list, new.parent).await?;
        let tags = self.known_tags(&new.tags, Input::Tag).await?;
        if tags.len() > MOST_TAGS {
            return Err(StoreError::TooManyTags(Input::Tag(new.tags.len() - 1)));
        }
        self.check_quota::<Entity>()?;
        let position = self.assign_position::<Entity>(&location.siblings(), None, None).await?;
        let task =
            new.first_version(self.id_or_new(new.id), location, position, self, self.change_seq)?;
        let task = self.insert::<Entity>(task).await?;
        self.put_on(task.id, tags).await?;
        Ok(task)
    }
}
