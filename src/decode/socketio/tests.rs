use std::borrow::Cow;

use super::*;
use crate::decode::json::testing::{self, DETAILS, Said};
use crate::decode::unit::{Transport, UnitId};
use crate::wire::Direction;

/// What Socket.IO says of a text packet of Engine.IO 4.
fn packet(dir: Direction, text: &str) -> Said {
    let payload = Payload { dir, ..testing::packet(true, text.as_bytes()) };
    let mut memory = testing::engineio(4, Transport::WebSocket);
    testing::dissect(&SocketIo, &payload, &mut memory, Detail::Tree)
}

const TO_SERVER: Direction = Direction::ToServer;
const TO_CLIENT: Direction = Direction::ToClient;

#[test]
fn the_examples_of_the_protocol_document() {
    #[rustfmt::skip]
    let cases = [
        (TO_SERVER, "0",                                 "connect /"),
        (TO_SERVER, "0{\"token\":\"123\"}",              "connect / {\"token\":\"123\"}"),
        (TO_SERVER, "0/admin,",                          "connect /admin"),
        (TO_CLIENT, "0{\"sid\":\"wZX3oN0bSVIhsaknAAAI\"}", "connected / sid=wZX3oN0bSVIhsaknAAAI"),
        (TO_CLIENT, "0/admin,{\"sid\":\"oSO0OpakMV_3jnilAAAA\"}", "connected /admin sid=oSO0OpakMV_3jnilAAAA"),
        (TO_CLIENT, "4{\"message\":\"Not authorized\"}", "connect error / \"Not authorized\""),
        (TO_CLIENT, "4/admin,{\"message\":\"Not authorized\"}", "connect error /admin \"Not authorized\""),
        (TO_CLIENT, "2[\"foo\"]",                        "event \"foo\""),
        (TO_CLIENT, "2/admin,[\"bar\"]",                 "event /admin \"bar\""),
        (TO_CLIENT, "212[\"foo\"]",                      "event \"foo\" (ack 12)"),
        (TO_CLIENT, "312[]",                             "ack 12"),
        (TO_CLIENT, "2/admin,13[\"foo\"]",               "event /admin \"foo\" (ack 13)"),
        (TO_CLIENT, "3/admin,13[\"bar\"]",               "ack /admin 13 \"bar\""),
        (TO_CLIENT, "1",                                 "disconnect /"),
        (TO_CLIENT, "1/admin,",                          "disconnect /admin"),
        (TO_CLIENT, "51-[\"baz\",{\"_placeholder\":true,\"num\":0}]", "event \"baz\" …, 1 attachment follows"),
        (TO_CLIENT, "51-14[\"foo\",{\"_placeholder\":true,\"num\":0}]", "event \"foo\" …, 1 attachment follows (ack 14)"),
        (TO_CLIENT, "61-15[\"bar\",{\"_placeholder\":true,\"num\":0}]", "ack 15 \"bar\", …, 1 attachment follows"),
        (TO_CLIENT, "52-/admin,[\"baz\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]",
            "event /admin \"baz\" …, …, 2 attachments follow"),
        (TO_CLIENT, "2[\"a\",{\"_placeholder\":true,\"num\":0}]", "event \"a\" {\"_placeholder\":true,\"num\":0}"),
        // Written otherwise than the libraries of JavaScript write them, and version 4.
        (TO_CLIENT, "2[ \"chat\", \"a b\" , {\"n\": 1} ]", "event \"chat\" \"a b\", {\"n\":1}"),
        (TO_CLIENT, "0",                                 "connected /"),
        (TO_SERVER, "0/admin?token=1,",                  "connect /admin"),
        (TO_CLIENT, "4\"Not authorized\"",               "connect error / \"Not authorized\""),
    ];
    for (dir, text, summary) in cases {
        let said = packet(dir, text);
        assert_eq!(said.summary(), summary, "{text}");
        assert!(said.rules().is_empty(), "{text} {:?}", said.rules());
        assert!(begins_like_packet(text.as_bytes()), "{text}");
    }
}

#[test]
fn fields_of_an_event() {
    assert_eq!(
        packet(TO_SERVER, "2/a?x=1,12[\"chat\", {\"b\":[true]},2]").lines(),
        [
            "socketio.type 0..1 2",
            "socketio.namespace 1..3 /a",
            "socketio.namespace.query 4..7 x=1",
            "socketio.id 8..10 12",
            "socketio.event 11..17 chat",
            "socketio.arguments 19..33 [{\"b\":[true]},2]",
            "  socketio.argument 19..31 {\"b\":[true]}",
            "    json.object 19..31",
            "      json.member 20..30 b",
            "        json.key 20..23 b",
            "        json.array 24..30",
            "          json.value.true 25..29 true",
            "  socketio.argument 32..33 2",
            "    json.value.number 32..33 2",
        ]
    );
}

#[test]
fn fields_of_the_other_packets() {
    let cases: &[(Direction, &str, &[&str])] = &[
        (
            TO_SERVER,
            "0/a,{\"t\":1}",
            &["socketio.namespace 1..3 /a", "socketio.auth 4..11 {\"t\":1}", "  json.object 4..11"],
        ),
        (
            TO_CLIENT,
            "0{\"sid\":\"x\"}",
            &["socketio.namespace 0..0 /", "socketio.sid 8..11 x", "socketio.payload 1..12 {\"sid\":\"x\"}"],
        ),
        (
            TO_CLIENT,
            "4\"no\"",
            &["socketio.namespace 0..0 /", "socketio.error.message 1..5 no", "socketio.error 1..5 \"no\""],
        ),
        (
            TO_CLIENT,
            "312[]",
            &["socketio.namespace 0..0 /", "socketio.id 1..3 12", "socketio.arguments 4..4 []"],
        ),
        (
            TO_CLIENT,
            "51-[\"a\",{\"_placeholder\":true,\"num\":0}]",
            &[
                "socketio.attachments 1..2 1",
                "socketio.namespace 0..0 /",
                "socketio.event 4..7 a",
                "socketio.arguments 8..37 [{\"_placeholder\":true,\"num\":0}]",
                "  socketio.argument 8..37 {\"_placeholder\":true,\"num\":0}",
                "    socketio.placeholder 8..37 0",
            ],
        ),
    ];
    for (dir, text, expected) in cases {
        let lines = packet(*dir, text).lines();
        assert_eq!(lines[1..=expected.len()], **expected, "{text}");
    }
}

#[test]
fn what_is_malformed_is_a_finding() {
    #[rustfmt::skip]
    let cases: [(&str, &[&str]); 24] = [
        ("7[\"a\"]",        &["socketio.unknown_type"]),
        ("5[\"a\"]",        &["socketio.bad_attachments"]),
        ("5-[\"a\"]",       &["socketio.bad_attachments", "socketio.invalid_json"]),
        ("299999999999999999999[\"a\"]", &["socketio.bad_id"]),
        ("2[\"a\"",         &["socketio.invalid_json"]),
        ("2[\"a\"]]",       &["socketio.invalid_json"]),
        ("0{",              &["socketio.invalid_json"]),
        ("2",               &["socketio.not_an_array"]),
        ("2{\"a\":1}",      &["socketio.not_an_array"]),
        ("31",              &["socketio.not_an_array"]),
        ("2[]",             &["socketio.no_event_name"]),
        ("2[null]",         &["socketio.no_event_name"]),
        ("2[{\"a\":1}]",    &["socketio.no_event_name"]),
        ("2[5]",            &[]),
        ("2[\"connect\"]",  &["socketio.reserved_event"]),
        ("2[\"disconnec\\u0074\"]", &["socketio.reserved_event"]),
        ("0[1]",            &["socketio.wrong_payload"]),
        ("0\"x\"",          &["socketio.wrong_payload"]),
        ("1{}",             &["socketio.wrong_payload"]),
        ("4",               &[]),
        ("4[]",             &["socketio.wrong_payload"]),
        ("3[\"a\"]",        &["socketio.ack_without_id"]),
        ("51-[\"a\",{\"_placeholder\":true,\"num\":1}]", &["socketio.bad_placeholder"]),
        ("50-[\"a\"]",      &[]),
    ];
    for (text, rules) in cases {
        assert_eq!(packet(TO_SERVER, text).rules(), rules, "{text}");
    }
    let payload = testing::packet(true, b"2[\"connect\"]");
    let said =
        testing::dissect(&SocketIo, &payload, &mut testing::engineio(3, Transport::WebSocket), Detail::Facts);
    assert!(said.rules().is_empty(), "socket.io 2 does not refuse these names");
    let payload = testing::packet(true, b"2\xff");
    let said = testing::dissect(&SocketIo, &payload, &mut Memory::default(), Detail::Facts);
    assert_eq!(said.rules(), ["socketio.invalid_json"]);
}

#[test]
fn texts_of_plain_engineio_are_not_claimed() {
    for text in ["", "hello", "2024", "1-800", "12 monkeys", "0 x", "{\"a\":1}", "7x", "2 [1]"] {
        let claimed = SocketIo.claims(&testing::packet(true, text.as_bytes()), &Memory::default());
        assert!(!claimed, "{text}");
    }
    assert!(!SocketIo.claims(&testing::message(true, b"2[\"a\"]"), &Memory::default()));
}

#[test]
fn events_and_acknowledgements_are_facts() {
    let namespace = || "/".to_owned();
    let cases = [
        ("2[\"a\"]", None),
        ("23[\"a\"]", Some(Fact::AskedAck { namespace: namespace(), id: 3 })),
        ("51-3[\"a\"]", Some(Fact::AskedAck { namespace: namespace(), id: 3 })),
        ("33[]", Some(Fact::Acked { namespace: namespace(), id: 3 })),
        ("61-/a,3[]", Some(Fact::Acked { namespace: "/a".to_owned(), id: 3 })),
        ("03", None),
    ];
    for (text, fact) in cases {
        assert_eq!(packet(TO_SERVER, text).facts, Vec::from_iter(fact), "{text}");
    }
}

/// Reads WebSocket messages in their order, each a unit of its own, as the session does: each is given what the one
/// before it left. Gives the last one's memory and what was said of each.
fn conversation(version: u8, messages: &[(bool, &'static [u8])], detail: Detail) -> (Memory, Vec<Said>) {
    let mut memory = testing::engineio(version, Transport::WebSocket);
    let mut announced = None;
    let said = messages.iter().zip(1..).map(|((text, bytes), unit)| {
        let payload = Payload { unit: UnitId(unit), ..testing::message(*text, bytes) };
        testing::read_after(&payload, &mut memory, detail, &mut announced)
    });
    let said = said.collect();
    (memory, said)
}

const TWO: &[u8] =
    b"452-9[\"file\",\"x\",{\"_placeholder\":true,\"num\":1},[{\"_placeholder\":true,\"num\":0}]]";

#[test]
fn attachments_are_put_back() {
    for (version, messages) in [
        (4, [(true, TWO), (false, &b"\x01\x02"[..]), (false, b"\x03")]),
        (3, [(true, TWO), (false, b"\x04\x01\x02"), (true, b"b4Aw==")]),
    ] {
        let (memory, said) = conversation(version, &messages, Detail::Tree);
        assert_eq!(memory.announced, None);
        let summaries: Vec<_> = said.iter().map(|s| s.summaries()[1].clone()).collect();
        assert_eq!(
            summaries,
            [
                "socketio: event \"file\" \"x\", …, […], 2 attachments follow (ack 9)",
                "socketio: attachment 1 of 2 for event \"file\"",
                "socketio: event \"file\" \"x\", <1 byte>, [<2 bytes>] (ack 9)",
            ]
        );
        assert!(said.iter().all(|s| s.rules().is_empty()));
    }
    let (_, said) = conversation(4, &[(true, TWO), (false, b"\x01\x02"), (false, b"\x03")], Detail::Tree);
    assert_eq!(
        said[2].lines()[3..],
        [
            "socketio.attachment 0..1",
            "socketio.type s1:0..1 5",
            "socketio.attachments s1:1..2 2",
            "socketio.namespace 0..0 /",
            "socketio.id s1:3..4 9",
            "socketio.event s1:5..11 file",
            "socketio.arguments s1:12..77 [\"x\",{\"_placeholder\":true,\"num\":1},[{\"_placeholder\":true,\"num\":0}]]",
            "  socketio.argument s1:12..15 \"x\"",
            "    json.value.string s1:12..15 x",
            "  socketio.argument s1:16..45 {\"_placeholder\":true,\"num\":1}",
            "    socketio.attachment 0..1",
            "  socketio.argument s1:46..77 [{\"_placeholder\":true,\"num\":0}]",
            "    json.array s1:46..77",
            "      socketio.attachment s2:0..2",
        ]
    );
}

#[test]
fn an_attachment_names_its_packet_where_it_is_told_of_it() {
    let mut memory = testing::engineio(4, Transport::WebSocket);
    memory.announced = Some(Announced { by: UnitId(1), total: 2, outstanding: 2 });
    let said = testing::dissect(&SocketIo, &testing::packet(false, b"\x01"), &mut memory, Detail::Summary);
    assert_eq!(said.summary(), "attachment 1 of 2 <1 byte>");
    assert_eq!(said.facts, [Fact::Attached { to: UnitId(1) }]);
    assert_eq!(memory.announced, Some(Announced { by: UnitId(1), total: 2, outstanding: 1 }));
    let (_, said) = conversation(4, &[(true, TWO), (false, b"\x01")], Detail::Summary);
    assert_eq!(said[1].summaries()[1], "socketio: attachment 1 of 2 for event \"file\"");
}

#[test]
fn attachments_come_when_they_were_announced_and_before_any_text() {
    let text: (bool, &[u8]) = (true, b"42[\"a\"]");
    let (memory, said) =
        conversation(4, &[(true, TWO), (false, b"\x01"), text, (false, b"\x02")], Detail::Facts);
    let rules: Vec<_> = said.iter().map(Said::rules).collect();
    assert_eq!(
        rules,
        [vec![], vec![], vec!["socketio.interrupted_attachments"], vec!["socketio.unannounced_attachment"]]
    );
    assert_eq!(said[2].findings[0].detail, "1 of 2 still to come");
    assert_eq!(memory.announced, None);
    // A text that is no packet interrupts them just as well; a heartbeat does not.
    let (_, said) = conversation(4, &[(true, TWO), (true, b"4hello")], Detail::Facts);
    assert!(said[1].rules().contains(&"socketio.interrupted_attachments"));
    let (memory, said) = conversation(4, &[(true, TWO), (true, b"2")], Detail::Facts);
    assert!(said[1].rules().is_empty() && memory.announced.is_some());
}

#[test]
fn polling_has_the_attachments_in_the_same_body_or_in_the_next() {
    let one = b"451-[\"up\",{\"_placeholder\":true,\"num\":0}]";
    let both = [&one[..], b"\x1ebBw=="].concat();
    let mut memory = testing::engineio(4, Transport::Polling);
    let said = testing::read(&testing::body("text/plain", &both), &mut memory, Detail::Tree);
    assert_eq!(
        said.summaries(),
        [
            "engineio: 2 packets: message, message",
            "socketio: event \"up\" …, 1 attachment follows",
            "socketio: event \"up\" <1 byte>",
        ]
    );
    assert!(said.rules().is_empty());
    assert_eq!(memory.announced, None);

    // Its fields are where they stand in the body.
    let event = said.lines().iter().rposition(|line| line.starts_with("socketio.event")).unwrap();
    assert_eq!(said.lines()[event], "socketio.event 5..9 up");
    assert_eq!(said.lines()[event + 3], "    socketio.attachment s1:0..1");

    // As socket.io 4 was seen to send it.
    let mut announced = None;
    let said = [&one[..], b"bBw=="].map(|body| {
        let payload = Payload { unit: UnitId(body.len() as u32), ..testing::body("text/plain", body) };
        testing::read_after(&payload, &mut memory, Detail::Tree, &mut announced)
    });
    assert_eq!(said[1].summaries()[1], "socketio: event \"up\" <1 byte>");
    assert!(said.iter().all(|said| said.rules().is_empty()));
    assert_eq!(memory.announced, None);
}

#[test]
fn summaries_are_short_however_long_the_arguments() {
    let long = format!("212[\"a\",\"{}\"]", "x".repeat(10 << 20));
    let summary = packet(TO_CLIENT, &long).summary();
    assert!(summary.starts_with("event \"a\" \"xxx") && summary.ends_with("x… (ack 12)"), "{summary}");
    assert!(summary.chars().count() < 450);
}

#[test]
fn deep_and_wide_arguments_are_bounded() {
    let deep = format!("2[\"a\",{}{}]", "[".repeat(1 << 20), "]".repeat(1 << 20));
    assert_eq!(packet(TO_CLIENT, &deep).lines().len(), 4 + 1 + 65);
    let wide = format!("2[\"a\"{}]", ",[]".repeat(3 << 20));
    assert!(packet(TO_CLIENT, &wide).lines().len() <= 4 + 2 * 10_000);
    let placeholders = format!("51-[\"a\"{}]", ",{\"_placeholder\":true,\"num\":9}".repeat(100_000));
    assert_eq!(packet(TO_CLIENT, &placeholders).rules(), ["socketio.bad_placeholder"]);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_survived(text: bool, bytes: Vec<u8>, outstanding in 0u16..3) {
        survive(text, &bytes, outstanding);
    }

    #[test]
    fn mutated_packets_are_survived(which in 0usize..7, at in 0usize..60, byte: u8, outstanding in 0u16..3) {
        #[rustfmt::skip]
        let valid = [
            "0/admin?x=1,{\"token\":\"123\"}", "212[\"foo\",{\"a\":[1,null]}]", "312[\"bar\"]", "4{\"message\":\"no\"}", "1/admin,",
            "52-/admin,1[\"baz\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]", "61-15[\"é\\u00e9\"]",
        ];
        let mut bytes = valid[which].as_bytes().to_vec();
        let at = at.min(bytes.len() - 1);
        bytes[at] = byte;
        survive(true, &bytes, outstanding);
        survive(true, &bytes[..at], outstanding);
    }
}

/// Reads bytes as a packet, and as an attachment of the packet that they were.
fn survive(text: bool, bytes: &[u8], outstanding: u16) {
    for detail in DETAILS {
        for version in [3, 4] {
            let mut memory = testing::engineio(version, Transport::WebSocket);
            memory.announced =
                (outstanding > 0).then_some(Announced { by: UnitId(1), total: outstanding, outstanding });
            let mut announced = None;
            for (text, unit) in [(true, 1), (text, 2), (false, 3)] {
                let payload = Payload { unit: UnitId(unit), ..testing::packet(text, bytes) };
                testing::read_after(&payload, &mut memory, detail, &mut announced);
                let owned = Payload { bytes: Cow::Owned(bytes.to_vec()), ..payload };
                testing::read_after(&owned, &mut memory, detail, &mut announced);
            }
        }
    }
}
