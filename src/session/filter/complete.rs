//! What can be written next.

use std::ops::Range;

use super::lexer::{Kind, Token, tokens};
use super::literal::quoted_if_needed;
use super::names::{self, Subject};
use super::reference::OPERATORS;
use crate::decode::field::FieldKind;

/// Something that can be written at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The part of the text that it takes the place of, in bytes.
    pub replace: Range<usize>,
    /// What to write there.
    pub text: String,
    /// What it means.
    pub hint: &'static str,
}

/// What can be written at `cursor`, a byte of `text`: names that begin with what stands before the cursor, then names
/// that hold it.
pub fn complete(text: &str, cursor: usize) -> Vec<Completion> {
    let cursor = (0..=cursor.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let tokens = tokens(text);
    let is_written = |token: &&Token| {
        let is_word = !matches!(token.kind, Kind::Quoted { closed: true });
        is_word && token.range.start < cursor && cursor <= token.range.end && begins_like_a_word(text, token)
    };
    let written = tokens.iter().find(is_written);
    let replace = written.map_or(cursor..cursor, |token| token.range.clone());
    let prefix = text.get(replace.start..cursor).unwrap_or_default();
    let before: Vec<&Token> = tokens.iter().filter(|token| token.range.end <= replace.start).collect();
    let names = match expected(text, &before) {
        Expected::Value(subject) => values(subject),
        Expected::Operator(subject) => operators(subject),
        Expected::Joint => JOINTS.iter().map(|(name, hint)| ((*name).to_owned(), *hint)).collect(),
        Expected::Field => names::all().map(|(name, hint)| (name.to_owned(), hint)).collect(),
        Expected::Nothing => Vec::new(),
    };
    ranked(names, prefix.trim_start_matches('"'))
        .map(|(text, hint)| Completion { replace: replace.clone(), text, hint })
        .collect()
}

const JOINTS: &[(&str, &str)] = &[("and", "Both must hold."), ("or", "One of both must hold.")];

/// Whether a token is a word that is being written, which a keyword may become the beginning of.
fn begins_like_a_word(text: &str, token: &Token) -> bool {
    let first = text.get(token.range.clone()).and_then(|t| t.chars().next());
    first.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"')
}

enum Expected {
    Field,
    Operator(Subject),
    Value(Subject),
    /// `and` or `or`.
    Joint,
    Nothing,
}

/// What may follow these tokens.
fn expected(text: &str, before: &[&Token]) -> Expected {
    let Some(last) = before.last() else { return Expected::Field };
    let subject_at = |index: Option<usize>| {
        let token = before.get(index?).filter(|token| token.kind == Kind::Word)?;
        Subject::named(text.get(token.range.clone())?)
    };
    let is_value = |index: usize| {
        index.checked_sub(1).and_then(|i| before.get(i)).is_some_and(|t| matches!(t.kind, Kind::Operator(_)))
    };
    match last.kind {
        Kind::And | Kind::Or | Kind::Not | Kind::Open => Expected::Field,
        Kind::Operator(_) => {
            subject_at(before_slice(before, before.len() - 1)).map_or(Expected::Nothing, Expected::Value)
        }
        Kind::OpenSet | Kind::Comma => {
            let set = before.iter().rposition(|token| token.kind == Kind::In);
            let subject = subject_at(set.and_then(|at| before_slice(before, at)));
            subject.map_or(Expected::Nothing, Expected::Value)
        }
        Kind::Word if !is_value(before.len() - 1) => {
            subject_at(Some(before.len() - 1)).map_or(Expected::Joint, Expected::Operator)
        }
        Kind::CloseSlice => {
            subject_at(before_slice(before, before.len())).map_or(Expected::Nothing, Expected::Operator)
        }
        Kind::Word | Kind::Quoted { .. } | Kind::Close | Kind::CloseSet => Expected::Joint,
        Kind::In | Kind::OpenSlice | Kind::Stray => Expected::Nothing,
    }
}

/// The place of the token before `at`, a slice left out.
fn before_slice(before: &[&Token], at: usize) -> Option<usize> {
    let last = at.checked_sub(1)?;
    match before.get(last)?.kind {
        Kind::CloseSlice => before.iter().take(last).rposition(|t| t.kind == Kind::OpenSlice)?.checked_sub(1),
        _ => Some(last),
    }
}

fn values(subject: Subject) -> Vec<(String, &'static str)> {
    if subject.def().kind == FieldKind::Flag {
        return vec![("true".to_owned(), "It is set."), ("false".to_owned(), "It is not set.")];
    }
    subject.values().into_iter().map(|(name, hint)| (quoted_if_needed(name), hint)).collect()
}

fn operators(subject: Subject) -> Vec<(String, &'static str)> {
    let kind = subject.def().kind;
    let fits = OPERATORS.iter().filter(|operator| operator.kinds.contains(&kind));
    let joints = JOINTS.iter().map(|(name, hint)| ((*name).to_owned(), *hint));
    fits.map(|operator| (operator.sign.to_owned(), operator.meaning)).chain(joints).collect()
}

/// Those that begin with what was written, then those that hold it.
fn ranked(
    names: Vec<(String, &'static str)>,
    written: &str,
) -> impl Iterator<Item = (String, &'static str)> + use<> {
    let written = written.to_lowercase();
    let place = move |name: &str| {
        let name = name.trim_start_matches('"').to_lowercase();
        match name.find(&written) {
            Some(0) => Some(0),
            Some(_) => Some(1),
            None => None,
        }
    };
    let mut found: Vec<_> =
        names.into_iter().filter_map(|(name, hint)| Some((place(&name)?, name, hint))).collect();
    found.sort_by_key(|(place, _, _)| *place);
    found.into_iter().map(|(_, name, hint)| (name, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, first: &[&str]) {
        let found = complete(text, text.len());
        let texts: Vec<&str> = found.iter().map(|c| c.text.as_str()).take(first.len().max(1)).collect();
        assert_eq!(texts, first, "{text}");
    }

    #[test]
    fn what_can_follow_is_offered() {
        check("websocket.opc", &["websocket.opcode"]);
        check("opcode", &["websocket.opcode"]);
        check("websocket.opcode ", &["==", "!=", "<"]);
        check("websocket.opcode == ", &["continuation", "text", "binary"]);
        check("websocket.opcode == t", &["text"]);
        check("websocket.opcode in {text, p", &["ping", "pong"]);
        check("websocket.opcode == text ", &["and", "or"]);
        check("websocket.opcode == text and con", &["conn", "tcp.connect_time"]);
        check("finding == \"websocket.unm", &["websocket.unmasked_client_frame"]);
        check("http.response.code == \"not f", &["\"Not Found\""]);
        check("dir == ", &["c2s", "s2c"]);
        check("websocket.fin == ", &["true", "false"]);
        check("websocket.payload[0:2] ", &["==", "!="]);
        check("socketio.event c", &["contains"]);
        check("frame.num", &["frame.number"]);
        check("hello ", &["and", "or"]);
        check("nonsense == ", &[]);
    }

    #[test]
    fn the_whole_word_is_replaced() {
        let found = complete("conn == 1 and websocket.opco == 1", 24);
        assert_eq!(found[0].replace, 14..28);
        assert!(complete("ä", 1).iter().all(|c| c.replace == (0..0)));
    }
}
