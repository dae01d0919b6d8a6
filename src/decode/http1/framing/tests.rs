use super::*;
use proptest::prelude::*;

/// A message as the steps told of it: the head's and the body's length, and how it ended.
#[derive(Debug, PartialEq)]
enum Seen {
    Head(usize),
    Body(usize),
    End(Next, bool),
    Wait,
    Switch(Next),
    NotHttp,
}

/// One direction with its bytes, given in pieces.
struct Side {
    framing: Framing,
    buffer: Vec<u8>,
    seen: Vec<Seen>,
}

impl Side {
    fn new(role: Role) -> Side {
        Side { framing: Framing::new(role), buffer: Vec::new(), seen: Vec::new() }
    }

    /// Steps as far as `bytes` go; body steps are merged.
    fn feed(&mut self, bytes: &[u8], fin: bool, exchange: &mut Exchange) {
        self.buffer.extend_from_slice(bytes);
        loop {
            let (taken, seen, more) = match self.framing.step(&self.buffer, fin, exchange) {
                Step::Need => return,
                Step::Head(head) => (head.len, Seen::Head(head.len), true),
                Step::Body { len } => (len, Seen::Body(len), true),
                Step::End { next, truncated, .. } => (0, Seen::End(next, truncated), true),
                Step::Wait => (0, Seen::Wait, false),
                Step::Switch(next) => (0, Seen::Switch(next), false),
                Step::NotHttp => (0, Seen::NotHttp, false),
            };
            assert!(taken <= self.buffer.len());
            self.buffer.drain(..taken);
            match (self.seen.last_mut(), seen) {
                (Some(Seen::Body(so_far)), Seen::Body(len)) => *so_far += len,
                (Some(last), seen) if *last == seen && !more => {}
                (_, seen) => self.seen.push(seen),
            }
            if !more {
                return;
            }
        }
    }
}

/// What is seen of one direction that is given at once and then ended.
fn frame(role: Role, input: &str, exchange: &mut Exchange) -> Vec<Seen> {
    let mut side = Side::new(role);
    side.feed(input.as_bytes(), false, exchange);
    side.feed(b"", true, exchange);
    side.seen
}

fn requests(input: &str) -> Vec<Seen> {
    frame(Role::Request, input, &mut Exchange::default())
}

fn responses(input: &str) -> Vec<Seen> {
    frame(Role::Response, input, &mut Exchange::default())
}

const END: Seen = Seen::End(Next::Message, false);
const CUT: Seen = Seen::End(Next::Message, true);

#[test]
fn pipelined_requests_with_every_kind_of_body() {
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let post = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n";
    let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let input = format!("{get}{post}abc{chunked}3;x\r\nabc\r\n0\r\nT: u\r\n\r\n\r\n{get}");
    let (g, p, c) = (get.len(), post.len(), chunked.len());
    let expected = [
        vec![Seen::Head(g), END],
        vec![Seen::Head(p), Seen::Body(3), END],
        vec![Seen::Head(c), Seen::Body(21), END],
        // The empty line in front belongs to it.
        vec![Seen::Head(2 + g), END],
    ];
    assert_eq!(requests(&input), expected.into_iter().flatten().collect::<Vec<_>>());
}

#[test]
fn a_response_ends_with_the_direction_or_is_cut_short() {
    assert_eq!(responses("HTTP/1.1 200 OK\r\n\r\nabc"), [Seen::Head(19), Seen::Body(3), END]);
    assert_eq!(responses("HTTP/1.1 200 OK\r\n\r\n"), [Seen::Head(19), END]);
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(responses(&format!("{length}abc")), [Seen::Head(38), Seen::Body(3), CUT]);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(responses(&format!("{chunked}5\r\nab")), [Seen::Head(47), Seen::Body(5), CUT]);
    assert_eq!(responses(&format!("{chunked}5\r")), [Seen::Head(47), Seen::Body(2), CUT]);
    assert_eq!(responses("HTTP/1.1 200 OK\r\nCon"), [Seen::NotHttp]);
    assert_eq!(responses(""), []);
}

#[test]
fn a_broken_body_runs_until_the_end() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let seen = responses(&format!("{head}3\r\nabc\r\nzz\r\nHTTP/1.1 200 OK\r\n\r\n"));
    assert_eq!(seen, [Seen::Head(47), Seen::Body(8 + 4 + 19), END]);
    let seen = requests("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\nGET");
    assert_eq!(seen, [Seen::Head(37), Seen::Body(3), END]);
}

#[test]
fn interim_responses_answer_nothing() {
    let mut exchange = Exchange::default();
    frame(Role::Request, "HEAD / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n", &mut exchange);
    let mut framing = Framing::new(Role::Response);
    let input = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    let mut at = 0;
    let mut answered = Vec::new();
    loop {
        match framing.step(&input[at..], false, &mut exchange) {
            Step::Head(head) => at += head.len,
            Step::End { request, .. } => answered.push(request.is_some()),
            other => break assert_eq!(other, Step::Need),
        }
    }
    // The last answers a HEAD, so it has no body.
    assert_eq!((answered, at), (vec![false, false, true], input.len()));
    assert!(exchange.pending.is_empty());
}

const UPGRADE: &str =
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 X\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n";

/// An upgrade request with four bytes behind it, then its answer with two.
fn upgrade(request: &str, answer: &str) -> (Vec<Seen>, Vec<Seen>, Exchange) {
    let mut exchange = Exchange::default();
    let mut client = Side::new(Role::Request);
    let mut server = Side::new(Role::Response);
    client.feed(format!("{request}GET ").as_bytes(), false, &mut exchange);
    assert_eq!(client.seen, [Seen::Head(request.len()), END, Seen::Wait]);
    server.feed(format!("{answer}\u{1}\u{2}").as_bytes(), false, &mut exchange);
    client.feed(b"", false, &mut exchange);
    (client.seen, server.seen, exchange)
}

#[test]
fn an_upgrade_switches_both_directions() {
    let (client, server, exchange) = upgrade(UPGRADE, SWITCH);
    let switch = Seen::Switch(Next::WebSocket);
    assert_eq!(client[3..], [Seen::Switch(Next::WebSocket)]);
    assert_eq!(server, [Seen::Head(SWITCH.len()), Seen::End(Next::WebSocket, false), switch]);
    assert!(exchange.answered.is_none() && exchange.pending.is_empty());
}

#[test]
fn other_upgrades_are_tunnels() {
    let tunnel = [Seen::Switch(Next::Tunnel)];
    assert_eq!(upgrade(UPGRADE, "HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n").0[3..], tunnel);
    let connect = "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n";
    let (client, server, _) = upgrade(connect, "HTTP/1.1 200 OK\r\n\r\n");
    assert_eq!((&client[3..], &server[2..]), (&tunnel[..], &tunnel[..]));
}

#[test]
fn after_a_refusal_http_goes_on() {
    let refusal = "HTTP/1.1 400 X\r\nContent-Length: 2\r\n\r\n";
    let (client, server, mut exchange) = upgrade(UPGRADE, refusal);
    assert_eq!(client[3..], []);
    assert_eq!(server, [Seen::Head(refusal.len()), Seen::Body(2), END]);
    assert_eq!(exchange.answered, None);
    let mut side = Side::new(Role::Request);
    side.feed(UPGRADE.as_bytes(), false, &mut exchange);
    assert_eq!(side.seen.last(), Some(&Seen::Wait), "a second upgrade waits for its own answer");
}

#[test]
fn an_interim_response_does_not_answer_an_upgrade() {
    let (client, ..) = upgrade(UPGRADE, "HTTP/1.1 102 X\r\n\r\n");
    assert_eq!(client.last(), Some(&Seen::Wait));
}

#[test]
fn a_switch_that_nobody_asked_for_is_of_one_direction() {
    let mut exchange = Exchange::default();
    frame(Role::Request, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", &mut exchange);
    assert_eq!(frame(Role::Response, SWITCH, &mut exchange)[2..], [Seen::Switch(Next::WebSocket)]);
    assert_eq!(exchange.answered, None);
}

#[test]
fn unanswered_requests_are_bounded() {
    let mut exchange = Exchange::default();
    let flood = "GET / HTTP/1.1\r\n\r\n".repeat(MAX_UNANSWERED + 1);
    let mut framing = Framing::new(Role::Request);
    let mut at = 0;
    loop {
        match framing.step(&flood.as_bytes()[at..], false, &mut exchange) {
            Step::Head(head) => at += head.len,
            Step::End { .. } => {}
            other => break assert_eq!(other, Step::NotHttp),
        }
    }
    assert_eq!(exchange.pending.len(), MAX_UNANSWERED);
}

/// Messages of one direction, some broken.
fn stream(response: bool) -> impl Strategy<Value = String> {
    let start =
        if response { "HTTP/1.1 (100|101|200|204|304|400) X" } else { "(GET|HEAD|POST|CONNECT) / HTTP/1.1" };
    let fields = prop_oneof![
        3 => Just(("Content-Length: 4\r\n", "abcd")),
        3 => Just(("Transfer-Encoding: chunked\r\n", "2;e=1\r\nab\r\n1\r\nc\r\n0\r\nT: u\r\n\r\n")),
        1 => Just(("Transfer-Encoding: chunked\r\n", "2\r\nabc")),
        1 => Just(("Connection: upgrade\r\nUpgrade: websocket\r\n", "")),
        2 => Just(("", "")),
        1 => Just(("Content-Length: 1, 2\r\n", "x")),
        1 => Just(("", "\r\nrest\0")),
    ];
    let message = (start, fields).prop_map(|(start, (field, body))| format!("{start}\r\n{field}\r\n{body}"));
    prop::collection::vec(message, 1..5).prop_map(|messages| messages.concat())
}

proptest! {
    #[test]
    fn any_split_gives_the_same_steps(
        requests in stream(false),
        responses in stream(true),
        cuts in prop::collection::vec(1_usize..20, 0..40),
    ) {
        let run = |cuts: &[usize]| {
            let mut exchange = Exchange::default();
            let sides = [(Role::Request, &requests), (Role::Response, &responses)];
            sides.map(|(role, input)| {
                let mut side = Side::new(role);
                let mut rest = input.as_bytes();
                for cut in cuts {
                    let (piece, behind) = rest.split_at((*cut).min(rest.len()));
                    side.feed(piece, false, &mut exchange);
                    rest = behind;
                }
                side.feed(rest, false, &mut exchange);
                side.feed(b"", true, &mut exchange);
                (side.seen, side.buffer)
            })
        };
        prop_assert_eq!(run(&cuts), run(&[]));
        prop_assert_eq!(run(&[1; 400]), run(&[]));
    }
}
