//! What is said of WebSocket frames and messages.

use super::Table;
use super::context::Context;
use super::template::{Text, by_key, texts};
use crate::decode::unit::{LinkKind, UnitKind, Value};

pub(super) static TABLE: Table = Table {
    protocol: "websocket",
    #[cfg(test)]
    units: UNITS,
    pick,
    fields: FIELDS,
    values: VALUES,
    rules: RULES,
};

/// Said of what a message of several frames carries.
pub(super) const IN_FRAGMENTS: &str = "Its message came in several frames, of which this is the last[; the one before is unit {fragment_before}].";

/// Said of what a compressed message carries.
pub(super) const COMPRESSED_BELOW: &str =
    "Its message was compressed: {on_wire} on the wire, {inflated} inflated.";

fn pick(context: &Context<'_>) -> &'static Text {
    let is_set = |key| context.node(key).is_some_and(|node| node.value == Value::Flag(true));
    let fin = is_set("websocket.fin");
    let Some(opcode) = context.number("websocket.opcode") else { return &BEGINNING };
    match opcode {
        _ if context.unit.kind == UnitKind::Message => &TOLD,
        0 if fin => &LAST_FRAGMENT,
        0 => &FURTHER_FRAGMENT,
        1 | 2 if !fin => &FIRST_FRAGMENT,
        1 | 2 if is_set("websocket.rsv1") => &COMPRESSED,
        1 => &TEXT_MESSAGE,
        2 => &BINARY_MESSAGE,
        8 if context.answered_close().is_some() => &CLOSE_ANSWERED,
        8 if context.has("websocket.payload.close.status_code") => &CLOSE,
        8 => &CLOSE_WITHOUT_CODE,
        9 => &PING,
        10 if context.earlier(LinkKind::Ping).is_some() => &PONG,
        10 => &PONG_UNASKED,
        _ => &RESERVED,
    }
}

texts! {
    TEXT_MESSAGE = "websocket.text", "A text message",
        "{Sender} sends a text message in a single frame.[ The text has {websocket.message.length} bytes; with the header it is {size}.]",
        "FIN is set and the opcode is 1, so this frame is a whole message of UTF-8 text.[ Its payload is masked with the key {mask}, as every frame of a client must be.]",
        "WebSocket itself knows no answers: both sides may send at any time, and whether something comes back is up to the application.",
        "RFC 6455 §5.6";
    BINARY_MESSAGE = "websocket.binary", "A binary message",
        "{Sender} sends a binary message in a single frame of {size}.",
        "FIN is set and the opcode is 2, so this frame is a whole message, whose bytes may be anything: a picture, sound, a format of the application.[ The payload is masked with the key {mask}.]",
        "The receiving program gets the bytes as they are, in a browser as a Blob or an ArrayBuffer. What they mean only the application knows.",
        "RFC 6455 §5.6";
    TOLD = "websocket.told", "A message of which another program tells",
        "{Sender} sent a message of {size}, says the file that was opened.",
        "A browser's HAR file holds whole messages, as the page's script sends and receives them. In how many frames this one travelled, with which mask, and whether it was compressed stands nowhere.",
        "Pings, pongs and close frames pass between such messages too, but the format has no place for them.",
        "RFC 6455 §5.6";
    COMPRESSED = "websocket.compressed", "A compressed message",
        "{Sender} sends a compressed message in a single frame: {on_wire} with its header[, which inflate to {inflated}].",
        "Both sides agreed on permessage-deflate in the handshake, and RSV1 says that it was used for this message. With context takeover a message may refer back to what earlier ones of the same direction said, so repetitions shrink to a few bytes; a short first message may even grow.",
        "The receiver appends the four bytes 0x0000ffff, which the sender leaves out at the end, and inflates. The application notices nothing of it.",
        "RFC 7692 §7.2";
    FIRST_FRAGMENT = "websocket.first_fragment", "A message begins",
        "{Sender} sends the first fragment of a message, in a frame of {size}.",
        "FIN is not set, so more will come; the opcode tells already whether the message is text or binary. A sender uses fragments when it does not know the length in advance, or so that pings can pass between the parts of a long message.",
        "Continuation frames follow, and the last one has FIN set.[ The next is unit {fragment_behind}.] Pings, pongs and a close may stand between them, but no other message of this direction.",
        "RFC 6455 §5.4";
    FURTHER_FRAGMENT = "websocket.further_fragment", "A message goes on",
        "{Sender} sends a further fragment of the message that it began, in a frame of {size}.[ The one before is unit {fragment_before}.]",
        "The opcode is 0, continuation: what kind of message it is was said by the first fragment. A cut may fall anywhere, even inside a character.",
        "FIN is not set, so this is not the end yet.[ Unit {fragment_behind} carries on.]",
        "RFC 6455 §5.4";
    LAST_FRAGMENT = "websocket.last_fragment", "A message is complete",
        "{Sender} sends the last fragment of a message.[ The one before is unit {fragment_before}.] All frames of the message together have {on_wire} on the wire.",
        "The opcode is 0 and FIN is set, so the message ends here. Receivers join the payloads in order and hand the application one message: how it was cut has no meaning.",
        "The next frame of data in this direction begins a new message.",
        "RFC 6455 §5.4";
    CLOSE = "websocket.close", "The WebSocket is being closed",
        "{Sender} begins the closing handshake with the code {websocket.payload.close.status_code}[ and the reason `{websocket.payload.close.reason}`].[ It comes {violation_after} after unit {violation} broke the protocol.]",
        "A close frame says that its sender will send no more data.[ This code means: {close_meaning}] The other program is told the code, and can act on it.",
        "The other side answers with a close frame of its own, usually with the same code. Then the server ends the TCP connection.",
        "RFC 6455 §7.1.2";
    CLOSE_WITHOUT_CODE = "websocket.close_without_code", "The WebSocket is being closed without a code",
        "{Sender} begins the closing handshake. Its close frame has no payload, so it gives no reason.",
        "A status code is optional. A script that calls `close()` without arguments makes such a frame, and the other program is told the code 1005, which stands for no code at all.",
        "The other side answers with a close frame, and then the server ends the TCP connection.",
        "RFC 6455 §5.5.1";
    CLOSE_ANSWERED = "websocket.close_answered", "The close is answered",
        "{Sender} answers the close frame of unit {close}, {close_after} later[, with the code {websocket.payload.close.status_code}].",
        "Both sides must have sent a close frame before a WebSocket counts as closed cleanly. The answer usually repeats the code that was received, and may wait until the message that is just being sent is complete.",
        "No more messages pass in either direction. The server ends the TCP connection now; a client does so only if the server takes too long.",
        "RFC 6455 §5.5.1";
    PING = "websocket.ping", "A ping",
        "{Sender} sends a ping frame[ (its payload: {websocket.payload.ping})].",
        "It asks whether the other side is still there, and keeps proxies from ending an idle connection. It is made by the library or the server: a script in a browser can neither send nor see one.",
        "The receiver must answer soon with a pong that has the same payload.[ Here unit {pong} does so after {pong_after}.]",
        "RFC 6455 §5.5.2";
    PONG = "websocket.pong", "A pong",
        "{Sender} answers the ping of unit {ping}, {ping_after} later[, with the same payload ({websocket.payload.pong})].",
        "The answer shows that the connection and the program's WebSocket library are alive. Libraries answer by themselves, so it says little about the application behind them.",
        "Nothing follows from it. The sender of the ping starts its clock anew, and will ping again after a while.",
        "RFC 6455 §5.5.3";
    PONG_UNASKED = "websocket.pong_unasked", "A pong that no ping asked for",
        "{Sender} sends a pong frame that answers no ping[ (its payload: {websocket.payload.pong})].",
        "That is allowed: a pong on its own is a heartbeat in one direction, which says \"I am still here\" and wants no reply.",
        "No answer is expected. Another one may come after the same time again.",
        "RFC 6455 §5.5.3";
    RESERVED = "websocket.reserved", "A frame of an unknown kind",
        "{Sender} sends a frame with the opcode {websocket.opcode}, which no standard has given a meaning.",
        "Opcodes 3 to 7 and 11 to 15 are kept for later versions of the protocol. Usually such a frame means that the sender and this decoder disagree on where the frame begins, or that the sender is faulty.",
        "A receiver that knows no extension for it must fail the connection, commonly with close code 1002.",
        "RFC 6455 §5.2";
    BEGINNING = "websocket.beginning", "The beginning of a frame",
        "{Sender} sent {size} of a frame whose header is not complete.",
        "A header takes 2 to 14 bytes. Here the connection ended, or what came could not be read on, before all of them were there.",
        "There is no message in it. Look at how the connection ended to see who stopped.",
        "RFC 6455 §5.2";
}

by_key! { FIELDS
    "websocket.fin" "It lets a sender begin a message before it knows how long it will be. Most messages are small and consist of one frame, so it is set nearly always."
    "websocket.rsv" "An extension can use them to change what a frame means, but only after both sides agreed on it in the handshake. permessage-deflate uses the first of the three."
    "websocket.rsv1" "Compression is chosen for each message anew, so a sender may leave short messages alone. Without permessage-deflate this bit must be 0, and a receiver fails the connection otherwise."
    "websocket.rsv2" "No extension that browsers or common servers implement has a use for it. A 1 here usually means that a decoder has lost its place in the stream."
    "websocket.rsv3" "It is kept so that extensions can be combined: each needs bits of its own. A receiver that agreed to no such extension must fail the connection if it is 1."
    "websocket.opcode" "0 to 7 are data, 8 to 15 control. Control frames are short, are never fragmented and may stand between the fragments of a message, so that a ping need not wait for a long message to end."
    "websocket.mask" "The rule makes sure that a page's script cannot choose what bytes appear on the wire: old proxies that mistake a WebSocket for HTTP could be made to store forged answers. A server has no need of it."
    "websocket.payload_length" "Seven bits are enough for most messages, so that a short one costs 2 bytes of header (6 with a mask). The values 126 and 127 are free to say that a longer length follows."
    "websocket.payload_length_ext_16" "It stands in network byte order, as all numbers of the header do. A length that would have fitted 7 bits must not be written here."
    "websocket.payload_length_ext_64" "Receivers set limits, often 1 MiB, and close with code 1009 over a longer message. The top bit is 0 so that languages without unsigned numbers can hold the length."
    "websocket.masking_key" "A page cannot foresee it, and that is all it is for: it stands in the clear, so it protects no secret. To unmask, the receiver applies the same exclusive or again."
    "websocket.masked_payload" "These are the bytes that a packet capture shows. Unmasking gives the payload below; the bytes view can show the exclusive or for each of them."
    "websocket.payload" "For a control frame it is at most 125 bytes. For a data frame it is a message or a part of one, and compressed as a whole if the first frame has RSV1 set."
    "websocket.payload.close.status_code" "It is the first two bytes of a close frame's payload. The program on the other side finds it in its close event, in a browser as `event.code`, and decides by it whether to connect again."
    "websocket.payload.close.status_code_range" "It tells where to look a code up: in the standard and the IANA registry, or, from 4000 on, in the documentation of the application."
    "websocket.payload.close.reason" "It is at most 123 bytes of UTF-8, since a control frame has room for 125 and the code takes two. In a browser it is `event.reason`."
    "websocket.payload.ping" "Some libraries put a counter or the time here, so that they can tell which ping a pong belongs to and how long it took. It may be empty."
    "websocket.payload.pong" "Compare it with the ping's: an answer must be the same, byte by byte. So the sender can tell an answer to its newest ping from an old one."
    "websocket.message" "Applications see messages, never frames. What stands below is the message as it is handed over: put together, unmasked and inflated."
    "websocket.message.fragmented" "Intermediaries may join or split fragments as long as they do not know of an extension, so the number of frames must not mean anything to an application."
    "websocket.message.length" "Receivers limit it to protect their memory, and close with code 1009 beyond. For text it counts bytes, of which a character in UTF-8 takes one to four."
    "websocket.payload.inflated_length" "A few kilobytes on the wire can inflate to a thousand times as much, so receivers must limit this length as well as that on the wire."
}

by_key! { VALUES
    "websocket.opcode=0" "The receiver appends the payload to that of the frames before. Without a message that was begun it is an error."
    "websocket.opcode=1" "The receiver checks that the whole message is UTF-8, and hands it to the application as a string. Otherwise it closes with code 1007."
    "websocket.opcode=2" "The receiver hands the bytes to the application unchecked. Attachments of Socket.IO travel in this way."
    "websocket.opcode=3" "A receiver of today must fail the connection over opcode 3, as no data frame of this number has been defined."
    "websocket.opcode=4" "Opcode 4 has no meaning in any published standard or extension, so a receiver must fail the connection."
    "websocket.opcode=5" "Whoever receives opcode 5 today cannot know what kind of data it would be, and must fail the connection."
    "websocket.opcode=6" "Opcode 6 lies among the data frames that nobody has defined; to a receiver it is a protocol error."
    "websocket.opcode=7" "Opcode 7 is the last of the unused data frames. A receiver must fail the connection when it comes."
    "websocket.opcode=8" "The other side answers with a close frame, unless it has sent one already, and then the TCP connection ends."
    "websocket.opcode=9" "A pong with the same payload must come back as soon as possible, even in the middle of a fragmented message."
    "websocket.opcode=10" "The one who sent the ping knows now that the connection works in both directions. An unasked pong is ignored."
    "websocket.opcode=11" "Opcode 11 is the first of the unused control frames. A receiver must fail the connection over it."
    "websocket.opcode=12" "No control frame 12 exists; a receiver answers it by failing the connection, commonly with code 1002."
    "websocket.opcode=13" "Since no standard says what opcode 13 would control, a receiver has to fail the connection."
    "websocket.opcode=14" "Opcode 14 must be taken for a protocol error until a later standard gives it a meaning."
    "websocket.opcode=15" "All four bits are set. As no control frame of this number is defined, a receiver must fail the connection."
    "websocket.payload_length=126" "The two bytes behind hold the length, from 126 to 65,535. The header is 4 bytes long, or 8 with a masking key."
    "websocket.payload_length=127" "The eight bytes behind hold the length, from 65,536 on. The header is 10 bytes long, or 14 with a masking key."
    "websocket.payload.close.status_code=1000" "All went well. Libraries that connect again by themselves after a failure commonly do not do so after this code."
    "websocket.payload.close.status_code=1001" "Browsers send it when a tab is closed or a link is followed, servers when they stop. A client of a server that stops may connect again."
    "websocket.payload.close.status_code=1002" "One of the two programs, or something between them, is faulty. Look at the frame of the other side just before: its finding names the rule."
    "websocket.payload.close.status_code=1003" "Connecting again helps only if the sender changes what it sends. An endpoint that takes JSON texts alone may answer binary messages with it."
    "websocket.payload.close.status_code=1004" "Nobody should send it, as its meaning is still open. A receiver may take it for a protocol error."
    "websocket.payload.close.status_code=1005" "A program reports it to itself when the close frame was empty. On the wire it is a mistake of the sender's library."
    "websocket.payload.close.status_code=1006" "Programs report it when a connection breaks or a handshake fails; browsers give no details, for safety. It cannot come over the wire from a correct peer."
    "websocket.payload.close.status_code=1007" "The sender of the message encoded it wrongly, for example text in Latin-1, or compressed data that cannot be inflated. Look at the message before."
    "websocket.payload.close.status_code=1008" "Servers use it for tokens that have expired, for clients that may not do what they asked, and for too many messages. The reason may tell."
    "websocket.payload.close.status_code=1009" "The sender must split what it sends, or the receiver raise its limit: `max_http_buffer_size` in Flask-SocketIO, `maxPayload` in `ws`."
    "websocket.payload.close.status_code=1010" "Only a client sends it; its reason should list the extensions that it needs. A server would simply have refused the handshake."
    "websocket.payload.close.status_code=1011" "Usually a handler on the server raised an exception: its log holds the traceback. Connecting again often leads to the same error."
    "websocket.payload.close.status_code=1012" "The pause, from 5 to 30 seconds by its definition, keeps thousands of clients from coming back in the same moment."
    "websocket.payload.close.status_code=1013" "A client that tries again at once makes an overload worse, so it should wait, and longer each time."
    "websocket.payload.close.status_code=1014" "The fault lies behind the server that sent it. Look at the log of the gateway and at the application that it stands for."
    "websocket.payload.close.status_code=1015" "Programs report it when the certificate was not accepted or TLS could not be agreed on. As no WebSocket existed yet, no frame can carry it."
    "websocket.payload.close.status_code=3000" "The client should obtain credentials and connect again with them. It is registered for all applications."
    "websocket.payload.close.status_code=3003" "Unlike missing credentials, this does not change by logging in again as the same user; a client should not retry."
    "websocket.payload.close.status_code=3008" "An expected message, such as a login or the answer to a heartbeat, did not come in time. The client may connect again."
}

by_key! { RULES
    "websocket.unmasked_client_frame" "Servers close with code 1002 over it. A client written by hand is the usual cause: choose four random bytes for each frame, set the mask bit, and apply the key to the payload."
    "websocket.masked_server_frame" "Browsers fail the connection with \"A server must not mask any frames that it sends to the client\". Often a client's library is used to write the server's frames."
    "websocket.reserved_opcode" "Expect the connection to be closed with code 1002. If the frames before were in order, the sender has probably written a wrong length, so that the receiver now reads payload as a header."
    "websocket.reserved_bit" "Receivers close with code 1002. If it is RSV1, the sender compresses although the handshake did not agree on permessage-deflate: compare Sec-WebSocket-Extensions in request and answer."
    "websocket.compressed_bit_misplaced" "A receiver fails the connection with code 1002, since it cannot know which part is compressed. The sender's library must set the bit on the first frame alone."
    "websocket.non_minimal_length" "Lenient receivers read it all the same, strict ones close with code 1002. The sender's library should choose the form by the length of each payload."
    "websocket.length_top_bit" "Receivers fail the connection. A sender comes to this with a negative number, or when the stream is read from a wrong place."
    "websocket.control_fragmented" "Receivers close with code 1002. Only messages can be sent in pieces; a control frame has at most 125 bytes and needs none."
    "websocket.control_too_long" "Receivers close with code 1002. Send long data as a message; for a close, shorten the reason to 123 bytes of UTF-8."
    "websocket.continuation_without_start" "Receivers close with code 1002. Either the first fragment was sent with FIN set, or two threads of the sender write to one connection without taking turns."
    "websocket.message_interrupted" "Other receivers close with code 1002. The usual cause is a program that sends from two threads or tasks at once: let one alone write, or use a lock."
    "websocket.invalid_utf8" "Expect a close with 1007, and the message to be lost. Send bytes that are no text as a binary message, and encode text as UTF-8 before it is cut into fragments."
    "websocket.close_reason_invalid_utf8" "The connection ends anyway, but the other program may report code 1007 in place of the given one. A reason cut off at 123 bytes must not be cut inside a character."
    "websocket.close_payload_too_short" "Receivers answer with code 1002 and end the connection. Write the status code as two bytes, most significant first, or leave the payload empty."
    "websocket.close_code_forbidden" "A receiver treats it as a protocol error. To give no code, send an empty close frame; to end without a reason of your own, send 1000."
    "websocket.close_code_undefined" "Libraries commonly answer with 1002. For codes of your own application use 4000 to 4999, which are set aside for that."
    "websocket.data_after_close" "The message is lost. The sending program has to stop its writers before it closes, and treat a closed WebSocket as an error when it sends."
    "websocket.control_after_close" "It does no harm, and can be ignored. Often it is a heartbeat timer that was not stopped when the connection was closed."
    "websocket.masking_key_zero" "Receivers accept it. A client that always does it, for speed or out of laziness, gives away the protection of proxies that masking is there for."
    "websocket.message_too_long" "Start wirewalk with a higher `--max-message` to see such messages as well; it then needs the memory to put them together."
    "websocket.inflating_failed" "Look for a sender that sets RSV1 on plain data, or leaves out more than the last four bytes. Every later message of this direction that depends on the lost context fails too."
    "websocket.context_lost" "The peers themselves may well read it, if they can read the one before. Where the handshake agreed on no context takeover for this direction, each message stands alone and this cannot happen."
    "websocket.frame_cut_short" "The message is lost. The sender's process ended or its connection broke; see how the connection was closed, and whether a reset followed."
    "websocket.told" "What the messages say is decoded all the same. To see the frames too, let wirewalk stand between client and server."
    "websocket.http_inside" "Python servers do this when a handler raises an exception behind the upgrade: the web framework writes its error page into the connection. The log of the server holds the traceback."
}
