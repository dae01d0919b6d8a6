//! Bodies by which a server answers without packets: `ok` to a POST, and the errors of the transport.
//!
//! The JavaScript server writes `{"code":1,"message":"Session ID unknown"}`, and the message alone where it refuses
//! an upgrade; python-engineio writes the message as a JSON string.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::defs::{ERROR_CODE, ERROR_MESSAGE, REFUSED, RESPONSE};
use crate::decode::dissect::Payload;
use crate::decode::http1;
use crate::decode::json::line::Line;
use crate::decode::json::{Located, unquoted};
use crate::decode::sink::Sink;
use crate::decode::unit::Value;

/// An answer without packets.
#[derive(Debug, PartialEq)]
pub(super) enum Answer<'a> {
    /// The packets of a POST were taken.
    Taken,
    /// The request was refused.
    Refused {
        /// The error's number, as written, and its value.
        code: Option<(&'a str, u64)>,
        /// The error's text, as written.
        message: &'a str,
    },
}

/// No server writes an error of more bytes.
const LONGEST: usize = 4096;

#[derive(Deserialize)]
struct Error<'a> {
    #[serde(borrow)]
    code: &'a RawValue,
    #[serde(borrow)]
    message: &'a RawValue,
}

impl<'a> Answer<'a> {
    /// Reads a whole body; `None` where it is no such answer.
    pub(super) fn read(body: &'a str) -> Option<Answer<'a>> {
        let refused = |code, message| Some(Answer::Refused { code, message });
        match body.bytes().next()? {
            _ if body.len() > LONGEST => None,
            b'o' | b'O' if matches!(body, "ok" | "OK") => Some(Answer::Taken),
            b'{' => {
                let error: Error<'a> = serde_json::from_str(body).ok()?;
                let code = error.code.get().parse().ok()?;
                ERROR_CODE.value(code)?;
                error.message.get().starts_with('"').then_some(())?;
                refused(Some((error.code.get(), code)), error.message.get())
            }
            b'"' => {
                let message: &RawValue = serde_json::from_str(body).ok()?;
                refused(None, message.get())
            }
            _ => ERROR_CODE.values.iter().find(|v| v.name == body).and_then(|_| refused(None, body)),
        }
    }

    /// Says what it means.
    pub(super) fn dissect(&self, payload: &Payload<'_>, body: Located<'a>, sink: &mut Sink) {
        match *self {
            Answer::Taken => {
                sink.summary(|| "ok".to_owned());
                sink.field(&RESPONSE, payload.whole(), || Value::Text(body.text.to_owned()));
            }
            Answer::Refused { code, message } => {
                let text = unquoted(message);
                // Who knows the request as well has named the cause more closely.
                if !sink.has_found(http1::names_cause) {
                    sink.finding(&REFUSED, payload.whole(), &*text);
                }
                sink.summary(|| {
                    let mut line = Line::from("error ");
                    if let Some((code, _)) = code {
                        line.push(code);
                        line.push(" ");
                    }
                    line.push("\"");
                    line.push(&text);
                    line.finish("\"")
                });
                if let Some((code, value)) = code {
                    sink.field(&ERROR_CODE, body.part(code).span(), || Value::Unsigned(value));
                }
                let span = body.part(message).span();
                sink.field(&ERROR_MESSAGE, span, || Value::Text(text.into_owned()));
            }
        }
    }
}
