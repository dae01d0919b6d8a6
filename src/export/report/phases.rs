//! The parts of the walk: which units and which calls belong to each.

use super::{Outside, Passage, Phase, bytes, steps};
use crate::decode::sink::Detail;
use crate::decode::unit::{LinkKind, UnitId};
use crate::escape;
use crate::explain;
use crate::session::calls::Certainty;
use crate::session::calls::tree::CallTree;
use crate::session::filter::Filter;
use crate::session::{Session, StoreError, UnitRef, headline};
use crate::wire::{Direction, Timestamp};

const START_UP: &str = "Start-up";
const HANDSHAKE: &str = "The handshake";
const UPGRADE: &str = "The upgrade to a WebSocket";
const MESSAGE: &str = "The first message";
const ANSWER: &str = "The answer";

/// The titles of all phases, in order.
pub const TITLES: [&str; 5] = [START_UP, HANDSHAKE, UPGRADE, MESSAGE, ANSWER];

const ABOUT_START_UP: &str = "Before any client is there, the app makes its objects. Nothing is on the wire yet. What matters is what stands before \
    what when the first request comes.";
const ABOUT_HANDSHAKE: &str = "The client's script does not open a WebSocket at first: it asks by a plain HTTP request, which works everywhere. \
    The answer holds the session's id (sid), by which the server knows the client from now on, and says that a WebSocket is welcome.";
const ABOUT_UPGRADE: &str = "The client asks for the WebSocket by an HTTP request that names a key. The server proves by Sec-WebSocket-Accept that it \
    understood, and answers 101. From here on the connection speaks frames, both ways, until one side closes it.";
const ABOUT_MESSAGE: &str = "The client emits an event. Its bytes are one masked frame. On the server they go up through the libraries, layer by layer, to the \
    function that was registered for the event.";
const ABOUT_ANSWER: &str = "What the handler sends goes down again: made into a packet, put into the client's queue, taken out by whoever writes for this \
    client, and framed.";

/// So many units are searched for the first of a phase, and for answers.
const MAX_SEARCHED: usize = 20_000;

/// So many answers to one message are shown.
const MAX_ANSWERS: usize = 4;

/// All phases that the session has something of.
pub fn all(session: &Session, outside: &Outside<'_>) -> Result<Vec<Phase>, StoreError> {
    let mut phases = Vec::new();
    let until = session.connections().first().map_or(Timestamp(u64::MAX), |first| first.opened);
    let tree = session.calls().start_up(until);
    if !tree.is_empty() {
        let steps = steps::of(session, &tree.roots, outside);
        let certainty = "These calls were made before the first connection.";
        phases.push(Phase { title: START_UP, intro: ABOUT_START_UP, passages: Vec::new(), steps, certainty });
    }
    if let Some(request) =
        first(session, "engineio.handshake && dir == s2c")?.and_then(|of| asked(session, &of))
    {
        phases.push(exchange(session, &request, HANDSHAKE, ABOUT_HANDSHAKE, outside)?);
    }
    if let Some(request) = first(session, "http.response.code == 101")?.and_then(|of| asked(session, &of)) {
        phases.push(exchange(session, &request, UPGRADE, ABOUT_UPGRADE, outside)?);
    }
    let message = match first(session, "socketio.event && dir == c2s")? {
        Some(message) => Some(message),
        None if session.engine_sessions().is_empty() => {
            first(session, "websocket.opcode in {1, 2} && websocket.fin == 1 && dir == c2s")?
        }
        None => None,
    };
    if let Some(message) = message {
        phases.push(received(session, &message, outside)?);
        let answers = answers(session, &message)?;
        if !answers.is_empty() {
            phases.push(answered(session, &answers, outside)?);
        }
    }
    Ok(phases)
}

/// The first unit that fulfils a condition.
fn first(session: &Session, condition: &str) -> Result<Option<UnitRef>, StoreError> {
    // The conditions are those of this file; a test reads each.
    let Ok(filter) = Filter::parse(condition) else { return Ok(None) };
    for unit in session.ids().take(MAX_SEARCHED).filter_map(|id| session.unit(id)) {
        if filter.matches(session, &unit)? {
            return Ok(Some(unit));
        }
    }
    Ok(None)
}

/// The request that a response answers.
fn asked(session: &Session, response: &UnitRef) -> Option<UnitRef> {
    let (_, link) = session.links(response.id).iter().find(|(_, link)| link.kind == LinkKind::Request)?;
    session.unit(link.to)
}

fn tree(session: &Session, unit: &UnitRef) -> Result<CallTree, StoreError> {
    Ok(session.calls().tree(&session.calls_of(unit)?))
}

/// A request, its answer, and what was called in between.
fn exchange(
    session: &Session,
    request: &UnitRef,
    title: &'static str,
    intro: &'static str,
    outside: &Outside<'_>,
) -> Result<Phase, StoreError> {
    let answers = session.answers(request.id).filter(|(_, kind)| *kind == LinkKind::Request);
    let units = std::iter::once(request.id).chain(answers.map(|(id, _)| id));
    let passages = passages(session, units)?;
    let tree = tree(session, request)?;
    let steps = steps::of(session, &tree.roots, outside);
    Ok(Phase { title, intro, passages, steps, certainty: certainty(&tree) })
}

/// A message, and the way to its handler. What the handler does is the answer's matter.
fn received(session: &Session, message: &UnitRef, outside: &Outside<'_>) -> Result<Phase, StoreError> {
    let mut tree = tree(session, message)?;
    steps::stop_at_own(session, &mut tree.roots);
    Ok(Phase {
        title: MESSAGE,
        intro: ABOUT_MESSAGE,
        passages: passages(session, std::iter::once(message.id))?,
        steps: steps::of(session, &tree.roots, outside),
        certainty: certainty(&tree),
    })
}

/// What was written because of a message: where calls say so, that; else what is linked to it.
fn answers(session: &Session, message: &UnitRef) -> Result<Vec<UnitRef>, StoreError> {
    let mut found = Vec::new();
    let later = session.ids().skip(message.id.0 as usize).take(MAX_SEARCHED);
    for unit in later.filter_map(|id| session.unit(id)).filter(|unit| unit.dir == Direction::ToClient) {
        let calls = session.calls_of(&unit)?;
        for (turn, place, _) in calls.written {
            let wrote = session.calls().turn(turn).and_then(|turn| turn.wrote.get(place));
            let by = wrote.and_then(|wrote| wrote.giver.or(Some(wrote.call)));
            let cause = by.map_or(Ok(None), |call| session.cause_of(call))?;
            if cause.is_some_and(|tied| tied.unit == message.id) && !found.contains(&unit) {
                found.push(unit);
            }
        }
        if found.len() == MAX_ANSWERS {
            break;
        }
    }
    if found.is_empty() {
        found.extend(session.answers(message.id).take(MAX_ANSWERS).filter_map(|(id, _)| session.unit(id)));
    }
    Ok(found)
}

fn answered(session: &Session, answers: &[UnitRef], outside: &Outside<'_>) -> Result<Phase, StoreError> {
    let mut phase = Phase {
        title: ANSWER,
        intro: ABOUT_ANSWER,
        passages: passages(session, answers.iter().map(|unit| unit.id))?,
        ..Phase::default()
    };
    for unit in answers {
        let tree = tree(session, unit)?;
        if phase.certainty.is_empty() {
            phase.certainty = certainty(&tree);
        }
        phase.steps.extend(steps::of(session, &tree.roots, outside));
    }
    Ok(phase)
}

fn certainty(tree: &CallTree) -> &'static str {
    match tree.certainty {
        Some(Certainty::Certain) => {
            "These calls belong to these bytes for certain: they were counted on this connection, and the bytes compared."
        }
        Some(Certainty::Inferred) => {
            "These calls belong to these bytes by their number on this connection; the bytes could not be compared."
        }
        None => "",
    }
}

/// What units say on the wire.
fn passages(session: &Session, units: impl Iterator<Item = UnitId>) -> Result<Vec<Passage>, StoreError> {
    let mut passages = Vec::new();
    for unit in units.filter_map(|id| session.unit(id)) {
        let tree = session.look(&unit, Detail::Tree)?;
        let meaning = explain::unit(session, &unit, &tree);
        let (from, to) = match unit.dir {
            Direction::ToServer => ("client", "server"),
            Direction::ToClient => ("server", "client"),
        };
        passages.push(Passage {
            heading: format!("{from} → {to}, unit {} on connection {}", unit.id.0, unit.conn),
            headline: escape::line(&headline::of(&tree).text).into_owned(),
            bytes: bytes::lines(&tree),
            meaning: escape::line(&meaning.what).into_owned(),
        });
    }
    Ok(passages)
}
