// A plain Socket.IO server.
"use strict";

const { Server } = require("socket.io");

const io = new Server(Number(process.env.PORT));

io.on("connection", (socket) => {
  socket.on("message", (text, reply) => handleMessage(socket, text, reply));
});

function handleMessage(socket, text, reply) {
  socket.send("hello");
  reply("ok");
}
