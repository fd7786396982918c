//! `CollectFields` (specification §6.3.2): the fields of selection sets, with fragments expanded,
//! grouped by response key.

use std::collections::HashSet;

use async_graphql::{
    Name, Positioned, Value, Variables,
    indexmap::IndexMap,
    parser::types::{Directive, Field, Selection, SelectionSet},
    registry::Registry,
};
use async_graphql_value::Value as InputValue;

use super::Operation;

pub(super) struct FieldCollector<'r, 'd, 'v> {
    pub(super) registry: &'r Registry,
    pub(super) operation: &'d Operation<'d>,
    pub(super) variables: &'v Variables,
}

/// The fields of each response key.
pub(super) type GroupedFieldSet<'d> = IndexMap<&'d Name, Vec<&'d Field>>;

impl<'d> FieldCollector<'_, 'd, '_> {
    /// Collects the fields that the selection sets select on an object type.
    pub(super) fn collect(
        &self,
        object_type: &str,
        sets: &[&'d SelectionSet],
    ) -> GroupedFieldSet<'d> {
        let mut grouped = GroupedFieldSet::new();
        let mut visited_fragments = HashSet::new();
        for set in sets {
            self.collect_set(object_type, set, &mut visited_fragments, &mut grouped);
        }
        grouped
    }

    fn collect_set(
        &self,
        object_type: &str,
        set: &'d SelectionSet,
        visited_fragments: &mut HashSet<&'d str>,
        grouped: &mut GroupedFieldSet<'d>,
    ) {
        for selection in &set.items {
            let selection = &selection.node;
            if self.is_skipped(selection.directives()) {
                continue;
            }
            let (condition, set) = match selection {
                Selection::Field(field) => {
                    grouped.entry(&field.node.response_key().node).or_default().push(&field.node);
                    continue;
                }
                Selection::InlineFragment(fragment) => {
                    (fragment.node.type_condition.as_ref(), &fragment.node.selection_set)
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    match self.operation.document.fragments.get(name) {
                        Some(fragment) if visited_fragments.insert(name.as_str()) => {
                            (Some(&fragment.node.type_condition), &fragment.node.selection_set)
                        }
                        _ => continue,
                    }
                }
            };
            if condition.is_none_or(|it| self.fragment_applies(&it.node.on.node, object_type)) {
                self.collect_set(object_type, &set.node, visited_fragments, grouped);
            }
        }
    }

    /// `DoesFragmentTypeApply` (specification §6.3.2).
    fn fragment_applies(&self, condition: &str, object_type: &str) -> bool {
        let ty = self.registry.types.get(condition);
        condition == object_type || ty.is_some_and(|ty| ty.is_possible_type(object_type))
    }

    /// Whether `@skip` or `@include` excludes a selection.
    fn is_skipped(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().any(|Positioned { node, .. }| {
            let includes_if = match node.name.node.as_str() {
                "skip" => false,
                "include" => true,
                _ => return false,
            };
            let value = match node.get_argument("if").map(|value| &value.node) {
                Some(InputValue::Boolean(value)) => *value,
                Some(InputValue::Variable(name)) => matches!(
                    self.operation.value_of(name, self.variables),
                    Some(Value::Boolean(true))
                ),
                _ => false,
            };
            value != includes_if
        })
    }
}
