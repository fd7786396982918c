//! What clients write of a task. Each value has one line in `values!`, which makes it a field of a
//! new task and of a patch, and writes it both into a new row and into the assignments of an update.

use chrono::NaiveDate;
use sea_orm::{ActiveModelTrait, Value};

use super::transaction::WriteContext;
use crate::{
    store::{
        entity::task::{ActiveModel, Column, Priority, completed_keys, due_keys},
        list::text,
        task::Due,
    },
    time::Timestamp,
};

/// Where values are written to: a new row, or the assignments of an update.
pub trait TaskWriter {
    /// Sets a column. An update changes the task if this differs from what the column holds.
    fn set(&mut self, column: Column, value: impl Into<Value>);
    /// Sets a column that follows from another one.
    fn derive(&mut self, column: Column, value: impl Into<Value>);
    /// Completes the task at that instant, or opens it. One that is completed already stays completed
    /// since then.
    fn complete(&mut self, at: Option<Timestamp>);
}

macro_rules! values {
    (
        plain { $($(#[$plain_doc:meta])* $plain:ident: $plain_type:ty => $column:ident,)* }
        derived { $($(#[$doc:meta])* $name:ident: $type:ty => $write:ident,)* }
    ) => {
        /// What a new task has of its own.
        #[derive(Clone, Debug)]
        pub struct TaskValues {
            $($(#[$plain_doc])* pub $plain: $plain_type,)*
            $($(#[$doc])* pub $name: $type,)*
        }

        /// What shall change of that; what is `None` stays.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct TaskValuesPatch {
            $($(#[$plain_doc])* pub $plain: Option<$plain_type>,)*
            $($(#[$doc])* pub $name: Option<$type>,)*
        }

        impl TaskValues {
            pub(super) fn write(&self, to: &mut impl TaskWriter, context: &WriteContext) {
                $(to.set(Column::$column, self.$plain.clone());)*
                $($write(self.$name.clone(), to, context);)*
            }
        }

        impl TaskValuesPatch {
            pub(super) fn write(&self, to: &mut impl TaskWriter, context: &WriteContext) {
                $(if let Some(value) = self.$plain.clone() { to.set(Column::$column, value); })*
                $(if let Some(value) = self.$name.clone() { $write(value, to, context); })*
            }
        }
    };
}

values! {
    plain {
        /// How urgent it is.
        priority: Priority => Priority,
        /// The day before which it is not to be begun.
        start_on: Option<NaiveDate> => StartOn,
    }
    // With columns that follow from the value, which a function writes.
    derived {
        /// The title, checked.
        title: String => write_title,
        /// Markdown, checked.
        description: Option<String> => write_description,
        /// Whether it is completed.
        completed: bool => write_completed,
        /// When it is due.
        due: Option<Due> => write_due,
    }
}

fn write_title(title: String, to: &mut impl TaskWriter, context: &WriteContext) {
    to.derive(Column::TitleKey, text::sort_key(&title));
    to.derive(Column::TitleWords, text::indexed(context.user.0, &title));
    to.set(Column::Title, title);
}

fn write_description(
    description: Option<String>,
    to: &mut impl TaskWriter,
    context: &WriteContext,
) {
    let words = text::indexed(context.user.0, description.as_deref().unwrap_or_default());
    to.derive(Column::DescriptionWords, words);
    to.set(Column::Description, description);
}

fn write_completed(completed: bool, to: &mut impl TaskWriter, context: &WriteContext) {
    to.complete(completed.then_some(context.now));
}

fn write_due(due: Option<Due>, to: &mut impl TaskWriter, context: &WriteContext) {
    let (on, at) = (due.map(|due| due.day(context.zone)), due.and_then(Due::instant));
    let (asc, desc) = due_keys(on, at);
    to.derive(Column::DueAsc, asc);
    to.derive(Column::DueDesc, desc);
    to.set(Column::DueOn, on);
    to.set(Column::DueAt, at);
}

/// The columns of a task that was completed then, or is open.
pub fn completion(at: Option<Timestamp>) -> [(Column, Value); 3] {
    let (asc, desc) = completed_keys(at);
    [
        (Column::CompletedAt, at.into()),
        (Column::CompletedAsc, asc.into()),
        (Column::CompletedDesc, desc.into()),
    ]
}

impl TaskWriter for ActiveModel {
    fn set(&mut self, column: Column, value: impl Into<Value>) {
        self.derive(column, value);
    }

    fn derive(&mut self, column: Column, value: impl Into<Value>) {
        ActiveModelTrait::set(self, column, value.into());
    }

    fn complete(&mut self, at: Option<Timestamp>) {
        for (column, value) in completion(at) {
            self.derive(column, value);
        }
    }
}
