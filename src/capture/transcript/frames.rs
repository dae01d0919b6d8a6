//! A text in zstd frames (RFC 8878), one for each time that it was written to, so that each can be inflated alone and what a
//! crash leaves behind is whole up to the last of them. When it is complete an index stands at its end, in the form that other
//! programs know as the zstd seekable format: a frame to be skipped, with the sizes of all others.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe;

use crate::session::positioned;

/// A longer piece becomes several frames, so that reading one line back does not inflate much.
const PIECE: usize = 256 << 10;

/// A frame with more text than this is none of wirewalk's.
const MAX_FRAME: u64 = 16 << 20;

/// So many inflated frames are kept, since neighbours are often asked for together.
const CACHED: usize = 8;

/// Fast enough for a busy session.
const LEVEL: i32 = 1;

const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
const INDEX_MAGIC: [u8; 4] = 0x184d_2a5e_u32.to_le_bytes();
const INDEX_END: [u8; 4] = 0x8f92_eab1_u32.to_le_bytes();

/// The number of frames, a byte of flags, and the magic number.
const FOOTER: u64 = 9;

/// Whether a file that begins so consists of frames.
pub(super) fn is_begun_by(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC) || is_skippable(bytes)
}

/// Sixteen magic numbers say that a frame is to be skipped (RFC 8878 §3.1.2).
fn is_skippable(bytes: &[u8]) -> bool {
    matches!(bytes, [first, 0x2a, 0x4d, 0x18, ..] if first >> 4 == 5)
}

/// Why frames cannot be used.
#[derive(Debug)]
pub(in crate::capture) enum Unusable {
    /// One holds too much, or does not say how much: another program compressed all of it in one go.
    Foreign,
    /// It cannot be read, or is damaged.
    Io(io::Error),
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Unusable {
        Unusable::Io(error)
    }
}

/// A file of frames. All clones are of one file, and know of what any of them appends.
#[derive(Clone)]
pub(in crate::capture) struct Frames {
    file: Arc<File>,
    known: Arc<Mutex<Known>>,
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames").field("file", &self.file).finish_non_exhaustive()
    }
}

/// What is known of the file.
struct Known {
    frames: Vec<Frame>,
    /// How long the text is.
    text: u64,
    /// Where the last frame with text ends. An index behind it is written over.
    end: u64,
    /// How many bytes behind it are a frame that is not complete.
    cut_off: u64,
    cache: VecDeque<(u64, Arc<[u8]>)>,
}

#[derive(Clone, Copy)]
struct Frame {
    /// Where its text begins.
    text: u64,
    /// Where it begins in the file, and how long it is there.
    at: u64,
    size: u32,
}

impl Frames {
    /// The frames of an empty file.
    pub fn new(file: File) -> Frames {
        let known = Known { frames: Vec::new(), text: 0, end: 0, cut_off: 0, cache: VecDeque::new() };
        Frames { file: Arc::new(file), known: Arc::new(Mutex::new(known)) }
    }

    /// The frames that a file has, by its index, else by looking for them.
    pub fn open(file: File) -> Result<Frames, Unusable> {
        let frames = Frames::new(file);
        let mut known = frames.lock();
        if !frames.read_index(&mut known)? {
            frames.look_for_more(&mut known)?;
        }
        drop(known);
        Ok(frames)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the text is.
    pub fn len(&self) -> u64 {
        self.lock().text
    }

    /// How many bytes at the end of the file are a frame that is not complete.
    pub fn cut_off(&self) -> u64 {
        self.lock().cut_off
    }

    /// Reads at most `buffer.len()` bytes of the text from `offset` on; 0 at its end, unless the file has grown.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut known = self.lock();
        if offset >= known.text {
            self.look_for_more(&mut known).map_err(|unusable| match unusable {
                Unusable::Io(error) => error,
                Unusable::Foreign => io::Error::other("another program compressed a part of it"),
            })?;
        }
        if offset >= known.text {
            return Ok(0);
        }
        let (begin, text) = self.inflated(&mut known, offset)?;
        let rest = text.get((offset - begin) as usize..).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Ok(read)
    }

    /// The text of the frame that `offset` is in, and where it begins.
    fn inflated(&self, known: &mut Known, offset: u64) -> io::Result<(u64, Arc<[u8]>)> {
        let index = known.frames.partition_point(|frame| frame.text <= offset).saturating_sub(1);
        let frame = known.frames.get(index).copied().ok_or(io::ErrorKind::UnexpectedEof)?;
        if let Some((_, text)) = known.cache.iter().find(|(begin, _)| *begin == frame.text) {
            return Ok((frame.text, Arc::clone(text)));
        }
        let end = known.frames.get(index + 1).map_or(known.text, |next| next.text);
        let mut bytes = vec![0; frame.size as usize];
        positioned::read_exact_at(&self.file, &mut bytes, frame.at)?;
        let length = (end - frame.text) as usize;
        let text =
            Decompressor::new()?.decompress(&bytes, length).map_err(|error| damaged(frame.at, &error))?;
        if text.len() != length {
            return Err(damaged(frame.at, &"its length is another"));
        }
        if known.cache.len() == CACHED {
            known.cache.pop_front();
        }
        let text: Arc<[u8]> = text.into();
        known.cache.push_back((frame.text, Arc::clone(&text)));
        Ok((frame.text, text))
    }

    /// Appends to the text. Where that fails the file is as it was.
    pub fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut known = self.lock();
        let mut fresh = Vec::new();
        let mut compressed = Vec::new();
        let mut compressor = Compressor::new(LEVEL)?;
        compressor.include_checksum(true)?;
        let (mut text, end) = (known.text, known.end);
        for piece in bytes.chunks(PIECE) {
            let frame = compressor.compress(piece)?;
            // A piece is 256 KiB, and compressing makes it at most a little longer.
            fresh.push(Frame { text, at: end + compressed.len() as u64, size: frame.len() as u32 });
            text += piece.len() as u64;
            compressed.extend_from_slice(&frame);
        }
        let written = positioned::write_all_at(&self.file, &compressed, end)
            .and_then(|()| self.file.set_len(end + compressed.len() as u64));
        if let Err(error) = written {
            // Best effort: a reader passes over a last frame that is cut off.
            let _ = self.file.set_len(end);
            return Err(error);
        }
        known.frames.extend(fresh);
        (known.text, known.end, known.cut_off) = (text, end + compressed.len() as u64, 0);
        Ok(())
    }

    /// Writes the index behind the frames: the file is complete.
    pub fn finish(&self) -> io::Result<()> {
        let known = self.lock();
        let mut entries: Vec<(u32, u32)> = Vec::new();
        let mut at = 0;
        for (number, frame) in known.frames.iter().enumerate() {
            let next = known.frames.get(number + 1).map_or(known.text, |next| next.text);
            // Something to be skipped may stand between.
            if frame.at > at {
                entries.push((u32::try_from(frame.at - at).unwrap_or(u32::MAX), 0));
            }
            entries.push((frame.size, (next - frame.text) as u32));
            at = frame.at + u64::from(frame.size);
        }
        let size = entries.len() as u64 * 8 + FOOTER;
        let (Ok(size), Ok(count)) = (u32::try_from(size), u32::try_from(entries.len())) else {
            // Too many for an index: it is found without one.
            return Ok(());
        };
        let mut index = [INDEX_MAGIC, size.to_le_bytes()].concat();
        for (compressed, inflated) in entries {
            index.extend_from_slice(&compressed.to_le_bytes());
            index.extend_from_slice(&inflated.to_le_bytes());
        }
        index.extend_from_slice(&count.to_le_bytes());
        index.push(0);
        index.extend_from_slice(&INDEX_END);
        positioned::write_all_at(&self.file, &index, known.end)
    }

    /// Reads the index at the end. Whether there is one that fits the file.
    fn read_index(&self, known: &mut Known) -> Result<bool, Unusable> {
        let length = self.file.metadata()?.len();
        let mut footer = [0; FOOTER as usize];
        let Some(begin) = length.checked_sub(FOOTER) else { return Ok(false) };
        positioned::read_exact_at(&self.file, &mut footer, begin)?;
        let [a, b, c, d, flags, magic @ ..] = footer;
        let entries = u64::from(u32::from_le_bytes([a, b, c, d])) * 8;
        let begin = begin.checked_sub(entries + 8);
        let Some(begin) = begin.filter(|_| magic == INDEX_END && flags == 0) else { return Ok(false) };
        let mut index = vec![0; (entries + 8) as usize];
        positioned::read_exact_at(&self.file, &mut index, begin)?;
        let numbers: Vec<u32> =
            index.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if !index.starts_with(&INDEX_MAGIC)
            || numbers.get(1).copied().map(u64::from) != Some(entries + FOOTER)
        {
            return Ok(false);
        }
        let (mut frames, mut at, mut text, mut end) = (Vec::new(), 0, 0, 0);
        for entry in numbers.get(2..).unwrap_or_default().chunks_exact(2) {
            let (size, inflated) = (entry[0], u64::from(entry[1]));
            if inflated > MAX_FRAME {
                return Err(Unusable::Foreign);
            }
            let begin = at;
            at += u64::from(size);
            if inflated > 0 {
                frames.push(Frame { text, at: begin, size });
                text += inflated;
                end = at;
            }
        }
        if at != begin {
            return Ok(false);
        }
        (known.frames, known.text, known.end) = (frames, text, end);
        Ok(true)
    }

    /// Looks for frames behind the last one that is known.
    fn look_for_more(&self, known: &mut Known) -> Result<(), Unusable> {
        let length = self.file.metadata()?.len();
        let (mut at, mut window, mut size) = (known.end, Vec::new(), PIECE as u64);
        let mut begin = at;
        known.cut_off = 0;
        while at < length {
            let rest = window.get((at - begin) as usize..).unwrap_or_default();
            let is_all = begin + window.len() as u64 == length;
            match piece(rest, at)? {
                Piece::Skip(skipped) => at += skipped,
                Piece::Frame { size, text } => {
                    known.frames.push(Frame { text: known.text, at, size });
                    known.text += text;
                    at += u64::from(size);
                    known.end = at;
                }
                Piece::Incomplete if is_all => {
                    known.cut_off = length - at;
                    return Ok(());
                }
                Piece::Incomplete if size > 2 * MAX_FRAME => return Err(Unusable::Foreign),
                Piece::Incomplete => {
                    // More of the file; twice as much where that was not enough.
                    size = if begin == at { size * 2 } else { size };
                    begin = at;
                    window = vec![0; size.min(length - at) as usize];
                    positioned::read_exact_at(&self.file, &mut window, at)?;
                }
            }
        }
        Ok(())
    }
}

/// What stands at the beginning of some bytes.
enum Piece {
    /// A frame without text, so many bytes long.
    Skip(u64),
    Frame {
        size: u32,
        /// How long its text is.
        text: u64,
    },
    /// More bytes are needed to know.
    Incomplete,
}

/// What stands at `at` of the file, where it goes on with `bytes`.
fn piece(bytes: &[u8], at: u64) -> Result<Piece, Unusable> {
    if is_skippable(bytes) {
        let size = bytes.get(4..8).and_then(|size| <[u8; 4]>::try_from(size).ok());
        return Ok(
            size.map_or(Piece::Incomplete, |size| Piece::Skip(8 + u64::from(u32::from_le_bytes(size))))
        );
    }
    if bytes.len() < MAGIC.len() {
        return Ok(Piece::Incomplete);
    }
    let size = match zstd_safe::find_frame_compressed_size(bytes) {
        Ok(size) => size,
        Err(code) if zstd_safe::get_error_name(code).contains("Src size") => return Ok(Piece::Incomplete),
        Err(code) => return Err(Unusable::Io(damaged(at, &zstd_safe::get_error_name(code)))),
    };
    match (zstd_safe::get_frame_content_size(bytes), u32::try_from(size)) {
        (Ok(Some(0)), _) => Ok(Piece::Skip(size as u64)),
        (Ok(Some(text)), Ok(size)) if text <= MAX_FRAME => Ok(Piece::Frame { size, text }),
        _ => Err(Unusable::Foreign),
    }
}

fn damaged(at: u64, why: &dyn fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the zstd frame at byte {at} is damaged: {why}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(frames: &Frames) -> Vec<u8> {
        let mut text = vec![0; frames.len() as usize];
        let mut filled = 0;
        while filled < text.len() {
            filled += frames.read_at(&mut text[filled..], filled as u64).unwrap();
        }
        assert_eq!(frames.read_at(&mut [0], frames.len()).unwrap(), 0);
        text
    }

    fn bytes_of(frames: &Frames) -> Vec<u8> {
        let mut bytes = vec![0; frames.file.metadata().unwrap().len() as usize];
        positioned::read_exact_at(&frames.file, &mut bytes, 0).unwrap();
        bytes
    }

    fn file_of(bytes: &[u8]) -> File {
        let file = tempfile::tempfile().unwrap();
        positioned::write_all_at(&file, bytes, 0).unwrap();
        file
    }

    fn frames(texts: &[&[u8]]) -> Frames {
        let frames = Frames::new(tempfile::tempfile().unwrap());
        texts.iter().for_each(|text| frames.append(text).unwrap());
        frames
    }

    #[test]
    fn what_is_cut_off_anywhere_is_whole_up_to_the_last_frame() {
        let texts: [&[u8]; 3] = [b"{\"one\":1}\n", b"{\"two\":2}\n", b"{\"three\":3}\n"];
        let frames = frames(&texts);
        let ends: Vec<u64> = frames.lock().frames.iter().map(|f| f.at + u64::from(f.size)).collect();
        let bytes = bytes_of(&frames);
        for cut in 0..bytes.len() {
            let whole = ends.iter().filter(|end| **end <= cut as u64).count();
            let found = Frames::open(file_of(&bytes[..cut])).unwrap();
            assert_eq!(all(&found), texts[..whole].concat(), "cut at {cut}");
            let end = whole.checked_sub(1).map_or(0, |last| ends[last]);
            assert_eq!(found.cut_off(), cut as u64 - end);
        }
    }

    #[test]
    fn the_index_is_found_and_written_over() {
        let frames = frames(&[b"one\n", b"two\n"]);
        frames.finish().unwrap();
        let found = Frames::open(file_of(&bytes_of(&frames))).unwrap();
        assert_eq!(found.lock().frames.len(), 2);
        assert_eq!(all(&found), b"one\ntwo\n");
        found.append(b"three\n").unwrap();
        let unfinished = bytes_of(&found);
        assert_eq!(all(&Frames::open(file_of(&unfinished)).unwrap()), b"one\ntwo\nthree\n");
        found.finish().unwrap();
        let bytes = bytes_of(&found);
        assert_eq!(all(&Frames::open(file_of(&bytes)).unwrap()), b"one\ntwo\nthree\n");
        assert_eq!(zstd::decode_all(&bytes[..]).unwrap(), b"one\ntwo\nthree\n", "other programs read it");
        // An index of something else is no index.
        let mut other = bytes.clone();
        other.splice(0..0, zstd::bulk::compress(b"zero\n", 1).unwrap());
        assert_eq!(all(&Frames::open(file_of(&other)).unwrap()), b"zero\none\ntwo\nthree\n");
    }

    #[test]
    fn what_is_added_while_it_is_read_is_seen() {
        let frames = frames(&[b"one\n"]);
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), bytes_of(&frames)).unwrap();
        let reading = Frames::open(File::open(path.path()).unwrap()).unwrap();
        assert_eq!(all(&reading), b"one\n");
        frames.append(b"two\n").unwrap();
        frames.finish().unwrap();
        std::fs::write(path.path(), bytes_of(&frames)).unwrap();
        let mut more = [0; 9];
        assert_eq!(reading.read_at(&mut more, 4).unwrap(), 4);
        assert_eq!(all(&reading), b"one\ntwo\n");
    }

    #[test]
    fn damage_is_told_with_its_place() {
        let frames = frames(&[b"one\n", b"two two two two two\n"]);
        let second = frames.lock().frames[1].at;
        let bytes = bytes_of(&frames);
        let mut broken = bytes.clone();
        broken[second as usize] ^= 0xff;
        let error = Frames::open(file_of(&broken)).unwrap_err();
        assert!(
            matches!(&error, Unusable::Io(e) if e.to_string().contains(&format!("byte {second} "))),
            "{error:?}"
        );
        let mut broken = bytes;
        let last = broken.len() - 6;
        broken[last] ^= 0x55;
        let found = Frames::open(file_of(&broken)).unwrap();
        let error = found.read_at(&mut [0; 9], 4).unwrap_err().to_string();
        assert!(error.contains(&format!("byte {second} is damaged")), "{error}");
    }

    #[test]
    fn one_frame_of_everything_is_foreign() {
        let all = zstd::bulk::compress(&vec![b'x'; MAX_FRAME as usize + 1], 1).unwrap();
        assert!(matches!(Frames::open(file_of(&all)), Err(Unusable::Foreign)));
    }

    proptest! {
        #[test]
        fn any_text_comes_back(texts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..2000), 0..20)) {
            let frames = frames(&texts.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(all(&frames), texts.concat());
            frames.finish().unwrap();
            prop_assert_eq!(all(&Frames::open(file_of(&bytes_of(&frames))).unwrap()), texts.concat());
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), place in 0usize..300) {
            let mut file = bytes_of(&frames(&[b"one\n", b"two\n"]));
            let place = place.min(file.len());
            file.splice(place..place, bytes.iter().copied());
            for file in [file, [&MAGIC[..], &bytes].concat()] {
                if let Ok(found) = Frames::open(file_of(&file)) {
                    let _ = found.read_at(&mut [0; 100], 0);
                }
            }
        }
    }
}
