// Socket.IO clients that all say the same, each a number of times, and wait for each answer and acknowledgement.
// Options: `url`, `clients`, `messages`, `transports`.
"use strict";

const { io } = require("socket.io-client");
const { options, say, fail } = require("./peer.cjs");

async function talk() {
  const socket = io(options.url, { forceNew: true, reconnection: false, transports: options.transports ?? ["polling", "websocket"] });
  await new Promise((resolve) => socket.once("connect", resolve));
  if (socket.io.engine.transport.name !== "websocket") {
    await new Promise((resolve) => {
      socket.io.engine.once("upgrade", resolve);
      socket.io.engine.once("upgradeError", (error) => fail(`not upgraded: ${error}`));
    });
  }
  for (let n = 0; n < options.messages; n++) {
    const answered = new Promise((resolve) => socket.once("message", resolve));
    const reply = await socket.emitWithAck("message", "hello");
    say({ reply, answer: await answered });
  }
  socket.disconnect();
}

Promise.all(Array.from({ length: options.clients ?? 1 }, talk)).then(() => setTimeout(() => process.exit(0), 100));
