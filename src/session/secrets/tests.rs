use ::bytes::Bytes;

use super::*;
use crate::decode::limits::MAX_MESSAGE;
use crate::decode::sink::Detail;
use crate::decode::unit::UnitId;
use crate::session::testing::Kept;
use crate::session::{Session, headline};
use crate::wire::{ConnId, Direction, Record, Timestamp, What};

use Direction::{ToClient, ToServer};

/// The last unit of a connection on which this is said.
fn last(said: &[(Direction, Vec<u8>)]) -> Tree {
    let kept = said.iter().map(|(_, bytes)| Bytes::from(bytes.clone())).collect();
    let mut session = Session::new(Box::new(Kept(kept)), MAX_MESSAGE).unwrap();
    for (index, (dir, bytes)) in (0..).zip(said) {
        let what = What::Received { dir: *dir, bytes: Bytes::from(bytes.clone()) };
        session.ingest(&Record { at: Timestamp(index), conn: ConnId(1), what }, index).unwrap();
    }
    let unit = session.unit(UnitId(session.len() as u32)).unwrap();
    session.look(&unit, Detail::Tree).unwrap()
}

fn request(head: &str, body: &str) -> Tree {
    let length = body.len();
    last(&[(ToServer, format!("POST {head}\r\nContent-Length: {length}\r\n\r\n{body}").into())])
}

const UPGRADE: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A frame of the client, after these.
fn frames(frames: &[(u8, &[u8])]) -> Tree {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let mut said = vec![(ToServer, UPGRADE.into()), (ToClient, SWITCH.into())];
    for (first, payload) in frames {
        let mut frame = vec![*first, 0x80 | payload.len() as u8];
        frame.extend(key);
        frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        said.push((ToServer, frame));
    }
    last(&said)
}

/// A source as it is shown, with a dot for each hidden byte.
fn shown(tree: &Tree, kind: SourceKind) -> String {
    let secrets = Secrets::of(tree, &Names::default());
    let (id, source) =
        (0..).map(SourceId).zip(&tree.sources).find(|(_, source)| source.kind == kind).unwrap();
    let bytes = source.bytes.iter().enumerate();
    bytes.map(|(at, byte)| if secrets.covers(id, at) { '•' } else { char::from(*byte) }).collect()
}

#[test]
fn values_of_http_are_hidden_where_they_stand() {
    let tree = request(
        "/a?token=se%20cret&b=open HTTP/1.1\r\nAuthorization: Bearer abc.def\r\nProxy-Authorization: Basic eHl6\r\n\
         Cookie: id=hidden; c=1\r\nX-Other: abc.def, open\r\nAPI_KEY: k",
        "",
    );
    let wire = shown(&tree, SourceKind::Wire);
    let expected = "POST /a?token=•••••••••&b=open HTTP/1.1\r\nAuthorization: ••••••••••••••\r\n\
        Proxy-Authorization: ••••••••••\r\nCookie: id=••••••; c=•\r\nX-Other: •••••••, open\r\nAPI_KEY: •\r\n";
    assert!(wire.starts_with(expected), "{wire}");
    let secrets = Secrets::of(&tree, &Names::default());
    assert_eq!(secrets.mask(&headline::of(&tree).text), format!("POST /a?token={DOTS}&b=open"));
    assert_eq!(secrets.mask("se cret, se%20cret"), format!("{DOTS}, {DOTS}"));
    assert_eq!(secrets.mask("nothing"), "nothing");
}

#[test]
fn what_a_server_sets_is_hidden_but_for_names_and_attributes() {
    let answer = "HTTP/1.1 200 OK\r\nSet-Cookie: id=hidden; Path=/; HttpOnly\r\nContent-Length: 0\r\n\r\n";
    let tree = last(&[(ToServer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n".into()), (ToClient, answer.into())]);
    assert!(shown(&tree, SourceKind::Wire).contains("Set-Cookie: id=••••••; Path=/; HttpOnly\r\n"));
}

#[test]
fn members_of_json_are_hidden_down_to_the_deepest() {
    let head = "/a HTTP/1.1\r\nContent-Type: application/json";
    let tree =
        request(head, r#"{"user":"me","Password":"p\u0061ss","secret":{"a":[12345,true,""]},"t":"pass"}"#);
    let hidden = r#"{"user":"me","Password":"•••••••••","secret":{"a":[•••••,••••,""]},"t":"••••"}"#;
    assert!(shown(&tree, SourceKind::Wire).ends_with(hidden), "{}", shown(&tree, SourceKind::Wire));
}

#[test]
fn an_auth_payload_is_hidden_unmasked_and_on_the_wire() {
    let tree = frames(&[(0x81, br#"40{"key":"opensesame"}"#)]);
    assert_eq!(shown(&tree, SourceKind::Unmasked), r#"40{"key":"••••••••••"}"#);
    let secrets = Secrets::of(&tree, &Names::default());
    let hidden: Vec<usize> = (0..28).filter(|at| secrets.covers(SourceId::WIRE, *at)).collect();
    assert_eq!(hidden, (6 + 10..6 + 20).collect::<Vec<_>>());
    let mut tree = tree;
    secrets.hide(&mut tree);
    assert_eq!(&tree.sources[1].bytes[..], br#"40{"key":"**********"}"#);
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let wire = tree.sources[0].bytes[6..].iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key);
    assert_eq!(wire.collect::<Vec<_>>(), tree.sources[1].bytes);
}

#[test]
fn the_end_of_a_fragmented_message_is_hidden_as_far_as_it_is_secret() {
    let tree = frames(&[(0x01, br#"42["x",{"token":"open"#), (0x80, br#"sesame"}]"#)]);
    assert_eq!(shown(&tree, SourceKind::Reassembled), r#"42["x",{"token":"••••••••••"}]"#);
    assert_eq!(shown(&tree, SourceKind::Unmasked), r#"••••••"}]"#);
}

#[test]
fn what_is_left_of_a_secret_that_was_cut_off_is_hidden() {
    let tree = frames(&[(0x81, br#"42["x",{"token":"opensesame"}]"#)]);
    let secrets = Secrets::of(&tree, &Names::default());
    assert_eq!(secrets.mask("token opense… and opense"), format!("token {DOTS}… and opense"));
}

#[test]
fn a_short_secret_is_hidden_in_what_it_stands_in_and_nowhere_else() {
    let tree = frames(&[(0x81, br#"42["x",{"token":"x1"},"x1"]"#)]);
    assert_eq!(shown(&tree, SourceKind::Unmasked), r#"42["x",{"token":"••"},"x1"]"#);
    let secrets = Secrets::of(&tree, &Names::default());
    assert_eq!(secrets.mask(r#"{"token":"x1"}"#), r#"{"token":"x1"}"#);
    let member = Span::bytes(SourceId(1), 7..21);
    assert_eq!(secrets.mask_field(&member, r#"{"token":"x1"} x12"#), format!(r#"{{"token":"{DOTS}"}} x12"#));
}

#[test]
fn names_and_patterns_are_the_users() {
    let names = Names::new(&["pin".to_owned()], &["[0-9]{4}-[0-9]{4}".to_owned()]).unwrap();
    let tree = frames(&[(0x81, br#"42["x",{"token":"opensesame","pin":123456},"call 1234-5678"]"#)]);
    let secrets = Secrets::of(&tree, &names);
    let text = r#"["x",{"token":"opensesame","pin":123456},"call 1234-5678"]"#;
    let masked = format!(r#"["x",{{"token":"opensesame","pin":{DOTS}}},"call {DOTS}"]"#);
    assert_eq!(secrets.mask(text), masked);
    assert!(Names::new(&[], &["(".to_owned()]).is_err());
}

#[test]
fn with_too_many_secrets_everything_is_secret() {
    let tokens: Vec<String> = (0..300).map(|n| format!(r#"{{"token":"number {n}"}}"#)).collect();
    let mut tree =
        request("/a HTTP/1.1\r\nContent-Type: application/json", &format!("[{}]", tokens.join(",")));
    let secrets = Secrets::of(&tree, &Names::default());
    assert!(secrets.covers(SourceId::WIRE, 0));
    assert_eq!(secrets.mask("anything"), DOTS);
    secrets.hide(&mut tree);
    assert!(tree.sources[0].bytes.iter().all(|byte| *byte == b'*'));
}

#[test]
fn where_nothing_is_secret_nothing_is_hidden() {
    let tree = frames(&[(0x81, br#"42["x",{"a":"open"}]"#)]);
    let secrets = Secrets::of(&tree, &Names::default());
    assert!(!secrets.has_any() && !secrets.covers(SourceId::WIRE, 0));
    assert_eq!(secrets.mask("open …"), "open …");
}

#[test]
fn what_a_program_prints_has_secrets_behind_their_names() {
    let names =
        Names::new(&["token".to_owned(), "api.key".to_owned()], &["[0-9]{4}-[0-9]{4}".to_owned()]).unwrap();
    for (text, masked) in [
        ("\"GET /x?a=1&Token=abc&b=2 HTTP/1.1\" 200", "\"GET /x?a=1&Token=••••••••&b=2 HTTP/1.1\" 200"),
        ("{'token': 'a b', 'name': 'Ada'}", "{'token': '••••••••', 'name': 'Ada'}"),
        ("{\"token\":\"a\",\"b\":1}", "{\"token\":\"••••••••\",\"b\":1}"),
        ("Cookie: a=1; b=2", "Cookie: ••••••••"),
        ("api.key=1 apiXkey=2 my-token=3 tokens=4", "api.key=•••••••• apiXkey=2 my-token=3 tokens=4"),
        ("pin 1234-5678 ✓ token=✓", "pin •••••••• ✓ token=••••••••"),
        ("the token is bad", "the token is bad"),
        ("token=a\u{1b}[0m", "token=••••••••\u{1b}[0m"),
    ] {
        assert_eq!(names.mask(text), masked);
    }
}
