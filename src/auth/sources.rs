//! The settings checked: where good tokens come from.

#[cfg(test)]
mod tests;

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{
    claims::{AcceptedValues, Leeway, Validation, bare},
    jwks::redacted,
    settings::TokenSettings,
};

/// The shortest secret in bytes: as long as what HS256 makes of it (RFC 7518, section 3.2).
const MIN_SECRET: usize = 32;
/// What Better Auth takes when nobody gives it a secret. Everybody can read it in its source.
const PUBLISHED_SECRET: &str = "better-auth-secret-12345678901234567890";
/// The most leeway in seconds; more would be a longer life of every token.
pub(super) const MAX_LEEWAY: u32 = 300;
/// Where Better Auth is mounted, unless its URL says otherwise.
const BETTER_AUTH_PATH: &str = "/api/auth";

/// Where good tokens come from.
#[derive(Default)]
pub struct TokenSources {
    /// The present one first.
    pub(super) secrets: Vec<SecretString>,
    pub(super) key_set: Option<Url>,
    pub(super) validation: Validation,
    /// How many verified tokens are remembered.
    pub(super) cache: usize,
}

impl TokenSources {
    /// Whether there is no key to verify anything with.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty() && self.key_set.is_none()
    }

    /// The same with this secret in front of all others.
    #[must_use]
    pub fn with_secret(mut self, secret: SecretString) -> Self {
        self.secrets.insert(0, secret);
        self
    }

    /// The settings in force, for people to read: secrets are masked.
    #[must_use]
    pub fn effective(&self) -> [(&'static str, String); 6] {
        let none = || "none".to_owned();
        let listed = |values: &[String]| if values.is_empty() { none() } else { values.join(", ") };
        let Validation { issuers, audiences, leeway } = &self.validation;
        let secrets = vec!["***".to_owned(); self.secrets.len()];
        [
            ("BETTER_AUTH_SECRETS", listed(&secrets)),
            ("JWKS_URL", self.key_set.as_ref().map_or_else(none, redacted)),
            ("JWT_ISSUER", listed(&issuers.accepted)),
            ("JWT_AUDIENCE", listed(&audiences.accepted)),
            ("TASKWARD_TOKEN_LEEWAY", format!("{} s", leeway.0 / 1000)),
            ("TASKWARD_TOKEN_CACHE", self.cache.to_string()),
        ]
    }

    /// The secret to sign new tokens with.
    #[must_use]
    pub fn signing_secret(&self) -> Option<&SecretString> {
        self.secrets.first()
    }
}

impl TokenSettings {
    /// Checks the settings together.
    ///
    /// All sources are one user directory, so more than one issuer needs the promise that a `sub`
    /// means the same user with each. The secret and the key set of one Better Auth are one issuer;
    /// each entry of `JWT_ISSUER` is one; a secret beside the key set of somebody else is one more,
    /// since its holder may write any `iss`.
    ///
    /// # Errors
    /// Every fault, each in a sentence that names the setting and says what to do.
    pub fn sources(&self) -> Result<TokenSources, Vec<String>> {
        let mut faults = Vec::new();
        let secrets = self.secrets(&mut faults);
        let better_auth = given(self.better_auth_url.as_deref());
        let better_auth_url =
            better_auth.and_then(|text| parse("BETTER_AUTH_URL", text, &mut faults));
        let jwks = given(self.jwks_url.as_deref());
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
        for (setting, binding) in [("JWT_ISSUER", &issuers), ("JWT_AUDIENCE", &audiences)] {
            if is_foreign && binding.accepted.is_empty() {
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
        Ok(TokenSources { secrets, key_set, validation, cache: self.token_cache as usize })
    }

    fn has_secret(&self) -> bool {
        [&self.better_auth_secrets, &self.better_auth_secret]
            .into_iter()
            .flatten()
            .any(|secret| !secret.expose_secret().is_empty())
    }

    /// All secrets in the order of Better Auth: the list, whose first entry is the present one,
    /// then the single one.
    fn secrets(&self, faults: &mut Vec<String>) -> Vec<SecretString> {
        let mut secrets = Vec::new();
        let mut versions = Vec::new();
        if let Some(list) = given_secret(self.better_auth_secrets.as_ref()) {
            for (place, entry) in (1..).zip(list.split(',')) {
                let parsed = entry.trim().split_once(':').and_then(|(version, secret)| {
                    Some((version.parse::<u32>().ok()?, secret.trim()))
                });
                match parsed {
                    None => faults.push(format!(
                        "BETTER_AUTH_SECRETS: entry {place} must read `version:secret`, the \
                         version being a whole number."
                    )),
                    Some((version, _)) if versions.contains(&version) => faults.push(format!(
                        "BETTER_AUTH_SECRETS: entry {place} repeats a version; give each its own."
                    )),
                    Some((version, secret)) => {
                        versions.push(version);
                        check_secret(
                            &format!("BETTER_AUTH_SECRETS: entry {place}"),
                            secret,
                            faults,
                        );
                        secrets.push(secret.into());
                    }
                }
            }
        }
        if let Some(secret) = given_secret(self.better_auth_secret.as_ref()) {
            check_secret("BETTER_AUTH_SECRET", secret, faults);
            secrets.push(secret.into());
        }
        secrets
    }
}

fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn given_secret(secret: Option<&SecretString>) -> Option<&str> {
    secret.map(ExposeSecret::expose_secret).filter(|secret| !secret.is_empty())
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

/// Better Auth takes the path of its URL for where it is mounted, if there is one.
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

/// What is set binds every token; the default binds a token by a secret only where it has the
/// claim.
fn accepted_values(set: &[String], default: Option<&String>) -> AcceptedValues {
    let mut accepted: Vec<String> = Vec::new();
    for value in set.iter().filter_map(|value| given(Some(value))).map(bare) {
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
