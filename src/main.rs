//! The binary.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use taskward::cli;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let Err(error) = cli::run() else { return ExitCode::SUCCESS };
    for line in error.to_string().lines() {
        eprintln!("error: {line}");
    }
    ExitCode::FAILURE
}
