//! Values as `check-config` prints them, without secrets.

use std::{fmt::Display, time::Duration};

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{auth::redacted, engine::PersistedSettings, http::Origins};

const MASK: &str = "***";

pub fn plain(value: &impl Display) -> String {
    value.to_string()
}

pub fn bytes(count: &impl Display) -> String {
    format!("{count} bytes")
}

pub fn seconds(count: &impl Display) -> String {
    format!("{count} s")
}

pub fn duration(duration: &Duration) -> String {
    seconds(&duration.as_secs())
}

pub fn list<T: AsRef<str>>(values: &[T]) -> String {
    let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
    if values.is_empty() { "none".to_owned() } else { values.join(", ") }
}

pub fn secret(secret: &SecretString) -> String {
    if secret.expose_secret().is_empty() { "none" } else { MASK }.to_owned()
}

pub fn secrets(secrets: &[SecretString]) -> String {
    list(&vec![MASK; secrets.len()])
}

pub fn url(text: &str) -> String {
    Url::parse(text).map_or_else(|_| "none".to_owned(), |url| redacted(&url))
}

pub fn networks(networks: &[IpNet]) -> String {
    list(&networks.iter().map(ToString::to_string).collect::<Vec<_>>())
}

pub fn origins(origins: &Origins) -> String {
    match origins {
        Origins::Local => "any of this machine".to_owned(),
        Origins::Listed(origins) => {
            list(&origins.iter().filter_map(|origin| origin.to_str().ok()).collect::<Vec<_>>())
        }
    }
}

pub fn trusted_documents(settings: &PersistedSettings) -> String {
    match &settings.trusted {
        Some(trusted) if settings.only_trusted => {
            format!("{}, and no others run", trusted.count())
        }
        Some(trusted) => trusted.count().to_string(),
        None => "none".to_owned(),
    }
}

/// The URL of a database without its password, which may be in front of the host or among the
/// parameters.
pub fn database_url(url: &str) -> String {
    // The name of a file need not be a URL.
    let Ok(mut parsed) = Url::parse(url) else { return url.to_owned() };
    if parsed.password().is_some() {
        // A URL with a password has a host, so this cannot fail.
        let _ = parsed.set_password(Some(MASK));
    }
    let parameters: Vec<(String, String)> = parsed.query_pairs().into_owned().collect();
    if parameters.iter().any(|(name, _)| name == "password") {
        let masked = parameters.into_iter().map(|(name, value)| {
            let value = if name == "password" { MASK.to_owned() } else { value };
            (name, value)
        });
        parsed.query_pairs_mut().clear().extend_pairs(masked);
    }
    parsed.into()
}
