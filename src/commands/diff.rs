//! `wirewalk diff`: two sessions that were recorded, beside each other.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ColorChoice, ValueHint};

use super::{Size, filter_help, printer, say};
use crate::capture::Recorder;
use crate::config::Config;
use crate::decode::limits::MAX_MESSAGE;
use crate::export::diff::{self, DiffError, View};
use crate::session::Session;
use crate::session::compare::{self, Comparison};
use crate::session::filter::Filter;
use crate::session::secrets::{Collected, Names};

/// Compare two sessions by what they mean: what was added, is missing or has changed.
#[derive(Debug, Args)]
#[command(after_long_help = help())]
pub(super) struct Options {
    /// The first transcript
    #[arg(value_hint = ValueHint::FilePath)]
    a: PathBuf,

    /// The second
    #[arg(value_hint = ValueHint::FilePath)]
    b: PathBuf,

    /// Show what is the same too
    #[arg(long)]
    all: bool,

    /// Do not compare a field, or all fields whose keys begin so, such as http.user_agent; may be given several times
    #[arg(long, value_name = "KEY", value_parser = key)]
    ignore: Vec<String>,

    /// Compare only units that fulfil a condition, such as 'socketio'
    #[arg(long, value_parser = Filter::parse, long_help = filter_help())]
    filter: Option<Filter>,

    /// Show secrets, such as cookies and tokens
    #[arg(long)]
    keep_secrets: bool,

    /// End with exit code 1 where the sessions differ
    #[arg(long)]
    exit_code: bool,

    /// Whether to use colour; NO_COLOR in the environment is honoured
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,

    /// The longest WebSocket message that is put together and inflated, such as 64M or 200k
    #[arg(long, value_name = "SIZE", default_value_t = Size(MAX_MESSAGE))]
    max_message: Size,
}

fn key(text: &str) -> Result<String, String> {
    match compare::is_key(text) {
        true => Ok(text.to_owned()),
        false => Err("no field is called so; --print json has the keys".to_owned()),
    }
}

/// What is not compared.
fn help() -> String {
    let mut help = "\
Conversations are compared, whatever connections carried them, each direction on its own. A packet of a polling body counts as a \
unit. `-` is only in A, `+` only in B, `~` changed; what changed in the same way before is not shown again.

Not compared, since it differs between any two recordings:"
        .to_owned();
    for (reason, keys) in compare::reasons() {
        help.push_str(&format!("\n  {reason}: {}", keys.join(", ")));
    }
    help.push_str(
        "
  session ids and the ports of this machine in any text, the parameter `t` of Engine.IO requests, when a cookie expires
  the order of header fields, parameters and JSON members; which connection, and how many
  pings, pongs, polls and compressed frames are only counted",
    );
    help
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        let config = Config::load()?;
        let names = Names::new(&config.secrets.names, &config.secrets.patterns)?;
        let (a, b) = (self.open(&self.a)?, self.open(&self.b)?);
        let known = match self.keep_secrets {
            true => None,
            false => {
                let mut collected = Collected::default();
                [&a, &b].into_iter().try_for_each(|session| collected.session(session, &names))?;
                Some(collected.known())
            }
        };
        let comparison = Comparison::of(&a, &b, &self.ignore, self.filter.as_ref())?;
        let (file_a, file_b) = (self.a.display().to_string(), self.b.display().to_string());
        let columns = terminal_size::terminal_size_of(io::stdout());
        let view = View {
            files: [&file_a, &file_b],
            all: self.all,
            secret: known.as_ref().map(|known| (&names, known)),
            columns: columns.map(|(columns, _)| usize::from(columns.0)),
        };
        let mut out = io::BufWriter::new(printer::stdout(self.color));
        let printed = diff::write(&comparison, &view, &mut out).and_then(|tally| {
            out.flush()?;
            Ok(tally)
        });
        match printed {
            // That they differ is no failure, so there is nothing to say about it.
            Ok(tally) if self.exit_code && tally.differs() => std::process::exit(1),
            Ok(_) => Ok(()),
            Err(DiffError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(error).context("cannot print"),
        }
    }

    fn open(&self, file: &Path) -> anyhow::Result<Session> {
        let (session, _, cut_off) = Recorder::open(file, self.max_message.0)?;
        if cut_off > 0 {
            let file = file.display();
            say(format_args!("{file}: the last line is cut off; its {cut_off} bytes are left out"));
        }
        Ok(session)
    }
}
