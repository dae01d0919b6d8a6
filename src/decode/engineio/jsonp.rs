//! JSONP: polling bodies inside a script, for browsers without cross-origin requests
//! (Engine.IO protocol v3, JSONP; the JavaScript and Python servers still speak it in version 4).

/// A polling body inside a script or a form.
#[derive(Debug, PartialEq)]
pub(super) struct Jsonp<'a> {
    /// The number of the callback, in a script.
    pub(super) index: Option<&'a str>,
    /// The body, as escaped.
    pub(super) data: &'a str,
    /// The body.
    pub(super) body: String,
}

/// The beginning of a script, up to the number of the callback.
const SCRIPT: &str = "___eio[";

/// The beginning of a form.
const FORM: &str = "d=";

/// Whether a body begins like a script of the server or a form of the client.
pub(super) fn begins_like_jsonp(body: &[u8]) -> bool {
    body.starts_with(SCRIPT.as_bytes()) || body.starts_with(FORM.as_bytes())
}

impl<'a> Jsonp<'a> {
    /// Reads a whole body.
    pub(super) fn read(text: &'a str) -> Option<Jsonp<'a>> {
        match text.strip_prefix(SCRIPT) {
            Some(script) => Jsonp::script(script),
            None => Jsonp::form(text),
        }
    }

    /// `___eio[<j>]("<escaped body>");`
    fn script(script: &'a str) -> Option<Jsonp<'a>> {
        let (index, call) = script.split_once(']')?;
        let call = call.trim_end();
        let data = call.strip_suffix(';').unwrap_or(call).strip_prefix('(')?.strip_suffix(')')?;
        // A JavaScript string that JSON.stringify wrote is a JSON string.
        let body = serde_json::from_str(data).ok()?;
        Some(Jsonp { index: Some(index), data, body })
    }

    /// `d=<escaped body>`. Browsers change line ends in forms, so the client writes a line feed as `\n` and a
    /// backslash in front of an n as two.
    fn form(text: &'a str) -> Option<Jsonp<'a>> {
        let data = text.strip_prefix(FORM)?.split('&').next()?;
        let (_, value) = url::form_urlencoded::parse(text.as_bytes()).find(|(name, _)| name == "d")?;
        let lines: Vec<_> = value.split("\\\\n").map(|part| part.replace("\\n", "\n")).collect();
        let body = lines.join("\\n");
        Some(Jsonp { index: None, data, body })
    }
}
