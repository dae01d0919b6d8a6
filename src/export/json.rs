//! Units as JSON for other programs: one object a line.
//!
//! | member | value |
//! |---|---|
//! | `id` | the unit's number, from 1, in the order in which units were complete; so `at` can run backwards a little |
//! | `conn` | the connection's number, from 1 |
//! | `dir` | `c2s` or `s2c` |
//! | `at` | when its first byte came, in nanoseconds since the session began |
//! | `took` | from its first byte to its last, in nanoseconds, exact to a microsecond |
//! | `kind` | `opened`, `tls`, `http-request`, `http-response`, `frame`, `opaque`, `closed`, `lost` or `message` |
//! | `length` | its bytes on the wire; where another program told of it, those that it told |
//! | `summary`, `tags` | what it says in a line; the keys of its protocols, outermost first |
//! | `layers` | each with `protocol`, `summary`, `span`, `fields` and the `layers` inside it |
//! | `fields` | each with `key`, `label`, `value`, `name` where the value has one, `span`, and the `fields` it consists of |
//! | `span` | `source`, an index into `sources`, and `bits`, first and end, counted from the source's first bit |
//! | `sources` | the bytes that spans count in, each with `kind` and `length`; the wire's first, or what was `told` in place of it |
//! | `findings` | each with `rule`, `severity`, `title`, `detail`, `spec` and `span` |
//! | `links` | the earlier units that it belongs to, each with `kind` and `to` |
//! | `engine_session` | the Engine.IO `sid`, where it belongs to one |
//! | `calls` | where it was traced: how certain it is that they belong to the unit, and the `tree` of calls, each with its `calls` |
//! | `note` | `marked` and `text`, where someone marked it or wrote something about it |
//!
//! The value of a field of bytes is their text where they are UTF-8, else `{"base64": …}`.

use std::io::{self, Write};

use base64::Engine as _;
use serde_json::{Map, Value as Json, json};

use crate::decode::sink::Detail;
use crate::decode::unit::{Finding, Layer, Link, Node, Span, Tree, UnitId, UnitKind, Value};
use crate::escape;
use crate::session::{Session, UnitRef, headline};

/// One unit as one line.
pub fn unit(session: &Session, unit: &UnitRef, out: &mut dyn Write) -> io::Result<()> {
    let mut object = Map::new();
    let mut put = |key: &str, value: Json| object.insert(key.to_owned(), value);
    put("id", unit.id.0.into());
    put("conn", unit.conn.0.into());
    put("dir", unit.dir.as_str().into());
    put("at", unit.at.0.into());
    put("took", unit.took.into());
    put("kind", kind(unit.kind).into());
    put("length", unit.length.into());
    match session.look(unit, Detail::Tree) {
        Ok(tree) => {
            let headline = headline::of(&tree);
            put("summary", headline.text.into());
            put("tags", headline.protocols.into());
            put("layers", tree.layers.iter().map(|l| layer(l, &tree)).collect());
            put(
                "sources",
                tree.sources
                    .iter()
                    .map(|s| json!({"kind": s.kind.as_str(), "length": s.bytes.len()}))
                    .collect(),
            );
        }
        Err(error) => {
            put("error", error.to_string().into());
        }
    }
    put("findings", session.findings(unit.id).iter().map(finding).collect());
    put("links", session.links(unit.id).iter().map(link).collect());
    if let Some(engine) = session.engine_session(unit) {
        put("engine_session", engine.sid.clone().into());
    }
    if let Some(calls) = super::calls::json(session, unit) {
        put("calls", calls);
    }
    if let Some(note) = session.note(unit.id) {
        object.insert("note".to_owned(), json!({"marked": note.marked, "text": note.text}));
    }
    let text = serde_json::to_string(&object)?;
    writeln!(out, "{}", escape::json(&text))
}

fn kind(kind: UnitKind) -> &'static str {
    match kind {
        UnitKind::Opened => "opened",
        UnitKind::Tls => "tls",
        UnitKind::HttpRequest => "http-request",
        UnitKind::HttpResponse => "http-response",
        UnitKind::Frame => "frame",
        UnitKind::Opaque => "opaque",
        UnitKind::Closed => "closed",
        UnitKind::Lost => "lost",
        UnitKind::Message => "message",
    }
}

fn layer(layer: &Layer, tree: &Tree) -> Json {
    json!({
        "protocol": layer.protocol.key,
        "summary": layer.summary,
        "span": span(&layer.span),
        "fields": layer.nodes.iter().map(|n| field(n, tree)).collect::<Vec<_>>(),
        "layers": layer.inside.iter().map(|l| self::layer(l, tree)).collect::<Vec<_>>(),
    })
}

fn field(node: &Node, tree: &Tree) -> Json {
    let mut object = Map::new();
    let mut put = |key: &str, value: Json| object.insert(key.to_owned(), value);
    put("key", node.def.key.into());
    put("label", node.def.label.into());
    put("value", value(node, tree));
    if let Value::Unsigned(number) = node.value
        && let Some(named) = node.def.value(number)
    {
        put("name", named.name.into());
    }
    put("span", span(&node.span));
    if !node.children.is_empty() {
        put("fields", node.children.iter().map(|n| field(n, tree)).collect());
    }
    Json::Object(object)
}

fn value(node: &Node, tree: &Tree) -> Json {
    match &node.value {
        Value::None => Json::Null,
        Value::Unsigned(number) | Value::Duration(number) => (*number).into(),
        Value::Flag(flag) => (*flag).into(),
        Value::Text(text) | Value::Json(text) => text.as_str().into(),
        Value::Bytes => {
            let bytes = tree.bytes(&node.span);
            match std::str::from_utf8(bytes) {
                Ok(text) => text.into(),
                Err(_) => json!({"base64": base64::engine::general_purpose::STANDARD.encode(bytes)}),
            }
        }
    }
}

fn span(span: &Span) -> Json {
    json!({"source": span.source.0, "bits": [span.bits.start, span.bits.end]})
}

fn finding((_, finding): &(UnitId, Finding)) -> Json {
    json!({
        "rule": finding.rule.key,
        "severity": finding.rule.severity.as_str(),
        "title": finding.rule.title,
        "detail": finding.detail,
        "spec": finding.rule.spec,
        "span": span(&finding.span),
    })
}

fn link((_, link): &(UnitId, Link)) -> Json {
    json!({"kind": link.kind.as_str(), "to": link.to.0})
}
