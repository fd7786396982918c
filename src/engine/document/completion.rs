//! Completes a response as the specification requires: an error propagates to the nearest nullable
//! position (specification §6.4.4), and fields are in the order of the document (§6.2.2, §7.2.2).
//!
//! async-graphql omits a field that fails, even if its type is non-null, and orders fields by when they
//! were resolved.

use apollo_compiler::ast::Type;
use async_graphql::{Name, PathSegment, Response, ServerError, Value, indexmap::IndexMap};

use super::{
    collected_fields::{CollectedField, ObjectFields},
    execution_document::TYPE_KEY,
};
use crate::error::{ApiError, ErrorCode};

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

    /// Makes each payload null that the budget of its request was too small for. It has one error, however
    /// many of its fields have failed.
    pub fn refuse_large_payloads(&self, response: &mut Response) {
        let Value::Object(data) = &mut response.data else { return };
        for field in &self.fields {
            let below = response.errors.iter().filter(|error| field.is_above(error));
            let mut api_errors = below.filter_map(|error| error.source::<ApiError>());
            let is_too_large = |error: &&ApiError| error.code() == ErrorCode::QueryTooComplex;
            let Some(error) = api_errors.find(is_too_large).cloned() else { continue };
            response.errors.retain(|error| !field.is_above(error));
            data.insert(Name::new(&field.key), Value::Null);
            let path = vec![PathSegment::Field(field.key.to_string())];
            let error = error.after_change().at(Some(field.pos));
            response.errors.push(ServerError { path, ..error });
        }
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
    /// Whether an error belongs to a field below this root field.
    fn is_above(&self, error: &ServerError) -> bool {
        let [PathSegment::Field(root), _, ..] = &error.path[..] else { return false };
        **root == *self.key
    }

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
