//! The root of a subscription: exactly one field (section 5.2.4.1 of the GraphQL specification).
//!
//! The library does not look at this, and would follow each of several fields by itself.

use std::collections::HashSet;

use async_graphql::{
    ServerError,
    parser::types::{OperationType, Selection, SelectionSet},
};

use super::{Operation, invalid};

impl Operation<'_> {
    /// Refuses a subscription to anything but one field that is always there and not about the
    /// schema. A field that is written twice, or in a fragment, is one.
    ///
    /// # Errors
    ///
    /// `GRAPHQL_VALIDATION_FAILED`.
    pub fn check_root(&self) -> Result<(), ServerError> {
        if self.kind() != OperationType::Subscription {
            return Ok(());
        }
        let mut root = Root { operation: self, keys: HashSet::new(), spread: HashSet::new() };
        root.add(&self.definition.node.selection_set.node)?;
        if root.keys.len() == 1 {
            Ok(())
        } else {
            Err(invalid("a subscription has exactly one root field"))
        }
    }
}

struct Root<'a> {
    operation: &'a Operation<'a>,
    /// The response keys of the fields.
    keys: HashSet<&'a str>,
    spread: HashSet<&'a str>,
}

impl<'a> Root<'a> {
    fn add(&mut self, set: &'a SelectionSet) -> Result<(), ServerError> {
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
                    self.keys.insert(field.node.response_key().node.as_str());
                }
                Selection::InlineFragment(fragment) => {
                    self.add(&fragment.node.selection_set.node)?;
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.operation.document.fragments.get(name)
                        && self.spread.insert(name.as_str())
                    {
                        self.add(&fragment.node.selection_set.node)?;
                    }
                }
            }
        }
        Ok(())
    }
}
