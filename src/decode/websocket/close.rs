//! The payload of a close frame (RFC 6455 §5.5.1, §7.4): nothing, or a status code and a reason.

use super::current::Current;
use super::rules::*;
use super::utf8::Utf8;

/// Checks the payload of a close frame. `kept` is its unmasked beginning; all of it, if it is no longer than
/// is ever kept.
pub(super) fn check(kept: &[u8], frame: &mut Current) {
    let Some((code, reason)) = kept.split_first_chunk() else {
        if !kept.is_empty() {
            frame.find(&CLOSE_PAYLOAD_TOO_SHORT, frame.payload(), "");
        }
        return;
    };
    let code = u16::from_be_bytes(*code);
    match code {
        1005 | 1006 | 1015 => frame.find(&CLOSE_CODE_FORBIDDEN, frame.payload_bytes(0, 2), code.to_string()),
        0..1000 | 1004 | 1016..3000 | 5000.. => {
            frame.find(&CLOSE_CODE_UNDEFINED, frame.payload_bytes(0, 2), code.to_string());
        }
        _ => {}
    }
    let mut utf8 = Utf8::default();
    if let Err(at) = utf8.push(reason) {
        let at = at as u64 + 2;
        let detail = format!("at byte {at} of the payload");
        frame.find(&CLOSE_REASON_INVALID_UTF8, frame.payload_bytes(at, at + 1), detail);
    } else if !utf8.may_end() && kept.len() as u64 == frame.header.length {
        frame.find(&CLOSE_REASON_INVALID_UTF8, frame.last_byte(), "ends inside a character");
    }
}

/// Who gives meaning to a status code (RFC 6455 §7.4.2).
pub(super) fn range(code: u16) -> &'static str {
    match code {
        0..1000 => "0 to 999: not used",
        1000..3000 => "1000 to 2999: for the protocol itself",
        3000..4000 => "3000 to 3999: for libraries, frameworks and applications, registered with IANA",
        4000..5000 => "4000 to 4999: for private use, agreed between applications",
        5000.. => "5000 to 65535: not defined",
    }
}
