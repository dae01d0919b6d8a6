//! What the tests of walkthroughs share.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Those that come with wirewalk and have a transcript.
pub const SHIPPED: &[&str] =
    &["flask-socketio", "websocket-from-scratch", "socketio-events", "when-it-fails"];

/// A walkthrough in which everything is so.
pub const SOUND: &str = include_str!("sound.md");

/// A file of this repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The folder of a walkthrough that comes with wirewalk.
pub fn shipped(name: &str) -> PathBuf {
    repository("walkthroughs").join(name)
}

/// A folder with this text, the transcript that [`SOUND`] walks through, and its lock file.
pub fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("walkthrough.md"), text).unwrap();
    fs::copy(repository("tests/formats/v1-calls.wirewalk"), folder.path().join("session.wirewalk")).unwrap();
    fs::copy(repository("tests/walkthroughs/sound.lock.json"), folder.path().join("lock.json")).unwrap();
    folder
}
