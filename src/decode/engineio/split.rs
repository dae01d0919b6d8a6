//! Where the packets of a polling body stand.

use std::ops::Range;

/// How the content of a packet is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Text, its type a digit.
    Text,
    /// Bytes.
    Bytes,
}

/// One packet of a polling body. All ranges count from the body's first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// All of it, its length in front included.
    pub(super) whole: Range<usize>,
    /// The packet.
    pub(super) packet: Range<usize>,
    /// Its form.
    pub(super) form: Form,
    /// Version 3: the digits of its length, and their value.
    pub(super) length: Option<(Range<usize>, u64)>,
    /// Version 3, binary body: the byte that says text or bytes.
    pub(super) flag: Option<usize>,
}

/// The packets of a body, and where it stops being readable.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Split {
    /// The packets, at most [`MAX_PACKETS`].
    pub(super) pieces: Vec<Piece>,
    /// What could not be read: a wrong length, up to the end.
    pub(super) unreadable: Option<Range<usize>>,
    /// Where reading stopped because there were too many.
    pub(super) too_many: Option<usize>,
}

/// At most so many packets of a body are read.
pub(super) const MAX_PACKETS: usize = 10_000;

/// Finds the packets of a body. Reads no byte twice.
pub(super) fn split(body: &[u8], version: u8) -> Split {
    match version {
        3 if matches!(body.first(), Some(0 | 1)) => counted(body, binary_piece),
        3 => counted(body, text_piece),
        _ => separated(body),
    }
}

/// Whether a body from the server begins as packets do. Frameworks and proxies answer with pages of their own, such
/// as `404 page not found`, which begins with the digit of a message.
pub(super) fn begins_with_packet(body: &[u8], version: u8) -> bool {
    if version == 3 {
        let is_binary = matches!(body.first(), Some(0 | 1));
        return if is_binary { BINARY.read(body, 1) } else { TEXT.read(body, 0) }.is_some();
    }
    let first = body.split(|b| *b == SEPARATOR).next().unwrap_or_default();
    let Some((packet_type, data)) = first.split_first() else { return false };
    match packet_type {
        b'0' => data.first() == Some(&b'{'),
        b'1' | b'5' | b'6' => data.is_empty(),
        b'2' | b'3' => matches!(data, b"" | b"probe"),
        b'4' => !is_status(first),
        b'b' => {
            data.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'='))
        }
        _ => false,
    }
}

/// Whether a text begins like `404 Not Found`.
fn is_status(text: &[u8]) -> bool {
    matches!(text, [a, b, c, b' ', d, ..]
        if a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_digit() && d.is_ascii_alphabetic())
}

/// Stands between two packets in version 4.
const SEPARATOR: u8 = 0x1e;

fn separated(body: &[u8]) -> Split {
    let mut split = Split::default();
    let mut begin = 0;
    for end in memchr::memchr_iter(SEPARATOR, body).chain([body.len()]) {
        if split.pieces.len() >= MAX_PACKETS {
            split.too_many = Some(begin);
            break;
        }
        let packet = begin..end;
        split.pieces.push(Piece {
            whole: packet.clone(),
            packet,
            form: Form::Text,
            length: None,
            flag: None,
        });
        begin = end + 1;
    }
    split
}

/// Version 3: each packet behind its length.
fn counted(body: &[u8], next: fn(&[u8], usize) -> Option<Piece>) -> Split {
    let mut split = Split::default();
    let mut at = 0;
    while at < body.len() {
        if split.pieces.len() >= MAX_PACKETS {
            split.too_many = Some(at);
            break;
        }
        let Some(piece) = next(body, at) else {
            split.unreadable = Some(at..body.len());
            break;
        };
        at = piece.whole.end;
        // An empty list of packets is written `0:`.
        if !piece.packet.is_empty() {
            split.pieces.push(piece);
        }
    }
    split
}

/// `<length>:<packet>`, the length in UTF-16 code units, as JavaScript counts.
fn text_piece(body: &[u8], at: usize) -> Option<Piece> {
    let (digits, length) = TEXT.read(body, at)?;
    let begin = digits.end + 1;
    let packet = begin..begin + utf16_prefix(body.get(begin..)?, length)?;
    let whole = at..packet.end;
    Some(Piece { whole, packet, form: Form::Text, length: Some((digits, length)), flag: None })
}

/// `<0 or 1><digits as bytes 0 to 9><255><packet>`, the length in bytes.
fn binary_piece(body: &[u8], at: usize) -> Option<Piece> {
    let form = match body.get(at)? {
        0 => Form::Text,
        1 => Form::Bytes,
        _ => return None,
    };
    let (digits, length) = BINARY.read(body, at + 1)?;
    let begin = digits.end + 1;
    let packet = begin..begin.checked_add(usize::try_from(length).ok()?)?;
    body.get(packet.clone())?;
    Some(Piece { whole: at..packet.end, packet, form, length: Some((digits, length)), flag: Some(at) })
}

/// How a length is written: its digits, counted from `zero`, and the byte behind them.
struct Length {
    zero: u8,
    end: u8,
}

/// In a text body: `12:`.
const TEXT: Length = Length { zero: b'0', end: b':' };

/// In a binary body: the bytes 1, 2, 255.
const BINARY: Length = Length { zero: 0, end: 255 };

impl Length {
    /// Where the digits at `at` stand, and what they say. No body has a length of more than ten digits.
    fn read(&self, body: &[u8], at: usize) -> Option<(Range<usize>, u64)> {
        let mut value = 0;
        for (n, byte) in body.get(at..)?.iter().take(11).enumerate() {
            match byte.checked_sub(self.zero) {
                Some(digit @ 0..=9) if n < 10 => value = value * 10 + u64::from(digit),
                _ if n > 0 && *byte == self.end => return Some((at..at + n, value)),
                _ => return None,
            }
        }
        None
    }
}

/// How many bytes of UTF-8 the first `units` UTF-16 code units of a text take; `None` where it is shorter, is not
/// UTF-8, or the count ends inside a character.
fn utf16_prefix(bytes: &[u8], units: u64) -> Option<usize> {
    let (mut left, mut len) = (units, 0);
    while left > 0 {
        // The first byte of a character says how long it is: RFC 3629 §3.
        let (size, units) = match bytes.get(len)? {
            0..=0x7f => (1, 1),
            0xc2..=0xdf => (2, 1),
            0xe0..=0xef => (3, 1),
            0xf0..=0xf4 => (4, 2),
            _ => return None,
        };
        left = left.checked_sub(units)?;
        len += size;
    }
    std::str::from_utf8(bytes.get(..len)?).ok()?;
    Some(len)
}
