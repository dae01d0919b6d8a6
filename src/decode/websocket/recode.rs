//! The frames of a message with another payload: the same flags and masks, lengths that fit, and compressed where they were.

use flate2::{Compress, Compression, FlushCompress};

use super::frame::{FrameHeader, unmask};

/// The smallest window that two peers can agree on and that a compressor has (RFC 7692 §7.1.2): what is compressed with it can always be inflated.
const WINDOW_BITS: u8 = 9;

/// The end of a block that is not sent (RFC 7692 §7.2.1).
const BLOCK_END: [u8; 4] = [0, 0, 0xff, 0xff];

/// The frames of one message, the first one first, with `payload` instead of theirs. Where they were compressed it is too, without regard to
/// earlier messages. Each frame has as much of the payload as before, and the last one the rest.
pub fn with_payload(frames: &[&[u8]], payload: &[u8]) -> Vec<Vec<u8>> {
    let is_compressed = frames.first().and_then(|frame| FrameHeader::parse(frame)).is_some_and(|h| h.rsv1());
    let compressed = is_compressed.then(|| deflated(payload));
    let mut rest = compressed.as_deref().unwrap_or(payload);
    let last = frames.len().saturating_sub(1);
    let mut changed = Vec::new();
    for (number, frame) in frames.iter().enumerate() {
        let Some(header) = FrameHeader::parse(frame) else { continue };
        let length = if number == last { rest.len() } else { rest.len().min(frame.len() - header.len()) };
        let (mine, behind) = rest.split_at(length);
        rest = behind;
        changed.push(with_length(frame, &header, mine));
    }
    changed
}

/// One frame with another payload.
fn with_length(frame: &[u8], header: &FrameHeader, payload: &[u8]) -> Vec<u8> {
    let first = frame.first().copied().unwrap_or_default();
    let mask = if header.mask.is_some() { 0x80 } else { 0 };
    let length = payload.len() as u64;
    let mut changed = vec![first];
    // A length that was written longer than needed is so again.
    match header.extended {
        0 if length < 126 => changed.push(mask | length as u8),
        0 | 2 if length < 1 << 16 => {
            changed.push(mask | 126);
            changed.extend((length as u16).to_be_bytes());
        }
        _ => {
            changed.push(mask | 127);
            changed.extend(length.to_be_bytes());
        }
    }
    changed.extend(header.mask.iter().flatten());
    let begin = changed.len();
    changed.extend_from_slice(payload);
    if let (Some(key), Some(payload)) = (header.mask, changed.get_mut(begin..)) {
        unmask(payload, key, 0);
    }
    changed
}

/// A message as permessage-deflate sends it (RFC 7692 §7.2.1).
fn deflated(payload: &[u8]) -> Vec<u8> {
    let mut deflater = Compress::new_with_window_bits(Compression::default(), false, WINDOW_BITS);
    let mut out = Vec::with_capacity(payload.len() + 64);
    loop {
        let taken = usize::try_from(deflater.total_in()).unwrap_or(usize::MAX);
        let rest = payload.get(taken..).unwrap_or_default();
        out.reserve(rest.len() / 2 + 64);
        // Only its own state could fail, which it keeps itself.
        let _ = deflater.compress_vec(rest, &mut out, FlushCompress::Sync);
        if deflater.total_in() == payload.len() as u64 && out.len() < out.capacity() {
            break;
        }
    }
    if out.ends_with(&BLOCK_END) {
        out.truncate(out.len() - BLOCK_END.len());
    }
    // An empty message is one empty block.
    if out.is_empty() { vec![0] } else { out }
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress};
    use proptest::prelude::*;

    use super::*;

    /// Frames whose payloads are `pieces`, masked or not, compressed or not.
    fn frames(pieces: &[&[u8]], mask: Option<[u8; 4]>, is_compressed: bool) -> Vec<Vec<u8>> {
        let last = pieces.len() - 1;
        let frame = |(number, piece): (usize, &&[u8])| {
            let first = if number == 0 { 1 | if is_compressed { 0x40 } else { 0 } } else { 0 };
            let header = FrameHeader { fin: false, rsv: 0, opcode: 0, extended: 0, length: 0, mask };
            with_length(&[first | if number == last { 0x80 } else { 0 }], &header, piece)
        };
        pieces.iter().enumerate().map(frame).collect()
    }

    /// The payload that frames have together.
    fn payload(frames: &[Vec<u8>]) -> Vec<u8> {
        let mut all = Vec::new();
        for frame in frames {
            let header = FrameHeader::parse(frame).unwrap();
            let mut bytes = frame[header.len()..].to_vec();
            assert_eq!(bytes.len() as u64, header.length);
            header.mask.iter().for_each(|key| unmask(&mut bytes, *key, 0));
            all.extend(bytes);
        }
        all
    }

    fn inflated(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.extend(BLOCK_END);
        let mut inflater = Decompress::new_with_window_bits(false, WINDOW_BITS);
        let mut out = Vec::with_capacity(1 << 20);
        inflater.decompress_vec(&bytes, &mut out, FlushDecompress::Sync).unwrap();
        out
    }

    proptest! {
        #[test]
        fn the_payload_is_another_and_the_rest_as_it_was(
            old in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..4),
            new in proptest::collection::vec(any::<u8>(), 0..2000),
            mask in proptest::option::of(any::<[u8; 4]>()),
            is_compressed in any::<bool>(),
        ) {
            let pieces: Vec<&[u8]> = old.iter().map(Vec::as_slice).collect();
            let before = frames(&pieces, mask, is_compressed);
            let changed = with_payload(&before.iter().map(Vec::as_slice).collect::<Vec<_>>(), &new);
            for (old, new) in before.iter().zip(&changed) {
                prop_assert_eq!(old[0], new[0]);
                prop_assert_eq!(FrameHeader::parse(old).unwrap().mask, FrameHeader::parse(new).unwrap().mask);
            }
            let payload = payload(&changed);
            prop_assert_eq!(if is_compressed { inflated(payload) } else { payload }, new);
        }
    }

    #[test]
    fn as_much_as_before_changes_nothing_but_the_payload() {
        let before = frames(&[b"abc", b"de"], Some([1, 2, 3, 4]), false);
        let slices: Vec<&[u8]> = before.iter().map(Vec::as_slice).collect();
        assert_eq!(with_payload(&slices, b"abcde"), before);
    }

    #[test]
    fn long_and_repetitive_messages_fit_the_smallest_window() {
        let text = b"the quick brown fox ".repeat(5000);
        let compressed = deflated(&text);
        assert!(compressed.len() < text.len() / 10);
        assert_eq!(inflated(compressed), text);
        assert_eq!(inflated(deflated(b"")), b"");
    }
}
