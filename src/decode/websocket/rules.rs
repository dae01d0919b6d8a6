//! What can be wrong with a frame or a message, or is worth saying of it.

use crate::decode::field::rules;

rules! {
    UNMASKED_CLIENT_FRAME = Error "websocket.unmasked_client_frame", "client frame is not masked",
        "A client must mask every frame, so that a page cannot choose the bytes that intermediaries see; a server must close the connection over one that is not.",
        "RFC 6455 §5.1";
    MASKED_SERVER_FRAME = Error "websocket.masked_server_frame", "server frame is masked",
        "Only clients mask. A client must close the connection over a masked frame of the server.",
        "RFC 6455 §5.1";
    RESERVED_OPCODE = Error "websocket.reserved_opcode", "opcode is reserved",
        "This opcode has no meaning yet. A receiver that knows no extension that defines it must fail the connection.",
        "RFC 6455 §5.2";
    RESERVED_BIT = Error "websocket.reserved_bit", "reserved bit is set",
        "RSV1, RSV2 and RSV3 must be 0 unless an extension was agreed on that gives them a meaning.",
        "RFC 6455 §5.2";
    COMPRESSED_BIT_MISPLACED = Error "websocket.compressed_bit_misplaced", "RSV1 is set on a frame that cannot carry it",
        "With permessage-deflate, RSV1 says that a message is compressed. It stands on the message's first frame alone, never on further fragments or control frames.",
        "RFC 7692 §6.1";
    NON_MINIMAL_LENGTH = Error "websocket.non_minimal_length", "payload length is written too long",
        "The shortest of the three length forms must be used: 7 bits up to 125, 16 bits up to 65,535, 64 bits above.",
        "RFC 6455 §5.2";
    LENGTH_TOP_BIT = Error "websocket.length_top_bit", "top bit of the 64-bit length is set",
        "The most significant bit of a 64-bit payload length must be 0. Read as it stands, it is a length that no connection lives to see the end of, so what follows is shown as bytes.",
        "RFC 6455 §5.2";
    CONTROL_FRAGMENTED = Error "websocket.control_fragmented", "control frame is fragmented",
        "A close, ping or pong must be one frame with FIN set, so that it can be acted upon at once, also between the fragments of a message.",
        "RFC 6455 §5.5";
    CONTROL_TOO_LONG = Error "websocket.control_too_long", "control frame carries more than 125 bytes",
        "The payload of a close, ping or pong must fit the 7-bit length form.",
        "RFC 6455 §5.5";
    CONTINUATION_WITHOUT_START = Error "websocket.continuation_without_start", "continuation of no message",
        "A continuation frame carries on a message whose first frame had FIN clear; here no such message is open.",
        "RFC 6455 §5.4";
    MESSAGE_INTERRUPTED = Error "websocket.message_interrupted", "new message inside an unfinished one",
        "Between the fragments of a message only control frames may stand. wirewalk gives the unfinished message up and reads the new one.",
        "RFC 6455 §5.4";
    INVALID_UTF8 = Error "websocket.invalid_utf8", "text is not valid UTF-8",
        "A text message as a whole must be UTF-8; a character may be cut between two fragments. The receiver must fail the connection; close code 1007 is meant for this.",
        "RFC 6455 §8.1";
    CLOSE_REASON_INVALID_UTF8 = Error "websocket.close_reason_invalid_utf8", "close reason is not valid UTF-8",
        "Whatever follows the status code in a close frame must be text in UTF-8.",
        "RFC 6455 §5.5.1";
    CLOSE_PAYLOAD_TOO_SHORT = Error "websocket.close_payload_too_short", "close payload of one byte",
        "A close frame is either empty or begins with a status code of two bytes.",
        "RFC 6455 §5.5.1";
    CLOSE_CODE_FORBIDDEN = Error "websocket.close_code_forbidden", "close code must not be sent",
        "1005, 1006 and 1015 are what an application is told when no status code came; an endpoint must not put them into a close frame.",
        "RFC 6455 §7.4.1";
    CLOSE_CODE_UNDEFINED = Error "websocket.close_code_undefined", "close code is not defined",
        "Nobody may use codes below 1000; 1004 and 1016 to 2999 are reserved for later standards; above 4999 there are none. Most peers treat them as a protocol error.",
        "RFC 6455 §7.4.2";
    DATA_AFTER_CLOSE = Error "websocket.data_after_close", "data frame after a close frame",
        "Who has sent a close frame must not send data any more, and its peer discards what comes.",
        "RFC 6455 §5.5.1";
    CONTROL_AFTER_CLOSE = Note "websocket.control_after_close", "control frame after a close frame",
        "Its sender has already closed its direction; the other side need not react to a ping, a pong or a second close any more.",
        "RFC 6455 §5.5.1";
    MASKING_KEY_ZERO = Note "websocket.masking_key_zero", "masking key is zero",
        "With this key the masked payload equals the plain one. Keys must come from strong randomness, which gives four zero bytes once in four billion frames.",
        "RFC 6455 §5.3";
    MESSAGE_TOO_LONG = Note "websocket.message_too_long", "message is longer than wirewalk's limit",
        "The bytes pass all the same, but the message is not put together, so what it says is not shown. Any endpoint may set such a limit.",
        "RFC 6455 §10.4";
    INFLATING_FAILED = Error "websocket.inflating_failed", "message cannot be inflated",
        "RSV1 says that this message is compressed, but its payload is not what DEFLATE yields. Receivers commonly fail the connection over it.",
        "RFC 7692 §7.2.2";
    CONTEXT_LOST = Warning "websocket.context_lost", "compression context is lost",
        "This message may refer back to earlier ones of its direction, one of which could not be inflated to its end. wirewalk does not guess what it says.",
        "RFC 7692 §7.1.1";
    FRAME_CUT_SHORT = Warning "websocket.frame_cut_short", "connection ended inside a frame",
        "The header announced more bytes than came before the sender's direction was closed.",
        "RFC 6455 §5.2";
    TOLD = Note "websocket.told", "told by another program, so that frames are not known",
        "The messages of this WebSocket stand in a file of another program, such as a HAR file of a browser. It holds them whole: frames, masks, compression, control frames and the end of the connection are not in it, and wirewalk makes none of them up.",
        "HAR 1.2";
    HTTP_INSIDE = Error "websocket.http_inside", "HTTP on a connection that was upgraded",
        "The server had agreed to speak WebSocket and then sent an HTTP answer. It gave the WebSocket up, and the client cannot read why: look at the answer.",
        "RFC 6455 §4.2.2";
}
