//! The command line.

mod development;

use std::io;

use chrono::TimeDelta;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sea_orm::DbErr;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{
    app::App,
    auth::NewToken,
    config::{Config, Settings},
    graphql,
    store::Store,
    telemetry,
    time::Clock,
};

/// A GraphQL task API for the login you already have: each user sees only their own tasks.
#[derive(Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (also without any command).
    Serve,
    /// Bring the database up to date, and stop.
    Migrate,
    /// Print the schema.
    Schema,
    /// Print a token, signed with the configured secret (in development mode, with its own).
    Token(TokenCommand),
    /// Print the configuration in force, or everything that is wrong with it.
    CheckConfig,
}

#[derive(Args)]
struct TokenCommand {
    /// Whose token: the user's id.
    #[arg(long)]
    sub: String,
    /// The user's e-mail address, to show.
    #[arg(long)]
    email: Option<String>,
    /// The user's name, to show.
    #[arg(long)]
    name: Option<String>,
    /// For how long it is good, in seconds.
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    ttl: u32,
}

/// Good for a day, in seconds: a front end's developer starts the server anew more often.
const DEVELOPMENT_TOKEN_TTL: u32 = 86_400;

impl Cli {
    /// Reads the command line, in which a setting may stand before or after the command; ends the
    /// process where it cannot be read.
    #[must_use]
    pub fn read() -> Self {
        let command = Self::command().mut_args(|setting| setting.global(true));
        let read = Self::from_arg_matches(&command.get_matches());
        read.unwrap_or_else(|error| error.exit())
    }

    /// Does what the command says.
    ///
    /// # Errors
    /// The sentences to show to whoever gave the command.
    pub async fn run(self) -> Result<(), Vec<String>> {
        match self.command {
            Some(Command::Schema) => print!("{}", graphql::sdl()),
            Some(Command::CheckConfig) => print!("{}", self.settings.check()?),
            Some(Command::Token(command)) => println!("{}", command.sign(self.settings.check()?)?),
            Some(Command::Migrate) => migrate(self.start()?).await.map_err(fault)?,
            Some(Command::Serve) | None => serve(self.start()?).await?,
        }
        Ok(())
    }

    /// Checks the settings and starts the log.
    fn start(&self) -> Result<Config, Vec<String>> {
        let config = self.settings.check()?;
        telemetry::start(&config.log, config.json_log).map_err(fault)?;
        Ok(config)
    }
}

impl TokenCommand {
    fn sign(self, config: Config) -> Result<String, Vec<String>> {
        let mut sources = config.tokens;
        if config.development
            && let Some(secret) = development::existing_secret().map_err(fault)?
        {
            sources = sources.with_secret(secret);
        }
        if !(1..=255).contains(&self.sub.len()) {
            return Err(vec!["--sub: a user's id has 1 to 255 bytes".to_owned()]);
        }
        let Self { sub, email, name, ttl } = self;
        let token = NewToken { sub, email, name, ttl: TimeDelta::seconds(ttl.into()) };
        sources.sign(&token, Clock::system().now()).ok_or_else(|| {
            vec!["there is no secret to sign with: set BETTER_AUTH_SECRET, or start the server once in development mode, which makes one".to_owned()]
        })
    }
}

async fn migrate(config: Config) -> Result<(), DbErr> {
    let store = Store::connect(&config.database_url, 1, config.quotas, Clock::system()).await?;
    store.migrate().await?;
    tracing::info!("the database is up to date");
    Ok(())
}

async fn serve(mut config: Config) -> Result<(), Vec<String>> {
    allow_many_files();
    // Whoever reads that the server listens may tell it to stop.
    let stop = told_to_stop().map_err(fault)?;
    let clock = Clock::system();
    let mut token = None;
    if config.development {
        config.tokens = config.tokens.with_secret(development::secret().map_err(fault)?);
        token = config.tokens.sign(&developer(), clock.now());
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| vec![format!("cannot listen on {}: {error}", config.listen)])?;
    let address = listener.local_addr().map_err(fault)?;
    let app = App::build(config, clock, token.clone()).await.map_err(fault)?;
    if let Some(token) = token {
        println!("{}", development::welcome(address, &token));
    }
    tracing::info!("listening on http://{address}/graphql");
    app.serve(listener, stop).await.map_err(fault)
}

/// Each socket is an open file, of which a process may have few unless it asks for more.
fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, ?limit, "no more files can be opened than by default");
    }
}

fn developer() -> NewToken {
    NewToken {
        sub: "dev-user".to_owned(),
        email: Some("dev-user@example.com".to_owned()),
        name: Some("Developer".to_owned()),
        ttl: TimeDelta::seconds(DEVELOPMENT_TOKEN_TTL.into()),
    }
}

/// Ends at Ctrl-C, or when the system asks the process to end.
fn told_to_stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it takes what `map_err` gives")]
fn fault(error: impl ToString) -> Vec<String> {
    vec![error.to_string()]
}
