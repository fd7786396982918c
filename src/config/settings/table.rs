//! The table of settings.

use super::{
    super::{parse, show},
    Section, Setting,
    Takes::{Many, Nothing, One},
};

/// A section of the table. Each row has the help of a setting, its name and default, what its flag
/// takes, the field of the configuration, and how the value is read and shown.
macro_rules! section {
    ($title:literal: $(
        $(#[doc = $help:literal])+
        $name:ident $(= $default:literal)?, $takes:expr => $($field:ident).+: $read:ident, $show:ident;
    )+) => {
        Section {
            title: $title,
            settings: &[$(Setting {
                name: stringify!($name),
                default: concat!($($default)?),
                takes: $takes,
                help: concat!($($help),+).trim_ascii(),
                read: |config, text, faults| parse::$read(text, &mut config.$($field).+, faults),
                show: |config| show::$show(&config.$($field).+),
            }),+],
        }
    };
}

pub const TOKENS: [Section; 2] = [TOKEN_SOURCES, TOKEN_VALIDATION];
pub const SERVER: [Section; 8] =
    [HTTP, DATABASE, DEVELOPMENT, DOCUMENTS, RATES, QUOTAS, CONNECTIONS, LOG];

/// While none of these is set, the server runs in development mode.
pub const TOKEN_SOURCES: Section = section! { "Token sources":
    /// Address of Better Auth, such as `https://example.com`, from which its key set
    /// (`/api/auth/jwks`, or `<path>/jwks` where the address has a path), issuer and audience are
    /// derived
    BETTER_AUTH_URL, One("URL") => token_settings.better_auth_url: text, url;
    /// Secret of HS256 tokens, at least 32 bytes, 8 of them different
    BETTER_AUTH_SECRET, One("SECRET") => token_settings.better_auth_secret: text, secret;
    /// Several secrets for rotation, the current one first, such as `2:new,1:old`; tokens signed with
    /// any of them are accepted
    BETTER_AUTH_SECRETS, One("SECRETS") => token_settings.better_auth_secrets: list, secrets;
    /// Key set (JWKS) of another issuer, or of a Better Auth that serves it at another address
    JWKS_URL, One("URL") => token_settings.jwks_url: text, url;
};

const TOKEN_VALIDATION: Section = section! { "Token validation":
    /// Accepted issuers (`iss`), separated by commas, one of which every token must name; required
    /// with `JWKS_URL`; by default the origin of `BETTER_AUTH_URL`, and an HS256 token may leave it out
    JWT_ISSUER, Many("ISSUERS") => token_settings.jwt_issuer: list, list;
    /// Accepted audiences (`aud`), separated by commas, one of which every token must name; required
    /// with `JWKS_URL`; by default the origin of `BETTER_AUTH_URL`, and an HS256 token may leave it out
    JWT_AUDIENCE, Many("AUDIENCES") => token_settings.jwt_audience: list, list;
    /// `true`: one `sub` is the same user with all issuers
    TASKWARD_SHARED_SUBJECTS = "false", Nothing => token_settings.shared_subjects: switch, plain;
    /// `true`: keys may be fetched without TLS, as inside a container network
    TASKWARD_INSECURE_JWKS = "false", Nothing => token_settings.insecure_jwks: switch, plain;
    /// Seconds by which the clocks of issuer and server may differ, at most 300
    TASKWARD_TOKEN_LEEWAY = "30", One("SECONDS") => token_settings.token_leeway: value, seconds;
    /// Maximum number of verified tokens in the cache; `0` turns it off
    TASKWARD_TOKEN_CACHE = "10000", One("COUNT") => token_settings.token_cache: value, plain;
};

const HTTP: Section = section! { "HTTP":
    /// Address and port to listen on
    TASKWARD_LISTEN = "127.0.0.1:4000", One("ADDRESS") => listen: value, plain;
    /// Origins of web pages that may send requests, separated by commas, such as
    /// `https://app.example.com`; by default none, and in development mode any origin on this machine
    TASKWARD_CORS_ORIGINS, Many("ORIGINS") => origins: origins, origins;
    /// Maximum duration of a request, in seconds
    TASKWARD_REQUEST_TIMEOUT = "10", One("SECONDS") => engine.timeout: duration, duration;
    /// Maximum size of a request body, in bytes; without a token at most 65536
    TASKWARD_MAX_BODY = "1048576", One("BYTES") => body_limit: positive, bytes;
    /// Maximum size of a response, in bytes, at least 1048576; as many bytes may be read for it
    TASKWARD_MAX_RESPONSE = "16777216", One("BYTES") => engine.max_response: max_response, bytes;
};

const DATABASE: Section = section! { "Database":
    /// The database: `sqlite://<file>` or `postgres://<user>:<password>@<host>/<name>`
    DATABASE_URL = "sqlite://./data/taskward.db", One("URL") => database_url: database_url, database_url;
    /// Maximum number of connections to the database, besides one that reads sign-outs and one that
    /// listens (PostgreSQL) or writes (SQLite)
    TASKWARD_POOL_SIZE = "16", One("COUNT") => pool_size: positive, plain;
    /// `true`: PostgreSQL itself keeps the rows of users apart, by row-level security
    TASKWARD_ROW_SECURITY = "false", Nothing => row_security: switch, plain;
};

const DEVELOPMENT: Section = section! { "Development tools":
    /// Whether clients may read the schema (`true` or `false`); by default only in development mode
    TASKWARD_INTROSPECTION, One("BOOL") => engine.introspection: switch, plain;
    /// Whether GraphiQL is served at `/` (`true` or `false`); by default only in development mode
    TASKWARD_PLAYGROUND, One("BOOL") => playground: switch, plain;
    /// Folder of npm packages, such as `playground/node_modules`, from which the server serves
    /// GraphiQL's files itself; by default browsers load them from a CDN
    TASKWARD_PLAYGROUND_ASSETS, One("FOLDER") => playground_assets: assets, plain;
};

const DOCUMENTS: Section = section! { "GraphQL documents":
    /// Maximum number of lexical tokens in a document
    TASKWARD_MAX_TOKENS = "2000", One("COUNT") => engine.limits.tokens: positive, plain;
    /// Maximum number of aliases in a document
    TASKWARD_MAX_ALIASES = "100", One("COUNT") => engine.limits.aliases: positive, plain;
    /// Maximum number of directives in a document
    TASKWARD_MAX_DIRECTIVES = "50", One("COUNT") => engine.limits.directives: positive, plain;
    /// Maximum number of root fields in an operation
    TASKWARD_MAX_ROOT_FIELDS = "30", One("COUNT") => engine.limits.root_fields: positive, plain;
    /// Maximum depth of fields in a document
    TASKWARD_MAX_DEPTH = "15", One("COUNT") => engine.limits.depth: positive, plain;
    /// Maximum number of objects that an operation could return
    TASKWARD_MAX_COST = "10000", One("COUNT") => engine.limits.cost: positive, plain;
    /// File of trusted documents: a JSON object from ids to documents, as graphql-codegen and Relay's
    /// compiler write it, or a manifest of Apollo's; in production mode no other documents run
    TASKWARD_TRUSTED_DOCUMENTS, One("FILE") => engine.persisted: trusted_documents, trusted_documents;
    /// Size of the cache of automatic persisted queries, in bytes; `0` turns them off
    TASKWARD_PERSISTED_QUERIES = "4194304", One("BYTES") => engine.persisted.memory: value, bytes;
};

const RATES: Section = section! { "Rate limits":
    /// Points that a user may use in a minute; `0`: no limit
    TASKWARD_RATE_LIMIT = "3000", One("POINTS") => engine.rates.per_user: value, plain;
    /// Points that an address may use in a minute with requests that have no good token; `0`: no limit
    TASKWARD_ANONYMOUS_RATE_LIMIT = "300", One("POINTS") => engine.rates.per_address: value, plain;
    /// Addresses and networks of proxies, separated by commas, such as `10.0.0.0/8`, whose
    /// `X-Forwarded-For` names the client; by default none
    TASKWARD_TRUSTED_PROXIES, Many("NETWORKS") => trusted_proxies: networks, networks;
};

const QUOTAS: Section = section! { "Quotas":
    /// Maximum number of tasks per user, including those in the trash
    TASKWARD_MAX_TASKS = "100000", One("COUNT") => quotas.tasks: positive, plain;
    /// Maximum number of tags per user
    TASKWARD_MAX_TAGS = "1000", One("COUNT") => quotas.tags: positive, plain;
    /// Maximum number of lists per user
    TASKWARD_MAX_LISTS = "1000", One("COUNT") => quotas.lists: positive, plain;
    /// Maximum number of bytes that a user's tasks, tags and lists take, with what search and the log need
    TASKWARD_MAX_BYTES = "268435456", One("BYTES") => quotas.bytes: positive, plain;
};

const CONNECTIONS: Section = section! { "WebSockets and event streams":
    /// Maximum number of WebSockets and event streams that are open at a time
    TASKWARD_MAX_SOCKETS = "10000", One("COUNT") => connections.sockets: positive, plain;
    /// Maximum number of WebSockets and event streams per user that are open at a time
    TASKWARD_MAX_SOCKETS_PER_USER = "32", One("COUNT") => connections.sockets_per_user: positive, plain;
    /// Maximum number of operations at a time over one WebSocket
    TASKWARD_MAX_SOCKET_OPERATIONS = "32", One("COUNT") => connections.operations: positive, plain;
};

const LOG: Section = section! { "Log":
    /// Log filter: `error`, `warn`, `info`, `debug`, or directives such as `info,sqlx=debug`
    TASKWARD_LOG = "info", One("FILTER") => log: log_filter, plain;
    /// Format of the log: `text` or `json`
    TASKWARD_LOG_FORMAT = "text", One("FORMAT") => log_format: log_format, plain;
};
