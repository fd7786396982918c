//! A task, with the columns that are derived from others for sorting and searching.

use chrono::{Datelike, NaiveDate};
use sea_orm::entity::prelude::*;

use super::id::{ListId, TaskId};
use crate::{store::sync::change_seq::ChangeSeq, time::Timestamp};

/// How urgent a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Priority {
    /// Not said.
    #[sea_orm(num_value = 0)]
    None,
    /// When there is time.
    #[sea_orm(num_value = 1)]
    Low,
    /// As usual.
    #[sea_orm(num_value = 2)]
    Medium,
    /// Before the others.
    #[sea_orm(num_value = 3)]
    High,
    /// Now.
    #[sea_orm(num_value = 4)]
    Urgent,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task")]
pub struct Model {
    /// The owner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_no: i64,
    /// Unique among the owner's rows only.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TaskId,
    /// As it is shown.
    pub title: String,
    /// The title as it sorts.
    pub title_key: String,
    /// The words of the title as they are searched.
    pub title_words: String,
    /// Markdown.
    pub description: Option<String>,
    /// The words of the description as they are searched.
    pub description_words: String,
    /// How urgent it is.
    pub priority: Priority,
    /// The due day.
    pub due_on: Option<NaiveDate>,
    /// The due instant, if it is due at a time of that day.
    pub due_at: Option<Timestamp>,
    /// Day and time in one number, nothing last.
    pub due_asc: i64,
    /// The same for the descending order.
    pub due_desc: i64,
    /// Not to be begun before that day.
    pub start_on: Option<NaiveDate>,
    /// Set while it is completed.
    pub completed_at: Option<Timestamp>,
    /// Milliseconds, nothing last.
    pub completed_asc: i64,
    /// The same for the descending order.
    pub completed_desc: i64,
    /// The list that it is in, or none: the inbox.
    pub list_id: Option<ListId>,
    /// The task that it is under, or none: the top level of its list.
    pub parent_id: Option<TaskId>,
    /// Where it stands among its siblings, see [`crate::store::write::position`].
    pub position: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Set while it is in the trash.
    pub deleted_at: Option<Timestamp>,
    /// The task with which it went to the trash: itself, or one that it was under.
    pub deleted_with: Option<TaskId>,
    /// Grows by one with each change.
    pub version: i32,
    /// The owner's change that wrote it last.
    #[sea_orm(column_name = "number")]
    pub change_seq: ChangeSeq,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// By what tasks are sorted that were completed then: in the ascending order, and in the descending.
pub fn completed_keys(at: Option<Timestamp>) -> (i64, i64) {
    (at.map_or(i64::MAX, Timestamp::millis), at.map_or(i64::MIN, Timestamp::millis))
}

/// By what tasks are sorted that are due then: in the ascending order, and in the descending.
pub fn due_keys(on: Option<NaiveDate>, at: Option<Timestamp>) -> (i64, i64) {
    (due_key(on, at, i64::MAX, END_OF_DAY), due_key(on, at, i64::MIN, 0))
}

/// Room for the milliseconds of a day and the offsets of all time zones on both sides of it.
const DAY_BITS: u32 = 28;
/// Later than any time of a day.
const END_OF_DAY: i64 = (1 << DAY_BITS) - 1;

/// The smallest ascending key of that day, and that of the next.
pub fn due_keys_of_day(day: NaiveDate) -> (i64, i64) {
    let day = days_since_1970(day);
    (day << DAY_BITS, (day + 1) << DAY_BITS)
}

fn days_since_1970(day: NaiveDate) -> i64 {
    const UNIX_DAY: i64 = 719_163;
    i64::from(day.num_days_from_ce()) - UNIX_DAY
}

/// Day first, then time; a day without a time sorts as if it were at `untimed`.
fn due_key(on: Option<NaiveDate>, at: Option<Timestamp>, never: i64, untimed: i64) -> i64 {
    const DAY_MILLIS: i64 = 86_400_000;
    let Some(on) = on else { return never };
    let day = days_since_1970(on);
    let time = at.map_or(untimed, |at| {
        (at.millis() - day * DAY_MILLIS + (1 << (DAY_BITS - 1))).clamp(1, END_OF_DAY - 1)
    });
    (day << DAY_BITS) + time
}
