//! In which order a list shows tasks, and its other arguments.

use async_graphql::{Enum, InputObject};

use super::task_filter::TaskFilter;
use crate::{
    error::ApiError,
    graphql::{context::RequestContext, page::PageArguments},
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

impl TaskOrder {
    /// The newest first.
    pub const NEWEST: Self =
        Self { field: TaskOrderField::CreatedAt, direction: OrderDirection::Desc };
    /// As the viewer has arranged them.
    pub const ARRANGED: Self =
        Self { field: TaskOrderField::Position, direction: OrderDirection::Asc };
}

/// The arguments of a list of tasks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaskArguments {
    page: PageArguments,
    filter: TaskFilter,
    order: Vec<TaskOrder>,
}

/// What the arguments come to: what the store is asked for, and what the cursors are marked with.
#[derive(Debug)]
pub struct Listing {
    pub filter: store::TaskFilter,
    pub order: Vec<store::TaskOrder>,
    pub window: Window,
    pub name: String,
}

impl TaskArguments {
    /// The arguments as they were given, and the order where none was.
    pub fn new(
        page: PageArguments,
        filter: Option<TaskFilter>,
        order: Option<Vec<TaskOrder>>,
        usual: TaskOrder,
    ) -> Self {
        let order = order.map(|order| once_each(&order)).filter(|order| !order.is_empty());
        Self { page, filter: filter.unwrap_or_default(), order: order.unwrap_or(vec![usual]) }
    }

    /// Checks them.
    pub async fn read(self, request: &RequestContext) -> Result<Listing, ApiError> {
        let name = self.name();
        let by_relevance = self.order.iter().any(|key| key.field == TaskOrderField::Relevance);
        let order = self.order.iter().map(|key| (key.field.into(), key.direction.into()));
        Ok(Listing {
            order: order.collect(),
            window: self.page.window(&name)?,
            filter: self.filter.read(request, by_relevance).await?,
            name,
        })
    }

    /// What the cursors of the order are marked with.
    fn name(&self) -> String {
        let keys = self.order.iter().map(|key| format!("{:?} {:?}", key.field, key.direction));
        format!("tasks by {}", keys.collect::<Vec<_>>().join(", "))
    }
}

/// The same order without the fields that were named before: they change nothing, and a statement
/// takes so many and no more. The last one stays, since the id follows it.
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
