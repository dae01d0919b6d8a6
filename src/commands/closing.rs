//! The closing words: what there was in a session.

use crate::escape;
use crate::session::{EngineSession, Session};
use crate::words::{count, duration};

/// So many engine sessions are named.
const MAX_NAMED: usize = 10;

/// What there was, in lines: `3 connections, 41 units, 5,120 bytes, 2 findings`, then the Engine.IO sessions.
pub(super) fn words(session: &Session) -> Vec<String> {
    let counts = [
        count(session.connection_count() as u64, "connection"),
        count(session.len() as u64, "unit"),
        count(session.byte_count(), "byte"),
        count(session.finding_count() as u64, "finding"),
    ];
    let engines = session.engine_sessions();
    let mut lines = vec![counts.join(", ")];
    lines.extend(engines.iter().take(MAX_NAMED).map(engine));
    if let Some(more) = engines.len().checked_sub(MAX_NAMED)
        && more > 0
    {
        lines.push(format!("and {}", count(more as u64, "more engine session")));
    }
    lines
}

/// `engine session abc: Engine.IO 4, polling, WebSocket after 1.41 s, 2 heartbeats, on #1 #2`.
fn engine(session: &EngineSession) -> String {
    let mut parts = vec![format!("Engine.IO {}", session.version)];
    parts.push(match session.upgraded {
        Some(at) => format!("polling, WebSocket after {}", duration(at.since(session.first_seen))),
        None => session.transport.as_str().to_owned(),
    });
    parts.push(match session.heartbeats {
        1 => "1 heartbeat".to_owned(),
        n => format!("{n} heartbeats"),
    });
    if session.late > 0 {
        parts.push(format!("{} late", session.late));
    }
    if let Some(at) = session.closed {
        parts.push(format!("closed after {}", duration(at.since(session.first_seen))));
    }
    let connections: Vec<String> =
        session.connections.iter().take(MAX_NAMED).map(ToString::to_string).collect();
    let more = if session.connections.len() > MAX_NAMED { " …" } else { "" };
    parts.push(format!("on {}{more}", connections.join(" ")));
    format!("engine session {}: {}", escape::line(&session.sid), parts.join(", "))
}
