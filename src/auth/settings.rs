//! The settings that say whose tokens are good.

use clap::builder::ArgAction;
use secrecy::SecretString;

/// Seconds of leeway where none are set.
const LEEWAY: u32 = 30;
/// Entries of the token cache where none are set.
const CACHE: u32 = 10_000;

/// Whose tokens are good: flags, or the environment, where an empty value counts as not set.
///
/// [`TokenSettings::sources`] checks them together.
#[derive(clap::Args)]
#[command(next_help_heading = "Tokens")]
pub struct TokenSettings {
    /// Secret that HS256 tokens are signed with, at least 32 bytes; not set by default.
    #[arg(long, env = "BETTER_AUTH_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub better_auth_secret: Option<SecretString>,

    /// Secrets for rotation, the present one first, such as `2:new,1:old`; all are accepted. Not
    /// set by default.
    #[arg(long, env = "BETTER_AUTH_SECRETS", value_name = "SECRETS", hide_env_values = true)]
    pub better_auth_secrets: Option<SecretString>,

    /// Where Better Auth runs, such as `https://example.com`. Its keys are fetched from
    /// `/api/auth/jwks` there, and its origin is the issuer and audience unless those are set. Not
    /// set by default.
    #[arg(long, env = "BETTER_AUTH_URL", value_name = "URL")]
    pub better_auth_url: Option<String>,

    /// Key set (JWKS) of another issuer, or of a Better Auth that keeps it elsewhere; not set by
    /// default.
    #[arg(long, env = "JWKS_URL", value_name = "URL")]
    pub jwks_url: Option<String>,

    /// Issuers (`iss`) to trust, separated by commas; every token must name one of them. By default
    /// the origin of `BETTER_AUTH_URL`.
    #[arg(long, env = "JWT_ISSUER", value_name = "ISSUERS", value_delimiter = ',')]
    pub jwt_issuer: Vec<String>,

    /// Audiences (`aud`) to accept, separated by commas; every token must name one of them. By
    /// default the origin of `BETTER_AUTH_URL`.
    #[arg(long, env = "JWT_AUDIENCE", value_name = "AUDIENCES", value_delimiter = ',')]
    pub jwt_audience: Vec<String>,

    /// `true` when the same `sub` means the same user with every issuer; `false` by default.
    #[arg(
        long,
        env = "TASKWARD_SHARED_SUBJECTS",
        action = ArgAction::SetTrue,
        value_parser = switch
    )]
    pub shared_subjects: bool,

    /// `true` to fetch keys without TLS from other machines, as inside a container network; `false`
    /// by default.
    #[arg(long, env = "TASKWARD_INSECURE_JWKS", action = ArgAction::SetTrue, value_parser = switch)]
    pub insecure_jwks: bool,

    /// How far the clocks of issuer and server may differ, in seconds, at most 300.
    #[arg(
        long,
        env = "TASKWARD_TOKEN_LEEWAY",
        value_name = "SECONDS",
        default_value_t = LEEWAY,
        value_parser = number::<LEEWAY>
    )]
    pub token_leeway: u32,

    /// How many verified tokens are remembered, so that their signatures are not checked on every
    /// request; 0 turns it off.
    #[arg(
        long,
        env = "TASKWARD_TOKEN_CACHE",
        value_name = "ENTRIES",
        default_value_t = CACHE,
        value_parser = number::<CACHE>
    )]
    pub token_cache: u32,
}

/// Nothing but the two words, so that a slip of the pen opens no door.
fn switch(text: &str) -> Result<bool, &'static str> {
    match text {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        _ => Err("it is `true` or `false`"),
    }
}

fn number<const DEFAULT: u32>(text: &str) -> Result<u32, &'static str> {
    if text.is_empty() {
        return Ok(DEFAULT);
    }
    text.parse().map_err(|_| "it is a whole number")
}
