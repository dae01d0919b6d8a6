//! The JSON Schema of transcripts.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(include_str!("../../assets/transcript.schema.json")).unwrap();
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
});

/// Whether a line is as the schema says.
pub fn allows(line: &str) -> bool {
    serde_json::from_str(line).is_ok_and(|line: Value| SCHEMA.is_valid(&line))
}

/// Fails where a line of a transcript, compressed or not, is not as the schema says.
pub fn check(path: &Path) {
    let bytes = fs::read(path).unwrap();
    let bytes = if bytes.starts_with(b"{") { bytes } else { zstd::decode_all(&bytes[..]).unwrap() };
    let text = String::from_utf8(bytes).unwrap();
    for (number, line) in (1..).zip(text.lines()) {
        assert!(allows(line), "{}, line {number} is not as the schema says: {line}", path.display());
    }
}
