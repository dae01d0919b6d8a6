//! Two pumps, one for each direction: read, record, write.
//!
//! A record is handed on before its bytes are, else an answer could overtake its question. A pump holds
//! one read at a time, so a peer that does not read slows the other down, as if they were connected directly.

use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest, ReadHalf};
use tokio::net::{TcpStream, tcp};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use super::connect::Stream;
use super::heads::Heads;
use crate::wire::{ConnId, Direction, How, Peer, Record, Tap, What};

/// A connection's way to the tap.
pub struct Link<'a, T> {
    /// Which connection.
    pub conn: ConnId,
    /// Where its records go.
    pub tap: &'a T,
}

impl<T: Tap> Link<'_, T> {
    /// Records something that happens now.
    pub async fn record(&self, what: What) {
        self.tap.record(Record { at: self.tap.now(), conn: self.conn, what }).await;
    }

    /// Records that a peer finished sending, or is gone.
    pub async fn closed(&self, by: Peer, how: How, error: Option<String>) {
        self.record(What::Closed { by, how, error }).await;
    }
}

/// When a peer is gone, what it had sent still goes to the other one, for as long as this takes.
const LAST_BYTES: Duration = Duration::from_secs(10);

/// When a client is gone, what the server was just saying is still read, for this long at most.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// No more than this is read of it.
const LAST_WORDS_BYTES: usize = 64 << 10;

/// Relays until both directions have ended, or one peer is gone; then the other is cut off likewise. `heads`
/// rewrite what passes to the server and to the client; without them every byte passes as it is.
pub async fn relay<T: Tap>(
    link: &Link<'_, T>,
    client: &mut TcpStream,
    server: &mut Stream,
    heads: [Option<Heads<'_>>; 2],
) {
    let gone = {
        let (from_client, to_client) = client.split();
        match server {
            Stream::Plain(tcp) => {
                let (from_server, to_server) = tcp.split();
                both(link, (from_client, to_server), (from_server, to_client), heads).await
            }
            Stream::Tls(tls) => {
                let (from_server, to_server) = tokio::io::split(&mut **tls);
                both(link, (from_client, to_server), (from_server, to_client), heads).await
            }
        }
    };
    let Some((peer, error)) = gone else { return };
    if peer == Peer::Client {
        match server {
            Stream::Plain(tcp) => last_words(link, tcp).await,
            Stream::Tls(tls) => last_words(link, tls).await,
        }
    }
    link.closed(peer, How::Reset, Some(error.to_string())).await;
    let other = if peer == Peer::Client { server.tcp() } else { &*client };
    // Without lingering, closing a socket resets its connection: the other peer learns what happened. Where
    // the option cannot be set that connection has ended already.
    let _ = other.set_zero_linger();
}

/// Records what a server says to a client that is gone: clients leave as soon as they see the status of a refusal,
/// and its reason is in the body. The server is told afterwards, since it would say no more then.
async fn last_words<T: Tap>(link: &Link<'_, T>, server: &mut (impl AsyncRead + Unpin)) {
    let until = Instant::now() + LAST_WORDS;
    let mut left = LAST_WORDS_BYTES;
    while left > 0 {
        let mut buffer = BytesMut::with_capacity(SMALL);
        let Ok(Ok(read @ 1..)) = timeout_at(until, server.read_buf(&mut buffer)).await else { return };
        left = left.saturating_sub(read);
        link.record(What::Received { dir: Direction::ToClient, bytes: buffer.freeze() }).await;
    }
}

/// Runs both pumps in the task of the caller. Returns the peer that is gone, if one is.
async fn both<T: Tap, CR: Source, CW: Sink, SR: Source, SW: Sink>(
    link: &Link<'_, T>,
    (from_client, to_server): (CR, SW),
    (from_server, to_client): (SR, CW),
    [request_heads, response_heads]: [Option<Heads<'_>>; 2],
) -> Option<(Peer, io::Error)> {
    let ends = Ends::default();
    let up = Pump {
        dir: Direction::ToServer,
        from: from_client,
        to: to_server,
        heads: request_heads,
        link,
        ends: &ends,
    };
    let down = Pump {
        dir: Direction::ToClient,
        from: from_server,
        to: to_client,
        heads: response_heads,
        link,
        ends: &ends,
    };
    let mut up = pin!(up.run());
    let mut down = pin!(down.run());
    // Not in a fixed order: a flood one way must not use up the task's turn before the other way has one.
    let (dir, end) = tokio::select! {
        end = &mut up => (Direction::ToServer, end),
        end = &mut down => (Direction::ToClient, end),
    };
    match end {
        End::Both => None,
        End::SenderGone(error) => Some((dir.sender(), error)),
        End::ReceiverGone(error) => {
            let back = dir.reverse();
            Ends::set(&ends.gone, back);
            if !Ends::has(&ends.finished, back) {
                let _ = match back {
                    Direction::ToServer => tokio::time::timeout(LAST_BYTES, up).await,
                    Direction::ToClient => tokio::time::timeout(LAST_BYTES, down).await,
                };
            }
            Some((back.sender(), error))
        }
    }
}

/// What the pumps of a connection tell each other. They run in one task; atomics, since it may change threads.
#[derive(Default)]
struct Ends {
    /// The sender of this direction has finished, and the receiver was told.
    finished: [AtomicBool; 2],
    /// The sender of this direction is gone: what can still be read are its last bytes.
    gone: [AtomicBool; 2],
}

impl Ends {
    fn set(which: &[AtomicBool; 2], dir: Direction) {
        let [to_server, to_client] = which;
        let flag = if dir == Direction::ToServer { to_server } else { to_client };
        flag.store(true, Ordering::Relaxed);
    }

    fn has(which: &[AtomicBool; 2], dir: Direction) -> bool {
        let [to_server, to_client] = which;
        let flag = if dir == Direction::ToServer { to_server } else { to_client };
        flag.load(Ordering::Relaxed)
    }
}

/// How the run of a pump ended.
enum End {
    /// Both directions have finished, this one last.
    Both,
    /// Reading failed.
    SenderGone(io::Error),
    /// Writing failed.
    ReceiverGone(io::Error),
}

/// A buffer that was not filled by a read; most messages are smaller.
const SMALL: usize = 8 << 10;
/// After reads that filled the buffer, up to this.
const LARGE: usize = 64 << 10;

/// Copies one direction.
struct Pump<'a, T, R, W> {
    dir: Direction,
    from: R,
    to: W,
    /// Where heads are to be rewritten.
    heads: Option<Heads<'a>>,
    link: &'a Link<'a, T>,
    ends: &'a Ends,
}

impl<T: Tap, R: Source, W: Sink> Pump<'_, T, R, W> {
    async fn run(mut self) -> End {
        let mut buffer = BytesMut::new();
        let mut room = SMALL;
        loop {
            // Reads go to the room that earlier ones left; when it gets scarce, the same memory is used
            // again if nobody holds what was read into it any more.
            if buffer.capacity() < room / 2 {
                buffer.reserve(room);
            }
            match self.from.read_buf(&mut buffer).await {
                Ok(0) => return self.finish(None).await,
                Ok(read) => {
                    if read == room {
                        room = LARGE.min(2 * room);
                    }
                    let bytes = buffer.split().freeze();
                    if let Err(error) = self.pass(bytes).await {
                        return End::ReceiverGone(error);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    let error = "TCP ended without a TLS close_notify, so the end may have been cut off (RFC 8446 §6.1)";
                    return self.finish(Some(error.to_owned())).await;
                }
                Err(error) => {
                    let _ = self.pass_held().await;
                    return End::SenderGone(error);
                }
            }
        }
    }

    /// Records bytes, then writes them.
    async fn pass(&mut self, bytes: Bytes) -> io::Result<()> {
        let dir = self.dir;
        let Some(heads) = &mut self.heads else {
            self.link.record(What::Received { dir, bytes: bytes.clone() }).await;
            self.to.write_all(&bytes).await?;
            // Nothing for TCP; TLS may still hold encrypted bytes.
            return self.to.flush().await;
        };
        let passed = heads.pass(&bytes);
        if heads.is_verbatim() {
            self.heads = None;
        }
        for sent in passed.sent {
            self.link.record(sent).await;
        }
        self.link.record(What::Received { dir, bytes }).await;
        self.to.write_all(&passed.bytes).await?;
        self.to.flush().await
    }

    /// Writes the beginning of a head that was held back, when its end will not come.
    async fn pass_held(&mut self) -> io::Result<()> {
        if let Some(held) = self.heads.take().map(Heads::into_held) {
            self.to.write_all(&held).await?;
            self.to.flush().await?;
        }
        Ok(())
    }

    /// The sender has finished: tells the receiver so. Returns when the other direction has finished too, or
    /// when it turns out that the sender is gone.
    async fn finish(mut self, error: Option<String>) -> End {
        let back = self.dir.reverse();
        let passed = self.pass_held().await;
        if Ends::has(&self.ends.gone, self.dir) {
            return End::SenderGone(io::ErrorKind::ConnectionReset.into());
        }
        if let Err(error) = passed {
            return End::ReceiverGone(error);
        }
        self.link.closed(self.dir.sender(), How::Fin, error).await;
        let told = self.to.shutdown().await;
        Ends::set(&self.ends.finished, self.dir);
        if Ends::has(&self.ends.finished, back) {
            // The receiver had finished before, and need not have waited for this.
            return End::Both;
        }
        match told {
            Err(error) if error.kind() != io::ErrorKind::NotConnected => End::ReceiverGone(error),
            _ => End::SenderGone(self.from.broken().await),
        }
    }
}

/// Where a pump reads.
trait Source: AsyncRead + Unpin {
    /// Waits for a reset after the end was read: a peer that closed altogether answers further bytes with it.
    async fn broken(&self) -> io::Error;
}

/// Where a pump writes.
trait Sink: AsyncWrite + Unpin {}

impl<W: AsyncWrite + Unpin> Sink for W {}

impl Source for tcp::ReadHalf<'_> {
    async fn broken(&self) -> io::Error {
        let tcp: &TcpStream = self.as_ref();
        match tcp.ready(Interest::ERROR).await.and_then(|_| tcp.take_error()) {
            Ok(Some(error)) | Err(error) => error,
            // A write met the error first, and deals with it.
            Ok(None) => std::future::pending().await,
        }
    }
}

impl Source for ReadHalf<&mut TlsStream<TcpStream>> {
    /// Behind TLS a reset is noticed by the next write.
    async fn broken(&self) -> io::Error {
        std::future::pending().await
    }
}
