//! The shape of a response: the objects and fields that an operation selects.

use async_graphql::{
    Name, Variables,
    indexmap::IndexMap,
    parser::types::{Field, SelectionSet},
    registry::MetaType,
};

use super::{DocumentValidator, Operation, field_collector::FieldCollector};

/// Built once before execution, and shared by all items of all lists.
#[derive(Debug)]
pub struct ResponseShape<'a> {
    pub(super) root: Vec<ObjectShape<'a>>,
}

/// The fields of an object, by response key, in the order of the document.
#[derive(Debug)]
pub(super) struct ObjectShape<'a> {
    pub(super) type_name: &'a str,
    pub(super) fields: IndexMap<Name, FieldShape<'a>>,
}

#[derive(Debug)]
pub(super) enum FieldShape<'a> {
    /// `__typename`.
    TypeName,
    /// A field without a definition in the registry, such as `__schema`: completion skips it.
    Unknown,
    /// A field of type `ty`. `selections` has a shape for each object type it can return.
    Field { ty: &'a str, selections: Vec<ObjectShape<'a>> },
}

impl DocumentValidator {
    /// Call [`DocumentValidator::complexity`] first: it limits the number of fields, and rejects
    /// fragments that spread themselves.
    pub fn response_shape(
        &self,
        operation: &Operation<'_>,
        variables: &Variables,
    ) -> ResponseShape<'_> {
        let collector = FieldCollector { registry: &self.registry, operation, variables };
        let set = &operation.definition.node.selection_set.node;
        let root = self.root_type(operation.kind()).map(|root| collector.objects(root, &[set]));
        ResponseShape { root: root.unwrap_or_default() }
    }
}

impl<'r, 'd> FieldCollector<'r, 'd, '_> {
    /// The shapes of the possible object types of `parent`.
    fn objects(&self, parent: &'r MetaType, sets: &[&'d SelectionSet]) -> Vec<ObjectShape<'r>> {
        match parent {
            MetaType::Object { name, .. } => vec![self.object(name, parent, sets)],
            MetaType::Interface { possible_types, .. } | MetaType::Union { possible_types, .. } => {
                let types = possible_types.iter();
                let types = types.filter_map(|name| self.registry.types.get_key_value(name));
                types.map(|(name, ty)| self.object(name, ty, sets)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn object(
        &self,
        type_name: &'r str,
        ty: &'r MetaType,
        sets: &[&'d SelectionSet],
    ) -> ObjectShape<'r> {
        let grouped = self.collect(type_name, sets).into_iter();
        let fields = grouped.map(|(key, fields)| (key.clone(), self.field_shape(ty, &fields)));
        ObjectShape { type_name, fields: fields.collect() }
    }

    fn field_shape(&self, parent: &'r MetaType, fields: &[&'d Field]) -> FieldShape<'r> {
        let name = fields.first().map_or("", |field| field.name.node.as_str());
        if name == "__typename" {
            return FieldShape::TypeName;
        }
        let Some(field) = parent.field_by_name(name) else {
            return FieldShape::Unknown;
        };
        let selections =
            self.registry.concrete_type_by_name(&field.ty).map_or_else(Vec::new, |ty| {
                let sets: Vec<_> = fields.iter().map(|field| &field.selection_set.node).collect();
                self.objects(ty, &sets)
            });
        FieldShape::Field { ty: &field.ty, selections }
    }
}
