//! A session as a capture file for Wireshark and tshark, in the pcapng format.
//!
//! It shows the clients' side: what each client sent to wirewalk, and what wirewalk sent to it. wirewalk saw streams of bytes
//! and no packets, so the headers of IP and TCP are made here, with true addresses where they are known, true checksums, and
//! sequence numbers that count what was sent; one record is one packet. What was TLS towards the server appears as the
//! plaintext that it was to the client.
//!
//! What this cannot show: where packets began and ended on the wire, retransmissions, and the server's side. A gap of more
//! than 2 GiB of bytes that were not captured looks to a dissector like a step back; its comment says how many they are.
//!
//! Dissectors choose HTTP by looking at the first bytes, on any port but those that they know as another protocol's, such as
//! 5432. There they are told to look first: `tshark -o tcp.try_heuristic_first:TRUE`, which the file itself says too.

mod answers;
mod blocks;
mod conversation;
mod tcp;

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::wire::{ConnId, Record, What};
use blocks::Blocks;
use conversation::Conversation;

/// A capture file that is being written, record by record.
#[derive(Debug)]
pub struct Capture<W: Write> {
    packets: Packets<W>,
    conversations: BTreeMap<ConnId, Conversation>,
}

impl<W: Write> Capture<W> {
    /// Begins a file. `started` is when the session began, in nanoseconds since the Unix epoch, and `by` the program that
    /// writes it. Fails, as all of this does, where `out` does.
    pub fn begin(out: W, started: u64, by: &str) -> io::Result<Capture<W>> {
        let packets = Packets { blocks: Blocks::begin(out, by)?, started, time: started };
        Ok(Capture { packets, conversations: BTreeMap::new() })
    }

    /// Writes what the next record shows of its connection. `comment` goes to its first packet, or to the next one of the
    /// same direction where it makes none. Records of processes, notes and what another program told make no packets.
    pub fn record(&mut self, record: &Record, comment: Option<&str>) -> io::Result<()> {
        if !record.what.is_on_connection() || matches!(record.what, What::Note { .. } | What::Told { .. }) {
            return Ok(());
        }
        self.packets.at(record.at.0);
        if let What::Opened(opened) = &record.what {
            let conversation = Conversation::opened(record.conn, opened);
            if let Some(mut before) = self.conversations.insert(record.conn, conversation) {
                before.finish(&mut self.packets)?;
            }
        }
        let conversation = self.conversations.entry(record.conn);
        let conversation = conversation.or_insert_with(|| Conversation::unknown(record));
        conversation.record(&record.what, comment, &mut self.packets)
    }

    /// Writes what still waits, and flushes. A connection that did not close stays open, as it was.
    pub fn finish(mut self) -> io::Result<W> {
        for conversation in self.conversations.values_mut() {
            conversation.finish(&mut self.packets)?;
        }
        self.packets.blocks.finish()
    }
}

/// Where packets go, all with the time of the record that they show.
#[derive(Debug)]
struct Packets<W> {
    blocks: Blocks<W>,
    /// When the session began, in nanoseconds since the Unix epoch.
    started: u64,
    /// When the record that is being written happened, counted likewise.
    time: u64,
}

impl<W: Write> Packets<W> {
    /// The next packets passed so many nanoseconds after the session began.
    fn at(&mut self, after: u64) {
        self.time = self.started.saturating_add(after);
    }

    fn write(&mut self, segment: &tcp::Segment<'_>, comments: &[String]) -> io::Result<()> {
        self.blocks.packet(self.time, comments, &segment.packet())
    }
}

#[cfg(test)]
mod tests;
