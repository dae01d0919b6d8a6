//! The text of a walkthrough: Markdown, with a block of TOML for the whole and one for each step.

use std::ops::Range;
use std::time::Duration;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Tag, TagEnd};

use super::blocks::{self, HEAD_KEYS, Head, Machine, STEP_KEYS};
use super::fault::{Fault, Findings, Written, nearest};
use super::prose;
use super::{FORMAT, Over, Step, Walkthrough};
use crate::session::filter::Filter;

/// A longer text is no walkthrough.
const MAX_BYTES: usize = 4 << 20;

/// What a comment begins with that is for the speaker.
const NOTES: &str = "notes:";

/// The comment behind which stands what is shown once the question is answered.
const ANSWERED: &str = "answered";

/// So many words are read in a minute by who has it explained.
const WORDS_A_MINUTE: u64 = 130;

/// Reads it.
pub(super) fn read(file: &str, text: &str) -> Result<Walkthrough, Vec<Fault>> {
    let mut findings = Findings::new(file, text);
    if text.len() > MAX_BYTES {
        findings.add(0, format!("a walkthrough has at most {MAX_BYTES} bytes"));
        return Err(findings.faults);
    }
    let parts = parts(text, &mut findings);
    let head = head(&mut findings, &parts, text);
    let mut steps = Vec::new();
    for part in &parts.steps {
        steps.extend(step(&mut findings, part, text));
    }
    if parts.steps.is_empty() {
        findings.add(
            text.len(),
            "there is no step: a heading of the second level (## …) with a ```toml step block below",
        );
    }
    for (at, step) in steps.iter().enumerate() {
        if steps.iter().take(at).any(|other| other.id.value == step.id.value) {
            findings.add(step.id.at, format!("another step has the id {:?} already", step.id.value));
        }
    }
    match head {
        Some(head) if findings.faults.is_empty() => Ok(Walkthrough { file: file.to_owned(), steps, ..head }),
        _ => {
            findings.faults.sort_by_key(|fault| (fault.line, fault.column));
            Err(findings.faults)
        }
    }
}

/// The parts of the text, as ranges of it.
#[derive(Default)]
struct Parts {
    /// A heading of the first level.
    title: Option<(String, usize)>,
    head: Option<Block>,
    intro: Range<usize>,
    steps: Vec<StepPart>,
}

/// A block of code for wirewalk.
#[derive(Clone)]
struct Block {
    /// All of it.
    whole: Range<usize>,
    /// What stands in it.
    inside: Range<usize>,
}

struct StepPart {
    title: String,
    at: usize,
    block: Option<Block>,
    /// The text below the block.
    body: Range<usize>,
}

fn parts(text: &str, findings: &mut Findings<'_>) -> Parts {
    let mut parts = Parts::default();
    let mut depth = 0;
    let mut heading: Option<(HeadingLevel, String, usize)> = None;
    // The block that is read, and whether it is a step's.
    let mut block: Option<(bool, Block)> = None;
    for (event, range) in prose::parser(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) if depth == 0 => {
                heading = Some((level, String::new(), range.start));
                depth += 1;
            }
            Event::End(TagEnd::Heading(_)) => {
                depth -= 1;
                match heading.take() {
                    Some((HeadingLevel::H1, title, at)) if parts.steps.is_empty() => {
                        parts.title = Some((title, at))
                    }
                    Some((HeadingLevel::H1, _, at)) => {
                        findings.add(at, "behind the first step there are no headings of the first level");
                    }
                    Some((HeadingLevel::H2, title, at)) => {
                        parts.ends(at);
                        parts.steps.push(StepPart { title, at, block: None, body: range.end..text.len() });
                    }
                    _ => {}
                }
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if depth == 0 => {
                depth += 1;
                let is_step = match info.trim() {
                    "toml walkthrough" => Some(false),
                    "toml step" => Some(true),
                    _ => None,
                };
                let inside = range.end..range.end;
                block = is_step.map(|is_step| (is_step, Block { whole: range, inside }));
            }
            Event::End(TagEnd::CodeBlock) => {
                depth -= 1;
                if let Some((is_step, block)) = block.take() {
                    parts.block(findings, text, is_step, block);
                }
            }
            Event::Text(piece) | Event::Code(piece) => {
                if let Some((_, title, _)) = &mut heading {
                    title.push_str(&piece);
                }
                if let Some((_, block)) = &mut block {
                    let begin = block.inside.start.min(range.start);
                    block.inside = begin..range.end;
                }
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    parts.ends(text.len());
    parts
}

impl Parts {
    /// What was read last ends here.
    fn ends(&mut self, at: usize) {
        match self.steps.last_mut() {
            Some(step) => step.body.end = at,
            None => self.intro.end = at,
        }
    }

    fn block(&mut self, findings: &mut Findings<'_>, text: &str, is_step: bool, block: Block) {
        let at = block.whole.start;
        match (is_step, self.steps.last_mut()) {
            (false, None) if self.head.is_none() => {
                self.intro = block.whole.end..text.len();
                self.head = Some(block);
            }
            (false, _) => findings.add(at, "the block ```toml walkthrough stands once, before all steps"),
            (true, None) => {
                findings.add(at, "a ```toml step block stands below the heading of its step (## …)")
            }
            (true, Some(step)) if step.block.is_some() => {
                findings.add(at, "a step has one block; another step needs a heading of its own (## …)");
            }
            (true, Some(step)) => {
                let between = text.get(step.body.start..at).unwrap_or_default();
                if !between.trim().is_empty() {
                    findings.add(at, "the block stands right below the heading; the text follows");
                }
                step.body.start = block.whole.end;
                step.block = Some(block);
            }
        }
    }
}

fn head(findings: &mut Findings<'_>, parts: &Parts, text: &str) -> Option<Walkthrough> {
    let Some(block) = &parts.head else {
        findings.add(0, "there is no block ```toml walkthrough with the format, the title and so on");
        return None;
    };
    let (begin, inside) = (block.inside.start, text.get(block.inside.clone()).unwrap_or_default());
    let read: Head = blocks::block(findings, begin, inside, HEAD_KEYS)?;
    let format = Written::of(read.format, begin, inside);
    if format.value != FORMAT {
        let age = if format.value > FORMAT { "a newer wirewalk reads it" } else { "there is no such format" };
        findings
            .add(format.at, format!("this is format {}; here format {FORMAT} is read: {age}", format.value));
        return None;
    }
    let over = match (read.transcript, read.demo) {
        (Some(transcript), false) => Some(Over::Transcript(Written::of(transcript, begin, inside))),
        (None, true) => Some(Over::Demo),
        _ => {
            findings.add(begin, "name a transcript, or say demo = true; not both");
            None
        }
    };
    if let Over::Transcript(name) = over.as_ref()?
        && (name.value.is_empty() || name.value.contains(['/', '\\']))
    {
        findings.add(name.at, "the transcript is a file of this folder; write its name alone");
    }
    let mut packages = Vec::new();
    for (name, versions) in read.packages {
        let name = Written::of(name, begin, inside);
        let versions = Written::of(versions, begin, inside);
        packages.extend(blocks::versions(findings, &versions).map(|versions| (name, versions)));
    }
    if let Some((title, at)) = parts.title.as_ref().filter(|(title, _)| *title != read.title) {
        findings
            .add(*at, format!("the heading is {title:?}, and the title {:?}; write the same", read.title));
    }
    Some(Walkthrough {
        file: String::new(),
        text: text.to_owned(),
        title: read.title,
        summary: read.summary,
        audience: read.audience,
        minutes: Written::of(read.minutes, begin, inside),
        over: over?,
        packages,
        intro: text.get(parts.intro.clone()).unwrap_or_default().trim().to_owned(),
        steps: Vec::new(),
    })
}

fn step(findings: &mut Findings<'_>, part: &StepPart, text: &str) -> Option<Step> {
    let Some(block) = &part.block else {
        findings.add(part.at, "this step has no block ```toml step below its heading");
        return None;
    };
    let (begin, inside) = (block.inside.start, text.get(block.inside.clone()).unwrap_or_default());
    let machine: Machine = blocks::block(findings, begin, inside, STEP_KEYS)?;
    let written = |spanned| Written::of(spanned, begin, inside);
    let id = written(machine.id);
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.value.is_empty() || !id.value.chars().all(is_plain) {
        findings.add(id.at, format!("{:?} is no id: it has small letters, digits and hyphens", id.value));
    }
    let when = match machine.when.map(written) {
        Some(when) => Some(filter(findings, when)?),
        None => None,
    };
    let focus = machine.focus.map(written).and_then(|focus| blocks::focus(findings, focus));
    let pane = machine.pane.map(written).and_then(|pane| blocks::pane(findings, &pane));
    let calls = machine.calls.into_iter().map(|names| names.into_iter().map(written).collect()).collect();
    let time = machine.time.map(written).and_then(|time| blocks::time(findings, &time));
    let ask = machine.ask.and_then(|ask| blocks::ask(findings, ask, begin, inside));
    let told = told(findings, part.body.clone(), text, ask.is_some());
    Some(Step {
        id,
        title: part.title.clone(),
        when,
        next: machine.next,
        focus,
        pane,
        calls,
        time: time.unwrap_or_else(|| reading(&told)),
        ask,
        optional: machine.optional,
        any_order: machine.any_order,
        todo: machine.todo,
        before: told.before,
        body: told.body,
        notes: told.notes,
    })
}

fn filter(findings: &mut Findings<'_>, written: Written<String>) -> Option<Written<Filter>> {
    match Filter::parse(&written.value) {
        Ok(value) => Some(Written { value, at: written.at }),
        Err(error) => {
            let nearest = error.nearest.iter().map(|&name| name.to_owned()).collect();
            findings.add_with(written.at + error.column, error.message, nearest);
            None
        }
    }
}

/// The text of a step, by who sees it and when.
#[derive(Default)]
struct Told {
    before: String,
    body: String,
    notes: String,
}

fn told(findings: &mut Findings<'_>, range: Range<usize>, text: &str, has_question: bool) -> Told {
    let mut told = Told::default();
    let mut at = range.start;
    for comment in prose::comments(text, range.clone()) {
        told.body.push_str(text.get(at..comment.start).unwrap_or_default());
        at = comment.end;
        let inside = text.get(comment.clone()).unwrap_or_default();
        let inside = inside.trim_start_matches("<!--").trim_end_matches("-->").trim();
        let first = inside.split_whitespace().next().unwrap_or_default();
        if let Some(notes) = inside.strip_prefix(NOTES) {
            told.notes = format!("{}\n\n{}", told.notes, notes.trim()).trim().to_owned();
        } else if inside == ANSWERED && !has_question {
            findings.add(
                comment.start,
                "only a step with a question (ask) has something that comes when it is answered",
            );
        } else if inside == ANSWERED {
            told.before = std::mem::take(&mut told.body).trim().to_owned();
        } else if first.ends_with(':') && !nearest(first, [NOTES]).is_empty() {
            findings.add_with(
                comment.start,
                format!("a comment that begins with {first}"),
                vec![NOTES.to_owned()],
            );
        }
    }
    told.body.push_str(text.get(at..range.end).unwrap_or_default());
    told.body = told.body.trim().to_owned();
    told
}

/// How long it takes to read and explain.
fn reading(told: &Told) -> Duration {
    let words = told.before.split_whitespace().chain(told.body.split_whitespace()).count() as u64;
    Duration::from_secs((words * 60 / WORDS_A_MINUTE).max(20))
}
