//! What differs between any two recordings of the same thing, and therefore says nothing.

use std::collections::HashSet;

use crate::decode::field::FieldDef;
use crate::decode::protocols;
use crate::session::Session;
use crate::wire::Connected;

/// What of a field does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ignored {
    /// What it says; that it is there does.
    Value,
    /// It does not count at all.
    Whole,
}

/// A reason, what of the fields does not count for it, and their keys.
type Row = (&'static str, Ignored, &'static [&'static str]);

/// The fields that do not count.
const TABLE: &[Row] = &[
    (
        "random keys of the WebSocket handshake",
        Ignored::Value,
        &["http.sec_websocket_key", "http.sec_websocket_accept"],
    ),
    ("session ids", Ignored::Value, &["engineio.sid", "socketio.sid"]),
    ("numbers that are counted up", Ignored::Value, &["socketio.id", "jsonrpc.id"]),
    (
        "times, and how much was said",
        Ignored::Whole,
        &[
            "http.date",
            "tcp.connect_time",
            "tcp.lasted",
            "tcp.time_to_first_byte",
            "tcp.bytes_to_server",
            "tcp.bytes_to_client",
            "tls.handshake_time",
        ],
    ),
    (
        "addresses and ports",
        Ignored::Whole,
        &[
            "tcp.client",
            "tcp.listen",
            "tcp.upstream",
            "tcp.local",
            "tcp.server",
            "tls.server_name",
            "http.sent",
        ],
    ),
    ("masks", Ignored::Whole, &["websocket.mask", "websocket.masking_key", "websocket.masked_payload"]),
    (
        "how a payload is written, since what it says is compared",
        Ignored::Whole,
        &[
            "http.content_length",
            "http.body_ends",
            "http.body_decoded",
            "http.chunk",
            "websocket.rsv",
            "websocket.payload_length",
            "websocket.payload_length_ext_16",
            "websocket.payload_length_ext_64",
            "websocket.payload.inflated_length",
            "websocket.message.length",
            "engineio.version",
            "engineio.transport",
            "engineio.packet.length",
            "engineio.packet.binary",
            "engineio.base64",
            "engineio.jsonp.index",
            "engineio.jsonp.data",
            "data.len",
        ],
    ),
    (
        "what follows from other fields",
        Ignored::Whole,
        &["http.upgrade_request", "http.upgrade_answer", "websocket.payload.close.status_code_range"],
    ),
];

/// Hosts whose ports never count.
const THIS_MACHINE: [&str; 3] = ["127.0.0.1:", "localhost:", "[::1]:"];

/// A shorter word is no session id: it would be found everywhere.
const SHORTEST_SID: usize = 6;

/// What does not count in one session: the table, the user's own keys, and the words that the session made up.
#[derive(Debug, Default)]
pub(super) struct Ignorance<'k> {
    keys: &'k [String],
    sids: HashSet<String>,
    ports: HashSet<String>,
}

/// What of a field does not count.
pub(super) fn of_field(field: &FieldDef) -> Option<Ignored> {
    TABLE.iter().find(|(_, _, keys)| keys.contains(&field.key)).map(|(_, ignored, _)| *ignored)
}

/// What does not count, each reason with the keys of its fields.
pub fn reasons() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    TABLE.iter().map(|(reason, _, keys)| (*reason, *keys))
}

/// Whether a protocol, a field or a group of fields is called so.
pub fn is_key(key: &str) -> bool {
    let fields = || protocols().flat_map(|protocol| protocol.fields);
    key == "finding" || protocols().any(|p| p.key == key) || fields().any(|field| is_below(field.key, key))
}

/// Whether a key is another, or stands below it.
fn is_below(key: &str, above: &str) -> bool {
    key.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl<'k> Ignorance<'k> {
    /// What does not count in a session; `keys` neither.
    pub fn of(session: &Session, keys: &'k [String]) -> Ignorance<'k> {
        let mut ignorance = Ignorance { keys, ..Ignorance::default() };
        for engine in session.engine_sessions() {
            ignorance.learn(&engine.sid);
        }
        for opened in session.connections().iter().filter_map(|info| info.addresses.as_ref()) {
            let server = match &opened.connected {
                Connected::Yes { server, .. } => server.to_string(),
                Connected::No { .. } => String::new(),
            };
            let texts = [opened.listen.to_string(), opened.upstream.to_string(), server];
            let ports = texts.iter().filter_map(|text| text.rsplit_once(':')).map(|(_, port)| port);
            ignorance.ports.extend(ports.filter(|port| is_number(port)).map(str::to_owned));
        }
        ignorance
    }

    /// A session id, whose text does not count wherever it stands. Whether it was not known.
    pub fn learn(&mut self, sid: &str) -> bool {
        sid.len() >= SHORTEST_SID && self.sids.insert(sid.to_owned())
    }

    /// Whether the user wants to hear nothing of a key.
    pub fn has_key(&self, key: &str) -> bool {
        self.keys.iter().any(|above| is_below(key, above))
    }

    /// A text without session ids and ports.
    pub fn normal(&self, text: &str) -> String {
        let mut normal = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            match word {
                word if self.sids.contains(word) => normal.push_str("sid"),
                word if self.is_port(&normal, word) => {
                    normal.pop();
                }
                word => normal.push_str(word),
            }
            let gap = behind.find(is_of_word).unwrap_or(behind.len());
            let (between, next) = behind.split_at(gap);
            normal.push_str(between);
            rest = next;
        }
        normal
    }

    fn is_port(&self, before: &str, word: &str) -> bool {
        let follows_host = before.ends_with(':') && !before.ends_with("::");
        follows_host
            && is_number(word)
            && (self.ports.contains(word) || THIS_MACHINE.iter().any(|host| before.ends_with(host)))
    }
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ignored_field_is_one_that_is_decoded() {
        for key in TABLE.iter().flat_map(|(_, _, keys)| *keys) {
            assert!(protocols().flat_map(|p| p.fields).any(|field| field.key == *key), "{key}");
        }
    }

    #[test]
    fn a_key_is_a_field_or_what_stands_above_fields() {
        for key in ["http", "http.date", "http.request.uri", "http.request", "finding"] {
            assert!(is_key(key), "{key}");
        }
        for key in ["", "htt", "http.dat", "http.date.x", "HTTP"] {
            assert!(!is_key(key), "{key}");
        }
    }

    #[test]
    fn session_ids_and_ports_do_not_count() {
        let mut ignorance = Ignorance::default();
        ignorance.learn("a-sid_0A");
        ignorance.learn("short");
        ignorance.ports.insert("5000".to_owned());
        for (text, normal) in [
            ("sid=a-sid_0A&t=1", "sid=sid&t=1"),
            ("a-sid_0Ab short", "a-sid_0Ab short"),
            ("http://example.org:5000/", "http://example.org/"),
            ("http://example.org:8080/", "http://example.org:8080/"),
            ("localhost:12345", "localhost"),
            ("at 12:30, 5000", "at 12:30, 5000"),
            ("{\"a-sid_0A\":1}", "{\"sid\":1}"),
            ("", ""),
            ("…", "…"),
        ] {
            assert_eq!(ignorance.normal(text), normal);
        }
    }
}
