//! Connections and engine sessions: each a row; the chosen one narrows the flow.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Scroll;
use crate::decode::unit::Transport;
use crate::session::connections::State;
use crate::session::{ConnectionInfo, EngineSession, Session};
use crate::tui::app::App;
use crate::tui::paint::{self, Pen};
use crate::wire::{Connected, Peer, Timestamp};
use crate::words;

/// From so many columns on, addresses are shown.
const WIDE: u16 = 110;

/// Draws both lists in one: connections first, engine sessions below.
pub fn draw(area: Rect, buf: &mut Buffer, session: &Session, app: &App, state: &mut Scroll) {
    let title = "Connections and engine sessions · enter shows only this one in the flow";
    let inner = paint::frame(area, buf, &app.theme, title, true);
    let (connections, engines) = (session.connections(), session.engine_sessions());
    // Two headings, and a row of air between the lists.
    let total = connections.len() + engines.len() + 3;
    let height = usize::from(inner.height);
    let row_of = |chosen: usize| if chosen < connections.len() { chosen + 1 } else { chosen + 3 };
    let chosen = row_of(app.chosen.min((connections.len() + engines.len()).saturating_sub(1)));
    state.top = if chosen <= 1 { 0 } else { paint::scrolled(state.top, chosen, height, total) };
    let now = last(session);
    let wide = inner.width >= WIDE;
    for (row, at) in (state.top..total.min(state.top + height)).enumerate() {
        let place = paint::row(inner, row);
        if at == chosen {
            buf.set_style(place, app.theme.selected[1]);
        }
        let mut pen = Pen::new(buf, place);
        if at == 0 {
            heading(&mut pen, app, wide);
        } else if let Some(info) = connections.get(at - 1) {
            connection(&mut pen, session, info, now, app, wide);
        } else if at == connections.len() + 2 {
            engine_heading(&mut pen, app);
        } else if let Some(engine) = at.checked_sub(connections.len() + 3).and_then(|at| engines.get(at)) {
            self::engine(&mut pen, engine, now, app);
        }
    }
    paint::scroll_mark(inner, buf, &app.theme, state.top..(state.top + height).min(total), total);
}

/// When the last thing happened that is known.
fn last(session: &Session) -> Timestamp {
    session.connections().iter().map(|info| info.last).max().unwrap_or_default()
}

fn heading(pen: &mut Pen<'_>, app: &App, wide: bool) {
    let style = app.theme.dim;
    pen.skip(2)
        .column("conn", 6, false, style)
        .column("state", 24, false, style)
        .column("speaks", 11, false, style);
    pen.column("units ▶ ◀", 11, true, style)
        .column("bytes ▶ ◀", 17, true, style)
        .column("age", 9, true, style);
    if wide {
        pen.skip(2).put("from → to", style);
    }
}

fn connection(
    pen: &mut Pen<'_>,
    session: &Session,
    info: &ConnectionInfo,
    now: Timestamp,
    app: &App,
    wide: bool,
) {
    let theme = &app.theme;
    let line = theme.lifelines[info.conn.0 as usize % theme.lifelines.len()];
    let (sign, state) = in_words(info.state());
    let until = if info.is_over() { info.last } else { now };
    pen.put(sign, line).skip(1).column(&info.conn.to_string(), 6, false, line);
    pen.column(&state, 24, false, theme.text).column(&speaks(session, info), 11, false, theme.text);
    pen.column(&format!("{} {}", info.units[0], info.units[1]), 11, true, theme.text);
    let bytes = format!("{} {}", words::thousands(info.bytes[0]), words::thousands(info.bytes[1]));
    pen.column(&bytes, 17, true, theme.text);
    pen.column(&words::duration(until.since(info.opened)), 9, true, theme.dim);
    if info.findings > 0 {
        let text = words::count(info.findings, "finding");
        pen.skip(2).put(&text, theme.severity(crate::decode::field::Severity::Warning));
    }
    if wide && let Some(opened) = &info.addresses {
        let to = match &opened.connected {
            Connected::Yes { server, .. } => server.to_string(),
            Connected::No { error } => error.clone(),
        };
        pen.skip(2).peer(&format!("{} → {to}", opened.client), theme.dim);
    }
}

/// A sign and the words for a state.
fn in_words(state: State) -> (&'static str, String) {
    let name = |peer: Peer| peer.as_str();
    match state {
        State::Unreachable => ("✗", "server not reached".to_owned()),
        State::Open => ("●", "open".to_owned()),
        State::HalfClosed(by) => ("◐", format!("{} has finished", name(by))),
        State::Closed(by) => ("○", format!("closed by {}", name(by))),
        State::Reset(by) => ("✗", format!("reset by {}", name(by))),
        State::Stopped => ("○", "closed by wirewalk".to_owned()),
        State::Told => ("·", "told, not seen".to_owned()),
    }
}

/// The highest protocol that a connection speaks, as far as its units tell without being looked into.
fn speaks(session: &Session, info: &ConnectionInfo) -> String {
    let carries = |engine: &&EngineSession| engine.connections.contains(&info.conn);
    let is_engine = session.engine_sessions().iter().rev().take(200).any(|engine| carries(&engine));
    let name = match (info.is_websocket, is_engine) {
        _ if info.units == [0; 2] => "nothing",
        (true, true) => "Socket.IO",
        (true, false) => "WebSocket",
        (false, true) => "polling",
        (false, false) => "HTTP",
    };
    name.to_owned()
}

fn engine_heading(pen: &mut Pen<'_>, app: &App) {
    let style = app.theme.dim;
    pen.skip(2).column("engine session", 20, false, style).column("version, transport", 27, false, style);
    pen.column("heartbeats", 11, true, style).column("age", 9, true, style).skip(2).put("connections", style);
}

fn engine(pen: &mut Pen<'_>, engine: &EngineSession, now: Timestamp, app: &App) {
    let theme = &app.theme;
    let transport = match (engine.upgraded, engine.transport) {
        (Some(at), _) => format!("WebSocket after {}", words::duration(at.since(engine.first_seen))),
        (None, Transport::Polling) => "polling".to_owned(),
        (None, Transport::WebSocket) => "WebSocket".to_owned(),
    };
    let sign = if engine.closed.is_some() { "○" } else { "●" };
    let late = if engine.late > 0 {
        format!("{} ({} late)", engine.heartbeats, engine.late)
    } else {
        engine.heartbeats.to_string()
    };
    let until = engine.closed.unwrap_or(now);
    let connections: Vec<String> = engine.connections.iter().take(12).map(ToString::to_string).collect();
    pen.put(sign, theme.protocol("engineio")).skip(1).column(
        &paint::cell(&words::cut(&engine.sid, 19)),
        20,
        false,
        theme.text,
    );
    pen.column(&format!("{}, {transport}", engine.version), 27, false, theme.text);
    pen.column(&late, 11, true, theme.text);
    pen.column(&words::duration(until.since(engine.first_seen)), 9, true, theme.dim);
    pen.skip(2).put(&connections.join(" "), theme.dim);
}
