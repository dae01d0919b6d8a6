//! The text for the reader: Markdown, as lines for the screen and as HTML for the page. Raw HTML is shown as the text that it is, and
//! links lead to the web alone: a walkthrough may be a stranger's.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

/// Reads Markdown.
pub(super) fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
}

/// The comments in a part of a text, as ranges of the text.
pub(super) fn comments(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let part = text.get(range.clone()).unwrap_or_default();
    let mut found: Vec<Range<usize>> = Vec::new();
    for (event, at) in parser(part).into_offset_iter() {
        let is_html = matches!(event, Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_));
        let written = part.get(at.clone()).unwrap_or_default();
        if is_html && written.trim_start().starts_with("<!--") {
            let begin = at.start + (written.len() - written.trim_start().len());
            let end =
                part.get(begin..).and_then(|rest| rest.find("-->")).map_or(at.end, |end| begin + end + 3);
            found.push(range.start + begin..range.start + end);
        }
    }
    found
}

/// A piece of text in one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What it says.
    pub text: String,
    /// How it looks.
    pub form: Form,
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As text.
    Plain,
    /// As emphasised text.
    Strong,
    /// As code.
    Code,
    /// As a link.
    Link,
}

/// A block of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading.
    Heading(Vec<Run>),
    /// A paragraph, or an item of a list: what stands before its first line, and how deep it is.
    Paragraph {
        /// Such as `•` or `2.`; empty where it is no item, or not its first paragraph.
        mark: String,
        /// How many lists and quotations it is in.
        depth: usize,
        /// What it says.
        runs: Vec<Run>,
    },
    /// Lines of code.
    Code(Vec<String>),
    /// A table: its rows, the first its head.
    Table(Vec<Vec<String>>),
}

/// The blocks of a text.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut builder = Builder::default();
    parser(text).for_each(|event| builder.event(event));
    builder.blocks
}

#[derive(Default)]
struct Builder {
    blocks: Vec<Block>,
    runs: Vec<Run>,
    forms: Vec<Form>,
    /// For each list around: the number of the next item, where it is a numbered one.
    lists: Vec<Option<u64>>,
    quotes: usize,
    mark: String,
    code: Option<String>,
    table: Option<Vec<Vec<String>>>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text, self.form()),
            Event::Code(text) => self.text(&text, Form::Code),
            Event::SoftBreak | Event::HardBreak => self.text(" ", self.form()),
            Event::Rule => self.blocks.push(Block::Code(vec!["⸻".to_owned()])),
            _ => {}
        }
    }

    fn form(&self) -> Form {
        self.forms.last().copied().unwrap_or(Form::Plain)
    }

    fn text(&mut self, text: &str, form: Form) {
        match &mut self.code {
            Some(code) => code.push_str(text),
            None => self.runs.push(Run { text: text.to_owned(), form }),
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::CodeBlock(_) => self.code = Some(String::new()),
            Tag::List(first) => {
                self.paragraph();
                self.lists.push(*first);
            }
            Tag::Item => {
                self.mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}.", *number - 1)
                    }
                    _ => "•".to_owned(),
                }
            }
            Tag::BlockQuote(_) => self.quotes += 1,
            Tag::Strong | Tag::Emphasis => self.forms.push(Form::Strong),
            Tag::Link { .. } => self.forms.push(Form::Link),
            Tag::Table(_) => self.table = Some(Vec::new()),
            Tag::TableHead | Tag::TableRow => {
                if let Some(rows) = &mut self.table {
                    rows.push(Vec::new());
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Item | TagEnd::HtmlBlock => self.paragraph(),
            TagEnd::Heading(_) => self.blocks.push(Block::Heading(std::mem::take(&mut self.runs))),
            TagEnd::CodeBlock => {
                let code = self.code.take().unwrap_or_default();
                self.blocks.push(Block::Code(code.lines().map(str::to_owned).collect()));
            }
            TagEnd::List(_) => drop(self.lists.pop()),
            TagEnd::BlockQuote(_) => self.quotes = self.quotes.saturating_sub(1),
            TagEnd::Strong | TagEnd::Emphasis | TagEnd::Link => drop(self.forms.pop()),
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.runs).into_iter().map(|run| run.text).collect();
                if let Some(row) = self.table.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::Table => self.blocks.extend(self.table.take().map(Block::Table)),
            _ => {}
        }
    }

    fn paragraph(&mut self) {
        let runs = std::mem::take(&mut self.runs);
        if !runs.is_empty() {
            let mark = std::mem::take(&mut self.mark);
            self.blocks.push(Block::Paragraph { mark, depth: self.lists.len() + self.quotes, runs });
        }
    }
}

/// The text as HTML.
pub fn html(text: &str) -> String {
    // For each link around, whether it leads anywhere.
    let mut links = Vec::new();
    let safe = parser(text).filter_map(|event| {
        Some(match event {
            Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
            Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
            Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
            Event::Start(Tag::Link { ref dest_url, .. }) => {
                links.push(is_of_the_web(dest_url));
                return links.last().is_some_and(|leads| *leads).then_some(event);
            }
            Event::End(TagEnd::Link) => return links.pop().is_some_and(|leads| leads).then_some(event),
            // A page loads nothing.
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => return None,
            event => event,
        })
    });
    let mut page = String::new();
    html::push_html(&mut page, safe);
    page
}

fn is_of_the_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://") || url.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_text_and_only_the_web_is_linked() {
        let page = html(
            "a <b onclick=x>b</b> [c](javascript:alert(1)) [d](https://e.org/)\n\n<script>alert(1)</script>\n\n![i](https://e.org/i.png)",
        );
        assert!(!page.contains("<script") && !page.contains("<b ") && !page.contains("javascript"), "{page}");
        assert!(
            page.contains("&lt;script&gt;") && page.contains("https://e.org/\"") && !page.contains("<img"),
            "{page}"
        );
    }

    #[test]
    fn text_is_read_in_blocks() {
        let text = "A `b` *c*\nd.\n\n1. one\n2. two\n   - three\n\n```\nx\n  y\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
        let runs = |pieces: &[(&str, Form)]| -> Vec<Run> {
            pieces.iter().map(|(text, form)| Run { text: (*text).to_owned(), form: *form }).collect()
        };
        let item = |mark: &str, depth, text| Block::Paragraph {
            mark: mark.to_owned(),
            depth,
            runs: runs(&[(text, Form::Plain)]),
        };
        let first = runs(&[
            ("A ", Form::Plain),
            ("b", Form::Code),
            (" ", Form::Plain),
            ("c", Form::Strong),
            (" ", Form::Plain),
            ("d.", Form::Plain),
        ]);
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        assert_eq!(
            blocks(text),
            [
                Block::Paragraph { mark: String::new(), depth: 0, runs: first },
                item("1.", 1, "one"),
                item("2.", 1, "two"),
                item("•", 2, "three"),
                Block::Code(vec!["x".into(), "  y".into()]),
                Block::Table(vec![row(["a", "b"]), row(["1", "2"])]),
            ]
        );
    }
}
