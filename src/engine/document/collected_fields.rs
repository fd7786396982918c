//! The fields that an operation selects, as input for a plan.

use async_graphql::{
    Name, Pos, Positioned, Variables,
    parser::types::{Field, Selection, SelectionSet},
    registry::MetaType,
};
use async_graphql_value::Value as InputValue;

use super::{DocumentValidator, Operation, field_collector::FieldCollector};

pub struct CollectedField<'d> {
    /// The response key.
    pub key: &'d str,
    pub name: &'d str,
    pub pos: Pos,
    /// With variables, not their values.
    pub arguments: &'d [(Positioned<Name>, Positioned<InputValue>)],
    /// The fields selected on the objects it returns.
    pub selections: Vec<CollectedField<'d>>,
}

impl DocumentValidator {
    /// The fields of an operation if neither variables nor data determine which they are; `None` if
    /// it has directives or selects fields of an abstract type.
    pub fn collect_fields<'d>(
        &self,
        operation: &'d Operation<'d>,
    ) -> Option<Vec<CollectedField<'d>>> {
        let document = operation.document;
        let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set);
        let set = &operation.definition.node.selection_set;
        if fragments.chain([set]).any(|set| has_directives(&set.node)) {
            return None;
        }
        let variables = &Variables::default();
        let collector = FieldCollector { registry: &self.registry, operation, variables };
        collector.collect_subfields(self.root_type(operation.kind())?, &[&set.node])
    }
}

fn has_directives(set: &SelectionSet) -> bool {
    set.items.iter().any(|selection| {
        let selections = match &selection.node {
            Selection::Field(field) => &field.node.selection_set,
            Selection::InlineFragment(fragment) => &fragment.node.selection_set,
            Selection::FragmentSpread(spread) => return !spread.node.directives.is_empty(),
        };
        !selection.node.directives().is_empty() || has_directives(&selections.node)
    })
}

impl<'d> FieldCollector<'_, 'd, '_> {
    fn collect_subfields(
        &self,
        parent: &MetaType,
        sets: &[&'d SelectionSet],
    ) -> Option<Vec<CollectedField<'d>>> {
        let MetaType::Object { name, .. } = parent else { return None };
        let collect_field = |(key, fields): (&'d Name, Vec<&'d Field>)| {
            let field = *fields.first()?;
            let name = &field.name.node;
            let selections = match parent.field_by_name(name) {
                Some(definition) => match self.registry.concrete_type_by_name(&definition.ty)? {
                    ty if ty.is_composite() => {
                        let sets: Vec<_> =
                            fields.iter().map(|field| &field.selection_set.node).collect();
                        self.collect_subfields(ty, &sets)?
                    }
                    _ => Vec::new(),
                },
                None if name == "__typename" => Vec::new(),
                None => return None,
            };
            let pos = field.response_key().pos;
            Some(CollectedField { key, name, pos, arguments: &field.arguments, selections })
        };
        self.collect(name, sets).into_iter().map(collect_field).collect()
    }
}
