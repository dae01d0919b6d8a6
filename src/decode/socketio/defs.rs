//! The fields and rules of Socket.IO.

use crate::decode::field::{ProtocolDef, fields, rules};

/// Socket.IO.
pub(super) static PROTOCOL: ProtocolDef = ProtocolDef {
    key: "socketio",
    name: "Socket.IO",
    is_format: false,
    meaning: "Sends named events with arguments over Engine.IO, to namespaces, and lets the receiver acknowledge them.",
    spec: "Socket.IO protocol v5",
    fields: FIELDS,
    rules: RULES,
};

fields! {
    TYPE = Unsigned "socketio.type", "Packet type",
        "Says what the packet does.", "Socket.IO protocol v5, Packet encoding",
        [0 "CONNECT" "The client asks to join a namespace, and the server answers that it did.",
         1 "DISCONNECT" "The sender leaves a namespace.",
         2 "EVENT" "A named event with its arguments.",
         3 "ACK" "The answer to an event that asked for one.",
         4 "CONNECT_ERROR" "The server refuses the client's CONNECT; called ERROR before version 5.",
         5 "BINARY_EVENT" "An event whose arguments hold bytes, which follow in packets of their own.",
         6 "BINARY_ACK" "An answer that holds bytes, which follow in packets of their own."];
    ATTACHMENTS = Unsigned "socketio.attachments", "Number of attachments",
        "How many packets of bytes follow this one and belong to it.", "Socket.IO protocol v5, Packet encoding";
    NAMESPACE = Text "socketio.namespace", "Namespace",
        "The channel that the packet belongs to; many share one connection. Where none is written it is the main one, /.",
        "Socket.IO protocol v5, Connection to a namespace";
    QUERY = Text "socketio.namespace.query", "Namespace query",
        "Parameters that a client before version 5 passed on joining a namespace; version 5 has the auth payload for them.",
        "Socket.IO protocol v5, Difference between v5 and v4";
    ID = Unsigned "socketio.id", "Acknowledgement id",
        "In an event: the receiver is asked to acknowledge it under this number. In an ACK: the number of the event.",
        "Socket.IO protocol v5, Acknowledgement";
    AUTH = Json "socketio.auth", "Auth payload",
        "What the client passes so that the server can decide whether it may join.",
        "Socket.IO protocol v5, Connection to a namespace";
    SID = Text "socketio.sid", "Socket id",
        "The id of this client in this namespace, given by the server; with most servers another than the id of the engine session.",
        "Socket.IO protocol v5, Connection to a namespace";
    ERROR = Json "socketio.error", "Connect error",
        "Why the client may not join: an object since version 5, a text before.",
        "Socket.IO protocol v5, Connection to a namespace";
    ERROR_MESSAGE = Text "socketio.error.message", "Connect error message",
        "The reason that the client's connect_error handler is given.",
        "Socket.IO protocol v5, Connection to a namespace";
    EVENT = Text "socketio.event", "Event name",
        "The name under which the receiver has registered its handler.",
        "Socket.IO protocol v5, Sending and receiving data";
    ARGUMENTS = Json "socketio.arguments", "Arguments",
        "What the handler of the event, or the callback of the acknowledgement, is called with, as an array.",
        "Socket.IO protocol v5, Sending and receiving data";
    ARGUMENT = Json "socketio.argument", "Argument",
        "One of the values that the handler or callback is called with.",
        "Socket.IO protocol v5, Sending and receiving data";
    PLACEHOLDER = Unsigned "socketio.placeholder", "Placeholder",
        "Stands where an attachment belongs; its number counts the attachments from 0.",
        "Socket.IO protocol v5, Packet encoding";
    ATTACHMENT = Bytes "socketio.attachment", "Attachment",
        "Bytes that were taken out of the arguments, since JSON has no bytes, and sent on their own.",
        "Socket.IO protocol v5, Packet encoding";
    PAYLOAD = Json "socketio.payload", "Payload",
        "The JSON text behind the header, in a packet that is neither event nor acknowledgement.",
        "Socket.IO protocol v5, Packet encoding";
}

rules! {
    UNKNOWN_TYPE = Error "socketio.unknown_type", "unknown Socket.IO packet type",
        "A Socket.IO packet begins with a digit from 0 to 6. The receiver closes the connection at any other.",
        "Socket.IO protocol v5, Packet encoding";
    BAD_ATTACHMENTS = Error "socketio.bad_attachments", "no number of attachments",
        "In a BINARY_EVENT or BINARY_ACK the number of attachments and a hyphen follow the type. Without it the receiver cannot know how many packets belong together.",
        "Socket.IO protocol v5, Packet encoding";
    BAD_ID = Error "socketio.bad_id", "acknowledgement id too large",
        "The id counts the events that asked for an acknowledgement. One that needs more than 64 bits is no such count, and cannot be tied to an event.",
        "Socket.IO protocol v5, Acknowledgement";
    INVALID_JSON = Error "socketio.invalid_json", "payload is not valid JSON",
        "The payload cannot be parsed, so the receiver drops the packet and closes the connection.",
        "Socket.IO protocol v5, Packet encoding";
    NOT_AN_ARRAY = Error "socketio.not_an_array", "event or acknowledgement without array",
        "The payload of an event and of an acknowledgement is an array: the receiver calls its handler with the elements.",
        "Socket.IO protocol v5, Sending and receiving data";
    NO_EVENT_NAME = Error "socketio.no_event_name", "event without name",
        "The first element of an event's array is its name, a string. Without one no handler can be found.",
        "Socket.IO protocol v5, Sending and receiving data";
    RESERVED_EVENT = Error "socketio.reserved_event", "reserved event name",
        "Client and server libraries raise events of this name themselves, so the JavaScript ones refuse such a packet from the wire. Choose another name.",
        "Socket.IO documentation, Emit cheatsheet";
    WRONG_PAYLOAD = Warning "socketio.wrong_payload", "payload does not fit the packet type",
        "CONNECT carries an object or nothing, DISCONNECT nothing, CONNECT_ERROR an object with a message, or a string before version 5. The JavaScript receiver closes the connection otherwise.",
        "Socket.IO protocol v5, Exchange protocol";
    ACK_WITHOUT_ID = Error "socketio.ack_without_id", "acknowledgement without id",
        "An acknowledgement names the event that it answers by its id. Without one the receiver cannot find the callback.",
        "Socket.IO protocol v5, Acknowledgement";
    UNANNOUNCED = Warning "socketio.unannounced_attachment", "attachment that no packet announced",
        "Bytes came though no BINARY_EVENT or BINARY_ACK before them in this direction of the engine session waits for any. A Socket.IO receiver closes the connection; an application on plain Engine.IO may send them.",
        "Socket.IO protocol v5, Packet encoding";
    INTERRUPTED = Error "socketio.interrupted_attachments", "text packet before the last attachment",
        "Attachments follow their packet at once, with no text packet between. The JavaScript receiver closes the connection, so the event is lost.",
        "Socket.IO protocol v5, Packet encoding";
    BAD_PLACEHOLDER = Error "socketio.bad_placeholder", "placeholder for an attachment that does not exist",
        "The number of a placeholder counts the attachments from 0, and there are fewer. The receiver cannot put the arguments together.",
        "Socket.IO protocol v5, Packet encoding";
}
