//! What a packet is about, in a line.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::packet::{
    BINARY_ACK, BINARY_EVENT, CONNECT, CONNECT_ERROR, Content, DISCONNECT, EVENT, Packet, behind_first,
    placeholders,
};
use crate::decode::json::line::{Compact, Line};
use crate::decode::json::unquoted;
use crate::wire::Direction;

/// A packet whose attachments, `total` of them, are still to come.
pub(super) fn announcing(packet: &Packet<'_>, content: &Content<'_>, dir: Direction, total: u16) -> String {
    let follow = match total {
        0 => String::new(),
        1 => ", 1 attachment follows".to_owned(),
        _ => format!(", {total} attachments follow"),
    };
    line(packet, content, dir, &follow, &|_| "…".to_owned())
}

/// An event or acknowledgement whose attachments are here, with `size` to say how many bytes each has.
pub(super) fn complete(packet: &Packet<'_>, content: &Content<'_>, size: &dyn Fn(u64) -> String) -> String {
    line(packet, content, Direction::ToClient, "", size)
}

/// What an attachment is for: `event "file"`, `ack 3`.
pub(super) fn subject(packet: &Packet<'_>, content: &Content<'_>) -> String {
    begin(packet, content).0.finish("")
}

fn line(
    packet: &Packet<'_>,
    content: &Content<'_>,
    dir: Direction,
    follow: &str,
    attachment: &dyn Fn(u64) -> String,
) -> String {
    let Some(packet_type @ ..=BINARY_ACK) = packet.packet_type else {
        let mut line = Line::from("unknown packet type ");
        line.push(packet.digit);
        return line.finish("");
    };
    let (mut line, arguments) = begin(packet, content);
    match packet_type {
        CONNECT if dir == Direction::ToClient => {
            line = Line::from("connected ");
            line.push(packet.namespace());
            if let Some(sid) = member(content, "sid") {
                line.push(" sid=");
                line.push(&unquoted(sid));
            }
        }
        CONNECT | DISCONNECT | CONNECT_ERROR => {
            let shown = member(content, "message").or(match content {
                Content::Other(json) => Some(*json),
                _ => None,
            });
            if let Some(json) = shown.filter(|_| packet_type != DISCONNECT) {
                line.push(" ");
                line.push_json(json);
            }
        }
        _ if !arguments.is_empty() => {
            line.push(" ");
            if packet.is_binary() {
                push_arguments(&mut line, arguments, attachment);
            } else {
                line.push_json(arguments);
            }
        }
        _ => {}
    }
    let asked = match (packet_type, packet.id) {
        (EVENT | BINARY_EVENT, Some(id)) if id.len() <= 20 => format!("{follow} (ack {id})"),
        _ => follow.to_owned(),
    };
    line.finish(&asked)
}

/// The beginning of a summary, and the arguments that belong behind it.
fn begin<'a>(packet: &Packet<'a>, content: &Content<'a>) -> (Line, &'a str) {
    let mut line = Line::new();
    let mut arguments = "";
    match packet.packet_type {
        Some(CONNECT) => line.push("connect "),
        Some(DISCONNECT) => line.push("disconnect "),
        Some(CONNECT_ERROR) => line.push("connect error "),
        Some(EVENT | BINARY_EVENT) => line.push("event"),
        _ => line.push("ack"),
    }
    if matches!(packet.packet_type, Some(CONNECT | DISCONNECT | CONNECT_ERROR)) {
        line.push(packet.namespace());
        return (line, arguments);
    }
    if packet.namespace() != "/" {
        line.push(" ");
        line.push(packet.namespace());
    }
    if let Some(id) = packet.id.filter(|_| packet.is_ack()) {
        line.push(" ");
        line.push(id);
    }
    if let Content::Array { inside, first } = *content {
        arguments = inside;
        if let Some(name) = first.filter(|_| !packet.is_ack()) {
            line.push(" ");
            line.push_json(name);
            arguments = behind_first(inside, name);
        }
    }
    (line, arguments)
}

fn push_arguments(line: &mut Line, arguments: &str, attachment: &dyn Fn(u64) -> String) {
    let mut compact = Compact::default();
    let mut done = 0;
    for (range, number) in placeholders(arguments) {
        compact.write(arguments.get(done..range.start).unwrap_or_default(), line);
        line.push(&attachment(number));
        done = range.end;
        if line.is_cut() {
            return;
        }
    }
    compact.write(arguments.get(done..).unwrap_or_default(), line);
}

/// The value of the member of this name, as written, where the content is an object that has it.
pub(super) fn member<'a>(content: &Content<'a>, name: &str) -> Option<&'a str> {
    let Content::Other(json) = *content else { return None };
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(json).ok()?;
    members.get(name).map(|raw| raw.get())
}
