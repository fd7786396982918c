//! Tokens of our own making, for development and for scripts.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use serde_json::json;

use super::sources::Sources;
use crate::clock::Instant;

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

impl Sources {
    /// A token that these sources accept: HS256 by the present secret, with the issuer and audience
    /// that they ask for. `None` when there is no secret.
    #[must_use]
    pub fn sign(&self, token: &NewToken, now: Instant) -> Option<String> {
        let secret = self.signing_secret()?.expose_secret();
        let issued_at = now.seconds();
        let mut claims = json!({
            "sub": token.sub,
            "iat": issued_at,
            "exp": issued_at + token.ttl.num_seconds(),
        });
        let rules = &self.rules;
        let others = [
            ("email", token.email.as_ref()),
            ("name", token.name.as_ref()),
            ("iss", rules.issuers.accepted.first()),
            ("aud", rules.audiences.accepted.first()),
        ];
        for (name, value) in others {
            if let Some(value) = value {
                claims[name] = json!(value);
            }
        }
        let header = r#"{"alg":"HS256","typ":"JWT"}"#;
        let encode = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
        let signed =
            format!("{}.{}", encode(header.as_bytes()), encode(claims.to_string().as_bytes()));
        let signature =
            hmac::sign(&hmac::Key::new(HMAC_SHA256, secret.as_bytes()), signed.as_bytes());
        Some(format!("{signed}.{}", encode(signature.as_ref())))
    }
}
