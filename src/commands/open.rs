//! `wirewalk open`: a session that was recorded, here or by another program, as if it were live.

use std::io;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::{Args, ValueHint};

use super::printer::Printer;
use super::source::Source;
use super::{Output, closing, live, printer, recent, say, screen};
use crate::capture::Recorder;
use crate::capture::player::{Mode, Pace, Player};
use crate::capture::transcript::Header;

/// Show a session that was recorded.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The transcript, as made by --record, or a HAR file of a browser or of mitmproxy
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,

    /// Show what is added while the file is still being written, until Ctrl-C
    #[arg(long, conflicts_with_all = ["speed", "max_pause"])]
    follow: bool,

    /// Play it in time, so many times as fast as it was recorded: 0.1 to 1000
    #[arg(long, value_name = "TIMES", value_parser = speed)]
    speed: Option<f64>,

    /// While it is played, the longest pause in seconds that is kept [default: 2]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "speed")]
    max_pause: Option<Duration>,

    #[command(flatten)]
    output: Output,
}

/// Reads a speed.
fn speed(text: &str) -> Result<f64, String> {
    let speed: Option<f64> = text.parse().ok().filter(|speed| (0.1..=1000.0).contains(speed));
    speed.ok_or_else(|| "expected a number from 0.1 to 1000".to_owned())
}

/// Reads a number of seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "expected a number of seconds, such as 2 or 0.5".to_owned())
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        let pace = Pace::default();
        match (self.follow, self.speed) {
            (true, _) => self.play(Mode::Follow),
            (false, Some(speed)) => {
                let max_pause = self.max_pause.unwrap_or(pace.max_pause);
                self.play(Mode::InTime(Pace { speed, max_pause, ..pace }))
            }
            (false, None) if self.output.wants_screen() => self.play(Mode::AtOnce),
            (false, None) => self.show(),
        }
    }

    /// Shows or prints while the transcript is read, until nothing more comes or Ctrl-C is pressed.
    fn play(self, mode: Mode) -> anyhow::Result<()> {
        let settings = self.output.screen()?;
        let follows = mode != Mode::AtOnce;
        let player = Player::open(&self.file, mode, self.output.max_message.0)?;
        recent::add(&self.file);
        let source = Source { follows, ..Source::opened(&player, self.greeting(player.header())) };
        if let Some(settings) = settings {
            return live::runtime()?.block_on(async {
                let seen = tokio::select! {
                    seen = screen::show(&source, settings, self.output.filter.clone(), None) => seen,
                    result = live::interrupted() => result.context("cannot wait for Ctrl-C"),
                };
                tokio::task::spawn_blocking(|| player.finish()).await.context("opening failed")?;
                seen
            });
        }
        say(&source.title);
        live::runtime()?.block_on(async {
            let printer = Printer::start(&source, self.output.clone());
            let result = tokio::select! {
                result = live::interrupted() => result.context("cannot wait for Ctrl-C"),
                () = printer.ended() => Ok(()),
            };
            let state = source.control.state();
            tokio::task::spawn_blocking(|| player.finish()).await.context("opening failed")?;
            live::say_printed(printer.finish(Instant::now() + live::LAST_WORDS).await)?;
            let cut_off = state.playing.map_or(0, |playing| playing.cut_off);
            say_cut_off(cut_off);
            closing::words(&source.session.read().unwrap_or_else(PoisonError::into_inner))
                .into_iter()
                .for_each(say);
            state.failure.map_or(result, |failure| Err(anyhow::Error::msg(failure)))
        })
    }

    fn greeting(&self, header: &Header) -> String {
        let recorded = format!("{}, recorded {}", self.file.display(), header.started);
        if header.upstream.is_empty() {
            recorded
        } else {
            format!("{recorded} in front of {}", header.upstream)
        }
    }

    fn show(self) -> anyhow::Result<()> {
        let (session, header, cut_off) = Recorder::open(&self.file, self.output.max_message.0)?;
        recent::add(&self.file);
        say(self.greeting(&header));
        say_cut_off(cut_off);
        match printer::all(&session, &self.output) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            printed => printed.context("cannot print")?,
        }
        closing::words(&session).into_iter().for_each(say);
        Ok(())
    }
}

pub(super) fn say_cut_off(bytes: u64) {
    if bytes > 0 {
        say(format_args!("its end is cut off: {bytes} bytes are left out"));
    }
}
