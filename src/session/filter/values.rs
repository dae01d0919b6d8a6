//! What a unit's values are that a filter can ask about, in words, and whether there are such at all.

use std::sync::Arc;
use std::time::Duration;

use super::error::nearest;
use super::evaluate::{Asked as _, Unit};
use super::names::{self, Subject};
use super::value::Seen;
use crate::decode;
use crate::decode::json::unquoted;
use crate::decode::sink::Only;
use crate::session::{Session, StoreError, UnitRef};
use crate::words;

/// So many bytes of a value are put into words.
const MAX_BYTES: usize = 64;

/// What is known by a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// A field, or what every unit has.
    Field,
    /// A protocol.
    Protocol,
    /// Nothing; these names are most like it.
    Nothing(Vec<&'static str>),
}

/// Whether a name is one of the filter language.
pub fn known(name: &str) -> Known {
    if Subject::named(name).is_some() {
        Known::Field
    } else if decode::protocols().any(|protocol| protocol.key == name) {
        Known::Protocol
    } else {
        Known::Nothing(nearest(name, names::all().map(|(name, _)| name)))
    }
}

/// The values that a unit has under a name, each in all the ways in which it may be written: as it stands on the wire, and
/// by its name where it has one. Fails where the unit's bytes cannot be read back.
pub fn values(name: &str, session: &Session, unit: &UnitRef) -> Result<Vec<Vec<String>>, StoreError> {
    let Some(subject) = Subject::named(name) else { return Ok(Vec::new()) };
    let mut values = Vec::new();
    let only = Arc::new(Only {
        fields: match subject {
            Subject::Field(def) => vec![def],
            Subject::Property(_) => Vec::new(),
        },
        texts: false,
        summaries: true,
    });
    Unit::new(session, unit, Some(&only)).each(subject, &mut |seen| values.push(ways(subject, seen)))?;
    Ok(values)
}

fn ways(subject: Subject, seen: Seen<'_>) -> Vec<String> {
    match seen {
        Seen::Nothing => Vec::new(),
        Seen::Number(number) => {
            let name = subject.def().value(number).map(|value| value.name.to_owned());
            std::iter::once(number.to_string()).chain(name).collect()
        }
        Seen::Flag(flag) => {
            let both = if flag { ["1", "true", "yes"] } else { ["0", "false", "no"] };
            both.map(str::to_owned).to_vec()
        }
        Seen::Nanos(nanos) => vec![words::duration(Duration::from_nanos(nanos))],
        Seen::Text(text) => vec![text.to_owned()],
        Seen::Bytes(bytes) => {
            let text = std::str::from_utf8(bytes).ok().map(str::to_owned);
            text.into_iter().chain([words::hex(bytes, MAX_BYTES)]).collect()
        }
        Seen::Json(written) if written.starts_with('"') => {
            vec![unquoted(written).into_owned(), written.to_owned()]
        }
        Seen::Json(written) => vec![written.to_owned()],
    }
}
