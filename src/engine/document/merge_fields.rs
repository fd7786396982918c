//! Merges the root fields of a mutation or subscription that have one response key (`CollectFields`,
//! section 6.3.2 of the GraphQL specification): the library runs each of them, and would write twice
//! what the client asked for once. Of a subscription it runs no field in a fragment either.

use std::{collections::HashMap, mem};

use async_graphql::{
    Name, Pos, Positioned,
    parser::types::{
        DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationType,
        Selection, SelectionSet,
    },
};

/// Merges those of operations of that kind, whose type is `root`, with the fragments of the root taken
/// apart. What has a directive, or cannot be merged, stays as it is written; validation refuses the
/// latter.
pub(super) fn root_fields(document: &mut ExecutableDocument, kind: OperationType, root: &str) {
    let ExecutableDocument { operations, fragments } = document;
    let mut collected = Collected { root, fragments, taken_apart: Vec::new(), items: Vec::new() };
    let operations: Vec<_> = match operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    for operation in operations {
        if operation.node.ty == kind {
            collected.add(mem::take(&mut operation.node.selection_set.node));
            operation.node.selection_set.node.items = mem::take(&mut collected.items);
        }
    }
    // Nothing but the root can spread them, and validation minds what nobody uses.
    for name in collected.taken_apart {
        fragments.remove(&name);
    }
}

struct Collected<'a> {
    root: &'a str,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    taken_apart: Vec<Name>,
    items: Vec<Positioned<Selection>>,
}

impl Collected<'_> {
    fn add(&mut self, set: SelectionSet) {
        for selection in set.items {
            let plain = selection.node.directives().is_empty();
            match selection.node {
                Selection::Field(field) if plain => self.field(selection.pos, field),
                Selection::InlineFragment(fragment)
                    if plain
                        && fragment
                            .node
                            .type_condition
                            .as_ref()
                            .is_none_or(|condition| condition.node.on.node == self.root) =>
                {
                    self.add(fragment.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) if plain => {
                    let name = &spread.node.fragment_name.node;
                    match self.fragments.get(name) {
                        Some(fragment) if self.is_of_root(&fragment.node) => {
                            self.taken_apart.push(name.clone());
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
        let same = self.items.iter_mut().find_map(|item| match &mut item.node {
            Selection::Field(other) if is_same(&other.node, &field.node) => Some(other),
            _ => None,
        });
        match same {
            Some(other) => {
                let more = field.node.selection_set.node.items;
                other.node.selection_set.node.items.extend(more);
            }
            None => self.items.push(Positioned::new(Selection::Field(field), pos)),
        }
    }

    fn is_of_root(&self, fragment: &FragmentDefinition) -> bool {
        fragment.directives.is_empty() && fragment.type_condition.node.on.node == self.root
    }
}

fn is_same(left: &Field, right: &Field) -> bool {
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
