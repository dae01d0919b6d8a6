//! How `Sec-WebSocket-Accept` follows from `Sec-WebSocket-Key` (RFC 6455 §1.3 and §4.2.2).

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, PAD, STANDARD};
use sha1::{Digest, Sha1};

/// The text that every server puts behind the key.
pub(super) const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Some clients leave bits in the last character that stand for nothing; servers do not mind.
const LENIENT: GeneralPurpose = GeneralPurpose::new(&ALPHABET, PAD.with_decode_allow_trailing_bits(true));

/// The steps from the key to the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Accept {
    /// Key and GUID, joined.
    pub(super) concatenation: String,
    /// SHA-1 of that, in hexadecimal.
    pub(super) digest: String,
    /// The digest in base64: what the field must be.
    pub(super) expected: String,
}

impl Accept {
    /// Derives the answer to the key, which is taken as text and not decoded.
    pub(super) fn to(key: &str) -> Accept {
        let concatenation = format!("{key}{GUID}");
        let digest = Sha1::digest(concatenation.as_bytes());
        Accept { digest: hex(&digest), expected: STANDARD.encode(digest), concatenation }
    }
}

/// The bytes of a key, if it is 16 of them in base64.
pub(super) fn key_bytes(key: &[u8]) -> Option<Vec<u8>> {
    LENIENT.decode(key).ok().filter(|bytes| bytes.len() == 16)
}

/// `bytes` in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6455 §1.3.
    #[test]
    fn the_example_of_the_standard() {
        let accept = Accept::to("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept.concatenation, "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        assert_eq!(accept.digest, "b37a4f2cc0624f1690f64606cf385945b2bec4ea");
        assert_eq!(accept.expected, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_key_is_sixteen_bytes() {
        assert_eq!(key_bytes(b"dGhlIHNhbXBsZSBub25jZQ==").unwrap(), b"the sample nonce");
        for key in [&b""[..], b"dGhlIHNhbXBsZSBub25jZQ", b"c2hvcnQ=", b"dGhlIHNhbXBsZSBub25jZSE=", b"!!!!"] {
            assert_eq!(key_bytes(key), None, "{key:?}");
        }
    }
}
