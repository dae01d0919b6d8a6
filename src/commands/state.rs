//! Where wirewalk keeps what it remembers between runs.

use std::path::PathBuf;

use etcetera::BaseStrategy as _;

/// wirewalk's folder among those where the platform keeps the state of programs.
pub(super) fn folder() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    let folder = folders.state_dir().unwrap_or_else(|| folders.data_dir());
    Some(folder.join("wirewalk"))
}
