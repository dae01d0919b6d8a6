//! What the commands that trace share: where the tracers are kept, and listening for them.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::state;
use crate::calls::tracers::{self, Tracers};
use crate::calls::{BindAsked, Receiver};
use crate::capture::Recorder;

/// Where `wirewalk proxy --trace` listens for tracers, and `wirewalk env` sends them.
pub(super) const ADDRESS: &str = "127.0.0.1:7878";

/// What is traced.
#[derive(Clone, Debug, Args)]
pub(super) struct Tracing {
    /// Show the calls of this package too; may be given several times
    #[arg(long = "trace", value_name = "PACKAGE", value_delimiter = ',', help_heading = "Calls")]
    pub packages: Vec<String>,

    /// Show what a few of the calls were given, shortened: handlers, emit and packets
    #[arg(long, help_heading = "Calls")]
    pub arguments: bool,
}

/// wirewalk's folder, or one that is gone at the next start of the machine where there is none.
fn folder() -> PathBuf {
    state::folder().unwrap_or_else(|| std::env::temp_dir().join("wirewalk"))
}

/// Puts the tracers where processes find them.
pub(super) fn install() -> anyhow::Result<Tracers> {
    let folder = folder();
    Tracers::install(&folder).with_context(|| format!("cannot write the tracers to {}", folder.display()))
}

/// The token that `proxy --trace` and `env` share.
pub(super) fn token() -> anyhow::Result<String> {
    let folder = folder();
    tracers::kept_token(&folder).with_context(|| format!("cannot keep a token in {}", folder.display()))
}

/// Listening for tracers, until it is dropped.
#[derive(Debug)]
pub(super) struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Listens for tracers of servers that were started elsewhere.
pub(super) async fn listen(addr: SocketAddr, recorder: &Recorder) -> anyhow::Result<Listening> {
    let receiver = Receiver::bind(addr, &token()?)
        .await
        .with_context(|| format!("cannot listen for tracers on {addr}; --trace ADDRESS changes it"))?;
    // Whoever was started elsewhere listens where it meant to.
    let (binds, _) = mpsc::channel::<BindAsked>(1);
    Ok(receive(receiver, recorder, binds))
}

/// Records what tracers say.
pub(super) fn receive(receiver: Receiver, recorder: &Recorder, binds: mpsc::Sender<BindAsked>) -> Listening {
    Listening(tokio::spawn(receiver.run(recorder.inbox().clone(), binds)))
}
