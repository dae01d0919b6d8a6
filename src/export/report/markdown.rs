//! A report as Markdown (CommonMark with GitHub's tables).

use std::io::{self, Write};

use super::{Library, Passage, Phase, Place, Report, Step};

/// Writes a report down.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {}\n", text(&report.title))?;
    for (name, value) in &report.about {
        writeln!(out, "- {name}: {}", text(value))?;
    }
    if !report.libraries.is_empty() {
        writeln!(out, "\n## The libraries, and what their licences say")?;
    }
    for each in &report.libraries {
        library(each, out)?;
    }
    writeln!(out, "\n## The walk")?;
    for (number, each) in (1..).zip(&report.phases) {
        phase(number, each, out)?;
    }
    if !report.remarks.is_empty() {
        writeln!(out, "\n## How complete this is\n")?;
        for remark in &report.remarks {
            writeln!(out, "- {}", text(remark))?;
        }
    }
    Ok(())
}

fn library(library: &Library, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n### {}\n", text(&library.name))?;
    if !library.summary.is_empty() {
        writeln!(out, "{}\n", text(&library.summary))?;
    }
    let repository =
        library.repository.as_ref().map_or_else(|| NOT_SAID.to_owned(), |link| format!("<{}>", url(link)));
    let licence = match &library.licence {
        Some((name, Some(link))) => format!("[{}]({})", text(name), url(link)),
        Some((name, None)) => text(name),
        None => NOT_SAID.to_owned(),
    };
    let list = |lines: &[&str]| match lines {
        [] => "Not known to wirewalk: read the licence itself.".to_owned(),
        lines => lines.iter().map(|line| format!("• {}", text(line))).collect::<Vec<_>>().join("<br>"),
    };
    writeln!(out, "| | |\n|---|---|")?;
    writeln!(out, "| **Code repository** | {repository} |")?;
    writeln!(out, "| **Licence type** | {licence} |")?;
    writeln!(out, "| **Licence description** | {} |", list(&library.description))?;
    writeln!(out, "| **Licence restrictions** | {} |", list(&library.restrictions))
}

const NOT_SAID: &str = "Its metadata does not say.";

fn phase(number: usize, phase: &Phase, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n### {number}. {}\n\n{}", phase.title, text(phase.intro))?;
    for each in &phase.passages {
        passage(each, out)?;
    }
    if phase.steps.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n#### What was called\n")?;
    if !phase.certainty.is_empty() {
        writeln!(out, "{}\n", phase.certainty)?;
    }
    let mut strand = "";
    for (number, step) in (1..).zip(phase.steps.iter().filter(|step| step.is_told())) {
        told(number, step, std::mem::replace(&mut strand, &step.strand) != step.strand, out)?;
    }
    writeln!(out, "\n<details><summary>All {} calls, in order</summary>\n", phase.steps.len())?;
    writeln!(out, "| function | package | defined at | called from | took |\n|---|---|---|---|---|")?;
    let mut strand = "";
    for step in &phase.steps {
        row(step, std::mem::replace(&mut strand, &step.strand) != step.strand, out)?;
    }
    writeln!(out, "\n</details>")
}

fn passage(passage: &Passage, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n**{}**: {}\n", text(&passage.heading), text(&passage.headline))?;
    if !passage.bytes.is_empty() {
        let longest = passage.bytes.iter().map(|line| longest_run(line, '`')).max().unwrap_or_default();
        let fence = "`".repeat((longest + 1).max(3));
        writeln!(out, "{fence}text")?;
        passage.bytes.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        writeln!(out, "{fence}\n")?;
    }
    if !passage.meaning.is_empty() {
        writeln!(out, "{}", marked(&passage.meaning))?;
    }
    Ok(())
}

/// A step in words, and on which thread, where that is another one than before.
fn told(number: usize, step: &Step, crosses: bool, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{number}. ")?;
    if crosses {
        write!(out, "On the *{}*: ", text(&step.strand))?;
    }
    let whose = if step.is_own { "your own code".to_owned() } else { text(&step.package) };
    write!(out, "{} ({whose}", link(&code(&step.function), step.defined.link.as_deref()))?;
    if let Some(called) = &step.called {
        write!(out, ", called from {}", place(called))?;
    }
    write!(out, ").")?;
    if let Some(purpose) = step.purpose {
        write!(out, " {}", text(purpose))?;
    }
    if step.wrote {
        write!(out, " **Here the bytes leave.**")?;
    }
    if let Some(raised) = step.raised.as_ref().filter(|_| step.is_own) {
        write!(out, " It ended with an exception: {}.", code(raised))?;
    }
    writeln!(out)?;
    if !step.source.is_empty() {
        let longest = step.source.iter().map(|line| longest_run(line, '`')).max().unwrap_or_default();
        let fence = "`".repeat((longest + 1).max(3));
        writeln!(out, "\n   {fence}")?;
        step.source.iter().try_for_each(|line| writeln!(out, "   {line}"))?;
        writeln!(out, "   {fence}\n")?;
    }
    Ok(())
}

fn row(step: &Step, crosses: bool, out: &mut dyn Write) -> io::Result<()> {
    if crosses {
        writeln!(out, "| *{}* | | | | |", text(&step.strand))?;
    }
    let times = if step.times > 1 { format!(" ×{}", step.times) } else { String::new() };
    let called = step.called.as_ref().map(place).unwrap_or_default();
    let package = if step.is_own { "*your own*".to_owned() } else { text(&step.package) };
    writeln!(
        out,
        "| {}{}{times} | {package} | {} | {called} | {} |",
        "· ".repeat(step.depth),
        code(&step.function).replace('|', "\\|"),
        place(&step.defined),
        text(&match &step.raised {
            Some(raised) => format!("{} ✗ {raised}", step.took),
            None => step.took.clone(),
        })
    )
}

fn place(place: &Place) -> String {
    link(&code(&place.text).replace('|', "\\|"), place.link.as_deref())
}

fn link(text: &str, link: Option<&str>) -> String {
    link.map_or_else(|| text.to_owned(), |link| format!("[{text}]({})", url(link)))
}

/// Text that says what it says, whatever Markdown would make of it. Within a word an underscore is only itself.
fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek().copied().unwrap_or(' ');
        let is_within = before.is_alphanumeric() && next.is_alphanumeric();
        let is_special = matches!(character, '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~')
            || character == '_' && !is_within
            || character == '&' && (next.is_alphanumeric() || next == '#');
        if is_special {
            escaped.push('\\');
        }
        escaped.push(if character == '\n' { ' ' } else { character });
        before = character;
    }
    escaped
}

/// Text in which what stands between backticks is code.
fn marked(marked: &str) -> String {
    let parts = marked.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { code(part) } else { text(part) }).collect()
}

/// Text as code.
fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A link in which nothing ends it early.
fn url(link: &str) -> String {
    link.replace(' ', "%20")
        .replace('(', "%28")
        .replace(')', "%29")
        .replace('<', "%3C")
        .replace('>', "%3E")
        .replace('|', "%7C")
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|character| character != of).map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_peer_says_stays_text() {
        assert_eq!(text("*a* <b> [c](d) `e` | f"), "\\*a\\* \\<b\\> \\[c\\](d) \\`e\\` \\| f");
        assert_eq!(text("init_app __x__ &lt; a & b"), "init_app \\_\\_x\\_\\_ \\&lt; a & b");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(url("https://x/a (b)|"), "https://x/a%20%28b%29%7C");
    }
}
