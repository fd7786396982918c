//! Real tokens.

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use taskward::clock::Instant;

/// The secret that the server and the tests share.
pub const SECRET: &str = "a secret that only the tests and the server know";

/// A token of that user, good for an hour.
pub fn of(sub: &str, now: Instant) -> String {
    with(&json!({
        "sub": sub,
        "email": format!("{sub}@example.com"),
        "name": sub,
        "iat": now.seconds(),
        "exp": now.seconds() + 3600,
    }))
}

/// A token that says this.
pub fn with(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}
