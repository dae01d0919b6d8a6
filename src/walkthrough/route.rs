//! A walkthrough laid over a session: at which unit or call each step is.
//!
//! Steps are found one after the other, each at the first place from the step before on, so that what was found once stays
//! where it is while the session grows. Optional steps are looked for between those that must come; steps of one any-order group all from
//! the same place on.

use crate::decode::unit::UnitId;
use crate::session::calls::tree::CallTree;
use crate::session::calls::{CallId, FunctionInfo};
use crate::session::{Session, StoreError, UnitRef};
use crate::wire::Timestamp;

use super::{Step, Walkthrough, Written};

/// So many units are searched for one step.
const MAX_SEARCHED: usize = 200_000;

/// What a step shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stop {
    /// The unit; for a call the one that caused it. `None` before anything is on the wire.
    pub unit: Option<UnitId>,
    /// The call, where the step is about one.
    pub call: Option<CallId>,
}

/// How a step stands to the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reached {
    /// The session has it.
    At(Stop),
    /// It may still come; also before anything was looked for.
    #[default]
    Awaited,
    /// It is optional, and the session passed it.
    Skipped,
    /// The session ended without it.
    Never,
}

impl Reached {
    /// What it shows, where the session has it.
    pub fn stop(self) -> Option<Stop> {
        match self {
            Reached::At(stop) => Some(stop),
            _ => None,
        }
    }
}

/// What may still come of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Growth {
    /// The rest of a recording: what is in it is not known before it was read to its end.
    #[default]
    Read,
    /// What happens next.
    Live,
    /// Nothing.
    Over,
}

/// A place in a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Position {
    /// The last unit that was reached; 0 where there was none.
    unit: UnitId0,
    /// When that came, or the call that was reached behind it.
    at: Timestamp,
    /// That call.
    call: Option<CallId>,
}

/// The number of a unit, or 0.
type UnitId0 = u32;

/// How far the search for a step has come.
#[derive(Clone, Debug, Default)]
struct Search {
    from: Option<Position>,
    /// Units or calls up to here were looked at.
    upto: usize,
    found: Option<(Stop, Position)>,
}

/// Where each step of a walkthrough is.
#[derive(Clone, Debug, Default)]
pub struct Route {
    searches: Vec<Search>,
    reached: Vec<Reached>,
}

impl Route {
    /// How a step stands to the session.
    pub fn reached(&self, step: usize) -> Reached {
        self.reached.get(step).copied().unwrap_or_default()
    }

    /// All steps, in their order.
    pub fn all(&self) -> &[Reached] {
        &self.reached
    }

    /// Looks for the steps in what the session has now. While more may come, no step is found before those that must come
    /// earlier. Fails where bytes cannot be read back.
    pub fn extend(
        &mut self,
        walk: &Walkthrough,
        session: &Session,
        growth: Growth,
    ) -> Result<(), StoreError> {
        let grows = growth != Growth::Over;
        self.searches.resize_with(walk.steps.len(), Search::default);
        self.reached = vec![if grows { Reached::Awaited } else { Reached::Never }; walk.steps.len()];
        // Where nobody says what is called, a call is not waited for.
        let is_blind = growth != Growth::Read && session.calls().processes().len() == 0;
        let must: Vec<bool> = walk.steps.iter().map(|step| must_come(step, is_blind)).collect();
        let mut from = Position::default();
        let mut passed = 0;
        for (begin, end) in stretches(&walk.steps, &must) {
            let mut furthest = None;
            let mut is_missing = false;
            for at in (begin..end).filter(|at| must.get(*at) == Some(&true)) {
                match self.find(walk, session, at, from)? {
                    Some(position) => furthest = later(furthest, position),
                    None => is_missing = true,
                }
            }
            self.find_optional(walk, session, passed..end, from, furthest)?;
            passed = end;
            if is_missing && grows {
                break;
            }
            from = furthest.unwrap_or(from);
        }
        if !grows || passed == walk.steps.len() || self.is_complete_before(&must, passed) {
            self.find_optional(walk, session, passed..walk.steps.len(), from, None)?;
        }
        for (reached, step) in self.reached.iter_mut().zip(&walk.steps) {
            if is_blind && is_of_calls(step) {
                *reached = Reached::Never;
            }
        }
        self.carry(walk, &must);
        Ok(())
    }

    /// Whether all that must come before a step has come.
    fn is_complete_before(&self, must: &[bool], step: usize) -> bool {
        let mut before = self.reached.iter().zip(must).take(step);
        before.all(|(reached, must)| reached.stop().is_some() || !must)
    }

    /// Looks for a step that must come.
    fn find(
        &mut self,
        walk: &Walkthrough,
        session: &Session,
        at: usize,
        from: Position,
    ) -> Result<Option<Position>, StoreError> {
        let (Some(step), Some(search)) = (walk.steps.get(at), self.searches.get_mut(at)) else {
            return Ok(None);
        };
        search.go_on(step, session, from)?;
        if let (Some((stop, _)), Some(reached)) = (search.found, self.reached.get_mut(at)) {
            *reached = Reached::At(stop);
        }
        Ok(search.found.map(|(_, position)| position))
    }

    /// Looks for the optional steps among some, up to where the step is that must come behind them.
    fn find_optional(
        &mut self,
        walk: &Walkthrough,
        session: &Session,
        steps: std::ops::Range<usize>,
        mut from: Position,
        until: Option<Position>,
    ) -> Result<(), StoreError> {
        for at in steps {
            let (Some(step), Some(search)) = (walk.steps.get(at), self.searches.get_mut(at)) else {
                continue;
            };
            if !step.optional || step.when.is_none() {
                continue;
            }
            search.go_on(step, session, from)?;
            let found =
                search.found.filter(|(_, position)| until.is_none_or(|until| !position.is_behind(&until)));
            let Some(reached) = self.reached.get_mut(at) else { continue };
            match found {
                Some((stop, position)) => {
                    *reached = Reached::At(stop);
                    from = position;
                }
                None if until.is_some() => *reached = Reached::Skipped,
                None => {}
            }
        }
        Ok(())
    }

    /// A step that is about nothing of its own shows what the one before showed.
    fn carry(&mut self, walk: &Walkthrough, must: &[bool]) {
        let mut before = Stop::default();
        let mut is_here = true;
        for ((reached, step), must) in self.reached.iter_mut().zip(&walk.steps).zip(must) {
            match (&step.when, reached.stop()) {
                (_, Some(stop)) => (before, is_here) = (stop, true),
                (None, None) if is_here => *reached = Reached::At(before),
                (None, None) => {}
                (Some(_), None) => is_here = is_here && !must,
            }
        }
    }
}

/// Whether a walk cannot go on without a step; `is_blind` where no process says what is called in it.
fn must_come(step: &Step, is_blind: bool) -> bool {
    step.when.is_some() && !step.optional && !(is_blind && is_of_calls(step))
}

/// Whether a step is about a call.
fn is_of_calls(step: &Step) -> bool {
    step.when.as_ref().is_some_and(|when| when.value.is_of_calls())
}

/// The steps that must come: one by one, and those of an any-order group together.
fn stretches(steps: &[Step], must: &[bool]) -> Vec<(usize, usize)> {
    let mut stretches: Vec<(usize, usize)> = Vec::new();
    let mut group: Option<&str> = None;
    for (at, (step, must)) in steps.iter().zip(must).enumerate() {
        if !must {
            // Who is in no group ends it.
            group = group.filter(|_| step.any_order.as_deref() == group);
            continue;
        }
        match stretches.last_mut() {
            Some(last) if step.any_order.is_some() && step.any_order.as_deref() == group => last.1 = at + 1,
            _ => stretches.push((at, at + 1)),
        }
        group = step.any_order.as_deref();
    }
    stretches
}

fn later(a: Option<Position>, b: Position) -> Option<Position> {
    Some(a.filter(|a| a.is_behind(&b)).unwrap_or(b))
}

impl Position {
    fn is_behind(&self, other: &Position) -> bool {
        (self.unit, self.at, self.call) > (other.unit, other.at, other.call)
    }
}

impl Search {
    /// Looks on from where the last look ended.
    fn go_on(&mut self, step: &Step, session: &Session, from: Position) -> Result<(), StoreError> {
        let Some(when) = &step.when else { return Ok(()) };
        if self.from != Some(from) {
            *self = Search { from: Some(from), ..Search::default() };
        }
        if self.found.is_some() {
            return Ok(());
        }
        self.found = match when.value.is_of_calls() {
            true => self.call(step, when, session, from)?,
            false => self.unit(step, when, session, from)?,
        };
        Ok(())
    }

    fn unit(
        &mut self,
        step: &Step,
        when: &Written<crate::session::filter::Filter>,
        session: &Session,
        from: Position,
    ) -> Result<Option<(Stop, Position)>, StoreError> {
        let first = from.unit as usize + usize::from(step.next || from.unit == 0);
        let first = first.max(self.upto + 1);
        let last = session.len().min(from.unit as usize + MAX_SEARCHED);
        self.upto = last;
        for number in first..=last {
            let Some(unit) = u32::try_from(number).ok().and_then(|number| session.unit(UnitId(number)))
            else {
                continue;
            };
            let is_behind = from.call.is_none() || unit.at.0.saturating_add(unit.took) >= from.at.0;
            if is_behind && when.value.matches(session, &unit)? {
                let stop = Stop { unit: Some(unit.id), call: None };
                return Ok(Some((stop, Position { unit: unit.id.0, at: unit.at, call: None })));
            }
        }
        Ok(None)
    }

    fn call(
        &mut self,
        step: &Step,
        when: &Written<crate::session::filter::Filter>,
        session: &Session,
        from: Position,
    ) -> Result<Option<(Stop, Position)>, StoreError> {
        let calls = session.calls();
        let begin = std::mem::replace(&mut self.upto, calls.len());
        for call in calls.all().get(begin..).unwrap_or_default() {
            let is_behind = match from.call {
                Some(before) if step.next => (call.begin, call.id) > (from.at, before),
                Some(before) => (call.begin, call.id) >= (from.at, before),
                None => call.begin >= from.at,
            };
            if is_behind && when.value.matches_call(calls, call) {
                let unit = session.cause_of(call.id)?.map(|tied| tied.unit);
                let stop = Stop { unit, call: Some(call.id) };
                return Ok(Some((stop, Position { unit: from.unit, at: call.begin, call: Some(call.id) })));
            }
        }
        Ok(None)
    }
}

/// The calls that are seen at a stop: those of its unit, or those of the start.
pub fn tree(session: &Session, stop: Stop) -> Result<CallTree, StoreError> {
    match stop.unit.and_then(|unit| session.unit(unit)) {
        Some(unit) => Ok(session.calls().tree(&session.calls_of(&unit)?)),
        None => Ok(start_up(session)),
    }
}

/// The calls before the first connection.
pub fn start_up(session: &Session) -> CallTree {
    let first = session.connections().first().map_or(Timestamp(u64::MAX), |first| first.opened);
    session.calls().start_up(first)
}

/// The calls that a step names, in its order; `None` for each that is not among those of its stop, behind the one before.
pub fn named(session: &Session, step: &Step, tree: &CallTree) -> Vec<Option<CallId>> {
    let all = tree.calls();
    let mut rest = all.as_slice();
    step.calls
        .iter()
        .map(|names| {
            let is_named = |call: &CallId| {
                function(session, *call).is_some_and(|f| names.iter().any(|name| *name.value == *f.symbol))
            };
            let at = rest.iter().position(is_named)?;
            let found = rest.get(at).copied();
            rest = rest.get(at + 1..).unwrap_or_default();
            found
        })
        .collect()
}

/// The function that was called.
pub fn function(session: &Session, call: CallId) -> Option<&FunctionInfo> {
    session.calls().called(session.calls().get(call)?)
}

/// The unit at a stop.
pub fn unit(session: &Session, stop: Stop) -> Option<UnitRef> {
    session.unit(stop.unit?)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::session::testing::Kept;
    use crate::wire::{ConnId, Direction, Record, What};

    /// A session in which the client asks for these paths, one after the other.
    fn asked(paths: &[&str]) -> Session {
        let request = |path: &&str| Bytes::from(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
        let said: Vec<Bytes> = paths.iter().map(request).collect();
        let mut session = Session::new(Box::new(Kept(said.clone())), 1 << 20).unwrap();
        for (number, bytes) in (0..).zip(said) {
            let what = What::Received { dir: Direction::ToServer, bytes };
            session.ingest(&Record { at: Timestamp(number), conn: ConnId(1), what }, number).unwrap();
        }
        session
    }

    /// A walk with a step for each of these: the path that it is about, and what else its block says.
    fn walk(steps: &[(&str, &str)]) -> Walkthrough {
        let mut text = "```toml walkthrough\nformat = 1\ntitle = \"t\"\nsummary = \"s\"\naudience = \"a\"\nminutes = 60\ntranscript = \"t\"\n```\n".to_owned();
        for (number, (path, more)) in steps.iter().enumerate() {
            let when = if path.is_empty() {
                String::new()
            } else {
                format!("when = 'http.request.uri.path == \"{path}\"'\n")
            };
            text.push_str(&format!("\n## s\n\n```toml step\nid = \"s{number}\"\n{when}{more}\n```\n"));
        }
        Walkthrough::read("w", &text).unwrap()
    }

    /// Where the steps are: the units' numbers, and letters for what is not there.
    fn places(steps: &[(&str, &str)], paths: &[&str], growth: Growth) -> String {
        let mut route = Route::default();
        route.extend(&walk(steps), &asked(paths), growth).unwrap();
        let place = |reached: &Reached| match reached {
            Reached::At(stop) => stop.unit.map_or("-".to_owned(), |unit| unit.0.to_string()),
            Reached::Awaited => "a".to_owned(),
            Reached::Skipped => "s".to_owned(),
            Reached::Never => "n".to_owned(),
        };
        route.all().iter().map(place).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn steps_are_found_in_order_and_other_traffic_may_come_between() {
        assert_eq!(places(&[("/a", ""), ("/b", "")], &["/x", "/a", "/y", "/b"], Growth::Over), "2 4");
        // What came before the step before does not count; two steps may be about one unit, or say that they are not.
        assert_eq!(places(&[("/a", ""), ("/b", "")], &["/b", "/a"], Growth::Over), "2 n");
        assert_eq!(
            places(&[("/a", ""), ("/a", ""), ("/a", "next = true")], &["/a", "/a"], Growth::Over),
            "1 1 2"
        );
        // One that is missing keeps the others from nothing, but that its traffic may still come.
        assert_eq!(places(&[("/a", ""), ("/b", ""), ("/c", "")], &["/a", "/c"], Growth::Over), "1 n 2");
        assert_eq!(places(&[("/a", ""), ("/b", ""), ("/c", "")], &["/a", "/c"], Growth::Live), "1 a a");
        // One about nothing of its own shows what the one before showed.
        assert_eq!(places(&[("", ""), ("/a", ""), ("", "")], &["/x", "/a"], Growth::Over), "- 2 2");
    }

    #[test]
    fn optional_steps_are_looked_for_between_those_that_must_come() {
        let steps = [("/a", ""), ("/o", "optional = true"), ("/b", "")];
        assert_eq!(places(&steps, &["/a", "/o", "/b"], Growth::Over), "1 2 3");
        assert_eq!(places(&steps, &["/a", "/b", "/o"], Growth::Over), "1 s 2");
        assert_eq!(places(&steps, &["/o", "/a", "/b"], Growth::Over), "2 s 3");
        // It may still come, until the next one has.
        assert_eq!(places(&steps, &["/a"], Growth::Live), "1 a a");
        assert_eq!(places(&[("/a", ""), ("/o", "optional = true")], &["/a", "/o"], Growth::Live), "1 2");
    }

    #[test]
    fn a_group_comes_in_any_order() {
        let group = "any-order = \"g\"";
        let steps = [("/a", ""), ("/b", group), ("/c", group), ("/d", "")];
        assert_eq!(places(&steps, &["/a", "/b", "/c", "/d"], Growth::Over), "1 2 3 4");
        assert_eq!(places(&steps, &["/a", "/c", "/b", "/d"], Growth::Over), "1 3 2 4");
        // What follows comes behind all of the group.
        assert_eq!(places(&steps, &["/a", "/c", "/d", "/b"], Growth::Over), "1 4 2 n");
        assert_eq!(places(&steps, &["/a", "/c"], Growth::Live), "1 a 2 a");
    }

    #[test]
    fn a_call_is_not_waited_for_where_no_process_is_traced() {
        let call = ("", "when = 'call.symbol == \"f\"'");
        assert_eq!(places(&[call, ("/a", ""), call, ("/b", "")], &["/a"], Growth::Live), "n 1 n a");
        assert_eq!(places(&[call, ("/a", "")], &["/a"], Growth::Over), "n 1");
        // Who is traced may be said later in a recording.
        assert_eq!(places(&[call, ("/a", "")], &["/a"], Growth::Read), "a a");
    }

    #[test]
    fn what_was_found_stays_where_it_is_while_the_session_grows() {
        let steps = walk(&[("/a", ""), ("/b", ""), ("/a", "next = true")]);
        let paths = ["/a", "/a", "/b", "/b", "/a", "/a"];
        let mut before: Vec<Reached> = Vec::new();
        let mut route = Route::default();
        for length in 0..=paths.len() {
            route.extend(&steps, &asked(paths.get(..length).unwrap()), Growth::Live).unwrap();
            for (before, now) in before.iter().zip(route.all()) {
                assert!(before.stop().is_none() || before == now, "{before:?} {now:?}");
            }
            before = route.all().to_vec();
        }
        let units: Vec<_> = before.iter().filter_map(|reached| Some(reached.stop()?.unit?.0)).collect();
        assert_eq!(units, [1, 3, 5]);
    }
}
