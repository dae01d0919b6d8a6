//! What is said of connections, TLS, and bytes of no protocol.

use super::Table;
use super::context::Context;
use super::template::{Text, by_key, texts};
use crate::decode::unit::UnitKind;

pub(super) static TABLE: Table = Table {
    protocol: "tcp",
    #[cfg(test)]
    units: UNITS,
    pick,
    fields: FIELDS,
    values: &[],
    rules: RULES,
};

fn pick(context: &Context<'_>) -> &'static Text {
    let is_websocket = || context.session.connection(context.unit.conn).is_some_and(|c| c.is_websocket);
    match context.unit.kind {
        UnitKind::Opened if context.has("tcp.error") => &UNREACHABLE,
        UnitKind::Opened => &OPENED,
        UnitKind::Tls => &TLS,
        UnitKind::Lost => &LOST,
        UnitKind::Closed => match context.text("tcp.closed_how").as_deref() {
            Some("reset") => &RESET,
            Some("stopped") => &STOPPED,
            _ if context.text("tcp.closed_by").as_deref() == Some("wirewalk") => &ENDED_BY_WIREWALK,
            _ if !context.ends_first() => &ENDED_SECOND,
            _ if is_websocket() => &WEBSOCKET_ENDED,
            _ => &ENDED_FIRST,
        },
        _ if context.found("tcp.tls_to_plain") => &CLIENT_HELLO,
        _ if context.found("tcp.http2") => &HTTP2,
        _ => &OPAQUE,
    }
}

texts! {
    OPENED = "tcp.opened", "A connection is opened",
        "A client at {tcp.client} connected to wirewalk, which connected to the server at {tcp.server} for it[, in {tcp.connect_time}].",
        "HTTP and WebSocket need a stream of bytes that arrives complete and in order, which is what TCP gives. For each connection of a client there is one to the server; wirewalk copies what comes on the one to the other.",
        "The client speaks first, usually with an HTTP request. Where the server is reached by https:// or wss://, TLS is agreed on with it before.",
        "RFC 9293 §3.5";
    UNREACHABLE = "tcp.unreachable", "The server cannot be reached",
        "A client at {tcp.client} connected to wirewalk, but wirewalk could not connect to {tcp.upstream}. The reason: {tcp.error}.",
        "Often no program listens at that address and port, because the server is not running or listens at another one; or the name or the certificate is wrong. The reason tells which.",
        "wirewalk answers the client's first request with a 502 of its own and closes the connection. Start the server or mend the address, and let the client try again: wirewalk goes on listening.",
        "RFC 9293 §3.10.1";
    TLS = "tls.agreed", "TLS is agreed on with the server",
        "wirewalk and the server agreed on {tls.version} with the cipher suite {tls.cipher_suite}[, in {tls.handshake_time}]. Certificate checked: {tls.verified}.",
        "The server is reached by https:// or wss://, so all bytes between wirewalk and it are encrypted. The client speaks to wirewalk in the clear, and so wirewalk can show what passes.",
        "From here on everything on this connection travels inside TLS records. They are not shown: you see the HTTP and WebSocket bytes that they carry.",
        "RFC 8446 §2";
    ENDED_FIRST = "tcp.ended_first", "One side has finished sending",
        "{Closer} ended its direction of the connection in order (FIN), {tcp.lasted} after it was opened. By then {tcp.bytes_to_server} bytes had gone to the server and {tcp.bytes_to_client} to the client.",
        "A TCP connection consists of two directions that end one by one. A FIN says that everything before it was sent, and that nothing follows. An HTTP connection ends when one side needs it no more, or when it was idle for too long.",
        "The other direction is still open and may carry bytes. Usually the other side ends it at once.",
        "RFC 9293 §3.6";
    ENDED_BY_WIREWALK = "tcp.ended_by_wirewalk", "wirewalk ends the connection",
        "wirewalk has finished sending to the client (FIN), {tcp.lasted} after the connection was opened.",
        "It had answered the client's request itself, because the server could not be reached. Nothing can follow such an answer.",
        "The client ends its own direction. A new attempt is a new connection, for which wirewalk tries to reach the server again.",
        "RFC 9293 §3.6";
    WEBSOCKET_ENDED = "tcp.websocket_ended", "The TCP connection of a WebSocket ends",
        "{Closer} ended its direction of the connection (FIN), {tcp.lasted} after it was opened. It had carried {tcp.bytes_to_server} bytes to the server and {tcp.bytes_to_client} to the client.",
        "After both close frames the WebSocket needs its connection no more. The server should end it first: whoever does so must remember the connection for some minutes (TIME-WAIT), and that should not keep a client from connecting again.",
        "The other side ends its direction too. If there was no close frame before this, the WebSocket was dropped, and applications are told close code 1006.",
        "RFC 6455 §7.1.1";
    ENDED_SECOND = "tcp.ended_second", "The connection is closed",
        "{Closer} ended its direction as well (FIN), so that nothing can travel on this connection any more. It was open for {tcp.lasted}, with {tcp.bytes_to_server} bytes to the server and {tcp.bytes_to_client} to the client.",
        "The other side had already ended its own direction. Only when both have ended is a TCP connection closed in order.",
        "Nothing more comes here. A client that wants to go on opens a new connection, which gets a number of its own.",
        "RFC 9293 §3.6";
    RESET = "tcp.reset_by_peer", "The connection is broken off",
        "{Closer} reset the connection (RST) or it broke, {tcp.lasted} after it was opened.[ The operating system said: {tcp.error}.]",
        "A reset ends both directions at once and throws away what was on its way. It comes from a process that was killed or closed its socket with bytes still unread, and from firewalls and routers that have forgotten the connection.",
        "What was waiting for an answer gets none. Clients of Socket.IO connect again after a pause; a plain WebSocket in a browser reports close code 1006 and stays closed.",
        "RFC 9293 §3.10.7";
    STOPPED = "tcp.stopped", "wirewalk was stopped",
        "This connection was still open when wirewalk was stopped, {tcp.lasted} after it had been opened, so wirewalk closed it.",
        "A connection through wirewalk lives only as long as wirewalk runs. Neither the client nor the server had ended it.",
        "Nothing more of it is captured. To each of the peers it looks as if the other one had gone.",
        "RFC 9293 §3.6";
    LOST = "tcp.lost", "Bytes that were not captured",
        "Here {tcp.lost_bytes} bytes passed from {sender} to {receiver} that wirewalk did not capture. The reason: {tcp.lost_why}.",
        "Passing bytes on comes first. Where they cannot be written down, for example because the disk is full, the peers go on as if nothing had happened, and the gap is noted.",
        "What follows in this direction is shown as bytes, since nobody knows where the next unit begins. Other connections are not concerned.",
        "RFC 9293 §3.8";
    OPAQUE = "tcp.opaque", "Bytes that are not decoded",
        "{Sender} sent {size} that wirewalk does not read as HTTP or WebSocket. They passed unchanged.",
        "wirewalk passes any bytes, and decodes HTTP/1.1 and WebSocket. These belong to another protocol, come after an upgrade to one, or stand behind something so malformed that the next unit cannot be found.",
        "All further bytes of this direction are shown in this way too. Look at the unit before for the reason.",
        "RFC 9293 §3.8";
    CLIENT_HELLO = "tcp.client_hello", "The client begins TLS",
        "{Sender} sent {size} that begin a TLS handshake: the first byte is 0x16, which marks a handshake record.",
        "The client was given an https:// or wss:// address, but the side that it talks to here was addressed without TLS.",
        "A server that expects plain HTTP takes this for a malformed request and closes. Let the client use http:// or ws:// towards wirewalk.",
        "RFC 8446 §5.1";
    HTTP2 = "tcp.http2_preface", "The client begins HTTP/2",
        "{Sender} sent {size} that begin with `PRI * HTTP/2.0`, the connection preface of HTTP/2.",
        "The client took for granted that the server speaks HTTP/2, as gRPC clients do. The preface is made so that a server of HTTP/1.1 refuses it.",
        "What follows are binary frames of HTTP/2, which pass but are not decoded. WebSocket clients usually speak HTTP/1.1; let this one do so too.",
        "RFC 9113 §3.4";
}

by_key! { FIELDS
    "tcp.client" "The address tells who connected. The port tells apart several connections of one client: the operating system chose it for this one, and it is free again afterwards."
    "tcp.listen" "This is the address to give to the client in place of the server's. A loopback address such as 127.0.0.1 can be reached from this machine alone."
    "tcp.upstream" "All connections go to this one server, whatever a request's Host says. It is written as on the command line; its scheme decides whether TLS is used."
    "tcp.local" "In the server's log and in its `netstat` this is the peer of the connection. Look for this port there to find the connection that you see here."
    "tcp.server" "This is what the upstream's name resolved to, and where the connection was accepted. A name with several addresses can lead to another one next time."
    "tcp.connect_time" "It holds the lookup of the name and the three-way handshake, which takes one round trip. On loopback it is a fraction of a millisecond; a long one points to the name server or the network."
    "tcp.error" "\"Connection refused\" means that the machine answered but no program listens at this port; a time-out, that nothing answered at all; \"connection reset\", that the peer broke off."
    "tcp.closed_by" "It matters who ends first. A server that ends a connection in the middle of a conversation may have crashed, been restarted or given up waiting; a client that does so may have left, or been told to close."
    "tcp.closed_how" "A FIN is the regular end, and all bytes before it arrive. After a reset neither side knows how much the other one has read."
    "tcp.lasted" "Compare it with time-outs: connections that end after exactly 60 seconds were often ended by a proxy that saw no bytes for so long."
    "tcp.time_to_first_byte" "It holds the client's pause before its first request and the server's time to answer it. For the server's time alone look at how long the first response took."
    "tcp.bytes_to_server" "It counts everything that the client sent, heads and frame headers included. Many connections of few bytes are the sign of polling."
    "tcp.bytes_to_client" "It counts everything that came from the server, as it was on the wire: compressed bodies and messages count by their compressed size."
    "tcp.lost_bytes" "The count keeps positions right: offsets behind the gap are still those of the stream. The bytes themselves are nowhere in the transcript."
    "tcp.lost_why" "It says what has to be mended so that the next session is complete: usually a full disk. Nothing is wrong with the peers."
    "tcp.payload" "Look at its first bytes: many protocols can be told by them. A TLS handshake begins with 16 03, HTTP/2 with `PRI *`."
    "tls.version" "TLS 1.3 needs one round trip for its handshake and encrypts most of it; TLS 1.2 needs two. Older versions are not secure, and wirewalk does not speak them."
    "tls.cipher_suite" "The name lists the cipher and the hash; in TLS 1.2 also how keys are exchanged and which kind of key the certificate holds. Both sides must support it."
    "tls.server_name" "It travels unencrypted at the beginning of the handshake, so that a machine with many names can answer with the right certificate. The certificate is checked against it."
    "tls.alpn" "The client offers names and the server picks one within the handshake, which saves a round trip. wirewalk offers `http/1.1` alone, since WebSockets are opened there by the upgrade that it shows."
    "tls.verified" "A checked certificate proves that the other end is who its name says. Without the check (`--insecure`) the bytes are encrypted, but perhaps for someone in the middle."
    "tls.handshake_time" "It counts only the handshake, behind the connecting of TCP. It is paid once for each connection, which is one reason why a WebSocket that stays open is cheaper than many requests."
}

by_key! { RULES
    "tcp.upstream_unreachable" "The client gets a 502 that says the same. \"Connection refused\" means that nothing listens there: start the server, or look at which port it printed when it started."
    "tcp.reset" "Look at which side it was and what came last before it. A server that resets right after a certain request crashed on it, so its log holds the reason."
    "websocket.dropped" "Who was connected learns it only now, and messages under way may be lost. Look at the time since the last byte: a round number of seconds points to a proxy's idle time-out, which heartbeats prevent."
    "websocket.close_unanswered" "No message is lost by it, since the other side had said that it sends no more. Browsers that leave a page and servers that are stopped commonly do so."
    "tcp.not_captured" "The conversation between the peers is not harmed. Free some disk space, or record to another disk, and capture the session again if the gap matters."
    "tcp.stopped_inside" "Run wirewalk until the peers have ended the connection if you want to see the end of this; otherwise there is nothing to do."
    "tcp.let_go" "What belongs to it further on may be shown as bytes. Fewer connections at once, or smaller messages, keep everything decoded."
    "tcp.findings_left_out" "Mend what the first of these findings says and capture again. Units that are marked but name no rule here broke this one."
    "tcp.tls_to_plain" "The server, if it expects plain text, answers 400 or closes without a word; the client then reports a TLS error such as \"wrong version number\"."
    "tcp.http2" "Tell the client to use HTTP/1.1, for curl with `--http1.1`. A server that does not know HTTP/2 closes the connection over the preface."
}
