//! `CollectFields` (specification §6.3.2): the fields of selection sets, fragments expanded, grouped by
//! response key.

use std::collections::HashSet;

use async_graphql::{
    Name, Positioned, Value, Variables,
    indexmap::IndexMap,
    parser::types::{Directive, Field, Selection, SelectionSet},
    registry::Registry,
};
use async_graphql_value::Value as InputValue;

use super::Operation;

/// Collects the fields of selection sets for objects of one type.
pub(super) struct FieldCollector<'r, 'd, 'v> {
    pub(super) registry: &'r Registry,
    pub(super) operation: &'d Operation<'d>,
    pub(super) variables: &'v Variables,
}

/// Fields with the same response key, which make one.
pub(super) type GroupedFieldSet<'d> = IndexMap<&'d Name, Vec<&'d Field>>;

impl<'d> FieldCollector<'_, 'd, '_> {
    /// The fields that the sets select of an object of that type.
    pub(super) fn collect(&self, object: &str, sets: &[&'d SelectionSet]) -> GroupedFieldSet<'d> {
        let mut grouped = GroupedFieldSet::new();
        let mut spread = HashSet::new();
        for set in sets {
            self.collect_set(object, set, &mut spread, &mut grouped);
        }
        grouped
    }

    /// `CollectFields`, section 6.3.2 of the specification.
    fn collect_set(
        &self,
        object: &str,
        set: &'d SelectionSet,
        spread: &mut HashSet<&'d str>,
        grouped: &mut GroupedFieldSet<'d>,
    ) {
        for selection in &set.items {
            let selection = &selection.node;
            if self.is_left_out(selection.directives()) {
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
                Selection::FragmentSpread(used) => {
                    let name = &used.node.fragment_name.node;
                    match self.operation.document.fragments.get(name) {
                        Some(fragment) if spread.insert(name.as_str()) => {
                            (Some(&fragment.node.type_condition), &fragment.node.selection_set)
                        }
                        _ => continue,
                    }
                }
            };
            if condition.is_none_or(|condition| self.applies(&condition.node.on.node, object)) {
                self.collect_set(object, &set.node, spread, grouped);
            }
        }
    }

    /// `DoesFragmentTypeApply`, section 6.3.2 of the specification.
    fn applies(&self, condition: &str, object: &str) -> bool {
        let ty = self.registry.types.get(condition);
        condition == object || ty.is_some_and(|ty| ty.is_possible_type(object))
    }

    /// Whether `@skip` or `@include` leaves a selection out.
    fn is_left_out(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().any(|Positioned { node, .. }| {
            let keeps = match node.name.node.as_str() {
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
            value != keeps
        })
    }
}
