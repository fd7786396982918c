//! Who is asking.

use std::{fmt, sync::Arc};

use super::scope::Scope;
use crate::time::Timestamp;

/// A user: the `sub` of their tokens, 1 to 255 bytes of opaque text, compared byte for byte.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    pub(super) fn new(sub: &str) -> Self {
        Self(sub.into())
    }

    /// The `sub` as the token has it.
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

/// Somebody whose token was verified.
///
/// To hold one is the right to see this user's rows: none is made outside this room.
#[derive(Clone, Debug)]
pub struct Viewer(Arc<Person>);

#[derive(Debug)]
pub(super) struct Person {
    pub(super) id: UserId,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) image: Option<String>,
    pub(super) session: Session,
}

impl Viewer {
    pub(super) fn new(person: Person) -> Self {
        Self(Arc::new(person))
    }

    /// Who it is. Nothing else in a token identifies a user.
    #[must_use]
    pub fn id(&self) -> &UserId {
        &self.0.id
    }

    /// The `email` claim, to show; an issuer need not send it.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    /// The `name` claim, to show; an issuer need not send it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The `image` claim, the URL of a picture; an issuer need not send it.
    #[must_use]
    pub fn image(&self) -> Option<&str> {
        self.0.image.as_deref()
    }

    /// The token by which they were let in.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.0.session
    }
}

/// The verified token, without anything that would let its reader in.
#[derive(Debug)]
pub struct Session {
    pub(super) id: String,
    /// What a sign-out names: a digest of the `sid`, or else of this token alone.
    pub(super) key: String,
    pub(super) has_sid: bool,
    pub(super) issuer: Option<String>,
    pub(super) issued_at: Option<Timestamp>,
    pub(super) verified_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) scopes: Vec<Scope>,
}

impl Session {
    /// The `sid` claim, else `jti`, else a digest of the token.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The `iss` claim.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The `iat` claim, else when this server first verified the token.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at.unwrap_or(self.verified_at)
    }

    /// The `exp` claim itself; a single request may still pass within the leeway after it.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// What the token allows.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }
}
