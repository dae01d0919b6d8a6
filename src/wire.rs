//! The vocabulary that every module shares. It imports nothing of ours.
//!
//! A [`Record`] is one thing that happened, with its connection and time. Live capture and a transcript
//! both consist of records and of nothing else, so whatever is shown can be derived again from a file.

pub mod trace;

use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// One client socket and the upstream socket paired with it. Counted from 1 in the order of accepting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnId(pub u32);

impl ConnId {
    /// For what happened on no connection: in a traced process, or at its output.
    pub const NONE: ConnId = ConnId(0);
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Nanoseconds since the session began. The session's header holds the wall-clock time of its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// How long after `earlier` this was; zero where it was not after.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Which way bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// From the client to the server.
    #[serde(rename = "c2s")]
    ToServer,
    /// From the server to the client.
    #[serde(rename = "s2c")]
    ToClient,
}

impl Direction {
    /// Both directions, in the order in which [`Direction::index`] counts them.
    pub const BOTH: [Direction; 2] = [Direction::ToServer, Direction::ToClient];

    /// 0 for client to server, 1 for server to client.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The other way.
    pub fn reverse(self) -> Direction {
        match self {
            Direction::ToServer => Direction::ToClient,
            Direction::ToClient => Direction::ToServer,
        }
    }

    /// Who sends in this direction.
    pub fn sender(self) -> Peer {
        match self {
            Direction::ToServer => Peer::Client,
            Direction::ToClient => Peer::Server,
        }
    }

    /// `c2s` or `s2c`, as the transcript and the filter language write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::ToServer => "c2s",
            Direction::ToClient => "s2c",
        }
    }
}

/// Someone who can do something to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Peer {
    /// The program that connected to wirewalk.
    Client,
    /// The program that wirewalk connected to.
    Server,
    /// wirewalk itself.
    Wirewalk,
}

impl Peer {
    /// The direction in which this peer sends; wirewalk has none of its own.
    pub fn direction(self) -> Option<Direction> {
        match self {
            Peer::Client => Some(Direction::ToServer),
            Peer::Server => Some(Direction::ToClient),
            Peer::Wirewalk => None,
        }
    }

    /// `client`, `server` or `wirewalk`.
    pub fn as_str(self) -> &'static str {
        match self {
            Peer::Client => "client",
            Peer::Server => "server",
            Peer::Wirewalk => "wirewalk",
        }
    }
}

/// One thing that happened on a connection, or in a process at its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When.
    pub at: Timestamp,
    /// On which connection; [`ConnId::NONE`] where it was on none.
    pub conn: ConnId,
    /// What.
    pub what: What,
}

/// What happened. A transcript holds one of these a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// A client was accepted and the upstream connected, or could not be.
    Opened(Opened),
    /// TLS was agreed with the upstream.
    Tls(Tls),
    /// A peer gave us these bytes, which pass on as they are unless a [`What::Sent`] says otherwise.
    Received {
        /// The way they travel.
        dir: Direction,
        /// The bytes.
        bytes: Bytes,
    },
    /// We sent something else than what was received. Stands before the [`What::Received`] that completes
    /// the range it replaces, so that a decoder knows of it when the unit is complete.
    Sent {
        /// The way it travels.
        dir: Direction,
        /// The bytes of the stream it stands for, counted from the beginning of the direction, all that
        /// was received and inserted. Empty where nothing was received: these bytes are then inserted.
        replaces: Range<u64>,
        /// What was sent.
        bytes: Bytes,
        /// Why.
        why: Why,
    },
    /// Another program says that this message passed. How it stood on the wire is not known.
    Told {
        /// The way it travelled.
        dir: Direction,
        /// What it is.
        message: Told,
        /// For a request and the response to it: the same number, counted from 1.
        exchange: u32,
        /// A request or response: its head, put together as HTTP/1.1 text, and behind it the content without any coding. A
        /// WebSocket message: what it says.
        bytes: Bytes,
    },
    /// A peer has finished sending, or the connection broke.
    Closed {
        /// Who closed.
        by: Peer,
        /// How.
        how: How,
        /// The error of the operating system or of TLS, where there was one.
        error: Option<String>,
    },
    /// These bytes passed but could not be captured.
    Lost {
        /// The way they travelled.
        dir: Direction,
        /// How many.
        bytes: u64,
        /// Why they could not be captured, as a sentence.
        why: String,
    },
    /// Someone who looked at a unit marked it, or wrote something about it. Nothing passed; it makes no unit.
    Note {
        /// The unit's number, counted from 1.
        unit: u32,
        /// Whether it is marked.
        marked: bool,
        /// What was written.
        text: String,
    },
    /// A tracer said something; it makes no unit.
    Trace {
        /// The traced process, counted from 1.
        process: u32,
        /// What it said.
        said: trace::Trace,
    },
    /// The server that wirewalk runs wrote this to its terminal.
    Output {
        /// What it wrote.
        bytes: Bytes,
    },
    /// The server that wirewalk runs has ended.
    Exited {
        /// How, such as `exit code 1`.
        how: String,
    },
}

impl What {
    /// Whether it happened on a connection.
    pub fn is_on_connection(&self) -> bool {
        !matches!(self, What::Trace { .. } | What::Output { .. } | What::Exited { .. })
    }
}

/// What kind of message another program tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Told {
    /// An HTTP request.
    Request,
    /// An HTTP response.
    Response,
    /// A WebSocket message of text.
    Text,
    /// A WebSocket message of bytes.
    Binary,
}

/// A client was accepted; what became of the upstream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// The client's address.
    pub client: SocketAddr,
    /// The address of wirewalk that the client connected to.
    pub listen: SocketAddr,
    /// The upstream as the user wrote it, such as `http://127.0.0.1:5000`.
    pub upstream: String,
    /// The connected upstream, or why there is none.
    pub connected: Connected,
}

/// What became of connecting to the upstream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Connected {
    /// The upstream accepted.
    Yes {
        /// Our address towards the upstream: the port by which the server knows this connection.
        local: SocketAddr,
        /// The upstream's address.
        server: SocketAddr,
        /// How long name lookup and connecting took, in nanoseconds.
        took: u64,
    },
    /// The upstream could not be reached; the reason as a sentence.
    No {
        /// Why.
        error: String,
    },
}

/// What TLS agreed on with the upstream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tls {
    /// `TLSv1.3` or `TLSv1.2`.
    pub version: String,
    /// The cipher suite's name, as IANA writes it.
    pub cipher_suite: String,
    /// The application protocol chosen by ALPN, where one was.
    pub alpn: Option<String>,
    /// The name asked for (SNI, RFC 6066 §3).
    pub server_name: String,
    /// Whether the certificate was checked.
    pub verified: bool,
    /// How long the handshake took, in nanoseconds.
    pub took: u64,
}

/// Why we sent something that was not received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Host, Origin, Location or a cookie's Domain was rewritten so that the application works.
    Rewritten,
    /// The upstream could not be reached, so wirewalk answered with a 502 of its own.
    UpstreamUnreachable,
}

/// How a connection or one direction of it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// An orderly end of one direction (TCP FIN, or TLS close_notify followed by it).
    Fin,
    /// The connection was reset, or broke.
    Reset,
    /// wirewalk was stopped, and closed what was open.
    Stopped,
}

/// Where a relay hands its records. The relay never waits for whoever reads them, with one exception: when
/// the reader is a bounded amount behind, [`Tap::record`] waits, and so TCP slows the peers.
pub trait Tap: Clone + Send + Sync + 'static {
    /// The time since the session began.
    fn now(&self) -> Timestamp;

    /// Hands a record on.
    fn record(&self, record: Record) -> impl Future<Output = ()> + Send;
}
