//! Takes out what stands for a variable that was not sent.
//!
//! An argument, or a field of an input object, whose variable has no value counts as not written
//! (`CoerceArgumentValues`, section 6.4.1 of the GraphQL specification). The library would read it
//! as null, and an update would clear what it was meant to leave alone.

use std::collections::HashSet;

use async_graphql::{
    Name, Positioned, Variables,
    parser::types::{Directive, DocumentOperations, ExecutableDocument, Selection, SelectionSet},
};
use async_graphql_value::Value as InputValue;

/// Takes out the arguments and fields that have no value, and the definitions of the variables that
/// nothing uses any more, which validation would find fault with.
pub(super) fn remove(document: &mut ExecutableDocument, variables: &Variables) {
    let mut operations: Vec<_> = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    let definitions = operations.iter().flat_map(|operation| &operation.node.variable_definitions);
    let absent: HashSet<Name> = definitions
        .map(|definition| definition.node.name.node.clone())
        .filter(|name| !variables.contains_key(name))
        .collect();
    if absent.is_empty() {
        return;
    }
    let mut sweep = Sweep { absent, taken_out: HashSet::new(), kept: HashSet::new() };
    for operation in &mut operations {
        sweep.directives(&mut operation.node.directives);
        sweep.selections(&mut operation.node.selection_set.node);
    }
    for fragment in document.fragments.values_mut() {
        sweep.directives(&mut fragment.node.directives);
        sweep.selections(&mut fragment.node.selection_set.node);
    }
    for operation in operations {
        operation.node.variable_definitions.retain(|definition| {
            let name = &definition.node.name.node;
            !sweep.taken_out.contains(name) || sweep.kept.contains(name)
        });
    }
}

struct Sweep {
    /// Variables without a value.
    absent: HashSet<Name>,
    /// Those of them that stood somewhere.
    taken_out: HashSet<Name>,
    /// Those of them that still do: an item of a list has to stay.
    kept: HashSet<Name>,
}

impl Sweep {
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

    /// Whether there is a value, once what has none is taken out of it.
    fn has_value(&mut self, value: &mut InputValue) -> bool {
        match value {
            InputValue::Variable(name) if self.absent.contains(name) => {
                self.taken_out.insert(name.clone());
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
