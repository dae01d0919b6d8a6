//! The values of a filter as they are written: numbers, names, texts, bytes, lengths of time, slices.
//!
//! The errors are what was expected, without where.

use super::names::Subject;
use super::parser::Piece;
use super::value::{Decimal, Wanted};
use crate::decode::field::FieldKind;
use crate::escape;

/// What a piece says of a field: one value, or several where a name is that of several.
pub(super) fn values(subject: Subject, piece: &Piece) -> Result<Vec<Wanted>, String> {
    let def = subject.def();
    match def.kind {
        FieldKind::Unsigned => numbers(subject, piece),
        FieldKind::Flag => flag(&piece.text).map(|flag| vec![Wanted::Flag(flag)]),
        FieldKind::Duration => nanos(&piece.text).map(|nanos| vec![Wanted::Nanos(nanos)]),
        FieldKind::Bytes => bytes(piece).map(|bytes| vec![Wanted::Bytes(bytes)]),
        FieldKind::Text | FieldKind::Json => {
            let number = if piece.quoted { None } else { Decimal::parse(&piece.text) };
            Ok(vec![Wanted::Text(text(piece)?, number)])
        }
        FieldKind::Group => Err(format!("{} has no value of its own; name it alone", def.key)),
    }
}

fn numbers(subject: Subject, piece: &Piece) -> Result<Vec<Wanted>, String> {
    let written = text(piece)?;
    let named = subject.def().values.iter().filter(|v| v.name.eq_ignore_ascii_case(&written));
    let found: Vec<Wanted> = named.map(|v| Wanted::Number(v.value)).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let number = match written.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => written.parse().ok(),
    };
    let example = subject.def().values.first();
    number.map(|number| vec![Wanted::Number(number)]).ok_or_else(|| match example {
        Some(named) => format!("expected a whole number or a name such as {}", quoted_if_needed(named.name)),
        None => "expected a whole number".to_owned(),
    })
}

fn flag(text: &str) -> Result<bool, String> {
    match text {
        "true" | "yes" | "set" | "1" => Ok(true),
        "false" | "no" | "not set" | "0" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

/// The units of time, in nanoseconds, the longer names before those that they end with.
const TIMES: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("s", 1_000_000_000),
];

/// A length of time; without a unit it is in seconds, as in Wireshark.
fn nanos(text: &str) -> Result<u64, String> {
    let expected = || "expected a length of time such as 10ms or 1.5s".to_owned();
    let unit = TIMES.iter().find_map(|(name, nanos)| Some((text.strip_suffix(name)?, *nanos)));
    let (number, unit) = unit.unwrap_or((text, 1_000_000_000));
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(unit).ok_or_else(expected);
    }
    match Decimal::parse(number) {
        Some(Decimal::Fraction(fraction)) if fraction >= 0.0 => {
            Some((fraction * unit as f64).round()).filter(|n| *n < u64::MAX as f64).map(|n| n as u64)
        }
        _ => None,
    }
    .ok_or_else(expected)
}

/// Bytes as hexadecimal digits, `81:05`, `81-05`, `0x8105` or `8105`; or the UTF-8 of a text in quotation marks.
pub(super) fn bytes(piece: &Piece) -> Result<Vec<u8>, String> {
    if piece.quoted {
        return text(piece).map(String::into_bytes);
    }
    let digits = piece.text.strip_prefix("0x").unwrap_or(&piece.text);
    hex(digits, |c| c == ':' || c == '-')
        .ok_or_else(|| "expected bytes such as 81:05, or a text in quotation marks".to_owned())
}

/// Bytes as pairs of hexadecimal digits, with or without something between them.
pub(in crate::session) fn hex(digits: &str, is_between: fn(char) -> bool) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in digits.split(is_between) {
        let nibbles: Option<Vec<u32>> = part.chars().map(|c| c.to_digit(16)).collect();
        let nibbles = nibbles.filter(|nibbles| !nibbles.is_empty() && nibbles.len() % 2 == 0)?;
        bytes.extend(nibbles.chunks(2).filter_map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok()));
    }
    Some(bytes)
}

/// A text with its escapes resolved.
pub(super) fn text(piece: &Piece) -> Result<String, String> {
    if !piece.quoted || !piece.text.contains('\\') {
        return Ok(piece.text.clone());
    }
    let mut out = String::with_capacity(piece.text.len());
    let mut rest = piece.text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let code: String = match rest.next() {
            Some('n') => "a".to_owned(),
            Some('r') => "d".to_owned(),
            Some('t') => "9".to_owned(),
            Some('0') => "0".to_owned(),
            Some(c @ ('"' | '\\')) => {
                out.push(c);
                continue;
            }
            // Above 7f it would be a character of two bytes where one is meant.
            Some('x') => Some(rest.by_ref().take(2).collect())
                .filter(|code: &String| code.len() == 2 && code.starts_with(|c| ('0'..='7').contains(&c)))
                .unwrap_or_default(),
            Some('u') if rest.next() == Some('{') => rest.by_ref().take_while(|c| *c != '}').collect(),
            _ => String::new(),
        };
        let resolved = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
        out.push(resolved.ok_or("expected one of the escapes \\\" \\\\ \\n \\r \\t \\0 \\x41 \\u{1f600}")?);
    }
    Ok(out)
}

/// The pattern of a regular expression: it has escapes of its own, so only `\"` is resolved.
pub(super) fn pattern(piece: &Piece) -> String {
    match piece.quoted {
        true => piece.text.replace("\\\"", "\""),
        false => piece.text.clone(),
    }
}

/// A text in quotation marks, such that [`text`] reads it back and no terminal acts on it.
pub(super) fn quoted(text: &str) -> String {
    let safe = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escape::line(&safe))
}

/// A name as it can be written: in quotation marks if it is no single word.
pub(super) fn quoted_if_needed(name: &str) -> String {
    match name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
        true => name.to_owned(),
        false => quoted(name),
    }
}

/// Some of the bytes of a value: from `begin`, to `end` where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub begin: usize,
    pub end: Option<usize>,
}

impl Slice {
    /// `offset:length`, `first-last`, `:length`, `offset:` or `offset`, as in Wireshark.
    pub fn parse(text: &str) -> Result<Slice, String> {
        let number = |text: &str| text.parse::<usize>().ok();
        let slice = match (text.split_once(':'), text.split_once('-')) {
            (Some((begin, "")), _) => number(begin).map(|begin| Slice { begin, end: None }),
            (Some(("", length)), _) => number(length).map(|end| Slice { begin: 0, end: Some(end) }),
            (Some((begin, length)), _) => number(begin)
                .zip(number(length))
                .map(|(begin, length)| Slice { begin, end: Some(begin.saturating_add(length)) }),
            (None, Some((first, last))) => number(first)
                .zip(number(last))
                .map(|(begin, last)| Slice { begin, end: Some(last.saturating_add(1)) }),
            (None, None) => number(text).map(|begin| Slice { begin, end: Some(begin.saturating_add(1)) }),
        };
        slice.ok_or_else(|| "expected offset:length, such as 0:2".to_owned())
    }

    /// These bytes of `bytes`; fewer where there are fewer, as long as there is one.
    pub fn of(self, bytes: &[u8]) -> Option<&[u8]> {
        let end = self.end.unwrap_or(bytes.len()).min(bytes.len());
        bytes.get(self.begin..end).filter(|part| !part.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn piece(text: &str, quoted: bool) -> Piece {
        Piece { text: text.to_owned(), quoted, range: 0..0 }
    }

    #[test]
    fn a_length_of_time_is_read() {
        for (text, expected) in [
            ("10ms", Some(10_000_000)),
            ("1.5s", Some(1_500_000_000)),
            ("1.5", Some(1_500_000_000)),
            ("2min", Some(120_000_000_000)),
            ("7µs", Some(7_000)),
            ("18446744073709551615ns", Some(u64::MAX)),
            ("-1s", None),
            ("s", None),
            ("99999999999999h", None),
            ("1e99s", None),
        ] {
            assert_eq!(nanos(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn bytes_are_read() {
        for text in ["81:05", "81-05", "0x8105", "8105"] {
            assert_eq!(bytes(&piece(text, false)), Ok(vec![0x81, 5]), "{text}");
        }
        assert_eq!(bytes(&piece("81:05", true)), Ok(b"81:05".to_vec()));
        for text in ["8", "81:5", "hello", "81::05", ""] {
            assert!(bytes(&piece(text, false)).is_err(), "{text}");
        }
    }

    #[test]
    fn escapes_are_resolved() {
        assert_eq!(text(&piece(r#"a\n\x41\u{1f600}\"\\"#, true)).unwrap(), "a\nA😀\"\\");
        for wrong in [r"\q", r"\x4", r"\xg1", r"\xff", r"\u{}", r"\u{d800}", r"\u41"] {
            assert!(text(&piece(wrong, true)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_slice_is_read() {
        for (written, expected) in [
            ("0:2", Some(&b"ab"[..])),
            ("1-2", Some(b"bc")),
            (":1", Some(b"a")),
            ("1:", Some(b"bcd")),
            ("3", Some(b"d")),
            ("3:9", Some(b"d")),
            ("4", None),
            ("18446744073709551615:2", None),
        ] {
            assert_eq!(Slice::parse(written).unwrap().of(b"abcd"), expected, "{written}");
        }
        for wrong in ["", ":", "a", "1:b", "-1"] {
            assert!(Slice::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(original in any::<String>()) {
            let quoted = quoted(&original);
            let inside = quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')).unwrap();
            prop_assert_eq!(text(&piece(inside, true)).unwrap(), original);
        }
    }
}
