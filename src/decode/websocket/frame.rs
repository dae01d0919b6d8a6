//! The header of a WebSocket frame (RFC 6455 §5.2): 2 to 14 bytes; and the masking of its payload (§5.3).

/// The opcodes that RFC 6455 §5.2 defines. 3 to 7 are reserved for data frames, 11 to 15 for control frames.
pub mod opcode {
    /// A further fragment of the message that was begun.
    pub const CONTINUATION: u8 = 0;
    /// A message of UTF-8 text, or its first fragment.
    pub const TEXT: u8 = 1;
    /// A message of any bytes, or its first fragment.
    pub const BINARY: u8 = 2;
    /// The sender will send nothing more.
    pub const CLOSE: u8 = 8;
    /// Asks for a pong.
    pub const PING: u8 = 9;
    /// Answers a ping.
    pub const PONG: u8 = 10;
}

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
        let (&[first, second], rest) = input.split_first_chunk()?;
        let (extended, length, rest) = match second & 0x7F {
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                (2, u64::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk()?;
                (8, u64::from_be_bytes(*length), rest)
            }
            short => (0, u64::from(short), rest),
        };
        let mask = if second & 0x80 == 0 { None } else { Some(*rest.first_chunk()?) };
        let (fin, rsv, opcode) = (first & 0x80 != 0, (first >> 4) & 0b111, first & 0x0F);
        Some(FrameHeader { fin, rsv, opcode, extended, length, mask })
    }

    /// Its length on the wire in bytes.
    #[expect(clippy::len_without_is_empty, reason = "a header is never empty")]
    pub fn len(&self) -> usize {
        2 + usize::from(self.extended) + self.mask.map_or(0, |_| 4)
    }

    /// Whether it is the header of a control frame (RFC 6455 §5.5): the opcode's top bit says so.
    pub fn is_control(&self) -> bool {
        self.opcode & 0b1000 != 0
    }

    /// Whether the top bit of a 64-bit length is set, which is not allowed: no connection lives to see the end of it.
    pub fn is_endless(&self) -> bool {
        self.length >> 63 != 0
    }

    /// Whether RSV1 is set, which permessage-deflate names the Per-Message Compressed bit (RFC 7692 §6).
    pub fn rsv1(&self) -> bool {
        self.rsv & 0b100 != 0
    }
}

/// Applies the masking key to bytes of a payload (RFC 6455 §5.3); masking and unmasking are the same.
/// `offset` is how many bytes of the payload stand before `bytes`.
pub fn unmask(bytes: &mut [u8], mut key: [u8; 4], offset: u64) {
    key.rotate_left((offset % 4) as usize);
    let [a, b, c, d] = key;
    let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    // Words of a fixed size are what the compiler turns into vector instructions.
    let (words, tail) = bytes.as_chunks_mut::<8>();
    for bytes in words {
        *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip([a, b, c, d, a, b, c]) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader as Theirs;

    use super::*;

    const PLAIN: FrameHeader =
        FrameHeader { fin: true, rsv: 0, opcode: 1, extended: 0, length: 5, mask: None };

    /// The examples of RFC 6455 §5.7, each with the header that it begins with.
    fn examples() -> Vec<(&'static [u8], FrameHeader)> {
        let key = Some([0x37, 0xfa, 0x21, 0x3d]);
        vec![
            (b"\x81\x05Hello", PLAIN),
            (b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", FrameHeader { mask: key, ..PLAIN }),
            (b"\x01\x03Hel", FrameHeader { fin: false, length: 3, ..PLAIN }),
            (b"\x80\x02lo", FrameHeader { opcode: 0, length: 2, ..PLAIN }),
            (b"\x89\x05Hello", FrameHeader { opcode: 9, ..PLAIN }),
            (b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", FrameHeader { opcode: 10, mask: key, ..PLAIN }),
            (b"\x82\x7e\x01\x00", FrameHeader { opcode: 2, extended: 2, length: 256, ..PLAIN }),
            (
                b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00",
                FrameHeader { opcode: 2, extended: 8, length: 65536, ..PLAIN },
            ),
        ]
    }

    #[test]
    fn reads_the_examples_of_the_rfc() {
        for (bytes, header) in examples() {
            assert_eq!(FrameHeader::parse(bytes), Some(header), "{bytes:02x?}");
        }
    }

    #[test]
    fn needs_every_byte_of_the_header() {
        for (bytes, header) in examples() {
            for cut in 0..header.len() {
                assert_eq!(FrameHeader::parse(&bytes[..cut]), None, "{bytes:02x?} cut at {cut}");
            }
            assert_eq!(FrameHeader::parse(&bytes[..header.len()]), Some(header));
        }
    }

    #[test]
    fn reads_every_bit_set() {
        let header = FrameHeader::parse(&[0xFF; 14]).unwrap();
        let (length, mask) = (u64::MAX, Some([0xFF; 4]));
        assert_eq!(header, FrameHeader { fin: true, rsv: 7, opcode: 15, extended: 8, length, mask });
        assert_eq!(header.len(), 14);
        assert!(header.is_control() && header.rsv1());
    }

    #[test]
    fn reads_a_length_that_would_fit_a_shorter_form() {
        let header = FrameHeader::parse(b"\x82\x7e\x00\x05").unwrap();
        assert_eq!((header.extended, header.length), (2, 5));
    }

    #[test]
    fn unmasks_the_example_of_the_rfc() {
        let mut bytes = *b"\x7f\x9f\x4d\x51\x58";
        unmask(&mut bytes, [0x37, 0xfa, 0x21, 0x3d], 0);
        assert_eq!(&bytes, b"Hello");
    }

    /// Bytes that begin more often than not with a header of one of the longer forms.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let second = prop_oneof![any::<u8>(), Just(126), Just(127), Just(254), Just(255)];
        (any::<u8>(), second, prop::collection::vec(any::<u8>(), 0..20)).prop_map(|(first, second, rest)| {
            let mut bytes = vec![first, second];
            bytes.extend(rest);
            bytes
        })
    }

    proptest! {
        #[test]
        fn agrees_with_tungstenite_on_what_it_accepts(bytes in bytes()) {
            let ours = FrameHeader::parse(&bytes);
            match Theirs::parse(&mut Cursor::new(&bytes)) {
                Ok(Some((theirs, length))) => {
                    let ours = ours.expect("tungstenite found a whole header");
                    prop_assert_eq!(ours.fin, theirs.is_final);
                    prop_assert_eq!(ours.rsv & 0b100 != 0, theirs.rsv1);
                    prop_assert_eq!(ours.rsv & 0b010 != 0, theirs.rsv2);
                    prop_assert_eq!(ours.rsv & 0b001 != 0, theirs.rsv3);
                    prop_assert_eq!(ours.opcode, u8::from(theirs.opcode));
                    prop_assert_eq!(ours.mask, theirs.mask);
                    prop_assert_eq!(ours.length, length);
                }
                Ok(None) => prop_assert_eq!(ours, None),
                Err(_) => prop_assert!(ours.is_some_and(|h| matches!(h.opcode, 3..=7 | 11..))),
            }
        }

        #[test]
        fn unmasks_each_byte_with_its_own_byte_of_the_key(
            bytes in prop::collection::vec(any::<u8>(), 0..100),
            key: [u8; 4],
            offset in prop_oneof![0u64..9, Just(u64::MAX - 200)],
        ) {
            let mut unmasked = bytes.clone();
            unmask(&mut unmasked, key, offset);
            for (i, byte) in bytes.iter().enumerate() {
                prop_assert_eq!(unmasked[i], byte ^ key[((offset + i as u64) % 4) as usize]);
            }
        }
    }
}
