//! The configuration: each setting is a row of one table, from which its flag, its line of
//! `check-config` and its row in the documentation are made.

mod parse;
mod settings;
mod show;
#[cfg(test)]
mod tests;

use std::{
    env,
    fmt::{self, Display},
    net::SocketAddr,
};

use clap::ArgMatches;

pub use self::settings::arguments;
use self::settings::{SERVER, Section, Setting, TOKEN_SOURCES, TOKENS};
use crate::{
    auth::{TokenSettings, TokenSources},
    engine::EngineSettings,
    http::{Assets, ConnectionLimits, Origins, TrustedProxies},
    store::Quotas,
};

/// The settings as given: the matches of a command that has [`arguments`].
pub struct Settings(pub ArgMatches);

/// The settings, checked.
pub struct Config {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// `sqlite://…` or `postgres://…`
    pub database_url: String,
    /// The maximum number of connections to the database.
    pub pool_size: u32,
    /// Whether PostgreSQL itself keeps the rows of users apart.
    pub row_security: bool,
    /// The keys that verify tokens, and what their claims must say.
    pub tokens: TokenSources,
    /// The effective settings behind `tokens`.
    token_settings: TokenSettings,
    /// Whether no source of tokens is configured: then the server makes a secret of its own.
    pub(crate) development: bool,
    pub(crate) engine: EngineSettings,
    pub(crate) quotas: Quotas,
    pub(crate) connections: ConnectionLimits,
    pub(crate) origins: Origins,
    pub(crate) trusted_proxies: TrustedProxies,
    /// The maximum size of a request body, in bytes.
    pub(crate) body_limit: usize,
    /// Whether GraphiQL is served at `/`.
    pub(crate) playground: bool,
    pub(crate) playground_assets: Assets,
    /// The filter of the log, such as `info,sqlx=debug`.
    pub(crate) log: String,
    /// `text` or `json`.
    pub(crate) log_format: String,
}

impl Settings {
    /// Checks the settings, each by itself and together.
    ///
    /// # Errors
    /// Every fault, each in a sentence that names the setting and says what to do.
    pub fn check(&self) -> Result<Config, Vec<String>> {
        let (mut config, mut faults) = (Config::production(), Vec::new());
        self.read(&TOKENS, &mut config, &mut faults);
        match config.token_settings.sources() {
            Ok(tokens) => config.accept(tokens),
            // A faulty source of tokens must not start development mode, which needs none.
            Err(more) => faults.extend(more),
        }
        self.read(&SERVER, &mut config, &mut faults);
        let Config { listen, development, .. } = config;
        if !development && self.given("DATABASE_URL").is_empty() {
            faults.push(
                "DATABASE_URL: it is set to nothing, as by a variable that was never filled in: name the database, or leave the setting out".to_owned(),
            );
        }
        if config.row_security && config.database_url.starts_with("sqlite:") {
            faults.push(
                "TASKWARD_ROW_SECURITY: SQLite has no row-level security: name a PostgreSQL database in DATABASE_URL, or leave the setting out".to_owned(),
            );
        }
        if development && !listen.ip().is_loopback() {
            faults.push(format!(
                "TASKWARD_LISTEN: {listen} can be reached from other machines, which development mode does not allow: configure where tokens come from (BETTER_AUTH_URL, BETTER_AUTH_SECRET or JWKS_URL), or listen on 127.0.0.1"
            ));
        }
        let persisted = &mut config.engine.persisted;
        persisted.only_trusted = persisted.trusted.is_some() && !development;
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    }

    fn read(&self, sections: &[Section], config: &mut Config, faults: &mut Vec<String>) {
        for setting in sections.iter().flat_map(|section| section.settings) {
            let (text, mut found) = (self.text(setting), Vec::new());
            if !text.is_empty() {
                (setting.read)(config, &text, &mut found);
            }
            faults.extend(found.iter().map(|fault| format!("{}: {fault}", setting.name)));
        }
    }

    /// The text of a setting, or its default: an empty text counts as not set.
    fn text(&self, setting: &Setting) -> String {
        let text = self.given(setting.name);
        if text.is_empty() { setting.default.to_owned() } else { text }
    }

    /// The text of a setting as it was given; its default where it was not.
    fn given(&self, name: &str) -> String {
        let texts = self.0.get_many::<String>(name).unwrap_or_default();
        texts.map(String::as_str).collect::<Vec<_>>().join(",")
    }
}

impl Config {
    /// Production mode, before any setting is read.
    fn production() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 0).into(),
            database_url: String::new(),
            pool_size: 1,
            row_security: false,
            tokens: TokenSources::default(),
            token_settings: TokenSettings::default(),
            development: false,
            engine: EngineSettings::default(),
            quotas: Quotas::default(),
            connections: ConnectionLimits::default(),
            origins: Origins::Listed(Vec::new()),
            trusted_proxies: TrustedProxies::new(),
            body_limit: 0,
            playground: false,
            playground_assets: Assets::default(),
            log: String::new(),
            log_format: String::new(),
        }
    }

    /// Accepts tokens of these sources; without any, development mode sets its own defaults.
    fn accept(&mut self, tokens: TokenSources) {
        self.development = tokens.is_empty();
        tokens.write_effective(&mut self.token_settings);
        self.tokens = tokens;
        if self.development {
            self.engine.introspection = true;
            self.playground = true;
            self.origins = Origins::Local;
        }
    }
}

/// The effective configuration, one setting a line, without secrets.
impl Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.development {
            "development: no source of keys is configured"
        } else {
            "production"
        };
        writeln!(f, "{:30} {mode}", "mode")?;
        for setting in settings::sections().flat_map(|section| section.settings) {
            writeln!(f, "{:30} {}", setting.name, (setting.show)(self))?;
        }
        Ok(())
    }
}

/// Reads `.env` into the environment, which takes precedence where both have a setting. Where the
/// environment configures a source of tokens, it is production's, and the file is not read.
pub(crate) fn read_env_file() {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if !TOKEN_SOURCES.settings.iter().any(|setting| is_set(setting.name)) {
        // A missing file is no fault, and a faulty line shows in the settings that are missing.
        let _ = dotenvy::from_path(".env");
    }
}
