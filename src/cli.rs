//! The command line.

mod development;
mod migrate;
mod serve;
mod token;

use std::{
    error::Error,
    io::{Write, stdout},
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio::runtime;

use self::token::TokenCommand;
use crate::{
    config::{self, Settings},
    graphql,
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A worker thread's stack: parsing recurses as deep as a document nests, and a debug build has large
/// frames.
const STACK_BYTES: usize = 8 << 20;

/// A GraphQL task API for the login you already have: each user sees only their own tasks.
#[derive(Parser)]
#[command(version)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (the default).
    Serve,
    /// Migrate the database.
    Migrate,
    /// Print the GraphQL schema.
    Schema,
    /// Print a token, signed with the configured secret (in development mode, with the generated one).
    Token(TokenCommand),
    /// Print the effective configuration, or every error in it.
    CheckConfig,
}

/// Runs the command with its settings from the command line, the environment and the file `.env`; ends
/// the process if the command line cannot be parsed.
///
/// # Errors
/// What to print, each line an error.
pub fn run() -> Result<()> {
    config::read_env_file();
    let matches = CommandLine::command().args(config::arguments()).get_matches();
    let command = CommandLine::from_arg_matches(&matches)?.command.unwrap_or(Command::Serve);
    let config = || Settings(matches).check().map_err(|faults| faults.join("\n"));
    match command {
        Command::Serve => block_on(serve::run(config()?))?,
        Command::Migrate => block_on(migrate::run(config()?))?,
        Command::Schema => print(&graphql::sdl())?,
        Command::Token(command) => print(&(command.sign(config()?)? + "\n"))?,
        Command::CheckConfig => print(&config()?.to_string())?,
    }
    Ok(())
}

/// Prints all of a text to standard output, or fails: `print!` panics on a closed pipe, and does not notice
/// a full disk.
fn print(text: &str) -> Result<()> {
    let mut stdout = stdout().lock();
    let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    printed.map_err(|error| format!("standard output cannot be written: {error}").into())
}

/// Runs a future on a worker thread, whose stack is large enough.
fn block_on(future: impl Future<Output = Result<()>> + Send + 'static) -> Result<()> {
    let mut runtime = runtime::Builder::new_multi_thread();
    let runtime = runtime.thread_stack_size(STACK_BYTES).enable_all().build()?;
    runtime.block_on(runtime.spawn(future))?
}
