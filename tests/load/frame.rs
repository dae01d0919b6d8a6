//! WebSocket frames, encoded by hand.

/// The masking key of all frames of the clients.
pub const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The opcode of a text message (RFC 6455 §5.2).
pub const TEXT: u8 = 1;

/// Appends a final frame with an opcode and a payload to `out`, masked where there is a key (RFC 6455 §5.2).
pub fn encode(opcode: u8, payload: &[u8], mask: Option<[u8; 4]>, out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    let masked = u8::from(mask.is_some()) << 7;
    match payload.len() {
        len @ 0..=125 => out.push(masked | len as u8),
        len @ 126..=0xffff => {
            out.push(masked | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(masked | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    let Some(key) = mask else { return out.extend_from_slice(payload) };
    out.extend_from_slice(&key);
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
}
