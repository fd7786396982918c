//! Completes a response as the specification requires: an error propagates to the nearest nullable
//! position (specification §6.4.4), and fields are in the order of the document (§6.2.2, §7.2.2).
//!
//! async-graphql omits a field that fails, even if its type is non-null, and orders fields by when they
//! were resolved.

use apollo_compiler::ast::Type;
use async_graphql::{Name, Response, Value, indexmap::IndexMap};

use super::{
    collected_fields::{CollectedField, ObjectFields},
    execution_document::TYPE_KEY,
};

impl ObjectFields {
    /// Completes the response of an [`execution_document()`](super::execution_document()) of these fields.
    pub fn complete_response(&self, response: &mut Response) {
        let data = std::mem::take(&mut response.data);
        response.data = match data {
            Value::Object(fields) => self.complete(fields),
            _ if response.errors.is_empty() => Value::Null,
            // Each root field has failed.
            _ => self.complete(IndexMap::new()),
        };
    }

    /// The object with all its fields; null if one of them is null and must not be.
    fn complete(&self, mut values: IndexMap<Name, Value>) -> Value {
        let mut fields = IndexMap::with_capacity(self.fields.len());
        for field in &self.fields {
            let value = values.swap_remove(field.key.as_str()).unwrap_or_default();
            let value = field.complete(&field.definition.ty, value);
            if value == Value::Null && field.definition.ty.is_non_null() {
                return Value::Null;
            }
            fields.insert(Name::new(&field.key), value);
        }
        Value::Object(fields)
    }
}

impl CollectedField {
    fn complete(&self, ty: &Type, value: Value) -> Value {
        match (ty, value) {
            (Type::List(ty) | Type::NonNullList(ty), Value::List(items)) => {
                let items: Vec<_> = items.into_iter().map(|item| self.complete(ty, item)).collect();
                if ty.is_non_null() && items.contains(&Value::Null) {
                    return Value::Null;
                }
                Value::List(items)
            }
            (_, Value::Object(values)) => {
                let type_name = values.get(TYPE_KEY);
                let is_its = |object: &&ObjectFields| {
                    type_name.is_some_and(
                        |it| matches!(it, Value::String(name) if *object.type_name == **name),
                    )
                };
                match self.selections.iter().find(is_its) {
                    Some(object) => object.complete(values),
                    None => Value::Object(values),
                }
            }
            (_, value) => value,
        }
    }
}
