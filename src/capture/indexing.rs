//! The index of a long transcript, in a file beside it: what is known of its units, so that it is there at once the next time. Where it
//! does not fit the transcript any more it is made anew; it can be removed at any time.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::transcript::Lines;
use crate::session::{Session, positioned};
use crate::wire::Timestamp;

/// A shorter transcript is read nearly as quickly.
const WORTH_IT: u64 = 8 << 20;

const MAGIC: &[u8] = b"wirewalk index 1\n";

/// So many bytes at its beginning and its end tell one transcript from another.
const END: usize = 4096;

/// Of which transcript it is.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Fits {
    /// Another wirewalk may see something else in the same bytes.
    by: String,
    max_message: u64,
    length: u64,
    /// In nanoseconds since the Unix epoch.
    modified: u64,
    /// The CRC-32 of its first and its last bytes.
    ends: u32,
}

/// How far a transcript was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Extent {
    /// When the last record was recorded.
    pub at: Timestamp,
    /// How many bytes of text were read.
    pub read: u64,
    /// How many bytes at the end were left out, because they are not complete.
    pub cut_off: u64,
}

/// The session of the transcript `path`, and how far that goes, where there is an index that fits it. Whatever is wrong with the index, the transcript
/// can be read without it.
pub(super) fn load(path: &Path, lines: Lines, max_message: usize) -> Option<(Session, Extent)> {
    let fits = Fits::of(path, max_message)?;
    let file = File::open(beside(path)).ok()?;
    let mut from = BufReader::with_capacity(1 << 20, file.try_clone().ok()?);
    let mut magic = [0; MAGIC.len()];
    from.read_exact(&mut magic).ok()?;
    let length = usize::from(u16::from_le_bytes(bytes(&mut from)?));
    let mut beginning = vec![0; length];
    from.read_exact(&mut beginning).ok()?;
    let (found, extent): (Fits, Extent) = postcard::from_bytes(&beginning).ok()?;
    if magic != MAGIC || found != fits {
        return None;
    }
    let derived = u64::from_le_bytes(bytes(&mut from)?);
    let begin = from.stream_position().ok()?;
    let place = begin..begin.checked_add(derived)?;
    if place.end > file.metadata().ok()?.len() {
        return None;
    }
    from.seek(SeekFrom::Start(place.end)).ok()?;
    let session = Session::thaw(&mut from, Box::new(lines), (file, place), max_message)?;
    Some((session, extent))
}

fn bytes<const N: usize>(from: &mut impl io::Read) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

/// Writes the index of the transcript `path`, which was read so far, where that is worth it. That nothing can be written beside it is no
/// reason to fail.
pub(super) fn save(path: &Path, session: &Session, extent: Extent, max_message: usize) {
    if extent.read >= WORTH_IT && session.can_be_frozen() {
        let _ = write(path, session, extent, max_message);
    }
}

fn write(path: &Path, session: &Session, extent: Extent, max_message: usize) -> io::Result<()> {
    let Some(fits) = Fits::of(path, max_message) else { return Ok(()) };
    let beginning = postcard::to_stdvec(&(fits, extent)).map_err(io::Error::other)?;
    // Nobody sees half of it.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let mut out = BufWriter::with_capacity(1 << 20, file.as_file_mut());
    out.write_all(MAGIC)?;
    out.write_all(&u16::try_from(beginning.len()).map_err(io::Error::other)?.to_le_bytes())?;
    out.write_all(&beginning)?;
    out.write_all(&session.derived_length().to_le_bytes())?;
    session.freeze_derived(&mut out).map_err(io::Error::other)?;
    session.freeze(&mut out)?;
    out.flush()?;
    drop(out);
    file.persist(beside(path))?;
    Ok(())
}

/// The file that the index of a transcript is in.
fn beside(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".index");
    PathBuf::from(name)
}

impl Fits {
    fn of(path: &Path, max_message: usize) -> Option<Fits> {
        let file = File::open(path).ok()?;
        let about = file.metadata().ok().filter(fs::Metadata::is_file)?;
        let modified = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        let mut crc = flate2::Crc::new();
        for begin in [0, about.len().saturating_sub(END as u64)] {
            let mut end = vec![0; END.min(usize::try_from(about.len()).unwrap_or(END))];
            positioned::read_exact_at(&file, &mut end, begin).ok()?;
            crc.update(&end);
        }
        Some(Fits {
            by: env!("CARGO_PKG_VERSION").to_owned(),
            max_message: max_message as u64,
            length: about.len(),
            modified: u64::try_from(modified.as_nanos()).unwrap_or(u64::MAX),
            ends: crc.sum(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::capture::Recorder;
    use crate::capture::transcript::Reader;
    use crate::decode::limits::MAX_MESSAGE;
    use crate::decode::sink::Detail;
    use crate::session::headline;

    fn fixture(folder: &Path) -> PathBuf {
        let path = folder.join("it.wirewalk");
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/v1.wirewalk"), &path).unwrap();
        path
    }

    fn loaded(path: &Path) -> Option<(Session, Extent)> {
        load(path, Reader::open(path).unwrap().lines(), MAX_MESSAGE)
    }

    /// All that is known of a session.
    fn known(session: &Session) -> Vec<String> {
        let unit = |id| {
            let unit = session.unit(id).unwrap();
            let tree = session.look(&unit, Detail::Tree).unwrap();
            let (findings, links) = (session.findings(id), session.links(id));
            format!(
                "{unit:?} {:?} {tree:?} {findings:?} {links:?} {:?}",
                headline::of(&tree),
                session.note(id)
            )
        };
        let whole = format!(
            "{:?} {:?} {} {} {}",
            session.connections(),
            session.engine_sessions(),
            session.byte_count(),
            session.finding_count(),
            session.connection_count()
        );
        session.ids().map(unit).chain([whole]).collect()
    }

    const EXTENT: Extent = Extent { at: Timestamp(7), read: 11, cut_off: 3 };

    #[test]
    fn what_comes_from_an_index_is_what_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = fixture(folder.path());
        let (session, ..) = Recorder::open(&path, MAX_MESSAGE).unwrap();
        write(&path, &session, EXTENT, MAX_MESSAGE).unwrap();
        let (again, extent) = loaded(&path).unwrap();
        assert_eq!(extent, EXTENT);
        assert_eq!(known(&again), known(&session));
    }

    #[test]
    fn an_index_that_does_not_fit_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = fixture(folder.path());
        let (session, ..) = Recorder::open(&path, MAX_MESSAGE).unwrap();
        write(&path, &session, EXTENT, MAX_MESSAGE).unwrap();
        assert!(
            load(&path, Reader::open(&path).unwrap().lines(), 5).is_none(),
            "other messages are put together"
        );
        let index = fs::read(beside(&path)).unwrap();
        // Another length, or the same and another time.
        let text = fs::read(&path).unwrap();
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{}").unwrap();
        assert!(loaded(&path).is_none());
        fs::write(&path, &text).unwrap();
        assert!(loaded(&path).is_none());
        write(&path, &session, EXTENT, MAX_MESSAGE).unwrap();
        assert!(loaded(&path).is_some());
        // Cut off anywhere, or with anything in it, it is none, and nothing panics.
        let whole = fs::read(beside(&path)).unwrap();
        assert_eq!(whole.len(), index.len());
        for cut in (0..whole.len()).step_by(53) {
            fs::write(beside(&path), &whole[..cut]).unwrap();
            assert!(loaded(&path).is_none(), "cut at {cut}");
            let mut broken = whole.clone();
            broken[cut] ^= 0x41;
            fs::write(beside(&path), &broken).unwrap();
            if let Some((session, _)) = loaded(&path) {
                for unit in session.ids().filter_map(|id| session.unit(id)) {
                    let _ = session.look(&unit, Detail::Tree);
                }
            }
        }
    }
}
