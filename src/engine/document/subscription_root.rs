//! A subscription has a single root field (specification §5.2.4.1).
//!
//! async-graphql does not validate this, and executes several root fields as separate streams.

use std::collections::HashSet;

use async_graphql::{
    ServerError,
    parser::types::{OperationType, Selection, SelectionSet},
};

use super::{Operation, invalid};

impl Operation<'_> {
    /// Rejects a subscription with other than one root field, counted by response key with fragments
    /// expanded, and one with `@skip`, `@include` or an introspection field at its root.
    pub fn check_single_root_field(&self) -> Result<(), ServerError> {
        if self.kind() != OperationType::Subscription {
            return Ok(());
        }
        let mut root = SubscriptionRoot {
            operation: self,
            response_keys: HashSet::new(),
            visited_fragments: HashSet::new(),
        };
        root.collect(&self.definition.node.selection_set.node)?;
        if root.response_keys.len() == 1 {
            Ok(())
        } else {
            Err(invalid("a subscription has exactly one root field"))
        }
    }
}

struct SubscriptionRoot<'a> {
    operation: &'a Operation<'a>,
    response_keys: HashSet<&'a str>,
    visited_fragments: HashSet<&'a str>,
}

impl<'a> SubscriptionRoot<'a> {
    fn collect(&mut self, set: &'a SelectionSet) -> Result<(), ServerError> {
        for selection in &set.items {
            let mut directives = selection.node.directives().iter();
            if directives.any(|it| matches!(it.node.name.node.as_str(), "skip" | "include")) {
                return Err(invalid(
                    "the root field of a subscription takes neither `@skip` nor `@include`",
                ));
            }
            match &selection.node {
                Selection::Field(field) if field.node.name.node.starts_with("__") => {
                    return Err(invalid(
                        "the root field of a subscription is not about the schema",
                    ));
                }
                Selection::Field(field) => {
                    self.response_keys.insert(field.node.response_key().node.as_str());
                }
                Selection::InlineFragment(fragment) => {
                    self.collect(&fragment.node.selection_set.node)?;
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.operation.document.fragments.get(name)
                        && self.visited_fragments.insert(name.as_str())
                    {
                        self.collect(&fragment.node.selection_set.node)?;
                    }
                }
            }
        }
        Ok(())
    }
}
