//! The arguments of a field, once the variables are known.

use async_graphql::{InputType, Name, Value, Variables};
use async_graphql_value::Value as InputValue;

use super::PlanContext;
use crate::{
    engine::document::CollectedField,
    error::{ApiError, ErrorCode},
    graphql::{
        page::PageArguments,
        types::task_order::{ListQuery, TaskArguments},
    },
    store::Window,
};

/// Arguments as the document writes them.
#[derive(Debug, PartialEq)]
pub struct Arguments(Vec<(Name, InputValue)>);

impl Arguments {
    /// Those of a field.
    pub fn of(selected: &CollectedField<'_>) -> Self {
        let arguments = selected.arguments.iter();
        Self(arguments.map(|(name, value)| (name.node.clone(), value.node.clone())).collect())
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
        let (_, value) = self.0.iter().find(|(argument, _)| argument == name)?;
        value_of(value, variables)
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
    pub fn newest_first(selected: &CollectedField<'_>) -> Self {
        Self { arguments: Arguments::of(selected), is_by_position: false }
    }

    pub fn by_position(selected: &CollectedField<'_>) -> Self {
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
        store.task_page(&filter, &order, window, store.task_columns()).await?;
        Ok(())
    }
}

/// A value with its variables filled in; one that has no value is as if it were not written.
fn value_of(value: &InputValue, variables: &Variables) -> Option<Value> {
    Some(match value {
        InputValue::Variable(name) => return variables.get(name).cloned(),
        InputValue::Null => Value::Null,
        InputValue::Number(number) => Value::Number(number.clone()),
        InputValue::String(text) => Value::String(text.clone()),
        InputValue::Boolean(value) => Value::Boolean(*value),
        InputValue::Binary(bytes) => Value::Binary(bytes.clone()),
        InputValue::Enum(name) => Value::Enum(name.clone()),
        InputValue::List(items) => {
            let items = items.iter().map(|item| value_of(item, variables).unwrap_or_default());
            Value::List(items.collect())
        }
        InputValue::Object(fields) => {
            let field =
                |(name, value): (&Name, _)| Some((name.clone(), value_of(value, variables)?));
            Value::Object(fields.iter().filter_map(field).collect())
        }
    })
}
