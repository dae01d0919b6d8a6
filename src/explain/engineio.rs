//! What is said of Engine.IO packets.

use super::Table;
use super::context::Context;
use super::template::{Text, by_key, texts};

pub(super) static TABLE: Table = Table {
    protocol: "engineio",
    #[cfg(test)]
    units: UNITS,
    pick,
    fields: FIELDS,
    values: VALUES,
    rules: RULES,
};

fn pick(context: &Context<'_>) -> &'static Text {
    if context.has("engineio.response") {
        return &TAKEN;
    }
    if context.has("engineio.error.message") {
        return &REFUSED;
    }
    if context.layer.nodes.iter().filter(|node| node.def.key == "engineio.packet").count() > 1 {
        return &SEVERAL;
    }
    let is_probe = context.has("engineio.data") && context.text("engineio.data").as_deref() == Some("probe");
    let is_version_3 = context.number("engineio.version") == Some(3);
    if !context.has("engineio.type") {
        return &UNREADABLE;
    }
    match context.number("engineio.type") {
        Some(0) => &OPEN,
        Some(1) => &CLOSE,
        Some(2) if is_probe => &PROBE,
        Some(3) if is_probe => &PROBE_ANSWERED,
        Some(2) if is_version_3 => &PING_OF_CLIENT,
        Some(3) if is_version_3 => &PONG_OF_SERVER,
        Some(2) => &PING,
        Some(3) => &PONG,
        Some(5) => &UPGRADE,
        Some(6) => &NOOP,
        _ => &MESSAGE,
    }
}

texts! {
    OPEN = "engineio.open", "An engine session is opened",
        "The server opens the engine session `{engineio.sid}`.[ Its heartbeat comes every {ping_interval}, and the answer to it may take {ping_timeout}.]",
        "Engine.IO gives the connection an id of its own, so that many HTTP requests and later a WebSocket can belong together.[ The client may change to these transports: {upgrades}.]",
        "The client names the `sid` in all further requests. Socket.IO then asks to join a namespace, and a client that polls tries a WebSocket if the list of upgrades offers it.",
        "Engine.IO protocol v4, Handshake";
    CLOSE = "engineio.close", "The engine session is closed",
        "{Sender} says that the transport can be closed[, and with it the engine session `{sid}`].",
        "A polling client has no connection whose end would tell the server that it left, so there is a packet for it. On a WebSocket it may come too, just before the close frame.",
        "The other side stops its heartbeat and forgets the engine session. Requests that still name it are refused: \"Session ID unknown\", or \"Invalid session\" from Python.",
        "Engine.IO protocol v4, Protocol";
    PING = "engineio.ping", "A heartbeat begins",
        "The server asks whether the client is still there. This ping is an Engine.IO packet inside a message or a body, not a ping frame of WebSocket.",
        "It works alike over polling and WebSocket, and scripts in a browser can see it. Since version 4 it is the server that asks[, here every {ping_interval}], because browsers slow down the timers of pages in the background.",
        "The client must answer with a pong[ within {ping_timeout}], or the server closes the engine session.[ Here unit {pong} answers after {pong_after}.] A client that gets no ping[ for {ping_limit}] gives up as well.",
        "Engine.IO protocol v4, Heartbeat";
    PONG = "engineio.pong", "A heartbeat is answered",
        "The client answers the ping[ of unit {ping}, {ping_after} later].[ It had {ping_timeout} for it.]",
        "The server learns that the client's program is alive and that the way works in both directions. The time between the two shows about how long a round trip takes, the client's own delay included.",
        "The server sends the next ping when its interval is over[, {ping_interval} later].",
        "Engine.IO protocol v4, Heartbeat";
    PING_OF_CLIENT = "engineio.ping_v3", "A heartbeat begins",
        "The client asks whether the server is still there, as clients of Engine.IO 3 do[, here every {ping_interval}].",
        "In version 3 the heartbeat is the client's task. Pages in the background ran their timers late and lost connections by it, which is why version 4 turned the direction around.",
        "The server answers with a pong at once.[ Here unit {pong} does, after {pong_after}.] A server that hears nothing[ for {ping_limit}] closes the engine session.",
        "Engine.IO protocol v3, Timeouts";
    PONG_OF_SERVER = "engineio.pong_v3", "A heartbeat is answered",
        "The server answers the client's ping[ of unit {ping}, {ping_after} later].",
        "In version 3 the pong tells the client that the server is alive. While polling it also answers the waiting request, which would else stay open for ever.",
        "The client pings again when its interval is over[, after {ping_interval}], and gives the server up if a pong takes too long[: more than {ping_timeout}].",
        "Engine.IO protocol v3, Timeouts";
    PROBE = "engineio.probe", "The new transport is tested",
        "The client sends a ping with the text `probe` over the WebSocket[, for the engine session `{sid}`].",
        "Some proxies let the 101 pass and then lose the frames. So the client tests first whether a packet comes back, and polls on meanwhile: nothing is lost if it fails.",
        "The server answers with a pong `probe` here, and ends the poll that is waiting with a noop packet, unless it has done so already.",
        "Engine.IO protocol v4, Upgrade";
    PROBE_ANSWERED = "engineio.probe_answered", "The new transport works",
        "The server answers the test with a pong that has the same text, `probe`.",
        "Frames pass in both directions, so the WebSocket can take over. The client must first let its last poll end, or packets could arrive twice or out of order.",
        "When no poll is waiting any more, the client sends the upgrade packet `5`.",
        "Engine.IO protocol v4, Upgrade";
    UPGRADE = "engineio.upgrade", "The upgrade is complete",
        "The client says that from now on the WebSocket carries all packets of the engine session[ `{sid}`].",
        "The test has succeeded and polling has stopped. With this packet the server switches as well: what it had kept back for the next poll is sent here.",
        "Everything further travels in frames on this connection. The connection that was used for polling is idle and will be closed after a while.",
        "Engine.IO protocol v4, Upgrade";
    NOOP = "engineio.noop", "The waiting poll is ended",
        "The server answers the waiting poll[ of unit {request}, after {request_after},] with a packet that says nothing.",
        "A WebSocket of the same engine session is about to take over. A poll that stayed open would keep a packet that comes meanwhile on the old way, so the server ends it.",
        "As soon as its test of the WebSocket has succeeded, the client polls no more and completes the upgrade with the packet `5`.",
        "Engine.IO protocol v4, Upgrade";
    MESSAGE = "engineio.message", "A message of the application",
        "{Sender} sends an Engine.IO message packet, whose content is not Socket.IO.",
        "Applications may use Engine.IO alone, without events and namespaces. It carries texts and bytes and leaves their meaning to the application.",
        "Engine.IO itself answers nothing; the application may reply with a message of its own.",
        "Engine.IO protocol v4, Message";
    SEVERAL = "engineio.several", "Several packets in one body",
        "In one body, {sender} sends several Engine.IO packets[, in answer to the request of unit {request}]. These are {summary}.",
        "Packets that are ready at the same time share an HTTP message, which saves heads and time. In version 4 the byte 0x1E separates them; in version 3 each stands behind its length.",
        "The receiver takes them in this order, as if each had come alone. Select a layer below to read about one of them.",
        "Engine.IO protocol v4, HTTP long-polling";
    TAKEN = "engineio.ok", "The server has taken the packets",
        "The server answers `{engineio.response}`[ to the POST of unit {request}, {request_after} later].",
        "It says only that the packets arrived, not that anyone has acted on them. A POST must have an answer in HTTP, and this is the shortest.",
        "What the application replies comes in the answer to a GET request that waits, often on another connection.",
        "Engine.IO protocol v4, Sending data";
    REFUSED = "engineio.error", "The Engine.IO server refuses",
        "The server refuses the request[ of unit {request}]: `{engineio.error.message}`[, error {engineio.error.code}].",
        "Instead of packets the body names the reason, as an object with a code from JavaScript servers and as a JSON string from Python. The finding of this unit says what usually causes it.",
        "The client cannot go on with this engine session. It begins again without a `sid` after a pause, or reports a connection error to the application.",
        "Engine.IO server, errors";
    UNREADABLE = "engineio.unreadable", "No readable packet",
        "{Sender} sends {size} where Engine.IO packets belong, but no packet type can be read in it.",
        "Each packet begins with its type, a digit from 0 to 6. Something else was sent by a program that does not speak Engine.IO, or another version of it.",
        "The receiver closes the engine session with a parse error, or ignores what it cannot read.",
        "Engine.IO protocol v4, Packet encoding";
}

by_key! { FIELDS
    "engineio.version" "Versions do not understand each other's heartbeat and bodies, so the server checks it first. JavaScript clients from Socket.IO 3 on, and Flask-SocketIO from 5 on, speak version 4."
    "engineio.transport" "Which transport is used is decided by the client, among those that both sides allow in their `transports` setting. An engine session may begin with one and change to the other."
    "engineio.packet" "A WebSocket keeps messages apart by itself; in a body something must. Version 4 puts the byte 0x1E between packets, version 3 a length in front of each."
    "engineio.packet.length" "It counts as JavaScript counts a string, so a character outside the Basic Multilingual Plane, such as most emoji, counts twice. Servers in other languages often got this wrong."
    "engineio.packet.binary" "Old browsers could not receive bytes in a text, so version 3 has a body format of its own for responses that hold any. Version 4 dropped it in favour of base64."
    "engineio.base64" "Bodies of polling are text, in which arbitrary bytes have no place. Base64 makes them a third longer; on a WebSocket they travel as they are, in a binary message."
    "engineio.type" "It is a digit in a text and, in version 3, a byte in binary packets. Most packets are of type 4; the others open, check, change and close the engine session."
    "engineio.data" "For a ping or pong it is `probe` while a new transport is being tested, and otherwise usually nothing. A receiver of a ping must send back what stands here."
    "engineio.handshake" "It is sent once for each engine session. The settings are the server's; a client takes them over and needs no configuration for them."
    "engineio.sid" "Whoever knows it can send and receive in this engine session, so it is as secret as a cookie. It is not the id that Socket.IO gives: that one is `socket.id`."
    "engineio.upgrades" "An empty list keeps a client from trying: the server supports no WebSocket, the client is on one already, or upgrades are switched off (`allowUpgrades`)."
    "engineio.ping_interval" "JavaScript and Python servers use 25 seconds unless told otherwise. It should be shorter than the idle time-outs of all proxies on the way, often 60 seconds."
    "engineio.ping_timeout" "Ping interval and time-out together are the longest time for which a dead connection goes unnoticed. JavaScript and Python servers use 20 seconds unless told otherwise; older JavaScript ones used 5."
    "engineio.max_payload" "Newer servers of version 4 send it, so that a client with much to say sends several bodies rather than one that is refused. In the servers it is called `maxHttpBufferSize` or `max_http_buffer_size`."
    "engineio.response" "JavaScript writes `ok`, Python `OK`; clients look only at the status code. It lets the client send its next POST, of which only one is under way at a time."
    "engineio.error.code" "Only JavaScript servers and such that imitate them send it. Clients do not act on it, but it makes logs easy to search."
    "engineio.error.message" "The texts differ between servers: JavaScript says \"Session ID unknown\" where Python says \"Invalid session\". They are meant for developers, not for users."
    "engineio.jsonp.index" "Each poll of a script has its own callback, so that answers cannot be mixed up. The server writes the number back: `___eio` with this index is called."
    "engineio.jsonp.data" "Browsers without cross-origin requests could still load scripts from anywhere, so version 3 offered this way around. Current clients do not use it any more."
}

by_key! { VALUES
    "engineio.version=3" "Expect pings from the client, and a Socket.IO CONNECT that the server sends by itself. Servers of version 4 refuse such clients, unless `allowEIO3` is set."
    "engineio.version=4" "Expect pings from the server, and a client that asks to join its namespace before it sends events."
    "engineio.type=0" "The client remembers the id and the times. With Socket.IO on top, it now sends a CONNECT packet."
    "engineio.type=1" "Nothing more is sent in this engine session. Its WebSocket, if there is one, is closed as well."
    "engineio.type=2" "A pong with the same text must follow in time, or the side that asked gives the connection up."
    "engineio.type=3" "The heartbeat is complete until the next interval; after a `probe` it means that the new transport may be used."
    "engineio.type=4" "What stands behind the type goes to the layer above. With Socket.IO the next character is the type of its packet."
    "engineio.type=5" "The server sends what it had kept back, and from now on uses the new transport alone."
    "engineio.type=6" "There is nothing to do for it. Its only purpose is that a response can be sent without a message."
    "engineio.error.code=0" "Compare the `transports` settings of client and server. A typing error in the query also leads here."
    "engineio.error.code=1" "The client starts over with a new engine session. If it happens again and again with several server processes, their load balancer needs sticky sessions."
    "engineio.error.code=2" "The handshake must be a GET. Someone may have posted to the address by hand, or a client lost its `sid`."
    "engineio.error.code=3" "Look at the query: a poll in an engine session that has moved to its WebSocket, or an upgrade that a proxy turned into a plain request, leads here."
    "engineio.error.code=4" "The decision is the application's own: look at the function that is passed as `allowRequest`, and at what it checks."
    "engineio.error.code=5" "Update the client to Socket.IO 3 or later, or let the server accept both with `allowEIO3: true`."
}

by_key! { RULES
    "engineio.unknown_type" "Expect the engine session to end with a parse error. A plain WebSocket client that talks to a Socket.IO server comes to this with its first message: use a Socket.IO client instead."
    "engineio.empty_packet" "The sender's program wrote an empty message or a separator too many. In an own implementation, send at least the digit 4 in front of every text."
    "engineio.bad_base64" "The packet is lost, and with it the event that it belongs to. Check that the sender uses the standard alphabet, with + and /, and not the one for URLs."
    "engineio.bad_length" "Usually the sender counted bytes instead of UTF-16 code units, or the body is really one of version 4. Everything behind the wrong length is lost."
    "engineio.bad_open" "The client closes the connection. See what stands there in the place of the object: often an error page of a framework or proxy that happens to begin with 0."
    "engineio.open_without_sid" "Clients give up here. A server of your own has to choose an id for every engine session, one that cannot be guessed."
    "engineio.heartbeat_direction" "Client and server are of different generations, or one of them was written by hand after an old description. Let the server ask and the client answer, in version 4."
    "engineio.refused" "Read the reason in the body, then the request that it answers. A client with reconnection switched on tries again after one to five seconds."
    "engineio.many_packets" "With Flask-SocketIO or python-socketio raise `engineio.payload.Payload.max_decode_packets`, or send less often: a client that waits for its POST collects all packets meanwhile."
    "engineio.too_many_packets" "All of them passed to the other side. If the rest matters to you, let the sender wait for fewer packets before it sends."
    "engineio.bad_jsonp" "The receiving script or server cannot read it either, so the engine session will end. Polling without JSONP, which every current client uses, avoids it."
    "engineio.late_ping" "The client may reconnect with a new engine session. Look for a server whose event loop or only thread was blocked by a long computation in this time."
    "engineio.late_pong" "Expect the server to end the engine session with \"ping timeout\". A page that was frozen in the background, a sleeping laptop, or a long task in its script makes a client answer late."
}
