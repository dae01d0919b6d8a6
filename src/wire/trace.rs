//! What a tracer inside a traced process says: who it is, what it knows by name, and which functions were called. The trace
//! protocol (`assets/tracers/README.md`) and the transcript write it the same way; only the times differ, which
//! the transcript counts from the beginning of its session.

use std::fmt;

use serde::de::{self, IgnoredAny, SeqAccess, Visitor};
use serde::ser::SerializeTuple as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Timestamp;

/// One thing that a tracer said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trace {
    /// The process was joined.
    Process(Process),
    /// A package, before any of its functions.
    Package(Package),
    /// A function, before it is called.
    Function(Function),
    /// A line of execution, before anything is called on it.
    Strand(Strand),
    /// What happened, in order.
    Events(Vec<Event>),
    /// So many events were left out here.
    Lost(u64),
    /// Something could not be traced; a sentence for the person.
    Problem(String),
    /// The process is gone, or its tracer is.
    Left(Left),
}

/// A traced process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Such as `CPython` or `Node.js`.
    pub runtime: String,
    /// The runtime's version.
    pub version: String,
    /// The number that the operating system gave it.
    pub pid: u32,
    /// That of its parent.
    pub parent: u32,
    /// Its command line without the interpreter.
    #[serde(default)]
    pub program: Vec<String>,
    /// Where it was started.
    #[serde(default)]
    pub directory: String,
    /// By what its calls are seen, such as `sys.monitoring`.
    #[serde(default)]
    pub hook: String,
}

/// A package as its own metadata names it. What that does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its number in its process.
    pub id: u32,
    /// Its name, such as `python-engineio`; empty for the person's own project.
    pub name: String,
    /// The installed version.
    pub version: Option<String>,
    /// The licence, as the metadata puts it.
    pub licence: Option<String>,
    /// Where its source is.
    pub repository: Option<String>,
    /// What it is for, in a line.
    pub summary: Option<String>,
    /// The folder that its files are in.
    pub root: Option<String>,
}

/// A function that was called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Its number in its process.
    pub id: u32,
    /// The package that it is in.
    pub package: Option<u32>,
    /// `module:Class.function`, as it is defined.
    pub symbol: String,
    /// The file that it is in.
    pub file: String,
    /// The line of its definition, from 1.
    pub line: u32,
}

/// One line of execution, in which calls nest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strand {
    /// Its number in its process.
    pub id: u32,
    /// What it is.
    pub kind: StrandKind,
    /// What the runtime calls it.
    pub name: String,
    /// The call that started it, where what it does was caused by that call.
    pub parent: Option<u64>,
}

/// What a strand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StrandKind {
    /// A thread of the operating system.
    Thread,
    /// A task of an event loop, such as asyncio's.
    Task,
    /// A greenlet.
    Greenlet,
    /// One run of an event loop's callback.
    Callback,
}

impl StrandKind {
    /// `thread`, `task`, `greenlet` or `callback`.
    pub fn as_str(self) -> &'static str {
        match self {
            StrandKind::Thread => "thread",
            StrandKind::Task => "task",
            StrandKind::Greenlet => "greenlet",
            StrandKind::Callback => "callback",
        }
    }
}

/// A process was left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {}

/// One event of a strand.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A call began.
    Call(Call),
    /// A call ended, and gave something back.
    Return {
        /// Which.
        call: u64,
        /// When.
        at: Timestamp,
    },
    /// A call ended with an exception.
    Raise {
        /// Which.
        call: u64,
        /// When.
        at: Timestamp,
        /// The exception's type.
        kind: String,
    },
    /// A call touched the wire, or something that ties it to the wire.
    Mark {
        /// Which; where there is none, the mark names its strand.
        call: Option<u64>,
        /// When.
        at: Timestamp,
        /// How.
        mark: MarkKind,
        /// What is known of it.
        detail: Detail,
    },
}

/// A call that began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number in its process.
    pub call: u64,
    /// The innermost call that is open on its strand.
    pub parent: Option<u64>,
    /// Its strand.
    pub strand: u32,
    /// What was called.
    pub function: u32,
    /// When.
    pub at: Timestamp,
    /// The function that it was called from, where that is one that is traced.
    pub caller: Option<u32>,
    /// The line that it was called from; 0 where that is not known.
    pub line: u32,
}

/// How a call is tied to the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// It serves the connection of this peer's port.
    Server,
    /// It uses the connection of this own port.
    Client,
    /// An HTTP request is handled from here on, or was sent.
    Request,
    /// A request is answered here, or its answer came.
    Response,
    /// It waits for something new.
    Wait,
    /// A data message was received here.
    Received,
    /// A data message is sent here.
    Sent,
    /// It was seen here that the other side has closed the WebSocket or the connection.
    Closed,
    /// Something was put in a queue.
    Give,
    /// It was taken from there.
    Take,
    /// What the call was given.
    Arguments,
}

/// What a mark says beside its kind. What is not said is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// The strand, where the mark is no call's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strand: Option<u32>,
    /// The port by which the connection is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// `client` where the port is the process's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// Which one it is on its connection, where the tracer has counted itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// The method of a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The target of a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The status of a response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How many bytes a message has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// The CRC-32 of those bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crc32: Option<u32>,
    /// What was given or taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<u64>,
    /// What the call was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Which end of a connection a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// It connected.
    Client,
    /// It was connected to.
    Server,
}

impl Event {
    /// The same event, with its time as `change` makes it of what it was.
    pub fn timed(mut self, change: impl Fn(Timestamp) -> Timestamp) -> Event {
        let at = match &mut self {
            Event::Call(call) => &mut call.at,
            Event::Return { at, .. } | Event::Raise { at, .. } | Event::Mark { at, .. } => at,
        };
        *at = change(*at);
        self
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Event::Call(c) => {
                ("call", c.call, c.parent, c.strand, c.function, c.at, c.caller, c.line).serialize(serializer)
            }
            Event::Return { call, at } => ("return", call, at).serialize(serializer),
            Event::Raise { call, at, kind } => ("raise", call, at, kind).serialize(serializer),
            Event::Mark { call, at, mark, detail } => {
                let mut tuple = serializer.serialize_tuple(5)?;
                tuple.serialize_element("mark")?;
                tuple.serialize_element(call)?;
                tuple.serialize_element(at)?;
                tuple.serialize_element(mark)?;
                tuple.serialize_element(detail)?;
                tuple.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Event, D::Error> {
        deserializer.deserialize_seq(Events)
    }
}

/// Reads an event from its array.
struct Events;

impl<'de> Visitor<'de> for Events {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event: an array that begins with \"call\", \"return\", \"raise\" or \"mark\"")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Event, A::Error> {
        let kind: std::borrow::Cow<'de, str> = next(&mut seq, "its kind")?;
        let event = match kind.as_ref() {
            "call" => Event::Call(Call {
                call: next(&mut seq, "the call")?,
                parent: next(&mut seq, "the parent")?,
                strand: next(&mut seq, "the strand")?,
                function: next(&mut seq, "the function")?,
                at: next(&mut seq, "the time")?,
                caller: next(&mut seq, "the caller")?,
                line: next(&mut seq, "the line")?,
            }),
            "return" => Event::Return { call: next(&mut seq, "the call")?, at: next(&mut seq, "the time")? },
            "raise" => Event::Raise {
                call: next(&mut seq, "the call")?,
                at: next(&mut seq, "the time")?,
                kind: next(&mut seq, "the exception's type")?,
            },
            "mark" => Event::Mark {
                call: next(&mut seq, "the call")?,
                at: next(&mut seq, "the time")?,
                mark: next(&mut seq, "the mark's kind")?,
                detail: next(&mut seq, "what is known of the mark")?,
            },
            other => return Err(de::Error::unknown_variant(other, &["call", "return", "raise", "mark"])),
        };
        // What a later revision adds at the end is no reason to refuse.
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(event)
    }
}

fn next<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(seq: &mut A, what: &str) -> Result<T, A::Error> {
    seq.next_element()?.ok_or_else(|| de::Error::custom(format_args!("the event ends before {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_is_written_as_the_protocol_has_it() {
        let events = [
            (r#"["call",121,120,3,7,123456999,6,88]"#, 123_456_999),
            (r#"["call",1,null,1,1,0,null,0]"#, 0),
            (r#"["return",121,123457100]"#, 123_457_100),
            (r#"["raise",122,123457200,"ValueError"]"#, 123_457_200),
            (r#"["mark",121,5,"server",{"port":50412}]"#, 5),
            (r#"["mark",null,5,"sent",{"strand":2,"side":"client","length":3,"crc32":4294967295}]"#, 5),
        ];
        for (text, at) in events {
            let event: Event = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&event).unwrap(), text);
            let later = serde_json::to_string(&event.timed(|at| Timestamp(at.0 + 1))).unwrap();
            assert!(later.contains(&(at + 1).to_string()), "{later}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_event_is_said() {
        for (text, expected) in [
            (r#"["call",121,120]"#, "the event ends before the strand"),
            (r#"["jump",1]"#, "unknown variant `jump`"),
            (r#"[]"#, "the event ends before its kind"),
            (r#"{}"#, "expected an event"),
            (r#"["mark",1,2,"guess",{}]"#, "unknown variant `guess`"),
        ] {
            let error = serde_json::from_str::<Event>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_added_later_is_passed_over() {
        let event: Event = serde_json::from_str(r#"["return",1,2,"new",{"a":[1]}]"#).unwrap();
        assert_eq!(event, Event::Return { call: 1, at: Timestamp(2) });
    }
}
