//! A real server and a real client to look at, on loopback.
//!
//! [`Server`] is a small Socket.IO chat (hyper and socketioxide), and [`play`] is a client that talks to it by a
//! script: every layer that wirewalk shows occurs at least once, over real sockets. The client checks each answer,
//! so the demo is a test as well: what lies between the two must not change what either of them hears.
//!
//! This module knows nothing else of ours. Whoever runs the demo puts the relay between the two by giving
//! [`play`] the relay's address.

mod chat;
mod conversation;
mod deflating;
mod echo;
mod polling;
mod script;
mod server;
mod watched;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio_tungstenite::tungstenite;

pub use script::play;
pub use server::Server;

/// How long the client waits for one answer. Longer than any peer on loopback takes, and long enough that a
/// person who holds the traffic can say a few sentences about it.
const PATIENCE: Duration = Duration::from_secs(30);

/// How fast the scripted client goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long the client rests after each step of the script. There are about 25 of them.
    pub pause: Duration,
}

impl Pace {
    async fn rest(self) {
        tokio::time::sleep(self.pause).await;
    }
}

impl Default for Pace {
    /// Slow enough that a person can follow: the whole script takes about ten seconds.
    fn default() -> Self {
        Pace { pause: Duration::from_millis(350) }
    }
}

/// Why the demo could not be started, or in which step of the script the traffic was not what it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// No port of loopback could be opened for the server.
    #[error("the demo server cannot listen on loopback")]
    Listen(#[source] io::Error),
    /// The address that the client was given takes no connection.
    #[error("{step}: cannot connect to {to}")]
    Connect {
        /// The step of the script.
        step: &'static str,
        /// Where the client wanted to connect.
        to: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// An HTTP exchange broke off, or was not HTTP.
    #[error("{step}: the HTTP exchange failed")]
    Http {
        /// The step of the script.
        step: &'static str,
        /// What hyper said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The Socket.IO WebSocket broke off, or broke RFC 6455.
    #[error("{step}: the WebSocket failed")]
    WebSocket {
        /// The step of the script.
        step: &'static str,
        /// What tungstenite said.
        source: Box<tungstenite::Error>,
    },
    /// The compressed WebSocket broke off, or broke RFC 6455 or RFC 7692.
    #[error("{step}: the compressed WebSocket failed")]
    Compressed {
        /// The step of the script.
        step: &'static str,
        /// What went wrong.
        source: io::Error,
    },
    /// An answer came, and it was wrong.
    #[error("{step}: expected {expected}, got {got}")]
    Unexpected {
        /// The step of the script.
        step: &'static str,
        /// What the answer should have been.
        expected: String,
        /// What it was: its first characters, escaped, so that it can be printed.
        got: String,
    },
    /// No answer came.
    #[error("{step}: expected {expected}, and nothing came for {} s", PATIENCE.as_secs())]
    Silence {
        /// The step of the script.
        step: &'static str,
        /// What the answer should have been.
        expected: String,
    },
}

impl DemoError {
    fn unexpected(step: &'static str, expected: impl Into<String>, got: &str) -> Self {
        let got = got.chars().take(160).flat_map(char::escape_debug).collect();
        DemoError::Unexpected { step, expected: expected.into(), got }
    }
}

/// Awaits `answer`, but not for ever.
async fn patiently<T>(
    step: &'static str,
    expected: &str,
    answer: impl Future<Output = Result<T, DemoError>>,
) -> Result<T, DemoError> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(DemoError::Silence { step, expected: expected.into() }),
    }
}

/// Opens a TCP connection that sends each write at once, so that each step is seen when it happens.
async fn connect(step: &'static str, to: SocketAddr) -> Result<tokio::net::TcpStream, DemoError> {
    let failed = |source| DemoError::Connect { step, to, source };
    let stream = tokio::net::TcpStream::connect(to).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    Ok(stream)
}
