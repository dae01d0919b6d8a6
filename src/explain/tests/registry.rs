//! Every definition has a text, and each text is a good one as far as a program can tell.

use std::collections::{HashMap, HashSet};

use crate::decode::protocols;
use crate::explain::context::{NAMES, ROLES};
use crate::explain::{TABLES, find, template};

/// Every text, and what it belongs to.
fn all() -> Vec<(String, &'static str)> {
    let mut all = Vec::new();
    for table in TABLES {
        for text in table.units {
            let parts = [("what", text.what), ("why", text.why), ("next", text.next)];
            all.extend(parts.map(|(part, said)| (format!("{} {part}", text.key), said)));
        }
        let lists = [table.fields, table.values, table.rules];
        all.extend(lists.into_iter().flatten().map(|(key, text)| ((*key).to_owned(), *text)));
    }
    all
}

#[test]
fn every_definition_has_a_text() {
    let mut missing = Vec::new();
    let mut known = HashSet::new();
    for protocol in protocols() {
        assert!(TABLES.iter().any(|table| table.protocol == protocol.key), "{}", protocol.key);
        for field in protocol.fields {
            known.insert(field.key.to_owned());
            missing.extend(find(|t| t.fields, field.key).is_none().then_some(field.key.to_owned()));
            for value in field.values {
                let key = format!("{}={}", field.key, value.value);
                missing.extend(find(|t| t.values, &key).is_none().then_some(key.clone()));
                known.insert(key);
            }
        }
        for rule in protocol.rules {
            known.insert(rule.key.to_owned());
            missing.extend(find(|t| t.rules, rule.key).is_none().then_some(rule.key.to_owned()));
        }
    }
    assert!(missing.is_empty(), "without a text: {missing:#?}");
    for table in TABLES {
        for (key, _) in [table.fields, table.values, table.rules].into_iter().flatten() {
            assert!(known.remove(*key), "{key} is unknown, or has two texts");
        }
    }
}

#[test]
fn no_two_definitions_share_a_text() {
    let meanings = protocols().flat_map(|protocol| {
        let values = protocol.fields.iter().flat_map(|field| field.values.iter());
        let values = values.map(|value| (value.name.to_owned(), value.meaning));
        let fields = protocol.fields.iter().map(|field| (field.key.to_owned(), field.meaning));
        fields.chain(values).chain(protocol.rules.iter().map(|rule| (rule.key.to_owned(), rule.meaning)))
    });
    let mut seen: HashMap<&str, String> = HashMap::new();
    let mut shared = Vec::new();
    for (key, text) in all().into_iter().chain(meanings) {
        for sentence in text.split_inclusive(". ").map(str::trim).filter(|s| s.len() > 40) {
            if let Some(before) = seen.insert(sentence, key.clone()) {
                shared.push(format!("{before} and {key}: {sentence}"));
            }
        }
    }
    assert!(shared.is_empty(), "{shared:#?}");
    let mut keys = HashSet::new();
    assert!(TABLES.iter().flat_map(|table| table.units).all(|text| keys.insert(text.key)));
}

#[test]
fn texts_are_whole_sentences_of_bounded_length() {
    let mut wrong = Vec::new();
    for (key, text) in all() {
        let length = text.chars().count();
        let words: Vec<&str> = text.split(' ').collect();
        let is_good = (60..=500).contains(&length)
            && text.trim_end_matches(']').ends_with('.')
            && text.starts_with(|c: char| !c.is_lowercase() || text.starts_with("wirewalk"))
            && !text.contains("  ")
            && text.trim() == text
            && text.matches('`').count() % 2 == 0
            && !words.windows(2).any(|pair| pair[0].eq_ignore_ascii_case(pair[1]));
        if !is_good {
            wrong.push(format!("{key}, {length} characters: {text}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for text in TABLES.iter().flat_map(|table| table.units) {
        assert!(text.spec.contains(' ') && !text.title.ends_with('.'), "{}", text.key);
    }
}

#[test]
fn placeholders_name_values_that_there_are() {
    let fields: HashSet<&str> = protocols().flat_map(|p| p.fields.iter().map(|field| field.key)).collect();
    for (key, text) in all() {
        assert_eq!(text.matches('{').count(), text.matches('}').count(), "{key}: {text}");
        assert_eq!(text.matches('[').count(), text.matches(']').count(), "{key}: {text}");
        for name in template::names(text) {
            let known = fields.contains(name)
                || NAMES.contains(&name)
                || ROLES.iter().any(|(role, _)| *role == name.trim_end_matches("_after"))
                || name.starts_with("query:");
            assert!(known, "{key} names {name}");
        }
    }
}
