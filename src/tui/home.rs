//! The start page: all that wirewalk can do, begun from here by someone who has read nothing.

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use tui_input::{Input, InputRequest};

use super::paint;
use super::theme::Theme;
use crate::decode::field::Severity;
use crate::words;

/// What someone chose to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The demo.
    Demo,
    /// Standing in front of a server, named as it was typed.
    Server(String),
    /// A transcript.
    Transcript(PathBuf),
    /// A walkthrough that comes with wirewalk, by its name.
    Walk(String),
}

/// A walkthrough that comes with wirewalk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalkEntry {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
}

/// A transcript that can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// The file.
    pub path: PathBuf,
    /// When it was made, how large it is: whatever helps to choose.
    pub hint: String,
}

/// The start page's state.
#[derive(Clone, Debug)]
pub struct Home {
    theme: Theme,
    transcripts: Vec<Transcript>,
    walks: Vec<WalkEntry>,
    /// Whether there is nothing to choose but walkthroughs.
    only_walks: bool,
    server: Input,
    file: Input,
    selected: usize,
    /// What was wrong with the last choice.
    error: Option<String>,
}

/// What a row of the page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    Demo,
    Walk(usize),
    Server,
    Transcript(usize),
    File,
}

/// What a key led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The page stays.
    Stay,
    /// Something begins.
    Begin(Choice),
    /// wirewalk ends.
    End,
}

impl Home {
    /// The page, with the transcripts that were used last and the walkthroughs that there are.
    pub fn new(theme: Theme, transcripts: Vec<Transcript>, walks: Vec<WalkEntry>) -> Home {
        Home {
            theme,
            transcripts,
            walks,
            only_walks: false,
            server: Input::new("http://127.0.0.1:5000".to_owned()),
            file: Input::default(),
            selected: 0,
            error: None,
        }
    }

    /// A page on which a walkthrough is chosen.
    pub fn of_walks(theme: Theme, walks: Vec<WalkEntry>) -> Home {
        Home { only_walks: true, ..Home::new(theme, Vec::new(), walks) }
    }

    /// Says what was wrong with what was chosen.
    pub fn fail(&mut self, error: String) {
        self.error = Some(error);
    }

    fn rows(&self) -> Vec<Row> {
        let walks = (0..self.walks.len()).map(Row::Walk);
        if self.only_walks {
            return walks.collect();
        }
        let transcripts = (0..self.transcripts.len()).map(Row::Transcript);
        [Row::Demo]
            .into_iter()
            .chain(walks)
            .chain([Row::Server])
            .chain(transcripts)
            .chain([Row::File])
            .collect()
    }

    fn row(&self) -> Row {
        self.rows().get(self.selected).copied().unwrap_or(Row::Demo)
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Outcome {
        if key.kind == KeyEventKind::Release {
            return Outcome::Stay;
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let last = self.rows().len().saturating_sub(1);
        let is_typing = matches!(self.row(), Row::Server | Row::File);
        match key.code {
            KeyCode::Esc => return Outcome::End,
            KeyCode::Char('c') if ctrl => return Outcome::End,
            KeyCode::Char('q') if !is_typing => return Outcome::End,
            KeyCode::Up | KeyCode::BackTab => self.selected = self.selected.checked_sub(1).unwrap_or(last),
            KeyCode::Down | KeyCode::Tab => self.selected = (self.selected + 1) % (last + 1),
            KeyCode::Char('k') if !is_typing => self.selected = self.selected.checked_sub(1).unwrap_or(last),
            KeyCode::Char('j') if !is_typing => self.selected = (self.selected + 1) % (last + 1),
            KeyCode::Enter => return self.enter(),
            code if is_typing => self.type_(code, ctrl),
            _ => {}
        }
        Outcome::Stay
    }

    /// Takes pasted text into the field that is typed into.
    pub fn paste(&mut self, text: &str) {
        text.chars().filter(|c| !c.is_control()).for_each(|c| self.type_(KeyCode::Char(c), false));
    }

    fn type_(&mut self, code: KeyCode, ctrl: bool) {
        let request = match code {
            KeyCode::Backspace => InputRequest::DeletePrevChar,
            KeyCode::Delete => InputRequest::DeleteNextChar,
            KeyCode::Left => InputRequest::GoToPrevChar,
            KeyCode::Right => InputRequest::GoToNextChar,
            KeyCode::Home => InputRequest::GoToStart,
            KeyCode::End => InputRequest::GoToEnd,
            KeyCode::Char('u') if ctrl => InputRequest::DeleteLine,
            KeyCode::Char('w') if ctrl => InputRequest::DeletePrevWord,
            KeyCode::Char(character) if !ctrl => InputRequest::InsertChar(character),
            _ => return,
        };
        self.error = None;
        let input = if self.row() == Row::Server { &mut self.server } else { &mut self.file };
        input.handle(request);
    }

    fn enter(&mut self) -> Outcome {
        self.error = None;
        let choice = match self.row() {
            Row::Demo => Choice::Demo,
            Row::Walk(at) => match self.walks.get(at) {
                Some(walk) => Choice::Walk(walk.name.clone()),
                None => return Outcome::Stay,
            },
            Row::Server => Choice::Server(self.server.value().trim().to_owned()),
            Row::File if self.file.value().trim().is_empty() => {
                self.fail("type the name of a transcript, as made by --record".to_owned());
                return Outcome::Stay;
            }
            Row::File => Choice::Transcript(PathBuf::from(self.file.value().trim())),
            Row::Transcript(at) => match self.transcripts.get(at) {
                Some(transcript) => Choice::Transcript(transcript.path.clone()),
                None => return Outcome::Stay,
            },
        };
        Outcome::Begin(choice)
    }

    /// Draws the page.
    pub fn draw(&self, area: Rect, buf: &mut Buffer) {
        buf.set_style(area, self.theme.base);
        let width = area.width.min(MAX_WIDTH);
        let lines = self.lines(usize::from(width));
        let x = area.x + (area.width - width) / 2;
        let y = area.y + area.height.saturating_sub(paint::columns(lines.len())) / 3;
        for (line, y) in lines.iter().zip(y..area.bottom()) {
            buf.set_line(x, y, line, width);
        }
    }

    fn lines(&self, width: usize) -> Vec<Line<'_>> {
        let theme = &self.theme;
        let plain = |text: &'static str, style| Line::from(Span::styled(text, style));
        let mut lines = vec![Line::from(vec![
            Span::styled("  wirewalk", theme.strong),
            Span::styled("  sees every byte, layer and event of a WebSocket connection", theme.dim),
        ])];
        lines.push(Line::default());
        lines.extend(PICTURE.iter().map(|line| plain(line, theme.text)));
        for (at, row) in self.rows().into_iter().enumerate() {
            if !matches!(row, Row::Transcript(1..) | Row::Walk(1..)) {
                lines.push(Line::default());
            }
            lines.push(self.line(row, at == self.selected));
        }
        lines.push(Line::default());
        if let Some(error) = &self.error {
            let style = theme.severity(Severity::Error);
            let folded = words::fold(&paint::cell(error), width.saturating_sub(4));
            lines.extend(folded.into_iter().map(|text| Line::from(Span::styled(format!("  {text}"), style))));
            lines.push(Line::default());
        }
        let hints = [("↑ ↓", " choose   "), ("enter", " begin   "), ("esc", " end")];
        let hints = hints.map(|(key, text)| [Span::styled(key, theme.key), Span::styled(text, theme.dim)]);
        lines.push(Line::from_iter([Span::raw("  ")].into_iter().chain(hints.into_iter().flatten())));
        lines
    }

    fn line(&self, row: Row, is_selected: bool) -> Line<'_> {
        let theme = &self.theme;
        let style = if is_selected { theme.selected[1].patch(theme.strong) } else { theme.text };
        let sign = Span::styled(if is_selected { "▶ " } else { "  " }, theme.key);
        let mut line = Line::from(sign);
        let label = match row {
            Row::Demo => "Watch the demo",
            Row::Walk(0) => "Walk through",
            Row::Walk(_) => "",
            Row::Server => "Stand before a server",
            Row::Transcript(0) => "Open a recording",
            Row::Transcript(_) => "",
            Row::File if self.transcripts.is_empty() => "Open a recording",
            Row::File => "Open another",
        };
        let is_list = matches!(row, Row::Transcript(1..) | Row::Walk(1..));
        line.push_span(Span::styled(format!("{label:<23}"), if is_list { theme.text } else { style }));
        line.push_span(Span::raw(" "));
        match row {
            Row::Demo => line
                .push_span(Span::styled("a chat server and its client talk; nothing to install", theme.dim)),
            Row::Walk(at) => {
                if let Some(walk) = self.walks.get(at) {
                    line.push_span(Span::styled(words::cut(&paint::cell(&walk.title), 44), style));
                    line.push_span(Span::styled(format!("  {} min", walk.minutes), theme.dim));
                }
            }
            Row::Server => self.field(&mut line, &self.server, is_selected, "its address"),
            Row::File => self.field(&mut line, &self.file, is_selected, "made by --record"),
            Row::Transcript(at) => {
                if let Some(transcript) = self.transcripts.get(at) {
                    let name = paint::cell(&transcript.path.display().to_string());
                    line.push_span(Span::styled(words::cut(&name, 40), style));
                    line.push_span(Span::styled(format!("  {}", transcript.hint), theme.dim));
                }
            }
        }
        line
    }

    /// A field to type into.
    fn field<'a>(&self, line: &mut Line<'a>, input: &Input, is_selected: bool, hint: &'a str) {
        let style = self.theme.bar;
        let skipped = input.visual_scroll(FIELD - 1);
        let shown: String = paint::cell(input.value()).chars().skip(skipped).take(FIELD).collect();
        let shown = format!("{shown:<FIELD$}");
        let at = if is_selected { input.visual_cursor().saturating_sub(skipped) } else { FIELD };
        let part = |from: usize, to: usize| {
            shown.chars().skip(from).take(to.saturating_sub(from)).collect::<String>()
        };
        line.push_span(Span::styled(part(0, at), style));
        line.push_span(Span::styled(part(at, at + 1), self.theme.cursor));
        line.push_span(Span::styled(part(at + 1, FIELD), style));
        line.push_span(Span::styled(format!("  {hint}"), self.theme.dim));
    }
}

/// The page is not wider than this.
const MAX_WIDTH: u16 = 92;

/// The columns of a field to type into.
const FIELD: usize = 34;

/// What wirewalk is.
const PICTURE: [&str; 3] = [
    "  ╭────────╮        ╭──────────╮        ╭────────╮",
    "  │ client │ ─────▶ │ wirewalk │ ─────▶ │ server │",
    "  ╰────────╯ ◀───── ╰──────────╯ ◀───── ╰────────╯",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn press(home: &mut Home, keys: &[KeyCode]) -> Outcome {
        keys.iter().fold(Outcome::Stay, |_, code| home.key(KeyEvent::new(*code, KeyModifiers::NONE)))
    }

    #[test]
    fn everything_can_be_begun() {
        let transcripts = vec![Transcript { path: "a.wirewalk".into(), hint: String::new() }];
        let home = || Home::new(Theme::ALL[0], transcripts.clone(), Vec::new());
        let begin = |keys: &[KeyCode]| press(&mut home(), keys);
        use KeyCode::{Backspace, Char, Down, Enter, Esc, Up};
        assert_eq!(begin(&[Enter]), Outcome::Begin(Choice::Demo));
        let server = Choice::Server("http://127.0.0.1:500".to_owned());
        assert_eq!(begin(&[Down, Backspace, Enter]), Outcome::Begin(server));
        let transcript = Choice::Transcript("a.wirewalk".into());
        assert_eq!(begin(&[Down, Down, Enter]), Outcome::Begin(transcript));
        let file = Choice::Transcript("q".into());
        assert_eq!(begin(&[Up, Char('q'), Enter]), Outcome::Begin(file));
        assert_eq!(begin(&[Up, Enter]), Outcome::Stay);
        assert_eq!(begin(&[Char('q')]), Outcome::End);
        assert_eq!(begin(&[Down, Esc]), Outcome::End);
    }
}
