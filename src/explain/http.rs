//! What is said of HTTP requests and responses.

mod fields;
mod rules;
mod values;

use super::Table;
use super::context::{Context, in_layers, parameter};
use super::template::{Text, texts};
use crate::decode::unit::UnitKind;

pub(super) static TABLE: Table = Table {
    protocol: "http",
    #[cfg(test)]
    units: UNITS,
    pick,
    fields: fields::FIELDS,
    values: values::VALUES,
    rules: rules::RULES,
};

/// Said of what is carried in the body of a request.
pub(super) const IN_A_REQUEST: &str = "It travels in the body of a {http.request.method} request[, since the transport is {engineio.transport}].";

/// Said of what is carried in the body of a response.
pub(super) const IN_A_RESPONSE: &str =
    "It travels in the body of a response[, which answers the request of unit {request}].";

fn pick(context: &Context<'_>) -> &'static Text {
    match context.unit.kind {
        UnitKind::HttpRequest => request(context),
        _ => response(context),
    }
}

fn request(context: &Context<'_>) -> &'static Text {
    let is_engine = context.parameter("EIO").is_some() && context.parameter("transport").is_some();
    let has_sid = context.parameter("sid").is_some();
    let method = context.text("http.request.method").unwrap_or_default();
    if context.has("http.upgrade_request") {
        return match (is_engine, has_sid) {
            (true, true) => &UPGRADE_OF_SESSION,
            (true, false) => &UPGRADE_FROM_THE_START,
            (false, _) => &UPGRADE,
        };
    }
    match (method.as_str(), is_engine) {
        ("OPTIONS", _) => &PREFLIGHT,
        ("GET", true) if context.parameter("transport").as_deref() == Some("websocket") => &UPGRADE_LOST,
        ("GET", true) if has_sid => &POLL,
        ("GET", true) => &HANDSHAKE,
        ("POST", true) => &POST,
        ("GET" | "HEAD", false) => &GET,
        _ => &REQUEST,
    }
}

fn response(context: &Context<'_>) -> &'static Text {
    let code = context.number("http.response.code").unwrap_or_default();
    if context.found("http.made_by_wirewalk") {
        return &MADE_BY_WIREWALK;
    }
    let request = context.request();
    let asked = |key| request.as_ref().is_some_and(|tree| in_layers(&tree.layers, key).is_some());
    let asked_for = |name| request.as_ref().is_some_and(|tree| parameter(tree, name).is_some());
    match code {
        101 if !asked_for("EIO") => &SWITCHED,
        101 if asked_for("sid") => &SWITCHED_OF_SESSION,
        101 => &SWITCHED_FROM_THE_START,
        200.. if asked("http.upgrade_request") => &UPGRADE_REFUSED,
        400.. if context.found("http.refused_") => &ENGINE_REFUSED,
        100..200 => &INTERIM,
        200..300 if context.layer.inside.iter().any(|inside| inside.protocol.key == "engineio") => {
            &POLL_ANSWERED
        }
        200..300 => &SUCCESS,
        304 => &NOT_MODIFIED,
        300..400 => &REDIRECTED,
        400..500 => &CLIENT_ERROR,
        500..600 => &SERVER_ERROR,
        _ => &NO_STATUS,
    }
}

texts! {
    HANDSHAKE = "http.handshake", "A client asks for an engine session",
        "The client opens Engine.IO {query:EIO} by polling: a GET request whose query names the version and the transport, but no `sid` yet.",
        "Socket.IO clients begin with polling unless they are told otherwise, because plain HTTP passes nearly every proxy. The WebSocket is tried afterwards, so that the application can start in the meantime.",
        "The server answers with an open packet: the id of the new engine session and the times of its heartbeat.[ Here unit {response} does so, {response_after} later.]",
        "Engine.IO protocol v4, Handshake";
    POLL = "http.poll", "The client waits for packets",
        "The client polls: it asks for whatever packets the server has for the engine session `{query:sid}`.",
        "In HTTP only the client can begin an exchange. So that the server can send at any time, the client keeps one such request waiting, which is why this is called long polling.",
        "A server that has nothing to send leaves the request open until it does, at the latest for the next heartbeat[, which is due every {ping_interval}].[ Here unit {response} answers after {response_after}.] The client then polls again, unless it was refused.",
        "Engine.IO protocol v4, Receiving data";
    POST = "http.post", "The client sends packets",
        "The client sends packets of the engine session `{query:sid}` to the server, in the body of a POST request of {size} with its head.",
        "While the transport is polling, what the client sends travels in bodies of requests. Packets that are ready at the same time share a body.",
        "The server answers `ok` once it has taken them.[ Here unit {response} does so after {response_after}.] What the application replies comes in the answer to a GET request that is waiting, not in this one.",
        "Engine.IO protocol v4, Sending data";
    UPGRADE_OF_SESSION = "http.upgrade_of_session", "The client asks for a WebSocket",
        "On a connection of its own, the client asks to open a WebSocket for the engine session `{query:sid}`, which it has polled for until now. Its key, `{http.sec_websocket_key}`, was made for this handshake.",
        "With polling, each packet costs the heads of a request and a response, hundreds of bytes; in a WebSocket it costs a few. The request must be a GET in HTTP/1.1 that lists Upgrade, so that a server that knows no WebSocket can answer it like any other.",
        "The answer is 101 if the server agrees.[ Here it is unit {response}, after {response_after}.] Then the client tests the WebSocket with `2probe` and keeps polling until the test has succeeded.",
        "Engine.IO protocol v4, Upgrade; RFC 6455 §4.1";
    UPGRADE_FROM_THE_START = "http.upgrade_from_the_start", "The client opens an engine session on a WebSocket",
        "The client asks for a WebSocket and, by the query, for a new engine session of Engine.IO {query:EIO} on it. Its key is `{http.sec_websocket_key}`.",
        "There is no `sid`, so nothing was polled for before: the client's list of transports holds `websocket` alone or as the first. That saves the polling requests, but fails where a proxy lets no WebSocket through.",
        "If the server agrees it answers 101[, here in unit {response} after {response_after}], and its first message is the open packet.",
        "Engine.IO protocol v4, Handshake; RFC 6455 §4.1";
    UPGRADE = "http.upgrade", "The client asks for a WebSocket",
        "The client asks to turn this connection into a WebSocket at `{http.request.uri.path}`. The key `{http.sec_websocket_key}` belongs to this handshake alone.",
        "A WebSocket begins as an HTTP request, so that it can share a port with HTTP and pass through what knows only HTTP. Its fields name what is wanted: the protocol, its version, and, where there are any, subprotocols and extensions to choose from.",
        "If the server agrees it answers 101, and from then on both sides send frames.[ Here the answer is unit {response}, after {response_after}.] Any other answer means that there is no WebSocket.",
        "RFC 6455 §4.1";
    UPGRADE_LOST = "http.upgrade_lost", "A WebSocket is wanted, but not asked for",
        "The query says `transport=websocket`, yet the request has no Upgrade field, so to HTTP it is a plain GET.",
        "A client that wants a WebSocket sends Upgrade and Connection; a proxy that does not know about them removes both, since they hold for one hop. Or someone opened this address in a browser's address bar.",
        "The server can only refuse.[ Here it answers in unit {response}.] If there is a proxy between the client and wirewalk, let it pass Upgrade and Connection on.",
        "RFC 9110 §7.8";
    PREFLIGHT = "http.options", "The client asks what it may do",
        "An OPTIONS request for `{http.request.uri}`.[ It comes for a page of `{http.origin}`.]",
        "A browser sends such a preflight before a script's request to another origin, if that request has a method or a field that a plain form could not send. It asks the server, not the user, for leave.",
        "The answer lists methods and fields in Access-Control-Allow fields.[ Here it is unit {response}.] Only if they fit does the browser send the request itself.",
        "WHATWG Fetch, CORS protocol";
    GET = "http.get", "A request",
        "The client asks for `{http.request.uri}` with {http.request.method}, which only reads and changes nothing on the server.",
        "Pages, scripts and pictures are fetched in this way. It is here because they come through the same address as the WebSocket, whose client is often a script on that page.",
        "The server answers with a status code, a head and usually a body.[ Here that is unit {response}, after {response_after}.] The connection then waits for the next request, unless one side asks to close it.",
        "RFC 9110 §9.3.1";
    REQUEST = "http.request", "A request that does something",
        "The client sends a {http.request.method} request for `{http.request.uri}`, of {size} with its head.",
        "Methods other than GET and HEAD ask the server to take data or to change something. Forms and programming interfaces use them; a WebSocket is never opened with them.",
        "The server answers with a status code that says what became of it.[ Here that is unit {response}, after {response_after}.]",
        "RFC 9110 §9";
    MADE_BY_WIREWALK = "http.made_by_wirewalk", "wirewalk answers in place of the server",
        "wirewalk sent this {http.response.code} itself, since it could not reach the server. Its body says what failed.",
        "A client that got no answer would only report a connection that ended. 502 is the status code for a gateway whose server behind it cannot be used.",
        "The connection is closed. Once the server runs at the address that wirewalk was given, the client can simply try again.",
        "RFC 9110 §15.6.3";
    SWITCHED_OF_SESSION = "http.switched_of_session", "The server agrees to the WebSocket",
        "The server answers 101[, {request_after} after the request in unit {request}]: from the next byte on, this connection is a WebSocket.[ Its proof is `{http.sec_websocket_accept}`.]",
        "The accept value is computed from the client's key, so it shows that the server understood the request as a WebSocket handshake.[ Both sides agreed on the extension `{http.sec_websocket_extensions}`.] The engine session still polls until the new transport is tested.",
        "The client sends the Engine.IO ping `2probe` as the first frame. Select the fields below \"Answer to the upgrade\" to follow how the accept value is computed.",
        "RFC 6455 §4.2.2; Engine.IO protocol v4, Upgrade";
    SWITCHED_FROM_THE_START = "http.switched_from_the_start", "The server agrees, and will open an engine session",
        "The server answers 101[, {request_after} after the request in unit {request}]: this connection is now a WebSocket that carries Engine.IO.[ Its proof is `{http.sec_websocket_accept}`.]",
        "Only a server that read the key can compute the accept value, so the client can be sure that it does not talk to a server that took the request for something else.[ They agreed on the extension `{http.sec_websocket_extensions}`.]",
        "The server speaks first: an Engine.IO open packet with the id of the engine session.",
        "RFC 6455 §4.2.2; Engine.IO protocol v4, Handshake";
    SWITCHED = "http.switched", "The server agrees to switch",
        "The server answers 101[, {request_after} after the request in unit {request}], and the connection speaks {http.upgrade} from the next byte on.[ The accept value is `{http.sec_websocket_accept}`.]",
        "For a WebSocket, the accept value proves that the server understood the handshake: it is the base64 of the SHA-1 of the client's key and a fixed text.[ Both sides agreed on the extension `{http.sec_websocket_extensions}`.][ The subprotocol is `{http.sec_websocket_protocol}`.]",
        "HTTP is over on this connection. Either side may send the first frame, whenever it wants.",
        "RFC 6455 §4.2.2";
    UPGRADE_REFUSED = "http.upgrade_refused", "The server refuses the WebSocket",
        "The server answers the upgrade[ of unit {request}] with {http.response.code} instead of 101, so there is no WebSocket.",
        "The connection remains HTTP, and the status code says why in HTTP's terms. The finding of this unit names the most likely cause.",
        "A script in a browser is not told the status: it sees an error and close code 1006. A Socket.IO client that was polling goes on with polling; one that allows WebSockets alone tries again after a pause.",
        "RFC 6455 §4.2.2";
    ENGINE_REFUSED = "http.engine_refused", "The Engine.IO server refuses a request",
        "The server answers {http.response.code}[ to the request of unit {request}], so no packets were exchanged.",
        "An Engine.IO server refuses what fits none of its engine sessions: an unknown `sid`, the wrong transport or method, another version. Read the finding of this unit for the likely cause.",
        "The client gives this engine session up. Socket.IO clients raise `connect_error` or `disconnect`, wait a little, and begin again without a `sid`.",
        "Engine.IO server, errors";
    POLL_ANSWERED = "http.poll_answered", "A response that carries Engine.IO",
        "The server answers[ unit {request} after {request_after}] with {http.response.code} and an Engine.IO body.",
        "Engine.IO by polling is ordinary HTTP: a response to a GET holds packets for the client, and one to a POST only says that its packets were taken.",
        "After packets for the client the next poll follows at once. Select the Engine.IO layer to see what this body holds.",
        "Engine.IO protocol v4, HTTP long-polling";
    INTERIM = "http.interim", "An interim answer",
        "The server answers {http.response.code} for the time being[, {request_after} after the request in unit {request}].",
        "Status codes from 100 to 199 are sent ahead of the real answer, to say that the request was received so far and what the client can do meanwhile.",
        "The final answer to the same request follows on this connection, with a status code of 200 or above.",
        "RFC 9110 §15.2";
    SUCCESS = "http.success", "The server answers",
        "The server answers {http.response.code}[ to the request of unit {request}, {request_after} later].[ The body is {http.content_type}.]",
        "A status code that begins with 2 says that the request was understood and done. The head says of what type the body is and where it ends, so that the next response can follow on the same connection.",
        "The client may send its next request on this connection. A page usually makes the browser fetch scripts and pictures, and one with a WebSocket opens it once its script runs.",
        "RFC 9110 §15.3";
    NOT_MODIFIED = "http.not_modified", "Nothing has changed",
        "The server answers 304[ to the request of unit {request}]: the copy that the client has is still the current one.",
        "The client had asked for the resource only in case it has changed, by If-None-Match or If-Modified-Since. That saves sending the body again.",
        "There is no body. The client shows its own copy and goes on with its next request.",
        "RFC 9110 §15.4.5";
    REDIRECTED = "http.redirected", "The server points elsewhere",
        "The server answers {http.response.code}[ to the request of unit {request}][ and points to `{http.location}`].",
        "Status codes that begin with 3 say that the client has one more step to take. Servers redirect to add a slash, to change http to https, or to send a visitor to a login page.",
        "A browser follows by itself with a new request, perhaps on another connection. If that address does not lead through wirewalk, what follows is not seen here.",
        "RFC 9110 §15.4";
    CLIENT_ERROR = "http.client_error", "The server finds fault with the request",
        "The server answers {http.response.code}[ to the request of unit {request}].",
        "Status codes that begin with 4 put the fault on the client's side: an address that does not exist, credentials that are missing, a request that cannot be read. The body often says more, for people.",
        "The same request would get the same answer again. The connection can usually go on to be used.",
        "RFC 9110 §15.5";
    SERVER_ERROR = "http.server_error", "The server failed",
        "The server answers {http.response.code}[ to the request of unit {request}, {request_after} later].",
        "Status codes that begin with 5 put the fault on the server's side. The request may have been fine; the application raised an error, or a proxy in front of it could not reach it.",
        "Look at the server's log at this time. The client may try again later, best after a pause that grows.",
        "RFC 9110 §15.6";
    NO_STATUS = "http.no_status", "An answer without a valid status code",
        "The server sent {size} where a response belongs, whose status code is not one of HTTP.",
        "A response begins with the version and three digits from 100 to 599. Something else usually comes from a program that speaks another protocol, or from one that was written by hand.",
        "A client treats a status code that it cannot read as a failure of the server, and may close the connection.",
        "RFC 9112 §4";
}
