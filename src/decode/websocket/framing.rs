//! Where a frame ends, and what it does to the message it is part of (RFC 6455 §5.4 to §5.6).

use std::borrow::Cow;

use super::deflate::Parameters;
use super::frame::FrameHeader;
use crate::decode::unit::Finding;
use crate::wire::Direction;

/// Finds the frames of one direction, and puts its messages together.
#[derive(Debug)]
pub struct Framing {
    dir: Direction,
    deflate: Option<Parameters>,
    max_message: usize,
}

/// What the beginning of the input is. The caller drops the bytes that a step took and calls again.
#[derive(Debug)]
pub enum Step<'a> {
    /// A header is incomplete. Nothing was taken: give these bytes again with more behind them.
    Need,
    /// This many bytes, at least one, were taken; the frame is not complete yet.
    Taken {
        /// How many.
        len: usize,
    },
    /// The frame is complete.
    Frame {
        /// How many bytes were taken, the last of the frame; can be 0.
        len: usize,
        /// The frame.
        frame: Frame<'a>,
    },
}

/// A complete frame.
#[derive(Debug)]
pub struct Frame<'a> {
    /// Its header.
    pub header: FrameHeader,
    /// The rules it breaks; spans count in the unit's wire bytes, or in the message where that is said.
    pub findings: Vec<Finding>,
    /// It is a fragment behind another fragment of the same message.
    pub continues: bool,
    /// The message that ends with it. For a control frame: its payload, unmasked.
    pub message: Option<CompleteMessage<'a>>,
}

/// A message, put together, unmasked and inflated.
#[derive(Debug)]
pub struct CompleteMessage<'a> {
    /// Whether it is text.
    pub text: bool,
    /// Its bytes. Empty where it was larger than the limit, or could not be inflated.
    pub bytes: Cow<'a, [u8]>,
    /// Whether it was compressed.
    pub compressed: bool,
    /// Whether `bytes` is the whole message; not so where it was larger than the limit or broken.
    pub whole: bool,
}

impl Framing {
    /// Framing of one direction, right behind the upgrade. `deflate` is what the 101 agreed to; `max_message` is
    /// the longest message, in bytes after inflating, that is put together.
    pub fn new(dir: Direction, deflate: Option<Parameters>, max_message: usize) -> Framing {
        Framing { dir, deflate, max_message }
    }

    /// Says what the beginning of `input` is.
    pub fn step<'a>(&'a mut self, input: &'a [u8]) -> Step<'a> {
        let _ = (input, self.dir, self.deflate, self.max_message);
        Step::Need
    }
}
