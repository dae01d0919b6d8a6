//! The extensions that a client offers and those that a server chooses (RFC 6455 §9.1, RFC 7692 §7.1).

use std::collections::HashSet;

use super::head::Head;
use super::text::{crop, text};
use super::{deflate_offer, rules, wire};
use crate::decode::field::Rule;
use crate::decode::sink::Sink;
use crate::decode::unit::Span;
use crate::decode::websocket::extensions::{self, Extension};

/// Says what is wrong with the offers in a request.
pub(super) fn offered(head: &Head, bytes: &[u8], sink: &mut Sink) {
    let offers = read(head, bytes, sink);
    let mut deflate = offers.extensions.iter().filter(|e| e.name == deflate_offer::NAME);
    if let Some(problem) = deflate.find_map(deflate_offer::offer_problem) {
        sink.finding(&rules::DEFLATE_OFFER_BAD, offers.at, problem);
    }
}

/// Says what is wrong with the extensions that a server chose; `offered` is `None` where the request is not known.
/// Returns whether nothing is.
pub(super) fn chosen(head: &Head, bytes: &[u8], offered: Option<&[Extension]>, sink: &mut Sink) -> bool {
    let chosen = read(head, bytes, sink);
    match offered.and_then(|offered| problem(offered, &chosen.extensions)) {
        Some((rule, detail)) => {
            sink.finding(rule, chosen.at, detail);
            false
        }
        None => chosen.readable,
    }
}

/// The first rule that `chosen` breaks.
fn problem(offered: &[Extension], chosen: &[Extension]) -> Option<(&'static Rule, String)> {
    let names: HashSet<&str> = offered.iter().map(|e| e.name.as_str()).collect();
    if let Some(unasked) = chosen.iter().find(|e| !names.contains(e.name.as_str())) {
        return Some((&rules::EXTENSION_NOT_OFFERED, crop(&unasked.name, 60)));
    }
    let mut answers = chosen.iter().filter(|e| e.name == deflate_offer::NAME);
    let answer = answers.next()?;
    if answers.next().is_some() {
        return Some((&rules::DEFLATE_ANSWER_BAD, "it is chosen twice".to_owned()));
    }
    let offers: Vec<&Extension> = offered.iter().filter(|e| e.name == deflate_offer::NAME).collect();
    let problem = deflate_offer::answer_problem(&offers, answer)?;
    Some((&rules::DEFLATE_ANSWER_BAD, problem))
}

/// What stands in all `Sec-WebSocket-Extensions` fields together.
struct Read {
    extensions: Vec<Extension>,
    /// The value of the first field.
    at: Span,
    /// Whether all fields could be read.
    readable: bool,
}

/// Reads all fields; those that cannot be read are findings.
fn read(head: &Head, bytes: &[u8], sink: &mut Sink) -> Read {
    let first = head.fields(bytes, "sec-websocket-extensions").next();
    let at = first.map(|h| wire(&h.value)).unwrap_or_default();
    let mut read = Read { extensions: Vec::new(), at, readable: true };
    for header in head.fields(bytes, "sec-websocket-extensions") {
        match extensions::parse(&text(bytes, &header.value)) {
            Ok(extensions) => read.extensions.extend(extensions),
            Err(why) => {
                read.readable = false;
                sink.finding(&rules::EXTENSIONS_BAD, wire(&header.value), why);
            }
        }
    }
    read
}

/// As [`read`], of a message whose own unit has said already what is wrong with it.
pub(super) fn of(head: &Head, bytes: &[u8]) -> Vec<Extension> {
    let values = head.values(bytes, "sec-websocket-extensions");
    values.filter_map(|v| extensions::parse(&String::from_utf8_lossy(v)).ok()).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(name: &str) -> Extension {
        Extension { name: name.to_owned(), parameters: Vec::new() }
    }

    #[test]
    fn only_what_was_offered_may_be_chosen() {
        let deflate = [extension(deflate_offer::NAME)];
        let twice = [extension(deflate_offer::NAME), extension(deflate_offer::NAME)];
        let other = [extension("x")];
        for (offered, chosen, rule) in [
            (&deflate[..], &deflate[..], None),
            (&deflate, &[], None),
            (&[], &deflate, Some("http.extension_not_offered")),
            (&deflate, &other, Some("http.extension_not_offered")),
            (&deflate, &twice, Some("http.deflate_answer_bad")),
        ] {
            assert_eq!(problem(offered, chosen).map(|(rule, _)| rule.key), rule, "{chosen:?}");
        }
    }
}
