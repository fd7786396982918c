//! Reduces a document to the selected operation and the fragments that it spreads.
//!
//! Operations may define variables of the same name. A variable that is unset in the selected
//! operation must not be removed from the others, or from fragments that only they spread.

use std::collections::HashSet;

use async_graphql::{
    Name,
    parser::types::{DocumentOperations, ExecutableDocument, Selection, SelectionSet},
};

/// Removes all other operations, and the fragments that only they spread.
pub(super) fn retain(document: &mut ExecutableDocument, name: &str) {
    let DocumentOperations::Multiple(operations) = &mut document.operations else { return };
    operations.retain(|other, _| other == name);
    let mut used = HashSet::new();
    let mut pending: Vec<&SelectionSet> =
        operations.values().map(|operation| &operation.node.selection_set.node).collect();
    while let Some(set) = pending.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => pending.push(&field.node.selection_set.node),
                Selection::InlineFragment(fragment) => {
                    pending.push(&fragment.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let name: &Name = &spread.node.fragment_name.node;
                    if let Some(fragment) = document.fragments.get(name)
                        && used.insert(name.clone())
                    {
                        pending.push(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
    document.fragments.retain(|name, _| used.contains(name));
}
