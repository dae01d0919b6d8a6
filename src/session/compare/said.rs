//! What a unit says, in the form in which two sessions are compared: a flat list of fields, each with what counts of it.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hasher as _};

use super::ignored::{Ignorance, Ignored, of_field};
use crate::decode::unit::{Layer, Node, Span, Tree, Value};
use crate::session::value;

/// So many characters of a value are shown.
const MAX_SHOWN: usize = 200;

/// A longer JSON text is compared as it is written, since not all of its values are told apart.
const LONGEST_JSON: usize = 20_000;

/// Fields that say what stands beside them.
const NAMES: [&str; 4] =
    ["http.header.name", "http.request.uri.query.parameter.name", "http.cookie.name", "json.key"];

/// Fields whose parts count in their place.
const WHOLES: [&str; 10] = [
    "http.request.line",
    "http.response.line",
    "http.request.uri",
    "http.request.uri.query",
    "http.request.uri.query.parameter",
    "http.cookie",
    "http.cookie_pair",
    "http.set_cookie",
    "websocket.payload",
    "json.member",
];

/// Fields whose bytes are what the layers inside say.
const CARRIERS: [&str; 2] = ["http.file_data", "websocket.payload"];

/// A field with what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its key, as `--print json` has it.
    pub key: &'static str,
    /// Which of several: the name of a header field or a parameter, the path of a JSON value; else empty. A peer's text.
    pub which: String,
    /// The name on the screen.
    pub label: &'static str,
    /// What it says, shortened. A peer's text.
    pub shown: String,
    /// Where it stands.
    pub span: Span,
    /// What counts of what it says.
    pub(super) counts: u64,
    /// The user does not want to hear of it; it still says what kind of thing its unit is.
    pub(super) is_muted: bool,
}

/// The hash of anything; the same wherever and whenever it is computed.
pub(super) fn hash(of: impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Puts together what a part of a unit says.
pub(super) struct Reader<'a> {
    pub tree: &'a Tree,
    pub ignorance: &'a Ignorance<'a>,
    pub said: Vec<Said>,
    is_muted: bool,
}

impl<'a> Reader<'a> {
    pub fn new(tree: &'a Tree, ignorance: &'a Ignorance<'a>) -> Reader<'a> {
        Reader { tree, ignorance, said: Vec::new(), is_muted: false }
    }

    /// A layer and those inside it, but for packets.
    pub fn layer(&mut self, layer: &Layer) {
        let bytes = self.tree.bytes(&layer.span);
        if layer.protocol.key == "json" && bytes.len() > LONGEST_JSON {
            let shown = layer.summary.chars().take(MAX_SHOWN).collect();
            let counts = hash(self.ignorance.normal(&String::from_utf8_lossy(bytes)));
            let (which, span) = (String::new(), layer.span.clone());
            let is_muted = self.is_muted || self.ignorance.has_key("json");
            return self.said.push(Said { key: "json", which, label: "JSON", shown, span, counts, is_muted });
        }
        let carries = !layer.inside.is_empty();
        let own = layer.nodes.iter().filter(|node| !(carries && CARRIERS.contains(&node.def.key)));
        own.for_each(|node| self.node(node, ""));
        layer.inside.iter().filter(|inside| !has_packets(inside)).for_each(|inside| self.layer(inside));
    }

    /// A field; `which` of several it is.
    pub fn node(&mut self, node: &Node, which: &str) {
        let was_muted = self.is_muted;
        self.is_muted |= self.ignorance.has_key(node.def.key);
        let ignored = of_field(node.def);
        match ignored {
            Some(Ignored::Whole) => {}
            None if has_parts(node) => self.parts(node, which),
            _ => {
                let is_ignored = ignored.is_some() || is_date(node);
                let counts = if is_ignored { 0 } else { self.counts(node) };
                let shown = value::text(node, self.tree, MAX_SHOWN);
                let (key, which, label) = (node.def.key, which.to_owned(), node.def.label);
                let (span, is_muted) = (node.span.clone(), self.is_muted);
                self.said.push(Said { key, which, label, shown, span, counts, is_muted });
            }
        }
        self.is_muted = was_muted;
    }

    fn parts(&mut self, whole: &Node, path: &str) {
        let name = whole.children.iter().find(|part| NAMES.contains(&part.def.key)).map(text);
        for (at, part) in whole.children.iter().filter(|part| is_told(part, whole)).enumerate() {
            let which = match (part.def.key, name) {
                _ if whole.def.key == "json.array" => format!("{path}[{at}]"),
                ("socketio.argument", _) => format!("[{at}]"),
                ("json.member", _) if path.is_empty() => text(part).to_owned(),
                ("json.member", _) => format!("{path}.{}", text(part)),
                ("http.header.value", Some(name)) => name.to_ascii_lowercase(),
                (key, Some(name)) if key.starts_with("http.") && key.ends_with(".value") => name.to_owned(),
                (key, _) if key.starts_with("http.") => String::new(),
                _ => path.to_owned(),
            };
            self.node(part, &which);
        }
    }

    fn counts(&self, node: &Node) -> u64 {
        match &node.value {
            Value::Text(text) | Value::Json(text) => hash(self.ignorance.normal(text)),
            Value::Unsigned(number) | Value::Duration(number) => hash(number),
            Value::Flag(flag) => hash(flag),
            Value::Bytes => match std::str::from_utf8(self.tree.bytes(&node.span)) {
                Ok(text) => hash(self.ignorance.normal(text)),
                Err(_) => hash(self.tree.bytes(&node.span)),
            },
            Value::None => 0,
        }
    }
}

/// Whether the packets of a layer count on their own.
pub(super) fn has_packets(layer: &Layer) -> bool {
    let is_packet = |node: &Node| ["engineio.packet", "engineio.type"].contains(&node.def.key);
    layer.protocol.key == "engineio" && layer.nodes.iter().any(is_packet)
}

/// Whether the parts of a field count in its place.
fn has_parts(node: &Node) -> bool {
    let is_short = (node.span.bits.end - node.span.bits.start) / 8 <= LONGEST_JSON as u64;
    let is_whole = match node.value {
        Value::None => true,
        Value::Json(_) => is_short,
        _ => WHOLES.contains(&node.def.key),
    };
    // That there are no arguments is said by there being none.
    is_whole && (!node.children.is_empty() || node.def.key == "socketio.arguments")
}

/// Whether a part says more than others do.
fn is_told(part: &Node, whole: &Node) -> bool {
    match whole.def.key {
        // Engine.IO's clients send `t` so that no answer comes from a cache.
        "http.request.uri.query" if text(part).starts_with("t=") => {
            !whole.children.iter().any(|parameter| text(parameter).starts_with("EIO="))
        }
        "http.request.uri.query.parameter" => part.def.key.ends_with(".value"),
        _ => !NAMES.contains(&part.def.key),
    }
}

fn text(node: &Node) -> &str {
    match &node.value {
        Value::Text(text) | Value::Json(text) => text,
        _ => "",
    }
}

/// When a cookie ends.
fn is_date(node: &Node) -> bool {
    let starts = text(node).get(..8).is_some_and(|start| start.eq_ignore_ascii_case("expires="));
    node.def.key == "http.set_cookie.attribute" && starts
}

/// A field in which two parts differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What the first says, where it says it.
    pub a: Option<Said>,
    /// What the second says.
    pub b: Option<Said>,
}

impl Difference {
    /// A number by which it is told apart from others: the same where the same field changed in the same way.
    pub fn number(&self) -> u64 {
        let side =
            |said: &Option<Said>| said.as_ref().map(|said| (said.key, said.which.clone(), said.counts));
        hash((side(&self.a), side(&self.b)))
    }
}

/// The fields that differ: the n-th of a name on one side is the n-th on the other.
pub(super) fn differences(a: &[Said], b: &[Said]) -> Vec<Difference> {
    let mut of_b: HashMap<(&str, &str), VecDeque<&Said>> = HashMap::new();
    for said in b {
        of_b.entry((said.key, &said.which)).or_default().push_back(said);
    }
    let mut found = Vec::new();
    for said in a {
        let other = of_b.get_mut(&(said.key, said.which.as_str())).and_then(VecDeque::pop_front);
        if other.is_none_or(|other| other.counts != said.counts) {
            found.push(Difference { a: Some(said.clone()), b: other.cloned() });
        }
    }
    let rest = b.iter().filter(|said| {
        let left = of_b.get(&(said.key, said.which.as_str()));
        left.is_some_and(|left| left.iter().any(|other| std::ptr::eq(*other, *said)))
    });
    found.extend(rest.map(|said| Difference { a: None, b: Some(said.clone()) }));
    // What is wrong comes first.
    found
        .sort_by_key(|found| found.a.as_ref().or(found.b.as_ref()).is_some_and(|said| said.key != "finding"));
    found
}
