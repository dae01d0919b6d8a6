//! The bytes of the selected unit, in the form that says most of the selected field.

mod accept;
mod diagram;
mod hex;
mod inflate;
mod json;
mod moving;
mod unmask;

pub use moving::act;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::decode::field::FieldKind;
use crate::decode::unit::{SourceId, SourceKind, Span};
use crate::tui::app::{App, BytesForm, Pane, Screen};
use crate::tui::look::{ItemKind, Look, byte_range};
use crate::tui::motion;
use crate::tui::paint::{self, Pen};
use crate::words;

/// What the bytes keep between two drawings.
#[derive(Clone, Debug, Default)]
pub struct BytesState {
    /// The first row in sight.
    pub top: usize,
    /// What can be clicked.
    pub places: Vec<(Rect, Target)>,
    /// The form that is kept while one moves about in the bytes, though another would say more of what is selected then.
    pub held: Option<BytesForm>,
    /// The JSON text that was laid out last.
    json: Option<json::Laid>,
}

/// What a place of the screen stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A byte.
    Byte(SourceId, usize),
    /// A field.
    Item(usize),
    /// All bytes of a source.
    Source(SourceId),
}

impl BytesForm {
    /// The forms in which bytes can be shown, in the order in which a key goes through them.
    const ALL: [BytesForm; 6] = [
        BytesForm::Hex,
        BytesForm::Header,
        BytesForm::Unmasking,
        BytesForm::Inflating,
        BytesForm::Accept,
        BytesForm::Json,
    ];

    /// Its name in the title.
    fn name(self) -> &'static str {
        match self {
            BytesForm::Best | BytesForm::Hex => "hexadecimal",
            BytesForm::Header => "the frame's header, bit by bit",
            BytesForm::Unmasking => "unmasking, byte by byte",
            BytesForm::Inflating => "compressed and inflated",
            BytesForm::Accept => "the accept key, step by step",
            BytesForm::Json => "JSON",
        }
    }

    /// Whether there is something of a unit to show in this form.
    fn fits(self, look: &Look) -> bool {
        match self {
            BytesForm::Best | BytesForm::Hex => true,
            BytesForm::Header => look.find(diagram::FIRST).is_some(),
            BytesForm::Unmasking => look.masked().is_some(),
            BytesForm::Inflating => look.find(inflate::LENGTH).is_some(),
            BytesForm::Accept => look.find(accept::KEY).is_some(),
            BytesForm::Json => look.items.iter().any(|item| item.kind.key().starts_with(json::PREFIX)),
        }
    }
}

/// The form in which the bytes are shown now.
pub fn form(app: &App, state: &BytesState) -> BytesForm {
    let Some(look) = app.looked() else { return BytesForm::Hex };
    let wanted = if app.bytes_form == BytesForm::Best { state.held } else { Some(app.bytes_form) };
    match wanted {
        Some(form) if form.fits(look) => form,
        _ => best(look, app.selection.item.unwrap_or_default()),
    }
}

/// The form that a key changes to: the next one that fits, and after the last the best one again.
pub fn next_form(app: &App) -> BytesForm {
    if app.screen == Screen::Conversation {
        return if app.bytes_form == BytesForm::Hex { BytesForm::Best } else { BytesForm::Hex };
    }
    let Some(look) = app.looked() else { return BytesForm::Best };
    let fitting: Vec<BytesForm> = BytesForm::ALL.into_iter().filter(|form| form.fits(look)).collect();
    let shown = form(app, &app.panes.bytes);
    match app.bytes_form {
        // The first other form, since the key should change something.
        BytesForm::Best => fitting.into_iter().find(|form| *form != shown).unwrap_or_default(),
        _ => fitting.into_iter().skip_while(|form| *form != shown).nth(1).unwrap_or_default(),
    }
}

/// The form that says most of a field.
fn best(look: &Look, item: usize) -> BytesForm {
    let Some(found) = look.items.get(item) else { return BytesForm::Hex };
    let is_json = matches!(found.kind, ItemKind::Field(field) if field.kind == FieldKind::Json);
    let form = match found.kind.key() {
        "websocket.masked_payload" => BytesForm::Unmasking,
        inflate::LENGTH | "websocket.message" | "websocket.payload" => BytesForm::Inflating,
        "http.sec_websocket_accept" => BytesForm::Accept,
        key if key.starts_with(accept::PREFIX) => BytesForm::Accept,
        key if is_json || key == "json" || key.starts_with(json::PREFIX) => BytesForm::Json,
        key if key == "websocket" || diagram::is_header(key) => BytesForm::Header,
        _ => BytesForm::Hex,
    };
    if form.fits(look) { form } else { BytesForm::Hex }
}

/// Selects what was clicked.
pub fn click(app: &mut App, target: Target) {
    let form = form(app, &app.panes.bytes);
    match target {
        Target::Byte(source, byte) => motion::select_byte(app, source, byte),
        Target::Item(item) => motion::select_item(app, item),
        Target::Source(next) => {
            let (source, byte) = app.selection.byte.unwrap_or_default();
            moving::show_source(app, source, byte, next);
        }
    }
    app.panes.bytes.held = Some(form);
}

/// Draws them.
pub fn draw(area: Rect, buf: &mut Buffer, app: &App, state: &mut BytesState) {
    state.places.clear();
    let form = form(app, state);
    let is_chosen = app.bytes_form == form;
    let title = format!("Bytes · {}{}", form.name(), if is_chosen { " (chosen)" } else { "" });
    let inner = paint::frame(area, buf, &app.theme, &title, app.has_focus(Pane::Bytes));
    let Some(look) = app.looked() else { return };
    below(area, buf, app);
    match form {
        BytesForm::Best | BytesForm::Hex => hex::draw(inner, buf, app, look, state),
        BytesForm::Header => diagram::draw(inner, buf, app, look, state),
        BytesForm::Unmasking => unmask::draw(inner, buf, app, look, state),
        BytesForm::Inflating => inflate::draw(inner, buf, app, look, state),
        BytesForm::Accept => accept::draw(inner, buf, app, look, state),
        BytesForm::Json => json::draw(inner, buf, app, look, state),
    }
}

/// On the border below: the selected field, and which bits or bytes it is.
fn below(area: Rect, buf: &mut Buffer, app: &App) {
    let (Some(look), Some(item)) = (app.looked(), app.item()) else { return };
    let row = Rect { y: area.bottom() - 1, x: area.x + 2, height: 1, width: area.width.saturating_sub(4) };
    let bits = &item.span.bits;
    if bits.is_empty() {
        return;
    }
    let source = look.source_kind(item.span.source).map_or("", SourceKind::as_str);
    let bytes = byte_range(&item.span);
    let place = match (bits.start % 8, bits.end - bits.start) {
        (first, 1) => format!("bit {first} of byte {}", bytes.start),
        (first, length) if first + length < 8 || first > 0 && first + length == 8 => {
            format!("bits {first} to {} of byte {}", first + length - 1, bytes.start)
        }
        _ if bytes.len() == 1 => format!("byte {}", bytes.start),
        _ => format!(
            "bytes {} to {}, {} of them",
            bytes.start,
            bytes.end - 1,
            words::thousands(bytes.len() as u64)
        ),
    };
    Pen::new(buf, row)
        .put(&format!(" {} · ", item.kind.label()), app.theme.title[0])
        .put(&format!("{source}, {place} "), app.theme.dim);
}

/// Whether a byte belongs to the selected field, or to what the selected field was derived from.
struct Lit<'a> {
    app: &'a App,
    exact: std::ops::Range<u64>,
    related: std::ops::Range<usize>,
    cursor: Option<usize>,
}

impl<'a> Lit<'a> {
    fn new(app: &'a App, look: &Look, source: SourceId) -> Lit<'a> {
        let whole = Span::bytes(source, 0..look.bytes(source).len());
        // Where a layer is all there is, lighting everything up would say nothing.
        let item = app.item().filter(|item| item.span != whole || matches!(item.kind, ItemKind::Field(_)));
        let span = item.map(|item| item.span.clone()).unwrap_or_default();
        let exact = if span.source == source { span.bits.clone() } else { 0..0 };
        let related = look.counterpart(&span, source).unwrap_or(0..0);
        let cursor = app.selection.byte.filter(|(of, _)| *of == source).map(|(_, at)| at);
        Lit { app, exact, related, cursor }
    }

    /// The style of a byte that is otherwise drawn in `plain`.
    fn style(&self, at: usize, plain: Style) -> Style {
        let theme = &self.app.theme;
        let bits = at as u64 * 8..at as u64 * 8 + 8;
        if self.cursor == Some(at) && self.app.focus == Pane::Bytes {
            theme.cursor
        } else if self.exact.start < bits.end && bits.start < self.exact.end {
            theme.lit
        } else if self.related.contains(&at) {
            theme.selected[1].add_modifier(Modifier::UNDERLINED)
        } else {
            plain
        }
    }

    /// The byte to keep in sight.
    fn focus(&self) -> usize {
        self.cursor.unwrap_or(if self.exact.is_empty() {
            self.related.start
        } else {
            (self.exact.start / 8) as usize
        })
    }
}
