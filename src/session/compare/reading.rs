//! A session as conversations: what belongs together whatever connection carried it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::conversation::{Conversation, Kind};
use super::ignored::Ignorance;
use super::parts::{self, Count, Part, Role};
use super::rows::Item;
use super::said::hash;
use crate::decode::sink::Detail;
use crate::decode::unit::{LinkKind, Tree, UnitId, UnitKind};
use crate::session::filter::Filter;
use crate::session::{Session, StoreError, UnitRef};
use crate::wire::ConnId;

/// A request whose answer is still to come.
struct Asked {
    conversation: usize,
    identity: u64,
    polls: bool,
}

/// Puts the units of a session into conversations.
pub(super) struct Reading<'s, 'k> {
    session: &'s Session,
    ignorance: Ignorance<'k>,
    /// The engine session that a request is about although it does not say so: it opened it.
    opening: HashMap<UnitId, u32>,
    /// The engine session that a WebSocket carries.
    carried: HashMap<ConnId, u32>,
    conversations: Vec<Conversation>,
    engines: HashMap<u32, usize>,
    /// The conversation that a connection's frames belong to.
    sockets: HashMap<ConnId, usize>,
    others: HashMap<u64, usize>,
    asked: HashMap<UnitId, Asked>,
}

impl<'s, 'k> Reading<'s, 'k> {
    pub fn new(session: &'s Session, ignore: &'k [String]) -> Reading<'s, 'k> {
        let mut reading = Reading {
            session,
            ignorance: Ignorance::of(session, ignore),
            opening: HashMap::new(),
            carried: HashMap::new(),
            conversations: Vec::new(),
            engines: HashMap::new(),
            sockets: HashMap::new(),
            others: HashMap::new(),
            asked: HashMap::new(),
        };
        reading.find_openings();
        reading
    }

    /// Which requests opened an engine session is only known from what came later.
    fn find_openings(&mut self) {
        for unit in self.session.ids().filter_map(|id| self.session.unit(id)) {
            let Some(engine) = unit.engine_number() else { continue };
            let answer = match unit.kind {
                UnitKind::HttpResponse => Some(unit.id),
                UnitKind::Frame | UnitKind::Message if !self.carried.contains_key(&unit.conn) => {
                    self.carried.insert(unit.conn, engine);
                    self.session.connection(unit.conn).and_then(|info| info.upgrade)
                }
                _ => None,
            };
            if let Some(request) = answer.and_then(|answer| request_of(self.session, answer)) {
                self.opening.entry(request).or_insert(engine);
            }
        }
    }

    /// Reads the units that a filter lets through.
    pub fn read(mut self, filter: Option<&Filter>) -> Result<(Vec<Conversation>, Ignorance<'k>), StoreError> {
        for unit in self.session.ids().filter_map(|id| self.session.unit(id)) {
            if filter.is_none_or(|filter| filter.matches(self.session, &unit).unwrap_or(true)) {
                self.unit(&unit)?;
            }
        }
        Ok((self.conversations, self.ignorance))
    }

    fn unit(&mut self, unit: &UnitRef) -> Result<(), StoreError> {
        let tree = self.session.look(unit, Detail::Tree)?;
        let mut parts = parts::of(self.session, unit, &tree, &self.ignorance);
        let mut is_new = false;
        for sid in parts.iter().filter_map(|part| part.get("socketio.sid")) {
            is_new |= self.ignorance.learn(&sid.shown);
        }
        if is_new {
            // It stands elsewhere in the same unit too.
            parts = parts::of(self.session, unit, &tree, &self.ignorance);
        }
        let conversation = self.conversation(unit, &tree, &parts);
        match (unit.kind, parts.first_mut()) {
            (UnitKind::HttpRequest, Some(head)) => self.ask(unit, head, conversation),
            (UnitKind::HttpResponse, Some(head)) => self.answer(unit, head),
            _ => {}
        }
        let Some(conversation) = self.conversations.get_mut(conversation) else { return Ok(()) };
        conversation.connections.insert(unit.conn);
        for (number, part) in (0..).zip(&parts) {
            conversation.take(unit, number, part);
        }
        if self.session.inflated_length(unit.id).is_some() {
            conversation.count(Count::Compressed);
        }
        Ok(())
    }

    /// Polling requests come as often as there is something to say, or nothing.
    fn ask(&mut self, unit: &UnitRef, head: &mut Part, conversation: usize) {
        let polls = parameter(head, "transport").is_some_and(|transport| transport == "polling")
            && parameter(head, "sid").is_some();
        head.identity = hash((head.identity, parameter(head, "transport")));
        if polls && head.role == Role::Carrier && head.get("finding").is_none() {
            head.role = Role::Counted(Count::Polls);
        }
        self.asked.insert(unit.id, Asked { conversation, identity: head.identity, polls });
    }

    /// An answer is what its request asked for, whatever it says.
    fn answer(&mut self, unit: &UnitRef, head: &mut Part) {
        let asked = request_of(self.session, unit.id).and_then(|request| self.asked.remove(&request));
        let Some(asked) = asked else { return };
        head.identity = hash(("answer", asked.identity));
        let is_fine = head.get("http.response.code").is_some_and(|code| code.counts == hash(200u64));
        if asked.polls && is_fine && head.get("finding").is_none() {
            head.role = Role::Counted(Count::Polls);
        }
    }

    /// The place of the conversation that a unit belongs to.
    fn conversation(&mut self, unit: &UnitRef, tree: &Tree, parts: &[Part]) -> usize {
        let engine = unit.engine_number().or_else(|| match unit.kind {
            UnitKind::HttpRequest => self.opening.get(&unit.id).copied(),
            UnitKind::Frame | UnitKind::Message => self.carried.get(&unit.conn).copied(),
            _ => None,
        });
        let head = parts.first();
        let path = || head.and_then(|head| head.get("http.request.uri.path")).map(|path| path.shown.as_str());
        if let Some(engine) = engine {
            let known = self.engines.get(&engine).copied();
            let at = known.unwrap_or_else(|| self.begin(Kind::Socket, path().unwrap_or_default()));
            self.engines.insert(engine, at);
            self.sockets.insert(unit.conn, at);
            return at;
        }
        match unit.kind {
            UnitKind::HttpRequest
                if has_upgrade(tree) || head.is_some_and(|h| parameter(h, "EIO").is_some()) =>
            {
                let at = self.begin(Kind::Socket, path().unwrap_or_default());
                self.sockets.insert(unit.conn, at);
                at
            }
            UnitKind::HttpRequest => {
                let method = head.and_then(|head| head.get("http.request.method"));
                let method = method.map(|method| method.shown.as_str()).unwrap_or_default();
                self.other(Kind::Http, &format!("{method} {}", path().unwrap_or_default()), None)
            }
            UnitKind::HttpResponse => {
                let asked = request_of(self.session, unit.id).and_then(|request| self.asked.get(&request));
                asked.map(|asked| asked.conversation).unwrap_or_else(|| self.alone(unit))
            }
            UnitKind::Opened | UnitKind::Tls => self.other(Kind::Connections, "", None),
            UnitKind::Frame | UnitKind::Message | UnitKind::Closed | UnitKind::Lost => {
                self.sockets.get(&unit.conn).copied().unwrap_or_else(|| self.alone(unit))
            }
            UnitKind::Opaque => self.alone(unit),
        }
    }

    fn alone(&mut self, unit: &UnitRef) -> usize {
        self.other(Kind::Connection, "", Some(unit.conn))
    }

    fn other(&mut self, kind: Kind, place: &str, conn: Option<ConnId>) -> usize {
        let key = hash((kind, place, conn));
        match self.others.get(&key) {
            Some(at) => *at,
            None => {
                let at = self.begin(kind, place);
                self.others.insert(key, at);
                at
            }
        }
    }

    fn begin(&mut self, kind: Kind, place: &str) -> usize {
        self.conversations.push(Conversation {
            kind,
            place: place.to_owned(),
            connections: BTreeSet::new(),
            lanes: BTreeMap::new(),
            counts: BTreeMap::new(),
        });
        self.conversations.len() - 1
    }
}

impl Conversation {
    fn take(&mut self, unit: &UnitRef, part: u16, said: &Part) {
        if let Role::Counted(what) = said.role {
            return self.count(what);
        }
        if said.role == Role::Chance {
            return;
        }
        let (whole, identity) = (said.whole(), said.identity);
        let lane = self.lanes.entry((said.role, unit.dir.index())).or_default();
        // What every connection says again, as TLS does, is said once.
        if self.kind == Kind::Connections && lane.iter().any(|item: &Item| item.whole == whole) {
            return;
        }
        lane.push(Item { unit: unit.id, part, whole, identity });
    }

    fn count(&mut self, what: Count) {
        *self.counts.entry(what).or_default() += 1;
    }
}

fn request_of(session: &Session, answer: UnitId) -> Option<UnitId> {
    let links = session.links(answer).iter();
    links.map(|(_, link)| link).find(|link| link.kind == LinkKind::Request).map(|link| link.to)
}

/// A parameter of the query.
fn parameter<'p>(head: &'p Part, name: &str) -> Option<&'p str> {
    let is_it = |key: &str, which: &str| key == "http.request.uri.query.parameter.value" && which == name;
    head.said.iter().find(|said| is_it(said.key, &said.which)).map(|said| said.shown.as_str())
}

fn has_upgrade(tree: &Tree) -> bool {
    let nodes = tree.layers.iter().flat_map(|layer| &layer.nodes);
    nodes.into_iter().any(|node| node.def.key == "http.upgrade_request")
}
