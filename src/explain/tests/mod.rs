//! What is explained, of recorded and of made-up conversations, and whether everything is.

mod conversations;
mod recorded;
mod registry;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::context::Context;
use super::{Explanation, field, finding, layer, text, unit};
use crate::decode::sink::Detail;
use crate::decode::unit::{Layer, Node, Tree, Value};
use crate::session::{Session, UnitRef, headline};

/// What is explained of a session: each unit, and each kind of field, value and finding once.
#[derive(Default)]
struct Explained {
    units: String,
    fields: String,
    findings: String,
    /// The texts of units and packets that were used.
    texts: BTreeSet<&'static str>,
    seen: BTreeSet<String>,
}

impl Explained {
    fn session(&mut self, session: &Session) {
        for id in session.ids() {
            let of = session.unit(id).unwrap();
            let tree = session.look(&of, Detail::Tree).unwrap();
            let line = headline::of(&tree).text;
            let line: String = line.chars().take(100).collect();
            let said = unit(session, &of, &tree);
            let arrow = if of.dir == crate::wire::Direction::ToServer { ">" } else { "<" };
            write!(self.units, "{} {arrow} {}\n{}\n", id.0, line.escape_debug(), shown(&said)).unwrap();
            tree.layers.iter().for_each(|outermost| self.layer(session, &of, &tree, outermost));
            for (_, found) in session.findings(id) {
                if self.seen.insert(found.rule.key.to_owned()) {
                    writeln!(self.findings, "{}\n{}", found.rule.key, shown(&finding(found))).unwrap();
                }
            }
        }
    }

    fn layer(&mut self, session: &Session, unit: &UnitRef, tree: &Tree, of: &Layer) {
        let context = Context { session, unit, tree, layer: of };
        self.texts.insert(text(&context).unwrap().key);
        check(&layer(session, unit, tree, of));
        of.nodes.iter().for_each(|node| self.node(session, unit, tree, node));
        of.inside.iter().for_each(|inside| self.layer(session, unit, tree, inside));
    }

    fn node(&mut self, session: &Session, unit: &UnitRef, tree: &Tree, node: &Node) {
        let value = match node.value {
            Value::Unsigned(number) if node.def.value(number).is_some() => number.to_string(),
            _ => String::new(),
        };
        if self.seen.insert(format!("{}={value}", node.def.key)) {
            let said = field(session, unit, tree, node);
            check(&said);
            writeln!(self.fields, "{}\n{}", node.def.key, shown(&said)).unwrap();
        }
        node.children.iter().for_each(|child| self.node(session, unit, tree, child));
    }
}

/// No placeholder was left, and no value was missing where one is needed.
fn check(said: &Explanation) {
    assert!(!said.title.is_empty() && !said.what.is_empty() && !said.spec.is_empty(), "{said:?}");
    let template = [&said.why, &said.next];
    assert!(!template.iter().any(|text| text.starts_with('…') || text.contains(" …")), "{said:?}");
    for text in [&said.what, &said.why, &said.next] {
        assert!(text.is_empty() || text.ends_with(['.', ':', '`']), "{text:?}");
    }
}

/// An explanation in lines.
fn shown(said: &Explanation) -> String {
    let mut lines = format!("  {}\n", said.title);
    for text in [&said.value, &said.what, &said.why, &said.next] {
        if !text.is_empty() {
            let text: String = text.chars().take(400).collect();
            let text: String = text
                .chars()
                .flat_map(|c| match c {
                    '\n' | '\r' | '\u{1e}' => c.escape_debug().collect::<Vec<_>>(),
                    c => vec![c],
                })
                .collect();
            for (number, line) in crate::words::fold(&text, 116).iter().enumerate() {
                writeln!(lines, "  {} {line}", if number == 0 { "-" } else { " " }).unwrap();
            }
        }
    }
    writeln!(lines, "  [{}]", said.spec).unwrap();
    lines
}
