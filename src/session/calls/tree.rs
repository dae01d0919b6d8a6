//! The calls of a unit as one tree, across the strands that it really crossed: a strand hangs on the call that started it, and
//! what took something from a queue on the call that put it there.

use std::collections::HashMap;

use super::{Call, CallId, Calls, Certainty, StrandId, TurnId, UnitCalls};
use crate::wire::Timestamp;

/// So many calls of one unit are put into a tree.
pub const MAX_TREE: usize = 20_000;

/// Strands are followed so deep.
const MAX_DEPTH: usize = 32;

/// Calls of one strand nest so deep in a tree; what is deeper stands side by side. A function that calls itself
/// a thousand times is a stranger's to choose.
const MAX_NESTED: usize = 128;

/// A call in a tree, and what it led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The call.
    pub call: CallId,
    /// Whether it runs on another strand than the call above it.
    pub crosses: bool,
    /// Whether it wrote the unit that the tree is of.
    pub wrote: bool,
    /// Whether it is only there to show where what follows comes from.
    pub is_path: bool,
    /// What it led to, in the order in which it began.
    pub children: Vec<Branch>,
}

/// The calls of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallTree {
    /// The outermost calls.
    pub roots: Vec<Branch>,
    /// How sure it is that they belong to the unit: the least sure of all ties.
    pub certainty: Option<Certainty>,
    /// Whether there are more than [`MAX_TREE`].
    pub is_cut: bool,
}

impl CallTree {
    /// All calls that are in it, each before those that it led to.
    pub fn calls(&self) -> Vec<CallId> {
        fn collect(branches: &[Branch], calls: &mut Vec<CallId>) {
            for branch in branches {
                calls.push(branch.call);
                collect(&branch.children, calls);
            }
        }
        let mut calls = Vec::new();
        collect(&self.roots, &mut calls);
        calls
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }
}

impl Calls {
    /// The tree of what belongs to a unit.
    pub fn tree(&self, of: &UnitCalls) -> CallTree {
        let mut builder = Builder { calls: self, left: MAX_TREE, wrote: None };
        let mut roots = Vec::new();
        // It was written before it was received.
        for (turn, place, _) in &of.written {
            roots.extend(builder.written(*turn, *place));
        }
        // In the order in which each strand learned of the unit: who waits for it began earlier than who read it.
        let mut caused: Vec<TurnId> = of.caused.iter().map(|(turn, _)| *turn).collect();
        caused.sort_by_key(|turn| self.turn(*turn).map(|turn| turn.since));
        for turn in caused {
            roots.extend(builder.turn(turn, 0));
        }
        let strand = |branch: &Branch| self.get(branch.call).map(|call| call.strand);
        if roots.iter().any(|branch| strand(branch) != roots.first().and_then(strand)) {
            // Beside each other, each on its own strand.
            roots.iter_mut().for_each(|branch| branch.crosses = true);
        }
        let certainties = of.caused.iter().map(|(_, certainty)| *certainty);
        let certainty = certainties.chain(of.written.iter().map(|(_, _, certainty)| *certainty)).min();
        CallTree { roots, certainty, is_cut: builder.left == 0 }
    }

    /// What ran before `until`, caused by nothing on the wire: how the process started up.
    pub fn start_up(&self, until: Timestamp) -> CallTree {
        let mut builder = Builder { calls: self, left: MAX_TREE, wrote: None };
        let mut roots = Vec::new();
        for (id, turn) in self.turns() {
            let first = turn.calls.first().and_then(|call| self.get(*call));
            let is_first = turn.because.is_none() && self.first_turn(turn.strand) == Some(id);
            if is_first && turn.cause.is_none() && first.is_some_and(|call| call.begin < until) {
                roots.extend(builder.turn(id, 0));
            }
        }
        roots.retain(|branch| self.get(branch.call).is_some_and(|call| call.begin < until));
        self.sort(&mut roots);
        CallTree { roots, certainty: None, is_cut: builder.left == 0 }
    }

    fn begin(&self, branch: &Branch) -> Timestamp {
        self.get(branch.call).map(|call| call.begin).unwrap_or_default()
    }

    /// Sorts by time, but leaves what runs on another strand together.
    fn sort(&self, branches: &mut [Branch]) {
        let mut began: HashMap<StrandId, Timestamp> = HashMap::new();
        for call in branches.iter().filter(|branch| branch.crosses).filter_map(|branch| self.get(branch.call))
        {
            let first = began.entry(call.strand).or_insert(call.begin);
            *first = (*first).min(call.begin);
        }
        branches.sort_by_key(|branch| {
            let call = self.get(branch.call).filter(|_| branch.crosses);
            let together = call.and_then(|call| Some((*began.get(&call.strand)?, call.strand.0)));
            (together.unwrap_or((self.begin(branch), 0)), self.begin(branch), branch.call)
        });
    }
}

struct Builder<'a> {
    calls: &'a Calls,
    /// How many more calls there may be.
    left: usize,
    /// The call that wrote the unit.
    wrote: Option<CallId>,
}

impl Builder<'_> {
    /// The calls of a turn, and what hangs on them.
    fn turn(&mut self, id: TurnId, depth: usize) -> Vec<Branch> {
        let Some(turn) = self.calls.turn(id) else { return Vec::new() };
        self.branches(&turn.calls, id, depth)
    }

    /// Puts calls of a turn, in their order, into trees.
    fn branches(&mut self, calls: &[CallId], turn: TurnId, depth: usize) -> Vec<Branch> {
        let calls = calls.get(..calls.len().min(self.left)).unwrap_or_default();
        self.left -= calls.len();
        let parents = self.parents(calls, turn);
        let mut children: HashMap<CallId, Vec<Branch>> = HashMap::new();
        let mut roots = Vec::new();
        // Parents are older than their children, so that from the last on all children are complete.
        for id in calls.iter().rev() {
            let Some(call) = self.calls.get(*id) else { continue };
            let mut below = children.remove(id).unwrap_or_default();
            below.extend(self.elsewhere(*id, depth));
            self.calls.sort(&mut below);
            let branch = self.branch(call, below);
            match parents.get(id) {
                Some((parent, _)) => children.entry(*parent).or_default().push(branch),
                None => roots.push(branch),
            }
        }
        self.calls.sort(&mut roots);
        roots
    }

    /// Under which of these calls of a turn each stands, and how deep.
    fn parents(&self, calls: &[CallId], turn: TurnId) -> HashMap<CallId, (CallId, usize)> {
        let mut parents: HashMap<CallId, (CallId, usize)> = HashMap::new();
        for id in calls {
            let parent = self.calls.get(*id).and_then(|call| call.parent);
            let Some(parent) = parent.filter(|parent| self.is_in(*parent, turn)) else { continue };
            if calls.binary_search(&parent).is_err() {
                continue;
            }
            let above = parents.get(&parent).copied();
            let place = match above {
                Some((grandparent, depth)) if depth >= MAX_NESTED => (grandparent, depth),
                Some((_, depth)) => (parent, depth + 1),
                None => (parent, 1),
            };
            parents.insert(*id, place);
        }
        parents
    }

    fn branch(&self, call: &Call, children: Vec<Branch>) -> Branch {
        Branch { call: call.id, crosses: false, wrote: self.wrote == Some(call.id), is_path: false, children }
    }

    fn is_in(&self, call: CallId, turn: TurnId) -> bool {
        self.calls.get(call).is_some_and(|call| call.turn == turn)
    }

    /// What a call led to on other strands.
    fn elsewhere(&mut self, call: CallId, depth: usize) -> Vec<Branch> {
        if depth >= MAX_DEPTH {
            return Vec::new();
        }
        let calls = self.calls;
        let started = calls.started(call).iter().filter_map(|strand| calls.first_turn(*strand));
        let inherits = |id: &TurnId| calls.turn(*id).is_some_and(|turn| turn.cause.is_none());
        let mut branches = Vec::new();
        for id in started.chain(calls.took(call).iter().copied()).filter(inherits) {
            let crossing = self.turn(id, depth + 1).into_iter();
            branches.extend(crossing.map(|branch| Branch { crosses: true, ..branch }));
        }
        branches
    }

    /// The call that wrote a unit, with what led to it.
    fn written(&mut self, id: TurnId, place: usize) -> Vec<Branch> {
        let Some(turn) = self.calls.turn(id) else { return Vec::new() };
        let Some(wrote) = turn.wrote.get(place) else { return Vec::new() };
        self.wrote = Some(wrote.call);
        let outermost = |call| self.path_within(call, id).first().copied().unwrap_or(call);
        let last = outermost(wrote.call);
        let previous = place.checked_sub(1).and_then(|before| turn.wrote.get(before));
        let before = previous.map(|wrote| outermost(wrote.call));
        let branches = if turn.cause.is_some() || before == Some(last) || turn.because.is_none() && place == 0
        {
            // It did more than this: only the way to the call that wrote.
            let path = self.path_within(wrote.call, id);
            let inner = self.inside(wrote.call, id);
            self.chain(&path, inner)
        } else {
            let is_part = |call: &&CallId| {
                before.is_none_or(|before| outermost(**call) > before) && outermost(**call) <= last
            };
            let part: Vec<CallId> = turn.calls.iter().filter(is_part).copied().collect();
            self.branches(&part, id, MAX_DEPTH)
        };
        match wrote.giver {
            Some(giver) => self.given(giver, branches),
            None => branches,
        }
    }

    /// The calls of a turn from the outermost to this one, this one left out.
    fn path_within(&self, call: CallId, turn: TurnId) -> Vec<CallId> {
        let mut path = Vec::new();
        let mut at = self.calls.get(call).and_then(|call| call.parent);
        while let Some(call) = at.and_then(|id| self.calls.get(id)).filter(|call| call.turn == turn) {
            path.push(call.id);
            at = call.parent.filter(|parent| *parent < call.id);
        }
        path.truncate(MAX_NESTED);
        path.reverse();
        path
    }

    /// A call with what it called on its own strand.
    fn inside(&mut self, call: CallId, turn: TurnId) -> Vec<Branch> {
        let Some(known) = self.calls.turn(turn) else { return Vec::new() };
        let within = |id: &&CallId| **id == call || self.path_within(**id, turn).contains(&call);
        let calls: Vec<CallId> =
            known.calls.iter().skip_while(|id| **id < call).take(self.left).filter(within).copied().collect();
        self.branches(&calls, turn, MAX_DEPTH)
    }

    /// Calls that lead to `inner`, outermost first.
    fn chain(&self, path: &[CallId], inner: Vec<Branch>) -> Vec<Branch> {
        path.iter().rev().fold(inner, |children, id| {
            let Some(call) = self.calls.get(*id) else { return children };
            vec![Branch { is_path: true, ..self.branch(call, children) }]
        })
    }

    /// What a call gave was taken elsewhere: the way to it, across the strands that led to it.
    fn given(&self, giver: CallId, mut branches: Vec<Branch>) -> Vec<Branch> {
        let mut at = Some(giver);
        for _ in 0..MAX_DEPTH {
            let Some(call) = at.and_then(|id| self.calls.get(id)) else { break };
            branches.iter_mut().for_each(|branch| branch.crosses = true);
            let mut path = self.path_within(call.id, call.turn);
            path.push(call.id);
            branches = self.chain(&path, branches);
            at = self.calls.turn(call.turn).and_then(|turn| turn.because);
        }
        branches
    }
}
