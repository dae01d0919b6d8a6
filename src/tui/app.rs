//! The state of the screen. [`update`](super::update) alone changes it; panes draw it.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use tui_input::Input;

use super::calls::CallsView;
use super::keys::{self, Action, Keymap};
use super::layout::Proportions;
use super::look::{Item, Look};
use super::panes::Panes;
use super::panes::conversation::Place;
use super::presenter::Presenter;
use super::rows::Rows;
use super::scan::{Found, Request};
use super::theme::Theme;
use super::walk::WalkView;
use crate::calls::source::Source;
use crate::capture::control::State;
use crate::capture::player::Pace;
use crate::decode::field::Severity;
use crate::decode::unit::{SourceId, UnitId};
use crate::session::Session;
use crate::session::calls::CallId;
use crate::session::filter::Filter;
use crate::session::secrets::Names;
use crate::session::statistics::Statistics;
use crate::sharing::form::Form;
use crate::walkthrough::telling::Lead;
use crate::wire::ConnId;
use crate::words;

/// What comes in.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse moved, or a button was pressed.
    Mouse(MouseEvent),
    /// The terminal has another size.
    Resize(u16, u16),
    /// The session grew.
    Grew,
    /// Nothing more will come.
    Ended,
    /// Only what this lets through is to be shown.
    Filter(Filter),
    /// Something was found in the background.
    Found(Found),
    /// A file of source was read, or why it cannot be shown.
    Source(Arc<str>, Result<Source, String>),
    /// How the session stands that is captured or played, and how many bytes capture is behind.
    State(State, usize),
    /// Something was done that was asked for, or failed.
    Said(Severity, String),
    /// The speaker's second terminal wants something of the walk.
    Lead(Lead),
    /// A second of a presentation or a walk has passed.
    Tick {
        /// How long the screen has been there.
        since: Duration,
        /// The time of day, in words.
        time: String,
    },
}

/// What goes out: what [`run`](super::run) does for the state.
#[derive(Clone, Debug)]
pub enum Effect {
    /// End.
    Quit,
    /// Put text on the clipboard of the terminal.
    Copy(String),
    /// Ask the session for something.
    Ask(Ask),
    /// Look for something in all units, in the background.
    Scan(Request),
    /// Read a file of source.
    Read(Arc<str>),
    /// Export units in another form.
    Export(Export),
}

/// What is exported.
#[derive(Clone, Debug)]
pub struct Export {
    /// The file.
    pub path: PathBuf,
    /// In which form.
    pub form: Form,
    /// Which units.
    pub which: Which,
}

/// Which units are exported.
#[derive(Clone, Debug)]
pub enum Which {
    /// All of them.
    All,
    /// Those that a filter lets through.
    Such(Filter),
    /// Those with a mark or a note.
    Marked,
    /// This one.
    One(UnitId),
}

/// What a session is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Record into a file, with what was seen so far.
    Record(PathBuf),
    /// Record no longer.
    StopRecording,
    /// Write what was seen so far into a file.
    Save(PathBuf),
    /// Leave a mark or a note with a unit.
    Note {
        /// The unit.
        unit: UnitId,
        /// Whether it is marked.
        marked: bool,
        /// The note; empty where there is none.
        text: String,
    },
    /// Play a transcript at another pace.
    Pace(Pace),
    /// Play the next record of a transcript.
    Step,
}

/// A pane of the flow's screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pane {
    /// The ladder of units.
    #[default]
    Flow,
    /// The layers of the selected unit.
    Layers,
    /// Its bytes.
    Bytes,
    /// What it is, and why.
    Explain,
}

impl Pane {
    /// All panes, in the order in which the focus goes round.
    pub const ALL: [Pane; 4] = [Pane::Flow, Pane::Layers, Pane::Bytes, Pane::Explain];
}

/// What fills the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// The flow, and the panes of the selected unit.
    #[default]
    Flow,
    /// Connections and engine sessions.
    Connections,
    /// Statistics.
    Statistics,
    /// One connection's bytes.
    Conversation,
    /// The calls of the selected unit.
    Calls,
    /// What the server wrote.
    Output,
    /// A step of a walk.
    Walk,
}

impl Screen {
    /// All screens, in the order of their keys.
    pub const ALL: [Screen; 7] = [
        Screen::Flow,
        Screen::Connections,
        Screen::Statistics,
        Screen::Conversation,
        Screen::Calls,
        Screen::Output,
        Screen::Walk,
    ];

    /// What shows it.
    pub fn action(self) -> Action {
        match self {
            Screen::Flow => Action::ShowFlow,
            Screen::Connections => Action::ShowConnections,
            Screen::Statistics => Action::ShowStatistics,
            Screen::Conversation => Action::ShowConversation,
            Screen::Calls => Action::ShowCalls,
            Screen::Output => Action::ShowOutput,
            Screen::Walk => Action::ShowWalk,
        }
    }

    /// Its name in the bar at the top.
    pub fn name(self) -> &'static str {
        match self {
            Screen::Flow => "Flow",
            Screen::Connections => "Connections",
            Screen::Statistics => "Statistics",
            Screen::Conversation => "Conversation",
            Screen::Calls => "Calls",
            Screen::Output => "Output",
            Screen::Walk => "Walk",
        }
    }
}

/// What is selected. Field and byte light up together because every pane reads this one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The unit.
    pub unit: Option<UnitId>,
    /// The layer or field: an index into the items of the [`Look`].
    pub item: Option<usize>,
    /// The byte under the cursor.
    pub byte: Option<(SourceId, usize)>,
}

/// How the times of the flow count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeForm {
    /// Seconds since the session began.
    #[default]
    SinceStart,
    /// Since the row above.
    SincePrevious,
    /// The time of day, in UTC.
    Absolute,
}

/// How the bytes of a unit are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BytesForm {
    /// In the form that says most of the selected field.
    #[default]
    Best,
    /// In hexadecimal and text.
    Hex,
    /// A frame's header as the bit diagram of RFC 6455 §5.2.
    Header,
    /// A masked payload, byte by byte.
    Unmasking,
    /// A compressed message beside what it was inflated to.
    Inflating,
    /// The accept key, step by step.
    Accept,
    /// JSON, with a value a line.
    Json,
}

/// What a line of text is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// A command.
    Command,
    /// A filter.
    Filter,
    /// What to search for.
    Search,
    /// A unit's number, or a time.
    GoTo,
    /// A note on the selected unit.
    Note,
    /// A file to record into.
    Record,
    /// A file to save into.
    Save,
    /// A file to export into, and which units.
    Export,
    /// A step of the walk.
    Jump,
}

/// A line that is being typed.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What for.
    pub question: Question,
    /// The text so far, and where the cursor is.
    pub input: Input,
    /// What is wrong with it, and in which column where that is known.
    pub error: Option<(usize, String)>,
    /// What could stand there.
    pub completions: Vec<Completion>,
    /// Which of them was taken last.
    pub completed: Option<usize>,
    /// Which entry of the history is shown, counted from the newest.
    pub recalled: Option<usize>,
}

/// What could stand in a line that is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The bytes of the line that it would replace.
    pub replaces: std::ops::Range<usize>,
    /// With what.
    pub text: String,
    /// What it is.
    pub hint: String,
}

/// Something that lies over the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Dialog {
    /// All keys.
    Help {
        /// The first line in sight.
        top: usize,
    },
    /// Something would be lost by ending.
    Quit {
        /// What.
        lost: String,
    },
    /// In which form to copy the unit.
    Copy,
}

/// The filter that is on.
#[derive(Clone, Debug)]
pub struct Filtering {
    /// The filter.
    pub filter: Filter,
    /// The number under which it was asked for.
    pub number: u64,
    /// All units up to this one were looked at.
    pub upto: UnitId,
}

/// The search that is on.
#[derive(Clone, Debug)]
pub struct Searching {
    /// What is searched for, as it was typed.
    pub text: String,
    /// The number under which it was asked for.
    pub number: u64,
    /// The units that were hit, in order.
    pub hits: Vec<u32>,
    /// All units up to this one were looked at.
    pub upto: UnitId,
}

/// One connection that is followed.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The connection.
    pub conn: ConnId,
    /// Its units.
    pub rows: Rows,
    /// Where it is scrolled to.
    pub place: Place,
}

/// What is said at the bottom until the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub severity: Severity,
    /// What.
    pub text: String,
}

/// What the bars say of where the units come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// What is shown: the proxied server, or the transcript.
    pub title: String,
    /// The wall-clock time at which the session began, in nanoseconds since 1970, where it is known.
    pub began: Option<i128>,
    /// Whether units still come.
    pub is_live: bool,
    /// Whether the newest unit is what is wanted first; a transcript that is complete is read from its beginning.
    pub follows: bool,
    /// Whether what is shown can be had again as it is: a transcript, or the demo.
    pub is_repeatable: bool,
    /// How the session stands that is captured or played.
    pub state: State,
    /// How many bytes capture is behind.
    pub behind: usize,
}

/// Everything that the screen shows, but for the session.
#[derive(Debug)]
pub struct App {
    /// Where the units come from.
    pub origin: Origin,
    /// The colours.
    pub theme: Theme,
    /// The keys.
    pub keymap: Keymap,
    /// The terminal's columns and rows.
    pub size: (u16, u16),
    /// How the panes share the screen.
    pub proportions: Proportions,
    /// What fills the screen.
    pub screen: Screen,
    /// The pane that has the keys.
    pub focus: Pane,
    /// Of the panes that share a place where there is little room, the one that was used last.
    pub front: Pane,
    /// Which units are listed.
    pub rows: Rows,
    /// What is selected.
    pub selection: Selection,
    /// The selected unit, decoded, or why it cannot be.
    pub look: Option<Result<Look, String>>,
    /// Layers and fields that are folded, by their names from the outermost on.
    pub folded: HashSet<String>,
    /// Whether the newest unit is selected as it comes.
    pub following: bool,
    /// Whether the display is held.
    pub is_paused: bool,
    /// The last unit that is shown; the session may have more.
    pub shown: UnitId,
    /// How times count.
    pub time: TimeForm,
    /// How bytes are shown.
    pub bytes_form: BytesForm,
    /// The line that is being typed.
    pub prompt: Option<Prompt>,
    /// Lines that were typed before, the newest last.
    pub history: Vec<(Question, String)>,
    /// What lies over the screen.
    pub dialog: Option<Dialog>,
    /// The filter that is on.
    pub filter: Option<Filtering>,
    /// The search that is on.
    pub search: Option<Searching>,
    /// The figures, once they were asked for, and the number under which.
    pub statistics: Option<Box<Statistics>>,
    /// The number of the last statistics that were asked for; 0 where none were.
    pub statistics_number: u64,
    /// How often something was asked for in the background.
    pub asked: u64,
    /// The chosen row of the connections and engine sessions.
    pub chosen: usize,
    /// The connection that is followed.
    pub conversation: Option<Conversation>,
    /// The calls of the selected unit.
    pub calls: CallsView,
    /// The walk, where there is one.
    pub walk: Option<WalkView>,
    /// The first line of the server's output that is in sight; `None` follows its end.
    pub output_top: Option<usize>,
    /// Whether it was said that the server has ended.
    pub has_told_exit: bool,
    /// What is said at the bottom.
    pub notice: Option<Notice>,
    /// What there is for who talks to many.
    pub presenter: Presenter,
    /// What is secret.
    pub names: Names,
    /// Where each pane is scrolled to.
    pub panes: Panes,
}

impl App {
    /// The screen at its beginning.
    pub fn new(origin: Origin, theme: Theme, keymap: Keymap) -> App {
        App {
            following: origin.follows,
            origin,
            theme,
            keymap,
            size: (80, 24),
            proportions: Proportions::default(),
            screen: Screen::default(),
            focus: Pane::default(),
            front: Pane::Explain,
            rows: Rows::default(),
            selection: Selection::default(),
            look: None,
            folded: HashSet::new(),
            is_paused: false,
            shown: UnitId(0),
            time: TimeForm::default(),
            bytes_form: BytesForm::default(),
            prompt: None,
            history: Vec::new(),
            dialog: None,
            filter: None,
            search: None,
            statistics: None,
            statistics_number: 0,
            asked: 0,
            chosen: 0,
            conversation: None,
            calls: CallsView::default(),
            walk: None,
            output_top: None,
            has_told_exit: false,
            notice: None,
            presenter: Presenter::default(),
            names: Names::default(),
            panes: Panes::default(),
        }
    }

    /// Where a key means something now.
    pub fn place(&self) -> keys::Place {
        match (self.screen, self.focus) {
            (Screen::Flow, Pane::Flow) => keys::Place::Flow,
            (Screen::Flow, Pane::Layers) => keys::Place::Layers,
            (Screen::Flow, Pane::Bytes) => keys::Place::Bytes,
            (Screen::Flow, Pane::Explain) => keys::Place::Explain,
            (Screen::Connections, _) => keys::Place::Connections,
            (Screen::Statistics, _) => keys::Place::Statistics,
            (Screen::Conversation, _) => keys::Place::Conversation,
            (Screen::Calls, _) => keys::Place::Calls,
            (Screen::Output, _) => keys::Place::Output,
            (Screen::Walk, _) => keys::Place::Walk,
        }
    }

    /// Whether the clock goes.
    pub fn ticks(&self) -> bool {
        self.presenter.ticks() || self.walk.is_some()
    }

    /// The screens that there are.
    pub fn screens(&self) -> impl Iterator<Item = Screen> {
        Screen::ALL.into_iter().filter(|screen| *screen != Screen::Walk || self.walk.is_some())
    }

    /// The last unit that may be seen now, where a question of the walk hides those behind it.
    pub fn horizon(&self) -> Option<UnitId> {
        self.walk.as_ref().filter(|_| self.screen == Screen::Walk)?.horizon()
    }

    /// Whether a pane of the flow's screen has the keys.
    pub fn has_focus(&self, pane: Pane) -> bool {
        self.screen == Screen::Flow && self.focus == pane
    }

    /// Whether a call is one that the step of the walk names.
    pub fn is_lit(&self, call: CallId) -> bool {
        self.screen == Screen::Walk && self.walk.as_ref().is_some_and(|view| view.lit.contains(&call))
    }

    /// The decoded unit that is selected.
    pub fn looked(&self) -> Option<&Look> {
        self.look.as_ref()?.as_ref().ok()
    }

    /// The selected layer or field.
    pub fn item(&self) -> Option<&Item> {
        self.looked()?.items.get(self.selection.item?)
    }

    /// How many units came that are not shown, since the display is held.
    pub fn held(&self, session: &Session) -> usize {
        session.len().saturating_sub(self.shown.0 as usize)
    }

    /// The items of the selected unit that are listed.
    pub fn listed(&self) -> Vec<usize> {
        self.looked()
            .map(|look| look.listed(|at| !self.folded.is_empty() && self.folded.contains(&look.path(at))))
            .unwrap_or_default()
    }

    /// The pace at which a transcript is played, while it is.
    pub fn pace(&self) -> Option<Pace> {
        self.origin.state.playing.filter(|playing| !playing.is_over)?.pace
    }

    /// What would be lost by ending now.
    pub fn would_be_lost(&self) -> Option<String> {
        let is_lost = !self.origin.is_repeatable && self.origin.state.file.is_none() && self.shown.0 > 0;
        match self.origin.state.unsaved {
            0 if !is_lost => None,
            0 => Some("What was seen is not recorded, and is gone when wirewalk ends.".to_owned()),
            n => Some(format!("{} not saved, and gone when wirewalk ends.", words::count(n as u64, "note"))),
        }
    }

    /// Says something at the bottom.
    pub fn say(&mut self, severity: Severity, text: impl Into<String>) {
        self.notice = Some(Notice { severity, text: text.into() });
    }
}
