//! A session as HAR 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>), which browsers and other tools open. WebSocket messages
//! stand in `_webSocketMessages`, as Chromium writes them.
//!
//! HAR knows whole messages alone, so there are no frames in it, no control frames and no openings and closings of
//! connections. Times are as wirewalk saw them: how long a client looked a name up or waited for its turn is not known.

mod http;

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::decode::unit::{LinkKind, UnitId, UnitKind};
use crate::escape;
use crate::session::{Session, StoreError, UnitRef};
use crate::wire::{ConnId, Connected, Direction, Timestamp};
use http::{Http, Request, Response};

/// Rules that say that a message could not be put together.
const NOT_PUT_TOGETHER: [&str; 4] =
    ["websocket.message_too_long", "websocket.inflating_failed", "websocket.context_lost", "tcp.let_go"];

/// A session cannot be written as HAR.
#[derive(Debug, thiserror::Error)]
pub enum HarError {
    /// The session's bytes cannot be read back.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be written.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
    /// When the session began is not known, so nothing in it has a time.
    #[error("the session says that it began at {0:?}, which is no time")]
    Started(String),
}

/// Writes the exchanges that have some of the units in them, in the order of their requests; of the messages of a WebSocket, those that are among
/// the units. `started` is when the session began, as RFC 3339, and `by` names the program and its version.
pub fn write(
    session: &Session,
    units: &mut dyn Iterator<Item = UnitRef>,
    started: &str,
    by: &str,
    out: &mut dyn Write,
) -> Result<(), HarError> {
    let began = started.parse().map_err(|_| HarError::Started(started.to_owned()))?;
    let chosen = Chosen::of(session, units);
    let (name, version) = by.rsplit_once(' ').unwrap_or((by, ""));
    let creator = text(&Creator { name, version })?;
    write!(out, r#"{{"log":{{"version":"1.2","creator":{creator},"pages":[],"entries":["#)?;
    let mut writer = Writer { session, began, out };
    for (index, (_, request)) in chosen.requests.iter().enumerate() {
        let Some(request) = session.unit(*request) else { continue };
        writer.out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        let messages = chosen.messages.get(&request.id).map(Vec::as_slice).unwrap_or_default();
        writer.entry(&request, messages)?;
    }
    writer.out.write_all(b"\n]}}\n")?;
    Ok(())
}

/// JSON in which no character means anything to a terminal.
fn text(value: &impl Serialize) -> io::Result<String> {
    Ok(escape::json(&serde_json::to_string(value)?).into_owned())
}

#[derive(Serialize)]
struct Creator<'a> {
    name: &'a str,
    version: &'a str,
}

/// What is written.
#[derive(Default)]
struct Chosen {
    requests: BTreeSet<(Timestamp, UnitId)>,
    /// The units that messages may end in, by the request that opened their WebSocket.
    messages: HashMap<UnitId, Vec<UnitId>>,
}

impl Chosen {
    fn of(session: &Session, units: &mut dyn Iterator<Item = UnitRef>) -> Chosen {
        let mut chosen = Chosen::default();
        let mut openings: HashMap<ConnId, Option<UnitId>> = HashMap::new();
        for unit in units {
            let request = match unit.kind {
                UnitKind::HttpRequest => Some(unit.id),
                UnitKind::HttpResponse => asked(session, unit.id),
                UnitKind::Frame | UnitKind::Message => {
                    *openings.entry(unit.conn).or_insert_with(|| opening(session, &unit))
                }
                _ => None,
            };
            let Some(request) = request.and_then(|request| session.unit(request)) else { continue };
            chosen.requests.insert((request.at, request.id));
            if matches!(unit.kind, UnitKind::Frame | UnitKind::Message) {
                chosen.messages.entry(request.id).or_default().push(unit.id);
            }
        }
        chosen
    }
}

/// The request that a response answers.
fn asked(session: &Session, response: UnitId) -> Option<UnitId> {
    let mut links = session.links(response).iter();
    links.find(|(_, link)| link.kind == LinkKind::Request).map(|(_, link)| link.to)
}

/// The request that opened the WebSocket of a message.
fn opening(session: &Session, message: &UnitRef) -> Option<UnitId> {
    let upgrade = session.connection(message.conn).and_then(|info| info.upgrade);
    upgrade.and_then(|response| asked(session, response)).or_else(|| {
        let mut before = (1..message.id.0).rev().filter_map(|id| session.unit(UnitId(id)));
        before
            .find(|unit| unit.conn == message.conn && unit.kind == UnitKind::HttpRequest)
            .map(|unit| unit.id)
    })
}

/// One entry, but for its messages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: String,
    time: f64,
    request: Request,
    response: Response,
    cache: Cache,
    timings: Timings,
    #[serde(rename = "serverIPAddress", skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    connection: String,
    #[serde(rename = "_resourceType", skip_serializing_if = "Option::is_none")]
    resource_type: Option<&'static str>,
}

/// Nothing is known of caches.
#[derive(Serialize)]
struct Cache {}

/// In milliseconds; -1 where it is not known, since it is the client's own business.
#[derive(Serialize)]
struct Timings {
    blocked: f64,
    dns: f64,
    connect: f64,
    ssl: f64,
    send: f64,
    wait: f64,
    receive: f64,
}

#[derive(Serialize)]
struct Message {
    #[serde(rename = "type")]
    kind: &'static str,
    /// In seconds since 1970.
    time: f64,
    opcode: u8,
    data: String,
}

struct Writer<'a> {
    session: &'a Session,
    began: jiff::Timestamp,
    out: &'a mut dyn Write,
}

impl Writer<'_> {
    fn entry(&mut self, request: &UnitRef, messages: &[UnitId]) -> Result<(), HarError> {
        let mut answers = self.session.answers(request.id).filter(|(_, kind)| *kind == LinkKind::Request);
        let response = answers.next().and_then(|(id, _)| self.session.unit(id));
        let asked = Http::of(self.session, request)?;
        let answered = response.as_ref().map(|unit| Http::of(self.session, unit)).transpose()?;
        let info = self.session.connection(request.conn);
        let addresses = info.and_then(|info| info.addresses.as_ref());
        let is_websocket = asked.names_websocket() || !messages.is_empty();
        let timings = timings(request, response.as_ref());
        let host = addresses.map(|opened| opened.listen.to_string());
        let entry = Entry {
            started_date_time: format!("{:.6}", self.time(request.at)),
            time: timings.send + timings.wait + timings.receive,
            request: Request::of(&asked, host, is_websocket),
            response: answered.as_ref().map(Response::of).unwrap_or_default(),
            cache: Cache {},
            timings,
            server: addresses.and_then(|opened| match &opened.connected {
                Connected::Yes { server, .. } => Some(server.ip().to_string()),
                Connected::No { .. } => None,
            }),
            connection: request.conn.to_string(),
            resource_type: is_websocket.then_some("websocket"),
        };
        let written = text(&entry)?;
        if !is_websocket {
            return Ok(self.out.write_all(written.as_bytes())?);
        }
        let open = written.strip_suffix('}').unwrap_or(&written);
        write!(self.out, r#"{open},"_webSocketMessages":["#)?;
        let left_out = self.messages(messages)?;
        self.out.write_all(b"]")?;
        if left_out > 0 {
            let comment = format!("messages that could not be put together and are not here: {left_out}");
            write!(self.out, r#","comment":{}"#, text(&comment)?)?;
        }
        Ok(self.out.write_all(b"}")?)
    }

    /// Writes the messages that end in these units. Says how many could not be put together.
    fn messages(&mut self, units: &[UnitId]) -> Result<usize, HarError> {
        let (mut written, mut left_out) = (0, 0);
        for unit in units.iter().filter_map(|id| self.session.unit(*id)) {
            let broken = |rule: &str| NOT_PUT_TOGETHER.contains(&rule);
            let Some(message) = self.session.message_of(&unit)? else {
                let findings = self.session.findings(unit.id);
                left_out += usize::from(findings.iter().any(|(_, finding)| broken(finding.rule.key)));
                continue;
            };
            let message = Message {
                kind: if unit.dir == Direction::ToServer { "send" } else { "receive" },
                time: self.time(Timestamp(unit.at.0.saturating_add(unit.took))).as_microsecond() as f64 / 1e6,
                opcode: if message.text { 1 } else { 2 },
                data: match message.text {
                    true => String::from_utf8_lossy(&message.bytes).into_owned(),
                    false => STANDARD.encode(&message.bytes),
                },
            };
            let comma = if written > 0 { "," } else { "" };
            write!(self.out, "{comma}{}", text(&message)?)?;
            written += 1;
        }
        Ok(left_out)
    }

    /// The time of day.
    fn time(&self, at: Timestamp) -> jiff::Timestamp {
        let since = i64::try_from(at.0).unwrap_or(i64::MAX);
        self.began.saturating_add(jiff::SignedDuration::from_nanos(since)).unwrap_or(self.began)
    }
}

/// How long the parts of an exchange took, which add up to its time.
fn timings(request: &UnitRef, response: Option<&UnitRef>) -> Timings {
    let milliseconds = |nanoseconds: u64| nanoseconds as f64 / 1e6;
    let sent = Timestamp(request.at.0.saturating_add(request.took));
    let wait = response.map_or(0.0, |response| response.at.since(sent).as_secs_f64() * 1e3);
    Timings {
        blocked: -1.0,
        dns: -1.0,
        connect: -1.0,
        ssl: -1.0,
        send: milliseconds(request.took),
        wait,
        receive: response.map_or(0.0, |response| milliseconds(response.took)),
    }
}

#[cfg(test)]
mod tests;
