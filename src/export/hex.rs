//! Bytes in hexadecimal.

use std::io::{self, Write};

use crate::escape;
use crate::words;

/// So many bytes of one source are printed; what is longer is said to be.
const MAX_PRINTED: usize = 4096;

/// Sixteen bytes a line: offset, hexadecimal, text.
pub(super) fn dump(bytes: &[u8], indent: &str, out: &mut dyn Write) -> io::Result<()> {
    for (row, line) in bytes.chunks(16).take(MAX_PRINTED / 16).enumerate() {
        let left = words::hex(line.get(..8).unwrap_or(line), 16);
        let right = words::hex(line.get(8..).unwrap_or_default(), 16);
        let text: String = line.iter().copied().map(escape::byte).collect();
        writeln!(out, "{indent}{:08x}  {left:<23}  {right:<23}  {text}", row * 16)?;
    }
    match bytes.len().checked_sub(MAX_PRINTED) {
        Some(more) if more > 0 => writeln!(out, "{indent}… and {more} more bytes"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_shows_offset_bytes_and_text() {
        let mut out = Vec::new();
        dump(b"\x81\x05Hello, world\x1b!!", "  ", &mut out).unwrap();
        let expected = "  00000000  81 05 48 65 6c 6c 6f 2c  20 77 6f 72 6c 64 1b 21  ..Hello, world.!\n  00000010  21                                                !\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_long_source_is_cut_and_says_so() {
        let mut out = Vec::new();
        dump(&[0; MAX_PRINTED + 7], "", &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), MAX_PRINTED / 16 + 1);
        assert!(text.ends_with("… and 7 more bytes\n"));
    }
}
