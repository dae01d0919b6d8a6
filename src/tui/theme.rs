//! Colours and emphasis. Nothing is told by colour alone: what a colour says stands there as a sign or a word as well.

use ratatui::style::{Color, Modifier, Style};

use crate::decode::field::Severity;
use crate::wire::Direction;

/// How the screen looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Theme {
    /// Its name in the configuration and on the command line.
    pub name: &'static str,
    /// Everything that has no style of its own.
    pub base: Style,
    /// Ordinary text on whatever background is there, such as a selected row's.
    pub text: Style,
    /// What is there to be found, not to be read.
    pub dim: Style,
    /// What is to be read first.
    pub strong: Style,
    /// The frame of a pane, and of the pane that has the keys.
    pub border: [Style; 2],
    /// The title of a pane, and of the pane that has the keys.
    pub title: [Style; 2],
    /// The selected row in a pane, and in the pane that has the keys.
    pub selected: [Style; 2],
    /// The bytes of the selected field.
    pub lit: Style,
    /// The byte under the cursor.
    pub cursor: Style,
    /// The pointer of who talks to many.
    pub pointer: Style,
    /// A hit of the search.
    pub hit: Style,
    /// The bars at the top and at the bottom.
    pub bar: Style,
    /// A key in a hint.
    pub key: Style,
    /// The client's lane and the server's.
    pub peers: [Style; 2],
    /// Lifelines of connections, in turn.
    pub lifelines: [Style; 6],
    severities: [Style; 3],
    protocols: Protocols,
}

/// A style for each protocol; those without share `other`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Protocols {
    tcp: Style,
    http: Style,
    websocket: Style,
    engineio: Style,
    socketio: Style,
    other: Style,
}

impl Theme {
    /// All themes, the default first.
    pub const ALL: [Theme; 5] = [DARK, LIGHT, PROJECTOR, TERMINAL, PLAIN];

    /// The theme called `name`.
    pub fn named(name: &str) -> Option<Theme> {
        Theme::ALL.into_iter().find(|theme| theme.name == name)
    }

    /// This theme where the terminal can show it, as the environment tells: no colour with `NO_COLOR`, the terminal's own
    /// where it has no others.
    pub fn for_terminal(self, variable: impl Fn(&str) -> String) -> Theme {
        let has_all = matches!(variable("COLORTERM").as_str(), "truecolor" | "24bit")
            || variable("TERM").ends_with("-direct");
        match (variable("NO_COLOR").is_empty(), has_all) {
            (false, _) => PLAIN,
            (true, false) if self != PLAIN => TERMINAL,
            (true, _) => self,
        }
    }

    /// The theme after this one.
    pub fn next(&self) -> Theme {
        let at = Theme::ALL.iter().position(|theme| theme.name == self.name).unwrap_or_default();
        Theme::ALL[(at + 1) % Theme::ALL.len()]
    }

    /// What a severity looks like.
    pub fn severity(&self, severity: Severity) -> Style {
        self.severities[severity as usize]
    }

    /// What a protocol looks like, by its key.
    pub fn protocol(&self, key: &str) -> Style {
        match key {
            "tcp" => self.protocols.tcp,
            "http" => self.protocols.http,
            "websocket" => self.protocols.websocket,
            "engineio" => self.protocols.engineio,
            "socketio" => self.protocols.socketio,
            _ => self.protocols.other,
        }
    }

    /// Whoever sends in this direction.
    pub fn sender(&self, dir: Direction) -> Style {
        self.peers[dir.index()]
    }
}

const fn rgb(hex: u32) -> Color {
    Color::Rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const fn fg(color: Color) -> Style {
    Style::new().fg(color)
}

const fn on(fg: Color, bg: Color) -> Style {
    Style::new().fg(fg).bg(bg)
}

const BOLD: Modifier = Modifier::BOLD;
/// Reversed as a whole: a coloured letter would become a coloured block.
const REVERSED: Style = fg(Color::Reset).add_modifier(Modifier::REVERSED).remove_modifier(Modifier::DIM);

const DARK: Theme = Theme {
    name: "dark",
    base: on(rgb(0xd5d9e8), rgb(0x14161f)),
    text: fg(rgb(0xd5d9e8)),
    dim: fg(rgb(0x9ba2bd)),
    strong: fg(rgb(0xffffff)).add_modifier(BOLD),
    border: [fg(rgb(0x3a3f55)), fg(rgb(0x7aa2f7))],
    title: [fg(rgb(0x9aa1bd)), fg(rgb(0xffffff)).add_modifier(BOLD)],
    selected: [Style::new().bg(rgb(0x232738)), Style::new().bg(rgb(0x293759))],
    lit: on(rgb(0x14161f), rgb(0xf0c674)),
    cursor: on(rgb(0x14161f), rgb(0xffffff)).add_modifier(BOLD),
    pointer: on(rgb(0xffffff), rgb(0xe5193b)).add_modifier(BOLD),
    hit: on(rgb(0x14161f), rgb(0x73daca)),
    bar: on(rgb(0xc4c9dd), rgb(0x222636)),
    key: fg(rgb(0xf0c674)).add_modifier(BOLD),
    peers: [fg(rgb(0x7dcfff)), fg(rgb(0xffab70))],
    lifelines: [
        fg(rgb(0x7dcfff)),
        fg(rgb(0xf0c674)),
        fg(rgb(0xbb9af7)),
        fg(rgb(0x9ece6a)),
        fg(rgb(0xff8fa3)),
        fg(rgb(0xb8bfd9)),
    ],
    severities: [fg(rgb(0x7dcfff)), fg(rgb(0xf0c674)), fg(rgb(0xff8496)).add_modifier(BOLD)],
    protocols: Protocols {
        tcp: fg(rgb(0x9aa1bd)),
        http: fg(rgb(0x8fb2fa)),
        websocket: fg(rgb(0x9ece6a)),
        engineio: fg(rgb(0xf0b45e)),
        socketio: fg(rgb(0xd09bff)),
        other: fg(rgb(0x73daca)),
    },
};

const LIGHT: Theme = Theme {
    name: "light",
    base: on(rgb(0x20242f), rgb(0xfbfbf8)),
    text: fg(rgb(0x20242f)),
    dim: fg(rgb(0x555b6b)),
    strong: fg(rgb(0x000000)).add_modifier(BOLD),
    border: [fg(rgb(0xc4c8d2)), fg(rgb(0x2d5bd0))],
    title: [fg(rgb(0x555b6b)), fg(rgb(0x000000)).add_modifier(BOLD)],
    selected: [Style::new().bg(rgb(0xe9ecf3)), Style::new().bg(rgb(0xcfdcfa))],
    lit: on(rgb(0x000000), rgb(0xffd97a)),
    cursor: on(rgb(0xffffff), rgb(0x20242f)).add_modifier(BOLD),
    pointer: on(rgb(0xffffff), rgb(0xd4002a)).add_modifier(BOLD),
    hit: on(rgb(0x000000), rgb(0x9be7d8)),
    bar: on(rgb(0x20242f), rgb(0xe4e7ee)),
    key: fg(rgb(0x834d00)).add_modifier(BOLD),
    peers: [fg(rgb(0x00608f)), fg(rgb(0x964200))],
    lifelines: [
        fg(rgb(0x00608f)),
        fg(rgb(0x834d00)),
        fg(rgb(0x7334b8)),
        fg(rgb(0x2b6617)),
        fg(rgb(0xb3214a)),
        fg(rgb(0x555b6b)),
    ],
    severities: [fg(rgb(0x00608f)), fg(rgb(0x834d00)), fg(rgb(0xc0152f)).add_modifier(BOLD)],
    protocols: Protocols {
        tcp: fg(rgb(0x555b6b)),
        http: fg(rgb(0x2450bf)),
        websocket: fg(rgb(0x2b6617)),
        engineio: fg(rgb(0x834d00)),
        socketio: fg(rgb(0x8227c4)),
        other: fg(rgb(0x006a60)),
    },
};

/// For a washed-out projector: black on white, few and strong colours, emphasis by weight.
const PROJECTOR: Theme = Theme {
    name: "projector",
    base: on(rgb(0x000000), rgb(0xffffff)),
    text: Style::new(),
    dim: fg(rgb(0x444444)),
    strong: fg(rgb(0x000000)).add_modifier(BOLD),
    border: [fg(rgb(0x777777)), fg(rgb(0x000000)).add_modifier(BOLD)],
    title: [fg(rgb(0x222222)), on(rgb(0xffffff), rgb(0x000000)).add_modifier(BOLD)],
    selected: [Style::new().bg(rgb(0xdddddd)), Style::new().bg(rgb(0xb9d4ff)).add_modifier(BOLD)],
    lit: on(rgb(0x000000), rgb(0xffe100)).add_modifier(BOLD),
    cursor: on(rgb(0xffffff), rgb(0xc00000)).add_modifier(BOLD),
    pointer: on(rgb(0xffffff), rgb(0xd000a0)).add_modifier(BOLD),
    hit: on(rgb(0x000000), rgb(0x7df0e0)).add_modifier(BOLD),
    bar: on(rgb(0x000000), rgb(0xd8d8d8)),
    key: fg(rgb(0x9c2f00)).add_modifier(BOLD),
    peers: [fg(rgb(0x003c8f)).add_modifier(BOLD), fg(rgb(0x9c2f00)).add_modifier(BOLD)],
    lifelines: [
        fg(rgb(0x003c8f)),
        fg(rgb(0x9c2f00)),
        fg(rgb(0x5b0f9c)),
        fg(rgb(0x0b5c00)),
        fg(rgb(0xa5003c)),
        fg(rgb(0x000000)),
    ],
    severities: [
        fg(rgb(0x003c8f)).add_modifier(BOLD),
        fg(rgb(0x9c2f00)).add_modifier(BOLD),
        on(rgb(0xffffff), rgb(0xc00000)).add_modifier(BOLD),
    ],
    protocols: Protocols {
        tcp: fg(rgb(0x444444)),
        http: fg(rgb(0x003c8f)).add_modifier(BOLD),
        websocket: fg(rgb(0x0b5c00)).add_modifier(BOLD),
        engineio: fg(rgb(0x9c2f00)).add_modifier(BOLD),
        socketio: fg(rgb(0x5b0f9c)).add_modifier(BOLD),
        other: fg(rgb(0x005c56)).add_modifier(BOLD),
    },
};

/// The terminal's own sixteen colours, on its own background.
const TERMINAL: Theme = Theme {
    name: "terminal",
    base: Style::new(),
    text: Style::new(),
    dim: fg(Color::DarkGray),
    strong: Style::new().add_modifier(BOLD),
    border: [fg(Color::DarkGray), fg(Color::Cyan).add_modifier(BOLD)],
    title: [Style::new(), Style::new().add_modifier(BOLD)],
    selected: [Style::new().add_modifier(Modifier::UNDERLINED), REVERSED],
    lit: on(Color::Black, Color::Yellow),
    cursor: on(Color::Black, Color::White).add_modifier(BOLD),
    pointer: on(Color::White, Color::Red).add_modifier(BOLD),
    hit: on(Color::Black, Color::Cyan),
    bar: REVERSED,
    key: Style::new().add_modifier(BOLD),
    peers: [fg(Color::Cyan), fg(Color::Yellow)],
    lifelines: [
        fg(Color::Cyan),
        fg(Color::Yellow),
        fg(Color::Magenta),
        fg(Color::Green),
        fg(Color::Red),
        fg(Color::LightBlue),
    ],
    severities: [fg(Color::Cyan), fg(Color::Yellow), fg(Color::Red).add_modifier(BOLD)],
    protocols: Protocols {
        tcp: fg(Color::DarkGray),
        http: fg(Color::LightBlue),
        websocket: fg(Color::Green),
        engineio: fg(Color::Yellow),
        socketio: fg(Color::Magenta),
        other: fg(Color::Cyan),
    },
};

/// No colour at all, for `NO_COLOR`: weight, underlining and reversing alone.
const PLAIN: Theme = {
    const NONE: Style = Style::new();
    const STRONG: Style = NONE.add_modifier(BOLD);
    const LINED: Style = NONE.add_modifier(Modifier::UNDERLINED);
    Theme {
        name: "plain",
        base: NONE,
        text: NONE,
        dim: NONE.add_modifier(Modifier::DIM),
        strong: STRONG,
        border: [NONE.add_modifier(Modifier::DIM), STRONG],
        title: [NONE, STRONG],
        selected: [LINED, REVERSED],
        lit: REVERSED,
        cursor: REVERSED.add_modifier(BOLD).add_modifier(Modifier::UNDERLINED),
        pointer: REVERSED.add_modifier(BOLD).add_modifier(Modifier::UNDERLINED),
        hit: LINED.add_modifier(BOLD),
        bar: REVERSED,
        key: STRONG,
        peers: [NONE, NONE],
        lifelines: [NONE; 6],
        severities: [NONE, STRONG, STRONG],
        protocols: Protocols {
            tcp: NONE,
            http: NONE,
            websocket: NONE,
            engineio: NONE,
            socketio: STRONG,
            other: NONE,
        },
    }
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_given_the_colours_that_it_has() {
        let on = |given: [&'static str; 3]| {
            LIGHT
                .for_terminal(|name| {
                    let at = ["NO_COLOR", "COLORTERM", "TERM"].iter().position(|known| *known == name);
                    given[at.unwrap()].to_owned()
                })
                .name
        };
        assert_eq!(on(["1", "truecolor", "xterm"]), "plain");
        assert_eq!(on(["", "truecolor", "xterm"]), "light");
        assert_eq!(on(["", "", "xterm-direct"]), "light");
        assert_eq!(on(["", "", "xterm-256color"]), "terminal");
    }

    fn luminance(color: Color) -> f64 {
        let Color::Rgb(red, green, blue) = color else { panic!("{color} is no mixed colour") };
        let linear = |part: u8| match f64::from(part) / 255.0 {
            low if low <= 0.03928 => low / 12.92,
            part => ((part + 0.055) / 1.055).powf(2.4),
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    /// The contrast of the Web Content Accessibility Guidelines; 4.5 is what they ask for.
    fn contrast(one: Color, other: Color) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn all_text_can_be_read_on_every_background_that_it_may_have() {
        for theme in [DARK, LIGHT, PROJECTOR] {
            let Protocols { tcp, http, websocket, engineio, socketio, other } = theme.protocols;
            let texts = [
                theme.base,
                theme.dim,
                theme.strong,
                theme.key,
                tcp,
                http,
                websocket,
                engineio,
                socketio,
                other,
            ];
            let texts = texts.into_iter().chain(theme.peers).chain(theme.lifelines).chain(theme.severities);
            let alone = [theme.lit, theme.cursor, theme.hit, theme.pointer, theme.bar];
            let pairs = texts.flat_map(|text| {
                let own = text.bg.filter(|_| text != theme.base);
                [theme.base, theme.selected[0], theme.selected[1], theme.bar]
                    .map(|below| (text.fg, own.or(below.bg)))
            });
            for (fg, bg) in pairs.chain(alone.map(|style| (style.fg, style.bg))) {
                let (fg, bg) = (fg.unwrap(), bg.unwrap());
                assert!(contrast(fg, bg) >= 4.5, "{}: {fg} on {bg} has {:.1}", theme.name, contrast(fg, bg));
            }
        }
    }
}
