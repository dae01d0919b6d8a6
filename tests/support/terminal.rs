//! wirewalk in a pseudo-terminal, and what a person would see of it.

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

/// The longest that anything is waited for.
const DEADLINE: Duration = Duration::from_secs(40);

/// A program in a terminal. Killed when dropped.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    shown: Arc<(Mutex<Shown>, Condvar)>,
}

/// What came from the program so far.
struct Shown {
    parser: Parser,
    raw: Vec<u8>,
    ended: bool,
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn cells(n: u16, unknown: u16) -> NonZero<u16> {
    NonZero::new(if n == 0 { unknown } else { n }).unwrap()
}

/// What of these bytes ends with a whole character; the rest stays. U+FFFD, which vt100 leaves out although every terminal
/// shows it, becomes a question mark.
fn whole(bytes: &mut Vec<u8>) -> Vec<u8> {
    let end = match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    };
    let rest = bytes.split_off(end);
    let whole = std::mem::replace(bytes, rest);
    match String::from_utf8(whole) {
        Ok(text) => text.replace('\u{fffd}', "?").into_bytes(),
        Err(error) => error.into_bytes(),
    }
}

impl Terminal {
    /// Starts wirewalk in a terminal of this size, in a folder of its own for whatever it keeps. A terminal of no columns and rows does not
    /// know its size, which is 80x24.
    pub fn start(arguments: &[&str], (columns, rows): (u16, u16)) -> Terminal {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_wirewalk"));
        command.args(arguments);
        Terminal::run(command, (columns, rows))
    }

    /// The same, keeping what it keeps in this folder.
    #[allow(dead_code, reason = "not every test program needs one")]
    pub fn start_in(state: &std::path::Path, arguments: &[&str], size: (u16, u16)) -> Terminal {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_wirewalk"));
        command.args(arguments);
        Terminal::run_in(state, command, size)
    }

    /// Starts a program in a terminal of this size.
    pub fn run(command: CommandBuilder, size: (u16, u16)) -> Terminal {
        Terminal::run_in(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")), command, size)
    }

    fn run_in(state: &std::path::Path, mut command: CommandBuilder, (columns, rows): (u16, u16)) -> Terminal {
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env_remove("NO_COLOR");
        command.env("RUST_BACKTRACE", "0");
        for folder in ["XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
            command.env(folder, state);
        }
        let pty = native_pty_system().openpty(size(columns, rows)).unwrap();
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let shown = Shown {
            parser: Parser::new(cells(rows, 24), cells(columns, 80), 0),
            raw: Vec::new(),
            ended: false,
        };
        let shown = Arc::new((Mutex::new(shown), Condvar::new()));
        let mut output = pty.master.try_clone_reader().unwrap();
        let theirs = shown.clone();
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            let mut begun = Vec::new();
            loop {
                // A terminal whose program is gone gives an error.
                let read = output.read(&mut buffer).unwrap_or(0);
                // A test that failed meanwhile is no longer looking.
                let Ok(mut shown) = theirs.0.lock() else { return };
                begun.extend_from_slice(&buffer[..read]);
                shown.parser.process(&whole(&mut begun));
                shown.raw.extend_from_slice(&buffer[..read]);
                shown.ended = read == 0;
                theirs.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        let keyboard = pty.master.take_writer().unwrap();
        Terminal { master: pty.master, keyboard, child, shown }
    }

    /// Types these bytes, as a terminal sends them.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.shown.0.lock().unwrap().parser.screen_mut().set_size(cells(rows, 24), cells(columns, 80));
        self.master.resize(size(columns, rows)).unwrap();
    }

    /// Waits until the screen is such, and gives its text.
    pub fn until(&self, what: &str, is_such: impl Fn(&vt100::Screen) -> bool) -> String {
        let deadline = Instant::now() + DEADLINE;
        let mut shown = self.shown.0.lock().unwrap();
        loop {
            if is_such(shown.parser.screen()) {
                return shown.parser.screen().contents();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let text = shown.parser.screen().contents();
            assert!(!left.is_zero() && !shown.ended, "no {what} on the screen:\n{text}");
            shown = self.shown.1.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Waits until the screen shows a text.
    pub fn until_text(&self, text: &str) -> String {
        self.until(text, |screen| screen.contents().contains(text))
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Waits until the program has ended; gives its exit code and the terminal as it left it.
    pub fn ended(mut self) -> (u32, Left) {
        let deadline = Instant::now() + DEADLINE;
        let mut status = self.child.try_wait().unwrap();
        while status.is_none() && Instant::now() < deadline {
            let shown = self.shown.0.lock().unwrap();
            // Its last words, or a moment later.
            drop(self.shown.1.wait_timeout(shown, Duration::from_millis(20)).unwrap());
            status = self.child.try_wait().unwrap();
        }
        let text = self.shown.0.lock().unwrap().parser.screen().contents();
        let status = status.unwrap_or_else(|| panic!("it does not end:\n{text}"));
        let mut shown = self.shown.0.lock().unwrap();
        while !shown.ended && Instant::now() < deadline {
            shown = self.shown.1.wait_timeout(shown, deadline - Instant::now()).unwrap().0;
        }
        let screen = shown.parser.screen();
        let left = Left {
            text: screen.contents(),
            raw: shown.raw.clone(),
            is_restored: !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None,
        };
        (status.exit_code(), left)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
    }
}

/// A terminal that a program has left.
pub struct Left {
    /// What it shows.
    pub text: String,
    /// All that the program wrote.
    pub raw: Vec<u8>,
    /// Whether screen, cursor, mouse and pasting are as they were.
    pub is_restored: bool,
}
