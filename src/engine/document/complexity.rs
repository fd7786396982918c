//! Measures a document: each operation and each fragment is walked once.

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

/// What the chosen operation asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Complexity {
    /// Objects that could come back.
    pub cost: u64,
    /// Whether it asks for any root field but `__typename`, `__schema` and `__type`.
    pub needs_viewer: bool,
    /// Selections that were looked at: as many as the document has, however they are spread.
    pub visits: usize,
}

impl DocumentValidator {
    /// Measures the operation, and refuses it where it or its document passes a limit.
    ///
    /// # Errors
    ///
    /// `QUERY_TOO_COMPLEX` beyond a limit; `GRAPHQL_VALIDATION_FAILED` for a fragment that spreads
    /// itself (section 5.5.2.2 of the GraphQL specification), and for introspection where it is
    /// off.
    pub fn complexity(
        &self,
        operation: &Operation<'_>,
        variables: &Variables,
    ) -> Result<Complexity, ServerError> {
        let mut walk = ComplexityVisitor {
            validator: self,
            operation,
            variables,
            fragments: HashMap::new(),
            aliases: 0,
            directives: 0,
            visits: 0,
            level: 0,
        };
        let chosen = walk.operation(operation.definition)?;
        let document = walk.rest_of_document(chosen)?;

        let Limits { aliases, directives, root_fields, depth, selections, cost, values, .. } =
            self.limits;
        at_most("the document has", walk.aliases, "aliases", aliases)?;
        at_most("the document has", walk.directives, "directives", directives)?;
        at_most("the document has", document.depth, "levels of fields", depth)?;
        at_most("the document expands to", document.selections, "selections", selections)?;
        at_most("the operation has", chosen.fields, "root fields", root_fields)?;
        at_most("the operation could return", chosen.cost, "objects", cost)?;
        at_most("the operation could return", chosen.values, "values", values)?;
        if chosen.introspects && !self.introspection {
            return Err(invalid("introspection is off"));
        }
        let SelectionComplexity { cost, needs_viewer, .. } = chosen;
        Ok(Complexity { cost, needs_viewer, visits: walk.visits })
    }
}

/// What a selection set amounts to, with everything that its fragments bring in.
#[derive(Clone, Copy, Default)]
struct SelectionComplexity {
    /// Levels of fields.
    depth: usize,
    /// Levels of selection sets, those of fragments too.
    levels: usize,
    /// Fields, spreads and inline fragments on all levels.
    selections: u64,
    /// Fields on the first level.
    fields: usize,
    /// Objects that could come back.
    cost: u64,
    /// Fields that could come back, of all objects.
    values: u64,
    /// Whether `__schema` or `__type` is asked for.
    introspects: bool,
    /// Whether the first level has a field that is not about the schema.
    needs_viewer: bool,
}

impl SelectionComplexity {
    /// The weight of two selections in the same set; the same field twice counts twice.
    fn beside(self, other: Self) -> Self {
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

    /// The weight of a fragment where it is used, which is one more selection.
    fn spread(self) -> Self {
        Self { selections: self.selections.saturating_add(1), ..self }
    }
}

/// How deep selection sets of all kinds may lie in one another, fragments expanded: whatever walks
/// them recurses, and the stack of a thread has an end.
const LEVELS: usize = 100;

struct ComplexityVisitor<'a> {
    validator: &'a DocumentValidator,
    operation: &'a Operation<'a>,
    variables: &'a Variables,
    /// The fragments met so far; `None` while one is being walked, so that it is seen to spread
    /// itself.
    fragments: HashMap<&'a str, Option<SelectionComplexity>>,
    aliases: usize,
    directives: usize,
    visits: usize,
    /// Selection sets around the place that is walked.
    level: usize,
}

impl<'a> ComplexityVisitor<'a> {
    /// Adds all other operations, and the fragments, used or not.
    fn rest_of_document(
        &mut self,
        chosen: SelectionComplexity,
    ) -> Result<SelectionComplexity, ServerError> {
        let operation = self.operation;
        let mut weight = chosen;
        for (_, other) in operation.document.operations.iter() {
            if !std::ptr::eq(other, operation.definition) {
                weight = weight.beside(self.operation(other)?);
            }
        }
        for (name, fragment) in &operation.document.fragments {
            weight = weight.beside(self.fragment(name, fragment)?);
        }
        Ok(weight)
    }

    fn operation(
        &mut self,
        operation: &'a Positioned<OperationDefinition>,
    ) -> Result<SelectionComplexity, ServerError> {
        let operation = &operation.node;
        self.count(&operation.directives);
        for definition in &operation.variable_definitions {
            self.count(&definition.node.directives);
        }
        self.set(&operation.selection_set.node, self.validator.root(operation.ty))
    }

    /// Walks a fragment where it is met first, and remembers its weight.
    fn fragment(
        &mut self,
        name: &'a Name,
        fragment: &'a Positioned<FragmentDefinition>,
    ) -> Result<SelectionComplexity, ServerError> {
        match self.fragments.get(name.as_str()) {
            Some(Some(weight)) => return Ok(*weight),
            Some(None) => return Err(spreads_itself(name, fragment.pos)),
            None => {}
        }
        self.fragments.insert(name, None);
        let FragmentDefinition { type_condition, directives, selection_set } = &fragment.node;
        self.count(directives);
        let weight = self.set(&selection_set.node, self.type_of(&type_condition.node.on.node))?;
        self.fragments.insert(name, Some(weight));
        Ok(weight)
    }

    fn set(
        &mut self,
        set: &'a SelectionSet,
        parent: Option<&'a MetaType>,
    ) -> Result<SelectionComplexity, ServerError> {
        self.level += 1;
        at_most("the document has", self.level, "levels of selections", LEVELS)?;
        let weight =
            set.items.iter().try_fold(SelectionComplexity::default(), |weight, selection| {
                Ok::<_, ServerError>(weight.beside(self.selection(&selection.node, parent)?))
            })?;
        self.level -= 1;
        // A fragment that was walked before brings the levels that it had then.
        let levels = weight.levels + 1;
        at_most("the document has", levels, "levels of selections", LEVELS)?;
        Ok(SelectionComplexity { levels, ..weight })
    }

    fn selection(
        &mut self,
        selection: &'a Selection,
        parent: Option<&'a MetaType>,
    ) -> Result<SelectionComplexity, ServerError> {
        self.visits += 1;
        self.count(selection.directives());
        match selection {
            Selection::Field(field) => self.field(&field.node, parent),
            Selection::InlineFragment(fragment) => {
                let parent = match &fragment.node.type_condition {
                    Some(condition) => self.type_of(&condition.node.on.node),
                    None => parent,
                };
                Ok(self.set(&fragment.node.selection_set.node, parent)?.spread())
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                let weight = match self.operation.document.fragments.get(name) {
                    Some(fragment) => self.fragment(name, fragment)?,
                    None => SelectionComplexity::default(),
                };
                Ok(weight.spread())
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
        let known = parent.and_then(|parent| Some((parent, parent.field_by_name(name)?)));
        let ty =
            known.and_then(|(_, known)| self.validator.registry.concrete_type_by_name(&known.ty));
        let below = self.set(&field.selection_set.node, ty)?;
        let cost_of = known.map_or(FieldCost::SCALAR, |(parent, known)| {
            let DocumentValidator { registry, pages, .. } = self.validator;
            pages.cost_of(registry, parent, known, self.page_size(field))
        });
        let introspects = matches!(name, "__schema" | "__type");
        Ok(SelectionComplexity {
            depth: below.depth + 1,
            levels: below.levels,
            selections: below.selections.saturating_add(1),
            fields: 1,
            cost: cost_of.objects(below.cost),
            // The library reads the arguments anew for each parent.
            values: cost_of.values(below.values).saturating_add(self.argument_values(field)),
            introspects: introspects || below.introspects,
            needs_viewer: !introspects && name != "__typename",
        })
    }

    /// How many a page is asked for; where both ends are given, which is refused later, the more.
    fn page_size(&self, field: &Field) -> Option<i64> {
        let integer = |argument| match &field.get_argument(argument)?.node {
            InputValue::Number(number) => number.as_i64(),
            InputValue::Variable(name) => match self.operation.value_of(name, self.variables)? {
                Value::Number(number) => number.as_i64(),
                _ => None,
            },
            _ => None,
        };
        integer("first").max(integer("last"))
    }

    /// How many values stand in the arguments of a field, those in variables too.
    fn argument_values(&self, field: &Field) -> u64 {
        let mut count: u64 = 0;
        for (_, value) in &field.arguments {
            count = count.saturating_add(self.values_of(&value.node));
        }
        count
    }

    fn values_of(&self, value: &InputValue) -> u64 {
        match value {
            InputValue::Variable(name) => {
                self.operation.value_of(name, self.variables).map_or(1, values_in)
            }
            InputValue::List(items) => items.iter().map(|item| self.values_of(item)).sum(),
            InputValue::Object(fields) => fields.values().map(|value| self.values_of(value)).sum(),
            _ => 1,
        }
    }

    fn count(&mut self, directives: &[Positioned<Directive>]) {
        self.directives += directives.len();
    }

    fn type_of(&self, name: &Name) -> Option<&'a MetaType> {
        self.validator.registry.types.get(name.as_str())
    }
}

fn values_in(value: &Value) -> u64 {
    match value {
        Value::List(items) => items.iter().map(values_in).sum(),
        Value::Object(fields) => fields.values().map(values_in).sum(),
        _ => 1,
    }
}

fn spreads_itself(name: &Name, at: Pos) -> ServerError {
    let message = format!("the fragment `{name}` spreads itself: take one of the spreads out");
    ApiError::new(ErrorCode::GraphqlValidationFailed, message).at(Some(at))
}
