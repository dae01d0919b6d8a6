//! A report as one self-contained page.

use std::io::{self, Write};

use super::{Library, Passage, Phase, Place, Report, Step};

const STYLE: &str = include_str!("../../../assets/report.css");

/// Writes a report down.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let title = text(&report.title);
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    // Nothing is loaded and no script runs, whatever the session's data are.
    writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    )?;
    writeln!(
        out,
        "<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>"
    )?;
    writeln!(out, "<dl class=\"about\">")?;
    for (name, value) in &report.about {
        writeln!(out, "<dt>{name}</dt><dd>{}</dd>", text(value))?;
    }
    writeln!(out, "</dl>")?;
    if !report.libraries.is_empty() {
        writeln!(out, "<h2>The libraries, and what their licences say</h2>")?;
    }
    report.libraries.iter().try_for_each(|each| library(each, out))?;
    writeln!(out, "<h2>The walk</h2>")?;
    (1..).zip(&report.phases).try_for_each(|(number, each)| phase(number, each, out))?;
    if !report.remarks.is_empty() {
        writeln!(out, "<h2>How complete this is</h2>\n<ul>")?;
        report.remarks.iter().try_for_each(|remark| writeln!(out, "<li>{}</li>", text(remark)))?;
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</main>\n</body>\n</html>")
}

fn library(library: &Library, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<h3>{}</h3>\n<p>{}</p>\n<table class=\"licence\">",
        text(&library.name),
        text(&library.summary)
    )?;
    let repository =
        library.repository.as_ref().map_or_else(|| NOT_SAID.to_owned(), |url| link(&text(url), Some(url)));
    let licence = match &library.licence {
        Some((name, url)) => link(&text(name), url.as_deref()),
        None => NOT_SAID.to_owned(),
    };
    let list = |lines: &[&str]| match lines {
        [] => "Not known to wirewalk: read the licence itself.".to_owned(),
        lines => {
            let items: String = lines.iter().map(|line| format!("<li>{}</li>", text(line))).collect();
            format!("<ul>{items}</ul>")
        }
    };
    writeln!(out, "<tr><th>Code repository</th><td>{repository}</td></tr>")?;
    writeln!(out, "<tr><th>Licence type</th><td>{licence}</td></tr>")?;
    writeln!(out, "<tr><th>Licence description</th><td>{}</td></tr>", list(&library.description))?;
    writeln!(out, "<tr><th>Licence restrictions</th><td>{}</td></tr>\n</table>", list(&library.restrictions))
}

const NOT_SAID: &str = "Its metadata does not say.";

fn phase(number: usize, phase: &Phase, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<section>\n<h3>{number}. {}</h3>\n<p>{}</p>", phase.title, text(phase.intro))?;
    phase.passages.iter().try_for_each(|each| passage(each, out))?;
    if !phase.steps.is_empty() {
        writeln!(out, "<h4>What was called</h4>\n<p>{}</p>\n<ol class=\"walk\">", phase.certainty)?;
        let mut strand = "";
        for step in phase.steps.iter().filter(|step| step.is_told()) {
            told(step, std::mem::replace(&mut strand, &step.strand) != step.strand, out)?;
        }
        writeln!(out, "</ol>\n<details><summary>All {} calls, in order</summary>", phase.steps.len())?;
        writeln!(
            out,
            "<div class=\"wide\"><table class=\"calls\"><tr><th>function</th><th>package</th><th>defined at</th><th>called from</th><th>took</th></tr>"
        )?;
        let mut strand = "";
        for step in &phase.steps {
            row(step, std::mem::replace(&mut strand, &step.strand) != step.strand, out)?;
        }
        writeln!(out, "</table></div></details>")?;
    }
    writeln!(out, "</section>")
}

fn passage(passage: &Passage, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<p><b>{}</b>: {}</p>", text(&passage.heading), text(&passage.headline))?;
    if !passage.bytes.is_empty() {
        writeln!(out, "<pre>{}</pre>", text(&passage.bytes.join("\n")))?;
    }
    writeln!(out, "<p>{}</p>", marked(&passage.meaning))
}

/// A step in words, and on which thread, where that is another one than before.
fn told(step: &Step, crosses: bool, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<li{}>", if step.is_own { " class=\"own\"" } else { "" })?;
    if crosses {
        write!(out, "On the <i>{}</i>: ", text(&step.strand))?;
    }
    let whose = if step.is_own { "your own code".to_owned() } else { text(&step.package) };
    write!(out, "{} ({whose}", link(&code(&step.function), step.defined.link.as_deref()))?;
    if let Some(called) = &step.called {
        write!(out, ", called from {}", place(called))?;
    }
    write!(out, "). {}", text(step.purpose.unwrap_or_default()))?;
    if step.wrote {
        write!(out, " <b>Here the bytes leave.</b>")?;
    }
    if let Some(raised) = step.raised.as_ref().filter(|_| step.is_own) {
        write!(out, " It ended with an exception: {}.", code(raised))?;
    }
    if !step.source.is_empty() {
        write!(out, "<pre>{}</pre>", text(&step.source.join("\n")))?;
    }
    writeln!(out, "</li>")
}

fn row(step: &Step, crosses: bool, out: &mut dyn Write) -> io::Result<()> {
    if crosses {
        writeln!(out, "<tr><td colspan=\"5\"><i>{}</i></td></tr>", text(&step.strand))?;
    }
    let times = if step.times > 1 { format!(" ×{}", step.times) } else { String::new() };
    let called = step.called.as_ref().map(place).unwrap_or_default();
    let package = if step.is_own { "<i>your own</i>".to_owned() } else { text(&step.package) };
    writeln!(
        out,
        "<tr><td class=\"depth\">{}{}{times}</td><td>{package}</td><td>{}</td><td>{called}</td><td>{}</td></tr>",
        "· ".repeat(step.depth),
        code(&step.function),
        place(&step.defined),
        text(&match &step.raised {
            Some(raised) => format!("{} ✗ {raised}", step.took),
            None => step.took.clone(),
        })
    )
}

fn place(place: &Place) -> String {
    link(&code(&place.text), place.link.as_deref())
}

/// Text in which what stands between backticks is code.
fn marked(marked: &str) -> String {
    let parts = marked.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { code(part) } else { text(part) }).collect()
}

fn code(code: &str) -> String {
    format!("<code>{}</code>", text(code))
}

/// A link, if it leads to a page: what a package says of itself may be anything.
fn link(inner: &str, url: Option<&str>) -> String {
    match url.filter(|url| url.starts_with("https://") || url.starts_with("http://")) {
        Some(url) => format!("<a href=\"{}\">{inner}</a>", text(url)),
        None => inner.to_owned(),
    }
}

fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_peer_says_stays_text() {
        assert_eq!(text("<script>'\"&"), "&lt;script&gt;&#39;&quot;&amp;");
        assert_eq!(link("x", Some("javascript:alert(1)")), "x");
        assert_eq!(link("x", Some("https://a/\"b")), "<a href=\"https://a/&quot;b\">x</a>");
    }
}
