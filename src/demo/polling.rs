//! The client's Engine.IO by HTTP long-polling, on one connection that is kept alive.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;

use super::{DemoError, connect, patiently};

/// What the demo's client calls itself.
pub(super) const AGENT: &str = concat!("wirewalk-demo/", env!("CARGO_PKG_VERSION"));

/// The longest answer that the client reads. The demo server's are far shorter.
const MAX_BODY: usize = 64 * 1024;

/// What the server says about the engine session when it opens it (Engine.IO protocol 4, "Handshake").
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Open {
    sid: String,
    upgrades: Vec<String>,
}

/// The client's HTTP connection, and the engine session that it has opened there.
pub(super) struct Polling {
    via: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
    /// Empty before [`Polling::open`].
    sid: String,
}

impl Polling {
    /// Connects. Nothing is sent yet.
    pub(super) async fn connect(via: SocketAddr) -> Result<Self, DemoError> {
        let step = "the first connection";
        let stream = TokioIo::new(connect(step, via).await?);
        let (sender, connection) =
            handshake(stream).await.map_err(|source| DemoError::Http { step, source: source.into() })?;
        // How the connection ends is seen by the request that it fails.
        tokio::spawn(connection);
        Ok(Polling { via, sender, sid: String::new() })
    }

    /// Fetches the server's page: a plain HTTP exchange.
    pub(super) async fn page(&mut self) -> Result<(), DemoError> {
        let step = "the page";
        let page = self.exchange(step, Method::GET, "/".into(), "").await?;
        check(step, "the page of the demo server", &page, page.contains("wirewalk demo"))
    }

    /// Opens the engine session. The answer must offer the upgrade to WebSocket.
    pub(super) async fn open(&mut self) -> Result<(), DemoError> {
        let step = "the Engine.IO handshake";
        let body = self.exchange(step, Method::GET, self.path(), "").await?;
        let open = body.strip_prefix('0').and_then(|json| serde_json::from_str::<Open>(json).ok());
        match open {
            Some(open) if open.upgrades == ["websocket"] && !open.sid.is_empty() => {
                self.sid = open.sid;
                Ok(())
            }
            _ => {
                Err(DemoError::unexpected(step, "an open packet with a sid and the WebSocket upgrade", &body))
            }
        }
    }

    /// The session's id.
    pub(super) fn sid(&self) -> &str {
        &self.sid
    }

    /// Sends one packet.
    pub(super) async fn post(&mut self, step: &'static str, packet: &'static str) -> Result<(), DemoError> {
        let body = self.exchange(step, Method::POST, self.path(), packet).await?;
        check(step, "ok", &body, body == "ok")
    }

    /// Polls until a packet comes that starts with `wanted`, and returns it. Heartbeats on the way are answered.
    pub(super) async fn until(&mut self, step: &'static str, wanted: &str) -> Result<String, DemoError> {
        loop {
            let body = self.exchange(step, Method::GET, self.path(), "").await?;
            let mut found = None;
            // One body may hold several packets, with the record separator between them.
            for packet in body.split('\x1e') {
                match packet {
                    "2" => self.post("a heartbeat by polling", "3").await?,
                    _ if packet.starts_with(wanted) && found.is_none() => found = Some(packet.to_owned()),
                    _ => return Err(DemoError::unexpected(step, format!("a packet {wanted}"), packet)),
                }
            }
            if let Some(packet) = found {
                return Ok(packet);
            }
        }
    }

    /// Where the session's requests go.
    fn path(&self) -> String {
        let mut path = String::from("/socket.io/?EIO=4&transport=polling");
        if !self.sid.is_empty() {
            path.push_str("&sid=");
            path.push_str(&self.sid);
        }
        path
    }

    /// One request and its answer, whose status must be 200.
    async fn exchange(
        &mut self,
        step: &'static str,
        method: Method,
        path: String,
        body: &'static str,
    ) -> Result<String, DemoError> {
        let failed = |source| DemoError::Http { step, source };
        let mut request = Request::builder().method(method).uri(path).header(HOST, self.via.to_string());
        request = request.header(USER_AGENT, AGENT);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "text/plain;charset=UTF-8");
        }
        let request = request.body(Full::from(body)).map_err(|source| failed(source.into()))?;
        let answer = async {
            // The connection may still be busy with the end of the answer before.
            self.sender.ready().await.map_err(|source| failed(source.into()))?;
            let response = self.sender.send_request(request).await.map_err(|source| failed(source.into()))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_BODY).collect().await.map_err(failed)?;
            Ok((status, body.to_bytes()))
        };
        let (status, body) = patiently(step, "an HTTP response", answer).await?;
        let body = String::from_utf8_lossy(&body).into_owned();
        check(step, "the status 200", &format!("{status}: {body}"), status == StatusCode::OK)?;
        Ok(body)
    }
}

fn check(step: &'static str, expected: &str, got: &str, holds: bool) -> Result<(), DemoError> {
    if holds { Ok(()) } else { Err(DemoError::unexpected(step, expected, got)) }
}
