//! The terminal: how it is taken, drawn on and given back. The only file that writes to it.

use std::io::{self, Stdout, Write as _};
use std::mem::ManuallyDrop;

use base64::Engine as _;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::{execute, terminal};
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

/// The terminal in raw mode on its second screen; given back when this is dropped, and when there is a panic.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Takes the terminal.
    pub fn take() -> io::Result<Guard> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        let guard = Guard(());
        terminal::enable_raw_mode()?;
        execute!(io::stdout(), terminal::EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste)?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
        if !std::thread::panicking() {
            // The hook of before is inside ours and cannot be had back alone.
            let _ = std::panic::take_hook();
        }
    }
}

/// Leaves the terminal as it was. There is nobody to tell where that fails.
fn give_back() {
    let _ = execute!(
        io::stdout(),
        DisableBracketedPaste,
        DisableMouseCapture,
        terminal::LeaveAlternateScreen,
        crossterm::cursor::Show
    );
    let _ = terminal::disable_raw_mode();
}

/// How large a terminal is taken for that does not know it: a serial line, or a container whose terminal was not told.
const UNKNOWN: (u16, u16) = (80, 24);

/// How many columns and rows the terminal has.
pub fn size() -> io::Result<(u16, u16)> {
    Ok(match terminal::size()? {
        (0, _) | (_, 0) => UNKNOWN,
        size => size,
    })
}

/// What is drawn on. It is not dropped, since it would then write to a standard error that may be gone with the terminal, and panic; the
/// guard gives back what it took.
#[derive(Debug)]
pub struct Canvas(ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>);

impl Canvas {
    /// An empty one.
    pub fn new() -> io::Result<Canvas> {
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::default()) };
        let terminal = Terminal::with_options(CrosstermBackend::new(io::stdout()), options)?;
        Ok(Canvas(ManuallyDrop::new(terminal)))
    }

    /// Draws the next frame, of this size.
    pub fn draw(
        &mut self,
        (columns, rows): (u16, u16),
        view: impl FnOnce(Rect, &mut Buffer),
    ) -> io::Result<()> {
        let area = Rect::new(0, 0, columns, rows);
        if self.0.get_frame().area() != area {
            self.0.resize(area)?;
        }
        self.0.draw(|frame| view(area, frame.buffer_mut()))?;
        Ok(())
    }
}

/// Puts text on the clipboard of the terminal (OSC 52), so that it works over ssh.
pub fn copy(text: &str) -> io::Result<()> {
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    let mut out = io::stdout();
    write!(out, "\x1b]52;c;{encoded}\x07")?;
    out.flush()
}
