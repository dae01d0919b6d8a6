//! What a strand is at: marks say when a turn begins, and what causes it.

use super::intake::shared;
use super::limits::MAX_TOKENS;
use super::{CallId, Calls, Check, FunctionId, Key, StrandId, Turn, TurnId, Wrote};
use crate::wire::trace::{Detail, MarkKind, Side};
use crate::wire::{ConnId, Direction, Timestamp};

/// A connection may be marked so much before its opening was recorded: two processes read one clock one after the other.
const SLACK: u64 = 5_000_000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Series {
    Requests,
    Messages(Direction),
}

impl Calls {
    /// The turn that a strand is at. A new strand begins with one for the cause of the call that started it.
    pub(super) fn current_turn(&mut self, id: StrandId) -> TurnId {
        let Some(strand) = self.strands.get(id.0 as usize) else { return TurnId(0) };
        match strand.turn {
            Some(turn) => turn,
            None => {
                let because = strand.info.parent;
                self.begin_turn(id, because)
            }
        }
    }

    fn begin_turn(&mut self, id: StrandId, because: Option<CallId>) -> TurnId {
        let turn = TurnId(self.turns.len() as u32);
        self.turns.push(Turn {
            strand: id,
            calls: Vec::new(),
            cause: None,
            because,
            since: Timestamp(0),
            wrote: Vec::new(),
            waiting: false,
        });
        if let Some(strand) = self.strands.get_mut(id.0 as usize) {
            strand.turn = Some(turn);
            strand.first_turn.get_or_insert(turn);
        }
        turn
    }

    /// Begins a turn with a call that was seen already, and with those that came after it.
    fn begin_turn_with(&mut self, strand: StrandId, call: Option<CallId>) -> TurnId {
        let before = self.current_turn(strand);
        let turn = self.begin_turn(strand, None);
        let Some(old) = self.turns.get_mut(before.0 as usize) else { return turn };
        let from = match call {
            Some(call) => old.calls.partition_point(|id| *id < call),
            None => old.calls.len(),
        };
        let moved = old.calls.split_off(from);
        for id in &moved {
            if let Some(call) = self.calls.get_mut(id.0 as usize - 1) {
                call.turn = turn;
            }
        }
        if let Some(new) = self.turns.get_mut(turn.0 as usize) {
            new.calls = moved;
        }
        turn
    }

    /// The turn that a cause belongs to: the one that waits for it or has only begun, else a new one.
    fn turn_for_cause(&mut self, strand: StrandId, call: Option<CallId>) -> TurnId {
        let current = self.current_turn(strand);
        let is_first = self.first_turn(strand) == Some(current);
        let was_started = self.strand(strand).is_some_and(|strand| strand.parent.is_some());
        let is_free = self.turn(current).is_some_and(|turn| {
            turn.cause.is_none() && (turn.waiting || is_first && was_started && self.cause(current).is_none())
        });
        if is_free { current } else { self.begin_turn_with(strand, call) }
    }

    fn waits_already(&mut self, strand: StrandId, call: Option<CallId>) -> bool {
        let current = self.current_turn(strand);
        let parent = call.and_then(|call| self.get(call)?.parent);
        let within = parent.and_then(|parent| self.get(parent)).is_some_and(|parent| parent.turn == current);
        within && self.turn(current).is_some_and(|turn| turn.waiting)
    }

    fn set_cause(&mut self, strand: StrandId, call: CallId, at: Timestamp, (key, check): (Key, Check)) {
        let current = self.current_turn(strand);
        if self.turn(current).and_then(|turn| turn.cause.as_ref()).is_some_and(|(known, _)| *known == key) {
            // Two functions tell of the same thing, the one within the other.
            return;
        }
        let id = self.turn_for_cause(strand, Some(call));
        let Some(turn) = self.turns.get_mut(id.0 as usize) else { return };
        turn.cause = Some((key, check));
        turn.since = at;
        turn.waiting = false;
        self.caused.entry(key).or_default().push(id);
    }

    /// A call took what another gave: it goes on with that one's cause, unless its strand is at something of its own.
    fn take_from(&mut self, strand: StrandId, call: CallId, giver: CallId) {
        if let Some(state) = self.strands.get_mut(strand.0 as usize) {
            state.giver = Some(giver);
        }
        let current = self.current_turn(strand);
        let Some(turn) = self.turn(current) else { return };
        let has_own =
            turn.cause.is_some() || self.first_turn(strand) == Some(current) && turn.because.is_some();
        if has_own || turn.because == Some(giver) {
            return;
        }
        let id = match turn.waiting && turn.because.is_none() {
            true => current,
            false => self.begin_turn_with(strand, Some(call)),
        };
        let Some(turn) = self.turns.get_mut(id.0 as usize) else { return };
        turn.because = Some(giver);
        turn.waiting = false;
        self.took.entry(giver).or_default().push(id);
    }

    /// The connection that a call serves.
    pub(super) fn scope_of(&self, call: CallId) -> Option<(Side, ConnId)> {
        let strand = self.strands.get(self.get(call)?.strand.0 as usize)?;
        strand.scopes.last().map(|(_, side, conn)| (*side, *conn))
    }

    /// The connection that was known by a port at a time.
    fn connection_at(&self, side: Side, port: u16, at: Timestamp) -> Option<ConnId> {
        let known = self.ports.get(&(side, port))?;
        known.iter().rev().find(|(opened, _)| opened.0 <= at.0.saturating_add(SLACK)).map(|(_, conn)| *conn)
    }

    /// A call was marked.
    pub(super) fn marked(
        &mut self,
        index: usize,
        call: Option<u64>,
        at: Timestamp,
        mark: MarkKind,
        detail: &Detail,
    ) {
        let call = call.and_then(|call| self.call_of(index, call));
        let strand = match call.and_then(|call| self.get(call)) {
            Some(call) => Some(call.strand),
            None => detail.strand.and_then(|strand| self.strand_of(index, strand)),
        };
        let Some(strand) = strand else { return };
        match mark {
            MarkKind::Server | MarkKind::Client => {
                let side = if mark == MarkKind::Server { Side::Server } else { Side::Client };
                let conn = detail.port.and_then(|port| self.connection_at(side, port, at));
                if let (Some(call), Some(conn), Some(strand)) =
                    (call, conn, self.strands.get_mut(strand.0 as usize))
                {
                    strand.scopes.push((call, side, conn));
                }
            }
            MarkKind::Wait => {
                // What waits by calling something that waits is one waiting.
                if self.waits_already(strand, call) {
                    return;
                }
                let turn = self.begin_turn_with(strand, call);
                if let Some(turn) = self.turns.get_mut(turn.0 as usize) {
                    turn.waiting = true;
                }
            }
            MarkKind::Give => {
                let (Some(call), Some(token)) = (call, detail.token) else { return };
                let Some(process) = self.processes.get_mut(index) else { return };
                if process.tokens.len() >= MAX_TOKENS {
                    process.tokens.clear();
                }
                process.tokens.insert(token, call);
            }
            MarkKind::Take => {
                let giver = detail.token.and_then(|token| self.processes.get(index)?.tokens.get(&token));
                if let (Some(call), Some(giver)) = (call, giver.copied()) {
                    self.take_from(strand, call, giver);
                }
            }
            MarkKind::Arguments => {
                if let (Some(call), Some(text)) = (call, &detail.text) {
                    self.arguments.insert(call, shared(text));
                }
            }
            MarkKind::Request
            | MarkKind::Response
            | MarkKind::Received
            | MarkKind::Sent
            | MarkKind::Closed => {
                let scope = match detail.port {
                    Some(port) => {
                        let side = detail.side.unwrap_or(Side::Server);
                        self.connection_at(side, port, at).map(|conn| (side, conn))
                    }
                    None => self
                        .strands
                        .get(strand.0 as usize)
                        .and_then(|strand| strand.scopes.last().map(|(_, side, conn)| (*side, *conn))),
                };
                if let (Some((side, conn)), Some(call)) = (scope, call) {
                    self.touched(index, (strand, call), at, (mark, detail), (side, conn));
                }
            }
        }
    }

    /// A call touched the wire: what came in is the cause of what follows, what went out was written by it.
    fn touched(
        &mut self,
        index: usize,
        (strand, call): (StrandId, CallId),
        at: Timestamp,
        (mark, detail): (MarkKind, &Detail),
        (side, conn): (Side, ConnId),
    ) {
        let Some(function) = self.get(call).map(|call| call.function) else { return };
        let incoming = if side == Side::Server { Direction::ToServer } else { Direction::ToClient };
        if mark == MarkKind::Closed {
            let key = Key::Close(conn, incoming);
            return self.set_cause(strand, call, at, (key, Check::Nothing));
        }
        let (series, is_cause) = match mark {
            MarkKind::Received => (Series::Messages(incoming), true),
            MarkKind::Sent => (Series::Messages(incoming.reverse()), false),
            MarkKind::Request => (Series::Requests, side == Side::Server),
            _ => (Series::Requests, side == Side::Client),
        };
        let number = match mark {
            _ if detail.number.is_some() => detail.number,
            MarkKind::Response => self.answered(index, strand, conn),
            _ => self.counted(index, conn, series, function),
        };
        let Some(number) = number else { return };
        let key = match (series, mark) {
            (Series::Messages(dir), _) => Key::Message(conn, dir, number),
            (Series::Requests, MarkKind::Request) => Key::Request(conn, number),
            (Series::Requests, _) => Key::Response(conn, number),
        };
        let check = check(mark, detail);
        if is_cause {
            self.set_cause(strand, call, at, (key, check));
        } else {
            self.wrote(strand, call, key, check);
        }
    }

    fn wrote(&mut self, strand: StrandId, call: CallId, key: Key, check: Check) {
        let id = self.current_turn(strand);
        let outer = self.turn(id).and_then(|turn| turn.wrote.last()).filter(|wrote| wrote.key == key);
        if outer.is_some_and(|wrote| self.is_within(call, wrote.call)) {
            // The inner one is nearer to the bytes.
            if let Some(wrote) = self.turns.get_mut(id.0 as usize).and_then(|turn| turn.wrote.last_mut()) {
                wrote.call = call;
            }
            return;
        }
        let giver = self.strands.get_mut(strand.0 as usize).and_then(|strand| strand.giver.take());
        let Some(turn) = self.turns.get_mut(id.0 as usize) else { return };
        self.written.entry(key).or_default().push((id, turn.wrote.len()));
        turn.wrote.push(Wrote { call, key, check, giver });
    }

    /// The number of the request that is answered: the one that the strand is at, else the last that was seen on the connection.
    fn answered(&mut self, index: usize, strand: StrandId, conn: ConnId) -> Option<u32> {
        let turn = self.current_turn(strand);
        if let Some((Key::Request(of, number), _)) = self.cause(turn)
            && *of == conn
        {
            return Some(*number);
        }
        let series = &self.processes.get(index)?.series;
        let seen = series.iter().filter(|((of, series, _), _)| *of == conn && *series == Series::Requests);
        seen.map(|(_, number)| *number).max()
    }

    /// The number of the next thing of a kind that a function marks on a connection, from 1. None where events were left out since
    /// the connection was opened: then the number would be a guess.
    fn counted(&mut self, index: usize, conn: ConnId, series: Series, function: FunctionId) -> Option<u32> {
        let opened = self.opened.get(&conn).copied()?;
        let process = self.processes.get_mut(index)?;
        if process.lost_at.is_some_and(|lost| opened <= lost) {
            return None;
        }
        let count = process.series.entry((conn, series, function)).or_default();
        *count = count.saturating_add(1);
        Some(*count)
    }
}

fn check(mark: MarkKind, detail: &Detail) -> Check {
    match (mark, detail) {
        (MarkKind::Received | MarkKind::Sent, Detail { length: Some(length), crc32: Some(crc32), .. }) => {
            Check::Payload(*length, *crc32)
        }
        (MarkKind::Request, Detail { method: Some(method), target: Some(target), .. }) => {
            Check::Request(method.clone(), target.clone())
        }
        (MarkKind::Response, Detail { status: Some(status), .. }) => Check::Status(*status),
        _ => Check::Nothing,
    }
}
