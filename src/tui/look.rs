//! The selected unit, decoded: its layers and fields as a list, each with the bytes it was read from.

use std::collections::HashMap;
use std::ops::Range;

use crate::decode::field::{FieldDef, ProtocolDef};
use crate::decode::sink::Detail;
use crate::decode::unit::{Layer, Node, SourceId, SourceKind, Span, Tree};
use crate::session::secrets::{Names, Secrets};
use crate::session::{Session, StoreError, UnitRef, value};
use crate::words;

/// So many characters of a value are kept for its row.
const MAX_VALUE: usize = 2000;

/// The unit that someone looks at.
#[derive(Clone, Debug)]
pub struct Look {
    /// What the index knows of it.
    pub unit: UnitRef,
    /// Its layers and bytes.
    pub tree: Tree,
    /// The layers and fields in the order in which they are listed, each before what is inside it.
    pub items: Vec<Item>,
    /// What is hidden of it: gone from the items and the bytes.
    pub secrets: Secrets,
}

/// A layer or a field of the list.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// How many items it is inside of.
    pub depth: usize,
    /// Where its bytes are.
    pub span: Span,
    /// What it says; raw text of a peer.
    pub text: String,
    /// The item behind the last one that is inside it.
    pub end: usize,
    /// The item that it is inside of.
    pub parent: Option<usize>,
    /// How many items of the same name stand before it inside the same item.
    pub nth: u32,
}

/// What an item of the list is.
#[derive(Clone, Copy, Debug)]
pub enum ItemKind {
    /// A protocol's view.
    Layer(&'static ProtocolDef),
    /// A field.
    Field(&'static FieldDef),
}

impl ItemKind {
    /// The name in filters.
    pub fn key(&self) -> &'static str {
        match self {
            ItemKind::Layer(protocol) => protocol.key,
            ItemKind::Field(field) => field.key,
        }
    }

    /// The name on the screen.
    pub fn label(&self) -> &'static str {
        match self {
            ItemKind::Layer(protocol) => protocol.name,
            ItemKind::Field(field) => field.label,
        }
    }
}

impl Look {
    /// Looks at a unit, without its secrets where such are to be hidden. Fails where its bytes cannot be read back.
    pub fn at(session: &Session, unit: UnitRef, hidden: Option<&Names>) -> Result<Look, StoreError> {
        let mut tree = session.look(&unit, Detail::Tree)?;
        let secrets = hidden.map(|names| Secrets::of(&tree, names)).unwrap_or_default();
        secrets.hide(&mut tree);
        let mut items = Vec::new();
        tree.layers.iter().for_each(|l| layer(l, &tree, None, 0, &mut items));
        if secrets.has_any() {
            items.iter_mut().for_each(|item| item.text = secrets.mask_field(&item.span, &item.text));
        }
        number(&mut items);
        Ok(Look { unit, tree, items, secrets })
    }

    /// The innermost item that a byte belongs to. Of items of one length the first, which has them inside it, gives way.
    pub fn item_at(&self, source: SourceId, byte: usize) -> Option<usize> {
        let bits = byte as u64 * 8..byte as u64 * 8 + 8;
        let covers =
            |span: &Span| span.source == source && span.bits.start < bits.end && bits.start < span.bits.end;
        let covering = self.items.iter().enumerate().filter(|(_, item)| covers(&item.span));
        covering
            .min_by_key(|(at, item)| (item.span.bits.end - item.span.bits.start, usize::MAX - at))
            .map(|(at, _)| at)
    }

    /// The innermost layer that is a conversation, which says most; text and JSON are only how it is written.
    pub fn innermost(&self) -> Option<usize> {
        let is_said = |item: &Item| matches!(item.kind, ItemKind::Layer(protocol) if !protocol.is_format);
        let layers = self.items.iter().enumerate().filter(|(_, item)| is_said(item));
        layers.max_by_key(|(at, item)| (item.depth, usize::MAX - at)).map(|(at, _)| at)
    }

    /// The decoded field of an item.
    pub fn node(&self, item: usize) -> Option<&Node> {
        let mut passed = 0;
        self.tree.layers.iter().find_map(|layer| find_in_layer(layer, item, &mut passed))
    }

    /// The decoded layer of an item.
    pub fn layer(&self, item: usize) -> Option<&Layer> {
        let mut passed = 0;
        self.tree.layers.iter().find_map(|layer| find_layer(layer, item, &mut passed))
    }

    /// The names of an item and of all that it is inside of, with numbers where several have one name. By these a fold
    /// outlives the unit it was made on.
    pub fn path(&self, item: usize) -> String {
        let Some(found) = self.items.get(item) else { return String::new() };
        let above = found.parent.map(|parent| self.path(parent) + "/").unwrap_or_default();
        match found.nth {
            0 => above + found.kind.key(),
            nth => format!("{above}{}#{nth}", found.kind.key()),
        }
    }

    /// The first item called `key`.
    pub fn find(&self, key: &str) -> Option<usize> {
        self.items.iter().position(|item| item.kind.key() == key)
    }

    /// Whether an item is `other`, or inside of it.
    pub fn is_inside(&self, item: usize, other: usize) -> bool {
        self.items.get(other).is_some_and(|found| (other..found.end).contains(&item))
    }

    /// The bytes of a source.
    pub fn bytes(&self, source: SourceId) -> &[u8] {
        self.tree.sources.get(usize::from(source.0)).map(|source| source.bytes.as_ref()).unwrap_or_default()
    }

    /// How the bytes of a source came to be.
    pub fn source_kind(&self, source: SourceId) -> Option<SourceKind> {
        self.tree.sources.get(usize::from(source.0)).map(|source| source.kind)
    }

    /// The sources that have bytes.
    pub fn sources(&self) -> impl Iterator<Item = SourceId> {
        let numbered = (0..).zip(&self.tree.sources);
        numbered.filter(|(_, source)| !source.bytes.is_empty()).map(|(id, _)| SourceId(id))
    }

    /// The masked payload on the wire, and the source with the same bytes unmasked.
    pub fn masked(&self) -> Option<(Range<usize>, SourceId)> {
        let masked = self.items.get(self.find("websocket.masked_payload")?)?;
        let plain = self.items.get(self.find("websocket.payload")?)?;
        Some((byte_range(&masked.span), plain.span.source))
    }

    /// The bytes of `source` that say what `span` says, where that is in another source: a masked byte and the same byte
    /// unmasked; the whole payload for bytes of a message that was inflated from it.
    pub fn counterpart(&self, span: &Span, source: SourceId) -> Option<Range<usize>> {
        let bytes = byte_range(span);
        if bytes.is_empty() || span.source == source {
            return None;
        }
        if let Some((wire, plain)) = self.masked() {
            if span.source == plain && source == SourceId::WIRE {
                return Some(wire.start + bytes.start..wire.start + bytes.end);
            }
            if span.source == SourceId::WIRE && source == plain {
                let inside = bytes.start.max(wire.start)..bytes.end.min(wire.end);
                return (!inside.is_empty()).then(|| inside.start - wire.start..inside.end - wire.start);
            }
        }
        let payload = self.items.get(self.find("websocket.payload")?)?;
        if self.source_kind(span.source) != Some(SourceKind::Inflated) {
            return None;
        }
        match payload.span.source == source {
            true => Some(byte_range(&payload.span)),
            false => self.masked().filter(|_| source == SourceId::WIRE).map(|(wire, _)| wire),
        }
    }

    /// The items that are listed where those in `folded` show nothing of what is inside them.
    pub fn listed(&self, folded: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut listed = Vec::new();
        let mut at = 0;
        while let Some(item) = self.items.get(at) {
            listed.push(at);
            at = if item.end > at + 1 && folded(at) { item.end } else { at + 1 };
        }
        listed
    }
}

/// The bytes that a span is in; those it only shares count too.
pub fn byte_range(span: &Span) -> Range<usize> {
    (span.bits.start / 8) as usize..span.bits.end.div_ceil(8) as usize
}

/// Numbers the items that have one name inside one item.
fn number(items: &mut [Item]) {
    let mut seen: HashMap<(Option<usize>, &str), u32> = HashMap::new();
    for item in items {
        let next = seen.entry((item.parent, item.kind.key())).or_default();
        item.nth = *next;
        *next += 1;
    }
}

fn layer(layer: &Layer, tree: &Tree, parent: Option<usize>, depth: usize, items: &mut Vec<Item>) {
    let own = items.len();
    items.push(Item {
        kind: ItemKind::Layer(layer.protocol),
        depth,
        span: layer.span.clone(),
        text: layer.summary.chars().take(MAX_VALUE).collect(),
        end: 0,
        parent,
        nth: 0,
    });
    layer.nodes.iter().for_each(|n| node(n, tree, own, depth + 1, items));
    layer.inside.iter().for_each(|l| self::layer(l, tree, Some(own), depth + 1, items));
    let end = items.len();
    if let Some(item) = items.get_mut(own) {
        item.end = end;
    }
}

fn node(node: &Node, tree: &Tree, parent: usize, depth: usize, items: &mut Vec<Item>) {
    let own = items.len();
    items.push(Item {
        kind: ItemKind::Field(node.def),
        depth,
        span: node.span.clone(),
        text: match node.def.key {
            // Random bytes that happen to be text are no text.
            "websocket.masking_key" | "websocket.masked_payload" => words::hex(tree.bytes(&node.span), 16),
            _ => value::text(node, tree, MAX_VALUE),
        },
        end: 0,
        parent: Some(parent),
        nth: 0,
    });
    node.children.iter().for_each(|n| self::node(n, tree, own, depth + 1, items));
    let end = items.len();
    if let Some(item) = items.get_mut(own) {
        item.end = end;
    }
}

fn find_in_layer<'a>(layer: &'a Layer, item: usize, passed: &mut usize) -> Option<&'a Node> {
    *passed += 1;
    let own = layer.nodes.iter().find_map(|node| find_in_node(node, item, passed));
    own.or_else(|| layer.inside.iter().find_map(|inside| find_in_layer(inside, item, passed)))
}

fn find_layer<'a>(layer: &'a Layer, item: usize, passed: &mut usize) -> Option<&'a Layer> {
    if *passed == item {
        return Some(layer);
    }
    *passed += 1 + layer.nodes.iter().map(count).sum::<usize>();
    layer.inside.iter().find_map(|inside| find_layer(inside, item, passed))
}

/// A field with all that is inside it.
fn count(node: &Node) -> usize {
    1 + node.children.iter().map(count).sum::<usize>()
}

fn find_in_node<'a>(node: &'a Node, item: usize, passed: &mut usize) -> Option<&'a Node> {
    if *passed == item {
        return Some(node);
    }
    *passed += 1;
    node.children.iter().find_map(|child| find_in_node(child, item, passed))
}
