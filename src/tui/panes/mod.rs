//! The panes, one file each: functions of the session and the state. What they keep themselves is how far they are
//! scrolled.

pub mod bars;
pub mod bytes;
pub mod calls;
pub mod connections;
pub mod conversation;
pub mod explain;
pub mod flow;
pub mod help;
pub mod layers;
pub mod line;
pub mod output;
pub mod sequence;
pub mod source;
pub mod statistics;
pub mod walk;

use std::ops::Range;

use super::app::Screen;
use super::mouse::Border;

/// What the panes keep between two drawings.
#[derive(Clone, Debug, Default)]
pub struct Panes {
    /// The flow's.
    pub flow: flow::FlowState,
    /// The layers'.
    pub layers: layers::LayersState,
    /// The bytes'.
    pub bytes: bytes::BytesState,
    /// The explanation's.
    pub explain: Scroll,
    /// The connections'.
    pub connections: Scroll,
    /// The calls'.
    pub calls: Scroll,
    /// The line of a step's text in which its question begins.
    pub question: usize,
    /// The border that is being dragged.
    pub dragged: Option<Border>,
    /// The columns of the tabs in the bar at the top.
    pub tabs: Vec<(Screen, Range<u16>)>,
}

/// How far a pane is scrolled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    /// The first row in sight.
    pub top: usize,
}

#[cfg(test)]
mod tests;
