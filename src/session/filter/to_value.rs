//! "Filter to this value": the filter that finds a value again.

use super::literal::quoted;
use crate::decode::json::unquoted;
use crate::decode::unit::{Node, Tree, Value};

/// Of a longer text, only so many characters are asked for.
const MAX_TEXT: usize = 200;

/// Of longer bytes, only so many are asked for.
const MAX_BYTES: usize = 64;

/// The filter that finds the units with this value of this field. Of a long value it asks only for the beginning.
/// `None` where the value is no longer there.
pub fn for_value(node: &Node, tree: &Tree) -> Option<String> {
    let key = node.def.key;
    Some(match &node.value {
        Value::None => key.to_owned(),
        Value::Unsigned(number) => format!("{key} == {number}"),
        Value::Flag(flag) => format!("{key} == {flag}"),
        Value::Duration(nanos) => format!("{key} == {nanos}ns"),
        Value::Text(text) => for_text(key, text),
        Value::Json(written) if written.starts_with('"') => for_text(key, &unquoted(written)),
        Value::Json(written) => for_text(key, written),
        Value::Bytes => for_bytes(key, tree.bytes(&node.span)),
    })
}

fn for_text(key: &str, text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        None => format!("{key} == {}", quoted(text)),
        Some((end, _)) => format!("{key} contains {}", quoted(text.get(..end).unwrap_or_default())),
    }
}

fn for_bytes(key: &str, bytes: &[u8]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(":");
    match bytes.get(..MAX_BYTES) {
        _ if bytes.is_empty() => format!("{key} == \"\""),
        Some(head) if bytes.len() > MAX_BYTES => format!("{key}[0:{MAX_BYTES}] == {}", hex(head)),
        _ => format!("{key} == {}", hex(bytes)),
    }
}
