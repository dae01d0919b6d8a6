//! JSON, RFC 8259.

use super::dissect::{Dissect, Payload};
use super::field::ProtocolDef;
use super::sink::Sink;
use super::unit::Memory;

/// JSON.
pub struct Json;

static PROTOCOL: ProtocolDef = ProtocolDef {
    key: "json",
    name: "JSON",
    meaning: "Writes numbers, texts, lists and named values as text.",
    spec: "RFC 8259",
    fields: &[],
    rules: &[],
};

impl Dissect for Json {
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
