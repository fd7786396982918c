//! In which order a list shows tasks, and its other arguments.

use async_graphql::{Enum, InputObject};

use super::task_filter::TaskFilter;
use crate::{
    error::ApiError,
    graphql::{
        context::RequestContext,
        page::{PageArguments, PageCursors},
    },
    store::{self, Window},
};

/// Nulls last; ties end at the id, so every order is total.
#[derive(InputObject, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TaskOrder {
    field: TaskOrderField,
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

/// By what tasks are sorted.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[graphql(remote = "store::TaskOrderField")]
pub enum TaskOrderField {
    CreatedAt,
    UpdatedAt,
    CompletedAt,
    /// `dueOn`, then `dueAt`; days without a time come after those with one.
    Due,
    Priority,
    /// Without regard to case.
    Title,
    /// As the viewer has arranged the siblings of a list or a task.
    Position,
    /// How well a task matches `filter.search`, which has to be there: DESC is the best match first.
    Relevance,
}

/// Which way an order runs.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[graphql(remote = "store::Direction")]
pub enum OrderDirection {
    Asc,
    Desc,
}

/// The arguments of a list of tasks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaskArguments {
    page: PageArguments,
    filter: TaskFilter,
    order: Vec<TaskOrder>,
}

/// The arguments as the store takes them.
#[derive(Debug)]
pub struct ListQuery {
    pub filter: store::TaskFilter,
    pub order: Vec<store::TaskOrder>,
    pub window: Window,
    pub cursors: PageCursors,
}

impl TaskArguments {
    /// The arguments of a list that shows the newest first, unless they name another order.
    pub fn newest_first(
        page: PageArguments,
        filter: Option<TaskFilter>,
        order: Option<Vec<TaskOrder>>,
    ) -> Self {
        Self::new(page, filter, order, TaskOrderField::CreatedAt, OrderDirection::Desc)
    }

    /// The arguments of a list that shows tasks by position, unless they name another order.
    pub fn by_position(
        page: PageArguments,
        filter: Option<TaskFilter>,
        order: Option<Vec<TaskOrder>>,
    ) -> Self {
        Self::new(page, filter, order, TaskOrderField::Position, OrderDirection::Asc)
    }

    fn new(
        page: PageArguments,
        filter: Option<TaskFilter>,
        order: Option<Vec<TaskOrder>>,
        field: TaskOrderField,
        direction: OrderDirection,
    ) -> Self {
        let order = order.map(|order| once_each(&order)).filter(|order| !order.is_empty());
        let order = order.unwrap_or_else(|| vec![TaskOrder { field, direction }]);
        Self { page, filter: filter.unwrap_or_default(), order }
    }

    /// Checks them.
    pub async fn read(self, request: &RequestContext) -> Result<ListQuery, ApiError> {
        let cursors = PageCursors::new(name_in_cursors(&self.order), &request.store);
        let by_relevance = self.order.iter().any(|key| key.field == TaskOrderField::Relevance);
        let order = self.order.iter().map(|key| (key.field.into(), key.direction.into()));
        Ok(ListQuery {
            order: order.collect(),
            window: self.page.window(&cursors)?,
            filter: self.filter.read(request, by_relevance).await?,
            cursors,
        })
    }
}

/// The name of an order in its cursors. Clients keep cursors for longer than a release lasts, so a name
/// never changes.
fn name_in_cursors(order: &[TaskOrder]) -> String {
    let name = |key: &TaskOrder| {
        let field = match key.field {
            TaskOrderField::CreatedAt => "CreatedAt",
            TaskOrderField::UpdatedAt => "UpdatedAt",
            TaskOrderField::CompletedAt => "CompletedAt",
            TaskOrderField::Due => "Due",
            TaskOrderField::Priority => "Priority",
            TaskOrderField::Title => "Title",
            TaskOrderField::Position => "Position",
            TaskOrderField::Relevance => "Relevance",
        };
        let direction = match key.direction {
            OrderDirection::Asc => "Asc",
            OrderDirection::Desc => "Desc",
        };
        format!("{field} {direction}")
    };
    format!("tasks by {}", order.iter().map(name).collect::<Vec<_>>().join(", "))
}

/// The same order without the fields that it names again: they change nothing, and a statement
/// takes so many and no more. The last one stays, since the id follows its direction.
fn once_each(order: &[TaskOrder]) -> Vec<TaskOrder> {
    let mut kept: Vec<TaskOrder> = Vec::new();
    for (at, key) in order.iter().enumerate() {
        let is_last = at + 1 == order.len();
        if is_last || kept.iter().all(|earlier| earlier.field != key.field) {
            kept.push(*key);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use async_graphql::resolver_utils::EnumType;

    use super::*;

    #[test]
    fn cursors_stay_valid_from_release_to_release() {
        let each = |field: TaskOrderField| {
            let order = [OrderDirection::Desc, OrderDirection::Asc]
                .map(|direction| TaskOrder { field, direction });
            name_in_cursors(&order)
        };
        let names: Vec<_> = TaskOrderField::items().iter().map(|item| each(item.value)).collect();
        let pinned = [
            "tasks by CreatedAt Desc, CreatedAt Asc",
            "tasks by UpdatedAt Desc, UpdatedAt Asc",
            "tasks by CompletedAt Desc, CompletedAt Asc",
            "tasks by Due Desc, Due Asc",
            "tasks by Priority Desc, Priority Asc",
            "tasks by Title Desc, Title Asc",
            "tasks by Position Desc, Position Asc",
            "tasks by Relevance Desc, Relevance Asc",
        ];
        assert_eq!(names, pinned);
    }
}
