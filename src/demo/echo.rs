//! The second WebSocket of the demo, on `/echo`: no Engine.IO, but permessage-deflate.
//!
//! Both ends are here: the server sends each text message back as it came, compressed or not; the client sends
//! what shows how compression works. hyper makes the upgrade on both, [`Endpoint`] does the frames.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{Empty, Full};
use hyper::body::Incoming as Body;
use hyper::header::{
    CONNECTION, HOST, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE, USER_AGENT,
};
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::deflating::{Endpoint, How, Incoming};
use super::server::answer;
use super::{DemoError, Pace, connect, patiently, polling};

const EXTENSION: &str = "permessage-deflate";
const GOING_AWAY: u16 = 1001;
const PROTOCOL_ERROR: u16 = 1002;

/// Answers an upgrade request for `/echo`, and where it is a good one, starts to echo. The echo ends with the
/// connection, or when `stopped` says that the server is gone.
pub(super) fn accept(mut request: Request<Body>, mut stopped: watch::Receiver<()>) -> Response<Full<Bytes>> {
    let refuse = |why| answer(StatusCode::BAD_REQUEST, "text/plain; charset=utf-8", why);
    let Ok(mut response) = create_response_with_body(&request, Full::default) else {
        return refuse("This path takes a WebSocket upgrade (RFC 6455 section 4.2.1), and nothing else.\n");
    };
    if !offers_deflate(request.headers()) {
        return refuse("This path wants permessage-deflate, with no parameter that binds the server.\n");
    }
    response.headers_mut().insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(EXTENSION));
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let mut endpoint = Endpoint::new(TokioIo::new(upgraded), Role::Server);
        tokio::select! {
            _ = stopped.changed() => {}
            // Whoever broke off knows it, and the server has nothing to say about it.
            _ = echo(&mut endpoint) => {}
        }
    });
    response
}

/// Whether one of the offers (RFC 7692 §7.1) is one that can be accepted without parameters: the server inflates
/// with a full window whatever the client's is, and so `client_…` parameters may stay unanswered.
fn offers_deflate(headers: &HeaderMap) -> bool {
    let offers = headers.get_all(SEC_WEBSOCKET_EXTENSIONS).iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|value| value.split(',')).any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        parts.next() == Some(EXTENSION) && parts.all(|parameter| parameter.starts_with("client_"))
    })
}

/// Sends back what comes, until the client closes.
async fn echo(endpoint: &mut Endpoint<TokioIo<Upgraded>>) -> io::Result<()> {
    loop {
        match endpoint.next().await {
            Ok(Some(Incoming::Text { text, compressed, frames, .. })) => {
                let how = match (compressed, frames) {
                    (false, _) => How::Plain,
                    (true, 1) => How::Compressed,
                    (true, frames) => How::Fragmented(frames),
                };
                endpoint.text(&text, how).await?;
            }
            Ok(Some(Incoming::Ping(payload))) => endpoint.pong(payload).await?,
            Ok(Some(Incoming::Pong(_))) => {}
            Ok(Some(Incoming::Close(code, reason))) => {
                endpoint.close(code, &reason).await?;
                return endpoint.shutdown().await;
            }
            Ok(None) => return Ok(()),
            Err(_) => {
                endpoint.close(Some(PROTOCOL_ERROR), "protocol error").await?;
                return endpoint.shutdown().await;
            }
        }
    }
}

/// The client's part of the script: see what the window does, then leave.
pub(super) async fn play(via: SocketAddr, pace: Pace) -> Result<(), DemoError> {
    let mut client = Client { endpoint: upgrade(via).await?, pace };
    pace.rest().await;

    let line = r#"{"room":"lobby","user":"Ada","text":"the quick brown fox jumps over the lazy dog"}"#;
    let first = client.say("the first compressed message", line, How::Compressed).await?;
    let second = client.say("the same message again", line, How::Compressed).await?;
    if second * 3 > first {
        let expected = format!("far fewer bytes than the {first} of the first time");
        let got = format!("{second} bytes");
        return Err(DemoError::unexpected("the same message again", expected, &got));
    }
    client.say("a message that is not compressed", "plain words, RSV1 = 0", How::Plain).await?;
    client.ping().await?;
    let long = (1..=12).map(|n| format!("verse {n}: été, {n} × 🦊. ")).collect::<String>();
    client.say("a compressed message in three frames", &long, How::Fragmented(3)).await?;
    client.say("the first message once more", line, How::Compressed).await?;
    client.leave().await
}

/// Makes the connection and the upgrade (RFC 6455 §4.1), and checks the answer as a client must.
async fn upgrade(via: SocketAddr) -> Result<Endpoint<TokioIo<Upgraded>>, DemoError> {
    let step = "the upgrade of /echo";
    let http = |source: hyper::Error| DemoError::Http { step, source: source.into() };
    let stream = TokioIo::new(connect(step, via).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.map_err(http)?;
    tokio::spawn(connection.with_upgrades());

    let key = generate_key();
    let request = Request::get("/echo")
        .header(HOST, via.to_string())
        .header(USER_AGENT, polling::AGENT)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, &key)
        .header(SEC_WEBSOCKET_EXTENSIONS, format!("{EXTENSION}; client_max_window_bits"))
        .body(Empty::<Bytes>::new())
        .map_err(|source| DemoError::Http { step, source: source.into() })?;
    let answer = async { sender.send_request(request).await.map_err(http) };
    let response = patiently(step, "the status 101", answer).await?;

    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(DemoError::unexpected(step, "the status 101", response.status().as_str()));
    }
    for (name, expected) in [
        (SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes())),
        (SEC_WEBSOCKET_EXTENSIONS, EXTENSION.into()),
    ] {
        let got = response.headers().get(&name).map_or(&b"nothing"[..], HeaderValue::as_bytes);
        if got != expected.as_bytes() {
            let got = String::from_utf8_lossy(got);
            return Err(DemoError::unexpected(step, format!("{name}: {expected}"), &got));
        }
    }
    let upgraded = hyper::upgrade::on(response).await.map_err(http)?;
    Ok(Endpoint::new(TokioIo::new(upgraded), Role::Client))
}

struct Client {
    endpoint: Endpoint<TokioIo<Upgraded>>,
    pace: Pace,
}

impl Client {
    /// Says `text`, checks that it comes back in the same form, and returns how many bytes it took to come back.
    async fn say(&mut self, step: &'static str, text: &str, how: How) -> Result<usize, DemoError> {
        let sent = self.endpoint.text(text, how).await.map_err(|source| compressed(step, source))?;
        let frames = if let How::Fragmented(frames) = how { frames } else { 1 };
        // Both windows have seen the same messages, and so they make the same bytes of this one.
        let expected =
            Incoming::Text { text: text.into(), compressed: how != How::Plain, wire: sent, frames };
        self.expect(step, expected).await?;
        self.pace.rest().await;
        Ok(sent)
    }

    async fn ping(&mut self) -> Result<(), DemoError> {
        let step = "a ping to /echo";
        self.endpoint.ping("are you there?").await.map_err(|source| compressed(step, source))?;
        self.expect(step, Incoming::Pong(Bytes::from_static(b"are you there?"))).await?;
        self.pace.rest().await;
        Ok(())
    }

    /// The closing handshake (RFC 6455 §7.1.2), as a browser makes it when its user leaves the page.
    async fn leave(&mut self) -> Result<(), DemoError> {
        let step = "the close of /echo";
        let reason = "leaving the page";
        let closing = self.endpoint.close(Some(GOING_AWAY), reason).await;
        closing.map_err(|source| compressed(step, source))?;
        self.expect(step, Incoming::Close(Some(GOING_AWAY), reason.into())).await?;
        // The server closes the TCP connection first (RFC 6455 §7.1.1).
        match self.next(step, "the end of the connection").await? {
            None => Ok(()),
            Some(more) => Err(DemoError::unexpected(step, "the end of the connection", &format!("{more:?}"))),
        }
    }

    async fn expect(&mut self, step: &'static str, expected: Incoming) -> Result<(), DemoError> {
        let wanted = format!("{expected:?}");
        match self.next(step, &wanted).await? {
            Some(got) if got == expected => Ok(()),
            Some(got) => Err(DemoError::unexpected(step, wanted, &format!("{got:?}"))),
            None => Err(DemoError::unexpected(step, wanted, "the end of the connection")),
        }
    }

    async fn next(&mut self, step: &'static str, expected: &str) -> Result<Option<Incoming>, DemoError> {
        let answer = async { self.endpoint.next().await.map_err(|source| compressed(step, source)) };
        patiently(step, expected, answer).await
    }
}

fn compressed(step: &'static str, source: io::Error) -> DemoError {
    DemoError::Compressed { step, source }
}
