// Says a few things to an echo server, each when the one before has come back.
"use strict";

const { WebSocket } = require("ws");

const socket = new WebSocket(process.argv[2], { perMessageDeflate: false });
const answer = () => new Promise((resolve) => socket.once("message", (data) => resolve(String(data))));
const pong = () => new Promise((resolve) => socket.once("pong", resolve));

socket.on("open", async () => {
  socket.send("Hello");
  await answer();

  socket.send("a longer text ".repeat(15));
  await answer();

  socket.send(Buffer.from([0xca, 0xfe]));
  await answer();

  // A text in three frames, and a ping between them.
  socket.send("Web", { fin: false });
  socket.ping("still there?");
  socket.send("Sock", { fin: false });
  socket.send("et", { fin: true });
  await Promise.all([pong(), answer()]);

  socket.close(1000, "that is all");
});
socket.on("close", (code) => process.exit(code === 1000 ? 0 : 1));
