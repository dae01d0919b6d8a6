//! `wirewalk run`: start the person's own server, and stand in front of it where it meant to listen.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use clap::{Args, ValueHint};
use regex::Regex;
use tokio::sync::mpsc;

use super::live::{self, Live};
use super::walk::Walking;
use super::{Output, Recording, say, trace};
use crate::calls::tracers::{Runtime, Told, new_token};
use crate::calls::{BindAsked, Moved, Receiver};
use crate::launch::{Server, Start};
use crate::proxy::{
    Config, HostPolicy, Listener, OriginPolicy, Proxy, Route, TlsOptions, Upstream, listen_address,
};

/// Where wirewalk listens in front of a server that cannot be moved.
const FALLBACK: &str = "127.0.0.1:8080";

/// The columns and rows of the server's terminal where wirewalk has none itself.
const SIZE: (u16, u16) = (120, 30);

/// How often it is looked whether a server listens that says nothing.
const LOOK: Duration = Duration::from_millis(700);

/// So much of what the server says is searched for its address.
const MAX_SAID: usize = 64 << 10;

/// Start your own server, and show what passes and which of its functions are called.
///
/// The server is started unchanged, in a terminal of its own. wirewalk listens where the server meant to listen, and passes on to it.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The command that starts the server, such as: python app.py
    #[arg(required = true, last = true, value_hint = ValueHint::CommandWithArguments)]
    command: Vec<OsString>,

    /// Where to listen [default: where the server means to]
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    listen: Option<String>,

    /// The server, where it cannot be seen where it listens, such as :5000
    #[arg(long, value_name = "SERVER", value_parser = Upstream::parse)]
    upstream: Option<Upstream>,

    /// Open the address in a browser
    #[arg(long)]
    browser: bool,

    /// Keep the server's output in this file [default: one in the folder for temporary files]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    log: Option<PathBuf>,

    #[command(flatten)]
    tracing: trace::Tracing,

    #[command(flatten)]
    recording: Recording,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    walking: Walking,
}

impl Options {
    pub fn run(self) -> anyhow::Result<()> {
        live::runtime()?.block_on(self.start())
    }

    async fn start(self) -> anyhow::Result<()> {
        let walk = self.walking.guided().await?;
        let words: Vec<_> = self.command.iter().map(|word| word.to_string_lossy()).collect();
        let command = words.join(" ");
        let receiver = Receiver::bind("127.0.0.1:0".parse()?, &new_token()?).await;
        let receiver = receiver.context("cannot listen for the tracer")?;
        let (log, log_path) = self.log_file()?;
        let start = Start {
            command: self.command.clone(),
            environment: self.environment(&receiver)?,
            size: terminal_size::terminal_size().map_or(SIZE, |(columns, rows)| (columns.0, rows.0)),
            log,
        };
        let recorder = live::record(&command, self.recording.record.as_deref(), &self.output)?;
        let (binds, mut asked) = mpsc::channel(1);
        let tracing = trace::receive(receiver, &recorder, binds);
        let (server, mut output) =
            Server::start(start, recorder.inbox().clone(), &tokio::runtime::Handle::current())
                .with_context(|| format!("cannot start {command}"))?;
        let proxy = tokio::select! {
            proxy = self.proxy(&server, &mut output, &mut asked) => proxy,
            interrupted = live::interrupted() => {
                interrupted.context("cannot wait for Ctrl-C").and(Err(anyhow!("stopped before the server listened")))
            }
        };
        let proxy = match proxy {
            Ok(proxy) => proxy,
            Err(error) => {
                server.stop().await;
                tokio::task::spawn_blocking(|| recorder.finish()).await.context("recording failed")?;
                return Err(error);
            }
        };
        let address = self.announce(&proxy);
        tokio::spawn(follow(asked, proxy.route(), proxy.local_addr().port()));
        let live = Live {
            proxy,
            upstream: &command,
            output: &self.output,
            greeting: format!("listening on {address} in front of {command}; Ctrl-C ends both"),
            is_repeatable: false,
            walk,
        };
        let has_screen = self.output.wants_screen();
        let end = async {
            if has_screen {
                // What was seen can still be looked at when the server is gone.
                return std::future::pending().await;
            }
            tokio::spawn(async move {
                while let Some(bytes) = output.recv().await {
                    pass_on(&bytes)
                }
            });
            let exit = server.exited().await;
            if exit.success { Ok(()) } else { bail!("the server has ended: {}", exit.how) }
        };
        let close = async {
            server.stop().await;
            drop(tracing);
        };
        let result = live::run(live, recorder, end, close).await;
        say(format_args!("the server's output is in {}", log_path.display()));
        result
    }

    /// What the server is told for its calls to be seen.
    fn environment(&self, receiver: &Receiver) -> anyhow::Result<Vec<(&'static str, OsString)>> {
        let told = Told {
            addr: receiver.local_addr(),
            token: receiver.token().to_owned(),
            packages: self.tracing.packages.clone(),
            arguments: self.tracing.arguments,
            moves: true,
            project: None,
        };
        Ok(trace::install()?.environment(&[Runtime::Python, Runtime::Node], &told))
    }

    /// The file that the server's output is kept in.
    fn log_file(&self) -> anyhow::Result<(File, PathBuf)> {
        match &self.log {
            Some(path) => {
                let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
                Ok((file, path.clone()))
            }
            None => {
                let file = tempfile::Builder::new().prefix("wirewalk-").suffix(".log").tempfile();
                Ok(file
                    .and_then(|file| file.keep().map_err(|error| error.error))
                    .context("cannot keep the output")?)
            }
        }
    }

    /// Waits until the server is about to listen, takes its place, and says where it is now. What it writes
    /// meanwhile goes to the terminal.
    async fn proxy(
        &self,
        server: &Server,
        output: &mut mpsc::UnboundedReceiver<Bytes>,
        asked: &mut mpsc::Receiver<BindAsked>,
    ) -> anyhow::Result<Proxy> {
        if let Some(upstream) = &self.upstream {
            return self.beside(upstream.clone()).await;
        }
        let mut said = String::new();
        loop {
            tokio::select! {
                biased;
                Some(bind) = asked.recv() => {
                    if let Some(proxy) = self.in_place(bind).await? {
                        return Ok(proxy);
                    }
                }
                Some(bytes) = output.recv() => {
                    pass_on(&bytes);
                    said.push_str(&String::from_utf8_lossy(&bytes));
                    if let Some(upstream) = address_in(&said) {
                        say(format_args!(
                            "this server could not be asked where it listens; it says that it is {upstream}, so wirewalk has a port of its own"
                        ));
                        return self.beside(upstream).await;
                    }
                    let keep = said.len().saturating_sub(MAX_SAID);
                    said.drain(..said.ceil_char_boundary(keep));
                }
                () = tokio::time::sleep(LOOK) => {
                    // One that has asked listens when it has told where to.
                    if let Some(port) = server.listens() {
                        say("this server did not ask before it listened, so wirewalk has a port of its own");
                        return self.beside(Upstream::parse(&reachable("127.0.0.1", port))?).await;
                    }
                }
                exit = server.exited() => {
                    while let Ok(bytes) = output.try_recv() {
                        pass_on(&bytes);
                    }
                    bail!("the server has ended before it listened: {}", exit.how);
                }
            }
        }
    }

    /// A proxy where the server meant to listen, or where the user wants it. `None` where the server must fail by itself, which says
    /// why.
    async fn in_place(&self, bind: BindAsked) -> anyhow::Result<Option<Proxy>> {
        let BindAsked { host, port, answer, moved } = bind;
        if self.listen.is_some() {
            let _ = answer.send(false);
            return self.beside(Upstream::parse(&reachable(&host, port))?).await.map(Some);
        }
        let Ok(listener) = Listener::bind(&named(&host, port)).await else { return Ok(None) };
        let _ = answer.send(true);
        let Ok(moved) = moved.await else { return Ok(None) };
        Ok(Some(listener.to(Upstream::parse(&moved_to(&host, &moved))?)))
    }

    /// A proxy on a port of its own.
    async fn beside(&self, upstream: Upstream) -> anyhow::Result<Proxy> {
        let config = Config {
            listen: self.listen.clone().unwrap_or_else(|| FALLBACK.to_owned()),
            upstream,
            host: HostPolicy::default(),
            origin: OriginPolicy::default(),
            tls: TlsOptions::default(),
        };
        Ok(Proxy::bind(config).await?)
    }

    /// Says where the server is reached, and opens it in a browser where that is wanted.
    fn announce(&self, proxy: &Proxy) -> String {
        let listen = proxy.local_addr();
        if proxy.is_exposed() {
            say(format_args!("warning: {listen} can be reached from other machines, as the server wanted"));
        }
        let address = match listen.ip().is_unspecified() {
            // By whatever family: people write it so.
            true => format!("http://localhost:{}", listen.port()),
            false => reachable(&listen.ip().to_string(), listen.port()),
        };
        if self.browser
            && let Err(error) = open::that_detached(&address)
        {
            say(format_args!("cannot open a browser: {error}; the address is {address}"));
        }
        address
    }
}

/// A server that starts again listens somewhere else: new connections go there.
async fn follow(mut asked: mpsc::Receiver<BindAsked>, route: Route, port: u16) {
    while let Some(bind) = asked.recv().await {
        let is_same = bind.port == port;
        let _ = bind.answer.send(is_same);
        if is_same
            && let Ok(moved) = bind.moved.await
            && let Ok(upstream) = Upstream::parse(&moved_to(&bind.host, &moved))
        {
            route.change(upstream);
        }
    }
}

/// Passes on what the server writes, as it is: it is the user's own.
fn pass_on(bytes: &[u8]) {
    // That nobody reads it is no reason to stop.
    let _ = std::io::stderr().write_all(bytes);
}

/// A host and a port as one address.
fn named(host: &str, port: u16) -> String {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(ip)) => format!("[{ip}]:{port}"),
        _ if host.is_empty() => format!("0.0.0.0:{port}"),
        _ => format!("{host}:{port}"),
    }
}

/// Where a server on this machine is reached that listens on a host and a port.
fn reachable(host: &str, port: u16) -> String {
    let host = match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(ip)) if ip.is_unspecified() => "::1",
        Ok(ip) if ip.is_unspecified() => "127.0.0.1",
        _ if host.is_empty() => "127.0.0.1",
        _ => host,
    };
    format!("http://{}", named(host, port))
}

/// Where a server is reached that was moved.
fn moved_to(host: &str, moved: &Moved) -> String {
    reachable(moved.address.as_deref().unwrap_or(host), moved.port)
}

/// The first address of this machine that a server says it listens on.
fn address_in(output: &str) -> Option<Upstream> {
    // A pattern that is always the same is always valid.
    static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(https?)://(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):(\d{1,5})\b").ok()
    });
    let found = ADDRESS.as_ref()?.captures(output)?;
    let host = found[2].trim_matches(['[', ']']);
    let address = reachable(host, found[3].parse().ok()?);
    Upstream::parse(&address.replacen("http", &found[1], 1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_where_it_listens() {
        let address = |output: &str| address_in(output).map(|upstream| upstream.to_string());
        let cases = [
            (" * Running on http://127.0.0.1:5000\r\n", "http://127.0.0.1:5000"),
            ("Uvicorn running on http://0.0.0.0:8000 (Press", "http://127.0.0.1:8000"),
            ("listening at http://[::]:3000/", "http://[::1]:3000"),
            ("ready: https://localhost:3000", "https://localhost:3000"),
        ];
        for (output, expected) in cases {
            assert_eq!(address(output).as_deref(), Some(expected), "{output}");
        }
        assert_eq!(address("see https://example.org:443 or http://localhost"), None);
    }

    #[test]
    fn where_a_host_is_reached() {
        assert_eq!(reachable("0.0.0.0", 1), "http://127.0.0.1:1");
        assert_eq!(reachable("::", 1), "http://[::1]:1");
        assert_eq!(reachable("", 1), "http://127.0.0.1:1");
        assert_eq!(named("::1", 1), "[::1]:1");
        assert_eq!(named("localhost", 1), "localhost:1");
        assert_eq!(named("", 1), "0.0.0.0:1");
    }
}
