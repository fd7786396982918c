//! Checks of text in inputs.

use crate::error::ApiError;

/// The maximum length of a title, in Unicode scalar values like the other limits.
pub const TITLE: usize = 500;
/// Of a tag or a list.
const NAME: usize = 50;
pub const DESCRIPTION: usize = 20_000;
pub const SEARCH: usize = 200;

/// A name or title: trimmed, and not empty.
pub fn title(field: &str, text: &str, most: usize) -> Result<String, ApiError> {
    let text = body(field, text, usize::MAX)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(ApiError::bad_input(field, format!("{} must not be empty.", last(field))));
    }
    at_most(field, text, most)?;
    Ok(text.to_owned())
}

/// The name of a tag or a list.
pub fn name(name: &str) -> Result<String, ApiError> {
    title("input.name", name, NAME)
}

/// The colour of a tag or a list, in lower case.
pub fn color(color: &str) -> Result<String, ApiError> {
    match color.strip_prefix('#') {
        Some(hex) if hex.len() == 6 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            Ok(color.to_ascii_lowercase())
        }
        _ => Err(ApiError::bad_input("input.color", "color must look like #1e90ff.")),
    }
}

/// A text of several lines, with `\n` as line ends.
pub fn body(field: &str, text: &str, most: usize) -> Result<String, ApiError> {
    let text = text.replace("\r\n", "\n");
    if let Some(control) = text.chars().find(|c| c.is_control() && !matches!(c, '\t' | '\n')) {
        let message = format!(
            "{} must not hold the control character U+{:04X}.",
            last(field),
            u32::from(control)
        );
        return Err(ApiError::bad_input(field, message));
    }
    at_most(field, &text, most)?;
    Ok(text)
}

/// Refuses a text that is longer than `most`.
pub fn at_most(field: &str, text: &str, most: usize) -> Result<(), ApiError> {
    let count = text.chars().count();
    if count > most {
        let message =
            format!("{} has {count} characters; at most {most} are allowed.", last(field));
        return Err(ApiError::bad_input(field, message));
    }
    Ok(())
}

/// The last part of a dotted path.
fn last(field: &str) -> &str {
    field.rsplit('.').next().unwrap_or(field)
}
