//! A unit in one line: what its highest layers say, and the names of the layers.

use super::{Session, UnitRef};
use crate::decode::unit::{Layer, LinkKind, Tree, UnitId, UnitKind};
use crate::words::{self, duration};

/// So many characters of one inner layer are worth a place on the line of an HTTP message.
const INNER: usize = 120;

/// So many layers that stand side by side are named; a polling body can hold thousands of packets.
const SIDE_BY_SIDE: usize = 6;

/// A unit in one line. The text is a peer's, not escaped yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headline {
    /// The keys of its protocols, outermost first, each once.
    pub protocols: Vec<&'static str>,
    /// The innermost of them that is no mere format.
    pub protocol: &'static str,
    /// What it says.
    pub text: String,
}

/// The headline of a unit.
pub fn of(tree: &Tree) -> Headline {
    let mut headline = Headline::default();
    collect(&tree.layers, &mut headline);
    let mut texts = Vec::new();
    for layer in &tree.layers {
        if layer.protocol.key == "http" {
            texts.push(layer.summary.clone());
            let mut inner = Vec::new();
            leaves(&layer.inside, &mut inner);
            texts.extend(inner.iter().map(|text| cut(text, INNER)));
        } else {
            let mut own = Vec::new();
            leaves(std::slice::from_ref(layer), &mut own);
            texts.extend(own);
        }
    }
    let more = texts.len().saturating_sub(SIDE_BY_SIDE);
    texts.truncate(SIDE_BY_SIDE);
    headline.text = texts.join(" · ");
    if more > 0 {
        headline.text.push_str(&format!(" · {more} more"));
    }
    headline
}

fn collect(layers: &[Layer], headline: &mut Headline) {
    for layer in layers {
        if !headline.protocols.contains(&layer.protocol.key) {
            headline.protocols.push(layer.protocol.key);
            if !layer.protocol.is_format {
                headline.protocol = layer.protocol.key;
            }
        }
        collect(&layer.inside, headline);
    }
}

/// The summaries of the innermost layers that have one, and of those that say more than what is inside them.
fn leaves(layers: &[Layer], texts: &mut Vec<String>) {
    for layer in layers {
        if texts.len() > SIDE_BY_SIDE {
            // Counted, not shown.
            texts.push(String::new());
            continue;
        }
        let before = texts.len();
        if layer.says_more {
            texts.push(layer.summary.clone());
        }
        leaves(&layer.inside, texts);
        if texts.len() == before && !layer.summary.is_empty() {
            texts.push(layer.summary.clone());
        }
    }
}

fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What the bytes of a unit alone do not say, as phrases such as `answers 12 in 3.1 ms`: how it belongs to earlier ones, and
/// that it was compressed.
pub fn ties(session: &Session, unit: &UnitRef) -> Vec<String> {
    let phrase = |(_, link): &(_, crate::decode::unit::Link)| {
        let after = session.unit(link.to).map(|to| duration(unit.at.since(to.at)));
        let after = after.unwrap_or_default();
        let to = link.to.0;
        match link.kind {
            LinkKind::Request | LinkKind::Event | LinkKind::Ping => format!("answers {to} in {after}"),
            LinkKind::Fragment => format!("continues {to}"),
            LinkKind::Announced => format!("belongs to {to}"),
            // A frame that was not complete when the other side closed comes behind the close.
            LinkKind::Violation if reacted(session, unit, link.to) => format!("answered by {to}"),
            LinkKind::Violation => format!("{after} after {to} broke the protocol"),
        }
    };
    let fragmented = session.links(unit.id).iter().any(|(_, link)| link.kind == LinkKind::Fragment);
    let inflated = session.inflated_length(unit.id).map(|length| match fragmented {
        false => format!(
            "{} on the wire, {} inflated",
            words::count(unit.length, "byte"),
            words::thousands(length)
        ),
        true => format!("inflated to {}", words::count(length, "byte")),
    });
    session.links(unit.id).iter().map(phrase).chain(inflated).collect()
}

/// Whether `to` is how the other peer reacted to a frame that broke the protocol, and not that frame.
fn reacted(session: &Session, unit: &UnitRef, to: UnitId) -> bool {
    unit.kind == UnitKind::Frame && session.unit(to).is_some_and(|to| to.at > unit.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("äöü", 2), "äö…");
    }
}
