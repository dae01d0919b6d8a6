//! Where dissectors write. One parser serves three depths of looking, so they cannot disagree.

use std::sync::Arc;

use bytes::Bytes;

use super::field::{FieldDef, ProtocolDef, Rule};
use super::unit::{
    AnnouncedPacket, Fact, Finding, Layer, Node, Source, SourceId, SourceKind, Span, Tree, Value,
};

/// How much a dissector is asked to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Findings and facts alone: the first pass over every unit.
    Facts,
    /// Layers with their summaries as well: a row of a list.
    Summary,
    /// Fields and derived bytes as well: the unit that someone looks at.
    Tree,
}

/// The only fields that are kept of a tree, where someone asks many units for a few of them.
#[derive(Debug, Default)]
pub struct Only {
    /// Their definitions.
    pub fields: Vec<&'static FieldDef>,
    /// Whether those are wanted too that say something in words.
    pub texts: bool,
    /// Whether summaries are wanted too.
    pub summaries: bool,
}

impl Only {
    /// The value of a field, where the field is one of these.
    fn kept(&self, def: &'static FieldDef, value: impl FnOnce() -> Value) -> Option<Value> {
        if self.fields.iter().any(|field| std::ptr::eq(*field, def)) {
            return Some(value());
        }
        let is_text = |value: &Value| match value {
            Value::Text(_) | Value::Json(_) => true,
            Value::Unsigned(number) => def.value(*number).is_some(),
            Value::None | Value::Flag(_) | Value::Duration(_) | Value::Bytes => false,
        };
        self.texts.then(value).filter(is_text)
    }
}

/// At most so many findings are kept for a unit; a hostile peer could make thousands.
const MAX_FINDINGS: usize = 32;

/// At most so many nodes are made for a unit.
const MAX_NODES: usize = 50_000;

/// Collects what dissectors say of one unit.
#[derive(Debug)]
pub struct Sink {
    detail: Detail,
    only: Option<Arc<Only>>,
    findings: Vec<Finding>,
    facts: Vec<Fact>,
    /// The packet that attachments belong to: what earlier units left, and then what this one leaves to later ones. Not
    /// kept where only facts are wanted.
    pub announced: Option<AnnouncedPacket>,
    tree: Tree,
    sources: u16,
    open_layers: Vec<Layer>,
    /// None for one that is not kept, although something inside it may be.
    open_nodes: Vec<Option<Node>>,
    nodes: usize,
}

impl Sink {
    /// An empty sink for a unit whose bytes on the wire are `wire`.
    pub fn new(detail: Detail, wire: Bytes) -> Sink {
        let mut sink = Sink {
            detail,
            only: None,
            findings: Vec::new(),
            facts: Vec::new(),
            announced: None,
            tree: Tree::default(),
            sources: 0,
            open_layers: Vec::new(),
            open_nodes: Vec::new(),
            nodes: 0,
        };
        sink.source(SourceKind::Wire, wire);
        sink
    }

    /// Keeps only these fields.
    pub fn keep_only(&mut self, only: Arc<Only>) {
        self.only = Some(only);
    }

    /// An empty sink for a unit that another program tells of, in these bytes.
    pub fn told(detail: Detail, bytes: Bytes) -> Sink {
        let mut sink = Sink::new(detail, bytes);
        sink.tree.sources.iter_mut().for_each(|source| source.kind = SourceKind::Told);
        sink
    }

    /// How much is wanted. Ask before doing work whose only use is a field or a summary.
    pub fn detail(&self) -> Detail {
        self.detail
    }

    /// Whether fields are kept.
    pub fn wants_fields(&self) -> bool {
        self.detail == Detail::Tree
    }

    /// Adds derived bytes. They are numbered alike at every depth, and kept unless only facts are wanted.
    ///
    /// `None` where the unit has derived more sources than any honest unit does; then say no more of it.
    pub fn source(&mut self, kind: SourceKind, bytes: Bytes) -> Option<SourceId> {
        let id = self.sources;
        self.sources = id.checked_add(1)?;
        if self.detail > Detail::Facts {
            self.tree.sources.push(Source { kind, bytes });
        }
        Some(SourceId(id))
    }

    /// Opens a layer inside the layer that is open. Each is closed by [`Sink::close_layer`].
    pub fn open_layer(&mut self, protocol: &'static ProtocolDef, span: Span) {
        if self.detail >= Detail::Summary {
            self.open_layers.push(Layer {
                protocol,
                span,
                summary: String::new(),
                says_more: false,
                nodes: Vec::new(),
                inside: Vec::new(),
            });
        }
    }

    /// Closes the innermost open layer.
    pub fn close_layer(&mut self) {
        if let Some(layer) = self.open_layers.pop() {
            match self.open_layers.last_mut() {
                Some(outer) => outer.inside.push(layer),
                None => self.tree.layers.push(layer),
            }
        }
    }

    /// Says what the open layer is about, in a line. The text may hold a peer's raw characters: whoever
    /// shows it escapes it. Not called unless a summary is wanted.
    pub fn summary(&mut self, text: impl FnOnce() -> String) {
        if self.only.as_ref().is_some_and(|only| !only.summaries) {
            return;
        }
        if let Some(layer) = self.open_layers.last_mut() {
            layer.summary = text();
        }
    }

    /// Says that the open layer's summary tells of things that none of the layers inside it tells of.
    pub fn says_more(&mut self) {
        if let Some(layer) = self.open_layers.last_mut() {
            layer.says_more = true;
        }
    }

    /// Adds a field. Its value is only computed if fields are kept.
    pub fn field(&mut self, def: &'static FieldDef, span: Span, value: impl FnOnce() -> Value) {
        self.open(def, span, value);
        self.close();
    }

    /// Adds a field whose parts follow, up to [`Sink::close`].
    pub fn open(&mut self, def: &'static FieldDef, span: Span, value: impl FnOnce() -> Value) {
        if self.wants_fields() {
            let node = |value| Node { def, span, value, children: Vec::new() };
            let kept = match &self.only {
                None => Some(node(value())),
                Some(only) => only.kept(def, value).map(node),
            };
            self.open_nodes.push(kept);
        }
    }

    /// Ends the field that was opened last.
    pub fn close(&mut self) {
        let Some(Some(node)) = self.open_nodes.pop() else { return };
        if self.nodes >= MAX_NODES {
            return;
        }
        self.nodes += 1;
        match (self.open_nodes.iter_mut().rev().flatten().next(), self.open_layers.last_mut()) {
            (Some(outer), _) => outer.children.push(node),
            (None, Some(layer)) => layer.nodes.push(node),
            (None, None) => {}
        }
    }

    /// Adds a finding.
    pub fn finding(&mut self, rule: &'static Rule, span: Span, detail: impl Into<String>) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(Finding { rule, span, detail: detail.into() });
        }
    }

    /// Whether something of this kind was found already, so that a more general finding need not be added.
    pub fn has_found(&self, kind: impl Fn(&Rule) -> bool) -> bool {
        self.findings.iter().any(|finding| kind(finding.rule))
    }

    /// Adds a fact for the session.
    pub fn fact(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    /// What was said: the tree, and what the first pass keeps.
    pub fn finish(self) -> (Tree, Vec<Finding>, Vec<Fact>) {
        (self.tree, self.findings, self.facts)
    }
}
