"""What the recorded HAR files are of: a page that talks to Socket.IO, with a form, a picture and a page that is missing."""

import base64
import os

from flask import Flask, Response, make_response, request
from flask_socketio import SocketIO, emit, send

PAGE = """<!doctype html><meta charset="utf-8"><title>A chat of one</title><link rel="icon" href="data:,">
<script src="/client.js"></script><script>
const socket = io();
let said = 0;
socket.on("message", () => said++);
socket.on("picture", () => said++);
async function talk() {
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  await fetch("/form?to=a%20b&to=c", { method: "POST", headers: form, body: "name=Zo%C3%AB&age=7" });
  await fetch("/missing");
  await fetch("/dot");
  await new Promise((done) => socket.emit("message", "hello \\u2713", done));
  socket.emit("picture", new Uint8Array([0, 1, 2, 255]));
}
</script>"""
DOT = "R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="

app = Flask(__name__)
socketio = SocketIO(app, async_mode="threading", ping_interval=2)


@app.route("/")
def index():
    answer = make_response(PAGE)
    answer.set_cookie("theme", "dark", max_age=3600)
    answer.set_cookie("visits", "1", httponly=True, samesite="Lax")
    return answer


@app.route("/client.js")
def client():
    with open(os.environ["SOCKETIO_CLIENT"], encoding="utf-8") as script:
        return Response(script.read(), mimetype="text/javascript")


@app.route("/form", methods=["POST"])
def form():
    return {"name": request.form["name"], "to": request.args.getlist("to")}


@app.route("/dot")
def dot():
    return Response(base64.b64decode(DOT), mimetype="image/gif")


@socketio.on("message")
def message(text):
    send(f"you said: {text}")
    return "received"


@socketio.on("picture")
def picture(data):
    emit("picture", {"size": len(data), "data": data})


socketio.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), allow_unsafe_werkzeug=True)
