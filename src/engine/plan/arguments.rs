//! The arguments of a field, once the variables are known.

use apollo_compiler::{Node, ast::Argument};
use async_graphql::{InputType, Value, Variables};

use crate::engine::document::{CollectedField, value_of};

/// Arguments as the document writes them.
#[derive(Debug)]
pub struct Arguments(Vec<Node<Argument>>);

impl Arguments {
    /// Those of a field.
    pub fn of(selected: &CollectedField) -> Self {
        Self(selected.arguments.clone())
    }

    /// The argument of that name, if its type takes it.
    pub fn read<T: InputType>(&self, name: &str, variables: &Variables) -> Option<T> {
        T::parse(self.value(name, variables)).ok()
    }

    /// The value of the argument of that name, if it has one.
    pub fn value(&self, name: &str, variables: &Variables) -> Option<Value> {
        let argument = self.0.iter().find(|argument| argument.name == name)?;
        value_of(&argument.value, variables)
    }
}
