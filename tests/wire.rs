//! Annotated bytes, and what wirewalk says of them: `tests/wire/*.txt`.
//!
//! Above the line `---` stands the conversation: `>` client to server, `<` server to client, each line one record,
//! written as hexadecimal bytes and quoted text; or `fin`, or `reset`. Below stands what `--print layers` shows.
//! `UPDATE_WIRE=1 cargo test --test wire` writes the lower part anew; read the difference before you commit it.
//!
//! Every conversation is also cut at every byte, and must give the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;
use wirewalk::decode::limits::MAX_MESSAGE;
use wirewalk::decode::sink::Detail;
use wirewalk::decode::unit::{Layer, Node};
use wirewalk::export::{self, Format, Print};
use wirewalk::session::filter::{self, Filter};
use wirewalk::session::{Records, Session, StoreError};
use wirewalk::wire::{ConnId, Direction, How, Record, Timestamp, What};

/// What one line of a conversation says.
#[derive(Clone)]
enum Said {
    Bytes(Direction, Vec<u8>),
    Closed(Direction, How),
}

/// The bytes of records, in memory.
#[derive(Debug)]
struct Kept(Vec<Bytes>);

impl Records for Kept {
    fn bytes_at(&self, offset: u64, _len: usize) -> Result<Bytes, StoreError> {
        Ok(self.0[offset as usize].clone())
    }
}

fn parse(script: &str) -> Vec<Said> {
    let mut said = Vec::new();
    for line in script.lines() {
        let line = line.trim();
        let (dir, rest) = match line.split_at_checked(1) {
            Some((">", rest)) => (Direction::ToServer, rest),
            Some(("<", rest)) => (Direction::ToClient, rest),
            _ => continue,
        };
        said.push(match rest.trim() {
            "fin" => Said::Closed(dir, How::Fin),
            "reset" => Said::Closed(dir, How::Reset),
            bytes => Said::Bytes(dir, parse_bytes(bytes)),
        });
    }
    said
}

fn parse_bytes(mut text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !text.trim_start().is_empty() {
        text = text.trim_start();
        if text.starts_with('"') {
            let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
            bytes.extend_from_slice(values.next().unwrap().unwrap().as_bytes());
            text = text.get(values.byte_offset()..).unwrap();
        } else if text.starts_with('#') {
            break;
        } else {
            let (hex, rest) = text.split_at(text.find([' ', '"']).unwrap_or(text.len()));
            let digits: Vec<u8> =
                hex.chars().map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap()).collect();
            bytes.extend(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]));
            text = rest;
        }
    }
    bytes
}

/// A conversation whose records are cut into pieces as `cuts` says: given a record's bytes, the pieces. All pieces of a
/// record come at the same time.
fn session(said: &[Said], cuts: &mut dyn FnMut(&[u8]) -> Vec<Vec<u8>>) -> Session {
    let mut records = Vec::new();
    for (index, said) in said.iter().enumerate() {
        let at = Timestamp(index as u64 * 1_000_000);
        let mut push = |what| records.push(Record { at, conn: ConnId(1), what });
        match said {
            Said::Bytes(dir, bytes) => cuts(bytes)
                .into_iter()
                .for_each(|piece| push(What::Received { dir: *dir, bytes: Bytes::from(piece) })),
            Said::Closed(dir, how) => push(What::Closed { by: dir.sender(), how: *how, error: None }),
        }
    }
    let kept = records
        .iter()
        .map(|r| match &r.what {
            What::Received { bytes, .. } => bytes.clone(),
            _ => Bytes::new(),
        })
        .collect();
    let mut session = Session::new(Box::new(Kept(kept)), MAX_MESSAGE).unwrap();
    for (index, record) in records.iter().enumerate() {
        session.ingest(record, index as u64).unwrap();
    }
    session
}

/// What is printed of a conversation that is cut so.
fn printed(said: &[Said], cuts: &mut dyn FnMut(&[u8]) -> Vec<Vec<u8>>) -> String {
    let session = session(said, cuts);
    let mut out = Vec::new();
    for id in session.ids() {
        export::unit(
            &session,
            &session.unit(id).unwrap(),
            Format { print: Print::Layers, columns: None },
            &mut out,
        )
        .unwrap();
        export::unit(
            &session,
            &session.unit(id).unwrap(),
            Format { print: Print::Json, columns: None },
            &mut Vec::new(),
        )
        .unwrap();
    }
    anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string()
}

fn whole(bytes: &[u8]) -> Vec<Vec<u8>> {
    vec![bytes.to_vec()]
}

fn conversations() -> Vec<(std::path::PathBuf, Vec<Said>, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let (script, expected) = text.split_once("\n---\n").unwrap_or((&text, ""));
            (path, parse(script), expected.to_owned())
        })
        .collect()
}

#[test]
fn conversations_are_shown_as_expected() {
    for (path, said, expected) in conversations() {
        let shown = printed(&said, &mut whole);
        if std::env::var_os("UPDATE_WIRE").is_some() {
            let text = fs::read_to_string(&path).unwrap();
            let script = text.split("\n---\n").next().unwrap();
            fs::write(&path, format!("{}\n---\n{shown}", script.trim_end())).unwrap();
        } else {
            similar_or_panic(&path, &expected, &shown);
        }
    }
}

fn similar_or_panic(path: &Path, expected: &str, shown: &str) {
    for (number, (expected, shown)) in expected.lines().zip(shown.lines()).enumerate() {
        assert_eq!(shown, expected, "{}: line {} below the ---", path.display(), number + 1);
    }
    assert_eq!(shown.lines().count(), expected.lines().count(), "{}: number of lines", path.display());
}

#[test]
fn cut_at_every_byte_they_are_the_same() {
    for (path, said, _) in conversations() {
        let expected = printed(&said, &mut whole);
        let single = printed(&said, &mut |bytes| bytes.iter().map(|b| vec![*b]).collect());
        similar_or_panic(&path, &expected, &single);
        let longest = said.iter().map(|s| if let Said::Bytes(_, b) = s { b.len() } else { 0 }).max().unwrap();
        for cut in 1..longest {
            let halves = printed(&said, &mut |bytes| match cut < bytes.len() {
                true => vec![bytes[..cut].to_vec(), bytes[cut..].to_vec()],
                false => whole(bytes),
            });
            similar_or_panic(&path, &expected, &halves);
        }
    }
}

/// The nodes, and all below them.
fn nodes<'a>(of: &'a [Node], found: &mut Vec<&'a Node>) {
    for node in of {
        found.push(node);
        nodes(&node.children, found);
    }
}

/// The nodes of the layers, and of all inside them.
fn nodes_of_layers<'a>(layers: &'a [Layer], found: &mut Vec<&'a Node>) {
    for layer in layers {
        nodes(&layer.nodes, found);
        nodes_of_layers(&layer.inside, found);
    }
}

#[test]
fn the_filter_to_a_value_finds_the_unit_that_has_it() {
    let mut filters = 0;
    for (path, said, _) in conversations() {
        let session = session(&said, &mut whole);
        for unit in session.ids().map(|id| session.unit(id).unwrap()) {
            let tree = session.look(&unit, Detail::Tree).unwrap();
            let mut found = Vec::new();
            nodes_of_layers(&tree.layers, &mut found);
            let texts: BTreeSet<String> =
                found.into_iter().filter_map(|node| filter::for_value(node, &tree)).collect();
            for text in texts {
                let filter = Filter::parse(&text).unwrap_or_else(|error| panic!("{error}"));
                assert!(
                    filter.matches(&session, &unit).unwrap(),
                    "{}, unit {}: {text}",
                    path.display(),
                    unit.id.0
                );
                filters += 1;
            }
        }
    }
    assert!(filters > 500, "{filters} are too few to be all");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn cut_anywhere_they_are_the_same(seed in proptest::collection::vec(1usize..40, 1..30)) {
        for (path, said, _) in conversations() {
            let expected = printed(&said, &mut whole);
            let mut sizes = seed.iter().cycle();
            let cut = printed(&said, &mut |bytes| {
                let mut rest = bytes;
                let mut pieces = Vec::new();
                while !rest.is_empty() {
                    let (piece, behind) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
                    pieces.push(piece.to_vec());
                    rest = behind;
                }
                pieces
            });
            similar_or_panic(&path, &expected, &cut);
        }
    }

    #[test]
    fn mutated_conversations_panic_nowhere(at in any::<prop::sample::Index>(), which in any::<prop::sample::Index>(), byte in any::<u8>(), drop in 0usize..20) {
        let all = conversations();
        let (_, said, _) = &all[which.index(all.len())];
        let mut said = said.clone();
        let index = at.index(said.len());
        if let Said::Bytes(_, bytes) = &mut said[index] {
            let position = at.index(bytes.len().max(1));
            if let Some(b) = bytes.get_mut(position) {
                *b = byte;
            }
            bytes.drain(position..(position + drop).min(bytes.len()));
        }
        printed(&said, &mut whole);
    }

    #[test]
    fn random_bytes_panic_nowhere(client in proptest::collection::vec(any::<u8>(), 0..300), server in proptest::collection::vec(any::<u8>(), 0..300)) {
        printed(&[Said::Bytes(Direction::ToServer, client), Said::Bytes(Direction::ToClient, server), Said::Closed(Direction::ToServer, How::Fin), Said::Closed(Direction::ToClient, How::Reset)], &mut whole);
    }
}
