//! Socket.IO, Socket.IO protocol v5.

use super::dissect::{Dissect, Payload};
use super::field::ProtocolDef;
use super::sink::Sink;
use super::unit::Memory;

/// Socket.IO.
pub struct SocketIo;

static PROTOCOL: ProtocolDef = ProtocolDef {
    key: "socketio",
    name: "Socket.IO",
    meaning: "Gives messages a name, a namespace and acknowledgements; it travels inside Engine.IO messages.",
    spec: "Socket.IO protocol v5",
    fields: &[],
    rules: &[],
};

impl Dissect for SocketIo {
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
