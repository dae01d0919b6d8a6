// A WebSocket client of the npm package ws. Options: `url`; `close`, which side closes ("client" by default, or
// "server"); `headers` to send with the upgrade. Where the upgrade is refused it logs `{"refused": STATUS}`.
"use strict";

const { WebSocket } = require("ws");
const { once } = require("node:events");
const { options, say, fail } = require("./peer.cjs");
const { follow } = require("./ws_log.cjs");

const socket = new WebSocket(options.url, { headers: options.headers, perMessageDeflate: { threshold: 0 } });
follow(socket);
socket.on("error", (error) => fail(error));
socket.on("unexpected-response", (request, response) => {
  say({ refused: response.statusCode });
  response.resume();
});

/** Sends a message and waits for its echo. */
async function echoed(data, isBinary = false) {
  const echo = once(socket, "message");
  socket.say(data, isBinary);
  await echo;
}

socket.on("open", async () => {
  await echoed("a text");
  await echoed("ünïcödé ✓ 日本語 🦀");
  await echoed(JSON.stringify({ list: [1, 2.5, null], text: "é" }));
  await echoed("");
  await echoed(Buffer.from([0, 1, 2, 0xfe, 0xff]), true);
  await echoed("repeated repeated repeated ".repeat(40));
  await echoed("64 bits of length, ".repeat(5_000));
  await echoed(require("node:crypto").createHash("shake256", { outputLength: 3_000 }).digest(), true);

  // A message in three fragments, the second of which begins in the middle of a character, with a ping between them.
  const whole = Buffer.from("in three fragments: ✓ and é");
  const echo = once(socket, "message");
  const pong = once(socket, "pong");
  say({ message: "sent", content: whole.toString() });
  socket.send(whole.subarray(0, 21), { binary: false, fin: false });
  say({ ping: "sent", content: Buffer.from("between") });
  socket.ping("between");
  socket.send(whole.subarray(21, 25), { fin: false });
  socket.send(whole.subarray(25), { fin: true });
  await Promise.all([echo, pong]);

  if (options.close === "server") socket.say("close 4321 the server's own code", false);
  else socket.close(4123, "done ✓");
});
