//! Requests and responses as HAR has them: heads in their order, bodies without any coding.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;

use crate::decode::http1::head::{Head, Parsed, Role, StartLine};
use crate::decode::sink::Detail;
use crate::decode::unit::{SourceKind, UnitKind};
use crate::session::{Session, StoreError, UnitRef};

/// What stands for a host that nothing tells (RFC 6761 §6.4).
const NO_HOST: &str = "unknown.invalid";

/// An HTTP message.
pub(super) struct Http {
    head: Option<Head>,
    wire: Bytes,
    /// Its content, no coding left.
    body: Vec<u8>,
    /// How many bytes head and body had on the wire, where it was seen there.
    sizes: Option<(usize, u64)>,
}

impl Http {
    pub fn of(session: &Session, unit: &UnitRef) -> Result<Http, StoreError> {
        let tree = session.look(unit, Detail::Tree)?;
        let source = tree.sources.first();
        let wire = source.map(|source| source.bytes.clone()).unwrap_or_default();
        let role = if unit.kind == UnitKind::HttpRequest { Role::Request } else { Role::Response };
        let head = match Head::parse(&wire, role) {
            Parsed::Complete(head) => Some(head),
            Parsed::Need | Parsed::NotHttp => None,
        };
        let length = head.as_ref().map_or(wire.len(), |head| head.len);
        let was_seen = source.is_some_and(|source| source.kind != SourceKind::Told);
        let mut nodes = tree.layers.iter().flat_map(|layer| &layer.nodes);
        let body = nodes.find(|node| node.def.key == "http.file_data").map(|node| tree.bytes(&node.span));
        let body = body.unwrap_or_default().to_vec();
        let sizes = was_seen.then(|| (length, unit.length.saturating_sub(length as u64)));
        Ok(Http { head, wire, body, sizes })
    }

    fn text(&self, range: &std::ops::Range<usize>) -> Cow<'_, str> {
        String::from_utf8_lossy(self.wire.get(range.clone()).unwrap_or_default())
    }

    fn headers(&self) -> Vec<Pair> {
        let headers = self.head.iter().flat_map(|head| &head.headers);
        headers.map(|header| Pair::of(&self.text(&header.name), &self.text(&header.value))).collect()
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Cow<'a, str>> {
        let values = self.head.iter().flat_map(move |head| head.values(&self.wire, name));
        values.map(String::from_utf8_lossy)
    }

    /// Whether it asks for a WebSocket.
    pub fn names_websocket(&self) -> bool {
        self.values("upgrade").any(|value| value.to_ascii_lowercase().contains("websocket"))
    }

    /// What was told of HTTP versions that nobody knew has none.
    fn version(&self) -> String {
        let version = self.head.as_ref().map(|head| self.text(head.start.version()).into_owned());
        version.filter(|version| version != "HTTP/?").unwrap_or_else(|| "unknown".to_owned())
    }

    fn header_size(&self) -> i64 {
        self.sizes.map_or(-1, |(head, _)| i64::try_from(head).unwrap_or(-1))
    }

    fn body_size(&self) -> i64 {
        self.sizes.map_or(-1, |(_, body)| i64::try_from(body).unwrap_or(-1))
    }

    fn media_type(&self) -> Option<String> {
        self.values("content-type").next().map(Cow::into_owned)
    }

    /// The body as text, and how that was made of it where it was none.
    fn body(&self) -> (String, Option<&'static str>) {
        match std::str::from_utf8(&self.body) {
            Ok(text) => (text.to_owned(), None),
            Err(_) => (STANDARD.encode(&self.body), Some("base64")),
        }
    }
}

#[derive(Serialize)]
struct Pair {
    name: String,
    value: String,
}

impl Pair {
    fn of(name: &str, value: &str) -> Pair {
        Pair { name: name.to_owned(), value: value.to_owned() }
    }
}

/// A cookie (RFC 6265 §4); of one that a client sends back only name and value are known.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cookie {
    name: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secure: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    same_site: Option<String>,
}

impl Cookie {
    fn sent_back(text: &str) -> Option<Cookie> {
        let (name, value) = text.split_once('=')?;
        Some(Cookie { name: name.trim().to_owned(), value: value.trim().to_owned(), ..Cookie::default() })
    }

    fn set(text: &str) -> Option<Cookie> {
        let mut parts = text.split(';');
        let mut cookie = Cookie::sent_back(parts.next()?)?;
        (cookie.http_only, cookie.secure) = (Some(false), Some(false));
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "path" => cookie.path = Some(value.to_owned()),
                "domain" => cookie.domain = Some(value.to_owned()),
                "expires" => cookie.expires = expiry(value),
                "httponly" => cookie.http_only = Some(true),
                "secure" => cookie.secure = Some(true),
                "samesite" => cookie.same_site = Some(value.to_owned()),
                _ => {}
            }
        }
        Some(cookie)
    }
}

/// The date of an `Expires` attribute, as RFC 3339; old servers write hyphens into it.
fn expiry(date: &str) -> Option<String> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new();
    let parsed = parser.parse_timestamp(date).or_else(|_| parser.parse_timestamp(date.replace('-', " ")));
    parsed.ok().map(|time| time.to_string())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostData {
    mime_type: String,
    text: String,
    /// HAR has no encoding here, so it is ours.
    #[serde(rename = "_encoding", skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
}

/// `request` of an entry.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    method: String,
    url: String,
    http_version: String,
    cookies: Vec<Cookie>,
    headers: Vec<Pair>,
    query_string: Vec<Pair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData>,
    headers_size: i64,
    body_size: i64,
}

impl Request {
    /// `host` is where the client connected to, for requests that name no host.
    pub fn of(http: &Http, host: Option<String>, is_websocket: bool) -> Request {
        let (method, target) = match http.head.as_ref().map(|head| &head.start) {
            Some(StartLine::Request { method, target, .. }) => (http.text(method), http.text(target)),
            _ => Default::default(),
        };
        let named = http.values("host").next().map(Cow::into_owned).filter(|host| !host.is_empty());
        let host = named.or(host).unwrap_or_else(|| NO_HOST.to_owned());
        let scheme = if is_websocket { "ws" } else { "http" };
        let url = match (method.as_ref(), target.contains("://") && !target.starts_with('/')) {
            (_, true) => target.to_string(),
            ("CONNECT", _) => format!("{scheme}://{target}"),
            (_, false) => format!("{scheme}://{host}{target}"),
        };
        let query =
            target.split('#').next().and_then(|target| target.split_once('?')).map(|(_, query)| query);
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let cookies = http.values("cookie").collect::<Vec<_>>();
        let post_data = (!http.body.is_empty()).then(|| {
            let (text, encoding) = http.body();
            PostData { mime_type: http.media_type().unwrap_or_default(), text, encoding }
        });
        Request {
            url,
            http_version: http.version(),
            cookies: cookies.iter().flat_map(|line| line.split(';')).filter_map(Cookie::sent_back).collect(),
            headers: http.headers(),
            query_string: pairs.map(|(name, value)| Pair::of(&name, &value)).collect(),
            post_data,
            headers_size: http.header_size(),
            body_size: http.body_size(),
            method: method.into_owned(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    size: usize,
    /// How many bytes a content coding saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    compression: Option<i64>,
    mime_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
}

/// `response` of an entry. Where there was none it says 0, as browsers do.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    status: u16,
    status_text: String,
    http_version: String,
    cookies: Vec<Cookie>,
    headers: Vec<Pair>,
    content: Content,
    #[serde(rename = "redirectURL")]
    redirect: String,
    headers_size: i64,
    body_size: i64,
}

impl Default for Response {
    fn default() -> Response {
        Response::of(&Http { head: None, wire: Bytes::new(), body: Vec::new(), sizes: None })
    }
}

impl Response {
    pub fn of(http: &Http) -> Response {
        let (status, status_text) = match http.head.as_ref().map(|head| &head.start) {
            Some(StartLine::Response { code, reason, .. }) => (*code, http.text(reason).into_owned()),
            _ => (0, String::new()),
        };
        let (text, encoding) = http.body();
        let size = http.body.len();
        let saved = i64::try_from(size).unwrap_or(i64::MAX).saturating_sub(http.body_size());
        let is_coded = http.sizes.is_some() && size > 0 && http.values("content-encoding").next().is_some();
        Response {
            status,
            status_text,
            http_version: http.version(),
            cookies: http.values("set-cookie").filter_map(|line| Cookie::set(&line)).collect(),
            headers: http.headers(),
            content: Content {
                size,
                compression: is_coded.then_some(saved),
                mime_type: http.media_type().unwrap_or_else(|| "x-unknown".to_owned()),
                text: (size > 0).then_some(text),
                encoding,
            },
            redirect: http.values("location").next().map(Cow::into_owned).unwrap_or_default(),
            headers_size: http.header_size(),
            body_size: http.body_size(),
        }
    }
}
