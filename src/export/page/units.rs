//! Units on a page: as rungs of the ladder, and with their layers and bytes.

use serde::Serialize;

use crate::decode;
use crate::decode::field::Severity;
use crate::decode::sink::Detail;
use crate::decode::unit::{Finding, Layer, Node, SourceId, Span, Tree, UnitKind};
use crate::escape;
use crate::explain;
use crate::session::headline;
use crate::session::{Session, StoreError, UnitRef, value};
use crate::wire::Direction;
use crate::words;

/// So many characters of a value are on a page.
const MAX_VALUE: usize = 400;

/// So many bytes of a source are on a page.
const MAX_BYTES: usize = 2048;

/// So many layers and fields of a unit are on a page.
const MAX_FIELDS: usize = 400;

/// A row of the ladder.
#[derive(Debug, Serialize)]
pub(super) struct Rung {
    pub unit: u32,
    pub at: String,
    pub conn: u32,
    pub dir: &'static str,
    pub text: String,
    protocol: &'static str,
    /// The names of its protocols, outermost first.
    tags: Vec<&'static str>,
    finding: Option<&'static str>,
}

/// A unit with all that is known of it.
#[derive(Debug, Serialize)]
pub(super) struct PageUnit {
    pub explain: String,
    pub findings: Vec<PageFinding>,
    pub layers: Vec<PageField>,
    pub sources: Vec<PageSource>,
}

/// What is wrong with a unit, or worth saying.
#[derive(Debug, Serialize)]
pub(super) struct PageFinding {
    pub severity: &'static str,
    pub text: String,
}

/// A layer or a field.
#[derive(Debug, Serialize)]
pub(super) struct PageField {
    pub name: &'static str,
    key: &'static str,
    pub text: String,
    source: u16,
    bits: [u64; 2],
    pub children: Vec<PageField>,
}

/// Bytes that fields were read from.
#[derive(Debug, Serialize)]
pub(super) struct PageSource {
    pub kind: &'static str,
    pub hex: String,
    /// How many were left out at the end.
    pub cut: usize,
}

/// A unit as a row of the ladder; openings and closings only where the page has more of them.
pub(super) fn rung(session: &Session, unit: &UnitRef, has_details: bool) -> Result<Option<Rung>, StoreError> {
    if matches!(unit.kind, UnitKind::Opened | UnitKind::Closed) && !has_details {
        return Ok(None);
    }
    let tree = session.look(unit, Detail::Tree)?;
    let headline = headline::of(&tree);
    Ok(Some(Rung {
        unit: unit.id.0,
        at: format!("{:.3} s", unit.at.0 as f64 / 1e9),
        conn: unit.conn.0,
        dir: dir(unit),
        text: shown(&headline.text, 160),
        protocol: headline.protocol,
        tags: decode::protocols()
            .filter(|p| headline.protocols.contains(&p.key) && !p.is_format)
            .map(|p| p.name)
            .collect(),
        finding: unit.severity.map(Severity::as_str),
    }))
}

/// `c2s` or `s2c`.
fn dir(unit: &UnitRef) -> &'static str {
    match unit.dir {
        Direction::ToServer => "c2s",
        Direction::ToClient => "s2c",
    }
}

/// A unit.
pub(super) fn unit(session: &Session, unit: &UnitRef) -> Result<PageUnit, StoreError> {
    let tree = session.look(unit, Detail::Tree)?;
    let told = explain::unit(session, unit, &tree);
    let mut left = MAX_FIELDS;
    let explained = [told.what, told.why, told.next].join(" ");
    Ok(PageUnit {
        explain: shown(explained.trim(), 2000),
        findings: session.findings(unit.id).iter().map(|(_, finding)| finding_of(finding)).collect(),
        layers: layers(&tree.layers, &tree, &mut left),
        sources: tree.sources.iter().map(|source| source_of(&source.bytes, source.kind.as_str())).collect(),
    })
}

fn finding_of(finding: &Finding) -> PageFinding {
    let told = explain::finding(finding);
    let text = [told.title, told.value, told.what]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join(": ");
    PageFinding { severity: finding.rule.severity.as_str(), text: shown(&text, 1000) }
}

fn source_of(bytes: &[u8], kind: &'static str) -> PageSource {
    let seen = bytes.get(..MAX_BYTES.min(bytes.len())).unwrap_or_default();
    let hex = seen.iter().map(|byte| format!("{byte:02x}")).collect();
    PageSource { kind, hex, cut: bytes.len() - seen.len() }
}

fn layers(layers: &[Layer], tree: &Tree, left: &mut usize) -> Vec<PageField> {
    let mut fields = Vec::new();
    for layer in layers {
        if *left == 0 {
            break;
        }
        *left -= 1;
        let mut children = nodes(&layer.nodes, tree, left);
        children.extend(self::layers(&layer.inside, tree, left));
        let (name, key) = (layer.protocol.name, layer.protocol.key);
        fields.push(field(name, key, &layer.summary, &layer.span, children));
    }
    fields
}

fn nodes(nodes: &[Node], tree: &Tree, left: &mut usize) -> Vec<PageField> {
    let mut fields = Vec::new();
    for node in nodes {
        if *left == 0 {
            break;
        }
        *left -= 1;
        let text = match node.def.key {
            // Random bytes that happen to be text are no text.
            "websocket.masking_key" | "websocket.masked_payload" => words::hex(tree.bytes(&node.span), 16),
            _ => value::text(node, tree, MAX_VALUE),
        };
        let children = self::nodes(&node.children, tree, left);
        fields.push(field(node.def.label, node.def.key, &text, &node.span, children));
    }
    fields
}

fn field(
    name: &'static str,
    key: &'static str,
    text: &str,
    span: &Span,
    children: Vec<PageField>,
) -> PageField {
    let SourceId(source) = span.source;
    PageField {
        name,
        key,
        text: shown(text, MAX_VALUE),
        source,
        bits: [span.bits.start, span.bits.end],
        children,
    }
}

/// A peer's text, harmless, and cut where it is long.
pub(super) fn shown(text: &str, limit: usize) -> String {
    let text = escape::line(text);
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}

impl PageUnit {
    /// The way to the n-th field of a name, from the outermost layers on.
    pub fn find(&self, key: &str, nth: usize) -> Option<Vec<usize>> {
        let mut left = nth;
        find(&self.layers, key, &mut left)
    }
}

fn find(fields: &[PageField], key: &str, left: &mut usize) -> Option<Vec<usize>> {
    for (at, field) in fields.iter().enumerate() {
        if field.key == key {
            if *left == 0 {
                return Some(vec![at]);
            }
            *left -= 1;
        }
        if let Some(mut way) = find(&field.children, key, left) {
            way.insert(0, at);
            return Some(way);
        }
    }
    None
}
