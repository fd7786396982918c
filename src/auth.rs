//! Bearer-token authentication.
//!
//! A request carries `Authorization: Bearer <token>` (RFC 6750 §2.1); the token is a JWT (RFC 7519)
//! of a configured issuer. [`Authenticator`] makes these checks in order and reports the first that
//! fails:
//!
//! ```text
//!  header       exactly one, scheme `Bearer`, allowed characters    RFC 6750 §2.1
//!  format       8 KiB, three parts, JOSE header, `typ`, no `crit`   RFC 7515 §3; RFC 8725 §3.11
//!  algorithm    supported, with a source of keys of its family      RFC 8725 §2.1
//!  key          the `kid` in the JWKS, for this algorithm           RFC 7517; RFC 8725 §3.1
//!  signature                                                        RFC 7515 §5.2
//!  time         `exp`, `nbf`, `iat`                                 RFC 7519 §4.1
//!  issuer       `iss`, `aud`                                        RFC 8725 §3.8, §3.9
//!  subject      `sub`                                               RFC 7519 §4.1.2
//!  revocation   neither the session nor the user's earlier tokens
//! ```
//!
//! No claim is read before the signature is verified, and only `sub` identifies a user. Verified
//! tokens are cached; a cached token is rejected once it expires, its key leaves the JWKS, or its
//! user signs out.

mod authenticator;
mod cache;
mod claims;
mod error;
mod jwks;
mod keys;
mod revocations;
mod scope;
mod settings;
mod sign;
mod sources;
mod token;
mod viewer;

pub use self::{
    authenticator::Authenticator,
    error::{AuthError, AuthErrorReason},
    revocations::{BoxError, Revocation, RevocationLog, Revoked},
    scope::Scope,
    sign::NewToken,
    sources::TokenSources,
    viewer::{Session, UserId, Viewer},
};
pub(crate) use self::{jwks::redacted, settings::TokenSettings};
