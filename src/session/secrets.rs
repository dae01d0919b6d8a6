//! Which values of a unit are secret, so that a lecture hall does not read them.

mod known;

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use regex::bytes::Regex;

pub use known::{Collected, Known};

use crate::decode::unit::{Layer, Node, SourceId, SourceKind, Span, Tree, Value};

/// Names whose values are secret unless the configuration has others.
pub const DEFAULT_NAMES: [&str; 9] = [
    "token",
    "password",
    "passwd",
    "secret",
    "api_key",
    "apikey",
    "access_token",
    "refresh_token",
    "authorization",
];

/// What stands in place of a secret, however long that is.
pub const DOTS: &str = "••••••••";

/// What stands in place of a byte of a secret where something is computed from it.
const INSTEAD: u8 = b'*';

/// A shorter secret is hidden where it stands, but not looked for elsewhere: it would be found everywhere.
const SHORTEST: usize = 4;

/// Where a unit has more secrets, all of it is secret.
const MAX_SECRETS: usize = 64;

/// Fields that are secret whatever they are called.
const FIELDS: [&str; 3] = ["http.authorization", "http.cookie.value", "socketio.auth"];

/// Fields that say what stands beside them.
const NAME_FIELDS: [&str; 3] = ["http.header.name", "http.request.uri.query.parameter.name", "json.key"];

/// What is secret: names of header fields, query parameters and JSON members, and patterns.
#[derive(Clone, Debug)]
pub struct Names {
    names: Vec<String>,
    patterns: Vec<Regex>,
    /// Finds what stands behind a name in a text of no protocol.
    named: Option<Regex>,
}

impl Default for Names {
    fn default() -> Names {
        let names = DEFAULT_NAMES.map(str::to_owned).to_vec();
        Names { named: named(&names).ok(), names, patterns: Vec::new() }
    }
}

/// What stands behind a name as in `token=…`, `"token": "…"` or `Cookie: …`: the first or the second group.
fn named(names: &[String]) -> Result<Regex, regex::Error> {
    let mut all = vec!["cookie".to_owned(), "set-cookie".to_owned()];
    all.extend(names.iter().map(|name| regex::escape(name)));
    let names = all.join("|");
    Regex::new(&format!(
        r#"(?i)(?:^|[^\w-])(?:{names})["']?(?:=["']?([^&"'\s;,\x1b]+)|\s*:\s*["']?([^"'\r\n\x1b]+))"#
    ))
}

impl Names {
    /// Fails where a pattern is no regular expression.
    pub fn new(names: &[String], patterns: &[String]) -> Result<Names, regex::Error> {
        let patterns: Result<_, _> = patterns.iter().map(|pattern| Regex::new(pattern)).collect();
        Ok(Names { names: names.to_vec(), patterns: patterns?, named: Some(named(names)?) })
    }

    /// Where the patterns match, in order, apart from each other.
    pub fn patterns_in(&self, text: &[u8]) -> Vec<Range<usize>> {
        let found =
            self.patterns.iter().flat_map(|pattern| pattern.find_iter(text)).map(|found| found.range());
        merged(found.filter(|range| !range.is_empty()).collect())
    }

    /// Where there are secrets in a text of no protocol, such as what a program prints: where the patterns match, and behind the names. In
    /// order, apart from each other.
    pub fn places_in(&self, text: &[u8]) -> Vec<Range<usize>> {
        let captured = self.named.iter().flat_map(|named| named.captures_iter(text));
        let named = captured.filter_map(|found| Some(found.get(1).or_else(|| found.get(2))?.range()));
        merged(self.patterns_in(text).into_iter().chain(named).collect())
    }

    /// Such a text with dots in place of each secret.
    pub fn mask(&self, text: &str) -> String {
        dotted(text, self.places_in(text.as_bytes()))
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// The secrets of one unit; without any, everything is shown.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// Where they are in each source, in order, apart from each other.
    places: Vec<Vec<Range<usize>>>,
    /// How they are written, at least [`SHORTEST`] bytes each.
    texts: Vec<String>,
    /// Their bytes, where these are no text.
    raw: Vec<Vec<u8>>,
    /// Those that are shorter, and where they are.
    short: Vec<(Span, String)>,
    /// There are too many to be told apart.
    is_all: bool,
    /// How many were found where something says that they are secret.
    found: usize,
}

impl Secrets {
    /// The secrets of a unit that someone looks at.
    pub fn of(tree: &Tree, names: &Names) -> Secrets {
        let mut secrets = Secrets { places: vec![Vec::new(); tree.sources.len()], ..Secrets::default() };
        tree.layers.iter().for_each(|layer| secrets.layer(layer, tree, names));
        secrets.match_patterns(tree, names);
        if secrets.has_any() && !secrets.is_all {
            secrets.spread(tree);
            secrets.spread_to_the_wire(tree);
        }
        secrets
    }

    /// The same, with what is known to be secret from other units.
    pub fn with_known(mut self, tree: &Tree, known: &Known) -> Secrets {
        for (places, source) in self.places.iter_mut().zip(&tree.sources) {
            places.extend(known.places(&source.bytes));
            *places = merged(std::mem::take(places));
        }
        self.spread_to_the_wire(tree);
        self
    }

    /// The bytes of each source with every secret replaced by what `instead` makes of it, which must be as long. What is masked on the wire is
    /// unmasked for that, and masked again.
    pub fn replaced(&self, tree: &Tree, instead: &dyn Fn(&[u8]) -> Vec<u8>) -> Vec<Bytes> {
        let masking = find(&tree.layers, "websocket.masked_payload")
            .zip(find(&tree.layers, "websocket.masking_key"))
            .map(|(payload, key)| (bytes(&payload.span), tree.bytes(&key.span).to_vec()));
        let sources = (0..).map(SourceId).zip(&tree.sources);
        sources
            .map(|(id, source)| {
                let mut replaced = BytesMut::from(&source.bytes[..]);
                for place in self.places(id) {
                    let key = masking.as_ref().filter(|(payload, _)| {
                        id == SourceId::WIRE && payload.start <= place.start && place.end <= payload.end
                    });
                    let mask = |at: usize| {
                        let byte = key.and_then(|(payload, key)| key.get((at - payload.start) % 4));
                        byte.copied().unwrap_or_default()
                    };
                    let written = source.bytes.get(place.clone()).unwrap_or_default();
                    let plain: Vec<u8> =
                        written.iter().zip(place.clone()).map(|(byte, at)| byte ^ mask(at)).collect();
                    for (at, byte) in place.clone().zip(instead(&plain)) {
                        if let Some(place) = replaced.get_mut(at) {
                            *place = byte ^ mask(at);
                        }
                    }
                }
                replaced.freeze()
            })
            .collect()
    }

    /// Whether there is anything to hide.
    pub fn has_any(&self) -> bool {
        self.is_all || self.places.iter().any(|places| !places.is_empty())
    }

    /// Whether a byte belongs to a secret.
    pub fn covers(&self, source: SourceId, byte: usize) -> bool {
        self.touches(source, &(byte..byte + 1))
    }

    /// Whether some of the bytes of a field belong to a secret.
    pub fn touch(&self, span: &Span) -> bool {
        self.touches(span.source, &bytes(span))
    }

    /// A text about the unit, with dots in place of each secret that is in it, and of what is left of one that was cut off
    /// with `…`.
    pub fn mask(&self, text: &str) -> String {
        let none = Span::default();
        self.mask_field(&none, text)
    }

    /// The text of a field or layer, likewise. What is secret as a whole is dots.
    pub fn mask_field(&self, span: &Span, text: &str) -> String {
        let within = bytes(span);
        if self.is_all || !text.is_empty() && !within.is_empty() && self.is_covered(span.source, &within) {
            return DOTS.to_owned();
        }
        let mut found: Vec<Range<usize>> =
            self.texts.iter().flat_map(|secret| places(text, secret)).collect();
        for (place, secret) in &self.short {
            let at = bytes(place);
            if place.source == span.source && within.start <= at.start && at.end <= within.end {
                found.extend(words(text, secret));
            }
        }
        dotted(text, merged(found))
    }

    /// Replaces the bytes of the secrets, so that nothing that is derived from them can show them.
    pub fn hide(&self, tree: &mut Tree) {
        let hidden = match self.is_all {
            true => tree.sources.iter().map(|source| vec![INSTEAD; source.bytes.len()].into()).collect(),
            false => self.replaced(tree, &|secret| vec![INSTEAD; secret.len()]),
        };
        for (source, bytes) in tree.sources.iter_mut().zip(hidden) {
            source.bytes = bytes;
        }
    }

    fn places(&self, source: SourceId) -> &[Range<usize>] {
        self.places.get(usize::from(source.0)).map(Vec::as_slice).unwrap_or_default()
    }

    fn touches(&self, source: SourceId, bytes: &Range<usize>) -> bool {
        let places = self.places(source);
        let next = places.partition_point(|place| place.end <= bytes.start);
        self.is_all || places.get(next).is_some_and(|place| place.start < bytes.end)
    }

    fn is_covered(&self, source: SourceId, bytes: &Range<usize>) -> bool {
        let places = self.places(source);
        let next = places.partition_point(|place| place.end <= bytes.start);
        places.get(next).is_some_and(|place| place.start <= bytes.start && bytes.end <= place.end)
    }

    fn layer(&mut self, layer: &Layer, tree: &Tree, names: &Names) {
        self.siblings(&layer.nodes, tree, names);
        layer.inside.iter().for_each(|inside| self.layer(inside, tree, names));
    }

    /// Fields that stand side by side, of which one may say what the others are.
    fn siblings(&mut self, nodes: &[Node], tree: &Tree, names: &Names) {
        let is_named = nodes.iter().filter(|node| is_name(node)).any(|node| match &node.value {
            Value::Text(name) => {
                names.has(name)
                    || node.def.key == "http.header.name" && name.eq_ignore_ascii_case("proxy-authorization")
            }
            _ => false,
        });
        for node in nodes {
            match node.def.key {
                _ if is_name(node) => {}
                key if is_named || FIELDS.contains(&key) => self.value(node, tree),
                "socketio.namespace.query" => self.query(node, tree, names),
                _ => self.siblings(&node.children, tree, names),
            }
        }
    }

    /// A secret value; of a JSON value, all that is in it but the names.
    fn value(&mut self, node: &Node, tree: &Tree) {
        let is_json = ["json.", "socketio."].iter().any(|protocol| node.def.key.starts_with(protocol));
        if is_json && !node.children.is_empty() {
            return node.children.iter().filter(|child| !is_name(child)).for_each(|c| self.value(c, tree));
        }
        let (mut place, written) = (bytes(&node.span), tree.bytes(&node.span));
        if is_json && matches!(written, b"{}" | b"[]") {
            return;
        }
        if is_json && written.len() >= 2 && written.starts_with(b"\"") && written.ends_with(b"\"") {
            place = place.start + 1..place.end - 1;
        }
        self.add(node.span.source, place, tree);
        if let Value::Text(text) | Value::Json(text) = &node.value {
            self.add_text(text);
            // Credentials stand behind the name of their scheme.
            let credentials = text.split_once(' ').filter(|_| !is_json);
            credentials.into_iter().for_each(|(_, credentials)| self.add_text(credentials));
        }
    }

    /// The parameters of a query that is a text.
    fn query(&mut self, node: &Node, tree: &Tree, names: &Names) {
        let mut at = bytes(&node.span).start;
        for parameter in tree.bytes(&node.span).split(|byte| *byte == b'&') {
            let equals = memchr::memchr(b'=', parameter).unwrap_or(parameter.len());
            let name = parameter.get(..equals).and_then(|name| std::str::from_utf8(name).ok());
            if name.is_some_and(|name| names.has(name)) && equals < parameter.len() {
                self.add(node.span.source, at + equals + 1..at + parameter.len(), tree);
            }
            at += parameter.len() + 1;
        }
    }

    fn match_patterns(&mut self, tree: &Tree, names: &Names) {
        for pattern in &names.patterns {
            for (id, source) in (0..).map(SourceId).zip(&tree.sources) {
                let found = pattern.find_iter(&source.bytes).map(|found| found.range());
                for range in found.filter(|range| !range.is_empty()).take(MAX_SECRETS + 1) {
                    self.add(id, range, tree);
                }
            }
        }
    }

    /// A secret that stands somewhere.
    fn add(&mut self, source: SourceId, place: Range<usize>, tree: &Tree) {
        let span = Span::bytes(source, place.clone());
        let written = tree.bytes(&span);
        let Some(places) = self.places.get_mut(usize::from(source.0)).filter(|_| !written.is_empty()) else {
            return;
        };
        places.push(place);
        self.found += 1;
        match std::str::from_utf8(written) {
            Ok(text) if text.len() < SHORTEST => self.short.push((span, text.to_owned())),
            Ok(text) => self.add_text(text),
            Err(_) => self.raw.push(written.to_vec()),
        }
        self.is_all |= self.short.len() + self.raw.len() > MAX_SECRETS;
    }

    fn add_text(&mut self, text: &str) {
        let text = text.trim();
        if text.len() >= SHORTEST && !self.is_all && !self.texts.iter().any(|known| known == text) {
            self.texts.push(text.to_owned());
            self.is_all |= self.texts.len() > 2 * MAX_SECRETS;
        }
    }

    /// The same bytes are secret wherever they stand.
    fn spread(&mut self, tree: &Tree) {
        let written = self.texts.iter().map(String::as_bytes);
        for secret in written.chain(self.raw.iter().map(Vec::as_slice)) {
            let finder = memmem::Finder::new(secret);
            for (places, source) in self.places.iter_mut().zip(&tree.sources) {
                places.extend(finder.find_iter(&source.bytes).map(|at| at..at + secret.len()));
            }
        }
        self.places.iter_mut().for_each(|places| *places = merged(std::mem::take(places)));
    }

    /// What is secret in a message is so in the payload that it came from, and in the masked one on the wire.
    fn spread_to_the_wire(&mut self, tree: &Tree) {
        let Some(payload) = find(&tree.layers, "websocket.payload").map(|node| &node.span) else { return };
        let (place, length) = (bytes(payload), tree.bytes(payload).len());
        let mut more: Vec<(SourceId, Range<usize>)> = Vec::new();
        for (source, places) in tree.sources.iter().zip(&self.places) {
            // Which bits of a compressed payload a secret came from is not known; how a fragment ends, is.
            let before = source.bytes.len().saturating_sub(length);
            match source.kind {
                SourceKind::Inflated if !places.is_empty() => more.push((payload.source, place.clone())),
                SourceKind::Reassembled => {
                    let ends = places.iter().filter(|range| range.end > before);
                    let inside = |at: usize| place.start + at.saturating_sub(before);
                    more.extend(ends.map(|range| (payload.source, inside(range.start)..inside(range.end))));
                }
                _ => {}
            }
        }
        self.extend(more);
        if let Some(masked) = find(&tree.layers, "websocket.masked_payload") {
            let begin = bytes(&masked.span).start;
            let on_the_wire = |range: &Range<usize>| {
                let from = |at: usize| begin + at.saturating_sub(place.start);
                (SourceId::WIRE, from(range.start)..from(range.end))
            };
            self.extend(self.places(payload.source).iter().map(on_the_wire).collect());
        }
    }

    fn extend(&mut self, more: Vec<(SourceId, Range<usize>)>) {
        for (source, range) in more {
            if let Some(places) = self.places.get_mut(usize::from(source.0)) {
                places.push(range);
            }
        }
        self.places.iter_mut().for_each(|places| *places = merged(std::mem::take(places)));
    }
}

fn is_name(node: &Node) -> bool {
    NAME_FIELDS.contains(&node.def.key)
}

/// The bytes that a span is in.
fn bytes(span: &Span) -> Range<usize> {
    (span.bits.start / 8) as usize..span.bits.end.div_ceil(8) as usize
}

/// The first field called `key`.
fn find<'a>(layers: &'a [Layer], key: &str) -> Option<&'a Node> {
    layers.iter().find_map(|layer| {
        layer.nodes.iter().find(|node| node.def.key == key).or_else(|| find(&layer.inside, key))
    })
}

/// Where a secret stands in a text, whole or cut off with `…`.
fn places(text: &str, secret: &str) -> Vec<Range<usize>> {
    let head = secret.char_indices().map(|(at, c)| at + c.len_utf8()).find(|end| *end >= SHORTEST);
    let Some(head) = head.and_then(|end| secret.get(..end)) else { return Vec::new() };
    let is_cut = text.contains('…');
    let mut found: Vec<Range<usize>> =
        text.match_indices(secret).map(|(at, _)| at..at + secret.len()).collect();
    for (at, _) in text.match_indices(head).filter(|_| is_cut) {
        let rest = text.get(at..).unwrap_or_default();
        let same =
            rest.chars().zip(secret.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
        if rest.get(same..).is_some_and(|behind| behind.starts_with('…')) {
            found.push(at..at + same);
        }
    }
    found
}

/// Where a short secret stands in a text as a word of its own.
fn words<'a>(text: &'a str, secret: &'a str) -> impl Iterator<Item = Range<usize>> {
    let is_free = |range: &Range<usize>| {
        let before = text.get(..range.start).and_then(|before| before.chars().next_back());
        let behind = text.get(range.end..).and_then(|behind| behind.chars().next());
        ![before, behind].into_iter().flatten().any(char::is_alphanumeric)
    };
    text.match_indices(secret).map(|(at, _)| at..at + secret.len()).filter(move |range| is_free(range))
}

/// Ranges in order; those that overlap are one.
/// A text with dots in these places, which are in order and apart from each other.
fn dotted(text: &str, places: impl IntoIterator<Item = Range<usize>>) -> String {
    let (mut masked, mut end) = (String::new(), 0);
    for place in places {
        masked.push_str(text.get(end..place.start).unwrap_or_default());
        masked.push_str(DOTS);
        end = place.end;
    }
    masked + text.get(end..).unwrap_or_default()
}

fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
