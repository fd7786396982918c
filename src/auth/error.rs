//! Why a token was refused, and how the client is told.

use std::{borrow::Cow, time::Duration};

use http::HeaderValue;

use crate::time::Timestamp;

/// The values of `extensions.reason` beside the code `UNAUTHENTICATED`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthErrorReason {
    /// No token came, where one is needed.
    TokenMissing,
    /// Another scheme, two headers, too large, or not a JWT that could be an access token.
    TokenMalformed,
    /// The algorithm is none that the server, or the token's key, is for.
    AlgorithmNotAllowed,
    /// The key set has no such key, also after it was fetched anew.
    UnknownKey,
    /// The signature is not by the key.
    BadSignature,
    /// `exp` has passed.
    TokenExpired,
    /// `nbf` has not come, or `iat` lies in the future.
    TokenNotYetValid,
    /// `iss` is missing or not trusted.
    WrongIssuer,
    /// `aud` is missing or does not name this server.
    WrongAudience,
    /// `sub` is missing, or not text of 1 to 255 bytes.
    SubjectMissing,
    /// Its user has signed out.
    Revoked,
}

impl AuthErrorReason {
    /// The name as clients see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TokenMissing => "TOKEN_MISSING",
            Self::TokenMalformed => "TOKEN_MALFORMED",
            Self::AlgorithmNotAllowed => "ALGORITHM_NOT_ALLOWED",
            Self::UnknownKey => "UNKNOWN_KEY",
            Self::BadSignature => "BAD_SIGNATURE",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::TokenNotYetValid => "TOKEN_NOT_YET_VALID",
            Self::WrongIssuer => "WRONG_ISSUER",
            Self::WrongAudience => "WRONG_AUDIENCE",
            Self::SubjectMissing => "SUBJECT_MISSING",
            Self::Revoked => "REVOKED",
        }
    }
}

/// Why nobody was let in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuthError {
    /// The token is missing or not good: 401.
    Unauthenticated {
        /// For programs.
        reason: AuthErrorReason,
        /// For people: what is wrong and what to do. It quotes at most 40 harmless characters of
        /// the token.
        message: Cow<'static, str>,
    },
    /// The token may be good, but no key set could be fetched yet: 503.
    KeysUnavailable {
        /// When to try again, in whole seconds.
        retry_after: Duration,
    },
}

impl AuthError {
    /// What an operation that needs a viewer is told when no token came with it.
    #[must_use]
    pub fn missing() -> Self {
        Self::new(AuthErrorReason::TokenMissing, "Send a token: `Authorization: Bearer <token>`.")
    }

    pub(super) fn new(reason: AuthErrorReason, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Unauthenticated { reason, message: message.into() }
    }

    pub(super) fn expired(at: Timestamp) -> Self {
        Self::new(
            AuthErrorReason::TokenExpired,
            format!("The token expired at {at}: get a new one."),
        )
    }

    pub(super) fn malformed(message: &'static str) -> Self {
        Self::new(AuthErrorReason::TokenMalformed, message)
    }

    /// Why, where the token is to blame.
    #[must_use]
    pub fn reason(&self) -> Option<AuthErrorReason> {
        match self {
            Self::Unauthenticated { reason, .. } => Some(*reason),
            Self::KeysUnavailable { .. } => None,
        }
    }

    /// The value of `WWW-Authenticate` (RFC 6750, section 3), which every 401 carries.
    #[must_use]
    pub fn www_authenticate(&self) -> Option<HeaderValue> {
        const REALM: &str = "Bearer realm=\"tasks\"";
        match self {
            Self::KeysUnavailable { .. } => None,
            Self::Unauthenticated { reason: AuthErrorReason::TokenMissing, .. } => {
                Some(HeaderValue::from_static(REALM))
            }
            Self::Unauthenticated { message, .. } => HeaderValue::try_from(format!(
                "{REALM}, error=\"invalid_token\", error_description=\"{}\"",
                description(message)
            ))
            .ok(),
        }
    }
}

/// Only the characters that RFC 6750 allows in an `error_description`.
fn description(message: &str) -> String {
    message
        .chars()
        .map(|char| match char {
            '"' | '`' => '\'',
            ' '..='~' if char != '\\' => char,
            _ => '?',
        })
        .collect()
}

/// What a message may quote from a token: 40 characters, none of which means anything in a log, a
/// header or a page.
pub(super) fn quoted(text: &str) -> String {
    let harmless = |char: char| {
        if char.is_ascii_alphanumeric() || "-_.:/+=@".contains(char) { char } else { '?' }
    };
    text.chars().take(40).map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_stays_inside_its_quotes() {
        let refusal = AuthError::new(AuthErrorReason::BadSignature, "a \"b\\ \r\n`ü`");
        assert_eq!(
            refusal.www_authenticate().unwrap(),
            "Bearer realm=\"tasks\", error=\"invalid_token\", error_description=\"a 'b? ??'?'\""
        );
        assert_eq!(AuthError::missing().www_authenticate().unwrap(), "Bearer realm=\"tasks\"");
    }

    #[test]
    fn a_quote_is_short_and_harmless() {
        assert_eq!(quoted("<b>\n\"x\"\u{202e}"), "?b???x??");
        assert_eq!(quoted(&"a".repeat(1000)).len(), 40);
    }
}
