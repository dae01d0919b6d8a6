//! The `Sec-WebSocket-Extensions` header field (RFC 6455 §9.1).

/// One extension with its parameters, as offered or chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its name, such as `permessage-deflate`.
    pub name: String,
    /// Its parameters in order, with their values where they have one, unquoted.
    pub parameters: Vec<(String, Option<String>)>,
}

/// Reads the value of one `Sec-WebSocket-Extensions` header field. Where the grammar is broken, the error says
/// what was expected and at which byte.
///
/// As in every list of HTTP (RFC 9110 §5.6.1), elements may be empty, but at least one must not be.
pub fn parse(value: &str) -> Result<Vec<Extension>, String> {
    let mut reader = Reader { bytes: value.as_bytes(), at: 0 };
    let mut extensions = Vec::new();
    loop {
        if reader.eats(b',') {
            continue;
        }
        if reader.at_end() {
            break;
        }
        extensions.push(reader.extension()?);
        if !reader.at_end() && !reader.eats(b',') {
            return Err(reader.expected("a comma or a semicolon"));
        }
    }
    if extensions.is_empty() { Err(reader.expected("an extension's name")) } else { Ok(extensions) }
}

/// Reads tokens from left to right. Blanks may stand before each.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    fn at_end(&mut self) -> bool {
        self.blanks();
        self.peek().is_none()
    }

    fn eats(&mut self, byte: u8) -> bool {
        self.blanks();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expected(&self, what: &str) -> String {
        format!("expected {what} at byte {}", self.at)
    }

    fn extension(&mut self) -> Result<Extension, String> {
        let name = self.token("an extension's name")?;
        let mut parameters = Vec::new();
        while self.eats(b';') {
            let name = self.token("a parameter's name")?;
            let value = if self.eats(b'=') { Some(self.value()?) } else { None };
            parameters.push((name, value));
        }
        Ok(Extension { name, parameters })
    }

    fn token(&mut self, what: &str) -> Result<String, String> {
        self.blanks();
        let mut token = String::new();
        while let Some(byte) = self.peek().filter(|byte| is_token(*byte)) {
            token.push(char::from(byte));
            self.at += 1;
        }
        if token.is_empty() { Err(self.expected(what)) } else { Ok(token) }
    }

    /// A token, or a quoted string that is one when its quotes and backslashes are removed.
    fn value(&mut self) -> Result<String, String> {
        if !self.eats(b'"') {
            return self.token("a parameter's value");
        }
        let mut value = String::new();
        loop {
            if self.peek() == Some(b'\\') {
                self.at += 1;
            } else if self.peek() == Some(b'"') && !value.is_empty() {
                self.at += 1;
                return Ok(value);
            }
            match self.peek() {
                None => return Err(self.expected("a closing quote")),
                Some(byte) if is_token(byte) => value.push(char::from(byte)),
                Some(_) => return Err(self.expected("a character of a token inside the quotes")),
            }
            self.at += 1;
        }
    }
}

/// Whether a byte can be part of a token (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn extension(name: &str, parameters: &[(&str, Option<&str>)]) -> Extension {
        let owned = |(name, value): &(&str, Option<&str>)| (name.to_string(), value.map(str::to_string));
        Extension { name: name.to_string(), parameters: parameters.iter().map(owned).collect() }
    }

    #[test]
    fn reads_the_examples_of_both_rfcs() {
        // RFC 6455 §9.1.
        assert_eq!(parse("foo"), Ok(vec![extension("foo", &[])]));
        let expected = vec![extension("bar", &[("baz", Some("2"))])];
        assert_eq!(parse("bar; baz=2"), Ok(expected));
        let expected = vec![
            extension("deflate-stream", &[]),
            extension("mux", &[("max-channels", Some("4")), ("flow-control", None)]),
            extension("deflate-stream", &[]),
        ];
        assert_eq!(parse("deflate-stream, mux; max-channels=4; flow-control, deflate-stream"), Ok(expected));
        assert_eq!(parse("private-extension"), Ok(vec![extension("private-extension", &[])]));
        // RFC 7692 §7.1.3.
        let expected = vec![
            extension(
                "permessage-deflate",
                &[("client_max_window_bits", None), ("server_max_window_bits", Some("10"))],
            ),
            extension("permessage-deflate", &[("client_max_window_bits", None)]),
        ];
        let value = "permessage-deflate; client_max_window_bits; server_max_window_bits=10, \
                     permessage-deflate; client_max_window_bits";
        assert_eq!(parse(value), Ok(expected));
    }

    #[test]
    fn removes_quotes_and_backslashes() {
        let expected = Ok(vec![extension("a", &[("b", Some("10")), ("c", Some("xy"))])]);
        assert_eq!(parse("a;b=\"10\";c=\"x\\y\""), expected);
    }

    #[test]
    fn allows_blanks_and_empty_elements() {
        let expected = Ok(vec![extension("a", &[("b", Some("1"))]), extension("c", &[])]);
        assert_eq!(parse(" ,\ta ; b = 1 , , c ,"), expected);
    }

    #[test]
    fn says_what_is_missing_and_where() {
        let cases = [
            ("", "an extension's name at byte 0"),
            (" , ", "an extension's name at byte 3"),
            (";", "an extension's name at byte 0"),
            ("a;", "a parameter's name at byte 2"),
            ("a;;b", "a parameter's name at byte 2"),
            ("a; b=", "a parameter's value at byte 5"),
            ("a b", "a comma or a semicolon at byte 2"),
            ("a; b=\"1", "a closing quote at byte 7"),
            ("a; b=\"1\\", "a closing quote at byte 8"),
            ("a; b=\"\"", "a character of a token inside the quotes at byte 6"),
            ("a; b=\"1 2\"", "a character of a token inside the quotes at byte 7"),
            ("a=1", "a comma or a semicolon at byte 1"),
            ("caf\u{e9}", "a comma or a semicolon at byte 3"),
        ];
        for (value, expected) in cases {
            assert_eq!(parse(value), Err(format!("expected {expected}")), "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_is_written_by_the_grammar(
            list in prop::collection::vec(
                ("[a-z-]{1,5}", prop::collection::vec(("[a-z_]{1,5}", prop::option::of("[0-9a-z]{1,3}")), 0..4)),
                1..4,
            ),
        ) {
            let expected: Vec<_> =
                list.into_iter().map(|(name, parameters)| Extension { name, parameters }).collect();
            let write = |e: &Extension| {
                let written = e.parameters.iter().map(|(name, value)| match value {
                    Some(value) => format!("; {name}={value}"),
                    None => format!(";{name}"),
                });
                e.name.clone() + &written.collect::<String>()
            };
            let value = expected.iter().map(write).collect::<Vec<_>>().join(", ");
            prop_assert_eq!(parse(&value), Ok(expected));
        }

        #[test]
        fn never_panics(value in "[ab;,=\"\\\\ \u{e9}]{0,12}") {
            let _ = parse(&value);
        }
    }
}
