//! The calls of a unit as messages between lanes: the client, the wire, each library, and the person's own code.

use super::calls::CallsView;
use crate::decode::sink::Detail;
use crate::decode::unit::UnitId;
use crate::session::calls::tree::Branch;
use crate::session::calls::{Call, CallId};
use crate::session::secrets::{Names, Secrets};
use crate::session::{Session, headline};
use crate::wire::Direction;
use crate::words;

/// So many characters of what a unit says are shown.
const MAX_LABEL: usize = 48;

/// Someone who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Whoever is at the other end of the connection.
    Client,
    /// The connection.
    Wire,
    /// A package, by its place in the session's list.
    Package(usize),
    /// What belongs to no package that is known.
    Unknown,
}

/// One step from lane to lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who it comes from.
    pub from: Lane,
    /// Who it goes to.
    pub to: Lane,
    /// What it says.
    pub label: String,
    /// The strand that it is carried on to, where that is another one.
    pub strand: Option<String>,
    /// How many calls within the lane it goes to follow, which are not shown.
    pub folded: usize,
    /// The call.
    pub call: Option<CallId>,
}

/// The messages of what is looked at.
pub fn messages(session: &Session, view: &CallsView, hidden: Option<&Names>) -> Vec<Message> {
    let mut sequence = Sequence { session, hidden, messages: Vec::new() };
    let unit = view.unit.and_then(|unit| session.unit(unit));
    if let Some(unit) = unit.filter(|unit| unit.dir == Direction::ToServer) {
        let label = sequence.says(unit.id);
        sequence.put(Lane::Client, Lane::Wire, label, None);
    }
    let from = if unit.is_some() { Lane::Wire } else { Lane::Unknown };
    sequence.branches(&view.tree.roots, from);
    sequence.messages
}

/// The lanes of messages, in the order of the layers: the wire first, the person's own code last.
pub fn lanes(session: &Session, messages: &[Message]) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for lane in messages.iter().flat_map(|message| [message.from, message.to]) {
        if !lanes.contains(&lane) {
            lanes.push(lane);
        }
    }
    let is_own = |lane: &Lane| match lane {
        Lane::Package(at) => {
            session.calls().packages().get(*at).is_some_and(|package| package.name.is_empty())
        }
        _ => false,
    };
    lanes.sort_by_key(|lane| match lane {
        Lane::Client => 0,
        Lane::Wire => 1,
        lane if is_own(lane) => 3,
        _ => 2,
    });
    lanes
}

struct Sequence<'a> {
    session: &'a Session,
    /// What is secret, where that is hidden.
    hidden: Option<&'a Names>,
    messages: Vec<Message>,
}

impl Sequence<'_> {
    fn put(&mut self, from: Lane, to: Lane, label: String, call: Option<CallId>) {
        self.messages.push(Message { from, to, label, strand: None, folded: 0, call });
    }

    /// A unit's number, and what it says.
    fn says(&self, id: UnitId) -> String {
        let tree = self.session.unit(id).and_then(|unit| self.session.look(&unit, Detail::Tree).ok());
        let text = tree.map(|tree| {
            let text = headline::of(&tree).text;
            self.hidden.map_or(text.clone(), |names| Secrets::of(&tree, names).mask(&text))
        });
        format!("{} {}", id.0, words::cut(&text.unwrap_or_default(), MAX_LABEL))
    }

    fn branches(&mut self, branches: &[Branch], from: Lane) {
        let mut before = None;
        for branch in branches {
            let Some(call) = self.session.calls().get(branch.call) else { continue };
            let crosses = branch.crosses && before != Some(call.strand);
            before = Some(call.strand);
            self.branch(branch, call, from, crosses);
        }
    }

    fn branch(&mut self, branch: &Branch, call: &Call, from: Lane, crosses: bool) {
        let calls = self.session.calls();
        let function = calls.called(call);
        let to = function.and_then(|function| function.package).map_or(Lane::Unknown, Lane::Package);
        let symbol = function.map(|function| &*function.symbol).unwrap_or_default();
        let name = symbol.split_once(':').map_or(symbol, |(_, name)| name);
        if to != from || crosses {
            self.put(from, to, name.to_owned(), Some(call.id));
            let strand = calls.strand(call.strand).filter(|_| crosses);
            if let Some(last) = self.messages.last_mut() {
                last.strand = strand.map(|strand| format!("{} {}", strand.kind.as_str(), strand.name));
            }
        } else if let Some(last) = self.messages.iter_mut().rev().find(|message| message.to == to) {
            last.folded += 1;
        }
        self.branches(&branch.children, to);
        let turn = calls.turn(call.turn);
        let wrote = turn.is_some_and(|turn| turn.wrote.iter().any(|wrote| wrote.call == call.id));
        if wrote && let Ok(Some(tied)) = self.session.written_by(call.id) {
            let label = self.says(tied.unit);
            self.put(to, Lane::Wire, label.clone(), Some(call.id));
            self.put(Lane::Wire, Lane::Client, label, None);
        }
    }
}
