//! Real peers speak through the real binary. What arrives is what was sent, byte for byte, on both sides and
//! in the recording; and what wirewalk decodes is what the peers themselves logged.
//!
//! The peers are in `tests/peers`, their versions in `tests/peers/pins.toml`.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/decoded.rs"]
mod decoded;
#[path = "support/peers.rs"]
mod peers;
#[path = "support/process.rs"]
mod process;
#[allow(dead_code, reason = "only whole transcripts are checked here")]
#[path = "support/schema.rs"]
mod schema;
#[path = "support/tap.rs"]
mod tap;
#[path = "support/wirewalk.rs"]
mod wirewalk;

use std::net::SocketAddr;

use serde_json::{Value, json};

use decoded::Direction::{ToClient, ToServer};
use decoded::{Attachments, Packet};
use peers::Peers;
use tap::{Streams, Tap};
use wirewalk::{Seen, Wirewalk};

/// A server or a client: a program of `tests/peers` and its options.
type Program = (&'static str, Value);

/// What two peers logged of what they said to each other, and what wirewalk saw of it.
struct Exchange {
    client: Vec<Value>,
    server: Vec<Value>,
    streams: Vec<Streams>,
    units: Vec<Value>,
}

/// Runs a server and a client with wirewalk between them until the client has ended, and compares the bytes
/// at both ends and in the recording. `last` is the key of the last thing that the server logs.
fn exchange(peers: &Peers, server: Program, client: Program, scheme: &str, last: &str) -> Exchange {
    let mut server = peers.start(server.0, &server.1);
    let server_side = Tap::start(SocketAddr::from(([127, 0, 0, 1], server.port())));
    let wirewalk = Wirewalk::start(server_side.address);
    let client_side = Tap::start(wirewalk.address);

    let (program, mut options) = client;
    options["url"] = format!("{scheme}://{}", client_side.address).into();
    let client = peers.start(program, &options).finish();
    let (streams, arrived) = (client_side.finish(), server_side.finish());
    server.wait_for(last);
    let server = server.finish();

    let Seen { units, received } = wirewalk.stop();
    assert_same_bytes("at the server's end", &streams, &arrived);
    let mut recorded: Vec<Streams> = received.into_values().map(Streams::from).collect();
    recorded.sort();
    assert_same_bytes("in the recording", &streams, &recorded);
    Exchange { client, server, streams, units }
}

fn assert_same_bytes(place: &str, wanted: &[Streams], got: &[Streams]) {
    assert_eq!(wanted.len(), got.len(), "the number of connections {place}");
    for (wanted, got) in wanted.iter().zip(got) {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).escape_debug().to_string();
        for (wanted, got) in [(&wanted.to_server, &got.to_server), (&wanted.to_client, &got.to_client)] {
            assert!(
                wanted == got,
                "{place}:\n  {}\nbut at the client's end:\n  {}",
                shown(got),
                shown(wanted)
            );
        }
    }
}

/// What a Socket.IO client uses to carry its packets.
#[derive(Clone, Copy, PartialEq)]
enum Transport {
    Polling,
    WebSocket,
    Upgrade,
}

/// A Socket.IO conversation over one transport.
fn socket_io(server: Program, client: &'static str, transport: Transport, compressed: bool) {
    let Some(peers) = peers::installed() else { return };
    let transports = match transport {
        Transport::Polling => json!(["polling"]),
        Transport::WebSocket => json!(["websocket"]),
        Transport::Upgrade => json!(["polling", "websocket"]),
    };
    let mut seen = exchange(peers, server, (client, json!({ "transports": transports })), "http", "gone");
    if client == "py_client.py" {
        // python-engineio's server closes the WebSocket without waiting, and Werkzeug takes the client's Close
        // frame for the next request and answers it. What then stands on the wire is no WebSocket frame.
        seen.units = decoded::until_close(&seen.units);
    }
    let to_server = decoded::packets(&seen.units, ToServer);
    let to_client = decoded::packets(&seen.units, ToClient);
    assert_packets(&to_server, &seen.client, &seen.server);
    assert_packets(&to_client, &seen.server, &seen.client);
    assert_acks(&to_client, &to_server, &seen.units);
    assert_acks(&to_server, &to_client, &seen.units);
    assert_attachments(transport, &[to_server, to_client].concat());
    assert_transport(transport, &seen);
    assert_compressed(compressed, &seen);
    assert_engine_session(&seen);
    assert_no_errors(&seen.units);
}

/// Compares what was decoded with what the receiver logged, in order; and with what the sender logged, whose
/// threads may log in another order than they send.
fn assert_packets(decoded: &[Packet], sender: &[Value], receiver: &[Value]) {
    let mut decoded: Vec<Value> = decoded.iter().map(|packet| packet.logged.clone()).collect();
    assert_same(&decoded, &packets_of(receiver, "received"), "what the receiver logged");
    let mut sent = packets_of(sender, "sent");
    for packets in [&mut decoded, &mut sent] {
        packets.sort_by_key(Value::to_string);
    }
    assert_same(&decoded, &sent, "what the sender logged");
    assert!(decoded.len() > 10, "the peers had a conversation");
}

/// The packets that a peer logged.
fn packets_of(log: &[Value], way: &str) -> Vec<Value> {
    let packets = log.iter().filter(|line| line["packet"] == way).cloned();
    let without_way = packets.map(|mut packet| {
        packet.as_object_mut().unwrap().remove("packet");
        packet
    });
    without_way.collect()
}

fn assert_same(decoded: &[Value], logged: &[Value], whose: &str) {
    for (number, (decoded, logged)) in decoded.iter().zip(logged).enumerate() {
        assert_eq!(decoded, logged, "number {number} that was decoded, and {whose}");
    }
    assert_eq!(decoded.len(), logged.len(), "how many were decoded, and {whose}");
}

/// Each acknowledgement is tied to the event that it answers.
fn assert_acks(acks: &[Packet], events: &[Packet], units: &[Value]) {
    let links = decoded::links(units, "event");
    let acks: Vec<&Packet> = acks.iter().filter(|packet| packet.logged["type"] == "ack").collect();
    assert!(!acks.is_empty(), "the peers acknowledged");
    for ack in acks {
        let answers = |event: &&Packet| {
            let same = |key| event.logged[key] == ack.logged[key];
            event.logged["type"] == "event" && same("id") && same("namespace")
        };
        let event = events.iter().find(answers).expect("the event of an acknowledgement");
        assert_eq!(links.get(&ack.unit), Some(&event.unit), "the event of {}", ack.logged);
    }
}

/// Where packet and attachments share a WebSocket, wirewalk puts them together.
fn assert_attachments(transport: Transport, packets: &[Packet]) {
    let count = |how| packets.iter().filter(|packet| packet.attachments == how).count();
    if transport != Transport::Polling {
        assert_eq!(count(Attachments::Apart), 0);
        assert_eq!(count(Attachments::PutBack), 6);
    } else {
        assert_eq!(count(Attachments::Apart) + count(Attachments::PutBack), 6);
    }
}

/// The transport was the one that was asked for.
fn assert_transport(transport: Transport, seen: &Exchange) {
    let count = |kind: &str| seen.units.iter().filter(|unit| unit["kind"] == kind).count();
    let upgraded = decoded::values(&seen.units, ToServer, "engineio.type").contains(&json!(5));
    match transport {
        Transport::Polling => assert_eq!((count("frame"), upgraded), (0, false)),
        Transport::WebSocket => assert_eq!((count("http-request"), upgraded), (1, false)),
        Transport::Upgrade => assert!(count("http-request") > 1 && count("frame") > 0 && upgraded),
    }
}

/// permessage-deflate was agreed and used, or was not.
fn assert_compressed(compressed: bool, seen: &Exchange) {
    let agreed = |streams: &Streams| {
        String::from_utf8_lossy(&streams.to_client)
            .contains("\r\nSec-WebSocket-Extensions: permessage-deflate")
    };
    assert_eq!(seen.streams.iter().any(agreed), compressed, "permessage-deflate in the handshake");
    for direction in [ToServer, ToClient] {
        let inflated = decoded::values(&seen.units, direction, "websocket.payload.inflated_length");
        assert_eq!(!inflated.is_empty(), compressed, "inflated messages {direction:?}");
    }
}

/// All that names the engine session, or is a frame of it, belongs to the one whose id both peers know.
fn assert_engine_session(seen: &Exchange) {
    let known = |log: &[Value]| log.iter().find_map(|line| line.get("engine")).cloned().expect("a sid");
    assert_eq!(known(&seen.client), known(&seen.server));
    let query = format!("sid={}", known(&seen.client).as_str().unwrap());
    let names_it = |unit: &&Value| {
        unit["kind"] == "frame"
            || unit["kind"] == "http-request" && unit["summary"].as_str().unwrap().contains(&query)
    };
    let units: Vec<&Value> = seen.units.iter().filter(names_it).collect();
    assert!(units.len() > 10, "{} units of the engine session", units.len());
    for unit in units {
        assert_eq!(unit["engine_session"], known(&seen.client), "{unit}");
    }
}

fn assert_no_errors(units: &[Value]) {
    for unit in units {
        let findings = unit["findings"].as_array().expect("a list of findings");
        assert!(findings.iter().all(|finding| finding["severity"] != "error"), "{unit}");
    }
}

/// A WebSocket conversation without Engine.IO, closed by the client and by the server.
fn web_socket(server: &'static str, client: &'static str) {
    let Some(peers) = peers::installed() else { return };
    for (closing, code, reason) in [("client", 4123, "done ✓"), ("server", 4321, "the server's own code")] {
        let seen = exchange(peers, (server, json!({})), (client, json!({ "close": closing })), "ws", "close");
        for (direction, sender, receiver) in
            [(ToServer, &seen.client, &seen.server), (ToClient, &seen.server, &seen.client)]
        {
            let messages = decoded::messages(&seen.units, direction);
            assert_same(&messages, &messages_of(sender, "sent"), "what the sender logged");
            assert_same(&messages, &messages_of(receiver, "received"), "what the receiver logged");
            let closes = decoded::values(&seen.units, direction, "websocket.payload.close.status_code");
            let reasons = decoded::values(&seen.units, direction, "websocket.payload.close.reason");
            assert_eq!((closes, reasons), (vec![json!(code)], vec![json!(reason)]));
        }
        for log in [&seen.client, &seen.server] {
            assert!(log.contains(&json!({ "close": code, "reason": reason })), "{log:?}");
        }
        for (direction, key) in [(ToServer, "websocket.payload.ping"), (ToClient, "websocket.payload.pong")] {
            assert_eq!(decoded::values(&seen.units, direction, key), [json!("between")]);
        }
        let fragmented = decoded::values(&seen.units, ToServer, "websocket.message.fragmented");
        assert!(fragmented.contains(&json!(true)), "a message in fragments");
        assert_compressed(true, &seen);
        assert_no_errors(&seen.units);
    }
}

/// The contents of the messages that a peer logged; a JSON text as its value, since that is how it is decoded.
fn messages_of(log: &[Value], way: &str) -> Vec<Value> {
    let messages = log.iter().filter(|line| line["message"] == way);
    let content = |line: &Value| {
        let content = &line["content"];
        let parsed = content.as_str().filter(|text| text.starts_with('{')).map(serde_json::from_str::<Value>);
        parsed.map_or_else(|| content.clone(), |json| json!({ "json": json.unwrap() }))
    };
    messages.map(content).collect()
}

/// One test for each transport between a Socket.IO server and client.
macro_rules! socket_io {
    ($($name:ident: $server:expr, $client:literal, compressed $compressed:literal;)+) => {
        $(mod $name {
            use super::*;

            #[test]
            fn polling() {
                socket_io($server, $client, Transport::Polling, false);
            }

            #[test]
            fn websocket() {
                socket_io($server, $client, Transport::WebSocket, $compressed);
            }

            #[test]
            fn upgrade() {
                socket_io($server, $client, Transport::Upgrade, $compressed);
            }
        })+
    };
}

socket_io! {
    flask_with_npm_client: ("flask_server.py", json!({})), "sio_client.cjs", compressed true;
    flask_with_python_client: ("flask_server.py", json!({})), "py_client.py", compressed false;
    npm_with_npm_client: ("sio_server.cjs", json!({})), "sio_client.cjs", compressed false;
    npm_compressing_with_npm_client: ("sio_server.cjs", json!({ "perMessageDeflate": true })), "sio_client.cjs", compressed true;
}

#[test]
fn ws_with_ws() {
    web_socket("ws_server.cjs", "ws_client.cjs");
}

#[test]
fn websockets_with_websockets() {
    web_socket("websockets_server.py", "websockets_client.py");
}

#[test]
fn websockets_with_ws() {
    web_socket("websockets_server.py", "ws_client.cjs");
}
