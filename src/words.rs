//! How things are put: durations, counts and bytes in words, and text fitted into columns. Every view says them alike.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// As much of the beginning of a text as fits into `columns`.
pub fn fitting(text: &str, columns: usize) -> &str {
    let mut room = columns;
    let mut end = 0;
    for c in text.chars() {
        match room.checked_sub(c.width().unwrap_or(0)) {
            Some(rest) => room = rest,
            None => break,
        }
        end += c.len_utf8();
    }
    text.get(..end).unwrap_or_default()
}

/// The text, cut with `…` where it is wider than `columns`.
pub fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut out = fitting(text, columns.saturating_sub(1)).to_owned();
    out.push('…');
    out
}

/// The text in lines of at most `columns`, broken at spaces where there are any.
pub fn fold(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        if let Some(line) = lines.last_mut() {
            let fits = line.is_empty() || line.width() + 1 + word.width() <= columns;
            if fits {
                let space = if line.is_empty() { "" } else { " " };
                line.push_str(space);
                line.push_str(word);
            } else {
                lines.push(word.to_owned());
            }
        }
    }
    lines
}

/// A length of time with three significant digits: `950 ns`, `3.14 ms`, `25 s`.
pub fn duration(time: Duration) -> String {
    let nanos = time.as_nanos();
    let (value, unit) = match nanos {
        0..1_000 => return format!("{nanos} ns"),
        1_000..1_000_000 => (nanos as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => (nanos as f64 / 1e6, "ms"),
        _ => (nanos as f64 / 1e9, "s"),
    };
    match value {
        v if v < 9.995 => format!("{v:.2} {unit}"),
        v if v < 99.95 => format!("{v:.1} {unit}"),
        v => format!("{v:.0} {unit}"),
    }
}

/// `1 unit`, `1,234 units`.
pub fn count(n: u64, one: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        n => format!("{} {one}s", thousands(n)),
    }
}

/// `1,234,567`.
pub fn thousands(n: u64) -> String {
    match n {
        0..1000 => n.to_string(),
        _ => format!("{},{:03}", thousands(n / 1000), n % 1000),
    }
}

/// What to put on both sides of a text to quote it: nothing where it stands in quotes of its own, as JSON writes one.
pub fn quote(text: &str) -> &'static str {
    let quoted = text.len() > 1 && text.starts_with('"') && text.ends_with('"');
    if quoted { "" } else { "\"" }
}

/// The first bytes as `81 05 48 …`, at most `limit` of them.
pub fn hex(bytes: &[u8], limit: usize) -> String {
    let mut text = bytes.iter().take(limit).map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ");
    if bytes.len() > limit {
        text.push_str(" …");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_text_is_cut_at_a_column() {
        assert_eq!(cut("hello", 5), "hello");
        assert_eq!(cut("hello!", 5), "hell…");
        assert_eq!(cut("你好吗", 5), "你好…");
        assert_eq!(cut("你好", 4), "你好");
        assert_eq!(cut("x你", 2), "x…");
        assert_eq!(cut("abc", 0), "…");
    }

    #[test]
    fn words_are_folded_into_lines() {
        assert_eq!(fold("one two three", 7), ["one two", "three"]);
        assert_eq!(fold("unbreakable x", 4), ["unbreakable", "x"]);
        assert_eq!(fold("", 4), [""]);
    }

    #[test]
    fn a_duration_has_three_digits() {
        let cases = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_500, "1.50 µs"),
            (12_345_678, "12.3 ms"),
            (999_400_000, "999 ms"),
            (25_000_000_000, "25.0 s"),
            (123_000_000_000, "123 s"),
        ];
        for (nanos, expected) in cases {
            assert_eq!(duration(Duration::from_nanos(nanos)), expected);
        }
    }

    #[test]
    fn a_text_is_quoted_once() {
        for (text, expected) in [("", "\""), ("a", "\""), ("\"", "\""), ("\"a\"", ""), ("\"a", "\"")] {
            assert_eq!(quote(text), expected, "{text}");
        }
    }

    #[test]
    fn thousands_are_set_apart() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        for (n, text) in cases {
            assert_eq!(thousands(n), text);
        }
    }
}
