//! Requests and data messages by their number on their connection, as traced processes count them too.

use std::collections::HashMap;

use super::Key;
use crate::decode::unit::{Fact, Unit, UnitId, UnitKind};
use crate::wire::{ConnId, Direction};

/// The units of each connection that calls can be tied to.
#[derive(Debug, Default)]
pub(in crate::session) struct Ordinals {
    of: HashMap<ConnId, Numbered>,
    /// Whether anything is traced. Without, nothing is kept.
    enabled: bool,
}

#[derive(Debug, Default)]
struct Numbered {
    requests: Vec<UnitId>,
    messages: [Vec<UnitId>; 2],
    closes: [Option<UnitId>; 2],
}

impl Ordinals {
    /// Something is traced: units are numbered from now on.
    pub fn enable(&mut self) {
        self.enabled = true;
    }

    /// A connection was opened.
    pub fn opened(&mut self, conn: ConnId) {
        if self.enabled {
            self.of.insert(conn, Numbered::default());
        }
    }

    /// Takes the next unit. What was open before anything was traced is not counted, since its numbers would be wrong.
    pub fn push(&mut self, id: UnitId, unit: &Unit) {
        if !self.enabled {
            return;
        }
        let Some(numbered) = self.of.get_mut(&unit.conn) else { return };
        match unit.kind {
            UnitKind::HttpRequest => numbered.requests.push(id),
            UnitKind::Frame if unit.facts.contains(&Fact::Message) => {
                numbered.messages[unit.dir.index()].push(id);
            }
            // A Close frame comes before the end of TCP.
            UnitKind::Frame if unit.facts.contains(&Fact::Close) => {
                numbered.closes[unit.dir.index()].get_or_insert(id);
            }
            UnitKind::Closed => {
                numbered.closes[unit.dir.index()].get_or_insert(id);
            }
            _ => {}
        }
    }

    /// The unit of a request, a message or a close.
    pub fn unit(&self, key: Key) -> Option<UnitId> {
        let numbered = self.of.get(&key.conn())?;
        let nth = |units: &[UnitId], number: u32| units.get((number as usize).checked_sub(1)?).copied();
        match key {
            Key::Request(_, number) | Key::Response(_, number) => nth(&numbered.requests, number),
            Key::Message(_, dir, number) => nth(&numbered.messages[dir.index()], number),
            Key::Close(_, dir) => numbered.closes[dir.index()],
        }
    }

    /// Whether a unit is what closed its direction.
    pub fn is_close(&self, conn: ConnId, dir: Direction, unit: UnitId) -> bool {
        self.of.get(&conn).is_some_and(|numbered| numbered.closes[dir.index()] == Some(unit))
    }

    /// The number of a request.
    pub fn request(&self, conn: ConnId, unit: UnitId) -> Option<u32> {
        let at = self.of.get(&conn)?.requests.binary_search(&unit).ok()?;
        u32::try_from(at + 1).ok()
    }

    /// The number of the message that ends in a unit, or that a unit is a fragment of.
    pub fn message(&self, conn: ConnId, dir: Direction, unit: UnitId) -> Option<u32> {
        let messages = &self.of.get(&conn)?.messages[dir.index()];
        let at = messages.partition_point(|message| *message < unit);
        messages.get(at)?;
        u32::try_from(at + 1).ok()
    }
}

impl Key {
    /// The connection.
    pub fn conn(self) -> ConnId {
        match self {
            Key::Request(conn, _) | Key::Response(conn, _) | Key::Message(conn, ..) | Key::Close(conn, _) => {
                conn
            }
        }
    }
}
