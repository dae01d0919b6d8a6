//! JSON-RPC 2.0: calls and their results as JSON, <https://www.jsonrpc.org/specification>.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::dissect::{Carrier, Dissect, Payload};
use super::field::{FieldDef, ProtocolDef, fields, rules};
use super::json::line::Line;
use super::json::{self, Located, unquoted};
use super::sink::{Detail, Sink};
use super::unit::{Memory, Value};

/// JSON-RPC.
pub struct JsonRpc;

static PROTOCOL: ProtocolDef = ProtocolDef {
    key: "jsonrpc",
    name: "JSON-RPC",
    is_format: false,
    meaning: "Calls a method on the other side and carries the result back, as JSON.",
    spec: "JSON-RPC 2.0 specification",
    fields: FIELDS,
    rules: RULES,
};

fields! {
    REQUEST = Group "jsonrpc.request", "Request",
        "Calls a method and asks for a response.", "JSON-RPC 2.0 §4";
    NOTIFICATION = Group "jsonrpc.notification", "Notification",
        "Calls a method and wants no response, so it has no id.", "JSON-RPC 2.0 §4.1";
    RESPONSE = Group "jsonrpc.response", "Response",
        "Answers the request with the same id, by a result or an error.", "JSON-RPC 2.0 §5";
    VERSION = Text "jsonrpc.version", "Version",
        "The version of the protocol; always 2.0.", "JSON-RPC 2.0 §4";
    ID = Json "jsonrpc.id", "Id",
        "Ties a response to its request: a string or a number that the caller chose, or null where the id could not be read.",
        "JSON-RPC 2.0 §4";
    METHOD = Text "jsonrpc.method", "Method",
        "The name of the method to be called.", "JSON-RPC 2.0 §4";
    PARAMS = Json "jsonrpc.params", "Parameters",
        "What the method is called with: values by position in an array, or by name in an object.",
        "JSON-RPC 2.0 §4.2";
    RESULT = Json "jsonrpc.result", "Result",
        "What the method returned.", "JSON-RPC 2.0 §5";
    ERROR = Json "jsonrpc.error", "Error",
        "Why the call failed, as an object.", "JSON-RPC 2.0 §5.1";
    ERROR_CODE = Json "jsonrpc.error.code", "Error code",
        "The kind of error, a whole number: those from -32768 to -32000 are the protocol's, all others the application's.",
        "JSON-RPC 2.0 §5.1";
    ERROR_NAME = Text "jsonrpc.error.name", "Error name",
        "What the protocol calls this error code.", "JSON-RPC 2.0 §5.1";
    ERROR_MESSAGE = Text "jsonrpc.error.message", "Error message",
        "The error in a short sentence.", "JSON-RPC 2.0 §5.1";
    ERROR_DATA = Json "jsonrpc.error.data", "Error data",
        "What else the server tells of the error.", "JSON-RPC 2.0 §5.1";
}

rules! {
    INVALID = Error "jsonrpc.invalid", "neither request nor response",
        "A request has a method, a response a result or an error. The receiver answers anything else with the error Invalid Request.",
        "JSON-RPC 2.0 §4";
    RESULT_AND_ERROR = Error "jsonrpc.result_and_error", "both result and error",
        "A call either returned or failed, so a response holds exactly one of the two.", "JSON-RPC 2.0 §5";
    NO_ID = Error "jsonrpc.response_without_id", "response without id",
        "A response repeats the id of its request, or null where that could not be read. Without it the caller cannot tell which call it answers.",
        "JSON-RPC 2.0 §5";
    BAD_ID = Error "jsonrpc.bad_id", "id of a wrong type",
        "An id is a string, a number or null.", "JSON-RPC 2.0 §4";
    BAD_METHOD = Error "jsonrpc.bad_method", "method is not a string",
        "The method is named by a string, so nothing can be called.", "JSON-RPC 2.0 §4";
    BAD_PARAMS = Error "jsonrpc.bad_params", "parameters are not structured",
        "Parameters are an array or an object; a single value stands in an array of one.", "JSON-RPC 2.0 §4.2";
    BAD_ERROR = Error "jsonrpc.bad_error", "error without code and message",
        "An error is an object with a whole number as its code and a string as its message.", "JSON-RPC 2.0 §5.1";
    RESERVED = Warning "jsonrpc.reserved_method", "reserved method name",
        "Names that begin with rpc. are kept for the protocol's extensions. An application should choose others.",
        "JSON-RPC 2.0 §4";
    FOREIGN_ELEMENT = Error "jsonrpc.foreign_batch_element", "batch with an element that is no call",
        "Each element of a batch is a request or a response object. The receiver answers this one with the error Invalid Request.",
        "JSON-RPC 2.0 §6";
}

/// The error codes that the protocol defines.
const ERROR_NAMES: [(i64, &str); 5] = [
    (-32700, "Parse error"),
    (-32600, "Invalid Request"),
    (-32601, "Method not found"),
    (-32602, "Invalid params"),
    (-32603, "Internal error"),
];

/// A request, notification or response; each member as it was written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Call<'a> {
    #[serde(borrow, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// Tells `null` from a missing member.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The object behind `error`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CallError<'a> {
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    data: Option<&'a RawValue>,
}

impl<'a> CallError<'a> {
    fn parse(error: &'a RawValue) -> CallError<'a> {
        // serde would take an array for the members in their order.
        let is_object = error.get().starts_with('{');
        is_object.then(|| serde_json::from_str(error.get()).ok()).flatten().unwrap_or_default()
    }

    fn code(&self) -> Option<i64> {
        self.code?.get().parse().ok()
    }
}

impl<'a> Call<'a> {
    /// Reads an object that says that it is JSON-RPC 2.0.
    fn parse(text: &'a str) -> Option<Call<'a>> {
        let call: Call<'a> = serde_json::from_str(text).ok()?;
        (text.starts_with('{') && call.jsonrpc?.get() == r#""2.0""#).then_some(call)
    }

    fn kind(&self) -> Option<&'static FieldDef> {
        match (self.method, self.id) {
            _ if self.result.is_some() || self.error.is_some() => Some(&RESPONSE),
            (Some(_), Some(_)) => Some(&REQUEST),
            (Some(_), None) => Some(&NOTIFICATION),
            (None, _) => None,
        }
    }

    fn check(&self, text: Located<'a>, sink: &mut Sink) {
        let starts = |raw: &RawValue, with: &[char]| raw.get().starts_with(with);
        let mut broken = |rule, raw: Option<&'a RawValue>| {
            let part = raw.map_or(text, |raw| text.part(raw.get()));
            sink.finding(rule, part.span(), "");
        };
        let kind = self.kind();
        if kind.is_none() {
            broken(&INVALID, None);
        }
        if self.result.is_some() && self.error.is_some() {
            broken(&RESULT_AND_ERROR, None);
        }
        if kind.is_some_and(|kind| *kind == RESPONSE) && self.id.is_none() {
            broken(&NO_ID, None);
        }
        if self.id.is_some_and(|id| starts(id, &['{', '[', 't', 'f'])) {
            broken(&BAD_ID, self.id);
        }
        match self.method {
            Some(method) if !starts(method, &['"']) => broken(&BAD_METHOD, self.method),
            Some(method) if unquoted(method.get()).starts_with("rpc.") => broken(&RESERVED, self.method),
            _ => {}
        }
        if self.params.is_some_and(|params| !starts(params, &['{', '['])) {
            broken(&BAD_PARAMS, self.params);
        }
        if let Some(raw) = self.error {
            let error = CallError::parse(raw);
            if error.code().is_none() || !error.message.is_some_and(|message| starts(message, &['"'])) {
                broken(&BAD_ERROR, Some(raw));
            }
        }
    }

    fn fields(&self, text: Located<'a>, sink: &mut Sink) {
        let part = |raw: &'a RawValue| text.part(raw.get());
        let string = |raw: &RawValue| Value::Text(unquoted(raw.get()).into_owned());
        let as_written = |raw: &RawValue| Value::Json(raw.get().to_owned());
        let json = |def, raw: Option<&'a RawValue>, sink: &mut Sink| {
            if let Some(raw) = raw {
                sink.open(def, part(raw).span(), || as_written(raw));
                json::tree(part(raw), sink);
                sink.close();
            }
        };
        sink.open(self.kind().unwrap_or(&REQUEST), text.span(), || Value::None);
        for (def, raw) in [(&VERSION, self.jsonrpc), (&METHOD, self.method)] {
            if let Some(raw) = raw {
                sink.field(def, part(raw).span(), || string(raw));
            }
        }
        if let Some(id) = self.id {
            sink.field(&ID, part(id).span(), || as_written(id));
        }
        json(&PARAMS, self.params, sink);
        json(&RESULT, self.result, sink);
        if let Some(raw) = self.error {
            let error = CallError::parse(raw);
            sink.open(&ERROR, part(raw).span(), || as_written(raw));
            if let Some(code) = error.code {
                sink.field(&ERROR_CODE, part(code).span(), || as_written(code));
                if let Some((_, name)) = ERROR_NAMES.iter().find(|(known, _)| Some(*known) == error.code()) {
                    sink.field(&ERROR_NAME, part(code).span(), || Value::Text((*name).to_owned()));
                }
            }
            if let Some(message) = error.message {
                sink.field(&ERROR_MESSAGE, part(message).span(), || string(message));
            }
            json(&ERROR_DATA, error.data, sink);
            sink.close();
        }
        sink.close();
    }

    /// `request add [1,2] (id 1)`, `error -32601 "Method not found" (id 1)`.
    fn summarise(&self, line: &mut Line) {
        let word = |text: &str, line: &mut Line| {
            line.push(" ");
            line.push_json(text);
        };
        match (self.error, self.result, self.method) {
            (Some(raw), ..) => {
                let error = CallError::parse(raw);
                line.push("error");
                [error.code, error.message].into_iter().flatten().for_each(|part| word(part.get(), line));
            }
            (None, Some(result), _) => {
                line.push("response");
                word(result.get(), line);
            }
            (None, None, Some(method)) => {
                line.push(if self.id.is_some() { "request " } else { "notification " });
                line.push(&unquoted(method.get()));
                if let Some(params) = self.params {
                    word(params.get(), line);
                }
            }
            (None, None, None) => line.push("invalid call"),
        }
    }

    /// The end of a summary, which is never cut.
    fn tail(&self) -> String {
        match self.id.map(RawValue::get) {
            Some(id) if id.len() <= 40 => format!(" (id {id})"),
            _ => String::new(),
        }
    }
}

/// The calls of a payload: one object, or the elements of a batch, at most 10,000; and whether it is a batch.
fn calls<'a>(text: Located<'a>) -> (Vec<Located<'a>>, bool) {
    let trimmed = text.text.trim_ascii();
    match trimmed.strip_prefix('[').and_then(|inside| inside.strip_suffix(']')) {
        Some(inside) => (json::elements(text.part(inside)), true),
        None => (vec![text.part(trimmed)], false),
    }
}

impl Dissect for JsonRpc {
    fn def(&self) -> &'static ProtocolDef {
        &PROTOCOL
    }

    fn claims(&self, payload: &Payload<'_>, _memory: &Memory) -> bool {
        let is_text = match payload.carrier {
            Carrier::HttpBody { .. } => true,
            Carrier::WebSocketMessage { text } | Carrier::EngineIoMessage { text } => text,
        };
        is_text
            && memchr::memmem::find(&payload.bytes, br#""jsonrpc""#).is_some()
            && Located::of(payload).is_some_and(|text| {
                let (calls, is_batch) = calls(text);
                // The first element says whether a batch is one; it must be valid as a whole all the same.
                let is_call = calls.first().is_some_and(|first| Call::parse(first.text).is_some());
                is_call && (!is_batch || json::check(text.text).is_ok())
            })
    }

    fn dissect<'a>(&self, payload: &Payload<'a>, _memory: &mut Memory, sink: &mut Sink) -> Vec<Payload<'a>> {
        let Some(text) = Located::of(payload) else { return Vec::new() };
        let (calls, is_batch) = calls(text);
        let mut line = Line::new();
        if is_batch {
            line.push(&format!("batch of {}: ", calls.len()));
        }
        let mut tail = String::new();
        for (n, text) in calls.into_iter().enumerate() {
            let Some(call) = Call::parse(text.text) else {
                sink.finding(&FOREIGN_ELEMENT, text.span(), "");
                continue;
            };
            call.check(text, sink);
            if sink.detail() >= Detail::Summary {
                line.push(&tail);
                line.push(if n == 0 { "" } else { ", " });
                call.summarise(&mut line);
                tail = call.tail();
                call.fields(text, sink);
            }
        }
        sink.summary(|| line.finish(&tail));
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::json::testing::{self, DETAILS, Said};

    fn read(text: &str, detail: Detail) -> Said {
        testing::read(&testing::message(true, text.as_bytes()), &mut Memory::default(), detail)
    }

    #[test]
    fn the_examples_of_the_specification() {
        #[rustfmt::skip]
        let cases = [
            (r#"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#, "request subtract [42,23] (id 1)"),
            (r#"{"jsonrpc": "2.0", "result": 19, "id": 1}"#,                  "response 19 (id 1)"),
            (r#"{"jsonrpc": "2.0", "result": null, "id": "a"}"#,              "response null (id \"a\")"),
            (r#"{"jsonrpc": "2.0", "method": "update", "params": [1,2]}"#,    "notification update [1,2]"),
            (r#"{"jsonrpc": "2.0", "method": "foobar"}"#,                     "notification foobar"),
            (r#"{"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "1"}"#,
                "error -32601 \"Method not found\" (id \"1\")"),
            (r#"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#,
                "error -32700 \"Parse error\" (id null)"),
            (r#"[{"jsonrpc": "2.0", "method": "sum", "params": [1], "id": "1"}, {"jsonrpc": "2.0", "method": "hello"}]"#,
                "batch of 2: request sum [1] (id \"1\"), notification hello"),
        ];
        for (text, summary) in cases {
            let said = read(text, Detail::Summary);
            assert_eq!(said.summaries(), [format!("jsonrpc: {summary}")]);
            assert!(said.rules().is_empty(), "{text} {:?}", said.rules());
        }
    }

    #[test]
    fn fields_stand_where_they_were_written() {
        assert_eq!(
            read(r#"{"jsonrpc":"2.0","method":"a","params":[1],"id":2}"#, Detail::Tree).lines(),
            [
                "jsonrpc.request 0..50",
                "  jsonrpc.version 11..16 2.0",
                "  jsonrpc.method 26..29 a",
                "  jsonrpc.id 48..49 2",
                "  jsonrpc.params 39..42 [1]",
                "    json.array 39..42",
                "      json.value.number 40..41 1",
            ]
        );
        let error = r#"[{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no","data":null}}]"#;
        assert_eq!(
            read(error, Detail::Tree).lines()[3..],
            [
                r#"  jsonrpc.error 33..75 {"code":-32602,"message":"no","data":null}"#,
                "    jsonrpc.error.code 41..47 -32602",
                "    jsonrpc.error.name 41..47 Invalid params",
                "    jsonrpc.error.message 58..62 no",
                "    jsonrpc.error.data 70..74 null",
                "      json.value.null 70..74 null",
            ]
        );
    }

    #[test]
    fn what_is_malformed_is_a_finding() {
        #[rustfmt::skip]
        let cases: [(&str, &[&str]); 11] = [
            (r#""id":1"#,                                              &["jsonrpc.invalid"]),
            (r#""id":1,"result":1,"error":{"code":1,"message":""}"#,   &["jsonrpc.result_and_error"]),
            (r#""result":1"#,                                          &["jsonrpc.response_without_id"]),
            (r#""result":1,"id":{}"#,                                  &["jsonrpc.bad_id"]),
            (r#""method":1"#,                                          &["jsonrpc.bad_method"]),
            (r#""method":"rpc.x""#,                                    &["jsonrpc.reserved_method"]),
            (r#""method":"a","params":1"#,                             &["jsonrpc.bad_params"]),
            (r#""method":"a","params":null"#,                          &["jsonrpc.bad_params"]),
            (r#""id":1,"error":"no""#,                                 &["jsonrpc.bad_error"]),
            (r#""id":1,"error":[1,"no"]"#,                             &["jsonrpc.bad_error"]),
            (r#""id":1,"error":{"code":1.5,"message":"no"}"#,          &["jsonrpc.bad_error"]),
        ];
        for (members, rules) in cases {
            assert_eq!(
                read(&format!(r#"{{"jsonrpc":"2.0",{members}}}"#), Detail::Facts).rules(),
                rules,
                "{members}"
            );
        }
        let batch = r#"[{"jsonrpc":"2.0","method":"a"},1]"#;
        assert_eq!(read(batch, Detail::Facts).rules(), ["jsonrpc.foreign_batch_element"]);
    }

    #[test]
    fn other_json_is_not_claimed() {
        let cases = [
            r#"{"jsonrpc":"1.0","method":"a"}"#,
            r#"{"a":{"jsonrpc":"2.0"}}"#,
            r#"[[{"jsonrpc":"2.0"}]]"#,
            r#"[1,{"jsonrpc":"2.0"}]"#,
            r#"{"jsonrpc":"2.0","jsonrpc":"2.0"}"#,
            r#"[{"jsonrpc":"2.0","method":"a"},]"#,
            r#"{"jsonrpc":"2.0""#,
            r#"["2.0"] "jsonrpc""#,
            "[]",
        ];
        for text in cases {
            assert!(!JsonRpc.claims(&testing::message(true, text.as_bytes()), &Memory::default()), "{text}");
        }
        let binary = testing::message(false, br#"{"jsonrpc":"2.0","method":"a"}"#);
        assert!(!JsonRpc.claims(&binary, &Memory::default()));
    }

    #[test]
    fn long_batches_are_bounded() {
        let call = r#"{"jsonrpc":"2.0","method":"a","id":1},"#;
        let batch = format!("[{}1]", call.repeat(50_000));
        let said = read(&batch, Detail::Tree);
        assert!(said.summary().starts_with("batch of 10000: request a (id 1), request a"));
        assert!(said.summary().chars().count() < 450);
        assert!(said.lines().len() <= 50_000);
    }

    proptest::proptest! {
        #[test]
        fn mutated_calls_are_survived(which in 0usize..3, at in 0usize..80, byte: u8) {
            let valid = [
                r#"{"jsonrpc":"2.0","method":"a","params":[1,{"b":null}],"id":2}"#,
                r#"[{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no","data":null}}]"#,
                r#"{"jsonrpc":"2.0","result":"\u00e9","id":"x"}"#,
            ];
            let mut bytes = valid[which].as_bytes().to_vec();
            let at = at.min(bytes.len() - 1);
            bytes[at] = byte;
            for detail in DETAILS {
                testing::read(&testing::message(true, &bytes), &mut Memory::default(), detail);
                testing::read(&testing::message(true, &bytes[..at]), &mut Memory::default(), detail);
            }
        }
    }
}
