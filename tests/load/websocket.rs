//! The upgrade to a WebSocket, both halves, made by hand so that what follows costs next to nothing.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The example of RFC 6455 §1.3. A client must choose its key at random (§4.1); what is measured here does not care.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// RFC 6455 §1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The client's half of the upgrade. Fails where the answer is not a 101 with the right accept key.
pub async fn upgrade(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    let request = format!(
        "GET /load HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let answer = head(stream).await?;
    let is_right = answer.starts_with("HTTP/1.1 101 ") && answer.contains(&accept_of(KEY));
    is_right
        .then_some(())
        .ok_or_else(|| io::Error::other(format!("the upgrade was answered with {answer:?}")))
}

/// The server's half of the upgrade. Fails where the request has no key.
pub async fn accept(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    let request = head(stream).await?;
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let key = key.ok_or_else(|| io::Error::other(format!("no upgrade request: {request:?}")))?;
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        accept_of(key)
    );
    stream.write_all(answer.as_bytes()).await
}

fn accept_of(key: &str) -> String {
    BASE64.encode(Sha1::digest(format!("{key}{GUID}")))
}

/// Reads up to the empty line and not a byte further, since frames may follow.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    String::from_utf8(head).map_err(io::Error::other)
}
