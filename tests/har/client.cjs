// Talks to the server by way of mitmproxy.
"use strict";

const { io } = require("socket.io-client");

const socket = io(process.argv[2]);
let said = 0;
const heard = () => {
  said += 1;
  if (said === 2) setTimeout(() => socket.disconnect(), 300);
};
socket.on("message", heard);
socket.on("picture", heard);
socket.io.engine.once("upgrade", () => {
  socket.emit("message", "hello", () => {});
  socket.emit("picture", Buffer.from([0, 1, 2, 255]));
});
