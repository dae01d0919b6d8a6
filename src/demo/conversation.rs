//! The client's end of the Socket.IO WebSocket: what it hears, in order, with the heartbeats answered.

use std::collections::VecDeque;
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::header::{HeaderValue, USER_AGENT};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{DemoError, Pace, connect, patiently, polling};

/// The connection, and what came while the client was resting.
pub(super) struct Conversation {
    socket: WebSocketStream<TcpStream>,
    /// The step of the script that the client is at: that of what it said last.
    step: &'static str,
    heard: VecDeque<Message>,
    pace: Pace,
    /// No heartbeat may be answered now: the client is within a fragmented message, or has sent its close frame.
    bound: bool,
    /// Heartbeats that the server has sent and that are not answered yet.
    due: usize,
    answered: usize,
}

impl Conversation {
    /// Connects, and upgrades the connection for the engine session `sid`.
    pub(super) async fn open(via: SocketAddr, sid: &str, pace: Pace) -> Result<Self, DemoError> {
        let step = "the WebSocket upgrade";
        let failed = |source| failed(step, source);
        let uri = format!("ws://{via}/socket.io/?EIO=4&transport=websocket&sid={sid}");
        let mut request = uri.into_client_request().map_err(failed)?;
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(polling::AGENT));
        let stream = connect(step, via).await?;
        let answer = async { tokio_tungstenite::client_async(request, stream).await.map_err(failed) };
        let (socket, _) = patiently(step, "the status 101", answer).await?;
        Ok(Conversation { socket, step, heard: VecDeque::new(), pace, bound: false, due: 0, answered: 0 })
    }

    /// Sends one message or one frame, which belongs to `step`.
    pub(super) async fn say(
        &mut self,
        step: &'static str,
        message: impl Into<Message>,
    ) -> Result<(), DemoError> {
        self.step = step;
        let message = message.into();
        match &message {
            Message::Frame(frame) => self.bound = !frame.header().is_final,
            Message::Close(_) => self.bound = true,
            _ => {}
        }
        self.socket.send(message).await.map_err(|source| failed(step, source))?;
        self.answer().await
    }

    /// Checks that the next text message is `expected`, to the letter.
    pub(super) async fn expect(&mut self, expected: &str) -> Result<(), DemoError> {
        let got = self.text(expected).await?;
        if got == expected { Ok(()) } else { Err(DemoError::unexpected(self.step, expected, &got)) }
    }

    /// The next message, which must be a text; `expected` describes it.
    pub(super) async fn text(&mut self, expected: &str) -> Result<String, DemoError> {
        match self.next(expected).await? {
            Message::Text(text) => Ok(text.as_str().to_owned()),
            other => Err(DemoError::unexpected(self.step, expected, &format!("{other:?}"))),
        }
    }

    /// The next message, which must be a binary one.
    pub(super) async fn binary(&mut self, expected: &str) -> Result<Bytes, DemoError> {
        match self.next(expected).await? {
            Message::Binary(bytes) => Ok(bytes),
            other => Err(DemoError::unexpected(self.step, expected, &format!("{other:?}"))),
        }
    }

    /// The next message that is no heartbeat; `expected` describes it.
    pub(super) async fn next(&mut self, expected: &str) -> Result<Message, DemoError> {
        if let Some(message) = self.heard.pop_front() {
            return Ok(message);
        }
        patiently(self.step, expected, async {
            loop {
                if let Some(message) = self.receive().await? {
                    return Ok(message);
                }
            }
        })
        .await
    }

    /// Waits until the server has sent a heartbeat on this connection and has had its answer.
    pub(super) async fn heartbeat(&mut self) -> Result<(), DemoError> {
        self.step = "a heartbeat";
        patiently(self.step, "a ping packet", async {
            while self.answered == 0 {
                let message = self.receive().await?;
                self.heard.extend(message);
            }
            Ok(())
        })
        .await
    }

    /// Rests as long as the pace says. What comes meanwhile is kept, and heartbeats are answered.
    pub(super) async fn rest(&mut self) -> Result<(), DemoError> {
        let end = Instant::now() + self.pace.pause;
        // Only the reading is cut off by the end of the pause, never an answer half sent.
        while let Ok(received) = timeout_at(end, self.socket.next()).await {
            let message = self.take(received).await?;
            self.heard.extend(message);
        }
        Ok(())
    }

    /// Checks that the server closes the TCP connection, as it must after the closing handshake.
    pub(super) async fn end(&mut self) -> Result<(), DemoError> {
        let expected = "the end of the connection";
        match patiently(self.step, expected, async { Ok(self.socket.next().await) }).await? {
            None | Some(Err(Error::ConnectionClosed)) => Ok(()),
            Some(Ok(message)) => Err(DemoError::unexpected(self.step, expected, &format!("{message:?}"))),
            Some(Err(source)) => Err(failed(self.step, source)),
        }
    }

    async fn receive(&mut self) -> Result<Option<Message>, DemoError> {
        let received = self.socket.next().await;
        self.take(received).await
    }

    /// Sees to a heartbeat, and returns every other message.
    async fn take(&mut self, received: Option<Result<Message, Error>>) -> Result<Option<Message>, DemoError> {
        let message = received.unwrap_or(Err(Error::ConnectionClosed)).map_err(|e| failed(self.step, e))?;
        // Engine.IO's own ping and pong are text messages; WebSocket's are frames, and tungstenite answers them.
        if !matches!(&message, Message::Text(text) if text.as_str() == "2") {
            return Ok(Some(message));
        }
        self.due += 1;
        self.answer().await?;
        Ok(None)
    }

    /// Answers the heartbeats, unless the answer would come between the fragments of a message, where only control
    /// frames may come (RFC 6455 §5.4), or after a close frame, where nothing may (§5.5.1).
    async fn answer(&mut self) -> Result<(), DemoError> {
        while self.due > 0 && !self.bound {
            self.socket.send("3".into()).await.map_err(|source| failed(self.step, source))?;
            self.due -= 1;
            self.answered += 1;
        }
        Ok(())
    }
}

fn failed(step: &'static str, source: Error) -> DemoError {
    DemoError::WebSocket { step, source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::net::TcpListener;
    use tokio::task::JoinHandle;
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

    /// A client whose server has sent a heartbeat at once. The task ends with all that the server then hears;
    /// tungstenite takes care that it is well-formed.
    async fn with_a_heartbeat_due() -> (Conversation, JoinHandle<Result<Vec<Message>, Error>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await?;
            let mut socket = tokio_tungstenite::accept_async(stream).await?;
            socket.send("2".into()).await?;
            let mut heard = Vec::new();
            while let Some(message) = socket.next().await {
                heard.push(message?);
            }
            Ok(heard)
        });
        let pace = Pace { pause: Duration::ZERO };
        (Conversation::open(addr, "sid", pace).await.unwrap(), server)
    }

    #[tokio::test]
    async fn a_heartbeat_is_not_answered_within_a_fragmented_message() {
        let (mut client, server) = with_a_heartbeat_due().await;
        let fragment = |part: &'static str, data, last| Frame::message(part, OpCode::Data(data), last);
        client.say("test", Message::Frame(fragment("a", Data::Text, false))).await.unwrap();
        client.say("test", Message::Ping("p".into())).await.unwrap();
        // The heartbeat was sent before the pong, and so it has been seen by now.
        assert_eq!(client.next("a pong").await.unwrap(), Message::Pong("p".into()));
        assert_eq!((client.due, client.answered), (1, 0));
        client.say("test", Message::Frame(fragment("b", Data::Continue, true))).await.unwrap();
        client.say("test", Message::Close(None)).await.unwrap();
        let heard = server.await.unwrap().unwrap();
        assert_eq!(heard, [Message::Ping("p".into()), "ab".into(), "3".into(), Message::Close(None)]);
    }

    #[tokio::test]
    async fn a_heartbeat_that_crosses_the_close_frame_is_not_answered() {
        let (mut client, server) = with_a_heartbeat_due().await;
        client.say("test", Message::Close(None)).await.unwrap();
        assert_eq!(client.next("a close frame").await.unwrap(), Message::Close(None));
        client.end().await.unwrap();
        assert_eq!(client.due, 1, "it was seen");
        assert_eq!(server.await.unwrap().unwrap(), [Message::Close(None)]);
    }
}
