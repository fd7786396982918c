//! The arguments of a field, once the variables are known.

use apollo_compiler::{Node, ast::Argument};
use async_graphql::{InputType, Value, Variables};

use super::PlanContext;
use crate::{
    engine::document::{CollectedField, value_of},
    error::{ApiError, ErrorCode},
    graphql::{
        page::PageArguments,
        types::task_order::{ListQuery, TaskArguments},
    },
    store::Window,
};

/// Arguments as the document writes them.
#[derive(Debug, PartialEq)]
pub struct Arguments(Vec<Node<Argument>>);

impl Arguments {
    /// Those of a field.
    pub fn of(selected: &CollectedField) -> Self {
        Self(selected.arguments.clone())
    }

    /// The argument of that name.
    ///
    /// # Errors
    /// When its type does not take the value. No client reads this error: the library refuses the same.
    pub fn read<T: InputType>(&self, name: &str, variables: &Variables) -> Result<T, ApiError> {
        parse(self.value(name, variables))
    }

    /// The argument of that name, or its default.
    ///
    /// # Errors
    /// See [`Arguments::read`].
    pub fn read_or<T: InputType>(
        &self,
        name: &str,
        default: T,
        variables: &Variables,
    ) -> Result<T, ApiError> {
        let value = self.value(name, variables);
        value.map_or(Ok(default), |value| parse(Some(value)))
    }

    /// The value of the argument of that name, if it has one.
    pub fn value(&self, name: &str, variables: &Variables) -> Option<Value> {
        let argument = self.0.iter().find(|argument| argument.name == name)?;
        value_of(&argument.value, variables)
    }
}

fn parse<T: InputType>(value: Option<Value>) -> Result<T, ApiError> {
    let unreadable = |_| ApiError::new(ErrorCode::GraphqlValidationFailed, "It cannot be read.");
    T::parse(value).map_err(unreadable)
}

/// The arguments that each page takes.
pub fn page_arguments(
    arguments: &Arguments,
    variables: &Variables,
) -> Result<PageArguments, ApiError> {
    Ok(PageArguments {
        first: arguments.read("first", variables)?,
        after: arguments.read("after", variables)?,
        last: arguments.read("last", variables)?,
        before: arguments.read("before", variables)?,
    })
}

/// The arguments of a page of tasks.
#[derive(Debug, PartialEq)]
pub struct TaskPageArguments {
    arguments: Arguments,
    is_by_position: bool,
}

impl TaskPageArguments {
    pub fn newest_first(selected: &CollectedField) -> Self {
        Self { arguments: Arguments::of(selected), is_by_position: false }
    }

    pub fn by_position(selected: &CollectedField) -> Self {
        Self { arguments: Arguments::of(selected), is_by_position: true }
    }

    pub async fn read(
        &self,
        PlanContext { request, variables }: PlanContext<'_>,
    ) -> Result<ListQuery, ApiError> {
        let page = page_arguments(&self.arguments, variables)?;
        let filter = self.arguments.read("filter", variables)?;
        let order = self.arguments.read("orderBy", variables)?;
        let arguments = if self.is_by_position {
            TaskArguments::by_position(page, filter, order)
        } else {
            TaskArguments::newest_first(page, filter, order)
        };
        arguments.read(request).await
    }

    /// Refuses what a page would be refused for. A page without rows needs no statement.
    pub async fn check(&self, context: PlanContext<'_>) -> Result<(), ApiError> {
        let store = &context.request.store;
        let ListQuery { filter, order, window, .. } = self.read(context).await?;
        let window = Window { limit: 0, ..window };
        store.task_page(filter, &order, window, store.task_columns()).await?;
        Ok(())
    }
}
