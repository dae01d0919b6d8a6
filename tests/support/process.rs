//! A program that runs beside a test and writes lines.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The longest that anything is waited for. Longer than the deadline of a peer, which can say why.
pub const DEADLINE: Duration = Duration::from_secs(40);

/// Which of the two outputs a line was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// A running program, with every line that it has written. Killed when dropped.
pub struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    incoming: Receiver<(Output, String)>,
    lines: Vec<(Output, String)>,
}

impl Process {
    /// Starts a program; `name` is what a failure calls it.
    pub fn start(name: impl Into<String>, command: &mut Command) -> Process {
        let name = name.into();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let (sender, incoming) = channel();
        read_lines(Output::Out, child.stdout.take().unwrap(), sender.clone());
        read_lines(Output::Err, child.stderr.take().unwrap(), sender);
        let stdin = child.stdin.take();
        Process { name, child, stdin, incoming, lines: Vec::new() }
    }

    /// Waits for a line for which `wanted` gives something, those that came before included.
    pub fn wait_for<T>(&mut self, output: Output, wanted: impl Fn(&str) -> Option<T>) -> T {
        let found = |(from, line): &(Output, String)| (*from == output).then(|| wanted(line)).flatten();
        if let Some(value) = self.lines.iter().find_map(found) {
            return value;
        }
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.incoming.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let value = found(&line);
                    self.lines.push(line);
                    if let Some(value) = value {
                        return value;
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.fail("did not write what was waited for"),
                Err(RecvTimeoutError::Disconnected) => self.fail("ended before it wrote what was waited for"),
            }
        }
    }

    /// Writes a line to its standard input.
    #[allow(dead_code, reason = "not every test program talks to one")]
    pub fn tell(&mut self, line: &str) {
        let told = self.stdin.as_mut().map(|stdin| writeln!(stdin, "{line}").and_then(|()| stdin.flush()));
        assert!(matches!(told, Some(Ok(()))), "{} does not listen", self.name);
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Closes its standard input, waits until it ends, which must be with the exit code 0, and gives the
    /// lines of its standard output.
    pub fn finish(self) -> Vec<String> {
        self.finish_with_errors().0
    }

    /// The same, with the lines of its standard error behind.
    pub fn finish_with_errors(mut self) -> (Vec<String>, Vec<String>) {
        drop(self.stdin.take());
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.incoming.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.lines.push(line),
                Err(RecvTimeoutError::Timeout) => self.fail("did not end"),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = self.child.wait().unwrap();
        if !status.success() {
            self.fail(&format!("ended with {status}"));
        }
        let (out, err): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.lines).into_iter().partition(|(from, _)| *from == Output::Out);
        let lines = |lines: Vec<(Output, String)>| lines.into_iter().map(|(_, line)| line).collect();
        (lines(out), lines(err))
    }

    /// Fails the test with what the program wrote last.
    fn fail(&mut self, what: &str) -> ! {
        self.lines.extend(self.incoming.try_iter());
        let last = self.lines.len().saturating_sub(40);
        let written: Vec<String> =
            self.lines[last..].iter().map(|(_, line)| line.chars().take(400).collect()).collect();
        panic!("{} {what}. It wrote last:\n{}", self.name, written.join("\n"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail where it has ended already, which is the usual case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hands on every line of an output until it ends.
fn read_lines(from: Output, output: impl Read + Send + 'static, to: Sender<(Output, String)>) {
    thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            let Ok(line) = line else { break };
            if to.send((from, line)).is_err() {
                break;
            }
        }
    });
}
