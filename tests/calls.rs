//! `wirewalk run` before real servers: the calls that it shows are those that the libraries made, each tied to the unit that it belongs to.
//!
//! The servers are in `tests/peers/calls`, as somebody writes them who has never heard of wirewalk.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/peers.rs"]
#[expect(dead_code, reason = "here clients are only waited for, and servers are started by wirewalk")]
mod peers;
#[path = "support/process.rs"]
mod process;
#[allow(dead_code, reason = "only whole transcripts are checked here")]
#[path = "support/schema.rs"]
mod schema;
#[path = "support/traced.rs"]
mod traced;

use std::collections::HashMap;
use std::fs;

use serde_json::{Value, json};

use traced::{Traced, flattened, symbols};
use wirewalk::capture::Recorder;
use wirewalk::decode::limits::MAX_MESSAGE;
use wirewalk::session::calls::Certainty;

/// Checks that these symbols are among `all`, in this order.
#[track_caller]
fn assert_chain(all: &[String], chain: &[&str]) {
    let mut rest = all.iter();
    for symbol in chain {
        assert!(
            rest.any(|other| other == symbol),
            "{symbol} is not there, or not in its place, in:\n{}",
            all.join("\n")
        );
    }
}

/// What every engine session of version 4 by polling and a WebSocket has: handshake, upgrade, event, answer, acknowledgement.
struct Units {
    handshake: Value,
    upgrade: Value,
    event: Value,
    answer: Value,
    ack: Value,
}

impl Units {
    fn of(traced: &Traced) -> Units {
        let unit =
            |filter: &str| traced.units(filter).into_iter().next().unwrap_or_else(|| panic!("no {filter}"));
        // The first event can come in one segment with the packet before it, and then shares the call that read both.
        let last = |filter: &str| traced.units(filter).pop().unwrap_or_else(|| panic!("no {filter}"));
        Units {
            handshake: unit("kind == http-request && summary contains \"transport=polling\""),
            upgrade: unit("kind == http-request && summary contains \"upgrade to websocket\""),
            event: last("socketio.event == \"message\" && dir == c2s"),
            answer: last("socketio.event == \"message\" && dir == s2c"),
            ack: last("socketio.type == ack && dir == s2c"),
        }
    }

    /// Whether all of them have calls that are tied for certain.
    #[track_caller]
    fn assert_certain(&self) {
        for unit in [&self.handshake, &self.upgrade, &self.event, &self.answer, &self.ack] {
            assert_eq!(unit["calls"]["certainty"], "certain", "{unit:#}");
        }
    }
}

const FLASK_HANDSHAKE: &[&str] = &[
    "werkzeug.serving:WSGIRequestHandler.handle",
    "werkzeug.serving:WSGIRequestHandler.run_wsgi",
    "flask_socketio:_SocketIOMiddleware.__call__",
    "engineio.middleware:WSGIApp.__call__",
    "socketio.server:Server.handle_request",
    "engineio.server:Server.handle_request",
    "engineio.server:Server._handle_connect",
    "engineio.base_socket:BaseSocket.__init__",
    "engineio.socket:Socket.send",
    "engineio.socket:Socket.poll",
    "engineio.payload:Payload.encode",
    "engineio.packet:Packet.encode",
    "werkzeug.serving:WSGIRequestHandler.run_wsgi.start_response",
    "werkzeug.serving:WSGIRequestHandler.run_wsgi.write",
];

const FLASK_UPGRADE: &[&str] = &[
    "engineio.server:Server.handle_request",
    "engineio.socket:Socket.handle_get_request",
    "engineio.socket:Socket._upgrade_websocket",
    "engineio.async_drivers._websocket_wsgi:SimpleWebSocketWSGI.__call__",
    "simple_websocket.ws:Server.__init__",
    "simple_websocket.ws:Server.handshake",
    "wsproto.handshake:H11Handshake._accept",
    "wsproto.utilities:generate_accept_token",
    "engineio.socket:Socket._websocket_handler",
];

const FLASK_EVENT: &[&str] = &[
    "wsproto:WSConnection.receive_data",
    "simple_websocket.ws:Base._handle_events",
    "wsproto.frame_protocol:MessageDecoder.process_frame",
    "engineio.packet:Packet.decode",
    "engineio.socket:Socket.receive",
    "engineio.server:Server._trigger_event.run_handler",
    "socketio.server:Server._handle_eio_message",
    "socketio.packet:Packet.decode",
    "socketio.server:Server._handle_event",
    "engineio.server:Server.start_background_task",
    "socketio.server:Server._handle_event_internal",
    "socketio.server:Server._trigger_event",
    "flask_socketio:SocketIO.on.decorator._handler",
    "flask_socketio:SocketIO._handle_event",
    "app:handle_message",
    "app:answer",
    "flask_socketio:send",
    "flask_socketio:SocketIO.emit",
    "socketio.manager:Manager.emit",
    "engineio.socket:Socket.send",
    "engineio.packet:Packet.encode",
    "engineio.async_drivers._websocket_wsgi:SimpleWebSocketWSGI.send",
    "simple_websocket.ws:Base.send",
    "wsproto.frame_protocol:FrameProtocol.send_data",
];

const FLASK_ACK: &[&str] = &[
    "socketio.server:Server._handle_event_internal",
    "socketio.server:Server._send_packet",
    "engineio.socket:Socket.send",
    "engineio.packet:Packet.encode",
    "simple_websocket.ws:Base.send",
];

/// Holds what was traced of a Flask-SocketIO app against the chains that its libraries really go through.
#[track_caller]
fn assert_flask(traced: &Traced) {
    let units = Units::of(traced);
    units.assert_certain();
    assert_chain(&symbols(&units.handshake), FLASK_HANDSHAKE);
    assert_chain(&symbols(&units.upgrade), FLASK_UPGRADE);
    assert_chain(&symbols(&units.event), FLASK_EVENT);
    // Of the answer there is the way to it, from the message that caused it.
    assert_chain(
        &symbols(&units.answer),
        &["socketio.server:Server._handle_event_internal", "app:handle_message", "app:answer"],
    );
    assert_chain(&symbols(&units.answer), &FLASK_EVENT[17..]);
    assert_chain(&symbols(&units.ack), FLASK_ACK);
    assert!(
        !symbols(&units.ack).contains(&"app:answer".to_owned()),
        "the acknowledgement is sent behind the handler"
    );
    let strands: std::collections::HashSet<String> =
        flattened(&units.event).iter().map(|call| call["strand"]["name"].to_string()).collect();
    assert!(strands.len() >= 4, "it crosses four threads: {strands:?}");
}

#[test]
fn flask_socketio_goes_the_way_that_it_really_goes() {
    let Some(peers) = peers::installed() else { return };
    let traced = Traced::run(&peers.python(), &["app.py"], |port| peers.chat(port, 1, 2));
    assert_flask(&traced);
    schema::check(traced.recording().as_ref());
    let report = traced.wirewalk(&["report", traced.recording()]);
    for expected in ["## The libraries", "### 5. The answer", "def handle_message(text):"] {
        assert!(report.contains(expected), "{expected}");
    }
    let line =
        "https://github.com/miguelgrinberg/python-engineio/blob/v4.15.1/src/engineio/middleware.py#L45";
    assert!(report.contains(line), "{report}");
}

#[test]
fn every_interpreter_goes_the_same_way() {
    let Some(peers) = peers::installed() else { return };
    if !std::env::var("WIREWALK_INTERPRETERS").is_ok_and(|which| which == "all") {
        return;
    }
    for version in ["3.8", "3.12", "3.13"] {
        let Some(python) = peers.interpreter(version) else {
            println!("CPython {version} is not on this machine");
            continue;
        };
        println!("CPython {version}");
        assert_flask(&Traced::run(&python, &["app.py"], |port| peers.chat(port, 1, 2)));
        let echo = Traced::run(&python, &["echo.py"], |port| peers.echo(port));
        assert_echo(&echo);
        assert_asgi(&Traced::run(&python, &["asgi.py"], |port| peers.chat(port, 1, 2)));
    }
}

#[track_caller]
fn assert_asgi(traced: &Traced) {
    let units = Units::of(traced);
    units.assert_certain();
    assert_chain(
        &symbols(&units.handshake),
        &[
            "engineio.async_server:AsyncServer.handle_request",
            "engineio.async_server:AsyncServer._handle_connect",
        ],
    );
    assert_chain(
        &symbols(&units.event),
        &[
            "engineio.async_drivers.asgi:WebSocket.wait",
            "engineio.async_socket:AsyncSocket.receive",
            "socketio.async_server:AsyncServer._handle_event_internal",
            "asgi:handle_message",
            "socketio.async_manager:AsyncManager.emit",
            "engineio.async_socket:AsyncSocket.send",
            "engineio.async_drivers.asgi:WebSocket.send",
        ],
    );
    assert_chain(
        &symbols(&units.answer),
        &["asgi:handle_message", "engineio.async_drivers.asgi:WebSocket.send"],
    );
}

#[test]
fn python_socketio_under_uvicorn() {
    let Some(peers) = peers::installed() else { return };
    assert_asgi(&Traced::run(&peers.python(), &["asgi.py"], |port| peers.chat(port, 1, 2)));
}

#[track_caller]
fn assert_echo(traced: &Traced) {
    let [question, answer] = ["c2s", "s2c"].map(|dir| {
        traced.units(&format!("websocket.opcode == text && dir == {dir}")).into_iter().next().unwrap()
    });
    assert_eq!(
        (&question["calls"]["certainty"], &answer["calls"]["certainty"]),
        (&json!("certain"), &json!("certain"))
    );
    assert_chain(&symbols(&question), &["websockets.asyncio.connection:Connection.recv", "echo:answer"]);
    assert_chain(&symbols(&answer), &["echo:answer", "websockets.asyncio.connection:Connection.send"]);
}

#[test]
fn a_plain_server_by_websockets() {
    let Some(peers) = peers::installed() else { return };
    assert_echo(&Traced::run(&peers.python(), &["echo.py"], |port| peers.echo(port)));
}

#[test]
fn socket_io_on_node() {
    let Some(peers) = peers::installed() else { return };
    let traced = Traced::run("node", &["server.cjs"], |port| peers.chat(port, 1, 2));
    let units = Units::of(&traced);
    units.assert_certain();
    assert_chain(
        &symbols(&units.handshake),
        &["engine.io/build/server:Server.handleRequest", "engine.io/build/server:BaseServer.verify"],
    );
    assert_chain(
        &symbols(&units.event),
        &[
            "ws/lib/receiver:Receiver.dataMessage",
            "engine.io/build/socket:Socket.onPacket",
            "socket.io-parser/build/cjs/index:Decoder.add",
            "socket.io/dist/socket:Socket.onevent",
            "server:handleMessage",
        ],
    );
    assert_chain(
        &symbols(&units.answer),
        &["server:handleMessage", "engine.io/build/transports/websocket:WebSocket.send"],
    );
}

#[test]
fn a_server_and_a_client_that_were_started_elsewhere() {
    let Some(peers) = peers::installed() else { return };
    let traced = Traced::elsewhere(peers, |port, environment| peers.chat_with(port, 1, 2, environment));
    assert_asgi(&traced);
    let units = Units::of(&traced);
    // The walk begins in the client: it wrote the event, and the answer led to its listener.
    assert_chain(
        &symbols(&units.event),
        &[
            "socket.io-client/build/cjs/socket:Socket.emitWithAck",
            "socket.io-client/build/cjs/socket:Socket.emit",
            "asgi:handle_message",
        ],
    );
    assert_chain(
        &symbols(&units.answer),
        &["asgi:handle_message", "socket.io-client/build/cjs/socket:Socket.onpacket"],
    );
}

#[test]
fn what_is_added_to_a_library_and_to_the_app_is_seen() {
    let Some(peers) = peers::installed() else { return };
    // The interpreter finds this copy of engineio before its own.
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site-packages");
    copy(&peers.site_packages().join("engineio"), &site.join("engineio"));
    let packet = site.join("engineio/packet.py");
    let text = fs::read_to_string(&packet).unwrap();
    let changed = text.replacen("    def decode(self, encoded_packet):\n", "    def looked_at(self):\n        return self\n\n    def decode(self, encoded_packet):\n        self.looked_at()\n", 1);
    assert_ne!(text, changed);
    fs::write(&packet, changed).unwrap();
    let app = fs::read_to_string(traced::app("app.py")).unwrap();
    let app = app.replace(
        "    send(\"hello\")\n",
        "    one_more_step()\n    send(\"hello\")\n\n\ndef one_more_step():\n    pass\n",
    );
    let environment = [("PYTHONPATH", site.to_str().unwrap())];
    let traced =
        Traced::run_text(&peers.python(), "app.py", &app, &environment, |port| peers.chat(port, 1, 1));
    let units = Units::of(&traced);
    assert_chain(
        &symbols(&units.event),
        &[
            "engineio.packet:Packet.decode",
            "engineio.packet:Packet.looked_at",
            "app:answer",
            "app:one_more_step",
        ],
    );
    let report = traced.wirewalk(&["report", traced.recording()]);
    assert!(report.contains("Packet.looked_at") && report.contains("one_more_step"), "{report}");
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// The handler says which client's event it handles, and its number; the wire says the same of the unit.
#[test]
fn of_fifty_clients_that_say_the_same_each_has_its_own_calls() {
    let Some(peers) = peers::installed() else { return };
    let traced =
        Traced::run_with(&peers.python(), &["app.py"], &["--arguments"], |port| peers.chat(port, 50, 4));
    let mut sids: HashMap<String, String> = HashMap::new();
    for unit in traced.units("socketio.type == connect && dir == s2c") {
        let summary = unit["summary"].as_str().unwrap();
        let sid = summary.split("sid=").last().unwrap().split(' ').next().unwrap();
        sids.insert(unit["engine_session"].as_str().unwrap().to_owned(), sid.to_owned());
    }
    assert_eq!(sids.len(), 50);
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let (mut right, mut untied) = (0, 0);
    for unit in traced.units("socketio.event == \"message\" && dir == c2s") {
        let engine = unit["engine_session"].as_str().unwrap();
        let number = numbers.entry(engine.to_owned()).or_default();
        *number += 1;
        let expected = format!("sid='{}', number={number}", sids[engine]);
        let calls = flattened(&unit);
        let own: Vec<&Value> = calls
            .iter()
            .filter(|call| call["symbol"] == "app:answer")
            .map(|call| &call["arguments"])
            .collect();
        match own[..] {
            [] => untied += 1,
            [arguments] => {
                assert_eq!(arguments.as_str(), Some(expected.as_str()), "unit {}", unit["id"]);
                right += 1;
            }
            _ => panic!("unit {} has the calls of others: {own:?}", unit["id"]),
        }
    }
    assert_eq!((right, untied), (200, 0));
    for unit in traced.units("socketio.event == \"message\" && dir == s2c") {
        let calls = flattened(&unit);
        let own: Vec<&str> = calls
            .iter()
            .filter(|call| call["symbol"] == "app:answer")
            .filter_map(|call| call["arguments"].as_str())
            .collect();
        assert!(
            matches!(own[..], [arguments] if arguments.contains(&sids[unit["engine_session"].as_str().unwrap()])),
            "{own:?}"
        );
    }
    let (certain, all, others) = tied(&traced);
    let share = certain as f64 / all as f64;
    println!("{certain} of {all} calls are tied for certain, {:.2} %; the others: {others:?}", share * 100.0);
    assert!(share >= 0.99, "{share}: {others:?}");
}

/// How many of the calls after the first connection are tied for certain, of how many, and which are not.
fn tied(traced: &Traced) -> (usize, usize, Vec<(String, usize)>) {
    let (session, ..) = Recorder::open(traced.recording().as_ref(), MAX_MESSAGE).unwrap();
    let first = session.connections()[0].opened;
    let calls = session.calls();
    let (mut certain, mut all) = (0, 0);
    let mut others: HashMap<String, usize> = HashMap::new();
    for call in calls.all().iter().filter(|call| call.begin >= first) {
        all += 1;
        let tie = session.cause_of(call.id).unwrap().or(session.written_by(call.id).unwrap());
        match tie {
            Some(tied) if tied.certainty == Certainty::Certain => certain += 1,
            _ => *others.entry(calls.called(call).unwrap().symbol.to_string()).or_default() += 1,
        }
    }
    let mut others: Vec<(String, usize)> = others.into_iter().collect();
    others.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    (certain, all, others)
}

#[test]
fn a_server_that_crashes_at_its_start_shows_its_error() {
    let Some(peers) = peers::installed() else { return };
    let output = traced::failing(&peers.python(), "import nothing_of_that_name\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("No module named 'nothing_of_that_name'")
            && said.contains("ended before it listened: exit code 1"),
        "{said}"
    );
}

#[test]
fn a_server_outlives_a_wirewalk_that_is_killed() {
    let Some(peers) = peers::installed() else { return };
    let mut running = traced::start(&peers.python(), &["app.py"]);
    let port = running.real_port();
    running.kill();
    assert!(traced::get(port, "/").contains("chat"), "the server still answers");
    running.end_server();
}

#[test]
fn a_terminal_that_is_closed_ends_wirewalk_and_the_server() {
    let Some(peers) = peers::installed() else { return };
    let (port, code) = traced::in_a_terminal_that_is_closed(&peers.python(), "app.py");
    assert_eq!(code, 0);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "nobody listens there any more");
}

#[test]
fn a_server_that_cannot_be_traced_is_stood_before_all_the_same() {
    let Some(peers) = peers::installed() else { return };
    // Isolated, an interpreter reads nothing of its environment.
    let traced = Traced::run_in(
        &peers.python(),
        &["-I", "-u", "-m", "http.server", "PORT"],
        &["--listen", "127.0.0.1:0"],
        |port| {
            assert!(traced::get(port, "/").contains("Directory listing"));
        },
    );
    assert!(traced.said.contains("could not be asked where it listens"), "{}", traced.said);
    assert_eq!(traced.units("kind == http-request").len(), 1);
}
