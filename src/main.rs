//! Parses the command line and calls one command.

use std::process::ExitCode;

use clap::Parser as _;
use wirewalk::commands::Cli;

fn main() -> ExitCode {
    // Usage errors end here with exit code 2, and --help with 0.
    let cli = Cli::parse();
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wirewalk: {error:#}");
            ExitCode::FAILURE
        }
    }
}
