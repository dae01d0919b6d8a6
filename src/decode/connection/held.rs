//! What a connection holds in memory, and what remains of it when it lets go, or is over.

use super::{Connection, Units};
use crate::decode::half::{self, Half, finding};
use crate::decode::limits::WORTH_LETTING_GO;
use crate::decode::tcp;
use crate::decode::unit::Tally;
use crate::wire::{ConnId, Direction};

/// What is left of a connection that is over.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    tally: Tally,
    /// Where each direction ended.
    positions: [u64; 2],
}

impl Connection {
    /// What must be remembered where nothing more is expected, since both directions have ended.
    pub fn ended(&self) -> Option<Ended> {
        let positions = self.halves.each_ref().map(|half| half.place.end());
        self.halves.iter().all(|half| half.ended).then_some(Ended { tally: self.tally, positions })
    }

    /// The decoder of a connection that was over, for what comes all the same.
    pub fn behind(ended: Ended) -> Connection {
        let mut connection = Connection { tally: ended.tally, ..Connection::new(0) };
        for (half, position) in connection.halves.iter_mut().zip(ended.positions) {
            half.end_at(position);
        }
        connection
    }

    /// How many bytes of what is not complete it holds.
    pub fn held(&self) -> usize {
        let unfinished: usize = self.halves.iter().map(Half::held).sum();
        unfinished + half::kept_heads(&self.exchange) + self.tellings.held()
    }

    /// Lets go of what it holds: what that belongs to is decoded only in part, and says so.
    pub fn let_go(&mut self, conn: ConnId, units: &mut dyn Units) {
        self.tellings.let_go();
        if half::kept_heads(&self.exchange) > WORTH_LETTING_GO {
            self.exchange.pending.iter_mut().for_each(|request| request.head = None);
            self.halves[Direction::ToClient.index()].remarks.push(finding(&tcp::LET_GO));
        }
        for dir in Direction::BOTH {
            self.halves[dir.index()].let_go();
            self.drive(conn, dir, &[], false, units);
        }
    }
}
