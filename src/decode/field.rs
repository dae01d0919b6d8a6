//! Definitions: every protocol, field and rule that wirewalk knows, declared once.
//!
//! The screen, the filter language, the exports and the walkthroughs all read these. A protocol declares
//! its fields with [`fields!`](crate::decode::field::fields) and its rules with
//! [`rules!`](crate::decode::field::rules), each beside the parser that reads them.

use serde::{Deserialize, Serialize};

/// A protocol: one layer's language.
#[derive(Debug)]
pub struct ProtocolDef {
    /// The first part of its field keys, such as `websocket`.
    pub key: &'static str,
    /// Its name, such as `WebSocket`.
    pub name: &'static str,
    /// Whether it is a way to write data, as JSON is, rather than a conversation with rules of its own. A unit is
    /// named after its innermost conversation.
    pub is_format: bool,
    /// What it is for, in one sentence.
    pub meaning: &'static str,
    /// The document that defines it.
    pub spec: &'static str,
    /// All of its fields.
    pub fields: &'static [&'static FieldDef],
    /// All of its rules.
    pub rules: &'static [&'static Rule],
}

/// A field: a named value that can be read from the wire.
#[derive(Debug)]
pub struct FieldDef {
    /// The name in filters and JSON, such as `websocket.opcode`. Wireshark's where it has one.
    pub key: &'static str,
    /// The name on the screen, such as `Opcode`.
    pub label: &'static str,
    /// What kind of value it holds.
    pub kind: FieldKind,
    /// What it means, in one true sentence for a second-year student.
    pub meaning: &'static str,
    /// The section that defines it, such as `RFC 6455 §5.2`.
    pub spec: &'static str,
    /// The values that have a name of their own.
    pub values: &'static [ValueDef],
}

/// What kind of value a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A whole number.
    Unsigned,
    /// A bit that is set or not.
    Flag,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// A length of time.
    Duration,
    /// A JSON value.
    Json,
    /// No value of its own: it groups the fields below it.
    Group,
}

/// A value with a name of its own: an opcode, a close code, a packet type, a status code.
#[derive(Debug)]
pub struct ValueDef {
    /// The number on the wire.
    pub value: u64,
    /// Its name in the specification.
    pub name: &'static str,
    /// What it says, in one sentence.
    pub meaning: &'static str,
}

impl FieldDef {
    /// The definition of `value`, where it has a name of its own.
    pub fn value(&self, value: u64) -> Option<&'static ValueDef> {
        self.values.iter().find(|v| v.value == value)
    }
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    /// Worth saying; nothing is wrong.
    Note,
    /// Unusual, or will not do what its sender meant.
    Warning,
    /// Breaks a MUST of a specification, or makes the connection fail.
    Error,
}

/// Rules, where they are written down: by their keys.
pub mod by_key {
    use std::collections::HashMap;
    use std::sync::LazyLock;

    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Rule;

    static RULES: LazyLock<HashMap<&'static str, &'static Rule>> = LazyLock::new(|| {
        let rules = crate::decode::protocols().flat_map(|protocol| protocol.rules);
        rules.map(|rule| (rule.key, *rule)).collect()
    });

    /// The rule with this key.
    pub fn rule(key: &str) -> Option<&'static Rule> {
        RULES.get(key).copied()
    }

    /// Writes a rule. Fails where the serializer does.
    pub fn serialize<S: Serializer>(rule: &Rule, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(rule.key)
    }

    /// Reads a rule. Fails where there is none with this key.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static Rule, D::Error> {
        let key = String::deserialize(deserializer)?;
        rule(&key).ok_or_else(|| D::Error::custom(format!("there is no rule {key:?}")))
    }
}

impl Severity {
    /// `note`, `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Something that can be wrong with, or worth saying about, a unit.
#[derive(Debug)]
pub struct Rule {
    /// Its name in filters and JSON, such as `websocket.unmasked_client_frame`.
    pub key: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is the case, in a few words, such as `client frame is not masked`.
    pub title: &'static str,
    /// Why it matters and what to do, in one or two sentences for a second-year student.
    pub meaning: &'static str,
    /// The clause that is broken, such as `RFC 6455 §5.1`.
    pub spec: &'static str,
}

/// Declares the fields of a protocol as statics, and `FIELDS`, the list of them all:
///
/// ```text
/// fields! {
///     OPCODE = Unsigned "websocket.opcode", "Opcode", "Says how to read the payload.", "RFC 6455 §5.2",
///         [1 "text" "The payload is UTF-8 text.", 2 "binary" "The payload is arbitrary bytes."];
/// }
/// ```
macro_rules! fields {
    ($($name:ident = $kind:ident $key:literal, $label:literal, $meaning:literal, $spec:literal
        $(, [$($value:literal $name_of_value:literal $meaning_of_value:literal),+ $(,)?])? ;)+) => {
        $(pub(crate) static $name: $crate::decode::field::FieldDef = $crate::decode::field::FieldDef {
            key: $key,
            label: $label,
            kind: $crate::decode::field::FieldKind::$kind,
            meaning: $meaning,
            spec: $spec,
            values: &[$($($crate::decode::field::ValueDef {
                value: $value,
                name: $name_of_value,
                meaning: $meaning_of_value,
            }),+)?],
        };)+
        /// All fields that are declared here.
        pub(crate) static FIELDS: &[&$crate::decode::field::FieldDef] = &[$(&$name),+];
    };
}

/// Declares the rules of a protocol as statics, and `RULES`, the list of them all.
macro_rules! rules {
    ($($name:ident = $severity:ident $key:literal, $title:literal, $meaning:literal, $spec:literal ;)+) => {
        $(pub(crate) static $name: $crate::decode::field::Rule = $crate::decode::field::Rule {
            key: $key,
            severity: $crate::decode::field::Severity::$severity,
            title: $title,
            meaning: $meaning,
            spec: $spec,
        };)+
        /// All rules that are declared here.
        pub(crate) static RULES: &[&$crate::decode::field::Rule] = &[$(&$name),+];
    };
}

pub(crate) use {fields, rules};
