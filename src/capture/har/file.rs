//! What stands in a HAR file, as far as it can be shown. What is read is right: times are times, base64 is decoded.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
pub(super) use jiff::Timestamp as Time;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use super::head;
use crate::wire::{Direction, Told};

/// Programs differ in whether they pad.
static BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A whole file. Its entries are read one by one, so that not all of them are held twice.
#[derive(Deserialize)]
#[serde(expecting = "a HAR file: an object with a member \"log\"")]
pub(super) struct Har<'a> {
    #[serde(borrow)]
    log: Log<'a>,
}

#[derive(Deserialize)]
#[serde(expecting = "a log: an object with a member \"entries\"")]
struct Log<'a> {
    #[serde(borrow)]
    entries: Option<Vec<&'a RawValue>>,
}

impl<'a> Har<'a> {
    /// The entries as they are written, in the order of the file.
    pub fn entries(self) -> impl Iterator<Item = &'a RawValue> {
        self.log.entries.into_iter().flatten()
    }
}

/// One request, what answered it, and the messages of the WebSocket that it opened.
#[derive(Debug)]
pub(super) struct Entry {
    /// When the request was begun.
    pub at: Time,
    /// When the response began, as far as the entry tells.
    pub answered: Time,
    /// Scheme and authority of the URL.
    pub origin: String,
    /// What tells its connection from others, where something does.
    pub connection: Option<String>,
    /// The head of the request, and its body.
    pub request: (Vec<u8>, Vec<u8>),
    /// The same of the response. None where there was none.
    pub response: Option<(Vec<u8>, Vec<u8>)>,
    /// The messages of the WebSocket.
    pub messages: Vec<Message>,
    /// Whether it opened a WebSocket, or tried to.
    pub is_websocket: bool,
}

/// A WebSocket message.
#[derive(Debug)]
pub(super) struct Message {
    /// When it was complete.
    pub at: Option<Time>,
    pub dir: Direction,
    /// Text or binary.
    pub kind: Told,
    pub bytes: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[serde(expecting = "an entry: an object with a request and a response")]
pub(super) struct WrittenEntry {
    started_date_time: String,
    request: WrittenRequest,
    response: Option<WrittenResponse>,
    timings: Option<Timings>,
    connection: Option<serde_json::Value>,
    #[serde(rename = "_webSocketMessages")]
    messages: Option<Vec<ReadMessage>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[serde(expecting = "a request: an object with a method and a url")]
struct WrittenRequest {
    method: String,
    url: String,
    http_version: Option<String>,
    headers: Option<Vec<WrittenHeader>>,
    post_data: Option<Body>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[serde(expecting = "a response: an object with a status")]
struct WrittenResponse {
    status: Option<i64>,
    status_text: Option<String>,
    http_version: Option<String>,
    headers: Option<Vec<WrittenHeader>>,
    content: Option<Body>,
}

#[derive(Deserialize)]
#[serde(expecting = "a header field: an object with a name and a value")]
pub(super) struct WrittenHeader {
    pub name: String,
    pub value: String,
}

/// What a request or a response carried. The format knows no encoding for requests; ours has a name of its own there.
#[derive(Deserialize)]
#[serde(expecting = "a body: an object with a text")]
struct Body {
    text: Option<String>,
    encoding: Option<String>,
    #[serde(rename = "_encoding")]
    own_encoding: Option<String>,
}

impl Body {
    fn bytes(body: Option<Body>) -> Result<Vec<u8>, String> {
        let Some(Body { text: Some(text), encoding, own_encoding }) = body else { return Ok(Vec::new()) };
        match encoding.or(own_encoding).as_deref() {
            Some("base64") => decoded(&text),
            _ => Ok(text.into_bytes()),
        }
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, String> {
    BASE64.decode(text).map_err(|error| format!("what should be base64 is not: {error}"))
}

/// How long the parts of an exchange took, in milliseconds; negative where that is not known. Connecting includes TLS.
#[derive(Deserialize)]
#[serde(expecting = "timings: an object with lengths of time")]
struct Timings {
    blocked: Option<f64>,
    dns: Option<f64>,
    connect: Option<f64>,
    send: Option<f64>,
    wait: Option<f64>,
}

impl Timings {
    /// From the beginning to the first byte of the answer.
    fn until_answer(&self) -> f64 {
        let parts = [self.blocked, self.dns, self.connect, self.send, self.wait];
        parts.into_iter().flatten().filter(|part| *part > 0.0).sum()
    }
}

impl WrittenEntry {
    /// `None` where it never was on a wire.
    pub fn read(self) -> Result<Option<Entry>, String> {
        let WrittenEntry { started_date_time, request, response, timings, connection, messages } = self;
        let url = Url::parse(&request.url)
            .map_err(|error| format!("{:?} is not a URL: {error}", shortened(&request.url)))?;
        if !["http", "https", "ws", "wss"].contains(&url.scheme()) {
            return Ok(None);
        }
        let at: Time = started_date_time.parse().map_err(|_| {
            format!("{:?} is not a time in the form of RFC 3339", shortened(&started_date_time))
        })?;
        let phases = timings.map_or(0.0, |timings| timings.until_answer());
        let later = jiff::SignedDuration::try_from_secs_f64(phases / 1000.0).ok();
        let answered = later.and_then(|later| at.checked_add(later).ok()).unwrap_or(at);
        let headers = request.headers.unwrap_or_default();
        let request_head = head::request(
            &request.method,
            &request.url,
            &url,
            request.http_version.as_deref().unwrap_or_default(),
            &headers,
        )?;
        let request = (request_head, Body::bytes(request.post_data)?);
        let is_answered =
            |response: &WrittenResponse| (1..1000).contains(&response.status.unwrap_or_default());
        let response = response.filter(is_answered);
        let switches = response.as_ref().is_some_and(|response| response.status == Some(101));
        let is_websocket = messages.is_some() || switches || url.scheme().starts_with("ws");
        let messages = messages.into_iter().flatten().filter_map(|read| read.0).collect();
        let response = response.map(WrittenResponse::read).transpose()?;
        let connection = connection.and_then(|connection| named(&connection, &url));
        let origin = head::origin(&url);
        Ok(Some(Entry { at, answered, origin, connection, request, response, messages, is_websocket }))
    }
}

/// What tells a connection from others. Browsers write the port of the server, which all connections to it have in common.
fn named(connection: &serde_json::Value, url: &Url) -> Option<String> {
    let name = match connection {
        serde_json::Value::String(name) => name.clone(),
        serde_json::Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let is_port = url.port_or_known_default().is_some_and(|port| name == port.to_string());
    (!name.is_empty() && name != "0" && !is_port).then_some(name)
}

impl WrittenResponse {
    fn read(self) -> Result<(Vec<u8>, Vec<u8>), String> {
        let head = head::response(
            self.status.unwrap_or_default(),
            self.status_text.as_deref().unwrap_or_default(),
            self.http_version.as_deref().unwrap_or_default(),
            &self.headers.unwrap_or_default(),
        )?;
        Ok((head, Body::bytes(self.content)?))
    }
}

/// A message that was read. `None` where it is neither text nor binary, or an error of the browser's.
#[derive(Deserialize)]
#[serde(try_from = "WrittenMessage")]
struct ReadMessage(Option<Message>);

#[derive(Deserialize)]
#[serde(expecting = "a message: an object with type, time, opcode and data")]
struct WrittenMessage {
    #[serde(rename = "type")]
    kind: String,
    time: Option<f64>,
    opcode: Option<f64>,
    data: Option<String>,
}

impl TryFrom<WrittenMessage> for ReadMessage {
    type Error = String;

    fn try_from(written: WrittenMessage) -> Result<ReadMessage, String> {
        let dir = match written.kind.as_str() {
            "send" => Direction::ToServer,
            "receive" => Direction::ToClient,
            _ => return Ok(ReadMessage(None)),
        };
        let data = written.data.unwrap_or_default();
        let (kind, bytes) = match written.opcode.unwrap_or(1.0) {
            1.0 => (Told::Text, data.into_bytes()),
            2.0 => (Told::Binary, decoded(&data)?),
            _ => return Ok(ReadMessage(None)),
        };
        Ok(ReadMessage(Some(Message {
            at: written.time.and_then(since_1970),
            dir,
            kind,
            bytes: bytes.into(),
        })))
    }
}

/// The time so many seconds after 1970. What would be thousands of years from now was counted in milliseconds.
fn since_1970(time: f64) -> Option<Time> {
    let seconds = if time > 1e11 { time / 1000.0 } else { time };
    Time::from_microsecond((seconds * 1e6).round() as i64).ok()
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
