//! Gives an answer the shape that its document asks for.
//!
//! The library leaves out a field that fails, even where its type has no null; it makes a null of
//! an object none of whose fields is asked for, and it answers fields in the order in which they
//! are done. The GraphQL specification wants nulls carried up to where they are allowed (section
//! 6.4.4), and fields in the order of the document (sections 6.2.2 and 7.2.2).

use async_graphql::{
    Name, PathSegment, Response, Value, indexmap::IndexMap, registry::MetaTypeName,
};

use super::response_shape::{FieldShape, ObjectShape, ResponseShape};

/// The recursion ends where the shape does, whatever the answer holds.
impl ResponseShape<'_> {
    /// Puts the answer to an operation that ran into this shape.
    ///
    /// A null that stands for an object of a nullable type stays, though the library may have made
    /// it of an object without fields: it cannot be told from one that does not exist.
    pub fn complete_value(&self, response: &mut Response) {
        if self.root.is_empty() {
            return;
        }
        let Response { data, errors, .. } = response;
        if let Value::Null = data {
            *data = Value::Object(IndexMap::new());
        }
        let paths = || errors.iter().map(|error| &error.path[..]).filter(|path| !path.is_empty());
        // First of all, so that afterwards a null on the way is one that an error has left there.
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

/// Makes objects of the nulls on the way to an error: there was one, or nothing in it had failed.
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

/// Writes the null of an error selections this object; tells whether the object itself becomes null.
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
    // Whatever failed selections it, nothing of it is left.
    let non_null = MetaTypeName::create(ty).is_non_null();
    if !non_null {
        fields.insert(Name::new(key), Value::Null);
    }
    non_null
}

/// Writes the null of an error at this position or below; tells whether it has to be written
/// further up, because this one has no null (section 6.4.4 of the specification).
fn propagate_null_at(
    ty: &str,
    selections: &[ObjectShape<'_>],
    value: &mut Value,
    path: &[PathSegment],
) -> bool {
    let declared = MetaTypeName::create(ty);
    let failed = match (path.split_first(), declared.unwrap_non_null(), &mut *value) {
        (None, ..) => true,
        (Some((PathSegment::Index(index), rest)), MetaTypeName::List(ty), Value::List(items)) => {
            items.get_mut(*index).is_some_and(|item| propagate_null_at(ty, selections, item, rest))
        }
        (Some(_), MetaTypeName::Named(_), Value::Object(fields)) => {
            propagate_null(selections, fields, path)
        }
        _ => false,
    };
    if failed && !declared.is_non_null() {
        *value = Value::Null;
        return false;
    }
    failed
}

/// Orders the fields of an object and of all selections it.
fn order_fields(objects: &[ObjectShape<'_>], fields: &mut IndexMap<Name, Value>) {
    let Some(object) = object(objects, fields, None) else { return };
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
    for (key, slot) in &object.fields {
        let Some((found, value)) = fields.get_index_mut(next) else { return };
        if found != key {
            continue;
        }
        next += 1;
        if let FieldShape::Field { ty, selections } = slot
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

/// What the document says about a field of one of these objects.
fn field_shape<'s, 'a>(
    objects: &'s [ObjectShape<'a>],
    fields: &IndexMap<Name, Value>,
    key: &str,
) -> Option<&'s FieldShape<'a>> {
    object(objects, fields, Some(key))?.fields.get(key)
}

/// Which of these objects the fields make, with the one that failed: by `__typename` where it is
/// asked for, else the smallest that has them all.
fn object<'s, 'a>(
    objects: &'s [ObjectShape<'a>],
    fields: &IndexMap<Name, Value>,
    failed: Option<&str>,
) -> Option<&'s ObjectShape<'a>> {
    if let [only] = objects {
        return Some(only);
    }
    let possible = objects.iter().filter(|object| {
        let has_failed = failed.is_none_or(|key| object.fields.contains_key(key));
        has_failed && fields.iter().all(|(key, value)| object.may_have(key, value))
    });
    possible.min_by_key(|object| object.fields.len())
}

impl ObjectShape<'_> {
    fn may_have(&self, key: &Name, value: &Value) -> bool {
        match (self.fields.get(key), value) {
            (Some(FieldShape::TypeName), Value::String(name)) => name == self.type_name,
            (slot, _) => slot.is_some(),
        }
    }

    fn is_in_order(&self, fields: &IndexMap<Name, Value>) -> bool {
        let mut expected = self.fields.keys();
        fields.keys().all(|key| expected.any(|expected| expected == key))
    }
}
