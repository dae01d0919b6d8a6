//! The chat, by socketioxide: what the server does with each Socket.IO event.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef, TryData};
use socketioxide::handler::ConnectHandler;
use socketioxide::service::SocketIoService;

use tracing::{Instrument as _, instrument};

use super::PATIENCE;

/// The server sends a heartbeat this often, so that a demo of ten seconds shows some (25 s is usual).
const PING_INTERVAL: Duration = Duration::from_secs(2);

/// Everyone who has joined is in this room, and hears what is said.
const ROOM: &str = "lobby";

/// How many messages the chat remembers.
const REMEMBERED: usize = 20;

/// Who an event is about.
#[derive(Serialize, Deserialize)]
struct Person {
    user: String,
}

/// One message of the chat.
#[derive(Clone, Serialize, Deserialize)]
struct Said {
    user: String,
    text: String,
}

/// A file that someone shows to all. The bytes travel as an attachment of their own, behind the event.
#[derive(Serialize, Deserialize)]
struct Shown {
    user: String,
    name: String,
    data: Bytes,
}

/// Which part of the history a client asks for.
#[derive(Deserialize)]
struct Window {
    last: usize,
}

/// What a client shows at the door of `/admin`.
#[derive(Deserialize)]
struct Credentials {
    token: String,
}

/// The last messages, oldest first.
type History = Arc<Mutex<VecDeque<Said>>>;

/// The chat as a hyper service that answers `/socket.io/` and passes everything else to `site`, and the handle
/// by which it is closed.
pub(super) fn service<S: Clone>(site: S) -> (SocketIoService<S>, SocketIo) {
    let (service, io) = SocketIo::builder()
        .ping_interval(PING_INTERVAL)
        // The client of the demo waits as long, so that either is patient with a person who holds the traffic.
        .ping_timeout(PATIENCE)
        .upgrade_timeout(PATIENCE)
        .ack_timeout(PATIENCE)
        .build_with_inner_svc(site);
    let history = History::default();
    io.ns("/", async move |socket: SocketRef| welcome(&socket, history));
    io.ns("/admin", admin.with(only_staff));
    (service, io)
}

/// Tells a new socket of the namespace `/` which events there are.
fn welcome(socket: &SocketRef, history: History) {
    // socketioxide runs each handler as a task of its own; the span in which it was called goes along.
    socket.on("join", |socket: SocketRef, person: Data<Person>| join(socket, person).in_current_span());
    socket.on("rollcall", |socket: SocketRef, person: Data<Person>| {
        roll_call(socket, person).in_current_span()
    });
    socket.on("file", |socket: SocketRef, file: Data<Shown>| show(socket, file).in_current_span());
    let said = history.clone();
    socket.on("message", move |socket: SocketRef, message: Data<Said>| {
        say(socket, message, said.clone()).in_current_span()
    });
    socket.on("history", move |window: Data<Window>, ack: AckSender| {
        tell(window, ack, history.clone()).in_current_span()
    });
}

// In the handlers below an answer that cannot be sent has a client that has gone: there is nobody to tell.

/// A person says something: it is remembered, and all hear it.
#[instrument(skip_all)]
async fn say(socket: SocketRef, Data(message): Data<Said>, history: History) {
    remember(&history, message.clone());
    let _ = socket.within(ROOM).emit("message", &message).await;
}

/// A person asks what was said.
#[instrument(skip_all)]
async fn tell(Data(window): Data<Window>, ack: AckSender, history: History) {
    let _ = ack.send(&recall(&history, window.last));
}

/// A person joins the room: all hear of it, and the person is greeted.
#[instrument(skip_all)]
async fn join(socket: SocketRef, Data(person): Data<Person>) {
    socket.join(ROOM);
    let _ = socket.within(ROOM).emit("joined", &person).await;
    let text = format!("Grüß dich, {}! 👋", person.user);
    let _ = socket.emit("message", &Said { user: "Host".into(), text });
}

/// The server asks whether a person is there, and tells the person what it heard: an acknowledgement that
/// travels from the client to the server.
#[instrument(skip_all)]
async fn roll_call(socket: SocketRef, Data(person): Data<Person>) {
    let Ok(answer) = socket.emit_with_ack::<_, String>("present", &person) else { return };
    if let Ok(heard) = answer.await {
        let _ = socket.emit("heard", &heard);
    }
}

/// A person shows a file to all: a binary event.
#[instrument(skip_all)]
async fn show(socket: SocketRef, Data(file): Data<Shown>) {
    let _ = socket.within(ROOM).emit("file", &file).await;
}

/// Nobody gets here: [`only_staff`] refuses everyone.
async fn admin() {}

/// Refuses to let a socket into the namespace, and says why: the demo has no staff.
async fn only_staff(TryData(credentials): TryData<Credentials>) -> Result<(), String> {
    Err(match credentials {
        Ok(Credentials { token }) => format!("the token \"{}\" is not valid", token.escape_debug()),
        Err(_) => "a token is required".into(),
    })
}

#[instrument(skip_all)]
fn remember(history: &History, message: Said) {
    let mut messages = history.lock().unwrap_or_else(PoisonError::into_inner);
    if messages.len() == REMEMBERED {
        messages.pop_front();
    }
    messages.push_back(message);
}

/// The last `count` messages, oldest first; fewer where there are not as many.
#[instrument(skip_all)]
fn recall(history: &History, count: usize) -> Vec<Said> {
    let messages = history.lock().unwrap_or_else(PoisonError::into_inner);
    messages.iter().skip(messages.len().saturating_sub(count)).cloned().collect()
}
