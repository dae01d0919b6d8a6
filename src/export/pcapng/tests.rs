use std::net::SocketAddr;
use std::ops::Range;

use bytes::Bytes;

use super::*;
use crate::wire::{Connected, Direction, How, Opened, Peer, Timestamp, Tls, Why};

const UP: Direction = Direction::ToServer;
const DOWN: Direction = Direction::ToClient;

/// When the session of these tests began.
const STARTED: u64 = 1_700_000_000_000_000_000;

/// A packet as it stands in the file.
#[derive(Clone, Debug, Default, PartialEq)]
struct Packet {
    time: u64,
    comments: Vec<String>,
    bytes: Vec<u8>,
}

impl Packet {
    /// The TCP header and the payload.
    fn tcp(&self) -> &[u8] {
        let header = if self.bytes[0] >> 4 == 4 { 20 } else { 40 };
        &self.bytes[header..]
    }

    fn number(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.tcp()[at..at + 4].try_into().unwrap())
    }

    fn sequence(&self) -> u32 {
        self.number(4)
    }

    fn acknowledged(&self) -> u32 {
        self.number(8)
    }

    fn ports(&self) -> [u16; 2] {
        let tcp = self.tcp();
        [[tcp[0], tcp[1]], [tcp[2], tcp[3]]].map(u16::from_be_bytes)
    }

    fn payload(&self) -> &[u8] {
        let tcp = self.tcp();
        &tcp[usize::from(tcp[12] >> 4) * 4..]
    }

    /// Such as `> SYN ACK 12`: who sends it, the flags, and the length of the payload.
    fn line(&self) -> String {
        let names = ["FIN", "SYN", "RST", "PSH", "ACK"];
        let flags = (0..5).filter(|bit| self.tcp()[13] >> bit & 1 == 1).map(|bit| names[bit]);
        let arrow = if self.ports()[1] == LISTEN { ">" } else { "<" };
        let length = self.payload().len();
        let length = if length > 0 { vec![length.to_string()] } else { Vec::new() };
        [vec![arrow.to_owned()], flags.map(str::to_owned).collect(), length].concat().join(" ")
    }
}

/// The port that clients connect to.
const LISTEN: u16 = 8080;

fn opened(client: &str, listen: &str) -> What {
    let address = |text: &str| -> SocketAddr { text.parse().unwrap() };
    What::Opened(Opened {
        client: address(client),
        listen: address(listen),
        upstream: "http://127.0.0.1:5000".to_owned(),
        connected: Connected::No { error: "nobody listens".to_owned() },
    })
}

fn open() -> What {
    opened("127.0.0.1:50000", "127.0.0.1:8080")
}

fn received(dir: Direction, bytes: &[u8]) -> What {
    What::Received { dir, bytes: Bytes::copy_from_slice(bytes) }
}

fn sent(dir: Direction, replaces: Range<u64>, bytes: &'static [u8]) -> What {
    What::Sent { dir, replaces, bytes: Bytes::from_static(bytes), why: Why::Rewritten }
}

fn closed(by: Peer, how: How) -> What {
    What::Closed { by, how, error: None }
}

fn lost(dir: Direction, bytes: u64) -> What {
    What::Lost { dir, bytes, why: "the disk is full".to_owned() }
}

/// The file that records make, which all happen on connection 1, a nanosecond after each other.
fn file(records: &[What]) -> Vec<u8> {
    commented(records.iter().map(|what| (what.clone(), None)))
}

/// The same, of records with their comments.
fn commented<'a>(records: impl IntoIterator<Item = (What, Option<&'a str>)>) -> Vec<u8> {
    let mut capture = Capture::begin(Vec::new(), STARTED, "wirewalk test").unwrap();
    for (at, (what, comment)) in (0..).zip(records) {
        let record = Record { at: Timestamp(at), conn: ConnId(1), what };
        capture.record(&record, comment).unwrap();
    }
    capture.finish().unwrap()
}

fn packets(records: &[What]) -> Vec<Packet> {
    read(&file(records))
}

fn lines(records: &[What]) -> Vec<String> {
    packets(records).iter().map(Packet::line).collect()
}

/// What a direction carried.
fn carried(packets: &[Packet], dir: Direction) -> Vec<u8> {
    let arrow = if dir == UP { ">" } else { "<" };
    let packets = packets.iter().filter(|packet| packet.line().starts_with(arrow));
    packets.flat_map(|packet| packet.payload().to_vec()).collect()
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// The type and the body of each block, whose lengths must fit.
fn blocks(mut file: &[u8]) -> Vec<(u32, &[u8])> {
    let mut blocks = Vec::new();
    while !file.is_empty() {
        let length = word(file, 4) as usize;
        assert!(length >= 12 && length.is_multiple_of(4), "a block of {length} bytes");
        assert_eq!(word(file, length - 4) as usize, length, "the length at the end of a block");
        blocks.push((word(file, 0), &file[8..length - 4]));
        file = &file[length..];
    }
    blocks
}

/// The code and the value of each option, which fill the body up to its end.
fn options(mut body: &[u8]) -> Vec<(u16, &[u8])> {
    let mut options = Vec::new();
    while !body.is_empty() {
        let [code, length] = [0, 2].map(|at| u16::from_le_bytes(body[at..at + 2].try_into().unwrap()));
        let length = usize::from(length);
        options.push((code, &body[4..4 + length]));
        assert!(body[4 + length..4 + length.next_multiple_of(4)].iter().all(|byte| *byte == 0), "padding");
        body = &body[4 + length.next_multiple_of(4)..];
        assert_eq!(code == 0, body.is_empty(), "the end of the options");
    }
    options
}

/// The packets of a file.
fn read(file: &[u8]) -> Vec<Packet> {
    let blocks = blocks(file);
    assert_eq!(blocks[..2].iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [0x0a0d_0d0a, 1]);
    let packet = |(kind, body): &(u32, &[u8])| {
        assert_eq!((*kind, word(body, 0)), (6, 0));
        let length = word(body, 12) as usize;
        assert_eq!(word(body, 16) as usize, length);
        let comments = options(&body[20 + length.next_multiple_of(4)..]).into_iter();
        let comments = comments.filter(|(code, _)| *code == 1);
        Packet {
            time: u64::from(word(body, 4)) << 32 | u64::from(word(body, 8)),
            comments: comments.map(|(_, text)| String::from_utf8(text.to_vec()).unwrap()).collect(),
            bytes: body[20..20 + length].to_vec(),
        }
    };
    blocks[2..].iter().map(packet).collect()
}

#[test]
fn the_head_of_the_file_says_who_wrote_it_and_that_times_are_nanoseconds() {
    let file = file(&[]);
    let blocks = blocks(&file);
    let [(_, section), (_, interface)] = blocks[..] else { panic!("{} blocks", blocks.len()) };
    assert_eq!(section[..4], [0x4d, 0x3c, 0x2b, 0x1a]);
    assert_eq!(options(&section[16..])[1], (4, &b"wirewalk test"[..]));
    assert_eq!(interface[..4], [101, 0, 0, 0]);
    let options = options(&interface[8..]);
    assert_eq!((options[0], options[2]), ((2, &b"wirewalk"[..]), (9, &[9][..])));
}

#[test]
fn a_connection_has_a_beginning_and_an_end() {
    let records = [
        open(),
        received(UP, b"question"),
        received(DOWN, b"answer"),
        closed(Peer::Client, How::Fin),
        closed(Peer::Server, How::Fin),
    ];
    let expected = [
        "> SYN",
        "< SYN ACK",
        "> ACK",
        "> PSH ACK 8",
        "< ACK",
        "< PSH ACK 6",
        "> ACK",
        "> FIN ACK",
        "< ACK",
        "< FIN ACK",
        "> ACK",
    ];
    assert_eq!(lines(&records), expected);
}

#[test]
fn sequence_numbers_count_what_was_sent_and_acknowledgements_what_came() {
    let records = [
        open(),
        received(UP, b"question"),
        received(DOWN, b"answer"),
        closed(Peer::Client, How::Fin),
        closed(Peer::Server, How::Fin),
    ];
    let packets = packets(&records);
    let [up, down] = [packets[0].sequence(), packets[1].sequence()];
    assert_eq!(packets[0].acknowledged(), 0);
    let numbers = packets[1..].iter().map(|packet| {
        let (of, other) = if packet.line().starts_with('>') { (up, down) } else { (down, up) };
        (packet.sequence().wrapping_sub(of), packet.acknowledged().wrapping_sub(other))
    });
    let expected = [(0, 1), (1, 1), (1, 1), (1, 9), (1, 9), (9, 7), (9, 7), (7, 10), (7, 10), (10, 8)];
    assert_eq!(numbers.collect::<Vec<_>>(), expected);
}

#[test]
fn packets_have_the_time_of_their_record() {
    let times: Vec<u64> = packets(&[open(), received(UP, b"x")]).iter().map(|packet| packet.time).collect();
    assert_eq!(times, [0, 0, 0, 1, 1].map(|at| STARTED + at));
}

#[test]
fn a_record_that_fits_into_no_segment_is_several() {
    let lines = lines(&[open(), received(UP, &[0; 65_536])]);
    assert_eq!(lines[3..], ["> PSH ACK 65495", "> PSH ACK 41", "< ACK"]);
}

#[test]
fn a_reset_is_the_last_packet() {
    for (by, expected) in [(Peer::Client, "> RST ACK"), (Peer::Server, "< RST ACK")] {
        let records = [open(), closed(by, How::Reset), received(UP, b"late"), closed(Peer::Client, How::Fin)];
        assert_eq!(lines(&records)[3..], [expected]);
    }
}

#[test]
fn why_a_connection_broke_is_told() {
    let error = Some("Connection reset by peer".to_owned());
    let packets = packets(&[open(), What::Closed { by: Peer::Server, how: How::Reset, error }]);
    assert_eq!(packets.last().unwrap().comments, ["Connection reset by peer"]);
}

#[test]
fn what_wirewalk_stopped_ends_on_both_sides_and_no_side_ends_twice() {
    let ended = ["> FIN ACK", "< ACK", "< FIN ACK", "> ACK"];
    let stopped = closed(Peer::Wirewalk, How::Stopped);
    assert_eq!(lines(&[open(), closed(Peer::Client, How::Fin), stopped.clone()])[3..], ended);
    assert_eq!(lines(&[open(), stopped.clone(), stopped]).len(), 7);
}

#[test]
fn sequence_numbers_wrap() {
    // Two gaps and some bytes go once around.
    let half = u64::from(u32::MAX / 2) + 1;
    let records = [open(), lost(UP, half), received(UP, b"abc"), lost(UP, half - 3), received(UP, b"def")];
    let packets = packets(&records);
    let data: Vec<&Packet> = packets.iter().filter(|packet| !packet.payload().is_empty()).collect();
    assert_eq!(data[0].sequence(), packets[2].sequence().wrapping_add(1 << 31));
    assert_eq!(data[1].sequence(), packets[2].sequence());
    assert_eq!(packets.last().unwrap().acknowledged(), packets[2].sequence().wrapping_add(3));
}

#[test]
fn what_is_lost_is_a_gap() {
    for dir in [UP, DOWN] {
        let packets = packets(&[open(), received(dir, b"abc"), lost(dir, 1000), received(dir, b"def")]);
        let data: Vec<&Packet> = packets.iter().filter(|packet| !packet.payload().is_empty()).collect();
        assert_eq!(data[1].sequence(), data[0].sequence().wrapping_add(1003));
        let comment = "before this, 1,000 bytes passed that could not be captured: the disk is full";
        assert_eq!(data[1].comments, [comment]);
    }
}

#[test]
fn what_is_lost_at_the_end_is_told_too() {
    let packets = packets(&[open(), lost(DOWN, 1)]);
    let last = packets.last().unwrap();
    assert_eq!(last.line(), "< ACK");
    assert_eq!(last.comments, ["before this, 1 byte passed that could not be captured: the disk is full"]);
}

#[test]
fn more_comments_than_a_reader_takes_are_left_out() {
    let packets = packets(&[vec![open()], vec![lost(UP, 1); 1000]].concat());
    assert_eq!(packets.last().unwrap().comments.len(), 100);
}

#[test]
fn what_wirewalk_sent_to_the_client_stands_in_for_what_it_received() {
    let head = b"HTTP/1.1 302 Found\r\nLocation: http://b/\r\n\r\n";
    let records = [
        open(),
        sent(DOWN, 0..head.len() as u64, b"HTTP/1.1 302 Found\r\nLocation: http://a:1/\r\n\r\n"),
        received(DOWN, &[head, &b"body"[..]].concat()),
        received(DOWN, b"more"),
    ];
    let packets = packets(&records);
    let expected = b"HTTP/1.1 302 Found\r\nLocation: http://a:1/\r\n\r\nbodymore";
    assert_eq!(carried(&packets, DOWN), expected);
    assert_eq!(packets.last().unwrap().acknowledged(), packets[1].sequence() + 1 + expected.len() as u32);
}

#[test]
fn what_the_client_sent_stays_as_it_was() {
    let records = [open(), sent(UP, 0..8, b"other"), sent(UP, 3..3, b"inserted"), received(UP, b"question")];
    assert_eq!(carried(&packets(&records), UP), b"question");
}

#[test]
fn an_answer_of_wirewalk_itself_is_sent() {
    let records = [open(), received(UP, b"question"), sent(DOWN, 0..0, b"HTTP/1.1 502 Bad Gateway\r\n\r\n")];
    let packets = packets(&records);
    assert_eq!(carried(&packets, DOWN), b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
    let comment = "wirewalk could not pass this connection on to http://127.0.0.1:5000: nobody listens";
    assert_eq!(packets[0].comments, [comment]);
}

#[test]
fn the_beginning_of_a_head_is_sent_when_its_end_does_not_come() {
    let beginning = b"HTTP/1.1 200 OK\r\nContent-";
    for last in [Some(closed(Peer::Server, How::Fin)), Some(lost(DOWN, 7)), None] {
        let records: Vec<What> = [open(), received(DOWN, beginning)].into_iter().chain(last).collect();
        assert_eq!(carried(&packets(&records), DOWN), beginning);
    }
}

#[test]
fn a_connection_without_a_beginning_gets_addresses_and_says_so() {
    let packets = packets(&[received(UP, b"question")]);
    assert_eq!(packets.len(), 2);
    let made_up =
        "the beginning of this connection was not recorded: its addresses are made up from its number, #1";
    assert_eq!(packets[0].comments, [made_up]);
    assert_eq!(packets[1].comments.len(), 0);
    assert_eq!((packets[0].bytes[0], packets[0].ports()), (0x60, [49_152, 80]));
    let client = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0x0c, 0, 0, 0, 1];
    assert_eq!(packets[0].bytes[8..24], client);
}

#[test]
fn tls_to_the_server_is_told_with_the_next_packet() {
    let tls = Tls {
        version: "TLSv1.3".to_owned(),
        cipher_suite: "TLS_AES_128_GCM_SHA256".to_owned(),
        alpn: None,
        server_name: "example.com\u{202e}".to_owned(),
        verified: true,
        took: 1,
    };
    let packets = packets(&[open(), What::Tls(tls), received(UP, b"question")]);
    let comment = "TLS to the server was ended here by wirewalk: TLSv1.3, TLS_AES_128_GCM_SHA256, \
        with example.com\\u{202e}, whose certificate was checked";
    assert_eq!(packets[3].comments, [comment]);
}

#[test]
fn a_comment_stands_at_the_first_packet_of_its_record_line_by_line() {
    let long = "é".repeat(40_000);
    let packets = read(&commented([
        (open(), None),
        (received(UP, b"x"), Some("look\nhere\u{1b}")),
        (received(DOWN, b"y"), Some(&long)),
    ]));
    assert_eq!(packets[3].comments, ["look\nhere\\u{1b}"]);
    assert_eq!(packets[4].comments, Vec::<String>::new());
    assert_eq!(packets[5].comments, ["é".repeat(32_767)], "a comment has at most 65,535 bytes");
}

#[test]
fn processes_and_notes_make_no_packets() {
    let records = [
        What::Note { unit: 1, marked: true, text: String::new() },
        What::Output { bytes: Bytes::from_static(b"out") },
        What::Exited { how: "exit code 0".to_owned() },
    ];
    assert_eq!(packets(&records), []);
}

#[test]
fn ipv4_and_ipv6_are_not_mixed() {
    let packets =
        packets(&[opened("[::ffff:127.0.0.1]:1", "127.0.0.1:8080"), opened("[::1]:1", "[::1]:8080")]);
    assert_eq!(packets.iter().map(|packet| packet.bytes[0] >> 4).collect::<Vec<_>>(), [4, 4, 4, 6, 6, 6]);
}

proptest::proptest! {
    #[test]
    fn whatever_is_recorded_the_blocks_are_well_formed(
        choices in proptest::collection::vec((0..9_u8, proptest::bool::ANY, 0..70_000_usize, "\\PC*"), 0..40)
    ) {
        let records = choices.iter().map(|(choice, up, length, text)| {
            let (dir, length) = (if *up { UP } else { DOWN }, *length);
            let what = match choice {
                0 => open(),
                1 => closed(dir.sender(), How::Fin),
                2 => closed(dir.sender(), How::Reset),
                3 => What::Lost { dir, bytes: length as u64 * 1_000_003, why: text.clone() },
                4 => sent(dir, 0..0, b"inserted"),
                5 => sent(dir, length as u64..2 * length as u64, b"replaced"),
                6 => received(dir, b"HTTP/1.1 200 OK\r\n"),
                7 => received(dir, text.as_bytes()),
                _ => received(dir, &vec![b'x'; length]),
            };
            (what, Some(text.as_str()))
        });
        read(&commented(records)).iter().for_each(|packet| drop(packet.line()));
    }

    #[test]
    fn however_the_bytes_are_cut_the_same_arrives(
        cuts in proptest::collection::vec(0..200_000_usize, 0..8)
    ) {
        let whole: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
        let mut cuts = [vec![0, whole.len()], cuts].concat();
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &whole[cut[0]..cut[1]]);
        let records: Vec<What> = [open()].into_iter().chain(pieces.map(|piece| received(DOWN, piece))).collect();
        let packets = packets(&records);
        assert!(carried(&packets, DOWN) == whole);
        assert_eq!(packets.last().unwrap().acknowledged(), packets[1].sequence() + 1 + whole.len() as u32);
    }
}
