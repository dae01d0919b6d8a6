//! However a stream is cut into inputs, the same frames, findings and messages come out.

use proptest::prelude::*;

use super::deflating::Deflater;
use super::*;

/// One frame, or bytes in place of one.
#[derive(Clone, Debug)]
enum Piece {
    /// FIN, reserved bits and opcode; mask; payload.
    Frame(u8, Option<[u8; 4]>, Content),
    /// A length in a form that is longer than needed, or that lies.
    Length(u8, u64, Vec<u8>),
    Bytes(Vec<u8>),
}

/// What a frame carries.
#[derive(Clone, Debug)]
enum Content {
    Bytes(Vec<u8>),
    /// Compressed, together with what was compressed before, and cut to this share of 8.
    Deflated(Vec<u8>, usize),
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        ".{0,30}".prop_map(String::into_bytes),
        prop::collection::vec(prop::sample::select(b"ab\x00\x80\xac\xe2\xf0\xff".to_vec()), 0..40),
        (any::<u8>(), 0usize..400).prop_map(|(byte, len)| vec![byte; len]),
        prop_oneof![Just(vec![3, 232]), Just(vec![3, 237]), Just(vec![3, 232, 0xc3, 0x28])],
    ]
}

fn piece() -> impl Strategy<Value = Piece> {
    let valid = prop::sample::select(vec![0x81u8, 0x82, 0x01, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8a]);
    let first = prop_oneof![4 => valid.clone(), 4 => prop::sample::select(vec![0xc1u8, 0xc2, 0x41, 0x42]), 1 => any::<u8>()];
    let content = prop_oneof![
        bytes().prop_map(Content::Bytes),
        (bytes(), prop_oneof![6 => Just(8usize), 1 => 0usize..8])
            .prop_map(|(b, share)| Content::Deflated(b, share)),
    ];
    let frame = (first, prop::option::of(any::<[u8; 4]>()), content);
    prop_oneof![
        12 => frame.prop_map(|(first, mask, content)| Piece::Frame(first, mask, content)),
        1 => (valid, prop_oneof![0u64..300, any::<u64>()], bytes()).prop_map(|(f, l, b)| Piece::Length(f, l, b)),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Piece::Bytes),
    ]
}

fn written(pieces: &[Piece]) -> Vec<u8> {
    let mut deflater = Deflater::new();
    let mut stream = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Frame(first, mask, Content::Bytes(bytes)) => stream.extend(frame(*first, *mask, bytes)),
            Piece::Frame(first, mask, Content::Deflated(bytes, share)) => {
                let payload = deflater.message(bytes);
                stream.extend(frame(*first, *mask, &payload[..payload.len() * share / 8]));
            }
            Piece::Length(first, length, bytes) => {
                stream.extend([*first, 127]);
                stream.extend(length.to_be_bytes());
                stream.extend(bytes);
            }
            Piece::Bytes(bytes) => stream.extend(bytes),
        }
    }
    stream
}

fn parameters() -> impl Strategy<Value = Option<Parameters>> {
    prop::option::weighted(
        0.8,
        (any::<bool>(), any::<bool>()).prop_map(|(server, client)| Parameters {
            server_no_context_takeover: server,
            client_no_context_takeover: client,
            ..DEFLATE
        }),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_split_yields_the_same(
        pieces in prop::collection::vec(piece(), 0..12),
        mut cuts in prop::collection::vec(0usize..1500, 0..12),
        dir in prop::sample::select(Direction::BOTH.to_vec()),
        deflate in parameters(),
        max in prop_oneof![Just(100usize), Just(1 << 20)],
    ) {
        let stream = written(&pieces);
        let whole = frames(&mut Framing::new(dir, deflate, max), &stream, &[]);
        cuts.sort_unstable();
        prop_assert_eq!(&frames(&mut Framing::new(dir, deflate, max), &stream, &cuts), &whole);
        let every: Vec<usize> = (1..stream.len()).collect();
        prop_assert_eq!(&frames(&mut Framing::new(dir, deflate, max), &stream, &every), &whole);
    }

    #[test]
    fn what_a_peer_sent_is_what_comes_out(
        messages in prop::collection::vec((".{0,200}", any::<bool>(), any::<bool>(), 1usize..60), 1..8),
        mut cuts in prop::collection::vec(0usize..1500, 0..12),
        takeover in any::<bool>(),
    ) {
        let mut deflater = Deflater::new();
        let mut stream = Vec::new();
        for (text, text_frame, compress, size) in &messages {
            if !takeover {
                deflater = Deflater::new();
            }
            let payload = if *compress { deflater.message(text.as_bytes()) } else { text.clone().into_bytes() };
            let rsv1 = if *compress { 0x40 } else { 0 };
            let mut first = if *text_frame { 1 } else { 2 } | rsv1;
            let mut rest = payload.as_slice();
            loop {
                let (fragment, behind) = rest.split_at(rest.len().min(*size));
                let fin = if behind.is_empty() { 0x80 } else { 0 };
                stream.extend(frame(first | fin, KEY, fragment));
                if behind.is_empty() {
                    break;
                }
                stream.extend(frame(0x89, KEY, b"still there?"));
                (first, rest) = (0, behind);
            }
        }
        cuts.sort_unstable();
        let parameters = Parameters { client_no_context_takeover: !takeover, ..DEFLATE };
        let mut framing = Framing::new(Direction::ToServer, Some(parameters), 1 << 20);
        let seen = frames(&mut framing, &stream, &cuts);
        prop_assert!(seen.iter().all(|frame| frame.findings.is_empty()), "{:?}", findings(&seen));
        let came = seen.into_iter().filter(|f| !f.header.is_control()).filter_map(|f| f.message);
        let expected = messages.into_iter().map(|(bytes, text, compressed, _)| {
            SeenMessage { text, bytes: bytes.into_bytes(), compressed, whole: true }
        });
        prop_assert_eq!(came.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
}
