//! A filter as it was written, made into one that can be evaluated: every name found, every value read as its field asks.

use std::ops::Range;

use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};

use super::error::FilterError;
use super::evaluate::{Check, Condition, Item, Order, Test};
use super::lexer::Operator;
use super::literal::{self, Slice};
use super::names::{self, PROTOCOL, SUMMARY, Subject};
use super::parser::{Comparison, Piece, Quantifier, Syntax, Written};
use super::value::Wanted;
use crate::decode;
use crate::decode::field::FieldKind;

/// A compiled regular expression may take so many bytes of memory.
const MAX_PATTERN: usize = 1 << 20;

/// Compiles what was parsed from `text`.
pub(super) fn compile(text: &str, syntax: &Syntax) -> Result<Condition, FilterError> {
    let all = |parts: &[Syntax]| parts.iter().map(|part| compile(text, part)).collect::<Result<Vec<_>, _>>();
    Ok(match syntax {
        Syntax::And(parts) => Condition::and(all(parts)?),
        Syntax::Or(parts) => Condition::or(all(parts)?),
        Syntax::Not(inner) => Condition::Not(Box::new(compile(text, inner)?)),
        Syntax::Test(written) => Condition::Check(Box::new(Checker { text, written }.check()?)),
    })
}

struct Checker<'a> {
    text: &'a str,
    written: &'a Written,
}

impl Checker<'_> {
    fn check(&self) -> Result<Check, FilterError> {
        let name = &self.written.subject;
        let is_alone = self.written.condition.is_none() && self.written.slice.is_none();
        let subject = if name.quoted { None } else { Subject::named(&name.text) };
        match subject {
            Some(subject) => self.of_field(subject),
            None if is_alone && self.written.quantifier.is_none() => self.alone(),
            None => Err(self.unknown()),
        }
    }

    /// A protocol, or a text to search the summaries for.
    fn alone(&self) -> Result<Check, FilterError> {
        let name = &self.written.subject;
        if !name.quoted && decode::protocols().any(|p| p.key == name.text) {
            return self
                .property(&PROTOCOL, Test::OneOf(vec![Item::Value(Wanted::Text(name.text.clone(), None))]));
        }
        let is_field_like = |key: &str| name.text.starts_with(&format!("{key}."));
        if !name.quoted && decode::protocols().any(|p| is_field_like(p.key)) {
            return Err(self.unknown());
        }
        let wanted = literal::text(name).map_err(|message| self.error(&name.range, message))?;
        let pattern = self.regex(&regex::escape(&wanted), &name.range)?;
        self.property(&SUMMARY, Test::Matches(pattern))
    }

    fn property(&self, def: &'static decode::field::FieldDef, test: Test) -> Result<Check, FilterError> {
        let subject = Subject::named(def.key).ok_or_else(|| self.unknown())?;
        Ok(Check { subject, slice: None, quantifier: Quantifier::Any, test, negated: false })
    }

    fn of_field(&self, subject: Subject) -> Result<Check, FilterError> {
        let slice = match &self.written.slice {
            None => None,
            Some(piece) if matches!(subject.def().kind, FieldKind::Bytes | FieldKind::Text) => {
                Some(Slice::parse(&piece.text).map_err(|message| self.error(&piece.range, message))?)
            }
            Some(piece) => {
                let message = format!("{} is neither bytes nor text, so it has no parts", subject.def().key);
                return Err(self.error(&piece.range, message));
            }
        };
        let (test, negated) = match &self.written.condition {
            None => (Test::Present, false),
            Some(Comparison::In(pieces)) => (Test::OneOf(self.items(subject, pieces)?), false),
            Some(Comparison::With { operator, at, value }) => {
                (self.test(subject, *operator, at, value)?, *operator == Operator::NotEqual)
            }
        };
        // Wireshark 4: `!=` wants every value to be another one.
        let quantifier = if negated { Quantifier::All } else { Quantifier::Any };
        let quantifier = self.written.quantifier.unwrap_or(quantifier);
        Ok(Check { subject, slice, quantifier, test, negated })
    }

    fn test(
        &self,
        subject: Subject,
        operator: Operator,
        at: &Range<usize>,
        piece: &Piece,
    ) -> Result<Test, FilterError> {
        let order = match operator {
            Operator::Equal | Operator::NotEqual => {
                let values = self.values(subject, piece)?;
                return Ok(Test::OneOf(values.into_iter().map(Item::Value).collect()));
            }
            Operator::Contains | Operator::Matches => return self.search(subject, operator, at, piece),
            Operator::Less => Order::Less,
            Operator::LessOrEqual => Order::LessOrEqual,
            Operator::Greater => Order::Greater,
            Operator::GreaterOrEqual => Order::GreaterOrEqual,
        };
        Ok(Test::Ordered(order, self.one(subject, piece)?))
    }

    fn search(
        &self,
        subject: Subject,
        operator: Operator,
        at: &Range<usize>,
        piece: &Piece,
    ) -> Result<Test, FilterError> {
        let def = subject.def();
        if !matches!(def.kind, FieldKind::Text | FieldKind::Json | FieldKind::Bytes) {
            let message = format!("{} is neither text nor bytes; compare it with == or <", def.key);
            return Err(self.error(at, message));
        }
        if operator == Operator::Matches {
            return Ok(Test::Matches(self.regex(&literal::pattern(piece), &piece.range)?));
        }
        let needle = match self.is_bytes(subject) {
            true => literal::bytes(piece),
            false => literal::text(piece).map(String::into_bytes),
        };
        let needle = needle.map_err(|message| self.error(&piece.range, message))?;
        Ok(Test::Contains(Box::new(Finder::new(&needle).into_owned())))
    }

    /// Whether what is compared are bytes, as parts of a text are too.
    fn is_bytes(&self, subject: Subject) -> bool {
        subject.def().kind == FieldKind::Bytes || self.written.slice.is_some()
    }

    fn items(&self, subject: Subject, pieces: &[Piece]) -> Result<Vec<Item>, FilterError> {
        let mut items = Vec::new();
        for piece in pieces {
            match piece.text.split_once("..").filter(|_| !piece.quoted) {
                Some((first, last)) => {
                    let part = |text: &str| Piece { text: text.to_owned(), ..piece.clone() };
                    items
                        .push(Item::Range(self.one(subject, &part(first))?, self.one(subject, &part(last))?));
                }
                None => items.extend(self.values(subject, piece)?.into_iter().map(Item::Value)),
            }
        }
        Ok(items)
    }

    fn one(&self, subject: Subject, piece: &Piece) -> Result<Wanted, FilterError> {
        let mut values = self.values(subject, piece)?;
        match (values.pop(), values.is_empty()) {
            (Some(value), true) => Ok(value),
            _ => Err(self.error(&piece.range, "this is the name of several values; write the number")),
        }
    }

    fn values(&self, subject: Subject, piece: &Piece) -> Result<Vec<Wanted>, FilterError> {
        if self.is_bytes(subject) {
            let bytes = literal::bytes(piece).map_err(|message| self.error(&piece.range, message))?;
            return Ok(vec![Wanted::Bytes(bytes)]);
        }
        let values = literal::values(subject, piece).map_err(|message| {
            self.error(&piece.range, message).suggest(&piece.text, subject.values().into_iter().map(|v| v.0))
        })?;
        if let Subject::Property(property) = subject {
            let names = (property.names)();
            if !names.is_empty() && !names.contains(&piece.text.as_str()) {
                let message = format!("there is no {} of this name", property.def.label.to_lowercase());
                return Err(self.error(&piece.range, message).suggest(&piece.text, names.into_iter()));
            }
        }
        Ok(values)
    }

    fn regex(&self, pattern: &str, at: &Range<usize>) -> Result<Regex, FilterError> {
        let built = RegexBuilder::new(pattern).case_insensitive(true).size_limit(MAX_PATTERN).build();
        built.map_err(|error| self.error(at, regex_error(&error)))
    }

    fn unknown(&self) -> FilterError {
        let name = &self.written.subject;
        if name.quoted {
            return self.error(&name.range, "a text cannot be compared; name a field here");
        }
        if decode::protocols().any(|p| p.key == name.text) {
            let message = format!("{} is a protocol; name one of its fields", name.text);
            return self.error(&name.range, message);
        }
        let known = names::all().map(|(name, _)| name);
        self.error(&name.range, format!("there is no field {}", name.text)).suggest(&name.text, known)
    }

    fn error(&self, at: &Range<usize>, message: impl Into<String>) -> FilterError {
        FilterError::new(self.text, at.clone(), message)
    }
}

/// What is wrong with a regular expression, in a line.
pub(in crate::session) fn regex_error(error: &regex::Error) -> String {
    let text = error.to_string();
    let line = text.lines().find_map(|line| line.strip_prefix("error: "));
    match line {
        Some(line) => format!("no regular expression: {line}"),
        None => "this regular expression is too large".to_owned(),
    }
}
