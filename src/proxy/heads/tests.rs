//! Conversations, in every split of their bytes.

use super::*;
use crate::proxy::{HostPolicy, OriginPolicy, Upstream};

fn rules() -> Rules {
    let upstream = Upstream::parse("http://example.com").unwrap();
    Rules::new(&HostPolicy::Auto, &OriginPolicy::Auto, &upstream).unwrap()
}

/// Both directions of a connection, and what has passed in each.
struct Conversation<'a> {
    heads: [Heads<'a>; 2],
    received: [Vec<u8>; 2],
    passed: [Vec<u8>; 2],
    sent: [Vec<(Range<u64>, Bytes)>; 2],
}

impl<'a> Conversation<'a> {
    fn new(rules: &'a Rules, shared: &'a Mutex<Shared>) -> Conversation<'a> {
        let heads = Direction::BOTH.map(|dir| Heads::new(rules, shared, dir));
        Conversation {
            heads,
            received: Default::default(),
            passed: Default::default(),
            sent: Default::default(),
        }
    }

    /// Gives the bytes in pieces of at most `size`. Returns what passed of them.
    fn say(&mut self, dir: Direction, bytes: &[u8], size: usize) -> Vec<u8> {
        let at = dir.index();
        let before = self.passed[at].len();
        for piece in bytes.chunks(size) {
            self.received[at].extend_from_slice(piece);
            let passed = self.heads[at].pass(&Bytes::copy_from_slice(piece));
            self.passed[at].extend_from_slice(&passed.bytes);
            for what in passed.sent {
                let What::Sent { dir: recorded, replaces, bytes, why: Why::Rewritten } = what else {
                    panic!("{what:?}");
                };
                assert_eq!(recorded, dir);
                self.sent[at].push((replaces, bytes));
            }
        }
        self.passed[at][before..].to_vec()
    }

    /// What was recorded must explain what passed: the received bytes, with the ranges replaced.
    fn check(&self) {
        for at in 0..2 {
            let (mut expected, mut done) = (Vec::new(), 0);
            for (range, bytes) in &self.sent[at] {
                expected.extend_from_slice(&self.received[at][done..range.start as usize]);
                expected.extend_from_slice(bytes);
                done = range.end as usize;
            }
            expected.extend_from_slice(&self.received[at][done..]);
            assert!(expected.starts_with(&self.passed[at]));
            assert!(expected.len() - self.passed[at].len() <= self.heads[at].untaken.len());
        }
    }
}

const UP: Direction = Direction::ToServer;
const DOWN: Direction = Direction::ToClient;

fn in_all_splits(test: impl Fn(&mut Conversation<'_>, usize)) {
    let rules = rules();
    for size in (1..80).chain([1 << 20]) {
        let shared = Shared::new("wirewalk:8080".to_owned());
        let mut conversation = Conversation::new(&rules, &shared);
        test(&mut conversation, size);
        conversation.check();
    }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

#[test]
fn every_request_of_a_connection_is_rewritten_and_no_body() {
    in_all_splits(|c, size| {
        let requests = "POST /a HTTP/1.1\r\nHost: me:1\r\nContent-Length: 14\r\n\r\nHost: me:1\r\n\r\n\
            POST /b HTTP/1.1\r\nHost: me:1\r\nTransfer-Encoding: chunked\r\n\r\nc;x=y\r\nHost: me:1\r\n\r\n0\r\nHost: me:1\r\n\r\n\
            GET /c HTTP/1.1\r\nHost: me:1\r\n\r\n";
        let expected = "POST /a HTTP/1.1\r\nHost: example.com\r\nContent-Length: 14\r\n\r\nHost: me:1\r\n\r\n\
            POST /b HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\nc;x=y\r\nHost: me:1\r\n\r\n0\r\nHost: me:1\r\n\r\n\
            GET /c HTTP/1.1\r\nHost: example.com\r\n\r\n";
        assert_eq!(text(&c.say(UP, requests.as_bytes(), size)), expected, "in pieces of {size}");
        assert_eq!(c.sent[0].len(), 3);
    });
}

#[test]
fn responses_lead_back_to_the_name_that_the_client_used() {
    in_all_splits(|c, size| {
        c.say(UP, b"HEAD / HTTP/1.1\r\nHost: me:1\r\n\r\nGET / HTTP/1.1\r\nHost: me:1\r\n\r\n", size);
        let responses = "HTTP/1.1 302 Found\r\nLocation: http://example.com/x\r\nContent-Length: 5\r\n\r\n\
            HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Domain=example.com\r\n\r\nLocation: http://example.com/x\r\n\r\n";
        let expected = "HTTP/1.1 302 Found\r\nLocation: http://me:1/x\r\nContent-Length: 5\r\n\r\n\
            HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Domain=me\r\n\r\nLocation: http://example.com/x\r\n\r\n";
        assert_eq!(text(&c.say(DOWN, responses.as_bytes(), size)), expected, "in pieces of {size}");
    });
}

#[test]
fn a_body_passes_byte_by_byte() {
    let rules = rules();
    let shared = Shared::new("wirewalk:8080".to_owned());
    let mut c = Conversation::new(&rules, &shared);
    c.say(UP, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 100);
    for byte in b"10;extension=1\r\n0123456789abcdef\r\n0\r\nTrailer: x\r\n\r\n" {
        assert_eq!(c.say(UP, &[*byte], 1), [*byte]);
    }
    assert_eq!(c.say(UP, b"GET / HT", 100), b"", "the next head is held back until it is whole");
    assert_eq!(c.say(UP, b"TP/1.1\r\nHost: me\r\n\r\n", 100), b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
}

const UPGRADE: &[u8] =
    b"GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

#[test]
fn after_an_upgrade_all_passes_at_once_and_as_it_is() {
    in_all_splits(|c, size| {
        c.say(UP, UPGRADE, size);
        assert_eq!(c.say(UP, b"\x89", 1), b"\x89", "before the answer, too");
        let switching =
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81";
        assert_eq!(c.say(DOWN, switching, size), switching);
        let like_http = b"GET / HTTP/1.1\r\nHost: me\r\n\r\n";
        assert_eq!(c.say(UP, like_http, size), like_http);
        assert!(c.heads.iter().all(Heads::is_verbatim));
        assert_eq!(c.say(DOWN, b"HTTP", 1), b"HTTP");
    });
}

#[test]
fn after_a_refused_upgrade_the_next_request_is_rewritten() {
    in_all_splits(|c, size| {
        c.say(UP, UPGRADE, size);
        c.say(DOWN, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", size);
        let passed = c.say(UP, b"GET / HTTP/1.1\r\nHost: me\r\n\r\n", size);
        assert_eq!(passed, b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", "in pieces of {size}");
    });
}

#[test]
fn a_request_that_passed_in_part_before_an_upgrade_was_refused_stays_as_it_is() {
    in_all_splits(|c, size| {
        c.say(UP, UPGRADE, size);
        let (first, second) = (b"GET /1 HTTP/1.1\r\n", b"Host: me\r\n\r\n");
        assert_eq!(c.say(UP, first, size), first);
        c.say(DOWN, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", size);
        assert_eq!(c.say(UP, second, size), second);
        let third = c.say(UP, b"GET /2 HTTP/1.1\r\nHost: me\r\n\r\n", size);
        assert_eq!(text(&third), "GET /2 HTTP/1.1\r\nHost: example.com\r\n\r\n");
    });
}

#[test]
fn what_waits_for_the_answer_to_an_upgrade_is_bounded() {
    let rules = rules();
    let shared = Shared::new("wirewalk:8080".to_owned());
    let mut c = Conversation::new(&rules, &shared);
    c.say(UP, UPGRADE, 100);
    let early = vec![b'x'; 3 * MAX_EARLY_BYTES];
    assert!(c.say(UP, &early, 1 << 16) == early);
    assert!(c.heads[0].is_verbatim() && c.heads[0].untaken.is_empty());
}

#[test]
fn what_is_not_http_passes_at_once() {
    let rules = rules();
    for bytes in [&b"\x16\x03\x01\x02\x00\x01"[..], b"\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let shared = Shared::new("wirewalk:8080".to_owned());
        let mut c = Conversation::new(&rules, &shared);
        assert_eq!(c.say(UP, bytes, 100), bytes);
        assert!(c.heads[0].is_verbatim());
    }
}

#[test]
fn the_beginning_of_a_head_is_there_to_be_passed_when_no_more_comes() {
    let rules = rules();
    let shared = Shared::new("wirewalk:8080".to_owned());
    let mut heads = Heads::new(&rules, &shared, UP);
    assert!(heads.pass(&Bytes::from_static(b"GET / HTTP/1.1\r\nHo")).bytes.is_empty());
    assert!(heads.pass(&Bytes::from_static(b"st: ")).bytes.is_empty());
    assert_eq!(heads.into_held(), "GET / HTTP/1.1\r\nHost: ");
}

/// Pieces of which heads are made, right and wrong.
const PIECES: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n",
    b"HTTP/1.1 302 Found\r\n",
    b"Host: wirewalk:8080\r\n",
    b"Origin: http://wirewalk:8080\r\n",
    b"Location: http://example.com/a\r\n",
    b"Set-Cookie: a=b; Domain=example.com\r\n",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b" folded\n",
    b"\r\n",
    b"3\r\nabc\r\n0\r\n\r\n",
    b"Host",
    b":\xff\0",
];

proptest::proptest! {
    #[test]
    fn what_passes_is_explained_whatever_comes(
        said in proptest::collection::vec((proptest::bool::ANY, 0..PIECES.len()), 0..40),
        size in 1usize..40,
    ) {
        let rules = rules();
        let shared = Shared::new("wirewalk:8080".to_owned());
        let mut conversation = Conversation::new(&rules, &shared);
        for (up, piece) in said {
            conversation.say(if up { UP } else { DOWN }, PIECES[piece], size);
            conversation.check();
        }
    }
}
