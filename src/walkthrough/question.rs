//! The answer to a question, computed from the session.

use super::blocks::{Ask, Of};
use super::route::Stop;
use crate::decode::unit::{LinkKind, UnitId};
use crate::session::filter;
use crate::session::{Session, StoreError};

/// The answer to a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Solution {
    /// All ways in which it may be written.
    pub ways: Vec<String>,
    /// Which of the choices it is.
    pub choice: Option<usize>,
}

impl Solution {
    /// The answer in words.
    pub fn text<'a>(&'a self, ask: &'a Ask) -> &'a str {
        let chosen = self.choice.and_then(|choice| ask.choices.get(choice));
        chosen.or(self.ways.last()).map(String::as_str).unwrap_or_default()
    }
}

/// The answer at a stop; `None` where the session does not have it. Fails where bytes cannot be read back.
pub fn solve(session: &Session, ask: &Ask, stop: Stop) -> Result<Option<Solution>, StoreError> {
    let unit =
        stop.unit.and_then(|unit| of(session, unit, ask.answer.of)).and_then(|unit| session.unit(unit));
    let Some(unit) = unit else { return Ok(None) };
    let values = filter::values(&ask.answer.field.value, session, &unit)?;
    let is_choice = |choice: &String, ways: &[String]| ways.iter().any(|way| way == choice);
    // Of several values the one that is a choice is meant, else the first.
    let offered = values.iter().find_map(|ways| {
        let choice = ask.choices.iter().position(|choice| is_choice(choice, ways))?;
        Some(Solution { ways: ways.clone(), choice: Some(choice) })
    });
    let first = values.into_iter().next().map(|ways| Solution { ways, choice: None });
    Ok(offered.or(first))
}

/// The unit that an answer is in.
fn of(session: &Session, unit: UnitId, of: Of) -> Option<UnitId> {
    let request = || {
        session.links(unit).iter().find(|(_, link)| link.kind == LinkKind::Request).map(|(_, link)| link.to)
    };
    let response =
        || session.answers(unit).filter(|(_, kind)| *kind == LinkKind::Request).map(|(id, _)| id).last();
    let answer = || session.answers(unit).map(|(id, _)| id).next();
    match of {
        Of::Unit => Some(unit),
        Of::Request => request(),
        Of::Response => response(),
        Of::Answer => answer(),
    }
}
