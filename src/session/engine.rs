//! Engine sessions: polling requests and the WebSocket that share one Engine.IO `sid`, across connections.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::decode::engineio::{LATE_PING, LATE_PONG};
use crate::decode::field::Rule;
use crate::decode::unit::{
    Announced, EngineIo, Fact, Finding, Link, LinkKind, SourceId, Span, Transport, Unit, UnitId, UnitKind,
};
use crate::wire::{ConnId, Direction, Timestamp};

/// The number of an engine session, counted from 1; it fits into a unit's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct EngineId(std::num::NonZeroU32);

impl EngineId {
    /// Its number, from 1.
    pub fn number(self) -> u32 {
        self.0.get()
    }
}

/// At most so many events of an engine session wait for their acknowledgements and can still be tied to them.
const MAX_WAITING_ACKS: usize = 10_000;

/// One Engine.IO session (Engine.IO protocol, "Handshake").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineSession {
    /// Its id, as the server gave it.
    pub sid: String,
    /// The protocol version: 3 or 4.
    pub version: u8,
    /// What carries it now.
    pub transport: Transport,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it moved from polling to a WebSocket.
    pub upgraded: Option<Timestamp>,
    /// When a close packet was sent.
    pub closed: Option<Timestamp>,
    /// How often a ping is due, in milliseconds; 0 where its opening was not seen.
    pub ping_interval: u64,
    /// How long a pong may take, in milliseconds; 0 where its opening was not seen.
    pub ping_timeout: u64,
    /// The pings, probes not counted.
    pub heartbeats: u32,
    /// The pings and pongs that came later than the intervals allow.
    pub late: u32,
    /// The connections that carried it, in order.
    pub connections: BTreeSet<ConnId>,
    last_ping: Option<Ping>,
    /// The packets whose attachments are still to come, client to server and server to client.
    announced: [Option<Announced>; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Ping {
    unit: UnitId,
    at: Timestamp,
    answered: bool,
}

/// Where acknowledgement ids are counted: in an engine session, or where none is known on a connection.
type Owner = Result<EngineId, ConnId>;

/// What asked for an acknowledgement: the direction, the namespace and the id.
type Asked = (Direction, String, u64);

/// All engine sessions, and what ties their units together.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Engines {
    sessions: Vec<EngineSession>,
    by_sid: HashMap<String, EngineId>,
    /// The engine session that a WebSocket carries. Requests that share a connection each name their own.
    websockets: HashMap<ConnId, EngineId>,
    #[serde(skip)]
    asked: HashMap<Owner, HashMap<Asked, UnitId>>,
}

impl Engines {
    pub fn all(&self) -> &[EngineSession] {
        &self.sessions
    }

    pub fn get(&self, id: EngineId) -> Option<&EngineSession> {
        self.sessions.get(id.0.get() as usize - 1)
    }

    /// The packet whose attachments are still to come in a direction of the engine session called `sid`.
    pub fn announced(&self, sid: &str, dir: Direction) -> Option<Announced> {
        self.get(*self.by_sid.get(sid)?)?.announced[dir.index()]
    }

    /// Remembers it, where the engine session is known.
    pub fn announce(&mut self, sid: &str, dir: Direction, announced: Option<Announced>) {
        if let Some(session) = self.by_sid.get(sid).copied().and_then(|id| self.get_mut(id)) {
            session.announced[dir.index()] = announced;
        }
    }

    fn get_mut(&mut self, id: EngineId) -> Option<&mut EngineSession> {
        self.sessions.get_mut(id.0.get() as usize - 1)
    }

    /// Ties a unit to its engine session, and to the earlier units that it answers. What the unit says decides; else a
    /// response belongs where its request does, which is `requested`, and a frame where its WebSocket does.
    pub fn tie(&mut self, id: UnitId, unit: &mut Unit, requested: Option<EngineId>) -> Option<EngineId> {
        let mut engine = match unit.kind {
            UnitKind::HttpResponse => requested,
            UnitKind::Frame | UnitKind::Message | UnitKind::Lost => self.websockets.get(&unit.conn).copied(),
            _ => None,
        };
        for fact in std::mem::take(&mut unit.facts) {
            self.fact(id, unit, &mut engine, fact);
        }
        if unit.kind == UnitKind::Lost
            && let Some(session) = engine.and_then(|e| self.get_mut(e))
        {
            // What was lost may have announced or held attachments.
            session.announced = [None; 2];
        }
        engine
    }

    fn fact(&mut self, id: UnitId, unit: &mut Unit, engine: &mut Option<EngineId>, fact: Fact) {
        match fact {
            Fact::EngineRequest { engineio, sid } => {
                *engine = sid.and_then(|sid| self.session(sid, engineio, unit));
                if engineio.transport == Transport::WebSocket
                    && let Some(engine) = *engine
                {
                    self.websockets.insert(unit.conn, engine);
                }
            }
            Fact::EngineOpen { sid, ping_interval, ping_timeout } => {
                let default = EngineIo { version: 4, transport: Transport::WebSocket };
                *engine = self.session(sid, unit.memory.engineio.unwrap_or(default), unit);
                if matches!(unit.kind, UnitKind::Frame | UnitKind::Message)
                    && let Some(engine) = *engine
                {
                    self.websockets.insert(unit.conn, engine);
                }
                if let Some(session) = engine.and_then(|e| self.get_mut(e)) {
                    (session.ping_interval, session.ping_timeout) = (ping_interval, ping_timeout);
                }
            }
            Fact::Message | Fact::Close => {}
            Fact::EnginePing => self.ping(*engine, id, unit),
            Fact::EnginePong => self.pong(*engine, unit),
            Fact::EngineUpgrade => {
                if let Some(session) = engine.and_then(|e| self.get_mut(e)) {
                    session.transport = Transport::WebSocket;
                    session.upgraded.get_or_insert(unit.at);
                }
            }
            Fact::EngineClose => {
                if let Some(session) = engine.and_then(|e| self.get_mut(e)) {
                    session.closed.get_or_insert(unit.at);
                }
            }
            Fact::Attached { to } => {
                let link = Link { kind: LinkKind::Announced, to };
                if !unit.links.contains(&link) {
                    unit.links.push(link);
                }
            }
            Fact::AskedAck { namespace, id: ack } => {
                let asked = self.asked.entry(engine.ok_or(unit.conn)).or_default();
                if asked.len() == MAX_WAITING_ACKS {
                    // Whoever leaves so many unanswered will not answer them any more.
                    asked.clear();
                }
                asked.insert((unit.dir, namespace, ack), id);
            }
            Fact::Acked { namespace, id: ack } => {
                let asked = self.asked.get_mut(&engine.ok_or(unit.conn));
                let asked = asked.and_then(|asked| asked.remove(&(unit.dir.reverse(), namespace, ack)));
                unit.links.extend(asked.map(|to| Link { kind: LinkKind::Event, to }));
            }
        }
    }

    /// The engine session called `sid`, seen on the connection of `unit`.
    fn session(&mut self, sid: String, engineio: EngineIo, unit: &Unit) -> Option<EngineId> {
        let id = match self.by_sid.get(&sid) {
            Some(id) => *id,
            None => {
                let number = u32::try_from(self.sessions.len() + 1).ok()?;
                let id = EngineId(std::num::NonZeroU32::new(number)?);
                self.sessions.push(EngineSession {
                    sid: sid.clone(),
                    version: engineio.version,
                    transport: engineio.transport,
                    first_seen: unit.at,
                    upgraded: None,
                    closed: None,
                    ping_interval: 0,
                    ping_timeout: 0,
                    heartbeats: 0,
                    late: 0,
                    connections: BTreeSet::new(),
                    last_ping: None,
                    announced: [None; 2],
                });
                self.by_sid.insert(sid, id);
                id
            }
        };
        let session = self.get_mut(id)?;
        session.connections.insert(unit.conn);
        Some(id)
    }

    /// A ping: late where the last one is longer ago than the interval and the time-out together, by which time
    /// the other side may give the connection up.
    fn ping(&mut self, engine: Option<EngineId>, id: UnitId, unit: &mut Unit) {
        let Some(session) = engine.and_then(|e| self.get_mut(e)) else { return };
        session.heartbeats += 1;
        let allowed = session.ping_interval.saturating_add(session.ping_timeout);
        if let Some(last) = session.last_ping.replace(Ping { unit: id, at: unit.at, answered: false })
            && allowed > 0
            && unit.at.since(last.at).as_millis() > u128::from(allowed)
        {
            session.late += 1;
            unit.findings.push(late(&LATE_PING, unit.at.since(last.at).as_millis(), allowed));
        }
    }

    fn pong(&mut self, engine: Option<EngineId>, unit: &mut Unit) {
        let Some(session) = engine.and_then(|e| self.get_mut(e)) else { return };
        let allowed = session.ping_timeout;
        let Some(ping) = session.last_ping.as_mut().filter(|ping| !ping.answered) else { return };
        ping.answered = true;
        unit.links.push(Link { kind: LinkKind::Ping, to: ping.unit });
        let took = unit.at.since(ping.at).as_millis();
        if allowed > 0 && took > u128::from(allowed) {
            session.late += 1;
            unit.findings.push(late(&LATE_PONG, took, allowed));
        }
    }
}

fn late(rule: &'static Rule, took: u128, allowed: u64) -> Finding {
    Finding {
        rule,
        span: Span::bits(SourceId::WIRE, 0..0),
        detail: format!("after {took} ms, {allowed} ms allowed"),
    }
}
