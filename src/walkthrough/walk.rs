//! Walking: at which step one is, which questions are answered, and how long it takes.

use std::collections::HashMap;
use std::time::Duration;

use super::route::{self, Growth, Reached, Route, Stop};
use super::{Walkthrough, question};
use crate::session::{Session, StoreError};

/// What was said to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// This of the choices.
    Choice(usize),
    /// Nothing: the answer was shown.
    Revealed,
}

/// Why a walk does not go where it was told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The question must be answered first, or its answer be shown.
    Question,
    /// What comes next has not happened yet.
    Awaited,
    /// This is the last step.
    Last,
    /// This is the first step.
    First,
}

/// A walk.
#[derive(Clone, Debug)]
pub struct Walk {
    /// What is walked.
    pub text: Walkthrough,
    /// Where its steps are.
    pub route: Route,
    /// The step that one is at.
    pub at: usize,
    /// Whether one is still before the first step, where it is said what the walk is about.
    pub is_opening: bool,
    /// What may still come of the session, and so of the steps that are not there.
    pub growth: Growth,
    said: HashMap<usize, Said>,
    /// Since when the walk goes on, without the time in which it stood still.
    pub elapsed: Duration,
    /// How long one has been at this step.
    pub here: Duration,
    /// Whether it goes on by itself when a step's time is over.
    pub is_auto: bool,
    /// Whether the clock stands still.
    pub is_paused: bool,
}

impl Walk {
    /// A walk at its beginning, over a recording that is being read.
    pub fn new(text: Walkthrough) -> Walk {
        Walk {
            text,
            route: Route::default(),
            at: 0,
            is_opening: true,
            growth: Growth::default(),
            said: HashMap::new(),
            elapsed: Duration::ZERO,
            here: Duration::ZERO,
            is_auto: false,
            is_paused: false,
        }
    }

    /// Looks for the steps in what the session has now. Whether that changed what is shown at this step.
    pub fn grew(&mut self, session: &Session) -> Result<bool, StoreError> {
        let before = self.route.reached(self.at);
        self.route.extend(&self.text, session, self.growth)?;
        Ok(self.route.reached(self.at) != before)
    }

    /// What is shown at this step.
    pub fn stop(&self) -> Option<Stop> {
        self.route.reached(self.at).stop()
    }

    /// The step that one is at; also while one is still before the first.
    pub fn step(&self) -> Option<&super::Step> {
        self.text.steps.get(self.at)
    }

    /// Whether a question stands here that hides what comes after it. One whose answer the session does not have hides nothing, unless
    /// the answer may still come.
    pub fn is_asked(&self, session: &Session) -> bool {
        if self.is_opening || self.said.contains_key(&self.at) {
            return false;
        }
        let (Some(ask), Some(stop)) = (self.step().and_then(|step| step.ask.as_ref()), self.stop()) else {
            return false;
        };
        question::solve(session, ask, stop).is_ok_and(|found| found.is_some() || self.growth != Growth::Over)
    }

    /// Whether what the step says behind its question may not be read yet: it stands open, or waits for the unit it is about.
    pub fn is_withheld(&self, session: &Session) -> bool {
        let is_awaited = !self.is_opening && self.route.reached(self.at) == Reached::Awaited;
        let has_question = self.step().is_some_and(|step| step.ask.is_some());
        self.is_asked(session) || (is_awaited && has_question && !self.said.contains_key(&self.at))
    }

    /// What was said to the question of a step.
    pub fn said(&self, step: usize) -> Option<Said> {
        self.said.get(&step).copied()
    }

    /// Answers the question that stands here.
    pub fn answer(&mut self, said: Said) {
        self.said.insert(self.at, said);
    }

    /// Goes to the next step.
    pub fn next(&mut self, session: &Session) -> Result<(), Held> {
        if self.is_opening {
            self.go(0);
            return Ok(());
        }
        if self.is_asked(session) {
            return Err(Held::Question);
        }
        if self.route.reached(self.at) == Reached::Awaited && self.step().is_some_and(|step| !step.optional) {
            return Err(Held::Awaited);
        }
        let next =
            (self.at + 1..self.text.steps.len()).find(|step| self.route.reached(*step) != Reached::Skipped);
        self.go(next.ok_or(Held::Last)?);
        Ok(())
    }

    /// Goes back to the step before.
    pub fn back(&mut self) -> Result<(), Held> {
        if self.at == 0 && !self.is_opening {
            self.is_opening = true;
            return Ok(());
        }
        let before = (0..self.at).rev().find(|step| self.route.reached(*step) != Reached::Skipped);
        self.go(before.ok_or(Held::First)?);
        Ok(())
    }

    /// Goes to a step. Questions in between are passed over.
    pub fn go(&mut self, step: usize) {
        self.is_opening = false;
        self.at = step.min(self.text.steps.len().saturating_sub(1));
        self.here = Duration::ZERO;
    }

    /// Begins again: no question is answered, and the clock stands at nothing.
    pub fn restart(&mut self) {
        self.said.clear();
        self.elapsed = Duration::ZERO;
        self.go(0);
        self.is_opening = true;
    }

    /// Time has passed. Whether the walk went on by itself.
    pub fn tick(&mut self, passed: Duration, session: &Session) -> bool {
        if self.is_paused || self.is_opening {
            return false;
        }
        self.elapsed += passed;
        self.here += passed;
        let is_over = self.step().is_some_and(|step| self.here >= step.time);
        self.is_auto && is_over && self.next(session).is_ok()
    }

    /// How long the rest takes, by the times of the steps.
    pub fn remaining(&self) -> Duration {
        let here = self.step().map(|step| step.time.saturating_sub(self.here)).unwrap_or_default();
        here + self.text.time_from(self.at + 1)
    }

    /// The call that is chosen at this step: the one that it is about, else the first that it names.
    pub fn call(&self, session: &Session) -> Result<Option<crate::session::calls::CallId>, StoreError> {
        let (Some(step), Some(stop)) = (self.step(), self.stop()) else { return Ok(None) };
        if stop.call.is_some() && step.calls.is_empty() {
            return Ok(stop.call);
        }
        let tree = route::tree(session, stop)?;
        Ok(route::named(session, step, &tree).into_iter().flatten().next().or(stop.call))
    }
}
