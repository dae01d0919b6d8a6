//! One unit as text to paste elsewhere: what it says, its JSON, its bytes, or a command that sends it again.

use std::io;

use super::{Format, Print, json};
use crate::decode::sink::Detail;
use crate::decode::unit::{Layer, Node, SourceKind, Tree, UnitId, UnitKind, Value};
use crate::session::{Session, StoreError, UnitRef};
use crate::wire::Direction;
use crate::words;

/// So many bytes are written out as hexadecimal.
const MAX_HEX: u64 = 1 << 20;

/// In which form a unit is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Its line, and its layers and fields.
    Text,
    /// The object of `--print json`.
    Json,
    /// Its bytes on the wire.
    Hex,
    /// A request, as a command line of curl.
    Curl,
    /// An upgrade request or a message, as a command line of websocat.
    Websocat,
}

/// A unit cannot be copied in this form.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Its bytes cannot be read back.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be put so.
    #[error("{0}")]
    Unfit(&'static str),
    /// It cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The unit in a form.
pub fn copy(session: &Session, unit: &UnitRef, form: Form) -> Result<String, CopyError> {
    let mut out = Vec::new();
    match form {
        Form::Text => {
            let format = Format { print: Print::Layers, columns: None };
            super::unit(session, unit, format, &mut out)?;
            return Ok(anstream::adapter::strip_str(&String::from_utf8_lossy(&out)).to_string());
        }
        Form::Json => json::unit(session, unit, &mut out)?,
        Form::Hex => return Ok(words::hex(&session.wire(unit, MAX_HEX)?, usize::MAX)),
        Form::Curl => return curl(session, unit),
        Form::Websocat => return websocat(session, unit),
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn curl(session: &Session, unit: &UnitRef) -> Result<String, CopyError> {
    if unit.kind != UnitKind::HttpRequest {
        return Err(CopyError::Unfit("only an HTTP request can be sent again by curl"));
    }
    let request = Request::of(session, unit)?;
    let mut words = vec!["curl".to_owned(), "-i".to_owned()];
    if request.method != "GET" {
        words.extend(["-X".to_owned(), quoted(request.method.as_bytes())]);
    }
    let skipped = ["host", "content-length", "transfer-encoding"];
    for (_, line) in request.lines.iter().filter(|(name, _)| !skipped.contains(&name.as_str())) {
        words.extend(["-H".to_owned(), quoted(line.as_bytes())]);
    }
    if let Some(body) = &request.body {
        words.extend(["--data-binary".to_owned(), quoted(body)]);
    }
    words.push(quoted(request.url("http").as_bytes()));
    Ok(words.join(" "))
}

fn websocat(session: &Session, unit: &UnitRef) -> Result<String, CopyError> {
    let is_upgrade = |unit: &UnitRef| unit.kind == UnitKind::HttpRequest;
    let before = || (1..unit.id.0).rev().filter_map(|id| session.unit(UnitId(id)));
    let (upgrade, message) = match unit.kind {
        UnitKind::HttpRequest => (Some(*unit), None),
        UnitKind::Frame | UnitKind::Message if unit.dir == Direction::ToServer => {
            let tree = session.look(unit, Detail::Tree)?;
            (before().find(|u| u.conn == unit.conn && is_upgrade(u)), Some(message(&tree)))
        }
        _ => (None, None),
    };
    let upgrade = upgrade
        .ok_or(CopyError::Unfit("only a WebSocket's request, or what its client sent, fits websocat"))?;
    let request = Request::of(session, &upgrade)?;
    if !request.lines.iter().any(|(name, _)| name == "sec-websocket-key") {
        return Err(CopyError::Unfit("this request does not ask for a WebSocket"));
    }
    let mut words = vec!["websocat".to_owned()];
    let kept = ["cookie", "origin", "authorization", "sec-websocket-protocol"];
    for (_, line) in request.lines.iter().filter(|(name, _)| kept.contains(&name.as_str())) {
        words.extend(["-H".to_owned(), quoted(line.as_bytes())]);
    }
    words.push(quoted(request.url("ws").as_bytes()));
    let command = words.join(" ");
    Ok(match message {
        None => command,
        Some(bytes) => format!("printf %s {} | {command}", quoted(&bytes)),
    })
}

/// The payload of a frame, or the message that it ends, as its sender meant it.
fn message(tree: &Tree) -> Vec<u8> {
    let kinds = [SourceKind::Inflated, SourceKind::Reassembled, SourceKind::Unmasked, SourceKind::Told];
    let derived = kinds.iter().find_map(|kind| tree.sources.iter().find(|source| source.kind == *kind));
    let payload = || find(&tree.layers, "websocket.payload").map(|node| tree.bytes(&node.span));
    derived.map(|source| &source.bytes[..]).or_else(payload).unwrap_or_default().to_vec()
}

/// What a request says, as a command line needs it.
struct Request {
    method: String,
    target: String,
    host: String,
    /// Each field line with its name in lower case.
    lines: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// Where it went. A target in absolute form says so itself (RFC 9112 §3.2.2).
    fn url(&self, scheme: &str) -> String {
        match self.target.split_once("://") {
            Some(("https" | "wss", rest)) => format!("{scheme}s://{rest}"),
            Some((_, rest)) if !self.target.starts_with('/') => format!("{scheme}://{rest}"),
            _ => format!("{scheme}://{}{}", self.host, self.target),
        }
    }

    fn of(session: &Session, unit: &UnitRef) -> Result<Request, CopyError> {
        let tree = session.look(unit, Detail::Tree)?;
        let text = |key| find(&tree.layers, key).map(words_of).unwrap_or_default();
        let nodes = tree.layers.iter().flat_map(|layer| &layer.nodes);
        let lines = nodes.filter(|node| node.def.key == "http.request.line").map(words_of);
        let name = |line: &str| line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        let body = find(&tree.layers, "http.file_data").map(|node| tree.bytes(&node.span).to_vec());
        Ok(Request {
            method: text("http.request.method"),
            target: text("http.request.uri"),
            host: text("http.host"),
            lines: lines.map(|line| (name(&line), line)).collect(),
            body: body.filter(|body| !body.is_empty()),
        })
    }
}

fn words_of(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => text.clone(),
        _ => String::new(),
    }
}

/// The first field with a key.
fn find<'a>(layers: &'a [Layer], key: &str) -> Option<&'a Node> {
    fn in_nodes<'a>(nodes: &'a [Node], key: &str) -> Option<&'a Node> {
        nodes.iter().find_map(|node| match node.def.key == key {
            true => Some(node),
            false => in_nodes(&node.children, key),
        })
    }
    layers.iter().find_map(|layer| in_nodes(&layer.nodes, key).or_else(|| find(&layer.inside, key)))
}

/// Bytes as one word of a shell: as they are between quotes where they are printable, else as `$'…'` of bash and zsh.
fn quoted(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text)
            if text.chars().all(|c| !c.is_control() && c != '\'') && text == crate::escape::line(text) =>
        {
            format!("'{text}'")
        }
        _ => {
            let escaped = |byte: &u8| match byte {
                b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
                byte if byte.is_ascii_graphic() || *byte == b' ' => char::from(*byte).to_string(),
                byte => format!("\\x{byte:02x}"),
            };
            format!("$'{}'", bytes.iter().map(escaped).collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_in_absolute_form_says_itself_where_it_goes() {
        let url = |target: &str, scheme| {
            let (method, host) = ("GET".to_owned(), "h".to_owned());
            Request { method, target: target.to_owned(), host, lines: Vec::new(), body: None }.url(scheme)
        };
        assert_eq!(url("/a?b=http://x", "http"), "http://h/a?b=http://x");
        assert_eq!(
            (url("wss://x/a", "ws"), url("https://x/a", "http")),
            ("wss://x/a".into(), "https://x/a".into())
        );
        assert_eq!(
            (url("https://x/a", "ws"), url("wss://x/a", "http")),
            ("wss://x/a".into(), "https://x/a".into())
        );
        assert_eq!(url("http://x/a", "ws"), "ws://x/a");
    }

    #[test]
    fn a_word_of_a_shell_cannot_be_left() {
        let cases: [(&[u8], &str); 4] = [
            (b"Cookie: a=b; c", "'Cookie: a=b; c'"),
            (b"it's; rm", "$'it\\'s; rm'"),
            (b"\x1b[2J\n\\", "$'\\x1b[2J\\x0a\\\\'"),
            ("\u{202e}".as_bytes(), "$'\\xe2\\x80\\xae'"),
        ];
        for (bytes, word) in cases {
            assert_eq!(quoted(bytes), word);
        }
    }
}
