//! What can go wrong before the first byte: one clear sentence each, which says what to change.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::port_holder::Holder;

/// Why a proxy could not be set up. Once it runs, what goes wrong on a connection is a record, never an error.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The upstream's URL cannot be used.
    #[error("the upstream \"{}\" {problem}", given.escape_debug())]
    Upstream {
        /// What the user wrote.
        given: String,
        /// What is wrong with it, and what to write instead.
        problem: String,
    },
    /// The listening address cannot be used.
    #[error("--listen \"{}\" {problem}", given.escape_debug())]
    Listen {
        /// What the user wrote.
        given: String,
        /// What is wrong with it, and what to write instead.
        problem: String,
    },
    /// A value of `--host` or `--origin` cannot be used.
    #[error("{flag} \"{}\" {problem}", given.escape_debug())]
    Policy {
        /// The flag.
        flag: &'static str,
        /// What the user wrote.
        given: String,
        /// What is wrong with it, and what to write instead.
        problem: &'static str,
    },
    /// Someone else listens there.
    #[error(
        "{addr} is already taken by {}; choose another with --listen, such as --listen :0 for any free port",
        match holder { Some(holder) => holder.to_string(), None => "another program".to_owned() }
    )]
    PortTaken {
        /// The address that was asked for.
        addr: SocketAddr,
        /// The program that listens there, where it can be known.
        holder: Option<Holder>,
    },
    /// The operating system does not let us listen there.
    #[error("cannot listen on {addr}: {error}; choose another address or port with --listen")]
    Bind {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the operating system said.
        error: io::Error,
    },
    /// The upstream is the address that wirewalk itself listens on.
    #[error(
        "the upstream {upstream} is wirewalk's own address {listen}; give the upstream the port of your \
         server, or move wirewalk with --listen"
    )]
    Loop {
        /// The upstream, as the user wrote it.
        upstream: String,
        /// Where wirewalk listens.
        listen: SocketAddr,
    },
    /// The file given by `--ca` cannot be used.
    #[error("--ca {}: {problem}", path.display())]
    Ca {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// No certificate authority is known, so no certificate could be checked.
    #[error(
        "no certificate authorities were found on this system{}; give a file of them with --ca, or use \
         --insecure to accept any certificate",
        detail.as_deref().map(|detail| format!(" ({detail})")).unwrap_or_default()
    )]
    NoRoots {
        /// The first error met while looking for them.
        detail: Option<String>,
    },
    /// TLS could not be set up.
    #[error("TLS could not be set up")]
    Tls(#[from] rustls::Error),
}
