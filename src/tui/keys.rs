//! One table of all keys. Dispatch, the help, the hints and the command line all come from it.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Where a key means something. What is bound for the focused pane goes before what is bound anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In every pane.
    Anywhere,
    /// In the flow.
    Flow,
    /// In the layers of a unit.
    Layers,
    /// In the bytes of a unit.
    Bytes,
    /// In the explanation.
    Explain,
    /// In the list of connections and engine sessions.
    Connections,
    /// In the statistics.
    Statistics,
    /// In the bytes of a connection as a conversation.
    Conversation,
    /// In the calls of a unit.
    Calls,
    /// In the server's output.
    Output,
    /// On a step of a walk.
    Walk,
}

impl Place {
    /// Its heading in the help.
    pub fn name(self) -> &'static str {
        match self {
            Place::Anywhere => "Anywhere",
            Place::Flow => "Flow",
            Place::Layers => "Layers",
            Place::Bytes => "Bytes",
            Place::Explain => "Explain",
            Place::Connections => "Connections",
            Place::Statistics => "Statistics",
            Place::Conversation => "Conversation",
            Place::Calls => "Calls",
            Place::Output => "Output",
            Place::Walk => "Walk",
        }
    }
}

/// Declares the actions, each with its name on the command line, its keys, where they are bound, and its help.
macro_rules! actions {
    ($($place:ident { $($action:ident $name:literal [$($key:literal),*] $help:literal;)+ })+) => {
        /// Something that a key, or a name on the command line, does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[doc = $help] $action,)+)+
        }

        /// All actions, in the order of the help.
        pub static BINDINGS: &[Binding] = &[$($(Binding {
            action: Action::$action,
            name: $name,
            keys: &[$($key),*],
            place: Place::$place,
            help: $help,
        },)+)+];
    };
}

/// An action with everything that is said of it.
#[derive(Debug)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// Its name on the command line and in the configuration.
    pub name: &'static str,
    /// Its keys, unless the configuration has others.
    pub keys: &'static [&'static str],
    /// Where its keys are bound.
    pub place: Place,
    /// What it does, in a few words.
    pub help: &'static str,
}

actions! {
    Anywhere {
        Help "help" ["?", "f1"] "show all keys";
        CommandLine "command" [":"] "type a command; Tab completes it";
        Back "back" ["q", "esc"] "go back; in the flow: end wirewalk";
        Quit "quit" ["ctrl-c", "Q"] "end wirewalk";
        NextPane "next-pane" ["tab"] "next pane";
        PreviousPane "previous-pane" ["backtab"] "previous pane";
        ShowFlow "flow" ["1"] "the flow of units";
        ShowConnections "connections" ["2"] "connections and engine sessions";
        ShowStatistics "statistics" ["3"] "statistics";
        ShowConversation "conversation" ["4", "C"] "the selected connection's bytes as a conversation";
        ShowCalls "calls" ["5", "i"] "the calls that the unit caused, and the one that wrote it";
        ShowOutput "output" ["6", "O"] "what the server wrote to its terminal";
        ShowWalk "walk" ["7", "W"] "the walk, where you left it";
        Up "up" ["k", "up"] "up";
        Down "down" ["j", "down"] "down";
        PageUp "page-up" ["pageup", "ctrl-b"] "a page up";
        PageDown "page-down" ["pagedown", "ctrl-f", "space"] "a page down";
        HalfUp "half-up" ["ctrl-u"] "half a page up";
        HalfDown "half-down" ["ctrl-d"] "half a page down";
        Top "top" ["g", "home"] "first";
        Bottom "bottom" ["G", "end"] "last; in the flow: follow what comes";
        Left "left" ["h", "left"] "fold, or go out";
        Right "right" ["l", "right"] "unfold, or go in";
        Open "open" ["enter"] "look inside";
        Search "search" ["/"] "search text, re:EXPRESSION or hex:BYTES";
        NextHit "next-hit" ["n"] "next hit of the search";
        PreviousHit "previous-hit" ["N"] "previous hit of the search";
        Filter "filter" ["f"] "show only what a filter lets through";
        FilterToValue "filter-to-value" ["x"] "filter to the value of the selected field";
        ClearFilter "clear-filter" ["F"] "show everything again";
        GoTo "go-to" ["#"] "go to a unit by number, or to a time such as 1.5s";
        NextFinding "next-finding" ["e"] "next finding";
        PreviousFinding "previous-finding" ["E"] "previous finding";
        Partner "partner" ["%"] "go to the unit that this one answers, or that answers it";
        Mark "mark" ["m"] "set or remove a bookmark";
        NextMark "next-mark" ["'"] "next bookmark or note";
        Note "note" ["a"] "write a note on the unit";
        Copy "copy" ["y"] "copy the unit: as text, JSON, hex, curl or websocat";
        Pause "pause" ["p"] "hold the display while the traffic goes on; hold what is played";
        Clear "clear" ["z"] "clear the list; nothing is forgotten";
        Record "record" ["r"] "start or stop recording into a file";
        Save "save" ["w"] "save what was seen so far into a file";
        Export "export" ["X"] "export what is shown: report, page, drawing, HAR, capture file, JSON";
        Presenter "presenter" ["P"] "presenter mode: one pane, spacious, secrets hidden, a clock";
        Reveal "reveal" ["R"] "show or hide secrets in presenter mode";
        Laser "laser" ["L"] "a pointer that the arrow keys move; esc puts it away";
        Theme "theme" ["T"] "next theme";
        Grow "grow" ["+"] "make the focused pane larger";
        Shrink "shrink" ["-"] "make the focused pane smaller";
        Faster "faster" [">"] "play faster";
        Slower "slower" ["<"] "play slower";
        Step "step" ["."] "play the next record of what is held";
    }
    Flow {
        TimeForm "time" ["t"] "time since the start, since the row above, or of day";
        Openings "openings" ["o"] "show or hide openings and closings";
        FoldAll "fold-all" ["H"] "fold or unfold all engine sessions";
        Narrow "narrow" ["c"] "only this unit's connection, and back";
    }
    Calls {
        CauseOfCall "cause" ["u"] "go to the unit that caused this call";
        WrittenByCall "written" ["U"] "go to the unit that this call wrote";
        NextCalls "next-calls" ["]"] "next unit that has calls";
        PreviousCalls "previous-calls" ["["] "previous unit that has calls";
        StartUp "start-up" ["s"] "the calls before the first connection, and back";
        Sequence "sequence" ["t"] "as a sequence between client, wire, libraries and your code; as a tree";
        Deeper "deeper" [")"] "show one level more";
        Shallower "shallower" ["("] "show one level less";
        HidePackage "hide-package" ["o"] "leave out this call's package; on your own again: all";
        CallSite "call-site" ["b"] "the source where it was called from, or where it is defined";
        CopyLink "copy-link" ["c"] "copy the link to this line, at the installed version's tag";
    }
    Walk {
        NextStep "next-step" ["space", "enter", "right", "l", "pagedown", "n"] "go on; at a question: show the answer";
        PreviousStep "previous-step" ["left", "h", "pageup", "backspace", "N"] "back to the step before";
        ShowAnswer "show-answer" ["r"] "show the answer of the question";
        Jump "jump" ["/"] "go to a step by its number or a part of its heading";
        Auto "auto" ["A"] "go on by itself, each step in its time; p holds it";
        Restart "restart" ["0"] "begin again";
    }
    Bytes {
        BytesForm "bytes-form" ["b"] "the next form: hexadecimal, bit diagram, unmasking, JSON …";
        NextSource "next-source" ["s"] "the bytes as they are on the wire, unmasked, inflated …";
    }
}

/// A key with its modifiers, as `ctrl-d`, `G` or `f1` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Chord {
    /// The key, where no other is held with it.
    pub fn code(&self) -> KeyCode {
        if self.modifiers.is_empty() { self.code } else { KeyCode::Null }
    }
}

impl From<KeyEvent> for Chord {
    fn from(key: KeyEvent) -> Chord {
        // Shift is in the character already.
        let keep = match key.code {
            KeyCode::Char(_) | KeyCode::BackTab => KeyModifiers::CONTROL | KeyModifiers::ALT,
            _ => KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT,
        };
        Chord { code: key.code, modifiers: key.modifiers & keep }
    }
}

/// The names of keys that are no characters.
const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
];

const MODIFIERS: &[(&str, KeyModifiers)] =
    &[("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)];

impl FromStr for Chord {
    type Err = String;

    fn from_str(text: &str) -> Result<Chord, String> {
        let mut rest = text;
        let mut modifiers = KeyModifiers::NONE;
        while let Some((name, modifier)) = MODIFIERS.iter().find(|(name, _)| rest.starts_with(name)) {
            rest = rest.strip_prefix(name).unwrap_or(rest);
            modifiers |= *modifier;
        }
        let mut characters = rest.chars();
        let function = || rest.strip_prefix('f')?.parse().ok().filter(|n| (1..=12).contains(n));
        let code = match (characters.next(), characters.next()) {
            (Some(character), None) => Some(KeyCode::Char(character)),
            _ => NAMED.iter().find(|(name, _)| *name == rest).map(|(_, code)| *code),
        };
        let code = code.or_else(|| function().map(KeyCode::F));
        let code = code.ok_or_else(|| {
            format!("there is no key {text:?}; keys are written like j, G, ctrl-d, enter or f5")
        })?;
        Ok(Chord { code, modifiers })
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, modifier) in MODIFIERS {
            if self.modifiers.contains(*modifier) {
                f.write_str(name)?;
            }
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(character)) => write!(f, "{character}"),
            (None, KeyCode::F(number)) => write!(f, "f{number}"),
            (None, code) => write!(f, "{code}"),
        }
    }
}

/// The keys as they are bound: the table's, or the configuration's where it has others.
#[derive(Clone, Debug)]
pub struct Keymap {
    bound: Vec<(Place, Chord, Action)>,
}

impl Keymap {
    /// The table's keys, with those of `others` in their place: names of actions with keys.
    pub fn new<'a>(others: impl IntoIterator<Item = (&'a str, Vec<Chord>)>) -> Result<Keymap, String> {
        let mut bound = Vec::new();
        for binding in BINDINGS {
            for key in binding.keys {
                bound.push((binding.place, key.parse()?, binding.action));
            }
        }
        let mut given: HashMap<(Place, Chord), &str> = HashMap::new();
        for (name, chords) in others {
            let binding = named(name).ok_or_else(|| format!("there is no action {name:?}"))?;
            for chord in &chords {
                let other = given.insert((binding.place, *chord), binding.name);
                if let Some(other) = other.filter(|other| *other != binding.name) {
                    return Err(format!("{chord} is given to {other} and to {name}"));
                }
            }
            bound.retain(|(_, _, action)| *action != binding.action);
            bound.retain(|(place, chord, _)| *place != binding.place || !chords.contains(chord));
            bound.extend(chords.into_iter().map(|chord| (binding.place, chord, binding.action)));
        }
        Ok(Keymap { bound })
    }

    /// What a key does at a place.
    pub fn action(&self, place: Place, chord: Chord) -> Option<Action> {
        let at = |wanted: Place| {
            self.bound.iter().find(|(place, key, _)| *place == wanted && *key == chord).map(|b| b.2)
        };
        at(place).or_else(|| at(Place::Anywhere))
    }

    /// The keys of an action.
    pub fn keys(&self, action: Action) -> impl Iterator<Item = Chord> {
        self.bound.iter().filter(move |(_, _, bound)| *bound == action).map(|(_, chord, _)| *chord)
    }

    /// The first key of an action, as a hint shows it; empty where it has none.
    pub fn hint(&self, action: Action) -> String {
        self.keys(action).next().map(|chord| chord.to_string()).unwrap_or_default()
    }
}

/// The action called `name`.
pub fn named(name: &str) -> Option<&'static Binding> {
    BINDINGS.iter().find(|binding| binding.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_is_bound_twice_and_no_name_is_given_twice() {
        let keymap = Keymap::new([]).unwrap();
        let mut keys = HashSet::new();
        for (place, chord, action) in &keymap.bound {
            assert!(keys.insert((*place, *chord)), "{chord} of {action:?} is bound twice");
            assert!(
                *place == Place::Anywhere || !keymap.bound.contains(&(Place::Anywhere, *chord, *action)),
                "{chord}"
            );
        }
        let names: HashSet<_> = BINDINGS.iter().map(|b| b.name).collect();
        assert_eq!(names.len(), BINDINGS.len());
    }

    #[test]
    fn a_key_is_read_as_it_is_written() {
        for text in ["j", "G", "ctrl-d", "enter", "f12", "space", "ctrl-alt-x", "?", "-"] {
            assert_eq!(text.parse::<Chord>().unwrap().to_string(), text);
        }
        for text in ["", "f13", "strg-d", "jj"] {
            assert!(text.parse::<Chord>().is_err(), "{text}");
        }
        let shifted = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Chord::from(shifted), "G".parse().unwrap());
    }

    #[test]
    fn the_configuration_takes_a_key_over() {
        let keymap = Keymap::new([("down", vec!["n".parse().unwrap()])]).unwrap();
        let action = |key: &str| keymap.action(Place::Flow, key.parse().unwrap());
        assert_eq!(action("n"), Some(Action::Down));
        assert_eq!(action("j"), None);
        assert_eq!(keymap.keys(Action::NextHit).count(), 0);
        assert!(Keymap::new([("nonsense", Vec::new())]).is_err());
        let twice = ["down", "up"].map(|name| (name, vec!["n".parse().unwrap()]));
        assert_eq!(Keymap::new(twice).unwrap_err(), "n is given to down and to up");
        // In one pane a key may do what it does in no other.
        assert!(Keymap::new(["down", "time"].map(|name| (name, vec!["n".parse().unwrap()]))).is_ok());
    }
}
