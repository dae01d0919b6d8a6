//! What the tests of the dissectors share: payloads to read, and what was said of them as lines of text.

use std::borrow::Cow;

use bytes::Bytes;

use crate::decode::dissect::{self, Carrier, Dissect, Payload};
use crate::decode::sink::{Detail, Sink};
use crate::decode::unit::{
    AnnouncedPacket, EngineIo, Fact, Finding, Layer, Memory, Node, SourceId, Span, Transport, Tree, UnitId,
    Value,
};
use crate::wire::Direction;

/// All depths of looking.
pub(crate) const DETAILS: [Detail; 3] = [Detail::Facts, Detail::Summary, Detail::Tree];

/// The body of a response with this media type.
pub(crate) fn body<'a>(media_type: &str, bytes: &'a [u8]) -> Payload<'a> {
    payload(Carrier::HttpBody { media_type: media_type.to_owned() }, bytes)
}

/// A WebSocket message to the client.
pub(crate) fn message(text: bool, bytes: &[u8]) -> Payload<'_> {
    payload(Carrier::WebSocketMessage { text }, bytes)
}

/// What an Engine.IO `message` packet to the client carries.
pub(crate) fn packet(text: bool, bytes: &[u8]) -> Payload<'_> {
    payload(Carrier::EngineIoMessage { text }, bytes)
}

fn payload(carrier: Carrier, bytes: &[u8]) -> Payload<'_> {
    Payload {
        bytes: Cow::Borrowed(bytes),
        source: SourceId::WIRE,
        offset: 0,
        carrier,
        dir: Direction::ToClient,
        unit: UnitId(7),
    }
}

/// The memory of a connection that speaks Engine.IO.
pub(crate) fn engineio(version: u8, transport: Transport) -> Memory {
    Memory { engineio: Some(EngineIo { version, transport }), ..Memory::default() }
}

/// Everything that was said of a payload.
pub(crate) struct Said {
    pub(crate) tree: Tree,
    pub(crate) findings: Vec<Finding>,
    pub(crate) facts: Vec<Fact>,
}

/// Lets one dissector read a payload, without what it carries.
pub(crate) fn dissect(by: &dyn Dissect, payload: &Payload<'_>, memory: &mut Memory, detail: Detail) -> Said {
    said(payload, detail, |sink| {
        sink.open_layer(by.def(), payload.whole());
        by.dissect(payload, memory, sink);
        sink.close_layer();
    })
}

/// Lets all dissectors read a payload.
pub(crate) fn read(payload: &Payload<'_>, memory: &mut Memory, detail: Detail) -> Said {
    said(payload, detail, |sink| dissect::payload(payload, memory, sink))
}

/// Lets all dissectors read a payload, given the packet that the units before it left, and leaves it to the next.
pub(crate) fn read_after(
    payload: &Payload<'_>,
    memory: &mut Memory,
    detail: Detail,
    announced: &mut Option<AnnouncedPacket>,
) -> Said {
    said(payload, detail, |sink| {
        sink.announced = announced.take();
        dissect::payload(payload, memory, sink);
        *announced = sink.announced.take();
    })
}

fn said(payload: &Payload<'_>, detail: Detail, by: impl FnOnce(&mut Sink)) -> Said {
    let mut sink = Sink::new(detail, Bytes::copy_from_slice(&payload.bytes));
    by(&mut sink);
    let (tree, findings, facts) = sink.finish();
    let said = Said { tree, findings, facts };
    // The first pass keeps no sources.
    if detail > Detail::Facts {
        said.spans_lie_in_their_sources();
    }
    said
}

impl Said {
    /// The summary of the outermost layer; empty where there is none.
    pub(crate) fn summary(&self) -> String {
        self.tree.layers.first().map(|l| l.summary.clone()).unwrap_or_default()
    }

    /// The summaries of all layers, outermost first, each behind its protocol.
    pub(crate) fn summaries(&self) -> Vec<String> {
        fn add(layer: &Layer, into: &mut Vec<String>) {
            into.push(format!("{}: {}", layer.protocol.key, layer.summary));
            layer.inside.iter().for_each(|l| add(l, into));
        }
        let mut all = Vec::new();
        self.tree.layers.iter().for_each(|l| add(l, &mut all));
        all
    }

    /// The fields of all layers, one a line: key, bytes (behind `sN:` where they are not on the wire), value.
    pub(crate) fn lines(&self) -> Vec<String> {
        fn add_node(node: &Node, level: usize, into: &mut Vec<String>) {
            let value = match &node.value {
                Value::None | Value::Bytes => String::new(),
                Value::Unsigned(n) | Value::Duration(n) => format!(" {n}"),
                Value::Flag(set) => format!(" {set}"),
                Value::Text(text) | Value::Json(text) => format!(" {text}"),
            };
            into.push(format!("{}{} {}{value}", "  ".repeat(level), node.def.key, place(&node.span)));
            node.children.iter().for_each(|n| add_node(n, level + 1, into));
        }
        fn add_layer(layer: &Layer, into: &mut Vec<String>) {
            layer.nodes.iter().for_each(|n| add_node(n, 0, into));
            layer.inside.iter().for_each(|l| add_layer(l, into));
        }
        let mut lines = Vec::new();
        self.tree.layers.iter().for_each(|l| add_layer(l, &mut lines));
        lines
    }

    /// The keys of the rules that were broken.
    pub(crate) fn rules(&self) -> Vec<&'static str> {
        self.findings.iter().map(|f| f.rule.key).collect()
    }

    /// Every span of a finding and of a field counts in bytes that exist.
    fn spans_lie_in_their_sources(&self) {
        fn nodes<'a>(list: &'a [Node], into: &mut Vec<&'a Span>) {
            for node in list {
                into.push(&node.span);
                nodes(&node.children, into);
            }
        }
        fn layers<'a>(list: &'a [Layer], into: &mut Vec<&'a Span>) {
            for layer in list {
                into.push(&layer.span);
                nodes(&layer.nodes, into);
                layers(&layer.inside, into);
            }
        }
        let mut spans: Vec<&Span> = self.findings.iter().map(|f| &f.span).collect();
        layers(&self.tree.layers, &mut spans);
        for span in spans {
            let source = &self.tree.sources[usize::from(span.source.0)];
            assert!(span.bits.start <= span.bits.end && span.bits.end <= source.bytes.len() as u64 * 8);
        }
    }
}

fn place(span: &Span) -> String {
    let source = if span.source == SourceId::WIRE { String::new() } else { format!("s{}:", span.source.0) };
    format!("{source}{}..{}", span.bits.start / 8, span.bits.end / 8)
}
