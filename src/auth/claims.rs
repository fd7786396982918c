//! The claims of a token whose signature is good.

use std::slice;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    error::{AuthError, AuthErrorReason, quoted},
    scope::Scope,
    viewer::{Person, Session, UserId, Viewer},
};
use crate::time::Timestamp;

/// How many bytes a `sub` may have.
const MAX_SUBJECT: usize = 255;
/// How many bytes of a SHA-256 tell sessions apart.
const DIGEST_BYTES: usize = 16;
/// The last millisecond of the year 9999, which stands for all that comes later.
const END_OF_TIME: f64 = 253_402_300_799_999.0;

/// What the claims must say.
#[derive(Default)]
pub(super) struct Validation {
    pub(super) issuers: AcceptedValues,
    pub(super) audiences: AcceptedValues,
    pub(super) leeway: Leeway,
}

/// How far clocks may differ, in milliseconds.
#[derive(Clone, Copy, Default)]
pub(super) struct Leeway(pub(super) i64);

impl Leeway {
    /// `exp` is the first instant at which the token is no longer good (RFC 7519, section 4.1.4).
    pub(super) fn has_passed(self, expires_at: Timestamp, now: Timestamp) -> bool {
        now.millis() >= expires_at.millis() + self.0
    }

    fn is_ahead(self, instant: Timestamp, now: Timestamp) -> bool {
        instant.millis() > now.millis() + self.0
    }
}

/// The values of which a claim must have one.
#[derive(Clone, Default)]
pub(super) struct AcceptedValues {
    /// Without a trailing slash; where there are none, anything goes.
    pub(super) accepted: Vec<String>,
    /// Whether the claim may be absent from a token that was signed by a secret.
    pub(super) lenient: bool,
}

impl AcceptedValues {
    fn admits(&self, values: Option<&[Value]>, is_hmac: bool) -> bool {
        let is_accepted = |value: &Value| {
            value.as_str().is_some_and(|value| self.accepted.iter().any(|it| it == bare(value)))
        };
        self.accepted.is_empty()
            || values.map_or(is_hmac && self.lenient, |values| values.iter().any(is_accepted))
    }
}

/// An issuer or audience without its trailing slash, about which issuers differ.
pub(super) fn bare(url: &str) -> &str {
    url.strip_suffix('/').unwrap_or(url)
}

impl Validation {
    /// Checks the claims in their order, and reads who it is. Only `sub` says that: mailed links
    /// may be signed by the same secret, and have an `email` or `userId` but no `sub`.
    ///
    /// `signed` is what the signature covers: a bearer can write some signatures in another way, and
    /// the token stays the same one.
    pub(super) fn viewer(
        &self,
        claims: &Map<String, Value>,
        signing_input: &str,
        is_hmac: bool,
        now: Timestamp,
    ) -> Result<Viewer, AuthError> {
        let expires_at = date(claims, "exp")?.ok_or_else(|| {
            AuthError::malformed("The token has no `exp`: let the issuer limit its life.")
        })?;
        if self.leeway.has_passed(expires_at, now) {
            return Err(AuthError::expired(expires_at));
        }
        let ahead = |instant: &Timestamp| self.leeway.is_ahead(*instant, now);
        if let Some(start) = date(claims, "nbf")?.filter(ahead) {
            let message =
                format!("The token is not valid before {start} (`nbf`): wait, or set the clocks.");
            return Err(AuthError::new(AuthErrorReason::TokenNotYetValid, message));
        }
        let issued_at = date(claims, "iat")?;
        if let Some(at) = issued_at.filter(ahead) {
            let message =
                format!("The token was issued in the future, at {at} (`iat`): set the clocks.");
            return Err(AuthError::new(AuthErrorReason::TokenNotYetValid, message));
        }
        let issuer = claims.get("iss");
        if !self.issuers.admits(issuer.map(slice::from_ref), is_hmac) {
            return Err(foreign(AuthErrorReason::WrongIssuer, "iss", issuer, "JWT_ISSUER"));
        }
        let audience = claims.get("aud");
        if !self.audiences.admits(audience.map(one_or_many), is_hmac) {
            return Err(foreign(AuthErrorReason::WrongAudience, "aud", audience, "JWT_AUDIENCE"));
        }
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let named = |name: &str| text(name).filter(|name| !name.is_empty());
        let sid = named("sid");
        Ok(Viewer::new(Person {
            id: subject(claims)?,
            email: text("email").map(str::to_owned),
            name: text("name").map(str::to_owned),
            image: text("image").map(str::to_owned),
            session: Session {
                id: sid.or(named("jti")).map_or_else(|| fingerprint(signing_input), str::to_owned),
                key: fingerprint(sid.unwrap_or(signing_input)),
                has_sid: sid.is_some(),
                issuer: text("iss").map(str::to_owned),
                issued_at,
                verified_at: now,
                expires_at,
                scopes: Scope::granted(claims.get("scope")),
            },
        }))
    }
}

/// `aud` may be a list (RFC 7519, section 4.1.3).
fn one_or_many(claim: &Value) -> &[Value] {
    claim.as_array().map_or(slice::from_ref(claim), Vec::as_slice)
}

/// A `NumericDate` (RFC 7519, section 2): seconds since 1970, perhaps with a fraction. What lies
/// before or beyond the calendar counts as its first or last instant.
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, AuthError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_f64().ok_or_else(|| {
        let message =
            format!("The token's `{name}` is not a number: let the issuer write seconds.");
        AuthError::new(AuthErrorReason::TokenMalformed, message)
    })?;
    #[expect(clippy::cast_possible_truncation, reason = "it is clamped, and whole enough")]
    let millis = (seconds * 1000.0).clamp(0.0, END_OF_TIME) as i64;
    Ok(Timestamp::from_millis(millis))
}

/// No database keeps a NUL in a text, so none is let in.
fn subject(claims: &Map<String, Value>) -> Result<UserId, AuthError> {
    claims
        .get("sub")
        .and_then(Value::as_str)
        .filter(|sub| (1..=MAX_SUBJECT).contains(&sub.len()) && !sub.contains('\0'))
        .map(UserId::new)
        .ok_or_else(|| {
            AuthError::new(
                AuthErrorReason::SubjectMissing,
                "The token names nobody: let the issuer put the id of the user into `sub`, 1 to 255 bytes.",
            )
        })
}

fn foreign(
    reason: AuthErrorReason,
    claim: &str,
    value: Option<&Value>,
    setting: &str,
) -> AuthError {
    let found = match value {
        None => {
            return AuthError::new(
                reason,
                format!("The token has no `{claim}`: let the issuer add it."),
            );
        }
        Some(Value::String(value)) => quoted(value),
        Some(_) => "another one".to_owned(),
    };
    let message = format!(
        "The token's `{claim}` is {found}, which the server does not accept: get a token for this \
         server, or name it in {setting}."
    );
    AuthError::new(reason, message)
}

/// Tells tokens or sessions apart, and does not let anyone in.
fn fingerprint(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..DIGEST_BYTES])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The answer of a server that binds both claims, at second 1000, with a leeway of 30 s.
    fn check(claims: &Value, is_hmac: bool, lenient: bool) -> Result<Viewer, AuthErrorReason> {
        let accepted_values =
            |value: &str| AcceptedValues { accepted: vec![value.to_owned()], lenient };
        let validation = Validation {
            issuers: accepted_values("i"),
            audiences: accepted_values("a"),
            leeway: Leeway(30_000),
        };
        let now = Timestamp::from_seconds(1000).unwrap();
        validation.viewer(claims.as_object().unwrap(), "token", is_hmac, now).map_err(|refusal| {
            let AuthError::Unauthenticated { reason, .. } = refusal else { panic!("{refusal:?}") };
            reason
        })
    }

    #[test]
    fn the_first_fault_in_the_order_is_told() {
        use AuthErrorReason::{
            SubjectMissing, TokenExpired, TokenMalformed, TokenNotYetValid, WrongAudience,
            WrongIssuer,
        };
        // Each row repairs the fault of the one before it.
        let mut claims = json!({"exp": "1001", "nbf": 2000, "iat": 2000, "iss": 1, "aud": [],
            "sub": "", "id": "mallory", "userId": "mallory"});
        let repairs = [
            ("exp", json!("1001"), TokenMalformed),
            ("exp", json!(null), TokenMalformed),
            ("exp", json!(-1e300), TokenExpired),
            ("exp", json!(970), TokenExpired),
            ("exp", json!(970.001), TokenNotYetValid),
            ("nbf", json!("now"), TokenMalformed),
            ("nbf", json!(1030.001), TokenNotYetValid),
            ("nbf", json!(1030), TokenNotYetValid),
            ("iat", json!(1030), WrongIssuer),
            ("iss", json!(["i"]), WrongIssuer),
            ("iss", json!("i//"), WrongIssuer),
            ("iss", json!("i/"), WrongAudience),
            ("aud", json!({"a": "a"}), WrongAudience),
            ("aud", json!([1, "b"]), WrongAudience),
            ("aud", json!(["b", "a/"]), SubjectMissing),
            ("sub", json!(1), SubjectMissing),
            ("sub", json!("s".repeat(256)), SubjectMissing),
            ("sub", json!("a\0"), SubjectMissing),
        ];
        for (claim, value, reason) in repairs {
            claims[claim] = value;
            assert_eq!(check(&claims, false, true).err(), Some(reason), "{claims}");
        }
        claims["sub"] = json!("s".repeat(255));
        assert_eq!(check(&claims, false, true).unwrap().id().as_str().len(), 255);
    }

    #[test]
    fn only_a_default_may_be_absent_and_only_with_a_secret() {
        let bare = json!({"exp": 2000, "sub": "s"});
        assert!(check(&bare, true, true).is_ok());
        assert_eq!(check(&bare, true, false).err(), Some(AuthErrorReason::WrongIssuer));
        assert_eq!(check(&bare, false, true).err(), Some(AuthErrorReason::WrongIssuer));
        let foreign = json!({"exp": 2000, "sub": "s", "aud": "b"});
        assert_eq!(check(&foreign, true, true).err(), Some(AuthErrorReason::WrongAudience));
    }
}
