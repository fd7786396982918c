//! The guard: who may come in, by which token.
//!
//! A token comes as RFC 6750 has it, `Authorization: Bearer <token>`, and is a JWT (RFC 7519) by
//! an issuer that the settings name. [`Authenticator`] checks it in this order, and the first fault
//! is the one that is told:
//!
//! ```text
//!  header       one, `Bearer`, its characters                       RFC 6750, 2.1
//!  form         8 KiB, three parts, header, `typ`, no `crit`        RFC 7515; RFC 8725, 3.11
//!  algorithm    known, with a source of keys of its family          RFC 8725, 2.1
//!  key          the `kid` in the key set, for this algorithm        RFC 7517; RFC 8725, 3.1
//!  signature
//!  time         `exp`, `nbf`, `iat`                                 RFC 7519, 4.1
//!  place        `iss`, `aud`                                        RFC 8725, 3.8 and 3.9
//!  person       `sub`
//!  sign-out     neither the session nor the user's tokens up to then
//! ```
//!
//! Nothing in the claims is read before the signature is good, and nobody is identified by anything
//! but `sub`. What was verified once is remembered, and refused as soon as it expires, its key leaves
//! the key set, or its user signs out.

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
    revocations::{Revocation, Revoked},
    scope::Scope,
    sign::NewToken,
    sources::TokenSources,
    viewer::{Session, UserId, Viewer},
};
pub(crate) use self::{jwks::redacted, settings::TokenSettings};
