//! A walk as Markdown: all steps one below the other, each with what is seen and what is called, and the answers at the end.

use std::io::{self, Write};

use super::{Page, PageStep};

/// So many bytes of a unit are on the handout.
const MAX_BYTES: usize = 64;

/// Writes it.
pub(super) fn write(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {}\n\n**{}**\n", page.title, page.summary)?;
    writeln!(out, "{} steps, {} minutes. {}\n", page.steps.len(), page.minutes, page.audience)?;
    writeln!(out, "{}\n", page.intro)?;
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
    writeln!(out, "## {number}. {}\n", step.title)?;
    if !step.reached {
        writeln!(out, "*The session never came here.*\n")?;
    }
    if let Some(unit) = step.unit {
        seen(page, unit, out)?;
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

/// What is on the wire: who says it, what, and how its bytes begin.
fn seen(page: &Page, unit: u32, out: &mut dyn Write) -> io::Result<()> {
    if let Some(rung) = page.ladder.iter().find(|rung| rung.unit == unit) {
        let arrow = if rung.dir == "c2s" { "client → server" } else { "server → client" };
        writeln!(out, "*Unit {unit}, {arrow}:* {}\n", code(&rung.text))?;
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

/// A peer's text inside a paragraph.
fn text(text: &str) -> String {
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
