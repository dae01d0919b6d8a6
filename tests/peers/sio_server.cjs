// A Socket.IO server of version 4. Options: `perMessageDeflate` (default false).
"use strict";

const { Server } = require("socket.io");
const { options, say, loggingParser, serveUntilStdinEnds } = require("./peer.cjs");

const io = new Server({
  parser: loggingParser,
  // The default threshold leaves small messages as they are; here each is to be compressed.
  perMessageDeflate: options.perMessageDeflate ? { threshold: 0 } : false,
});

io.on("connection", (socket) => {
  say({ engine: socket.conn.id });
  socket.emit("welcome", { text: "bienvenue à bord ✓" });
  socket.on("say", (...args) => socket.emit("said", ...args));
  socket.on("echo", (...args) => args.pop()(...args));
  socket.on("blob", (blob) => socket.emit("blob", { blob }));
  socket.on("ask", () => socket.emit("question", { of: 3 }, (answer) => socket.emit("answered", answer)));
  socket.on("disconnect", (reason) => say({ gone: reason }));
});

io.of("/chat").on("connection", (socket) => socket.on("echo", (...args) => args.pop()(...args)));
io.of("/refused").use((socket, next) => next(new Error("members only")));

serveUntilStdinEnds();
const http = require("node:http").createServer();
io.attach(http);
http.listen(0, "127.0.0.1", () => say({ listening: http.address().port }));
