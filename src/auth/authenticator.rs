//! The guard itself.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use http::{HeaderMap, header::AUTHORIZATION};
use jsonwebtoken::Algorithm;

use super::{
    cache::TokenCache,
    claims::Validation,
    error::{AuthError, AuthErrorReason},
    jwks::RemoteKeys,
    keys::{Key, KeyLookupError},
    revocations::{Revocation, Revocations, Revoked},
    sources::TokenSources,
    token::Token,
    viewer::{UserId, Viewer},
};
use crate::time::Clock;

/// How old the news of sign-outs may be before the server counts as not ready.
const MAX_REVOCATION_AGE: TimeDelta = TimeDelta::seconds(30);
/// What a client is told to wait while no key set could be fetched.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Lets in whoever shows a good token.
pub struct Authenticator {
    clock: Clock,
    secrets: Vec<Arc<Key>>,
    remote: Option<Arc<RemoteKeys>>,
    validation: Validation,
    cache: TokenCache,
    revocations: Revocations,
}

impl Authenticator {
    /// A guard who trusts these sources. A key set is fetched by [`Authenticator::run`], or with
    /// the first token that needs it.
    #[must_use]
    pub fn new(sources: TokenSources, clock: Clock) -> Arc<Self> {
        let remote = |url| Arc::new(RemoteKeys::new(url, clock.clone()));
        Arc::new(Self {
            secrets: sources.secrets.iter().map(Key::secret).map(Arc::new).collect(),
            remote: sources.key_set.map(remote),
            validation: sources.validation,
            cache: TokenCache::new(sources.cache),
            revocations: Revocations::default(),
            clock,
        })
    }

    /// Whether there is a key set to refresh.
    #[must_use]
    pub fn has_key_set(&self) -> bool {
        self.remote.is_some()
    }

    /// Refreshes the key set for as long as it is polled; ends at once where there is none.
    pub async fn run(self: Arc<Self>) {
        if let Some(remote) = &self.remote {
            remote.keep_fresh().await;
        }
    }

    /// Whether every good token can be verified.
    ///
    /// # Errors
    /// Says what is still missing, in a sentence for whoever runs the server.
    pub fn ready(&self) -> Result<(), &'static str> {
        match &self.remote {
            Some(remote) if !remote.was_fetched() => Err("The key set could not be fetched yet."),
            _ => Ok(()),
        }
    }

    /// Who sends a request with these headers; `None` when it has no `Authorization` at all.
    ///
    /// # Errors
    /// When there is one, but no good token in it.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Option<Viewer>, AuthError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => {
                let value = value.to_str().map_err(|_| no_bearer())?;
                self.verify(bearer(value)?).await.map(Some)
            }
            _ => Err(AuthError::malformed("There are two `Authorization` headers: send one.")),
        }
    }

    /// Who opens a connection that lasts, with this for the text of an `Authorization` header.
    ///
    /// # Errors
    /// When there is no good token in it, or one that lives on by the leeway alone: that is for
    /// single requests.
    pub async fn verify_live(&self, authorization: &str) -> Result<Viewer, AuthError> {
        let viewer = self.verify(bearer(authorization)?).await?;
        self.admit_live(&viewer)?;
        Ok(viewer)
    }

    /// Lets somebody who was let in keep a connection that lasts.
    ///
    /// # Errors
    /// When their token lives on by the leeway alone.
    pub fn admit_live(&self, viewer: &Viewer) -> Result<(), AuthError> {
        let end = viewer.session().expires_at();
        if self.clock.now() < end { Ok(()) } else { Err(AuthError::expired(end)) }
    }

    /// Waits for the end of a connection that lasts: until the token expires, by no leeway, or is
    /// refused since its user signs out. It listens from its first poll on, and sees then what came
    /// before.
    pub fn end_of(
        self: &Arc<Self>,
        viewer: &Viewer,
    ) -> impl Future<Output = AuthError> + Send + 'static {
        let (guard, viewer) = (Arc::clone(self), viewer.clone());
        async move {
            let end = viewer.session().expires_at();
            tokio::select! {
                biased;
                () = guard.clock.sleep_until(end) => AuthError::expired(end),
                refusal = guard.revocations.end_of(&viewer, || guard.clock.now()) => refusal,
            }
        }
    }

    /// Refuses these tokens of a user from now on, and ends what was opened by them.
    pub fn revoke(&self, user: &UserId, revoked: impl IntoIterator<Item = Revoked>) {
        for revoked in revoked {
            self.revocations.add(user, revoked);
        }
    }

    /// Refuses what users have signed out of, at this server or another one.
    pub fn apply_revocations(&self, revocations: impl IntoIterator<Item = Revocation>) {
        for revocation in revocations {
            self.revocations.apply(revocation);
        }
    }

    /// The number of the last sign-out that is known here.
    #[must_use]
    pub fn last_revocation(&self) -> i64 {
        self.revocations.last_revocation()
    }

    /// Notes that all sign-outs up to now are known here.
    pub fn confirm_revocations(&self) {
        self.revocations.confirm(self.clock.now());
    }

    /// Whether all sign-outs are known here but for those of the last seconds: otherwise a token that was
    /// signed out of at another replica may still be accepted.
    #[must_use]
    pub fn knows_revocations(&self) -> bool {
        self.clock.now() <= self.revocations.confirmed_at().after(MAX_REVOCATION_AGE)
    }

    /// Removes the revocations of sessions whose tokens have all expired.
    pub fn purge_revocations(&self) {
        self.revocations.purge(self.clock.now());
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// When it is not good, its key cannot be fetched, or its user has signed out.
    pub async fn verify(&self, token: &str) -> Result<Viewer, AuthError> {
        let now = self.clock.now();
        let leeway = self.validation.leeway;
        let lives = |viewer: &Viewer| !leeway.has_passed(viewer.session().expires_at(), now);
        let viewer = match self.cache.get(token, lives) {
            Some(viewer) => viewer,
            None => self.read(token).await?,
        };
        self.revocations.check(&viewer, now)?;
        Ok(viewer)
    }

    /// Whose token this is by what it says itself.
    async fn read(&self, token: &str) -> Result<Viewer, AuthError> {
        let token = Token::read(token)?;
        let keys = self.keys(&token).await?;
        let verifying_key = token.verifying_key(&keys)?;
        let is_hmac = token.algorithm == Algorithm::HS256;
        // The time is asked here: the keys may have taken seconds to come.
        let now = self.clock.now();
        let viewer = self.validation.viewer(&token.claims()?, token.signing_input, is_hmac, now)?;
        self.cache.insert(token.compact, viewer.clone(), verifying_key);
        Ok(viewer)
    }

    /// The keys that may have signed the token. The family of its algorithm decides where they come
    /// from, so no public key is ever taken for a secret (RFC 8725, section 2.1).
    async fn keys(&self, token: &Token<'_>) -> Result<Vec<Arc<Key>>, AuthError> {
        if token.algorithm == Algorithm::HS256 {
            return if self.secrets.is_empty() {
                Err(no_source(
                    token,
                    "but only a key set is configured: send a token of its issuer, or set BETTER_AUTH_SECRET",
                ))
            } else {
                Ok(self.secrets.clone())
            };
        }
        match &self.remote {
            None => Err(no_source(token, "but only a secret is configured: set BETTER_AUTH_URL")),
            Some(remote) => remote
                .get_or_fetch(token.kid.as_deref(), token.algorithm)
                .await
                .map_err(|error| lookup_error(token, error)),
        }
    }
}

/// The token in `Authorization: Bearer <token>` (RFC 6750, section 2.1).
fn bearer(value: &str) -> Result<&str, AuthError> {
    let is_token = |token: &&str| {
        let body = token.trim_end_matches('=');
        !body.is_empty()
            && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
    };
    value
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map(|(_, token)| token.trim_matches(' '))
        .filter(is_token)
        .ok_or_else(no_bearer)
}

fn no_bearer() -> AuthError {
    AuthError::malformed("The header must read `Authorization: Bearer <token>`.")
}

fn no_source(token: &Token<'_>, but: &str) -> AuthError {
    AuthError::new(AuthErrorReason::AlgorithmNotAllowed, format!("The token is {token}, {but}."))
}

fn lookup_error(token: &Token<'_>, error: KeyLookupError) -> AuthError {
    let (reason, but) = match error {
        KeyLookupError::NeverFetched => {
            return AuthError::KeysUnavailable { retry_after: RETRY_AFTER };
        }
        KeyLookupError::UnknownKid => (
            AuthErrorReason::UnknownKey,
            "but the key set has no such key: get a new token, of the issuer that BETTER_AUTH_URL or JWKS_URL names",
        ),
        KeyLookupError::NoKid => (
            AuthErrorReason::UnknownKey,
            "but has no kid, and the key set has not exactly one key for that: let the issuer name its key",
        ),
        KeyLookupError::OtherAlgorithm => (
            AuthErrorReason::AlgorithmNotAllowed,
            "but that key is for another algorithm: let the issuer sign as its key set says",
        ),
    };
    AuthError::new(reason, format!("The token is {token}, {but}."))
}
