use std::path::{Path, PathBuf};

use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;

use super::*;
use crate::capture::Recorder;
use crate::capture::transcript::{Header, Reader, Writer};
use crate::decode::limits::MAX_MESSAGE;
use crate::decode::sink::Detail;
use crate::decode::unit::{SourceId, UnitId, UnitKind};
use crate::session::headline;
use crate::session::secrets::Secrets;
use crate::wire::trace::{Detail as MarkDetail, MarkKind};
use crate::wire::{ConnId, Direction, Timestamp, Why};

use Direction::{ToClient, ToServer};

const CONN: ConnId = ConnId(1);

fn received(dir: Direction, bytes: impl Into<Bytes>) -> Record {
    Record { at: Timestamp(0), conn: CONN, what: What::Received { dir, bytes: bytes.into() } }
}

/// The session of these records.
fn session(records: &[Record]) -> (Writer, Session) {
    let mut writer = Writer::unnamed(&Header::now("http://x")).unwrap();
    for record in records {
        writer.append(record);
    }
    writer.flush().unwrap();
    let session = Recorder::read(&mut writer.reader(Path::new("it")).unwrap(), MAX_MESSAGE).unwrap();
    (writer, session)
}

/// The records as they may be shared.
fn redacted(records: &[Record]) -> Vec<Record> {
    let (_writer, session) = session(records);
    let mut redaction = Redaction::of(&session, &Names::default()).unwrap();
    let mut redacted: Vec<Record> =
        records.iter().filter_map(|record| redaction.record(record.clone())).collect();
    redacted.extend(redaction.rest());
    redacted
}

fn kinds(session: &Session) -> Vec<UnitKind> {
    session.ids().map(|id| session.unit(id).unwrap().kind).collect()
}

/// The lines of all units before and after, and how many findings the session has then.
fn lines(records: &[Record]) -> (Vec<String>, usize) {
    let (_writer, session) = session(records);
    let line = |id| headline::of(&session.look(&session.unit(id).unwrap(), Detail::Tree).unwrap()).text;
    (session.ids().map(line).collect(), session.finding_count())
}

/// What was received in a direction, as text where it is any.
fn text(records: &[Record], wanted: Direction) -> String {
    let bytes = records.iter().flat_map(|record| match &record.what {
        What::Received { dir, bytes } if *dir == wanted => bytes.to_vec(),
        _ => Vec::new(),
    });
    String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
}

const UPGRADE: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

fn upgraded() -> Vec<Record> {
    vec![received(ToServer, UPGRADE), received(ToClient, SWITCH)]
}

/// A frame, masked where the client sends it.
fn frame(dir: Direction, first: u8, payload: &[u8]) -> Record {
    let is_masked = dir == ToServer;
    let mut frame = vec![first, payload.len() as u8 | if is_masked { 0x80 } else { 0 }];
    let key = if is_masked { [0x37, 0xfa, 0x21, 0x3d] } else { [0; 4] };
    frame.extend(&key[..if is_masked { 4 } else { 0 }]);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    received(dir, frame)
}

#[test]
fn a_request_loses_its_secrets_and_keeps_its_length() {
    let request = "POST /a?token=abcdefgh&b=open HTTP/1.1\r\nHost: h\r\nCookie: id=hidden42; c=1\r\n\
        Authorization: Bearer abc.def\r\nContent-Length: 49\r\n\r\n{\"password\":\"hunter22\",\"pin\":1,\"b\":\"abcdefgh x\"}\n";
    let records = [received(ToServer, request)];
    let after = redacted(&records);
    let text = text(&after, ToServer);
    assert_eq!(text.len(), request.len());
    for secret in ["abcdefgh", "hidden42", "abc.def", "hunter22", "c=1"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert!(text.contains("&b=open HTTP/1.1\r\nHost: h\r\nCookie: id=*******"), "{text}");
    assert_eq!(lines(&after).1, lines(&records).1);
}

#[test]
fn a_body_in_chunks_or_codings_is_written_anew() {
    let content = br#"{"token":"a very secret one","n":[1,2,3,4,5,6,7,8,9]}"#;
    let mut gzip = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::read::GzEncoder::new(&content[..], Compression::best()),
        &mut gzip,
    )
    .unwrap();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let coded =
        [format!("{head}Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", gzip.len()).as_bytes(), &gzip]
            .concat();
    let (first, second) = content.split_at(15);
    let chunked = format!(
        "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        first.len(),
        String::from_utf8_lossy(first),
        second.len(),
        String::from_utf8_lossy(second)
    );
    let request = || received(ToServer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let next = || received(ToClient, "HTTP/1.1 204 No Content\r\n\r\n");
    let records =
        [request(), received(ToClient, coded), request(), received(ToClient, chunked), request(), next()];
    let after = redacted(&records);
    let (_writer, session) = session(&after);
    assert_eq!(
        kinds(&session),
        [
            UnitKind::HttpRequest,
            UnitKind::HttpResponse,
            UnitKind::HttpRequest,
            UnitKind::HttpResponse,
            UnitKind::HttpRequest,
            UnitKind::HttpResponse,
        ]
    );
    assert_eq!(lines(&after).1, lines(&records).1);
    for unit in [2, 4] {
        let tree = session.look(&session.unit(UnitId(unit)).unwrap(), Detail::Tree).unwrap();
        let body = tree.sources.last().unwrap();
        let expected = String::from_utf8_lossy(content).replace("a very secret one", "****************1");
        assert_eq!(String::from_utf8_lossy(&body.bytes), expected);
    }
}

/// Messages of the server, compressed with regard to earlier ones.
fn compressed(messages: &[&str]) -> Vec<Record> {
    let mut deflater = Compress::new(Compression::default(), false);
    let frames = messages.iter().map(|message| {
        let mut out = Vec::with_capacity(1000);
        deflater.compress_vec(message.as_bytes(), &mut out, FlushCompress::Sync).unwrap();
        out.truncate(out.len() - 4);
        frame(ToClient, 0xc1, &out)
    });
    frames.collect()
}

#[test]
fn messages_behind_a_compressed_one_that_changed_are_compressed_anew() {
    let messages = [
        r#"42["a",{"b":"first"}]"#,
        r#"42["a",{"token":"secret-1234","b":"first"}]"#,
        r#"42["a",{"b":"first"}]"#,
        r#"42["a",{"b":"first","c":2}]"#,
    ];
    let mut records = upgraded();
    records.extend(compressed(&messages));
    let after = redacted(&records);
    let (before_lines, before_findings) = lines(&records);
    let (after_lines, after_findings) = lines(&after);
    assert_eq!(before_findings, after_findings);
    let expected: Vec<String> =
        before_lines.iter().map(|line| line.replace("secret-1234", "**********1")).collect();
    assert_eq!(after_lines, expected);
    assert_eq!(after[..3], records[..3], "what comes before is as it was");
}

#[test]
fn compressed_messages_without_secrets_stay_as_they_are() {
    let mut records = upgraded();
    records.extend(compressed(&["a", r#"42["a",1]"#]));
    // An empty one as RFC 7692 §7.2.3.6 has it.
    records.push(frame(ToClient, 0xc1, &[0]));
    assert_eq!(redacted(&records), records);
}

#[test]
fn a_secret_across_fragments_is_found() {
    let mut records = upgraded();
    records.push(frame(ToServer, 0x01, br#"42["a",{"token":"sec"#));
    records.push(frame(ToServer, 0x89, b"hidden42"));
    records.push(frame(ToServer, 0x80, br#"ret-1234"}]"#));
    records.push(frame(ToServer, 0x81, br#"40{"session":"secret-1234","pin":1234,"yes":true,"no":false}"#));
    let after = redacted(&records);
    let (lines, findings) = lines(&after);
    assert_eq!(lines[4], r#"event "a" {"token":"**********1"}"#);
    assert!(
        lines[5].contains(r#"{"session":"**********1","pin":9999,"yes":null,"no":null}"#),
        "{}",
        lines[5]
    );
    assert_eq!(findings, self::lines(&records).1);
}

#[test]
fn a_body_that_hides_a_secret_behind_its_escapes_is_left_out() {
    let body = "d=30%3A42%5B%22x%22%2C%7B%22token%22%3A%22ab%2Bcd%2Fef%3D%3D%22%7D%5D";
    let head = "POST /socket.io/?EIO=3&transport=polling&j=0&sid=x HTTP/1.1\r\nHost: h\r\n\
        Content-Type: application/x-www-form-urlencoded\r\n";
    let records = [received(ToServer, format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()))];
    assert!(lines(&records).0[0].contains("ab+cd/ef=="), "{:?}", lines(&records));
    let after = text(&redacted(&records), ToServer);
    assert!(after.ends_with(&format!("\r\n\r\n{}", "*".repeat(body.len()))), "{after}");
}

#[test]
fn what_never_ended_is_left_out_and_counted() {
    let records = [
        received(ToServer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        received(ToServer, "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer abc"),
    ];
    let (_writer, session) = session(&records);
    let mut redaction = Redaction::of(&session, &Names::default()).unwrap();
    let after: Vec<Record> = records.iter().filter_map(|record| redaction.record(record.clone())).collect();
    assert_eq!((after.len(), redaction.left_out()), (1, 50));
}

#[test]
fn what_was_sent_instead_is_redacted_and_stays_where_it_is() {
    let head = "GET /?token=secret-1234 HTTP/1.1\r\nHost: a:1\r\nCookie: id=hidden42\r\n\r\n";
    let sent = head.replace("a:1", "b.example");
    let what = What::Sent {
        dir: ToServer,
        replaces: 0..head.len() as u64,
        bytes: sent.clone().into(),
        why: Why::Rewritten,
    };
    let records = [Record { at: Timestamp(0), conn: CONN, what }, received(ToServer, head)];
    let after = redacted(&records);
    let What::Sent { replaces, bytes, .. } = &after[0].what else { panic!() };
    assert_eq!(*replaces, 0..head.len() as u64);
    let text = String::from_utf8_lossy(bytes);
    assert!(
        text.contains("Host: b.example") && !text.contains("secret") && !text.contains("hidden"),
        "{text}"
    );
    assert_eq!(text.len(), sent.len());
}

#[test]
fn what_tracers_and_servers_say_is_redacted_too() {
    let payload = br#"42["login",{"token":"secret-1234"}]"#;
    let mut records = upgraded();
    records.push(frame(ToServer, 0x81, payload));
    let detail = MarkDetail {
        length: Some(payload.len() as u64),
        crc32: Some(crc(payload)),
        text: Some("token='secret-1234'".to_owned()),
        ..MarkDetail::default()
    };
    let mark = Event::Mark { call: Some(1), at: Timestamp(1), mark: MarkKind::Received, detail };
    let beside = |what| Record { at: Timestamp(2), conn: ConnId::NONE, what };
    records.push(beside(What::Trace { process: 1, said: Trace::Events(vec![mark]) }));
    records.push(beside(What::Output { bytes: Bytes::from_static(b"got secret-1234\n") }));
    // A note is someone's own words; of them only what is known to be secret goes.
    let note = |text: &str| Record {
        at: Timestamp(2),
        conn: CONN,
        what: What::Note { unit: 1, marked: false, text: text.to_owned() },
    };
    records.push(note("token: never write secret-1234"));
    let after = redacted(&records);
    assert_eq!(after[5], note("token: never write **********1"));
    let What::Trace { said: Trace::Events(events), .. } = &after[3].what else { panic!() };
    let Event::Mark { detail, .. } = &events[0] else { panic!() };
    let changed = br#"42["login",{"token":"**********1"}]"#;
    assert_eq!(detail.crc32, Some(crc(changed)));
    assert_eq!(detail.text.as_deref(), Some("token='**********1'"));
    assert_eq!(after[4].what, What::Output { bytes: Bytes::from_static(b"got **********1\n") });
}

#[test]
fn what_a_server_prints_loses_what_stands_behind_the_names_of_secrets() {
    let printed = |text: &'static str| Record {
        at: Timestamp(5),
        conn: ConnId::NONE,
        what: What::Output { bytes: Bytes::from_static(text.as_bytes()) },
    };
    let records = [
        printed("up\nGET /x?tok"),
        printed("en=hunter"),
        printed("2&y=1 HTTP/1.1\npass"),
        printed("word: abc"),
    ];
    let (_writer, session) = session(&records);
    let mut redaction = Redaction::of(&session, &Names::default()).unwrap();
    let mut left: Vec<Record> =
        records.iter().filter_map(|record| redaction.record(record.clone())).collect();
    left.extend(redaction.rest());
    let text = left.iter().map(|record| match &record.what {
        What::Output { bytes } => String::from_utf8_lossy(bytes).into_owned(),
        other => panic!("{other:?}"),
    });
    let text: Vec<String> = text.collect();
    assert_eq!(text[0], "up\n");
    assert!(text[1].starts_with("GET /x?token=") && text[1].ends_with("&y=1 HTTP/1.1\n"), "{text:?}");
    assert!(!text.concat().contains("hunter2") && !text.concat().contains("abc"), "{text:?}");
    assert_eq!(
        text.concat().len(),
        records
            .iter()
            .map(|r| match &r.what {
                What::Output { bytes } => bytes.len(),
                _ => 0,
            })
            .sum::<usize>()
    );
    assert_eq!(redaction.count(), 2);
}

#[test]
fn who_logs_in_at_the_upstream_is_left_out() {
    let (_writer, session) = session(&[]);
    let redaction = Redaction::of(&session, &Names::default()).unwrap();
    assert_eq!(redaction.upstream("http://me:pass@h:1/x@y"), "http://*******@h:1/x@y");
    assert_eq!(redaction.upstream("http://h:1/x@y"), "http://h:1/x@y");
    assert_eq!(redaction.upstream("h"), "h");
}

/// All transcripts of the repository.
fn recorded() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let walks = std::fs::read_dir(root.join("walkthroughs")).unwrap().map(|entry| entry.unwrap().path());
    let formats = std::fs::read_dir(root.join("tests/formats")).unwrap().map(|entry| entry.unwrap().path());
    let files = walks.map(|folder| folder.join("session.wirewalk")).chain(formats);
    files.filter(|path| path.exists() && path.to_string_lossy().contains(".wirewalk")).collect()
}

#[test]
fn nothing_secret_is_left_in_real_sessions_and_they_are_read_as_before() {
    for path in recorded() {
        let mut reader = Reader::open(&path).unwrap();
        let mut records = Vec::new();
        while let Some((_, record)) = reader.next_record().unwrap() {
            records.push(record);
        }
        let (_writer, before) = session(&records);
        let after = redacted(&records);
        let (_writer, shared) = session(&after);
        assert_eq!(kinds(&before), kinds(&shared), "{}", path.display());
        assert_eq!(before.finding_count(), shared.finding_count(), "{}", path.display());
        for unit in shared.ids().map(|id| shared.unit(id).unwrap()) {
            let tree = shared.look(&unit, Detail::Tree).unwrap();
            let secrets = Secrets::of(&tree, &Names::default());
            for (id, source) in (0..).map(SourceId).zip(&tree.sources) {
                let is_hidden = |at: &usize| secrets.covers(id, *at);
                let hidden: Vec<u8> =
                    (0..source.bytes.len()).filter(is_hidden).map(|at| source.bytes[at]).collect();
                let is_masked = id == SourceId::WIRE && unit.kind == UnitKind::Frame;
                assert!(
                    is_masked || hidden.iter().all(|b| b"*0123456789nul ".contains(b)),
                    "{}: {unit:?}",
                    path.display()
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn without_secrets_nothing_changes(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..20)) {
        // Whatever it is, but for the bit that says that it is compressed: what cannot be inflated is left out.
        let mut records = upgraded();
        records.extend(pieces.into_iter().enumerate().map(|(at, bytes)| {
            let bytes: Vec<u8> = bytes.into_iter().map(|byte| byte & 0xbf).collect();
            received(if at % 2 == 0 { ToServer } else { ToClient }, bytes)
        }));
        let after = redacted(&records);
        let join = |records: &[Record], dir| records.iter().filter_map(|r| match &r.what {
            What::Received { dir: its, bytes } if *its == dir => Some(bytes.to_vec()),
            _ => None,
        }).flatten().collect::<Vec<u8>>();
        for dir in Direction::BOTH {
            prop_assert!(join(&records, dir).starts_with(&join(&after, dir)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_was_recorded_nothing_panics_and_no_more_comes_out(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..40),
        which in any::<prop::sample::Index>(),
    ) {
        let files = recorded();
        let mut reader = Reader::open(&files[which.index(files.len())]).unwrap();
        let mut records = Vec::new();
        while let Some((_, record)) = reader.next_record().unwrap() {
            records.push(record);
        }
        for (record, byte, value) in changes {
            let at = record.index(records.len());
            if let What::Received { bytes, .. } | What::Sent { bytes, .. } = &mut records[at].what
                && !bytes.is_empty()
            {
                let mut changed = bytes.to_vec();
                let at = byte.index(changed.len());
                changed[at] = value;
                *bytes = changed.into();
            }
        }
        let after = redacted(&records);
        prop_assert!(after.len() <= records.len());
        // What comes out can be read.
        let (_writer, shared) = session(&after);
        for unit in shared.ids().map(|id| shared.unit(id).unwrap()) {
            shared.look(&unit, Detail::Tree).unwrap();
        }
    }
}
