"""A Flask-SocketIO server with threads on Werkzeug's server. Its pages are there for upgrades to be refused."""

from flask import Flask, redirect, request
from flask_socketio import ConnectionRefusedError, SocketIO, emit
from werkzeug.serving import BaseWSGIServer

from logging_packet import LoggingPacket
from peer import say, serve_until_stdin_ends

app = Flask(__name__)
socketio = SocketIO(app, async_mode="threading", serializer=LoggingPacket)


@socketio.on("connect")
def connect(auth):
    say(engine=socketio.server.manager.eio_sid_from_sid(request.sid, "/"))
    emit("welcome", {"text": "bienvenue à bord ✓"})


@socketio.on("say")
def repeat(*args):
    emit("said", args)


@socketio.on("echo")
@socketio.on("echo", namespace="/chat")
def echo(*args):
    return args


@socketio.on("blob")
def blob(data):
    emit("blob", {"blob": data})


@socketio.on("ask")
def ask():
    sid = request.sid
    emit("question", {"of": 3}, callback=lambda answer: socketio.emit("answered", answer, to=sid))


@socketio.on("connect", namespace="/chat")
def chat():
    pass


@socketio.on("connect", namespace="/refused")
def refuse():
    raise ConnectionRefusedError("members only")


@socketio.on("disconnect")
def disconnect(reason):
    say(gone=reason)


@app.before_request
def answer_whatever_is_asked():
    """Where applications send those to a login page who are not logged in: also those who ask for an upgrade."""
    if request.path == "/members":
        return redirect("/login")
    if request.path == "/login":
        return "<!doctype html><title>Log in</title>"
    return None


# Werkzeug chooses the port, and this is where it would print it for people.
BaseWSGIServer.log_startup = lambda server: say(listening=server.port)

serve_until_stdin_ends()
# Werkzeug's server is meant for development, and wants to be told so where standard input is no terminal.
socketio.run(app, host="127.0.0.1", port=0, allow_unsafe_werkzeug=True)
