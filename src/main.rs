//! The binary: reads the command line and does what it says.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use taskward::{cli::Cli, config};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    config::read_env_file();
    let cli = Cli::read();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(faults) => {
            for fault in faults {
                eprintln!("error: {fault}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Reading a document recurses as deep as it nests, and a debug build has large frames.
const STACK_BYTES: usize = 8 << 20;

fn run(cli: Cli) -> Result<(), Vec<String>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .map_err(|error| vec![format!("cannot start: {error}")])?;
    runtime
        .block_on(async { runtime.spawn(cli.run()).await })
        .unwrap_or_else(|error| Err(vec![error.to_string()]))
}
