//! The values of a unit and those of a filter, and how they compare.

use std::cmp::Ordering;

use crate::decode::json::unquoted;
use crate::decode::unit::{Node, Tree, Value};

/// A value of a unit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen<'a> {
    /// It is there, and that is all.
    Nothing,
    Number(u64),
    Flag(bool),
    Nanos(u64),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// As it was written.
    Json(&'a str),
}

impl<'a> Seen<'a> {
    /// The value of a field.
    pub fn of(node: &'a Node, tree: &'a Tree) -> Seen<'a> {
        match &node.value {
            Value::None => Seen::Nothing,
            Value::Unsigned(number) => Seen::Number(*number),
            Value::Flag(flag) => Seen::Flag(*flag),
            Value::Duration(nanos) => Seen::Nanos(*nanos),
            Value::Text(text) => Seen::Text(text),
            Value::Bytes => Seen::Bytes(tree.bytes(&node.span)),
            Value::Json(text) => Seen::Json(text),
        }
    }

    /// What it holds as bytes, where it is text or bytes.
    pub fn bytes(self) -> Option<std::borrow::Cow<'a, [u8]>> {
        use std::borrow::Cow;
        Some(match self {
            Seen::Text(text) => Cow::Borrowed(text.as_bytes()),
            Seen::Bytes(bytes) => Cow::Borrowed(bytes),
            Seen::Json(text) if text.starts_with('"') => match unquoted(text) {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            },
            Seen::Json(text) => Cow::Borrowed(text.as_bytes()),
            _ => return None,
        })
    }
}

/// A value of a filter, read as the field's kind asks.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    Number(u64),
    Flag(bool),
    Nanos(u64),
    Bytes(Vec<u8>),
    /// For text and JSON; the number that it is, where it is one and stands in no quotation marks.
    Text(String, Option<Decimal>),
}

impl Wanted {
    /// Whether a value is this one.
    pub fn equals(&self, seen: Seen<'_>) -> bool {
        match (self, seen) {
            (Wanted::Text(wanted, _), Seen::Text(text)) => wanted == text,
            (Wanted::Text(wanted, number), Seen::Json(written)) => {
                wanted == written
                    || (written.starts_with('"') && *wanted == unquoted(written))
                    || number.is_some_and(|n| Decimal::parse(written).is_some_and(|w| w.compare(n).is_eq()))
            }
            _ => self.order(seen) == Some(Ordering::Equal),
        }
    }

    /// How a value stands to this one; nothing where they cannot be compared.
    pub fn order(&self, seen: Seen<'_>) -> Option<Ordering> {
        Some(match (self, seen) {
            (Wanted::Number(wanted), Seen::Number(number)) => number.cmp(wanted),
            (Wanted::Flag(wanted), Seen::Flag(flag)) => flag.cmp(wanted),
            (Wanted::Nanos(wanted), Seen::Nanos(nanos)) => nanos.cmp(wanted),
            (Wanted::Bytes(wanted), Seen::Bytes(bytes)) => bytes.cmp(wanted),
            // A number orders numbers alone.
            (Wanted::Text(_, Some(wanted)), Seen::Text(text) | Seen::Json(text)) => {
                Decimal::parse(text)?.compare(*wanted)
            }
            (Wanted::Text(wanted, None), Seen::Text(text)) => text.cmp(wanted.as_str()),
            (Wanted::Text(wanted, None), Seen::Json(written)) if written.starts_with('"') => {
                unquoted(written).as_ref().cmp(wanted.as_str())
            }
            _ => return None,
        })
    }
}

/// A number as JSON writes it. Whole numbers compare exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Decimal {
    Whole(i128),
    Fraction(f64),
}

impl Decimal {
    pub fn parse(text: &str) -> Option<Decimal> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        digits.starts_with(|c: char| c.is_ascii_digit()).then_some(())?;
        match text.parse() {
            Ok(whole) => Some(Decimal::Whole(whole)),
            Err(_) => text.parse().ok().map(Decimal::Fraction),
        }
    }

    fn compare(self, other: Decimal) -> Ordering {
        match (self, other) {
            (Decimal::Whole(a), Decimal::Whole(b)) => a.cmp(&b),
            (a, b) => a.float().total_cmp(&b.float()),
        }
    }

    fn float(self) -> f64 {
        match self {
            Decimal::Whole(whole) => whole as f64,
            Decimal::Fraction(fraction) => fraction,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(text: &str) -> Wanted {
        Wanted::Text(text.to_owned(), Decimal::parse(text))
    }

    #[test]
    fn json_compares_by_its_text_or_number() {
        for (want, written, equal) in [
            ("1", "1", true),
            ("1", "1.0", true),
            ("1", "\"1\"", true),
            ("1", "2", false),
            ("true", "true", true),
            ("ä\n", "\"\\u00e4\\n\"", true),
            ("{}", "{}", true),
            ("9007199254740993", "9007199254740992", false),
        ] {
            assert_eq!(wanted(want).equals(Seen::Json(written)), equal, "{want} {written}");
        }
        assert_eq!(wanted("10").order(Seen::Json("9.5")), Some(Ordering::Less));
        assert_eq!(wanted("10").order(Seen::Json("\"a\"")), None);
    }

    #[test]
    fn text_is_equal_as_it_is_written_and_ordered_as_a_number_where_it_is_one() {
        assert!(!wanted("10").equals(Seen::Text("010")));
        assert_eq!(wanted("10").order(Seen::Text("9")), Some(Ordering::Less));
        assert_eq!(wanted("b").order(Seen::Text("a")), Some(Ordering::Less));
    }
}
