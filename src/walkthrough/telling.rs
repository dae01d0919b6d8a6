//! What a walk tells whoever follows it, such as the speaker's second terminal, and what that may tell it.

use serde::{Deserialize, Serialize};

use super::walk::Walk;
use crate::session::Session;

/// How a walk stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    /// The walkthrough's title.
    pub title: String,
    /// The step, counted from 1, and how many there are.
    pub step: usize,
    /// How many steps there are.
    pub steps: usize,
    /// The step's id.
    pub id: String,
    /// Its heading.
    pub heading: String,
    /// What is for the speaker.
    pub notes: String,
    /// The question that stands there, and its answer, which the audience may not see yet.
    pub question: Option<(String, String)>,
    /// Whether the question is not answered yet.
    pub is_asked: bool,
    /// The heading and the notes of the next step.
    pub next: Option<(String, String)>,
    /// What is waited for, on live traffic.
    pub awaited: Option<String>,
    /// How long the walk has been going on, and how long the rest takes, in seconds.
    pub elapsed: u64,
    /// How long the rest takes, in seconds.
    pub remaining: u64,
    /// Whether it goes on by itself.
    pub is_auto: bool,
    /// Whether the clock stands still.
    pub is_paused: bool,
}

/// What a walk is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lead {
    /// Go on.
    Next,
    /// Go back.
    Back,
    /// Show the answer.
    Reveal,
    /// Hold the clock, or let it go on.
    Pause,
}

impl Telling {
    /// How a walk stands now.
    pub fn of(walk: &Walk, session: &Session) -> Telling {
        let Some(step) = walk.step() else { return Telling::default() };
        let solution = step.ask.as_ref().zip(walk.stop()).and_then(|(ask, stop)| {
            let found = super::question::solve(session, ask, stop).ok()??;
            Some((ask.question.value.clone(), found.text(ask).to_owned()))
        });
        if walk.is_opening {
            return Telling {
                title: walk.text.title.clone(),
                steps: walk.text.steps.len(),
                heading: walk.text.title.clone(),
                next: Some((step.title.clone(), step.notes.clone())),
                remaining: walk.text.time_from(0).as_secs(),
                ..Telling::default()
            };
        }
        let next = walk.text.steps.get(walk.at + 1);
        let is_awaited = walk.route.reached(walk.at) == super::route::Reached::Awaited;
        Telling {
            title: walk.text.title.clone(),
            step: if walk.is_opening { 0 } else { walk.at + 1 },
            steps: walk.text.steps.len(),
            id: step.id.value.clone(),
            heading: step.title.clone(),
            notes: step.notes.clone(),
            question: solution,
            is_asked: walk.is_asked(session),
            next: next.map(|next| (next.title.clone(), next.notes.clone())),
            awaited: is_awaited.then(|| step.todo.clone().unwrap_or_default()),
            elapsed: walk.elapsed.as_secs(),
            remaining: walk.remaining().as_secs(),
            is_auto: walk.is_auto,
            is_paused: walk.is_paused,
        }
    }
}
