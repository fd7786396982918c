//! Everything that is done to tasks.

use std::collections::HashSet;

use chrono::NaiveDate;
use sea_orm::{ColumnTrait, ConnectionTrait};
use uuid::Uuid;

use super::{
    Direction, OwnedStore, Window,
    entity::task::{self, Column, Entity, Priority},
    error::{Input, StoreError},
    list::{
        filter::TaskFilter,
        keyset::{Keyset, SortKey},
        page::{Listing, Page},
        search,
    },
    owned::{Owned, UserNo},
    sql::projection::{PartialRow, Projection},
    tag::MOST_TAGS,
    write::{
        placement::Location,
        transaction::{WriteContext, WriteTransaction},
    },
};
use crate::time::{Timestamp, Zone};

/// A task as it lies in the database.
pub type TaskRow = task::Model;
/// Some columns of a task.
pub type TaskPart = PartialRow<Entity>;
/// Which columns of tasks are read.
pub type TaskColumns = Projection<Entity>;
/// A page of tasks.
pub type TaskPage<R = TaskRow> = Page<Entity, R>;

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
    /// The tags that it gets.
    pub tags: Vec<Uuid>,
    /// The list that it goes to; left out, it goes to the parent's, else to the inbox.
    pub list: Option<Option<Uuid>>,
    /// The task that it goes under.
    pub parent: Option<Uuid>,
}

/// What shall change; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// The tags that it shall have as well.
    pub add_tags: Vec<Uuid>,
    /// The tags that it shall have no more; this wins over `add_tags`.
    pub remove_tags: Vec<Uuid>,
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
    At(Timestamp),
}

impl Due {
    pub(super) fn day(self, zone: Zone) -> NaiveDate {
        match self {
            Self::On(day) => day,
            Self::At(instant) => zone.day(instant),
        }
    }

    pub(super) fn instant(self) -> Option<Timestamp> {
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
    /// As the user has arranged them.
    Position,
    /// How well they match what is searched for, see [`TaskFilter::relevance`].
    Relevance,
}

/// One step of an order.
pub type TaskOrder = (TaskOrderField, Direction);

impl TaskOrderField {
    fn column(self, direction: Direction) -> Option<Column> {
        Some(match (self, direction) {
            (Self::CreatedAt, _) => Column::CreatedAt,
            (Self::UpdatedAt, _) => Column::UpdatedAt,
            (Self::CompletedAt, Direction::Asc) => Column::CompletedAsc,
            (Self::CompletedAt, Direction::Desc) => Column::CompletedDesc,
            (Self::Due, Direction::Asc) => Column::DueAsc,
            (Self::Due, Direction::Desc) => Column::DueDesc,
            (Self::Priority, _) => Column::Priority,
            (Self::Title, _) => Column::TitleKey,
            (Self::Position, _) => Column::Position,
            (Self::Relevance, _) => return None,
        })
    }
}

/// The keyset of an order of tasks. The most relevant of the same relevance follow one another by
/// their creation.
fn task_keyset(filter: &TaskFilter, order: &[TaskOrder], user: UserNo) -> Keyset<Entity> {
    let mut keys: Vec<_> = order
        .iter()
        .map(|(field, way)| match field.column(*way) {
            Some(column) => (SortKey::Column(column), *way),
            None => (search::relevance(filter.relevance.as_ref(), user), *way),
        })
        .collect();
    let tie = order.last().map_or(Direction::Desc, |(_, way)| *way);
    if let Some((TaskOrderField::Relevance, way)) = order.last() {
        keys.push((SortKey::Column(Column::CreatedAt), *way));
    }
    Keyset::new(keys, tie)
}

impl OwnedStore {
    /// The viewer's task of that id, also from the trash.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`].
    pub async fn task(&self, id: Uuid) -> Result<Option<TaskRow>, StoreError> {
        self.object::<Entity>(id).await
    }

    /// The list of the viewer's tasks that a filter keeps, in an order.
    pub(super) async fn task_listing(
        &self,
        filter: &TaskFilter,
        order: &[TaskOrder],
        window: Window,
    ) -> Result<Listing<Entity>, StoreError> {
        let user = self.user_no().await?.unwrap_or(UserNo::NOBODY);
        let backend = self.store.pools.reader.get_database_backend();
        Listing::new(filter.condition(user, backend), task_keyset(filter, order, user), window)
    }

    /// The viewer's tasks that a filter keeps, in an order (its steps one after the other), as far as
    /// the window shows them.
    ///
    /// # Errors
    /// [`StoreError::ForeignCursor`] for a place that is not one of this order.
    pub async fn task_page(
        &self,
        filter: &TaskFilter,
        order: &[TaskOrder],
        window: Window,
    ) -> Result<TaskPage, StoreError> {
        self.page(self.task_listing(filter, order, window).await?).await
    }

    /// These columns of the task of that id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`].
    pub async fn task_part(
        &self,
        id: Uuid,
        columns: &TaskColumns,
    ) -> Result<Option<TaskPart>, StoreError> {
        let Some(user) = self.user_no().await? else { return Ok(None) };
        let reader = &self.store.pools.reader;
        let backend = reader.get_database_backend();
        let statement = columns.statements.by_id.with(backend, [user.0.into(), id.into()], || {
            let mut select = Entity::select_owned(user, columns.iter());
            backend.build(select.and_where(Column::Id.eq(id)))
        });
        let row = reader.query_one_raw(statement).await?;
        Ok(row.map(|row| PartialRow::new(row, columns)))
    }

    /// These columns of the tasks on a page.
    ///
    /// # Errors
    /// [`StoreError::ForeignCursor`] for a place that is not one of this order.
    pub async fn task_page_in_part(
        &self,
        filter: &TaskFilter,
        order: &[TaskOrder],
        window: Window,
        columns: &TaskColumns,
    ) -> Result<TaskPage<TaskPart>, StoreError> {
        self.page_in_part(self.task_listing(filter, order, window).await?, columns).await
    }
}

impl WriteTransaction {
    pub async fn create_task(&mut self, new: NewTask) -> Result<TaskRow, StoreError> {
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
        let id = self.id_or_new(new.id);
        let task = new.first_version(id, location, position, self);
        let task = self.insert::<Entity>(task).await?;
        self.put_on(task.id, tags).await?;
        Ok(task)
    }

    /// Which tags a patch would put on a task and take off it, each of which has to exist.
    pub async fn tags_to_change(
        &self,
        id: Uuid,
        patch: &TaskPatch,
    ) -> Result<(HashSet<Uuid>, HashSet<Uuid>), StoreError> {
        if patch.add_tags.is_empty() && patch.remove_tags.is_empty() {
            return Ok((HashSet::new(), HashSet::new()));
        }
        self.get::<Entity>(id, Input::Id).await?;
        let added = self.known_tags(&patch.add_tags, Input::AddedTag).await?;
        let removed = self.known_tags(&patch.remove_tags, Input::RemovedTag).await?;
        let present = self.tags_on(id).await?;
        let on: HashSet<_> =
            added.difference(&present).filter(|tag| !removed.contains(tag)).copied().collect();
        let off: HashSet<_> = removed.intersection(&present).copied().collect();
        if present.len() + on.len() > MOST_TAGS + off.len() {
            let last = patch.add_tags.iter().rposition(|tag| on.contains(tag));
            return Err(StoreError::TooManyTags(Input::AddedTag(last.unwrap_or_default())));
        }
        Ok((on, off))
    }
}

impl NewTask {
    /// The row that it begins as.
    pub(super) fn first_version(
        self,
        id: Uuid,
        location: Location,
        position: String,
        context: &WriteContext,
    ) -> TaskRow {
        TaskRow {
            user_no: context.user.0,
            id,
            title: self.title,
            title_key: String::new(),
            title_words: String::new(),
            description: self.description,
            description_words: String::new(),
            priority: self.priority,
            due_on: self.due.map(|due| due.day(context.zone)),
            due_at: self.due.and_then(Due::instant),
            due_asc: 0,
            due_desc: 0,
            completed_at: self.completed.then_some(context.now),
            completed_asc: 0,
            completed_desc: 0,
            list_id: location.list,
            parent_id: location.parent,
            position,
            created_at: context.now,
            updated_at: context.now,
            deleted_at: None,
            deleted_with: None,
            version: 1,
            number: context.number,
        }
        .with_words()
        .with_times()
    }
}
