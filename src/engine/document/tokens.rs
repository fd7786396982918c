//! Limits lexical tokens (specification §2.1.5), so that a huge document never reaches the parser.

use async_graphql::ServerError;

use super::limits::{Limits, too_complex};
use crate::error::{ApiError, ErrorCode};

/// Rejects a document at the first token above a limit.
pub(super) fn check(source: &str, limits: &Limits) -> Result<(), ServerError> {
    let (mut tokens, mut open) = (0, 0_usize);
    let mut rest = source.as_bytes();
    while let Some(token) = next_token(&mut rest)? {
        match token[0] {
            b'{' | b'(' | b'[' => open += 1,
            b'}' | b')' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
        tokens += keywords(token).max(1);
        if is_name(token[0]) && !token[0].is_ascii_digit() && token.len() > limits.name {
            let most = limits.name;
            return Err(too_complex(&format!(
                "the document has a name of more than {most} letters"
            )));
        }
        if tokens > limits.tokens {
            let most = limits.tokens;
            return Err(too_complex(&format!("the document has more than {most} tokens")));
        }
        if open > limits.nesting {
            let most = limits.nesting;
            return Err(too_complex(&format!("the document has more than {most} nested brackets")));
        }
    }
    Ok(())
}

/// Consumes the next token. Each invalid byte counts as a token; the parser rejects it.
fn next_token<'a>(rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, ServerError> {
    skip_ignored(rest);
    let Some(&first) = rest.first() else { return Ok(None) };
    let length = match first {
        b'_' | b'a'..=b'z' | b'A'..=b'Z' => count(rest, is_name),
        b'-' | b'0'..=b'9' => number(rest),
        b'"' if rest.starts_with(b"\"\"\"") => block_string(rest).ok_or_else(unterminated)?,
        b'"' => string(rest),
        b'.' if rest.starts_with(b"...") => 3,
        _ => 1,
    };
    let (token, after) = rest.split_at(length);
    *rest = after;
    Ok(Some(token))
}

/// Skips Ignored tokens (specification §2.1.6): white space, commas, the byte order mark, comments.
fn skip_ignored(rest: &mut &[u8]) {
    loop {
        let length = match rest {
            [b' ' | b'\t' | b'\r' | b'\n' | b',', ..] => 1,
            [0xEF, 0xBB, 0xBF, ..] => 3,
            [b'#', ..] => count(rest, |byte| !matches!(byte, b'\r' | b'\n')),
            _ => return,
        };
        *rest = &rest[length..];
    }
}

fn number(text: &[u8]) -> usize {
    let digits = |from: usize| from + count(&text[from..], |byte| byte.is_ascii_digit());
    let mut end = digits(1);
    if text.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if let Some(b'e' | b'E') = text.get(end) {
        end += 1;
        end = digits(end + usize::from(matches!(text.get(end), Some(b'+' | b'-'))));
    }
    end
}

/// Ends at the closing quote, or at the end of the line, where the parser reports it missing.
fn string(text: &[u8]) -> usize {
    let mut end = 1;
    while let Some(byte) = text.get(end) {
        match byte {
            b'"' => return end + 1,
            b'\r' | b'\n' => return end,
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
    text.len()
}

fn block_string(text: &[u8]) -> Option<usize> {
    const QUOTES: &[u8] = b"\"\"\"";
    let mut end = QUOTES.len();
    while end < text.len() {
        let after = &text[end..];
        if after.starts_with(QUOTES) {
            return Some(end + QUOTES.len());
        }
        end += if after.starts_with(b"\\\"\"\"") { 1 + QUOTES.len() } else { 1 };
    }
    None
}

/// The number of keywords that a token consists of: the parser reads `truetruetrue` in a list as
/// three values.
fn keywords(mut token: &[u8]) -> usize {
    let mut count = 0;
    while let Some(after) = [&b"true"[..], b"false", b"null"]
        .into_iter()
        .find_map(|keyword| token.strip_prefix(keyword))
    {
        token = after;
        count += 1;
    }
    count
}

fn is_name(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

fn count(text: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| belongs(**byte)).count()
}

fn unterminated() -> ServerError {
    ApiError::new(ErrorCode::GraphqlParseFailed, "Syntax error: a block string does not end")
        .at(None)
}
