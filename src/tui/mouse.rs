//! The mouse: selecting, scrolling, and dragging the borders between panes.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::app::{App, Effect, Pane, Screen};
use super::keys::Action;
use super::layout::Areas;
use super::panes::{bytes, flow};
use super::{motion, update};
use crate::session::Session;

/// So many rows a turn of the wheel scrolls.
const WHEEL: usize = 3;

/// Takes what the mouse did.
pub fn mouse(app: &mut App, session: &Session, event: MouseEvent) -> Vec<Effect> {
    if app.dialog.is_some() || app.prompt.is_some() {
        return Vec::new();
    }
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => press(app, session, event.column, event.row),
        MouseEventKind::Drag(MouseButton::Left) => drag(app, event.column, event.row),
        MouseEventKind::Up(MouseButton::Left) => app.panes.dragged = None,
        MouseEventKind::ScrollDown => return wheel(app, session, &event, Action::Down),
        MouseEventKind::ScrollUp => return wheel(app, session, &event, Action::Up),
        _ => {}
    }
    Vec::new()
}

/// A border that is being dragged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// Between the flow and what is below it.
    BelowFlow,
    /// Between the layers and what is beside them.
    BesideLayers,
}

fn press(app: &mut App, session: &Session, column: u16, row: u16) {
    let areas = Areas::of(app);
    if row == areas.header.y {
        if let Some(screen) = app.panes.tabs.iter().find(|(_, tab)| tab.contains(&column)).map(|(s, _)| *s) {
            app.screen = screen;
        }
        return;
    }
    app.panes.dragged = border(&areas, column, row);
    if app.panes.dragged.is_some() {
        return;
    }
    let Some((pane, area)) = areas.pane_at(column, row) else { return };
    update::focus(app, pane);
    let inside = usize::from(row.saturating_sub(area.y + 1));
    match pane {
        Pane::Flow => {
            // The first row inside is the heading.
            let row = app.panes.flow.top + inside.saturating_sub(1) / flow::rows_a_unit(app);
            app.following = false;
            motion::select_row(app, session, row.min(app.rows.len().saturating_sub(1)));
        }
        Pane::Layers => {
            let mut places = app.panes.layers.places.iter();
            let at = places.find(|(place, _)| place.contains((column, row).into())).map(|(_, item)| *item);
            at.into_iter().for_each(|item| motion::select_item(app, item));
        }
        Pane::Bytes => {
            let mut places = app.panes.bytes.places.iter();
            let at =
                places.find(|(place, _)| place.contains((column, row).into())).map(|(_, target)| *target);
            at.into_iter().for_each(|target| bytes::click(app, target));
        }
        Pane::Explain => {}
    }
}

fn border(areas: &Areas, column: u16, row: u16) -> Option<Border> {
    let flow = areas.pane(Pane::Flow)?;
    if row + 1 == flow.bottom() && areas.panes.len() > 1 {
        return Some(Border::BelowFlow);
    }
    let layers = areas.pane(Pane::Layers)?;
    (areas.panes.len() == 3 && row >= layers.y && column + 1 == layers.right())
        .then_some(Border::BesideLayers)
}

fn drag(app: &mut App, column: u16, row: u16) {
    let areas = Areas::of(app);
    let percent = |part: u16, whole: u16| (u32::from(part) * 100 / u32::from(whole.max(1))) as u16;
    match app.panes.dragged {
        Some(Border::BelowFlow) => {
            let height = row.saturating_sub(areas.body.y) + 1;
            app.proportions.flow = percent(height, areas.body.height).clamp(20, 80);
        }
        Some(Border::BesideLayers) => {
            app.proportions.layers = percent(column + 1, areas.body.width).clamp(20, 80);
        }
        None => {}
    }
}

fn wheel(app: &mut App, session: &Session, event: &MouseEvent, action: Action) -> Vec<Effect> {
    let pane = Areas::of(app).pane_at(event.column, event.row).map(|(pane, _)| pane);
    if app.screen == Screen::Flow && pane.is_none() {
        return Vec::new();
    }
    let focused = app.focus;
    app.focus = pane.unwrap_or(focused);
    (0..WHEEL).for_each(|_| {
        motion::act(app, session, action);
    });
    app.focus = focused;
    Vec::new()
}
