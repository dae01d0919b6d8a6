//! What a unit, a field and a finding are, why they are there, and what comes next, in sentences for a second-year student.
//!
//! The texts stand in one table for each protocol, next to each other; [`template`] says how they are written, and
//! [`context`] which values of a unit they may use. This module chooses the text and fills it.

pub mod calls;
mod context;
mod engineio;
mod formats;
mod http;
mod jsonrpc;
mod socketio;
mod tcp;
mod template;
mod websocket;

#[cfg(test)]
mod tests;

use context::Context;
use template::Text;

use crate::decode::unit::{Finding, Layer, Node, Tree, Value};
use crate::session::{Session, UnitRef, value};

/// So many characters of a value are told.
const MAX_VALUE: usize = 2000;

/// An explanation. It may quote a peer's raw characters: whoever shows it escapes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// What it is called.
    pub title: String,
    /// Of a field: how its value reads. Where the field holds a secret, so does this. Of a finding: its own values.
    pub value: String,
    /// What this is, with its own values.
    pub what: String,
    /// Why it is there; of a finding, that stands in `what`.
    pub why: String,
    /// What to expect next, or what to do; may be empty.
    pub next: String,
    /// The section to read.
    pub spec: &'static str,
}

/// All that is said of one protocol.
struct Table {
    /// The protocol's key.
    protocol: &'static str,
    /// The texts of its units and packets.
    #[cfg(test)]
    units: &'static [&'static Text],
    /// Which of them belongs to a layer.
    pick: fn(&Context<'_>) -> &'static Text,
    /// By the key of a field: what it is used for.
    fields: &'static [(&'static str, &'static str)],
    /// By the key of a field and a value that has a name, such as `websocket.opcode=1`: what follows from it.
    values: &'static [(&'static str, &'static str)],
    /// By the key of a rule: what comes of breaking it, or what to do.
    rules: &'static [(&'static str, &'static str)],
}

static TABLES: &[&Table] = &[
    &tcp::TABLE,
    &http::TABLE,
    &websocket::TABLE,
    &engineio::TABLE,
    &socketio::TABLE,
    &jsonrpc::TABLE,
    &formats::JSON,
    &formats::TEXT,
    &formats::DATA,
];

/// Explains a unit as a whole, by the layer that says most of it. `tree` is what it was decoded to, with all fields.
pub fn unit(session: &Session, unit: &UnitRef, tree: &Tree) -> Explanation {
    tree.layers
        .first()
        .map_or_else(Explanation::default, |outermost| layer(session, unit, tree, innermost(outermost)))
}

/// Explains one layer of a unit.
pub fn layer(session: &Session, unit: &UnitRef, tree: &Tree, layer: &Layer) -> Explanation {
    let context = Context { session, unit, tree, layer };
    let Some(text) = text(&context) else { return Explanation::default() };
    let mut what = context.fill(text.what);
    for remark in context.carriage(text) {
        what.push(' ');
        what.push_str(&context.fill(remark));
    }
    Explanation {
        title: text.title.to_owned(),
        value: String::new(),
        what,
        why: context.fill(text.why),
        next: context.fill(text.next),
        spec: text.spec,
    }
}

/// The text that belongs to a layer.
fn text(context: &Context<'_>) -> Option<&'static Text> {
    let table = TABLES.iter().find(|table| table.protocol == context.layer.protocol.key)?;
    Some((table.pick)(context))
}

/// Explains a field of a unit: what it means, how its value reads, what it is used for, and what follows from a value that
/// has a name.
pub fn field(session: &Session, unit: &UnitRef, tree: &Tree, node: &Node) -> Explanation {
    let filled = |text: &str| match tree.layers.first() {
        Some(layer) => Context { session, unit, tree, layer }.fill(text),
        None => String::new(),
    };
    let named = match node.value {
        Value::Unsigned(number) => node.def.value(number),
        _ => None,
    };
    let what = match named {
        Some(named) => {
            format!("{} Here {} ({}): {}", node.def.meaning, named.value, named.name, named.meaning)
        }
        None => node.def.meaning.to_owned(),
    };
    let of_value = named.and_then(|named| find(|t| t.values, &format!("{}={}", node.def.key, named.value)));
    Explanation {
        title: node.def.label.to_owned(),
        value: value::text(node, tree, MAX_VALUE),
        what,
        why: find(|t| t.fields, node.def.key).map(filled).unwrap_or_default(),
        next: of_value.map(filled).unwrap_or_default(),
        spec: node.def.spec,
    }
}

/// Explains a finding: what is the case and why it matters, and what comes of it or what to do.
pub fn finding(finding: &Finding) -> Explanation {
    let rule = finding.rule;
    Explanation {
        title: rule.title.to_owned(),
        value: finding.detail.clone(),
        what: rule.meaning.to_owned(),
        why: String::new(),
        next: find(|t| t.rules, rule.key).unwrap_or_default().to_owned(),
        spec: rule.spec,
    }
}

/// What the tables say of a key.
fn find(list: fn(&Table) -> &'static [(&'static str, &'static str)], key: &str) -> Option<&'static str> {
    let mut all = TABLES.iter().flat_map(|table| list(table));
    all.find(|(known, _)| *known == key).map(|(_, text)| *text)
}

/// The layer that says most of a unit: the innermost one, as long as each carries exactly one other that is no mere way to
/// write data.
fn innermost(layer: &Layer) -> &Layer {
    match layer.inside.as_slice() {
        [inside] if !inside.protocol.is_format && !layer.says_more => innermost(inside),
        _ => layer,
    }
}
