//! JSON-RPC, JSON-RPC 2.0 specification.

use super::dissect::{Dissect, Payload};
use super::field::ProtocolDef;
use super::sink::Sink;
use super::unit::Memory;

/// JSON-RPC.
pub struct JsonRpc;

static PROTOCOL: ProtocolDef = ProtocolDef {
    key: "jsonrpc",
    name: "JSON-RPC",
    meaning: "Calls a method on the other side and carries the result back, as JSON.",
    spec: "JSON-RPC 2.0 specification",
    fields: &[],
    rules: &[],
};

impl Dissect for JsonRpc {
    fn def(&self) -> &'static ProtocolDef {
        &PROTOCOL
    }

    fn claims(&self, _payload: &Payload<'_>, _memory: &Memory) -> bool {
        false
    }

    fn dissect<'a>(
        &self,
        _payload: &Payload<'a>,
        _memory: &mut Memory,
        _sink: &mut Sink,
    ) -> Vec<Payload<'a>> {
        Vec::new()
    }
}
