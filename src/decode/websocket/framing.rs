//! Where a frame ends, and what it does to the message it is part of (RFC 6455 §5.4 to §5.6).

use std::borrow::Cow;

use super::close;
use super::current::{Current, Part};
use super::deflate::Parameters;
use super::frame::{FrameHeader, opcode, unmask};
use super::message::Assembly;
use super::rules::*;
use crate::decode::unit::Finding;
use crate::wire::Direction;

/// Of a control frame's payload so many bytes are kept. No more than 125 are allowed.
const MAX_CONTROL: usize = 4096;

/// Finds the frames of one direction, and puts its messages together.
#[derive(Debug)]
pub struct Framing {
    dir: Direction,
    /// Whether permessage-deflate was agreed on.
    deflate: bool,
    /// The frame whose header was taken, while its payload is still coming.
    current: Option<Current>,
    /// The message that is open across frames, if one is.
    assembly: Assembly,
    /// The payload of the control frame that came last, unmasked: its first [`MAX_CONTROL`] bytes.
    control: Vec<u8>,
    /// A close frame has come.
    closed: bool,
}

/// What the beginning of the input is. The caller drops the bytes that a step took and calls again.
#[derive(Debug)]
pub enum Step<'a> {
    /// A header is incomplete, or there is no input. Nothing was taken: give these bytes again with more
    /// behind them.
    Need,
    /// This many bytes, at least one, were taken; the frame is not complete yet.
    Taken {
        /// How many.
        len: usize,
    },
    /// The frame is complete; or it is endless, and this is its header.
    Frame {
        /// How many bytes were taken, the last of the frame.
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
    /// The rules it breaks; spans count in the frame's bytes on the wire.
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
        let takeover = deflate.map(|parameters| parameters.takes_context_over(dir));
        Framing {
            dir,
            deflate: deflate.is_some(),
            current: None,
            assembly: Assembly::new(max_message, takeover),
            control: Vec::new(),
            closed: false,
        }
    }

    /// Says what the beginning of `input` is.
    ///
    /// However the stream is cut into inputs, the frames, their findings and messages are the same. What the
    /// message of a frame borrows is the input itself where nothing had to be derived from it, and else a
    /// buffer that the next step overwrites.
    pub fn step<'a>(&'a mut self, input: &'a [u8]) -> Step<'a> {
        self.assembly.tidy();
        let (mut frame, payload, head) = match self.current.take() {
            Some(frame) => (frame, input, 0),
            None => {
                let Some(header) = FrameHeader::parse(input) else { return Step::Need };
                let Some((_, payload)) = input.split_at_checked(header.len()) else { return Step::Need };
                (self.begin(header), payload, header.len())
            }
        };
        if frame.header.is_endless() {
            let continues = frame.part == Part::Continuation;
            let frame = Frame { header: frame.header, findings: frame.findings, continues, message: None };
            return Step::Frame { len: head, frame };
        }
        let missing = usize::try_from(frame.missing()).unwrap_or(usize::MAX);
        let piece = payload.split_at_checked(missing).map_or(payload, |(piece, _)| piece);
        let len = head + piece.len();
        let whole = piece.len() == missing && frame.taken == 0;
        let borrowed =
            (whole && frame.part == Part::Start && self.assembly.can_be_borrowed(&frame)).then_some(piece);
        match borrowed {
            Some(payload) => self.assembly.borrow(payload, &mut frame),
            None => self.take(piece, &mut frame),
        }
        frame.taken += piece.len() as u64;
        if frame.missing() == 0 {
            return Step::Frame { len, frame: self.complete(frame, borrowed) };
        }
        self.current = Some(frame);
        if len == 0 { Step::Need } else { Step::Taken { len } }
    }

    /// The rules that the frame whose payload is still coming has broken.
    pub fn findings_so_far(&self) -> &[Finding] {
        self.current.as_ref().map_or(&[], |frame| &frame.findings)
    }

    /// Says that the stream has ended. The frame that it ended inside, if it did and the header had come, with
    /// the rules it broke so far; it completes no message.
    pub fn end(&mut self) -> Option<Frame<'static>> {
        let mut frame = self.current.take()?;
        let detail = format!("{} of {} payload bytes came", frame.taken, frame.header.length);
        frame.find(&FRAME_CUT_SHORT, frame.length_bits(), detail);
        let continues = frame.part == Part::Continuation;
        Some(Frame { header: frame.header, findings: frame.findings, continues, message: None })
    }

    /// Begins a frame: checks its header, and what it may be after what came before.
    fn begin(&mut self, header: FrameHeader) -> Current {
        let mut frame = Current::new(header);
        frame.check_header(self.dir, self.deflate);
        if self.closed {
            let rule = if header.is_control() { &CONTROL_AFTER_CLOSE } else { &DATA_AFTER_CLOSE };
            frame.find(rule, frame.bits(4, 8), "");
        }
        match frame.part {
            Part::Control => self.control.clear(),
            Part::Continuation if !self.assembly.is_open() => {
                frame.part = Part::Orphan;
                frame.find(&CONTINUATION_WITHOUT_START, frame.bits(4, 8), "");
            }
            Part::Start => {
                if self.assembly.is_open() {
                    frame.find(&MESSAGE_INTERRUPTED, frame.bits(4, 8), "");
                }
                self.assembly.begin(header.opcode == opcode::TEXT, &mut frame);
            }
            Part::Continuation | Part::Orphan => {}
        }
        if matches!(frame.part, Part::Start | Part::Continuation) {
            self.assembly.announce(&mut frame);
        }
        frame
    }

    /// Takes the next bytes of the payload.
    fn take(&mut self, piece: &[u8], frame: &mut Current) {
        match frame.part {
            Part::Control => {
                let start = self.control.len();
                let kept = piece.split_at_checked(MAX_CONTROL - start).map_or(piece, |(kept, _)| kept);
                self.control.extend_from_slice(kept);
                if let Some(key) = frame.header.mask {
                    unmask(self.control.split_at_mut(start).1, key, frame.taken);
                }
            }
            Part::Start | Part::Continuation => self.assembly.extend(piece, frame),
            Part::Orphan => {}
        }
    }

    /// Ends a frame whose payload was taken. `borrowed` is the payload where it was borrowed.
    fn complete<'a>(&'a mut self, mut frame: Current, borrowed: Option<&'a [u8]>) -> Frame<'a> {
        let header = frame.header;
        let message = match frame.part {
            Part::Control => {
                if header.opcode == opcode::CLOSE {
                    close::check(&self.control, &mut frame);
                    self.closed = true;
                }
                let whole = header.length <= MAX_CONTROL as u64;
                let bytes = Cow::Borrowed(if whole { self.control.as_slice() } else { &[] });
                Some(CompleteMessage { text: false, bytes, compressed: false, whole })
            }
            Part::Start | Part::Continuation if header.fin => self.assembly.finish(borrowed, &mut frame),
            _ => None,
        };
        let continues = frame.part == Part::Continuation;
        Frame { header, findings: frame.findings, continues, message }
    }
}

impl Framing {
    /// How many bytes of a message that is not complete it holds.
    pub fn held(&self) -> usize {
        self.assembly.held()
    }

    /// Lets go of that message, where it is worth it; the frame that ends it says so.
    pub fn let_go(&mut self) {
        self.assembly.let_go();
    }
}

#[cfg(test)]
impl Framing {
    /// How many bytes its buffers hold.
    pub(super) fn kept(&self) -> usize {
        self.assembly.kept() + self.control.capacity()
    }
}
