//! What belongs together in a session, and which conversation of one session is which of the other.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::parts::{Count, Role};
use super::rows::Item;
use super::said::hash;
use crate::wire::ConnId;

/// Conversations that begin with the same so many parts are likely to be the same.
const BEGINNING: usize = 3;

/// What a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A WebSocket or an engine session, with the requests that opened it or tried to.
    Socket,
    /// The requests for one address.
    Http,
    /// What becomes of connections before anything is said on them.
    Connections,
    /// A connection on which something else is spoken.
    Connection,
}

/// What belongs together in one session.
#[derive(Debug)]
pub struct Conversation {
    /// What it is.
    pub kind: Kind,
    /// The path that its requests ask for, with the method where it is plain HTTP. A peer's text.
    pub place: String,
    /// The connections that carried it.
    pub connections: BTreeSet<ConnId>,
    pub(super) lanes: BTreeMap<Lane, Vec<Item>>,
    pub(super) counts: BTreeMap<Count, u64>,
}

/// What keeps its order: the parts of one role in one direction.
pub(super) type Lane = (Role, usize);

/// How often what is counted was said.
pub(super) fn total(conversations: &[Conversation]) -> BTreeMap<Count, u64> {
    let mut total = BTreeMap::new();
    for (what, times) in conversations.iter().flat_map(|conversation| &conversation.counts) {
        *total.entry(*what).or_default() += times;
    }
    total
}

impl Conversation {
    /// By what it is found again in the other session, the surest first.
    pub(super) fn keys(&self) -> [u64; 4] {
        let lane = |item: fn(&Item) -> u64, many: usize| {
            let lanes = self.lanes.iter();
            lanes.map(move |(lane, items)| (*lane, items.iter().take(many).map(item).collect::<Vec<_>>()))
        };
        let (place, kind) = (hash((self.kind, &self.place)), hash(self.kind));
        let content = hash((place, lane(|item| item.whole, usize::MAX).collect::<Vec<_>>()));
        let beginning = hash((place, lane(|item| item.identity, BEGINNING).collect::<Vec<_>>()));
        // A page is no other page, but a socket may have been looked for at the wrong path.
        [content, beginning, place, if self.kind == Kind::Http { place } else { kind }]
    }
}

/// Which conversations are the same. Their order does not matter, since it is chance, but where nothing else decides.
pub(super) fn pair(
    a: Vec<Conversation>,
    b: Vec<Conversation>,
) -> Vec<(Option<Conversation>, Option<Conversation>)> {
    let (keys_a, keys_b) = (keys(&a), keys(&b));
    let mut of_a: Vec<Option<usize>> = vec![None; a.len()];
    let mut is_free = vec![true; b.len()];
    for level in 0..4 {
        let mut waiting: HashMap<u64, VecDeque<usize>> = HashMap::new();
        for at in (0..b.len()).filter(|at| is_free[*at]) {
            waiting.entry(keys_b[at][level]).or_default().push_back(at);
        }
        for (at, found) in of_a.iter_mut().enumerate().filter(|(_, found)| found.is_none()) {
            *found = waiting.get_mut(&keys_a[at][level]).and_then(VecDeque::pop_front);
            found.iter().for_each(|at| is_free[*at] = false);
        }
    }
    let mut b: Vec<Option<Conversation>> = b.into_iter().map(Some).collect();
    let mut pairs: Vec<_> =
        a.into_iter().zip(of_a).map(|(a, at)| (Some(a), at.and_then(|at| b[at].take()))).collect();
    pairs.extend(b.into_iter().flatten().map(|b| (None, Some(b))));
    pairs
}

fn keys(conversations: &[Conversation]) -> Vec<[u64; 4]> {
    conversations.iter().map(Conversation::keys).collect()
}
