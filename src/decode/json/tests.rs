use super::*;

/// The tree of `body` as one line a field, and the summary, of a body with this media type.
fn check_body(media_type: &str, body: &str, summary: &str, tree: &[&str]) {
    let payload = testing::body(media_type, body.as_bytes());
    let mut memory = Memory::default();
    assert!(Json.claims(&payload, &memory), "{body}");
    let said = testing::dissect(&Json, &payload, &mut memory, Detail::Tree);
    assert_eq!(said.summary(), summary);
    assert_eq!(said.lines(), tree, "{body}");
}

#[test]
fn each_value_is_a_field_with_its_bytes() {
    check_body("application/json", "12", "12", &["json.value.number 0..2 12"]);
    check_body(
        "text/plain",
        r#" {"a": [true, null], "a": "\u00e9\n"} "#,
        r#"{"a":[true,null],"a":"\u00e9\n"}"#,
        &[
            "json.object 1..37",
            "  json.member 2..19 a",
            "    json.key 2..5 a",
            "    json.array 7..19",
            "      json.value.true 8..12 true",
            "      json.value.null 14..18 null",
            "  json.member 21..36 a",
            "    json.key 21..24 a",
            "    json.value.string 26..36 é\n",
        ],
    );
    check_body(
        "application/problem+json",
        r#"{"x":false}"#,
        r#"{"x":false}"#,
        &[
            "json.object 0..11",
            "  json.member 1..10 x",
            "    json.key 1..4 x",
            "    json.value.false 5..10 false",
        ],
    );
}

#[test]
fn what_is_not_json_is_not_claimed() {
    let cases: [(&str, &[u8]); 9] = [
        ("application/json", b""),
        ("application/json", b"{\"a\":}"),
        ("application/json", b"[1]]"),
        ("application/json", b"\"\xff\""),
        ("text/plain", b"{oops}"),
        ("text/plain", b"12"),
        ("text/plain", b"[hello]"),
        ("text/plain", b"[1"),
        ("", b"{"),
    ];
    for (media_type, body) in cases {
        let payload = testing::body(media_type, body);
        assert!(!Json.claims(&payload, &Memory::default()), "{:?}", String::from_utf8_lossy(body));
    }
}

#[test]
fn nesting_is_shown_to_a_depth_and_as_written_below() {
    let text = "[".repeat(1 << 20) + &"]".repeat(1 << 20);
    let payload = testing::body("application/json", text.as_bytes());
    let said = testing::dissect(&Json, &payload, &mut Memory::default(), Detail::Tree);
    let lines = said.lines();
    assert_eq!(lines.len(), 65);
    assert!(lines[63].trim_start().starts_with("json.array 63.."));
    assert!(lines[64].trim_start().starts_with("json.raw 64.."));
    assert_eq!(said.summary(), "[".repeat(400) + "…");
}

#[test]
fn a_wide_value_is_shown_up_to_a_number_of_values() {
    let text = format!("[{}[]]", "[],".repeat(1_000_000));
    let payload = testing::body("application/json", text.as_bytes());
    let said = testing::dissect(&Json, &payload, &mut Memory::default(), Detail::Tree);
    assert_eq!(said.lines().len(), outline::MAX_ITEMS);
}

#[test]
fn a_summary_makes_no_fields() {
    let payload = testing::body("", b"[1]");
    let said = testing::dissect(&Json, &payload, &mut Memory::default(), Detail::Summary);
    assert_eq!((said.summary(), said.lines().len()), ("[1]".to_owned(), 0));
}

#[test]
fn strings_lose_their_quotation_marks_and_escapes() {
    #[rustfmt::skip]
    let cases = [
        (r#""plain""#, "plain"), (r#""\u00e9""#, "é"), (r#""\"""#, "\""), (r#""\ud800""#, r"\ud800"), ("\"", "\""), ("", ""),
    ];
    for (string, text) in cases {
        assert_eq!(unquoted(string), text, "{string}");
    }
}

#[test]
fn elements_of_an_array_stand_where_they_were_written() {
    let inside = Located { text: "1, [2,3],\"x\"", source: SourceId::WIRE, offset: 11 };
    let found: Vec<_> = elements(inside).iter().map(|e| (e.text, e.offset)).collect();
    assert_eq!(found, [("1", 11), ("[2,3]", 14), ("\"x\"", 20)]);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_survived(text in r#"[\[\]{}",:\\ truefalsn0-9é]{0,64}"#) {
        let payload = testing::body("application/json", text.as_bytes());
        for detail in testing::DETAILS {
            testing::dissect(&Json, &payload, &mut Memory::default(), detail);
        }
    }
}
