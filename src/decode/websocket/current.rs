//! The frame whose bytes are arriving, and the rules that its header alone can break.

use super::frame::{FrameHeader, opcode};
use super::rules::*;
use crate::decode::field::Rule;
use crate::decode::unit::{Finding, SourceId, Span};
use crate::wire::Direction;
use crate::words;

/// A frame whose header is known.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) header: FrameHeader,
    pub(super) part: Part,
    /// So many bytes of the payload were taken: at most `header.length`.
    pub(super) taken: u64,
    pub(super) findings: Vec<Finding>,
}

/// What a frame is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A control frame is complete in itself.
    Control,
    /// The first frame of a message.
    Start,
    /// A further frame of a message.
    Continuation,
    /// A continuation of no message.
    Orphan,
}

impl Current {
    pub(super) fn new(header: FrameHeader) -> Current {
        let part = match header.opcode {
            _ if header.is_control() => Part::Control,
            opcode::CONTINUATION => Part::Continuation,
            _ => Part::Start,
        };
        Current { header, part, taken: 0, findings: Vec::new() }
    }

    /// How many bytes of the payload are still to come.
    pub(super) fn missing(&self) -> u64 {
        self.header.length - self.taken
    }

    pub(super) fn find(&mut self, rule: &'static Rule, span: Span, detail: impl Into<String>) {
        self.findings.push(Finding { rule, span, detail: detail.into() });
    }

    /// Bits of the header.
    pub(super) fn bits(&self, from: u64, to: u64) -> Span {
        Span::bits(SourceId::WIRE, from..to)
    }

    /// The bits that say how long the payload is.
    pub(super) fn length_bits(&self) -> Span {
        self.bits(9, 16 + 8 * u64::from(self.header.extended))
    }

    /// Bytes of the payload as they are on the wire. A length of 2^61 bytes and more has no end in bits.
    pub(super) fn payload_bytes(&self, from: u64, to: u64) -> Span {
        let header = self.header.len() as u64;
        let bit = |byte: u64| header.saturating_add(byte).saturating_mul(8);
        self.bits(bit(from), bit(to))
    }

    /// All of the payload.
    pub(super) fn payload(&self) -> Span {
        self.payload_bytes(0, self.header.length)
    }

    /// The last byte of the frame.
    pub(super) fn last_byte(&self) -> Span {
        match self.header.length {
            0 => self.bits(8, 16),
            length => self.payload_bytes(length - 1, length),
        }
    }

    /// Checks what can be checked without knowing what came before. `deflate`: whether permessage-deflate was
    /// agreed on.
    pub(super) fn check_header(&mut self, dir: Direction, deflate: bool) {
        self.check_mask(dir);
        self.check_first_byte(deflate);
        self.check_length();
    }

    fn check_mask(&mut self, dir: Direction) {
        match (dir, self.header.mask) {
            (Direction::ToServer, None) => self.find(&UNMASKED_CLIENT_FRAME, self.bits(8, 9), ""),
            (Direction::ToClient, Some(_)) => self.find(&MASKED_SERVER_FRAME, self.bits(8, 9), ""),
            _ => {}
        }
        if self.header.mask == Some([0; 4]) {
            let end = self.header.len() as u64 * 8;
            self.find(&MASKING_KEY_ZERO, self.bits(end - 32, end), "");
        }
    }

    fn check_first_byte(&mut self, deflate: bool) {
        let FrameHeader { fin, rsv, opcode, .. } = self.header;
        let meaningless = if deflate { rsv & 0b011 } else { rsv };
        if meaningless != 0 {
            let set = [(0b100, "RSV1"), (0b010, "RSV2"), (0b001, "RSV3")];
            let names: Vec<_> =
                set.iter().filter(|(bit, _)| meaningless & bit != 0).map(|(_, name)| *name).collect();
            self.find(&RESERVED_BIT, self.bits(1, 4), names.join(", "));
        }
        if deflate && self.header.rsv1() && self.part != Part::Start {
            let what = if self.part == Part::Control { "control frame" } else { "continuation frame" };
            self.find(&COMPRESSED_BIT_MISPLACED, self.bits(1, 2), what);
        }
        if matches!(opcode, 3..=7 | 11..) {
            self.find(&RESERVED_OPCODE, self.bits(4, 8), format!("opcode {opcode}"));
        }
        if self.part == Part::Control && !fin {
            self.find(&CONTROL_FRAGMENTED, self.bits(0, 1), "");
        }
    }

    fn check_length(&mut self) {
        let FrameHeader { extended, length, .. } = self.header;
        let smallest = [(2, 126, "16"), (8, 1 << 16, "64")];
        if let Some((_, _, bits)) =
            smallest.iter().find(|(form, least, _)| extended == *form && length < *least)
        {
            self.find(&NON_MINIMAL_LENGTH, self.length_bits(), format!("{length} in {bits} bits"));
        }
        if self.header.is_endless() {
            self.find(&LENGTH_TOP_BIT, self.bits(16, 17), format!("{length:#x}"));
        }
        if self.part == Part::Control && length > 125 {
            self.find(&CONTROL_TOO_LONG, self.length_bits(), words::count(length, "byte"));
        }
    }
}
