//! The same message with another content: its codings are done again, and its length and checksums fit.

use std::ops::Range;

use super::body::codings;
use super::chunked::{Chunked, Piece};
use super::coding::Coding;
use super::head::{Head, Parsed, Role};
use super::text::{list, part};

/// A message, as its head and what is behind it.
pub type Parts = (Vec<u8>, Vec<u8>);

/// The message `message` with `content` instead of what its body says without its codings. `None` where it is no HTTP message, or its body
/// has a coding that cannot be done.
pub fn with_content(message: &[u8], role: Role, content: &[u8]) -> Option<Parts> {
    let Parsed::Complete(head) = Head::parse(message, role) else { return None };
    let body = part(message, &(head.len..message.len()));
    let is_chunked = head
        .fields(message, "transfer-encoding")
        .flat_map(|header| list(message, &header.value))
        .any(|coding| part(message, &coding).eq_ignore_ascii_case(b"chunked"));
    let old = if is_chunked { Chunks::of(body).data(body) } else { body.to_vec() };
    let mut coded = content.to_vec();
    for name in codings(&head, message) {
        coded = Coding::named(part(message, &name))?.encode(&coded, &old);
    }
    let head_bytes = part(message, &(0..head.len));
    if is_chunked {
        return Some((head_bytes.to_vec(), Chunks::of(body).with(body, &coded)));
    }
    let grown = i64::try_from(coded.len()).ok()? - i64::try_from(old.len()).ok()?;
    Some((with_length(head_bytes, &head, grown), coded))
}

/// The head with each Content-Length changed by so much.
fn with_length(bytes: &[u8], head: &Head, by: i64) -> Vec<u8> {
    let (mut changed, mut end) = (Vec::new(), 0);
    for header in head.fields(bytes, "content-length") {
        let number = std::str::from_utf8(part(bytes, &header.value)).ok().and_then(|n| n.parse::<u64>().ok());
        let Some(number) = number.and_then(|number| number.checked_add_signed(by)) else { continue };
        changed.extend_from_slice(part(bytes, &(end..header.value.start)));
        changed.extend_from_slice(number.to_string().as_bytes());
        end = header.value.end;
    }
    changed.extend_from_slice(part(bytes, &(end..bytes.len())));
    changed
}

/// Where the data are in a chunked body, and where its last chunk begins.
struct Chunks {
    data: Vec<Range<usize>>,
    last: Option<usize>,
}

impl Chunks {
    fn of(body: &[u8]) -> Chunks {
        let (mut reader, mut at, mut chunks) =
            (Chunked::default(), 0, Chunks { data: Vec::new(), last: None });
        loop {
            let piece = reader.next(part(body, &(at..body.len())));
            match piece {
                Piece::Data { len } => chunks.data.push(at..at + len),
                Piece::Size { size: 0, .. } => chunks.last = Some(at),
                _ => {}
            }
            if piece.len() == 0 {
                return chunks;
            }
            at += piece.len();
        }
    }

    fn data(&self, body: &[u8]) -> Vec<u8> {
        self.data.iter().flat_map(|range| part(body, range)).copied().collect()
    }

    /// The body with other data: in the same chunks where they have the same length, else in one.
    fn with(&self, body: &[u8], data: &[u8]) -> Vec<u8> {
        if self.data.iter().map(Range::len).sum::<usize>() == data.len() {
            let (mut changed, mut data) = (body.to_vec(), data.iter());
            for at in self.data.iter().cloned().flatten() {
                if let (Some(byte), Some(new)) = (changed.get_mut(at), data.next()) {
                    *byte = *new;
                }
            }
            return changed;
        }
        let mut changed = format!("{:x}\r\n", data.len()).into_bytes();
        changed.extend_from_slice(data);
        changed.extend_from_slice(b"\r\n");
        if let Some(last) = self.last {
            changed.extend_from_slice(part(body, &(last..body.len())));
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(message: &str, content: &str) -> String {
        let (head, body) = with_content(message.as_bytes(), Role::Response, content.as_bytes()).unwrap();
        String::from_utf8([head, body].concat()).unwrap()
    }

    #[test]
    fn a_length_is_written_anew() {
        let message = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX: y\r\n\r\n123456789";
        assert_eq!(
            changed(message, "1234567890"),
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX: y\r\n\r\n1234567890"
        );
        // Two bytes never came, and do not come now.
        let cut = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n123";
        assert_eq!(changed(cut, "1"), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1");
        assert_eq!(changed("HTTP/1.1 200 OK\r\n\r\nto the end", "less"), "HTTP/1.1 200 OK\r\n\r\nless");
    }

    #[test]
    fn chunks_stay_where_they_can() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let message = format!("{head}2;x\r\nab\r\n3\r\ncde\r\n0\r\nT: 1\r\n\r\n");
        assert_eq!(changed(&message, "*****"), format!("{head}2;x\r\n**\r\n3\r\n***\r\n0\r\nT: 1\r\n\r\n"));
        assert_eq!(changed(&message, "****"), format!("{head}4\r\n****\r\n0\r\nT: 1\r\n\r\n"));
    }

    #[test]
    fn every_coding_is_done_again() {
        for coding in ["gzip", "deflate", "br", "zstd", "gzip, br"] {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: 0\r\n\r\n");
            let content = "a secret, ".repeat(20_000);
            let (head, body) = with_content(head.as_bytes(), Role::Response, content.as_bytes()).unwrap();
            let length = format!("Content-Length: {}\r\n", body.len());
            assert!(String::from_utf8(head).unwrap().contains(&length));
            let decoded = coding.rsplit(", ").fold(body, |body, name| {
                let decoded = Coding::named(name.as_bytes()).unwrap().decode(&body, 1 << 20);
                assert_eq!(decoded.problem, None);
                decoded.bytes
            });
            assert!(decoded == content.as_bytes(), "{coding}");
        }
        let unknown = b"HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\n\r\nx";
        assert_eq!(with_content(unknown, Role::Response, b"y"), None);
    }
}
