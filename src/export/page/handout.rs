//! A page as Markdown: all steps one below the other, each with what is seen and what is called, and the answers at the end. That of a session
//! begins with a sequence diagram, which GitHub and others draw (<https://mermaid.js.org/syntax/sequenceDiagram.html>), and has all fields.

use std::io::{self, Write};

use super::units::PageField;
use super::{Page, PageStep};
use crate::words;

/// So many bytes of a unit are on the handout.
const MAX_BYTES: usize = 64;

/// Writes it.
pub(super) fn write(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {}\n\n**{}**\n", page.title, page.summary)?;
    if page.is_session {
        diagram(page, out)?;
    } else {
        writeln!(out, "{} steps, {} minutes. {}\n", page.steps.len(), page.minutes, page.audience)?;
        writeln!(out, "{}\n", page.intro)?;
    }
    for (number, each) in (1..).zip(&page.steps) {
        step(page, number, each, out)?;
    }
    let asked: Vec<_> =
        (1..).zip(&page.steps).filter_map(|(number, step)| Some((number, step.ask.as_ref()?))).collect();
    if !asked.is_empty() {
        writeln!(out, "## Answers\n")?;
        for (number, ask) in asked {
            writeln!(out, "- {number}. {} **{}**", ask.question, text(&ask.answer))?;
        }
        writeln!(out)?;
    }
    if !page.cards.is_empty() {
        writeln!(out, "## The libraries, and what their licences say")?;
    }
    for card in &page.cards {
        writeln!(out, "\n### {}\n\n{}\n\n| | |\n|---|---|", text(&card.name), text(&card.summary))?;
        let not_said = || "Its metadata does not say.".to_owned();
        writeln!(
            out,
            "| **Code repository** | {} |",
            card.repository.as_ref().map_or_else(not_said, |url| format!("<{url}>"))
        )?;
        let licence = match (&card.licence, &card.licence_url) {
            (Some(name), Some(url)) => format!("[{}]({url})", text(name)),
            (Some(name), None) => text(name),
            (None, _) => not_said(),
        };
        writeln!(out, "| **Licence type** | {licence} |")?;
        writeln!(out, "| **Licence description** | {} |", card.description.join("<br>"))?;
        writeln!(out, "| **Licence restrictions** | {} |", card.restrictions.join("<br>"))?;
    }
    Ok(())
}

fn step(page: &Page, number: usize, step: &PageStep, out: &mut dyn Write) -> io::Result<()> {
    match step.unit.filter(|_| page.is_session) {
        Some(unit) => writeln!(out, "## {unit}. {}\n", text(&step.title))?,
        None => writeln!(out, "## {number}. {}\n", step.title)?,
    }
    if !step.reached {
        writeln!(out, "*The session never came here.*\n")?;
    }
    if let Some(unit) = step.unit {
        seen(page, unit, out)?;
    }
    if let Some(unit) = step.unit.filter(|_| page.is_session) {
        layers(page, unit, out)?;
    }
    for part in [&step.before, &step.body] {
        if !part.is_empty() {
            writeln!(out, "{part}\n")?;
        }
        // The question stands between what is told before it and after it.
        if std::ptr::eq(part, &step.before)
            && let Some(ask) = &step.ask
        {
            writeln!(out, "> **{}**", ask.question)?;
            for (letter, choice) in ('a'..='h').zip(&ask.choices) {
                writeln!(out, ">\n> {letter}) {}", text(choice))?;
            }
            writeln!(out)?;
        }
    }
    called(page, step, out)
}

/// So many arrows are in the diagram; more would be refused where it is drawn.
const MAX_ARROWS: usize = 150;

/// Who says what to whom, in the language of Mermaid.
fn diagram(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "```mermaid\nsequenceDiagram\n    participant C as client\n    participant S as server")?;
    for rung in page.ladder.iter().take(MAX_ARROWS) {
        let arrow = if rung.dir == "c2s" { "C->>S" } else { "S-->>C" };
        writeln!(out, "    {arrow}: {} {}", rung.unit, mermaid(&rung.text))?;
    }
    writeln!(out, "```\n")?;
    let more = page.ladder.len().saturating_sub(MAX_ARROWS);
    if more > 0 {
        writeln!(out, "*{more} more are not in the diagram.*\n")?;
    }
    Ok(())
}

/// A peer's text beside an arrow: what could be Mermaid's own is written by number.
fn mermaid(text: &str) -> String {
    let mut safe = String::new();
    for word in words::cut(text, ARROW).split_inclusive(' ') {
        // The word alone would end a block.
        let is_end = word.trim().eq_ignore_ascii_case("end");
        for character in word.chars() {
            match character {
                '#' | ';' | '<' | '>' | '&' | '%' | '`' | '\\' => {
                    safe.push_str(&format!("#{};", u32::from(character)));
                }
                'n' | 'N' if is_end => safe.push_str(&format!("#{};", u32::from(character))),
                _ => safe.push(character),
            }
        }
    }
    safe
}

/// So many characters stand beside an arrow.
const ARROW: usize = 60;

/// The layers of a unit as a list, with what it means in front.
fn layers(page: &Page, unit: u32, out: &mut dyn Write) -> io::Result<()> {
    let Some(unit) = page.units.get(&unit) else { return Ok(()) };
    if !unit.explain.is_empty() {
        writeln!(out, "{}\n", ticks(&unit.explain))?;
    }
    for finding in &unit.findings {
        writeln!(out, "- **{}**: {}", finding.severity, text(&finding.text))?;
    }
    fields(&unit.layers, 0, out)?;
    writeln!(out)
}

fn fields(of: &[PageField], depth: usize, out: &mut dyn Write) -> io::Result<()> {
    for field in of {
        let value = if field.text.is_empty() { String::new() } else { format!(": {}", code(&field.text)) };
        writeln!(out, "{:indent$}- {}{value}", "", text(field.name), indent = depth * 2)?;
        fields(&field.children, depth + 1, out)?;
    }
    Ok(())
}

/// What is on the wire: who says it, what, and how its bytes begin.
fn seen(page: &Page, unit: u32, out: &mut dyn Write) -> io::Result<()> {
    if let Some(rung) = page.ladder.iter().find(|rung| rung.unit == unit) {
        let arrow = if rung.dir == "c2s" { "client → server" } else { "server → client" };
        match page.is_session {
            true => writeln!(
                out,
                "*{arrow}, at {} on connection #{}:* {}\n",
                rung.at,
                rung.conn,
                code(&rung.text)
            )?,
            false => writeln!(out, "*Unit {unit}, {arrow}:* {}\n", code(&rung.text))?,
        }
    }
    let Some(source) =
        page.units.get(&unit).and_then(|unit| unit.sources.first()).filter(|source| !source.hex.is_empty())
    else {
        return Ok(());
    };
    let bytes: Vec<u8> = (0..source.hex.len() / 2)
        .filter_map(|at| u8::from_str_radix(source.hex.get(at * 2..at * 2 + 2)?, 16).ok())
        .collect();
    writeln!(out, "```")?;
    for line in bytes.get(..MAX_BYTES.min(bytes.len())).unwrap_or_default().chunks(16) {
        let hex: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown: String = line
            .iter()
            .map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' })
            .collect();
        writeln!(out, "{:<47}  {shown}", hex.join(" "))?;
    }
    let more = bytes.len().saturating_sub(MAX_BYTES) + source.cut;
    if more > 0 {
        writeln!(out, "… and {more} more")?;
    }
    writeln!(out, "```\n")
}

/// The functions that the step is about.
fn called(page: &Page, step: &PageStep, out: &mut dyn Write) -> io::Result<()> {
    let Some(calls) =
        step.calls.as_ref().and_then(|key| page.calls.get(key)).filter(|_| !step.lit.is_empty())
    else {
        return Ok(());
    };
    writeln!(out, "| function | package | defined at |\n|---|---|---|")?;
    for row in step.lit.iter().filter_map(|row| calls.rows.get(*row)) {
        let place = match &row.link {
            Some(link) => format!("[{}]({link})", text(&row.place)),
            None => text(&row.place),
        };
        let package = if row.package.is_empty() { "the app" } else { &row.package };
        writeln!(out, "| {} | {} | {place} |", code(&row.symbol), text(package))?;
    }
    writeln!(out)
}

/// A text in which what stands between ticks is code.
fn ticks(of: &str) -> String {
    let parts = of.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { text(part) } else { code(part) }).collect()
}

/// A peer's text inside a paragraph.
pub(super) fn text(text: &str) -> String {
    let mut safe = String::new();
    for character in text.chars() {
        if matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '~') {
            safe.push('\\');
        }
        safe.push(character);
    }
    safe
}

/// A peer's text as code.
fn code(text: &str) -> String {
    // Where a text has ticks of its own, more of them stand around it.
    let fence = "`".repeat(1 + text.split(|c| c != '`').map(str::len).max().unwrap_or_default());
    let gap = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{gap}{}{gap}{fence}", text.replace('|', "\\|"))
}
