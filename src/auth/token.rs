//! A JWT in JWS compact serialization (RFC 7515 §3.1): its form, header and signature.

use std::{
    fmt::{self, Display},
    str::FromStr,
    sync::Arc,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use super::{
    error::{AuthError, AuthErrorReason, quoted},
    keys::VerificationKey,
};

const MAX_BYTES: usize = 8 * 1024;

/// A well-formed JWT whose signature is not verified yet.
pub(super) struct Token<'t> {
    pub(super) compact: &'t str,
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    /// JWS signing input: header and payload as the signature covers them.
    pub(super) signing_input: &'t str,
    payload: &'t str,
    signature: &'t str,
}

impl<'t> Token<'t> {
    /// Checks the size, the three parts and the header, but neither the signature nor the claims.
    pub(super) fn parse(compact: &'t str) -> Result<Self, AuthError> {
        if compact.len() > MAX_BYTES {
            return Err(AuthError::malformed(
                "The token is larger than 8 KiB: let the issuer put less into it.",
            ));
        }
        let (signing_input, signature) = compact.rsplit_once('.').ok_or_else(not_a_jwt)?;
        let (header, payload) = signing_input.split_once('.').ok_or_else(not_three_parts)?;
        if payload.contains('.') {
            return Err(not_three_parts());
        }
        let header = json_object(header).ok_or_else(|| {
            AuthError::malformed(
                "The token's header is not a JSON object: send the JWT as its issuer gave it.",
            )
        })?;
        check_type(&header)?;
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => {
                return Err(AuthError::malformed(
                    "The token's `kid` is not a string: let the issuer name its key.",
                ));
            }
        };
        let algorithm = algorithm(&header)?;
        Ok(Self { compact, algorithm, kid, signing_input, payload, signature })
    }

    /// The key that verifies the signature.
    pub(super) fn verifying_key<'k>(
        &self,
        keys: &'k [Arc<VerificationKey>],
    ) -> Result<&'k Arc<VerificationKey>, AuthError> {
        keys.iter()
            .find(|key| key.verifies(self.signing_input, self.signature, self.algorithm))
            .ok_or_else(|| {
                let message = match self.algorithm {
                    Algorithm::HS256 => "The token is HS256, but signed by none of the configured secrets: sign it with the very text of BETTER_AUTH_SECRET.".into(),
                    _ => format!("The token is {self}, but that key has not signed it as it is: get a new one."),
                };
                AuthError::new(AuthErrorReason::BadSignature, message)
            })
    }

    /// The claims. Call this only after [`Token::verifying_key`].
    pub(super) fn claims(&self) -> Result<Map<String, Value>, AuthError> {
        json_object(self.payload).ok_or_else(|| {
            AuthError::malformed(
                "The token's claims are not a JSON object: let the issuer sign claims.",
            )
        })
    }
}

/// The algorithm and the `kid`.
impl Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.algorithm)?;
        self.kid.as_ref().map_or(Ok(()), |kid| write!(f, ", kid {}", quoted(kid)))
    }
}

fn json_object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn not_a_jwt() -> AuthError {
    AuthError::malformed(
        "This is not a JWT. With Better Auth, send the token of `GET /api/auth/token`, not the one \
         of the session.",
    )
}

fn not_three_parts() -> AuthError {
    AuthError::malformed(
        "A JWT has three parts, separated by dots: send one that is signed, not encrypted.",
    )
}

/// Accepts access tokens only (RFC 8725 §3.11): the same keys sign logout and event tokens, and the
/// cookie in which Better Auth caches a session. RFC 9068 §2.1 also allows the long form of `at+jwt`.
fn check_type(header: &Map<String, Value>) -> Result<(), AuthError> {
    const TYPES: [&str; 3] = ["JWT", "at+jwt", "application/at+jwt"];
    match header.get("typ") {
        None => {}
        Some(Value::String(typ)) if TYPES.iter().any(|known| known.eq_ignore_ascii_case(typ)) => {}
        Some(_) => {
            return Err(AuthError::malformed(
                "The token's `typ` is not that of an access token (none, `JWT` or `at+jwt`). With Better \
                 Auth, send the token of `GET /api/auth/token`.",
            ));
        }
    }
    if header.contains_key("crit") {
        return Err(AuthError::malformed(
            "The token needs extensions (`crit`), and none is supported: let the issuer leave them out.",
        ));
    }
    Ok(())
}

fn algorithm(header: &Map<String, Value>) -> Result<Algorithm, AuthError> {
    let Some(Value::String(name)) = header.get("alg") else {
        return Err(AuthError::malformed(
            "The token's header has no `alg`: let the issuer name its algorithm.",
        ));
    };
    Algorithm::from_str(name)
        .ok()
        .filter(|algorithm| !matches!(algorithm, Algorithm::HS384 | Algorithm::HS512))
        .ok_or_else(|| {
            let name = quoted(name);
            AuthError::new(
                AuthErrorReason::AlgorithmNotAllowed,
                format!(
                    "The token's algorithm {name} is not supported: let the issuer sign with \
                     EdDSA, ES256, ES384, RS256, RS384, RS512, PS256, PS384, PS512 or, by a shared \
                     secret, HS256."
                ),
            )
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reason(text: &str) -> Option<AuthErrorReason> {
        match Token::parse(text).err()? {
            AuthError::Unauthenticated { reason, .. } => Some(reason),
            error @ AuthError::Unavailable { .. } => panic!("{error:?}"),
        }
    }

    #[test]
    fn the_format_is_checked_before_the_algorithm() {
        let malformed = Some(AuthErrorReason::TokenMalformed);
        for text in ["", "opaque", "a.b", "a.b.c.d.e", "..", "e30.e30.", "W10.e30.", "bm8.e30."] {
            assert_eq!(reason(text), malformed, "{text}");
        }
        let not_allowed = Some(AuthErrorReason::AlgorithmNotAllowed);
        let table = [
            (json!({"alg": "HS256"}), None),
            (json!({"alg": "EdDSA", "typ": "jwt", "kid": "k", "jku": "https://x"}), None),
            (json!({"alg": "ES384", "typ": "AT+JWT"}), None),
            (json!({"alg": "PS512", "typ": "application/at+jwt"}), None),
            (json!({"alg": "none"}), not_allowed),
            (json!({"alg": "hs256"}), not_allowed),
            (json!({"alg": "HS512"}), not_allowed),
            (json!({"alg": "ES512"}), not_allowed),
            (json!({"alg": 1}), malformed),
            (json!({"alg": "none", "typ": "logout+jwt"}), malformed),
            (json!({"alg": "EdDSA", "typ": "better-auth.session-cache+jwt"}), malformed),
            (json!({"alg": "EdDSA", "typ": ""}), malformed),
            (json!({"alg": "EdDSA", "kid": 1}), malformed),
            (json!({"alg": "EdDSA", "crit": []}), malformed),
        ];
        for (header, expected) in table {
            let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
            assert_eq!(reason(&format!("{header}.e30.")), expected, "{header}");
        }
        let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
        let sized = |size: usize| format!("{header}..{}", "a".repeat(size - header.len() - 2));
        assert_eq!(reason(&sized(8192)), None);
        assert_eq!(reason(&sized(8193)), malformed);
    }
}
