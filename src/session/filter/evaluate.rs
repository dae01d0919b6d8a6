//! Whether a unit fulfils a filter. What the index knows is asked first; the unit is decoded only if that does not
//! decide, and then once.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::sync::Arc;

use memchr::memmem::Finder;
use regex::bytes::Regex;

use super::literal::Slice;
use super::names::{Property, Read, Subject};
use super::parser::Quantifier;
use super::value::{Seen, Wanted};
use crate::decode::field::FieldDef;
use crate::decode::sink::{Detail, Only};
use crate::decode::unit::{Layer, Node, Tree};
use crate::session::calls::{Call, CallId, Calls};
use crate::session::headline::{self, Headline};
use crate::session::{Session, StoreError, UnitRef};

/// A filter, checked.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// The cheaper stand before the dearer, here and in `Or`.
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Check(Box<Check>),
}

/// One condition.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub subject: Subject,
    pub slice: Option<Slice>,
    pub quantifier: Quantifier,
    pub test: Test,
    /// Whether the test must fail.
    pub negated: bool,
}

/// What is asked of a value.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Present,
    OneOf(Vec<Item>),
    Ordered(Order, Wanted),
    Contains(Box<Finder<'static>>),
    Matches(Regex),
}

/// A value, or all from the first to the last.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Value(Wanted),
    Range(Wanted, Wanted),
}

/// How a value must stand to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What must be done to decide a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cost {
    /// Ask the index.
    Index,
    /// Compare the unit's bytes with what was traced.
    Calls,
    /// Decode the unit's summaries.
    Headline,
    /// Decode its fields.
    Fields,
}

impl Condition {
    pub fn and(parts: Vec<Condition>) -> Condition {
        Condition::And(cheapest_first(parts))
    }

    pub fn or(parts: Vec<Condition>) -> Condition {
        Condition::Or(cheapest_first(parts))
    }

    /// Whether only calls are asked about.
    pub fn is_of_calls(&self) -> bool {
        match self {
            Condition::And(parts) | Condition::Or(parts) => parts.iter().all(Condition::is_of_calls),
            Condition::Not(inner) => inner.is_of_calls(),
            Condition::Check(check) => check.subject.is_of_calls(),
        }
    }

    /// The dearest thing that may have to be done.
    pub fn cost(&self) -> Cost {
        match self {
            Condition::And(parts) | Condition::Or(parts) => {
                parts.iter().map(Condition::cost).max().unwrap_or(Cost::Index)
            }
            Condition::Not(inner) => inner.cost(),
            Condition::Check(check) => match check.subject {
                Subject::Field(_) => Cost::Fields,
                Subject::Property(property) => match property.read {
                    Read::Index(_) => Cost::Index,
                    Read::Calls(_) => Cost::Calls,
                    Read::Headline(_) => Cost::Headline,
                },
            },
        }
    }

    /// What of a unit it asks about.
    pub fn only(&self) -> Only {
        let mut only = Only::default();
        self.ask_for(&mut only);
        only
    }

    fn ask_for(&self, only: &mut Only) {
        match self {
            Condition::And(parts) | Condition::Or(parts) => parts.iter().for_each(|part| part.ask_for(only)),
            Condition::Not(inner) => inner.ask_for(only),
            Condition::Check(check) => match check.subject {
                Subject::Field(def) => only.fields.push(def),
                Subject::Property(property) => only.summaries |= matches!(property.read, Read::Headline(_)),
            },
        }
    }

    pub fn holds(&self, unit: &impl Asked) -> Result<bool, StoreError> {
        match self {
            Condition::And(parts) => {
                for part in parts {
                    if !part.holds(unit)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Condition::Or(parts) => {
                for part in parts {
                    if part.holds(unit)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Condition::Not(inner) => Ok(!inner.holds(unit)?),
            Condition::Check(check) => check.holds(unit),
        }
    }
}

fn cheapest_first(mut parts: Vec<Condition>) -> Vec<Condition> {
    parts.sort_by_key(Condition::cost);
    parts
}

/// Something that has values.
pub(super) trait Asked {
    /// Hands on each value of the subject.
    fn each(&self, subject: Subject, take: &mut dyn FnMut(Seen<'_>)) -> Result<(), StoreError>;
}

/// A single call that is asked about. It has no values but those of calls.
pub(super) struct OneCall<'a> {
    pub calls: &'a Calls,
    pub call: &'a Call,
}

impl Asked for OneCall<'_> {
    fn each(&self, subject: Subject, take: &mut dyn FnMut(Seen<'_>)) -> Result<(), StoreError> {
        if let Subject::Property(Property { read: Read::Calls(read), .. }) = subject {
            read(self.calls, self.call, take);
        }
        Ok(())
    }
}

/// A unit that is asked about, decoded at most once.
pub(super) struct Unit<'a> {
    session: &'a Session,
    unit: &'a UnitRef,
    /// What is kept of its fields; none where only its summaries are asked for.
    only: Option<&'a Arc<Only>>,
    tree: OnceCell<Tree>,
    headline: OnceCell<Headline>,
    calls: OnceCell<Vec<CallId>>,
}

impl<'a> Unit<'a> {
    pub fn new(session: &'a Session, unit: &'a UnitRef, only: Option<&'a Arc<Only>>) -> Unit<'a> {
        Unit { session, unit, only, tree: OnceCell::new(), headline: OnceCell::new(), calls: OnceCell::new() }
    }

    fn tree(&self) -> Result<&Tree, StoreError> {
        if let Some(tree) = self.tree.get() {
            return Ok(tree);
        }
        let tree = match self.only {
            Some(only) => self.session.look_for(self.unit, only)?,
            None => self.session.look(self.unit, Detail::Summary)?,
        };
        Ok(self.tree.get_or_init(|| tree))
    }

    fn headline(&self) -> Result<&Headline, StoreError> {
        let tree = self.tree()?;
        Ok(self.headline.get_or_init(|| headline::of(tree)))
    }

    /// The calls that belong to it.
    fn calls(&self) -> Result<&[CallId], StoreError> {
        if let Some(calls) = self.calls.get() {
            return Ok(calls);
        }
        let calls = self.session.calls().tree(&self.session.calls_of(self.unit)?).calls();
        Ok(self.calls.get_or_init(|| calls))
    }
}

impl Asked for Unit<'_> {
    fn each(&self, subject: Subject, take: &mut dyn FnMut(Seen<'_>)) -> Result<(), StoreError> {
        match subject {
            Subject::Property(property) => match property.read {
                Read::Index(read) => read(self.session, self.unit, take),
                Read::Calls(read) => {
                    let calls = self.session.calls();
                    self.calls()?
                        .iter()
                        .filter_map(|id| calls.get(*id))
                        .for_each(|call| read(calls, call, take));
                }
                Read::Headline(read) => read(self.headline()?, take),
            },
            Subject::Field(def) => {
                let tree = self.tree()?;
                in_layers(&tree.layers, def, tree, take);
            }
        }
        Ok(())
    }
}

fn in_layers(layers: &[Layer], def: &FieldDef, tree: &Tree, take: &mut dyn FnMut(Seen<'_>)) {
    for layer in layers {
        in_nodes(&layer.nodes, def, tree, take);
        in_layers(&layer.inside, def, tree, take);
    }
}

fn in_nodes(nodes: &[Node], def: &FieldDef, tree: &Tree, take: &mut dyn FnMut(Seen<'_>)) {
    for node in nodes {
        if std::ptr::eq(node.def, def) {
            take(Seen::of(node, tree));
        }
        in_nodes(&node.children, def, tree, take);
    }
}

impl Check {
    fn holds(&self, unit: &impl Asked) -> Result<bool, StoreError> {
        let (mut any, mut all, mut none) = (false, true, true);
        unit.each(self.subject, &mut |value| {
            let holds = match self.slice {
                None => self.test.holds(value),
                Some(slice) => match value.bytes().as_deref().and_then(|bytes| slice.of(bytes)) {
                    Some(part) => self.test.holds(Seen::Bytes(part)),
                    // There is no such part to be equal or different.
                    None => return,
                },
            };
            let holds = holds != self.negated;
            none = false;
            any |= holds;
            all &= holds;
        })?;
        Ok(match self.quantifier {
            Quantifier::Any => any,
            Quantifier::All => all && !none,
        })
    }
}

impl Test {
    fn holds(&self, value: Seen<'_>) -> bool {
        match self {
            Test::Present => true,
            Test::OneOf(items) => items.iter().any(|item| match item {
                Item::Value(wanted) => wanted.equals(value),
                Item::Range(first, last) => {
                    Order::GreaterOrEqual.is(first.order(value)) && Order::LessOrEqual.is(last.order(value))
                }
            }),
            Test::Ordered(order, wanted) => order.is(wanted.order(value)),
            Test::Contains(needle) => {
                let written = matches!(value, Seen::Json(text) if needle.find(text.as_bytes()).is_some());
                written || value.bytes().is_some_and(|bytes| needle.find(&bytes).is_some())
            }
            Test::Matches(regex) => value.bytes().is_some_and(|bytes| regex.is_match(&bytes)),
        }
    }
}

impl Order {
    fn is(self, order: Option<Ordering>) -> bool {
        order.is_some_and(|order| match self {
            Order::Less => order.is_lt(),
            Order::LessOrEqual => order.is_le(),
            Order::Greater => order.is_gt(),
            Order::GreaterOrEqual => order.is_ge(),
        })
    }
}
