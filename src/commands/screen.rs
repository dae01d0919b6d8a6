//! Opens the screen over a session, wherever that comes from.

use anyhow::Context as _;

use super::source::Source;
use crate::session::filter::Filter;
use crate::tui::app::{App, Origin};
use crate::tui::keys::Keymap;
use crate::tui::run::{self, Show};
use crate::tui::theme::Theme;

/// Shows a session until the user ends it, at first only what `filter` lets through.
pub(super) async fn show(source: &Source, filter: Option<Filter>) -> anyhow::Result<()> {
    let origin = Origin {
        title: source.title.clone(),
        began: source.began,
        is_live: source.is_live,
        is_repeatable: source.is_repeatable,
        ..Origin::default()
    };
    let app = App::new(origin, Theme::ALL[0], Keymap::new([]).map_err(anyhow::Error::msg)?);
    let show = Show {
        session: source.session.clone(),
        grew: source.grew.clone(),
        control: source.control.clone(),
        filter,
    };
    run::run(app, show).await.context("the screen failed")
}
