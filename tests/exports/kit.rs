//! What the tests of exports share.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::command::wirewalk;

/// A session of the demo, recorded once.
pub static DEMO: LazyLock<PathBuf> = LazyLock::new(|| {
    // Kept until all tests are over, by whoever runs them.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
    let path = folder.join("demo.wirewalk");
    let recorded = wirewalk(&["demo", "--print", "summary", "--record", path.to_str().unwrap()]);
    assert!(recorded.status.success());
    path
});

/// A file of this repository.
pub fn repository(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).to_str().unwrap().to_owned()
}

/// A transcript in which a server says these texts in WebSocket messages, as file `session.wirewalk` of the folder.
pub fn transcript(folder: &Path, texts: &[&str]) -> String {
    let upgrade = "GET /x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer abcdef-123456\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let mut lines = vec![
        r#"{"wirewalk":"transcript","version":1,"by":"wirewalk 0.1.0","started":"2026-01-02T03:04:05Z","upstream":"http://127.0.0.1:5000"}"#
            .to_owned(),
    ];
    let mut say = |dir: &str, text: &str| {
        let (at, text) = (lines.len() * 1_000_000, serde_json::to_string(text).unwrap());
        lines.push(format!(r#"{{"at":{at},"conn":1,"type":"received","dir":"{dir}","text":{text}}}"#));
    };
    say("c2s", upgrade);
    say("s2c", switch);
    for text in texts {
        let mut lines_of = vec![0x81];
        match u8::try_from(text.len()) {
            Ok(length) if length < 126 => lines_of.push(length),
            _ => {
                lines_of.push(126);
                lines_of.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
            }
        }
        lines_of.extend(text.as_bytes());
        let (at, base64) =
            (lines.len() * 1_000_000, base64::Engine::encode(&base64::prelude::BASE64_STANDARD, lines_of));
        lines.push(format!(r#"{{"at":{at},"conn":1,"type":"received","dir":"s2c","base64":"{base64}"}}"#));
    }
    let path = folder.join("session.wirewalk");
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    path.to_str().unwrap().to_owned()
}
