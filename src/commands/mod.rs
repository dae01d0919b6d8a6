//! One file for each subcommand: what the user asked, and which modules do it.

mod check;
mod closing;
mod config;
mod demo;
mod diff;
mod env;
mod export;
mod home;
mod live;
mod new;
mod open;
mod podium;
mod printer;
mod proxy;
mod recent;
mod redact;
mod report;
mod run;
mod screen;
mod source;
mod state;
mod trace;
mod walk;
mod walkthroughs;

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, ColorChoice, CommandFactory as _, Parser, Subcommand, ValueHint};

use crate::config::named_theme;
use crate::decode::limits::MAX_MESSAGE;
use crate::escape;
use crate::export::Print;
use crate::session::filter::{self, Filter};
use crate::tui::theme::Theme;

/// See what happens on a WebSocket connection: every byte, every layer, every event.
///
/// wirewalk stands between a client and a server, passes every byte on untouched, and shows what the bytes mean:
/// HTTP, the upgrade, WebSocket frames, Engine.IO packets and Socket.IO events.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  wirewalk                                       the start page
  wirewalk demo                                  watch a chat server and its client talk
  wirewalk walk                                  step through a connection, explained
  wirewalk run -- python app.py                  your own server, with the calls of its functions
  wirewalk proxy http://127.0.0.1:5000           open http://127.0.0.1:8080 to use it
  wirewalk proxy :5000 --record lecture.wirewalk the same, and keep it
  wirewalk open lecture.wirewalk --print layers  show it again, with every field
  wirewalk export lecture.wirewalk --out it.html a page to step through; also .md .svg .har .pcapng .json
  wirewalk diff works.wirewalk fails.wirewalk    what differs between two sessions

Exit codes: 0 done, 1 failed, 2 wrong usage.";

const NO_SCREEN: &str = "the start page needs a terminal; here, say what to do: run, proxy, open or demo";

#[derive(Debug, Subcommand)]
enum Command {
    /// Start your own server, and show what passes and which of its functions are called.
    Run(run::Options),
    /// Stand in front of a server and show what passes.
    Proxy(proxy::Options),
    /// Show a session that was recorded.
    Open(open::Options),
    /// Compare two sessions that were recorded: what was added, is missing or has changed.
    Diff(diff::Options),
    /// Show a real Socket.IO server and its client talking, with nothing to install.
    Demo(demo::Options),
    /// Write the report that a student hands in: libraries, licences, and the walk from start-up to the first answer.
    Report(report::Options),
    /// Walk through a connection, one explained step at a time.
    Walk(walk::Options),
    /// Show the speaker's notes of the walk that goes on in another terminal.
    Notes(walk::NotesOptions),
    /// Write a session or a walk in another form: report, page, drawing, for a browser or for Wireshark.
    Export(export::Options),
    /// Write a transcript without its secrets, that can be given away.
    Redact(redact::Options),
    /// Draft a walkthrough from a transcript.
    New(new::Options),
    /// Check walkthroughs: is everything in them so?
    Check(check::Options),
    /// Write a walkthrough's lock file.
    Lock(check::LockOptions),
    /// Print the environment that lets a server started elsewhere show its calls to `wirewalk proxy --trace`.
    Env(env::Options),
    /// Print the configuration that holds, with a comment on everything.
    Config(config::Options),
}

impl Cli {
    /// Does what was asked. The error says in one sentence what went wrong.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Some(Command::Run(options)) => options.run(),
            Some(Command::Report(options)) => options.run(),
            Some(Command::Walk(options)) => options.run(),
            Some(Command::Notes(options)) => options.run(),
            Some(Command::Export(options)) => options.run(),
            Some(Command::Redact(options)) => options.run(),
            Some(Command::New(options)) => options.run(),
            Some(Command::Check(options)) => options.run(),
            Some(Command::Lock(options)) => options.run(),
            Some(Command::Env(options)) => options.run(),
            Some(Command::Proxy(options)) => options.run(),
            Some(Command::Open(options)) => options.run(),
            Some(Command::Diff(options)) => options.run(),
            Some(Command::Demo(options)) => options.run(),
            Some(Command::Config(options)) => options.run(),
            None if has_screen() => home::run(),
            None => Cli::command().error(ErrorKind::MissingSubcommand, NO_SCREEN).exit(),
        }
    }
}

/// What was asked for cannot be done, whatever the files hold.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(String);

/// Tells the user something on standard error, on one line. It may quote a file or a peer. That nobody reads it any
/// more is no reason to fail.
pub fn say(text: impl Display) {
    let _ = writeln!(std::io::stderr(), "wirewalk: {}", escape::line(&text.to_string()));
}

/// How units are printed.
#[derive(Clone, Debug, Args)]
struct Output {
    /// Print units instead of opening the screen, and how much of each [default: summary, where standard output is no
    /// terminal]
    #[arg(long, value_name = "WHAT", help_heading = "Output")]
    print: Option<Print>,

    /// Show only units that fulfil a condition, such as 'socketio.event == "message"'
    #[arg(long, value_parser = Filter::parse, help_heading = "Output", long_help = filter_help())]
    filter: Option<Filter>,

    /// The colours of the screen: dark, light, projector, terminal or plain [default: the configuration's]
    #[arg(long, value_name = "NAME", value_parser = named_theme, help_heading = "Output")]
    theme: Option<Theme>,

    /// Whether to use colour; NO_COLOR in the environment is honoured
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    color: ColorChoice,

    /// The longest WebSocket message that is put together and inflated, such as 64M or 200k
    #[arg(long, value_name = "SIZE", default_value_t = Size(MAX_MESSAGE), help_heading = "Output")]
    max_message: Size,
}

/// The filter language by example.
fn filter_help() -> String {
    let rows = filter::reference();
    let width = rows.iter().map(|row| row.example.len()).max().unwrap_or_default();
    let lines = rows.iter().map(|row| format!("\n  {:width$}  {}", row.example, row.meaning));
    let about = "Show only units that fulfil a condition, in the manner of Wireshark's display filters. The names are those \
        that --print json has as `key`. By example:\n";
    std::iter::once(about.to_owned()).chain(lines).collect()
}

impl Output {
    /// Whether the screen is wanted: someone can look at it, and did not ask for text.
    fn wants_screen(&self) -> bool {
        self.print.is_none() && has_screen()
    }

    /// What the user has settled of the screen, where the screen is wanted.
    fn screen(&self) -> anyhow::Result<Option<screen::Settings>> {
        self.wants_screen().then(|| screen::Settings::load(self.theme)).transpose()
    }
}

/// Whether there is a terminal to draw on, and someone to press keys.
fn has_screen() -> bool {
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal()
}

/// Where a session is kept.
#[derive(Clone, Debug, Args)]
struct Recording {
    /// Keep the session in this file, which must not exist yet; open it again with `wirewalk open`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    record: Option<PathBuf>,
}

/// A number of bytes, written as `500`, `64k`, `10M` or `1G` (powers of 1024).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size(usize);

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            bytes if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => write!(f, "{}M", bytes >> 20),
            bytes if bytes >= 1 << 10 && bytes % (1 << 10) == 0 => write!(f, "{}k", bytes >> 10),
            bytes => write!(f, "{bytes}"),
        }
    }
}

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let (number, shift) = match text.char_indices().last() {
            Some((at, 'k' | 'K')) => (text.get(..at), 10),
            Some((at, 'm' | 'M')) => (text.get(..at), 20),
            Some((at, 'g' | 'G')) => (text.get(..at), 30),
            _ => (Some(text), 0),
        };
        let number: Option<usize> = number.and_then(|n| n.parse().ok());
        let bytes =
            number.and_then(|n| n.checked_mul(1 << shift)).filter(|bytes| u32::try_from(*bytes).is_ok());
        bytes
            .map(Size)
            .ok_or_else(|| "expected a number of bytes below 4G, such as 500, 64k or 10M".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_size_is_read_and_written() {
        for (text, bytes) in [("500", 500), ("64k", 65_536), ("10M", 10 << 20), ("1g", 1 << 30)] {
            assert_eq!(text.parse(), Ok(Size(bytes)));
        }
        for text in ["", "k", "-1", "5T", "4G", "99999999999999999999"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
        assert_eq!(Size(64 << 20).to_string(), "64M");
    }
}
