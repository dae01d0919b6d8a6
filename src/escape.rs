//! Makes a peer's text harmless and visible. No byte of a peer reaches a terminal, a file name or a page
//! unless it went through here.

use std::borrow::Cow;

/// The text on one line, with everything that a terminal could act on, or that could make the reader see
/// something else than what is there, written out: control characters (C0, DEL, C1), the line and paragraph
/// separators, bidirectional formatting (Unicode UAX #9), invisible and private-use characters.
pub fn line(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_harmless(c) => out.push(c),
            c => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        }
    }
    Cow::Owned(out)
}

/// JSON text with the same characters written as `\u` escapes, which say the same to whoever parses it. JSON itself
/// escapes only C0.
pub fn json(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_harmless(c) {
            out.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    Cow::Owned(out)
}

/// Whether a character is shown as itself.
fn is_harmless(c: char) -> bool {
    !matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
        || matches!(c, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}')
}

/// A byte as the text column of a hex dump shows it: itself where it is printable ASCII, else a dot.
pub fn byte(b: u8) -> char {
    if b.is_ascii_graphic() || b == b' ' { char::from(b) } else { '.' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_not_touched() {
        for text in ["", "hello", "Grüße, 你好", "שלום", "👩\u{200d}💻", "❤\u{fe0f}"] {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn what_a_terminal_acts_on_is_written_out() {
        let cases = [
            ("\x1b[31mred", "\\u{1b}[31mred"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}evil", "\\u{202e}evil"),
            ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("\u{7}\u{8}\0", "\\u{7}\\u{8}\\u{0}"),
        ];
        for (raw, shown) in cases {
            assert_eq!(line(raw), shown);
        }
    }

    #[test]
    fn json_says_the_same_without_harm() {
        let value = "a\u{202e}b\u{9b}c\u{e0001}\n";
        let text = serde_json::to_string(value).unwrap();
        let harmless = json(&text);
        assert_eq!(harmless, r#""a\u202eb\u009bc\udb40\udc01\n""#);
        assert_eq!(serde_json::from_str::<String>(&harmless).unwrap(), value);
        assert!(matches!(json("{}"), Cow::Borrowed("{}")));
    }

    #[test]
    fn a_byte_is_itself_or_a_dot() {
        assert_eq!([b'A', b' ', 0, 0x1b, 0xff].map(byte).iter().collect::<String>(), "A ...");
    }
}
