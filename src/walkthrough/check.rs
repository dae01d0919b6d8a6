//! Whether everything in a walkthrough is so: in its own text, and in the session that it walks through.

use std::collections::HashSet;
use std::time::Duration;

use pulldown_cmark::{Event, Tag};

use super::fault::{Fault, Findings, Written, nearest};
use super::prose;
use super::question;
use super::route::{self, Growth, Reached, Route, Stop};
use super::{Focus, Step, Walkthrough};
use crate::decode::sink::Detail;
use crate::decode::unit::{Layer, Node, UnitId};
use crate::session::calls::CallId;
use crate::session::filter::{self, Filter, Known};
use crate::session::{Session, StoreError};
use crate::words;

/// So many units are searched for one that fulfils what a step asks for, to say why it is not the step's.
const MAX_SEARCHED: usize = 20_000;

/// All that is not so, in the order of the text. Fails where the session's bytes cannot be read back.
pub fn check(walk: &Walkthrough, session: &Session) -> Result<Vec<Fault>, StoreError> {
    let mut route = Route::default();
    route.extend(walk, session, Growth::Over)?;
    let mut checker = Checker { walk, session, route, findings: Findings::new(&walk.file, &walk.text) };
    checker.whole();
    for (at, step) in walk.steps.iter().enumerate() {
        checker.alone(at, step);
        checker.step(at, step)?;
    }
    let mut faults = checker.findings.faults;
    faults.sort_by_key(|fault| (fault.line, fault.column));
    Ok(faults)
}

struct Checker<'a> {
    walk: &'a Walkthrough,
    session: &'a Session,
    route: Route,
    findings: Findings<'a>,
}

impl Checker<'_> {
    fn whole(&mut self) {
        let minutes = &self.walk.minutes;
        let time = self.walk.time_from(0);
        if time > Duration::from_secs(u64::from(minutes.value) * 60) {
            let seconds = time.as_secs();
            self.findings.add(
                minutes.at,
                format!("the steps take {} min {} s together, which is more", seconds / 60, seconds % 60),
            );
        }
        for (name, versions) in &self.walk.packages {
            let recorded = self.session.calls().packages();
            let of_name: Vec<_> = recorded.iter().filter(|package| package.name == name.value).collect();
            if of_name.is_empty() {
                let known = nearest(&name.value, recorded.iter().map(|package| package.name.as_str()));
                self.findings.add_with(
                    name.at,
                    format!("the recording has no call of a package {:?}", name.value),
                    known,
                );
            }
            for version in of_name.iter().filter_map(|package| package.version.as_deref()) {
                if !super::fits(versions, version) {
                    self.findings.add(
                        name.at,
                        format!(
                            "the recording has {} {version}, and the text is true of {versions}",
                            name.value
                        ),
                    );
                }
            }
        }
        self.links();
    }

    /// Links to steps lead to steps.
    fn links(&mut self) {
        let ids: Vec<&str> = self.walk.steps.iter().map(|step| step.id.value.as_str()).collect();
        for (event, range) in prose::parser(&self.walk.text).into_offset_iter() {
            let Event::Start(Tag::Link { dest_url, .. }) = event else { continue };
            if let Some(id) = dest_url.strip_prefix('#').filter(|id| !ids.contains(id)) {
                let near = nearest(id, ids.iter().copied()).into_iter().map(|id| format!("#{id}")).collect();
                self.findings.add_with(range.start, format!("there is no step {id:?} to link to"), near);
            }
        }
    }

    /// What is wrong with a step whatever the session is.
    fn alone(&mut self, at: usize, step: &Step) {
        if step.when.is_none() && (step.next || step.optional || step.any_order.is_some()) {
            self.findings
                .add(step.id.at, "next, optional and any-order say when a step is; this one has no when");
        }
        if let Some(group) = &step.any_order {
            let is_same =
                |other: Option<&Step>| other.is_some_and(|other| other.any_order.as_ref() == Some(group));
            let before = at.checked_sub(1).and_then(|at| self.walk.steps.get(at));
            if !is_same(before) && !is_same(self.walk.steps.get(at + 1)) {
                self.findings.add(step.id.at, format!("no step beside this one is in the group {group:?}"));
            }
        }
        for name in [
            step.focus.as_ref().map(|focus| (&focus.value.key, focus.at)),
            step.ask.as_ref().map(|ask| (&ask.answer.field.value, ask.answer.field.at)),
        ] {
            if let Some((name, at)) = name
                && let Known::Nothing(near) = filter::known(name)
            {
                let near = near.into_iter().map(str::to_owned).collect();
                self.findings.add_with(at, format!("there is no field {name}"), near);
            }
        }
    }

    fn step(&mut self, at: usize, step: &Step) -> Result<(), StoreError> {
        let stop = match self.route.reached(at) {
            Reached::At(stop) => stop,
            // Nothing can be said of what is not there, but that it should be.
            _ if step.optional || step.when.is_none() => return Ok(()),
            _ => return self.missing(at, step),
        };
        if let Some(focus) = &step.focus {
            self.focus(focus, stop)?;
        }
        self.calls(step, stop)?;
        self.question(step, stop)
    }

    /// No unit is the one that a step asks for: says why.
    fn missing(&mut self, at: usize, step: &Step) -> Result<(), StoreError> {
        let Some(when) = &step.when else { return Ok(()) };
        let before =
            (0..at).rev().find_map(|before| self.route.reached(before).stop().map(|stop| (before, stop)));
        let behind = match before.and_then(|(before, stop)| Some((self.walk.steps.get(before)?, stop))) {
            Some((step, Stop { unit: Some(unit), .. })) => {
                format!(" from unit {} on, where step {:?} is", unit.0, step.id.value)
            }
            Some((step, _)) => format!(" behind step {:?}", step.id.value),
            None => String::new(),
        };
        let what = if when.value.is_of_calls() { "call" } else { "unit" };
        let elsewhere = match self.first(&when.value)? {
            Some(unit) if !when.value.is_of_calls() => format!("; unit {} does, which comes before", unit.0),
            _ => "; none in the whole recording does".to_owned(),
        };
        self.findings.add(when.at, format!("no {what}{behind} fulfils this{elsewhere}"));
        Ok(())
    }

    fn first(&self, filter: &Filter) -> Result<Option<UnitId>, StoreError> {
        for unit in self.session.ids().take(MAX_SEARCHED).filter_map(|id| self.session.unit(id)) {
            if filter.matches(self.session, &unit)? {
                return Ok(Some(unit.id));
            }
        }
        Ok(None)
    }

    fn focus(&mut self, focus: &Written<Focus>, stop: Stop) -> Result<(), StoreError> {
        let Some(unit) = route::unit(self.session, stop) else {
            self.findings.add(focus.at, "this step shows no unit, so there is no field to light up");
            return Ok(());
        };
        if matches!(filter::known(&focus.value.key), Known::Nothing(_)) {
            return Ok(());
        }
        let tree = self.session.look(&unit, Detail::Tree)?;
        let mut keys = Vec::new();
        in_layers(&tree.layers, &mut keys);
        let count = keys.iter().filter(|key| **key == focus.value.key).count();
        if count == 0 {
            let near = nearest(&focus.value.key, keys.iter().copied());
            self.findings.add_with(focus.at, format!("unit {} has no {}", unit.id.0, focus.value.key), near);
        } else if count <= focus.value.nth {
            let (found, wanted) = (words::count(count as u64, "field"), focus.value.nth);
            self.findings.add(
                focus.at,
                format!(
                    "unit {} has {found} of this name, counted from #0; there is no #{wanted}",
                    unit.id.0
                ),
            );
        }
        Ok(())
    }

    fn calls(&mut self, step: &Step, stop: Stop) -> Result<(), StoreError> {
        if step.calls.is_empty() && !step.pane.is_some_and(super::Pane::has_calls) {
            return Ok(());
        }
        let tree = route::tree(self.session, stop)?;
        let whose = stop.unit.map_or("the start".to_owned(), |unit| format!("unit {}", unit.0));
        if step.calls.is_empty() && tree.is_empty() {
            self.findings.add(step.id.at, format!("the pane shows calls, and none belongs to {whose}"));
        }
        for (names, found) in step.calls.iter().zip(route::named(self.session, step, &tree)) {
            let Some(first) = names.first() else {
                self.findings
                    .add(step.id.at, "a list in calls is empty; each has a symbol and its alternatives");
                continue;
            };
            if found.is_none() {
                let (message, near) = self.not_called(names, &tree.calls(), &whose);
                self.findings.add_with(first.at, message, near);
            }
        }
        Ok(())
    }

    /// Why no call of a stop is one of these.
    fn not_called(&self, names: &[Written<String>], here: &[CallId], whose: &str) -> (String, Vec<String>) {
        let symbol = |call: &CallId| route::function(self.session, *call).map(|function| &*function.symbol);
        let written = names.iter().map(|name| name.value.as_str()).collect::<Vec<_>>().join(" or ");
        let is_named = |symbol: &str| names.iter().any(|name| name.value == symbol);
        if here.iter().filter_map(symbol).any(is_named) {
            return (
                format!("{written} was called for {whose}, but not behind the one that is named before it"),
                Vec::new(),
            );
        }
        let all: HashSet<&str> =
            self.session.calls().all().iter().filter_map(|call| symbol(&call.id)).collect();
        if all.iter().copied().any(is_named) {
            return (format!("{written} was called, but not for {whose}"), Vec::new());
        }
        let first = names.first().map(|name| name.value.as_str()).unwrap_or_default();
        (format!("the recording has no call of {written}"), nearest(first, all))
    }

    fn question(&mut self, step: &Step, stop: Stop) -> Result<(), StoreError> {
        let Some(ask) = &step.ask else { return Ok(()) };
        let field = &ask.answer.field;
        if !matches!(filter::known(&field.value), Known::Field) {
            return Ok(());
        }
        match question::solve(self.session, ask, stop)? {
            None => {
                let of = ask.answer.of.as_str();
                self.findings.add(
                    field.at,
                    format!("the {of} of this step has no {}, so the question has no answer", field.value),
                );
            }
            Some(solution) if solution.choice.is_none() && !ask.choices.is_empty() => {
                let ways =
                    solution.ways.iter().map(|way| format!("{way:?}")).collect::<Vec<_>>().join(" or ");
                self.findings
                    .add(ask.question.at, format!("the answer is {ways}, which is none of the choices"));
            }
            Some(_) => {}
        }
        Ok(())
    }
}

fn in_layers<'a>(layers: &'a [Layer], keys: &mut Vec<&'a str>) {
    for layer in layers {
        keys.push(layer.protocol.key);
        in_nodes(&layer.nodes, keys);
        in_layers(&layer.inside, keys);
    }
}

fn in_nodes<'a>(nodes: &'a [Node], keys: &mut Vec<&'a str>) {
    for node in nodes {
        keys.push(node.def.key);
        in_nodes(&node.children, keys);
    }
}

/// All symbols that a walkthrough names, each once, in order: those of its steps' calls and those in what its steps ask for.
pub fn symbols(walk: &Walkthrough) -> Vec<&Written<String>> {
    let mut seen = HashSet::new();
    let named = walk.steps.iter().flat_map(|step| step.calls.iter().flatten());
    named.filter(|name| seen.insert(name.value.as_str())).collect()
}
