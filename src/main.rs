//! The binary.

use std::{
    io::{Write, stderr},
    process::ExitCode,
};

use mimalloc::MiMalloc;
use taskward::cli;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let Err(error) = cli::run() else { return ExitCode::SUCCESS };
    for line in error.to_string().lines() {
        // `eprintln!` panics where nobody reads any more; the exit code still says it.
        let _ = writeln!(stderr(), "error: {line}");
    }
    ExitCode::FAILURE
}
