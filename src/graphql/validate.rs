//! Text that clients send: how long it may be, and what may stand in it.

use crate::error::ApiError;

/// The most Unicode scalar values of a title.
pub const TITLE: usize = 500;
/// The most Unicode scalar values of the name of a tag or a list.
const NAME: usize = 50;
/// The most Unicode scalar values of a description.
pub const DESCRIPTION: usize = 20_000;
/// The most Unicode scalar values of what is searched for.
pub const SEARCH: usize = 200;

/// A name or title: without the space around it, and not empty.
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

/// The colour of a tag or a list, in small letters.
pub fn color(color: &str) -> Result<String, ApiError> {
    match color.strip_prefix('#') {
        Some(hex) if hex.len() == 6 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            Ok(color.to_ascii_lowercase())
        }
        _ => Err(ApiError::bad_input("input.color", "color must look like #1e90ff.")),
    }
}

/// A longer text as it was written, but for the line ends of Windows.
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

/// Refuses a text of more than `most` Unicode scalar values.
pub fn at_most(field: &str, text: &str, most: usize) -> Result<(), ApiError> {
    let count = text.chars().count();
    if count > most {
        let message =
            format!("{} has {count} characters; at most {most} are allowed.", last(field));
        return Err(ApiError::bad_input(field, message));
    }
    Ok(())
}

fn last(field: &str) -> &str {
    field.rsplit('.').next().unwrap_or(field)
}
