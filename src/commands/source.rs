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
    /// Whether it is captured just now.
    pub is_live: bool,
}

impl Source {
    /// What is captured.
    pub fn live(recorder: &Recorder, title: String) -> Source {
        Source {
            session: recorder.session().clone(),
            grew: recorder.grew(),
            control: recorder.control(),
            title,
            is_live: true,
        }
    }

    /// What is read from a transcript.
    pub fn opened(player: &Player, title: String) -> Source {
        Source {
            session: player.session().clone(),
            grew: player.grew(),
            control: player.control(),
            title,
            is_live: false,
        }
    }
}
