//! Marks and notes that someone left with units.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decode::unit::UnitId;

/// So many bytes of a note are kept. A transcript is a stranger's, and can claim any length.
const MAX_TEXT: usize = 4 << 10;

/// So many units can have a note.
const MAX_NOTES: usize = 10_000;

/// What someone left with a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Whether the unit is marked.
    pub marked: bool,
    /// What was written; empty where it is only marked.
    pub text: String,
}

/// The notes of a session.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Notes {
    of: BTreeMap<UnitId, Note>,
}

impl Notes {
    /// Takes the latest note of a unit, which replaces the one before. Neither a mark nor a text: there is none then.
    pub fn take(&mut self, unit: UnitId, marked: bool, text: &str) {
        if !marked && text.is_empty() {
            self.of.remove(&unit);
        } else if self.of.len() < MAX_NOTES || self.of.contains_key(&unit) {
            let end = text.floor_char_boundary(MAX_TEXT);
            let text = text.get(..end).unwrap_or_default().to_owned();
            self.of.insert(unit, Note { marked, text });
        }
    }

    pub fn of(&self, unit: UnitId) -> Option<&Note> {
        self.of.get(&unit)
    }

    pub fn all(&self) -> impl DoubleEndedIterator<Item = (UnitId, &Note)> {
        self.of.iter().map(|(unit, note)| (*unit, note))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_note_of_a_unit_holds_and_an_empty_one_takes_it_away() {
        let mut notes = Notes::default();
        notes.take(UnitId(7), false, "first");
        notes.take(UnitId(2), true, "");
        notes.take(UnitId(7), true, "second");
        let all: Vec<_> = notes.all().map(|(unit, note)| (unit.0, note.marked, note.text.as_str())).collect();
        assert_eq!(all, [(2, true, ""), (7, true, "second")]);
        notes.take(UnitId(7), false, "");
        assert_eq!(notes.of(UnitId(7)), None);
    }

    #[test]
    fn neither_their_number_nor_their_length_is_a_strangers_to_choose() {
        let mut notes = Notes::default();
        let many = MAX_NOTES as u32 + 10;
        (1..=many).for_each(|unit| notes.take(UnitId(unit), true, ""));
        assert_eq!(notes.all().count(), MAX_NOTES);
        notes.take(UnitId(1), false, &"é".repeat(MAX_TEXT));
        assert_eq!(notes.of(UnitId(1)).unwrap().text.len(), MAX_TEXT);
        notes.take(UnitId(2), false, &format!("x{}", "é".repeat(MAX_TEXT)));
        assert_eq!(notes.of(UnitId(2)).unwrap().text.len(), MAX_TEXT - 1);
    }
}
