//! Putting the messages of one direction together (RFC 6455 §5.4): unmasked, inflated, and, where they are
//! text, checked to be UTF-8.

use std::borrow::Cow;

use super::current::Current;
use super::frame::unmask;
use super::framing::CompleteMessage;
use super::inflater::Inflater;
use super::rules::*;
use super::utf8::Utf8;
use crate::decode::limits::WORTH_LETTING_GO;
use crate::decode::tcp::LET_GO;
use crate::words;

/// The room that is kept from one message to the next, so that most need no allocation.
const KEPT_CAPACITY: usize = 256 << 10;

/// Bytes that are only looked at pass through a buffer of this size.
const PASSING: usize = 8 << 10;

/// Puts the messages of one direction together, one after the other.
#[derive(Debug)]
pub(super) struct Assembly {
    /// The longest message that is put together, in bytes.
    max: usize,
    /// With permessage-deflate: whether messages share a window.
    takeover: Option<bool>,
    /// Made for the first compressed message.
    inflater: Option<Inflater>,
    /// What there is of the message that is open or was completed last: at most `max` + 1 bytes.
    bytes: Vec<u8>,
    open: Option<Open>,
}

/// A message that was begun and is not finished.
#[derive(Debug)]
struct Open {
    text: bool,
    compressed: bool,
    /// So long is it so far, in bytes after inflating.
    length: u64,
    /// It is not longer than the limit: `bytes` holds all of it, unless it was borrowed.
    kept: bool,
    /// It was let go of.
    let_go: bool,
    /// It cannot be inflated.
    broken: bool,
    /// For text that is valid so far.
    utf8: Option<Utf8>,
}

impl Assembly {
    pub(super) fn new(max: usize, takeover: Option<bool>) -> Assembly {
        Assembly { max, takeover, inflater: None, bytes: Vec::new(), open: None }
    }

    /// Whether a message was begun and is not finished.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// How many bytes of a message that is not complete it holds.
    pub(super) fn held(&self) -> usize {
        if self.open.is_some() { self.bytes.len() } else { 0 }
    }

    /// Lets go of that message, where it is worth it.
    pub(super) fn let_go(&mut self) {
        if let Some(open) = self.open.as_mut().filter(|_| self.bytes.len() > WORTH_LETTING_GO) {
            (open.kept, open.let_go) = (false, true);
            self.bytes = Vec::new();
        }
    }

    /// Gives the memory of a long message back once it has been handed on.
    pub(super) fn tidy(&mut self) {
        if self.open.is_none() && self.bytes.capacity() > KEPT_CAPACITY {
            self.bytes = Vec::with_capacity(KEPT_CAPACITY);
        }
    }

    /// Begins a message with its first frame; one that is unfinished is given up.
    pub(super) fn begin(&mut self, text: bool, frame: &mut Current) {
        if self.open.take().is_some_and(|open| open.compressed && !open.broken)
            && let Some(inflater) = &mut self.inflater
        {
            inflater.abandon();
        }
        self.bytes.clear();
        let mut broken = false;
        let takeover = self.takeover.filter(|_| frame.header.rsv1());
        if let Some(takeover) = takeover {
            broken = !self.inflater.get_or_insert_with(|| Inflater::new(takeover)).begin();
            if broken {
                frame.find(&CONTEXT_LOST, frame.payload(), "");
            }
        }
        let (compressed, utf8) = (takeover.is_some(), text.then(Utf8::default));
        self.open = Some(Open { text, compressed, length: 0, kept: true, let_go: false, broken, utf8 });
    }

    /// Takes note of how many bytes a frame will add. What is certain to be too long is not even begun.
    pub(super) fn announce(&mut self, frame: &mut Current) {
        let Some(open) = self.open.as_mut().filter(|open| !open.compressed) else { return };
        open.length = open.length.saturating_add(frame.header.length);
        if open.kept && open.length > self.max as u64 {
            open.kept = false;
            self.bytes = Vec::new();
            let detail = format!("more than {}", words::count(self.max as u64, "byte"));
            frame.find(&MESSAGE_TOO_LONG, frame.length_bits(), detail);
        }
    }

    /// Whether the message can be handed on as it is on the wire, if `frame` is all of it.
    pub(super) fn can_be_borrowed(&self, frame: &Current) -> bool {
        frame.header.fin
            && frame.header.mask.is_none()
            && self.open.as_ref().is_some_and(|open| open.kept && !open.compressed)
    }

    /// Takes payload that [`Assembly::can_be_borrowed`].
    pub(super) fn borrow(&mut self, payload: &[u8], frame: &mut Current) {
        if let Some(open) = &mut self.open {
            open.check_plain(payload, 0, frame);
        }
    }

    /// Takes the next bytes of the payload, as they are on the wire.
    pub(super) fn extend(&mut self, piece: &[u8], frame: &mut Current) {
        let Some(open) = &mut self.open else { return };
        if open.compressed {
            let Some(inflater) = &mut self.inflater else { return };
            each_unmasked(piece, frame.header.mask, frame.taken, |piece, _| {
                open.inflate(piece, inflater, &mut self.bytes, self.max, frame);
            });
        } else if open.kept {
            let start = self.bytes.len();
            if self.bytes.capacity() - start < piece.len() {
                // Twice as much, as a vector grows by itself, but never beyond the limit.
                self.bytes.reserve_exact(start.min(self.max - start).max(piece.len()));
            }
            self.bytes.extend_from_slice(piece);
            let added = self.bytes.split_at_mut(start).1;
            if let Some(key) = frame.header.mask {
                unmask(added, key, frame.taken);
            }
            open.check_plain(added, frame.taken, frame);
        } else if open.utf8.is_some() {
            each_unmasked(piece, frame.header.mask, frame.taken, |piece, offset| {
                open.check_plain(piece, offset, frame);
            });
        }
    }

    /// Ends the message with its last frame. `borrowed` is all of it where it was borrowed.
    pub(super) fn finish<'a>(
        &'a mut self,
        borrowed: Option<&'a [u8]>,
        frame: &mut Current,
    ) -> Option<CompleteMessage<'a>> {
        let mut open = self.open.take()?;
        if open.let_go {
            frame.find(&LET_GO, frame.payload(), "");
        }
        if open.compressed && !open.broken {
            let ended = self.inflater.as_mut().map(Inflater::finish);
            if let Some(Err(why)) = ended {
                open.broken = true;
                frame.find(&INFLATING_FAILED, frame.payload(), why);
            }
        }
        if !open.broken && open.utf8.is_some_and(|utf8| !utf8.may_end()) {
            frame.find(&INVALID_UTF8, frame.last_byte(), "ends inside a character");
        }
        let whole = open.kept && !open.broken;
        let bytes = borrowed.unwrap_or(if whole { &self.bytes } else { &[] });
        let bytes = Cow::Borrowed(bytes);
        Some(CompleteMessage { text: open.text, bytes, compressed: open.compressed, whole })
    }
}

impl Open {
    /// Checks bytes that are the same in the message and, but for the mask, on the wire; `offset` is where in
    /// the payload they begin.
    fn check_plain(&mut self, bytes: &[u8], offset: u64, frame: &mut Current) {
        if let Some(at) = self.invalid_at(bytes) {
            let at = offset + at as u64;
            let detail = format!("at byte {at} of the payload");
            frame.find(&INVALID_UTF8, frame.payload_bytes(at, at + 1), detail);
        }
    }

    /// Where text ceases to be UTF-8 in its next bytes; found once.
    fn invalid_at(&mut self, bytes: &[u8]) -> Option<usize> {
        let at = self.utf8.as_mut()?.push(bytes).err()?;
        self.utf8 = None;
        Some(at)
    }

    /// Inflates the next bytes of the payload, unmasked. What is longer than `max` is inflated all the same,
    /// since later messages refer to it, but is not kept.
    fn inflate(
        &mut self,
        mut input: &[u8],
        inflater: &mut Inflater,
        out: &mut Vec<u8>,
        max: usize,
        frame: &mut Current,
    ) {
        while !self.broken {
            self.make_room(out, max);
            let before = out.len();
            let (taken, result) = inflater.inflate(input, out);
            input = input.get(taken..).unwrap_or_default();
            let fresh = out.split_at(before).1;
            if let Some(at) = self.invalid_at(fresh) {
                let detail = format!("at byte {} of the inflated message", self.length + at as u64);
                frame.find(&INVALID_UTF8, frame.payload(), detail);
            }
            let progress = taken + fresh.len() > 0;
            self.length = self.length.saturating_add(fresh.len() as u64);
            if self.kept && self.length > max as u64 {
                self.kept = false;
                *out = Vec::new();
                frame.find(
                    &MESSAGE_TOO_LONG,
                    frame.payload(),
                    format!("more than {} inflated", words::count(max as u64, "byte")),
                );
            }
            if let Err(why) = result {
                self.broken = true;
                *out = Vec::new();
                frame.find(&INFLATING_FAILED, frame.payload(), why);
            }
            if !progress || (input.is_empty() && out.len() < out.capacity()) {
                break;
            }
        }
    }

    /// Makes `out` have room for at least one more byte, and for at most one more than `max`.
    fn make_room(&self, out: &mut Vec<u8>, max: usize) {
        if !self.kept {
            out.clear();
            out.reserve_exact(PASSING);
        } else if out.len() == out.capacity() {
            out.reserve_exact(out.len().max(PASSING).min(max.saturating_add(1) - out.len()));
        }
    }
}

/// Hands the bytes of a payload on unmasked, with the offset of each piece in the payload.
fn each_unmasked(piece: &[u8], mask: Option<[u8; 4]>, mut offset: u64, mut take: impl FnMut(&[u8], u64)) {
    let Some(key) = mask else { return take(piece, offset) };
    let mut buffer = [0; PASSING];
    for piece in piece.chunks(PASSING) {
        let bytes = buffer.split_at_mut(piece.len()).0;
        bytes.copy_from_slice(piece);
        unmask(bytes, key, offset);
        take(bytes, offset);
        offset += piece.len() as u64;
    }
}

#[cfg(test)]
impl Assembly {
    pub(super) fn kept(&self) -> usize {
        self.bytes.capacity()
    }
}
