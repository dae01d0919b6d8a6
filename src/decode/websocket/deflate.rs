//! permessage-deflate (RFC 7692).

use super::extensions::Extension;

/// What the server's answer agreed to (RFC 7692 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Each message of the server is compressed on its own.
    pub server_no_context_takeover: bool,
    /// Each message of the client is compressed on its own.
    pub client_no_context_takeover: bool,
    /// Base-2 logarithm of the server's LZ77 window: 8 to 15.
    pub server_max_window_bits: u8,
    /// Base-2 logarithm of the client's LZ77 window: 8 to 15.
    pub client_max_window_bits: u8,
}

impl Parameters {
    /// The parameters in the server's answer, if it chose permessage-deflate.
    pub fn agreed(extensions: &[Extension]) -> Option<Parameters> {
        let _ = extensions;
        None
    }
}
