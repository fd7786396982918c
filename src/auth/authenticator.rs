//! The guard itself.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, header::AUTHORIZATION};
use jsonwebtoken::Algorithm;

use super::{
    cache::TokenCache,
    claims::Rules,
    jwks::RemoteKeys,
    keys::{Key, Miss},
    refusal::{Reason, Refusal},
    revocations::{Revocation, Revocations, Revoked},
    sources::Sources,
    token::Token,
    viewer::{UserId, Viewer},
};
use crate::clock::Clock;

/// What a client is told to wait while no key set could be fetched.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Lets in whoever shows a good token.
pub struct Authenticator {
    clock: Clock,
    secrets: Vec<Arc<Key>>,
    remote: Option<Arc<RemoteKeys>>,
    rules: Rules,
    cache: TokenCache,
    revocations: Revocations,
}

impl Authenticator {
    /// A guard who trusts these sources. A key set is fetched by [`Authenticator::run`], or with
    /// the first token that needs it.
    #[must_use]
    pub fn new(sources: Sources, clock: Clock) -> Arc<Self> {
        let remote = |url| Arc::new(RemoteKeys::new(url, clock.clone()));
        Arc::new(Self {
            secrets: sources.secrets.iter().map(Key::secret).map(Arc::new).collect(),
            remote: sources.key_set.map(remote),
            rules: sources.rules,
            cache: TokenCache::new(sources.cache),
            revocations: Revocations::default(),
            clock,
        })
    }

    /// Keeps the key set fresh, for as long as the server runs; ends at once where there is none.
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
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Option<Viewer>, Refusal> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => {
                let value = value.to_str().map_err(|_| no_bearer())?;
                self.verify(bearer(value)?).await.map(Some)
            }
            _ => Err(Refusal::malformed("There are two `Authorization` headers: send one.")),
        }
    }

    /// Who opens a connection that lasts, with this for the text of an `Authorization` header.
    ///
    /// # Errors
    /// When there is no good token in it, or one that lives on by the leeway alone: that is for
    /// single requests.
    pub async fn verify_live(&self, authorization: &str) -> Result<Viewer, Refusal> {
        let viewer = self.verify(bearer(authorization)?).await?;
        self.admit_live(&viewer)?;
        Ok(viewer)
    }

    /// Lets somebody who was let in keep a connection that lasts.
    ///
    /// # Errors
    /// When their token lives on by the leeway alone.
    pub fn admit_live(&self, viewer: &Viewer) -> Result<(), Refusal> {
        let end = viewer.session().expires_at();
        if self.clock.now() < end { Ok(()) } else { Err(Refusal::expired(end)) }
    }

    /// Waits for the end of a connection that lasts: until the token expires, by no leeway, or is
    /// refused since its user signs out. It listens from its first poll on, and sees then what came
    /// before.
    pub fn end_of(
        self: &Arc<Self>,
        viewer: &Viewer,
    ) -> impl Future<Output = Refusal> + Send + 'static {
        let (guard, viewer) = (Arc::clone(self), viewer.clone());
        async move {
            let end = viewer.session().expires_at();
            tokio::select! {
                biased;
                () = guard.clock.reaches(end) => Refusal::expired(end),
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
    pub fn learn(&self, revocations: impl IntoIterator<Item = Revocation>) {
        for revocation in revocations {
            self.revocations.learn(revocation);
        }
    }

    /// The number of the last sign-out that is known here.
    #[must_use]
    pub fn learned(&self) -> i64 {
        self.revocations.learned()
    }

    /// Forgets the revocations of sessions whose tokens have all expired.
    pub fn forget(&self) {
        self.revocations.forget(self.clock.now());
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// When it is not good, its key cannot be fetched, or its user has signed out.
    pub async fn verify(&self, token: &str) -> Result<Viewer, Refusal> {
        let now = self.clock.now();
        let leeway = self.rules.leeway;
        let lives = |viewer: &Viewer| !leeway.has_passed(viewer.session().expires_at(), now);
        let viewer = match self.cache.get(token, lives) {
            Some(viewer) => viewer,
            None => self.read(token).await?,
        };
        self.revocations.check(&viewer, now)?;
        Ok(viewer)
    }

    /// Whose token this is by what it says itself.
    async fn read(&self, token: &str) -> Result<Viewer, Refusal> {
        let token = Token::read(token)?;
        let keys = self.keys(&token).await?;
        let signer = token.signer(&keys)?;
        let by_secret = token.algorithm == Algorithm::HS256;
        // The time is asked here: the keys may have taken seconds to come.
        let now = self.clock.now();
        let viewer = self.rules.viewer(&token.claims()?, token.signed, by_secret, now)?;
        self.cache.insert(token.text, viewer.clone(), signer);
        Ok(viewer)
    }

    /// The keys that may have signed the token. The family of its algorithm decides where they come
    /// from, so no public key is ever taken for a secret (RFC 8725, section 2.1).
    async fn keys(&self, token: &Token<'_>) -> Result<Vec<Arc<Key>>, Refusal> {
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
                .find(token.kid.as_deref(), token.algorithm)
                .await
                .map_err(|miss| missed(token, miss)),
        }
    }
}

/// The token in `Authorization: Bearer <token>` (RFC 6750, section 2.1).
fn bearer(value: &str) -> Result<&str, Refusal> {
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

fn no_bearer() -> Refusal {
    Refusal::malformed("The header must read `Authorization: Bearer <token>`.")
}

fn no_source(token: &Token<'_>, but: &str) -> Refusal {
    Refusal::new(Reason::AlgorithmNotAllowed, format!("The token is {token}, {but}."))
}

fn missed(token: &Token<'_>, miss: Miss) -> Refusal {
    let (reason, but) = match miss {
        Miss::NeverFetched => return Refusal::KeysUnavailable { retry_after: RETRY_AFTER },
        Miss::UnknownKid => (
            Reason::UnknownKey,
            "but the key set has no such key: get a new token, of the issuer that BETTER_AUTH_URL or JWKS_URL names",
        ),
        Miss::NoKid => (
            Reason::UnknownKey,
            "but has no kid, and the key set has not exactly one key for that: let the issuer name its key",
        ),
        Miss::OtherAlgorithm => (
            Reason::AlgorithmNotAllowed,
            "but that key is for another algorithm: let the issuer sign as its key set says",
        ),
    };
    Refusal::new(reason, format!("The token is {token}, {but}."))
}
