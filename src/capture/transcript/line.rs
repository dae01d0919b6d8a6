//! One line of a transcript: a header, or a record.

use std::borrow::Cow;
use std::io::Write as _;
use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::Simd;
use base64::engine::general_purpose::PAD;
use bytes::Bytes;
use memchr::memmem;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::wire::{ConnId, Direction, How, Opened, Peer, Record, Timestamp, Tls, Told, What, Why};

/// The version of the format that this wirewalk writes. Another major version means that an older reader
/// could misunderstand; what is only added leaves it as it is.
pub const VERSION: u32 = 1;

/// Most of what a busy session costs would be this, without vector instructions.
static BASE64: LazyLock<Simd> = LazyLock::new(|| Simd::standard(PAD));

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Always `transcript`: by this a file is known.
    pub wirewalk: String,
    /// The major version of the format.
    pub version: u32,
    /// The program that wrote it, such as `wirewalk 0.1.0`.
    pub by: String,
    /// When the session began, as RFC 3339; all times count from here.
    pub started: String,
    /// Where the proxy passed on to, as the user wrote it.
    pub upstream: String,
}

impl Header {
    /// The header of a session that begins now.
    pub fn now(upstream: &str) -> Header {
        Header {
            wirewalk: "transcript".to_owned(),
            version: VERSION,
            by: concat!("wirewalk ", env!("CARGO_PKG_VERSION")).to_owned(),
            started: jiff::Timestamp::now().to_string(),
            upstream: upstream.to_owned(),
        }
    }
}

/// Appends a record as one line, its line feed included.
pub(in crate::capture) fn write(record: &Record, out: &mut Vec<u8>) {
    // Writing into a Vec cannot fail, and these types always serialize.
    let mut head = |kind: &str| {
        let _ = write!(out, r#"{{"at":{}"#, record.at.0);
        if record.what.is_on_connection() {
            let _ = write!(out, r#","conn":{}"#, record.conn.0);
        }
        let _ = write!(out, r#","type":"{kind}""#);
    };
    match &record.what {
        What::Opened(opened) => {
            head("opened");
            flattened(opened, out);
        }
        What::Tls(tls) => {
            head("tls");
            flattened(tls, out);
        }
        What::Received { dir, bytes } => {
            head("received");
            let _ = write!(out, r#","dir":"{}","#, dir.as_str());
            data(bytes, out);
        }
        What::Sent { dir, replaces, bytes, why } => {
            head("sent");
            let _ = write!(
                out,
                r#","dir":"{}","replaces":[{},{}],"why":"#,
                dir.as_str(),
                replaces.start,
                replaces.end
            );
            let _ = serde_json::to_writer(&mut *out, why);
            out.push(b',');
            data(bytes, out);
        }
        What::Told { dir, message, exchange, bytes } => {
            head("told");
            let _ = write!(out, r#","dir":"{}","message":"#, dir.as_str());
            let _ = serde_json::to_writer(&mut *out, message);
            let _ = write!(out, r#","exchange":{exchange},"#);
            data(bytes, out);
        }
        What::Closed { by, how, error } => {
            head("closed");
            flattened(&Closed { by: *by, how: *how, error: error.as_deref().map(Cow::Borrowed) }, out);
        }
        What::Lost { dir, bytes, why } => {
            head("lost");
            let _ = write!(out, r#","dir":"{}","bytes":{bytes},"why":"#, dir.as_str());
            let _ = serde_json::to_writer(&mut *out, why);
        }
        What::Note { unit, marked, text } => {
            head("note");
            let _ = write!(out, r#","unit":{unit},"marked":{marked},"text":"#);
            let _ = serde_json::to_writer(&mut *out, text);
        }
        What::Trace { process, said } => {
            head("trace");
            let _ = write!(out, r#","process":{process},"said":"#);
            let _ = serde_json::to_writer(&mut *out, said);
        }
        What::Output { bytes } => {
            head("output");
            out.push(b',');
            data(bytes, out);
        }
        What::Exited { how } => {
            head("exited");
            let _ = write!(out, r#","how":"#);
            let _ = serde_json::to_writer(&mut *out, how);
        }
    }
    out.extend_from_slice(b"}\n");
}

/// Appends the members of an object to the object that is open.
fn flattened(value: &impl Serialize, out: &mut Vec<u8>) {
    let begin = out.len();
    let _ = serde_json::to_writer(&mut *out, value);
    if let Some(brace) = out.get_mut(begin) {
        *brace = b',';
    }
    out.pop();
}

/// Bytes as UTF-8 where they are text, and as base64 where not. Control characters other than white space
/// would take six characters each in JSON, so they count as not text.
fn data(bytes: &[u8], out: &mut Vec<u8>) {
    let is_text_byte = |b: &u8| *b >= b' ' && *b != 0x7f || matches!(b, b'\t' | b'\r' | b'\n');
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.iter().all(is_text_byte) => {
            out.extend_from_slice(br#""text":"#);
            let _ = serde_json::to_writer(&mut *out, text);
        }
        _ => {
            out.extend_from_slice(br#""base64":""#);
            let begin = out.len();
            out.resize(begin + bytes.len().div_ceil(3) * 4, 0);
            if let Some(room) = out.get_mut(begin..) {
                let _ = BASE64.encode_slice(bytes, room);
            }
            out.push(b'"');
        }
    }
}

/// Every member that a line can have.
#[derive(Deserialize)]
struct Line<'a> {
    at: u64,
    #[serde(default)]
    conn: u32,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    dir: Option<Direction>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    base64: Option<Cow<'a, str>>,
    replaces: Option<(u64, u64)>,
    why: Option<serde_json::Value>,
    message: Option<Told>,
    exchange: Option<u32>,
    bytes: Option<u64>,
    unit: Option<u32>,
    marked: Option<bool>,
    process: Option<u32>,
    #[serde(borrow)]
    said: Option<&'a RawValue>,
    how: Option<serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
struct Closed<'a> {
    by: Peer,
    how: How,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    error: Option<Cow<'a, str>>,
}

/// Reads a record from one line. `Ok(None)` where the line is of a type that a later revision added. The error
/// says what is wrong, and at which byte of the line where that is known.
pub(super) fn read(text: &str) -> Result<Option<Record>, LineError> {
    let line: Line<'_> = serde_json::from_str(text)?;
    let what = match line.kind.as_ref() {
        "opened" => What::Opened(serde_json::from_str::<Opened>(text)?),
        "tls" => What::Tls(serde_json::from_str::<Tls>(text)?),
        "received" => What::Received { dir: line.dir()?, bytes: line.data()? },
        "sent" => What::Sent {
            dir: line.dir()?,
            replaces: line.replaces()?,
            bytes: line.data()?,
            why: serde_json::from_value::<Why>(line.why.clone().unwrap_or_default())?,
        },
        "told" => What::Told {
            dir: line.dir()?,
            message: line.message.ok_or("\"message\" is missing")?,
            exchange: line.exchange.unwrap_or_default(),
            bytes: line.data()?,
        },
        "closed" => {
            let closed: Closed<'_> = serde_json::from_str(text)?;
            What::Closed { by: closed.by, how: closed.how, error: closed.error.map(Cow::into_owned) }
        }
        "lost" => What::Lost {
            dir: line.dir()?,
            bytes: line.bytes.ok_or("\"bytes\" is missing")?,
            why: line.why.as_ref().and_then(|w| w.as_str()).unwrap_or_default().to_owned(),
        },
        "note" => What::Note {
            unit: line.unit.ok_or("\"unit\" is missing")?,
            marked: line.marked.unwrap_or_default(),
            text: line.text.map(Cow::into_owned).unwrap_or_default(),
        },
        "trace" => What::Trace {
            process: line.process.ok_or("\"process\" is missing")?,
            said: serde_json::from_str(line.said.ok_or("\"said\" is missing")?.get())?,
        },
        "output" => What::Output { bytes: line.data()? },
        "exited" => What::Exited {
            how: line.how.as_ref().and_then(|how| how.as_str()).unwrap_or_default().to_owned(),
        },
        _ => return Ok(None),
    };
    if line.conn == 0 && what.is_on_connection() {
        return Err("\"conn\" counts from 1".into());
    }
    Ok(Some(Record { at: Timestamp(line.at), conn: ConnId(line.conn), what }))
}

/// The bytes that a line holds, where it is a record of bytes of a connection.
pub(super) fn bytes(line: &[u8]) -> Option<Bytes> {
    // Quotation marks inside a text are escaped, so this stands nowhere else.
    const BASE64_MEMBER: &[u8] = b"\",\"base64\":\"";
    let base64 = memmem::find(line, BASE64_MEMBER).and_then(|at| line.get(at + BASE64_MEMBER.len()..));
    if let Some(base64) = base64.and_then(|rest| rest.strip_suffix(b"\"}"))
        && let Ok(bytes) = BASE64.decode(base64)
    {
        return Some(Bytes::from(bytes));
    }
    match read(std::str::from_utf8(line).ok()?).ok()??.what {
        What::Received { bytes, .. } | What::Sent { bytes, .. } | What::Told { bytes, .. } => Some(bytes),
        _ => None,
    }
}

impl Line<'_> {
    fn dir(&self) -> Result<Direction, LineError> {
        Ok(self.dir.ok_or("\"dir\" is missing")?)
    }

    fn replaces(&self) -> Result<Range<u64>, LineError> {
        match self.replaces {
            Some((start, end)) if start <= end => Ok(start..end),
            _ => Err("\"replaces\" is missing, or ends before it begins".into()),
        }
    }

    fn data(&self) -> Result<Bytes, LineError> {
        match (&self.text, &self.base64) {
            (Some(text), None) => Ok(Bytes::copy_from_slice(text.as_bytes())),
            (None, Some(base64)) => match BASE64.decode(base64.as_bytes()) {
                Ok(bytes) => Ok(Bytes::from(bytes)),
                Err(error) => Err(format!("\"base64\" is not base64: {error}").into()),
            },
            _ => Err("exactly one of \"text\" and \"base64\" is expected".into()),
        }
    }
}

/// Why a line is no record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineError {
    /// What is wrong.
    pub message: String,
    /// The byte of the line, counted from 1, where it is known.
    pub column: Option<usize>,
}

impl From<&str> for LineError {
    fn from(message: &str) -> LineError {
        LineError { message: message.to_owned(), column: None }
    }
}

impl From<String> for LineError {
    fn from(message: String) -> LineError {
        LineError { message, column: None }
    }
}

impl From<serde_json::Error> for LineError {
    fn from(error: serde_json::Error) -> LineError {
        let message = error.to_string();
        let what = message.split(" at line ").next().unwrap_or_default().to_owned();
        LineError { message: what, column: (error.column() > 0).then(|| error.column()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::Connected;
    use crate::wire::trace::{Event, Trace};

    fn received(bytes: &'static [u8]) -> Record {
        let what = What::Received { dir: Direction::ToServer, bytes: Bytes::from_static(bytes) };
        Record { at: Timestamp(7), conn: ConnId(2), what }
    }

    fn check(record: Record, expected: &str) {
        let mut out = Vec::new();
        write(&record, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, format!("{expected}\n"));
        assert_eq!(read(text.trim_end()), Ok(Some(record)));
    }

    #[test]
    fn each_kind_of_record_is_written_and_read_back() {
        check(
            received(b"GET /\r\n"),
            r#"{"at":7,"conn":2,"type":"received","dir":"c2s","text":"GET /\r\n"}"#,
        );
        check(
            received(b"\x81\x05Hello"),
            r#"{"at":7,"conn":2,"type":"received","dir":"c2s","base64":"gQVIZWxsbw=="}"#,
        );
        check(received(b"\0\0"), r#"{"at":7,"conn":2,"type":"received","dir":"c2s","base64":"AAA="}"#);
        check(received(b""), r#"{"at":7,"conn":2,"type":"received","dir":"c2s","text":""}"#);
        let address = |text: &str| text.parse().unwrap();
        let opened = Opened {
            client: address("127.0.0.1:1"),
            listen: address("[::1]:2"),
            upstream: "http://x".to_owned(),
            connected: Connected::Yes {
                local: address("127.0.0.1:3"),
                server: address("127.0.0.1:4"),
                took: 5,
            },
        };
        let at = |what| Record { at: Timestamp(0), conn: ConnId(1), what };
        check(
            at(What::Opened(opened)),
            r#"{"at":0,"conn":1,"type":"opened","client":"127.0.0.1:1","listen":"[::1]:2","upstream":"http://x","connected":{"yes":{"local":"127.0.0.1:3","server":"127.0.0.1:4","took":5}}}"#,
        );
        check(
            at(What::Sent {
                dir: Direction::ToClient,
                replaces: 3..9,
                bytes: Bytes::from_static(b"x"),
                why: Why::Rewritten,
            }),
            r#"{"at":0,"conn":1,"type":"sent","dir":"s2c","replaces":[3,9],"why":"rewritten","text":"x"}"#,
        );
        check(
            at(What::Told {
                dir: Direction::ToClient,
                message: Told::Binary,
                exchange: 0,
                bytes: Bytes::from_static(b"\0"),
            }),
            r#"{"at":0,"conn":1,"type":"told","dir":"s2c","message":"binary","exchange":0,"base64":"AA=="}"#,
        );
        check(
            at(What::Closed { by: Peer::Server, how: How::Reset, error: Some("gone".to_owned()) }),
            r#"{"at":0,"conn":1,"type":"closed","by":"server","how":"reset","error":"gone"}"#,
        );
        check(
            at(What::Closed { by: Peer::Client, how: How::Fin, error: None }),
            r#"{"at":0,"conn":1,"type":"closed","by":"client","how":"fin"}"#,
        );
        check(
            at(What::Lost { dir: Direction::ToClient, bytes: 9, why: "the disk is full".to_owned() }),
            r#"{"at":0,"conn":1,"type":"lost","dir":"s2c","bytes":9,"why":"the disk is full"}"#,
        );
        check(
            at(What::Note { unit: 12, marked: true, text: "see\nhere".to_owned() }),
            r#"{"at":0,"conn":1,"type":"note","unit":12,"marked":true,"text":"see\nhere"}"#,
        );
        let beside = |what| Record { at: Timestamp(3), conn: ConnId::NONE, what };
        let events = vec![Event::Return { call: 9, at: Timestamp(2) }];
        check(
            beside(What::Trace { process: 1, said: Trace::Events(events) }),
            r#"{"at":3,"type":"trace","process":1,"said":{"events":[["return",9,2]]}}"#,
        );
        check(
            beside(What::Output { bytes: Bytes::from_static(b" * Running on http://127.0.0.1:5000\r\n") }),
            r#"{"at":3,"type":"output","text":" * Running on http://127.0.0.1:5000\r\n"}"#,
        );
        check(
            beside(What::Exited { how: "exit code 1".to_owned() }),
            r#"{"at":3,"type":"exited","how":"exit code 1"}"#,
        );
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        let cases = [
            (r#"{"at":0,"conn":1,"type":"received","dir":"c2s"}"#, "exactly one of"),
            (r#"{"at":0,"conn":1,"type":"received","text":""}"#, "\"dir\" is missing"),
            (r#"{"at":0,"conn":0,"type":"received","dir":"c2s","text":""}"#, "counts from 1"),
            (r#"{"at":0,"conn":1,"type":"received","dir":"c2s","base64":"*"}"#, "not base64"),
            (
                r#"{"at":0,"conn":1,"type":"sent","dir":"c2s","replaces":[3,1],"why":"rewritten","text":""}"#,
                "ends before",
            ),
            (r#"{"at":0,"conn":1,"type":"told","dir":"c2s","text":""}"#, "\"message\" is missing"),
            (r#"{"at":0,"conn":1,"type":"note","marked":true}"#, "\"unit\" is missing"),
            (r#"{"at":0,"type":"received","dir":"c2s","text":""}"#, "counts from 1"),
            (r#"{"at":0,"type":"trace","process":1}"#, "\"said\" is missing"),
            (r#"{"at":0,"type":"trace","process":1,"said":{"events":[["jump"]]}}"#, "unknown variant"),
            (r#"{"at":0,"conn":1"#, "EOF"),
        ];
        for (line, expected) in cases {
            let error = read(line).unwrap_err();
            assert!(error.message.contains(expected), "{line}: {}", error.message);
        }
        assert_eq!(read(r#"{"at":0,"conn":1,"type":"invented-later"}"#), Ok(None));
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let what = What::Received { dir: Direction::ToClient, bytes: Bytes::from(bytes) };
            let record = Record { at: Timestamp(1), conn: ConnId(1), what };
            let mut out = Vec::new();
            write(&record, &mut out);
            prop_assert_eq!(out.iter().filter(|b| **b == b'\n').count(), 1);
            let text = String::from_utf8(out).unwrap();
            prop_assert_eq!(read(text.trim_end()), Ok(Some(record)));
        }

        #[test]
        fn no_line_panics(line in ".{0,200}") {
            let _ = read(&line);
        }
    }
}
