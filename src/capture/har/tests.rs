use std::io::Write as _;

use proptest::prelude::*;

use super::*;

/// The records of entries that are written like this, each as one line.
fn told_of(entries: &str) -> Vec<String> {
    let text = format!(r#"{{"log":{{"version":"1.2","entries":[{entries}]}}}}"#);
    let (_, records) = told(text.as_bytes()).map_err(|problem| problem.message).unwrap();
    records.iter().map(line).collect()
}

fn line(record: &Record) -> String {
    let head = format!("{} {}", record.at.0 / 1_000_000, record.conn);
    match &record.what {
        What::Told { message, exchange, bytes, .. } => {
            let text = String::from_utf8_lossy(bytes).replace("\r\n", "|");
            format!("{head} {message:?} {exchange} {text}")
        }
        What::Lost { bytes, .. } => format!("{head} lost {bytes}"),
        other => panic!("{other:?}"),
    }
}

fn entry(second: u32, url: &str, more: &str) -> String {
    let request = format!(r#"{{"method":"GET","url":"{url}","httpVersion":"HTTP/1.1","headers":[]}}"#);
    format!(r#"{{"startedDateTime":"2026-01-01T00:00:0{second}Z","request":{request}{more}}}"#)
}

fn answer(text: &str) -> String {
    format!(
        r#","response":{{"status":200,"statusText":"OK","httpVersion":"HTTP/1.1","headers":[],"content":{{{text}}}}}"#
    )
}

#[test]
fn requests_answers_and_messages_come_in_the_order_of_time() {
    let messages = r#"[{"type":"receive","time":1767225602.5,"opcode":2,"data":"AAE"},
        {"type":"error","time":1767225602.6,"opcode":-1,"data":"gone"},
        {"type":"send","time":1767225602.25,"opcode":1,"data":"hi"}]"#;
    let socket = format!(
        r#","timings":{{"send":0,"wait":9000}},"response":{{"status":101}},"_webSocketMessages":{messages}"#
    );
    let timings = r#","timings":{"blocked":-1,"connect":100,"ssl":50,"send":1,"wait":1399,"receive":9}"#;
    let entries = [
        entry(2, "wss://h/s", &socket),
        entry(1, "http://h/", &(answer(r#""text":"AAE=","encoding":"base64""#) + timings)),
    ];
    assert_eq!(
        told_of(&entries.join(",")),
        [
            "0 #1 Request 1 GET http://h/ HTTP/1.1||",
            "1000 #2 Request 2 GET wss://h/s HTTP/1.1||",
            "1500 #1 Response 1 HTTP/1.1 200 OK||\0\u{1}",
            "1500 #2 Response 2 HTTP/? 101 ||",
            "1500 #2 Binary 0 \0\u{1}",
            // It stands behind the other one in the file, so it was later.
            "1500 #2 Text 0 hi",
        ]
    );
}

#[test]
fn what_was_not_answered_has_no_answer_and_what_was_not_on_a_wire_is_not_there() {
    let unanswered = r#","response":{"status":0,"statusText":"","headers":[],"content":{}}"#;
    let entries = [
        entry(1, "http://h/", unanswered),
        entry(2, "data:,x", ""),
        entry(3, "http://h/x", r#","response":null"#),
    ];
    assert_eq!(
        told_of(&entries.join(",")),
        ["0 #1 Request 1 GET http://h/ HTTP/1.1||", "2000 #2 Request 2 GET http://h/x HTTP/1.1||"]
    );
    assert_eq!(told_of(""), Vec::<String>::new());
    assert!(told(br#"{"log":{}}"#).unwrap().1.is_empty());
}

#[test]
fn connections_are_told_apart_where_the_file_can() {
    let on = |connection: &str| format!(r#","connection":{connection}"#);
    let entries = [
        entry(1, "http://h:80/1", &on(r#""7""#)),
        entry(2, "http://h/2", &on("7")),
        entry(3, "ws://h/3", &on(r#""7""#)),
        entry(4, "http://h/4", &on(r#""8""#)),
        entry(5, "ws://h/5", &on(r#""8""#)),
        // The port of the server, as browsers have it, and nothing.
        entry(6, "http://h/6", &on(r#""80""#)),
        entry(7, "http://h/7", &on(r#""80""#)),
        entry(8, "http://h/8", &on(r#""""#)),
    ];
    let conns =
        |told: &[String]| told.iter().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect();
    let conns: Vec<String> = conns(&told_of(&entries.join(",")));
    assert_eq!(conns, ["#1", "#1", "#1", "#2", "#2", "#3", "#4", "#5"]);
    let behind = [entry(1, "ws://h/1", &on(r#""7""#)), entry(2, "http://h/2", &on(r#""7""#))];
    assert!(told_of(&behind.join(",")).iter().all(|line| !line.contains("#1") || line.contains("/1 ")));
}

#[test]
fn what_is_too_long_for_a_line_is_lost_and_said_to_be() {
    let long = "x".repeat(MAX_TOLD + 1);
    let message = format!(r#","_webSocketMessages":[{{"type":"send","opcode":1,"data":"{long}"}}]"#);
    let told = told_of(&entry(1, "ws://h/", &(answer(&format!(r#""text":"{long}""#)) + &message)));
    let length = long.len();
    assert_eq!(
        told[1..],
        [
            "0 #1 Response 1 HTTP/1.1 200 OK||".to_owned(),
            format!("0 #1 lost {length}"),
            format!("0 #1 lost {length}"),
        ]
    );
}

#[test]
fn what_is_wrong_is_said_with_its_line_and_byte() {
    let check = |text: &str, line: u64, byte: u64, expected: &str| {
        let problem = told(text.as_bytes()).unwrap_err();
        assert!(problem.message.contains(expected), "{}", problem.message);
        assert_eq!((problem.line, problem.byte), (line, byte), "{text}: {}", problem.message);
    };
    check("{\"log\":{\n\"entries\":\n7}}", 3, 20, "invalid type: integer `7`, expected a sequence");
    check("{\"log\":{\"entries\":[", 1, 18, "EOF");
    // What an entry says is wrong with the entry, which begins there.
    let wrong = |entry: &str, expected: &str| {
        let begin = "\u{feff}{\"log\":{\"entries\":[\n ";
        check(&format!("{begin}{entry},\n{{}}]}}}}"), 2, begin.len() as u64, expected);
    };
    wrong(&entry(1, "nowhere", ""), "\"nowhere\" is not a URL");
    wrong(&entry(1, "http://h/", "").replace("2026", "then"), "is not a time");
    wrong(&entry(1, "http://h/", "").replace("GET", "G T"), "\"G T\" is no method");
    let inside =
        format!("{{\"log\":{{\"entries\":[{{}},\n{}]}}}}", entry(1, "http://h/", "").replace("\"GET\"", "7"));
    check(&inside.replace("[{},", "["), 2, inside.find('7').unwrap() as u64 - 3, "expected a string");
    wrong(&entry(1, "http://h/", &answer(r#""text":"*","encoding":"base64""#)), "base64 is not");
}

#[test]
fn a_har_file_is_known_by_its_beginning() {
    let check = |text: &str| {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.rewind().unwrap();
        is_har(&mut file).unwrap()
    };
    assert!(check("{\"log\":{}}") && check("\u{feff} {\r\n  \"log\" : {"));
    assert!(!check("{\"wirewalk\":\"transcript\"}") && !check("") && !check("log"));
}

#[test]
fn what_is_deep_is_refused_or_passed_over() {
    let deep = "[".repeat(100_000);
    assert!(told(format!(r#"{{"log":{{"entries":{deep}"#).as_bytes()).is_err());
    assert!(told(format!(r#"{{"log":{{"_other":{deep}"#).as_bytes()).is_err());
    let closed = "]".repeat(100_000);
    assert!(told(format!(r#"{{"log":{{"_other":{deep}{closed}}}}}"#).as_bytes()).is_ok());
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,300}") {
        let _ = told(text.as_bytes());
    }

    #[test]
    fn no_value_where_another_is_meant_panics(
        key in prop::sample::select(vec!["startedDateTime", "connection", "response", "timings", "_webSocketMessages", "request"]),
        value in prop::sample::select(vec!["null", "[]", "{}", "-1e308", "\"\u{0}\"", "[{\"type\":\"send\",\"time\":1e308,\"opcode\":1}]",
            "{\"status\":-9223372036854775808}", "{\"wait\":1e300}", "{\"method\":\"GET\",\"url\":\"http://h\",\"headers\":null}"]),
        time in "[0-9-]{1,12}T[0-9:.]{1,9}Z",
    ) {
        let written = entry(1, "http://h/", "").replace("2026-01-01T00:00:01Z", &time);
        let written = written.trim_end_matches('}').to_owned() + &format!(r#"}},"{key}":{value}}}"#);
        let _ = told(format!(r#"{{"log":{{"entries":[{written}]}}}}"#).as_bytes());
    }
}

#[test]
fn what_was_expected_is_said_in_words() {
    for (written, expected) in [
        (r#"{"log":{"entries":[{"request":3}]}}"#, "expected a request: an object with a method and a url"),
        (r#"{"log":{"entries":[3]}}"#, "expected an entry: an object with a request and a response"),
        (r#"{"log":3}"#, "expected a log: an object with a member \"entries\""),
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), written).unwrap();
        let error = crate::capture::opening::records(file.path()).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("line 1, byte"), "{error}");
    }
}
