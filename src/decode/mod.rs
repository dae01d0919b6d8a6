//! Decoding: bytes in, units out. No file, no socket, no clock, no screen.
//!
//! Two kinds of code, kept apart. *Framing* finds where a unit ends: it is stateful, one for each
//! direction ([`http1::Framing`], [`websocket::Framing`]). *Dissectors* say what a unit or a payload means:
//! they are pure, and never fail. [`connection::Connection`] runs the framing of both directions and
//! yields [`unit::Unit`]s; [`dissect::unit`] makes the tree of one unit whenever someone looks at it.

pub mod connection;
pub mod dissect;
pub mod engineio;
pub mod field;
mod half;
pub mod http1;
pub mod json;
pub mod jsonrpc;
pub mod limits;
pub mod plain;
pub mod sink;
pub mod socketio;
pub mod tcp;
pub mod unit;
pub mod websocket;

use dissect::Dissect;
use field::ProtocolDef;

/// The dissectors of payloads, in the order in which they are asked whether a payload is theirs. A new
/// protocol is one file and one line here.
pub static PROTOCOLS: &[&dyn Dissect] =
    &[&engineio::EngineIo, &socketio::SocketIo, &jsonrpc::JsonRpc, &json::Json, &plain::Text, &plain::Binary];

/// The protocols whose units are found by framing.
static CARRIERS: &[&ProtocolDef] = &[&tcp::PROTOCOL, &http1::PROTOCOL, &websocket::PROTOCOL];

/// Every protocol that wirewalk knows, outermost first.
pub fn protocols() -> impl Iterator<Item = &'static ProtocolDef> {
    CARRIERS.iter().copied().chain(PROTOCOLS.iter().map(|p| p.def()))
}
