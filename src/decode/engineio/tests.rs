use super::*;
use crate::decode::json::testing::{self, DETAILS, Said};
use crate::decode::sink::Detail;
use crate::decode::unit::Fact;

const POLLING: Transport = Transport::Polling;
const WEBSOCKET: Transport = Transport::WebSocket;

/// What Engine.IO alone says of a body to the client.
fn body(version: u8, bytes: &[u8]) -> Said {
    testing::dissect(
        &EngineIo,
        &testing::body("text/plain", bytes),
        &mut testing::engineio(version, POLLING),
        Detail::Tree,
    )
}

/// What Engine.IO alone says of a WebSocket message to the client.
fn message(version: u8, text: bool, bytes: &[u8]) -> Said {
    testing::dissect(
        &EngineIo,
        &testing::message(text, bytes),
        &mut testing::engineio(version, WEBSOCKET),
        Detail::Tree,
    )
}

/// What a payload carries: its source, offset, bytes, and whether it is text.
fn carried(version: u8, payload: &Payload<'_>, transport: Transport) -> Vec<(u16, usize, Vec<u8>, bool)> {
    let mut sink = Sink::new(Detail::Tree, Bytes::new());
    EngineIo
        .dissect(payload, &mut testing::engineio(version, transport), &mut sink)
        .into_iter()
        .map(|p| {
            (p.source.0, p.offset, p.bytes.into_owned(), p.carrier == Carrier::EngineIoMessage { text: true })
        })
        .collect()
}

#[test]
fn a_websocket_message_is_one_packet() {
    type Case = (u8, bool, &'static [u8], &'static str, &'static [&'static str]);
    #[rustfmt::skip]
    let cases: [Case; 12] = [
        (4, true,  b"4hello",   "message",        &["engineio.type 0..1 4"]),
        (4, false, b"\x01\x02", "message",        &["engineio.type 0..0 4"]),
        (4, false, b"",         "message",        &["engineio.type 0..0 4"]),
        (4, true,  b"bAQID",    "message",        &["engineio.base64 0..1 true", "engineio.type 0..0 4"]),
        (4, true,  b"2",        "ping",           &["engineio.type 0..1 2"]),
        (4, true,  b"2probe",   "ping \"probe\"", &["engineio.type 0..1 2", "engineio.data 1..6 probe"]),
        (4, true,  b"3probe",   "pong \"probe\"", &["engineio.type 0..1 3", "engineio.data 1..6 probe"]),
        (4, true,  b"5",        "upgrade",        &["engineio.type 0..1 5"]),
        (4, true,  b"6",        "noop",           &["engineio.type 0..1 6"]),
        (4, true,  b"1",        "close",          &["engineio.type 0..1 1"]),
        (3, false, b"\x04\x00\x01", "message",    &["engineio.type 0..1 4"]),
        (3, true,  b"b4AQID",   "message",        &["engineio.base64 0..1 true", "engineio.type 1..2 4"]),
    ];
    for (version, text, bytes, summary, fields) in cases {
        let said = message(version, text, bytes);
        let known =
            [format!("engineio.version 0..0 {version}"), "engineio.transport 0..0 websocket".to_owned()];
        let fields: Vec<String> = known.into_iter().chain(fields.iter().map(|f| f.to_string())).collect();
        assert_eq!((said.summary().as_str(), said.lines()), (summary, fields), "{bytes:?}");
        assert!(said.rules().is_empty(), "{bytes:?}");
    }
}

#[test]
fn the_open_packet_tells_the_settings() {
    let text = br#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":5000,"maxPayload":1000000}"#;
    let said = message(4, true, text);
    assert_eq!(said.summary(), "open sid=lv_VI97HAXpY6yYWAAAC");
    assert_eq!(
        said.lines()[4..],
        [
            "  engineio.sid 8..30 lv_VI97HAXpY6yYWAAAC",
            "  engineio.upgrades 42..55 [\"websocket\"]",
            "  engineio.ping_interval 71..76 25000000000",
            "  engineio.ping_timeout 91..95 5000000000",
            "  engineio.max_payload 109..116 1000000",
        ]
    );
    let sid = "lv_VI97HAXpY6yYWAAAC".to_owned();
    assert_eq!(said.facts, [Fact::EngineOpen { sid, ping_interval: 25000, ping_timeout: 5000 }]);
}

#[test]
fn a_body_of_version_4_separates_its_packets() {
    let said = body(4, b"4hello\x1e6\x1e4world");
    assert_eq!(said.summary(), "3 packets: message, noop, message");
    assert_eq!(
        said.lines()[2..],
        [
            "engineio.packet 0..6",
            "  engineio.type 0..1 4",
            "engineio.packet 7..8",
            "  engineio.type 7..8 6",
            "engineio.packet 9..15",
            "  engineio.type 9..10 4",
        ]
    );
    let carried = carried(4, &testing::body("", b"4hello\x1e2\x1e4world"), POLLING);
    assert_eq!(carried, [(0, 1, b"hello".to_vec(), true), (0, 10, b"world".to_vec(), true)]);
}

#[test]
fn base64_is_a_source_of_its_own() {
    let expected = [(0, 1, b"hello".to_vec(), true), (1, 0, vec![1, 2, 3, 4], false)];
    assert_eq!(carried(4, &testing::body("", b"4hello\x1ebAQIDBA=="), POLLING), expected);
    assert_eq!(carried(4, &testing::body("", b"4hello\x1ebAQIDBA"), POLLING), expected);
    assert_eq!(
        carried(3, &testing::body("", b"6:4hello10:b4AQIDBA=="), POLLING)[1],
        (1, 0, vec![1, 2, 3, 4], false)
    );
}

#[test]
fn a_body_of_version_3_counts_characters_or_bytes() {
    let said = body(3, "6:4hello4:4€€€3:4😀".as_bytes());
    assert_eq!(said.summary(), "3 packets: message, message, message");
    assert_eq!(
        said.lines()[2..],
        [
            "engineio.packet 0..8",
            "  engineio.packet.length 0..1 6",
            "  engineio.type 2..3 4",
            "engineio.packet 8..20",
            "  engineio.packet.length 8..9 4",
            "  engineio.type 10..11 4",
            "engineio.packet 20..27",
            "  engineio.packet.length 20..21 3",
            "  engineio.type 22..23 4",
        ]
    );
    let binary = b"\x00\x06\xff4hello\x01\x04\xff\x04\x01\x02\x03";
    let said = body(3, binary);
    assert_eq!(
        said.lines()[6..],
        [
            "engineio.packet 9..16",
            "  engineio.packet.binary 9..10 true",
            "  engineio.packet.length 10..11 4",
            "  engineio.type 12..13 4",
        ]
    );
    let carried = carried(3, &testing::body("", binary), POLLING);
    assert_eq!(carried, [(0, 4, b"hello".to_vec(), true), (0, 13, vec![1, 2, 3], false)]);
    assert_eq!(body(3, b"0:").summary(), "no packets");
}

#[test]
fn jsonp_is_unescaped() {
    let said = body(4, br#"___eio[4]("42[\"a\"]\u001e6");"#);
    assert_eq!(said.summary(), "2 packets: message, noop");
    assert_eq!(
        said.lines()[2..],
        [
            "engineio.jsonp.index 7..8 4",
            r#"engineio.jsonp.data 10..28 "42[\"a\"]\u001e6""#,
            "engineio.packet s1:0..7",
            "  engineio.type s1:0..1 4",
            "engineio.packet s1:8..9",
            "  engineio.type s1:8..9 6",
        ]
    );
    let form = Payload { dir: Direction::ToServer, ..testing::body("", br"d=4a%5C%5Cn%5Cn%22") };
    assert_eq!(carried(4, &form, POLLING), [(1, 1, b"a\\n\n\"".to_vec(), true)]);
    assert_eq!(body(4, b"___eio[0](4hello);").rules(), ["engineio.bad_jsonp"]);
}

#[test]
fn answers_without_packets_are_named() {
    #[rustfmt::skip]
    let cases: [(&[u8], &str, &[&str]); 6] = [
        (b"ok", "ok", &["engineio.response 0..2 ok"]),
        (b"OK", "ok", &["engineio.response 0..2 OK"]),
        (br#"{"code":1,"message":"Session ID unknown"}"#, "error 1 \"Session ID unknown\"",
            &["engineio.error.code 8..9 1", "engineio.error.message 20..40 Session ID unknown"]),
        (br#"{"code":4,"message":"no"}"#, "error 4 \"no\"",
            &["engineio.error.code 8..9 4", "engineio.error.message 20..24 no"]),
        (b"\"Invalid session abc\"", "error \"Invalid session abc\"",
            &["engineio.error.message 0..21 Invalid session abc"]),
        (b"Bad handshake method", "error \"Bad handshake method\"",
            &["engineio.error.message 0..20 Bad handshake method"]),
    ];
    for (bytes, summary, fields) in cases {
        for transport in [POLLING, WEBSOCKET] {
            let memory = testing::engineio(4, transport);
            assert!(EngineIo.claims(&testing::body("text/html", bytes), &memory), "{summary}");
        }
        let said = body(4, bytes);
        assert_eq!(
            (said.summary().as_str(), &said.lines()[2..] == fields),
            (summary, true),
            "{:?}",
            said.lines()
        );
        let refused = if summary == "ok" { vec![] } else { vec!["engineio.refused"] };
        assert_eq!(said.rules(), refused);
    }
}

#[test]
fn pages_of_others_are_not_claimed() {
    #[rustfmt::skip]
    let pages: [&[u8]; 13] = [
        b"", b"<!doctype html><title>404</title>", b"404 page not found", b"400 Bad Request", b"502 Bad Gateway",
        b"Not Found", b"Internal Server Error", b"bad gateway", b"{\"detail\":\"Not Found\"}", b"2024", b"0",
        br#"{"code":404,"message":"x"}"#, b"\xff\xfe",
    ];
    for version in [3, 4] {
        for page in pages {
            let payload = testing::body("text/html", page);
            assert!(!EngineIo.claims(&payload, &testing::engineio(version, POLLING)), "{version} {page:?}");
            assert!(!EngineIo.claims(&payload, &Memory::default()));
        }
    }
    // A body of packets answers no request for a WebSocket, but what a client posts is meant to be packets.
    assert!(!EngineIo.claims(&testing::body("", b"4hi"), &testing::engineio(4, WEBSOCKET)));
    let post = Payload { dir: Direction::ToServer, ..testing::body("", b"abc") };
    assert!(EngineIo.claims(&post, &testing::engineio(4, POLLING)));
}

#[test]
fn packets_of_a_server_are_claimed() {
    #[rustfmt::skip]
    let cases: [(u8, &[u8]); 11] = [
        (4, b"0{\"sid\":\"x\"}"), (4, b"2"), (4, b"6"), (4, b"4"), (4, b"40{\"sid\":\"x\"}"), (4, b"bAQ==\x1e4x"), (4, b"1"),
        (3, b"1:6"), (3, b"\x00\x01\xff6"), (3, b"0:"), (4, b"___eio[0](\"6\");"),
    ];
    for (version, bytes) in cases {
        let claimed = EngineIo.claims(&testing::body("", bytes), &testing::engineio(version, POLLING));
        assert!(claimed, "{version} {bytes:?}");
    }
}

#[test]
fn what_is_malformed_is_a_finding() {
    #[rustfmt::skip]
    let bodies: [(u8, &[u8], &[&str]); 17] = [
        (4, b"7",              &["engineio.unknown_type"]),
        (4, b"abc",            &["engineio.unknown_type"]),
        (4, b"4a\x1e\x1e4b",   &["engineio.empty_packet"]),
        (4, b"4a\x1e",         &["engineio.empty_packet"]),
        (4, b"b!",             &["engineio.bad_base64"]),
        (3, b"2:b9",           &["engineio.unknown_type"]),
        (3, b"1:b",            &["engineio.unknown_type"]),
        (3, b"4hello",         &["engineio.bad_length"]),
        (3, b"9:4hello",       &["engineio.bad_length"]),
        (3, b":4",             &["engineio.bad_length"]),
        (3, b"99999999999:4",  &["engineio.bad_length"]),
        (3, "2:4😀".as_bytes(), &["engineio.bad_length"]),
        (3, b"\x01\x09\xff\x04", &["engineio.bad_length"]),
        (4, b"0{}",            &["engineio.open_without_sid"]),
        (4, b"0{\"sid\":1}",   &["engineio.open_without_sid"]),
        (4, b"0{\"sid\"",      &["engineio.bad_open"]),
        (4, b"0[\"sid\"]",     &["engineio.bad_open"]),
    ];
    for (version, bytes, rules) in bodies {
        let said = body(version, bytes);
        assert_eq!(said.rules(), rules, "{:?}", String::from_utf8_lossy(bytes));
    }
    for (version, text, bytes) in [(4, true, &b""[..]), (3, false, b""), (3, true, b"")] {
        assert_eq!(message(version, text, bytes).rules(), ["engineio.empty_packet"]);
    }
    assert_eq!(message(3, false, b"\x07").rules(), ["engineio.unknown_type"]);
}

#[test]
fn heartbeats_are_facts_and_have_a_direction() {
    use Direction::{ToClient, ToServer};
    type Case = (u8, Direction, &'static [u8], &'static [Fact], &'static [&'static str]);
    let wrong: &[&str] = &["engineio.heartbeat_direction"];
    #[rustfmt::skip]
    let cases: [Case; 8] = [
        (4, ToClient, b"2", &[Fact::EnginePing], &[]),
        (4, ToServer, b"3", &[Fact::EnginePong], &[]),
        (4, ToServer, b"2", &[Fact::EnginePing], wrong),
        (3, ToServer, b"2", &[Fact::EnginePing], &[]),
        (3, ToServer, b"3", &[Fact::EnginePong], wrong),
        (4, ToServer, b"2probe", &[], &[]),
        (4, ToServer, b"5", &[Fact::EngineUpgrade], &[]),
        (4, ToServer, b"1", &[Fact::EngineClose], &[]),
    ];
    for (version, dir, bytes, facts, rules) in cases {
        let payload = Payload { dir, ..testing::message(true, bytes) };
        let said =
            testing::dissect(&EngineIo, &payload, &mut testing::engineio(version, WEBSOCKET), Detail::Facts);
        assert_eq!((&said.facts[..], &said.rules()[..]), (facts, rules), "{bytes:?}");
    }
}

#[test]
fn the_number_of_packets_is_bounded() {
    let many = b"6\x1e".repeat(1_000_000);
    let said = body(4, &many);
    assert!(said.rules().contains(&"engineio.too_many_packets"));
    assert!(said.summary().starts_with("10000 packets: noop, noop"));
    assert!(said.summary().len() < 500);
    let many = b"1:6".repeat(1_000_000);
    assert_eq!(body(3, &many).rules(), ["engineio.too_many_packets"]);
    let post = Payload {
        dir: Direction::ToServer,
        ..testing::body(
            "",
            b"6\x1e6\x1e6\x1e6\x1e6\x1e6\x1e6\x1e6\x1e6\x1e6\x1e6\x1e6\x1e6\x1e6\x1e6\x1e6\x1e6",
        )
    };
    let said = testing::dissect(&EngineIo, &post, &mut testing::engineio(4, POLLING), Detail::Facts);
    assert_eq!(said.rules(), ["engineio.many_packets"]);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_survived(version in 3u8..5, polling: bool, text: bool, to_server: bool, bytes: Vec<u8>) {
        survive(version, polling, text, to_server, &bytes);
    }

    #[test]
    fn mutated_packets_are_survived(
        version in 3u8..5, polling: bool, text: bool, to_server: bool,
        which in 0usize..9, at in 0usize..40, byte: u8,
    ) {
        #[rustfmt::skip]
        let valid: [&[u8]; 9] = [
            b"4hello\x1ebAQIDBA==", b"0{\"sid\":\"x\",\"pingInterval\":25000}", "6:4hello4:4€€€".as_bytes(), b"10:b4AQIDBA==",
            b"\x00\x06\xff4hello\x01\x04\xff\x04\x01\x02\x03", b"___eio[4](\"42[\\\"a\\\"]\\u001e6\");", b"d=4a%5Cn",
            b"{\"code\":1,\"message\":\"x\"}", b"2probe",
        ];
        let mut bytes = valid[which].to_vec();
        let at = at.min(bytes.len() - 1);
        bytes[at] = byte;
        survive(version, polling, text, to_server, &bytes);
        survive(version, polling, text, to_server, &bytes[..at]);
    }
}

fn survive(version: u8, polling: bool, text: bool, to_server: bool, bytes: &[u8]) {
    let dir = if to_server { Direction::ToServer } else { Direction::ToClient };
    let (payload, transport) = if polling {
        (testing::body("", bytes), POLLING)
    } else {
        (testing::message(text, bytes), WEBSOCKET)
    };
    let payload = Payload { dir, ..payload };
    for detail in DETAILS {
        testing::read(&payload, &mut testing::engineio(version, transport), detail);
    }
}
