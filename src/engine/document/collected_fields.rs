//! The fields that an operation selects, as input for a plan.

use async_graphql::{
    Name, Pos, Positioned, Variables,
    parser::types::{BaseType, Field, Selection, SelectionSet},
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
    /// The fields selected on the objects it returns, by the name of their type: one for each type that it
    /// can return.
    pub selections: Vec<(&'d str, Vec<CollectedField<'d>>)>,
}

impl<'d> CollectedField<'d> {
    /// The fields selected on the objects it returns, which are of one type.
    pub fn fields(&self) -> &[CollectedField<'d>] {
        if let [(_, fields)] = &self.selections[..] { fields } else { &[] }
    }

    /// The fields selected on objects of that type.
    pub fn fields_on(&self, object_type: &str) -> &[CollectedField<'d>] {
        let mut selections = self.selections.iter();
        selections.find(|(name, _)| *name == object_type).map_or(&[], |(_, fields)| fields)
    }
}

impl DocumentValidator {
    /// The fields of an operation, of which the variables in directives determine some; `None` if there is
    /// one without a definition, such as `__schema`.
    pub fn collect_fields<'d>(
        &'d self,
        operation: &'d Operation<'d>,
        variables: &Variables,
    ) -> Option<Vec<CollectedField<'d>>> {
        let collector = FieldCollector { registry: &self.registry, operation, variables };
        let root_type = self.root_type(operation.kind())?;
        let set = &operation.definition.node.selection_set.node;
        collector.collect_subfields(root_type, root_type.name(), &[set])
    }
}

impl Operation<'_> {
    /// The variables in `@skip` and `@include`, which determine the fields that it selects; `None` if its
    /// document has another directive.
    pub fn directive_variables(&self) -> Option<Vec<&str>> {
        let fragments = self.document.fragments.values();
        let fragments = fragments.map(|fragment| &fragment.node.selection_set.node);
        let mut variables = Vec::new();
        for set in fragments.chain([&self.definition.node.selection_set.node]) {
            add_directive_variables(set, &mut variables)?;
        }
        Some(variables)
    }

    /// Whether a Boolean variable is true, as given or by its default.
    pub fn is_true(&self, variable: &str, variables: &Variables) -> bool {
        self.value_of(variable, variables) == Some(&true.into())
    }

    /// Whether its complexity may depend on how many values its variables hold: those of lists and objects
    /// in arguments below the root, or of ids. Arguments in fragments count as such.
    pub fn is_measured_by_values(&self) -> bool {
        const SINGLE: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];
        let is_single =
            |ty: &BaseType| matches!(ty, BaseType::Named(name) if SINGLE.contains(&name.as_str()));
        let variables = self.variables().filter(|it| !is_single(&it.var_type.node.base));
        let variables: Vec<_> = variables.map(|it| it.name.node.as_str()).collect();
        let fragments = self.document.fragments.values();
        let mut fragments = fragments.map(|fragment| &fragment.node.selection_set.node);
        passes_any(&self.definition.node.selection_set.node, &variables, true)
            || fragments.any(|set| passes_any(set, &variables, false))
    }

    /// The integers with which the operation has its greatest complexity.
    pub fn max_variables(&self) -> Variables {
        let mut variables = Variables::default();
        for definition in self.variables() {
            if let BaseType::Named(name) = &definition.var_type.node.base
                && name == "Int"
            {
                variables.insert(definition.name.node.clone(), i32::MAX.into());
            }
        }
        variables
    }
}

/// Whether a field below the root, or `ids` of any field, is passed one of these variables.
fn passes_any(set: &SelectionSet, variables: &[&str], is_root: bool) -> bool {
    set.items.iter().any(|selection| match &selection.node {
        Selection::Field(field) => {
            let mut arguments = field.node.arguments.iter();
            let is_measured = |name: &Name| !is_root || name == "ids";
            arguments
                .any(|(name, value)| is_measured(&name.node) && has_any(&value.node, variables))
                || passes_any(&field.node.selection_set.node, variables, false)
        }
        Selection::InlineFragment(fragment) => {
            passes_any(&fragment.node.selection_set.node, variables, is_root)
        }
        Selection::FragmentSpread(_) => false,
    })
}

fn has_any(value: &InputValue, variables: &[&str]) -> bool {
    match value {
        InputValue::Variable(name) => variables.contains(&name.as_str()),
        InputValue::List(items) => items.iter().any(|item| has_any(item, variables)),
        InputValue::Object(fields) => fields.values().any(|value| has_any(value, variables)),
        _ => false,
    }
}

fn add_directive_variables<'d>(set: &'d SelectionSet, variables: &mut Vec<&'d str>) -> Option<()> {
    for selection in &set.items {
        for directive in selection.node.directives() {
            let ("skip" | "include") = directive.node.name.node.as_str() else { return None };
            match &directive.node.get_argument("if")?.node {
                InputValue::Variable(name) if !variables.contains(&name.as_str()) => {
                    variables.push(name);
                }
                _ => {}
            }
        }
        match &selection.node {
            Selection::Field(field) => {
                add_directive_variables(&field.node.selection_set.node, variables)?;
            }
            Selection::InlineFragment(fragment) => {
                add_directive_variables(&fragment.node.selection_set.node, variables)?;
            }
            Selection::FragmentSpread(_) => {}
        }
    }
    Some(())
}

impl<'d> FieldCollector<'d, 'd, '_> {
    fn collect_subfields(
        &self,
        parent: &'d MetaType,
        object_type: &str,
        sets: &[&'d SelectionSet],
    ) -> Option<Vec<CollectedField<'d>>> {
        let collect_field = |(key, fields): (&'d Name, Vec<&'d Field>)| {
            let field = *fields.first()?;
            let name = &field.name.node;
            let selections = match parent.field_by_name(name) {
                Some(definition) => {
                    let ty = self.registry.concrete_type_by_name(&definition.ty)?;
                    let sets: Vec<_> =
                        fields.iter().map(|field| &field.selection_set.node).collect();
                    self.collect_selections(ty, &sets)?
                }
                None if name == "__typename" => Vec::new(),
                None => return None,
            };
            let pos = field.response_key().pos;
            Some(CollectedField { key, name, pos, arguments: &field.arguments, selections })
        };
        self.collect(object_type, sets).into_iter().map(collect_field).collect()
    }

    /// The fields selected on each object type that `ty` can be.
    fn collect_selections(
        &self,
        ty: &'d MetaType,
        sets: &[&'d SelectionSet],
    ) -> Option<Vec<(&'d str, Vec<CollectedField<'d>>)>> {
        let possible_types: Vec<&'d str> = match ty {
            MetaType::Object { name, .. } => vec![name],
            MetaType::Interface { possible_types, .. } | MetaType::Union { possible_types, .. } => {
                possible_types.iter().map(String::as_str).collect()
            }
            _ => Vec::new(),
        };
        let collect = |name| {
            let ty = self.registry.types.get(name)?;
            Some((name, self.collect_subfields(ty, name, sets)?))
        };
        possible_types.into_iter().map(collect).collect()
    }
}
