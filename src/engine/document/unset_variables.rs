//! Removes arguments and input fields whose variable is unset.
//!
//! An argument or input field whose variable has no value counts as omitted (`CoerceArgumentValues`,
//! specification §6.4.1). async-graphql treats it as null, so that an update would clear a field
//! instead of leaving it unchanged.

use std::collections::HashSet;

use async_graphql::{
    Name, Positioned, Variables,
    parser::types::{Directive, DocumentOperations, ExecutableDocument, Selection, SelectionSet},
};
use async_graphql_value::Value as InputValue;

/// Removes the arguments and input fields without a value, and the variable definitions that become
/// unused, which validation would reject.
pub(super) fn remove(document: &mut ExecutableDocument, variables: &Variables) {
    let mut operations: Vec<_> = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    let definitions = operations.iter().flat_map(|operation| &operation.node.variable_definitions);
    let unset: HashSet<Name> = definitions
        .map(|definition| definition.node.name.node.clone())
        .filter(|name| !variables.contains_key(name))
        .collect();
    if unset.is_empty() {
        return;
    }
    let mut remover = Remover { unset, removed: HashSet::new(), kept: HashSet::new() };
    for operation in &mut operations {
        remover.directives(&mut operation.node.directives);
        remover.selections(&mut operation.node.selection_set.node);
    }
    for fragment in document.fragments.values_mut() {
        remover.directives(&mut fragment.node.directives);
        remover.selections(&mut fragment.node.selection_set.node);
    }
    for operation in operations {
        operation.node.variable_definitions.retain(|definition| {
            let name = &definition.node.name.node;
            !remover.removed.contains(name) || remover.kept.contains(name)
        });
    }
}

struct Remover {
    unset: HashSet<Name>,
    /// Unset variables with a removed use.
    removed: HashSet<Name>,
    /// Variables that are still used: list items are not removed.
    kept: HashSet<Name>,
}

impl Remover {
    fn selections(&mut self, set: &mut SelectionSet) {
        for selection in &mut set.items {
            match &mut selection.node {
                Selection::Field(field) => {
                    self.arguments(&mut field.node.arguments);
                    self.directives(&mut field.node.directives);
                    self.selections(&mut field.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => self.directives(&mut spread.node.directives),
                Selection::InlineFragment(fragment) => {
                    self.directives(&mut fragment.node.directives);
                    self.selections(&mut fragment.node.selection_set.node);
                }
            }
        }
    }

    fn directives(&mut self, directives: &mut [Positioned<Directive>]) {
        for directive in directives {
            self.arguments(&mut directive.node.arguments);
        }
    }

    fn arguments(&mut self, arguments: &mut Vec<(Positioned<Name>, Positioned<InputValue>)>) {
        arguments.retain_mut(|(_, value)| self.has_value(&mut value.node));
    }

    /// Removes unset input fields from a value. Returns false if the value itself is unset.
    fn has_value(&mut self, value: &mut InputValue) -> bool {
        match value {
            InputValue::Variable(name) if self.unset.contains(name) => {
                self.removed.insert(name.clone());
                return false;
            }
            InputValue::Object(fields) => fields.retain(|_, value| self.has_value(value)),
            InputValue::List(items) => {
                for item in items {
                    match item {
                        InputValue::Variable(name) => {
                            self.kept.insert(name.clone());
                        }
                        item => {
                            self.has_value(item);
                        }
                    }
                }
            }
            _ => {}
        }
        true
    }
}
