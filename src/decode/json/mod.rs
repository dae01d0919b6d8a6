//! JSON, RFC 8259: a payload that consists of it, and the values of the JSON texts inside other protocols.

pub(crate) mod line;
mod outline;

use std::borrow::Cow;

use serde::de::IgnoredAny;

use self::line::Line;
use self::outline::{Item, Kind, outline};
use super::dissect::{Carrier, Dissect, Payload};
use super::field::{FieldDef, ProtocolDef, fields};
use super::sink::{Detail, Sink};
use super::unit::{Memory, SourceId, Span, Value};

/// JSON.
pub struct Json;

static PROTOCOL: ProtocolDef = ProtocolDef {
    key: "json",
    name: "JSON",
    is_format: true,
    meaning: "Writes numbers, texts, lists and named values as text.",
    spec: "RFC 8259",
    fields: FIELDS,
    rules: &[],
};

fields! {
    OBJECT = Group "json.object", "Object",
        "A set of named values in braces; their order has no meaning.", "RFC 8259 §4";
    ARRAY = Group "json.array", "Array",
        "A list of values in brackets; their order has a meaning.", "RFC 8259 §5";
    MEMBER = Text "json.member", "Member",
        "A name and the value that belongs to it.", "RFC 8259 §4";
    KEY = Text "json.key", "Key",
        "The name of a member; a receiver may keep only one of two members with the same name.", "RFC 8259 §4";
    STRING = Text "json.value.string", "String",
        "A text, here with its escapes such as \\n resolved.", "RFC 8259 §7";
    NUMBER = Json "json.value.number", "Number",
        "A number, here with the digits that were written; many receivers keep only what a 64-bit float can hold.",
        "RFC 8259 §6";
    TRUE = Flag "json.value.true", "True", "The truth value that says yes.", "RFC 8259 §3";
    FALSE = Flag "json.value.false", "False", "The truth value that says no.", "RFC 8259 §3";
    NULL = Json "json.value.null", "Null", "The value that says that there is none.", "RFC 8259 §3";
    RAW = Json "json.raw", "Deeper value",
        "An object or array inside so many others that wirewalk shows it as it was written, not value by value.",
        "RFC 8259 §9";
}

/// Objects and arrays inside so many others are shown as they were written.
const MAX_DEPTH: usize = 64;

/// A JSON text, or another text inside a payload, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Located<'a> {
    /// The text.
    pub(crate) text: &'a str,
    /// The source that it is in.
    pub(crate) source: SourceId,
    /// Where in that source it begins, in bytes.
    pub(crate) offset: usize,
}

impl<'a> Located<'a> {
    /// The payload's text, where it is UTF-8.
    pub(crate) fn of(payload: &'a Payload<'_>) -> Option<Located<'a>> {
        let text = std::str::from_utf8(&payload.bytes).ok()?;
        Some(Located { text, source: payload.source, offset: payload.offset })
    }

    /// A part of it, which is a slice of its text.
    pub(crate) fn part(&self, part: &'a str) -> Located<'a> {
        let begin = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        Located { text: part, source: self.source, offset: self.offset + begin.min(self.text.len()) }
    }

    /// The part of it that stands in `range`.
    fn get(&self, range: &std::ops::Range<usize>) -> Option<Located<'a>> {
        self.text.get(range.clone()).map(|part| self.part(part))
    }

    /// Where it stands.
    pub(crate) fn span(&self) -> Span {
        Span::bytes(self.source, self.offset..self.offset + self.text.len())
    }
}

/// Says why `text` is not valid JSON (RFC 8259 §2), and where. Takes time proportional to its length.
pub(crate) fn check(text: &str) -> Result<(), String> {
    serde_json::from_str::<IgnoredAny>(text).map(|_| ()).map_err(|e| e.to_string())
}

/// The text that a JSON string stands for; where its escapes make no text (half of a surrogate pair), what stands
/// between its quotation marks.
pub(crate) fn unquoted(string: &str) -> Cow<'_, str> {
    let inside = string.strip_prefix('"').and_then(|s| s.strip_suffix('"')).unwrap_or(string);
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    serde_json::from_str(string).map_or(Cow::Borrowed(inside), Cow::Owned)
}

/// The elements of a valid JSON array, of which `inside` is what stands between the brackets; at most the first
/// 10,000.
pub(crate) fn elements(inside: Located<'_>) -> Vec<Located<'_>> {
    outline(inside.text, 0).iter().filter_map(|item| inside.get(&item.range)).collect()
}

/// Adds the fields of a valid JSON text: each value, and each member of an object with its key.
pub(crate) fn tree(text: Located<'_>, sink: &mut Sink) {
    tree_with(text, sink, &mut |_, _| false);
}

/// Like [`tree`], for JSON in which some objects stand for something else: `shown` adds fields of its own for
/// such an object and says so.
pub(crate) fn tree_with<'a>(
    text: Located<'a>,
    sink: &mut Sink,
    shown: &mut dyn FnMut(Located<'a>, &mut Sink) -> bool,
) {
    if !sink.wants_fields() {
        return;
    }
    let mut writer = Writer { text, open: Vec::new(), hidden_below: None };
    for item in outline(text.text, MAX_DEPTH) {
        writer.item(&item, sink, shown);
    }
    writer.close_to(0, sink);
}

struct Writer<'a> {
    text: Located<'a>,
    /// How many fields each value that is still open has opened.
    open: Vec<usize>,
    /// The depth of an object that was shown in another way; what is deeper is not shown.
    hidden_below: Option<usize>,
}

impl<'a> Writer<'a> {
    fn item(&mut self, item: &Item, sink: &mut Sink, shown: &mut dyn FnMut(Located<'a>, &mut Sink) -> bool) {
        self.close_to(item.depth, sink);
        if self.hidden_below.is_some_and(|depth| item.depth > depth) {
            return;
        }
        self.hidden_below = None;
        let Some(value) = self.text.get(&item.range) else { return };
        let mut opened = 0;
        if let Some(key) = item.key.as_ref().and_then(|key| self.text.get(key)) {
            let begin = key.span().bits.start;
            let member = Span::bits(key.source, begin..value.span().bits.end);
            sink.open(&MEMBER, member, || Value::Text(unquoted(key.text).into_owned()));
            sink.field(&KEY, key.span(), || Value::Text(unquoted(key.text).into_owned()));
            opened += 1;
        }
        if item.kind == Kind::Object && shown(value, sink) {
            self.hidden_below = Some(item.depth);
        } else {
            let (def, read) = meaning(item);
            sink.open(def, value.span(), || read(value.text));
            opened += 1;
        }
        self.open.push(opened);
    }

    /// Closes the values at this depth and below.
    fn close_to(&mut self, depth: usize, sink: &mut Sink) {
        while self.open.len() > depth {
            for _ in 0..self.open.pop().unwrap_or(0) {
                sink.close();
            }
        }
    }
}

/// The field of a value, and what reads its text.
fn meaning(item: &Item) -> (&'static FieldDef, fn(&str) -> Value) {
    match item.kind {
        Kind::Object | Kind::Array if item.depth >= MAX_DEPTH => (&RAW, |text| Value::Json(text.to_owned())),
        Kind::Object => (&OBJECT, |_| Value::None),
        Kind::Array => (&ARRAY, |_| Value::None),
        Kind::String => (&STRING, |text| Value::Text(unquoted(text).into_owned())),
        Kind::Number => (&NUMBER, |text| Value::Json(text.to_owned())),
        Kind::True => (&TRUE, |_| Value::Flag(true)),
        Kind::False => (&FALSE, |_| Value::Flag(false)),
        Kind::Null => (&NULL, |text| Value::Json(text.to_owned())),
    }
}

impl Dissect for Json {
    fn def(&self) -> &'static ProtocolDef {
        &PROTOCOL
    }

    fn claims(&self, payload: &Payload<'_>, _memory: &Memory) -> bool {
        let declared = matches!(&payload.carrier, Carrier::HttpBody { media_type } if is_json(media_type));
        (declared || begins_and_ends_like_json(&payload.bytes))
            && Located::of(payload).is_some_and(|text| check(text.text).is_ok())
    }

    fn dissect<'a>(&self, payload: &Payload<'a>, _memory: &mut Memory, sink: &mut Sink) -> Vec<Payload<'a>> {
        let Some(text) = Located::of(payload) else { return Vec::new() };
        if sink.detail() >= Detail::Summary {
            sink.summary(|| {
                let mut line = Line::new();
                line.push_json(text.text);
                line.finish("")
            });
            tree(text, sink);
        }
        Vec::new()
    }
}

/// Whether a media type says JSON (RFC 8259 §11, RFC 6839 §3.1).
fn is_json(media_type: &str) -> bool {
    matches!(media_type, "application/json" | "text/json") || media_type.ends_with("+json")
}

/// Whether the first and the last byte are the brackets of an object or array. Any number is JSON too, but a
/// lone number on a WebSocket is better called text.
fn begins_and_ends_like_json(bytes: &[u8]) -> bool {
    let trimmed = bytes.trim_ascii();
    matches!((trimmed.first(), trimmed.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
