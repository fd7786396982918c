//! Signs tokens for development and scripts.

use chrono::TimeDelta;
use jsonwebtoken::{EncodingKey, Header, encode};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::sources::TokenSources;
use crate::time::Timestamp;

/// The claims and lifetime of a token to sign.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The `sub` claim, 1 to 255 bytes.
    pub sub: String,
    /// The `email` claim.
    pub email: Option<String>,
    /// The `name` claim.
    pub name: Option<String>,
    /// The time from `iat` to `exp`.
    pub ttl: TimeDelta,
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a String>,
}

impl TokenSources {
    /// Signs a token that these sources accept: HS256 with the current secret, and the first accepted
    /// issuer and audience. `None` if there is no secret.
    #[must_use]
    pub fn sign(&self, token: &NewToken, now: Timestamp) -> Option<String> {
        let secret = self.signing_secret()?.expose_secret();
        let claims = Claims {
            sub: &token.sub,
            iat: now.seconds(),
            exp: now.seconds() + token.ttl.num_seconds(),
            email: token.email.as_deref(),
            name: token.name.as_deref(),
            iss: self.validation.issuers.accepted.first(),
            aud: self.validation.audiences.accepted.first(),
        };
        encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes())).ok()
    }
}
