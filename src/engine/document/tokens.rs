//! Lexical tokens (specification §2.1.5): limits them, so that a huge document never reaches the parser,
//! and refuses what the parser lets through.
//!
//! apollo-parser drops a name without a colon from arguments, takes any token for the `$` of a variable
//! that has a description, and an empty selection set for one; the latter is no part of the specification of
//! September 2025. It also stumbles over commas where nobody writes any, as before the colon of an alias.

use std::borrow::Cow;

use apollo_parser::{Lexer, Token, TokenKind};
use async_graphql::ServerError;

use super::{
    limits::{Limits, too_complex},
    places::Places,
    syntax_error,
};

/// How many tokens are allowed for each that counts: white space, commas and comments do not.
const IGNORED_TOKENS: usize = 4;

/// Rejects a document at the first token above a limit, or out of place. What is no token counts as one; the
/// parser rejects it. Returns the text for the parser, with spaces for the commas, which mean the same, and
/// the places of the tokens.
pub(super) fn check<'a>(
    source: &'a str,
    limits: &Limits,
) -> Result<(Cow<'a, str>, Places), ServerError> {
    let (mut text, mut places) = (Cow::Borrowed(source), Places::new(source));
    let (mut tokens, mut all) = (0, 0);
    let mut grammar = Grammar::default();
    for token in Lexer::new(source) {
        all += 1;
        let most = limits.tokens.saturating_mul(IGNORED_TOKENS);
        if all > most {
            return Err(more_than("more than", most, "tokens, white space and comments included"));
        }
        if let Ok(token) = &token {
            match token.kind() {
                TokenKind::Comma => {
                    let at = token.index();
                    text.to_mut().replace_range(at..=at, " ");
                    continue;
                }
                TokenKind::Whitespace | TokenKind::Comment | TokenKind::Eof => continue,
                TokenKind::Name if token.data().len() > limits.name => {
                    return Err(more_than("a name of more than", limits.name, "letters"));
                }
                _ => {}
            }
            places.add(token.index());
            grammar.next(token).map_err(|expected| {
                let at = places.at(token.index());
                syntax_error(&format!("expected {expected}")).at(Some(at))
            })?;
        }
        tokens += 1;
        if tokens > limits.tokens {
            return Err(more_than("more than", limits.tokens, "tokens"));
        }
        if grammar.open.len() > limits.nesting {
            return Err(more_than("more than", limits.nesting, "nested brackets"));
        }
    }
    Ok((text, places))
}

fn more_than(what: &str, most: usize, unit: &str) -> ServerError {
    too_complex(&format!("the document has {what} {most} {unit}"))
}

/// What an open bracket begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Selections,
    /// Arguments, or definitions of variables.
    Arguments,
    InputObject,
    List,
}

/// What is known of the tokens so far.
#[derive(Default)]
struct Grammar {
    open: Vec<Bracket>,
    previous: Option<TokenKind>,
    expected: Option<(TokenKind, &'static str)>,
}

impl Grammar {
    /// # Errors
    /// What stands at the place of this token instead.
    fn next(&mut self, token: &Token<'_>) -> Result<(), &'static str> {
        let (kind, innermost) = (token.kind(), self.open.last().copied());
        if let Some((expected, name)) = self.expected.take()
            && kind != expected
        {
            return Err(name);
        }
        let follows = |kinds: &[TokenKind]| self.previous.is_some_and(|it| kinds.contains(&it));
        match (kind, innermost) {
            (TokenKind::LParen, _) => self.open.push(Bracket::Arguments),
            (TokenKind::LBracket, _) => self.open.push(Bracket::List),
            (TokenKind::LCurly, None | Some(Bracket::Selections)) => {
                self.open.push(Bracket::Selections);
            }
            (TokenKind::LCurly, _) => self.open.push(Bracket::InputObject),
            (TokenKind::RCurly, Some(Bracket::Selections)) if follows(&[TokenKind::LCurly]) => {
                return Err("a selection");
            }
            (TokenKind::RCurly | TokenKind::RParen | TokenKind::RBracket, _) => {
                self.open.pop();
            }
            (TokenKind::Name, Some(Bracket::Arguments | Bracket::InputObject))
                if !follows(&[
                    TokenKind::Colon,
                    TokenKind::Dollar,
                    TokenKind::Eq,
                    TokenKind::At,
                ]) =>
            {
                self.expected = Some((TokenKind::Colon, "`:`"));
            }
            (TokenKind::StringValue, Some(Bracket::Arguments))
                if !follows(&[TokenKind::Colon, TokenKind::Eq]) =>
            {
                self.expected = Some((TokenKind::Dollar, "`$`"));
            }
            _ => {}
        }
        self.previous = Some(kind);
        Ok(())
    }
}
