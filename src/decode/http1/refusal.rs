//! Why an upgrade, or an Engine.IO request over polling, was refused: the likely cause, in words.
//!
//! The texts are those of python-engineio 4.15 (`server.py`), engine.io 3 to 6 (`server.js`), engineioxide 0.17
//! (`errors.rs`), `websockets` 17 (`server.py`) and `ws` 8 (`websocket-server.js`).

use super::head::{Head, StartLine};
use super::rules;
use super::target::Target;
use super::text::{crop, lists, part, text};
use super::upgrade;
use crate::decode::field::Rule;

#[cfg(test)]
mod tests;

/// An answer longer than this is a page, and what it says is not searched for causes.
const MAX_REASON: usize = 1024;

/// A request that did not succeed, and its answer.
pub(super) struct Refused<'a> {
    /// The request's head, and the bytes it was parsed from.
    pub(super) request: (&'a Head, &'a [u8]),
    /// The answer's head, and the bytes it was parsed from.
    pub(super) answer: (&'a Head, &'a [u8]),
    /// The answer's body, without its codings.
    pub(super) body: &'a [u8],
}

/// Causes that servers put in words of their own, in the order in which they are looked for. In lower case.
static TEXTS: &[(&str, &Rule)] = &[
    ("accepted origin", &rules::REFUSED_ORIGIN),
    ("invalid origin header", &rules::REFUSED_ORIGIN),
    ("unsupported version of the socket.io", &rules::REFUSED_PROTOCOL_VERSION),
    ("unsupported protocol version", &rules::REFUSED_PROTOCOL_VERSION),
    ("invalid session", &rules::REFUSED_SID),
    ("session id unknown", &rules::REFUSED_SID),
    ("invalid websocket upgrade", &rules::REFUSED_STRIPPED),
    ("unexpected http request", &rules::REFUSED_AFTER_UPGRADE),
    ("invalid transport", &rules::REFUSED_TRANSPORT),
    ("transport unknown", &rules::REFUSED_TRANSPORT),
    ("bad handshake method", &rules::REFUSED_METHOD),
];

/// What the body of an answer says, as far as it can be a reason.
#[derive(Default)]
struct Reason {
    /// Engine.IO's number of the error, where it was written as a number: engineioxide writes it as text.
    code: Option<u64>,
    /// The message.
    message: String,
}

impl Reason {
    /// Reads `{"code":1,"message":"…"}`, a JSON string, or plain text.
    fn of(body: &[u8]) -> Reason {
        if body.len() > MAX_REASON {
            return Reason::default();
        }
        let text = String::from_utf8_lossy(body).trim().to_owned();
        match serde_json::from_slice(body) {
            Ok(serde_json::Value::String(message)) => Reason { code: None, message },
            Ok(serde_json::Value::Object(fields)) => Reason {
                code: fields.get("code").and_then(|code| code.as_u64()),
                message: fields.get("message").and_then(|m| m.as_str()).map_or(text, str::to_owned),
            },
            _ => Reason { code: None, message: text },
        }
    }
}

impl Refused<'_> {
    /// The rule that names the likely cause, and this answer's own values. `None` where nothing was refused: the
    /// request was neither an upgrade to WebSocket nor of Engine.IO, or it succeeded.
    pub(super) fn cause(&self) -> Option<(&'static Rule, String)> {
        let StartLine::Response { code, .. } = self.answer.0.start else { return None };
        let upgrade = upgrade::is_wanted(self.request.0, self.request.1);
        let refused = if upgrade { code >= 200 } else { code >= 400 && self.is_engine() };
        if !refused {
            return None;
        }
        let reason = Reason::of(self.body);
        let rule = self.said(&reason, upgrade).or_else(|| self.meant(code, upgrade));
        let rule = rule.unwrap_or_else(|| by_code(code));
        Some((rule, self.detail(code, &reason, rule)))
    }

    fn target(&self) -> Option<Target> {
        match &self.request.0.start {
            StartLine::Request { target, .. } => Some(Target::of(self.request.1, target)),
            StartLine::Response { .. } => None,
        }
    }

    /// Whether Engine.IO was asked for, be it over a transport that there is not.
    fn is_engine(&self) -> bool {
        ["EIO", "transport"].iter().all(|name| self.parameter(name).is_some())
    }

    fn parameter(&self, name: &str) -> Option<String> {
        self.target()?.parameter(self.request.1, name)
    }

    fn asked(&self, name: &str) -> Option<String> {
        let (head, bytes) = self.request;
        head.values(bytes, name).next().map(|v| String::from_utf8_lossy(v).into_owned())
    }

    fn answered(&self, name: &str) -> Option<String> {
        let (head, bytes) = self.answer;
        head.values(bytes, name).next().map(|v| String::from_utf8_lossy(v).into_owned())
    }

    /// The cause that the answer's body names.
    fn said(&self, reason: &Reason, upgrade: bool) -> Option<&'static Rule> {
        let message = reason.message.to_lowercase();
        let rule = TEXTS.iter().find(|(text, _)| message.contains(text)).map(|(_, rule)| *rule);
        match rule {
            // python-engineio says the same where an engine session exists and the upgrade is missing. A client
            // only tries the upgrade if the server's open packet offered it.
            Some(rule) if *rule == rules::REFUSED_TRANSPORT && upgrade && self.parameter("sid").is_some() => {
                Some(&rules::REFUSED_STRIPPED)
            }
            Some(rule) => Some(rule),
            // engine.io answers an upgrade with plain text, and in JSON only what reached it as a plain request.
            None if upgrade && reason.code == Some(3) => Some(&rules::REFUSED_STRIPPED),
            None if upgrade && message == "bad request" && self.is_engine() && is_json_string(self.body) => {
                Some(&rules::REFUSED_NO_WEBSOCKET)
            }
            None if message == "forbidden" => Some(&rules::REFUSED_FORBIDDEN),
            None => None,
        }
    }

    /// The cause that follows from heads alone.
    fn meant(&self, code: u16, upgrade: bool) -> Option<&'static Rule> {
        let version = self.asked("sec-websocket-version").unwrap_or_default();
        let spoken = self.answered("sec-websocket-version");
        let other_version = spoken.is_some_and(|s| !lists([s.as_bytes()].into_iter(), &version));
        let (head, bytes) = self.request;
        let malformed = || upgrade::requirements(head, bytes).iter().any(|r| !r.met);
        match code {
            400 | 426 if upgrade && other_version => Some(&rules::REFUSED_WEBSOCKET_VERSION),
            400 | 405 | 426 | 505 if upgrade && malformed() => Some(&rules::REFUSED_MALFORMED),
            426 if upgrade => Some(&rules::REFUSED_STRIPPED),
            _ => None,
        }
    }

    /// The values that belong to `rule`.
    fn detail(&self, code: u16, reason: &Reason, rule: &Rule) -> String {
        let mut detail = code.to_string();
        let mut add = |label: &str, value: Option<String>| {
            if let Some(value) = value.filter(|v| !v.is_empty()) {
                detail.push_str(&format!(", {label}{}", crop(&value, 100)));
            }
        };
        let short = Some(reason.message.clone()).filter(|m| m.len() <= 200 && !m.starts_with('<'));
        add("", short.map(|m| format!("{m:?}")));
        match rule {
            r if *r == rules::REFUSED_ORIGIN || *r == rules::REFUSED_FORBIDDEN => {
                add("Origin: ", self.asked("origin"));
            }
            r if *r == rules::REFUSED_SID || *r == rules::REFUSED_AFTER_UPGRADE => {
                add("sid=", self.parameter("sid"));
            }
            r if *r == rules::REFUSED_PROTOCOL_VERSION => add("EIO=", self.parameter("EIO")),
            r if *r == rules::REFUSED_TRANSPORT => add("transport=", self.parameter("transport")),
            r if *r == rules::REFUSED_REDIRECT => add("Location: ", self.answered("location")),
            r if *r == rules::REFUSED_WEBSOCKET_VERSION => {
                add("sent ", self.asked("sec-websocket-version"));
                add("server speaks ", self.answered("sec-websocket-version"));
            }
            r if *r == rules::REFUSED_RATE => add("Retry-After: ", self.answered("retry-after")),
            r if *r == rules::REFUSED_METHOD => add("method ", self.method()),
            r if *r == rules::REFUSED_PATH || *r == rules::REFUSED_PLAIN_ANSWER => {
                add("path ", self.target().map(|t| text(self.request.1, &t.path).into_owned()));
            }
            r if *r == rules::REFUSED_MALFORMED => {
                let (head, bytes) = self.request;
                let broken = upgrade::requirements(head, bytes).into_iter().find(|r| !r.met);
                add("", broken.map(|r| r.rule.title.to_owned()));
            }
            _ => {}
        }
        detail
    }

    fn method(&self) -> Option<String> {
        let (head, bytes) = self.request;
        match &head.start {
            StartLine::Request { method, .. } => {
                Some(String::from_utf8_lossy(part(bytes, method)).into_owned())
            }
            StartLine::Response { .. } => None,
        }
    }
}

fn is_json_string(body: &[u8]) -> bool {
    body.starts_with(b"\"")
}

/// The cause that a status code alone suggests.
fn by_code(code: u16) -> &'static Rule {
    match code {
        200..=299 => &rules::REFUSED_PLAIN_ANSWER,
        300..=399 => &rules::REFUSED_REDIRECT,
        400 => &rules::REFUSED_BAD_REQUEST,
        401 | 407 => &rules::REFUSED_AUTHENTICATION,
        403 => &rules::REFUSED_FORBIDDEN,
        404 | 410 => &rules::REFUSED_PATH,
        405 => &rules::REFUSED_METHOD,
        426 => &rules::REFUSED_UPGRADE_REQUIRED,
        429 => &rules::REFUSED_RATE,
        502..=504 => &rules::REFUSED_GATEWAY,
        500..=599 => &rules::REFUSED_SERVER_ERROR,
        _ => &rules::REFUSED_CLIENT_ERROR,
    }
}
