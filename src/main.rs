//! The binary: reads the command line and does what it says.

use std::process::ExitCode;

use taskward::{cli::Cli, config};

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

#[tokio::main]
async fn run(cli: Cli) -> Result<(), Vec<String>> {
    cli.run().await
}
