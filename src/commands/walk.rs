//! `wirewalk walk`: step through a walkthrough, over its transcript or on live traffic. `wirewalk notes` follows it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, Parser as _, ValueHint};
use tokio::sync::mpsc;

use super::podium::{self, Podium};
use super::screen::{Guided, Settings};
use super::source::Source;
use super::walkthroughs::{self, Loaded};
use super::{Cli, has_screen, live, say, screen, state};
use crate::capture::player::{Mode, Player};
use crate::config::named_theme;
use crate::decode::limits::MAX_MESSAGE;
use crate::tui::home::{Choice, Home};
use crate::tui::run::{self, Followed};
use crate::tui::theme::Theme;
use crate::walkthrough::Over;
use crate::walkthrough::walk::Walk;

const NO_SCREEN: &str =
    "a walk needs a terminal; for a page or a handout: wirewalk export WALKTHROUGH --to html";

/// Walk through a connection, one explained step at a time.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// One that comes with wirewalk, by its name, or a folder [default: choose]
    #[arg(value_name = "NAME|FOLDER", value_hint = ValueHint::DirPath)]
    what: Option<PathBuf>,

    /// The step to begin at, by its id or number [default: where you stopped]
    #[arg(value_name = "STEP")]
    step: Option<String>,

    /// Begin at the first step
    #[arg(long, conflicts_with = "step")]
    restart: bool,

    /// Walk on live traffic instead of the recording: stand in front of this server
    #[arg(long, value_name = "URL")]
    live: Option<String>,

    /// Where to listen on live traffic
    #[arg(long, value_name = "ADDRESS", requires = "live")]
    listen: Option<String>,

    /// The colours of the screen: dark, light, projector, terminal or plain [default: the configuration's]
    #[arg(long, value_name = "NAME", value_parser = named_theme)]
    theme: Option<Theme>,
}

/// Show the speaker's notes of the walk that goes on in another terminal, and lead it from here.
#[derive(Debug, Args)]
pub(super) struct NotesOptions {
    /// The colours of the screen
    #[arg(long, value_name = "NAME", value_parser = named_theme)]
    theme: Option<Theme>,
}

/// A walk over live traffic, as the commands take it that make such.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Walking {
    /// Walk through what comes, step by step: one that comes with wirewalk, or a folder
    #[arg(long, value_name = "WALKTHROUGH", value_hint = ValueHint::DirPath, help_heading = "Walk")]
    walk: Option<PathBuf>,

    /// The step to begin at, by its id or number [default: the first]
    #[arg(long, value_name = "STEP", requires = "walk", help_heading = "Walk")]
    step: Option<String>,
}

impl Walking {
    /// The walk that is wanted, over what comes.
    pub async fn guided(&self) -> anyhow::Result<Option<Guided>> {
        let Some(what) = &self.walk else { return Ok(None) };
        if !has_screen() {
            bail!("{NO_SCREEN}");
        }
        let loaded = walkthroughs::load(what)?;
        let step = self.step.as_deref().map(|step| step_of(&loaded, step)).transpose()?;
        guided(loaded, step).await.map(Some)
    }
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        if !has_screen() {
            bail!("{NO_SCREEN}");
        }
        let Some(what) = self.what.clone() else { return self.choose() };
        let loaded = walkthroughs::load(&what)?;
        if let Some(url) = &self.live {
            return self.elsewhere(&what, &["proxy", url]);
        }
        if loaded.text.over == Over::Demo {
            return self.elsewhere(&what, &["demo"]);
        }
        self.over_transcript(loaded)
    }

    /// Offers those that come with wirewalk, and begins the one that is chosen.
    fn choose(self) -> anyhow::Result<()> {
        let mut home = Home::of_walks(Settings::load(self.theme)?.theme, walkthroughs::entries());
        let choice = live::runtime()?.block_on(async {
            tokio::select! {
                choice = run::home(&mut home) => choice.context("the screen failed"),
                result = live::interrupted() => result.map(|()| None).context("cannot wait for Ctrl-C"),
            }
        })?;
        match choice {
            Some(Choice::Walk(name)) => Options { what: Some(PathBuf::from(name)), ..self }.run(),
            _ => Ok(()),
        }
    }

    /// Walks over what another command makes.
    fn elsewhere(&self, what: &Path, command: &[&str]) -> anyhow::Result<()> {
        let mut words: Vec<OsString> =
            std::iter::once("wirewalk").chain(command.iter().copied()).map(OsString::from).collect();
        let mut option = |name: &str, value: OsString| words.extend([OsString::from(name), value]);
        option("--walk", what.into());
        if let Some(step) = &self.step {
            option("--step", step.into());
        }
        if let Some(listen) = &self.listen {
            option("--listen", listen.into());
        }
        if let Some(theme) = &self.theme {
            option("--theme", theme.name.into());
        }
        // What was asked for was checked; only the address may be wrong, and then that is said.
        Cli::try_parse_from(words)?.run()
    }

    fn over_transcript(self, loaded: Loaded) -> anyhow::Result<()> {
        let settings = Settings::load(self.theme)?;
        let transcript = loaded.transcript()?.context("this walkthrough has no transcript")?;
        let player = Player::open(&transcript.path, Mode::AtOnce, MAX_MESSAGE)?;
        let stopped_at = saved(&loaded.name).filter(|_| !self.restart).and_then(|id| loaded.text.step(&id));
        let step = match &self.step {
            Some(step) => Some(step_of(&loaded, step)?),
            None => stopped_at,
        };
        let source = Source { follows: false, ..Source::opened(&player, loaded.text.title.clone()) };
        live::runtime()?.block_on(async {
            let guided = guided(loaded, step).await?;
            let seen = tokio::select! {
                seen = screen::show(&source, settings, None, Some(guided)) => seen,
                result = live::interrupted() => result.context("cannot wait for Ctrl-C"),
            };
            tokio::task::spawn_blocking(|| player.finish()).await.context("opening failed")?;
            seen
        })
    }
}

impl NotesOptions {
    pub fn run(self) -> anyhow::Result<()> {
        if !has_screen() {
            bail!("the notes need a terminal");
        }
        let theme = Settings::load(self.theme)?.theme;
        live::runtime()?.block_on(async {
            let (told, lead) = podium::join().await?;
            tokio::select! {
                shown = run::notes(theme, told, lead) => shown.context("the screen failed"),
                result = live::interrupted() => result.context("cannot wait for Ctrl-C"),
            }
        })
    }
}

/// A step by its id, or by its number from 1.
fn step_of(loaded: &Loaded, step: &str) -> anyhow::Result<usize> {
    let steps = loaded.text.steps.len();
    let by_number = || step.parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < steps);
    loaded.text.step(step).or_else(by_number).with_context(|| {
        let ids: Vec<&str> = loaded.text.steps.iter().map(|step| step.id.value.as_str()).collect();
        format!("there is no step {step:?}; there are 1 to {steps}, and {}", ids.join(", "))
    })
}

/// A walk that can be followed, and that remembers where one stopped.
async fn guided(loaded: Loaded, step: Option<usize>) -> anyhow::Result<Guided> {
    let Loaded { text, name, sources, .. } = loaded;
    let last = text.steps.last().map(|step| step.id.value.clone()).unwrap_or_default();
    let mut walk = Walk::new(text);
    if let Some(step) = step {
        walk.go(step);
    }
    let (lead, leads) = mpsc::unbounded_channel();
    let podium = match Podium::open(lead).await {
        Ok(podium) => Some(podium),
        // One can walk without notes.
        Err(error) => {
            say(format_args!("wirewalk notes cannot follow: {error:#}"));
            None
        }
    };
    let mut before = None;
    let tell = Box::new(move |telling: &crate::walkthrough::telling::Telling| {
        if let Some(podium) = &podium {
            podium.tell(telling);
        }
        if before.as_ref() != Some(&telling.id) {
            // Whoever came to the end begins again next time.
            let id = (telling.id != last).then_some(telling.id.as_str());
            // See `saved`.
            let _ = save(&name, id);
            before = Some(telling.id.clone());
        }
    });
    let source = Arc::new(move |name: &str| sources.file(name));
    Ok(Guided { walk, followed: Followed { tell, leads, source } })
}

fn progress() -> Option<PathBuf> {
    Some(state::folder()?.join("walks.json"))
}

fn all_saved() -> BTreeMap<String, String> {
    let text = progress().and_then(|file| fs::read(file).ok()).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// The id of the step at which one stopped in a walkthrough. That this cannot be read or written is no failure: it is a convenience.
fn saved(name: &str) -> Option<String> {
    all_saved().remove(name)
}

fn save(name: &str, step: Option<&str>) -> io::Result<()> {
    let file = progress().ok_or(io::ErrorKind::NotFound)?;
    let mut all = all_saved();
    match step {
        Some(step) => all.insert(name.to_owned(), step.to_owned()),
        None => all.remove(name),
    };
    let folder = file.parent().ok_or(io::ErrorKind::NotFound)?;
    fs::create_dir_all(folder)?;
    let new = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&new, &all)?;
    new.persist(&file)?;
    Ok(())
}
