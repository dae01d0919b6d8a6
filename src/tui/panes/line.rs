//! The line that is typed into, with what could stand in it above.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget as _};

use crate::decode::field::Severity;
use crate::tui::app::{App, Prompt, Question};
use crate::tui::paint::{self, Pen, columns};

/// So many completions are listed at once.
const LISTED: usize = 8;

/// Draws it over the bar at the bottom, and the rest above.
pub fn draw(status: Rect, body: Rect, buf: &mut Buffer, app: &App, prompt: &Prompt) {
    let label = match prompt.question {
        Question::Command => ":",
        Question::Filter => "filter: ",
        Question::Search => "/",
        Question::GoTo => "go to: ",
        Question::Note => "note: ",
        Question::Record => "record into: ",
        Question::Save => "save into: ",
        Question::Export => "export (all, marked, this; else what is shown) into: ",
        Question::Jump => "go to step: ",
    };
    buf.set_style(status, app.theme.base);
    Clear.render(status, buf);
    buf.set_style(status, app.theme.base);
    let mut pen = Pen::new(buf, status);
    pen.put(label, app.theme.key);
    let begin = status.right() - columns(pen.room());
    let room = pen.room().saturating_sub(1);
    let skipped = prompt.input.visual_scroll(room);
    let shown: String = prompt.input.value().chars().skip(skipped).collect();
    pen.put(&paint::cell(&shown), app.theme.strong);
    let cursor = begin + columns(prompt.input.visual_cursor().saturating_sub(skipped));
    buf.set_style(
        Rect { x: cursor.min(status.right() - 1), y: status.y, width: 1, height: 1 },
        app.theme.cursor,
    );
    match &prompt.error {
        Some((column, why)) => error(body, buf, app, begin + columns(*column), why),
        None => completions(body, buf, app, prompt, begin),
    }
}

/// What is wrong, on the row above, pointing at where.
fn error(body: Rect, buf: &mut Buffer, app: &App, column: u16, why: &str) {
    let row = Rect { y: body.bottom() - 1, height: 1, ..body };
    Clear.render(row, buf);
    let style = app.theme.base.patch(app.theme.severity(Severity::Error));
    buf.set_style(row, app.theme.base);
    let mut pen = Pen::new(buf, row);
    let text = format!("▼ {why}");
    let room = usize::from(row.width);
    let at = usize::from(column).min(room.saturating_sub(text.chars().count()));
    pen.skip(at).put(&text, style);
}

fn completions(body: Rect, buf: &mut Buffer, app: &App, prompt: &Prompt, begin: u16) {
    let taken = prompt.completed.unwrap_or_default();
    let top = paint::scrolled(0, taken, LISTED, prompt.completions.len());
    let shown: Vec<_> = prompt.completions.iter().enumerate().skip(top).take(LISTED).collect();
    let width = shown.iter().map(|(_, c)| c.text.chars().count()).max().unwrap_or_default();
    let x = begin.min(body.right().saturating_sub(20));
    let area = Rect {
        x,
        y: body.bottom() - columns(shown.len()).min(body.height),
        width: (body.right() - x).min(columns(width + 52)),
        height: columns(shown.len()).min(body.height),
    };
    Clear.render(area, buf);
    buf.set_style(area, app.theme.bar);
    for (row, (at, completion)) in shown.into_iter().enumerate() {
        let place = paint::row(area, row);
        if prompt.completed == Some(at) {
            buf.set_style(place, app.theme.selected[1]);
        }
        let mut pen = Pen::new(buf, place);
        pen.skip(1).column(&completion.text, width, false, app.theme.bar.patch(app.theme.strong));
        pen.skip(2).put(&completion.hint, app.theme.bar);
    }
}
