//! Which pane is where, at which size of the terminal.

use ratatui::layout::{Constraint, Layout, Rect};

use super::app::{App, Pane, Screen};

/// Whether the layers have a place of their own at so many columns.
pub fn has_place_for_layers(columns: u16) -> bool {
    columns >= TWO_COLUMNS
}

/// The smallest terminal that anything can be shown in.
pub const SMALLEST: (u16, u16) = (60, 16);

/// From so many columns on, the layers have a place beside the bytes or the explanation.
const TWO_COLUMNS: u16 = 100;

/// From so many columns on, layers, bytes and explanation stand side by side.
const THREE_COLUMNS: u16 = 150;

/// Sixteen bytes in hexadecimal and as text. The bit diagram of RFC 6455 §5.2, 32 bits of two columns, is narrower.
const BYTES_WIDTH: u16 = 73;

/// The layers have at least so many columns.
const LAYERS_WIDTH: u16 = 36;

/// How the panes share the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proportions {
    /// The flow's share of the height, in percent.
    pub flow: u16,
    /// The layers' share of the width where there are two columns, in percent.
    pub layers: u16,
}

impl Default for Proportions {
    fn default() -> Proportions {
        Proportions { flow: 48, layers: 42 }
    }
}

/// Where everything is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// The bar at the top.
    pub header: Rect,
    /// All between the bars.
    pub body: Rect,
    /// The bar at the bottom.
    pub status: Rect,
    /// The panes of the flow's screen that are in sight.
    pub panes: Vec<(Pane, Rect)>,
}

impl Areas {
    /// Where everything is for this state.
    pub fn of(app: &App) -> Areas {
        let all = Rect::new(0, 0, app.size.0, app.size.1);
        let rows = Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)]);
        let [header, body, status] = rows.areas(all);
        let panes = match app.screen {
            Screen::Flow if app.presenter.is_on => vec![(app.focus, with_room_around(body))],
            Screen::Flow => panes(app, body),
            _ => Vec::new(),
        };
        Areas { header, body, status, panes }
    }

    /// Where a pane is, if it is in sight.
    pub fn pane(&self, pane: Pane) -> Option<Rect> {
        self.panes.iter().find(|(shown, _)| *shown == pane).map(|(_, area)| *area)
    }

    /// The pane at a place of the screen.
    pub fn pane_at(&self, column: u16, row: u16) -> Option<(Pane, Rect)> {
        self.panes.iter().find(|(_, area)| area.contains((column, row).into())).copied()
    }
}

fn panes(app: &App, body: Rect) -> Vec<(Pane, Rect)> {
    let share = app.proportions.flow.clamp(20, 80);
    let [flow, below] =
        Layout::vertical([Constraint::Percentage(share), Constraint::Percentage(100 - share)]).areas(body);
    let mut panes = vec![(Pane::Flow, flow)];
    let front = if app.front == Pane::Flow { Pane::Explain } else { app.front };
    match body.width {
        THREE_COLUMNS.. => {
            let rest = body.width - BYTES_WIDTH;
            let widths = [Constraint::Length(rest / 2), Constraint::Length(BYTES_WIDTH), Constraint::Min(0)];
            let [layers, bytes, explain] = Layout::horizontal(widths).areas(below);
            panes.extend([(Pane::Layers, layers), (Pane::Bytes, bytes), (Pane::Explain, explain)]);
        }
        TWO_COLUMNS.. => {
            let layers = (body.width * app.proportions.layers.clamp(20, 80) / 100)
                .min(body.width.saturating_sub(BYTES_WIDTH).max(LAYERS_WIDTH));
            let [left, right] =
                Layout::horizontal([Constraint::Length(layers), Constraint::Min(0)]).areas(below);
            let front = if front == Pane::Layers { Pane::Explain } else { front };
            panes.extend([(Pane::Layers, left), (front, right)]);
        }
        _ => panes.push((front, below)),
    }
    panes
}

/// The area without a margin of a sixteenth on each side, so that the last row of the hall sees where it ends.
fn with_room_around(area: Rect) -> Rect {
    let (x, y) = (area.width / 16, area.height / 16);
    Rect::new(area.x + x, area.y + y, area.width - 2 * x, area.height - 2 * y)
}
