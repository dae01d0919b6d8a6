"""A plain Flask-SocketIO app, as a student writes one."""

import os

from flask import Flask, request
from flask_socketio import SocketIO, send

app = Flask(__name__)
socketio = SocketIO(app, async_mode=os.environ.get("MODE", "threading"))
numbers = {}


@app.route("/")
def index():
    return "<h1>chat</h1>"


@socketio.on("message")
def handle_message(text):
    numbers[request.sid] = numbers.get(request.sid, 0) + 1
    answer(request.sid, numbers[request.sid])
    return "ok"


def answer(sid, number):
    send("hello")


if __name__ == "__main__":
    socketio.run(app, port=int(os.environ["PORT"]))
