//! The header of a WebSocket frame (RFC 6455 §5.2): 2 to 14 bytes.

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// The last fragment of its message.
    pub fin: bool,
    /// RSV1, RSV2, RSV3 as the bits 0b100, 0b010, 0b001.
    pub rsv: u8,
    /// The opcode, 0 to 15.
    pub opcode: u8,
    /// Which of the three length forms was used: 0, 2 or 8 bytes of extended payload length.
    pub extended: u8,
    /// The payload's length in bytes; the top bit of a 64-bit length is kept as it was.
    pub length: u64,
    /// The masking key, if the payload is masked.
    pub mask: Option<[u8; 4]>,
}

impl FrameHeader {
    /// Reads a header from the beginning of `input`; `None` where more bytes are needed. Any bytes are a header.
    pub fn parse(input: &[u8]) -> Option<FrameHeader> {
        let _ = input;
        None
    }

    /// Its length on the wire in bytes.
    pub fn len(&self) -> usize {
        2 + usize::from(self.extended) + self.mask.map_or(0, |_| 4)
    }
}
