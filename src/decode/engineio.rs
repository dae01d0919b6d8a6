//! Engine.IO, Engine.IO protocol v4.

use super::dissect::{Dissect, Payload};
use super::field::ProtocolDef;
use super::sink::Sink;
use super::unit::Memory;

/// Engine.IO.
pub struct EngineIo;

static PROTOCOL: ProtocolDef = ProtocolDef {
    key: "engineio",
    name: "Engine.IO",
    meaning: "Carries packets over HTTP polling or a WebSocket, keeps the connection alive, and upgrades from the one to the other.",
    spec: "Engine.IO protocol v4",
    fields: &[],
    rules: &[],
};

impl Dissect for EngineIo {
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
