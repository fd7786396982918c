//! Completes a response as the specification requires: errors propagate to the nearest nullable
//! position (specification §6.4.4), and fields are in the order of the document (specification
//! §6.2.2, §7.2.2).
//!
//! async-graphql omits a field that fails, even if its type is non-null; returns null for an object
//! whose selected fields are all omitted; and orders fields by when they were resolved.

use async_graphql::{
    Name, PathSegment, Response, Value, indexmap::IndexMap, registry::MetaTypeName,
};

use super::response_shape::{FieldShape, ObjectShape, ResponseShape};

impl ResponseShape<'_> {
    /// Completes the response of an executed operation.
    ///
    /// A null of a nullable object type stays null, although async-graphql may have made it from an
    /// object without fields: it cannot be distinguished from an object that does not exist.
    pub fn complete_value(&self, response: &mut Response) {
        if self.root.is_empty() {
            return;
        }
        let Response { data, errors, .. } = response;
        if let Value::Null = data {
            *data = Value::Object(IndexMap::new());
        }
        let paths = || errors.iter().map(|error| &error.path[..]).filter(|path| !path.is_empty());
        // First, so that afterwards every null on a path was propagated from an error.
        for path in paths() {
            restore_objects(&self.root, data, path);
        }
        for path in paths() {
            if let Value::Object(fields) = data
                && propagate_null(&self.root, fields, path)
            {
                *data = Value::Null;
            }
        }
        if let Value::Object(fields) = data {
            order_fields(&self.root, fields);
        }
    }
}

/// Replaces the nulls on the path of an error by objects: a field failed there, so there was one.
fn restore_objects(objects: &[ObjectShape<'_>], mut value: &mut Value, path: &[PathSegment]) {
    let mut objects = objects;
    for segment in path {
        value = match (segment, value) {
            (PathSegment::Index(index), Value::List(items)) => match items.get_mut(*index) {
                Some(item) => item,
                None => return,
            },
            (PathSegment::Field(key), value) => {
                if let Value::Null = value {
                    *value = Value::Object(IndexMap::new());
                }
                let Value::Object(fields) = value else { return };
                let Some(FieldShape::Field { selections, .. }) = field_shape(objects, fields, key)
                else {
                    return;
                };
                objects = selections;
                match fields.get_mut(key.as_str()) {
                    Some(value) => value,
                    None => return,
                }
            }
            _ => return,
        };
    }
}

/// Writes the null of an error below this object. Returns whether the object itself becomes null.
fn propagate_null(
    objects: &[ObjectShape<'_>],
    fields: &mut IndexMap<Name, Value>,
    path: &[PathSegment],
) -> bool {
    let Some((PathSegment::Field(key), rest)) = path.split_first() else { return false };
    let Some(FieldShape::Field { ty, selections }) = field_shape(objects, fields, key) else {
        return false;
    };
    if let Some(value) = fields.get_mut(key.as_str()) {
        return propagate_null_at(ty, selections, value, rest);
    }
    // The field is omitted, whether it failed itself or a field below it.
    let non_null = MetaTypeName::create(ty).is_non_null();
    if !non_null {
        fields.insert(Name::new(key), Value::Null);
    }
    non_null
}

/// Writes the null of an error at this position or below it. Returns whether it propagates to the
/// parent, because this position is non-null.
fn propagate_null_at(
    ty: &str,
    selections: &[ObjectShape<'_>],
    value: &mut Value,
    path: &[PathSegment],
) -> bool {
    let declared = MetaTypeName::create(ty);
    let is_null = match (path.split_first(), declared.unwrap_non_null(), &mut *value) {
        (None, ..) => true,
        (Some((PathSegment::Index(index), rest)), MetaTypeName::List(ty), Value::List(items)) => {
            items.get_mut(*index).is_some_and(|item| propagate_null_at(ty, selections, item, rest))
        }
        (Some(_), MetaTypeName::Named(_), Value::Object(fields)) => {
            propagate_null(selections, fields, path)
        }
        _ => false,
    };
    if is_null && !declared.is_non_null() {
        *value = Value::Null;
        return false;
    }
    is_null
}

/// Orders the fields of an object and of all objects below it.
fn order_fields(objects: &[ObjectShape<'_>], fields: &mut IndexMap<Name, Value>) {
    let Some(object) = object_shape(objects, fields, None) else { return };
    if !object.is_in_order(fields) {
        let mut unordered = std::mem::take(fields);
        fields.reserve(unordered.len());
        for key in object.fields.keys() {
            if let Some((key, value)) = unordered.swap_remove_entry(key) {
                fields.insert(key, value);
            }
        }
        fields.extend(unordered);
    }
    let mut next = 0;
    for (key, shape) in &object.fields {
        let Some((found, value)) = fields.get_index_mut(next) else { return };
        if found != key {
            continue;
        }
        next += 1;
        if let FieldShape::Field { ty, selections } = shape
            && !selections.is_empty()
        {
            order_value(ty, selections, value);
        }
    }
}

fn order_value(ty: &str, selections: &[ObjectShape<'_>], value: &mut Value) {
    let declared = MetaTypeName::create(ty);
    match (declared.unwrap_non_null(), &mut *value) {
        (MetaTypeName::List(ty), Value::List(items)) => {
            for item in items {
                order_value(ty, selections, item);
            }
        }
        (MetaTypeName::Named(_), Value::Object(fields)) => order_fields(selections, fields),
        (MetaTypeName::Named(_), Value::Null) if declared.is_non_null() => {
            *value = Value::Object(IndexMap::new());
        }
        _ => {}
    }
}

fn field_shape<'s, 'a>(
    objects: &'s [ObjectShape<'a>],
    fields: &IndexMap<Name, Value>,
    key: &str,
) -> Option<&'s FieldShape<'a>> {
    object_shape(objects, fields, Some(key))?.fields.get(key)
}

/// The shape that matches these fields and the one that failed: by `__typename` if it is selected,
/// otherwise the smallest that has them all.
fn object_shape<'s, 'a>(
    objects: &'s [ObjectShape<'a>],
    fields: &IndexMap<Name, Value>,
    failed: Option<&str>,
) -> Option<&'s ObjectShape<'a>> {
    if let [only] = objects {
        return Some(only);
    }
    let possible = objects.iter().filter(|object| {
        let has_failed = failed.is_none_or(|key| object.fields.contains_key(key));
        has_failed && fields.iter().all(|(key, value)| object.can_have(key, value))
    });
    possible.min_by_key(|object| object.fields.len())
}

impl ObjectShape<'_> {
    fn can_have(&self, key: &Name, value: &Value) -> bool {
        match (self.fields.get(key), value) {
            (Some(FieldShape::TypeName), Value::String(name)) => name == self.type_name,
            (shape, _) => shape.is_some(),
        }
    }

    fn is_in_order(&self, fields: &IndexMap<Name, Value>) -> bool {
        let mut expected = self.fields.keys();
        fields.keys().all(|key| expected.any(|expected| expected == key))
    }
}
