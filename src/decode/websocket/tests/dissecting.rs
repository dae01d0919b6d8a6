//! What is said of one frame: its summary, and its tree with the bits that each field was read from.

use bytes::Bytes;

use super::*;
use crate::decode::dissect::{Input, Message};
use crate::decode::sink::{Detail, Sink};
use crate::decode::unit::{Memory, Node, SourceKind, Tree, UnitId, UnitKind, Value};

fn tree(detail: Detail, wire: &[u8], message: Option<&Message>) -> Tree {
    let wire = Bytes::copy_from_slice(wire);
    let input = Input {
        unit: UnitId(1),
        kind: UnitKind::Frame,
        dir: Direction::ToServer,
        wire: &wire,
        length: wire.len() as u64,
        happening: None,
        sent: &[],
        request: None,
        message,
    };
    let mut sink = Sink::new(detail, wire.clone());
    super::super::dissect(&input, &mut Memory::default(), &mut sink);
    sink.finish().0
}

fn message(text: bool, kind: SourceKind, bytes: &'static [u8]) -> Message {
    Message { text, kind, bytes: Bytes::from_static(bytes) }
}

fn summary(wire: &[u8], message: Option<&Message>) -> String {
    let [brief, full] =
        [Detail::Summary, Detail::Tree].map(|d| tree(d, wire, message).layers[0].summary.clone());
    assert_eq!(brief, full);
    brief
}

/// A line for each field: its key, source, bits and value.
fn lines(nodes: &[Node], depth: usize, out: &mut Vec<String>) {
    for node in nodes {
        let value = match &node.value {
            Value::Unsigned(value) => match node.def.value(*value) {
                Some(named) => format!(" {value} {}", named.name),
                None => format!(" {value}"),
            },
            Value::Flag(value) => format!(" {value}"),
            Value::Text(value) => format!(" {value:?}"),
            _ => String::new(),
        };
        let (key, source, bits) =
            (node.def.key.strip_prefix("websocket.").unwrap(), node.span.source.0, &node.span.bits);
        out.push(format!("{}{key} {source}:{}..{}{value}", "  ".repeat(depth), bits.start, bits.end));
        lines(&node.children, depth + 1, out);
    }
}

fn fields(tree: &Tree) -> Vec<String> {
    let mut out = Vec::new();
    lines(&tree.layers[0].nodes, 0, &mut out);
    out
}

fn sources(tree: &Tree) -> Vec<(&'static str, &[u8])> {
    tree.sources.iter().skip(1).map(|source| (source.kind.as_str(), source.bytes.as_ref())).collect()
}

#[test]
fn sums_a_frame_up() {
    let text = message(true, SourceKind::Wire, b"Hello");
    assert_eq!(summary(b"\x81\x05Hello", Some(&text)), "text, 5 bytes");
    assert_eq!(summary(b"\x82\x01H", None), "binary, 1 byte");
    assert_eq!(summary(b"\x01\x03Hel", None), "text fragment, 3 bytes");
    assert_eq!(summary(b"\x00\x03Hel", None), "continuation, 3 bytes");
    let text = message(true, SourceKind::Reassembled, b"Hello");
    assert_eq!(summary(b"\x80\x02lo", Some(&text)), "continuation, 2 bytes, ends a text message of 5 bytes");
    let inflated = message(true, SourceKind::Inflated, b"Hello");
    assert_eq!(
        summary(b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00", Some(&inflated)),
        "text, compressed 7 → 5 bytes"
    );
    let end = "continuation, 1 byte, ends a compressed text message of 5 bytes";
    assert_eq!(summary(b"\x80\x01\x00", Some(&inflated)), end);
    assert_eq!(summary(b"\x89\x03abc", None), "ping \"abc\"");
    assert_eq!(summary(b"\x8a\x00", None), "pong");
    assert_eq!(summary(&frame(0x8a, KEY, b"abc"), None), "pong \"abc\"");
    assert_eq!(summary(b"\x89\x02\xff\x00", None), "ping 0xff00");
    assert_eq!(summary(b"\x88\x00", None), "close");
    assert_eq!(summary(b"\x88\x02\x03\xe8", None), "close 1000 normal closure");
    assert_eq!(summary(&frame(0x88, KEY, b"\x03\xe8bye"), None), "close 1000 normal closure \"bye\"");
    assert_eq!(summary(b"\x88\x05\x0f\xa1bye", None), "close 4001 \"bye\"");
    assert_eq!(summary(b"\x8b\x00", None), "reserved 11");
    assert_eq!(summary(b"\x83\x01a", None), "reserved 3, 1 byte");
}

#[test]
fn shows_every_bit_of_a_masked_text() {
    let text = message(true, SourceKind::Unmasked, b"Hello");
    let tree = tree(Detail::Tree, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", Some(&text));
    let expected = [
        "fin 0:0..1 true",
        "rsv 0:1..4 0",
        "  rsv1 0:1..2 false",
        "  rsv2 0:2..3 false",
        "  rsv3 0:3..4 false",
        "opcode 0:4..8 1 text",
        "mask 0:8..9 true",
        "payload_length 0:9..16 5",
        "masking_key 0:16..48",
        "masked_payload 0:48..88",
        "payload 1:0..40",
        "message 1:0..40",
        "  message.fragmented 0:4..8 false",
        "  message.length 1:0..40 5",
    ];
    assert_eq!(fields(&tree), expected);
    assert_eq!(sources(&tree), [("unmasked", &b"Hello"[..])]);
}

#[test]
fn shows_the_longer_length_forms() {
    let wire = frame(0x82, None, &[7; 126]);
    let shown = fields(&tree(Detail::Tree, &wire, None));
    assert_eq!(
        shown[7..],
        ["payload_length 0:9..16 126 in 16 bits", "payload_length_ext_16 0:16..32 126", "payload 0:32..1040"]
    );
    let wire = frame(0x82, KEY, &[7; 65536]);
    let shown = fields(&tree(Detail::Tree, &wire, None));
    let expected = [
        "payload_length 0:9..16 127 in 64 bits",
        "payload_length_ext_64 0:16..80 65536",
        "masking_key 0:80..112",
    ];
    assert_eq!(shown[7..10], expected);
}

#[test]
fn shows_why_a_connection_is_closed() {
    let tree = tree(Detail::Tree, &frame(0x88, KEY, b"\x03\xe8bye"), None);
    let expected = [
        "masked_payload 0:48..88",
        "payload 1:0..40",
        "  payload.close.status_code 1:0..16 1000 normal closure",
        "    payload.close.status_code_range 1:0..16 \"1000 to 2999: for the protocol itself\"",
        "  payload.close.reason 1:16..40 \"bye\"",
    ];
    assert_eq!(fields(&tree)[9..], expected);
}

#[test]
fn an_inflated_message_is_a_source_of_its_own() {
    let inflated = message(true, SourceKind::Inflated, b"Hello");
    let wire = frame(0xc1, KEY, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    let tree = tree(Detail::Tree, &wire, Some(&inflated));
    let compressed = &b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..];
    assert_eq!(sources(&tree), [("unmasked", compressed), ("inflated", b"Hello")]);
    let expected = [
        "payload 1:0..56",
        "message 2:0..40",
        "  message.fragmented 0:4..8 false",
        "  payload.inflated_length 2:0..40 5",
    ];
    assert_eq!(fields(&tree)[10..], expected);
}

#[test]
fn a_reassembled_message_is_a_source_of_its_own() {
    let whole = message(false, SourceKind::Reassembled, b"Hello");
    let tree = tree(Detail::Tree, b"\x80\x02lo", Some(&whole));
    assert_eq!(sources(&tree), [("reassembled", &b"Hello"[..])]);
    let expected = [
        "payload 0:16..32",
        "message 1:0..40",
        "  message.fragmented 0:4..8 true",
        "  message.length 1:0..40 5",
    ];
    assert_eq!(fields(&tree)[8..], expected);
}

#[test]
fn an_unmasked_message_needs_no_second_source() {
    let text = message(true, SourceKind::Wire, b"Hello");
    let tree = tree(Detail::Tree, b"\x81\x05Hello", Some(&text));
    assert_eq!(sources(&tree), []);
    assert_eq!(fields(&tree)[8..10], ["payload 0:16..56", "message 0:16..56"]);
}

#[test]
fn a_frame_that_is_cut_anywhere_is_shown_as_far_as_it_goes() {
    let wire = frame(0x82, KEY, &[7; 300]);
    for cut in 0..wire.len() {
        let tree = tree(Detail::Tree, &wire[..cut], None);
        assert_eq!(tree.layers[0].span.bits, 0..cut as u64 * 8);
        for line in fields(&tree).iter().filter(|line| line.contains(" 0:")) {
            let end: usize = line.split("..").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
            assert!(end <= cut * 8, "{line}, cut at {cut}");
        }
    }
    assert_eq!(summary(&wire[..3], None), "beginning of a frame, 3 bytes");
    assert_eq!(
        summary(b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04abc", None),
        "binary, 3 of 18,446,744,073,709,551,615 bytes"
    );
}

#[test]
fn every_text_is_one_of_a_kind() {
    let protocol = &super::super::PROTOCOL;
    let mut texts: Vec<&str> = protocol.fields.iter().map(|field| field.meaning).collect();
    texts.extend(protocol.fields.iter().flat_map(|field| field.values).map(|value| value.meaning));
    texts.extend(protocol.rules.iter().map(|rule| rule.meaning));
    for text in &texts {
        assert!(text.ends_with('.') && texts.iter().filter(|other| other == &text).count() == 1, "{text}");
    }
    let keys =
        protocol.fields.iter().map(|field| field.key).chain(protocol.rules.iter().map(|rule| rule.key));
    let keys: Vec<&str> = keys.collect();
    for key in &keys {
        assert!(
            key.starts_with("websocket.") && keys.iter().filter(|other| other == &key).count() == 1,
            "{key}"
        );
    }
}
