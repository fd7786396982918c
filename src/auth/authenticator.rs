//! The authenticator: from an `Authorization` header to a viewer.

#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use http::{HeaderMap, header::AUTHORIZATION};
use jsonwebtoken::Algorithm;
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

use super::{
    cache::TokenCache,
    claims::Validation,
    error::{AuthError, AuthErrorReason},
    jwks::RemoteJwks,
    keys::{KeyLookupError, VerificationKey},
    revocations::{BoxError, RevocationLog, Revocations, Revoked},
    sources::TokenSources,
    token::Token,
    viewer::{UserId, Viewer},
};
use crate::time::{Clock, Timestamp};

/// How long ago revocations may have been confirmed before the server counts as not ready.
const MAX_REVOCATION_AGE: TimeDelta = TimeDelta::seconds(30);
/// How often revocations by other replicas are polled: they are effective within a second.
const REVOCATION_INTERVAL: Duration = Duration::from_millis(500);
/// How long polling may fail before no token is accepted without a refresh of its own.
const MAX_UNREFRESHED: TimeDelta = TimeDelta::seconds(5);
/// The longest wait of a request for that refresh.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(1);
/// The `Retry-After` while tokens cannot be verified.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Verifies bearer tokens and knows the revoked ones.
pub struct Authenticator {
    clock: Clock,
    secrets: Vec<Arc<VerificationKey>>,
    jwks: Option<Arc<RemoteJwks>>,
    validation: Validation,
    cache: TokenCache,
    revocations: Revocations,
    revocation_log: Box<dyn RevocationLog>,
    /// Held by the request that refreshes outdated revocations.
    refreshing: Mutex<()>,
    /// By how many milliseconds the `iat` of a token has been ahead of the clock, at most; the leeway limits it.
    max_lead: AtomicI64,
}

impl Authenticator {
    /// An authenticator that trusts these sources, and refuses what is revoked in that log.
    /// [`Authenticator::run`], or the first token that needs it, fetches the JWKS, and
    /// [`Authenticator::poll_revocations`] reads the log.
    #[must_use]
    pub fn new(
        sources: TokenSources,
        revocation_log: impl RevocationLog + 'static,
        clock: Clock,
    ) -> Arc<Self> {
        let secrets = sources.secrets.iter().map(VerificationKey::from_secret).map(Arc::new);
        let jwks = |url| Arc::new(RemoteJwks::new(url, clock.clone()));
        Arc::new(Self {
            secrets: secrets.collect(),
            jwks: sources.key_set.map(jwks),
            validation: sources.validation,
            cache: TokenCache::new(sources.cache),
            revocations: Revocations::default(),
            revocation_log: Box::new(revocation_log),
            refreshing: Mutex::default(),
            max_lead: AtomicI64::new(0),
            clock,
        })
    }

    /// Whether a JWKS is configured.
    #[must_use]
    pub fn has_key_set(&self) -> bool {
        self.jwks.is_some()
    }

    /// Refreshes the JWKS periodically; returns immediately if none is configured.
    pub async fn run(self: Arc<Self>) {
        if let Some(jwks) = &self.jwks {
            jwks.refresh_periodically().await;
        }
    }

    /// Whether every valid token can be verified.
    ///
    /// # Errors
    /// What is still missing, as a sentence for the operator.
    pub fn ready(&self) -> Result<(), &'static str> {
        match &self.jwks {
            Some(jwks) if !jwks.was_fetched() => Err("The key set could not be fetched yet."),
            _ => Ok(()),
        }
    }

    /// The viewer of a request with these headers; `None` if it has no `Authorization` header.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Option<Viewer>, AuthError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => {
                let value = value.to_str().map_err(|_| not_bearer())?;
                self.verify(bearer(value)?).await.map(Some)
            }
            _ => Err(AuthError::malformed("There are two `Authorization` headers: send one.")),
        }
    }

    /// The viewer of a long-lived connection, from the text of an `Authorization` header.
    pub async fn authenticate_connection(&self, authorization: &str) -> Result<Viewer, AuthError> {
        let viewer = self.verify(bearer(authorization)?).await?;
        self.check_unexpired(&viewer)?;
        Ok(viewer)
    }

    /// Rejects a token that is valid only by the leeway: a single request may use it, a long-lived
    /// connection may not.
    pub fn check_unexpired(&self, viewer: &Viewer) -> Result<(), AuthError> {
        let end = viewer.session().expires_at();
        if self.clock.now() < end { Ok(()) } else { Err(AuthError::expired(end)) }
    }

    /// Completes when the viewer's token expires, without leeway, or is revoked, also if that
    /// happened before the first poll: then a long-lived connection has to end.
    pub fn expired_or_revoked(
        self: &Arc<Self>,
        viewer: &Viewer,
    ) -> impl Future<Output = AuthError> + Send + 'static {
        let (authenticator, viewer) = (Arc::clone(self), viewer.clone());
        async move {
            let Self { clock, revocations, .. } = &*authenticator;
            let end = viewer.session().expires_at();
            tokio::select! {
                biased;
                () = clock.sleep_until(end) => AuthError::expired(end),
                error = revocations.revoked(&viewer, || clock.now()) => error,
            }
        }
    }

    /// Rejects these tokens of a user from now on, and ends the connections opened with them.
    pub fn revoke(&self, user: &UserId, revoked: impl IntoIterator<Item = Revoked>) {
        for revoked in revoked {
            self.revocations.add(user, revoked);
        }
    }

    /// Applies the revocations that any replica has written since the last call.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn refresh_revocations(&self) -> Result<(), BoxError> {
        loop {
            // What is written while the database reads may be missing.
            let read_at = self.clock.monotonic_millis();
            let last = self.revocations.last_revocation();
            let revocations = self.revocation_log.revocations_after(last).await?;
            if revocations.is_empty() {
                self.revocations.confirm(read_at);
                return Ok(());
            }
            for revocation in revocations {
                self.revocations.apply(revocation);
            }
        }
    }

    /// Refreshes the revocations periodically. A failure is logged once until a refresh succeeds.
    pub async fn poll_revocations(self: Arc<Self>) {
        let mut is_failing = false;
        loop {
            sleep(REVOCATION_INTERVAL).await;
            let refreshed = self.refresh_revocations().await;
            if let (Err(error), false) = (&refreshed, is_failing) {
                tracing::warn!(?error, "sign-outs cannot be read from the database: retrying");
            }
            is_failing = refreshed.is_err();
        }
    }

    /// Refreshes the revocations for requests that cannot wait for the next poll, all with one refresh.
    async fn refresh_outdated_revocations(&self) -> Result<(), AuthError> {
        let refresh = async {
            let _single_flight = self.refreshing.lock().await;
            if self.knows_revocations_within(MAX_UNREFRESHED) {
                return Ok(());
            }
            self.refresh_revocations().await
        };
        match timeout(REFRESH_TIMEOUT, refresh).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(AuthError::Unavailable {
                message: "Whether the token was signed out cannot be known at present: try again.",
                retry_after: RETRY_AFTER,
            }),
        }
    }

    /// The time by the clock that decides about expiry.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The time by the clock of the issuers, as far as it was seen to be ahead: an issuer writes the present
    /// into `iat`, so a token that its user gets later has a later one.
    #[must_use]
    pub fn issuer_now(&self) -> Timestamp {
        self.now().after(TimeDelta::milliseconds(self.max_lead.load(Ordering::SeqCst)))
    }

    /// Whether the server is ready to refuse what other replicas have revoked.
    #[must_use]
    pub fn knows_revocations(&self) -> bool {
        self.knows_revocations_within(MAX_REVOCATION_AGE)
    }

    fn knows_revocations_within(&self, age: TimeDelta) -> bool {
        self.revocations.age(self.clock.monotonic_millis()) <= age.num_milliseconds()
    }

    /// Deletes the revocations of sessions whose tokens have all expired.
    pub fn purge_revocations(&self) {
        self.revocations.purge(self.clock.now());
    }

    /// Verifies a token, its claims, and that it is not revoked.
    pub async fn verify(&self, token: &str) -> Result<Viewer, AuthError> {
        let now = self.clock.now();
        let leeway = self.validation.leeway;
        let is_valid = |viewer: &Viewer| !leeway.has_passed(viewer.session().expires_at(), now);
        let viewer = match self.cache.get(token, is_valid) {
            Some(viewer) => viewer,
            None => self.verify_uncached(token).await?,
        };
        self.revocations.check(&viewer, now)?;
        if !self.knows_revocations_within(MAX_UNREFRESHED) {
            self.refresh_outdated_revocations().await?;
            self.revocations.check(&viewer, now)?;
        }
        Ok(viewer)
    }

    async fn verify_uncached(&self, token: &str) -> Result<Viewer, AuthError> {
        let token = Token::parse(token)?;
        let keys = self.keys(&token).await?;
        let verifying_key = token.verifying_key(&keys)?;
        let is_hmac = token.algorithm == Algorithm::HS256;
        // Only now, because fetching the keys may have taken seconds.
        let now = self.clock.now();
        let claims = token.claims()?;
        let viewer = self.validation.validate(&claims, token.signing_input, is_hmac, now)?;
        let lead = viewer.session().issued_at().millis() - now.millis();
        self.max_lead.fetch_max(lead, Ordering::SeqCst);
        self.cache.insert(token.compact, viewer.clone(), verifying_key);
        Ok(viewer)
    }

    /// The keys that may verify the token. The family of its algorithm decides their source, so a
    /// public key is never used as an HMAC secret (RFC 8725 §2.1).
    async fn keys(&self, token: &Token<'_>) -> Result<Vec<Arc<VerificationKey>>, AuthError> {
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
        match &self.jwks {
            None => Err(no_source(token, "but only a secret is configured: set BETTER_AUTH_URL")),
            Some(jwks) => jwks
                .get_or_fetch(token.kid.as_deref(), token.algorithm)
                .await
                .map_err(|error| lookup_error(token, error)),
        }
    }
}

/// The token in `Bearer <token>` (RFC 6750 §2.1).
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
        .ok_or_else(not_bearer)
}

fn not_bearer() -> AuthError {
    AuthError::malformed("The header must read `Authorization: Bearer <token>`.")
}

fn no_source(token: &Token<'_>, but: &str) -> AuthError {
    AuthError::new(AuthErrorReason::AlgorithmNotAllowed, format!("The token is {token}, {but}."))
}

fn lookup_error(token: &Token<'_>, error: KeyLookupError) -> AuthError {
    let (reason, but) = match error {
        KeyLookupError::NeverFetched => {
            return AuthError::Unavailable {
                message: "The key set of the token's issuer could not be fetched yet: try again.",
                retry_after: RETRY_AFTER,
            };
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
