//! What stands between the client and the server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tokio::net::{TcpListener, TcpStream};

use crate::process::Process;

/// What stands in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Nothing.
    Direct,
    /// This program again, as a relay of a few lines around `tokio::io::copy_bidirectional`.
    PlainRelay,
    /// wirewalk, which captures and decodes everything; nobody reads its output, so it prints a pipe full and no more.
    Wirewalk,
    /// The same, recording to a file with a name.
    Recording,
    /// The same, to a compressed one.
    Compressing,
    /// wirewalk, whose output goes to `/dev/null`, so that it puts every unit into words as well.
    Printing,
    /// Like `Wirewalk`, but another build of it.
    Other(PathBuf),
}

impl Variant {
    /// Those that are measured, in the order of the table's columns: where `other` is another build of wirewalk, only
    /// what is needed to compare with it.
    pub fn all(other: Option<PathBuf>) -> Vec<Variant> {
        match other {
            Some(other) => vec![Variant::PlainRelay, Variant::Wirewalk, Variant::Other(other)],
            None => vec![
                Variant::Direct,
                Variant::PlainRelay,
                Variant::Wirewalk,
                Variant::Recording,
                Variant::Compressing,
                Variant::Printing,
            ],
        }
    }

    /// The head of its column.
    pub fn name(&self) -> &'static str {
        match self {
            Variant::Direct => "direct",
            Variant::PlainRelay => "plain relay",
            Variant::Wirewalk => "wirewalk",
            Variant::Recording => "wirewalk, recording",
            Variant::Compressing => "wirewalk, recording .zst",
            Variant::Printing => "wirewalk, printing",
            Variant::Other(_) => "the other wirewalk",
        }
    }

    /// Starts what stands in front of `server`; `None` where nothing does. A recording goes to `folder`.
    pub fn start(&self, server: SocketAddr, folder: &Path) -> anyhow::Result<Option<Process>> {
        let mut command = match self {
            Variant::Direct => return Ok(None),
            Variant::PlainRelay => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["--relay", &server.to_string()]).stdout(Stdio::null());
                command
            }
            Variant::Other(program) => wirewalk(program, server),
            _ => wirewalk(Path::new(env!("CARGO_BIN_EXE_wirewalk")), server),
        };
        if *self == Variant::Recording {
            command.arg("--record").arg(folder.join("load.wirewalk"));
        }
        if *self == Variant::Compressing {
            command.arg("--record").arg(folder.join("load.wirewalk.zst"));
        }
        if *self == Variant::Printing {
            command.stdout(Stdio::null());
        }
        Ok(Some(Process::start(&mut command)?))
    }
}

/// A wirewalk in front of `server`, whose output nobody reads.
fn wirewalk(program: &Path, server: SocketAddr) -> Command {
    let mut command = Command::new(program);
    command.args(["proxy", &format!("http://{server}"), "--listen", "127.0.0.1:0", "--print", "summary"]);
    command.stdout(Stdio::piped());
    command
}

/// A relay that does nothing but pass bytes on, with tokio's own copying and its buffers.
pub async fn plain_relay(upstream: SocketAddr) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("relay: listening on http://{}", listener.local_addr()?);
    loop {
        let (mut client, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut server = TcpStream::connect(upstream).await?;
            client.set_nodelay(true)?;
            server.set_nodelay(true)?;
            tokio::io::copy_bidirectional(&mut client, &mut server).await
        });
    }
}
