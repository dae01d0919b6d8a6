//! `wirewalk env`: the environment that lets a server that is started elsewhere show its calls.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::trace;
use crate::calls::tracers::{Runtime, Told};

/// Print the environment that lets a server started elsewhere show its calls to `wirewalk proxy --trace`.
#[derive(Debug, Args)]
#[command(after_help = "In a shell, before the server is started:  eval \"$(wirewalk env python)\"")]
pub(super) struct Options {
    /// What is to be traced
    #[arg(required = true)]
    runtimes: Vec<Runtime>,

    /// Where `wirewalk proxy --trace` listens
    #[arg(long, value_name = "ADDRESS", default_value = trace::ADDRESS)]
    to: SocketAddr,

    /// The folder of your own project, whose functions are shown; else the one that the server is started in
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    project: Option<PathBuf>,

    /// How to write it
    #[arg(long, value_name = "SHELL", default_value = "sh")]
    shell: Shell,

    #[command(flatten)]
    tracing: trace::Tracing,
}

/// In whose language the environment is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    /// Bourne shells: sh, bash, zsh.
    Sh,
    Fish,
    Powershell,
    /// NAME=VALUE, as .env files and systemd have it.
    Dotenv,
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        let told = Told {
            addr: self.to,
            token: trace::token()?,
            packages: self.tracing.packages,
            arguments: self.tracing.arguments,
            moves: false,
            project: self.project.map(std::path::absolute).transpose()?,
        };
        for (name, value) in trace::install()?.environment(&self.runtimes, &told) {
            println!("{}", self.shell.line(name, &value.to_string_lossy()));
        }
        Ok(())
    }
}

impl Shell {
    fn line(self, name: &str, value: &str) -> String {
        match self {
            Shell::Sh => format!("export {name}='{}'", value.replace('\'', r"'\''")),
            Shell::Fish => {
                format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
            }
            Shell::Powershell => format!("$env:{name} = '{}'", value.replace('\'', "''")),
            Shell::Dotenv => {
                format!("{name}=\"{}\"", value.replace('\\', r"\\").replace('"', "\\\""))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_as_its_shell_wants() {
        let line = |shell: Shell| shell.line("A", r#"it's "b" \c"#);
        assert_eq!(line(Shell::Sh), r#"export A='it'\''s "b" \c'"#);
        assert_eq!(line(Shell::Fish), r#"set -gx A 'it\'s "b" \\c'"#);
        assert_eq!(line(Shell::Powershell), r#"$env:A = 'it''s "b" \c'"#);
        assert_eq!(line(Shell::Dotenv), r#"A="it's \"b\" \\c""#);
    }
}
