//! What happened to the connection itself (RFC 9293): opened, secured, closed; and bytes of no protocol.

use super::dissect::Input;
use super::field::ProtocolDef;
use super::sink::Sink;

/// TCP, as seen by a proxy.
pub static PROTOCOL: ProtocolDef = ProtocolDef {
    key: "tcp",
    name: "TCP",
    meaning: "Carries a stream of bytes in each direction, in order and complete, until each side closes.",
    spec: "RFC 9293",
    fields: &[],
    rules: &[],
};

/// Says what became of a connection.
pub fn dissect(input: &Input<'_>, sink: &mut Sink) {
    let _ = (input, sink);
}
