//! What stands between the client and the server.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use tokio::net::{TcpListener, TcpStream};

use crate::process::Process;

/// What stands in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Nothing.
    Direct,
    /// This program again, as a relay of a few lines around `tokio::io::copy_bidirectional`.
    PlainRelay,
    /// wirewalk, which captures and decodes everything; nobody reads its output, so it prints a pipe full and no more.
    Wirewalk,
    /// wirewalk, whose output goes to `/dev/null`, so that it puts every unit into words as well.
    WirewalkPrinting,
}

impl Variant {
    /// All of them, in the order of the table's columns.
    pub const ALL: [Variant; 4] =
        [Variant::Direct, Variant::PlainRelay, Variant::Wirewalk, Variant::WirewalkPrinting];

    /// The head of its column.
    pub fn name(self) -> &'static str {
        match self {
            Variant::Direct => "direct",
            Variant::PlainRelay => "plain relay",
            Variant::Wirewalk => "wirewalk",
            Variant::WirewalkPrinting => "wirewalk, printing",
        }
    }

    /// Starts what stands in front of `server`; `None` where nothing does.
    pub fn start(self, server: SocketAddr) -> anyhow::Result<Option<Process>> {
        let mut command = match self {
            Variant::Direct => return Ok(None),
            Variant::PlainRelay => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["--relay", &server.to_string()]).stdout(Stdio::null());
                command
            }
            Variant::Wirewalk | Variant::WirewalkPrinting => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_wirewalk"));
                command.args([
                    "proxy",
                    &format!("http://{server}"),
                    "--listen",
                    "127.0.0.1:0",
                    "--print",
                    "summary",
                ]);
                command.stdout(if self == Variant::Wirewalk { Stdio::piped() } else { Stdio::null() });
                command
            }
        };
        Ok(Some(Process::start(&mut command)?))
    }
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
