//! Fits text into the columns of a terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The text, cut with `…` where it is wider than `columns`.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut room = columns.saturating_sub(1);
    let mut out = String::new();
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if wide > room {
            break;
        }
        room -= wide;
        out.push(c);
    }
    out.push('…');
    out
}

/// The text in lines of at most `columns`, broken at spaces where there are any.
pub(super) fn fold(text: &str, columns: usize) -> Vec<String> {
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
}
