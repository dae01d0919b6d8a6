//! A proxy that runs as a process of its own, so that its memory and its CPU time are its own too.

use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

/// Longer than this no proxy takes to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A proxy that listens. It is killed when this is dropped.
pub struct Process {
    child: Child,
    addr: SocketAddr,
    said: Arc<Mutex<String>>,
}

impl Process {
    /// Starts `command`, whose standard output the caller has chosen, and waits until it says on standard error
    /// that it is `listening on http://ADDRESS`.
    pub fn start(command: &mut Command) -> io::Result<Process> {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take().map(BufReader::new);
        let (tell, told) = mpsc::channel();
        let said = Arc::new(Mutex::new(String::new()));
        let heard = said.clone();
        // Reads on to the end, so that the proxy is never held up by what it says.
        std::thread::spawn(move || {
            for line in stderr.into_iter().flat_map(|stderr| stderr.lines()).map_while(Result::ok) {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.push_str(&line);
                heard.push('\n');
                if let Some(addr) = address(&line) {
                    // Nobody may be waiting any more.
                    let _ = tell.send(addr);
                }
            }
        });
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut process = Process { child, addr: unknown, said };
        let addr = told.recv_timeout(PATIENCE);
        process.addr =
            addr.map_err(|_| io::Error::other(format!("the proxy does not listen: {}", process.said())))?;
        Ok(process)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it has said on standard error.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The process.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }
}

fn address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on http://")?;
    rest.split([',', ' ']).next()?.parse().ok()
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
