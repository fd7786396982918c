//! The settings that decide which tokens are accepted.

use secrecy::SecretString;

/// The settings as given, empty where they are not; [`TokenSettings::sources`] checks them together.
#[derive(Default)]
pub(crate) struct TokenSettings {
    pub(crate) better_auth_url: String,
    pub(crate) better_auth_secret: SecretString,
    /// `version:secret`, the current one first.
    pub(crate) better_auth_secrets: Vec<SecretString>,
    pub(crate) jwks_url: String,
    /// Accepted values of `iss`.
    pub(crate) jwt_issuer: Vec<String>,
    /// Accepted values of `aud`.
    pub(crate) jwt_audience: Vec<String>,
    /// Whether one `sub` is the same user with all issuers.
    pub(crate) shared_subjects: bool,
    /// Whether keys may be fetched without TLS from other machines.
    pub(crate) insecure_jwks: bool,
    /// In seconds.
    pub(crate) token_leeway: u32,
    pub(crate) token_cache: usize,
}
