//! Leaves the chosen operation and the fragments that it spreads, and nothing else.
//!
//! Operations may give the same name to variables of their own, so what one of them did not get
//! must not be taken out of the others, or out of fragments that only they spread.

use std::collections::HashSet;

use async_graphql::{
    Name,
    parser::types::{DocumentOperations, ExecutableDocument, Selection, SelectionSet},
};

/// Takes out everything but the operation of that name.
pub(super) fn retain(document: &mut ExecutableDocument, name: &str) {
    let DocumentOperations::Multiple(operations) = &mut document.operations else { return };
    operations.retain(|other, _| other == name);
    let mut kept = HashSet::new();
    let mut open: Vec<&SelectionSet> =
        operations.values().map(|operation| &operation.node.selection_set.node).collect();
    while let Some(set) = open.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => open.push(&field.node.selection_set.node),
                Selection::InlineFragment(fragment) => {
                    open.push(&fragment.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let name: &Name = &spread.node.fragment_name.node;
                    if let Some(fragment) = document.fragments.get(name)
                        && kept.insert(name.clone())
                    {
                        open.push(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
    document.fragments.retain(|name, _| kept.contains(name));
}
