//! WebSocket, RFC 6455 §5 to §8, and permessage-deflate, RFC 7692.
//!
//! In the order of the bytes: [`frame`] reads a header; `current` checks it; [`framing`] finds where the frame
//! ends; `message` puts messages together, by way of `inflater` and `utf8`; `close` checks a close frame;
//! `dissect` says what a frame means to whoever looks at it. What was agreed on at the upgrade is read by
//! [`extensions`] and [`deflate`].

mod close;
mod current;
pub mod deflate;
mod dissect;
pub mod extensions;
mod fields;
pub mod frame;
pub mod framing;
mod inflater;
mod message;
pub mod recode;
mod rules;
mod utf8;

#[cfg(test)]
mod tests;

pub use dissect::{dissect, told};
pub use framing::{CompleteMessage, Frame, Framing, Step};
pub(crate) use rules::{FRAME_CUT_SHORT, HTTP_INSIDE, MESSAGE_TOO_LONG, TOLD};

use super::field::ProtocolDef;

/// WebSocket.
pub static PROTOCOL: ProtocolDef = ProtocolDef {
    key: "websocket",
    name: "WebSocket",
    is_format: false,
    meaning: "Lets both sides of one connection send messages at any time, each in one frame or several.",
    spec: "RFC 6455",
    fields: fields::FIELDS,
    rules: rules::RULES,
};
