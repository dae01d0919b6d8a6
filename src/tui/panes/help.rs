//! What lies over the screen: all keys, and questions.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget as _};

use crate::session::filter;
use crate::tui::app::App;
use crate::tui::keys::{BINDINGS, Place};
use crate::tui::paint::{self, Pen, columns};
use crate::tui::update::COPY_FORMS;
use crate::words;

/// A line of the help.
enum Line {
    Heading(&'static str),
    Keys(String, &'static str),
    Filter(&'static str, &'static str),
}

/// The lines of the help: what is bound in the focused pane first, then what is bound anywhere and in the other panes, and the
/// filter language by example.
fn lines(app: &App) -> Vec<Line> {
    let mut places = vec![app.place(), Place::Anywhere];
    for binding in BINDINGS {
        if !places.contains(&binding.place) {
            places.push(binding.place);
        }
    }
    let mut lines = Vec::new();
    for place in places {
        let here = || BINDINGS.iter().filter(|binding| binding.place == place);
        if here().next().is_some() {
            lines.push(Line::Heading(place.name()));
        }
        lines.extend(here().map(|binding| {
            let keys: Vec<String> = app.keymap.keys(binding.action).map(|key| key.to_string()).collect();
            Line::Keys(keys.join(" "), binding.help)
        }));
    }
    lines.push(Line::Heading("Filters"));
    lines.extend(filter::reference().iter().map(|row| Line::Filter(row.example, row.meaning)));
    lines
}

/// How many lines the help has.
pub fn length(app: &App) -> usize {
    lines(app).len()
}

/// Draws all keys.
pub fn draw(area: Rect, buf: &mut Buffer, app: &App, top: usize) {
    let width = area.width.min(84);
    let area = Rect { x: area.x + (area.width - width) / 2, width, ..area };
    Clear.render(area, buf);
    buf.set_style(area, app.theme.base);
    let inner = paint::frame(area, buf, &app.theme, "Keys · ↑ ↓ scroll, any other key closes", true);
    let lines = lines(app);
    let height = usize::from(inner.height);
    let top = top.min(lines.len().saturating_sub(height));
    for (row, line) in lines.iter().skip(top).take(height).enumerate() {
        let mut pen = Pen::new(buf, paint::row(inner, row));
        match line {
            Line::Heading(text) => pen.put(text, app.theme.strong),
            Line::Keys(keys, text) => {
                pen.skip(2).column(keys, 18, false, app.theme.key).skip(1).put(text, app.theme.text)
            }
            Line::Filter(example, meaning) => {
                pen.skip(2).column(example, 36, false, app.theme.key).skip(1).put(meaning, app.theme.text)
            }
        };
    }
    paint::scroll_mark(inner, buf, &app.theme, top..(top + height).min(lines.len()), lines.len());
}

/// Asks whether to end although something would be lost.
pub fn question(area: Rect, buf: &mut Buffer, app: &App, lost: &str) {
    let text = words::fold(lost, 56);
    let inner = over(area, buf, app, "End wirewalk?", (62, text.len() + 4));
    for (row, line) in text.iter().enumerate() {
        Pen::new(buf, paint::row(inner, row)).skip(1).put(line, app.theme.text);
    }
    let mut pen = Pen::new(buf, paint::row(inner, text.len() + 1));
    for (key, text) in [("y", "end"), ("s", "save first"), ("n", "stay")] {
        pen.skip(1).put(key, app.theme.key).put(&format!(" {text}  "), app.theme.text);
    }
}

/// Asks in which form to copy.
pub fn copy(area: Rect, buf: &mut Buffer, app: &App) {
    let inner = over(area, buf, app, "Copy the unit", (36, COPY_FORMS.len() + 2));
    for (row, (key, _, name)) in COPY_FORMS.iter().enumerate() {
        let mut pen = Pen::new(buf, paint::row(inner, row));
        pen.skip(1).put(key, app.theme.key).skip(2).put(name, app.theme.text);
    }
}

/// A frame in the middle of the screen, with nothing behind it. Returns what is inside.
fn over(area: Rect, buf: &mut Buffer, app: &App, title: &str, (width, height): (u16, usize)) -> Rect {
    let (width, height) = (area.width.min(width), columns(height).min(area.height));
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 2;
    let area = Rect { x, y, width, height };
    Clear.render(area, buf);
    buf.set_style(area, app.theme.base);
    paint::frame(area, buf, &app.theme, title, true)
}
