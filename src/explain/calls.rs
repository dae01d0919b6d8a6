//! What the functions are for that a message meets in the libraries that wirewalk knows. Whatever else is called is shown as it is.

/// What a function is for, in one sentence, where wirewalk knows it. `symbol` is `module:Class.function`.
pub fn purpose(symbol: &str) -> Option<&'static str> {
    let found = PURPOSES.binary_search_by(|(known, _)| (*known).cmp(symbol));
    PURPOSES.get(found.ok()?).map(|(_, purpose)| *purpose)
}

// In the order of the symbols, for `purpose` to search.
static PURPOSES: &[(&str, &str)] = &[
    (
        "engineio.async_drivers._websocket_wsgi:SimpleWebSocketWSGI.__call__",
        "Has simple_websocket shake hands, then hands the open WebSocket to Engine.IO.",
    ),
    (
        "engineio.async_drivers._websocket_wsgi:SimpleWebSocketWSGI.send",
        "Gives one packet to the WebSocket, as text or as binary.",
    ),
    (
        "engineio.async_drivers._websocket_wsgi:SimpleWebSocketWSGI.wait",
        "Waits for the next message of the WebSocket.",
    ),
    (
        "engineio.async_socket:AsyncSocket.receive",
        "Looks at the type of an Engine.IO packet and passes on what it carries.",
    ),
    (
        "engineio.async_socket:AsyncSocket.send",
        "Puts a packet into the queue of this client; the writer takes it from there.",
    ),
    (
        "engineio.base_server:BaseServer.__init__",
        "Settles how Engine.IO works here: transports, heartbeat, and which threads or greenlets it runs on.",
    ),
    ("engineio.base_server:BaseServer._cors_headers", "Says to browsers from which origins they may ask."),
    ("engineio.base_server:BaseServer._ok", "Makes the answer 200 with the packets in its body."),
    ("engineio.base_server:BaseServer._upgrades", "Says which transports the client may move to."),
    (
        "engineio.base_server:BaseServer.generate_id",
        "Makes the sid by which the client is known from now on.",
    ),
    (
        "engineio.base_socket:BaseSocket.__init__",
        "Makes what the server keeps of one client, with a queue for what is to be sent to it.",
    ),
    (
        "engineio.middleware:WSGIApp.__call__",
        "Is called by the web server for each request: what is under the Engine.IO path goes to Engine.IO, all else to the app.",
    ),
    (
        "engineio.middleware:WSGIApp.__init__",
        "Remembers the app that it stands before, and the path that is Engine.IO's.",
    ),
    (
        "engineio.packet:Packet.decode",
        "Reads the first character as the packet's type, and the rest as its data.",
    ),
    ("engineio.packet:Packet.encode", "Writes the packet's type as one digit, and its data behind it."),
    ("engineio.payload:Payload.decode", "Takes the body of a polling request apart into packets."),
    (
        "engineio.payload:Payload.encode",
        "Puts packets one behind the other, for the body of a polling answer.",
    ),
    (
        "engineio.server:Server._handle_connect",
        "Makes a new client: its sid, its queue, and the OPEN packet that is sent first.",
    ),
    (
        "engineio.server:Server._service_task",
        "Looks after all clients, and drops those that no longer answer.",
    ),
    (
        "engineio.server:Server._trigger_event",
        "Calls the handler that was registered for connect, message or disconnect.",
    ),
    (
        "engineio.server:Server.handle_request",
        "Decides by method, sid and transport what a request is: a new client, a poll, a post or an upgrade.",
    ),
    ("engineio.server:Server.send_packet", "Finds the client by its sid, and gives it the packet."),
    (
        "engineio.server:Server.start_background_task",
        "Starts a thread, or whatever the chosen mode has in its place.",
    ),
    ("engineio.socket:Socket._send_ping", "Sleeps for one interval, then sends the heartbeat's ping."),
    ("engineio.socket:Socket._upgrade_websocket", "Begins the move from polling to a WebSocket."),
    (
        "engineio.socket:Socket._websocket_handler",
        "Stays as long as the WebSocket lives: answers the probe, then reads packet after packet.",
    ),
    (
        "engineio.socket:Socket._websocket_handler.writer",
        "Takes packets from the client's queue and writes them to the WebSocket, one after the other.",
    ),
    (
        "engineio.socket:Socket.handle_get_request",
        "Answers a poll with what is in the queue, or begins the upgrade where the client asks for it.",
    ),
    ("engineio.socket:Socket.handle_post_request", "Reads the packets that the client posted."),
    (
        "engineio.socket:Socket.poll",
        "Waits until something is in the queue for this client, and takes it out.",
    ),
    (
        "engineio.socket:Socket.receive",
        "Looks at the type of an Engine.IO packet and passes on what it carries.",
    ),
    ("engineio.socket:Socket.schedule_ping", "Has the next heartbeat sent in a while."),
    (
        "engineio.socket:Socket.send",
        "Puts a packet into the queue of this client; the writer or the next poll takes it from there.",
    ),
    (
        "flask_socketio:SocketIO.__init__",
        "The constructor that the app calls: keeps the options, and goes on to init_app where an app was given.",
    ),
    (
        "flask_socketio:SocketIO._handle_event",
        "Makes a Flask request context, as if the event were a request, and calls your handler in it.",
    ),
    ("flask_socketio:SocketIO.emit", "Sends an event to clients, outside of a handler too."),
    (
        "flask_socketio:SocketIO.init_app",
        "Makes the Socket.IO server and puts its middleware before the Flask app, in place of app.wsgi_app.",
    ),
    ("flask_socketio:SocketIO.on", "The decorator that registers a handler for an event."),
    (
        "flask_socketio:SocketIO.on.decorator",
        "Wraps your function, and registers the wrapper with the Socket.IO server.",
    ),
    (
        "flask_socketio:SocketIO.on.decorator._handler",
        "The wrapper around your handler that the Socket.IO server calls.",
    ),
    ("flask_socketio:SocketIO.run", "Starts the web server that fits the chosen mode."),
    ("flask_socketio:SocketIO.send", "Sends an event that is called message."),
    (
        "flask_socketio:_SocketIOMiddleware.__call__",
        "Notes which Flask app it is, for the handlers to find, and passes the request on.",
    ),
    (
        "flask_socketio:_SocketIOMiddleware.__init__",
        "The middleware that stands before the Flask app; its parents in socketio and engineio do the work.",
    ),
    ("flask_socketio:emit", "Sends an event from a handler: to its client, or to a room."),
    ("flask_socketio:send", "Sends an event called message from a handler: to its client, or to a room."),
    (
        "simple_websocket.ws:Base._handle_events",
        "Does what each event of the protocol demands: a message is kept for whoever waits for it, a ping is answered.",
    ),
    (
        "simple_websocket.ws:Base._thread",
        "The only reader of the socket: receives bytes and has wsproto make messages of them.",
    ),
    ("simple_websocket.ws:Base.receive", "Waits for the next message that the reading thread has put aside."),
    (
        "simple_websocket.ws:Base.send",
        "Has wsproto make a frame of the message, and writes its bytes to the socket.",
    ),
    (
        "simple_websocket.ws:Server.__init__",
        "Takes the socket away from the web server, and makes a WebSocket of it.",
    ),
    (
        "simple_websocket.ws:Server.handshake",
        "Gives wsproto the request's headers, and has the 101 made and sent.",
    ),
    ("socketio.base_manager:BaseManager.get_participants", "Lists the clients in a room."),
    (
        "socketio.base_server:BaseServer.__init__",
        "Makes the Engine.IO server below, and registers with it for connect, message and disconnect.",
    ),
    ("socketio.base_server:BaseServer.on", "Keeps a handler, by namespace and event."),
    ("socketio.manager:Manager.emit", "Makes the packet once, and sends it to each client in the room."),
    ("socketio.middleware:WSGIApp.__init__", "Only passes on to Engine.IO's middleware."),
    (
        "socketio.packet:Packet.decode",
        "Reads type, namespace, acknowledgement id and JSON of a Socket.IO packet.",
    ),
    (
        "socketio.packet:Packet.encode",
        "Writes type, namespace, acknowledgement id and JSON of a Socket.IO packet.",
    ),
    (
        "socketio.server:Server._handle_connect",
        "Lets a client into a namespace: calls the connect handler, and answers with the namespace's sid.",
    ),
    ("socketio.server:Server._handle_eio_connect", "Remembers the new client and its request."),
    (
        "socketio.server:Server._handle_eio_message",
        "Reads the Socket.IO packet in an Engine.IO message, and goes on by its type.",
    ),
    (
        "socketio.server:Server._handle_event",
        "Starts a thread of its own for the event, so that a slow handler holds up nobody.",
    ),
    (
        "socketio.server:Server._handle_event_internal",
        "Calls the event's handler, and sends what it returns as the acknowledgement where one was asked for.",
    ),
    (
        "socketio.server:Server._send_packet",
        "Encodes a Socket.IO packet and gives it to Engine.IO as a message.",
    ),
    ("socketio.server:Server._trigger_event", "Finds the handler for namespace and event, and calls it."),
    ("socketio.server:Server.emit", "Sends an event to clients: all of a namespace, a room, or one."),
    (
        "socketio.server:Server.handle_request",
        "Passes the request on to Engine.IO's server, which is inside.",
    ),
    ("werkzeug.serving:BaseWSGIServer.__init__", "Binds the socket that it listens on."),
    ("werkzeug.serving:BaseWSGIServer.serve_forever", "Accepts connections until it is stopped."),
    ("werkzeug.serving:WSGIRequestHandler.handle", "Serves one connection, in a thread of its own."),
    (
        "werkzeug.serving:WSGIRequestHandler.make_environ",
        "Makes of the request's head the dictionary that WSGI gives to apps.",
    ),
    ("werkzeug.serving:WSGIRequestHandler.run_wsgi", "Calls the WSGI app for a request."),
    (
        "werkzeug.serving:WSGIRequestHandler.run_wsgi.execute",
        "Calls the app, and writes the pieces of the answer that it gives back.",
    ),
    (
        "werkzeug.serving:WSGIRequestHandler.run_wsgi.start_response",
        "Takes the answer's status and headers from the app.",
    ),
    (
        "werkzeug.serving:WSGIRequestHandler.run_wsgi.write",
        "Writes the answer: first its head, then its body.",
    ),
    ("werkzeug.serving:make_server", "Chooses the server class: one thread for all, or one a connection."),
    ("werkzeug.serving:run_simple", "Werkzeug's development server begins here."),
    ("wsproto.connection:Connection.receive_data", "Takes the bytes that came, for frames to be read from."),
    ("wsproto.connection:Connection.send", "Makes the bytes of a message, ping, pong or close."),
    ("wsproto.extensions:PerMessageDeflate.accept", "Agrees on compression, and with which windows."),
    (
        "wsproto.extensions:PerMessageDeflate.frame_inbound_complete",
        "Inflates what is left at the end of a frame.",
    ),
    (
        "wsproto.extensions:PerMessageDeflate.frame_inbound_payload_data",
        "Inflates the payload, where its message is compressed.",
    ),
    (
        "wsproto.extensions:PerMessageDeflate.frame_outbound",
        "Deflates the payload, and sets the bit that says so.",
    ),
    (
        "wsproto.frame_protocol:FrameDecoder.parse_header",
        "Reads a frame's header: FIN, opcode, mask bit, length, masking key.",
    ),
    ("wsproto.frame_protocol:FrameDecoder.process_buffer", "Reads a frame, once enough bytes are there."),
    (
        "wsproto.frame_protocol:FrameProtocol._serialize_frame",
        "Writes a frame: header, masking key where a client sends it, payload.",
    ),
    ("wsproto.frame_protocol:FrameProtocol.send_data", "Makes a frame of text or bytes."),
    ("wsproto.frame_protocol:MessageDecoder.process_frame", "Puts frames together to messages."),
    (
        "wsproto.frame_protocol:XorMaskerSimple.process",
        "Takes the mask off the payload: each byte XOR one of the key's four.",
    ),
    (
        "wsproto.handshake:H11Handshake._accept",
        "Makes the 101, with Sec-WebSocket-Accept and what was agreed on.",
    ),
    (
        "wsproto.handshake:H11Handshake._process_connection_request",
        "Checks that the request is a WebSocket handshake.",
    ),
    (
        "wsproto.utilities:generate_accept_token",
        "Computes Sec-WebSocket-Accept: SHA-1 of the key and a fixed text, in base64.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_in_order_and_found() {
        assert!(PURPOSES.is_sorted_by(|(a, _), (b, _)| a < b));
        for (symbol, sentence) in PURPOSES {
            assert_eq!(purpose(symbol), Some(*sentence));
            assert!(
                symbol.split_once(':').is_some_and(|(module, name)| !module.is_empty() && !name.is_empty())
            );
            assert!(sentence.ends_with('.') && sentence.starts_with(|first: char| first.is_uppercase()));
        }
        assert_eq!(purpose("app:handler"), None);
    }
}
