//! What wirewalk decoded, from its JSON, in the form in which the peers log.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

/// Which way something travelled, as the JSON writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `c2s`
    ToServer,
    /// `s2c`
    ToClient,
}

impl Direction {
    /// Whether a unit travelled this way.
    pub fn is_of(self, unit: &Value) -> bool {
        unit["dir"] == if self == Direction::ToServer { "c2s" } else { "s2c" }
    }
}

/// A Socket.IO packet that was decoded.
#[derive(Clone, Debug)]
pub struct Packet {
    /// As the peers log it, without who sent it.
    pub logged: Value,
    /// The unit that its text is in. Its attachments may be in later ones.
    pub unit: u64,
    /// Whether attachments belong to it, and whether wirewalk put them back in place.
    pub attachments: Attachments,
}

/// The attachments of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachments {
    /// It has none.
    None,
    /// They stand where they belong among the arguments.
    PutBack,
    /// They came on other connections than their packet, in bodies of their own.
    Apart,
}

/// All Socket.IO packets of one direction, each in the place where it is complete.
pub fn packets(units: &[Value], direction: Direction) -> Vec<Packet> {
    let mut found = Vec::new();
    let mut announced: Option<Announced> = None;
    for unit in units.iter().filter(|unit| direction.is_of(unit)) {
        for layer in layers(unit, "socketio") {
            let Some(attachment) = field(layer, "socketio.attachment") else {
                let (unit, logged) = (id(unit), packet(layer));
                match number(layer, "socketio.attachments") {
                    Some(total) => {
                        announced = Some(Announced { unit, logged, total, attachments: Vec::new() })
                    }
                    None => found.push(Packet { logged, unit, attachments: Attachments::None }),
                }
                continue;
            };
            let waiting = announced.as_mut().expect("a packet that announced the attachment");
            waiting.attachments.push(bytes(&attachment["value"]));
            if waiting.attachments.len() < waiting.total {
                continue;
            }
            let Announced { unit, logged, attachments, .. } = announced.take().unwrap();
            let complete = put_back(&logged, &attachments);
            let arguments = field(layer, "socketio.arguments");
            if let Some(arguments) = arguments {
                let mut shown = Vec::new();
                collect(arguments, "socketio.attachment", &mut shown);
                let shown: Vec<Vec<u8>> = shown.iter().map(|field| bytes(&field["value"])).collect();
                assert_eq!(put_back(&packet(layer), &shown), complete, "attachments put back");
            }
            let how = if arguments.is_some() { Attachments::PutBack } else { Attachments::Apart };
            found.push(Packet { logged: complete, unit, attachments: how });
        }
    }
    assert!(announced.is_none(), "attachments that never came");
    found
}

/// A packet whose attachments are still to come.
struct Announced {
    unit: u64,
    logged: Value,
    total: usize,
    attachments: Vec<Vec<u8>>,
}

/// What a Socket.IO layer says, as the peers log it, with the placeholders of its attachments.
fn packet(layer: &Value) -> Value {
    let names = ["connect", "disconnect", "event", "ack", "connect_error", "event", "ack"];
    let mut logged = Map::new();
    logged.insert("type".to_owned(), names[number(layer, "socketio.type").expect("a packet type")].into());
    logged.insert(
        "namespace".to_owned(),
        field(layer, "socketio.namespace").expect("a namespace")["value"].clone(),
    );
    if let Some(id) = number(layer, "socketio.id") {
        logged.insert("id".to_owned(), id.into());
    }
    let parse = |field: &Value| serde_json::from_str::<Value>(field["value"].as_str().unwrap()).unwrap();
    if let Some(arguments) = field(layer, "socketio.arguments") {
        let mut data = parse(arguments);
        if let Some(name) = field(layer, "socketio.event") {
            data.as_array_mut().unwrap().insert(0, name["value"].clone());
        }
        logged.insert("data".to_owned(), data);
    }
    for key in ["socketio.auth", "socketio.error", "socketio.payload"] {
        if let Some(json) = field(layer, key) {
            logged.insert("data".to_owned(), parse(json));
        }
    }
    Value::Object(logged)
}

/// The value with its placeholders replaced by the attachments, as the peers log bytes.
fn put_back(value: &Value, attachments: &[Vec<u8>]) -> Value {
    match value {
        Value::Object(object) if object.contains_key("_placeholder") => {
            let number = object["num"].as_u64().and_then(|number| usize::try_from(number).ok());
            json!({ "bytes": hex(&attachments[number.expect("a number")]) })
        }
        Value::Object(object) => {
            object.iter().map(|(key, inner)| (key.clone(), put_back(inner, attachments))).collect()
        }
        Value::Array(array) => array.iter().map(|inner| put_back(inner, attachments)).collect(),
        _ => value.clone(),
    }
}

/// All WebSocket messages of one direction, as the peers log their contents.
pub fn messages(units: &[Value], direction: Direction) -> Vec<Value> {
    let frames = units.iter().filter(|unit| unit["kind"] == "frame" && direction.is_of(unit));
    frames.filter_map(|unit| content(layers(unit, "websocket")[0])).collect()
}

/// What the message says that ends with this frame, if one does.
fn content(frame: &Value) -> Option<Value> {
    field(frame, "websocket.message")?;
    let inner = frame["layers"].as_array().and_then(|layers| layers.first()).expect("a layer in the message");
    Some(match inner["protocol"].as_str().unwrap() {
        "text" => field(inner, "text.content").unwrap()["value"].clone(),
        "data" => json!({ "bytes": hex(&bytes(&field(inner, "data.data").unwrap()["value"])) }),
        "json" => json!({ "json": json_value(&inner["fields"][0]) }),
        other => panic!("a message of {other}"),
    })
}

/// The JSON value that a field of the JSON dissector stands for.
fn json_value(field: &Value) -> Value {
    let parts = field["fields"].as_array().into_iter().flatten();
    match field["key"].as_str().unwrap() {
        "json.object" => {
            parts.map(|member| (text(&member["value"]), json_value(&member["fields"][1]))).collect()
        }
        "json.array" => parts.map(json_value).collect(),
        "json.value.string" | "json.value.true" | "json.value.false" => field["value"].clone(),
        _ => serde_json::from_str(field["value"].as_str().unwrap()).unwrap(),
    }
}

/// The values of a field wherever it occurs in the units of one direction.
pub fn values(units: &[Value], direction: Direction, key: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for unit in units.iter().filter(|unit| direction.is_of(unit)) {
        for layer in unit["layers"].as_array().into_iter().flatten() {
            collect(layer, key, &mut found);
        }
    }
    found.into_iter().map(|field| field["value"].clone()).collect()
}

/// For each unit that belongs to an earlier one in this way: the earlier one.
pub fn links(units: &[Value], kind: &str) -> HashMap<u64, u64> {
    let links_of = |unit: &Value| {
        let links = unit["links"].as_array().cloned().unwrap_or_default();
        let unit = id(unit);
        links.into_iter().filter(|link| link["kind"] == kind).map(move |link| (unit, id_in(&link["to"])))
    };
    units.iter().flat_map(links_of).collect()
}

/// The units of both directions without those that follow a Close frame of their direction.
pub fn until_close(units: &[Value]) -> Vec<Value> {
    let mut closed = Vec::new();
    let mut kept = Vec::new();
    for unit in units {
        let direction = (&unit["conn"], &unit["dir"]);
        if !closed.contains(&direction) {
            kept.push(unit.clone());
        }
        let frames = layers(unit, "websocket");
        if frames.iter().any(|frame| number(frame, "websocket.opcode") == Some(8)) {
            closed.push(direction);
        }
    }
    kept
}

/// All layers of a protocol in a unit, outermost first.
fn layers<'a>(unit: &'a Value, protocol: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    for layer in unit["layers"].as_array().into_iter().flatten() {
        if layer["protocol"] == protocol {
            found.push(layer);
        }
        found.extend(layers(layer, protocol));
    }
    found
}

/// The fields with this key in a layer or field, in it and in all below.
fn collect<'a>(within: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    for part in ["fields", "layers"].iter().filter_map(|part| within[*part].as_array()).flatten() {
        if part["key"] == key {
            found.push(part);
        }
        collect(part, key, found);
    }
}

/// The field with this key, of those of the layer itself.
fn field<'a>(layer: &'a Value, key: &str) -> Option<&'a Value> {
    layer["fields"].as_array()?.iter().find(|field| field["key"] == key)
}

fn number(layer: &Value, key: &str) -> Option<usize> {
    field(layer, key)?["value"].as_u64().and_then(|number| number.try_into().ok())
}

fn id(unit: &Value) -> u64 {
    id_in(&unit["id"])
}

fn id_in(value: &Value) -> u64 {
    value.as_u64().expect("a unit's number")
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// The value of a field of bytes: their text, or base64.
fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        other => BASE64_STANDARD.decode(other["base64"].as_str().expect("bytes")).unwrap(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
