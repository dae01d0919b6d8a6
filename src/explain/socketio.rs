//! What is said of Socket.IO packets.

use super::Table;
use super::context::Context;
use super::template::{Text, by_key, texts};
use crate::wire::Direction;

pub(super) static TABLE: Table = Table {
    protocol: "socketio",
    #[cfg(test)]
    units: UNITS,
    pick,
    fields: FIELDS,
    values: VALUES,
    rules: RULES,
};

fn pick(context: &Context<'_>) -> &'static Text {
    let first = context.layer.nodes.first().map(|node| node.def.key);
    if first == Some("socketio.attachment") {
        return if context.has("socketio.type") { &LAST_ATTACHMENT } else { &ATTACHMENT };
    }
    let from_client = context.unit.dir == Direction::ToServer;
    let is_old = context.number("engineio.version") == Some(3);
    let asks = context.has("socketio.id");
    match context.has("socketio.type").then(|| context.number("socketio.type")).flatten() {
        Some(0) if from_client => &CONNECT,
        Some(0) if is_old => &CONNECTED_OLD,
        Some(0) => &CONNECTED,
        Some(1) if from_client => &DISCONNECT,
        Some(1) => &DISCONNECTED,
        Some(2) if asks => &EVENT_WITH_ACK,
        Some(2) => &EVENT,
        Some(3) => &ACK,
        Some(4) => &CONNECT_ERROR,
        Some(5) => &BINARY_EVENT,
        Some(6) => &BINARY_ACK,
        _ => &UNREADABLE,
    }
}

texts! {
    CONNECT = "socketio.connect", "The client joins a namespace",
        "The client asks to join the namespace `{socketio.namespace}`[, and passes an auth payload of {auth_size}].",
        "One engine session can carry several namespaces, each with its own handlers and its own decision who may join. Since version 5 of the protocol a client must ask even for the main one, `/`.",
        "The server answers with a CONNECT that holds the client's socket id, or with a CONNECT_ERROR that says why not.",
        "Socket.IO protocol v5, Connection to a namespace";
    CONNECTED = "socketio.connected", "The client is in the namespace",
        "The server lets the client into the namespace `{socketio.namespace}`[ and calls it `{socketio.sid}`].",
        "In Flask-SocketIO the handler for `connect` has run and has not refused. The socket id names this client in this namespace, so that the server can send to it alone; JavaScript and Python servers keep it apart from the id of the engine session.",
        "From now on both sides may send events. In the client `connect` is raised, and what it had kept back is sent.",
        "Socket.IO protocol v5, Connection to a namespace";
    CONNECTED_OLD = "socketio.connected_v4", "The client is in the namespace",
        "The server says that the client belongs to the namespace `{socketio.namespace}`.",
        "Over Engine.IO 3 every client is in the main namespace at once, and the server tells it so unasked; it must ask only for others. The packet holds no id: the client takes that of the engine session.",
        "Both sides may send events in this namespace. The client raises `connect`.",
        "Socket.IO protocol v5, Difference between v5 and v4";
    DISCONNECT = "socketio.disconnect", "A namespace is left",
        "The client leaves the namespace `{socketio.namespace}` and will send no more events there.",
        "The application called `disconnect()`. The engine session below may go on, since other namespaces can still use it.",
        "No answer is expected; on the server `disconnect` is raised. If no namespace is left, the client usually closes the connection.",
        "Socket.IO protocol v5, Disconnection from a namespace";
    DISCONNECTED = "socketio.disconnected", "The client is put out of a namespace",
        "The server ends the client's stay in the namespace `{socketio.namespace}`.",
        "The application called `disconnect()` on the server, for example because a login has expired. Other namespaces and the engine session are not concerned, unless they are closed as well.",
        "The client raises `disconnect`. Since this was meant, it does not connect again by itself, as it would after a broken connection.",
        "Socket.IO protocol v5, Disconnection from a namespace";
    EVENT = "socketio.event", "An event",
        "{Sender} sends the event `{socketio.event}` in the namespace `{socketio.namespace}`, with these arguments: `{socketio.arguments}`.",
        "In the program it was an `emit`. On the other side every handler that is registered under this name is called with the arguments; if there is none, nothing happens.",
        "No acknowledgement was asked for, so nothing has to come back. A server often answers by sending events itself, to this client or to a whole room.",
        "Socket.IO protocol v5, Sending and receiving data";
    EVENT_WITH_ACK = "socketio.event_with_ack", "An event that asks for an answer",
        "{Sender} sends the event `{socketio.event}` in the namespace `{socketio.namespace}` and asks for an acknowledgement, under the number {socketio.id}.",
        "The program passed a callback to `emit`, or waits for the answer. The number lets it find the callback again, as several events may be under way at once; each side counts its own.",
        "When its handler is done, {receiver} sends an ACK with the same number.[ Here unit {acknowledgement} does, {acknowledgement_after} later.]",
        "Socket.IO protocol v5, Acknowledgement";
    ACK = "socketio.ack", "An acknowledgement",
        "{Sender} acknowledges the event with the number {socketio.id}[, which was unit {event}, {event_after} before].",
        "The other side had asked to be told. The arguments `{socketio.arguments}` are what the handler returned, or passed to its callback.",
        "{Receiver} calls the callback that waits for this number, once. Nothing is sent in return.",
        "Socket.IO protocol v5, Acknowledgement";
    CONNECT_ERROR = "socketio.connect_error", "The namespace is refused",
        "The server does not let the client into the namespace `{socketio.namespace}`[: {socketio.error.message}].",
        "The decision is the application's: a middleware of the JavaScript server called `next` with an error, or the handler for `connect` in Flask-SocketIO returned False or raised an error. A namespace that does not exist is refused as well.",
        "The client raises `connect_error` with this message and is in this namespace no further; it may ask again with other credentials. Other namespaces of the connection are not touched.",
        "Socket.IO protocol v5, Connection to a namespace";
    BINARY_EVENT = "socketio.binary_event", "An event with bytes",
        "{Sender} sends the event `{socketio.event}` with the arguments `{socketio.arguments}`. Attachments that are still to follow: {socketio.attachments}.",
        "JSON has no bytes. So the sender takes them out of the arguments, puts a numbered placeholder in the place of each, and sends them behind this packet, as binary messages or in base64 while polling.",
        "The attachments follow at once[, the first one in unit {attachment}], and no other packet of this direction may stand between. Only with the last one is the event handed to the application.",
        "Socket.IO protocol v5, Packet encoding";
    BINARY_ACK = "socketio.binary_ack", "An acknowledgement with bytes",
        "{Sender} acknowledges the event with the number {socketio.id}[, which was unit {event}, {event_after} before], and announces attachments: {socketio.attachments}.",
        "What the handler returned holds bytes, which JSON cannot carry. Each was replaced by a placeholder and travels on its own behind this packet.",
        "The callback is called when the last attachment has arrived[; the first is in unit {attachment}].",
        "Socket.IO protocol v5, Packet encoding";
    ATTACHMENT = "socketio.attachment", "An attachment",
        "{Sender} sends an attachment ({socketio.attachment}).[ It belongs to the packet in unit {announcement}.]",
        "Attachments have neither number nor name. What they belong to follows from their order alone, so they must come directly behind the packet that announced them.",
        "The receiver keeps it until all attachments of the packet are there.",
        "Socket.IO protocol v5, Packet encoding";
    LAST_ATTACHMENT = "socketio.last_attachment", "The last attachment: the packet is complete",
        "{Sender} sends the last attachment of the packet[ in unit {announcement}] ({socketio.attachment}).",
        "Now all bytes are there, and the receiver puts each in the place of its placeholder. The fields show the packet as the application gets it.",
        "The receiver calls the handlers of the event, or the callback of an acknowledgement, with bytes among the arguments: a Buffer in JavaScript servers, an ArrayBuffer in browsers, `bytes` in Python.",
        "Socket.IO protocol v5, Packet encoding";
    UNREADABLE = "socketio.unreadable", "No readable packet",
        "{Sender} sends an Engine.IO message that looks like a Socket.IO packet but cannot be read as one.",
        "A packet begins with its type, a digit from 0 to 6. Perhaps an application speaks Engine.IO alone here, or a program builds its packets by hand.",
        "A Socket.IO receiver closes the connection with a parse error. The findings say what it stumbles over.",
        "Socket.IO protocol v5, Packet encoding";
}

by_key! { FIELDS
    "socketio.type" "It is the first character of the Engine.IO message. Behind the 4 of Engine.IO this gives the well-known beginnings `40` for connect and `42` for an event."
    "socketio.attachments" "The receiver must know how many messages of bytes to wait for before it can hand the packet on. A hyphen ends the number."
    "socketio.namespace" "It begins with a slash and ends with a comma, and is left out for the main namespace. It is not part of the URL: all namespaces share one connection."
    "socketio.namespace.query" "Before version 5 a client could pass a token only in this way, where it ended up in logs. Servers of today read the auth payload instead."
    "socketio.id" "Each side counts for itself, and for each namespace, from 0 or 1 on. So the same number can be used in both directions at once without a mix-up."
    "socketio.auth" "It is sent inside the connection, so unlike a query it appears in no log of a proxy. Handlers get it as the argument of `connect` in Flask-SocketIO and as `socket.handshake.auth` in JavaScript."
    "socketio.sid" "Servers use it as a room that holds this client alone, to send to it: `request.sid` in Flask-SocketIO, `socket.id` in JavaScript. A client that reconnects gets another one."
    "socketio.error" "JavaScript servers fill it from the error that a middleware passed on; its `data` member is free for details that programs can read."
    "socketio.error.message" "It is the text of the error that the server's code raised or passed on. In a JavaScript client it is `err.message`."
    "socketio.event" "Sender and receiver must agree on it letter for letter. `message` is used by `send()`; names such as `connect` and `disconnect` are kept for the libraries."
    "socketio.arguments" "Each element becomes one argument of the handler. Functions, dates and other things that JSON does not know are lost or become texts on the way."
    "socketio.argument" "It arrives as the JSON value that it is. A Python tuple sent with `emit` becomes several arguments, a list becomes one."
    "socketio.placeholder" "The receiver puts the attachment of this number here. It stands for itself where that attachment has not come yet, or will never come."
    "socketio.attachment" "It costs no base64 on a WebSocket, where it is a binary message of its own. The receiver holds it in memory until the packet is complete, so servers limit the size."
    "socketio.payload" "Which packets may have one is laid down: CONNECT, CONNECT_ERROR, and all events and acknowledgements. Elsewhere receivers take it for an error."
}

by_key! { VALUES
    "socketio.type=0" "From the client it is a question, from the server the answer that the client may send events in this namespace."
    "socketio.type=1" "Handlers of this namespace are called no more. Events that are still under way to the one who left are dropped."
    "socketio.type=2" "If it carries an id, an ACK with the same id must come back; otherwise nothing has to."
    "socketio.type=3" "It ends the exchange that an event with this id began. A second one for the same id is ignored."
    "socketio.type=4" "The client is not in the namespace and must not send events there. Whether it tries again is up to the application."
    "socketio.type=5" "As many packets of bytes follow as the number behind the type says. Until then the event waits."
    "socketio.type=6" "The callback waits until the bytes that follow have been put in their places."
}

by_key! { RULES
    "socketio.unknown_type" "Check what the sender writes behind the 4 of Engine.IO. A custom parser, such as the one for msgpack, must be set on both sides."
    "socketio.bad_attachments" "A JavaScript receiver fails with \"Illegal attachments\" and closes. A program that builds packets by hand should use a library, or write the number and a hyphen."
    "socketio.bad_id" "No acknowledgement can be matched with it, so the callback will never be called. Ids are small whole numbers that a library counts."
    "socketio.invalid_json" "Look at the place that the finding names. Single quotes, a comma at the end, or NaN, which Python's json writes, are common causes."
    "socketio.not_an_array" "JavaScript receivers close with a parse error. Put the event's name and its arguments into one array."
    "socketio.no_event_name" "Nothing is called for it, and JavaScript receivers close with a parse error. The name stands first in the array, in quotes."
    "socketio.reserved_event" "The receiver closes with a parse error. Python servers let such names pass, so the mistake may show only with a JavaScript client."
    "socketio.wrong_payload" "Give CONNECT an object, such as the `auth` option of JavaScript clients, and leave DISCONNECT empty."
    "socketio.ack_without_id" "It is dropped, and the side that wants it waits in vain. Write the event's number between the type and the array."
    "socketio.unannounced_attachment" "Look for a sender whose packets overtake each other, or for the packet that should have come before: perhaps it was sent as an EVENT with type 2."
    "socketio.interrupted_attachments" "Two tasks of the sender seem to write at once. A packet and its attachments have to be sent without a pause, for example under a lock."
    "socketio.bad_placeholder" "JavaScript receivers fail with \"illegal attachments\". The number in front of the hyphen must be that of the placeholders, which count from 0."
}
