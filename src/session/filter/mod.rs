//! The filter language: which units to show, in the manner of Wireshark's display filters.
//!
//! `websocket.opcode == 1 && socketio.event == "message"`. The names are the keys of the registry, so every field of every
//! protocol can be asked for; [`reference()`] has the language by example. A text is cut into tokens (`lexer`), read as
//! a tree (`parser`), checked against the registry (`check`) and evaluated unit by unit (`evaluate`).

mod check;
mod complete;
mod error;
mod evaluate;
mod lexer;
mod literal;
mod names;
mod parser;
mod reference;
mod to_value;
mod value;
mod values;

use std::fmt;
use std::sync::Arc;

pub use complete::{Completion, complete};
pub use error::FilterError;
pub use reference::{Row, reference};
pub use to_value::for_value;

pub(super) use check::regex_error;
pub(super) use literal::hex;

pub use values::{Known, known, values};

use self::evaluate::{Condition, Cost, OneCall, Unit};
use crate::decode::sink::Only;
use crate::session::calls::{Call, Calls};
use crate::session::{Session, StoreError, UnitRef};

/// A longer text is no filter.
const MAX_LENGTH: usize = 10_000;

/// Says of each unit whether it is wanted. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Filter {
    text: Arc<str>,
    condition: Arc<Condition>,
    cost: Cost,
    only: Arc<Only>,
}

impl Filter {
    /// Reads a filter. The error says what was expected, and where.
    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        if text.len() > MAX_LENGTH {
            let message = format!("a filter has at most {MAX_LENGTH} bytes");
            return Err(FilterError::new("", 0..0, message));
        }
        let condition = check::compile(text, &parser::parse(text)?)?;
        let (cost, only) = (condition.cost(), Arc::new(condition.only()));
        Ok(Filter { text: text.into(), cost, only, condition: Arc::new(condition) })
    }

    /// Whether a unit is wanted. Fails where its bytes are needed and cannot be read back.
    pub fn matches(&self, session: &Session, unit: &UnitRef) -> Result<bool, StoreError> {
        let only = (self.cost == Cost::Fields).then_some(&self.only);
        self.condition.holds(&Unit::new(session, unit, only))
    }

    /// Whether it asks about calls alone, so that it can pick one of them where nothing is on the wire.
    pub fn is_of_calls(&self) -> bool {
        self.condition.is_of_calls()
    }

    /// Whether a call is wanted, by what is asked about calls.
    pub fn matches_call(&self, calls: &Calls, call: &Call) -> bool {
        // The bytes of no unit are needed, so nothing can fail.
        self.condition.holds(&OneCall { calls, call }).unwrap_or_default()
    }

    /// Whether the index alone decides, so that no byte is read.
    pub fn is_cheap(&self) -> bool {
        self.cost == Cost::Index
    }
}

/// The text that it was read from.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
