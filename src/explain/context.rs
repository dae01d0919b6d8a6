//! The values of a unit that a text may use.

use super::template::{Text, fill};
use crate::decode::sink::Detail;
use crate::decode::unit::{Layer, LinkKind, Node, Tree, UnitId, UnitKind, Value};
use crate::decode::websocket::frame::opcode;
use crate::session::{EngineSession, Session, UnitRef, value};
use crate::wire::Peer;
use crate::words;

/// So many characters of a value stand in a sentence about a unit.
const MAX_VALUE: usize = 80;

/// So many earlier units are searched for the close frame that another answers.
const MAX_SEARCHED: u32 = 1000;

/// The values that have no field. A name with a dot is a field's key, one behind `query:` a parameter of the request; the
/// rest are [`ROLES`].
#[cfg(test)]
pub(super) const NAMES: &[&str] = &[
    "sender",
    "Sender",
    "receiver",
    "Receiver",
    "Closer",
    "size",
    "summary",
    "inflated",
    "on_wire",
    "mask",
    "close_meaning",
    "auth_size",
    "sid",
    "upgrades",
    "ping_interval",
    "ping_timeout",
    "ping_limit",
];

/// How another unit is tied to this one.
pub(super) enum Tie {
    /// This one belongs to it.
    Earlier(LinkKind),
    /// It belongs to this one.
    Later(LinkKind),
    /// It is the close frame that this one answers.
    Close,
}

/// What other units are to this one: `{request}` is the number of a unit, `{request_after}` the time between.
pub(super) static ROLES: &[(&str, Tie)] = &[
    ("request", Tie::Earlier(LinkKind::Request)),
    ("response", Tie::Later(LinkKind::Request)),
    ("ping", Tie::Earlier(LinkKind::Ping)),
    ("pong", Tie::Later(LinkKind::Ping)),
    ("event", Tie::Earlier(LinkKind::Event)),
    ("acknowledgement", Tie::Later(LinkKind::Event)),
    ("fragment_before", Tie::Earlier(LinkKind::Fragment)),
    ("fragment_behind", Tie::Later(LinkKind::Fragment)),
    ("announcement", Tie::Earlier(LinkKind::Announced)),
    ("attachment", Tie::Later(LinkKind::Announced)),
    ("violation", Tie::Earlier(LinkKind::Violation)),
    ("close", Tie::Close),
];

/// A layer of a unit, and all that is known around it.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub session: &'a Session,
    pub unit: &'a UnitRef,
    pub tree: &'a Tree,
    pub layer: &'a Layer,
}

impl<'a> Context<'a> {
    /// A text with this unit's values in their places.
    pub fn fill(&self, text: &str) -> String {
        fill(text, &|name| self.value(name))
    }

    fn value(&self, name: &str) -> Option<String> {
        let sender = self.unit.dir.sender();
        let receiver = self.unit.dir.reverse().sender();
        match name {
            "sender" => Some(format!("the {}", sender.as_str())),
            "Sender" => Some(format!("The {}", sender.as_str())),
            "receiver" => Some(format!("the {}", receiver.as_str())),
            "Receiver" => Some(format!("The {}", receiver.as_str())),
            "Closer" => self.text("tcp.closed_by").map(|by| format!("The {by}")),
            "size" => Some(words::count(self.unit.length, "byte")),
            "summary" => Some(cut(&self.layer.summary)),
            "inflated" => self.session.inflated_length(self.unit.id).map(|n| words::count(n, "byte")),
            "on_wire" => Some(words::count(self.session.message_length(self.unit), "byte")),
            "mask" => self.node("websocket.masking_key").map(|key| words::hex(self.tree.bytes(&key.span), 4)),
            "close_meaning" => self.node("websocket.payload.close.status_code").and_then(named),
            "auth_size" => self
                .node("socketio.auth")
                .map(|node| words::count(self.tree.bytes(&node.span).len() as u64, "byte")),
            "sid" => self.engine().map(|engine| cut(&engine.sid)),
            "upgrades" => self.text("engineio.upgrades").filter(|upgrades| upgrades != "[]"),
            "ping_interval" => self.milliseconds(|engine| engine.ping_interval),
            "ping_timeout" => self.milliseconds(|engine| engine.ping_timeout),
            "ping_limit" => {
                self.milliseconds(|engine| engine.ping_interval.saturating_add(engine.ping_timeout))
            }
            _ if name.contains('.') => self.text(name),
            _ => match name.strip_prefix("query:") {
                Some(parameter) => self.parameter(parameter),
                None => self.tied(name),
            },
        }
    }

    /// The number of a unit that is tied to this one, or the time between the two.
    fn tied(&self, name: &str) -> Option<String> {
        let (role, wants_time) = name.strip_suffix("_after").map_or((name, false), |role| (role, true));
        let (_, tie) = ROLES.iter().find(|(known, _)| *known == role)?;
        let other = match tie {
            Tie::Earlier(kind) => self.earlier(*kind),
            Tie::Later(kind) => self.later(*kind),
            Tie::Close => self.answered_close(),
        }?;
        let (first, last) = if other.at < self.unit.at { (&other, self.unit) } else { (self.unit, &other) };
        Some(match wants_time {
            true => words::duration(last.at.since(first.at)),
            false => other.id.0.to_string(),
        })
    }

    /// How the layer is carried, where that is worth saying of it besides `text`.
    pub fn carriage(&self, text: &Text) -> Vec<&'static str> {
        let is_outermost =
            self.tree.layers.first().is_some_and(|outermost| std::ptr::eq(outermost, self.layer));
        match self.unit.kind {
            _ if is_outermost => Vec::new(),
            UnitKind::HttpRequest => vec![super::http::IN_A_REQUEST],
            UnitKind::HttpResponse if !text.what.contains("{request") => vec![super::http::IN_A_RESPONSE],
            UnitKind::Frame => {
                let fragmented = self.earlier(LinkKind::Fragment).map(|_| super::websocket::IN_FRAGMENTS);
                let compressed =
                    self.session.inflated_length(self.unit.id).map(|_| super::websocket::COMPRESSED_BELOW);
                fragmented.into_iter().chain(compressed).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The first field called `key`: of the layer, or else of any.
    pub fn node(&self, key: &str) -> Option<&'a Node> {
        in_nodes(&self.layer.nodes, key).or_else(|| in_layers(&self.tree.layers, key))
    }

    /// Its value in words.
    pub fn text(&self, key: &str) -> Option<String> {
        self.node(key).map(|node| value::text(node, self.tree, MAX_VALUE))
    }

    /// Its value, where it is a number.
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.node(key)?.value {
            Value::Unsigned(number) => Some(number),
            _ => None,
        }
    }

    /// Whether there is such a field in the layer itself.
    pub fn has(&self, key: &str) -> bool {
        in_nodes(&self.layer.nodes, key).is_some()
    }

    /// Whether the unit has a finding of the rule called `key`, or of one whose key begins with it and a dot or underscore.
    pub fn found(&self, key: &str) -> bool {
        self.session.findings(self.unit.id).iter().any(|(_, finding)| finding.rule.key.starts_with(key))
    }

    /// A parameter of the request's query.
    pub fn parameter(&self, name: &str) -> Option<String> {
        parameter(self.tree, name)
    }

    /// The request that this response answers.
    pub fn request(&self) -> Option<Tree> {
        let request = self.earlier(LinkKind::Request)?;
        self.session.look(&request, Detail::Tree).ok()
    }

    /// Whether this is the first time that one direction of the connection ends.
    pub fn ends_first(&self) -> bool {
        let by = self.text("tcp.closed_by");
        let first = self.session.connection(self.unit.conn).and_then(|info| info.ends.first().copied());
        first.is_none_or(|(peer, _): (Peer, _)| by.as_deref() == Some(peer.as_str()))
    }

    /// The close frame of the other side that this one answers.
    pub fn answered_close(&self) -> Option<UnitRef> {
        let first = self.unit.id.0.saturating_sub(MAX_SEARCHED).max(1);
        let earlier = (first..self.unit.id.0).rev().filter_map(|id| self.session.unit(UnitId(id)));
        earlier
            .filter(|unit| {
                unit.conn == self.unit.conn && unit.kind == UnitKind::Frame && unit.dir != self.unit.dir
            })
            .find(|unit| {
                let first = self.session.wire(unit, 1).ok().and_then(|bytes| bytes.first().copied());
                first.is_some_and(|byte| byte & 0x0f == opcode::CLOSE)
            })
    }

    fn engine(&self) -> Option<&'a EngineSession> {
        self.session.engine_session(self.unit)
    }

    fn milliseconds(&self, of: fn(&EngineSession) -> u64) -> Option<String> {
        let milliseconds = self.engine().map(of).filter(|milliseconds| *milliseconds > 0)?;
        Some(match milliseconds % 1000 {
            0 => format!("{} s", words::thousands(milliseconds / 1000)),
            _ => format!("{} ms", words::thousands(milliseconds)),
        })
    }

    /// The earlier unit that this one is tied to.
    pub fn earlier(&self, kind: LinkKind) -> Option<UnitRef> {
        let (_, link) = self.session.links(self.unit.id).iter().find(|(_, link)| link.kind == kind)?;
        self.session.unit(link.to)
    }

    /// The first later unit that is tied to this one.
    fn later(&self, kind: LinkKind) -> Option<UnitRef> {
        let (id, _) = self.session.answers(self.unit.id).find(|(_, found)| *found == kind)?;
        self.session.unit(id)
    }
}

/// The meaning of a value that has a name.
fn named(node: &Node) -> Option<String> {
    match node.value {
        Value::Unsigned(number) => node.def.value(number).map(|value| value.meaning.to_owned()),
        _ => None,
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A parameter of the query of the request that was decoded to `tree`.
pub(super) fn parameter(tree: &Tree, name: &str) -> Option<String> {
    let query = in_layers(&tree.layers, "http.request.uri.query")?;
    let text = |node: &Node| match &node.value {
        Value::Text(text) => text.clone(),
        _ => String::new(),
    };
    query.children.iter().find_map(|parameter| match parameter.children.as_slice() {
        [key, value, ..] if text(key) == name => Some(cut(&text(value))),
        _ => None,
    })
}

/// The first field called `key` in these layers and those inside them.
pub(super) fn in_layers<'a>(layers: &'a [Layer], key: &str) -> Option<&'a Node> {
    layers.iter().find_map(|layer| in_nodes(&layer.nodes, key).or_else(|| in_layers(&layer.inside, key)))
}

/// The first field called `key` among these and those inside them.
fn in_nodes<'a>(nodes: &'a [Node], key: &str) -> Option<&'a Node> {
    nodes.iter().find_map(|node| if node.def.key == key { Some(node) } else { in_nodes(&node.children, key) })
}
