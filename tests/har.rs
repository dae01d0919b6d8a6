//! HAR files: those of other programs open as sessions, and sessions that are written as HAR say the same when they are opened again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wirewalk::capture::Recorder;
use wirewalk::capture::transcript::Header;
use wirewalk::decode::limits::MAX_MESSAGE;
use wirewalk::decode::sink::Detail;
use wirewalk::decode::unit::{LinkKind, UnitKind};
use wirewalk::export::har;
use wirewalk::session::{Session, UnitRef, headline};

#[allow(dead_code, reason = "only what it prints is wanted here")]
#[path = "support/command.rs"]
mod command;

use command::printed;

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What the real binary prints of a file, a unit a line.
fn opened(file: &Path) -> Vec<Value> {
    let text = String::from_utf8(printed(&["open", file.to_str().unwrap(), "--print", "json"])).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The summaries of the units that a filter lets pass.
fn summaries(units: &[Value], is_wanted: impl Fn(&Value) -> bool) -> Vec<String> {
    let wanted = units.iter().filter(|unit| is_wanted(unit));
    wanted
        .map(|unit| format!("{} {}", unit["dir"].as_str().unwrap(), unit["summary"].as_str().unwrap()))
        .collect()
}

fn is_message(unit: &Value) -> bool {
    unit["kind"] == "message"
}

fn is_http(unit: &Value) -> bool {
    unit["kind"] == "http-request" || unit["kind"] == "http-response"
}

#[test]
fn a_har_file_that_chromium_wrote_opens() {
    let units = opened(&at("tests/har/chromium.har"));
    assert_eq!(
        summaries(&units, is_message),
        [
            "c2s ping \"probe\"",
            "s2c pong \"probe\"",
            "c2s upgrade",
            "s2c noop",
            "c2s event \"message\" \"hello ✓\" (ack 0)",
            "s2c event \"message\" \"you said: hello \\u2713\"",
            "s2c ack 0 \"received\"",
            "c2s event \"picture\" …, 1 attachment follows",
            "c2s event \"picture\" <4 bytes>",
            "s2c event \"picture\" {\"size\":4,\"data\":…}, 1 attachment follows",
            "s2c event \"picture\" {\"size\":4,\"data\":<4 bytes>}",
            "s2c ping",
            "c2s pong",
            "c2s disconnect /",
        ]
    );
    let links = |kind: &str| {
        units
            .iter()
            .flat_map(|unit| unit["links"].as_array().unwrap())
            .filter(|link| link["kind"] == kind)
            .count()
    };
    assert_eq!((links("event"), links("ping"), links("announced"), links("request")), (1, 1, 2, 9));
    let http = summaries(&units, is_http);
    assert!(
        http.contains(
            &"c2s POST /form?to=a%20b&to=c, 19 bytes of application/x-www-form-urlencoded · \"name=Zo%C3%AB&age=7\"".to_owned()
        ),
        "{http:#?}"
    );
    assert!(http.contains(&"s2c 200 OK, 43 bytes of image/gif · 43 bytes".to_owned()), "{http:#?}");
    is_told(&units);
}

#[test]
fn a_har_file_that_mitmproxy_wrote_opens() {
    let units = opened(&at("tests/har/mitmproxy.har"));
    assert_eq!(
        summaries(&units, is_message),
        [
            "c2s ping \"probe\"",
            "s2c pong \"probe\"",
            "c2s upgrade",
            "c2s event \"message\" \"hello\" (ack 0)",
            "c2s event \"picture\" …, 1 attachment follows",
            "c2s event \"picture\" <4 bytes>",
            "s2c noop",
            "s2c event \"message\" \"you said: hello\"",
            "s2c ack 0 \"received\"",
            "s2c event \"picture\" {\"size\":4,\"data\":…}, 1 attachment follows",
            "s2c event \"picture\" {\"size\":4,\"data\":<4 bytes>}",
            "c2s disconnect /",
        ]
    );
    is_told(&units);
}

/// Nothing is found but that the frames of its WebSocket are not known; and nothing is there that the file does not hold.
fn is_told(units: &[Value]) {
    let findings = units.iter().flat_map(|unit| unit["findings"].as_array().unwrap());
    let found: Vec<_> = findings.map(|finding| &finding["rule"]).collect();
    assert_eq!(found, ["websocket.told"]);
    assert!(units.iter().all(|unit| is_message(unit) || is_http(unit)));
    let text = serde_json::to_string(units).unwrap();
    assert!(!text.contains("websocket.fin") && !text.contains("websocket.masking_key"));
    assert!(units.iter().all(|unit| unit["sources"][0]["kind"] == "told"));
}

fn transcripts() -> Vec<PathBuf> {
    let folders = [
        "walkthroughs/flask-socketio",
        "walkthroughs/socketio-events",
        "walkthroughs/websocket-from-scratch",
        "walkthroughs/when-it-fails",
        "tests/formats",
    ];
    let files = folders.iter().flat_map(|folder| fs::read_dir(at(folder)).unwrap());
    let found = files.map(|file| file.unwrap().path());
    found.filter(|path| path.extension().is_some_and(|extension| extension == "wirewalk")).collect()
}

fn written(session: &Session, header: &Header) -> Vec<u8> {
    let mut text = Vec::new();
    let mut units = session.ids().filter_map(|id| session.unit(id));
    har::write(session, &mut units, &header.started, "wirewalk 0.1.0", &mut text).unwrap();
    text
}

/// What passed on each connection, in order, and the Socket.IO acknowledgements that were tied.
fn said(session: &Session) -> (Vec<Vec<String>>, usize) {
    let mut by_connection: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut acknowledged = 0;
    for unit in session.ids().filter_map(|id| session.unit(id)) {
        let links = session.links(unit.id);
        let has = |kind| links.iter().any(|(_, link)| link.kind == kind);
        let is_said = match unit.kind {
            UnitKind::HttpRequest => true,
            UnitKind::HttpResponse => has(LinkKind::Request),
            UnitKind::Frame | UnitKind::Message => session.message_of(&unit).unwrap().is_some(),
            _ => false,
        };
        acknowledged += usize::from(has(LinkKind::Event));
        if is_said {
            by_connection.entry(unit.conn.0).or_default().push(line(session, &unit));
        }
    }
    let mut all: Vec<_> = by_connection.into_values().collect();
    all.sort();
    (all, acknowledged)
}

fn line(session: &Session, unit: &UnitRef) -> String {
    let tree = session.look(unit, Detail::Tree).unwrap();
    let message = session.message_of(unit).unwrap().map(|message| (message.text, message.bytes));
    let nodes = tree.layers.iter().flat_map(|layer| &layer.nodes);
    let told = nodes
        .filter(|node| matches!(node.def.key, "http.request.line" | "http.response.line" | "http.file_data"));
    let told: Vec<_> =
        told.map(|node| String::from_utf8_lossy(tree.bytes(&node.span)).into_owned()).collect();
    format!("{} {} {told:?} {message:?}", unit.dir.as_str(), headline::of(&tree).text)
}

#[test]
fn what_is_written_as_har_says_the_same_when_it_is_opened_again() {
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(at("tests/har.schema.json")).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let folder = tempfile::tempdir().unwrap();
    assert!(transcripts().len() > 5);
    for transcript in transcripts() {
        let (session, header, _) = Recorder::open(&transcript, MAX_MESSAGE).unwrap();
        let text = written(&session, &header);
        let json: Value = serde_json::from_slice(&text).unwrap();
        let wrong: Vec<_> =
            schema.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", transcript.display());
        let file = folder.path().join("written.har");
        fs::write(&file, &text).unwrap();
        let (again, header_again, _) = Recorder::open(&file, MAX_MESSAGE).unwrap();
        assert_eq!(said(&again), said(&session), "{}", transcript.display());
        // And once more, it is the same file but for what only the wire tells.
        let twice = written(&again, &header_again);
        fs::write(&file, &twice).unwrap();
        assert_eq!(said(&Recorder::open(&file, MAX_MESSAGE).unwrap().0), said(&session));
    }
}

#[test]
fn requests_of_http_2_are_read_and_a_file_without_entries_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("some.har");
    fs::write(&file, r#"{"log": {"version": "1.2", "entries": []}}"#).unwrap();
    assert_eq!(opened(&file), Vec::<Value>::new());
    let entry = r#"{"startedDateTime": "2026-11-25T12:00:00.5+01:00", "time": 3, "connection": "77",
        "request": {"method": "GET", "url": "https://chat.example/socket.io/?EIO=4&transport=polling", "httpVersion": "h2",
            "headers": [{"name": ":method", "value": "GET"}, {"name": "accept", "value": "*/*"}]},
        "response": {"status": 200, "statusText": "", "httpVersion": "h2", "headers": [{"name": "content-encoding", "value": "br"}],
            "content": {"text": "0{\"sid\":\"abc\",\"upgrades\":[],\"pingInterval\":1,\"pingTimeout\":1}"}}}"#;
    fs::write(&file, format!(r#"{{"log": {{"entries": [{entry}]}}}}"#)).unwrap();
    let units = opened(&file);
    let expected = [
        "c2s GET https://chat.example/socket.io/?EIO=4&transport=polling",
        "s2c 200, 61 bytes · open sid=abc",
    ];
    assert_eq!(summaries(&units, |_| true), expected);
    assert!(units.iter().all(|unit| unit["findings"] == Value::Array(Vec::new())), "{units:#?}");
}

#[test]
fn what_is_no_har_is_refused_with_its_line_and_byte() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.har");
    fs::write(&file, "{\"log\": {\n\"entries\": [\n{\"startedDateTime\": 7}]}}").unwrap();
    let error = Recorder::open(&file, MAX_MESSAGE).unwrap_err().to_string();
    let expected = "broken.har, line 3, byte 43: invalid type: integer `7`, expected a string";
    assert!(error.ends_with(expected), "{error}");
}
