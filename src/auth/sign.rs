//! Tokens of our own making, for development and for scripts.

use chrono::TimeDelta;
use jsonwebtoken::{EncodingKey, Header, encode};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::sources::TokenSources;
use crate::time::Timestamp;

/// What a new token says.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whose it is, 1 to 255 bytes.
    pub sub: String,
    /// Their address, to show.
    pub email: Option<String>,
    /// Their name, to show.
    pub name: Option<String>,
    /// How long it lasts.
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
    /// A token that these sources accept: HS256 by the present secret, with the issuer and audience
    /// that they ask for. `None` when there is no secret.
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
