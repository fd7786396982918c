//! The token settings, checked: the keys that verify tokens, and what their claims must say.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{
    claims::{AcceptedValues, Leeway, Validation, bare},
    settings::TokenSettings,
};

/// The minimum length of a secret in bytes: the size of the hash of HS256 (RFC 7518, section 3.2).
const MIN_SECRET: usize = 32;
/// The minimum number of different bytes in it: a secret of few, such as one letter 32 times, could be guessed.
const MIN_DIFFERENT: usize = 8;
/// The default secret of Better Auth, which is published in its source.
const PUBLISHED_SECRET: &str = "better-auth-secret-12345678901234567890";
/// The maximum leeway in seconds; more would extend the lifetime of every token.
pub(super) const MAX_LEEWAY: u32 = 300;
/// The path of Better Auth, unless its URL has one.
const BETTER_AUTH_PATH: &str = "/api/auth";

/// The keys that verify tokens, and what their claims must say.
#[derive(Default)]
pub struct TokenSources {
    /// The current one first.
    pub(super) secrets: Vec<SecretString>,
    pub(super) key_set: Option<Url>,
    pub(super) validation: Validation,
    /// The maximum number of verified tokens in the cache.
    pub(super) cache: usize,
}

impl TokenSources {
    /// Whether there is no key to verify anything with.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty() && self.key_set.is_none()
    }

    /// Adds a secret, with which new tokens are signed.
    #[must_use]
    pub fn with_secret(mut self, secret: SecretString) -> Self {
        self.secrets.insert(0, secret);
        self
    }

    /// Replaces settings by what they come to: one list of secrets, and what is derived from others.
    pub(crate) fn write_effective(&self, settings: &mut TokenSettings) {
        settings.better_auth_secrets.clone_from(&self.secrets);
        settings.jwks_url = self.key_set.as_ref().map_or_else(String::new, Url::to_string);
        settings.jwt_issuer.clone_from(&self.validation.issuers.accepted);
        settings.jwt_audience.clone_from(&self.validation.audiences.accepted);
    }

    /// The secret to sign new tokens with.
    pub(super) fn signing_secret(&self) -> Option<&SecretString> {
        self.secrets.first()
    }
}

impl TokenSettings {
    /// Checks the settings together.
    ///
    /// All sources share one user directory, so more than one issuer requires that a `sub` is the
    /// same user with each. The secret and the key set of one Better Auth are one issuer; each entry
    /// of `JWT_ISSUER` is one; a secret next to the key set of another issuer is one more, since its
    /// holder can sign any `iss`.
    ///
    /// # Errors
    /// Every fault, each in a sentence that names the setting and says what to do.
    pub(crate) fn sources(&self) -> Result<TokenSources, Vec<String>> {
        let mut faults = Vec::new();
        let secrets = self.secrets(&mut faults);
        let better_auth = given(&self.better_auth_url);
        let better_auth_url =
            better_auth.and_then(|text| parse("BETTER_AUTH_URL", text, &mut faults));
        let jwks = given(&self.jwks_url);
        let key_set = match jwks {
            Some(text) => parse("JWKS_URL", text, &mut faults),
            None => better_auth_url.as_ref().map(key_set_of),
        };
        if let Some(url) = &key_set
            && !self.insecure_jwks
            && url.scheme() == "http"
            && !is_local(url)
        {
            let setting = if jwks.is_some() { "JWKS_URL" } else { "BETTER_AUTH_URL" };
            faults.push(format!(
                "{setting} must begin with https://, since whoever can change the keys on their \
                 way can log in as anybody; inside a container network, set \
                 TASKWARD_INSECURE_JWKS=true."
            ));
        }

        let origin = better_auth_url.map(|url| url.origin().ascii_serialization());
        let issuers = accepted_values(&self.jwt_issuer, origin.as_ref());
        let audiences = accepted_values(&self.jwt_audience, origin.as_ref());
        let is_foreign = jwks.is_some() && better_auth.is_none();
        for (setting, values) in [("JWT_ISSUER", &issuers), ("JWT_AUDIENCE", &audiences)] {
            if is_foreign && values.accepted.is_empty() {
                faults.push(format!(
                    "{setting} is not set, so that a token for any other application of the issuer \
                     would be good here: set it beside JWKS_URL."
                ));
            }
        }
        let directories = issuers.accepted.len() + usize::from(is_foreign && self.has_secret());
        if directories > 1 && !self.shared_subjects {
            faults.push(
                "Tokens come from more than one issuer (JWT_ISSUER, or a secret beside the \
                 JWKS_URL of another issuer), and two issuers may both know a user \"1\": keep \
                 one, or set TASKWARD_SHARED_SUBJECTS=true if a `sub` is the same user with all of \
                 them."
                    .to_owned(),
            );
        }
        if self.token_leeway > MAX_LEEWAY {
            faults.push(format!("TASKWARD_TOKEN_LEEWAY must be at most {MAX_LEEWAY} seconds."));
        }

        if !faults.is_empty() {
            return Err(faults);
        }
        let leeway = Leeway(i64::from(self.token_leeway) * 1000);
        let validation = Validation { issuers, audiences, leeway };
        Ok(TokenSources { secrets, key_set, validation, cache: self.token_cache })
    }

    fn has_secret(&self) -> bool {
        !self.better_auth_secrets.is_empty() || !self.better_auth_secret.expose_secret().is_empty()
    }

    /// All secrets in the order of Better Auth: the list, whose first entry is the current one,
    /// then the single one.
    fn secrets(&self, faults: &mut Vec<String>) -> Vec<SecretString> {
        let mut secrets = Vec::new();
        let mut versions = Vec::new();
        for (index, entry) in (1..).zip(&self.better_auth_secrets) {
            let name = format!("BETTER_AUTH_SECRETS: entry {index}");
            let parsed =
                entry.expose_secret().trim().split_once(':').and_then(|(version, secret)| {
                    Some((version.parse::<u32>().ok()?, secret.trim()))
                });
            match parsed {
                None => faults.push(format!(
                    "{name} must read `version:secret`, the version being a whole number."
                )),
                Some((version, _)) if versions.contains(&version) => {
                    faults.push(format!("{name} repeats a version; give each its own."));
                }
                Some((version, secret)) => {
                    versions.push(version);
                    check_secret(&name, secret, faults);
                    secrets.push(secret.into());
                }
            }
        }
        let secret = self.better_auth_secret.expose_secret();
        if !secret.is_empty() {
            check_secret("BETTER_AUTH_SECRET", secret, faults);
            secrets.push(secret.into());
        }
        secrets
    }
}

fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn check_secret(setting: &str, secret: &str, faults: &mut Vec<String>) {
    if secret == PUBLISHED_SECRET {
        faults.push(format!(
            "{setting} is the default that Better Auth publishes, so anybody could sign tokens: \
             make one, for example with `openssl rand -base64 32`, and give it to both."
        ));
    } else if secret.len() < MIN_SECRET {
        faults.push(format!(
            "{setting} has fewer than {MIN_SECRET} bytes and could be guessed: make one, for \
             example with `openssl rand -base64 32`, and give it to both."
        ));
    } else if secret.bytes().collect::<HashSet<_>>().len() < MIN_DIFFERENT {
        faults.push(format!(
            "{setting} repeats fewer than {MIN_DIFFERENT} different characters and could be guessed: make one, for \
             example with `openssl rand -base64 32`, and give it to both."
        ));
    }
}

fn parse(setting: &str, text: &str, faults: &mut Vec<String>) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| ["https", "http"].contains(&url.scheme()));
    if url.is_none() {
        faults.push(format!(
            "{setting} is not a URL: write it in full, such as https://example.com."
        ));
    }
    url
}

/// Better Auth is mounted at the path of its URL, if it has one.
fn key_set_of(better_auth: &Url) -> Url {
    let path = better_auth.path().trim_end_matches('/');
    let path = if path.is_empty() { BETTER_AUTH_PATH } else { path };
    let mut url = better_auth.clone();
    url.set_path(&format!("{path}/jwks"));
    url.set_query(None);
    url.set_fragment(None);
    url
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Configured values are required of every token; the default is required of a token that is signed
/// with a secret only if it has the claim.
fn accepted_values(set: &[String], default: Option<&String>) -> AcceptedValues {
    let mut accepted: Vec<String> = Vec::new();
    for value in set.iter().filter_map(|value| given(value)).map(bare) {
        if !accepted.iter().any(|known| known == value) {
            accepted.push(value.to_owned());
        }
    }
    let lenient = accepted.is_empty();
    if lenient {
        accepted.extend(default.cloned());
    }
    AcceptedValues { accepted, lenient }
}
