//! Strokes that every pane uses: text cut to its place, titled frames, scroll marks.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Block, BorderType, Widget as _};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::theme::Theme;
use crate::escape;
use crate::words;

/// Text on its way into one row: pieces are put one behind the other until the row is full.
#[derive(Debug)]
pub struct Pen<'a> {
    buf: &'a mut Buffer,
    x: u16,
    end: u16,
    y: u16,
}

impl<'a> Pen<'a> {
    /// A pen at the beginning of the first row of `area`.
    pub fn new(buf: &'a mut Buffer, area: Rect) -> Pen<'a> {
        Pen { buf, x: area.x, end: area.right(), y: area.y }
    }

    /// How many columns are left.
    pub fn room(&self) -> usize {
        usize::from(self.end - self.x)
    }

    /// Puts text that is wirewalk's own, cut with `…` where the row ends.
    pub fn put(&mut self, text: &str, style: Style) -> &mut Self {
        if self.room() > 0 {
            let is_cut = text.width() > self.room();
            let fitting = words::cut(text, self.room());
            self.buf.set_stringn(self.x, self.y, &fitting, self.room(), style);
            self.x = if is_cut { self.end } else { self.x + columns(fitting.width()) };
        }
        self
    }

    /// Puts a peer's text, made harmless.
    pub fn peer(&mut self, text: &str, style: Style) -> &mut Self {
        self.put(&cell(text), style)
    }

    /// Puts text in exactly so many columns, on the left or on the right of them.
    pub fn column(&mut self, text: &str, width: usize, right: bool, style: Style) -> &mut Self {
        let width = width.min(self.room());
        let text = words::cut(text, width);
        let gap = " ".repeat(width - text.width().min(width));
        match right {
            true => self.put(&gap, style).put(&text, style),
            false => self.put(&text, style).put(&gap, style),
        }
    }

    /// Leaves columns free.
    pub fn skip(&mut self, width: usize) -> &mut Self {
        self.x = (self.x + columns(width)).min(self.end);
        self
    }
}

/// A number of columns or rows of the screen, which has fewer than 65,536.
pub fn columns(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

/// A peer's text, harmless and of a width that every terminal agrees on: joiners and variation selectors, which terminals
/// measure differently, are left out, and of combining marks two in a row are kept.
pub fn cell(text: &str) -> String {
    let mut marks = 0;
    let keep = |c: &char| {
        let joins = matches!(c, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}');
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        !joins && marks <= 2
    };
    escape::line(text).chars().filter(keep).collect()
}

/// Draws the frame of a pane with its title, and returns what is inside.
pub fn frame(area: Rect, buf: &mut Buffer, theme: &Theme, title: &str, focused: bool) -> Rect {
    let focus = usize::from(focused);
    let kind = if focused { BorderType::Thick } else { BorderType::Rounded };
    let block = Block::bordered()
        .border_type(kind)
        .border_style(theme.border[focus])
        .title(ratatui::text::Span::styled(format!(" {title} "), theme.title[focus]));
    let inner = block.inner(area);
    block.render(area, buf);
    inner
}

/// Shows on the right edge of `area` which part of `total` rows is in sight.
pub fn scroll_mark(area: Rect, buf: &mut Buffer, theme: &Theme, seen: Range<usize>, total: usize) {
    if total <= seen.len() || area.height == 0 {
        return;
    }
    let height = usize::from(area.height);
    let length = (seen.len() * height / total).max(1);
    let top = (seen.start * height / total).min(height - length);
    for row in top..top + length {
        buf.set_string(area.right(), area.y + columns(row), "▐", theme.title[0]);
    }
}

/// The first row in sight, such that row `selected` of `total` is in sight too, moved as little as possible.
pub fn scrolled(top: usize, selected: usize, height: usize, total: usize) -> usize {
    let top = top.min(total.saturating_sub(height));
    if selected < top { selected } else { top.max((selected + 1).saturating_sub(height)) }
}

/// One row of an area, counted from its top.
pub fn row(area: Rect, index: usize) -> Rect {
    Rect { y: area.y + columns(index), height: 1, ..area }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_peer_has_a_width_that_terminals_agree_on() {
        assert_eq!(cell("👩\u{200d}💻 ❤\u{fe0f}"), "👩💻 ❤");
        assert_eq!(cell("e\u{301}\u{301}\u{301}\u{301}x"), "e\u{301}\u{301}x");
        assert_eq!(cell("\x1b[2J"), "\\u{1b}[2J");
    }

    #[test]
    fn a_pen_stops_at_the_end_of_its_row() {
        let area = Rect::new(0, 0, 6, 1);
        let mut buf = Buffer::empty(area);
        let mut pen = Pen::new(&mut buf, area);
        pen.put("ab", Style::new()).peer("你好你好", Style::new()).put("x", Style::new());
        assert_eq!(pen.room(), 0);
        assert_eq!(buf, Buffer::with_lines(["ab你… "]));
    }

    #[test]
    fn the_selected_row_stays_in_sight() {
        assert_eq!(scrolled(0, 3, 10, 100), 0);
        assert_eq!(scrolled(0, 10, 10, 100), 1);
        assert_eq!(scrolled(50, 20, 10, 100), 20);
        assert_eq!(scrolled(99, 99, 10, 100), 90);
        assert_eq!(scrolled(7, 2, 10, 3), 0);
    }
}
