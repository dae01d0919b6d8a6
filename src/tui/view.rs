//! Draws the state: each pane in its place.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Paragraph, Widget as _, Wrap};

use super::app::{App, Dialog, Pane, Screen};
use super::layout::{Areas, SMALLEST};
use super::panes::{
    Panes, bars, bytes, calls, connections, conversation, explain, flow, help, layers, line, output,
    statistics, walk,
};
use super::presenter;
use crate::session::Session;

/// Draws everything. What panes keep between two drawings is kept in `app`; nothing else in it changes.
pub fn draw(area: Rect, buf: &mut Buffer, session: &Session, app: &mut App) {
    let mut panes = std::mem::take(&mut app.panes);
    all(area, buf, session, app, &mut panes);
    app.panes = panes;
}

fn all(area: Rect, buf: &mut Buffer, session: &Session, app: &App, panes: &mut Panes) {
    buf.set_style(area, app.theme.base);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return too_small(area, buf);
    }
    let areas = Areas::of(app);
    panes.tabs = bars::header(areas.header, buf, session, app);
    match app.screen {
        Screen::Flow => {
            for (pane, area) in &areas.panes {
                match pane {
                    Pane::Flow => flow::draw(*area, buf, session, app, &mut panes.flow),
                    Pane::Layers => layers::draw(*area, buf, session, app, &mut panes.layers),
                    Pane::Bytes => bytes::draw(*area, buf, app, &mut panes.bytes),
                    Pane::Explain => explain::draw(*area, buf, session, app, &mut panes.explain),
                }
            }
        }
        Screen::Conversation => {
            let place = app.conversation.as_ref().map(|c| c.place).unwrap_or_default();
            conversation::draw(areas.body, buf, session, app, place);
        }
        Screen::Connections => connections::draw(areas.body, buf, session, app, &mut panes.connections),
        Screen::Statistics => statistics::draw(areas.body, buf, app),
        Screen::Calls => calls::draw(areas.body, buf, session, app, &mut panes.calls),
        Screen::Output => output::draw(areas.body, buf, session, app),
        Screen::Walk => walk::draw(areas.body, buf, session, app, panes),
    }
    bars::status(areas.status, buf, session, app);
    match &app.dialog {
        Some(Dialog::Help { top }) => help::draw(areas.body, buf, app, *top),
        Some(Dialog::Quit { lost }) => help::question(areas.body, buf, app, lost),
        Some(Dialog::Copy) => help::copy(areas.body, buf, app),
        None => {}
    }
    if let Some(prompt) = &app.prompt {
        line::draw(areas.status, areas.body, buf, app, prompt);
    }
    presenter::draw(area, buf, app);
}

fn too_small(area: Rect, buf: &mut Buffer) {
    let (columns, rows) = SMALLEST;
    let text = format!(
        "wirewalk needs {columns} columns and {rows} rows; here are {} and {}. Make the terminal larger, or its font smaller.",
        area.width, area.height
    );
    Paragraph::new(text).wrap(Wrap { trim: true }).render(area, buf);
}

#[cfg(test)]
mod tests;
