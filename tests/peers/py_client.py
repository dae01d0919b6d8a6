"""python-socketio's client, which goes through all that the protocol has, one thing after another.

Options: `url`, `transports` (default: polling, upgraded to a WebSocket).
"""

import queue

import socketio
from socketio import packet

from logging_packet import LoggingPacket
from peer import OPTIONS, fail, say

NAMESPACES = ["/", "/chat", "/refused"]

client = socketio.Client(reconnection=False, serializer=LoggingPacket)
came = {name: queue.Queue() for name in ["welcome", "said", "blob", "answered", "refused", "chat"]}


def put(name):
    """A handler that puts its arguments where `next_of` takes them."""
    return lambda *args: came[name].put(list(args))


def next_of(name):
    """The arguments of the next event of this name."""
    return came[name].get(timeout=20)


def expect(seen, wanted):
    if seen != wanted:
        fail(f"{seen!r} came where {wanted!r} was expected")


def repeated(*args):
    """Emits an event whose only effect is that the server says the same back, and waits for that."""
    client.emit("say", args)
    expect(next_of("said"), list(args))


def handle_in_order():
    """Has messages handled one after another.

    python-engineio 4.15 gives each a thread of its own, so that an attachment may be handled before its packet.
    """
    start = client.eio.start_background_task

    def start_unless_message(target, *args, **kwargs):
        if target == client.eio.handlers["message"]:
            return target(*args, **kwargs)
        return start(target, *args, **kwargs)

    client.eio.start_background_task = start_unless_message


def disconnect():
    """What `client.disconnect()` does, but one thing after another.

    That function closes the WebSocket while another thread still sends (python-engineio 4.15), so what was logged as
    sent may follow the Close frame, or not be sent at all.
    """
    for namespace in client.namespaces:
        client._send_packet(LoggingPacket(packet.DISCONNECT, namespace=namespace))
    client.eio.queue.join()
    if client.transport() == "websocket":
        sender, close = client.eio.write_loop_task, client.eio.ws.close
        client.eio.ws.close = lambda: (sender.join(), close())
    client.eio.disconnect()


for name in ["welcome", "said", "blob", "answered"]:
    client.on(name, put(name))
client.on("question", lambda question: question["of"] * 14)
client.on("connect", put("chat"), namespace="/chat")
client.on("connect_error", put("refused"), namespace="/refused")

handle_in_order()
# Without waiting, since the refused namespace would make connect() disconnect from the others.
client.connect(
    OPTIONS["url"],
    transports=OPTIONS.get("transports"),
    namespaces=NAMESPACES,
    auth={"token": "sésame"},
    wait=False,
)
say(engine=client.eio.sid, transport=client.transport())
next_of("welcome")
next_of("chat")
expect(next_of("refused"), [{"message": "members only"}])

repeated()
repeated("ünïcödé ✓ 日本語 🦀", "\t\n\u001e\u001b[31m\u0000\u202e\"\\")
repeated(0, -1, 1.5, 9007199254740991, True, None)
repeated({"list": [1, [], {}, [None]], "map": {"a": {"b": "c"}, "": 0}})
repeated("16 bits of length: ".ljust(1_000, "é"))
repeated("64 bits of length: " + "wirewalk " * 7_780)
expect(client.call("echo", ("é", {"n": 1})), ("é", {"n": 1}))

blob = bytes([0, 1, 2, 0xFE, 0xFF, 0x1E])
client.emit("blob", blob)
expect(next_of("blob"), [{"blob": blob}])
client.emit("say", (b"first", {"second": b"", "third": bytes([7]) * 200}))
next_of("said")
client.call("echo", b"a binary acknowledgement")

client.emit("ask")
expect(next_of("answered"), [42])
client.call("echo", "in a namespace", namespace="/chat")
client.call("echo", "the last")
disconnect()
