//! The small grammars that header fields share (RFC 9110 §5.6): tokens, white space, lists.

use std::borrow::Cow;
use std::ops::Range;

/// The bytes of `range`; none where it does not lie in `bytes`.
pub(super) fn part<'a>(bytes: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    bytes.get(range.clone()).unwrap_or_default()
}

/// The text of `range`; what is not UTF-8 is replaced.
pub(super) fn text<'a>(bytes: &'a [u8], range: &Range<usize>) -> Cow<'a, str> {
    String::from_utf8_lossy(part(bytes, range))
}

/// `text`, cut behind `max` characters, for the details of findings and for summaries.
pub(super) fn crop(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// Whether `b` may stand in a token (RFC 9110 §5.6.2).
pub(super) fn is_tchar(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// Whether `bytes` are a token.
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|b| is_tchar(*b))
}

/// `range` without the white space at its ends; line ends of a folded value count as such.
pub(super) fn trim(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let inside = part(bytes, &range);
    let is_text = |b: &u8| !matches!(b, b' ' | b'\t' | b'\r' | b'\n');
    match (inside.iter().position(is_text), inside.iter().rposition(is_text)) {
        (Some(first), Some(last)) => range.start + first..range.start + last + 1,
        _ => range.start..range.start,
    }
}

/// The elements of a comma-separated list (RFC 9110 §5.6.1), trimmed, empty ones left out. Commas inside a quoted
/// string separate nothing.
pub(super) fn list(bytes: &[u8], value: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
    split(bytes, value, b',')
}

/// As [`list`], split at `separator`.
pub(super) fn split(bytes: &[u8], value: &Range<usize>, separator: u8) -> impl Iterator<Item = Range<usize>> {
    let end = value.end;
    let mut at = value.start;
    std::iter::from_fn(move || {
        while at < end {
            let rest = part(bytes, &(at..end));
            let length = unquoted(rest, separator).unwrap_or(rest.len());
            let element = trim(bytes, at..at + length);
            at += length + 1;
            if !element.is_empty() {
                return Some(element);
            }
        }
        None
    })
}

/// Where the first `wanted` stands that is not inside a quoted string (RFC 9110 §5.6.4).
fn unquoted(bytes: &[u8], wanted: u8) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    bytes.iter().position(|b| {
        if escaped {
            escaped = false;
        } else if quoted && *b == b'\\' {
            escaped = true;
        } else if *b == b'"' {
            quoted = !quoted;
        }
        !quoted && *b == wanted
    })
}

/// Whether one of these field values lists `token`, without regard to case. A version behind a slash, as in
/// `Upgrade: h2c/1`, is not looked at.
pub(super) fn lists<'a>(mut values: impl Iterator<Item = &'a [u8]>, token: &str) -> bool {
    values.any(|value| {
        list(value, &(0..value.len())).any(|element| {
            let name = part(value, &element).split(|b| *b == b'/').next().unwrap_or_default();
            name.eq_ignore_ascii_case(token.as_bytes())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(value: &str) -> Vec<String> {
        list(value.as_bytes(), &(0..value.len())).map(|r| text(value.as_bytes(), &r).into_owned()).collect()
    }

    #[test]
    fn a_list_skips_empty_elements_and_respects_quotes() {
        assert_eq!(elements("a, b ,,\tc"), ["a", "b", "c"]);
        assert_eq!(elements(r#"a; x="1,\",2", b"#), [r#"a; x="1,\",2""#, "b"]);
        assert_eq!(elements(r#""open, for ever"#), [r#""open, for ever"#]);
        assert!(elements(" , ,").is_empty());
    }

    #[test]
    fn tokens_are_found_in_any_case_and_any_of_several_fields() {
        let values = [b"keep-alive, UPGRADE".as_slice(), b"x"];
        assert!(lists(values.into_iter(), "upgrade"));
        assert!(!lists(values.into_iter(), "up"));
        assert!(lists([b"websocket/13".as_slice()].into_iter(), "websocket"));
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(crop("größer", 3), "grö…");
        assert_eq!(crop("gr", 3), "gr");
    }
}
