// A Socket.IO client of version 4 that goes through all that the protocol has, one thing after another.
// Options: `url`, `transports` (default: polling, upgraded to a WebSocket).
"use strict";

const assert = require("node:assert");
const { Manager } = require("socket.io-client");
const { options, say, loggingParser } = require("./peer.cjs");

const transports = options.transports ?? ["polling", "websocket"];

/** The arguments of the next event of this name. */
function next(socket, name) {
  return new Promise((resolve) => socket.once(name, (...args) => resolve(args)));
}

/** Emits an event whose only effect is that the server says the same back, and waits for that. */
async function repeated(socket, ...args) {
  const said = next(socket, "said");
  socket.emit("say", ...args);
  assert.deepStrictEqual(await said, args);
}

async function main() {
  const manager = new Manager(options.url, { transports, parser: loggingParser, reconnection: false });
  const upgraded = transports.length > 1 && next(manager, "open").then(() => next(manager.engine, "upgrade"));
  const root = manager.socket("/", { auth: { token: "sésame" } });
  const welcome = next(root, "welcome");
  await next(root, "connect");
  say({ engine: manager.engine.id });
  await welcome;
  await repeated(root, "before any upgrade is sure to be done");
  await upgraded;
  say({ transport: manager.engine.transport.name });

  await repeated(root);
  await repeated(root, "ünïcödé ✓ 日本語 🦀", "\t\n\u001e\u001b[31m\u0000\u202e\"\\");
  await repeated(root, 0, -1, 1.5, 9007199254740991, true, null);
  await repeated(root, { list: [1, [], {}, [null]], map: { a: { b: "c" }, "": 0 } });
  await repeated(root, "16 bits of length: ".padEnd(1_000, "é"));
  await repeated(root, "64 bits of length: ".padEnd(70_000, "wirewalk "));
  assert.deepStrictEqual(await root.emitWithAck("echo", "é", { n: 1 }), "é");

  const blob = next(root, "blob");
  root.emit("blob", Buffer.from([0, 1, 2, 0xfe, 0xff, 0x1e]));
  assert.deepStrictEqual((await blob)[0].blob, Buffer.from([0, 1, 2, 0xfe, 0xff, 0x1e]));
  await repeated(root, Buffer.from("first"), { second: Buffer.alloc(0), third: Buffer.alloc(200, 7) });
  await root.emitWithAck("echo", Buffer.from("a binary acknowledgement"));

  const answered = next(root, "answered");
  root.once("question", ({ of }, answer) => answer(of * 14));
  root.emit("ask");
  assert.deepStrictEqual(await answered, [42]);

  const chat = manager.socket("/chat");
  await next(chat, "connect");
  await chat.emitWithAck("echo", "in a namespace");
  chat.disconnect();

  const refused = manager.socket("/refused");
  const [error] = await next(refused, "connect_error");
  assert.strictEqual(error.message, "members only");

  await root.emitWithAck("echo", "the last");
  root.disconnect();
}

main();
