//! Lifelines: which connections are open beside each unit, each in a lane of its own, as a graph of branches has them.

use std::collections::HashMap;

use crate::decode::unit::{UnitId, UnitKind};
use crate::session::UnitRef;
use crate::wire::ConnId;

/// So many lanes are drawn; connections beyond share the last lane's place without a line.
pub const DRAWN: usize = 6;

/// The lanes of all connections so far.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    lives: HashMap<ConnId, Life>,
    /// Whether each lane is taken.
    taken: Vec<bool>,
}

/// From which unit to which a connection lives, and where.
#[derive(Clone, Copy, Debug)]
struct Life {
    lane: usize,
    first: UnitId,
    last: UnitId,
    /// Directions that have ended.
    ended: [bool; 2],
}

/// What a lane shows beside a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// No connection.
    Free,
    /// A connection that this unit is not of.
    Passing(ConnId),
    /// The unit's connection, which begins here.
    Begins(ConnId),
    /// The unit's connection.
    Here(ConnId),
    /// The unit's connection, of which nothing comes after.
    Ends(ConnId),
}

impl Lanes {
    /// Takes the next unit of the session.
    pub fn grow(&mut self, unit: &UnitRef) {
        let (taken, lives) = (&mut self.taken, &mut self.lives);
        let life = lives.entry(unit.conn).or_insert_with(|| {
            let lane = taken.iter().position(|taken| !taken).unwrap_or(taken.len());
            if lane == taken.len() {
                taken.push(false);
            }
            taken[lane] = true;
            Life { lane, first: unit.id, last: unit.id, ended: [false; 2] }
        });
        life.last = unit.id;
        if unit.kind == UnitKind::Closed {
            life.ended[unit.dir.index()] = true;
            if life.ended == [true; 2] {
                taken[life.lane] = false;
            }
        }
    }

    /// What each lane shows beside each of `units`, which are in order; each row has as many lanes as are needed, at most
    /// [`DRAWN`].
    pub fn beside(&self, units: &[UnitRef]) -> Vec<Vec<Lane>> {
        let (Some(first), Some(last)) = (units.first(), units.last()) else { return Vec::new() };
        let is_open = |life: &Life| life.ended != [true; 2];
        let in_sight = self.lives.iter().filter(|(_, life)| {
            life.lane < DRAWN && life.first <= last.id && (is_open(life) || life.last >= first.id)
        });
        let in_sight: Vec<(ConnId, Life)> = in_sight.map(|(conn, life)| (*conn, *life)).collect();
        let lanes = in_sight.iter().map(|(_, life)| life.lane + 1).max().unwrap_or(1);
        let row = |unit: &UnitRef| {
            let mut row = vec![Lane::Free; lanes];
            for (conn, life) in &in_sight {
                if life.first > unit.id || !(is_open(life) || life.last >= unit.id) {
                    continue;
                }
                row[life.lane] = match (*conn == unit.conn, unit.id) {
                    (false, _) => Lane::Passing(*conn),
                    (true, id) if id == life.first => Lane::Begins(*conn),
                    (true, id) if id == life.last && !is_open(life) => Lane::Ends(*conn),
                    (true, _) => Lane::Here(*conn),
                };
            }
            row
        };
        units.iter().map(row).collect()
    }
}
