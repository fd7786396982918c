//! Writing JSON, piece by piece.

use std::{
    io::Write,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use uuid::Uuid;

use crate::{
    engine::document::CollectedField,
    store::{Budget, ColumnValue, StoreError, TooLarge},
    time::Timestamp,
};

/// The JSON of a response. Its size is checked after each object and each item, so the limit is exceeded by what one
/// of them shows at the most.
#[derive(Debug)]
pub struct Output {
    bytes: Vec<u8>,
    budget: Budget,
}

impl Output {
    /// What is written first has room for this.
    const ROOM: usize = 1024;

    pub fn new(budget: &Budget) -> Self {
        Self { bytes: Vec::with_capacity(Self::ROOM), budget: budget.clone() }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn check(&self) -> Result<(), TooLarge> {
        self.budget.at_most(self.bytes.len())
    }
}

impl Deref for Output {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Output {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

/// A response key as it is written before its value: with its quotes and colon.
#[derive(Clone, Debug)]
pub struct ResponseKey(Arc<[u8]>);

impl ResponseKey {
    /// The key of a field.
    pub fn of(selected: &CollectedField) -> Self {
        Self(format!("\"{}\":", selected.key).into_bytes().into())
    }

    pub fn write(&self, out: &mut Output) {
        out.extend_from_slice(&self.0);
    }
}

/// Fields with the keys under which they are shown.
pub type SelectionSet<T> = Vec<(ResponseKey, T)>;

/// What each field is to this reader, if it knows all of them.
pub fn selection_set<T>(
    selected: &[CollectedField],
    mut of: impl FnMut(&CollectedField) -> Option<T>,
) -> Option<SelectionSet<T>> {
    selected.iter().map(|selected| Some((ResponseKey::of(selected), of(selected)?))).collect()
}

/// An object with these fields.
pub fn object<T>(
    out: &mut Output,
    fields: &[(ResponseKey, T)],
    mut write: impl FnMut(&mut Output, &T) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    out.push(b'{');
    for (at, (key, field)) in fields.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        key.write(out);
        write(out, field)?;
    }
    out.push(b'}');
    Ok(out.check()?)
}

/// A list of these items.
pub fn list<T>(
    out: &mut Output,
    items: &[T],
    mut write: impl FnMut(&mut Output, &T) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    out.push(b'[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, item)?;
        out.check()?;
    }
    out.push(b']');
    Ok(())
}

/// What a column holds.
pub fn value(out: &mut Output, value: &ColumnValue<'_>) {
    match value {
        ColumnValue::Null => null(out),
        ColumnValue::Number(number) => self::number(out, *number),
        ColumnValue::Text(text) => string(out, text),
        ColumnValue::Id(id) => self::id(out, *id),
        ColumnValue::Date(day) => {
            let _ = write!(out, "\"{}\"", day.format("%Y-%m-%d"));
        }
        ColumnValue::Timestamp(instant) => self::instant(out, *instant),
    }
}

/// A text.
pub fn string(out: &mut Output, text: &str) {
    // To count them all, the processor takes many bytes at a time.
    let to_escape = text.bytes().filter(|byte| matches!(byte, ..b' ' | b'"' | b'\\')).count();
    if to_escape == 0 {
        quoted(out, text);
    } else {
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(&mut out.bytes, text);
    }
}

/// A text with nothing in it that has to be escaped.
pub fn quoted(out: &mut Output, plain: &str) {
    out.push(b'"');
    out.extend_from_slice(plain.as_bytes());
    out.push(b'"');
}

/// A text, or null.
pub fn optional_string(out: &mut Output, text: Option<&str>) {
    match text {
        Some(text) => string(out, text),
        None => null(out),
    }
}

/// An instant, or null.
pub fn optional_instant(out: &mut Output, instant: Option<Timestamp>) {
    match instant {
        Some(instant) => self::instant(out, instant),
        None => null(out),
    }
}

/// A list of ids.
pub fn ids(out: &mut Output, ids: &[Uuid]) -> Result<(), StoreError> {
    list(out, ids, |out, id| {
        self::id(out, *id);
        Ok(())
    })
}

/// Nothing.
pub fn null(out: &mut Output) {
    out.extend_from_slice(b"null");
}

/// True or false.
pub fn bool(out: &mut Output, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

/// A number.
pub fn number(out: &mut Output, number: i64) {
    let _ = write!(out, "{number}");
}

/// An id.
pub fn id(out: &mut Output, id: Uuid) {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    out.push(b'"');
    out.extend_from_slice(id.hyphenated().encode_lower(&mut text).as_bytes());
    out.push(b'"');
}

/// An instant as RFC 3339.
pub fn instant(out: &mut Output, instant: Timestamp) {
    out.push(b'"');
    out.extend_from_slice(&instant.rfc3339());
    out.push(b'"');
}
