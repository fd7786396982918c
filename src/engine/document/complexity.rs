//! Measures the complexity of a document. Visits each operation and fragment once.

use std::{borrow::Cow, collections::HashMap};

use apollo_compiler::{
    ast::{DirectiveList, Value},
    executable::{self, Field, Fragment, Selection, SelectionSet},
    schema::NamedType,
};
use async_graphql::{ServerError, Value as ConstValue, Variables};

use super::{
    DocumentValidator, Operation, definition_of, invalid,
    limits::{Limits, at_most},
    variables::{self, MAX_VALUES},
};

/// The complexity of the selected operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Complexity {
    /// Objects that it could return.
    pub cost: u64,
    /// Whether it has a root field other than `__typename`, `__schema` and `__type`.
    pub needs_viewer: bool,
    /// Selections in it, with fragments expanded.
    pub selections: u64,
    /// The visited selections: as many as the document has, without expanding fragments.
    pub visits: usize,
}

impl DocumentValidator {
    /// Measures the operation, and rejects it if it or its document is above a limit.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX` above a limit; `GRAPHQL_VALIDATION_FAILED` for introspection if it is off.
    pub fn complexity(
        &self,
        operation: &Operation,
        variables: &Variables,
    ) -> Result<Complexity, ServerError> {
        self.measure(operation, Some(variables))
    }

    /// The same for the values of its variables with which the operation is the most complex.
    ///
    /// # Errors
    /// See [`DocumentValidator::complexity`].
    pub fn greatest_complexity(&self, operation: &Operation) -> Result<Complexity, ServerError> {
        self.measure(operation, None)
    }

    fn measure(
        &self,
        operation: &Operation,
        variables: Option<&Variables>,
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
        let selected = visitor.operation(&operation.definition)?;
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
        let SelectionComplexity { cost, needs_viewer, selections, .. } = selected;
        Ok(Complexity { cost, needs_viewer, selections, visits: visitor.visits })
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
    operation: &'a Operation,
    /// The values of the variables; without them, those with which it is the most complex.
    variables: Option<&'a Variables>,
    /// The visited fragments; those that spread themselves, which validation rejects, count as empty there.
    fragments: HashMap<&'a str, SelectionComplexity>,
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
        let Operation { document, definition, .. } = self.operation;
        let mut complexity = selected;
        for other in document.operations.iter() {
            if !other.ptr_eq(definition) {
                complexity = complexity.combine(self.operation(other)?);
            }
        }
        for fragment in document.fragments.values() {
            complexity = complexity.combine(self.fragment(fragment)?);
        }
        Ok(complexity)
    }

    fn operation(
        &mut self,
        operation: &'a executable::Operation,
    ) -> Result<SelectionComplexity, ServerError> {
        self.count_directives(&operation.directives);
        for definition in &operation.variables {
            self.count_directives(&definition.directives);
        }
        self.selection_set(&operation.selection_set)
    }

    /// Visits a fragment at its first spread and caches its complexity.
    fn fragment(&mut self, fragment: &'a Fragment) -> Result<SelectionComplexity, ServerError> {
        if let Some(complexity) = self.fragments.get(fragment.name.as_str()) {
            return Ok(*complexity);
        }
        self.fragments.insert(&fragment.name, SelectionComplexity::default());
        self.count_directives(&fragment.directives);
        let complexity = self.selection_set(&fragment.selection_set)?;
        self.fragments.insert(&fragment.name, complexity);
        Ok(complexity)
    }

    fn selection_set(&mut self, set: &'a SelectionSet) -> Result<SelectionComplexity, ServerError> {
        self.level += 1;
        at_most("the document has", self.level, "levels of selections", MAX_LEVELS)?;
        let mut complexity = SelectionComplexity::default();
        for selection in &set.selections {
            complexity = complexity.combine(self.selection(selection, &set.ty)?);
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
        parent: &'a NamedType,
    ) -> Result<SelectionComplexity, ServerError> {
        self.visits += 1;
        self.count_directives(selection.directives());
        match selection {
            Selection::Field(field) => self.field(field, parent),
            Selection::InlineFragment(fragment) => {
                Ok(self.selection_set(&fragment.selection_set)?.spread())
            }
            Selection::FragmentSpread(spread) => {
                let complexity = match spread.fragment_def(&self.operation.document) {
                    Some(fragment) => self.fragment(fragment)?,
                    None => SelectionComplexity::default(),
                };
                Ok(complexity.spread())
            }
        }
    }

    fn field(
        &mut self,
        field: &'a Field,
        parent: &'a NamedType,
    ) -> Result<SelectionComplexity, ServerError> {
        self.aliases += usize::from(field.alias.is_some());
        let below = match &field.selection_set {
            Some(set) => self.selection_set(set)?,
            None => SelectionComplexity { levels: 1, ..SelectionComplexity::default() },
        };
        let asked = self.page_size(field);
        let field_cost = self.validator.pages.cost_of(parent, &field.definition, asked);
        let introspects = matches!(field.name.as_str(), "__schema" | "__type");
        Ok(SelectionComplexity {
            depth: below.depth + 1,
            levels: below.levels,
            selections: below.selections.saturating_add(1),
            fields: 1,
            cost: field_cost.objects(below.cost),
            // async-graphql is given the arguments of each field, and parses them again for each parent object.
            values: field_cost.values(below.values).saturating_add(self.argument_values(field)),
            introspects: introspects || below.introspects,
            needs_viewer: !introspects && field.name != "__typename",
        })
    }

    /// The larger of `first` and `last` (requests with both are rejected later), or the number of `ids`.
    fn page_size(&self, field: &Field) -> Option<i64> {
        let integer = |name| match &**field.specified_argument_by_name(name)? {
            Value::Variable(_) if self.variables.is_none() => Some(i64::MAX),
            Value::Variable(name) => match &*self.variable(name)? {
                ConstValue::Number(number) => variables::integer(number),
                _ => None,
            },
            literal => literal.to_i32().map(i64::from),
        };
        let ids = || match &**field.specified_argument_by_name("ids")? {
            Value::Variable(_) if self.variables.is_none() => Some(i64::MAX),
            Value::Variable(name) => match &*self.variable(name)? {
                ConstValue::List(ids) => i64::try_from(ids.len()).ok(),
                _ => None,
            },
            literal => i64::try_from(literal.as_list()?.len()).ok(),
        };
        integer("first").max(integer("last")).or_else(ids)
    }

    /// The given value of a variable, otherwise its default.
    fn variable(&self, name: &str) -> Option<Cow<'a, ConstValue>> {
        if let Some(value) = self.variables?.get(name) {
            return Some(Cow::Borrowed(value));
        }
        self.operation.default_of(definition_of(&self.operation.definition, name)?).map(Cow::Owned)
    }

    /// The number of values in the arguments of a field, including those in variables.
    fn argument_values(&self, field: &Field) -> u64 {
        let counts = field.arguments.iter().map(|argument| self.count_values(&argument.value));
        counts.fold(0, u64::saturating_add)
    }

    /// The number of values in a value; lists and objects are values, too.
    fn count_values(&self, value: &Value) -> u64 {
        let below = match value {
            Value::Variable(name) => return self.count_of_variable(name),
            Value::List(items) => items.iter().map(|item| self.count_values(item)).sum(),
            Value::Object(fields) => fields.iter().map(|(_, it)| self.count_values(it)).sum(),
            _ => 0,
        };
        1 + below
    }

    fn count_of_variable(&self, name: &str) -> u64 {
        if self.variables.is_some() {
            return self.variable(name).map_or(1, |value| count_constants(&value));
        }
        let definition = definition_of(&self.operation.definition, name);
        let is_leaf = definition.is_none_or(|definition| {
            let input = self.validator.schema.get_input_object(definition.ty.inner_named_type());
            input.is_none() && !definition.ty.is_list()
        });
        if is_leaf { 1 } else { MAX_VALUES as u64 }
    }

    fn count_directives(&mut self, directives: &DirectiveList) {
        self.directives += directives.len();
    }
}

fn count_constants(value: &ConstValue) -> u64 {
    let below = match value {
        ConstValue::List(items) => items.iter().map(count_constants).sum(),
        ConstValue::Object(fields) => fields.values().map(count_constants).sum(),
        _ => 0,
    };
    1 + below
}
