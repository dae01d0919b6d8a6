// A WebSocket server of the npm package ws, with permessage-deflate. It echoes every message, and closes with the
// code and reason of the message `close CODE REASON`. Options: `deny`, a status code with which every upgrade is refused.
"use strict";

const { WebSocketServer } = require("ws");
const { options, say, serveUntilStdinEnds } = require("./peer.cjs");
const { follow } = require("./ws_log.cjs");

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  perMessageDeflate: { threshold: 0 },
  verifyClient: ({ req }, answer) => answer(!options.deny, options.deny),
});

server.on("connection", (socket) => {
  follow(socket);
  socket.on("message", (data, isBinary) => {
    const close = isBinary ? null : /^close (\d+) (.*)$/.exec(data.toString());
    if (close) socket.close(Number(close[1]), close[2]);
    else socket.say(data, isBinary);
  });
});

serveUntilStdinEnds();
server.on("listening", () => say({ listening: server.address().port }));
