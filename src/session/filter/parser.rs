//! A filter's tokens as a tree of conditions. What the names and values mean is checked behind this.

use std::ops::Range;

use super::error::FilterError;
use super::lexer::{Kind, Operator, Token, tokens};

/// A filter as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// All of these hold.
    And(Vec<Syntax>),
    /// One of these holds.
    Or(Vec<Syntax>),
    /// This does not hold.
    Not(Box<Syntax>),
    /// One condition.
    Test(Written),
}

/// One condition as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Whether `any` or `all` stands before it.
    pub quantifier: Option<Quantifier>,
    /// The field, or what is searched for.
    pub subject: Piece,
    /// What stands between the brackets behind the field.
    pub slice: Option<Piece>,
    /// What the field is compared with; nothing where it need only be present.
    pub condition: Option<Comparison>,
}

/// Which of several values of a field must fulfil a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    Any,
    All,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    With { operator: Operator, at: Range<usize>, value: Piece },
    In(Vec<Piece>),
}

/// A name or a value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The word, or what stands between the quotation marks.
    pub text: String,
    /// Whether it stands in quotation marks.
    pub quoted: bool,
    /// Where it stands, quotation marks included.
    pub range: Range<usize>,
}

/// Parentheses and `not` inside so many others are refused.
const MAX_DEPTH: usize = 64;

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Syntax, FilterError> {
    let mut parser = Parser { text, tokens: tokens(text), at: 0, depth: 0 };
    let syntax = parser.or()?;
    match parser.peek() {
        None => Ok(syntax),
        Some(Kind::Close) => Err(parser.error("this parenthesis was never opened")),
        Some(Kind::Word | Kind::Quoted { .. }) => {
            Err(parser.error("expected `and` or `or` here; text with spaces stands in quotation marks"))
        }
        Some(Kind::Stray) => Err(parser.stray()),
        Some(_) => Err(parser.error("expected `and`, `or` or the end here")),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    /// Where the next token stands, or the end of the text.
    fn here(&self) -> Range<usize> {
        let end = self.text.len();
        self.tokens.get(self.at).map_or(end..end, |token| token.range.clone())
    }

    fn error(&self, message: impl Into<String>) -> FilterError {
        FilterError::new(self.text, self.here(), message)
    }

    fn stray(&self) -> FilterError {
        self.error(match self.text.get(self.here()) {
            Some("=") => "expected `==`, which compares",
            Some("&") => "expected `&&`",
            Some("|") => "expected `||`",
            _ => "expected a field, an operator or a value here",
        })
    }

    /// Takes the next token if it is of this kind.
    fn take(&mut self, kind: Kind) -> bool {
        let is = self.peek() == Some(kind);
        self.at += usize::from(is);
        is
    }

    fn or(&mut self) -> Result<Syntax, FilterError> {
        let mut parts = vec![self.and()?];
        while self.take(Kind::Or) {
            parts.push(self.and()?);
        }
        Ok(join(parts, Syntax::Or))
    }

    fn and(&mut self) -> Result<Syntax, FilterError> {
        let mut parts = vec![self.not()?];
        while self.take(Kind::And) {
            parts.push(self.not()?);
        }
        Ok(join(parts, Syntax::And))
    }

    fn not(&mut self) -> Result<Syntax, FilterError> {
        if !matches!(self.peek(), Some(Kind::Not | Kind::Open)) {
            return self.test();
        }
        if self.depth == MAX_DEPTH {
            return Err(self.error(format!("more than {MAX_DEPTH} parentheses and `not` inside each other")));
        }
        self.depth += 1;
        let syntax = if self.take(Kind::Not) {
            Syntax::Not(Box::new(self.not()?))
        } else {
            let open = self.here();
            self.at += 1;
            let inside = self.or()?;
            if !self.take(Kind::Close) {
                let message = match self.peek() {
                    None => "this parenthesis is never closed",
                    Some(_) => return Err(self.error("expected `and`, `or` or `)` here")),
                };
                return Err(FilterError::new(self.text, open, message));
            }
            inside
        };
        self.depth -= 1;
        Ok(syntax)
    }

    fn test(&mut self) -> Result<Syntax, FilterError> {
        let quantifier = self.quantifier();
        let subject = self.piece("a field, a protocol or a text to search for")?;
        let slice = match self.take(Kind::OpenSlice) {
            true => Some(self.slice()?),
            false => None,
        };
        let at = self.here();
        let condition = match self.peek() {
            Some(Kind::Operator(operator)) => {
                self.at += 1;
                Some(Comparison::With { operator, at, value: self.piece("a value")? })
            }
            Some(Kind::In) => {
                self.at += 1;
                Some(Comparison::In(self.set()?))
            }
            Some(Kind::Stray) => return Err(self.stray()),
            _ => None,
        };
        Ok(Syntax::Test(Written { quantifier, subject, slice, condition }))
    }

    /// `any` or `all`, if a field stands behind it.
    fn quantifier(&mut self) -> Option<Quantifier> {
        let quantifier = match self.text.get(self.here())? {
            "any" => Quantifier::Any,
            "all" => Quantifier::All,
            _ => return None,
        };
        self.tokens.get(self.at + 1).filter(|token| token.kind == Kind::Word)?;
        self.at += 1;
        Some(quantifier)
    }

    fn slice(&mut self) -> Result<Piece, FilterError> {
        let slice = self.piece("offset:length, such as 0:2")?;
        match self.take(Kind::CloseSlice) {
            true => Ok(slice),
            false => Err(self.error("expected `]` here")),
        }
    }

    fn set(&mut self) -> Result<Vec<Piece>, FilterError> {
        if !self.take(Kind::OpenSet) {
            return Err(self.error("expected `{` and the values here, such as {1, 2, 8..10}"));
        }
        let mut values = vec![self.piece("a value")?];
        loop {
            match self.peek() {
                Some(Kind::Comma) => self.at += 1,
                Some(Kind::CloseSet) => {
                    self.at += 1;
                    return Ok(values);
                }
                // Wireshark lets a space stand for the comma.
                Some(Kind::Word | Kind::Quoted { .. }) => {}
                _ => return Err(self.error("expected `,` or `}` here")),
            }
            values.push(self.piece("a value")?);
        }
    }

    fn piece(&mut self, expected: &str) -> Result<Piece, FilterError> {
        let range = self.here();
        let written = self.text.get(range.clone()).unwrap_or_default();
        let (text, quoted) = match self.peek() {
            Some(Kind::Word) => (written, false),
            Some(Kind::Quoted { closed: true }) => {
                (written.get(1..written.len() - 1).unwrap_or_default(), true)
            }
            Some(Kind::Quoted { closed: false }) => {
                return Err(self.error("the closing quotation mark is missing"));
            }
            Some(Kind::Stray) => return Err(self.stray()),
            _ => return Err(self.error(format!("expected {expected} here"))),
        };
        self.at += 1;
        Ok(Piece { text: text.to_owned(), quoted, range })
    }
}

fn join(mut parts: Vec<Syntax>, several: fn(Vec<Syntax>) -> Syntax) -> Syntax {
    match parts.len() {
        1 => parts.remove(0),
        _ => several(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree with every part in parentheses.
    fn shape(syntax: &Syntax) -> String {
        let all = |parts: &[Syntax], with: &str| {
            format!("({})", parts.iter().map(shape).collect::<Vec<_>>().join(with))
        };
        match syntax {
            Syntax::And(parts) => all(parts, " & "),
            Syntax::Or(parts) => all(parts, " | "),
            Syntax::Not(inner) => format!("!{}", shape(inner)),
            Syntax::Test(written) => written.subject.text.clone(),
        }
    }

    #[test]
    fn and_binds_closer_than_or_and_not_closest() {
        for (text, expected) in [
            ("a or b and not c", "(a | (b & !c))"),
            ("(a || b) && c", "((a | b) & c)"),
            ("!a == 1 && !!b", "(!a & !!b)"),
            ("any or all", "(any | all)"),
            ("any a == 1 AND all b", "(a & b)"),
        ] {
            assert_eq!(shape(&parse(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn a_mistake_is_pointed_at() {
        for (text, column, width, message) in [
            ("", 0, 0, "expected a field, a protocol or a text to search for here"),
            ("a ==", 4, 0, "expected a value here"),
            ("a = 1", 2, 1, "expected `==`, which compares"),
            ("(a", 0, 1, "this parenthesis is never closed"),
            ("a)", 1, 1, "this parenthesis was never opened"),
            ("a b", 2, 1, "expected `and` or `or` here; text with spaces stands in quotation marks"),
            ("a in 1", 5, 1, "expected `{` and the values here, such as {1, 2, 8..10}"),
            ("a in {1", 7, 0, "expected `,` or `}` here"),
            ("a == \"x", 5, 2, "the closing quotation mark is missing"),
            ("a[1 == 2", 4, 2, "expected `]` here"),
            ("a && && b", 5, 2, "expected a field, a protocol or a text to search for here"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(
                (error.column, error.width, error.message.as_str()),
                (column, width, message),
                "{text}"
            );
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        assert!(parse(&format!("{}a", "!".repeat(MAX_DEPTH))).is_ok());
        assert!(parse(&format!("{}a", "!".repeat(MAX_DEPTH + 1))).is_err());
        assert!(parse(&"(".repeat(100_000)).is_err());
    }
}
