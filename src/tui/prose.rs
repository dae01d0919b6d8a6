//! A walkthrough's text as lines of the screen.

use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr as _;

use super::paint;
use super::theme::Theme;
use crate::walkthrough::prose::{Block, Form, Run, blocks};
use crate::words;

/// A line: pieces, each in its style.
pub type Line = Vec<(String, Style)>;

/// A text in lines of at most `width` columns.
pub fn lines(text: &str, width: usize, theme: &Theme) -> Vec<Line> {
    let mut lines = Vec::new();
    for block in blocks(text) {
        let is_item = matches!(&block, Block::Paragraph { depth, .. } if *depth > 0);
        let was_item = lines
            .last()
            .is_some_and(|line: &Line| line.first().is_some_and(|(text, _)| text.starts_with(' ')));
        let is_apart = !(is_item && was_item);
        if is_apart && !lines.is_empty() {
            lines.push(Line::new());
        }
        match block {
            Block::Heading(runs) => lines.extend(folded(&runs, width, "", theme, theme.strong)),
            Block::Paragraph { mark, depth: 0, runs } if mark.is_empty() => {
                lines.extend(folded(&runs, width, "", theme, theme.text));
            }
            Block::Paragraph { mark, depth, runs } => {
                let mark = format!("{:indent$}{mark} ", "", indent = (depth * 2).saturating_sub(1));
                lines.extend(folded(&runs, width, &mark, theme, theme.text));
            }
            Block::Code(code) => {
                lines.extend(code.iter().map(|line| vec![(format!("  {}", paint::cell(line)), theme.key)]))
            }
            Block::Table(rows) => table(&rows, width, theme, &mut lines),
        }
    }
    lines
}

/// A table as columns, or a row below the other where they do not fit.
fn table(rows: &[Vec<String>], width: usize, theme: &Theme, lines: &mut Vec<Line>) {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let cell = |row: &Vec<String>, at: usize| row.get(at).map(|text| paint::cell(text)).unwrap_or_default();
    let widths: Vec<usize> =
        (0..count).map(|at| rows.iter().map(|row| cell(row, at).width()).max().unwrap_or_default()).collect();
    let fits = widths.iter().sum::<usize>() + 2 * count.saturating_sub(1) <= width;
    for (number, row) in rows.iter().enumerate() {
        let style = if number == 0 { theme.strong } else { theme.text };
        if fits {
            let padded = |(at, wide): (usize, &usize)| {
                let text = cell(row, at);
                let gap = wide + 2 - text.width().min(wide + 2);
                format!("{text}{:gap$}", "")
            };
            lines.push(vec![(widths.iter().enumerate().map(padded).collect(), style)]);
        } else if number > 0 {
            let runs: Vec<Run> = (0..row.len())
                .flat_map(|at| {
                    let gap = if at == 0 { "" } else { " · " };
                    let form = if at == 0 { Form::Strong } else { Form::Plain };
                    [Run { text: gap.to_owned(), form: Form::Plain }, Run { text: cell(row, at), form }]
                })
                .collect();
            lines.extend(folded(&runs, width, "", theme, theme.text));
        }
    }
}

/// Pieces of text, folded between words; the first line begins with `mark`, the others below what stands behind it.
fn folded(runs: &[Run], width: usize, mark: &str, theme: &Theme, plain: Style) -> Vec<Line> {
    let indent = mark.width();
    let room = width.saturating_sub(indent).max(8);
    let mut lines = vec![Line::new()];
    let mut used = 0;
    for word in words(runs, theme, plain) {
        let wide: usize = word.iter().map(|(piece, _)| piece.width()).sum();
        if used > 0 && used + 1 + wide > room {
            lines.push(Line::new());
            used = 0;
        }
        if used > 0
            && let Some(line) = lines.last_mut()
        {
            line.push((" ".to_owned(), plain));
            used += 1;
        }
        for (piece, style) in word {
            for (number, part) in words_that_fit(&piece, room).into_iter().enumerate() {
                if number > 0 || used + part.width() > room && used > 0 {
                    lines.push(Line::new());
                    used = 0;
                }
                used += part.width();
                if let Some(line) = lines.last_mut() {
                    line.push((part, style));
                }
            }
        }
    }
    for (number, line) in lines.iter_mut().enumerate() {
        let before = if number == 0 { mark.to_owned() } else { " ".repeat(indent) };
        if !before.is_empty() {
            line.insert(0, (before, theme.dim));
        }
    }
    lines
}

/// The words of a text, each in one piece or several: `code`, with a comma behind it, is one word in two forms.
fn words(runs: &[Run], theme: &Theme, plain: Style) -> Vec<Line> {
    let mut words = vec![Line::new()];
    for run in runs {
        let style = match run.form {
            Form::Plain => plain,
            Form::Strong => plain.patch(theme.strong),
            Form::Code => theme.key,
            Form::Link => plain.patch(Style::new().add_modifier(Modifier::UNDERLINED)),
        };
        for (number, piece) in paint::cell(&run.text).split(' ').enumerate() {
            if number > 0 {
                words.push(Line::new());
            }
            if let Some(word) = words.last_mut().filter(|_| !piece.is_empty()) {
                word.push((piece.to_owned(), style));
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A word in pieces of at most `room` columns.
fn words_that_fit(word: &str, room: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while rest.width() > room {
        let fits = words::fitting(rest, room);
        if fits.is_empty() {
            break;
        }
        pieces.push(fits.to_owned());
        rest = rest.strip_prefix(fits).unwrap_or_default();
    }
    pieces.push(rest.to_owned());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[Line]) -> Vec<String> {
        lines.iter().map(|line| line.iter().map(|(text, _)| text.as_str()).collect()).collect()
    }

    #[test]
    fn text_is_folded_between_words_whatever_their_form() {
        let theme = Theme::ALL[0];
        let told =
            lines("One `two` *three*, four.\n\n- a list of words\n- b\n\nabcdefghijklmnop", 12, &theme);
        assert_eq!(
            text(&told),
            ["One two", "three, four.", "", " • a list of", "   words", " • b", "", "abcdefghijkl", "mnop"]
        );
    }

    #[test]
    fn a_table_that_is_too_wide_is_told_row_by_row() {
        let theme = Theme::ALL[0];
        let table = "| a | b |\n|---|---|\n| one | two three |";
        assert_eq!(text(&lines(table, 40, &theme)), ["a    b          ", "one  two three  "]);
        assert_eq!(text(&lines(table, 10, &theme)), ["one · two", "three"]);
    }
}
