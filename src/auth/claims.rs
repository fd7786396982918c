//! Validates the claims of a verified token (RFC 7519 §4.1).

use std::slice;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    error::{AuthError, AuthErrorReason, quoted},
    scope::Scope,
    viewer::{Identity, Session, UserId, Viewer},
};
use crate::time::Timestamp;

const MAX_SUBJECT_BYTES: usize = 255;
/// How much of a SHA-256 digest is enough to tell sessions apart.
const DIGEST_BYTES: usize = 16;
/// The last millisecond of the year 9999: later dates are clamped to it.
const MAX_MILLIS: f64 = 253_402_300_799_999.0;

/// The rules that claims must satisfy.
#[derive(Default)]
pub(super) struct Validation {
    pub(super) issuers: AcceptedValues,
    pub(super) audiences: AcceptedValues,
    pub(super) leeway: Leeway,
}

/// The tolerated clock skew between issuer and server, in milliseconds.
#[derive(Clone, Copy, Default)]
pub(super) struct Leeway(pub(super) i64);

impl Leeway {
    /// A token is no longer valid at `exp` itself (RFC 7519 §4.1.4).
    pub(super) fn has_passed(self, expires_at: Timestamp, now: Timestamp) -> bool {
        now.millis() >= expires_at.millis() + self.0
    }

    fn is_in_future(self, instant: Timestamp, now: Timestamp) -> bool {
        instant.millis() > now.millis() + self.0
    }
}

/// The accepted values of `iss` or `aud`.
#[derive(Clone, Default)]
pub(super) struct AcceptedValues {
    /// Without a trailing slash; if empty, every value is accepted.
    pub(super) accepted: Vec<String>,
    /// Whether an HMAC-signed token may lack the claim.
    pub(super) lenient: bool,
}

impl AcceptedValues {
    fn accepts(&self, values: Option<&[Value]>, is_hmac: bool) -> bool {
        let is_accepted = |value: &Value| {
            value
                .as_str()
                .is_some_and(|value| self.accepted.iter().any(|known| known == bare(value)))
        };
        self.accepted.is_empty()
            || values.map_or(is_hmac && self.lenient, |values| values.iter().any(is_accepted))
    }
}

/// An issuer or audience without a trailing slash: some issuers write it, others do not.
pub(super) fn bare(url: &str) -> &str {
    url.strip_suffix('/').unwrap_or(url)
}

impl Validation {
    /// Validates the claims and makes the viewer. Only `sub` identifies the user: Better Auth signs
    /// mailed links with the same secret, and those have an `email` or `userId`, but no `sub`.
    ///
    /// The session's fingerprint is of the signing input, not of the whole token: some signatures
    /// have several encodings, and all of them are the same token.
    pub(super) fn validate(
        &self,
        claims: &Map<String, Value>,
        signing_input: &str,
        is_hmac: bool,
        now: Timestamp,
    ) -> Result<Viewer, AuthError> {
        let expires_at = numeric_date(claims, "exp")?.ok_or_else(|| {
            AuthError::malformed("The token has no `exp`: let the issuer limit its life.")
        })?;
        if self.leeway.has_passed(expires_at, now) {
            return Err(AuthError::expired(expires_at));
        }
        let in_future = |instant: &Timestamp| self.leeway.is_in_future(*instant, now);
        if let Some(start) = numeric_date(claims, "nbf")?.filter(in_future) {
            let message =
                format!("The token is not valid before {start} (`nbf`): wait, or set the clocks.");
            return Err(AuthError::new(AuthErrorReason::TokenNotYetValid, message));
        }
        let issued_at = numeric_date(claims, "iat")?;
        if let Some(at) = issued_at.filter(in_future) {
            let message =
                format!("The token was issued in the future, at {at} (`iat`): set the clocks.");
            return Err(AuthError::new(AuthErrorReason::TokenNotYetValid, message));
        }
        let issuer = claims.get("iss");
        if !self.issuers.accepts(issuer.map(slice::from_ref), is_hmac) {
            return Err(rejected(AuthErrorReason::WrongIssuer, "iss", issuer, "JWT_ISSUER"));
        }
        let audience = claims.get("aud");
        if !self.audiences.accepts(audience.map(one_or_many), is_hmac) {
            return Err(rejected(AuthErrorReason::WrongAudience, "aud", audience, "JWT_AUDIENCE"));
        }
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let non_empty = |name: &str| text(name).filter(|text| !text.is_empty());
        let (sid, jti) = (non_empty("sid"), non_empty("jti"));
        Ok(Viewer::new(Identity {
            id: subject(claims)?,
            email: text("email").map(str::to_owned),
            name: text("name").map(str::to_owned),
            image: text("image").map(str::to_owned),
            session: Session {
                id: sid.or(jti).map_or_else(|| fingerprint(signing_input), str::to_owned),
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

/// `aud` is a string or a list of strings (RFC 7519 §4.1.3).
fn one_or_many(claim: &Value) -> &[Value] {
    claim.as_array().map_or(slice::from_ref(claim), Vec::as_slice)
}

/// A `NumericDate` (RFC 7519 §2): seconds since 1970, possibly with a fraction, clamped to the range of
/// [`Timestamp`].
fn numeric_date(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, AuthError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_f64().ok_or_else(|| {
        let message =
            format!("The token's `{name}` is not a number: let the issuer write seconds.");
        AuthError::new(AuthErrorReason::TokenMalformed, message)
    })?;
    #[expect(clippy::cast_possible_truncation, reason = "clamped; fractions may be dropped")]
    let millis = (seconds * 1000.0).clamp(0.0, MAX_MILLIS) as i64;
    Ok(Timestamp::from_millis(millis))
}

/// Rejects NUL: PostgreSQL cannot store it in `text`.
fn subject(claims: &Map<String, Value>) -> Result<UserId, AuthError> {
    claims
        .get("sub")
        .and_then(Value::as_str)
        .filter(|sub| (1..=MAX_SUBJECT_BYTES).contains(&sub.len()) && !sub.contains('\0'))
        .map(UserId::new)
        .ok_or_else(|| {
            AuthError::new(
                AuthErrorReason::SubjectMissing,
                "The token names nobody: let the issuer put the id of the user into `sub`, 1 to 255 bytes.",
            )
        })
}

fn rejected(
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

/// Identifies a token or session without revealing the token.
fn fingerprint(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..DIGEST_BYTES])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Validates at second 1000, with accepted values for both claims and a leeway of 30 s.
    fn validate(claims: &Value, is_hmac: bool, lenient: bool) -> Result<Viewer, AuthErrorReason> {
        let accepted_values =
            |value: &str| AcceptedValues { accepted: vec![value.to_owned()], lenient };
        let validation = Validation {
            issuers: accepted_values("i"),
            audiences: accepted_values("a"),
            leeway: Leeway(30_000),
        };
        let now = Timestamp::from_seconds(1000).unwrap();
        validation.validate(claims.as_object().unwrap(), "token", is_hmac, now).map_err(|error| {
            let AuthError::Unauthenticated { reason, .. } = error else { panic!("{error:?}") };
            reason
        })
    }

    #[test]
    fn the_first_invalid_claim_is_reported() {
        use AuthErrorReason::{
            SubjectMissing, TokenExpired, TokenMalformed, TokenNotYetValid, WrongAudience,
            WrongIssuer,
        };
        // Each row corrects the claim that the previous one reports.
        let mut claims = json!({"exp": "1001", "nbf": 2000, "iat": 2000, "iss": 1, "aud": [],
            "sub": "", "id": "mallory", "userId": "mallory"});
        let corrections = [
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
        for (claim, value, reason) in corrections {
            claims[claim] = value;
            assert_eq!(validate(&claims, false, true).err(), Some(reason), "{claims}");
        }
        claims["sub"] = json!("s".repeat(255));
        assert_eq!(validate(&claims, false, true).unwrap().id().as_str().len(), 255);
    }

    #[test]
    fn a_claim_is_optional_only_if_lenient_and_only_with_hmac() {
        let bare = json!({"exp": 2000, "sub": "s"});
        assert!(validate(&bare, true, true).is_ok());
        assert_eq!(validate(&bare, true, false).err(), Some(AuthErrorReason::WrongIssuer));
        assert_eq!(validate(&bare, false, true).err(), Some(AuthErrorReason::WrongIssuer));
        let foreign = json!({"exp": 2000, "sub": "s", "aud": "b"});
        assert_eq!(validate(&foreign, true, true).err(), Some(AuthErrorReason::WrongAudience));
    }
}
