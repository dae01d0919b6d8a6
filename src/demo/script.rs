//! What the client does, step by step.

use std::net::SocketAddr;

use bytes::Bytes;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

use super::conversation::Conversation;
use super::polling::Polling;
use super::{DemoError, Pace, echo};

/// A real PNG, of one pixel.
const DOT: &[u8] = b"\x89PNG\r\n\x1a\n\
    \x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90\x77\x53\xde\
    \x00\x00\x00\x0cIDAT\x78\xda\x63\x90\x4b\x3b\x03\x00\x01\xf6\x01\x51\x21\xca\x39\xee\
    \x00\x00\x00\x00IEND\xae\x42\x60\x82";

/// Runs the scripted client once against the demo server at `via`, or against a relay to it.
///
/// In this order: the server's page; Engine.IO by polling, and a Socket.IO connect; the upgrade to WebSocket;
/// events both ways; acknowledgements both ways; a binary event; a refused namespace; a heartbeat; a fragmented
/// message; disconnect and close; then a WebSocket of its own with permessage-deflate.
///
/// One client at a time: everyone in the chat hears everyone, and the client expects only its own voice.
///
/// # Errors
/// The first step whose traffic was not what the server of the demo sends: see [`DemoError`].
pub async fn play(via: SocketAddr, pace: Pace) -> Result<(), DemoError> {
    let mut polling = Polling::connect(via).await?;
    open(&mut polling, pace).await?;
    let mut chat = upgrade(via, polling, pace).await?;
    events(&mut chat).await?;
    acknowledgements(&mut chat).await?;
    binary_event(&mut chat).await?;
    refused_namespace(&mut chat).await?;
    chat.heartbeat().await?;
    chat.rest().await?;
    fragments(&mut chat).await?;
    leave(&mut chat).await?;
    drop(chat);
    pace.rest().await;
    echo::play(via, pace).await
}

/// Fetches the page, opens an engine session, and connects to the namespace `/` by polling.
async fn open(polling: &mut Polling, pace: Pace) -> Result<(), DemoError> {
    let step = "the Socket.IO connect";
    polling.page().await?;
    pace.rest().await;
    polling.open().await?;
    pace.rest().await;
    polling.post(step, "40").await?;
    pace.rest().await;
    polling.until(step, r#"40{"sid":""#).await?;
    pace.rest().await;
    Ok(())
}

/// Upgrades to WebSocket while a poll is pending, which the server ends with a noop packet (Engine.IO protocol 4,
/// "Upgrade").
async fn upgrade(via: SocketAddr, mut polling: Polling, pace: Pace) -> Result<Conversation, DemoError> {
    let sid = polling.sid().to_owned();
    let probe = async {
        pace.rest().await;
        let mut chat = Conversation::open(via, &sid, pace).await?;
        chat.rest().await?;
        chat.say("the probe", "2probe").await?;
        chat.expect("3probe").await?;
        chat.rest().await?;
        Ok(chat)
    };
    let (_noop, mut chat) = tokio::try_join!(polling.until("the pending poll", "6"), probe)?;
    chat.say("the upgrade packet", "5").await?;
    chat.rest().await?;
    Ok(chat)
}

/// Joins the chat and says something: events to the server, and from it.
async fn events(chat: &mut Conversation) -> Result<(), DemoError> {
    let step = "the event \"join\"";
    chat.say(step, r#"42["join",{"user":"Ada"}]"#).await?;
    chat.expect(r#"42["joined",{"user":"Ada"}]"#).await?;
    chat.expect(r#"42["message",{"user":"Host","text":"Grüß dich, Ada! 👋"}]"#).await?;
    chat.rest().await?;

    let step = "the event \"message\"";
    let message = r#"42["message",{"user":"Ada","text":"Hello everyone, こんにちは 🌍"}]"#;
    chat.say(step, message).await?;
    chat.expect(message).await?;
    chat.rest().await
}

/// An event that the server acknowledges, and one that the client does.
async fn acknowledgements(chat: &mut Conversation) -> Result<(), DemoError> {
    let step = "an acknowledgement by the server";
    chat.say(step, r#"420["history",{"last":1}]"#).await?;
    chat.expect(r#"430[[{"user":"Ada","text":"Hello everyone, こんにちは 🌍"}]]"#).await?;
    chat.rest().await?;

    let step = "an acknowledgement by the client";
    chat.say(step, r#"42["rollcall",{"user":"Ada"}]"#).await?;
    let wanted = r#"42<id>["present",{"user":"Ada"}]"#;
    let event = chat.text(wanted).await?;
    let id = event
        .strip_prefix("42")
        .and_then(|event| event.strip_suffix(r#"["present",{"user":"Ada"}]"#))
        .filter(|id| id.parse::<u64>().is_ok())
        .ok_or_else(|| DemoError::unexpected(step, wanted, &event))?;
    chat.rest().await?;
    chat.say(step, format!(r#"43{id}["here I am"]"#)).await?;
    chat.expect(r#"42["heard","here I am"]"#).await?;
    chat.rest().await
}

/// Shows a file to all: an event whose attachment is a message of its own, there and back.
async fn binary_event(chat: &mut Conversation) -> Result<(), DemoError> {
    let step = "a binary event";
    let event = r#"451-["file",{"user":"Ada","name":"dot.png","data":{"_placeholder":true,"num":0}}]"#;
    chat.say(step, event).await?;
    chat.say(step, Bytes::from_static(DOT)).await?;
    chat.expect(event).await?;
    let attachment = chat.binary("the attachment").await?;
    if attachment != DOT {
        let got = format!("{} bytes: {attachment:?}", attachment.len());
        return Err(DemoError::unexpected(step, "the attachment as it was sent", &got));
    }
    chat.rest().await
}

/// Asks for a namespace that lets nobody in.
async fn refused_namespace(chat: &mut Conversation) -> Result<(), DemoError> {
    let step = "the refused namespace";
    chat.say(step, r#"40/admin,{"token":"guess"}"#).await?;
    chat.expect(r#"44/admin,{"message":"the token \"guess\" is not valid"}"#).await?;
    chat.rest().await
}

/// Says something in three frames, the first cut within a character (RFC 6455 §5.4 allows it), with a ping between
/// them (§5.5.2: a control frame may come between the fragments of a message).
async fn fragments(chat: &mut Conversation) -> Result<(), DemoError> {
    let step = "a fragmented message";
    let message = r#"42["message",{"user":"Ada","text":"one message 🧩 in three frames"}]"#;
    let within_the_puzzle = message.find('🧩').map_or(0, |at| at + 2);
    let mut rest = Bytes::from_static(message.as_bytes());
    let (first, second) = (rest.split_to(within_the_puzzle), rest.split_to(10));
    chat.say(step, fragment(first, Data::Text, false)).await?;
    chat.rest().await?;
    chat.say(step, fragment(second, Data::Continue, false)).await?;
    chat.say(step, Message::Ping(Bytes::from_static(b"between fragments"))).await?;
    match chat.next("a pong").await? {
        Message::Pong(payload) if payload == "between fragments" => {}
        other => return Err(DemoError::unexpected(step, "the pong of the ping", &format!("{other:?}"))),
    }
    chat.rest().await?;
    chat.say(step, fragment(rest, Data::Continue, true)).await?;
    chat.expect(message).await?;
    chat.rest().await
}

fn fragment(part: Bytes, data: Data, last: bool) -> Message {
    Message::Frame(Frame::message(part, OpCode::Data(data), last))
}

/// Leaves the namespace, then closes the WebSocket.
async fn leave(chat: &mut Conversation) -> Result<(), DemoError> {
    chat.say("the Socket.IO disconnect", "41").await?;
    chat.rest().await?;
    let step = "the close";
    let close = CloseFrame { code: CloseCode::Normal, reason: "the demo is over".into() };
    chat.say(step, Message::Close(Some(close.clone()))).await?;
    match chat.next("the server's close frame").await? {
        Message::Close(Some(answer)) if answer == close => chat.end().await,
        other => Err(DemoError::unexpected(step, format!("{close:?}"), &format!("{other:?}"))),
    }
}
