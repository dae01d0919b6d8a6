//! What is known of each connection as a whole, kept as its units come.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::decode::unit::{LinkKind, Unit, UnitId, UnitKind};
use crate::wire::{ConnId, Direction, How, Opened, Peer, Timestamp, Tls, What};

/// One connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConnectionInfo {
    /// Its number.
    pub conn: ConnId,
    /// When it was first seen.
    pub opened: Timestamp,
    /// When the last unit of it began.
    pub last: Timestamp,
    /// The addresses, where its opening was seen.
    pub addresses: Option<Opened>,
    /// What TLS agreed on with the upstream.
    pub tls: Option<Tls>,
    /// Who ended it and how, in order: first one direction, then the other.
    pub ends: Vec<(Peer, How)>,
    /// Whether frames passed.
    pub is_websocket: bool,
    /// The response that agreed to the WebSocket.
    pub upgrade: Option<UnitId>,
    /// The units, client to server and server to client.
    pub units: [u64; 2],
    /// The bytes of those units.
    pub bytes: [u64; 2],
    /// What was found wrong or worth saying.
    pub findings: u64,
    /// Whether another program told of it.
    is_told: bool,
    last_response: Option<UnitId>,
}

/// Whether a connection still goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The upstream could not be reached.
    Unreachable,
    /// Both directions are open.
    Open,
    /// One peer has finished sending.
    HalfClosed(Peer),
    /// Both directions ended in order; the peer that ended first.
    Closed(Peer),
    /// It was reset, or broke.
    Reset(Peer),
    /// wirewalk was stopped.
    Stopped,
    /// Another program told of it, and not how it ended.
    Told,
}

impl ConnectionInfo {
    /// Whether it still goes on.
    pub fn state(&self) -> State {
        let broken = self.ends.iter().find(|(_, how)| *how != How::Fin);
        let is_unreachable = self
            .addresses
            .as_ref()
            .is_some_and(|opened| matches!(opened.connected, crate::wire::Connected::No { .. }));
        match (broken, self.ends.first(), self.ends.len()) {
            _ if is_unreachable => State::Unreachable,
            (Some((_, How::Stopped)), ..) => State::Stopped,
            (Some((by, _)), ..) => State::Reset(*by),
            (None, None, _) if self.is_told => State::Told,
            (None, None, _) => State::Open,
            (None, Some((by, _)), 1) => State::HalfClosed(*by),
            (None, Some((by, _)), _) => State::Closed(*by),
        }
    }

    /// Whether nothing more will come.
    pub fn is_over(&self) -> bool {
        !matches!(self.state(), State::Open | State::HalfClosed(_))
    }
}

/// All connections, in the order in which they were first seen.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Connections {
    all: Vec<ConnectionInfo>,
    by_id: HashMap<ConnId, usize>,
}

impl Connections {
    pub fn all(&self) -> &[ConnectionInfo] {
        &self.all
    }

    pub fn get(&self, conn: ConnId) -> Option<&ConnectionInfo> {
        self.all.get(*self.by_id.get(&conn)?)
    }

    /// Takes the next unit.
    pub fn push(&mut self, id: UnitId, unit: &Unit) {
        let new = self.all.len();
        let at = *self.by_id.entry(unit.conn).or_insert(new);
        if at == new {
            self.all.push(ConnectionInfo {
                conn: unit.conn,
                opened: unit.at,
                last: unit.at,
                addresses: None,
                tls: None,
                ends: Vec::new(),
                is_websocket: false,
                upgrade: None,
                units: [0; 2],
                bytes: [0; 2],
                findings: 0,
                is_told: false,
                last_response: None,
            });
        }
        let Some(info) = self.all.get_mut(at) else { return };
        info.last = info.last.max(unit.end);
        info.is_told |= unit.memory.told.is_some();
        info.findings += unit.findings.len() as u64;
        match unit.happening.as_ref().map(|happening| &happening.record.what) {
            Some(What::Opened(opened)) => info.addresses = Some(opened.clone()),
            Some(What::Tls(tls)) => info.tls = Some(tls.clone()),
            Some(What::Closed { by, how, .. }) if info.ends.len() < 2 => info.ends.push((*by, *how)),
            Some(_) => {}
            None => info.count(id, unit),
        }
    }
}

impl ConnectionInfo {
    fn count(&mut self, id: UnitId, unit: &Unit) {
        let dir: Direction = unit.dir;
        self.units[dir.index()] += 1;
        self.bytes[dir.index()] += unit.range.end - unit.range.start;
        match unit.kind {
            UnitKind::HttpResponse if unit.links.iter().any(|link| link.kind == LinkKind::Request) => {
                self.last_response = Some(id);
            }
            UnitKind::Frame | UnitKind::Message if !self.is_websocket => {
                self.is_websocket = true;
                self.upgrade = self.last_response;
            }
            _ => {}
        }
    }
}
