//! An issuer's JWKS (JWK set), fetched and refreshed.
//!
//! ```text
//!  every 10 minutes ───────────────────┐
//!                                      ├─► single flight ─► GET ─┬─ success: replaces the set
//!  unknown kid ─► lock, look up again, ┘   (fetch_lock)          └─ failure: keeps the old set
//!                 token bucket
//! ```

use std::{
    error::Error,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jsonwebtoken::Algorithm;
use reqwest::{Client, redirect::Policy};
use tokio::{sync::Mutex, time::sleep};
use url::{Position, Url};

use super::keys::{JwkSet, KeyLookupError, VerificationKey};
use crate::time::Clock;

const REFRESH_INTERVAL: Duration = Duration::from_mins(10);
/// The delay after a failed fetch; it doubles with each further failure.
const MIN_RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);
/// For a whole fetch, redirects included.
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_BYTES: usize = 256 * 1024;
const MAX_REDIRECTS: usize = 3;

/// The JWKS at a URL.
pub(super) struct RemoteJwks {
    url: Url,
    clock: Clock,
    /// `None` until a fetch succeeds.
    set: RwLock<Option<JwkSet>>,
    fetches_started: AtomicU64,
    /// Held during a fetch (single flight).
    fetch_lock: Mutex<TokenBucket>,
}

impl RemoteJwks {
    pub(super) fn new(url: Url, clock: Clock) -> Self {
        Self {
            url,
            clock,
            set: RwLock::default(),
            fetches_started: AtomicU64::default(),
            fetch_lock: Mutex::default(),
        }
    }

    pub(super) fn was_fetched(&self) -> bool {
        self.set.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(super) async fn refresh_periodically(&self) {
        let mut retry_delay = MIN_RETRY_DELAY;
        loop {
            let fetch_lock = self.fetch_lock.lock().await;
            let fetched = self.fetch().await;
            drop(fetch_lock);
            sleep(if fetched { REFRESH_INTERVAL } else { retry_delay }).await;
            retry_delay =
                if fetched { MIN_RETRY_DELAY } else { MAX_RETRY_DELAY.min(retry_delay * 2) };
        }
    }

    /// The keys for a token with this `kid` and algorithm. Fetches the JWKS if the `kid` is unknown.
    pub(super) async fn get_or_fetch(
        self: &Arc<Self>,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<Arc<VerificationKey>>, KeyLookupError> {
        let started = self.fetches_started.load(Ordering::SeqCst);
        let found = self.get(kid, algorithm);
        if !is_refreshable(&found) {
            return found;
        }
        // In a separate task: a client that disconnects must not cancel a fetch others wait for.
        let refresh = Arc::clone(self).refresh_and_get(kid.map(str::to_owned), algorithm, started);
        tokio::spawn(refresh).await.unwrap_or(found)
    }

    /// Fetches the JWKS, unless the key has appeared, another fetch has started since the first
    /// lookup, or the token bucket is empty.
    async fn refresh_and_get(
        self: Arc<Self>,
        kid: Option<String>,
        algorithm: Algorithm,
        started: u64,
    ) -> Result<Vec<Arc<VerificationKey>>, KeyLookupError> {
        let mut bucket = self.fetch_lock.lock().await;
        let found = self.get(kid.as_deref(), algorithm);
        let fetch = is_refreshable(&found)
            && self.fetches_started.load(Ordering::SeqCst) == started
            && bucket.try_acquire(self.clock.now().millis());
        if fetch && self.fetch().await { self.get(kid.as_deref(), algorithm) } else { found }
    }

    fn get(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<Arc<VerificationKey>>, KeyLookupError> {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        set.as_ref().ok_or(KeyLookupError::NeverFetched)?.find(kid, algorithm)
    }

    /// Replaces the set and returns whether the fetch succeeded. The caller holds `fetch_lock`.
    async fn fetch(&self) -> bool {
        self.fetches_started.fetch_add(1, Ordering::SeqCst);
        let parsed = download(&self.url).await.and_then(|document| {
            let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
            JwkSet::parse(&document, set.as_ref())
        });
        let url = redacted(&self.url);
        match parsed {
            Ok(set) => {
                if set.is_empty() {
                    tracing::warn!(%url, "the JWKS has no usable key");
                }
                *self.set.write().unwrap_or_else(PoisonError::into_inner) = Some(set);
                true
            }
            Err(error) => {
                tracing::warn!(%url, error, "cannot fetch the JWKS");
                false
            }
        }
    }
}

fn is_refreshable(found: &Result<Vec<Arc<VerificationKey>>, KeyLookupError>) -> bool {
    matches!(found, Err(KeyLookupError::NeverFetched | KeyLookupError::UnknownKid))
}

/// Builds a new client for each fetch, so that it uses the system's current root certificates.
async fn download(url: &Url) -> Result<Vec<u8>, String> {
    let redirects = Policy::custom(|attempt| {
        if attempt.previous().len() > MAX_REDIRECTS {
            attempt.error("too many redirects")
        } else if attempt.url().scheme() == "https" {
            attempt.follow()
        } else {
            attempt.error("it redirects to a URL that is not https")
        }
    });
    let client =
        Client::builder().timeout(TIMEOUT).redirect(redirects).build().map_err(describe)?;
    let mut response = client.get(url.clone()).send().await.map_err(describe)?;
    let status = response.status();
    if !status.is_success() {
        return Err(format!("unexpected status ({status})"));
    }
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(describe)? {
        document.extend_from_slice(&chunk);
        if document.len() > MAX_BYTES {
            return Err(format!("it is larger than {MAX_BYTES} bytes"));
        }
    }
    Ok(document)
}

/// The error's message, followed by those of its sources, without the URL.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// The URL without userinfo and query, which may be secret.
pub(crate) fn redacted(url: &Url) -> String {
    let host_and_path = &url[Position::BeforeHost..Position::AfterPath];
    format!("{}://{host_and_path}", url.scheme())
}

/// Limits the fetches for unknown keys to a burst of three, and one every 30 seconds: tokens with
/// made-up keys can neither flood the issuer nor delay the fetch of a new key for longer.
#[derive(Default)]
struct TokenBucket {
    /// When the bucket is full, in milliseconds since the epoch.
    full_at: i64,
}

impl TokenBucket {
    const REFILL: i64 = 30_000;
    const SIZE: i64 = 3 * Self::REFILL;

    /// Setting the clock back empties the bucket, but does not keep it from refilling.
    fn try_acquire(&mut self, now: i64) -> bool {
        self.full_at = self.full_at.clamp(now, now + Self::SIZE);
        let acquired = self.full_at + Self::REFILL <= now + Self::SIZE;
        if acquired {
            self.full_at += Self::REFILL;
        }
        acquired
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, response::Redirect, routing::get};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_document_must_be_small_and_without_insecure_redirects() {
        let routes = Router::new()
            .route("/full", get(|| async { "x".repeat(MAX_BYTES) }))
            .route("/over", get(|| async { "x".repeat(MAX_BYTES + 1) }))
            .route("/moved", get(|| async { Redirect::permanent("/full") }))
            .route("/lost", get(|| async { (StatusCode::FOUND, r#"{"keys": []}"#) }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async { axum::serve(listener, routes).await });
        let table = [
            ("full", ""),
            ("over", "it is larger than 262144 bytes"),
            ("moved", "it redirects to a URL that is not https"),
            ("lost", "(302 Found)"),
            ("none", "(404 Not Found)"),
        ];
        for (path, expected) in table {
            let url = Url::parse(&format!("http://{address}/{path}")).unwrap();
            let error = download(&url).await.err().unwrap_or_default();
            assert!(error.ends_with(expected), "{path}: {error}");
        }
    }

    #[test]
    fn the_bucket_holds_three_and_refills_by_one_every_30_seconds() {
        let mut bucket = TokenBucket::default();
        let start = 1_800_000_000_000;
        let mut at = |seconds: i64| bucket.try_acquire(start + seconds * 1000);
        assert_eq!([at(0), at(0), at(0), at(0)], [true, true, true, false]);
        assert_eq!([at(29), at(30), at(30)], [false, true, false]);
        assert_eq!([at(90), at(90), at(90)], [true, true, false]);
        assert_eq!([at(9000), at(9000), at(9000), at(9000)], [true, true, true, false]);
        // Set back by an hour, it is empty, but refills.
        assert_eq!([at(5400), at(5430), at(5430)], [false, true, false]);
    }

    #[test]
    fn a_logged_url_has_no_secret() {
        let logged = |url: &str| redacted(&Url::parse(url).unwrap());
        assert_eq!(
            logged("https://me:pass@a.example:8443/k@1?key=x"),
            "https://a.example:8443/k@1"
        );
        assert_eq!(logged("http://localhost/keys"), "http://localhost/keys");
    }
}
