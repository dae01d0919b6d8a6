use super::*;
use proptest::prelude::*;

fn complete(input: &str, role: Role) -> Head {
    match Head::parse(input.as_bytes(), role) {
        Parsed::Complete(head) => head,
        other => panic!("{other:?}: {input:?}"),
    }
}

fn issues(input: &str, role: Role) -> Vec<&'static str> {
    complete(input, role).issues.into_iter().map(|(rule, ..)| rule.key).collect()
}

fn request_issues(fields: &str) -> Vec<&'static str> {
    issues(&format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"), Role::Request)
}

#[test]
fn a_request_has_exact_ranges() {
    let input = "GET /a?b HTTP/1.1\r\nHost: x\r\nX-Y:\t z \r\n\r\nbody";
    let head = complete(input, Role::Request);
    assert_eq!(head.len, input.len() - 4);
    assert_eq!(head.start, StartLine::Request { method: 0..3, target: 4..8, version: 9..17 });
    assert_eq!(head.headers[0], Header { line: 19..28, name: 19..23, value: 25..26 });
    assert_eq!(head.headers[1], Header { line: 28..38, name: 28..31, value: 34..35 });
    assert_eq!(head.issues, []);
    assert_eq!(head.values(input.as_bytes(), "HOST").collect::<Vec<_>>(), [b"x"]);
}

#[test]
fn a_response_has_exact_ranges() {
    let head = complete("HTTP/1.1 404 Not Found\r\n\r\n", Role::Response);
    assert_eq!(head.start, StartLine::Response { version: 0..8, status: 9..12, code: 404, reason: 13..22 });
    assert_eq!((head.headers, head.issues), (vec![], vec![]));
}

#[test]
fn what_servers_tolerate_is_read_and_said() {
    assert_eq!(issues("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Role::Request), ["http.leading_empty_line"]);
    assert_eq!(issues("GET / HTTP/1.1\nHost: a\n\n", Role::Request), ["http.bare_lf"]);
    assert_eq!(issues("GET  /  HTTP/1.1\r\nHost: a\r\n\r\n", Role::Request), ["http.start_line_space"]);
    assert_eq!(issues("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", Role::Request), ["http.bad_target"]);
    assert_eq!(issues("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", Role::Request), ["http.bad_method"]);
    assert_eq!(issues("GET / HTTP/1.0\r\n\r\n", Role::Request), ["http.version_1_0"]);
    assert_eq!(issues("GET / HTTP/1.7\r\n\r\n", Role::Request), ["http.bad_version"]);
    assert_eq!(issues("GET / HTTP/1.1\r\n\r\n", Role::Request), ["http.missing_host"]);
    assert_eq!(request_issues("Host: b\r\n"), ["http.duplicate_host"]);
    assert_eq!(request_issues("A : b\r\n"), ["http.space_before_colon"]);
    assert_eq!(request_issues("A(: b\r\n"), ["http.bad_name"]);
    assert_eq!(request_issues(": b\r\n"), ["http.empty_name"]);
    assert_eq!(request_issues("nothing\r\n"), ["http.no_colon"]);
    assert_eq!(request_issues("A: b\0c\r\n"), ["http.control_character"]);
    assert_eq!(
        issues("GET / HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n", Role::Request)[..1],
        ["http.space_before_first_field"]
    );
    assert_eq!(issues("HTTP/1.1 200\r\n\r\n", Role::Response), ["http.missing_reason"]);
    assert_eq!(issues("HTTP/1.1  200 OK\r\n\r\n", Role::Response), ["http.start_line_space"]);
    assert_eq!(issues("HTTP/1.1 20 OK\r\n\r\n", Role::Response), ["http.bad_status"]);
    assert_eq!(issues("HTTP/1.1 700 OK\r\n\r\n", Role::Response), ["http.bad_status"]);
}

#[test]
fn a_folded_field_is_one_field() {
    let input = "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\tc \r\nD: e\r\n\r\n";
    let head = complete(input, Role::Request);
    let bytes = |range: &Range<usize>| text(input.as_bytes(), range).into_owned();
    assert_eq!(bytes(&head.headers[1].value), "b\r\n\tc");
    assert_eq!(bytes(&head.headers[1].line), "A: b\r\n\tc \r\n");
    assert_eq!(bytes(&head.headers[2].name), "D");
    assert_eq!(head.issues[0].0.key, "http.obs_fold");
}

#[test]
fn what_is_not_http_is_known_early() {
    for input in
        ["\x16\x03\x01\x02", "\r\r", " GET", "{\"a\"", "GE\x01", "a\u{e4}", "EHLO x\r\n", "SSH-2.0-x\r\n"]
    {
        assert_eq!(Head::parse(input.as_bytes(), Role::Request), Parsed::NotHttp, "{input:?}");
    }
    for input in ["PRI * HTTP/2.0\r\n", "GET /\r\n", "GET HTTP/1.1\r\n"] {
        assert_eq!(Head::parse(input.as_bytes(), Role::Request), Parsed::NotHttp, "{input:?}");
    }
    for input in ["X", "HTTP:", "HTTP/1.1\r\n", "ICY 200 OK\r\n", "GET / HTTP/1.1"] {
        assert_eq!(Head::parse(input.as_bytes(), Role::Response), Parsed::NotHttp, "{input:?}");
    }
    for input in ["", "\r", "\r\n", "\r\n\r", "G", "GET / HTTP/1.1\r\nHost"] {
        assert_eq!(Head::parse(input.as_bytes(), Role::Request), Parsed::Need, "{input:?}");
    }
}

#[test]
fn a_head_as_long_as_the_limit_is_read_and_a_longer_one_is_not() {
    let line = "A: b\r\n";
    let start = "GET / HTTP/1.1\r\n";
    let fill = (MAX_HEAD - start.len() - 2) / line.len();
    let spare = MAX_HEAD - start.len() - 2 - fill * line.len();
    let longest =
        format!("{start}{}{}\r\n", line.repeat(fill - 1), format_args!("A: {}b\r\n", "b".repeat(spare)));
    assert_eq!(longest.len(), MAX_HEAD);
    assert_eq!(complete(&longest, Role::Request).len, MAX_HEAD);
    let longer = longest.replacen("b\r\n", "bb\r\n", 1);
    assert_eq!(Head::parse(longer.as_bytes(), Role::Request), Parsed::NotHttp);
    assert_eq!(Head::parse(&[b'a'; MAX_HEAD], Role::Request), Parsed::NotHttp);
    assert_eq!(Head::parse(&[b'a'; MAX_HEAD - 1], Role::Request), Parsed::Need);
}

#[test]
fn a_head_in_single_bytes_is_searched_once() {
    let long = [b"GET / HTTP/1.1\r\nA: ".as_slice(), &b"b".repeat(MAX_HEAD / 2), b"\r\n\r\n"].concat();
    let mut search = Search::default();
    let last = long.len() - 1;
    // Quadratic in time, these half a million calls would not end today.
    assert!((0..last).all(|n| search.parse(&long[..n], Role::Request) == Parsed::Need));
    assert!(matches!(search.parse(&long, Role::Request), Parsed::Complete(head) if head.len == long.len()));
}

#[test]
fn issues_are_bounded() {
    let head = complete(&format!("GET / HTTP/1.1\r\n{}\r\n", "x\r\n".repeat(1000)), Role::Request);
    assert_eq!(head.issues.len(), MAX_ISSUES);
}

/// Heads that are valid, nearly so, or broken somewhere.
fn heads() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![
        8 => "[A-Z]{1,7} /[a-z0-9/?&=%.-]{0,20} HTTP/1\\.[01]",
        8 => "HTTP/1\\.[01] [1-5][0-9][0-9]( [A-Za-z \u{e4}]{0,10})?",
        1 => "[A-Z!#(\u{1}]{0,4} ?[ /*a\u{e4}\t]{0,4} ?(HTTP/1\\.[0-2])?",
        1 => "HTTP/1\\.[0-2] {0,2}[0-9a]{2,4} {0,2}[a-z\t]{0,5}",
    ];
    let field = prop_oneof![
        12 => "[A-Za-z-]{1,10}: ?[!-~ \t]{0,12}",
        6 => "Host: [a-z.]{1,9}",
        1 => "[ \tA-Za-z(:\u{0}]{0,8}:?[ -~\t\u{0}\u{7f}\u{e4}\r]{0,8}",
    ];
    let end = prop_oneof![8 => Just("\r\n"), 1 => Just("\n")];
    let lines = prop::collection::vec((field, end.clone()), 0..5);
    let mutation = prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>()));
    ("(\r\n|\n){0,2}", start, end, lines, mutation, "[ -~]{0,5}").prop_map(
        |(before, start, end, lines, mutation, behind)| {
            let mut text = format!("{before}{start}{end}");
            lines.iter().for_each(|(field, end)| text.extend([field.as_str(), *end]));
            let mut bytes = format!("{text}\r\n{behind}").into_bytes();
            if let Some((at, byte)) = mutation {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        },
    )
}

fn assert_same_fields(head: &Head, input: &[u8], theirs: &[httparse::Header<'_>]) {
    let ours: Vec<_> =
        head.headers.iter().map(|h| (&input[h.name.clone()], &input[h.value.clone()])).collect();
    let theirs: Vec<_> = theirs.iter().map(|h| (h.name.as_bytes(), h.value)).collect();
    assert_eq!(ours, theirs);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn agrees_with_httparse_on_requests(input in heads()) {
        let mut fields = [httparse::EMPTY_HEADER; 16];
        let mut theirs = httparse::Request::new(&mut fields);
        let Ok(httparse::Status::Complete(len)) = theirs.parse(&input) else { return Ok(()) };
        let Parsed::Complete(head) = Head::parse(&input, Role::Request) else { panic!("{input:?}") };
        let StartLine::Request { method, target, version } = &head.start else { panic!() };
        prop_assert_eq!(head.len, len);
        prop_assert_eq!(&input[method.clone()], theirs.method.unwrap().as_bytes());
        prop_assert_eq!(&input[target.clone()], theirs.path.unwrap().as_bytes());
        let theirs_version = format!("HTTP/1.{}", theirs.version.unwrap());
        prop_assert_eq!(&input[version.clone()], theirs_version.as_bytes());
        assert_same_fields(&head, &input, theirs.headers);
    }

    #[test]
    fn agrees_with_httparse_on_responses(input in heads()) {
        let mut fields = [httparse::EMPTY_HEADER; 16];
        let mut theirs = httparse::Response::new(&mut fields);
        let Ok(httparse::Status::Complete(len)) = theirs.parse(&input) else { return Ok(()) };
        let Parsed::Complete(head) = Head::parse(&input, Role::Response) else { panic!("{input:?}") };
        let StartLine::Response { version, code, reason, .. } = &head.start else { panic!() };
        prop_assert_eq!(head.len, len);
        prop_assert_eq!(*code, theirs.code.unwrap());
        let theirs_version = format!("HTTP/1.{}", theirs.version.unwrap());
        prop_assert_eq!(&input[version.clone()], theirs_version.as_bytes());
        // httparse gives no reason where it is not ASCII.
        if input[reason.clone()].is_ascii() {
            prop_assert_eq!(&input[reason.clone()], theirs.reason.unwrap().as_bytes());
        }
        assert_same_fields(&head, &input, theirs.headers);
    }

    #[test]
    fn more_bytes_never_change_what_was_certain(input in heads(), request in any::<bool>()) {
        let role = if request { Role::Request } else { Role::Response };
        let mut search = Search::default();
        let whole = Head::parse(&input, role);
        let mut certain = false;
        for n in 0..=input.len() {
            let alone = Head::parse(&input[..n], role);
            prop_assert!(alone == Parsed::Need && !certain || alone == whole, "{alone:?} at {n}");
            if !certain {
                prop_assert_eq!(&search.parse(&input[..n], role), &alone);
            }
            certain = alone != Parsed::Need;
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(input in prop::collection::vec(any::<u8>(), 0..60)) {
        Head::parse(&input, Role::Request);
        Head::parse(&input, Role::Response);
    }
}
