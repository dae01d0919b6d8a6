//! What wirewalk sent to a client: what it received from the server, but for the heads that it rewrote.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;

use crate::decode::http1::head::{Head, Parsed, Role};

/// No longer beginning of a head is held, since it is read again with each piece that comes.
const MAX_HELD: usize = 64 << 10;

/// The server's direction of a connection, from what was received to what was sent.
///
/// What replaces a head is known only when its last bytes come, so the beginning of a head is held until then, as the
/// proxy holds it. Where the proxy rewrites nothing, a head that came in pieces so appears when its last one came. Not held
/// is a head that begins inside a record and does not end there, or is longer than [`MAX_HELD`]: of what replaces it only
/// what stands behind the bytes that are gone is then sent.
#[derive(Debug, Default)]
pub struct Answers {
    /// Where in the direction's stream the held bytes begin.
    position: u64,
    held: Vec<u8>,
    /// What was sent in place of bytes that are received next, in order.
    replaced: VecDeque<(Range<u64>, Bytes)>,
}

impl Answers {
    /// Something else is sent than the bytes of a range, which are complete with what is received next.
    pub fn replace(&mut self, range: Range<u64>, bytes: Bytes) {
        self.replaced.push_back((range, bytes));
    }

    /// Takes what was received next, and gives what was sent.
    pub fn receive(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        let mut sent = Vec::new();
        let end = self.end();
        while let Some((range, new)) = self.replaced.pop_front_if(|(range, _)| range.end <= end) {
            sent.extend(self.take(range.start));
            // Where its beginning is gone as it was received, only the rest of it is still to be sent.
            let gone = self.position.saturating_sub(range.start).min(new.len() as u64) as usize;
            sent.extend_from_slice(new.get(gone..).unwrap_or_default());
            self.take(range.end);
        }
        if !begins_head(&self.held) {
            sent.extend(self.release());
        }
        sent
    }

    /// Bytes that were sent without having been received: they count as part of the stream.
    pub fn insert(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut sent = self.release();
        sent.extend_from_slice(bytes);
        self.position += bytes.len() as u64;
        sent
    }

    /// So many bytes passed unseen, behind what [`Answers::release`] gave.
    pub fn lose(&mut self, bytes: u64) {
        self.position = self.position.saturating_add(bytes);
    }

    /// What is held, since nothing will replace it any more.
    pub fn release(&mut self) -> Vec<u8> {
        self.take(self.end())
    }

    fn end(&self) -> u64 {
        self.position.saturating_add(self.held.len() as u64)
    }

    /// The held bytes up to a place in the stream.
    fn take(&mut self, until: u64) -> Vec<u8> {
        let length = until.saturating_sub(self.position).min(self.held.len() as u64) as usize;
        self.position += length as u64;
        self.held.drain(..length).collect()
    }
}

/// Whether these bytes are the beginning of a response's head, and not all of it.
fn begins_head(bytes: &[u8]) -> bool {
    // The parser also waits behind empty lines, which here end what came before.
    bytes.first() == Some(&b'H')
        && bytes.len() <= MAX_HELD
        && Head::parse(bytes, Role::Response) == Parsed::Need
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_is_received_is_sent_as_it_is() {
        let mut answers = Answers::default();
        assert_eq!(text(answers.receive(b"HTTP/1.1 200 OK\r\n\r\nbody")), "HTTP/1.1 200 OK\r\n\r\nbody");
        assert_eq!(text(answers.receive(b"more")), "more");
        assert_eq!(text(answers.release()), "");
    }

    #[test]
    fn a_rewritten_head_is_sent_instead() {
        let mut answers = Answers::default();
        let head = "HTTP/1.1 302 Found\r\nLocation: http://b/\r\n\r\n";
        answers.replace(0..head.len() as u64, Bytes::from_static(b"NEW "));
        let second = head.len() as u64 + 4;
        answers.replace(second..second + head.len() as u64, Bytes::from_static(b"NEWER "));
        assert_eq!(text(answers.receive(format!("{head}body{head}x").as_bytes())), "NEW bodyNEWER x");
    }

    #[test]
    fn the_beginning_of_a_head_waits_for_its_end() {
        let mut answers = Answers::default();
        assert_eq!(text(answers.receive(b"HTTP/1.1 302 Found\r\nLoc")), "");
        answers.replace(0..35, Bytes::from_static(b"NEW "));
        assert_eq!(text(answers.receive(b"ation: /\r\n\r\nbody")), "NEW body");
    }

    #[test]
    fn the_beginning_of_a_head_that_never_ends_is_sent_at_the_end() {
        let mut answers = Answers::default();
        assert_eq!(text(answers.receive(b"HTTP/1.1 2")), "");
        assert_eq!(text(answers.release()), "HTTP/1.1 2");
        assert_eq!(answers.position, 10);
    }

    #[test]
    fn a_head_without_end_is_not_held_for_ever() {
        let mut answers = Answers::default();
        let begun = [b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'x'; MAX_HELD]].concat();
        let sent = [answers.receive(&begun[..100]), answers.receive(&begun[100..])];
        assert_eq!(sent.map(|sent| sent.len()), [0, begun.len()]);
    }

    #[test]
    fn what_was_inserted_or_lost_counts_as_part_of_the_stream() {
        let mut answers = Answers::default();
        assert_eq!(text(answers.insert(b"12345")), "12345");
        answers.lose(5);
        answers.replace(12..14, Bytes::from_static(b"!"));
        assert_eq!(text(answers.receive(b"abcdef")), "ab!ef");
    }

    #[test]
    fn of_what_replaces_bytes_that_are_gone_the_rest_is_sent() {
        let mut answers = Answers::default();
        assert_eq!(text(answers.receive(b"bodyHTT")), "bodyHTT");
        answers.replace(4..10, Bytes::from_static(b"HTTQ!"));
        assert_eq!(text(answers.receive(b"P/1...")), "Q!...");
    }
}
