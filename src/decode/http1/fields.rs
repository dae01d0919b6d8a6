//! The fields of an HTTP message. Keys are Wireshark's where it has them.

use crate::decode::field::fields;

fields! {
    // Start lines.
    METHOD = Text "http.request.method", "Method",
        "What the client wants done with the target: GET fetches, POST sends.", "RFC 9110 §9";
    TARGET = Text "http.request.uri", "Request target",
        "What the request is about, as it stands in the request line: usually a path and a query.", "RFC 9112 §3.2";
    PATH = Text "http.request.uri.path", "Path",
        "Names the resource on the server; the server's routes are matched against it.", "RFC 3986 §3.3";
    QUERY = Text "http.request.uri.query", "Query",
        "What stands behind the `?`: parameters for the resource, by convention `name=value` joined by `&`.", "RFC 3986 §3.4";
    PARAMETER = Text "http.request.uri.query.parameter", "Query parameter",
        "One parameter, with percent-encoding undone and `+` read as a space, as servers read it.", "WHATWG URL, application/x-www-form-urlencoded";
    PARAMETER_NAME = Text "http.request.uri.query.parameter.name", "Name",
        "The part of a parameter before its `=`.", "WHATWG URL, application/x-www-form-urlencoded";
    PARAMETER_VALUE = Text "http.request.uri.query.parameter.value", "Value",
        "The part of a parameter behind its `=`; empty where there is none.", "WHATWG URL, application/x-www-form-urlencoded";
    REQUEST_VERSION = Text "http.request.version", "Version",
        "The version of HTTP that the client speaks; the server answers within it.", "RFC 9112 §2.3";
    RESPONSE_VERSION = Text "http.response.version", "Version",
        "The version of HTTP that the server speaks, whatever the request's was.", "RFC 9112 §2.3";
    REASON = Text "http.response.phrase", "Reason phrase",
        "A few words for humans about the status code; programs ignore it.", "RFC 9112 §4";
    CODE = Unsigned "http.response.code", "Status code",
        "What became of the request; the first digit gives the class: 1 interim, 2 success, 3 redirection, 4 the client's fault, 5 the server's.", "RFC 9110 §15",
        [100 "Continue" "The head was read and the client should send the body.",
         101 "Switching Protocols" "From the next byte on the connection speaks the protocol that Upgrade names.",
         102 "Processing" "The server is still at work on a WebDAV request.",
         103 "Early Hints" "Header fields that the final answer will probably have, sent ahead so that the client can prepare.",
         104 "Upload Resumption Supported" "The server can resume this upload if it breaks off.",
         200 "OK" "The request succeeded.",
         201 "Created" "The request made a new resource.",
         202 "Accepted" "The request was taken and will be worked on later.",
         203 "Non-Authoritative Information" "It succeeded, but a proxy changed the content.",
         204 "No Content" "It succeeded and there is nothing to send.",
         205 "Reset Content" "It succeeded and the client should clear its form.",
         206 "Partial Content" "Only the range that was asked for follows.",
         207 "Multi-Status" "The body holds one status for each of several WebDAV resources.",
         208 "Already Reported" "The members of this WebDAV binding were listed before.",
         226 "IM Used" "The body is a change against what the client already has.",
         300 "Multiple Choices" "There are several representations and the client should choose.",
         301 "Moved Permanently" "The resource has a new address for good, given in Location.",
         302 "Found" "The resource is at another address for the time being, given in Location.",
         303 "See Other" "The outcome can be fetched with GET from the address in Location.",
         304 "Not Modified" "The client's cached copy is still good.",
         305 "Use Proxy" "Was meant to name a proxy to use; deprecated.",
         306 "(Unused)" "Is reserved and means nothing any more.",
         307 "Temporary Redirect" "Repeat the same request at the address in Location, this time only.",
         308 "Permanent Redirect" "Repeat the same request at the address in Location, from now on.",
         400 "Bad Request" "The server cannot or will not work on what it takes for a client's mistake.",
         401 "Unauthorized" "Credentials are missing or wrong.",
         402 "Payment Required" "Is reserved for payments.",
         403 "Forbidden" "The server understood and refuses.",
         404 "Not Found" "The server knows nothing at this path.",
         405 "Method Not Allowed" "The resource exists but not for this method; Allow lists those it has.",
         406 "Not Acceptable" "There is no representation that the Accept fields allow.",
         407 "Proxy Authentication Required" "A proxy wants credentials for itself.",
         408 "Request Timeout" "The server waited too long for the request.",
         409 "Conflict" "The request contradicts the state of the resource.",
         410 "Gone" "The resource was removed and will not return.",
         411 "Length Required" "The server wants a Content-Length.",
         412 "Precondition Failed" "A condition in the request's head was false.",
         413 "Content Too Large" "The body is larger than the server takes.",
         414 "URI Too Long" "The request target is longer than the server takes.",
         415 "Unsupported Media Type" "The server cannot read a body of this type or coding.",
         416 "Range Not Satisfiable" "The range that was asked for lies outside the content.",
         417 "Expectation Failed" "The server cannot meet what Expect asks for.",
         418 "(Unused)" "Is reserved, after an April Fools' joke about a teapot.",
         421 "Misdirected Request" "This server does not answer for the host that was named.",
         422 "Unprocessable Content" "The body can be read but makes no sense to the application.",
         423 "Locked" "The WebDAV resource is locked.",
         424 "Failed Dependency" "Another WebDAV action that this one needed has failed.",
         425 "Too Early" "The server will not risk working on data that might be replayed.",
         426 "Upgrade Required" "The server wants another protocol, named in Upgrade, on this connection.",
         428 "Precondition Required" "The server wants the request to carry a condition.",
         429 "Too Many Requests" "The client sent more than it may in a given time.",
         431 "Request Header Fields Too Large" "The head, or one field of it, is larger than the server takes.",
         451 "Unavailable For Legal Reasons" "The law forbids showing this.",
         500 "Internal Server Error" "The server failed in a way it did not expect.",
         501 "Not Implemented" "The server does not know the method at all.",
         502 "Bad Gateway" "A proxy got no valid answer from the server behind it.",
         503 "Service Unavailable" "The server is overloaded or being maintained; Retry-After may say for how long.",
         504 "Gateway Timeout" "A proxy waited too long for the server behind it.",
         505 "HTTP Version Not Supported" "The server will not speak this version of HTTP.",
         506 "Variant Also Negotiates" "The server's choice among representations leads in a circle.",
         507 "Insufficient Storage" "The WebDAV server has no room to store this.",
         508 "Loop Detected" "The WebDAV server met the same resource again while descending.",
         510 "Not Extended" "The request lacked an extension that the policy demanded; obsolete.",
         511 "Network Authentication Required" "A network's login page stands in between, as in a hotel."];

    // Header fields in general.
    REQUEST_LINE = Text "http.request.line", "Header field",
        "A field of the request's head, as it stood on the wire.", "RFC 9112 §5";
    RESPONSE_LINE = Text "http.response.line", "Header field",
        "A field of the response's head, with the spelling and spacing that the server used.", "RFC 9112 §5";
    FIELD_NAME = Text "http.header.name", "Field name",
        "Says what the value is about; upper and lower case are the same.", "RFC 9110 §5.1";
    FIELD_VALUE = Text "http.header.value", "Field value",
        "The text behind the colon, without the white space around it.", "RFC 9110 §5.5";

    // Header fields that are known.
    HOST = Text "http.host", "Host",
        "The host and port that the client means; one server may serve several names.", "RFC 9110 §7.2";
    ORIGIN = Text "http.origin", "Origin",
        "Scheme, host and port of the page whose script made the request; only browsers send it, and servers check it.", "RFC 6454 §7";
    USER_AGENT = Text "http.user_agent", "User agent",
        "The program that sent the request.", "RFC 9110 §10.1.5";
    SERVER = Text "http.server", "Server",
        "The software that made the response.", "RFC 9110 §10.2.4";
    DATE = Text "http.date", "Date",
        "When the message was made, by its sender's clock.", "RFC 9110 §6.6.1";
    REFERER = Text "http.referer", "Referer",
        "The page from which the client came.", "RFC 9110 §10.1.3";
    LOCATION = Text "http.location", "Location",
        "Where a redirection leads, or where a new resource is.", "RFC 9110 §10.2.2";
    ACCEPT = Text "http.accept", "Accept",
        "The media types that the client would like, with weights.", "RFC 9110 §12.5.1";
    ACCEPT_ENCODING = Text "http.accept_encoding", "Accept-Encoding",
        "The content codings that the client can undo.", "RFC 9110 §12.5.3";
    CACHE_CONTROL = Text "http.cache_control", "Cache-Control",
        "What caches on the way may keep, and for how long.", "RFC 9111 §5.2";
    AUTHORIZATION = Text "http.authorization", "Authorization",
        "The client's credentials: a secret.", "RFC 9110 §11.6.2";
    WWW_AUTHENTICATE = Text "http.www_authenticate", "WWW-Authenticate",
        "How the client could authenticate itself.", "RFC 9110 §11.6.1";
    EXPECT = Text "http.expect", "Expect",
        "With `100-continue` the client waits for an interim answer before it sends the body.", "RFC 9110 §10.1.1";
    KEEP_ALIVE = Text "http.keep_alive", "Keep-Alive",
        "For how long, and for how many requests, an idle connection is kept.", "RFC 2068 §19.7.1";
    TRAILER_FIELD = Text "http.trailer_names", "Trailer",
        "Names the fields that will follow the last chunk.", "RFC 9110 §6.6.2";
    ALLOW_ORIGIN = Text "http.access_control_allow_origin", "Access-Control-Allow-Origin",
        "The origin whose scripts may read this response; without it the browser withholds it from other pages.", "WHATWG Fetch, CORS protocol";
    FORWARDED_FOR = Text "http.x_forwarded_for", "X-Forwarded-For",
        "The client's address as a proxy saw it; by custom, and forged easily.", "RFC 7239 §1";
    CONNECTION = Text "http.connection", "Connection",
        "Fields and options that hold for this connection only, such as `close`, `keep-alive` and `Upgrade`.", "RFC 9110 §7.6.1";
    CONNECTION_OPTION = Text "http.connection.option", "Option",
        "One option for the connection; a proxy removes it and the field of that name.", "RFC 9110 §7.6.1";
    UPGRADE = Text "http.upgrade", "Upgrade",
        "Protocols that the client would rather speak, or the one that the server switches to.", "RFC 9110 §7.8";
    UPGRADE_PROTOCOL = Text "http.upgrade.protocol", "Protocol",
        "One protocol on offer, or the one chosen.", "RFC 9110 §7.8";
    CONTENT_TYPE = Text "http.content_type", "Content-Type",
        "The media type of the body: how to read its bytes.", "RFC 9110 §8.3";
    CONTENT_LENGTH = Unsigned "http.content_length", "Content-Length",
        "How many bytes the body has on the wire.", "RFC 9110 §8.6";
    CONTENT_ENCODING = Text "http.content_encoding", "Content-Encoding",
        "The codings that were applied to the content, the last one outermost: usually compression.", "RFC 9110 §8.4";
    TRANSFER_ENCODING = Text "http.transfer_encoding", "Transfer-Encoding",
        "The codings that were applied for the transfer over this connection; `chunked` marks the end of the body.", "RFC 9112 §6.1";
    CODING = Text "http.coding", "Coding",
        "One coding; a recipient undoes them from the last to the first.", "RFC 9110 §8.4.1";
    COOKIE = Text "http.cookie", "Cookie",
        "What the server told the client to remember, sent back: often a secret.", "RFC 6265 §5.4";
    COOKIE_PAIR = Text "http.cookie_pair", "Cookie pair",
        "One cookie with its name and value.", "RFC 6265 §4.2.1";
    COOKIE_NAME = Text "http.cookie.name", "Cookie name",
        "What the server called the cookie.", "RFC 6265 §4.1.1";
    COOKIE_VALUE = Text "http.cookie.value", "Cookie value",
        "What the server wanted to have remembered; for others it has no meaning.", "RFC 6265 §4.1.1";
    SET_COOKIE = Text "http.set_cookie", "Set-Cookie",
        "A cookie that the client should remember, with the conditions for sending it back.", "RFC 6265 §4.1";
    COOKIE_ATTRIBUTE = Text "http.set_cookie.attribute", "Attribute",
        "A condition on a cookie, such as how long, for which paths and to whom it is sent.", "RFC 6265 §4.1.2";
    WEBSOCKET_KEY = Text "http.sec_websocket_key", "Sec-WebSocket-Key",
        "16 random bytes in base64. The server must compute its answer from them, which shows that it speaks WebSocket.", "RFC 6455 §11.3.1";
    WEBSOCKET_ACCEPT = Text "http.sec_websocket_accept", "Sec-WebSocket-Accept",
        "The server's answer to the key.", "RFC 6455 §11.3.3";
    WEBSOCKET_VERSION = Unsigned "http.sec_websocket_version", "Sec-WebSocket-Version",
        "The version of the WebSocket protocol; 13 is the standard's.", "RFC 6455 §11.3.5";
    WEBSOCKET_PROTOCOL = Text "http.sec_websocket_protocol", "Sec-WebSocket-Protocol",
        "The subprotocols that the client offers, or the one that the server chose.", "RFC 6455 §11.3.4";
    SUBPROTOCOL = Text "http.sec_websocket_protocol.name", "Subprotocol",
        "A name for what the messages of the WebSocket mean, agreed between client and server.", "RFC 6455 §1.9";
    WEBSOCKET_EXTENSIONS = Text "http.sec_websocket_extensions", "Sec-WebSocket-Extensions",
        "The protocol extensions that the client offers, or those that the server chose, with parameters.", "RFC 6455 §11.3.2";
    EXTENSION = Text "http.sec_websocket_extensions.name", "Extension",
        "An extension that changes how frames are built, such as permessage-deflate.", "RFC 6455 §9.1";
    EXTENSION_PARAMETER = Text "http.sec_websocket_extensions.parameter", "Parameter",
        "A setting of the extension; several offers of one extension differ in these.", "RFC 6455 §9.1";

    // The upgrade.
    UPGRADE_REQUEST = Group "http.upgrade_request", "Upgrade to WebSocket",
        "What a client must send to turn this connection into a WebSocket, point by point.", "RFC 6455 §4.2.1";
    UPGRADE_ANSWER = Group "http.upgrade_answer", "Answer to the upgrade",
        "What a server must send so that the client takes the connection for a WebSocket.", "RFC 6455 §4.2.2";
    IS_GET = Flag "http.upgrade_request.get", "Method is GET",
        "The handshake is a GET request.", "RFC 6455 §4.1";
    IS_HTTP_1_1 = Flag "http.upgrade_request.http_1_1", "HTTP/1.1 or higher",
        "HTTP/1.0 cannot upgrade.", "RFC 6455 §4.1";
    HAS_HOST = Flag "http.upgrade_request.host", "Host is there",
        "The server's name is given once.", "RFC 6455 §4.1";
    NAMES_WEBSOCKET = Flag "http.upgrade_request.websocket", "Upgrade lists websocket",
        "The client names the protocol that it wants to switch to.", "RFC 6455 §4.2.1";
    NAMES_UPGRADE = Flag "http.upgrade_request.connection", "Connection lists Upgrade",
        "The client marks its Upgrade field as meant for the next hop.", "RFC 6455 §4.2.1";
    KEY_VALID = Flag "http.upgrade_request.key", "Key is 16 bytes in base64",
        "The key has the right form.", "RFC 6455 §4.2.1";
    KEY_BYTES = Text "http.upgrade_request.key_bytes", "Key, decoded",
        "The random bytes in hexadecimal. They are compared with nothing: the server uses the base64 text.", "RFC 6455 §4.1";
    IS_VERSION_13 = Flag "http.upgrade_request.version_13", "Version is 13",
        "The client speaks the final standard.", "RFC 6455 §4.2.1";
    IS_101 = Flag "http.upgrade_answer.code_101", "Status is 101",
        "The server agrees to switch.", "RFC 6455 §4.2.2";
    ANSWER_WEBSOCKET = Flag "http.upgrade_answer.websocket", "Upgrade is websocket",
        "The server names the protocol that it switches to.", "RFC 6455 §4.2.2";
    ANSWER_UPGRADE = Flag "http.upgrade_answer.connection", "Connection lists Upgrade",
        "The server marks its Upgrade field as meant for this hop.", "RFC 6455 §4.2.2";
    ACCEPT_VALID = Flag "http.upgrade_answer.accept", "Accept fits the key",
        "The server computed the answer to this client's key.", "RFC 6455 §4.2.2";
    ACCEPT_KEY = Text "http.upgrade_answer.key", "1. The client's key",
        "Taken from the request, as text: it is not decoded.", "RFC 6455 §4.2.2";
    ACCEPT_CONCATENATION = Text "http.upgrade_answer.concatenation", "2. Key and GUID joined",
        "The GUID is the same for all of WebSocket; no server that knows nothing of WebSocket would use it.", "RFC 6455 §1.3";
    ACCEPT_DIGEST = Text "http.upgrade_answer.sha1", "3. SHA-1 of that",
        "The 20 bytes of the hash in hexadecimal. It is no protection, only proof that the request was understood.", "RFC 6455 §4.2.2";
    ACCEPT_EXPECTED = Text "http.upgrade_answer.expected", "4. In base64",
        "What Sec-WebSocket-Accept must be.", "RFC 6455 §4.2.2";
    SUBPROTOCOL_VALID = Flag "http.upgrade_answer.subprotocol", "Subprotocol was offered",
        "The server chose one of the client's subprotocols.", "RFC 6455 §4.2.2";
    EXTENSIONS_VALID = Flag "http.upgrade_answer.extensions", "Extensions were offered",
        "The server chose only extensions of the client's offer, with parameters that fit it.", "RFC 6455 §4.2.2";

    // Bodies.
    BODY_ENDS = Text "http.body_ends", "Body ends",
        "What tells the recipient where the body ends.", "RFC 9112 §6.3";
    CHUNK = Group "http.chunk", "Chunk",
        "A part of the body with its size in front.", "RFC 9112 §7.1";
    CHUNK_SIZE = Unsigned "http.chunk_size", "Chunk size",
        "How many bytes of data follow, written in hexadecimal; 0 ends the body.", "RFC 9112 §7.1";
    CHUNK_EXTENSION = Text "http.chunk_extension", "Chunk extension",
        "Remarks about one chunk; recipients ignore those that they do not know.", "RFC 9112 §7.1.1";
    CHUNK_DATA = Bytes "http.chunk_data", "Chunk data",
        "The chunk's share of the body.", "RFC 9112 §7.1";
    TRAILER = Text "http.chunked_trailer_part", "Trailer field",
        "A field that was sent behind the body, because its value was not known before.", "RFC 9112 §7.1.2";
    DECODED = Text "http.body_decoded", "Decoded body",
        "The body after one coding was undone, in bytes before and after.", "RFC 9110 §8.4";
    BODY = Bytes "http.file_data", "Body",
        "The content of the message, without transfer and content codings.", "RFC 9110 §6.4";

    TOLD = Flag "http.told", "Told, not seen",
        "Another program told of this message, in a HAR file: its head is put together from what that program wrote down, and no coding is left in its body.", "HAR 1.2";

    // What wirewalk sent.
    SENT = Text "http.sent", "Sent by wirewalk instead",
        "wirewalk passed these bytes on in place of those it received.", "RFC 9110 §7.6";
    SENT_LINE = Text "http.sent.line", "Rewritten line",
        "A line that differs from what was received.", "RFC 9110 §7.6";
}
