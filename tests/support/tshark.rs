//! tshark, the dissector of others, and what it says of a capture file.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Whether there is a tshark to ask.
///
/// Where there is none, that is said on standard error, and the test should then return. Where `CI` is `true` it is a
/// failure, so that no run of the continuous integration passes without it.
pub fn is_installed() -> bool {
    let Err(error) = Command::new("tshark").arg("--version").output() else { return true };
    assert!(!std::env::var("CI").is_ok_and(|ci| ci == "true"), "no tshark: {error}");
    // Not by eprintln!, which the test harness would keep to itself.
    let _ = writeln!(io::stderr(), "SKIPPED: a test with tshark, which cannot be run: {error}");
    false
}

/// What tshark prints of a file, given these options.
pub fn print(file: &Path, options: &[&str]) -> String {
    let mut command = Command::new("tshark");
    // The preferences of whoever runs the tests change nothing.
    command.env("WIRESHARK_CONFIG_DIR", file.with_extension("preferences")).env("LC_ALL", "C.UTF-8");
    let output = command.arg("-r").arg(file).args(options).output().expect("tshark runs");
    assert!(output.status.success(), "tshark: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("tshark writes UTF-8")
}

/// The numbers of the packets that a display filter lets through.
pub fn matching(file: &Path, filter: &str, options: &[&str]) -> Vec<usize> {
    let numbers = print(file, &[&["-Y", filter, "-T", "fields", "-e", "frame.number"], options].concat());
    numbers.lines().map(|line| line.parse().expect("a number")).collect()
}

/// A packet that carries something above TCP.
pub struct Packet {
    /// The connection, counted from 0 in the order of the first packets.
    pub stream: usize,
    /// The port that it was sent to.
    pub to: u16,
    layers: Value,
}

/// A WebSocket frame, as tshark has it.
pub struct Frame<'a>(&'a Value);

/// The packets that carry HTTP or WebSocket frames.
pub fn packets(file: &Path) -> Vec<Packet> {
    let text = print(file, &["-Y", "http || websocket", "-T", "json", "-x", "--no-duplicate-keys"]);
    let packets: Vec<Value> = serde_json::from_str(&text).expect("tshark writes JSON");
    let packet = |packet: Value| {
        let layers = packet["_source"]["layers"].clone();
        let number = |key: &str| text_of(&layers["tcp"][key]).parse::<usize>().expect("a number");
        let to = number("tcp.dstport").try_into().expect("a port");
        Packet { stream: number("tcp.stream"), to, layers }
    };
    packets.into_iter().map(packet).collect()
}

impl Packet {
    /// The values of a field of HTTP messages, in their order.
    pub fn http(&self, key: &str) -> Vec<&str> {
        let mut found = Vec::new();
        collect(&self.layers["http"], key, &mut found);
        found
    }

    /// The WebSocket frames that end in it.
    pub fn frames(&self) -> Vec<Frame<'_>> {
        several(&self.layers["websocket"], Value::is_object).into_iter().map(Frame).collect()
    }

    /// The binary messages that end in it, in hexadecimal.
    pub fn binary_messages(&self) -> Vec<&str> {
        // A field with its place is an array itself, which begins with the bytes.
        let is_field = |value: &Value| value[0].is_string();
        several(&self.layers["data_raw"], is_field).into_iter().map(|raw| text_of(&raw[0])).collect()
    }
}

impl<'a> Frame<'a> {
    /// The number of the opcode.
    pub fn opcode(&self) -> u64 {
        self.number("websocket.opcode")
    }

    /// Whether it ends a message.
    pub fn fin(&self) -> bool {
        self.number("websocket.fin") == 1
    }

    /// Whether it was masked.
    pub fn mask(&self) -> bool {
        self.number("websocket.mask") == 1
    }

    /// How long the payload is.
    pub fn length(&self) -> u64 {
        let keys = ["websocket.payload_length_ext_64", "websocket.payload_length_ext_16"];
        let extended = keys.into_iter().find(|key| !self.0[*key].is_null());
        self.number(extended.unwrap_or("websocket.payload_length"))
    }

    /// The payload in hexadecimal, unmasked and as compressed as it was.
    pub fn payload(&self) -> &'a str {
        self.raw(&self.0["websocket.payload_raw"])
    }

    /// The text message that ends with it, in hexadecimal.
    pub fn text_message(&self) -> Option<&'a str> {
        let text = &self.0["websocket.payload"]["websocket.payload.text_raw"];
        (!text.is_null()).then(|| self.raw(text))
    }

    fn raw(&self, field: &'a Value) -> &'a str {
        field[0].as_str().unwrap_or_default()
    }

    fn number(&self, key: &str) -> u64 {
        text_of(&self.0[key]).parse().expect("a number")
    }
}

/// One value or an array of them, as tshark writes what occurs once or often.
fn several(value: &Value, is_one: impl Fn(&Value) -> bool) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        value if is_one(value) => vec![value],
        value => value.as_array().expect("several").iter().collect(),
    }
}

/// The texts of a field wherever it occurs.
fn collect<'a>(within: &'a Value, key: &str, found: &mut Vec<&'a str>) {
    match within {
        Value::Object(object) => {
            found.extend(object.get(key).and_then(Value::as_str));
            object.values().for_each(|inner| collect(inner, key, found));
        }
        Value::Array(array) => array.iter().for_each(|inner| collect(inner, key, found)),
        _ => {}
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().expect("text")
}
