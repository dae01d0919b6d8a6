//! Parses the command line and calls one command.

use std::process::ExitCode;

use clap::Parser as _;
use wirewalk::commands::{self, Cli, Misuse};
use wirewalk::config::ConfigError;

fn main() -> ExitCode {
    // Usage errors end here with exit code 2, and --help with 0.
    let cli = Cli::parse();
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            commands::say(format_args!("{error:#}"));
            // A wrong configuration is wrong usage.
            let is_usage = error.is::<Misuse>() || error.is::<ConfigError>();
            if is_usage { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
