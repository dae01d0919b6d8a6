//! Undoes the codings of bodies (RFC 9110 §8.4.1): gzip, deflate, br and zstd.

use std::io::{ErrorKind, Read};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::read::{DeflateEncoder, GzEncoder, MultiGzDecoder, ZlibEncoder};
use flate2::{Compression, Decompress, FlushDecompress, Status};

/// A frame of the zstd coding needs at most a window of two to this, 8 MiB (RFC 9659 §3).
const MAX_ZSTD_WINDOW: u32 = 23;

/// Decoded bytes are taken in pieces of this size.
const PIECE: usize = 32 << 10;

/// A coding that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// RFC 1952.
    Gzip,
    /// The zlib format (RFC 1950), or, as some servers have it, plain DEFLATE (RFC 1951).
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

/// What came of decoding.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Decoded {
    /// As much as could be decoded.
    pub(super) bytes: Vec<u8>,
    /// Why that is not all of it.
    pub(super) problem: Option<Problem>,
    /// It was the deflate coding without its zlib wrapper.
    pub(super) raw_deflate: bool,
}

/// Why a body could not be decoded to its end.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Problem {
    /// The body ended first.
    Truncated,
    /// The bytes are not of this coding; what the decoder said.
    Corrupt(String),
    /// More bytes would come out than allowed.
    TooLarge,
}

impl Coding {
    /// The coding with this name, in any case (RFC 9110 §16.6.1, with `x-gzip` from §8.4.1.3).
    pub(super) fn named(name: &[u8]) -> Option<Coding> {
        match name.to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => Some(Coding::Gzip),
            b"deflate" => Some(Coding::Deflate),
            b"br" => Some(Coding::Brotli),
            b"zstd" => Some(Coding::Zstd),
            _ => None,
        }
    }

    /// Undoes this coding. At most `max` bytes come out.
    pub(super) fn decode(self, input: &[u8], max: usize) -> Decoded {
        let mut out = Decoded::default();
        let outcome = match self {
            Coding::Gzip => gzip(input, &mut out.bytes, max),
            Coding::Deflate => {
                out.raw_deflate = !is_zlib(input);
                inflate(input, !out.raw_deflate, &mut out.bytes, max)
            }
            Coding::Brotli => brotli(input, &mut out.bytes, max),
            Coding::Zstd => zstd(input, &mut out.bytes, max),
        };
        out.problem = outcome.err();
        out
    }

    /// Applies this coding. Where there are two ways it is that of `like`.
    pub(super) fn encode(self, content: &[u8], like: &[u8]) -> Vec<u8> {
        let level = Compression::default();
        match self {
            Coding::Gzip => read_to_end(GzEncoder::new(content, level)),
            Coding::Deflate if is_zlib(like) => read_to_end(ZlibEncoder::new(content, level)),
            Coding::Deflate => read_to_end(DeflateEncoder::new(content, level)),
            Coding::Brotli => stored_brotli(content),
            Coding::Zstd => zstd::bulk::compress(content, 0).unwrap_or_default(),
        }
    }
}

/// All that a reader of bytes in memory gives.
fn read_to_end(mut from: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Memory can be read.
    let _ = from.read_to_end(&mut bytes);
    bytes
}

/// Content in uncompressed meta-blocks (RFC 7932 §9.2), each at most 64 KiB.
fn stored_brotli(content: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    for block in content.chunks(1 << 16) {
        // ISLAST 0, MNIBBLES 4, MLEN-1, ISUNCOMPRESSED 1; in front of the first, WBITS 16 in one more bit.
        let header = (block.len() as u32 - 1) << 3 | 1 << 19;
        let header = if coded.is_empty() { header << 1 } else { header };
        coded.extend(header.to_le_bytes().iter().take(3));
        coded.extend_from_slice(block);
    }
    // The last one, which is empty; alone it has WBITS too.
    coded.push(if coded.is_empty() { 0b110 } else { 0b11 });
    coded
}

/// Adds a piece to what was decoded, as far as allowed.
fn add(out: &mut Vec<u8>, piece: &[u8], max: usize) -> Result<(), Problem> {
    let room = max.saturating_sub(out.len());
    out.extend_from_slice(piece.get(..room).unwrap_or(piece));
    if piece.len() > room { Err(Problem::TooLarge) } else { Ok(()) }
}

/// Reads `decoder` to its end.
fn read_all(decoder: &mut impl Read, out: &mut Vec<u8>, max: usize) -> Result<(), Problem> {
    let mut buffer = vec![0; PIECE];
    loop {
        let piece = match decoder.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => buffer.get(..n).unwrap_or_default(),
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Err(Problem::Truncated),
            Err(e) => return Err(Problem::Corrupt(e.to_string())),
        };
        add(out, piece, max)?;
    }
}

fn gzip(input: &[u8], out: &mut Vec<u8>, max: usize) -> Result<(), Problem> {
    if !input.iter().zip(&[0x1f, 0x8b]).all(|(a, b)| a == b) {
        return Err(Problem::Corrupt("it does not begin with 1f 8b".to_owned()));
    }
    read_all(&mut MultiGzDecoder::new(input), out, max)
}

/// Whether this begins with a zlib header: method 8, and a multiple of 31 (RFC 1950 §2.2).
fn is_zlib(input: &[u8]) -> bool {
    match input {
        [cmf, flg, ..] => cmf & 0x0f == 8 && (u16::from(*cmf) << 8 | u16::from(*flg)) % 31 == 0,
        _ => true,
    }
}

fn inflate(input: &[u8], zlib: bool, out: &mut Vec<u8>, max: usize) -> Result<(), Problem> {
    let mut inflater = Decompress::new(zlib);
    let mut buffer = vec![0; PIECE];
    loop {
        let (taken, given) = (inflater.total_in(), inflater.total_out());
        let rest = usize::try_from(taken).ok().and_then(|n| input.get(n..)).unwrap_or_default();
        let status = inflater
            .decompress(rest, &mut buffer, FlushDecompress::None)
            .map_err(|e| Problem::Corrupt(e.to_string()))?;
        let length = usize::try_from(inflater.total_out() - given).unwrap_or(0);
        add(out, buffer.get(..length).unwrap_or_default(), max)?;
        if status == Status::StreamEnd {
            return Ok(());
        }
        if length == 0 && inflater.total_in() == taken {
            return Err(Problem::Truncated);
        }
    }
}

fn brotli(input: &[u8], out: &mut Vec<u8>, max: usize) -> Result<(), Problem> {
    // The coding allows no large window (RFC 7932 §9.1), which could ask for 1 GiB.
    let alloc = StandardAlloc::default;
    let mut state = BrotliState::new_strict(alloc(), alloc(), alloc());
    let mut buffer = vec![0; PIECE];
    let (mut left, mut taken, mut total) = (input.len(), 0, 0);
    loop {
        let (mut room, mut given) = (buffer.len(), 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut taken,
            input,
            &mut room,
            &mut given,
            &mut buffer,
            &mut total,
            &mut state,
        );
        add(out, buffer.get(..given).unwrap_or_default(), max)?;
        match result {
            BrotliResult::ResultSuccess => return Ok(()),
            BrotliResult::NeedsMoreInput => return Err(Problem::Truncated),
            BrotliResult::ResultFailure => return Err(Problem::Corrupt("not brotli data".to_owned())),
            BrotliResult::NeedsMoreOutput => {}
        }
    }
}

/// All frames of `input`, one behind the other; those to be skipped hold nothing (RFC 8878 §3.1).
fn zstd(input: &[u8], out: &mut Vec<u8>, max: usize) -> Result<(), Problem> {
    let corrupt = |error: std::io::Error| Problem::Corrupt(error.to_string());
    let mut decoder = zstd::stream::read::Decoder::with_buffer(input).map_err(corrupt)?;
    decoder.window_log_max(MAX_ZSTD_WINDOW).map_err(corrupt)?;
    read_all(&mut decoder, out, max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &[u8] =
        b"0{\"sid\":\"abc\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000}";

    fn coded(coding: Coding) -> Vec<u8> {
        if coding == Coding::Zstd {
            // With a checksum, so that damage shows.
            let mut compressor = zstd::bulk::Compressor::new(1).unwrap();
            compressor.include_checksum(true).unwrap();
            return compressor.compress(TEXT).unwrap();
        }
        coding.encode(TEXT, b"")
    }

    const ALL: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

    #[test]
    fn every_coding_is_undone() {
        for coding in ALL {
            let decoded = coding.decode(&coded(coding), 1000);
            assert_eq!((decoded.bytes.as_slice(), decoded.problem), (TEXT, None), "{coding:?}");
        }
    }

    /// What Node.js 20 (zlib, brotli) and zstd 1.5 make of `hello hello hello hello`.
    #[test]
    fn the_work_of_other_compressors_is_undone() {
        for (coding, hex) in [
            (Coding::Gzip, "1f8b0800000000000003cb48cdc9c957c8402701e3513d8d17000000"),
            (Coding::Deflate, "789ccb48cdc9c957c8402701680308b1"),
            (Coding::Brotli, "1b1600f88d946ede445586966c206f214f1ce038"),
            (Coding::Zstd, "28b52ffd04586500003068656c6c6f200100994b11175eae0d"),
        ] {
            let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
            let bytes: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
            let decoded = coding.decode(&bytes, 1000);
            assert_eq!((decoded.bytes.as_slice(), decoded.problem), (&b"hello hello hello hello"[..], None));
        }
    }

    #[test]
    fn a_body_cut_anywhere_is_truncated() {
        for coding in ALL {
            let coded = coded(coding);
            for n in 1..coded.len() {
                let problem = coding.decode(&coded[..n], 1000).problem;
                assert_eq!(problem, Some(Problem::Truncated), "{coding:?} cut at {n}");
            }
        }
    }

    #[test]
    fn other_bytes_are_corrupt() {
        for coding in ALL {
            let decoded = coding.decode(b"<!doctype html><title>x</title>", 1000);
            assert!(matches!(decoded.problem, Some(Problem::Corrupt(_))), "{coding:?}: {decoded:?}");
        }
        let mut zstd = coded(Coding::Zstd);
        *zstd.last_mut().unwrap() ^= 1;
        assert!(matches!(Coding::Zstd.decode(&zstd, 1000).problem, Some(Problem::Corrupt(_))));
    }

    #[test]
    fn decoding_stops_at_the_limit() {
        for coding in ALL {
            let decoded = coding.decode(&coded(coding), 7);
            assert_eq!((decoded.bytes.as_slice(), decoded.problem), (&TEXT[..7], Some(Problem::TooLarge)));
            assert_eq!(coding.decode(&coded(coding), TEXT.len()).problem, None);
        }
    }

    #[test]
    fn deflate_without_its_wrapper_is_read_all_the_same() {
        let coded = read_to_end(DeflateEncoder::new(TEXT, Compression::default()));
        let decoded = Coding::Deflate.decode(&coded, 1000);
        assert_eq!(decoded, Decoded { bytes: TEXT.to_vec(), problem: None, raw_deflate: true });
    }

    #[test]
    fn members_and_frames_may_follow_each_other() {
        for coding in [Coding::Gzip, Coding::Zstd] {
            let twice = coded(coding).repeat(2);
            assert_eq!(coding.decode(&twice, 1000).bytes, TEXT.repeat(2));
        }
        let mut frames = vec![0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9];
        frames.extend(coded(Coding::Zstd));
        let decoded = Coding::Zstd.decode(&frames, 1000);
        assert_eq!((decoded.bytes.as_slice(), decoded.problem), (TEXT, None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_without_a_panic(
            which in 0..ALL.len(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            noise in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut mutated = coded(ALL[which]);
            let at = at.index(mutated.len());
            mutated[at] = byte;
            prop_assert!(ALL[which].decode(&mutated, 1000).bytes.len() <= 1000);
            prop_assert!(ALL[which].decode(&noise, 1000).bytes.len() <= 1000);
        }
    }
}
