//! An issuer's key set, fetched and kept fresh.
//!
//! ```text
//!  every 10 minutes ─────────────┐
//!                                ├─► one fetch_lock at a time ─► GET ─┬─ good: the set is replaced
//!  unknown kid ─► look again ────┘                                └─ bad: the old set stays
//!                 under the lock, then
//!                 one of 3 drops of the bucket
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

use super::keys::{Key, KeyLookupError, KeySet};
use crate::time::Clock;

/// How old a key set grows before it is fetched again.
const FRESH: Duration = Duration::from_mins(10);
/// The first pause after a failed fetch; it doubles with each further failure,
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// up to this one.
const LAST_RETRY: Duration = Duration::from_secs(30);
/// How long an issuer may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How many bytes a key set may have.
const MAX_BYTES: usize = 256 * 1024;
/// How many redirects are followed.
const MAX_REDIRECTS: usize = 3;

/// The key set behind a URL.
pub(super) struct RemoteKeys {
    url: Url,
    clock: Clock,
    /// `None` until a first fetch succeeds.
    set: RwLock<Option<KeySet>>,
    /// How many fetches have begun.
    begun: AtomicU64,
    /// Held while a fetch is under way.
    fetch_lock: Mutex<Bucket>,
}

impl RemoteKeys {
    pub(super) fn new(url: Url, clock: Clock) -> Self {
        Self {
            url,
            clock,
            set: RwLock::default(),
            begun: AtomicU64::default(),
            fetch_lock: Mutex::default(),
        }
    }

    pub(super) fn was_fetched(&self) -> bool {
        self.set.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Fetches the key set now and then every ten minutes, and sooner after a failure.
    pub(super) async fn keep_fresh(&self) {
        let mut retry = FIRST_RETRY;
        loop {
            let fetch_lock = self.fetch_lock.lock().await;
            let fetched = self.fetch().await;
            drop(fetch_lock);
            let pause = if fetched { FRESH } else { retry };
            retry = if fetched { FIRST_RETRY } else { LAST_RETRY.min(retry * 2) };
            sleep(pause).await;
        }
    }

    /// The keys that may verify such a token; an unknown `kid` is looked for at the issuer.
    pub(super) async fn get_or_fetch(
        self: &Arc<Self>,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<Arc<Key>>, KeyLookupError> {
        let begun = self.begun.load(Ordering::SeqCst);
        let found = self.get(kid, algorithm);
        if !is_refreshable(&found) {
            return found;
        }
        // A task of its own, so that a client that goes away cannot break off what others wait for.
        let refresh = Arc::clone(self).refresh_and_get(kid.map(str::to_owned), algorithm, begun);
        tokio::spawn(refresh).await.unwrap_or(found)
    }

    /// Fetches, unless the key has come meanwhile, or a fetch that began after the first look has
    /// not brought it, or the bucket is empty.
    async fn refresh_and_get(
        self: Arc<Self>,
        kid: Option<String>,
        algorithm: Algorithm,
        begun: u64,
    ) -> Result<Vec<Arc<Key>>, KeyLookupError> {
        let mut bucket = self.fetch_lock.lock().await;
        let found = self.get(kid.as_deref(), algorithm);
        let fetch = is_refreshable(&found)
            && self.begun.load(Ordering::SeqCst) == begun
            && bucket.try_acquire(self.clock.now().millis());
        if fetch && self.fetch().await { self.get(kid.as_deref(), algorithm) } else { found }
    }

    fn get(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<Arc<Key>>, KeyLookupError> {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        set.as_ref().ok_or(KeyLookupError::NeverFetched)?.find(kid, algorithm)
    }

    /// Replaces the set, and tells whether it could. Only for whoever holds the fetch_lock.
    async fn fetch(&self) -> bool {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let parsed = download(&self.url).await.and_then(|document| {
            let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
            KeySet::parse(&document, set.as_ref())
        });
        let url = redacted(&self.url);
        match parsed {
            Ok(set) => {
                if set.is_empty() {
                    tracing::warn!(%url, "the key set at {url} has no key that is usable here");
                }
                *self.set.write().unwrap_or_else(PoisonError::into_inner) = Some(set);
                true
            }
            Err(error) => {
                tracing::warn!(%url, error, "the key set at {url} could not be fetched: {error}");
                false
            }
        }
    }
}

fn is_refreshable(found: &Result<Vec<Arc<Key>>, KeyLookupError>) -> bool {
    matches!(found, Err(KeyLookupError::NeverFetched | KeyLookupError::UnknownKid))
}

/// The client is made anew: it is needed every ten minutes, and then reads the present certificates
/// of the system.
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
    let read = async {
        let client = Client::builder().timeout(TIMEOUT).redirect(redirects).build()?;
        let mut response = client.get(url.clone()).send().await?.error_for_status()?;
        let status = response.status();
        if !status.is_success() {
            return Ok(Err(format!("the answer is no document ({status})")));
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            document.extend_from_slice(&chunk);
            if document.len() > MAX_BYTES {
                return Ok(Err(format!("it is larger than {MAX_BYTES} bytes")));
            }
        }
        Ok(Ok(document))
    };
    read.await.unwrap_or_else(|error: reqwest::Error| Err(with_causes(&error.without_url())))
}

/// The text of an error and of what is behind it.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The URL without what may be secret in it: the userinfo and the query.
pub(crate) fn redacted(url: &Url) -> String {
    let place = &url[Position::BeforeHost..Position::AfterPath];
    format!("{}://{place}", url.scheme())
}

/// Three fetches for unknown keys at once, and one more every 30 seconds: tokens with made-up keys
/// can neither flood the issuer nor keep a fresh key out for longer than that.
#[derive(Default)]
struct Bucket {
    /// When it is full again, in milliseconds since the epoch.
    full_at: i64,
}

impl Bucket {
    const REFILL: i64 = 30_000;
    const SIZE: i64 = 3 * Self::REFILL;

    /// Takes a drop if there is one. A clock that was turned back does not lock the bucket.
    fn try_acquire(&mut self, now: i64) -> bool {
        self.full_at = self.full_at.clamp(now, now + Self::SIZE);
        let taken = self.full_at + Self::REFILL <= now + Self::SIZE;
        if taken {
            self.full_at += Self::REFILL;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, response::Redirect, routing::get};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_document_must_be_small_and_come_by_no_detour() {
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
        let mut bucket = Bucket::default();
        let start = 1_800_000_000_000;
        let mut at = |seconds: i64| bucket.try_acquire(start + seconds * 1000);
        assert_eq!([at(0), at(0), at(0), at(0)], [true, true, true, false]);
        assert_eq!([at(29), at(30), at(30)], [false, true, false]);
        assert_eq!([at(90), at(90), at(90)], [true, true, false]);
        assert_eq!([at(9000), at(9000), at(9000), at(9000)], [true, true, true, false]);
        // Turned back by an hour, it is empty, but refills.
        assert_eq!([at(5400), at(5430), at(5430)], [false, true, false]);
    }

    #[test]
    fn a_logged_url_tells_no_secret() {
        let logged = |url: &str| redacted(&Url::parse(url).unwrap());
        assert_eq!(
            logged("https://me:pass@a.example:8443/k@1?key=x"),
            "https://a.example:8443/k@1"
        );
        assert_eq!(logged("http://localhost/keys"), "http://localhost/keys");
    }
}
