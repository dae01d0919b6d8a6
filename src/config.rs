//! What the user has settled in the configuration file: theme, keys, panes, secrets. `wirewalk config` prints it.

mod print;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::session::secrets::{DEFAULT_NAMES, Names};
use crate::tui::app::TimeForm;
use crate::tui::keys::{BINDINGS, Chord, Keymap};
use crate::tui::layout::Proportions;
use crate::tui::rows::Choice;
use crate::tui::theme::Theme;

/// A longer configuration is a mistake.
const MAX_LENGTH: u64 = 1 << 20;

/// The ways to count time, by their names in the file.
const TIMES: [(&str, TimeForm); 3] = [
    ("since-start", TimeForm::SinceStart),
    ("since-previous", TimeForm::SincePrevious),
    ("absolute", TimeForm::Absolute),
];

/// Everything that can be settled, with what holds where nothing is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The colours.
    #[serde(deserialize_with = "theme")]
    pub theme: Theme,
    /// How the times of the flow count.
    #[serde(deserialize_with = "time")]
    pub time: TimeForm,
    /// Whether openings and closings of connections are listed.
    pub openings: bool,
    /// How the panes share the screen.
    pub panes: Panes,
    /// What is hidden.
    pub secrets: Secrets,
    /// What presenter mode shows.
    pub presenter: Presenter,
    /// The keys of every action.
    #[serde(deserialize_with = "keys")]
    pub keys: Vec<(&'static str, Vec<Chord>)>,
}

/// How the panes share the screen, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Panes {
    /// The flow's share of the height.
    #[serde(deserialize_with = "share")]
    pub flow: u16,
    /// The layers' share of the width.
    #[serde(deserialize_with = "share")]
    pub layers: u16,
}

/// What is hidden.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Secrets {
    /// Names of header fields, query parameters and JSON members whose values are secret.
    pub names: Vec<String>,
    /// Regular expressions; what they match is secret.
    #[serde(deserialize_with = "patterns")]
    pub patterns: Vec<String>,
    /// Whether secrets are hidden outside presenter mode as well.
    pub always_hide: bool,
}

/// What presenter mode shows.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Presenter {
    /// Whether the time of day, and how long the presentation has been going on, stand at the bottom.
    pub clock: bool,
}

/// What is wrong with the configuration, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", place(.path, .at))]
pub struct ConfigError {
    path: PathBuf,
    at: Option<(usize, usize)>,
    what: String,
}

fn place(path: &Path, at: &Option<(usize, usize)>) -> String {
    match at {
        Some((line, column)) => format!("{}:{line}:{column}", path.display()),
        None => path.display().to_string(),
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            theme: Theme::ALL[0],
            time: TimeForm::default(),
            openings: Choice::default().openings,
            panes: Panes::default(),
            secrets: Secrets::default(),
            presenter: Presenter::default(),
            keys: Keymap::new([]).map(|keymap| all_keys(&keymap)).unwrap_or_default(),
        }
    }
}

impl Default for Panes {
    fn default() -> Panes {
        let Proportions { flow, layers } = Proportions::default();
        Panes { flow, layers }
    }
}

impl Default for Secrets {
    fn default() -> Secrets {
        Secrets { names: DEFAULT_NAMES.map(str::to_owned).to_vec(), patterns: Vec::new(), always_hide: false }
    }
}

impl Default for Presenter {
    fn default() -> Presenter {
        Presenter { clock: true }
    }
}

impl Config {
    /// Where the file is on this platform, whether it exists or not.
    pub fn path() -> Option<PathBuf> {
        let folders = etcetera::choose_base_strategy().ok()?;
        Some(folders.config_dir().join("wirewalk").join("config.toml"))
    }

    /// The user's configuration; where there is no file, the defaults.
    pub fn load() -> Result<Config, ConfigError> {
        Config::path().map_or_else(|| Ok(Config::default()), |path| Config::read(&path))
    }

    fn read(path: &Path) -> Result<Config, ConfigError> {
        let fail = |what: String| ConfigError { path: path.to_owned(), at: None, what };
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Config::default()),
            Ok(found) if found.len() > MAX_LENGTH => return Err(fail("longer than 1 MiB".to_owned())),
            _ => {}
        }
        let text = std::fs::read_to_string(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
        Config::parse(&text, path)
    }

    /// Reads the text of a configuration; `path` is for the error.
    pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let at = before.map(|before| {
                let line = before.rsplit('\n').next().unwrap_or_default();
                (before.matches('\n').count() + 1, line.chars().count() + 1)
            });
            ConfigError { path: path.to_owned(), at, what: with_nearest(error.message()) }
        })
    }

    /// The keys as they are bound.
    pub fn keymap(&self) -> Result<Keymap, String> {
        Keymap::new(self.keys.iter().cloned())
    }
}

/// serde's message on an unknown field, with the nearest of the names that it lists.
fn with_nearest(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    match names.next().filter(|_| message.starts_with("unknown field")) {
        Some(wrong) => format!("{message}{}", nearest(wrong, names)),
        None => message.to_owned(),
    }
}

/// `; did you mean "theme"?`, where a name is near.
fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> String {
    let near = names.map(|name| (strsim::jaro_winkler(wrong, name), name));
    let best = near.filter(|(score, _)| *score > 0.75).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, name)| format!("; did you mean {name:?}?")).unwrap_or_default()
}

fn theme<'de, D: Deserializer<'de>>(from: D) -> Result<Theme, D::Error> {
    let name = String::deserialize(from)?;
    named_theme(&name).map_err(D::Error::custom)
}

/// The theme called `name`, or which there are.
pub fn named_theme(name: &str) -> Result<Theme, String> {
    let names = Theme::ALL.map(|theme| theme.name);
    Theme::named(name).ok_or_else(|| {
        let near = nearest(name, names.into_iter());
        format!("there is no theme {name:?}, expected {}{near}", names.join(", "))
    })
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<TimeForm, D::Error> {
    let name = String::deserialize(from)?;
    let found = TIMES.iter().find(|(known, _)| *known == name).map(|(_, form)| *form);
    let names = TIMES.map(|(name, _)| name);
    let near = nearest(&name, names.into_iter());
    found.ok_or_else(|| D::Error::custom(format!("expected {}, not {name:?}{near}", names.join(", "))))
}

fn share<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    let share = u16::deserialize(from)?;
    let fits = (20..=80).contains(&share);
    fits.then_some(share).ok_or_else(|| D::Error::custom(format!("expected 20 to 80 percent, not {share}")))
}

fn patterns<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let patterns = Vec::<String>::deserialize(from)?;
    match Names::new(&[], &patterns) {
        Err(error) => Err(D::Error::custom(format!("no regular expression: {error}"))),
        Ok(_) => Ok(patterns),
    }
}

/// The name of an action, by its place in the table of all.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct Name(usize);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Name, String> {
        BINDINGS.iter().position(|binding| binding.name == name).map(Name).ok_or_else(|| {
            let near = nearest(&name, BINDINGS.iter().map(|binding| binding.name));
            format!("there is no action {name:?}{near}; `wirewalk config` lists all")
        })
    }
}

/// A key, or a list of keys.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a key such as \"j\", or a list of keys")]
enum Written {
    One(String),
    Many(Vec<String>),
}

fn keys<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(&'static str, Vec<Chord>)>, D::Error> {
    let mut others = Vec::new();
    for (Name(at), written) in BTreeMap::<Name, Written>::deserialize(from)? {
        let name = BINDINGS[at].name;
        let written = match written {
            Written::One(key) => vec![key],
            Written::Many(keys) => keys,
        };
        let chords: Result<Vec<Chord>, String> = written.iter().map(|key| key.parse()).collect();
        others.push((name, chords.map_err(|e| D::Error::custom(format!("{name}: {e}")))?));
    }
    Keymap::new(others).map(|keymap| all_keys(&keymap)).map_err(D::Error::custom)
}

fn all_keys(keymap: &Keymap) -> Vec<(&'static str, Vec<Chord>)> {
    BINDINGS.iter().map(|binding| (binding.name, keymap.keys(binding.action).collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("config.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same() {
        let other = "theme = 'projector'\ntime = 'absolute'\n[keys]\ndown = 'n'\nquit = ['f10', '\"']\n\
                     [secrets]\nnames = ['x\"y\\\\z']\npatterns = ['\\d+']\nalways_hide = true\n";
        for config in [Config::default(), parse(other).unwrap()] {
            assert_eq!(parse(&config.print()).as_ref(), Ok(&config));
        }
        assert_ne!(parse(other).unwrap(), Config::default());
        assert_eq!(parse("").unwrap(), Config::default());
    }

    #[test]
    fn every_action_is_printed_with_its_help() {
        let printed = Config::default().print();
        for binding in BINDINGS {
            assert!(printed.contains(&format!("\n{} = ", binding.name)), "{}", binding.name);
            assert!(printed.contains(binding.help), "{}", binding.help);
        }
    }

    #[test]
    fn an_error_says_where_and_what_was_expected() {
        let cases = [
            ("\ntheem = 'dark'", "config.toml:2:1: unknown field `theem`", "did you mean \"theme\"?"),
            ("theme = 'drak'", "config.toml:1:9: there is no theme \"drak\"", "did you mean \"dark\"?"),
            ("openings = 3", "config.toml:1:12: invalid type: integer `3`", "expected a boolean"),
            ("[panes]\nflow = 99", "config.toml:2:8: ", "20 to 80 percent"),
            ("[keys]\ndwn = 'j'", "config.toml:2:1: there is no action", "did you mean \"down\"?"),
            ("[keys]\ndown = 'strg-j'", "config.toml:", "there is no key \"strg-j\""),
            ("[keys]\ndown = 3", "config.toml:2:8: ", "a list of keys"),
            ("[keys]\ndown = 'n'\nup = ['n']", "config.toml:1:1: ", "n is given to up and to down"),
            ("[secrets]\npatterns = ['(']", "config.toml:2:12: ", "no regular expression"),
            ("theme = ", "config.toml:1:9: ", ""),
        ];
        for (text, begins, says) in cases {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(begins) && error.contains(says), "{error}");
        }
    }
}
