//! The parts of a text packet, in their order:
//! `<type>[<attachments>-][<namespace>,][<id>][<payload>]` (Socket.IO protocol v5, Packet encoding).

use std::ops::Range;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::decode::json;

pub(super) const CONNECT: u8 = 0;
pub(super) const DISCONNECT: u8 = 1;
pub(super) const EVENT: u8 = 2;
pub(super) const ACK: u8 = 3;
pub(super) const CONNECT_ERROR: u8 = 4;
pub(super) const BINARY_EVENT: u8 = 5;
pub(super) const BINARY_ACK: u8 = 6;

/// A text packet in its parts, each as it was written. All are slices of the packet's text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Packet<'a> {
    /// The first character.
    pub(super) digit: &'a str,
    /// The packet type, where the first character is a digit.
    pub(super) packet_type: Option<u8>,
    /// The digits of the number of attachments, in front of their hyphen.
    pub(super) attachments: Option<&'a str>,
    /// The namespace, where one is written, without its query.
    pub(super) namespace: Option<&'a str>,
    /// The query behind it.
    pub(super) query: Option<&'a str>,
    /// The digits of the acknowledgement id.
    pub(super) id: Option<&'a str>,
    /// What follows; can be empty.
    pub(super) payload: &'a str,
}

impl<'a> Packet<'a> {
    /// Takes a packet apart; `None` where it is empty. Looks at the payload no further.
    pub(super) fn parse(text: &'a str) -> Option<Packet<'a>> {
        let first = text.chars().next()?;
        let (digit, mut rest) = text.split_at(first.len_utf8());
        let packet_type = first.to_digit(10).and_then(|digit| u8::try_from(digit).ok());
        let mut packet = Packet {
            digit,
            packet_type,
            attachments: None,
            namespace: None,
            query: None,
            id: None,
            payload: "",
        };
        if packet.is_binary()
            && let (digits, behind) = leading_digits(rest)
            && let Some(behind) = behind.strip_prefix('-')
            && !digits.is_empty()
        {
            packet.attachments = Some(digits);
            rest = behind;
        }
        if rest.starts_with('/') {
            let (namespace, behind) = rest.split_once(',').unwrap_or((rest, ""));
            packet.namespace = Some(namespace);
            if let Some((name, query)) = namespace.split_once('?') {
                (packet.namespace, packet.query) = (Some(name), Some(query));
            }
            rest = behind;
        }
        let (digits, payload) = leading_digits(rest);
        packet.id = (!digits.is_empty()).then_some(digits);
        packet.payload = payload;
        Some(packet)
    }

    /// Whether attachments belong to it.
    pub(super) fn is_binary(&self) -> bool {
        matches!(self.packet_type, Some(BINARY_EVENT | BINARY_ACK))
    }

    /// Whether it is an acknowledgement.
    pub(super) fn is_ack(&self) -> bool {
        matches!(self.packet_type, Some(ACK | BINARY_ACK))
    }

    /// The namespace, `/` where none is written.
    pub(super) fn namespace(&self) -> &'a str {
        self.namespace.unwrap_or("/")
    }
}

fn leading_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// What a payload is.
#[derive(Debug, PartialEq)]
pub(super) enum Content<'a> {
    /// There is none.
    Nothing,
    /// An array: what stands between its brackets, and the first element.
    Array {
        /// All elements, with the commas between.
        inside: &'a str,
        /// The first of them.
        first: Option<&'a str>,
    },
    /// Another JSON value.
    Other(&'a str),
    /// No JSON; why.
    Invalid(String),
}

impl<'a> Content<'a> {
    /// Reads all of `payload` once. Allocates nothing, unless for the reason why it is invalid.
    pub(super) fn read(payload: &'a str) -> Content<'a> {
        let trimmed = payload.trim_ascii();
        if trimmed.is_empty() {
            Content::Nothing
        } else if let Some(inside) = trimmed.strip_prefix('[') {
            match serde_json::from_str::<First<'a>>(trimmed) {
                Ok(First(first)) => Content::Array {
                    inside: inside.strip_suffix(']').unwrap_or(inside).trim_ascii(),
                    first: first.map(RawValue::get),
                },
                Err(error) => Content::Invalid(error.to_string()),
            }
        } else {
            json::check(trimmed).map_or_else(Content::Invalid, |()| Content::Other(trimmed))
        }
    }
}

/// What stands behind the first element and its comma, of what stands inside an array.
pub(super) fn behind_first<'a>(inside: &'a str, first: &str) -> &'a str {
    let behind = inside.strip_prefix(first).unwrap_or_default().trim_ascii_start();
    behind.strip_prefix(',').unwrap_or_default().trim_ascii_start()
}

/// The first element of an array, all of which is valid JSON.
struct First<'a>(Option<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for First<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<First<'a>, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Option<&'de RawValue>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
                let first = elements.next_element()?;
                while elements.next_element::<IgnoredAny>()?.is_some() {}
                Ok(first)
            }
        }
        deserializer.deserialize_seq(Elements).map(First)
    }
}

/// An object that stands for an attachment: `{"_placeholder":true,"num":0}`.
#[derive(Debug, PartialEq, serde::Deserialize)]
struct Placeholder {
    _placeholder: bool,
    num: u64,
}

/// The number of the attachment that an object stands for, where it does.
pub(super) fn placeholder(object: &str) -> Option<u64> {
    if object.len() > LONGEST_PLACEHOLDER {
        return None;
    }
    let placeholder: Placeholder = serde_json::from_str(object).ok()?;
    placeholder._placeholder.then_some(placeholder.num)
}

/// No library writes a placeholder in more bytes.
const LONGEST_PLACEHOLDER: usize = 80;

/// Where the placeholders of a JSON text stand, in their order, and their numbers. Looks at a bounded number of bytes
/// around each, so that the whole takes time proportional to the text.
pub(super) fn placeholders(json: &str) -> impl Iterator<Item = (Range<usize>, u64)> {
    memchr::memmem::find_iter(json.as_bytes(), b"\"_placeholder\"").filter_map(|at| {
        let bytes = json.as_bytes();
        let before = bytes.get(at.saturating_sub(LONGEST_PLACEHOLDER)..at)?;
        let begin = at - before.len() + memchr::memrchr(b'{', before)?;
        let after = bytes.get(at..bytes.len().min(at + LONGEST_PLACEHOLDER))?;
        let end = at + memchr::memchr(b'}', after)? + 1;
        Some((begin..end, placeholder(json.get(begin..end)?)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_in_their_order() {
        let empty = Packet {
            digit: "2",
            packet_type: Some(2),
            attachments: None,
            namespace: None,
            query: None,
            id: None,
            payload: "",
        };
        #[rustfmt::skip]
        let cases = [
            ("2[\"foo\"]",   Packet { payload: "[\"foo\"]", ..empty }),
            ("212[\"foo\"]", Packet { id: Some("12"), payload: "[\"foo\"]", ..empty }),
            ("2/admin,13[]", Packet { namespace: Some("/admin"), id: Some("13"), payload: "[]", ..empty }),
            ("2/admin",      Packet { namespace: Some("/admin"), ..empty }),
            ("21-[]",        Packet { id: Some("1"), payload: "-[]", ..empty }),
            ("0/a?token=1,", Packet { digit: "0", packet_type: Some(0), namespace: Some("/a"), query: Some("token=1"), ..empty }),
            ("52-/a,1[]",    Packet { digit: "5", packet_type: Some(5), attachments: Some("2"), namespace: Some("/a"), id: Some("1"), payload: "[]", ..empty }),
            ("5[]",          Packet { digit: "5", packet_type: Some(5), payload: "[]", ..empty }),
            ("5-[]",         Packet { digit: "5", packet_type: Some(5), payload: "-[]", ..empty }),
            ("é",            Packet { digit: "é", packet_type: None, ..empty }),
        ];
        for (text, packet) in cases {
            assert_eq!(Packet::parse(text), Some(packet), "{text}");
        }
        assert_eq!(Packet::parse(""), None);
    }

    #[test]
    fn a_payload_is_read_without_being_copied() {
        assert_eq!(Content::read(" "), Content::Nothing);
        assert_eq!(Content::read("[]"), Content::Array { inside: "", first: None });
        assert_eq!(
            Content::read(" [ \"a,]\" , 1 ]"),
            Content::Array { inside: "\"a,]\" , 1", first: Some("\"a,]\"") }
        );
        assert_eq!(behind_first("\"a,]\" , 1", "\"a,]\""), "1");
        assert_eq!(behind_first("1", "1"), "");
        assert_eq!(Content::read("{}"), Content::Other("{}"));
        for invalid in ["[", "[1]]", "[1,]", "{", "-", "[\"\u{1}\"]"] {
            assert!(matches!(Content::read(invalid), Content::Invalid(_)), "{invalid}");
        }
    }

    #[test]
    fn placeholders_are_found_but_not_inside_strings() {
        #[rustfmt::skip]
        let cases: [(&str, &[u64]); 6] = [
            (r#"["a",{"_placeholder":true,"num":0},[{"num":1, "_placeholder":true}]]"#, &[0, 1]),
            (r#"["{\"_placeholder\":true,\"num\":0}"]"#, &[]),
            (r#"[{"_placeholder":false,"num":0}]"#,      &[]),
            (r#"[{"_placeholder":true}]"#,               &[]),
            (r#"[{"_placeholder":true,"num":-1}]"#,      &[]),
            ("\"_placeholder\"",                         &[]),
        ];
        for (json, numbers) in cases {
            let found: Vec<u64> = placeholders(json).map(|(_, number)| number).collect();
            assert_eq!(found, numbers, "{json}");
        }
    }

    #[test]
    fn deep_nesting_is_valid_and_quick() {
        let deep = format!("[\"a\",{}{}]", "[".repeat(1 << 20), "]".repeat(1 << 20));
        assert!(matches!(Content::read(&deep), Content::Array { first: Some("\"a\""), .. }));
    }
}
