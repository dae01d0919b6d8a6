// A WebSocket of the npm package ws that logs its messages, pings, pongs and its close.
"use strict";

const { say } = require("./peer.cjs");

/** Logs what `socket` receives, and gives it `say(data, isBinary)`, which sends a message and logs that. */
function follow(socket) {
  const content = (data, isBinary) => (isBinary ? Buffer.from(data) : data.toString());
  socket.on("message", (data, isBinary) => say({ message: "received", content: content(data, isBinary) }));
  socket.on("ping", (data) => say({ ping: "received", content: data }));
  socket.on("pong", (data) => say({ pong: "received", content: data }));
  socket.on("close", (code, reason) => say({ close: code, reason: reason.toString() }));
  socket.say = (data, isBinary) => {
    say({ message: "sent", content: content(data, isBinary) });
    socket.send(data, { binary: isBinary });
  };
}

module.exports = { follow };
