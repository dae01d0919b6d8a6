// What every peer in Node has in common: its options, its log, and its end.
//
// A peer takes its options as one JSON object, its only argument, and logs what it itself saw as one JSON object a
// line. The tests hold these lines against what wirewalk decoded, so nothing here looks at the wire.
"use strict";

const parser = require("socket.io-parser");

/** The longest that a peer runs, in milliseconds, unless its options have another `deadline`: a peer that waits in vain says so and fails. */
const DEADLINE = 30_000;

const NAMES = ["connect", "disconnect", "event", "ack", "connect_error", "event", "ack"];

/** The options of this peer, as the test gave them. */
const options = JSON.parse(process.argv[2] ?? "{}");

/** Logs one object. */
function say(what) {
  process.stdout.write(JSON.stringify(plain(what)) + "\n");
}

/** The value with its bytes written as `{"bytes": "<hex>"}`, so that it is JSON. */
function plain(value) {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("hex") };
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** Logs a Socket.IO packet; `way` is "sent" or "received". A packet with attachments is logged as if it had none. */
function sayPacket(way, packet) {
  const { type, nsp, id, data } = packet;
  say({ packet: way, type: NAMES[type], namespace: nsp ?? "/", id, data });
}

class Encoder extends parser.Encoder {
  encode(packet) {
    sayPacket("sent", packet);
    return super.encode(packet);
  }
}

class Decoder extends parser.Decoder {
  constructor(opts) {
    super(opts);
    this.on("decoded", (packet) => sayPacket("received", packet));
  }
}

/** Socket.IO's own parser, which logs every packet that it writes or has read whole. */
const loggingParser = { ...parser, Encoder, Decoder };

/** Ends this peer with an error, saying why. */
function fail(why) {
  say({ failed: String(why) });
  process.exit(1);
}

/** Has a server end when its standard input does: when the test is over, however it ended. */
function serveUntilStdinEnds() {
  process.stdin.on("end", () => process.exit(0)).resume();
}

const deadline = options.deadline ?? DEADLINE;
setTimeout(() => fail(`the deadline of ${deadline} ms`), deadline).unref();
process.on("uncaughtException", (error) => fail(error.stack));
process.on("unhandledRejection", (error) => fail(error.stack));

module.exports = { options, say, fail, loggingParser, serveUntilStdinEnds };
