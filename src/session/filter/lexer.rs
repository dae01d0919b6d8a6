//! A filter's text in tokens. Cutting never fails: what makes no token is one of its own, and the parser says what was
//! expected there.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a value without quotation marks.
    Word,
    /// A text in quotation marks; the last one may be missing.
    Quoted {
        closed: bool,
    },
    And,
    Or,
    Not,
    In,
    Operator(Operator),
    Open,
    Close,
    OpenSlice,
    CloseSlice,
    OpenSet,
    CloseSet,
    Comma,
    /// A character that begins nothing.
    Stray,
}

/// How a field is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    Matches,
}

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub range: Range<usize>,
}

/// Signs, the longer before those they begin with.
const SIGNS: &[(&str, Kind)] = &[
    ("&&", Kind::And),
    ("||", Kind::Or),
    ("==", Kind::Operator(Operator::Equal)),
    ("!=", Kind::Operator(Operator::NotEqual)),
    ("<=", Kind::Operator(Operator::LessOrEqual)),
    (">=", Kind::Operator(Operator::GreaterOrEqual)),
    ("<", Kind::Operator(Operator::Less)),
    (">", Kind::Operator(Operator::Greater)),
    ("~", Kind::Operator(Operator::Matches)),
    ("!", Kind::Not),
    ("(", Kind::Open),
    (")", Kind::Close),
    ("[", Kind::OpenSlice),
    ("]", Kind::CloseSlice),
    ("{", Kind::OpenSet),
    ("}", Kind::CloseSet),
    (",", Kind::Comma),
];

/// Words that are no names, as Wireshark has them.
const KEYWORDS: &[(&str, Kind)] = &[
    ("and", Kind::And),
    ("or", Kind::Or),
    ("not", Kind::Not),
    ("in", Kind::In),
    ("contains", Kind::Operator(Operator::Contains)),
    ("matches", Kind::Operator(Operator::Matches)),
    ("eq", Kind::Operator(Operator::Equal)),
    ("ne", Kind::Operator(Operator::NotEqual)),
    ("lt", Kind::Operator(Operator::Less)),
    ("le", Kind::Operator(Operator::LessOrEqual)),
    ("gt", Kind::Operator(Operator::Greater)),
    ("ge", Kind::Operator(Operator::GreaterOrEqual)),
];

/// Whether a word may hold this character.
fn is_of_a_word(c: char) -> bool {
    !c.is_whitespace() && !"()[]{}<>=!&|~,\"".contains(c)
}

/// All tokens of a text, in order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        at += rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return tokens };
        let (kind, len) = token(rest, first);
        tokens.push(Token { kind, range: at..at + len });
        at += len;
    }
}

/// The token that `rest` begins with, and its length.
fn token(rest: &str, first: char) -> (Kind, usize) {
    if first == '"' {
        return quoted(rest);
    }
    if let Some((sign, kind)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return (*kind, sign.len());
    }
    let len = rest.find(|c| !is_of_a_word(c)).unwrap_or(rest.len());
    if len == 0 {
        return (Kind::Stray, first.len_utf8());
    }
    let word = rest.get(..len).unwrap_or_default();
    let keyword = KEYWORDS.iter().find(|(keyword, _)| keyword.eq_ignore_ascii_case(word));
    (keyword.map_or(Kind::Word, |(_, kind)| *kind), len)
}

fn quoted(rest: &str) -> (Kind, usize) {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !escaped => return (Kind::Quoted { closed: true }, at + 1),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (Kind::Quoted { closed: false }, rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = tokens(text).into_iter().map(|t| text.get(t.range).unwrap()).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_text_is_cut_into_tokens() {
        check("a.b==1&&!c", &["a.b", "==", "1", "&&", "!", "c"]);
        check("x in {1, 2,8..10}", &["x", "in", "{", "1", ",", "2", ",", "8..10", "}"]);
        check("p[0:2] == 81:05", &["p", "[", "0:2", "]", "==", "81:05"]);
        check(r#"a contains "x \" y" ä"#, &["a", "contains", r#""x \" y""#, "ä"]);
        check("took>-1.5e+3ms", &["took", ">", "-1.5e+3ms"]);
        check("  ", &[]);
    }

    #[test]
    fn what_makes_no_token_is_one_of_its_own() {
        let kinds = |text| tokens(text).into_iter().map(|t| t.kind).collect::<Vec<_>>();
        assert_eq!(kinds("a = b"), [Kind::Word, Kind::Stray, Kind::Word]);
        assert_eq!(kinds("&"), [Kind::Stray]);
        assert_eq!(kinds(r#""open"#), [Kind::Quoted { closed: false }]);
        assert_eq!(kinds(r#""a\\" b"#), [Kind::Quoted { closed: true }, Kind::Word]);
    }
}
