//! Frames and messages without compression, and every rule that they can break.

use super::*;

#[test]
fn reads_the_examples_of_the_rfc() {
    // RFC 6455 §5.7: an unmasked text; a fragmented one; ping.
    let stream = b"\x81\x05Hello\x01\x03Hel\x80\x02lo\x89\x05Hello";
    let frames = of_server(None, stream);
    assert_eq!(texts(&frames), ["Hello", "Hello", "Hello"]);
    assert_eq!(findings(&frames), [[""; 0]; 4]);
    assert_eq!(frames.iter().map(|f| f.continues).collect::<Vec<_>>(), [false, false, true, false]);
    assert_eq!(frames.iter().map(|f| f.message.is_some()).collect::<Vec<_>>(), [true, false, true, true]);
    // A masked text, and a masked pong.
    let stream = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    let frames = frames_of_client(stream);
    assert_eq!(texts(&frames), ["Hello", "Hello"]);
    assert_eq!(findings(&frames), [[""; 0]; 2]);
    // Binary in the two longer length forms.
    for len in [256, 65536] {
        let payload: Vec<u8> = (0..len).map(|i| i as u8).collect();
        let [frame] = &of_server(None, &frame(0x82, None, &payload))[..] else { panic!("one frame") };
        assert_eq!(frame.message.as_ref().unwrap().bytes, payload);
        assert_eq!(frame.findings, [""; 0]);
    }
}

fn frames_of_client(stream: &[u8]) -> Vec<Seen> {
    frames(&mut Framing::new(Direction::ToServer, None, 1 << 20), stream, &[])
}

#[test]
fn a_control_frame_may_stand_between_fragments() {
    let stream = b"\x01\x03Hel\x89\x02hi\x80\x02lo";
    let frames = of_server(None, stream);
    assert_eq!(texts(&frames), ["hi", "Hello"]);
    assert_eq!(findings(&frames), [[""; 0]; 3]);
    assert!(!frames[1].message.as_ref().unwrap().text && frames[2].message.as_ref().unwrap().text);
}

#[test]
fn a_character_may_be_cut_between_fragments() {
    let frames = of_server(None, b"\x01\x02a\xe2\x89\x00\x00\x01\x82\x80\x01\xac");
    assert_eq!(texts(&frames), ["", "a\u{20ac}"]);
    assert_eq!(findings(&frames), [[""; 0]; 4]);
}

#[test]
fn finds_each_violation_of_the_server() {
    let cases: [(&[u8], &[&[&str]]); 22] = [
        (b"\x82\x81\x01\x02\x03\x04\x00", &[&["masked_server_frame 8..9"]]),
        (b"\x82\x80\x00\x00\x00\x00", &[&["masked_server_frame 8..9", "masking_key_zero 16..48"]]),
        (b"\x83\x00", &[&["reserved_opcode 4..8 opcode 3"]]),
        (b"\x8f\x00", &[&["reserved_opcode 4..8 opcode 15"]]),
        (b"\xd1\x00", &[&["reserved_bit 1..4 RSV1, RSV3"]]),
        (b"\x82\x7e\x00\x01a", &[&["non_minimal_length 9..32 1 in 16 bits"]]),
        (b"\x82\x7f\0\0\0\0\0\0\0\x01a", &[&["non_minimal_length 9..80 1 in 64 bits"]]),
        (b"\x09\x00", &[&["control_fragmented 0..1"]]),
        (b"\x80\x00", &[&["continuation_without_start 4..8"]]),
        (b"\x01\x00\x82\x00", &[&[], &["message_interrupted 4..8"]]),
        (b"\x81\x03a\xffb", &[&["invalid_utf8 24..32 at byte 1 of the payload"]]),
        (b"\x81\x02a\xe2", &[&["invalid_utf8 24..32 ends inside a character"]]),
        (b"\x01\x01\xe2\x80\x00", &[&[], &["invalid_utf8 8..16 ends inside a character"]]),
        (b"\x01\x01\xe2\x80\x01(", &[&[], &["invalid_utf8 16..24 at byte 0 of the payload"]]),
        (b"\x88\x01\x03", &[&["close_payload_too_short 16..24"]]),
        (b"\x88\x02\x03\xed", &[&["close_code_forbidden 16..32 1005"]]),
        (b"\x88\x02\x03\xf8", &[&["close_code_undefined 16..32 1016"]]),
        (b"\x88\x04\x03\xe8\xc3(", &[&["close_reason_invalid_utf8 40..48 at byte 3 of the payload"]]),
        (b"\x88\x03\x03\xe8\xc3", &[&["close_reason_invalid_utf8 32..40 ends inside a character"]]),
        (b"\x88\x00\x81\x00\x01\x00", &[&[], &["data_after_close 4..8"], &["data_after_close 4..8"]]),
        (b"\x88\x00\x8a\x00\x88\x00", &[&[], &["control_after_close 4..8"], &["control_after_close 4..8"]]),
        (
            b"\x82\x7f\x80\0\0\0\0\0\0\0",
            &[&[
                "length_top_bit 16..17 0x8000000000000000",
                "message_too_long 9..80 more than 1,048,576 bytes",
            ]],
        ),
    ];
    for (stream, expected) in cases {
        assert_eq!(findings(&of_server(None, stream)), expected, "{stream:02x?}");
    }
}

#[test]
fn finds_an_unmasked_frame_of_the_client() {
    let frames = frames_of_client(b"\x81\x05Hello");
    assert_eq!(findings(&frames), [["unmasked_client_frame 8..9"]]);
    assert_eq!(texts(&frames), ["Hello"]);
}

#[test]
fn knows_every_close_code() {
    let rule = |code: u16| {
        let frames = of_server(None, &frame(0x88, None, &code.to_be_bytes()));
        frames[0].findings.first().map(|found| found.split(' ').next().unwrap().to_string())
    };
    for code in (1000..=1003).chain(1007..=1014).chain([3000, 3999, 4000, 4999]) {
        assert_eq!(rule(code), None, "{code}");
    }
    for code in [1005, 1006, 1015] {
        assert_eq!(rule(code).as_deref(), Some("close_code_forbidden"), "{code}");
    }
    for code in [0, 999, 1004, 1016, 2999, 5000, 65535] {
        assert_eq!(rule(code).as_deref(), Some("close_code_undefined"), "{code}");
    }
}

#[test]
fn finds_a_control_frame_that_is_too_long() {
    let allowed = of_server(None, &frame(0x89, None, &[b'a'; 125]));
    assert_eq!(findings(&allowed), [[""; 0]]);
    let frames = of_server(None, &frame(0x89, None, &[b'a'; 126]));
    assert_eq!(findings(&frames), [["control_too_long 9..32 126 bytes"]]);
    assert_eq!(texts(&frames), ["a".repeat(126)]);
    let frames = of_server(None, &frame(0x89, None, &[b'a'; 5000]));
    assert_eq!(frames[0].message, Some(SeenMessage::default()));
}

#[test]
fn an_interrupted_message_is_given_up_and_the_new_one_read() {
    let frames = of_server(None, b"\x01\x03old\x02\x01a\x80\x01b\x80\x01c");
    let message = SeenMessage { bytes: b"ab".to_vec(), whole: true, ..SeenMessage::default() };
    assert_eq!(frames[2].message, Some(message));
    let expected: [&[&str]; 4] =
        [&[], &["message_interrupted 4..8"], &[], &["continuation_without_start 4..8"]];
    assert_eq!(findings(&frames), expected);
}

#[test]
fn a_message_over_the_limit_is_not_put_together_but_the_next_one_is() {
    let limited = |stream: &[u8]| frames(&mut Framing::new(Direction::ToClient, None, 4), stream, &[]);
    let seen = limited(b"\x81\x05Hello\x81\x04four");
    assert_eq!(findings(&seen), [vec!["message_too_long 9..16 more than 4 bytes"], vec![]]);
    assert_eq!(seen[0].message, Some(SeenMessage { text: true, ..SeenMessage::default() }));
    assert_eq!(texts(&seen), ["", "four"]);
    // Its fragments count together, and its text is checked all the same.
    let seen = limited(b"\x01\x03Hel\x80\x03lo\xff");
    let found = ["message_too_long 9..16 more than 4 bytes", "invalid_utf8 32..40 at byte 2 of the payload"];
    assert_eq!(findings(&seen), [vec![], found.to_vec()]);
    // Also where it is long and masked.
    let mut text = vec![b'a'; 20_000];
    text[10_001] = 0xff;
    let stream = frame(0x81, KEY, &text);
    let seen = frames(&mut Framing::new(Direction::ToServer, None, 4), &stream, &[101]);
    let found = &seen[0].findings[1];
    assert_eq!(found, "invalid_utf8 80072..80080 at byte 10001 of the payload");
}

#[test]
fn a_length_is_not_believed_before_the_bytes_come() {
    let mut framing = Framing::new(Direction::ToServer, None, usize::MAX);
    let header = b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04";
    assert!(matches!(framing.step(header), Step::Taken { len: 14 }));
    for _ in 0..100 {
        assert!(matches!(framing.step(&[0; 1000]), Step::Taken { len: 1000 }));
    }
    // What came is kept, and nothing else.
    assert!(framing.kept() < 300_000);
    assert!(matches!(framing.step(&[]), Step::Need));
}

#[test]
fn a_whole_unmasked_message_is_not_copied() {
    let mut framing = Framing::new(Direction::ToClient, None, 100);
    let stream = b"\x81\x05Hello".to_vec();
    let Step::Frame { len: 7, frame } = framing.step(&stream) else { panic!("a frame") };
    let message = frame.message.unwrap();
    assert_eq!(message.bytes.as_ptr(), stream[2..].as_ptr());
    assert!(matches!(message.bytes, std::borrow::Cow::Borrowed(_)));
}

#[test]
fn the_memory_of_a_long_message_is_given_back() {
    let mut framing = Framing::new(Direction::ToServer, None, 8 << 20);
    let stream = frame(0x82, KEY, &vec![7; 4 << 20]);
    assert_eq!(frames(&mut framing, &stream, &[1 << 20, 3 << 20]).len(), 1);
    assert!(matches!(framing.step(&[]), Step::Need));
    assert!(framing.kept() <= 300_000);
}
