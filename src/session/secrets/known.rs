//! What was secret anywhere in a session, so that it is found where nothing says that it is a secret.

use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use super::{INSTEAD, Names, Secrets, dotted};
use crate::decode::sink::Detail;
use crate::session::{Session, StoreError};

/// Shorter ones are not looked for in other units.
const SHORTEST_ANYWHERE: usize = 5;

/// Shorter ones are looked for there only as words of their own.
const SHORTEST_PART: usize = 8;

/// Words without which a conversation cannot be decoded, whoever chose one as a password.
const WORDS: [&str; 24] = [
    "websocket",
    "polling",
    "transport",
    "upgrade",
    "upgrades",
    "connection",
    "keep-alive",
    "close",
    "alive",
    "permessage-deflate",
    "deflate",
    "chunked",
    "identity",
    "Content-Length",
    "Content-Type",
    "Content-Encoding",
    "Transfer-Encoding",
    "HTTP/1.1",
    "application/json",
    "text/html",
    "text/plain",
    "socket.io",
    "probe",
    "cookie",
];

/// What was a secret anywhere in a session, so that it can be found where nothing says that it is one, and told apart from others.
#[derive(Debug)]
pub struct Known {
    finder: Option<AhoCorasick>,
    /// The number of each, from 1.
    numbers: HashMap<Vec<u8>, usize>,
}

/// Collects what is known.
#[derive(Debug, Default)]
pub struct Collected {
    numbers: HashMap<Vec<u8>, usize>,
    count: usize,
}

impl Collected {
    /// Takes the secrets of all units of a session. Fails where bytes cannot be read back.
    pub fn session(&mut self, session: &Session, names: &Names) -> Result<(), StoreError> {
        for unit in session.ids().filter_map(|id| session.unit(id)) {
            match session.look(&unit, Detail::Tree) {
                Ok(tree) => self.take(&Secrets::of(&tree, names)),
                Err(StoreError::NotCaptured) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes the secrets of a unit.
    fn take(&mut self, secrets: &Secrets) {
        self.count += secrets.found;
        for text in
            secrets.texts.iter().map(|text| text.as_bytes()).chain(secrets.raw.iter().map(Vec::as_slice))
        {
            let next = self.numbers.len() + 1;
            self.numbers.entry(text.to_vec()).or_insert(next);
        }
    }

    /// How many secrets were found, each place counted.
    pub fn count(&self) -> usize {
        self.count
    }

    /// What can be looked for everywhere: what is long, and no word of the protocols.
    pub fn known(self) -> Known {
        let is_own = |text: &&Vec<u8>| {
            text.len() >= SHORTEST_ANYWHERE
                && !WORDS.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(text))
        };
        let texts = self.numbers.keys().filter(is_own);
        // Only too many could be refused: then each is still hidden where it was found.
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts).ok();
        Known { finder, numbers: self.numbers }
    }
}

impl Known {
    /// Where known secrets stand in some bytes.
    pub fn places<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
        let finder = self.finder.iter();
        let found = finder.flat_map(move |finder| finder.find_iter(bytes)).map(|found| found.range());
        let is_alphanumeric = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at)).is_some_and(|byte| byte.is_ascii_alphanumeric())
        };
        found.filter(move |place| {
            let is_part = is_alphanumeric(place.start.checked_sub(1)) || is_alphanumeric(Some(place.end));
            place.len() >= SHORTEST_PART || !is_part
        })
    }

    /// A text with dots in place of each known secret.
    pub fn mask(&self, text: &str) -> String {
        dotted(text, self.places(text.as_bytes()))
    }

    /// The bytes with each known secret replaced.
    pub fn replace(&self, bytes: &[u8]) -> Vec<u8> {
        let mut replaced = bytes.to_vec();
        for place in self.places(bytes) {
            let stand_in = self.stand_in(bytes.get(place.clone()).unwrap_or_default());
            replaced.splice(place, stand_in);
        }
        replaced
    }

    /// What stands in place of a secret: as long as it, and the same wherever it stands. What JSON writes without quotation marks stays
    /// such a value.
    pub fn stand_in(&self, secret: &[u8]) -> Vec<u8> {
        let length = secret.len();
        if let b"true" | b"null" | b"false" = secret {
            return if length == 4 { b"null".to_vec() } else { b" null".to_vec() };
        }
        if std::str::from_utf8(secret).is_ok_and(is_number) {
            return vec![b'9'; length];
        }
        let number = self.numbers.get(secret).map(ToString::to_string).unwrap_or_default();
        let mut stand_in = vec![INSTEAD; length];
        if number.len() < length {
            stand_in.splice(length - number.len().., number.into_bytes());
        }
        stand_in
    }
}

/// Whether JSON would write a number so.
fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && serde_json::from_str::<serde_json::Number>(text).is_ok()
}
