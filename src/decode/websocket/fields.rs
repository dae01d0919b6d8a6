//! Everything that can be read from a frame.

use crate::decode::field::fields;

fields! {
    FIN = Flag "websocket.fin", "FIN",
        "Set on the last frame of a message; a message of one frame has it set at once.",
        "RFC 6455 §5.2";
    RSV = Unsigned "websocket.rsv", "Reserved bits",
        "Three bits that are 0 unless an agreed extension gives them a meaning.",
        "RFC 6455 §5.2";
    RSV1 = Flag "websocket.rsv1", "RSV1",
        "With permessage-deflate: set on the first frame of a message that is compressed.",
        "RFC 7692 §6";
    RSV2 = Flag "websocket.rsv2", "RSV2",
        "Free for an extension; permessage-deflate does not use it.",
        "RFC 6455 §5.2";
    RSV3 = Flag "websocket.rsv3", "RSV3",
        "The last of the bits that are free for extensions; none in common use sets it.",
        "RFC 6455 §5.2";
    OPCODE = Unsigned "websocket.opcode", "Opcode",
        "Says how to read the payload. If its top bit is set, this is a control frame.",
        "RFC 6455 §5.2",
        [
            0 "continuation" "Carries on the message that an earlier frame began.",
            1 "text" "A text message in UTF-8, or its first fragment.",
            2 "binary" "A message of arbitrary bytes, or its first fragment.",
            3 "reserved 3" "Opcode 3 is kept for a data frame that a later standard may define.",
            4 "reserved 4" "Opcode 4 is kept for a data frame that a later standard may define.",
            5 "reserved 5" "Opcode 5 is kept for a data frame that a later standard may define.",
            6 "reserved 6" "Opcode 6 is kept for a data frame that a later standard may define.",
            7 "reserved 7" "Opcode 7 is kept for a data frame that a later standard may define.",
            8 "close" "Begins or answers the closing of the connection; its sender sends no data after it.",
            9 "ping" "Asks the other side for a pong, to see whether it is still there.",
            10 "pong" "Answers a ping with the same payload; unasked, it is a heartbeat in one direction.",
            11 "reserved 11" "Opcode 11 is kept for a control frame that a later standard may define.",
            12 "reserved 12" "Opcode 12 is kept for a control frame that a later standard may define.",
            13 "reserved 13" "Opcode 13 is kept for a control frame that a later standard may define.",
            14 "reserved 14" "Opcode 14 is kept for a control frame that a later standard may define.",
            15 "reserved 15" "Opcode 15 is kept for a control frame that a later standard may define.",
        ];
    MASK = Flag "websocket.mask", "Mask",
        "Whether the payload is masked: always from client to server, never the other way.",
        "RFC 6455 §5.2";
    PAYLOAD_LENGTH = Unsigned "websocket.payload_length", "Payload length",
        "How many bytes the payload has, if fewer than 126; else where the length is written.",
        "RFC 6455 §5.2",
        [
            126 "in 16 bits" "The length does not fit 7 bits and follows in the next two bytes.",
            127 "in 64 bits" "The length does not fit 16 bits and follows in the next eight bytes.",
        ];
    PAYLOAD_LENGTH_EXT_16 = Unsigned "websocket.payload_length_ext_16", "Extended payload length (16 bits)",
        "The length of a payload of 126 to 65,535 bytes, most significant byte first.",
        "RFC 6455 §5.2";
    PAYLOAD_LENGTH_EXT_64 = Unsigned "websocket.payload_length_ext_64", "Extended payload length (64 bits)",
        "The length of a payload of 65,536 bytes or more; its top bit must be 0.",
        "RFC 6455 §5.2";
    MASKING_KEY = Bytes "websocket.masking_key", "Masking key",
        "Four random bytes, new for each frame; byte i of the payload is combined with byte i mod 4 of the key by exclusive or.",
        "RFC 6455 §5.3";
    MASKED_PAYLOAD = Bytes "websocket.masked_payload", "Masked payload",
        "The payload as it is on the wire. Masking hides nothing, since the key stands in front of it; it keeps a page from choosing the bytes that a proxy sees.",
        "RFC 6455 §5.3";
    PAYLOAD = Bytes "websocket.payload", "Payload",
        "What the frame carries, without the mask; still compressed if the message is.",
        "RFC 6455 §5.2";
    CLOSE_STATUS_CODE = Unsigned "websocket.payload.close.status_code", "Close: status code",
        "Why the connection is closed, as a number for programs.",
        "RFC 6455 §7.4",
        [
            1000 "normal closure" "The purpose of the connection is fulfilled.",
            1001 "going away" "The server shuts down, or the browser leaves the page.",
            1002 "protocol error" "The other side broke a rule of the protocol.",
            1003 "unsupported data" "The other side sent a type of data that cannot be accepted here, such as binary instead of text.",
            1004 "reserved" "Kept back: a meaning may be defined in the future.",
            1005 "no status received" "Never sent: what an application is told when a close frame had no status code.",
            1006 "abnormal closure" "Never sent: what an application is told when the connection ended without a close frame.",
            1007 "invalid payload data" "A message did not fit its type, such as text that is not UTF-8.",
            1008 "policy violation" "A message broke a rule of the application; used where no other code fits.",
            1009 "message too big" "A message is larger than the receiver will process.",
            1010 "mandatory extension" "The client needs an extension that the server did not choose.",
            1011 "internal error" "The server met something unexpected and cannot go on.",
            1012 "service restart" "The server restarts; the client may connect again after a random pause.",
            1013 "try again later" "The server is overloaded; the client should come back later or elsewhere.",
            1014 "bad gateway" "A gateway got an invalid answer from the server behind it, as with HTTP 502.",
            1015 "TLS handshake" "Never sent: what an application is told when the TLS handshake failed.",
            3000 "unauthorized" "The application wants the client to authenticate, as with HTTP 401.",
            3003 "forbidden" "The application refuses this client, as with HTTP 403.",
            3008 "timeout" "The application waited too long for the other side, as with HTTP 408.",
        ];
    CLOSE_STATUS_CODE_RANGE = Text "websocket.payload.close.status_code_range", "Close: range of the code",
        "Who may give meaning to a status code of this thousand.",
        "RFC 6455 §7.4.2";
    CLOSE_REASON = Text "websocket.payload.close.reason", "Close: reason",
        "Why the connection is closed, as text for people who look for an error; not meant for users.",
        "RFC 6455 §7.1.6";
    PING = Bytes "websocket.payload.ping", "Ping payload",
        "At most 125 bytes of the sender's choice, by which it recognises the pong.",
        "RFC 6455 §5.5.2";
    PONG = Bytes "websocket.payload.pong", "Pong payload",
        "A copy of what the ping carried; where several pings wait, the last one may be answered alone.",
        "RFC 6455 §5.5.3";
    MESSAGE = Group "websocket.message", "Message",
        "The message that ends with this frame.",
        "RFC 6455 §5.4";
    MESSAGE_FRAGMENTED = Flag "websocket.message.fragmented", "Fragmented",
        "Whether the message came in several frames, of which this is the last.",
        "RFC 6455 §5.4";
    MESSAGE_LENGTH = Unsigned "websocket.message.length", "Message length",
        "How many bytes the message has when it is put together and unmasked.",
        "RFC 6455 §5.4";
    INFLATED_LENGTH = Unsigned "websocket.payload.inflated_length", "Inflated length",
        "How many bytes the message has after inflating; compare it with what was sent.",
        "RFC 7692 §7.2.2";
}
