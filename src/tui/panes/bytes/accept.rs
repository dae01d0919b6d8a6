//! `Sec-WebSocket-Accept`, computed from the client's key step by step (RFC 6455 §4.2.2).

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{BytesState, Target};
use crate::decode::field::Severity;
use crate::tui::app::App;
use crate::tui::look::Look;
use crate::tui::paint::{self, Pen};

/// The key that the answer is computed from.
pub const KEY: &str = "http.upgrade_answer.key";

/// What the names of the fields of a 101 begin with.
pub const PREFIX: &str = "http.upgrade_answer";

/// The fields of the steps, in order.
pub const STEPS: [&str; 5] = [
    KEY,
    "http.upgrade_answer.concatenation",
    "http.upgrade_answer.sha1",
    "http.upgrade_answer.expected",
    "http.upgrade_answer.accept",
];

/// The items of the steps.
pub fn steps(look: &Look) -> Vec<usize> {
    STEPS.into_iter().filter_map(|key| look.find(key)).collect()
}

/// Draws it.
pub fn draw(area: Rect, buf: &mut Buffer, app: &App, look: &Look, state: &mut BytesState) {
    let theme = &app.theme;
    let text = |key: &str| look.find(key).and_then(|item| look.items.get(item)).map_or("", |item| &item.text);
    let given = look.find(STEPS[4]).and_then(|item| look.items.get(item));
    let given = given.map(|item| String::from_utf8_lossy(look.tree.bytes(&item.span)).into_owned());
    let given = given.unwrap_or_default();
    let (key, digest, expected) = (text(STEPS[0]), text(STEPS[2]), text(STEPS[3]));
    let guid = text(STEPS[1]).strip_prefix(key).unwrap_or_default();
    let equal = given == expected;
    let verdict =
        if equal { "✓ the same: the server understood" } else { "✗ not the same: the client must fail" };
    let rows: [(&str, Vec<(String, Style)>); 5] = [
        ("The client's key, from the request, as text", vec![(key.to_owned(), theme.peers[0])]),
        (
            "The GUID of RFC 6455, the same for everyone, put behind it",
            vec![(key.to_owned(), theme.peers[0]), (guid.to_owned(), theme.strong)],
        ),
        ("SHA-1 of that: 20 bytes, here in hexadecimal", vec![(spaced(digest), theme.text)]),
        ("These 20 bytes in base64: what the server must answer", vec![(expected.to_owned(), theme.strong)]),
        (
            "What the server answered: Sec-WebSocket-Accept",
            vec![(given.clone(), theme.peers[1]), (format!("  {verdict}"), verdict_style(app, equal))],
        ),
    ];
    // With much room, a line between the steps.
    let tall = area.height >= 14;
    // With little room, the key stands behind its name.
    let line_of = |step: usize| if tall { step * 3 } else { (step * 2).saturating_sub(1) };
    let total = line_of(4) + 2;
    let selected = app.selection.item.and_then(|item| steps(look).iter().position(|step| *step == item));
    let height = usize::from(area.height);
    state.top = paint::scrolled(state.top, selected.map_or(0, |step| line_of(step) + 1), height, total);
    let shown = |line: usize| line.checked_sub(state.top).filter(|row| *row < height);
    for (number, (what, parts)) in rows.into_iter().enumerate() {
        let item = look.find(STEPS[number]);
        let is_selected = selected.is_some()
            && selected == item.and_then(|item| steps(look).iter().position(|s| *s == item));
        let line = line_of(number);
        if let Some(row) = shown(line) {
            let place = paint::row(area, row);
            let style = if is_selected { theme.strong } else { theme.title[0] };
            Pen::new(buf, place).skip(1).put(&format!("{} ", number + 1), theme.key).skip(1).put(what, style);
            state.places.extend(item.map(|item| (place, Target::Item(item))));
        }
        let value_line = if !tall && number == 0 { line } else { line + 1 };
        if let Some(row) = shown(value_line) {
            let place = paint::row(area, row);
            let mut pen = Pen::new(buf, place);
            pen.skip(if value_line == line { 7 + what.chars().count() } else { 4 });
            for (index, (text, style)) in parts.into_iter().enumerate() {
                // The verdict is not part of the field.
                let is_value = number < 4 || index == 0;
                pen.peer(&text, if is_selected && is_value { theme.lit } else { style });
            }
            state.places.extend(item.map(|item| (place, Target::Item(item))));
        }
    }
    paint::scroll_mark(area, buf, theme, state.top..(state.top + height).min(total), total);
}

fn verdict_style(app: &App, equal: bool) -> Style {
    if equal { app.theme.strong } else { app.theme.severity(Severity::Error) }
}

/// Hexadecimal digits in pairs, with a space in the middle.
fn spaced(digest: &str) -> String {
    let pairs: Vec<String> =
        digest.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
    pairs.join(" ")
}
