//! Inflating the messages of one direction (RFC 7692 §7.2.2), piece by piece.

use flate2::{Decompress, FlushDecompress, Status};

/// What a sender removes from the end of each compressed message, and whoever inflates it puts back.
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// An empty block without compression. Between two blocks it changes nothing; inside a block it is data, or
/// an error: so it tells whether a message ended where a block did.
const PROBE: [u8; 5] = [0x00, 0x00, 0x00, 0xFF, 0xFF];

/// Inflates the messages of one direction, one after the other.
///
/// The window is always the largest, 32 KiB, which inflates what any smaller one deflated.
#[derive(Debug)]
pub(super) struct Inflater {
    stream: Decompress,
    /// Whether the window of one message is still used for the next one.
    takeover: bool,
    /// The window is not what the sender's is.
    lost: bool,
    /// Some bytes of this message have come.
    begun: bool,
    /// A block with BFINAL set came, and no byte since.
    ended: bool,
}

impl Inflater {
    /// An inflater with an empty window. `takeover`: whether messages share it.
    pub(super) fn new(takeover: bool) -> Inflater {
        Inflater { stream: Decompress::new(false), takeover, lost: false, begun: false, ended: false }
    }

    /// Begins a message; false where it cannot be inflated, because the window is lost.
    pub(super) fn begin(&mut self) -> bool {
        if !self.takeover {
            self.stream.reset(false);
            self.lost = false;
        }
        (self.begun, self.ended) = (false, false);
        !self.lost
    }

    /// Inflates as much of `input` as the spare capacity of `out` has room for, and says how many bytes it took.
    ///
    /// All of the message so far is in `out` when `input` is taken and capacity is left. On an error, what
    /// could be inflated before it is in `out`, and this message is not to be read on.
    pub(super) fn inflate(&mut self, input: &[u8], out: &mut Vec<u8>) -> (usize, Result<(), &'static str>) {
        if !input.is_empty() {
            (self.begun, self.ended) = (true, false);
        }
        let before = self.stream.total_in();
        let result = self.stream.decompress_vec(input, out, FlushDecompress::None);
        let taken = usize::try_from(self.stream.total_in() - before).unwrap_or(input.len());
        match result {
            Ok(Status::StreamEnd) => {
                // A block with BFINAL set ends a DEFLATE stream (RFC 1951 §3.2.3), not the message (RFC 7692
                // §7.2.3.4). Another stream may follow, with an empty window, as receivers in use have it.
                self.stream.reset(false);
                self.ended = true;
                (taken, Ok(()))
            }
            Ok(_) => (taken, Ok(())),
            // What exactly is wrong, zlib-rs tells differently depending on how the input is cut.
            Err(_) => {
                self.lost = true;
                (taken, Err("not DEFLATE data"))
            }
        }
    }

    /// Ends a message whose bytes were all taken; the error says why it is not whole.
    pub(super) fn finish(&mut self) -> Result<(), &'static str> {
        if !self.begun {
            // Even an empty message has one byte (RFC 7692 §7.2.3.6). The window is as it was.
            return Err("no bytes to inflate");
        }
        if self.ended {
            return Ok(());
        }
        let [a, b, c, d] = TAIL;
        let [e, f, g, h, i] = PROBE;
        let end = [a, b, c, d, e, f, g, h, i];
        let mut out = [0; 16];
        let (before_in, before_out) = (self.stream.total_in(), self.stream.total_out());
        let result = self.stream.decompress(&end, &mut out, FlushDecompress::None);
        let taken = self.stream.total_in() - before_in;
        let between_blocks = taken == end.len() as u64 && self.stream.total_out() == before_out;
        if result.is_ok_and(|status| status != Status::StreamEnd) && between_blocks {
            return Ok(());
        }
        self.lost = true;
        Err("ends inside a block")
    }

    /// The rest of the message will not come.
    pub(super) fn abandon(&mut self) {
        self.lost |= self.begun;
    }
}
