//! Every setting, from flags and the environment, and what they come to when they are checked.

use std::{
    fmt::{self, Display},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
    time::Duration,
};

use axum::http::HeaderValue;
use clap::ArgAction;
use url::Url;

use crate::{
    auth::{TokenSettings, TokenSources},
    engine::{Limits, PersistedSettings, TrustedDocuments},
    http::{Assets, ConnectionLimits, Origins},
    store::Quotas,
    telemetry,
};

const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4000);

/// The settings as they were given. All are text, so that a check can name every fault at once.
#[derive(clap::Args)]
pub struct Settings {
    /// Address and port to listen on.
    #[arg(long, env = "TASKWARD_LISTEN", default_value = "127.0.0.1:4000", value_name = "ADDRESS")]
    pub listen: String,

    /// The database: `sqlite://<file>` or `postgres://<user>:<password>@<host>/<name>`.
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite://./data/taskward.db",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub database_url: String,

    /// The most connections to the database.
    #[arg(long, env = "TASKWARD_POOL_SIZE", default_value = "16", value_name = "COUNT")]
    pub pool_size: String,

    /// Whether clients may read the schema (`true` or `false`): by default only in development mode.
    #[arg(long, env = "TASKWARD_INTROSPECTION", value_name = "BOOL")]
    pub introspection: Option<String>,

    /// Whether GraphiQL is served at `/` (`true` or `false`): by default only in development mode.
    #[arg(long, env = "TASKWARD_PLAYGROUND", value_name = "BOOL")]
    pub playground: Option<String>,

    /// A folder of npm packages, such as `playground/node_modules`, from which the server serves
    /// GraphiQL's files itself. By default browsers get them from a CDN.
    #[arg(long, env = "TASKWARD_PLAYGROUND_ASSETS", value_name = "FOLDER")]
    pub playground_assets: Option<String>,

    /// Origins of the web pages that may ask, separated by commas, such as `https://app.example.com`.
    /// By default none, and in development mode any of this machine.
    #[arg(
        long,
        env = "TASKWARD_CORS_ORIGINS",
        value_delimiter = ',',
        action = ArgAction::Append,
        value_name = "ORIGINS"
    )]
    pub cors_origins: Vec<String>,

    /// The longest that a request may take, in seconds.
    #[arg(long, env = "TASKWARD_REQUEST_TIMEOUT", default_value = "10", value_name = "SECONDS")]
    pub request_timeout: String,

    /// The largest body of a request, in bytes.
    #[arg(long, env = "TASKWARD_MAX_BODY", default_value = "1048576", value_name = "BYTES")]
    pub max_body: String,

    /// The most lexical tokens of a document.
    #[arg(long, env = "TASKWARD_MAX_TOKENS", default_value = "2000", value_name = "COUNT")]
    pub max_tokens: String,

    /// The most aliases of a document.
    #[arg(long, env = "TASKWARD_MAX_ALIASES", default_value = "100", value_name = "COUNT")]
    pub max_aliases: String,

    /// The most directives of a document.
    #[arg(long, env = "TASKWARD_MAX_DIRECTIVES", default_value = "50", value_name = "COUNT")]
    pub max_directives: String,

    /// The most root fields of an operation.
    #[arg(long, env = "TASKWARD_MAX_ROOT_FIELDS", default_value = "30", value_name = "COUNT")]
    pub max_root_fields: String,

    /// The most levels of fields of a document.
    #[arg(long, env = "TASKWARD_MAX_DEPTH", default_value = "15", value_name = "COUNT")]
    pub max_depth: String,

    /// The most objects that an operation could return.
    #[arg(long, env = "TASKWARD_MAX_COST", default_value = "10000", value_name = "COUNT")]
    pub max_cost: String,

    /// A file of trusted documents: a JSON object from ids to documents, as graphql-codegen and Relay's
    /// compiler write it, or a manifest of Apollo's. Outside development mode, no other documents run.
    #[arg(long, env = "TASKWARD_TRUSTED_DOCUMENTS", value_name = "FILE")]
    pub trusted_documents: Option<String>,

    /// How much is remembered of automatic persisted queries, in bytes; 0 turns them off.
    #[arg(
        long,
        env = "TASKWARD_PERSISTED_QUERIES",
        default_value = "4194304",
        value_name = "BYTES"
    )]
    pub persisted_queries: String,

    /// The most tasks of one user, those in the trash too.
    #[arg(long, env = "TASKWARD_MAX_TASKS", default_value = "100000", value_name = "COUNT")]
    pub max_tasks: String,

    /// The most tags of one user.
    #[arg(long, env = "TASKWARD_MAX_TAGS", default_value = "1000", value_name = "COUNT")]
    pub max_tags: String,

    /// The most lists of one user.
    #[arg(long, env = "TASKWARD_MAX_LISTS", default_value = "1000", value_name = "COUNT")]
    pub max_lists: String,

    /// The most connections that last, WebSockets and event streams together.
    #[arg(long, env = "TASKWARD_MAX_SOCKETS", default_value = "10000", value_name = "COUNT")]
    pub max_sockets: String,

    /// The most of them of one user.
    #[arg(long, env = "TASKWARD_MAX_SOCKETS_PER_USER", default_value = "32", value_name = "COUNT")]
    pub max_sockets_per_user: String,

    /// The most operations at a time over one WebSocket.
    #[arg(
        long,
        env = "TASKWARD_MAX_SOCKET_OPERATIONS",
        default_value = "32",
        value_name = "COUNT"
    )]
    pub max_socket_operations: String,

    /// How the log is written: `text` or `json`.
    #[arg(long, env = "TASKWARD_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: String,

    /// What is logged: `error`, `warn`, `info`, `debug`, or directives such as `info,sqlx=debug`.
    #[arg(long, env = "TASKWARD_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,

    /// Where tokens come from.
    #[command(flatten)]
    pub tokens: TokenSettings,
}

/// The settings, checked.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// `sqlite://…` or `postgres://…`
    pub database_url: String,
    /// The most connections to the database.
    pub pool_size: u32,
    /// Whether no key source is configured: then the server makes a secret of its own.
    pub development: bool,
    /// Whether `__schema` and `__type` are answered.
    pub introspection: bool,
    /// Whether GraphiQL is at `/`.
    pub playground: bool,
    /// From where a browser gets GraphiQL's files.
    pub playground_assets: Assets,
    /// From which pages a browser may ask.
    pub origins: Origins,
    /// The longest that a request may take.
    pub timeout: Duration,
    /// The largest body, in bytes.
    pub body_limit: usize,
    /// The largest documents.
    pub limits: Limits,
    /// The documents that requests may name.
    pub persisted: PersistedSettings,
    /// How much one user may have.
    pub quotas: Quotas,
    /// How many connections may last.
    pub connections: ConnectionLimits,
    /// What is logged, as in `info,sqlx=debug`.
    pub log: String,
    /// Whether a line of the log is a JSON object.
    pub json_log: bool,
    /// Where tokens come from.
    pub tokens: TokenSources,
}

impl Settings {
    /// Checks the settings, each by itself and together.
    ///
    /// # Errors
    /// A sentence for each fault, all of them, that names the setting and says what to do.
    pub fn check(&self) -> Result<Config, Vec<String>> {
        let mut faults = Faults(Vec::new());
        let tokens = self.tokens.sources().map_err(|more| faults.0.extend(more)).ok();
        // A faulty source of keys is no reason to fall back to the mode that needs none.
        let development = tokens.as_ref().is_some_and(TokenSources::is_empty);

        let listen = faults.read("TASKWARD_LISTEN", &self.listen).unwrap_or(LOOPBACK);
        if development && !listen.ip().is_loopback() {
            faults.0.push(format!(
                "TASKWARD_LISTEN: {listen} can be reached from other machines, which development mode does not allow: configure where tokens come from (BETTER_AUTH_URL, BETTER_AUTH_SECRET or JWKS_URL), or listen on 127.0.0.1"
            ));
        }
        let databases = ["sqlite:", "postgres:", "postgresql:"];
        if !databases.iter().any(|scheme| self.database_url.starts_with(scheme)) {
            faults.0.push(
                "DATABASE_URL: it must begin with sqlite:// or postgres://, such as sqlite://./data/taskward.db".to_owned(),
            );
        } else if [":memory:", "mode=memory"].iter().any(|it| self.database_url.contains(it)) {
            faults.0.push(
                "DATABASE_URL: tasks cannot be kept in memory, where each connection has its own; name a file".to_owned(),
            );
        } else if !self.database_url.starts_with("sqlite:")
            && Url::parse(&self.database_url).is_err()
        {
            // The driver would quote it, password and all.
            faults.0.push(
                "DATABASE_URL: it cannot be read: in a password, anything but letters and digits is written as %XX".to_owned(),
            );
        }
        faults.0.extend(telemetry::read(&self.log).err());
        let trusted = faults
            .trusted_documents("TASKWARD_TRUSTED_DOCUMENTS", self.trusted_documents.as_deref());
        let timeout = faults.at_least_1("TASKWARD_REQUEST_TIMEOUT", &self.request_timeout);
        let (introspection, playground) = (&self.introspection, &self.playground);
        let config = Config {
            listen,
            database_url: self.database_url.clone(),
            pool_size: faults.at_least_1("TASKWARD_POOL_SIZE", &self.pool_size),
            development,
            introspection: faults
                .switch("TASKWARD_INTROSPECTION", introspection.as_deref())
                .unwrap_or(development),
            playground: faults
                .switch("TASKWARD_PLAYGROUND", playground.as_deref())
                .unwrap_or(development),
            playground_assets: faults
                .assets("TASKWARD_PLAYGROUND_ASSETS", self.playground_assets.as_deref()),
            origins: faults.origins("TASKWARD_CORS_ORIGINS", &self.cors_origins, development),
            timeout: Duration::from_secs(timeout),
            body_limit: faults.at_least_1("TASKWARD_MAX_BODY", &self.max_body),
            limits: Limits {
                tokens: faults.at_least_1("TASKWARD_MAX_TOKENS", &self.max_tokens),
                aliases: faults.at_least_1("TASKWARD_MAX_ALIASES", &self.max_aliases),
                directives: faults.at_least_1("TASKWARD_MAX_DIRECTIVES", &self.max_directives),
                root_fields: faults.at_least_1("TASKWARD_MAX_ROOT_FIELDS", &self.max_root_fields),
                depth: faults.at_least_1("TASKWARD_MAX_DEPTH", &self.max_depth),
                cost: faults.at_least_1("TASKWARD_MAX_COST", &self.max_cost),
                ..Limits::default()
            },
            persisted: PersistedSettings {
                only_trusted: trusted.is_some() && !development,
                trusted,
                memory: faults
                    .read("TASKWARD_PERSISTED_QUERIES", &self.persisted_queries)
                    .unwrap_or_default(),
            },
            quotas: Quotas {
                tasks: faults.at_least_1("TASKWARD_MAX_TASKS", &self.max_tasks),
                tags: faults.at_least_1("TASKWARD_MAX_TAGS", &self.max_tags),
                lists: faults.at_least_1("TASKWARD_MAX_LISTS", &self.max_lists),
            },
            connections: ConnectionLimits {
                sockets: faults.at_least_1("TASKWARD_MAX_SOCKETS", &self.max_sockets),
                sockets_per_user: faults
                    .at_least_1("TASKWARD_MAX_SOCKETS_PER_USER", &self.max_sockets_per_user),
                operations: faults
                    .at_least_1("TASKWARD_MAX_SOCKET_OPERATIONS", &self.max_socket_operations),
            },
            log: self.log.clone(),
            json_log: match self.log_format.as_str() {
                "text" => false,
                "json" => true,
                other => {
                    faults
                        .0
                        .push(format!("TASKWARD_LOG_FORMAT: {other:?} is neither text nor json"));
                    false
                }
            },
            tokens: tokens.unwrap_or_default(),
        };
        if faults.0.is_empty() { Ok(config) } else { Err(faults.0) }
    }
}

/// What is wrong, a sentence each.
struct Faults(Vec<String>);

impl Faults {
    fn read<T: FromStr<Err: Display>>(&mut self, name: &str, text: &str) -> Option<T> {
        let fault = |error| self.0.push(format!("{name}: {text:?} cannot be read ({error})"));
        text.trim().parse().map_err(fault).ok()
    }

    fn at_least_1<T: FromStr<Err: Display> + From<u8> + PartialOrd>(
        &mut self,
        name: &str,
        text: &str,
    ) -> T {
        let number = self.read(name, text).unwrap_or(T::from(1));
        if number < T::from(1) {
            self.0.push(format!("{name}: it must be at least 1"));
        }
        number
    }

    fn switch(&mut self, name: &str, text: Option<&str>) -> Option<bool> {
        let text = text.filter(|text| !text.is_empty())?;
        let fault = |_| self.0.push(format!("{name}: {text:?} is neither true nor false"));
        text.parse().map_err(fault).ok()
    }

    fn assets(&mut self, name: &str, folder: Option<&str>) -> Assets {
        let Some(folder) = folder.filter(|folder| !folder.is_empty()) else { return Assets::Cdn };
        Assets::read(folder).unwrap_or_else(|faults| {
            self.0.extend(faults.iter().map(|fault| format!("{name}: {fault}")));
            Assets::Cdn
        })
    }

    fn trusted_documents(&mut self, name: &str, file: Option<&str>) -> Option<TrustedDocuments> {
        let file = file.filter(|file| !file.is_empty())?;
        let fault = |fault| self.0.push(format!("{name}: {fault}"));
        TrustedDocuments::read(file).map_err(fault).ok()
    }

    fn origins(&mut self, name: &str, given: &[String], development: bool) -> Origins {
        let given: Vec<_> = given.iter().filter(|origin| !origin.is_empty()).collect();
        if given.is_empty() && development {
            return Origins::Local;
        }
        let mut origins = Vec::new();
        for text in given {
            let origin = Url::parse(text).ok().map(|url| url.origin().ascii_serialization());
            match (origin, HeaderValue::from_str(text)) {
                (Some(origin), Ok(value)) if origin == *text => origins.push(value),
                _ => self.0.push(format!(
                    "{name}: {text:?} is not an origin: write scheme, host and port only, such as https://app.example.com"
                )),
            }
        }
        Origins::Listed(origins)
    }
}
/// What is in force, one setting a line, for people to read: no secret is in it.
impl Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.development {
            "development: no source of keys is configured"
        } else {
            "production"
        };
        let origins = match &self.origins {
            Origins::Local => "any of this machine".to_owned(),
            Origins::Listed(origins) => {
                let origins: Vec<_> = origins.iter().filter_map(|o| o.to_str().ok()).collect();
                if origins.is_empty() { "none".to_owned() } else { origins.join(", ") }
            }
        };
        let trusted = match &self.persisted.trusted {
            Some(trusted) if self.persisted.only_trusted => {
                format!("{}, and no others run", trusted.count())
            }
            Some(trusted) => trusted.count().to_string(),
            None => "none".to_owned(),
        };
        let Self { limits, quotas, connections, .. } = self;
        let lines: [(&str, &dyn Display); 26] = [
            ("mode", &mode),
            ("TASKWARD_LISTEN", &self.listen),
            ("DATABASE_URL", &masked(&self.database_url)),
            ("TASKWARD_POOL_SIZE", &self.pool_size),
            ("TASKWARD_INTROSPECTION", &self.introspection),
            ("TASKWARD_PLAYGROUND", &self.playground),
            ("TASKWARD_PLAYGROUND_ASSETS", &self.playground_assets),
            ("TASKWARD_CORS_ORIGINS", &origins),
            ("TASKWARD_REQUEST_TIMEOUT", &format_args!("{} s", self.timeout.as_secs())),
            ("TASKWARD_MAX_BODY", &format_args!("{} bytes", self.body_limit)),
            ("TASKWARD_MAX_TOKENS", &limits.tokens),
            ("TASKWARD_MAX_ALIASES", &limits.aliases),
            ("TASKWARD_MAX_DIRECTIVES", &limits.directives),
            ("TASKWARD_MAX_ROOT_FIELDS", &limits.root_fields),
            ("TASKWARD_MAX_DEPTH", &limits.depth),
            ("TASKWARD_MAX_COST", &limits.cost),
            ("TASKWARD_TRUSTED_DOCUMENTS", &trusted),
            ("TASKWARD_PERSISTED_QUERIES", &format_args!("{} bytes", self.persisted.memory)),
            ("TASKWARD_MAX_TASKS", &quotas.tasks),
            ("TASKWARD_MAX_TAGS", &quotas.tags),
            ("TASKWARD_MAX_LISTS", &quotas.lists),
            ("TASKWARD_MAX_SOCKETS", &connections.sockets),
            ("TASKWARD_MAX_SOCKETS_PER_USER", &connections.sockets_per_user),
            ("TASKWARD_MAX_SOCKET_OPERATIONS", &connections.operations),
            ("TASKWARD_LOG", &self.log),
            ("TASKWARD_LOG_FORMAT", &if self.json_log { "json" } else { "text" }),
        ];
        for (name, value) in lines {
            writeln!(f, "{name:30} {value}")?;
        }
        for (name, value) in self.tokens.effective() {
            writeln!(f, "{name:30} {value}")?;
        }
        Ok(())
    }
}

/// The URL of a database without its password, which may stand in front of the host or among the
/// parameters.
fn masked(url: &str) -> String {
    const MASK: &str = "***";
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

/// Reads `.env` into the environment, which wins where both name a setting. Where the environment
/// says where tokens come from, it is production's, and a file left in the folder has no say.
pub fn read_env_file() {
    let sources = ["BETTER_AUTH_SECRET", "BETTER_AUTH_SECRETS", "BETTER_AUTH_URL", "JWKS_URL"];
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !sources.iter().any(is_set) {
        // A missing file is no fault, and a faulty line shows in what is missing.
        let _ = dotenvy::from_path(".env");
    }
}
