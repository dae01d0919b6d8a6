// Sends one text and waits until it comes back. Options: `url`.
"use strict";

const { WebSocket } = require("ws");
const { options, say } = require("./peer.cjs");

const socket = new WebSocket(options.url);
socket.on("open", () => socket.send("hello"));
socket.on("message", (data) => {
  say({ heard: String(data) });
  socket.close();
});
