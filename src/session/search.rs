//! Search: where a text, a regular expression or bytes stand in what a unit says and in its bytes.

use std::fmt;
use std::sync::Arc;

use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};

use super::filter::{hex, regex_error};
use super::{Session, StoreError, UnitRef, headline};
use crate::decode::sink::Only;
use crate::decode::unit::{Layer, Node, SourceId, SourceKind, Span, Tree, Value};

/// A longer text is not searched for.
const MAX_LENGTH: usize = 10_000;

/// A compiled regular expression may take so many bytes of memory.
const MAX_PATTERN: usize = 1 << 20;

/// What is searched for. Cheap to clone.
///
/// | written | finds |
/// |---|---|
/// | `hello` | this text; capitals and small letters are told apart only if it has a capital |
/// | `/h.llo/`, `re:h.llo` | what this regular expression fits, told apart likewise |
/// | `hex:81 05` | these bytes |
#[derive(Clone, Debug)]
pub struct Query {
    text: Arc<str>,
    needle: Needle,
    only: Arc<Only>,
}

#[derive(Clone, Debug)]
enum Needle {
    /// A text, as a pattern.
    Text(Regex),
    Pattern(Regex),
    Bytes(Arc<Finder<'static>>),
}

/// A text that cannot be searched for; says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// What was expected, as a sentence without its full stop.
    pub message: String,
}

/// Where a unit was hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hit {
    /// In what it says in a line.
    Summary,
    /// In the value of a field.
    Field {
        /// The field's key.
        key: &'static str,
        /// Where the whole field was read from.
        span: Span,
    },
    /// In bytes: of the wire, or derived from them.
    Bytes(Span),
}

impl Query {
    /// Reads what is to be searched for.
    pub fn parse(text: &str) -> Result<Query, QueryError> {
        let wrong = |message: String| QueryError { message };
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(wrong(format!("expected a text of 1 to {MAX_LENGTH} bytes")));
        }
        let between =
            text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|p| !p.is_empty());
        let needle = if let Some(digits) = text.strip_prefix("hex:") {
            let is_between = |c: char| c.is_ascii_whitespace() || c == ':' || c == '-';
            let bytes = hex(digits.trim(), is_between);
            let bytes = bytes.ok_or_else(|| wrong("expected bytes such as hex:81 05".to_owned()))?;
            Needle::Bytes(Arc::new(Finder::new(&bytes).into_owned()))
        } else if let Some(pattern) = text.strip_prefix("re:").or(between) {
            Needle::Pattern(smart(pattern).map_err(|error| wrong(regex_error(&error)))?)
        } else {
            Needle::Text(smart(&regex::escape(text)).map_err(|error| wrong(regex_error(&error)))?)
        };
        let is_text = !matches!(needle, Needle::Bytes(_));
        let only = Arc::new(Only { fields: Vec::new(), texts: is_text, summaries: is_text });
        Ok(Query { text: text.into(), needle, only })
    }

    /// Where a unit is hit first: in its summary, in its fields, or in its bytes. Fails where its bytes cannot be read
    /// back.
    pub fn matches(&self, session: &Session, unit: &UnitRef) -> Result<Option<Hit>, StoreError> {
        let tree = session.look_for(unit, &self.only)?;
        let said = match &self.needle {
            // Texts are short and many, so that it is quicker to search all of them at once, and again where there is a hit.
            Needle::Text(regex) if !regex.is_match(all_said(&tree).as_bytes()) => None,
            Needle::Text(regex) | Needle::Pattern(regex) => said(regex, &tree),
            Needle::Bytes(_) => None,
        };
        Ok(said.or_else(|| self.in_sources(&tree)))
    }

    /// The first place in the unit's own bytes.
    fn in_sources(&self, tree: &Tree) -> Option<Hit> {
        let own = (0..).zip(&tree.sources).filter(|(_, source)| {
            // These are there to explain the unit, and belong to earlier ones.
            !matches!(source.kind, SourceKind::Request | SourceKind::Attachment)
        });
        own.filter_map(|(id, source)| {
            let range = match &self.needle {
                Needle::Text(regex) | Needle::Pattern(regex) => {
                    regex.find(&source.bytes).map(|found| found.range())
                }
                Needle::Bytes(finder) => finder.find(&source.bytes).map(|at| at..at + finder.needle().len()),
            };
            range.map(|range| Hit::Bytes(Span::bytes(SourceId(id), range)))
        })
        .next()
    }
}

/// The text that it was read from.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A pattern that tells capitals from small letters only if it has a capital of its own; those of escapes such as `\S` do
/// not count.
fn smart(pattern: &str) -> Result<Regex, regex::Error> {
    let mut is_escaped = false;
    let has_capital = pattern.chars().any(|c| {
        let counts = !is_escaped && c.is_uppercase();
        is_escaped = c == '\\' && !is_escaped;
        counts
    });
    RegexBuilder::new(pattern).case_insensitive(!has_capital).size_limit(MAX_PATTERN).build()
}

/// All that a unit says, one below the other.
fn all_said(tree: &Tree) -> String {
    let mut all = headline::of(tree).text;
    let mut layers: Vec<&Layer> = tree.layers.iter().collect();
    while let Some(layer) = layers.pop() {
        layers.extend(&layer.inside);
        let mut nodes: Vec<&Node> = layer.nodes.iter().collect();
        while let Some(node) = nodes.pop() {
            nodes.extend(&node.children);
            let text = match &node.value {
                Value::Text(text) | Value::Json(text) => text.as_str(),
                Value::Unsigned(number) => node.def.value(*number).map_or("", |named| named.name),
                Value::None | Value::Flag(_) | Value::Duration(_) | Value::Bytes => "",
            };
            all.push('\n');
            all.push_str(text);
        }
    }
    all
}

fn said(regex: &Regex, tree: &Tree) -> Option<Hit> {
    let summary = headline::of(tree).text;
    if regex.is_match(summary.as_bytes()) {
        return Some(Hit::Summary);
    }
    in_layers(regex, &tree.layers)
}

fn in_layers(regex: &Regex, layers: &[Layer]) -> Option<Hit> {
    layers.iter().find_map(|layer| in_nodes(regex, &layer.nodes).or_else(|| in_layers(regex, &layer.inside)))
}

fn in_nodes(regex: &Regex, nodes: &[Node]) -> Option<Hit> {
    nodes.iter().find_map(|node| match is_in_value(regex, node) {
        // The innermost field says best where it is.
        true => in_nodes(regex, &node.children)
            .or_else(|| Some(Hit::Field { key: node.def.key, span: node.span.clone() })),
        false => in_nodes(regex, &node.children),
    })
}

/// Whether a value is hit. Bytes are searched as sources.
fn is_in_value(regex: &Regex, node: &Node) -> bool {
    match &node.value {
        Value::Text(text) | Value::Json(text) => regex.is_match(text.as_bytes()),
        Value::Unsigned(number) => {
            node.def.value(*number).is_some_and(|named| regex.is_match(named.name.as_bytes()))
        }
        Value::None | Value::Flag(_) | Value::Duration(_) | Value::Bytes => false,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::decode::limits::MAX_MESSAGE;
    use crate::decode::unit::UnitId;
    use crate::session::testing::Kept;
    use crate::wire::{ConnId, Direction, Record, Timestamp, What};

    const UPGRADE: &[u8] = b"GET /chat HTTP/1.1\r\nHost: Example.org\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    const SWITCH: &[u8] =
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    /// An upgrade (1, 2), and the masked text "Hello" of RFC 6455 §5.7 (3).
    fn session() -> Session {
        use Direction::{ToClient, ToServer};
        let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        let said = [(ToServer, UPGRADE), (ToClient, SWITCH), (ToServer, &hello[..])];
        let kept = said.iter().map(|(_, bytes)| Bytes::from_static(bytes)).collect();
        let mut session = Session::new(Box::new(Kept(kept)), MAX_MESSAGE).unwrap();
        for (index, (dir, bytes)) in said.into_iter().enumerate() {
            let what = What::Received { dir, bytes: Bytes::from_static(bytes) };
            let record = Record { at: Timestamp(index as u64), conn: ConnId(1), what };
            session.ingest(&record, index as u64).unwrap();
        }
        session
    }

    fn check(text: &str, unit: u32, expected: Option<Hit>) {
        let session = session();
        let query = Query::parse(text).unwrap();
        assert_eq!(query.to_string(), text);
        let found = query.matches(&session, &session.unit(UnitId(unit)).unwrap()).unwrap();
        assert_eq!(found, expected, "{text}");
    }

    /// Bytes of a source of the "Hello" frame.
    fn bytes(source: u16, range: std::ops::Range<usize>) -> Option<Hit> {
        Some(Hit::Bytes(Span::bytes(SourceId(source), range)))
    }

    #[test]
    fn a_text_is_found_where_it_stands_first() {
        check("hello", 3, Some(Hit::Summary));
        check("Hello", 3, Some(Hit::Summary));
        check("HELLO", 3, None);
        let host = UPGRADE.windows(11).position(|w| w == b"Example.org").unwrap();
        let span = Span::bytes(SourceId::WIRE, host..host + 11);
        check("example.org", 1, Some(Hit::Field { key: "http.host", span }));
        check("example.org", 3, None);
    }

    #[test]
    fn a_regular_expression_is_found() {
        check("/^.*h.llo/", 3, Some(Hit::Summary));
        check(r"re:\Sello", 3, Some(Hit::Summary));
        check("/E.*lo/", 3, None);
        // One stroke alone is a text.
        check("/", 3, None);
    }

    #[test]
    fn bytes_are_found_on_the_wire_and_in_what_is_derived_from_it() {
        check("hex:81 85", 3, bytes(0, 0..2));
        check("hex:37fa:21-3d", 3, bytes(0, 2..6));
        check("hex:48656c6c6f", 3, bytes(1, 0..5));
        check("hex:ff", 3, None);
    }

    #[test]
    fn the_request_that_a_response_answers_is_no_hit_of_the_response() {
        check("/chat", 2, None);
        check("hex:2f63686174", 2, None);
    }

    #[test]
    fn what_cannot_be_searched_for_says_why() {
        for (text, message) in [
            ("", "expected a text of 1 to 10000 bytes"),
            ("hex:8", "expected bytes such as hex:81 05"),
            ("hex:", "expected bytes such as hex:81 05"),
            ("/(/", "no regular expression: unclosed group"),
            ("re:a{1000}{1000}", "this regular expression is too large"),
        ] {
            assert_eq!(Query::parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }
}
