//! permessage-deflate: the examples of RFC 7692 §7.2.3, context takeover, and what hostile peers do.

use flate2::{Compress, Compression, FlushCompress};

use super::*;

/// A sender's compressor (RFC 7692 §7.2.1).
pub(super) struct Deflater(Compress);

impl Deflater {
    pub(super) fn new() -> Deflater {
        Deflater(Compress::new(Compression::default(), false))
    }

    pub(super) fn message(&mut self, bytes: &[u8]) -> Vec<u8> {
        if bytes.is_empty() {
            return vec![0];
        }
        let mut out = Vec::with_capacity(bytes.len() + 1000);
        self.0.compress_vec(bytes, &mut out, FlushCompress::Sync).unwrap();
        assert!(out.len() < out.capacity() && out.ends_with(&[0, 0, 0xFF, 0xFF]));
        out.truncate(out.len() - 4);
        out
    }
}

/// A compressed message of one frame.
fn compressed(payload: &[u8]) -> Vec<u8> {
    frame(0xc1, None, payload)
}

#[test]
fn inflates_the_examples_of_the_rfc() {
    let hello: [(&str, Vec<u8>); 5] = [
        ("one block", compressed(b"\xf2\x48\xcd\xc9\xc9\x07\x00")),
        ("two fragments", b"\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00".to_vec()),
        ("no compression", compressed(b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00")),
        ("BFINAL", compressed(b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00")),
        ("two blocks", compressed(b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00")),
    ];
    for (name, stream) in hello {
        // Each twice, so that the first must have left the window in order.
        let frames = of_server(Some(DEFLATE), &stream.repeat(2));
        assert_eq!(texts(&frames), ["Hello", "Hello"], "{name}");
        assert!(frames.iter().all(|frame| frame.findings.is_empty()), "{name}: {frames:?}");
        assert!(frames.iter().filter_map(|f| f.message.as_ref()).all(|m| m.compressed && m.text && m.whole));
    }
}

#[test]
fn messages_share_a_window() {
    // RFC 7692 §7.2.3.2: the second "Hello" refers back to the first.
    let stream = [compressed(b"\xf2\x48\xcd\xc9\xc9\x07\x00"), compressed(b"\xf2\x00\x11\x00\x00")].concat();
    let frames = of_server(Some(DEFLATE), &stream);
    assert_eq!(texts(&frames), ["Hello", "Hello"]);
    assert_eq!(findings(&frames), [[""; 0]; 2]);
}

#[test]
fn without_context_takeover_a_reference_to_an_earlier_message_is_broken() {
    let stream = [
        compressed(b"\xf2\x48\xcd\xc9\xc9\x07\x00"),
        compressed(b"\xf2\x00\x11\x00\x00"),
        compressed(b"\xf2\x48\xcd\xc9\xc9\x07\x00"),
    ]
    .concat();
    let alone = Parameters { server_no_context_takeover: true, ..DEFLATE };
    let frames = of_server(Some(alone), &stream);
    assert_eq!(texts(&frames), ["Hello", "", "Hello"]);
    let found = vec!["inflating_failed 16..56 not DEFLATE data"];
    assert_eq!(findings(&frames), [vec![], found, vec![]]);
    // What the client agreed to does not touch the server.
    let other = Parameters { client_no_context_takeover: true, ..DEFLATE };
    assert_eq!(texts(&of_server(Some(other), &stream)), ["Hello", "Hello", "Hello"]);
}

#[test]
fn a_message_may_be_uncompressed_or_empty_between_compressed_ones() {
    let mut deflater = Deflater::new();
    let mut stream = compressed(&deflater.message(b"one one"));
    stream.extend(frame(0x81, None, b"two"));
    stream.extend(compressed(&deflater.message(b"")));
    stream.extend(frame(0x81, None, b""));
    stream.extend(compressed(&deflater.message(b"one one one")));
    let frames = of_server(Some(DEFLATE), &stream);
    assert_eq!(texts(&frames), ["one one", "two", "", "", "one one one"]);
    assert_eq!(findings(&frames), [[""; 0]; 5]);
    let compressed: Vec<_> = frames.iter().map(|f| f.message.as_ref().unwrap().compressed).collect();
    assert_eq!(compressed, [true, false, true, false, true]);
}

#[test]
fn after_a_final_block_a_message_may_end_or_go_on() {
    // Without the byte that would begin the block of the tail; and with another stream behind it.
    let stream = [
        compressed(b"\xf3\x48\xcd\xc9\xc9\x07\x00"),
        compressed(b"\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00"),
        compressed(b"\xf2\x48\xcd\xc9\xc9\x07\x00"),
    ]
    .concat();
    let frames = of_server(Some(DEFLATE), &stream);
    assert_eq!(texts(&frames), ["Hello", "HelloHello", "Hello"]);
    assert_eq!(findings(&frames), [[""; 0]; 3]);
}

#[test]
fn what_follows_a_broken_message_is_not_guessed() {
    let good = compressed(b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    for (broken, why) in [
        (&b"\x07"[..], "16..24 not DEFLATE data"),
        (b"\x00\x05\x00\xfa\xff\x48\x65", "16..72 ends inside a block"),
        (b"\xf2\x48\xcd", "16..40 ends inside a block"),
        // "Hello" without its last byte: the tail is then the beginning of a block of 65,280 bytes.
        (b"\xf2\x48\xcd\xc9\xc9\x07", "16..64 ends inside a block"),
    ] {
        let stream = [good.clone(), compressed(broken), good.clone(), frame(0x81, None, b"plain")].concat();
        let frames = of_server(Some(DEFLATE), &stream);
        assert_eq!(texts(&frames), ["Hello", "", "", "plain"], "{broken:02x?}");
        let found = findings(&frames);
        assert!(found[1][0].starts_with(&format!("inflating_failed {why}")), "{found:?}");
        assert_eq!((found[1].len(), &found[2][..], found[3].len()), (1, &["context_lost 16..72"][..], 0));
        assert!(frames[2].message.as_ref().is_some_and(|m| m.compressed && !m.whole));
        // Where nothing is taken over, the next message stands on its own.
        let alone = Parameters { server_no_context_takeover: true, ..DEFLATE };
        assert_eq!(texts(&of_server(Some(alone), &stream)), ["Hello", "", "Hello", "plain"]);
    }
}

#[test]
fn a_compressed_message_has_at_least_one_byte() {
    let good = compressed(b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    let frames = of_server(Some(DEFLATE), &[compressed(b""), good].concat());
    assert_eq!(findings(&frames), [vec!["inflating_failed 16..16 no bytes to inflate"], vec![]]);
    assert_eq!(texts(&frames), ["", "Hello"]);
}

#[test]
fn an_interrupted_message_loses_the_context() {
    let stream =
        [frame(0x41, None, b"\xf2\x48\xcd"), frame(0x81, None, b"new"), compressed(b"\xf2\x00\x11\x00\x00")];
    let frames = of_server(Some(DEFLATE), &stream.concat());
    assert_eq!(texts(&frames), ["new", ""]);
    assert_eq!(findings(&frames), [vec![], vec!["message_interrupted 4..8"], vec!["context_lost 16..56"]]);
}

#[test]
fn finds_reserved_bits_that_deflate_does_not_use() {
    let frames = of_server(Some(DEFLATE), b"\x61\x01\x00\xc0\x00\xc9\x00\xa1\x00");
    let expected = [
        ["reserved_bit 1..4 RSV2"],
        ["compressed_bit_misplaced 1..2 continuation frame"],
        ["compressed_bit_misplaced 1..2 control frame"],
        ["reserved_bit 1..4 RSV2"],
    ];
    assert_eq!(findings(&frames), expected);
}

#[test]
fn inflated_text_is_checked_too() {
    let mut deflater = Deflater::new();
    let stream =
        [compressed(&deflater.message(b"ab\xffcd")), compressed(&deflater.message(b"ab\xe2"))].concat();
    let frames = frames(&mut Framing::new(Direction::ToClient, Some(DEFLATE), 100), &stream, &[]);
    let found = findings(&frames);
    assert!(found[0][0].ends_with("at byte 2 of the inflated message"), "{found:?}");
    assert!(found[1][0].ends_with("ends inside a character"), "{found:?}");
    assert_eq!(frames[0].message.as_ref().unwrap().bytes, b"ab\xffcd");
}

#[test]
fn a_bomb_is_thrown_away_and_the_window_stays_right() {
    let bomb = vec![b'a'; 32 << 20];
    let mut deflater = Deflater::new();
    let first = compressed(&deflater.message(b"Hello, hello, hello"));
    let second = compressed(&deflater.message(&bomb));
    let third = compressed(&deflater.message(&[b'a'; 100]));
    assert!(second.len() * 900 < bomb.len());
    let mut framing = Framing::new(Direction::ToClient, Some(DEFLATE), 1000);
    assert_eq!(texts(&frames(&mut framing, &first, &[])), ["Hello, hello, hello"]);
    let seen = frames(&mut framing, &second, &[5000]);
    let end = (second.len()) * 8;
    assert_eq!(findings(&seen), [[format!("message_too_long 32..{end} more than 1,000 bytes inflated")]]);
    assert_eq!(texts(&seen), [""]);
    assert!(framing.kept() < 20_000, "{}", framing.kept());
    assert_eq!(texts(&frames(&mut framing, &third, &[])), ["a".repeat(100)]);
}

#[test]
fn the_limit_is_exact() {
    for (len, whole) in [(1000, true), (1001, false)] {
        let stream = compressed(&Deflater::new().message(&vec![b'x'; len]));
        let mut framing = Framing::new(Direction::ToClient, Some(DEFLATE), 1000);
        let seen = frames(&mut framing, &stream, &[]);
        assert_eq!(
            seen[0].message.as_ref().map(|m| (m.whole, m.bytes.len())),
            Some((whole, whole as usize * len))
        );
    }
}

#[test]
fn long_masked_payloads_are_inflated_in_several_pieces() {
    let mut state = 1u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    let noise: Vec<u8> = noise.take(100_000).collect();
    let payload = Deflater::new().message(&noise);
    assert!(payload.len() > 90_000);
    // Cut once where the mask does not begin anew.
    let mut framing = Framing::new(Direction::ToServer, Some(DEFLATE), 1 << 20);
    let seen = frames(&mut framing, &frame(0xc2, KEY, &payload), &[30_001]);
    assert!(seen[0].message.as_ref().unwrap().bytes == noise);
}
