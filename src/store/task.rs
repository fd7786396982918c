//! Everything that is done to tasks.

use std::sync::Arc;

use chrono::NaiveDate;

use super::{
    Direction, OwnedStore, Window,
    entity::task::{self, Column, Entity},
    error::StoreError,
    list::{
        filter::{RowFilter, TaskFilter},
        keyset::{Keyset, SortKey},
        listing::Listing,
        page::Page,
        search::Relevance,
    },
    owned::UserNo,
    sql::projection::{PartialRow, Projection},
};
use crate::time::{Timestamp, Zone};

/// A task as it lies in the database.
pub type TaskRow = task::Model;
/// Some columns of a task.
pub type TaskPart = PartialRow<Entity>;
/// Which columns of tasks are read.
pub type TaskColumns = Projection<Entity>;
/// A page of tasks.
pub type TaskPage<R> = Page<Entity, R>;

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
        .map(|(field, way)| {
            let relevance = || Relevance { search: filter.relevance.clone(), user };
            let column = field.column(*way).map(SortKey::Column);
            (column.unwrap_or_else(|| SortKey::Relevance(relevance())), *way)
        })
        .collect();
    let tie = order.last().map_or(Direction::Desc, |(_, way)| *way);
    if let Some((TaskOrderField::Relevance, way)) = order.last() {
        keys.push((SortKey::Column(Column::CreatedAt), *way));
    }
    Keyset::new(keys, tie)
}

impl OwnedStore {
    /// The keyset of an order of the viewer's tasks.
    pub(super) async fn task_keyset(
        &self,
        filter: &TaskFilter,
        order: &[TaskOrder],
    ) -> Result<Keyset<Entity>, StoreError> {
        Ok(task_keyset(filter, order, self.user_no().await?.unwrap_or(UserNo::NOBODY)))
    }

    /// These columns of the viewer's tasks that a filter keeps, in an order (its steps one after the
    /// other), as far as the window shows them.
    ///
    /// # Errors
    /// [`StoreError::ForeignCursor`] for a place that is not one of this order.
    pub async fn task_page(
        &self,
        filter: TaskFilter,
        order: &[TaskOrder],
        window: Window,
        columns: &TaskColumns,
    ) -> Result<TaskPage<TaskPart>, StoreError> {
        let keyset = self.task_keyset(&filter, order).await?;
        let listing = Listing::new(RowFilter::Tasks(Arc::new(filter)), keyset, window)?;
        self.page(listing, columns).await
    }
}
