//! The source around a call: where its function is defined, or where it was called from.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::calls::name;
use crate::calls::highlight::{Kind, Piece};
use crate::calls::permalink;
use crate::calls::source::Source;
use crate::explain::calls::purpose;
use crate::session::Session;
use crate::session::calls::FunctionInfo;
use crate::tui::app::App;
use crate::tui::calls::Reading;
use crate::tui::paint::{self, Pen};
use crate::tui::theme::Theme;
use crate::words;

/// The columns of a line's number.
const NUMBER: usize = 5;

/// Draws the source of the chosen call.
pub fn draw(area: Rect, buf: &mut Buffer, session: &Session, app: &App) {
    let calls = session.calls();
    let Some((function, line)) = app.calls.place(calls) else {
        paint::frame(area, buf, &app.theme, "Source", false);
        return;
    };
    let what = if app.calls.shows_caller { "Called from" } else { "Source" };
    let inner =
        paint::frame(area, buf, &app.theme, &format!("{what} · {}", short(session, function, line)), false);
    let mut heads = vec![heading(session, function)];
    heads.extend(purpose(&function.symbol).map(str::to_owned));
    if let Some(arguments) = arguments(session, app) {
        heads.push(format!("was given {arguments}"));
    }
    let source = app.calls.source(&function.file);
    if matches!(source, Some(Reading::Read(read)) if read.is_err()) {
        // Whoever does not have the file can read it there.
        heads
            .extend(calls.package(function).and_then(|package| permalink::of(package, &function.file, line)));
    }
    let problem = match source {
        Some(Reading::Read(source)) => {
            source.as_ref().as_ref().err().cloned().or_else(|| other_version(source, function))
        }
        _ => None,
    };
    let mut y = 0;
    for (at, text) in heads.iter().enumerate() {
        let style = if at == 0 { app.theme.dim } else { app.theme.text };
        for line in words::fold(text, usize::from(inner.width)) {
            Pen::new(buf, paint::row(inner, y)).peer(&line, style);
            y += 1;
            if y >= usize::from(inner.height) {
                return;
            }
        }
    }
    if let Some(problem) = problem {
        Pen::new(buf, paint::row(inner, y)).peer(&format!("! {problem}"), app.theme.strong);
        y += 1;
    }
    let rest = Rect {
        y: inner.y + paint::columns(y),
        height: inner.height.saturating_sub(paint::columns(y)),
        ..inner
    };
    if let Some(Reading::Read(source)) = source
        && let Ok(source) = source.as_ref()
    {
        lines(rest, buf, &app.theme, source, line);
    }
}

/// The last two parts of the path, and the line.
fn short(session: &Session, function: &FunctionInfo, line: u32) -> String {
    let root =
        session.calls().package(function).and_then(|package| package.root.as_deref()).unwrap_or_default();
    let file = function.file.strip_prefix(root).unwrap_or(&function.file).trim_start_matches(['/', '\\']);
    format!("{}:{line}", paint::cell(file))
}

fn heading(session: &Session, function: &FunctionInfo) -> String {
    let package = session.calls().package(function);
    let version = package.and_then(|package| package.version.as_deref()).unwrap_or_default();
    let package = package.map(|package| name(&package.name)).unwrap_or_default();
    format!("{}  {package} {version}", function.symbol).trim_end().to_owned()
}

/// What the call was given, unless it may hold what is secret.
fn arguments<'a>(session: &'a Session, app: &App) -> Option<&'a str> {
    let call = app.calls.chosen(session.calls())?;
    session.calls().arguments(call.id).filter(|_| app.hidden().is_none())
}

/// Whether the file here is not the one that was traced: then its line does not define the function.
fn other_version(source: &Result<Source, String>, function: &FunctionInfo) -> Option<String> {
    let source = source.as_ref().ok()?;
    let last = function.symbol.rsplit([':', '.']).next().unwrap_or_default();
    let is_named =
        !last.is_empty() && last.chars().all(|c| c.is_alphanumeric() || c == '_') && last != "constructor";
    (is_named && !source.has(function.line, last))
        .then(|| "the file here is another version than the one that was traced".to_owned())
}

fn lines(area: Rect, buf: &mut Buffer, theme: &Theme, source: &Source, line: u32) {
    let height = usize::from(area.height);
    let at = (line as usize).saturating_sub(1);
    // A third of what is seen stands before the line.
    let top = at.saturating_sub(height / 3).min(source.lines.len().saturating_sub(height));
    for (y, (number, pieces)) in source.lines.iter().enumerate().skip(top).take(height).enumerate() {
        let place = paint::row(area, y);
        let is_at = number == at;
        if is_at {
            buf.set_style(place, theme.selected[0]);
        }
        let mut pen = Pen::new(buf, place);
        pen.column(&(number + 1).to_string(), NUMBER, true, theme.dim)
            .put(if is_at { "▶" } else { " " }, theme.key);
        for piece in pieces {
            pen.put(&shown(piece), style(theme, piece.kind));
        }
    }
}

/// A piece with its tabs as spaces, and nothing in it that would do something to the terminal.
fn shown(piece: &Piece) -> String {
    paint::cell(&piece.text.replace('\t', "    "))
}

fn style(theme: &Theme, kind: Kind) -> Style {
    match kind {
        Kind::Plain => theme.text,
        Kind::Keyword => theme.protocol("socketio"),
        Kind::String => theme.protocol("engineio"),
        Kind::Constant => theme.protocol("websocket"),
        Kind::Comment => theme.dim,
        Kind::Definition => theme.strong,
    }
}
