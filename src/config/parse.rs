//! Values from text. A fault does not name its setting.

use std::{fmt::Display, net::IpAddr, str::FromStr, time::Duration};

use axum::http::HeaderValue;
use ipnet::IpNet;
use sea_orm::sqlx::{postgres::PgConnectOptions, sqlite::SqliteConnectOptions};
use url::Url;

use crate::{
    engine::{PersistedSettings, TrustedDocuments},
    http::{Assets, Origins, TrustedProxies},
    telemetry,
};

type Faults = Vec<String>;

pub fn text<'a, T: From<&'a str>>(text: &'a str, to: &mut T, _: &mut Faults) {
    *to = text.into();
}

pub fn list<'a, T: From<&'a str>>(text: &'a str, to: &mut Vec<T>, _: &mut Faults) {
    *to = text.split(',').map(T::from).collect();
}

pub fn value<T: FromStr<Err: Display>>(text: &str, to: &mut T, faults: &mut Faults) {
    match text.trim().parse() {
        Ok(value) => *to = value,
        Err(error) => faults.push(format!("{text:?} cannot be read ({error})")),
    }
}

pub fn positive<T>(text: &str, to: &mut T, faults: &mut Faults)
where
    T: FromStr<Err: Display> + From<u8> + PartialOrd,
{
    *to = T::from(1);
    value(text, to, faults);
    if *to < T::from(1) {
        faults.push("it must be at least 1".to_owned());
    }
}

/// There is room for each task by itself: one with all its columns has a third of this, however long its texts.
pub fn max_response(text: &str, to: &mut usize, faults: &mut Faults) {
    const LEAST: usize = 1024 * 1024;
    *to = LEAST;
    value(text, to, faults);
    if *to < LEAST {
        faults.push(format!("it must be at least {LEAST}, to have room for any task"));
    }
}

pub fn duration(text: &str, to: &mut Duration, faults: &mut Faults) {
    let mut seconds = 1;
    positive(text, &mut seconds, faults);
    *to = Duration::from_secs(seconds);
}

/// Only `true` and `false`, so that a typo cannot enable an insecure option.
pub fn switch(text: &str, to: &mut bool, faults: &mut Faults) {
    match text.parse() {
        Ok(value) => *to = value,
        Err(_) => faults.push(format!("{text:?} is neither true nor false")),
    }
}

/// What the driver refuses, or would ignore, is refused here, because it may be a part of the password, and the
/// driver would log it.
pub fn database_url(text: &str, to: &mut String, faults: &mut Faults) {
    let fault = if text.starts_with("sqlite:") {
        sqlite_fault(text)
    } else if ["postgres:", "postgresql:"].iter().any(|scheme| text.starts_with(scheme)) {
        postgres_fault(text)
    } else {
        let example = "sqlite://./data/taskward.db";
        Some(format!("it must begin with sqlite:// or postgres://, such as {example}"))
    };
    match fault {
        Some(fault) => faults.push(fault),
        None => *to = without_ignored(text),
    }
}

/// What other drivers read and hosted databases put into their URLs. It says how to connect, not to what, and is
/// left out, since sqlx logs what it does not know.
const IGNORED: [&str; 14] = [
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "connection_limit",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "pgbouncer",
    "pool_timeout",
    "target_session_attrs",
    "tcp_user_timeout",
];

fn without_ignored(text: &str) -> String {
    let is_ignored = |name: &str| IGNORED.contains(&name);
    let Ok(mut url) = Url::parse(text) else { return text.to_owned() };
    if !url.query_pairs().any(|(name, _)| is_ignored(&name)) {
        return text.to_owned();
    }
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let kept: Vec<_> = pairs.iter().filter(|(name, _)| !is_ignored(name)).collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    url.into()
}

fn sqlite_fault(text: &str) -> Option<String> {
    let fault = if [":memory:", "mode=memory"].iter().any(|it| text.contains(it)) {
        "tasks cannot be kept in memory, where each connection has its own; name a file"
    } else if SqliteConnectOptions::from_str(text).is_err() {
        "it cannot be read: after the file and `?`, there may be mode, cache, immutable and vfs; in the name of the file, `?` and `%` are written as %3F and %25"
    } else {
        return None;
    };
    Some(fault.to_owned())
}

fn postgres_fault(text: &str) -> Option<String> {
    const UNREADABLE: &str =
        "it cannot be read: in a password, anything but letters and digits is written as %XX";
    let Some(url) = Url::parse(text).ok().filter(is_escaped) else {
        return Some(UNREADABLE.to_owned());
    };
    let is_known = |name: &str| is_postgres_parameter(name) || IGNORED.contains(&name);
    let unknown = url.query_pairs().find(|(name, _)| !is_known(name));
    let Some((name, value)) = unknown else {
        let fault = "a parameter such as sslmode or port has a value that cannot be read";
        return PgConnectOptions::from_str(text).is_err().then(|| fault.to_owned());
    };
    let is_name = |char: char| char.is_ascii_alphanumeric() || "-_.[]".contains(char);
    Some(if value.is_empty() || !name.chars().all(is_name) {
        UNREADABLE.to_owned()
    } else {
        format!("the driver does not know the parameter {name}: leave it out")
    })
}

/// Whether the URL ends where its author meant: a `/`, `?` or `#` in the password ends the part in which the
/// password may be, and leaves the `@` before the host behind.
fn is_escaped(url: &Url) -> bool {
    let behind = [url.path(), url.query().unwrap_or_default()];
    url.fragment().is_none() && !behind.iter().any(|part| part.contains('@'))
}

/// The parameters that sqlx reads from the URL of PostgreSQL.
fn is_postgres_parameter(name: &str) -> bool {
    const KNOWN: [&str; 18] = [
        "sslmode",
        "ssl-mode",
        "sslrootcert",
        "ssl-root-cert",
        "ssl-ca",
        "sslcert",
        "ssl-cert",
        "sslkey",
        "ssl-key",
        "statement-cache-capacity",
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "application_name",
        "options",
    ];
    KNOWN.contains(&name) || (name.starts_with("options[") && name.ends_with(']'))
}

pub fn origins(text: &str, to: &mut Origins, faults: &mut Faults) {
    let mut origins = Vec::new();
    for text in text.split(',').filter(|text| !text.is_empty()) {
        let origin = Url::parse(text).ok().map(|url| url.origin().ascii_serialization());
        match (origin, HeaderValue::from_str(text)) {
            (Some(origin), Ok(value)) if origin == text => origins.push(value),
            _ => faults.push(format!(
                "{text:?} is not an origin: write scheme, host and port only, such as https://app.example.com"
            )),
        }
    }
    *to = Origins::Listed(origins);
}

pub fn networks(text: &str, to: &mut TrustedProxies, faults: &mut Faults) {
    let network = |text: &str| {
        text.parse()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| format!("{text:?} is neither an address nor a network such as 10.0.0.0/8"))
    };
    for text in text.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        match network(text) {
            Ok(network) => to.push(network),
            Err(fault) => faults.push(fault),
        }
    }
}

pub fn assets(folder: &str, to: &mut Assets, faults: &mut Faults) {
    match Assets::read(folder) {
        Ok(assets) => *to = assets,
        Err(missing) => faults.extend(missing),
    }
}

pub fn trusted_documents(file: &str, to: &mut PersistedSettings, faults: &mut Faults) {
    to.trusted = TrustedDocuments::read(file).map_err(|fault| faults.push(fault)).ok();
}

pub fn log_filter(text: &str, to: &mut String, faults: &mut Faults) {
    text.clone_into(to);
    faults.extend(telemetry::filter(text).err());
}

pub fn log_format(text: &str, to: &mut String, faults: &mut Faults) {
    text.clone_into(to);
    if !["text", "json"].contains(&text) {
        faults.push(format!("{text:?} is neither text nor json"));
    }
}
