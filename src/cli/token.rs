//! Prints a token.

use chrono::TimeDelta;
use clap::Args;

use super::{Result, development};
use crate::{auth::NewToken, config::Config, time::Clock};

#[derive(Args)]
pub struct TokenCommand {
    /// The user's id (the claim `sub`).
    #[arg(long)]
    sub: String,
    /// The user's e-mail address, for display.
    #[arg(long)]
    email: Option<String>,
    /// The user's name, for display.
    #[arg(long)]
    name: Option<String>,
    /// The token's lifetime, in seconds.
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    ttl: u32,
}

impl TokenCommand {
    pub fn sign(self, config: Config) -> Result<String> {
        let mut sources = config.tokens;
        if config.development
            && let Some(secret) = development::existing_secret()?
        {
            sources = sources.with_secret(secret);
        }
        if !(1..=255).contains(&self.sub.len()) {
            return Err("--sub: a user's id has 1 to 255 bytes".into());
        }
        let Self { sub, email, name, ttl } = self;
        let token = NewToken { sub, email, name, ttl: TimeDelta::seconds(ttl.into()) };
        let token = sources.sign(&token, Clock::system().now());
        Ok(token.ok_or("there is no secret to sign with: set BETTER_AUTH_SECRET, or start the server once in development mode, which makes one")?)
    }
}
