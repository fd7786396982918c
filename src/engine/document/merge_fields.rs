//! Merges the root fields of a mutation or subscription that share a response key (`CollectFields`,
//! specification §6.3.2).
//!
//! async-graphql executes each of them, and so would write twice. It also ignores the fragments at
//! the root of a subscription.

use std::{collections::HashMap, mem};

use async_graphql::{
    Name, Pos, Positioned,
    parser::types::{
        DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationType,
        Selection, SelectionSet,
    },
};

/// Merges the root fields of the operations of that kind and inlines their fragments on `root_type`.
/// Selections with directives stay unchanged, as do conflicting fields, which validation rejects.
pub(super) fn root_fields(document: &mut ExecutableDocument, kind: OperationType, root_type: &str) {
    let ExecutableDocument { operations, fragments } = document;
    let mut merger =
        RootFieldMerger { root_type, fragments, inlined: Vec::new(), items: Vec::new() };
    let operations: Vec<_> = match operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    for operation in operations {
        if operation.node.ty == kind {
            merger.add(mem::take(&mut operation.node.selection_set.node));
            operation.node.selection_set.node.items = mem::take(&mut merger.items);
        }
    }
    // Only the root can spread them, and validation rejects unused fragments.
    for name in merger.inlined {
        fragments.remove(&name);
    }
}

struct RootFieldMerger<'a> {
    root_type: &'a str,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    inlined: Vec<Name>,
    items: Vec<Positioned<Selection>>,
}

impl RootFieldMerger<'_> {
    fn add(&mut self, set: SelectionSet) {
        for selection in set.items {
            let no_directives = selection.node.directives().is_empty();
            match selection.node {
                Selection::Field(field) if no_directives => self.field(selection.pos, field),
                Selection::InlineFragment(fragment)
                    if no_directives
                        && fragment
                            .node
                            .type_condition
                            .as_ref()
                            .is_none_or(|condition| condition.node.on.node == self.root_type) =>
                {
                    self.add(fragment.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) if no_directives => {
                    let name = &spread.node.fragment_name.node;
                    match self.fragments.get(name) {
                        Some(fragment) if self.is_on_root_type(&fragment.node) => {
                            self.inlined.push(name.clone());
                            self.add(fragment.node.selection_set.node.clone());
                        }
                        _ => self.items.push(Positioned::new(
                            Selection::FragmentSpread(spread),
                            selection.pos,
                        )),
                    }
                }
                other => self.items.push(Positioned::new(other, selection.pos)),
            }
        }
    }

    fn field(&mut self, pos: Pos, field: Positioned<Field>) {
        let mergeable = self.items.iter_mut().find_map(|item| match &mut item.node {
            Selection::Field(other) if is_mergeable(&other.node, &field.node) => Some(other),
            _ => None,
        });
        match mergeable {
            Some(other) => {
                let more = field.node.selection_set.node.items;
                other.node.selection_set.node.items.extend(more);
            }
            None => self.items.push(Positioned::new(Selection::Field(field), pos)),
        }
    }

    fn is_on_root_type(&self, fragment: &FragmentDefinition) -> bool {
        fragment.directives.is_empty() && fragment.type_condition.node.on.node == self.root_type
    }
}

fn is_mergeable(left: &Field, right: &Field) -> bool {
    let arguments = |field: &Field| {
        let arguments = field.arguments.iter();
        arguments
            .map(|(name, value)| (name.node.clone(), value.node.clone()))
            .collect::<HashMap<_, _>>()
    };
    left.directives.is_empty()
        && left.response_key().node == right.response_key().node
        && left.name.node == right.name.node
        && arguments(left) == arguments(right)
}
