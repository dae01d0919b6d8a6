//! `wirewalk proxy`: stand in front of a server and show what passes.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, ValueHint};

use super::live::{self, Live};
use super::walk::Walking;
use super::{Cli, Output, Recording, say, trace};
use crate::proxy::{Config, HostPolicy, OriginPolicy, Proxy, TlsOptions, Upstream, listen_address};

/// Stand in front of a server and show what passes.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The server, such as http://127.0.0.1:5000, https://example.org, ws://[::1]:9000 or :5000
    #[arg(value_parser = Upstream::parse)]
    upstream: Upstream,

    /// Where to listen: ADDRESS:PORT, :PORT for this machine alone, :0 for any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = listen_address)]
    listen: String,

    #[command(flatten)]
    recording: Recording,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    walking: Walking,

    /// The Host that the server is told: keep, upstream, or a name [default: keep for a server on this machine, else
    /// upstream]
    #[arg(long, value_name = "keep|upstream|NAME", help_heading = "Rewriting")]
    host: Option<HostPolicy>,

    /// The Origin that the server is told: keep, upstream, or a URL [default: as --host]
    #[arg(long, value_name = "keep|upstream|URL", help_heading = "Rewriting")]
    origin: Option<OriginPolicy>,

    /// Listen for the tracer of a server that was started with what `wirewalk env` prints
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = trace::ADDRESS, help_heading = "Calls")]
    trace: Option<SocketAddr>,

    /// Do not check the server's certificate
    #[arg(long, help_heading = "TLS to the server")]
    insecure: bool,

    /// Trust the certificates in this PEM file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "TLS to the server")]
    ca: Option<PathBuf>,
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        if (self.insecure || self.ca.is_some()) && !self.upstream.tls() {
            let mistake = "--insecure and --ca are for servers by https:// and wss://";
            Cli::command().error(ErrorKind::ArgumentConflict, mistake).exit();
        }
        live::runtime()?.block_on(async {
            let walk = self.walking.guided().await?;
            let upstream = self.upstream.to_string();
            let proxy = Proxy::bind(Config {
                listen: self.listen,
                upstream: self.upstream,
                host: self.host.unwrap_or_default(),
                origin: self.origin.unwrap_or_default(),
                tls: TlsOptions { insecure: self.insecure, ca: self.ca },
            })
            .await?;
            if proxy.is_exposed() {
                say(format_args!(
                    "warning: {} can be reached from other machines; whoever connects reaches {upstream} through it",
                    proxy.local_addr()
                ));
            }
            let greeting =
                format!("listening on http://{}, passing on to {upstream}; Ctrl-C ends", proxy.local_addr());
            let recorder = live::record(&upstream, self.recording.record.as_deref(), &self.output)?;
            let tracing = match self.trace {
                Some(addr) => Some(trace::listen(addr, &recorder).await?),
                None => None,
            };
            let live = Live {
                proxy,
                upstream: &upstream,
                output: &self.output,
                greeting,
                is_repeatable: false,
                walk,
            };
            let close = async { drop(tracing) };
            live::run(live, recorder, std::future::pending(), close).await
        })
    }
}
