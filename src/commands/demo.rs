//! `wirewalk demo`: the embedded server, the scripted client, and the real relay between them.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::live::{self, Live};
use super::walk::Walking;
use super::{Output, Recording};
use crate::calls::spans::Spans;
use crate::demo::{Pace, Server, play};
use crate::proxy::{Config, HostPolicy, OriginPolicy, Proxy, TlsOptions, Upstream};

/// How long the end of the last connection may take to get through.
const LAST_END: Duration = Duration::from_millis(200);

/// Show a real Socket.IO server and its client talking, with nothing to install.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Begin again at the end, until Ctrl-C
    #[arg(long = "loop")]
    again: bool,

    #[command(flatten)]
    recording: Recording,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    walking: Walking,
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        live::runtime()?.block_on(async {
            let walk = self.walking.guided().await?;
            let server = Server::start().await?;
            let upstream = format!("http://{}", server.addr());
            let proxy = Proxy::bind(Config {
                listen: "127.0.0.1:0".to_owned(),
                upstream: Upstream::parse(&upstream)?,
                host: HostPolicy::default(),
                origin: OriginPolicy::default(),
                tls: TlsOptions::default(),
            })
            .await?;
            let via = proxy.local_addr();
            let greeting =
                format!("a chat client talks to http://{via}, wirewalk passes on to {upstream}; Ctrl-C ends");
            let script = async {
                loop {
                    play(via, Pace::default()).await.context("the demo failed")?;
                    if !self.again {
                        // The last connection's end is on its way; stopping at once would overtake it.
                        tokio::time::sleep(LAST_END).await;
                        return Ok(());
                    }
                }
            };
            let recorder = live::record(&upstream, self.recording.record.as_deref(), &self.output)?;
            Spans::start(recorder.inbox().clone()).await.install();
            let live = Live {
                proxy,
                upstream: &upstream,
                output: &self.output,
                greeting,
                is_repeatable: true,
                walk,
            };
            live::run(live, recorder, script, server.stop()).await
        })
    }
}
