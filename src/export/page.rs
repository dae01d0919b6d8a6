//! A page that is stepped through with the keys: what a class without a terminal sees of a walk. One self-contained file: it loads
//! nothing, and only the script that it brings runs, whatever the session's data are.
//!
//! [`Page::of`] collects it, and [`Page::of_session`] likewise what was recorded without a walk; [`html`](Page::html) writes it down, and [`handout`](Page::handout) the same as Markdown to be printed.

mod calls;
mod handout;
pub mod session;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use base64::Engine as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::report::{Library, Outside, libraries};
use crate::decode::unit::UnitId;
use crate::escape;
use crate::session::{Session, StoreError};
use crate::walkthrough::route::{self, Reached, Route, Stop};
use crate::walkthrough::{Of, Pane, Step, Walkthrough, prose, question};

const STYLE: &str = include_str!("../../assets/page.css");
const SCRIPT: &str = include_str!("../../assets/page.js");

/// The ladder has so many rows around each unit that a step is about.
const AROUND: u32 = 6;

/// A page.
#[derive(Debug, Default, Serialize)]
pub struct Page {
    title: String,
    summary: String,
    audience: String,
    minutes: u32,
    #[serde(skip)]
    intro: String,
    intro_html: String,
    steps: Vec<PageStep>,
    ladder: Vec<units::Rung>,
    units: BTreeMap<u32, units::PageUnit>,
    calls: BTreeMap<String, calls::PageCalls>,
    cards: Vec<Card>,
    /// Whether it shows a session as it was, without anybody's words.
    #[serde(skip)]
    is_session: bool,
}

/// A step of a page.
#[derive(Debug, Serialize)]
struct PageStep {
    id: String,
    title: String,
    #[serde(skip)]
    before: String,
    #[serde(skip)]
    body: String,
    before_html: String,
    html: String,
    seconds: u64,
    reached: bool,
    unit: Option<u32>,
    calls: Option<String>,
    call: Option<usize>,
    focus: Option<Vec<usize>>,
    lit: Vec<usize>,
    pane: &'static str,
    ask: Option<PageAsk>,
}

/// A question of a page.
#[derive(Debug, Serialize)]
struct PageAsk {
    question: String,
    choices: Vec<String>,
    answer: String,
    hides: &'static str,
}

/// What a package's licence says.
#[derive(Debug, Serialize)]
struct Card {
    name: String,
    summary: String,
    repository: Option<String>,
    licence: Option<String>,
    licence_url: Option<String>,
    description: Vec<&'static str>,
    restrictions: Vec<&'static str>,
}

impl From<Library> for Card {
    fn from(library: Library) -> Card {
        let (licence, licence_url) = library.licence.map_or((None, None), |(name, url)| (Some(name), url));
        Card {
            name: library.name,
            summary: library.summary,
            repository: library.repository,
            licence,
            licence_url,
            description: library.description,
            restrictions: library.restrictions,
        }
    }
}

impl Page {
    /// Collects the page of a walk, whose steps are at these places of the session. Fails where bytes cannot be read back.
    pub fn of(
        walk: &Walkthrough,
        route: &Route,
        session: &Session,
        outside: &Outside<'_>,
    ) -> Result<Page, StoreError> {
        let mut page = Page {
            title: walk.title.clone(),
            summary: walk.summary.clone(),
            audience: walk.audience.clone(),
            minutes: walk.minutes.value,
            intro_html: prose::html(&walk.intro),
            intro: walk.intro.clone(),
            steps: Vec::new(),
            ladder: Vec::new(),
            units: BTreeMap::new(),
            calls: BTreeMap::new(),
            cards: libraries::all(session).into_iter().map(Card::from).collect(),
            is_session: false,
        };
        for (at, step) in walk.steps.iter().enumerate() {
            let told = page.step(session, step, route.reached(at), outside)?;
            page.steps.push(told);
        }
        let shown: BTreeSet<u32> = page.units.keys().copied().collect();
        let near = |id: &UnitId| {
            shown.range(id.0.saturating_sub(AROUND)..=id.0.saturating_add(AROUND)).next().is_some()
        };
        for unit in session.ids().filter(near).filter_map(|id| session.unit(id)) {
            page.ladder.extend(units::rung(session, &unit, shown.contains(&unit.id.0))?);
        }
        Ok(page)
    }

    fn step(
        &mut self,
        session: &Session,
        step: &Step,
        reached: Reached,
        outside: &Outside<'_>,
    ) -> Result<PageStep, StoreError> {
        // A step without anything of its own is a page to read.
        let stop = reached.stop().filter(|_| step.when.is_some() || step.pane.is_some());
        let unit = stop.and_then(|stop| route::unit(session, stop));
        if let Some(unit) = &unit
            && !self.units.contains_key(&unit.id.0)
        {
            self.units.insert(unit.id.0, units::unit(session, unit)?);
        }
        let focus =
            step.focus.as_ref().zip(unit.as_ref()).and_then(|(focus, unit)| {
                self.units.get(&unit.id.0)?.find(&focus.value.key, focus.value.nth)
            });
        let mut told = PageStep {
            id: step.id.value.clone(),
            title: escape::line(&step.title).into_owned(),
            before_html: prose::html(&step.before),
            html: prose::html(&step.body),
            before: step.before.clone(),
            body: step.body.clone(),
            seconds: step.time.as_secs(),
            reached: reached.stop().is_some() || reached == Reached::Skipped,
            unit: unit.as_ref().map(|unit| unit.id.0),
            calls: None,
            call: None,
            focus,
            lit: Vec::new(),
            pane: pane(step),
            ask: stop.map_or(Ok(None), |stop| ask(session, step, stop))?,
        };
        if let Some(stop) = stop {
            self.calls(session, step, stop, outside, &mut told)?;
        }
        Ok(told)
    }

    /// Puts the calls of a stop on the page, and says which of them the step is about.
    fn calls(
        &mut self,
        session: &Session,
        step: &Step,
        stop: Stop,
        outside: &Outside<'_>,
        told: &mut PageStep,
    ) -> Result<(), StoreError> {
        let tree = route::tree(session, stop)?;
        if tree.is_empty() {
            return Ok(());
        }
        let key = stop.unit.map_or("start-up".to_owned(), |unit| unit.0.to_string());
        let calls = self.calls.entry(key.clone()).or_insert_with(|| calls::of(session, &tree, outside));
        let named = route::named(session, step, &tree);
        told.lit = named.into_iter().flatten().filter_map(|call| calls.row(call)).collect();
        let chosen = told
            .lit
            .first()
            .copied()
            .filter(|_| step.pane != Some(Pane::Source))
            .or(told.lit.last().copied());
        told.call = chosen.or_else(|| calls.row(stop.call?));
        told.calls = Some(key);
        Ok(())
    }

    /// Writes the page down.
    pub fn html(&self, out: &mut dyn Write) -> io::Result<()> {
        let title = text(&self.title);
        // An end tag inside the data would end it.
        let data = serde_json::to_string(self)?.replace('<', "\\u003c");
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(SCRIPT));
        writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
        writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
        writeln!(
            out,
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'\">"
        )?;
        writeln!(
            out,
            "<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main id=\"page\">"
        )?;
        writeln!(
            out,
            "<noscript><h1>{title}</h1><p>This page is stepped through by a script, which is not allowed to run here.</p></noscript>\n</main>"
        )?;
        writeln!(out, "<script type=\"application/json\" id=\"walk\">{data}</script>")?;
        // Exactly what was hashed stands between the tags.
        writeln!(out, "<script>{SCRIPT}</script>\n</body>\n</html>")
    }

    /// Writes the same down as Markdown, to be handed out: all steps one below the other, with the answers at the end.
    pub fn handout(&self, out: &mut dyn Write) -> io::Result<()> {
        handout::write(self, out)
    }
}

fn pane(step: &Step) -> &'static str {
    step.pane().as_str()
}

fn ask(session: &Session, step: &Step, stop: Stop) -> Result<Option<PageAsk>, StoreError> {
    let Some(ask) = &step.ask else { return Ok(None) };
    let solution = question::solve(session, ask, stop)?;
    Ok(solution.map(|solution| PageAsk {
        question: ask.question.value.clone(),
        choices: ask.choices.clone(),
        answer: escape::line(solution.text(ask)).into_owned(),
        hides: if ask.answer.of == Of::Unit { "unit" } else { "later" },
    }))
}

/// Text inside HTML.
fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
