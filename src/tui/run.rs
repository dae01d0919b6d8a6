//! The loops: what happens at the terminal or in the session becomes a message, and then the next frame.

use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt as _;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::app::{App, Ask, Effect, Msg};
use super::exporting;
use super::home::{Choice, Home, Outcome};
use super::notes::{self, Notes};
use super::scan::{self, Request};
use super::terminal::{self, Canvas, Guard, copy};
use super::theme::Theme;
use super::update::update;
use super::view;
use crate::calls::source::Source;
use crate::capture::Control;
use crate::decode::field::Severity;
use crate::session::Session;
use crate::session::filter::Filter;
use crate::walkthrough::telling::{Lead, Telling};

/// At most so often the screen is drawn.
const FRAME: Duration = Duration::from_millis(16);

/// The clock of presenter mode goes so often.
const SECOND: Duration = Duration::from_secs(1);

/// What the screen shows, and whom it asks for what it cannot do itself.
#[derive(Debug)]
pub struct Show {
    /// The session.
    pub session: Arc<RwLock<Session>>,
    /// Tells that it grew; closed when nothing more comes.
    pub grew: watch::Receiver<usize>,
    /// What records, saves, keeps notes and plays.
    pub control: Control,
    /// What is shown at first, where not everything is.
    pub filter: Option<Filter>,
    /// Who follows the walk, where there is one.
    pub followed: Option<Followed>,
}

/// Who follows a walk, and may lead it.
pub struct Followed {
    /// Is told how the walk stands whenever that changes.
    pub tell: Box<dyn FnMut(&Telling) + Send>,
    /// What the walk is told.
    pub leads: mpsc::UnboundedReceiver<Lead>,
    /// The text of a file of the app that was recorded, by its name, where it is not where it was.
    pub source: Beside,
}

impl fmt::Debug for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed").finish_non_exhaustive()
    }
}

/// Shows the session until the user ends it.
pub async fn run(mut app: App, mut show: Show) -> io::Result<()> {
    let _guard = Guard::take()?;
    let mut canvas = Canvas::new()?;
    app.size = terminal::size()?;
    let mut events = EventStream::new();
    let mut states = show.control.states();
    let (tell, mut told) = mpsc::unbounded_channel();
    // What stood before the first message is shown as well.
    let _ = tell.send(Msg::State(show.control.state(), 0));
    let _ = tell.send(Msg::Grew);
    if let Some(filter) = show.filter.take() {
        let _ = tell.send(Msg::Filter(filter));
    }
    let found = tell.clone();
    let scan = scan::start(show.session.clone(), move |news| found.send(Msg::Found(news)).is_ok())?;
    let (mut tell_walk, mut leads, beside) = match show.followed.take() {
        Some(followed) => (Some(followed.tell), followed.leads, Some(followed.source)),
        None => (None, mpsc::unbounded_channel().1, None),
    };
    let mut standing = Telling::default();
    let mut is_growing = true;
    let mut is_stale = true;
    let mut drawn = Instant::now() - FRAME;
    let began = Instant::now();
    let mut ticked = began - SECOND;
    loop {
        let msg = tokio::select! {
            biased;
            event = events.next() => match event {
                Some(Ok(Event::Key(key))) => Msg::Key(key),
                Some(Ok(Event::Mouse(mouse))) => Msg::Mouse(mouse),
                Some(Ok(Event::Resize(columns, rows))) => Msg::Resize(columns, rows),
                Some(Ok(Event::Paste(text))) => Msg::Paste(text),
                Some(Ok(Event::FocusGained | Event::FocusLost)) => continue,
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
            () = tokio::time::sleep_until(drawn + FRAME), if is_stale => {
                let session = show.session.read().unwrap_or_else(PoisonError::into_inner);
                // Of a key and another size that come together, crossterm tells only the key.
                app.size = terminal::size()?;
                canvas.draw(app.size, |area, buf| view::draw(area, buf, &session, &mut app))?;
                is_stale = false;
                drawn = Instant::now();
                continue;
            },
            Some(msg) = told.recv() => msg,
            Some(lead) = leads.recv() => Msg::Lead(lead),
            () = tokio::time::sleep_until(ticked + SECOND), if app.ticks() => {
                ticked = Instant::now();
                Msg::Tick { since: ticked - began, time: time_of_day() }
            },
            Ok(()) = states.changed() => Msg::State(show.control.state(), show.control.behind()),
            changed = show.grew.changed(), if is_growing => match changed {
                Ok(()) => Msg::Grew,
                Err(_) => {
                    is_growing = false;
                    Msg::Ended
                }
            },
        };
        if matches!(msg, Msg::Grew) {
            let _ = scan.send(Request::Grew);
        }
        let effects = {
            let session = show.session.read().unwrap_or_else(PoisonError::into_inner);
            let effects = update(&mut app, &session, msg);
            if let (Some(tell), Some(view)) = (&mut tell_walk, &app.walk) {
                let now = Telling::of(&view.walk, &session);
                if now != standing {
                    tell(&now);
                    standing = now;
                }
            }
            effects
        };
        is_stale = true;
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(()),
                Effect::Copy(text) => copy(&text)?,
                Effect::Ask(ask) => asked(&show.control, ask, tell.clone()),
                // A scan that has ended found nothing more to tell.
                Effect::Scan(request) => drop(scan.send(request)),
                Effect::Read(file) => read(file, beside.clone(), tell.clone()),
                Effect::Export(export) => exporting::export(&show.control, export, &app.names, tell.clone()),
            }
        }
    }
}

/// Gives the text of a file by its name.
type Beside = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Reads a file of source on a thread that may wait for the disk, and tells what is in it.
fn read(file: Arc<str>, beside: Option<Beside>, tell: mpsc::UnboundedSender<Msg>) {
    tokio::task::spawn_blocking(move || {
        let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
        let known = || Some(Source::of(&beside?(name)?, name));
        let source = Source::read(&file).or_else(|why| known().ok_or(why));
        // The screen may have ended meanwhile.
        let _ = tell.send(Msg::Source(file, source));
    });
}

/// The time of day where the user is.
fn time_of_day() -> String {
    jiff::Zoned::now().strftime("%H:%M").to_string()
}

/// Asks the session for something, and tells how it went when the answer is there.
fn asked(control: &Control, ask: Ask, tell: mpsc::UnboundedSender<Msg>) {
    let (reply, done) = match ask {
        Ask::Record(path) => (control.record_to(&path), format!("recording into {}", path.display())),
        Ask::StopRecording => (control.stop_recording(), "no longer recording".to_owned()),
        Ask::Save(path) => (control.save(&path), format!("saved in {}", path.display())),
        Ask::Note { unit, marked, text } => (control.note(unit, marked, &text), String::new()),
        Ask::Pace(pace) => (control.pace(pace), String::new()),
        Ask::Step => (control.step(), String::new()),
    };
    tokio::spawn(async move {
        let said = match reply.answer().await {
            Ok(()) if done.is_empty() => Msg::Grew,
            Ok(()) => Msg::Said(Severity::Note, done),
            Err(error) => Msg::Said(Severity::Error, error.to_string()),
        };
        // The screen may have ended meanwhile.
        let _ = tell.send(said);
    });
}

/// Shows the start page until something is chosen; `None` where wirewalk is to end.
pub async fn home(home: &mut Home) -> io::Result<Option<Choice>> {
    let _guard = Guard::take()?;
    let mut canvas = Canvas::new()?;
    let mut events = EventStream::new();
    loop {
        canvas.draw(terminal::size()?, |area, buf| home.draw(area, buf))?;
        let outcome = match events.next().await {
            Some(Ok(Event::Key(key))) => home.key(key),
            Some(Ok(Event::Paste(text))) => {
                home.paste(&text);
                Outcome::Stay
            }
            Some(Ok(_)) => Outcome::Stay,
            Some(Err(error)) => return Err(error),
            None => Outcome::End,
        };
        match outcome {
            Outcome::Stay => {}
            Outcome::Begin(choice) => return Ok(Some(choice)),
            Outcome::End => return Ok(None),
        }
    }
}

/// Shows the notes of a walk until either ends.
pub async fn notes(
    theme: Theme,
    mut told: mpsc::Receiver<Telling>,
    lead: mpsc::Sender<Lead>,
) -> io::Result<()> {
    let _guard = Guard::take()?;
    let mut canvas = Canvas::new()?;
    let mut events = EventStream::new();
    let mut notes = Notes::new(theme);
    loop {
        canvas.draw(terminal::size()?, |area, buf| notes.draw(area, buf))?;
        tokio::select! {
            telling = told.recv() => match telling {
                Some(telling) => notes.told(telling),
                None => return Ok(()),
            },
            event = events.next() => match event {
                Some(Ok(Event::Key(key))) => match notes.key(key) {
                    notes::Outcome::Stay => {}
                    // Where the walk has ended, that is told next.
                    notes::Outcome::Lead(wanted) => drop(lead.send(wanted).await),
                    notes::Outcome::End => return Ok(()),
                },
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        }
    }
}
