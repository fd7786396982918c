//! The document that async-graphql executes in the place of the client's.
//!
//! It selects the same fields, but nothing in it needs what async-graphql does otherwise than the
//! specification says: each response key stands once in a selection set (it executes root fields of a
//! mutation twice, and mixes up the objects of two selections), there are no fragments but one for each
//! possible type of an abstract type, no directives, and no variables (it takes a variable without a value
//! for a null, and an update would clear a field instead of leaving it). So it needs no validation.

use std::collections::HashMap;

use apollo_compiler::ast::OperationType;
use async_graphql::{
    Name, Positioned, Variables,
    parser::types::{
        self, DocumentOperations, ExecutableDocument, Field, InlineFragment, OperationDefinition,
        Selection, SelectionSet, TypeCondition,
    },
};

use super::{
    collected_fields::{CollectedField, ObjectFields},
    literals::value_of,
};

/// The response key of the type of each object, which no client can ask for. By it, the fields of an
/// object are known, and no object is without fields, of which async-graphql makes a null.
pub(super) const TYPE_KEY: &str = "*";

/// The document of an operation that selects these fields.
pub fn execution_document(
    kind: OperationType,
    root: &ObjectFields,
    variables: &Variables,
) -> ExecutableDocument {
    let (ty, selection_set) = match kind {
        OperationType::Query => (types::OperationType::Query, object(root, variables)),
        OperationType::Mutation => (types::OperationType::Mutation, object(root, variables)),
        // It has a single root field.
        OperationType::Subscription => {
            (types::OperationType::Subscription, set(fields(root, variables)))
        }
    };
    let operation = OperationDefinition {
        ty,
        variable_definitions: Vec::new(),
        directives: Vec::new(),
        selection_set,
    };
    ExecutableDocument {
        operations: DocumentOperations::Single(unplaced(operation)),
        fragments: HashMap::new(),
    }
}

fn object(object: &ObjectFields, variables: &Variables) -> Positioned<SelectionSet> {
    set([type_name()].into_iter().chain(fields(object, variables)))
}

fn selections(objects: &[ObjectFields], variables: &Variables) -> Positioned<SelectionSet> {
    match objects {
        [] => Positioned::default(),
        [only] => object(only, variables),
        objects => {
            let fragments = objects.iter().filter(|object| !object.fields.is_empty());
            let fragments = fragments.map(|object| {
                let on = unplaced(Name::new(&object.type_name));
                unplaced(Selection::InlineFragment(unplaced(InlineFragment {
                    type_condition: Some(unplaced(TypeCondition { on })),
                    directives: Vec::new(),
                    selection_set: set(fields(object, variables)),
                })))
            });
            set([type_name()].into_iter().chain(fragments))
        }
    }
}

fn fields(
    object: &ObjectFields,
    variables: &Variables,
) -> impl Iterator<Item = Positioned<Selection>> {
    object.fields.iter().map(|field| self::field(field, variables))
}

fn field(field: &CollectedField, variables: &Variables) -> Positioned<Selection> {
    let CollectedField { key, name, pos, arguments, selections, .. } = field;
    let at = |name: &str| Positioned::new(Name::new(name), *pos);
    let arguments = arguments.iter().filter_map(|argument| {
        let value = value_of(&argument.value, variables)?.into_value();
        Some((at(&argument.name), Positioned::new(value, *pos)))
    });
    let field = Field {
        alias: (key != name).then(|| at(key)),
        name: at(name),
        arguments: arguments.collect(),
        directives: Vec::new(),
        selection_set: self::selections(selections, variables),
    };
    Positioned::new(Selection::Field(Positioned::new(field, *pos)), *pos)
}

fn type_name() -> Positioned<Selection> {
    unplaced(Selection::Field(unplaced(Field {
        alias: Some(unplaced(Name::new(TYPE_KEY))),
        name: unplaced(Name::new("__typename")),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: Positioned::default(),
    })))
}

fn set(items: impl IntoIterator<Item = Positioned<Selection>>) -> Positioned<SelectionSet> {
    unplaced(SelectionSet { items: items.into_iter().collect() })
}

/// What stands nowhere in the client's document.
fn unplaced<T>(node: T) -> Positioned<T> {
    Positioned::new(node, async_graphql::Pos::default())
}
