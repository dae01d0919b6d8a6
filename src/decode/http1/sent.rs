//! What wirewalk sent in place of what it received, beside the original.

use std::collections::HashSet;
use std::ops::Range;

use memchr::memchr;

use super::head::Head;
use super::text::{crop, part, text, trim};
use super::{fields, rules, wire};
use crate::decode::dissect::Input;
use crate::decode::sink::Sink;
use crate::decode::unit::{SourceKind, Span, Value};
use crate::wire::{What, Why};

/// Says which bytes of the message were rewritten, or that wirewalk made all of it.
pub(super) fn nodes(input: &Input<'_>, head: &Head, sink: &mut Sink) {
    for record in input.sent {
        let What::Sent { bytes, why, .. } = &record.what else { continue };
        match why {
            Why::UpstreamUnreachable => {
                sink.finding(&rules::MADE_BY_WIREWALK, wire(&(0..head.len)), "");
            }
            Why::Rewritten => {
                let Some(source) = sink.source(SourceKind::Sent, bytes.clone()) else { return };
                let original = part(input.wire, &(0..head.len));
                let written = rewritten_lines(original, bytes);
                let all = Span::bytes(source, 0..bytes.len());
                let names: Vec<_> = written.iter().map(|line| name(bytes, line)).collect();
                sink.open(&fields::SENT, all, || Value::Text(names.join(", ")));
                for line in &written {
                    let span = Span::bytes(source, line.clone());
                    sink.field(&fields::SENT_LINE, span, || Value::Text(text(bytes, line).into_owned()));
                }
                sink.close();
                let at =
                    names.first().and_then(|n| head.fields(input.wire, n).next()).map(|h| h.line.clone());
                let at = wire(&at.unwrap_or(0..head.len));
                sink.finding(&rules::REWRITTEN, at, crop(&names.join(", "), 120));
            }
        }
    }
}

/// The lines of `sent` that do not stand in `original`.
fn rewritten_lines(original: &[u8], sent: &[u8]) -> Vec<Range<usize>> {
    let known: HashSet<&[u8]> = lines(original).map(|line| part(original, &line)).collect();
    lines(sent).filter(|line| !known.contains(part(sent, line))).collect()
}

/// The lines of a head without their ends; empty ones are left out.
fn lines(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let rest = part(bytes, &(at..bytes.len()));
            let line = trim(bytes, at..at + memchr(b'\n', rest).unwrap_or(rest.len()));
            at += memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
            if !line.is_empty() {
                return Some(line);
            }
        }
        None
    })
}

/// The field name of a line; all of it where it has none.
fn name<'a>(bytes: &'a [u8], line: &Range<usize>) -> std::borrow::Cow<'a, str> {
    let colon = memchr(b':', part(bytes, line)).map_or(line.end, |at| line.start + at);
    text(bytes, &(line.start..colon))
}
