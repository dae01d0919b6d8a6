//! The interactive screen, over the same units as the text output.
//!
//! Messages go in, state changes, effects come out; panes draw the state. In the order in which a key press travels:
//!
//! - [`run`]: the terminal and the loop; the only file that touches the terminal.
//! - [`keys`]: one table of all keys; dispatch, help and the command line all come from it.
//! - [`update`]: what a message does to the [`app`] state. No terminal in it.
//! - [`rows`]: which units are listed, with folds and filters; [`lanes`]: the lifelines of their connections.
//! - [`motion`] moves from row to row and field to field, [`visit`] to what belongs together; [`prompt`] takes what is typed.
//! - [`calls`]: the calls of the selected unit, and the source that is seen with them; [`sequence`]: as messages between lanes.
//! - [`look`]: the selected unit, decoded, as a list of layers and fields.
//! - [`find`]: filter, search and statistics, which [`scan`] looks for in the background.
//! - [`layout`]: which pane is where at which size; [`view`] draws them, with [`theme`]'s colours and [`paint`]'s strokes.
//! - [`presenter`]: hidden secrets, a pointer and a clock, for who talks to many.
//! - [`walk`]: a walkthrough, step by step; [`prose`]: its text as lines.
//! - [`notes`]: the speaker's second terminal.
//! - [`home`]: the start page.
//! - [`panes`]: one file each.

pub mod app;
pub mod calls;
mod exporting;
pub mod find;
pub mod home;
pub mod keys;
pub mod lanes;
pub mod layout;
pub mod look;
pub mod motion;
pub mod mouse;
pub mod notes;
pub mod paint;
pub mod panes;
pub mod presenter;
pub mod prompt;
pub mod prose;
pub mod rows;
pub mod run;
pub mod scan;
pub mod sequence;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod visit;
pub mod walk;
