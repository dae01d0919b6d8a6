"""A chat of one: whatever the page sends comes back."""

import os

from flask import Flask, render_template
from flask_socketio import SocketIO, send

CLIENT = os.environ.get("SOCKETIO_CLIENT", "https://cdn.socket.io/4.8.1/socket.io.min.js")

app = Flask(__name__, template_folder=".")
socketio = SocketIO(app, async_mode="threading", ping_interval=5)


@app.route("/")
def index():
    return render_template("index.html", client=CLIENT)


@socketio.on("message")
def handle_message(text):
    send(f"you said: {text}")
    return "received"


if __name__ == "__main__":
    socketio.run(app, port=int(os.environ.get("PORT", "5000")))
