//! Where a session comes from: live capture, or a transcript that is opened. Who prints or draws it need not know.

use std::sync::{Arc, RwLock};

use tokio::sync::watch;

use crate::capture::{Control, Player, Recorder};
use crate::session::Session;

/// A session that may still grow.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// What was seen so far.
    pub session: Arc<RwLock<Session>>,
    /// Tells that it grew; closed when nothing more will come.
    pub grew: watch::Receiver<usize>,
    /// What can be asked of it.
    pub control: Control,
    /// What it is, in a line.
    pub title: String,
    /// When it began, in nanoseconds since 1970, where that is known.
    pub began: Option<i128>,
    /// Whether it is captured just now.
    pub is_live: bool,
    /// Whether what comes last is wanted first.
    pub follows: bool,
    /// Whether what is seen can be had again.
    pub is_repeatable: bool,
}

impl Source {
    /// What is captured.
    pub fn live(recorder: &Recorder, title: String) -> Source {
        Source {
            session: recorder.session().clone(),
            grew: recorder.grew(),
            control: recorder.control(),
            title,
            began: Some(jiff::Timestamp::now().as_nanosecond()),
            is_live: true,
            follows: true,
            is_repeatable: false,
        }
    }

    /// What is read from a transcript.
    pub fn opened(player: &Player, title: String) -> Source {
        Source {
            session: player.session().clone(),
            grew: player.grew(),
            control: player.control(),
            title,
            began: player.header().started.parse().ok().map(jiff::Timestamp::as_nanosecond),
            is_live: false,
            follows: false,
            is_repeatable: true,
        }
    }
}
