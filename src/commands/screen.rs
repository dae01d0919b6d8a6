//! Opens the screen over a session, wherever that comes from, as the user has settled it.

use anyhow::Context as _;

use super::source::Source;
use crate::config::Config;
use crate::session::filter::Filter;
use crate::session::secrets::Names;
use crate::tui::app::{App, Origin, Screen};
use crate::tui::keys::Keymap;
use crate::tui::layout::Proportions;
use crate::tui::rows::{Choice, Rows};
use crate::tui::run::{self, Followed, Show};
use crate::tui::theme::Theme;
use crate::tui::walk::WalkView;
use crate::walkthrough::route::Growth;
use crate::walkthrough::walk::Walk;

/// EIO of Linux, macOS and the BSDs: what reading from a terminal or writing to it gives when it was closed.
const TERMINAL_IS_GONE: i32 = 5;

/// What the user has settled of the screen.
#[derive(Debug)]
pub(super) struct Settings {
    config: Config,
    /// The colours.
    pub theme: Theme,
    keymap: Keymap,
    names: Names,
}

impl Settings {
    /// Reads the configuration. The theme that was asked for goes before the one that it names.
    pub fn load(theme: Option<Theme>) -> anyhow::Result<Settings> {
        let config = Config::load()?;
        let keymap = config.keymap().map_err(anyhow::Error::msg)?;
        let names = Names::new(&config.secrets.names, &config.secrets.patterns)?;
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let theme = theme.unwrap_or_else(|| config.theme.for_terminal(variable));
        Ok(Settings { config, theme, keymap, names })
    }

    /// The screen at its beginning.
    fn app(self, origin: Origin, walk: Option<Walk>) -> App {
        let Settings { config, theme, keymap, names } = self;
        let growth = if origin.is_live { Growth::Live } else { Growth::Read };
        let mut app = App::new(origin, theme, keymap);
        app.time = config.time;
        app.rows = Rows::with(Choice { openings: config.openings, ..Choice::default() });
        app.names = names;
        app.presenter.always_hide = config.secrets.always_hide;
        app.presenter.has_clock = config.presenter.clock;
        if let Some(mut walk) = walk {
            walk.growth = growth;
            app.walk = Some(WalkView::new(walk));
            app.screen = Screen::Walk;
            app.following = false;
        }
        app.proportions = Proportions { flow: config.panes.flow, layers: config.panes.layers };
        app
    }
}

/// A walk, and who is told how it goes on.
pub(super) struct Guided {
    /// The walk, at the step where it begins.
    pub walk: Walk,
    /// Who follows it.
    pub followed: Followed,
}

/// Shows a session until the user ends it, at first only what `filter` lets through. With a walk it begins on that.
pub(super) async fn show(
    source: &Source,
    settings: Settings,
    filter: Option<Filter>,
    walk: Option<Guided>,
) -> anyhow::Result<()> {
    let (walk, followed) = walk.map(|walk| (walk.walk, walk.followed)).unzip();
    let origin = Origin {
        title: source.title.clone(),
        began: source.began,
        is_live: source.is_live,
        follows: source.follows,
        is_repeatable: source.is_repeatable,
        ..Origin::default()
    };
    let show = Show {
        session: source.session.clone(),
        grew: source.grew.clone(),
        control: source.control.clone(),
        filter,
        followed,
    };
    match run::run(settings.app(origin, walk), show).await {
        // Whoever closed the terminal wanted to end.
        Err(error) if error.raw_os_error() == Some(TERMINAL_IS_GONE) => Ok(()),
        shown => shown.context("the screen failed"),
    }
}
