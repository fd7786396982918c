//! Writing JSON, piece by piece.

use std::fmt::Display;
use std::io::Write;

use uuid::Uuid;

use crate::{clock::Instant, document::Selected};

/// A response key as it is written before its value: with its quotes and colon.
#[derive(Debug)]
pub struct Key(Box<[u8]>);

impl Key {
    /// The key of a field.
    pub fn of(selected: &Selected<'_>) -> Self {
        Self(format!("\"{}\":", selected.key).into_bytes().into())
    }
}

/// Fields with the keys under which they are shown.
pub type Keyed<T> = Vec<(Key, T)>;

/// What each field is to this reader, if it knows all of them.
pub fn keyed<T>(
    selected: &[Selected<'_>],
    of: impl Fn(&Selected<'_>) -> Option<T>,
) -> Option<Keyed<T>> {
    selected.iter().map(|selected| Some((Key::of(selected), of(selected)?))).collect()
}

/// An object with these fields.
pub fn object<'k, T>(
    out: &mut Vec<u8>,
    fields: impl IntoIterator<Item = (&'k Key, T)>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    let mut separator = b'{';
    for (Key(key), field) in fields {
        out.push(separator);
        out.extend_from_slice(key);
        write(out, field);
        separator = b',';
    }
    out.push(b'}');
}

/// A list of these items.
pub fn list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

/// A value, or null.
pub fn nullable<T>(out: &mut Vec<u8>, value: Option<T>, write: impl FnOnce(&mut Vec<u8>, T)) {
    match value {
        Some(value) => write(out, value),
        None => out.extend_from_slice(b"null"),
    }
}

/// A text.
pub fn string(out: &mut Vec<u8>, text: &str) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

/// What is written with nothing that has to be escaped.
pub fn quoted(out: &mut Vec<u8>, plain: impl Display) {
    let _ = write!(out, "\"{plain}\"");
}

pub fn bool(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

pub fn number(out: &mut Vec<u8>, number: i32) {
    let _ = write!(out, "{number}");
}

pub fn id(out: &mut Vec<u8>, id: Uuid) {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    out.push(b'"');
    out.extend_from_slice(id.hyphenated().encode_lower(&mut text).as_bytes());
    out.push(b'"');
}

pub fn instant(out: &mut Vec<u8>, instant: Instant) {
    out.push(b'"');
    out.extend_from_slice(&instant.rfc3339());
    out.push(b'"');
}
