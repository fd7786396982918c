//! Verified tokens, so that a signature is checked once and not with every request.

use std::sync::{Arc, Weak};

use quick_cache::sync::Cache;

use super::{keys::Key, viewer::Viewer};

/// What a token was found to be. Refusals are not remembered, so whoever makes up tokens fills
/// nothing.
#[derive(Clone)]
struct Verified {
    viewer: Viewer,
    /// Held weakly: a key that leaves its set takes its tokens along, also when another key comes
    /// under its name.
    key: Weak<Key>,
}

/// A bounded memory, by the whole text of the token.
pub(super) struct TokenCache(Cache<Box<str>, Verified>);

impl TokenCache {
    pub(super) fn new(entries: usize) -> Self {
        Self(Cache::new(entries))
    }

    /// Whose token it is, if its key still stands and `lives` agrees. What does not is forgotten.
    pub(super) fn get(&self, token: &str, lives: impl Fn(&Viewer) -> bool) -> Option<Viewer> {
        let Verified { viewer, key } = self.0.get(token)?;
        if key.strong_count() > 0 && lives(&viewer) {
            return Some(viewer);
        }
        self.0.remove(token);
        None
    }

    pub(super) fn insert(&self, token: &str, viewer: Viewer, key: &Arc<Key>) {
        self.0.insert(token.into(), Verified { viewer, key: Arc::downgrade(key) });
    }
}
