//! The transcripts that were recorded or opened last, for the start page. That the list cannot be read or written is no
//! failure: it is a convenience.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::state;

/// So many are kept.
const MAX: usize = 20;

/// The list is not longer than this, unless it is not ours.
const MAX_BYTES: u64 = 1 << 20;

/// Puts a transcript first in the list.
pub(super) fn add(path: &Path) {
    let (Some(list), Ok(path)) = (list(), std::path::absolute(path)) else { return };
    // See the top of this file.
    let _ = add_to(&list, path);
}

/// The recent transcripts, newest first, then the others that are in the current folder, by name.
pub(super) fn all() -> Vec<PathBuf> {
    let listed = list().map(|list| read(&list)).unwrap_or_default();
    let here = std::env::current_dir().map(|folder| inside(&folder)).unwrap_or_default();
    let others: Vec<PathBuf> = here.into_iter().filter(|path| !listed.contains(path)).collect();
    listed.into_iter().chain(others).collect()
}

/// The list's file.
fn list() -> Option<PathBuf> {
    Some(state::folder()?.join("recent.json"))
}

/// The files of a list that are still there.
fn read(list: &Path) -> Vec<PathBuf> {
    let is_ours = fs::metadata(list).is_ok_and(|found| found.len() <= MAX_BYTES);
    let text = if is_ours { fs::read(list).unwrap_or_default() } else { Vec::new() };
    let paths: Vec<PathBuf> = serde_json::from_slice(&text).unwrap_or_default();
    paths.into_iter().filter(|path| path.is_file()).take(MAX).collect()
}

fn add_to(list: &Path, path: PathBuf) -> io::Result<()> {
    let mut paths = read(list);
    paths.retain(|other| *other != path);
    paths.insert(0, path);
    paths.truncate(MAX);
    let folder = list.parent().ok_or(io::ErrorKind::NotFound)?;
    fs::create_dir_all(folder)?;
    // Another wirewalk that reads it meanwhile sees the old list or the new one.
    let new = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&new, &paths)?;
    new.persist(list)?;
    Ok(())
}

/// The transcripts in a folder, by their names.
fn inside(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_transcript = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        [".wirewalk", ".wirewalk.zst"].iter().any(|ending| name.ends_with(ending)) && path.is_file()
    };
    let mut found: Vec<PathBuf> = entries.filter(is_transcript).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_first_and_what_is_gone_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("state/wirewalk/recent.json");
        let file = |number: usize| folder.path().join(format!("{number:02}.wirewalk"));
        for number in 0..MAX + 3 {
            fs::write(file(number), "").unwrap();
            add_to(&list, file(number)).unwrap();
        }
        add_to(&list, file(10)).unwrap();
        let found = read(&list);
        assert_eq!((found.len(), &found[0], &found[1]), (MAX, &file(10), &file(MAX + 2)));
        fs::remove_file(file(10)).unwrap();
        assert_eq!(read(&list)[0], file(MAX + 2));
        assert_eq!(inside(folder.path()).len(), MAX + 2);
    }

    #[test]
    fn a_list_that_is_none_is_empty_and_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("recent.json");
        let file = folder.path().join("it.wirewalk");
        fs::write(&file, "").unwrap();
        assert_eq!(read(&list), Vec::<PathBuf>::new());
        fs::write(&list, "rubbish").unwrap();
        add_to(&list, file.clone()).unwrap();
        assert_eq!(read(&list), [file]);
    }
}
