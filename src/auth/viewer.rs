//! The authenticated user and their session.

use std::{fmt, sync::Arc};

use super::scope::Scope;
use crate::time::Timestamp;

/// A user: the `sub` of their tokens, 1 to 255 bytes of opaque text, compared byte by byte.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    pub(super) fn new(sub: &str) -> Self {
        Self(sub.into())
    }

    /// A user without a token.
    #[cfg(test)]
    pub(crate) fn in_test(sub: &str) -> Self {
        Self::new(sub)
    }

    /// The unchanged `sub` claim.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The authenticated user of a request.
///
/// Holding one is the right to read this user's rows, so only [`auth`](super) creates them.
#[derive(Clone, Debug)]
pub struct Viewer(Arc<Identity>);

#[derive(Debug)]
pub(super) struct Identity {
    pub(super) id: UserId,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) image: Option<String>,
    pub(super) session: Session,
}

impl Viewer {
    pub(super) fn new(identity: Identity) -> Self {
        Self(Arc::new(identity))
    }

    /// The user. No other claim than `sub` identifies one.
    #[must_use]
    pub fn id(&self) -> &UserId {
        &self.0.id
    }

    /// The `email` claim, for display only.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    /// The `name` claim, for display only.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The `image` claim: the URL of a picture.
    #[must_use]
    pub fn image(&self) -> Option<&str> {
        self.0.image.as_deref()
    }

    /// The session of the verified token.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.0.session
    }
}

/// What a verified token states about itself, without the token.
#[derive(Debug)]
pub struct Session {
    pub(super) id: String,
    /// The key for revocations: a digest of the `sid`, otherwise of the signing input.
    pub(super) key: String,
    pub(super) has_sid: bool,
    pub(super) issuer: Option<String>,
    pub(super) issued_at: Option<Timestamp>,
    pub(super) verified_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) scopes: Vec<Scope>,
}

impl Session {
    /// The `sid` claim, otherwise `jti`, otherwise a digest of the signing input.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The `iss` claim.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The `iat` claim, otherwise when this server first verified the token.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at.unwrap_or(self.verified_at)
    }

    /// The `exp` claim, without leeway.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The granted scopes.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }
}
