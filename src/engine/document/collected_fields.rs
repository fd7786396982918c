//! `CollectFields` (specification §6.3.2): the fields that an operation selects, with fragments expanded
//! and the selections of one response key merged.
//!
//! What is executed is made of these fields alone, by a plan or by the library, and no other code expands
//! fragments.

use std::collections::{BTreeSet, HashMap, HashSet};

use apollo_compiler::{
    Name, Node, Schema,
    ast::{Argument, DirectiveList, FieldDefinition, Value},
    collections::IndexMap,
    executable::{Field, Selection, SelectionSet},
    schema::{ExtendedType, NamedType},
};
use async_graphql::{Pos, ServerError, Value as ConstValue, Variables};

use super::{DocumentValidator, Operation};
use crate::error::{ApiError, ErrorCode};

/// A field as it is executed.
#[derive(Debug)]
pub struct CollectedField {
    /// The response key.
    pub key: Name,
    pub name: Name,
    pub pos: Pos,
    pub definition: Node<FieldDefinition>,
    /// With variables, not their values.
    pub arguments: Vec<Node<Argument>>,
    /// The fields selected on the objects that it returns, one entry for each of their possible types.
    pub selections: Vec<ObjectFields>,
}

impl CollectedField {
    /// The fields selected on the objects that it returns, which are of one type.
    pub fn fields(&self) -> &[CollectedField] {
        if let [only] = &self.selections[..] { &only.fields } else { &[] }
    }

    /// The fields selected on objects of that type.
    pub fn fields_on(&self, type_name: &str) -> &[CollectedField] {
        let mut selections = self.selections.iter();
        selections.find(|it| it.type_name == type_name).map_or(&[], |it| &it.fields)
    }
}

/// The fields selected on an object of that type.
#[derive(Debug)]
pub struct ObjectFields {
    pub type_name: Name,
    pub fields: Vec<CollectedField>,
}

/// The object types of each composite type.
pub(super) struct PossibleTypes(HashMap<Name, Vec<Name>>);

impl PossibleTypes {
    pub(super) fn new(schema: &Schema) -> Self {
        let implementers = schema.implementers_map();
        let possible_types = |(name, ty): (&Name, &ExtendedType)| {
            let types = match ty {
                ExtendedType::Object(_) => vec![name.clone()],
                ExtendedType::Interface(_) => {
                    let implementers = implementers.get(name)?;
                    implementers.objects.iter().cloned().collect()
                }
                ExtendedType::Union(union) => {
                    union.members.iter().map(|member| (**member).clone()).collect()
                }
                _ => return None,
            };
            Some((name.clone(), types))
        };
        Self(schema.types.iter().filter_map(possible_types).collect())
    }

    fn of(&self, ty: &NamedType) -> &[Name] {
        self.0.get(ty).map_or(&[], Vec::as_slice)
    }
}

impl DocumentValidator {
    /// The fields that a valid operation selects with these variables. Call
    /// [`DocumentValidator::complexity`] first: it limits their number.
    ///
    /// # Errors
    /// `GRAPHQL_VALIDATION_FAILED` if two fields of one response key have different arguments: for
    /// apollo-compiler, a list is the same as a longer one that begins with it.
    pub fn collect_fields(
        &self,
        operation: &Operation,
        variables: &Variables,
    ) -> Result<ObjectFields, ServerError> {
        let set = &operation.definition.selection_set;
        FieldCollector { validator: self, operation, variables }.object(&set.ty, &[set])
    }
}

impl Operation {
    /// The variables that decide which fields are selected: those of `@skip` and `@include`.
    pub fn conditions(&self) -> Vec<String> {
        let mut conditions = BTreeSet::new();
        let mut fragments = HashSet::new();
        let mut pending = vec![&self.definition.selection_set];
        while let Some(set) = pending.pop() {
            for selection in &set.selections {
                for (_, value) in includes_if(selection.directives()) {
                    conditions.extend(value.as_variable().map(Name::as_str));
                }
                match selection {
                    Selection::Field(field) => pending.extend(&field.selection_set),
                    Selection::InlineFragment(fragment) => pending.push(&fragment.selection_set),
                    Selection::FragmentSpread(spread) => {
                        if let Some(fragment) = spread.fragment_def(&self.document)
                            && fragments.insert(fragment.name.as_str())
                        {
                            pending.push(&fragment.selection_set);
                        }
                    }
                }
            }
        }
        conditions.into_iter().map(str::to_owned).collect()
    }
}

/// The conditions of a selection: it is included if each value is this.
fn includes_if(directives: &DirectiveList) -> impl Iterator<Item = (bool, &Value)> {
    directives.iter().filter_map(|directive| {
        let includes_if = match directive.name.as_str() {
            "skip" => false,
            "include" => true,
            _ => return None,
        };
        Some((includes_if, &**directive.specified_argument_by_name("if")?))
    })
}

/// Whether a condition holds; all variables have their values by now.
pub fn is_true(variable: &str, variables: &Variables) -> bool {
    variables.get(variable) == Some(&ConstValue::Boolean(true))
}

struct FieldCollector<'d> {
    validator: &'d DocumentValidator,
    operation: &'d Operation,
    variables: &'d Variables,
}

/// The fields of each response key.
type GroupedFieldSet<'d> = IndexMap<&'d Name, Vec<&'d Node<Field>>>;

impl<'d> FieldCollector<'d> {
    /// The fields that the selection sets select on an object type.
    fn object(
        &self,
        ty: &NamedType,
        sets: &[&'d SelectionSet],
    ) -> Result<ObjectFields, ServerError> {
        let mut grouped = GroupedFieldSet::default();
        let mut visited_fragments = HashSet::new();
        for set in sets {
            self.add(ty, set, &mut visited_fragments, &mut grouped);
        }
        let fields = grouped.into_iter().map(|(key, fields)| self.field(key, fields[0], &fields));
        Ok(ObjectFields { type_name: ty.clone(), fields: fields.collect::<Result<_, _>>()? })
    }

    fn add(
        &self,
        object_type: &NamedType,
        set: &'d SelectionSet,
        visited_fragments: &mut HashSet<&'d str>,
        grouped: &mut GroupedFieldSet<'d>,
    ) {
        for selection in &set.selections {
            if !self.is_included(selection.directives()) {
                continue;
            }
            let set = match selection {
                Selection::Field(field) => {
                    grouped.entry(field.response_name()).or_default().push(field);
                    continue;
                }
                Selection::InlineFragment(fragment) => &fragment.selection_set,
                Selection::FragmentSpread(spread) => {
                    match spread.fragment_def(&self.operation.document) {
                        Some(it) if visited_fragments.insert(&it.name) => &it.selection_set,
                        _ => continue,
                    }
                }
            };
            // `DoesFragmentTypeApply`: the type of a fragment's selections is its type condition.
            if self.validator.possible_types.of(&set.ty).contains(object_type) {
                self.add(object_type, set, visited_fragments, grouped);
            }
        }
    }

    fn field(
        &self,
        key: &Name,
        first: &'d Node<Field>,
        all: &[&'d Node<Field>],
    ) -> Result<CollectedField, ServerError> {
        let pos = self.operation.position(first.location());
        let Field { name, definition, arguments, .. } = &**first;
        if !all.iter().all(|field| are_same(&field.arguments, arguments)) {
            let message = format!("the fields `{key}` have different arguments: give one an alias");
            return Err(ApiError::new(ErrorCode::GraphqlValidationFailed, message).at(Some(pos)));
        }
        let sets: Vec<_> = all.iter().filter_map(|field| field.selection_set.as_ref()).collect();
        let validator = self.validator;
        let possible_types = validator.possible_types.of(definition.ty.inner_named_type()).iter();
        let selections = possible_types.map(|ty| self.object(ty, &sets));
        Ok(CollectedField {
            key: key.clone(),
            name: name.clone(),
            pos,
            definition: definition.clone(),
            arguments: arguments.clone(),
            selections: selections.collect::<Result<_, _>>()?,
        })
    }

    fn is_included(&self, directives: &DirectiveList) -> bool {
        includes_if(directives).all(|(includes_if, value)| {
            let value = match value {
                Value::Variable(name) => is_true(name, self.variables),
                value => *value == Value::Boolean(true),
            };
            value == includes_if
        })
    }
}

fn are_same(arguments: &[Node<Argument>], others: &[Node<Argument>]) -> bool {
    arguments.len() == others.len() && arguments.iter().all(|argument| others.contains(argument))
}
