//! The operators of the filter language, as the help and the completion show them.

use crate::decode::field::FieldKind;
use crate::decode::field::FieldKind::{Bytes, Duration, Flag, Json, Text, Unsigned};

/// An operator, or another way to say something in a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// A whole filter that shows it.
    pub example: &'static str,
    /// What that filter finds.
    pub meaning: &'static str,
}

/// The language by example, for a help page.
pub fn reference() -> &'static [Row] {
    REFERENCE
}

const fn row(example: &'static str, meaning: &'static str) -> Row {
    Row { example, meaning }
}

static REFERENCE: &[Row] = &[
    row("hello", "this in the summary, whatever its case"),
    row("\"a sentence\"", "a text with spaces"),
    row("socketio", "units that speak this protocol"),
    row("engineio.sid", "units that have this field"),
    row("websocket.opcode == text", "a value by its name"),
    row("websocket.opcode != 1", "every value is another one"),
    row("any http.header.name != \"Host\"", "one value is another one"),
    row("http.response.code >= 400", "also <, <= and >"),
    row("websocket.opcode in {1, 2, 8..10}", "one of these values"),
    row("socketio.event contains \"mess\"", "a part of text or bytes"),
    row("http.host matches \"^local\"", "a regular expression, whatever the case; also ~"),
    row("websocket.payload[0:2] == 81:05", "two bytes from offset 0"),
    row("took > 10ms and time < 1.5s", "lengths of time, also ns, us, min and h"),
    row("conn == 3 && dir == c2s", "a connection, one way"),
    row("kind == frame || length > 100", "one of two conditions"),
    row("not (tcp or http)", "neither; also !"),
    row("finding.severity >= warning", "how bad; finding alone: any of them"),
    row("finding == \"websocket.unmasked_client_frame\"", "units that broke this rule"),
    row("engine == \"sid\"", "units of this engine session"),
    row("call.symbol contains \"handle\"", "units for which such a function was called"),
    row("call.package == \"project\" && call.duration > 1ms", "your own code, or it took long"),
];

/// An operator between a field and a value.
#[derive(Debug)]
pub(super) struct Operator {
    /// How it is written.
    pub sign: &'static str,
    /// What it asks.
    pub meaning: &'static str,
    /// The kinds of fields that it goes with.
    pub kinds: &'static [FieldKind],
}

const VALUES: &[FieldKind] = &[Unsigned, Flag, Text, Bytes, Duration, Json];
const ORDERED: &[FieldKind] = &[Unsigned, Text, Bytes, Duration, Json];
const SEARCHED: &[FieldKind] = &[Text, Bytes, Json];

const fn operator(sign: &'static str, meaning: &'static str, kinds: &'static [FieldKind]) -> Operator {
    Operator { sign, meaning, kinds }
}

/// The operators that can stand behind a field.
pub(super) static OPERATORS: &[Operator] = &[
    operator("==", "One of its values is this one.", VALUES),
    operator("!=", "All of its values are other ones.", VALUES),
    operator("<", "One of its values is less.", ORDERED),
    operator("<=", "One of its values is less, or this one.", ORDERED),
    operator(">", "One of its values is greater.", ORDERED),
    operator(">=", "One of its values is greater, or this one.", ORDERED),
    operator("in", "One of its values is in the braces.", VALUES),
    operator("contains", "One of its values holds this text, or these bytes.", SEARCHED),
    operator("matches", "A regular expression fits one of its values.", SEARCHED),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::filter::Filter;

    #[test]
    fn every_example_is_a_filter() {
        for row in reference() {
            Filter::parse(row.example).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}
