//! The value of a field in words.

use std::time::Duration;

use crate::decode::field::FieldKind;
use crate::decode::unit::{Node, Tree, Value};
use crate::words;

/// A value as text, at most about `limit` characters of it, with its name where it has one. It may hold a peer's raw
/// characters: whoever shows it escapes it.
pub fn text(node: &Node, tree: &Tree, limit: usize) -> String {
    let text = match &node.value {
        Value::None => String::new(),
        Value::Unsigned(number) => match node.def.value(*number) {
            Some(named) => format!("{number} ({})", named.name),
            None => number.to_string(),
        },
        Value::Flag(flag) => match (node.span.bits.end - node.span.bits.start == 1, flag) {
            (true, true) => "set",
            (true, false) => "not set",
            (false, true) => "yes",
            (false, false) => "no",
        }
        .to_owned(),
        Value::Text(text) | Value::Json(text) => text.clone(),
        Value::Duration(nanos) => words::duration(Duration::from_nanos(*nanos)),
        Value::Bytes => bytes_text(node, tree.bytes(&node.span), limit),
    };
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn bytes_text(node: &Node, bytes: &[u8], limit: usize) -> String {
    debug_assert_eq!(node.def.kind, FieldKind::Bytes);
    let size = words::count(bytes.len() as u64, "byte");
    let head = bytes.get(..limit.saturating_mul(4)).unwrap_or(bytes);
    match std::str::from_utf8(head) {
        Ok(text) if !text.is_empty() && !text.chars().any(|c| c.is_control() && !c.is_whitespace()) => {
            let quote = words::quote(text);
            format!("{size}, {quote}{text}{quote}")
        }
        _ => format!("{size}, {}", words::hex(bytes, 16)),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::decode::field::{FieldDef, FieldKind};
    use crate::decode::unit::{Source, SourceId, SourceKind, Span};

    static BODY: FieldDef =
        FieldDef { key: "x", label: "X", kind: FieldKind::Bytes, meaning: "", spec: "", values: &[] };

    #[test]
    fn bytes_are_counted_and_quoted_once() {
        for (bytes, expected) in [
            (&b"a"[..], "1 byte, \"a\""),
            (b"\"Invalid transport\"", "19 bytes, \"Invalid transport\""),
            (b"\xff\x00", "2 bytes, ff 00"),
            (b"", "0 bytes, "),
        ] {
            let span = Span::bytes(SourceId::WIRE, 0..bytes.len());
            let sources = vec![Source { kind: SourceKind::Wire, bytes: Bytes::from_static(bytes) }];
            let tree = Tree { layers: Vec::new(), sources };
            let node = Node { def: &BODY, span, value: Value::Bytes, children: Vec::new() };
            assert_eq!(text(&node, &tree, 200), expected);
        }
    }
}
