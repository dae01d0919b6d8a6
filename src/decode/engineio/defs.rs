//! The fields and rules of Engine.IO.

use crate::decode::field::{ProtocolDef, fields, rules};

/// Engine.IO.
pub(super) static PROTOCOL: ProtocolDef = ProtocolDef {
    key: "engineio",
    name: "Engine.IO",
    is_format: false,
    meaning: "Carries packets over HTTP polling or a WebSocket, keeps the connection alive, and upgrades from the one to the other.",
    spec: "Engine.IO protocol v4",
    fields: FIELDS,
    rules: RULES,
};

fields! {
    VERSION = Unsigned "engineio.version", "Version",
        "The protocol version that the request named in its query, as EIO.",
        "Engine.IO protocol v4, Query parameters",
        [3 "Engine.IO 3" "Used by Socket.IO 1 and 2: the client sends the pings, and polling bodies count characters.",
         4 "Engine.IO 4" "Used since Socket.IO 3: the server sends the pings, and polling bodies separate packets by the byte 0x1E."];
    TRANSPORT = Text "engineio.transport", "Transport",
        "What carries the packets, as the request named it in its query.", "Engine.IO protocol v4, Transports";
    PACKET = Group "engineio.packet", "Packet",
        "One of the packets that share a polling body.", "Engine.IO protocol v4, Packet encoding";
    LENGTH = Unsigned "engineio.packet.length", "Packet length",
        "The length of the packet behind it: UTF-16 code units in a text body, bytes in a binary one.",
        "Engine.IO protocol v3, Payload";
    BINARY = Flag "engineio.packet.binary", "Binary packet",
        "Says in a binary body whether the packet behind it is bytes (1) or text (0).",
        "Engine.IO protocol v3, Payload";
    BASE64 = Flag "engineio.base64", "Base64",
        "The letter b: what follows is bytes, written as base64 since the carrier is text.",
        "Engine.IO protocol v4, Packet encoding, HTTP long-polling";
    TYPE = Unsigned "engineio.type", "Packet type",
        "Says what the packet is for. A packet of bytes in version 4 has no type of its own: it is a message.",
        "Engine.IO protocol v4, Protocol",
        [0 "open" "The server's first packet: the id of the engine session and the settings of the heartbeat.",
         1 "close" "Says that the transport can be closed, and with it the engine session.",
         2 "ping" "Asks whether the other side is alive; with the text probe it tests a new transport.",
         3 "pong" "Answers a ping, with the same text.",
         4 "message" "Carries what the application, or Socket.IO, sends.",
         5 "upgrade" "The client has tested the new transport and from now on sends all its packets there.",
         6 "noop" "Says nothing: it ends a waiting poll so that the transport can be changed."];
    DATA = Text "engineio.data", "Data",
        "What stands behind the packet type, in a packet that is no message.",
        "Engine.IO protocol v4, Packet encoding";
    HANDSHAKE = Json "engineio.handshake", "Handshake",
        "What the server tells a new client, as a JSON object.", "Engine.IO protocol v4, Handshake";
    SID = Text "engineio.sid", "Session id",
        "The id of the engine session; the client names it in every later request, and must keep it secret.",
        "Engine.IO protocol v4, Handshake";
    UPGRADES = Json "engineio.upgrades", "Upgrades",
        "The transports that the client may change to.", "Engine.IO protocol v4, Handshake";
    PING_INTERVAL = Duration "engineio.ping_interval", "Ping interval",
        "The time between two pings; written in milliseconds.", "Engine.IO protocol v4, Handshake";
    PING_TIMEOUT = Duration "engineio.ping_timeout", "Ping timeout",
        "How long a side waits for the other's ping or pong before it gives the connection up; written in milliseconds.",
        "Engine.IO protocol v4, Handshake";
    MAX_PAYLOAD = Unsigned "engineio.max_payload", "Maximum payload",
        "The largest polling body, in bytes, that the server takes; the client splits its packets accordingly.",
        "Engine.IO protocol v4, Handshake";
    RESPONSE = Text "engineio.response", "Response",
        "The server has taken the packets of the POST request that this answers.",
        "Engine.IO protocol v4, Sending data";
    ERROR_CODE = Unsigned "engineio.error.code", "Error code",
        "Why the server refused the request, as a number of the JavaScript server.", "Engine.IO server, errors",
        [0 "Transport unknown" "The query names a transport that the server does not offer.",
         1 "Session ID unknown" "No engine session has this sid: it has ended, or another server process opened it and there is no sticky routing.",
         2 "Bad handshake method" "A new engine session was asked for by another method than GET.",
         3 "Bad request" "The request does not fit its engine session, such as a transport that the session does not use.",
         4 "Forbidden" "The application's allowRequest function refused the request.",
         5 "Unsupported protocol version" "The client speaks Engine.IO 3 to a server that takes 4 alone, unless allowEIO3 is set."];
    ERROR_MESSAGE = Text "engineio.error.message", "Error message",
        "Why the server refused the request, in its words.", "Engine.IO server, errors";
    JSONP_INDEX = Unsigned "engineio.jsonp.index", "JSONP index",
        "The number of the script's callback, as the request named it in its query as j.",
        "Engine.IO protocol v3, JSONP";
    JSONP_DATA = Text "engineio.jsonp.data", "JSONP data",
        "A polling body, escaped so that it fits into a script or a form.", "Engine.IO protocol v3, JSONP";
}

rules! {
    UNKNOWN_TYPE = Error "engineio.unknown_type", "unknown packet type",
        "A packet begins with a digit from 0 to 6. The receiver closes the engine session, since the sender does not speak Engine.IO or another version of it.",
        "Engine.IO protocol v4, Packet encoding";
    EMPTY_PACKET = Error "engineio.empty_packet", "empty packet",
        "A packet has at least its type. The JavaScript receivers close the engine session with a parser error.",
        "Engine.IO protocol v4, Packet encoding";
    BAD_BASE64 = Error "engineio.bad_base64", "invalid base64",
        "Bytes in a text are written as base64, and this is not: a receiver drops the packet or reads wrong bytes.",
        "RFC 4648 §4";
    BAD_LENGTH = Error "engineio.bad_length", "wrong packet length",
        "In version 3 each packet of a polling body stands behind its length and a colon. Where the length is no number or reaches past the end, the receiver reports a parser error and closes the engine session.",
        "Engine.IO protocol v3, Payload";
    BAD_OPEN = Error "engineio.bad_open", "open packet without valid handshake",
        "The open packet carries a JSON object with the settings of the engine session. Without it the client cannot go on.",
        "Engine.IO protocol v4, Handshake";
    OPEN_WITHOUT_SID = Error "engineio.open_without_sid", "open packet without sid",
        "The client must name the sid in all its later requests, so there can be none.",
        "Engine.IO protocol v4, Handshake";
    HEARTBEAT_DIRECTION = Error "engineio.heartbeat_direction", "heartbeat in the wrong direction",
        "In version 4 the server sends the pings, in version 3 the client. The JavaScript server ends the engine session with 'invalid heartbeat direction'.",
        "Engine.IO protocol v4, Heartbeat";
    REFUSED = Error "engineio.refused", "Engine.IO server refused the request",
        "The server answered with an error instead of packets. The client tries again with a new engine session, or reports a connection error.",
        "Engine.IO server, errors";
    MANY_PACKETS = Note "engineio.many_packets", "more than 16 packets in one request",
        "A server on python-engineio takes at most 16 packets in one body and refuses the whole body otherwise ('Too many packets in payload'). Other servers limit its bytes alone.",
        "python-engineio, Payload.max_decode_packets";
    TOO_MANY_PACKETS = Warning "engineio.too_many_packets", "too many packets to show",
        "wirewalk reads the first 10,000 packets of a polling body. The others have passed, but are not decoded.",
        "Engine.IO protocol v4, Packet encoding";
    BAD_JSONP = Error "engineio.bad_jsonp", "unreadable JSONP body",
        "A JSONP body is a call of ___eio with a JavaScript string, or a form with the field d. This one is neither, so its packets cannot be read.",
        "Engine.IO protocol v3, JSONP";
    LATE_PING = Warning "engineio.late_ping", "late ping",
        "Since the ping before, more time went by than pingInterval and pingTimeout together; by then the other side may have given the engine session up.",
        "Engine.IO protocol v4, Heartbeat";
    LATE_PONG = Warning "engineio.late_pong", "late pong",
        "The answer to a ping took longer than pingTimeout; by then the side that pinged may have given the engine session up.",
        "Engine.IO protocol v4, Heartbeat";
}
