//! Everything that is done to tasks.

use chrono::{NaiveDate, TimeDelta};
use sea_orm::{ActiveValue::Set, ColumnTrait, IntoActiveModel, QueryFilter, sea_query::OnConflict};
use uuid::Uuid;

use super::{
    Direction, OwnedStore, Toward, Window,
    change::Write,
    entity::{
        task::{self, Column, Entity, Priority},
        tombstone,
    },
    error::StoreError,
    filter::TaskFilter,
    keyset::Keyset,
    owned::{Owned, difference},
    page::{Listing, Page},
};
use crate::{calendar::Zone, clock::Instant};

/// A task as it lies in the database.
pub type TaskRow = task::Model;
/// A page of tasks.
pub type TaskPage = Page<Entity>;
/// A list of tasks.
pub type TaskListing = Listing<Entity>;

/// How long the id of what was deleted for good is not taken again.
const TOMBSTONE_LIFE: TimeDelta = TimeDelta::days(30);

/// What a task is to begin as.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Made by the client, or none.
    pub id: Option<Uuid>,
    /// The title, checked.
    pub title: String,
    /// The description, checked.
    pub description: Option<String>,
    /// Whether it is completed from the start.
    pub completed: bool,
    /// How urgent it is.
    pub priority: Priority,
    /// When it is due.
    pub due: Option<Due>,
}

/// What shall change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct TaskPatch {
    /// The new title, checked.
    pub title: Option<String>,
    /// The new description, or none any more.
    pub description: Option<Option<String>>,
    /// Whether it shall be completed.
    pub completed: Option<bool>,
    /// How urgent it shall be.
    pub priority: Option<Priority>,
    /// When it shall be due, or no more.
    pub due: Option<Option<Due>>,
}

/// When a task is due.
///
/// An instant given again is a change if the user's zone has moved it to another day meanwhile:
/// what is written is read in the present zone, and what is stored stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// At some time of that day.
    On(NaiveDate),
    /// At that instant.
    At(Instant),
}

impl Due {
    fn day(self, zone: Zone) -> NaiveDate {
        match self {
            Self::On(day) => day,
            Self::At(instant) => zone.day(instant),
        }
    }

    fn instant(self) -> Option<Instant> {
        match self {
            Self::On(_) => None,
            Self::At(instant) => Some(instant),
        }
    }
}

/// By what tasks are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskOrderField {
    /// When they were made.
    CreatedAt,
    /// When they last changed.
    UpdatedAt,
    /// When they were completed, the open ones last.
    CompletedAt,
    /// When they are due, those without a due last.
    Due,
    /// How urgent they are.
    Priority,
    /// By title, without regard to case.
    Title,
}

impl TaskOrderField {
    fn column(self, direction: Direction) -> Column {
        match (self, direction) {
            (Self::CreatedAt, _) => Column::CreatedAt,
            (Self::UpdatedAt, _) => Column::UpdatedAt,
            (Self::CompletedAt, Direction::Asc) => Column::CompletedAsc,
            (Self::CompletedAt, Direction::Desc) => Column::CompletedDesc,
            (Self::Due, Direction::Asc) => Column::DueAsc,
            (Self::Due, Direction::Desc) => Column::DueDesc,
            (Self::Priority, _) => Column::Priority,
            (Self::Title, _) => Column::TitleKey,
        }
    }
}

/// The tasks that a filter keeps, in an order (`(field, direction)`, one after the other), as far as
/// the window shows them.
///
/// # Errors
/// The side on which the window's place is not one of that order.
pub fn task_listing(
    filter: &TaskFilter,
    order: &[(TaskOrderField, Direction)],
    window: Window,
) -> Result<TaskListing, Toward> {
    let columns = order.iter().map(|(field, way)| (field.column(*way), *way)).collect();
    let tie = order.last().map_or(Direction::Desc, |(_, way)| *way);
    Listing::new(filter.condition(), Keyset::new(columns, tie), window)
}

impl OwnedStore {
    /// The viewer's task of that id, also from the trash.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`].
    pub async fn task(&self, id: Uuid) -> Result<Option<TaskRow>, StoreError> {
        let Some(user) = self.user_no().await? else { return Ok(None) };
        let select = Entity::find_owned(user).filter(Column::Id.eq(id));
        Ok(select.one(&self.store.pools.reader).await?)
    }

    /// Makes a task, or finds the one that was made with the same id.
    ///
    /// # Errors
    /// [`StoreError::IdTaken`] when the id belonged to something deleted for good not long ago.
    pub async fn task_create(&self, new: NewTask) -> Result<TaskRow, StoreError> {
        let write = self.write().await?;
        if let Some(id) = new.id {
            if let Some(existing) = write.task(id).await? {
                return write.commit(existing).await;
            }
            write.refuse_tombstone(id).await?;
        }
        let id = new.id.unwrap_or_else(|| self.store.new_id(write.now));
        let task = write.first_version(id, new);
        let row = task.clone().into_active_model();
        Entity::insert_owned::<task::ActiveModel>(write.user, row)
            .exec_without_returning(&write.transaction)
            .await?;
        write.commit(task).await
    }

    /// Opens the door for a change of the task of that id.
    async fn write_task(&self, id: Uuid) -> Result<(Write, TaskRow), StoreError> {
        let write = self.write().await?;
        let task = write.task(id).await?.ok_or(StoreError::NotFound)?;
        Ok((write, task))
    }

    /// Changes a task; when nothing would change, nothing does, whatever version was expected.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::VersionConflict`].
    pub async fn task_update(
        &self,
        id: Uuid,
        expected_version: Option<i32>,
        patch: TaskPatch,
    ) -> Result<TaskRow, StoreError> {
        let (write, old) = self.write_task(id).await?;
        let new = patch.apply(old.clone(), &write);
        let task = write.replace(old, new, expected_version).await?;
        write.commit(task).await
    }

    /// Moves a task to the trash and tells which ids left the lists.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::VersionConflict`].
    pub async fn task_trash(
        &self,
        id: Uuid,
        expected_version: Option<i32>,
    ) -> Result<Vec<Uuid>, StoreError> {
        let (write, old) = self.write_task(id).await?;
        let new = TaskRow { deleted_at: old.deleted_at.or(Some(write.now)), ..old.clone() };
        write.replace(old, new, expected_version).await?;
        write.commit(vec![id]).await
    }

    /// Brings a task back from the trash.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn task_restore(&self, id: Uuid) -> Result<TaskRow, StoreError> {
        let (write, old) = self.write_task(id).await?;
        let new = TaskRow { deleted_at: None, ..old.clone() };
        let task = write.replace(old, new, None).await?;
        write.commit(task).await
    }

    /// Deletes a task for good, wherever it is, and tells which ids left the lists.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::VersionConflict`].
    pub async fn task_delete(
        &self,
        id: Uuid,
        expected_version: Option<i32>,
    ) -> Result<Vec<Uuid>, StoreError> {
        let (write, old) = self.write_task(id).await?;
        expect_version(&old, expected_version)?;
        Entity::delete_owned(write.user).filter(Column::Id.eq(id)).exec(&write.transaction).await?;
        write.bury(id, tombstone::Kind::Task).await?;
        write.commit(vec![id]).await
    }
}

impl TaskPatch {
    fn apply(self, mut task: TaskRow, write: &Write) -> TaskRow {
        if let Some(title) = self.title {
            task.title = title;
        }
        if let Some(description) = self.description {
            task.description = description;
        }
        if let Some(completed) = self.completed {
            task.completed_at = completed.then(|| task.completed_at.unwrap_or(write.now));
        }
        if let Some(priority) = self.priority {
            task.priority = priority;
        }
        if let Some(due) = self.due {
            task.due_on = due.map(|due| due.day(write.zone));
            task.due_at = due.and_then(Due::instant);
        }
        task
    }
}

impl Write {
    async fn task(&self, id: Uuid) -> Result<Option<TaskRow>, StoreError> {
        let select = Entity::find_owned(self.user).filter(Column::Id.eq(id));
        Ok(select.one(&self.transaction).await?)
    }

    fn first_version(&self, id: Uuid, new: NewTask) -> TaskRow {
        TaskRow {
            user_no: self.user.0,
            id,
            title: new.title,
            title_key: String::new(),
            description: new.description,
            words: String::new(),
            priority: new.priority,
            due_on: new.due.map(|due| due.day(self.zone)),
            due_at: new.due.and_then(Due::instant),
            due_asc: 0,
            due_desc: 0,
            completed_at: new.completed.then_some(self.now),
            completed_asc: 0,
            completed_desc: 0,
            created_at: self.now,
            updated_at: self.now,
            deleted_at: None,
            version: 1,
            number: self.number,
        }
        .with_keys()
    }

    /// Writes the next version of a row, unless it is the same.
    async fn replace(
        &self,
        old: TaskRow,
        new: TaskRow,
        expected_version: Option<i32>,
    ) -> Result<TaskRow, StoreError> {
        if new == old {
            return Ok(old);
        }
        expect_version(&old, expected_version)?;
        let new =
            TaskRow { version: old.version + 1, updated_at: self.now, number: self.number, ..new }
                .with_keys();
        Entity::update_owned(self.user)
            .set(difference::<task::ActiveModel>(&old, &new))
            .filter(Column::Id.eq(old.id))
            .exec(&self.transaction)
            .await?;
        Ok(new)
    }

    async fn refuse_tombstone(&self, id: Uuid) -> Result<(), StoreError> {
        let youngest_forgotten = self.now.before(TOMBSTONE_LIFE);
        let buried = tombstone::Entity::find_owned(self.user)
            .filter(tombstone::Column::Id.eq(id))
            .filter(tombstone::Column::At.gt(youngest_forgotten))
            .one(&self.transaction)
            .await?;
        buried.map_or(Ok(()), |_| Err(StoreError::IdTaken))
    }

    async fn bury(&self, id: Uuid, kind: tombstone::Kind) -> Result<(), StoreError> {
        use tombstone::Column;
        let stone = tombstone::ActiveModel {
            id: Set(id),
            kind: Set(kind),
            number: Set(self.number),
            at: Set(self.now),
            ..Default::default()
        };
        let again = OnConflict::columns([Column::UserNo, Column::Id])
            .update_columns([Column::Kind, Column::Number, Column::At])
            .to_owned();
        tombstone::Entity::insert_owned::<tombstone::ActiveModel>(self.user, stone)
            .on_conflict(again)
            .exec_without_returning(&self.transaction)
            .await?;
        Ok(())
    }
}

fn expect_version(task: &TaskRow, expected: Option<i32>) -> Result<(), StoreError> {
    match expected {
        Some(version) if version != task.version => Err(StoreError::VersionConflict(task.version)),
        _ => Ok(()),
    }
}
