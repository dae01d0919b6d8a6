"""A Flask-SocketIO app with nothing wrong in it. All that fails here, others did."""

from flask import Flask
from flask_socketio import SocketIO

app = Flask(__name__)
socketio = SocketIO(app, async_mode="threading")


@app.route("/")
def index():
    return "hello"


if __name__ == "__main__":
    socketio.run(app, port=5000)
