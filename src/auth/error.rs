//! Authentication errors and their `WWW-Authenticate` challenge.

use std::{borrow::Cow, time::Duration};

use http::HeaderValue;

use crate::time::Timestamp;

/// The `extensions.reason` of an error with the code `UNAUTHENTICATED`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthErrorReason {
    /// The operation needs a token, and the request has none.
    TokenMissing,
    /// Another scheme, two headers, a token that is too large, or not a JWT access token.
    TokenMalformed,
    /// The algorithm is not supported, or not the one of the token's key.
    AlgorithmNotAllowed,
    /// The JWKS does not have the key, even after another fetch.
    UnknownKey,
    /// The key does not verify the signature.
    BadSignature,
    /// `exp` has passed.
    TokenExpired,
    /// `nbf` or `iat` is in the future.
    TokenNotYetValid,
    /// `iss` is missing or not accepted.
    WrongIssuer,
    /// `aud` is missing or not accepted.
    WrongAudience,
    /// `sub` is missing, or not a string of 1 to 255 bytes.
    SubjectMissing,
    /// The user has signed out.
    Revoked,
}

impl AuthErrorReason {
    /// The value that clients receive.
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

/// Why a request is not authenticated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuthError {
    /// The token is missing or invalid: 401.
    Unauthenticated {
        /// For programs.
        reason: AuthErrorReason,
        /// For people: the problem and what to do. It quotes at most 40 harmless characters of
        /// the token.
        message: Cow<'static, str>,
    },
    /// The token may be valid, but what it is verified with cannot be read at present, the JWKS or the
    /// revocations: 503.
    Unavailable {
        /// For people.
        message: &'static str,
        /// `Retry-After`, in whole seconds.
        retry_after: Duration,
    },
}

impl AuthError {
    /// The error of an operation that needs a viewer in a request without a token.
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

    /// `None` if the token is not the cause.
    #[must_use]
    pub fn reason(&self) -> Option<AuthErrorReason> {
        match self {
            Self::Unauthenticated { reason, .. } => Some(*reason),
            Self::Unavailable { .. } => None,
        }
    }

    /// The `WWW-Authenticate` challenge of every 401 (RFC 6750 §3).
    #[must_use]
    pub fn www_authenticate(&self) -> Option<HeaderValue> {
        const REALM: &str = "Bearer realm=\"tasks\"";
        match self {
            Self::Unavailable { .. } => None,
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

/// Replaces the characters that RFC 6750 §3 does not allow in `error_description`.
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

/// The first 40 characters of a value in a token, without those that have a meaning in a log, a
/// header or HTML.
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
        let error = AuthError::new(AuthErrorReason::BadSignature, "a \"b\\ \r\n`ü`");
        assert_eq!(
            error.www_authenticate().unwrap(),
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
