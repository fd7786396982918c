//! Caches verified tokens, so that a signature is verified once and not on every request.

use std::sync::{Arc, Weak};

use quick_cache::sync::Cache;

use super::{keys::VerificationKey, viewer::Viewer};

/// A cache entry. Invalid tokens are not cached, so forged ones cannot fill the cache.
#[derive(Clone)]
struct Verified {
    viewer: Viewer,
    /// Weak: the entry becomes invalid when the key leaves the JWKS, even if another key takes over
    /// its `kid`.
    key: Weak<VerificationKey>,
}

/// A bounded cache by compact serialization.
pub(super) struct TokenCache(Cache<Box<str>, Verified>);

impl TokenCache {
    pub(super) fn new(entries: usize) -> Self {
        Self(Cache::new(entries))
    }

    /// The viewer of the token, if its key is still in the JWKS and `is_valid` holds. Removes the
    /// entry otherwise.
    pub(super) fn get(&self, token: &str, is_valid: impl Fn(&Viewer) -> bool) -> Option<Viewer> {
        let Verified { viewer, key } = self.0.get(token)?;
        if key.strong_count() > 0 && is_valid(&viewer) {
            return Some(viewer);
        }
        self.0.remove(token);
        None
    }

    pub(super) fn insert(&self, token: &str, viewer: Viewer, key: &Arc<VerificationKey>) {
        self.0.insert(token.into(), Verified { viewer, key: Arc::downgrade(key) });
    }
}
