//! The registry of protocols, fields and rules: what every view, filter and explanation is made of.

use std::collections::HashMap;

use wirewalk::decode::protocols;

/// Keys that Wireshark has under another protocol's name, or that tell of something between two protocols.
fn belongs(key: &str, protocol: &str) -> bool {
    let other: &[&str] = match protocol {
        "tcp" => &["tls.", "websocket.dropped", "websocket.close_unanswered"],
        "http" => &["websocket."],
        _ => &[],
    };
    key.starts_with(&format!("{protocol}.")) || other.iter().any(|prefix| key.starts_with(prefix))
}

fn one_of_a_kind<'a>(what: &str, all: impl Iterator<Item = (&'a str, &'a str)>) {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for (text, key) in all {
        if let Some(before) = seen.insert(text, key) {
            panic!("{before} and {key} share the {what} {text:?}");
        }
    }
    assert!(seen.len() > 20, "too few to be all");
}

#[test]
fn keys_and_explanations_are_of_their_own() {
    let fields = || protocols().flat_map(|p| p.fields.iter());
    let rules = || protocols().flat_map(|p| p.rules.iter());
    one_of_a_kind("key", fields().map(|f| (f.key, f.key)).chain(rules().map(|r| (r.key, r.key))));
    let meanings = fields().map(|f| (f.meaning, f.key)).chain(rules().map(|r| (r.meaning, r.key)));
    one_of_a_kind("meaning", meanings);
    let values = fields().flat_map(|f| f.values.iter().map(|v| (v.meaning, f.key)));
    one_of_a_kind("meaning of a value", values);
}

#[test]
fn every_definition_is_complete() {
    for protocol in protocols() {
        let keys = protocol.fields.iter().map(|f| f.key).chain(protocol.rules.iter().map(|r| r.key));
        for key in keys {
            assert!(belongs(key, protocol.key), "{key} stands in {}", protocol.key);
            assert!(
                key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c)),
                "{key}"
            );
        }
        for (key, meaning, spec) in protocol
            .fields
            .iter()
            .map(|f| (f.key, f.meaning, f.spec))
            .chain(protocol.rules.iter().map(|r| (r.key, r.meaning, r.spec)))
        {
            assert!(meaning.len() >= 20 && meaning.trim_end().ends_with('.'), "{key}: {meaning:?}");
            assert!(!spec.is_empty(), "{key} names no specification");
        }
    }
}
