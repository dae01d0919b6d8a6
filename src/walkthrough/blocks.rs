//! The blocks of TOML in a walkthrough: that of the whole, and one for each step.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use semver::{Version, VersionReq};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use super::fault::{Findings, Written, nearest};

/// The whole's block, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub format: Spanned<u32>,
    pub title: String,
    pub summary: String,
    pub audience: String,
    pub minutes: Spanned<u32>,
    pub transcript: Option<Spanned<String>>,
    #[serde(default)]
    pub demo: bool,
    #[serde(default)]
    pub packages: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// The keys of the whole's block.
pub(super) const HEAD_KEYS: &[&str] =
    &["format", "title", "summary", "audience", "minutes", "transcript", "demo", "packages"];

/// A step's block, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Machine {
    pub id: Spanned<String>,
    pub when: Option<Spanned<String>>,
    #[serde(default)]
    pub next: bool,
    pub focus: Option<Spanned<String>>,
    pub pane: Option<Spanned<String>>,
    #[serde(default)]
    pub calls: Vec<Vec<Spanned<String>>>,
    pub ask: Option<AskWritten>,
    pub time: Option<Spanned<String>>,
    #[serde(default)]
    pub optional: bool,
    pub any_order: Option<String>,
    #[serde(rename = "do")]
    pub todo: Option<String>,
}

/// The keys of a step's block, those of its question included.
pub(super) const STEP_KEYS: &[&str] = &[
    "id",
    "when",
    "next",
    "focus",
    "pane",
    "calls",
    "ask",
    "time",
    "optional",
    "any-order",
    "do",
    "question",
    "choices",
    "answer",
    "of",
    "field",
];

/// A question, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskWritten {
    pub question: Spanned<String>,
    #[serde(default)]
    pub choices: Vec<String>,
    pub answer: AnswerWritten,
}

/// Where an answer is, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerWritten {
    pub of: Option<Spanned<String>>,
    pub field: Spanned<String>,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What is asked.
    pub question: Written<String>,
    /// What could be the answer; empty where people just think.
    pub choices: Vec<String>,
    /// Where the answer is.
    pub answer: Answer,
}

/// Where an answer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Of what.
    pub of: Of,
    /// Which of its values.
    pub field: Written<String>,
}

/// Whose value an answer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Of {
    /// The step's own unit.
    #[default]
    Unit,
    /// The request that it answers.
    Request,
    /// The response to it.
    Response,
    /// The unit that answers it: an acknowledgement, a pong.
    Answer,
}

impl Of {
    const ALL: [Of; 4] = [Of::Unit, Of::Request, Of::Response, Of::Answer];

    /// `unit`, `request`, `response` or `answer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Of::Unit => "unit",
            Of::Request => "request",
            Of::Response => "response",
            Of::Answer => "answer",
        }
    }
}

/// What a step shows large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The layers of its unit.
    Layers,
    /// Its bytes.
    Bytes,
    /// What it is.
    Explain,
    /// Its calls as a tree.
    Calls,
    /// Its calls as messages between lanes.
    Sequence,
    /// The source of the chosen call.
    Source,
}

impl Pane {
    const ALL: [Pane; 6] =
        [Pane::Layers, Pane::Bytes, Pane::Explain, Pane::Calls, Pane::Sequence, Pane::Source];

    /// `layers`, `bytes` and so on.
    pub fn as_str(self) -> &'static str {
        match self {
            Pane::Layers => "layers",
            Pane::Bytes => "bytes",
            Pane::Explain => "explain",
            Pane::Calls => "calls",
            Pane::Sequence => "sequence",
            Pane::Source => "source",
        }
    }

    /// Whether calls are shown.
    pub fn has_calls(self) -> bool {
        matches!(self, Pane::Calls | Pane::Sequence | Pane::Source)
    }
}

/// A field of a unit, or a protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Focus {
    /// Its name.
    pub key: String,
    /// How many of that name stand before it.
    pub nth: usize,
}

impl Focus {
    fn parse(text: &str) -> Option<Focus> {
        let (key, nth) = match text.split_once('#') {
            Some((key, nth)) => (key, nth.parse().ok()?),
            None => (text, 0),
        };
        (!key.is_empty()).then(|| Focus { key: key.to_owned(), nth })
    }
}

impl fmt::Display for Focus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nth {
            0 => f.write_str(&self.key),
            nth => write!(f, "{}#{nth}", self.key),
        }
    }
}

/// Reads a block that begins at `begin` of the file; `keys` are those that there may be.
pub(super) fn block<T: DeserializeOwned>(
    findings: &mut Findings<'_>,
    begin: usize,
    block: &str,
    keys: &[&str],
) -> Option<T> {
    let error = match toml::from_str(block) {
        Ok(read) => return Some(read),
        Err(error) => error,
    };
    let at = begin + error.span().map_or(0, |span| span.start);
    let message = error.message().trim_end().replace('\n', "; ");
    let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    match unknown {
        Some(key) => {
            findings.add_with(at, format!("there is no key {key:?} here"), nearest(key, keys.iter().copied()))
        }
        None => findings.add(at, message),
    }
    None
}

/// Reads the name of one of a few things; `what` they are called together.
fn one_of<T: Copy>(
    findings: &mut Findings<'_>,
    written: &Written<String>,
    all: &[T],
    name: fn(T) -> &'static str,
    what: &str,
) -> Option<T> {
    let found = all.iter().copied().find(|one| name(*one) == written.value);
    if found.is_none() {
        let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        let message = format!("there is no {what} {:?}; there are {}", written.value, names.join(", "));
        findings.add_with(written.at, message, nearest(&written.value, names));
    }
    found
}

/// Reads the name of a pane.
pub(super) fn pane(findings: &mut Findings<'_>, written: &Written<String>) -> Option<Pane> {
    one_of(findings, written, &Pane::ALL, Pane::as_str, "pane")
}

/// Reads what is lit up.
pub(super) fn focus(findings: &mut Findings<'_>, written: Written<String>) -> Option<Written<Focus>> {
    let focus = Focus::parse(&written.value);
    if focus.is_none() {
        findings.add(
            written.at,
            format!("{:?} is no field; behind # stands a number: websocket.opcode#1", written.value),
        );
    }
    Some(Written { value: focus?, at: written.at })
}

/// Reads a question in a block that begins at `begin`.
pub(super) fn ask(
    findings: &mut Findings<'_>,
    written: AskWritten,
    begin: usize,
    block: &str,
) -> Option<Ask> {
    let question = Written::of(written.question, begin, block);
    let of = match written.answer.of {
        Some(of) => one_of(findings, &Written::of(of, begin, block), &Of::ALL, Of::as_str, "answer of a")?,
        None => Of::default(),
    };
    if written.choices.len() == 1 || written.choices.len() > 8 {
        findings.add(question.at, "a question has two to eight choices, or none");
    }
    let field = Written::of(written.answer.field, begin, block);
    Some(Ask { question, choices: written.choices, answer: Answer { of, field } })
}

/// Reads a length of time such as `90s`, `2m` or `1m30s`.
pub(super) fn time(findings: &mut Findings<'_>, written: &Written<String>) -> Option<Duration> {
    let parsed = seconds(&written.value).filter(|seconds| (1..=3600).contains(seconds));
    if parsed.is_none() {
        findings.add(written.at, format!("{:?} is no time; write 90s, 2m or 1m30s", written.value));
    }
    parsed.map(Duration::from_secs)
}

fn seconds(text: &str) -> Option<u64> {
    let (minutes, rest) = match text.split_once('m') {
        Some((minutes, rest)) => (minutes.parse::<u64>().ok()?, rest),
        None => (0, text),
    };
    let seconds = match rest.strip_suffix('s') {
        Some(seconds) => seconds.parse::<u64>().ok()?,
        None if rest.is_empty() && text.ends_with('m') => 0,
        None => return None,
    };
    minutes.checked_mul(60)?.checked_add(seconds)
}

/// Reads the versions of a package, as `>=4.13, <5` or `*`.
pub(super) fn versions(findings: &mut Findings<'_>, written: &Written<String>) -> Option<VersionReq> {
    match VersionReq::parse(&written.value) {
        Ok(versions) => Some(versions),
        Err(error) => {
            findings.add(
                written.at,
                format!("{:?} are no versions ({error}); write \">=4.13, <5\" or \"*\"", written.value),
            );
            None
        }
    }
}

/// A version as packages have them: of two parts, or with letters behind. `None` where it does not begin with a number.
pub(super) fn version(text: &str) -> Option<Version> {
    let mut numbers = text.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u64>().ok()
    });
    let major = numbers.next()??;
    let mut next = || numbers.next().flatten().unwrap_or_default();
    Some(Version::new(major, next(), next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, expected) in [
            ("90s", Some(90)),
            ("2m", Some(120)),
            ("1m30s", Some(90)),
            ("", None),
            ("90", None),
            ("m", None),
            ("-1s", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn versions_of_packages_compare() {
        let range = VersionReq::parse(">=4.13, <5").unwrap();
        for (text, fits) in
            [("4.13.0", true), ("4.15.1", true), ("4.9", false), ("5.0.0", false), ("4.13.0rc1", true)]
        {
            assert_eq!(range.matches(&version(text).unwrap()), fits, "{text}");
        }
        assert_eq!(version("unknown"), None);
    }

    #[test]
    fn a_focus_may_be_a_later_one_of_its_name() {
        assert_eq!(Focus::parse("a.b#2"), Some(Focus { key: "a.b".into(), nth: 2 }));
        assert_eq!(Focus::parse("a.b").unwrap().to_string(), "a.b");
        assert_eq!(Focus::parse("a.b#"), None);
        assert_eq!(Focus::parse(""), None);
    }
}
