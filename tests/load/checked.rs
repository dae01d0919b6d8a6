//! A stream of messages in which every byte is known, so that nothing can be lost, doubled or moved unnoticed.

use crate::frame::{self, MASK};

/// The opcode of a binary message (RFC 6455 §5.2).
const BINARY: u8 = 2;

/// The payload of a message.
const LENGTH: usize = 64 << 10;

/// The messages of a stream, one after the other: the same random bytes each time, behind the number of the message.
pub struct Messages {
    frame: Vec<u8>,
    header: usize,
    next: u64,
}

impl Messages {
    /// From the first message on.
    pub fn new(masked: bool) -> Messages {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = || {
            // xorshift64 (Marsaglia, 2003).
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        let payload: Vec<u8> = (0..LENGTH).map(|_| random()).collect();
        let mut frame = Vec::new();
        frame::encode(BINARY, &payload, masked.then_some(MASK), &mut frame);
        Messages { header: frame.len() - LENGTH, frame, next: 0 }
    }

    /// How many messages have at least so many bytes of payload together.
    pub fn count(bytes: usize) -> usize {
        bytes.div_ceil(LENGTH)
    }

    /// The next message, as a frame.
    pub fn advance(&mut self) -> &[u8] {
        self.frame[self.header..self.header + 8].copy_from_slice(&self.next.to_be_bytes());
        self.next += 1;
        &self.frame
    }
}

/// Compares what arrives with what was sent.
pub struct Checker {
    messages: Messages,
    /// What the message that is arriving still lacks.
    missing: Vec<u8>,
    arrived: usize,
}

impl Checker {
    /// Expects the messages from the first one on.
    pub fn new(masked: bool) -> Checker {
        Checker { messages: Messages::new(masked), missing: Vec::new(), arrived: 0 }
    }

    /// Takes what arrived next; fails where it is not what was sent.
    pub fn arrive(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.missing.is_empty() {
                self.missing = self.messages.advance().to_vec();
            }
            let len = bytes.len().min(self.missing.len());
            assert!(
                bytes[..len] == self.missing[..len],
                "message {} is not what was sent",
                self.messages.next - 1
            );
            self.missing.drain(..len);
            self.arrived += usize::from(self.missing.is_empty());
            bytes = &bytes[len..];
        }
    }

    /// How many messages have arrived whole.
    pub fn arrived(&self) -> usize {
        self.arrived
    }

    /// Whether the last message is whole.
    pub fn is_at_boundary(&self) -> bool {
        self.missing.is_empty()
    }
}

/// What is behind the head of a recorded stream must be so many whole messages.
pub fn assert_recorded(frames: &[u8], masked: bool, count: usize) {
    let mut checker = Checker::new(masked);
    checker.arrive(frames);
    assert!(
        checker.is_at_boundary() && checker.arrived() == count,
        "{} of {count} recorded",
        checker.arrived()
    );
}
