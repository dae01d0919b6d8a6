use bytes::Bytes;
use flate2::Crc;

use super::tree::{Branch, CallTree};
use super::*;
use crate::decode::limits::MAX_MESSAGE;
use crate::decode::unit::UnitId;
use crate::session::Session;
use crate::session::filter::Filter;
use crate::session::testing::Kept;
use crate::wire::trace::Trace;
use crate::wire::{Connected, Opened, Record, What};

const UP: Direction = Direction::ToServer;
const DOWN: Direction = Direction::ToClient;

const UPGRADE: &str = "GET /socket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A session that is told one thing after the other, a millisecond apart.
struct Told {
    session: Session,
    at: u64,
}

/// The session in which `said` is received.
fn told(bytes: &[(u32, Direction, Bytes)], trace: &str) -> Told {
    let kept = bytes.iter().map(|(_, _, bytes)| bytes.clone()).collect();
    let mut told = Told { session: Session::new(Box::new(Kept(kept)), MAX_MESSAGE).unwrap(), at: 0 };
    told.trace(HELLO);
    for (index, (conn, dir, bytes)) in bytes.iter().enumerate() {
        if told.session.connection(ConnId(*conn)).is_none() {
            told.open(*conn);
        }
        let what = What::Received { dir: *dir, bytes: bytes.clone() };
        told.take(ConnId(*conn), what, index as u64);
    }
    told.trace(trace);
    told
}

const HELLO: &str = r#"
    {"process":{"runtime":"CPython","version":"3.11.7","pid":1,"parent":0}}
    {"package":{"id":1,"name":"python-engineio","version":"4.15.1","licence":"MIT","repository":null,"summary":null,"root":"/lib"}}
    {"function":{"id":1,"package":1,"symbol":"engineio.server:Server.handle_request","file":"/lib/server.py","line":10}}
    {"function":{"id":2,"package":1,"symbol":"driver:wait","file":"/lib/driver.py","line":20}}
    {"function":{"id":3,"package":1,"symbol":"driver:send","file":"/lib/driver.py","line":30}}
    {"function":{"id":4,"package":null,"symbol":"app:handler","file":"/app.py","line":7}}
    {"function":{"id":5,"package":1,"symbol":"engineio.socket:Socket.send","file":"/lib/socket.py","line":40}}
    {"function":{"id":6,"package":1,"symbol":"engineio.packet:Packet.encode","file":"/lib/packet.py","line":50}}
    {"strand":{"id":1,"kind":"thread","name":"MainThread","parent":null}}
"#;

impl Told {
    fn take(&mut self, conn: ConnId, what: What, offset: u64) {
        self.at += 1_000_000;
        self.session.ingest(&Record { at: Timestamp(self.at), conn, what }, offset).unwrap();
    }

    /// The server knows connection n by the port 1000 + n.
    fn open(&mut self, conn: u32) {
        let address = |port: u32| format!("127.0.0.1:{port}").parse().unwrap();
        let connected = Connected::Yes { local: address(1000 + conn), server: address(5000), took: 1 };
        let opened = Opened {
            client: address(2000 + conn),
            listen: address(8080),
            upstream: String::new(),
            connected,
        };
        self.take(ConnId(conn), What::Opened(opened), 0);
    }

    fn trace(&mut self, lines: &str) {
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            let said: Trace = serde_json::from_str(line.trim()).unwrap_or_else(|e| panic!("{line}: {e}"));
            self.take(ConnId::NONE, What::Trace { process: 1, said }, 0);
        }
    }

    /// The tree of a unit, such as `handle_request(wait !send)`: `!` wrote the unit, `~` runs on another strand,
    /// and what is only the way there is in small brackets.
    fn tree(&self, unit: u32) -> String {
        let calls = self.session.calls_of(&self.session.unit(UnitId(unit)).unwrap()).unwrap();
        let tree = self.session.calls().tree(&calls);
        let certainty = tree.certainty.map_or("untied", Certainty::as_str);
        format!("{certainty}: {}", self.written(&tree))
    }

    fn written(&self, tree: &CallTree) -> String {
        self.branches(&tree.roots)
    }

    fn branches(&self, branches: &[Branch]) -> String {
        let one = |branch: &Branch| {
            let calls = self.session.calls();
            let symbol = &calls.called(calls.get(branch.call).unwrap()).unwrap().symbol;
            let name = symbol.rsplit([':', '.']).next().unwrap();
            let crosses = if branch.crosses { "~" } else { "" };
            let wrote = if branch.wrote { "!" } else { "" };
            let path = if branch.is_path { "<" } else { "" };
            match branch.children.is_empty() {
                true => format!("{crosses}{wrote}{path}{name}"),
                false => format!("{crosses}{wrote}{path}{name}({})", self.branches(&branch.children)),
            }
        };
        branches.iter().map(one).collect::<Vec<_>>().join(" ")
    }
}

fn text(payload: &str) -> Bytes {
    Bytes::from([&[0x81, payload.len() as u8], payload.as_bytes()].concat())
}

/// What a mark says of a message.
fn check(payload: &str) -> String {
    let mut crc = Crc::new();
    crc.update(payload.as_bytes());
    format!(r#""length":{},"crc32":{}"#, payload.len(), crc.sum())
}

fn upgraded(conn: u32) -> [(u32, Direction, Bytes); 2] {
    [(conn, UP, Bytes::from_static(UPGRADE.as_bytes())), (conn, DOWN, Bytes::from_static(SWITCH.as_bytes()))]
}

#[test]
fn a_request_is_tied_by_port_and_number_and_checked_by_its_target() {
    let request = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let said = [
        (7, UP, request.into()),
        (7, DOWN, answer.into()),
        (7, UP, request.into()),
        (7, DOWN, answer.into()),
    ];
    let events = |target: &str| {
        format!(
            r#"{{"events":[["call",1,null,1,1,9000000,null,0],["mark",1,9000000,"server",{{"port":1007}}],
            ["mark",1,9000000,"request",{{"method":"GET","target":"/a"}}],["call",2,1,1,2,9000001,1,12],["return",2,9000002],
            ["mark",1,9000003,"response",{{"status":200}}],["return",1,9000003],
            ["call",3,null,1,1,9000000,null,0],["mark",3,9000000,"server",{{"port":1007}}],
            ["mark",3,9000000,"request",{{"method":"GET","target":"{target}"}}],["call",4,3,1,4,9000001,1,12]]}}"#
        )
        .replace('\n', "")
    };
    let right = told(&said, &events("/a"));
    assert_eq!(right.tree(2), "certain: handle_request(wait)");
    assert_eq!(right.tree(3), "certain: !handle_request(wait)");
    assert_eq!(right.tree(4), "certain: handle_request(handler)");
    assert_eq!(right.tree(5), "untied: ");
    let cause = |call| right.session.cause_of(CallId(call)).unwrap();
    assert_eq!(cause(4), Some(Tied { unit: UnitId(4), certainty: Certainty::Certain }));
    assert_eq!(right.session.written_by(CallId(1)).unwrap().map(|tied| tied.unit), Some(UnitId(3)));
    let wrong = told(&said, &events("/b"));
    assert_eq!(wrong.tree(4), "untied: ", "what the mark says is not so");
    assert_eq!(wrong.session.cause_of(CallId(4)).unwrap(), None);
}

/// Two connections say the same, one thread each; what the handler of one gives, a writer of each takes.
#[test]
fn a_message_is_followed_across_strands_to_what_it_made_others_write() {
    let mut said = [upgraded(1), upgraded(2)].concat();
    said.extend([(2, UP, text("hi")), (1, UP, text("hi")), (1, DOWN, text("ho")), (2, DOWN, text("ho"))]);
    let (hi, ho) = (check("hi"), check("ho"));
    let told = told(
        &said,
        &format!(
            r#"
            {{"strand":{{"id":2,"kind":"thread","name":"one","parent":null}}}}
            {{"strand":{{"id":3,"kind":"thread","name":"two","parent":null}}}}
            {{"events":[["call",1,null,2,1,9000000,null,0],["mark",1,9000000,"server",{{"port":1001}}],["mark",1,9000000,"request",{{}}]]}}
            {{"events":[["call",2,null,3,1,9000000,null,0],["mark",2,9000000,"server",{{"port":1002}}],["mark",2,9000000,"request",{{}}]]}}
            {{"strand":{{"id":4,"kind":"thread","name":"writer of one","parent":1}}}}
            {{"strand":{{"id":5,"kind":"thread","name":"writer of two","parent":2}}}}
            {{"events":[["call",30,null,4,2,9000001,null,0],["mark",30,9000001,"wait",{{}}],["call",31,null,5,2,9000001,null,0],["mark",31,9000001,"wait",{{}}]]}}
            {{"events":[["call",3,1,2,2,9000002,null,0],["mark",3,9000002,"wait",{{}}],["mark",3,9000003,"received",{{{hi}}}],["return",3,9000003]]}}
            {{"events":[["call",4,2,3,2,9000002,null,0],["mark",4,9000002,"wait",{{}}],["mark",4,9000003,"received",{{{hi}}}],["return",4,9000003]]}}
            {{"events":[["call",5,1,2,5,9000004,null,0]]}}
            {{"strand":{{"id":6,"kind":"thread","name":"handler","parent":5}}}}
            {{"events":[["call",6,null,6,4,9000005,null,0],["call",7,6,6,5,9000006,4,8],["mark",7,9000006,"give",{{"token":70}}],["return",7,9000007]]}}
            {{"events":[["return",30,9000008],["call",8,null,4,6,9000008,null,0],["mark",8,9000008,"take",{{"token":70}}],["return",8,9000008],["call",9,null,4,3,9000009,null,0],["mark",9,9000009,"sent",{{{ho}}}]]}}
            {{"events":[["return",31,9000008],["call",10,null,5,6,9000008,null,0],["mark",10,9000008,"take",{{"token":70}}],["return",10,9000008],["call",11,null,5,3,9000009,null,0],["mark",11,9000009,"sent",{{{ho}}}]]}}
            "#
        ),
    );
    // Unit 1 and 4 are the openings; 7 and 8 the messages in, 9 and 10 those out.
    assert_eq!(told.tree(7), "certain: wait", "the other one's message leads to nothing");
    assert_eq!(told.tree(8), "certain: wait send(~handler(send(~wait ~encode ~send ~wait ~encode ~send)))",);
    assert_eq!(told.tree(9), "certain: <send(~<handler(<send(~wait ~encode ~!send)))");
    assert_eq!(told.tree(10), "certain: <send(~<handler(<send(~wait ~encode ~!send)))");
    let cause = |call| told.session.cause_of(CallId(call)).unwrap().map(|tied| tied.unit.0);
    let found = |filter: &str| {
        let filter = Filter::parse(filter).unwrap();
        let matches = |id: &UnitId| filter.matches(&told.session, &told.session.unit(*id).unwrap()).unwrap();
        told.session.ids().filter(matches).map(|id| id.0).collect::<Vec<_>>()
    };
    assert_eq!(found("call.symbol == \"app:handler\""), [8, 9, 10]);
    assert_eq!(found("call.package == \"python-engineio\" && kind == frame"), [7, 8, 9, 10]);
    assert_eq!(found("call.duration >= 1ns and dir == s2c"), [9, 10]);
    let calls = told.session.calls();
    let by_line = |line| calls.all().iter().find(|call| call.line == line).unwrap().id.0;
    assert_eq!(cause(by_line(8)), Some(8));
}

#[test]
fn without_a_check_a_tie_is_inferred_and_after_a_loss_there_is_none() {
    let mut said = upgraded(1).to_vec();
    said.extend([(1, UP, text("a")), (1, UP, text("b")), (1, UP, text("b"))]);
    let received = |call: u32, of: &str| {
        format!(
            r#"{{"events":[["call",{call},null,1,2,9000000,null,0],["mark",{call},9000000,"wait",{{}}],["mark",{call},9000001,"received",{{{of}}}]]}}"#
        )
    };
    let server =
        r#"{"events":[["call",1,null,1,1,9000000,null,0],["mark",1,9000000,"server",{"port":1001}]]}"#;
    let lines =
        [server, &received(2, ""), &received(3, &check("b")), r#"{"lost":3}"#, &received(4, &check("b"))];
    let told = told(&said, &lines.join("\n"));
    assert_eq!(told.tree(4), "inferred: wait");
    assert_eq!(told.tree(5), "certain: wait");
    assert_eq!(told.tree(6), "untied: ", "it could be another that says the same");
    assert_eq!(told.session.calls().processes().next().unwrap().lost, 3);
}

#[test]
fn control_frames_do_not_count_and_fragments_belong_to_their_message() {
    let mut said = upgraded(1).to_vec();
    said.push((1, UP, Bytes::from_static(b"\x89\x00")));
    said.push((1, UP, Bytes::from_static(b"\x01\x01a")));
    said.push((1, UP, Bytes::from_static(b"\x8a\x00")));
    said.push((1, UP, Bytes::from_static(b"\x80\x01b")));
    let told = told(
        &said,
        &format!(
            r#"{{"events":[["call",1,null,1,2,9000000,null,0],["mark",1,9000000,"server",{{"port":1001}}],["mark",1,9000001,"received",{{{}}}]]}}"#,
            check("ab")
        ),
    );
    assert_eq!(told.tree(4), "untied: ");
    assert_eq!(told.tree(5), "certain: wait");
    assert_eq!(told.tree(6), "untied: ");
    assert_eq!(told.tree(7), "certain: wait");
}

#[test]
fn what_runs_before_the_first_connection_is_the_start_up() {
    let told = told(
        &[(1, UP, UPGRADE.into())],
        r#"{"events":[["call",1,null,1,4,10,null,0],["call",2,1,1,1,11,4,3],["return",2,12],["call",3,1,1,2,9000000,null,0]]}"#,
    );
    let calls = told.session.calls();
    let first = told.session.connections()[0].opened;
    assert_eq!(told.written(&calls.start_up(first)), "handler(handle_request wait)");
    assert_eq!(calls.all().len(), 3);
}

#[test]
fn a_function_that_calls_itself_thousands_of_times_is_no_deep_tree() {
    let calls: Vec<String> = (1..=30_000_u32)
        .map(|id| {
            let parent = if id == 1 { "null".to_owned() } else { (id - 1).to_string() };
            format!(r#"["call",{id},{parent},1,4,{id},null,0]"#)
        })
        .collect();
    let told = told(&[(1, UP, UPGRADE.into())], &format!(r#"{{"events":[{}]}}"#, calls.join(",")));
    let tree = told.session.calls().start_up(Timestamp(u64::MAX));
    assert!(tree.is_cut);
    assert_eq!(tree.calls().len(), super::tree::MAX_TREE);
    let mut depth = 0;
    let mut branch = tree.roots.first();
    while let Some(inner) = branch {
        depth += 1;
        branch = inner.children.iter().max_by_key(|branch| branch.children.len());
    }
    assert!(depth <= 130, "{depth}");
}

#[test]
fn what_makes_no_sense_is_passed_over() {
    let told = told(
        &[(1, UP, UPGRADE.into())],
        r#"
        {"events":[["call",1,99,1,1,5,77,1],["call",1,1,1,1,5,null,1],["return",5,1],["mark",8,1,"sent",{}],["mark",null,1,"wait",{"strand":9}]]}
        {"events":[["call",2,1,9,1,5,null,1],["call",3,1,1,99,5,null,1],["mark",1,1,"take",{"token":1}],["mark",1,1,"server",{"port":1}]]}
        {"strand":{"id":2,"kind":"task","name":"","parent":404}}
        {"left":{}}
        {"events":[["return",1,9]]}
        "#,
    );
    assert_eq!(told.session.calls().len(), 2);
    assert_eq!(told.tree(2), "untied: ");
}
