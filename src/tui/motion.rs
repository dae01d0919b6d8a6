//! Moving about: from row to row, field to field, byte to byte, and to what belongs together.

use super::app::{App, Effect, Pane, Screen, Selection};
use super::keys::Action;
use super::layout::Areas;
use super::look::Look;
use super::panes::conversation::Place;
use super::rows::Choice;
use super::{panes, update};
use crate::decode::unit::{SourceId, UnitId};
use crate::session::Session;

/// Does what an action of moving says.
pub fn act(app: &mut App, session: &Session, action: Action) -> Vec<Effect> {
    match (app.screen, app.focus) {
        (Screen::Flow, Pane::Flow) => flow(app, session, action),
        (Screen::Flow, Pane::Layers) => layers(app, action),
        (Screen::Flow, Pane::Bytes) => panes::bytes::act(app, action),
        (Screen::Flow, Pane::Explain) => {
            let page = page(app);
            scroll(&mut app.panes.explain.top, page, action);
        }
        (Screen::Connections, _) => return connections(app, session, action),
        (Screen::Calls, _) => return super::calls::act(app, session, action),
        (Screen::Conversation, _) => conversation(app, session, action),
        (Screen::Output, _) => output(app, session, action),
        _ => {}
    }
    Vec::new()
}

/// Scrolls the server's output; at its end it is followed.
fn output(app: &mut App, session: &Session, action: Action) {
    let (total, height) = (session.output().lines().len(), page(app));
    let top = panes::output::top(app, total, height);
    if let Some(to) = moved(top, usize::MAX / 2, height, action) {
        app.output_top = (to + height < total && action != Action::Bottom).then_some(to);
    }
}

/// How many rows the focused pane shows.
fn page(app: &App) -> usize {
    let areas = Areas::of(app);
    let area = areas.pane(app.focus).unwrap_or(areas.body);
    let rows = match (app.screen, app.focus) {
        (Screen::Flow, Pane::Flow) => panes::flow::rows_a_unit(app),
        _ => 1,
    };
    (usize::from(area.height.saturating_sub(2)) / rows).max(1)
}

/// Where an action of moving leads from row `at` of `total`; `None` where it is no such action.
pub fn moved(at: usize, total: usize, page: usize, action: Action) -> Option<usize> {
    let last = total.saturating_sub(1);
    Some(match action {
        Action::Up => at.saturating_sub(1),
        Action::Down => (at + 1).min(last),
        Action::PageUp => at.saturating_sub(page),
        Action::PageDown => (at + page).min(last),
        Action::HalfUp => at.saturating_sub(page.div_ceil(2)),
        Action::HalfDown => (at + page.div_ceil(2)).min(last),
        Action::Top => 0,
        Action::Bottom => last,
        _ => return None,
    })
}

/// Scrolls text; the pane holds it at its end when it draws.
fn scroll(top: &mut usize, page: usize, action: Action) {
    if let Some(to) = moved(*top, usize::MAX / 2, page, action) {
        *top = to;
    }
}

fn flow(app: &mut App, session: &Session, action: Action) {
    let at = app.selection.unit.and_then(|unit| app.rows.position(unit)).unwrap_or_default();
    if let Some(to) = moved(at, app.rows.len(), page(app), action) {
        // Following is for who stands at the end and stays there.
        app.following =
            matches!(action, Action::Bottom | Action::Down | Action::PageDown) && to + 1 == app.rows.len();
        select_row(app, session, to);
        return;
    }
    match action {
        Action::Open => update::focus(app, Pane::Layers),
        Action::Left => fold(app, session, true),
        Action::Right => fold(app, session, false),
        Action::FoldAll => fold_all(app, session),
        Action::Openings => {
            let mut choice = app.rows.choice().clone();
            choice.openings = !choice.openings;
            app.rows.choose(session, choice);
        }
        Action::Narrow => narrow(app, session),
        Action::Clear => {
            let mut choice = app.rows.choice().clone();
            choice.cleared = app.shown;
            app.rows.choose(session, choice);
            app.following = true;
        }
        _ => {}
    }
}

/// Selects the unit of a row.
pub fn select_row(app: &mut App, session: &Session, row: usize) {
    if let Some(unit) = app.rows.get(row) {
        select(app, session, unit);
    }
}

/// Selects a unit, and decodes it.
pub fn select(app: &mut App, session: &Session, unit: UnitId) {
    if app.selection.unit == Some(unit) {
        return;
    }
    app.look = look(app, session, unit);
    // The layer that says most is the innermost.
    let innermost = app.looked().and_then(Look::innermost);
    app.selection = Selection { unit: Some(unit), item: None, byte: None };
    app.panes.explain.top = 0;
    select_item(app, innermost.unwrap_or_default());
}

fn look(app: &App, session: &Session, unit: UnitId) -> Option<Result<Look, String>> {
    let unit = session.unit(unit)?;
    Some(Look::at(session, unit, app.hidden()).map_err(|error| error.to_string()))
}

/// Decodes the selected unit again, since other things are hidden now.
pub fn look_again(app: &mut App, session: &Session) {
    app.look = app.selection.unit.and_then(|unit| look(app, session, unit));
}

/// Selects a layer or a field, and its first byte.
pub fn select_item(app: &mut App, item: usize) {
    let Some(found) = app.looked().and_then(|look| look.items.get(item)) else { return };
    let first = (found.span.bits.end > found.span.bits.start)
        .then_some((found.span.source, (found.span.bits.start / 8) as usize));
    app.selection.item = Some(item);
    app.selection.byte = first.or(app.selection.byte);
    app.panes.bytes.held = None;
    app.panes.explain.top = 0;
}

/// Selects a byte, and the field that it belongs to.
pub fn select_byte(app: &mut App, source: SourceId, byte: usize) {
    let item = app.looked().and_then(|look| look.item_at(source, byte));
    app.selection.byte = Some((source, byte));
    app.selection.item = item.or(app.selection.item);
    app.panes.explain.top = 0;
}

fn layers(app: &mut App, action: Action) {
    let listed = app.listed();
    let selected = app.selection.item.unwrap_or_default();
    let at = listed.partition_point(|item| *item < selected).min(listed.len().saturating_sub(1));
    if let Some(to) = moved(at, listed.len(), page(app), action) {
        if let Some(item) = listed.get(to) {
            select_item(app, *item);
        }
        return;
    }
    let Some(look) = app.looked() else { return };
    let path = look.path(selected);
    let (has_inside, parent) =
        look.items.get(selected).map_or((false, None), |item| (item.end > selected + 1, item.parent));
    match action {
        Action::Left if has_inside && !app.folded.contains(&path) => {
            app.folded.insert(path);
        }
        Action::Left => match parent {
            Some(parent) => select_item(app, parent),
            None => update::focus(app, Pane::Flow),
        },
        Action::Right => {
            app.folded.remove(&path);
        }
        Action::Open if has_inside && app.folded.contains(&path) => {
            app.folded.remove(&path);
        }
        Action::Open => update::focus(app, Pane::Bytes),
        _ => {}
    }
}

/// Moves in the list of connections and engine sessions; the chosen one narrows the flow.
fn connections(app: &mut App, session: &Session, action: Action) -> Vec<Effect> {
    let (connections, engines) = (session.connections(), session.engine_sessions());
    let total = connections.len() + engines.len();
    if let Some(to) = moved(app.chosen, total, page(app), action) {
        app.chosen = to;
    }
    if action == Action::Open && total > 0 {
        let conn = connections.get(app.chosen).map(|info| info.conn);
        let engine = app.chosen.checked_sub(connections.len()).and_then(|at| u32::try_from(at + 1).ok());
        let choice = Choice { conn, engine, ..app.rows.choice().clone() };
        app.screen = Screen::Flow;
        update::focus(app, Pane::Flow);
        rechoose(app, session, choice);
    }
    Vec::new()
}

fn conversation(app: &mut App, session: &Session, action: Action) {
    let (page, form) = (page(app), app.bytes_form);
    let columns = usize::from(app.size.0).saturating_sub(6);
    let hidden = app.presenter.hides().then_some(&app.names);
    let Some(conversation) = &mut app.conversation else { return };
    let (rows, place) = (&conversation.rows, &mut conversation.place);
    let last = rows.len().saturating_sub(1);
    let height = |at: usize| {
        let unit = rows.get(at).and_then(|id| session.unit(id));
        unit.map_or(1, |unit| panes::conversation::height(session, &unit, form, columns, hidden))
    };
    let down = |place: &mut Place| {
        if place.line + 1 < height(place.unit) {
            place.line += 1;
        } else if place.unit < last {
            *place = Place { unit: place.unit + 1, line: 0 };
        }
    };
    let up = |place: &mut Place| match (place.line.checked_sub(1), place.unit.checked_sub(1)) {
        (Some(line), _) => place.line = line,
        (None, Some(unit)) => *place = Place { unit, line: height(unit).saturating_sub(1) },
        (None, None) => {}
    };
    match action {
        Action::Down => down(place),
        Action::Up => up(place),
        Action::PageDown => (0..page).for_each(|_| down(place)),
        Action::PageUp => (0..page).for_each(|_| up(place)),
        Action::HalfDown => (0..page / 2).for_each(|_| down(place)),
        Action::HalfUp => (0..page / 2).for_each(|_| up(place)),
        Action::Top => *place = Place::default(),
        Action::Bottom => *place = Place { unit: last, line: 0 },
        Action::Open => {
            let unit = rows.get(place.unit);
            app.screen = Screen::Flow;
            if let Some(unit) = unit {
                app.following = false;
                select(app, session, unit);
            }
        }
        _ => {}
    }
}

fn fold(app: &mut App, session: &Session, is_folded: bool) {
    let unit = app.selection.unit.and_then(|unit| session.unit(unit));
    let Some(engine) = unit.and_then(|unit| app.rows.engine(&unit)) else { return };
    let mut choice = app.rows.choice().clone();
    let changed = if is_folded { choice.folded.insert(engine) } else { choice.folded.remove(&engine) };
    if changed {
        app.rows.choose(session, choice);
        let is_of_engine =
            |unit: &UnitId| session.unit(*unit).is_some_and(|unit| app.rows.engine(&unit) == Some(engine));
        let rows = 0..app.rows.len();
        // The row that stands for all of them, or the first of those that it stood for.
        if let Some(unit) = rows.filter_map(|row| app.rows.get(row)).find(is_of_engine) {
            app.following = false;
            select(app, session, unit);
        }
    } else if !is_folded {
        update::focus(app, Pane::Layers);
    }
}

fn fold_all(app: &mut App, session: &Session) {
    let mut choice = app.rows.choice().clone();
    let all = 1..=u32::try_from(session.engine_sessions().len()).unwrap_or(u32::MAX);
    choice.folded = if choice.folded.is_empty() { all.collect() } else { Default::default() };
    rechoose(app, session, choice);
}

fn narrow(app: &mut App, session: &Session) {
    let mut choice = app.rows.choice().clone();
    let unit = app.selection.unit.and_then(|unit| session.unit(unit));
    choice.conn = match choice.conn {
        Some(_) => None,
        None => unit.map(|unit| unit.conn),
    };
    rechoose(app, session, choice);
}

/// Lists by another choice, and stays with the selected unit or what is next to it.
pub fn rechoose(app: &mut App, session: &Session, choice: super::rows::Choice) {
    app.rows.choose(session, choice);
    reselect(app, session);
}

/// Selects a row again where the selected unit has none any more.
pub fn reselect(app: &mut App, session: &Session) {
    let row = app.selection.unit.and_then(|unit| app.rows.position(unit));
    if let Some(row) = row {
        select_row(app, session, row);
    }
}
