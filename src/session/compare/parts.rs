//! The parts of a unit that are compared each on its own: a head with its body, a frame, or a packet of Engine.IO, whatever
//! carries it, so that a message is the same by polling and over a WebSocket.

use super::ignored::Ignorance;
use super::said::{Reader, Said, has_packets, hash};
use crate::decode::field::Severity;
use crate::decode::unit::{Layer, Node, Tree, UnitKind, Value};
use crate::session::{Session, UnitRef, headline};
use crate::wire::{Connected, How, What};

/// Fields that say what kind of thing a part is: two that agree in them are one thing that changed.
const IDENTITY: [&str; 12] = [
    "http.request.method",
    "http.request.uri.path",
    "websocket.opcode",
    "websocket.fin",
    "engineio.type",
    "engineio.data",
    "socketio.type",
    "socketio.namespace",
    "socketio.event",
    "jsonrpc.method",
    "tcp.closed_by",
    "tcp.error",
];

/// What a part is to the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// It settles how what follows is carried: an HTTP head, a probe, the end of the connection.
    Carrier,
    /// It is what the peers say to each other.
    Message,
    /// It comes by the clock, so only how many there are is said.
    Counted(Count),
    /// On how many connections something is said, and when they end in order, says nothing.
    Chance,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Count {
    /// Pings of Engine.IO and WebSocket.
    Pings,
    /// Their answers.
    Pongs,
    /// Polling requests and their answers: how many packets share one is chance.
    Polls,
    /// Messages that were compressed. They are compared too.
    Compressed,
}

impl Count {
    /// All of them.
    pub const ALL: [Count; 4] = [Count::Pings, Count::Pongs, Count::Polls, Count::Compressed];

    /// What one of them is called.
    pub fn name(self) -> &'static str {
        match self {
            Count::Pings => "ping",
            Count::Pongs => "pong",
            Count::Polls => "poll",
            Count::Compressed => "compressed message",
        }
    }
}

/// A part of a unit.
pub(super) struct Part {
    pub role: Role,
    pub identity: u64,
    pub said: Vec<Said>,
}

impl Part {
    fn new(role: Role, mut said: Vec<Said>) -> Part {
        // The order of header fields, parameters and members has no meaning.
        said.sort_by(|a, b| (a.key, &a.which).cmp(&(b.key, &b.which)));
        let names =
            said.iter().filter(|said| IDENTITY.contains(&said.key)).map(|said| (said.key, said.counts));
        let protocol = said.last().and_then(|said| said.key.split('.').next());
        Part { role, identity: hash((role, protocol, names.collect::<Vec<_>>())), said }
    }

    /// What counts of it.
    pub fn whole(&self) -> u64 {
        let heard = self.said.iter().filter(|said| !said.is_muted);
        hash(heard.map(|said| (said.key, &said.which, said.counts)).collect::<Vec<_>>())
    }

    /// What it says in a field.
    pub fn get(&self, key: &str) -> Option<&Said> {
        self.said.iter().find(|said| said.key == key)
    }
}

/// The parts of a unit.
pub(super) fn of(session: &Session, unit: &UnitRef, tree: &Tree, ignorance: &Ignorance<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    let packets = packets(tree);
    if packets.is_none() || is_http(unit) {
        let mut reader = Reader::new(tree, ignorance);
        tree.layers.iter().for_each(|layer| reader.layer(layer));
        if unit.kind == UnitKind::Frame {
            without_pieces(&mut reader.said);
        }
        parts.push(Part::new(role(session, unit, &reader.said), reader.said));
    }
    if let Some(packets) = packets {
        split(packets, tree, ignorance, &mut parts);
        if let Some(frame) = tree.layers.first().filter(|_| !is_http(unit)) {
            add_fragmentation(frame, ignorance, &mut parts);
        }
    }
    if let Some(first) = parts.first_mut().filter(|_| !ignorance.has_key("finding")) {
        add_findings(session, unit, first);
    }
    parts
}

/// What a fragment carries counts with the message as a whole.
fn without_pieces(said: &mut Vec<Said>) {
    if said.iter().any(|said| said.key == "websocket.fin" && said.counts == hash(false)) {
        said.retain(|said| said.key != "websocket.payload");
    }
}

fn add_findings(session: &Session, unit: &UnitRef, part: &mut Part) {
    let grave = session.findings(unit.id).iter().filter(|(_, f)| f.rule.severity > Severity::Note);
    for (_, finding) in grave {
        let (which, shown) = (finding.rule.key.to_owned(), finding.rule.title.to_owned());
        let (counts, span) = (hash(finding.rule.key), finding.span.clone());
        part.said.push(Said {
            key: "finding",
            which,
            label: "Finding",
            shown,
            span,
            counts,
            is_muted: false,
        });
        if part.role != Role::Message {
            part.role = Role::Carrier;
        }
    }
}

/// That a message came in fragments counts; a packet whose frame was whole says nothing of it.
fn add_fragmentation(frame: &Layer, ignorance: &Ignorance<'_>, parts: &mut [Part]) {
    fn fragmented(nodes: &[Node]) -> Option<&Node> {
        nodes.iter().find_map(|node| match node.def.key {
            "websocket.message.fragmented" => Some(node),
            _ => fragmented(&node.children),
        })
    }
    if let Some((node, part)) = fragmented(&frame.nodes).zip(parts.first_mut())
        && node.value == Value::Flag(true)
    {
        let (key, which, shown) = (node.def.key, String::new(), "yes".to_owned());
        let (label, span, is_muted) = (node.def.label, node.span.clone(), ignorance.has_key(key));
        part.said.push(Said { key, which, label, shown, span, counts: 1, is_muted });
    }
}

/// Each packet as a part.
fn split(packets: &Layer, tree: &Tree, ignorance: &Ignorance<'_>, parts: &mut Vec<Part>) {
    for (nodes, inside) in each(packets) {
        let mut reader = Reader::new(tree, ignorance);
        nodes.iter().for_each(|node| reader.node(node, ""));
        inside.into_iter().for_each(|layer| reader.layer(layer));
        parts.push(Part::new(packet_role(nodes), reader.said));
    }
}

/// The fields of each packet, and what it carries.
fn each(packets: &Layer) -> Vec<(&[Node], Option<&Layer>)> {
    let grouped = packets.nodes.iter().filter(|node| node.def.key == "engineio.packet");
    let mut all: Vec<&[Node]> = grouped.map(|node| node.children.as_slice()).collect();
    if all.is_empty() {
        all.push(&packets.nodes);
    }
    let mut inside = packets.inside.iter();
    let with_inside = |nodes| match packet_type(nodes) {
        Some(MESSAGE) => (nodes, inside.next()),
        _ => (nodes, None),
    };
    all.into_iter().map(with_inside).collect()
}

/// What a part of a unit says in a line.
pub(super) fn text(unit: &UnitRef, tree: &Tree, part: usize) -> String {
    let Some(layer) = packets(tree) else { return headline::of(tree).text };
    let head = tree.layers.first().filter(|_| is_http(unit));
    match (head, part.checked_sub(usize::from(head.is_some()))) {
        (Some(head), None) => head.summary.clone(),
        (_, packet) => match each(layer).as_slice() {
            [(_, None)] => layer.summary.clone(),
            packets => packets.get(packet.unwrap_or_default()).map(packet_text).unwrap_or_default(),
        },
    }
}

/// What one of several packets carries, or the name of its type.
fn packet_text((nodes, inside): &(&[Node], Option<&Layer>)) -> String {
    if let Some(inside) = inside {
        let layers = vec![(*inside).clone()];
        return headline::of(&Tree { layers, sources: Vec::new() }).text;
    }
    let of_type = nodes.iter().find(|node| node.def.key == "engineio.type");
    let named = of_type.zip(packet_type(nodes)).and_then(|(node, number)| node.def.value(number));
    named.map_or("packet", |value| value.name).to_owned()
}

/// The layer whose packets are parts of their own.
fn packets(tree: &Tree) -> Option<&Layer> {
    tree.layers.iter().find_map(|layer| layer.inside.iter().find(|inside| has_packets(inside)))
}

fn is_http(unit: &UnitRef) -> bool {
    matches!(unit.kind, UnitKind::HttpRequest | UnitKind::HttpResponse)
}

const PING: u64 = 2;
const PONG: u64 = 3;
const MESSAGE: u64 = 4;
const UPGRADE: u64 = 5;
const NOOP: u64 = 6;

fn packet_type(nodes: &[Node]) -> Option<u64> {
    nodes.iter().find(|node| node.def.key == "engineio.type").and_then(|node| match node.value {
        Value::Unsigned(number) => Some(number),
        _ => None,
    })
}

fn packet_role(nodes: &[Node]) -> Role {
    let is_probe = nodes.iter().any(|node| node.def.key == "engineio.data");
    match packet_type(nodes) {
        Some(PING) if !is_probe => Role::Counted(Count::Pings),
        Some(PONG) if !is_probe => Role::Counted(Count::Pongs),
        Some(NOOP) => Role::Counted(Count::Polls),
        // They come on a connection of their own, while messages go on over the other.
        Some(PING | PONG | UPGRADE) => Role::Carrier,
        _ => Role::Message,
    }
}

fn role(session: &Session, unit: &UnitRef, said: &[Said]) -> Role {
    let happened = session.index.happenings.of(unit.id).first().map(|(_, happening)| &happening.record.what);
    match unit.kind {
        UnitKind::Frame => match said.iter().find(|said| said.key == "websocket.opcode") {
            Some(opcode) if opcode.counts == hash(9u64) => Role::Counted(Count::Pings),
            Some(opcode) if opcode.counts == hash(10u64) => Role::Counted(Count::Pongs),
            _ => Role::Message,
        },
        UnitKind::Message | UnitKind::Opaque => Role::Message,
        _ if happened.is_some_and(is_orderly) => Role::Chance,
        _ => Role::Carrier,
    }
}

/// Whether it happens to every connection.
fn is_orderly(what: &What) -> bool {
    match what {
        What::Opened(opened) => matches!(opened.connected, Connected::Yes { .. }),
        What::Closed { how, .. } => *how != How::Reset,
        _ => false,
    }
}
