//! What the server that wirewalk runs wrote to its terminal.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::session::Session;
use crate::tui::app::App;
use crate::tui::paint::{self, Pen};

/// Draws it from a line on, or its end.
pub fn draw(area: Rect, buf: &mut Buffer, session: &Session, app: &App) {
    let output = session.output();
    let title = match output.exited() {
        Some((at, how)) => format!("Output · the server ended after {:.1} s: {}", at.0 as f64 / 1e9, how),
        None => "Output of the server".to_owned(),
    };
    let inner = paint::frame(area, buf, &app.theme, &paint::cell(&title), true);
    let (height, total) = (usize::from(inner.height), output.lines().len());
    if total == 0 {
        let text = match app.origin.is_live {
            true => "nothing yet; it is seen of a server that wirewalk run starts",
            false => "none was recorded; it is seen of a server that wirewalk run starts",
        };
        Pen::new(buf, inner).put(text, app.theme.dim);
        return;
    }
    let top = top(app, total, height);
    for (row, (at, line)) in output.lines().skip(top).take(height).enumerate() {
        let mut pen = Pen::new(buf, paint::row(inner, row));
        pen.column(&format!("{:.3}", at.0 as f64 / 1e9), 9, true, app.theme.dim).skip(2);
        match app.hidden() {
            Some(names) => pen.peer(&names.mask(line), app.theme.text),
            None => pen.peer(line, app.theme.text),
        };
    }
    paint::scroll_mark(inner, buf, &app.theme, top..(top + height).min(total), total);
}

/// The first line that is in sight.
pub fn top(app: &App, total: usize, height: usize) -> usize {
    let last = total.saturating_sub(height);
    app.output_top.map_or(last, |top| top.min(last))
}
