//! Measures the complexity of a document. Visits each operation and fragment once.

use std::collections::HashMap;

use async_graphql::{
    Name, Pos, Positioned, ServerError, Value, Variables,
    parser::types::{
        Directive, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    },
    registry::MetaType,
};
use async_graphql_value::Value as InputValue;

use super::{
    DocumentValidator, Operation,
    cost::FieldCost,
    invalid,
    limits::{Limits, at_most},
};
use crate::error::{ApiError, ErrorCode};

/// The complexity of the selected operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Complexity {
    /// Objects that it could return.
    pub cost: u64,
    /// Whether it has a root field other than `__typename`, `__schema` and `__type`.
    pub needs_viewer: bool,
    /// The visited selections: as many as the document has, without expanding fragments.
    pub visits: usize,
}

impl DocumentValidator {
    /// Measures the operation, and rejects it if it or its document is above a limit.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX` above a limit; `GRAPHQL_VALIDATION_FAILED` for a fragment that spreads
    /// itself (specification §5.5.2.2), and for introspection if it is off.
    pub fn complexity(
        &self,
        operation: &Operation<'_>,
        variables: &Variables,
    ) -> Result<Complexity, ServerError> {
        let mut visitor = ComplexityVisitor {
            validator: self,
            operation,
            variables,
            fragments: HashMap::new(),
            aliases: 0,
            directives: 0,
            visits: 0,
            level: 0,
        };
        let selected = visitor.operation(operation.definition)?;
        let document = visitor.whole_document(selected)?;

        let Limits { aliases, directives, root_fields, depth, selections, cost, values, .. } =
            self.limits;
        at_most("the document has", visitor.aliases, "aliases", aliases)?;
        at_most("the document has", visitor.directives, "directives", directives)?;
        at_most("the document has", document.depth, "levels of fields", depth)?;
        at_most("the document expands to", document.selections, "selections", selections)?;
        at_most("the operation has", selected.fields, "root fields", root_fields)?;
        at_most("the operation could return", selected.cost, "objects", cost)?;
        at_most("the operation could return", selected.values, "values", values)?;
        if selected.introspects && !self.introspection {
            return Err(invalid("introspection is off"));
        }
        let SelectionComplexity { cost, needs_viewer, .. } = selected;
        Ok(Complexity { cost, needs_viewer, visits: visitor.visits })
    }
}

/// The complexity of a selection set, with fragments expanded.
#[derive(Clone, Copy, Default)]
struct SelectionComplexity {
    /// Levels of nested fields.
    depth: usize,
    /// Levels of nested selection sets, including those of fragments.
    levels: usize,
    /// Fields, spreads and inline fragments at all levels.
    selections: u64,
    /// Fields at the first level.
    fields: usize,
    /// Objects that could be returned.
    cost: u64,
    /// Fields of all those objects.
    values: u64,
    /// Whether it selects `__schema` or `__type`.
    introspects: bool,
    /// Whether the first level has a field other than `__typename`, `__schema` and `__type`.
    needs_viewer: bool,
}

impl SelectionComplexity {
    /// The complexity of two selections in one set; equal fields count twice.
    fn combine(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            levels: self.levels.max(other.levels),
            selections: self.selections.saturating_add(other.selections),
            fields: self.fields.saturating_add(other.fields),
            cost: self.cost.saturating_add(other.cost),
            values: self.values.saturating_add(other.values),
            introspects: self.introspects || other.introspects,
            needs_viewer: self.needs_viewer || other.needs_viewer,
        }
    }

    /// The complexity of a fragment at its spread, which is one more selection.
    fn spread(self) -> Self {
        Self { selections: self.selections.saturating_add(1), ..self }
    }
}

/// Limits the nesting of selection sets, with fragments expanded: all visitors recurse, and the
/// stack of a thread is limited.
const MAX_LEVELS: usize = 100;

struct ComplexityVisitor<'a> {
    validator: &'a DocumentValidator,
    operation: &'a Operation<'a>,
    variables: &'a Variables,
    /// The visited fragments; `None` during the visit, to detect a fragment that spreads itself.
    fragments: HashMap<&'a str, Option<SelectionComplexity>>,
    aliases: usize,
    directives: usize,
    visits: usize,
    /// The selection sets around the current selection.
    level: usize,
}

impl<'a> ComplexityVisitor<'a> {
    /// Adds all other operations and all fragments, used or not.
    fn whole_document(
        &mut self,
        selected: SelectionComplexity,
    ) -> Result<SelectionComplexity, ServerError> {
        let operation = self.operation;
        let mut complexity = selected;
        for (_, other) in operation.document.operations.iter() {
            if !std::ptr::eq(other, operation.definition) {
                complexity = complexity.combine(self.operation(other)?);
            }
        }
        for (name, fragment) in &operation.document.fragments {
            complexity = complexity.combine(self.fragment(name, fragment)?);
        }
        Ok(complexity)
    }

    fn operation(
        &mut self,
        operation: &'a Positioned<OperationDefinition>,
    ) -> Result<SelectionComplexity, ServerError> {
        let operation = &operation.node;
        self.count_directives(&operation.directives);
        for definition in &operation.variable_definitions {
            self.count_directives(&definition.node.directives);
        }
        self.selection_set(&operation.selection_set.node, self.validator.root_type(operation.ty))
    }

    /// Visits a fragment at its first spread and caches its complexity.
    fn fragment(
        &mut self,
        name: &'a Name,
        fragment: &'a Positioned<FragmentDefinition>,
    ) -> Result<SelectionComplexity, ServerError> {
        match self.fragments.get(name.as_str()) {
            Some(Some(complexity)) => return Ok(*complexity),
            Some(None) => return Err(spreads_itself(name, fragment.pos)),
            None => {}
        }
        self.fragments.insert(name, None);
        let FragmentDefinition { type_condition, directives, selection_set } = &fragment.node;
        self.count_directives(directives);
        let complexity =
            self.selection_set(&selection_set.node, self.type_of(&type_condition.node.on.node))?;
        self.fragments.insert(name, Some(complexity));
        Ok(complexity)
    }

    fn selection_set(
        &mut self,
        set: &'a SelectionSet,
        parent: Option<&'a MetaType>,
    ) -> Result<SelectionComplexity, ServerError> {
        self.level += 1;
        at_most("the document has", self.level, "levels of selections", MAX_LEVELS)?;
        let mut complexity = SelectionComplexity::default();
        for selection in &set.items {
            complexity = complexity.combine(self.selection(&selection.node, parent)?);
        }
        self.level -= 1;
        // The complexity of a visited fragment includes its levels.
        let levels = complexity.levels + 1;
        at_most("the document has", levels, "levels of selections", MAX_LEVELS)?;
        Ok(SelectionComplexity { levels, ..complexity })
    }

    fn selection(
        &mut self,
        selection: &'a Selection,
        parent: Option<&'a MetaType>,
    ) -> Result<SelectionComplexity, ServerError> {
        self.visits += 1;
        self.count_directives(selection.directives());
        match selection {
            Selection::Field(field) => self.field(&field.node, parent),
            Selection::InlineFragment(fragment) => {
                let parent = match &fragment.node.type_condition {
                    Some(condition) => self.type_of(&condition.node.on.node),
                    None => parent,
                };
                Ok(self.selection_set(&fragment.node.selection_set.node, parent)?.spread())
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                let complexity = match self.operation.document.fragments.get(name) {
                    Some(fragment) => self.fragment(name, fragment)?,
                    None => SelectionComplexity::default(),
                };
                Ok(complexity.spread())
            }
        }
    }

    fn field(
        &mut self,
        field: &'a Field,
        parent: Option<&'a MetaType>,
    ) -> Result<SelectionComplexity, ServerError> {
        self.aliases += usize::from(field.alias.is_some());
        let name = field.name.node.as_str();
        let definition = parent.and_then(|parent| Some((parent, parent.field_by_name(name)?)));
        let ty = definition
            .and_then(|(_, field)| self.validator.registry.concrete_type_by_name(&field.ty));
        let below = self.selection_set(&field.selection_set.node, ty)?;
        let field_cost = definition.map_or(FieldCost::SCALAR, |(parent, definition)| {
            let DocumentValidator { registry, pages, .. } = self.validator;
            pages.cost_of(registry, parent, definition, self.page_size(field))
        });
        let introspects = matches!(name, "__schema" | "__type");
        Ok(SelectionComplexity {
            depth: below.depth + 1,
            levels: below.levels,
            selections: below.selections.saturating_add(1),
            fields: 1,
            cost: field_cost.objects(below.cost),
            // async-graphql parses the arguments again for each parent object.
            values: field_cost.values(below.values).saturating_add(self.argument_values(field)),
            introspects: introspects || below.introspects,
            needs_viewer: !introspects && name != "__typename",
        })
    }

    /// The larger of `first` and `last` (requests with both are rejected later), or the number of `ids`.
    fn page_size(&self, field: &Field) -> Option<i64> {
        let integer = |argument| match &field.get_argument(argument)?.node {
            InputValue::Number(number) => number.as_i64(),
            InputValue::Variable(name) => match self.operation.value_of(name, self.variables)? {
                Value::Number(number) => number.as_i64(),
                _ => None,
            },
            _ => None,
        };
        let ids = || match &field.get_argument("ids")?.node {
            InputValue::List(ids) => i64::try_from(ids.len()).ok(),
            InputValue::Variable(name) => match self.operation.value_of(name, self.variables)? {
                Value::List(ids) => i64::try_from(ids.len()).ok(),
                _ => None,
            },
            _ => None,
        };
        integer("first").max(integer("last")).or_else(ids)
    }

    /// The number of values in the arguments of a field, including those in variables.
    fn argument_values(&self, field: &Field) -> u64 {
        let mut count: u64 = 0;
        for (_, value) in &field.arguments {
            count = count.saturating_add(self.count_values(&value.node));
        }
        count
    }

    fn count_values(&self, value: &InputValue) -> u64 {
        match value {
            InputValue::Variable(name) => {
                self.operation.value_of(name, self.variables).map_or(1, count_constants)
            }
            InputValue::List(items) => items.iter().map(|item| self.count_values(item)).sum(),
            InputValue::Object(fields) => {
                fields.values().map(|value| self.count_values(value)).sum()
            }
            _ => 1,
        }
    }

    fn count_directives(&mut self, directives: &[Positioned<Directive>]) {
        self.directives += directives.len();
    }

    fn type_of(&self, name: &Name) -> Option<&'a MetaType> {
        self.validator.registry.types.get(name.as_str())
    }
}

fn count_constants(value: &Value) -> u64 {
    match value {
        Value::List(items) => items.iter().map(count_constants).sum(),
        Value::Object(fields) => fields.values().map(count_constants).sum(),
        _ => 1,
    }
}

fn spreads_itself(name: &Name, at: Pos) -> ServerError {
    let message = format!("the fragment `{name}` spreads itself: take one of the spreads out");
    ApiError::new(ErrorCode::GraphqlValidationFailed, message).at(Some(at))
}
