//! The body of a message: what ends it, its chunks, its codings (RFC 9112 §6 and §7, RFC 9110 §8.4).

use std::ops::Range;

use bytes::Bytes;

use super::chunked::{Chunked, Piece};
use super::coding::{Coding, Problem};
use super::head::Head;
use super::length::BodyLength;
use super::text::{list, part, text};
use super::{fields, rules, wire};
use crate::decode::dissect::Input;
use crate::decode::limits::MAX_DECODED_BODY;
use crate::decode::sink::Sink;
use crate::decode::unit::{SourceId, SourceKind, Span, Value};
use crate::words;

/// So many codings of one body are undone.
const MAX_CODINGS: usize = 4;

/// The content of a message, its transfer and content codings undone as far as possible.
#[derive(Clone, Debug)]
pub(super) struct Content {
    /// The bytes.
    pub(super) bytes: Bytes,
    /// The source that they are in.
    pub(super) source: SourceId,
    /// Where in that source they begin.
    pub(super) offset: usize,
    /// Whether nothing is missing at the end.
    whole: bool,
}

impl Content {
    fn span(&self) -> Span {
        Span::bytes(self.source, self.offset..self.offset + self.bytes.len())
    }
}

/// Reads the body behind `head`. `None` where there is none, or it is in a coding that cannot be undone.
pub(super) fn read(input: &Input<'_>, head: &Head, length: BodyLength, sink: &mut Sink) -> Option<Content> {
    let (raw, cut) = behind(input, head, sink);
    sink.field(&fields::BODY_ENDS, wire(&(head.len..head.len)), || Value::Text(ends(length)));
    let received = raw.len();
    let content =
        |whole| Content { bytes: raw, source: SourceId::WIRE, offset: head.len, whole: whole && !cut };
    let content = match length {
        BodyLength::None => return None,
        BodyLength::Exact(length) => content(received as u64 >= length),
        BodyLength::UntilClose => content(true),
        BodyLength::Chunked => dechunk(content(true), sink)?,
    };
    let content = decode(content, head, input.wire, sink)?;
    if content.bytes.is_empty() {
        return None;
    }
    sink.field(&fields::BODY, content.span(), || Value::Bytes);
    Some(content)
}

/// The content of a message that another program tells of: all that is behind `head`, in which no coding is left.
pub(super) fn told(input: &Input<'_>, head: &Head, sink: &mut Sink) -> Option<Content> {
    let (bytes, cut) = behind(input, head, sink);
    sink.field(&fields::TOLD, Span::default(), || Value::Flag(true));
    let content = Content { bytes, source: SourceId::WIRE, offset: head.len, whole: !cut };
    if content.bytes.is_empty() {
        return None;
    }
    sink.field(&fields::BODY, content.span(), || Value::Bytes);
    Some(content)
}

/// What is behind `head`, and whether that is not all.
fn behind(input: &Input<'_>, head: &Head, sink: &mut Sink) -> (Bytes, bool) {
    let cut = input.length > input.wire.len() as u64;
    if cut {
        let dissected = format!(
            "{} of {}",
            words::thousands(input.wire.len() as u64),
            words::count(input.length, "byte")
        );
        sink.finding(&rules::NOT_ALL_DISSECTED, wire(&(head.len..input.wire.len())), dissected);
    }
    (input.wire.slice(head.len.min(input.wire.len())..), cut)
}

fn ends(length: BodyLength) -> String {
    match length {
        BodyLength::None => "at once, there is none".to_owned(),
        BodyLength::Exact(n) => format!("after {}, by Content-Length", words::count(n, "byte")),
        BodyLength::Chunked => "with the last chunk".to_owned(),
        BodyLength::UntilClose => "when the connection closes".to_owned(),
    }
}

/// Takes the data out of the chunks. A single run of data stays where it is; more become a source of their own.
fn dechunk(raw: Content, sink: &mut Sink) -> Option<Content> {
    let bytes = raw.bytes.clone();
    let mut reader = ChunkReader { at: 0, offset: raw.offset, bytes: &bytes, open: false, odd: false };
    let mut first = 0..0;
    let mut joined = Vec::new();
    let mut chunked = Chunked::default();
    let whole = loop {
        let piece = chunked.next(part(&bytes, &(reader.at..bytes.len())));
        if let Piece::Data { len } = piece {
            let data = reader.at..reader.at + len;
            if first.is_empty() {
                first = data;
            } else {
                if joined.is_empty() {
                    joined.extend_from_slice(part(&bytes, &first));
                }
                joined.extend_from_slice(part(&bytes, &data));
            }
        }
        reader.say(&piece, sink);
        if piece.len() == 0 {
            break piece == Piece::End;
        }
    };
    let whole = whole && raw.whole;
    if joined.is_empty() {
        let offset = raw.offset + first.start;
        return Some(Content { bytes: bytes.slice(first), source: SourceId::WIRE, offset, whole });
    }
    let bytes = Bytes::from(joined);
    let source = sink.source(SourceKind::Dechunked, bytes.clone())?;
    Some(Content { bytes, source, offset: 0, whole })
}

/// Says what the chunks are.
struct ChunkReader<'a> {
    /// How far `bytes` were read.
    at: usize,
    /// Where `bytes` stand on the wire.
    offset: usize,
    bytes: &'a [u8],
    /// A chunk's field is open.
    open: bool,
    /// Something odd was said already; one finding is enough.
    odd: bool,
}

impl ChunkReader<'_> {
    fn wire(&self, range: Range<usize>) -> Span {
        wire(&(self.offset + range.start..self.offset + range.end))
    }

    /// Makes the fields of a piece and steps over it.
    fn say(&mut self, piece: &Piece, sink: &mut Sink) {
        let start = self.at;
        let span = self.wire(start..start + piece.len());
        self.at += piece.len();
        match piece {
            Piece::Size { len, size, digits, extensions, .. } => {
                let behind = usize::try_from(*size).unwrap_or(usize::MAX).saturating_add(2);
                let behind = if *size == 0 { 0 } else { behind };
                let end = (start + len).saturating_add(behind).min(self.bytes.len());
                sink.open(&fields::CHUNK, self.wire(start..end), || Value::None);
                self.open = true;
                let digits = self.wire(start + digits.start..start + digits.end);
                sink.field(&fields::CHUNK_SIZE, digits, || Value::Unsigned(*size));
                if !extensions.is_empty() {
                    let range = start + extensions.start..start + extensions.end;
                    let written = || Value::Text(text(self.bytes, &range).into_owned());
                    sink.field(&fields::CHUNK_EXTENSION, self.wire(range.clone()), written);
                }
                if *size == 0 {
                    self.close(sink);
                }
            }
            Piece::Data { .. } => sink.field(&fields::CHUNK_DATA, span.clone(), || Value::Bytes),
            Piece::DataEnd { .. } => self.close(sink),
            Piece::Trailer { .. } => {
                let line = text(self.bytes, &(start..self.at));
                sink.field(&fields::TRAILER, span.clone(), || Value::Text(line.trim_end().to_owned()));
            }
            Piece::Broken { rule, detail } => {
                let rest = self.wire(start..self.bytes.len());
                sink.finding(rule, rest, detail.clone());
                self.close(sink);
            }
            Piece::Need => self.close(sink),
            Piece::Last { .. } | Piece::End => {}
        }
        if let Piece::Size { odd: Some(rule), .. } | Piece::DataEnd { odd: Some(rule), .. } = piece
            && !self.odd
        {
            self.odd = true;
            sink.finding(rule, span, String::new());
        }
    }

    fn close(&mut self, sink: &mut Sink) {
        if std::mem::take(&mut self.open) {
            sink.close();
        }
    }
}

/// The names of the codings of a body, in the order in which they were applied.
pub(super) fn codings(head: &Head, bytes: &[u8]) -> Vec<Range<usize>> {
    let elements = |name| head.fields(bytes, name).flat_map(|h| list(bytes, &h.value));
    let mut codings: Vec<Range<usize>> = elements("content-encoding").collect();
    codings.extend(elements("transfer-encoding"));
    codings.retain(|c| {
        !["chunked", "identity"].iter().any(|n| part(bytes, c).eq_ignore_ascii_case(n.as_bytes()))
    });
    codings
}

/// Undoes the content codings, which are inside, after the transfer codings, the last of each first.
fn decode(mut content: Content, head: &Head, bytes: &[u8], sink: &mut Sink) -> Option<Content> {
    let codings = codings(head, bytes);
    if content.bytes.is_empty() {
        return Some(content);
    }
    if codings.len() > MAX_CODINGS {
        let whole = content.span();
        sink.finding(&rules::TOO_MANY_CODINGS, whole, format!("{} codings", codings.len()));
        return None;
    }
    let mut allowed = MAX_DECODED_BODY;
    for name in codings.iter().rev() {
        let Some(coding) = Coding::named(part(bytes, name)) else {
            sink.finding(&rules::CODING_UNKNOWN, wire(name), text(bytes, name));
            return None;
        };
        content = decode_one(content, coding, &text(bytes, name), allowed, sink)?;
        allowed = allowed.saturating_sub(content.bytes.len());
    }
    Some(content)
}

/// Undoes one coding; at most `max` bytes come out. `None` where none did.
fn decode_one(content: Content, coding: Coding, name: &str, max: usize, sink: &mut Sink) -> Option<Content> {
    let decoded = coding.decode(&content.bytes, max);
    if decoded.raw_deflate && !decoded.bytes.is_empty() {
        sink.finding(&rules::RAW_DEFLATE, content.span(), String::new());
    }
    match &decoded.problem {
        // Where the message itself is cut short, that is not the coding's fault.
        Some(Problem::Truncated) if content.whole => {
            sink.finding(&rules::CODING_TRUNCATED, content.span(), name);
        }
        Some(Problem::Corrupt(why)) => {
            sink.finding(&rules::CODING_CORRUPT, content.span(), format!("{name}: {why}"));
        }
        Some(Problem::TooLarge) => sink.finding(&rules::CODING_TOO_LARGE, content.span(), name),
        Some(Problem::Truncated) | None => {}
    }
    if decoded.bytes.is_empty() {
        return None;
    }
    let whole = content.whole && decoded.problem.is_none();
    let (coded, length) = (content.bytes.len() as u64, decoded.bytes.len() as u64);
    let sizes = || format!("{name}: {}, decoded {}", words::count(coded, "byte"), words::thousands(length));
    sink.field(&fields::DECODED, content.span(), || Value::Text(sizes()));
    let bytes = Bytes::from(decoded.bytes);
    let source = sink.source(SourceKind::Decoded, bytes.clone())?;
    Some(Content { bytes, source, offset: 0, whole })
}
