//! The binary: parses the command line and runs the command.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use taskward::cli::Cli;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let Err(error) = Cli::parse().run() else { return ExitCode::SUCCESS };
    for line in error.to_string().lines() {
        eprintln!("error: {line}");
    }
    ExitCode::FAILURE
}
