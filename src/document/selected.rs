//! The fields that an operation selects, its fragments expanded.

use std::collections::HashSet;

use async_graphql::{
    Name, Pos, Positioned, Variables,
    parser::types::{Field, Selection, SelectionSet},
    registry::MetaType,
};
use async_graphql_value::Value as InputValue;

use super::{
    Operation, Rules,
    shape::{Draft, Grouped},
};

/// A field, with what it is called in the answer and what is selected below it.
pub struct Selected<'d> {
    /// The response key.
    pub key: &'d str,
    /// The name in the schema.
    pub name: &'d str,
    /// Where it stands.
    pub pos: Pos,
    /// Its arguments as they are written.
    pub arguments: &'d [(Positioned<Name>, Positioned<InputValue>)],
    /// The fields of the object that it returns, or of each of them.
    pub below: Vec<Selected<'d>>,
}

impl Rules {
    /// The fields of an operation that are the same whatever its variables are, and whatever objects
    /// there are: `None` where a directive or the type of an object has a say.
    #[must_use]
    pub fn selected<'d>(&self, operation: &'d Operation<'d>) -> Option<Vec<Selected<'d>>> {
        let document = operation.document;
        let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set);
        let set = &operation.definition.node.selection_set;
        if fragments.chain([set]).any(|set| has_directives(&set.node)) {
            return None;
        }
        let variables = &Variables::default();
        let draft = Draft { registry: &self.registry, operation, variables };
        draft.selected(self.root(operation.kind())?, &[&set.node])
    }
}

fn has_directives(set: &SelectionSet) -> bool {
    set.items.iter().any(|selection| {
        let below = match &selection.node {
            Selection::Field(field) => &field.node.selection_set,
            Selection::InlineFragment(fragment) => &fragment.node.selection_set,
            Selection::FragmentSpread(spread) => return !spread.node.directives.is_empty(),
        };
        !selection.node.directives().is_empty() || has_directives(&below.node)
    })
}

impl<'d> Draft<'_, 'd, '_> {
    fn selected(&self, parent: &MetaType, sets: &[&'d SelectionSet]) -> Option<Vec<Selected<'d>>> {
        let MetaType::Object { name, .. } = parent else { return None };
        let mut grouped = Grouped::new();
        let mut spread = HashSet::new();
        for set in sets {
            self.collect(name, set, &mut spread, &mut grouped);
        }
        let one = |(key, fields): (&'d Name, Vec<&'d Field>)| {
            let field = *fields.first()?;
            let name = &field.name.node;
            let below = match parent.field_by_name(name) {
                Some(meta) => match self.registry.concrete_type_by_name(&meta.ty)? {
                    ty if ty.is_composite() => {
                        let sets: Vec<_> = fields.iter().map(|it| &it.selection_set.node).collect();
                        self.selected(ty, &sets)?
                    }
                    _ => Vec::new(),
                },
                None if name == "__typename" => Vec::new(),
                None => return None,
            };
            let pos = field.response_key().pos;
            Some(Selected { key, name, pos, arguments: &field.arguments, below })
        };
        grouped.into_iter().map(one).collect()
    }
}
