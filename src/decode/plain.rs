//! What is left when no protocol claims a payload: text, or bytes.

use super::dissect::{Carrier, Dissect, Payload};
use super::field::{ProtocolDef, fields};
use super::json::Located;
use super::json::line::Line;
use super::sink::Sink;
use super::unit::{Memory, Value};
use crate::words;

/// UTF-8 text.
pub struct Text;

/// Any other bytes.
pub struct Binary;

static TEXT: ProtocolDef = ProtocolDef {
    key: "text",
    name: "Text",
    is_format: true,
    meaning: "UTF-8 text of no protocol that wirewalk knows.",
    spec: "RFC 3629",
    fields: text::FIELDS,
    rules: &[],
};

static BINARY: ProtocolDef = ProtocolDef {
    key: "data",
    name: "Data",
    is_format: true,
    meaning: "Bytes of no protocol that wirewalk knows.",
    spec: "RFC 9110 §8.3",
    fields: data::FIELDS,
    rules: &[],
};

mod text {
    super::fields! {
        CONTENT = Text "text.content", "Content",
            "The characters that the bytes stand for in UTF-8.", "RFC 3629 §3";
    }
}

mod data {
    super::fields! {
        DATA = Bytes "data.data", "Data",
            "Bytes whose meaning only the application knows.", "RFC 9110 §8.3";
        LENGTH = Unsigned "data.len", "Length",
            "The number of these bytes.", "RFC 9110 §8.6";
    }
}

impl Dissect for Text {
    fn def(&self) -> &'static ProtocolDef {
        &TEXT
    }

    fn claims(&self, payload: &Payload<'_>, _memory: &Memory) -> bool {
        let said_to_be_text = match &payload.carrier {
            Carrier::HttpBody { media_type } if media_type.is_empty() => looks_like_text(&payload.bytes),
            Carrier::HttpBody { media_type } => is_textual(media_type),
            Carrier::WebSocketMessage { text } | Carrier::EngineIoMessage { text } => *text,
        };
        said_to_be_text && std::str::from_utf8(&payload.bytes).is_ok()
    }

    fn dissect<'a>(&self, payload: &Payload<'a>, _memory: &mut Memory, sink: &mut Sink) -> Vec<Payload<'a>> {
        let Some(Located { text, .. }) = Located::of(payload) else { return Vec::new() };
        sink.summary(|| {
            let quote = words::quote(text);
            let mut line = Line::from(quote);
            line.push(text);
            line.finish(quote)
        });
        sink.field(&text::CONTENT, payload.whole(), || Value::Text(text.to_owned()));
        Vec::new()
    }
}

impl Dissect for Binary {
    fn def(&self) -> &'static ProtocolDef {
        &BINARY
    }

    fn claims(&self, _payload: &Payload<'_>, _memory: &Memory) -> bool {
        true
    }

    fn dissect<'a>(&self, payload: &Payload<'a>, _memory: &mut Memory, sink: &mut Sink) -> Vec<Payload<'a>> {
        sink.summary(|| size(payload.bytes.len()));
        sink.field(&data::DATA, payload.whole(), || Value::Bytes);
        sink.field(&data::LENGTH, payload.whole(), || Value::Unsigned(payload.bytes.len() as u64));
        Vec::new()
    }
}

/// `1 byte`, `12 bytes`.
pub(super) fn size(bytes: usize) -> String {
    words::count(bytes as u64, "byte")
}

/// Whether what is sent with this media type is meant to be read as text. Form bodies (WHATWG URL, section 5) are.
fn is_textual(media_type: &str) -> bool {
    const TEXTUAL: [&str; 6] = [
        "application/x-www-form-urlencoded",
        "application/javascript",
        "application/ecmascript",
        "application/json",
        "application/xml",
        "application/graphql",
    ];
    media_type.starts_with("text/")
        || TEXTUAL.contains(&media_type)
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
}

/// Whether bytes of unknown type hold no control character that text does not have.
fn looks_like_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| !b.is_ascii_control() || matches!(b, b'\t' | b'\n' | b'\r' | 0x0c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::json::testing::{self, DETAILS};
    use crate::decode::sink::Detail;

    #[test]
    fn text_is_quoted_and_bytes_are_counted() {
        let long = "x".repeat(1000);
        let cut = format!("text: \"{}…\"", "x".repeat(399));
        #[rustfmt::skip]
        let cases = [
            (testing::message(true, b"hello"),                     "text: \"hello\"", "text.content 0..5 hello"),
            (testing::message(true, b""),                          "text: \"\"",      "text.content 0..0 "),
            (testing::message(true, b"\"a\""),                     "text: \"a\"",     "text.content 0..3 \"a\""),
            (testing::message(true, "é".as_bytes()),               "text: \"é\"",     "text.content 0..2 é"),
            (testing::message(true, b"\xff"),                      "data: 1 byte",    "data.data 0..1"),
            (testing::message(false, b"hello"),                    "data: 5 bytes",   "data.data 0..5"),
            (testing::packet(true, b"hi"),                         "text: \"hi\"",    "text.content 0..2 hi"),
            (testing::body("text/html", b"<p>"),                   "text: \"<p>\"",   "text.content 0..3 <p>"),
            (testing::body("text/html", b"\xe9"),                  "data: 1 byte",    "data.data 0..1"),
            (testing::body("image/png", b"abc"),                   "data: 3 bytes",   "data.data 0..3"),
            (testing::body("image/svg+xml", b"<svg/>"),            "text: \"<svg/>\"", "text.content 0..6 <svg/>"),
            (testing::body("application/x-www-form-urlencoded", b"a=1&b=2"), "text: \"a=1&b=2\"", "text.content 0..7 a=1&b=2"),
            (testing::body("", b"a\tb"),                           "text: \"a\tb\"",  "text.content 0..3 a\tb"),
            (testing::body("", b"a\0b"),                           "data: 3 bytes",   "data.data 0..3"),
        ];
        for (payload, summary, field) in cases {
            let said = testing::read(&payload, &mut Memory::default(), Detail::Tree);
            assert_eq!((said.summaries(), &*said.lines()[0]), (vec![summary.to_owned()], field));
        }
        let said =
            testing::read(&testing::message(true, long.as_bytes()), &mut Memory::default(), Detail::Summary);
        assert_eq!(said.summaries(), [cut]);
    }

    #[test]
    fn the_first_pass_does_not_look_at_them() {
        let said = testing::read(&testing::message(true, b"hello"), &mut Memory::default(), Detail::Facts);
        assert!(said.tree.layers.is_empty() && said.findings.is_empty() && said.facts.is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(text: bool, bytes: Vec<u8>) {
            for detail in DETAILS {
                testing::read(&testing::message(text, &bytes), &mut Memory::default(), detail);
            }
        }
    }
}
