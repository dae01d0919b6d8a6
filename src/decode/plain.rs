//! What is left when no protocol claims a payload: text, or bytes.

use super::dissect::{Dissect, Payload};
use super::field::ProtocolDef;
use super::sink::Sink;
use super::unit::Memory;

/// UTF-8 text.
pub struct Text;

/// Any other bytes.
pub struct Binary;

static TEXT: ProtocolDef = ProtocolDef {
    key: "text",
    name: "Text",
    meaning: "UTF-8 text of no protocol that wirewalk knows.",
    spec: "RFC 3629",
    fields: &[],
    rules: &[],
};

static BINARY: ProtocolDef = ProtocolDef {
    key: "data",
    name: "Data",
    meaning: "Bytes of no protocol that wirewalk knows.",
    spec: "",
    fields: &[],
    rules: &[],
};

impl Dissect for Text {
    fn def(&self) -> &'static ProtocolDef {
        &TEXT
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

impl Dissect for Binary {
    fn def(&self) -> &'static ProtocolDef {
        &BINARY
    }

    fn claims(&self, _payload: &Payload<'_>, _memory: &Memory) -> bool {
        true
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
