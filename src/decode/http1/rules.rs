//! What can be wrong with an HTTP message, or worth saying about it.
//!
//! Grouped as the code that finds them: heads ([`super::head`]), body lengths ([`super::length`]), chunks
//! ([`super::chunked`]), bodies ([`super::body`]), the upgrade ([`super::upgrade`]), refusals ([`super::refusal`]),
//! and what wirewalk itself did.

use crate::decode::field::rules;

rules! {
    // Heads.
    LEADING_EMPTY_LINE = Note "http.leading_empty_line", "empty line before the start line",
        "A server should skip an empty line before a request line, because old clients sent one too many behind a body.",
        "RFC 9112 §2.2";
    BARE_LF = Warning "http.bare_lf", "line ends with a bare LF",
        "Lines end with CR LF. A recipient may accept LF alone, and where two recipients differ, they see different messages.",
        "RFC 9112 §2.2";
    HTTP_1_0 = Note "http.version_1_0", "the sender speaks HTTP/1.0",
        "An HTTP/1.0 connection closes after each answer unless both sides ask to keep it, and it can neither use chunks nor upgrade.",
        "RFC 9112 §9.3";
    BAD_VERSION = Error "http.bad_version", "not a version of HTTP/1",
        "The version is `HTTP/1.1` or `HTTP/1.0`, in capitals. A server may answer anything else with 400 or 505.",
        "RFC 9112 §2.3";
    START_LINE_SPACE = Warning "http.start_line_space", "wrong white space in the start line",
        "The parts of a start line are separated by one space each. More, or another kind, is read differently by different recipients.",
        "RFC 9112 §3";
    BAD_METHOD = Error "http.bad_method", "method is not a token",
        "A method consists of letters, digits and the marks that a token allows; a server answers anything else with 400.",
        "RFC 9110 §9.1";
    BAD_TARGET = Warning "http.bad_target", "character that a request target must not hold",
        "Spaces, control characters and characters outside ASCII are percent-encoded in a request target; written raw, they are often rejected.",
        "RFC 9112 §3.2";
    BAD_STATUS = Error "http.bad_status", "not a valid status code",
        "A status code is three digits, from 100 to 599. A client treats an invalid one like a 5xx.",
        "RFC 9110 §15";
    MISSING_REASON = Note "http.missing_reason", "no reason phrase",
        "The phrase behind the status code is for humans only and may be left out; clients ignore it.",
        "RFC 9112 §4";
    SPACE_BEFORE_FIRST_FIELD = Error "http.space_before_first_field", "white space before the first header field",
        "A line that begins with white space right behind the start line belongs to nothing; it must be rejected or dropped.",
        "RFC 9112 §2.2";
    OBS_FOLD = Error "http.obs_fold", "header field folded over several lines",
        "Line folding is obsolete and must not be sent: some recipients join the lines, others take the second for a header field of its own.",
        "RFC 9112 §5.2";
    SPACE_BEFORE_COLON = Error "http.space_before_colon", "white space between field name and colon",
        "A server must reject such a request, and a proxy must remove the space from a response, because it has been used to smuggle requests past proxies.",
        "RFC 9112 §5.1";
    NO_COLON = Error "http.no_colon", "header line without a colon",
        "A header field is a name, a colon and a value. This line is none, and recipients skip it or reject the message.",
        "RFC 9112 §5";
    EMPTY_NAME = Error "http.empty_name", "header field without a name",
        "A field name has at least one character; nothing can be meant by a value without a name.",
        "RFC 9110 §5.1";
    BAD_NAME = Error "http.bad_name", "field name is not a token",
        "A field name consists of letters, digits and the marks that a token allows. Recipients reject the message or read another name.",
        "RFC 9110 §5.1";
    CONTROL_CHARACTER = Error "http.control_character", "control character in a field value",
        "CR, LF, NUL and other control characters are invalid in a value; they may end a line for one recipient and not for the next.",
        "RFC 9110 §5.5";
    MISSING_HOST = Error "http.missing_host", "request without Host",
        "Every HTTP/1.1 request names the host it is for, since one server may serve several. A server must answer this one with 400.",
        "RFC 9112 §3.2";
    DUPLICATE_HOST = Error "http.duplicate_host", "several Host fields",
        "A proxy may believe one Host and the server behind it another, so a server must answer such a request with 400.",
        "RFC 9112 §3.2";

    // Body lengths.
    BOTH_LENGTHS = Error "http.both_lengths", "both Transfer-Encoding and Content-Length",
        "Transfer-Encoding overrides Content-Length here. A recipient that believes the other one sees another end of the message: request smuggling.",
        "RFC 9112 §6.3";
    DIFFERING_LENGTHS = Error "http.differing_lengths", "Content-Length values differ",
        "Nobody can know where this message ends. A server must answer 400 and close; here the rest of the direction counts as body.",
        "RFC 9112 §6.3";
    REPEATED_LENGTH = Warning "http.repeated_length", "Content-Length is given several times",
        "All copies say the same, so a recipient may take them for one or reject the message.",
        "RFC 9110 §8.6";
    BAD_CONTENT_LENGTH = Error "http.bad_content_length", "Content-Length is not a number",
        "The length is decimal digits alone and must fit the recipient's counter. Without it the end of the message is unknown; here the rest of the direction counts as body.",
        "RFC 9112 §6.3";
    NOT_CHUNKED_LAST = Error "http.not_chunked_last", "Transfer-Encoding does not end in chunked",
        "Only a last `chunked` says where a body ends. A response without it runs until the connection closes; a request without it must be answered with 400.",
        "RFC 9112 §6.3";
    CHUNKED_TWICE = Error "http.chunked_twice", "chunked is applied more than once",
        "A sender must not put chunks into chunks; a recipient that removes one layer sees the other as body.",
        "RFC 9112 §6.1";
    CHUNKED_IN_1_0 = Error "http.chunked_in_1_0", "Transfer-Encoding in an HTTP/1.0 message",
        "HTTP/1.0 knows no transfer codings. The framing counts as faulty, and the connection must be closed after this message.",
        "RFC 9112 §6.1";
    LENGTH_WITHOUT_BODY = Warning "http.length_without_body", "length given where there is no body",
        "An answer with 1xx or 204, or 2xx to CONNECT, has no body, so Content-Length and Transfer-Encoding must not be sent and are ignored.",
        "RFC 9110 §8.6";
    UNANSWERED = Error "http.unanswered", "the server ended the connection without an answer",
        "A request was waiting for its answer. The server crashed, gave up, or did not take the bytes for HTTP: look at its log.",
        "RFC 9112 §9.5";
    TRUNCATED = Error "http.truncated", "the message was cut short",
        "The connection ended inside the head, or before the body was as long as the head or its chunks had said. The sender failed, timed out or was stopped.",
        "RFC 9112 §8";

    // Chunks.
    BAD_CHUNK_SIZE = Error "http.bad_chunk_size", "chunk size is not a hexadecimal number",
        "Each chunk begins with its size in hexadecimal digits. Without it the end of the body cannot be found; here the rest of the direction counts as body.",
        "RFC 9112 §7.1";
    BAD_CHUNK_END = Error "http.bad_chunk_end", "no line end behind the chunk's data",
        "CR LF must follow the data. That it does not means that the size was wrong, so the end of the body cannot be found.",
        "RFC 9112 §7.1";
    LONG_CHUNK_LINE = Error "http.long_chunk_line", "chunk line or trailer is too long",
        "A recipient must limit the length of chunk extensions and trailers, or a peer could make it read for ever; here the rest of the direction counts as body.",
        "RFC 9112 §7.1.1";
    CHUNK_SPACE = Warning "http.chunk_space", "white space around a chunk size",
        "The size stands alone in front of CR LF or `;`. Recipients that skip white space here and such that do not have been played off against each other.",
        "RFC 9112 §7.1.1";
    CHUNK_BARE_LF = Error "http.chunk_bare_lf", "chunk line ends with a bare LF",
        "The leave to accept LF alone is given for heads, not for chunks: two recipients may disagree on where the body ends.",
        "RFC 9112 §7.1";

    // Bodies.
    CODING_TRUNCATED = Error "http.coding_truncated", "compressed body is incomplete",
        "The body ended before the compressed data did. What could be decoded is shown; a browser reports a decoding error.",
        "RFC 9110 §8.4";
    CODING_CORRUPT = Error "http.coding_corrupt", "compressed body cannot be decoded",
        "The bytes are not what Content-Encoding or Transfer-Encoding says. Often the body was compressed twice, not at all, or changed on the way.",
        "RFC 9110 §8.4.1";
    CODING_TOO_LARGE = Warning "http.coding_too_large", "decoded body exceeds the limit",
        "A few compressed bytes can become gigabytes, so decoding stops at 64 MiB. The bytes passed unchanged.",
        "RFC 9110 §8.4";
    CODING_UNKNOWN = Note "http.coding_unknown", "unknown coding",
        "wirewalk removes gzip, deflate, br and zstd. This body is in another coding, so what it says cannot be shown.",
        "RFC 9110 §16.6";
    TOO_MANY_CODINGS = Warning "http.too_many_codings", "many codings on one body",
        "Codings can be applied one over the other, but each multiplies the work of a recipient, and no honest sender needs this many.",
        "RFC 9110 §8.4";
    RAW_DEFLATE = Warning "http.raw_deflate", "deflate without the zlib wrapper",
        "The deflate coding is the zlib format around DEFLATE data. Some servers leave the wrapper out; browsers tolerate it.",
        "RFC 9110 §8.4.1.2";
    NOT_ALL_DISSECTED = Note "http.not_all_dissected", "only the beginning of the message is decoded",
        "The whole message passed and is kept, but of one as long as this, or that wirewalk had to let go of, no more is decoded.",
        "RFC 9110 §8.6";

    // The upgrade: the request.
    UPGRADE_NOT_GET = Error "http.upgrade_not_get", "upgrade request is not a GET",
        "A WebSocket is opened with a GET request; a server refuses every other method.",
        "RFC 6455 §4.1";
    UPGRADE_OLD_HTTP = Error "http.upgrade_old_http", "upgrade request in HTTP below 1.1",
        "Upgrading needs HTTP/1.1, and a server must ignore Upgrade in HTTP/1.0. A proxy that speaks 1.0 to the server (nginx without `proxy_http_version 1.1`) causes this.",
        "RFC 6455 §4.1";
    UPGRADE_NO_WEBSOCKET = Error "http.upgrade_no_websocket", "Upgrade does not name websocket",
        "The Upgrade field must list `websocket`, or the server takes this for a plain request. A proxy that drops Upgrade, as all do unless told otherwise, causes this.",
        "RFC 6455 §4.2.1";
    UPGRADE_NO_CONNECTION = Error "http.upgrade_no_connection", "Connection does not name Upgrade",
        "Connection must list `Upgrade`, because Upgrade holds for one hop only. A proxy that rewrites Connection causes this.",
        "RFC 6455 §4.2.1";
    UPGRADE_MISSING = Warning "http.upgrade_missing", "transport=websocket without an upgrade",
        "The query asks for a WebSocket, but there is no Upgrade field: something before this point removed it, or the address was opened as a page. Let that proxy pass Upgrade and Connection on.",
        "RFC 9110 §7.8";
    KEY_MISSING = Error "http.websocket_key_missing", "no Sec-WebSocket-Key",
        "The key proves that the server understood the request as a WebSocket handshake; without one a server must refuse.",
        "RFC 6455 §4.2.1";
    KEY_BAD = Error "http.websocket_key_bad", "Sec-WebSocket-Key is not 16 bytes in base64",
        "The key is a nonce of 16 random bytes, 24 characters in base64. Servers that check this answer 400.",
        "RFC 6455 §4.1";
    KEY_REPEATED = Error "http.websocket_key_repeated", "several Sec-WebSocket-Key fields",
        "There is one key, since the server's answer is computed from it.",
        "RFC 6455 §11.3.1";
    WEBSOCKET_VERSION_BAD = Error "http.websocket_version_bad", "Sec-WebSocket-Version is not 13",
        "13 is the version of the final standard. Missing or other, the server answers 400 or 426 and names the versions that it speaks.",
        "RFC 6455 §4.4";
    SUBPROTOCOL_BAD = Error "http.subprotocol_bad", "Sec-WebSocket-Protocol is malformed",
        "Subprotocols are a list of tokens, each once, the preferred first.",
        "RFC 6455 §4.1";
    EXTENSIONS_BAD = Error "http.extensions_bad", "Sec-WebSocket-Extensions is malformed",
        "The recipient must fail the connection where it cannot read which extensions are meant.",
        "RFC 6455 §9.1";
    DEFLATE_OFFER_BAD = Error "http.deflate_offer_bad", "invalid offer of permessage-deflate",
        "A server must decline an offer with an unknown, repeated or invalid parameter. It then goes on without compression.",
        "RFC 7692 §7.1";

    // The upgrade: the answer.
    SWITCH_UNASKED = Error "http.switch_unasked", "101 that nobody asked for",
        "A server must not switch to a protocol that the request did not list in Upgrade.",
        "RFC 9110 §7.8";
    ANSWER_NO_UPGRADE = Error "http.answer_no_upgrade", "101 without Upgrade: websocket",
        "The answer must name the one protocol that was switched to; the client fails the connection otherwise.",
        "RFC 6455 §4.1";
    ANSWER_NO_CONNECTION = Error "http.answer_no_connection", "101 without Connection: Upgrade",
        "The client must fail the connection if the answer's Connection does not list Upgrade.",
        "RFC 6455 §4.1";
    ACCEPT_MISSING = Error "http.accept_missing", "no Sec-WebSocket-Accept",
        "The answer must prove that the server read the key; the client fails the connection where it does not.",
        "RFC 6455 §4.1";
    ACCEPT_WRONG = Error "http.accept_wrong", "Sec-WebSocket-Accept does not fit the key",
        "It must be base64(SHA-1(key + GUID)) for the key of this request. A cached answer or a faulty server causes this; the client fails the connection.",
        "RFC 6455 §4.2.2";
    SUBPROTOCOL_NOT_OFFERED = Error "http.subprotocol_not_offered", "subprotocol that was not offered",
        "The server chooses one of the client's subprotocols, letter for letter, or none; a client fails the connection on any other.",
        "RFC 6455 §4.1";
    SUBPROTOCOL_SEVERAL = Error "http.subprotocol_several", "more than one subprotocol chosen",
        "A connection speaks one subprotocol, so the answer holds Sec-WebSocket-Protocol at most once and with a single name.",
        "RFC 6455 §11.3.4";
    SUBPROTOCOL_NONE = Warning "http.subprotocol_none", "no offered subprotocol was chosen",
        "The client named subprotocols and the server took none. Browsers then close the connection; other clients go on.",
        "WHATWG WebSockets, establish a WebSocket connection";
    EXTENSION_NOT_OFFERED = Error "http.extension_not_offered", "extension that was not offered",
        "A server may use only extensions that this client offered; the client must fail the connection.",
        "RFC 6455 §4.1";
    DEFLATE_ANSWER_BAD = Error "http.deflate_answer_bad", "invalid answer of permessage-deflate",
        "The answer's parameters are invalid, or do not fit any offer of the client, which must then fail the connection.",
        "RFC 7692 §7.1";

    // Refusals: an upgrade, or an Engine.IO request over polling, that was not answered with success.
    REFUSED_ORIGIN = Error "http.refused_origin", "refused: the origin is not allowed",
        "The server accepts connections only from pages of certain origins. Add the Origin shown here to its list (Flask-SocketIO: `cors_allowed_origins`), or open the page from an allowed one.",
        "RFC 6455 §10.2";
    REFUSED_PROTOCOL_VERSION = Error "http.refused_engineio_version", "refused: unsupported Engine.IO version",
        "Client and server are of different generations. Engine.IO 4 belongs to JavaScript clients from 3.0 and Flask-SocketIO from 5.0; update the older side (socket.io servers can set `allowEIO3`).",
        "Engine.IO protocol v4";
    REFUSED_SID = Error "http.refused_sid", "refused: the server does not know this sid",
        "The engine session has ended, or was opened on another process. With several workers, send all requests of one client to the same one (sticky sessions).",
        "Engine.IO protocol v4, HTTP long-polling";
    REFUSED_TRANSPORT = Error "http.refused_transport", "refused: the transport is not allowed",
        "The query's `transport` is unknown to the server, switched off in its `transports` setting, or not the one that the engine session uses.",
        "Engine.IO protocol v4, Transports";
    REFUSED_STRIPPED = Error "http.refused_stripped", "refused: the server saw no upgrade",
        "The server took an upgrade for a plain request. A proxy on the way, before or behind wirewalk, removed Upgrade and Connection: let it pass them on (nginx: `proxy_set_header Upgrade $http_upgrade`).",
        "RFC 9110 §7.8";
    REFUSED_NO_WEBSOCKET = Error "http.refused_no_websocket", "refused: the server probably has no WebSocket support",
        "python-engineio answers `Bad Request`, without more, where its async mode has no WebSocket: install `simple-websocket`, or run the app under eventlet, gevent or an ASGI server.",
        "python-engineio, deployment strategies";
    REFUSED_AFTER_UPGRADE = Error "http.refused_after_upgrade", "refused: the engine session uses its WebSocket",
        "Once an engine session was upgraded, the server takes no more polling requests of it. The client sent one all the same.",
        "Engine.IO protocol v4, Upgrade";
    REFUSED_METHOD = Error "http.refused_method", "refused: wrong method",
        "An engine session and a WebSocket are both opened with GET; the server does not take this method here.",
        "RFC 9110 §15.5.6";
    REFUSED_PATH = Error "http.refused_path", "refused: nothing at this path",
        "The server has no WebSocket at this path. Socket.IO's default is `/socket.io/`: the `path` of client and server must agree, and a proxy must not cut it off.",
        "RFC 9110 §15.5.5";
    REFUSED_AUTHENTICATION = Error "http.refused_authentication", "refused: not authenticated",
        "The server wants credentials first, or the application's connect handler said no. A browser sends cookies with an upgrade but cannot add an Authorization field.",
        "RFC 9110 §15.5.2";
    REFUSED_FORBIDDEN = Error "http.refused_forbidden", "refused: forbidden",
        "The server understood and will not. Look at its check of the origin, at cookies and CSRF protection, and at the application's own condition for connecting.",
        "RFC 9110 §15.5.4";
    REFUSED_WEBSOCKET_VERSION = Error "http.refused_websocket_version", "refused: unsupported WebSocket version",
        "The answer's Sec-WebSocket-Version lists what the server speaks. Update the client if it does not send 13.",
        "RFC 6455 §4.4";
    REFUSED_UPGRADE_REQUIRED = Error "http.refused_upgrade_required", "refused: the server wants an upgrade",
        "426 goes to a request that does not ask for a protocol the server needs. Connect with a WebSocket client, and let every proxy pass Upgrade and Connection on.",
        "RFC 9110 §15.5.22";
    REFUSED_REDIRECT = Error "http.refused_redirect", "refused: redirected",
        "WebSocket clients, browsers among them, do not follow redirects. Connect to the address in Location: often https instead of http, a missing `/` at the end, or a login page.",
        "RFC 6455 §4.1";
    REFUSED_PLAIN_ANSWER = Error "http.refused_plain_answer", "refused: answered like a plain request",
        "The server ignored Upgrade and sent a document. This address is no WebSocket, or a proxy on the way removed Upgrade.",
        "RFC 9110 §7.8";
    REFUSED_MALFORMED = Error "http.refused_malformed", "refused: the upgrade request is not valid",
        "The request breaks a requirement of the WebSocket handshake, so the server was right to refuse it. Its findings name the requirement.",
        "RFC 6455 §4.2.1";
    REFUSED_BAD_REQUEST = Error "http.refused_bad_request", "refused: bad request",
        "The server found fault with the request and gave no reason that wirewalk knows. Read the body of the answer and the server's log.",
        "RFC 9110 §15.5.1";
    REFUSED_RATE = Error "http.refused_rate", "refused: too many requests",
        "The server or a proxy limits how often one client may connect; wait as long as Retry-After says.",
        "RFC 6585 §4";
    REFUSED_CLIENT_ERROR = Error "http.refused_client_error", "refused with another 4xx",
        "The server holds the request to be at fault; the status code says how.",
        "RFC 9110 §15.5";
    REFUSED_GATEWAY = Error "http.refused_gateway", "refused: the server behind a proxy did not answer",
        "A proxy answered in place of the application: it is not running, is overloaded, or took too long.",
        "RFC 9110 §15.6.3";
    REFUSED_SERVER_ERROR = Error "http.refused_server_error", "refused: the server failed",
        "The application or its WebSocket support raised an error while it handled the request. Its log holds the traceback.",
        "RFC 9110 §15.6.1";

    // What wirewalk did.
    REWRITTEN = Note "http.rewritten", "rewritten by wirewalk",
        "wirewalk changed these header fields so that the application works behind it. Both forms are shown; `--host keep` and `--origin keep` pass them as they are.",
        "RFC 9110 §7.6";
    MADE_BY_WIREWALK = Error "http.made_by_wirewalk", "answered by wirewalk",
        "The server could not be reached, so wirewalk made this answer itself. Start the server, or check the address that wirewalk was given.",
        "RFC 9110 §15.6.3";
}
