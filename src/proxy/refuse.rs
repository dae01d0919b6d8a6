//! The 502 that wirewalk answers with where the upstream cannot be reached (RFC 9110 §15.6.3).

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Upstream;
use super::connect::Unreachable;
use super::relay::Link;
use crate::wire::{Direction, How, Peer, Tap, What, Why};

/// A client that has not sent its request within this time is answered all the same: it may speak no HTTP,
/// and a person may be looking.
const PATIENCE: Duration = Duration::from_secs(2);

/// A client that goes on sending after the answer is listened to for this long, and this far: to close while
/// its bytes arrive would reset the connection, and with it the answer that it has not read yet.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 1 << 20;

/// A request head that is longer is not read to its end before the answer.
const MAX_HEAD: usize = 64 << 10;

/// Reads a request, answers that the upstream is unreachable, and closes. All of it is recorded.
pub async fn refuse<T: Tap>(
    link: &Link<'_, T>,
    client: &mut TcpStream,
    upstream: &Upstream,
    why: &Unreachable,
) {
    let request = match timeout(PATIENCE, request(link, client)).await {
        Ok(Some(request)) => request,
        Ok(None) => return,
        Err(_) => Bytes::new(),
    };
    let bytes = answer(upstream, why, request.starts_with(b"HEAD "));
    link.record(What::Sent {
        dir: Direction::ToClient,
        replaces: 0..0,
        bytes: bytes.clone(),
        why: Why::UpstreamUnreachable,
    })
    .await;
    let sent = async {
        client.write_all(&bytes).await?;
        client.shutdown().await
    };
    match sent.await {
        Ok(()) => link.closed(Peer::Wirewalk, How::Fin, None).await,
        Err(error) => return link.closed(Peer::Client, How::Reset, Some(error.to_string())).await,
    }
    let _ = timeout(LINGER, drain(link, client)).await;
}

/// The beginning of what the client sends, up to the end of a request head; `None` where the client is gone.
async fn request<T: Tap>(link: &Link<'_, T>, client: &mut TcpStream) -> Option<Bytes> {
    let mut head = BytesMut::new();
    let is_whole =
        |head: &[u8]| [&b"\r\n\r\n"[..], b"\n\n"].iter().any(|end| memmem::find(head, end).is_some());
    while head.len() < MAX_HEAD && !is_whole(&head) {
        match read(link, client).await {
            Some(bytes) => head.extend_from_slice(&bytes),
            None if head.is_empty() => return None,
            None => break,
        }
    }
    Some(head.freeze())
}

async fn drain<T: Tap>(link: &Link<'_, T>, client: &mut TcpStream) {
    let mut left = LINGER_BYTES;
    while let Some(bytes) = read(link, client).await {
        left = left.saturating_sub(bytes.len());
        if left == 0 {
            return;
        }
    }
}

/// Reads once and records it; `None` once the client has ended, which is recorded too.
async fn read<T: Tap>(link: &Link<'_, T>, client: &mut TcpStream) -> Option<Bytes> {
    let mut buffer = BytesMut::with_capacity(4096);
    match client.read_buf(&mut buffer).await {
        Ok(0) => {
            link.closed(Peer::Client, How::Fin, None).await;
            None
        }
        Ok(_) => {
            let bytes = buffer.freeze();
            link.record(What::Received { dir: Direction::ToServer, bytes: bytes.clone() }).await;
            Some(bytes)
        }
        Err(error) => {
            link.closed(Peer::Client, How::Reset, Some(error.to_string())).await;
            None
        }
    }
}

/// The whole response. Plain text, so that a terminal and a browser both show it, and nothing in it can be markup.
fn answer(upstream: &Upstream, why: &Unreachable, head_only: bool) -> Bytes {
    let body = format!(
        "502 Bad Gateway. This answer was made by wirewalk, not by your server.\n\n\
         wirewalk could not reach the upstream {upstream}:\n{error}.\n\n\
         {advice}\nwirewalk keeps running: try again when that is done.\n",
        error = why.error,
        advice = why.advice,
    );
    let head = format!(
        "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // The answer to HEAD has the length of a body, and none (RFC 9110 §9.3.2).
    Bytes::from(if head_only { head } else { head + &body })
}
