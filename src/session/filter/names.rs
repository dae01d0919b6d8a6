//! The names that a filter may use: what the index knows of every unit, the fields of the registry, the protocols, and
//! other names for them.

use super::value::Seen;
use crate::decode;
use crate::decode::field::{FieldDef, Severity, fields};
use crate::decode::unit::UnitKind;
use crate::session::calls::{Call, Calls};
use crate::session::headline::Headline;
use crate::session::{Session, UnitRef};

/// Something that every unit has, whatever it says.
#[derive(Debug)]
pub(super) struct Property {
    /// Its name, the kind of its value and what it means.
    pub def: &'static FieldDef,
    /// Where its values come from.
    pub read: Read,
    /// The values that there are, where not all are in its definition.
    pub names: fn() -> Vec<&'static str>,
}

/// The person's own project, which has no name as a package.
const PROJECT: &str = "project";

/// Takes each value of a property.
pub(super) type Take<'a> = &'a mut dyn FnMut(Seen<'_>);

/// Where the values of a property come from.
#[derive(Debug)]
pub(super) enum Read {
    /// From the index alone; no byte is read.
    Index(fn(&Session, &UnitRef, Take<'_>)),
    /// From each call that belongs to the unit.
    Calls(fn(&Calls, &Call, Take<'_>)),
    /// From what the unit says in a line.
    Headline(fn(&Headline, Take<'_>)),
}

// The values of `kind` and `finding.severity` are the places of their variants in their enums.
fields! {
    UNIT = Unsigned "unit", "Unit", "The number of the unit, counted from 1.", "wirewalk";
    CONN = Unsigned "conn", "Connection", "The number of the connection, counted from 1.", "wirewalk";
    DIR = Unsigned "dir", "Direction", "Which way the unit travels.", "wirewalk",
        [0 "c2s" "From the client to the server.", 1 "s2c" "From the server to the client."];
    KIND = Unsigned "kind", "Kind", "What the unit is.", "wirewalk",
        [0 "opened" "A connection was opened.",
         1 "tls" "TLS was agreed on.",
         2 "http-request" "An HTTP request.",
         3 "http-response" "An HTTP response.",
         4 "frame" "A WebSocket frame.",
         5 "opaque" "Bytes of no protocol that is known.",
         6 "closed" "A direction of a connection ended, or all of it.",
         7 "lost" "Bytes that could not be captured.",
         8 "message" "A WebSocket message whose frames are not known."];
    TIME = Duration "time", "Time", "When its first byte came, since the session began.", "wirewalk";
    TOOK = Duration "took", "Took", "How long it took from its first byte to its last.", "wirewalk";
    LENGTH = Unsigned "length", "Length", "How many bytes it has on the wire.", "wirewalk";
    ENGINE = Text "engine", "Engine session", "The sid of the engine session that it belongs to.", "wirewalk";
    FINDING = Text "finding", "Finding", "The rule that it broke, or what is worth saying of it.", "wirewalk";
    SEVERITY = Unsigned "finding.severity", "Severity", "How much a finding matters.", "wirewalk",
        [0 "note" "Worth saying; nothing is wrong.",
         1 "warning" "Unusual, or not what its sender meant.",
         2 "error" "Breaks a specification, or makes the connection fail."];
    CALL_SYMBOL = Text "call.symbol", "Function", "A function that was called because of the unit, or that wrote it: \
        module:Class.function.", "wirewalk";
    CALL_PACKAGE = Text "call.package", "Package", "The package that such a function is in; project for your own.", "wirewalk";
    CALL_DURATION = Duration "call.duration", "Duration", "How long such a call took.", "wirewalk";
    PROTOCOL = Text "protocol", "Protocol", "A protocol that it speaks, such as websocket.", "wirewalk";
    SUMMARY = Text "summary", "Summary", "What it says, in a line.", "wirewalk";
}

/// Everything that is known of a unit besides its fields.
pub(super) static PROPERTIES: &[Property] = &[
    index(&UNIT, |_, unit, take| take(Seen::Number(unit.id.0.into()))),
    index(&CONN, |_, unit, take| take(Seen::Number(unit.conn.0.into()))),
    index(&DIR, |_, unit, take| take(Seen::Number(unit.dir.index() as u64))),
    index(&KIND, |_, unit, take| take(Seen::Number(kind(unit.kind)))),
    index(&TIME, |_, unit, take| take(Seen::Nanos(unit.at.0))),
    index(&TOOK, |_, unit, take| take(Seen::Nanos(unit.took))),
    index(&LENGTH, |_, unit, take| take(Seen::Number(unit.length))),
    index(&ENGINE, |session, unit, take| {
        if let Some(engine) = session.engine_session(unit) {
            take(Seen::Text(&engine.sid));
        }
    }),
    Property {
        def: &FINDING,
        read: Read::Index(|session, unit, take| {
            session.findings(unit.id).iter().for_each(|(_, finding)| take(Seen::Text(finding.rule.key)));
        }),
        names: || decode::protocols().flat_map(|p| p.rules.iter().map(|r| r.key)).collect(),
    },
    index(&SEVERITY, |session, unit, take| {
        let each = session.findings(unit.id).iter();
        each.for_each(|(_, finding)| take(Seen::Number(severity(finding.rule.severity))));
    }),
    of_calls(&CALL_SYMBOL, |calls, call, take| {
        if let Some(function) = calls.called(call) {
            take(Seen::Text(&function.symbol));
        }
    }),
    of_calls(&CALL_PACKAGE, |calls, call, take| {
        let package = calls.called(call).and_then(|function| calls.package(function));
        if let Some(package) = package {
            take(Seen::Text(if package.name.is_empty() { PROJECT } else { &package.name }));
        }
    }),
    of_calls(&CALL_DURATION, |_, call, take| {
        if let Some(end) = call.end {
            take(Seen::Nanos(end.0.saturating_sub(call.begin.0)));
        }
    }),
    Property {
        def: &PROTOCOL,
        read: Read::Headline(|headline, take| headline.protocols.iter().for_each(|p| take(Seen::Text(p)))),
        names: || decode::protocols().map(|p| p.key).collect(),
    },
    Property {
        def: &SUMMARY,
        read: Read::Headline(|headline, take| take(Seen::Text(&headline.text))),
        names: Vec::new,
    },
];

const fn index(def: &'static FieldDef, read: fn(&Session, &UnitRef, Take<'_>)) -> Property {
    Property { def, read: Read::Index(read), names: Vec::new }
}

const fn of_calls(def: &'static FieldDef, read: fn(&Calls, &Call, Take<'_>)) -> Property {
    Property { def, read: Read::Calls(read), names: Vec::new }
}

fn kind(kind: UnitKind) -> u64 {
    match kind {
        UnitKind::Opened => 0,
        UnitKind::Tls => 1,
        UnitKind::HttpRequest => 2,
        UnitKind::HttpResponse => 3,
        UnitKind::Frame => 4,
        UnitKind::Opaque => 5,
        UnitKind::Closed => 6,
        UnitKind::Lost => 7,
        UnitKind::Message => 8,
    }
}

fn severity(severity: Severity) -> u64 {
    match severity {
        Severity::Note => 0,
        Severity::Warning => 1,
        Severity::Error => 2,
    }
}

/// Names that Wireshark has for the same thing, and the name here.
pub(super) static ALIASES: &[(&str, &str)] = &[
    ("tcp.stream", "conn"),
    ("frame.number", "unit"),
    ("frame.time_relative", "time"),
    ("frame.len", "length"),
    ("_ws.expert", "finding"),
    ("_ws.expert.severity", "finding.severity"),
    ("_ws.col.info", "summary"),
    ("http.request", "http.request.method"),
    ("http.response", "http.response.code"),
    ("tls.handshake.extensions_server_name", "tls.server_name"),
    ("tls", "tls.version"),
];

/// What a condition looks at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    /// What every unit has.
    Property(&'static Property),
    /// A field of the registry.
    Field(&'static FieldDef),
}

impl Subject {
    /// What is known by this name, or by the name that it stands for.
    pub fn named(name: &str) -> Option<Subject> {
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, key)| *key);
        let property = PROPERTIES.iter().find(|p| p.def.key == name).map(Subject::Property);
        property.or_else(|| fields().find(|f| f.key == name).map(Subject::Field))
    }

    /// Whether it is one of calls.
    pub fn is_of_calls(self) -> bool {
        matches!(self, Subject::Property(Property { read: Read::Calls(_), .. }))
    }

    /// Its definition.
    pub fn def(self) -> &'static FieldDef {
        match self {
            Subject::Property(property) => property.def,
            Subject::Field(def) => def,
        }
    }

    /// The names that its values may have, in their order, with what each means.
    pub fn values(self) -> Vec<(&'static str, &'static str)> {
        let named = self.def().values.iter().map(|v| (v.name, v.meaning));
        match self {
            Subject::Property(property) => {
                named.chain((property.names)().into_iter().map(|n| (n, ""))).collect()
            }
            Subject::Field(_) => named.collect(),
        }
    }
}

/// All fields of the registry.
fn fields() -> impl Iterator<Item = &'static FieldDef> {
    decode::protocols().flat_map(|p| p.fields.iter().copied())
}

/// Everything that can stand where a field can, with what it means.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let properties = FIELDS.iter().map(|f| (f.key, f.meaning));
    let protocols = decode::protocols().map(|p| (p.key, p.meaning));
    let aliases =
        ALIASES.iter().map(|(alias, key)| (*alias, Subject::named(key).map_or("", |s| s.def().meaning)));
    properties.chain(protocols).chain(fields().map(|f| (f.key, f.meaning))).chain(aliases)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_property_is_listed_and_every_name_means_one_thing() {
        assert_eq!(PROPERTIES.len(), FIELDS.len());
        let mut seen = HashSet::new();
        for (name, _) in all() {
            assert!(seen.insert(name), "{name} is there twice");
        }
    }

    #[test]
    fn every_alias_stands_for_something() {
        for (alias, key) in ALIASES {
            assert_eq!(Subject::named(alias).map(|s| s.def().key), Some(*key));
        }
    }
}
