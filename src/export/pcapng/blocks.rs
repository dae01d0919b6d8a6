//! The pcapng file format: blocks of whole 32-bit words, each with its length at both ends.
//!
//! <https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/>; sections below are of this draft.

use std::io::{self, Write};

/// Raw IP, version 4 or 6, without a link layer (the registry's LINKTYPE_RAW).
const RAW_IP: u16 = 101;

/// Packets are not cut, and none is longer than this.
const SNAP_LENGTH: u32 = 1 << 18;

/// Block types, §4.
mod block {
    pub const SECTION_HEADER: u32 = 0x0a0d_0d0a;
    pub const INTERFACE_DESCRIPTION: u32 = 1;
    pub const ENHANCED_PACKET: u32 = 6;
}

/// Option codes: §3.5 for those of all blocks, §4.1 and §4.2 for the others.
mod option {
    pub const END: u16 = 0;
    pub const COMMENT: u16 = 1;
    pub const SECTION_APPLICATION: u16 = 4;
    pub const INTERFACE_NAME: u16 = 2;
    pub const INTERFACE_DESCRIPTION: u16 = 3;
    pub const INTERFACE_RESOLUTION: u16 = 9;
}

/// What a reader is told who finds no HTTP.
const COMMENT: &str = "Where a port is taken for that of another protocol, look at the bytes first: \
    \"Try heuristic sub-dissectors first\" in the preferences of TCP, or tshark -o tcp.try_heuristic_first:TRUE.";

/// What a reader is told of where the packets are from.
const DESCRIPTION: &str = "Between the clients and wirewalk. The bytes and their times were recorded; \
    the headers of IP and TCP, the handshakes and the acknowledgements were added.";

/// Writes blocks one after the other.
#[derive(Debug)]
pub struct Blocks<W> {
    out: W,
    /// The block that is being made, kept for its memory.
    block: Vec<u8>,
}

impl<W: Write> Blocks<W> {
    /// Writes the head of a file that `by` made: one section (§4.1) with one interface (§4.2), whose times are nanoseconds.
    pub fn begin(out: W, by: &str) -> io::Result<Blocks<W>> {
        let mut blocks = Blocks { out, block: Vec::new() };
        blocks.write(block::SECTION_HEADER, |body| {
            // The byte order by which a reader knows ours, the version, and that the section's length is not known.
            body.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
            body.extend_from_slice(&1_u16.to_le_bytes());
            body.extend_from_slice(&0_u16.to_le_bytes());
            body.extend_from_slice(&u64::MAX.to_le_bytes());
            put_option(body, option::COMMENT, COMMENT.as_bytes());
            put_option(body, option::SECTION_APPLICATION, by.as_bytes());
            put_option(body, option::END, &[]);
        })?;
        blocks.write(block::INTERFACE_DESCRIPTION, |body| {
            body.extend_from_slice(&RAW_IP.to_le_bytes());
            body.extend_from_slice(&0_u16.to_le_bytes());
            body.extend_from_slice(&SNAP_LENGTH.to_le_bytes());
            put_option(body, option::INTERFACE_NAME, b"wirewalk");
            put_option(body, option::INTERFACE_DESCRIPTION, DESCRIPTION.as_bytes());
            put_option(body, option::INTERFACE_RESOLUTION, &[9]);
            put_option(body, option::END, &[]);
        })?;
        Ok(blocks)
    }

    /// Writes an IP packet that passed at `time`, in nanoseconds since the Unix epoch (§4.3), with a few comments.
    pub fn packet(&mut self, time: u64, comments: &[String], packet: &[u8]) -> io::Result<()> {
        self.write(block::ENHANCED_PACKET, |body| {
            // A length cannot be too large: no IP packet is longer than 65,575 bytes.
            let length = packet.len() as u32;
            let words = [0, (time >> 32) as u32, time as u32, length, length];
            words.iter().for_each(|word| body.extend_from_slice(&word.to_le_bytes()));
            put_padded(body, packet);
            for comment in comments {
                put_option(body, option::COMMENT, comment.as_bytes());
            }
            if !comments.is_empty() {
                put_option(body, option::END, &[]);
            }
        })
    }

    /// Flushes, and gives back where the blocks went.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn write(&mut self, kind: u32, put_body: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let block = &mut self.block;
        block.clear();
        block.extend_from_slice(&kind.to_le_bytes());
        block.extend_from_slice(&[0; 4]);
        put_body(block);
        let length = (block.len() as u32 + 4).to_le_bytes();
        block.extend_from_slice(&length);
        if let Some(place) = block.get_mut(4..8) {
            place.copy_from_slice(&length);
        }
        self.out.write_all(block)
    }
}

/// Puts an option (§3.5). Its length has 16 bits: of a longer text only so much is kept, whole characters.
fn put_option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = shortened(value);
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&(value.len() as u16).to_le_bytes());
    put_padded(body, value);
}

fn shortened(value: &[u8]) -> &[u8] {
    let most = usize::from(u16::MAX);
    if value.len() <= most {
        return value;
    }
    let is_inside = |at: &usize| value.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let end = (0..=most).rev().find(|at| !is_inside(at)).unwrap_or(0);
    value.get(..end).unwrap_or_default()
}

/// Puts bytes, then zeros up to the next 32-bit word. Whatever stands before them in a block ends at one.
fn put_padded(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend_from_slice(bytes);
    body.resize(body.len().next_multiple_of(4), 0);
}
