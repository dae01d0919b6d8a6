// The tracer for Node.js 18.19 and newer: tells wirewalk which functions are called in this process.
//
// `NODE_OPTIONS=--require /FOLDER/wirewalk-trace.cjs` loads it before the program. The source of the traced packages and of
// the person's own files is changed a little when it is loaded, so that each function says when it begins and ends; lines stay
// where they are: wirewalk-source.cjs does that. What is said, and how, is in README.md beside this file.
//
// From top to bottom: settings, which files are traced, calls and strands, marks, hooks of the libraries, hooks of Node, moving the
// listening socket, sending, starting.
"use strict";

const fs = require("fs");
const path = require("path");
const { isMainThread, receiveMessageOnPort } = require("worker_threads");
const { parse, transform } = require("./wirewalk-source.cjs");

// ---------------------------------------------------------------------------------------------------------------- settings

const ENV = process.env;

/** The packages that are traced unless more are asked for. */
const PACKAGES = new Set([
  "socket.io", "engine.io", "ws", "socket.io-parser", "engine.io-parser", "socket.io-adapter", "socket.io-client", "engine.io-client",
  ...(ENV.WIREWALK_TRACE_PACKAGES || "").split(",").map((name) => name.trim()).filter(Boolean),
]);
const WITH_ARGUMENTS = ENV.WIREWALK_TRACE_ARGUMENTS === "1";

/** A file of more bytes is generated, or minified; it is left as it is. */
const MAX_SOURCE = 2 << 20;
/** So many events wait to be sent at most; what comes then is counted as lost. */
const MAX_EVENTS = 200_000;
/** So many bytes may wait in the socket to wirewalk. */
const MAX_UNSENT = 16 << 20;
/** Events are sent so many milliseconds after they happened. */
const FLUSH_AFTER = 25;
/** How long wirewalk may take to say whether the listening socket moves, in milliseconds. */
const MOVE_PATIENCE = 2000;
/** So many characters of a call's arguments are said. */
const MAX_ARGUMENTS = 200;

// --------------------------------------------------------------------------------------------------- which files are traced

const PROJECT = realpath(ENV.WIREWALK_TRACE_PROJECT || process.cwd());
const packages = new Map(); // the root folder → what is known of the package

function realpath(folder) {
  try {
    return fs.realpathSync(folder);
  } catch {
    return path.resolve(folder);
  }
}

/** The package that a file belongs to, if it is one that is traced; else null. */
function packageOf(file) {
  if (file.startsWith(__dirname + path.sep)) return null;
  const parts = file.split(path.sep);
  const at = parts.lastIndexOf("node_modules");
  if (at < 0) {
    const inside = file.startsWith(PROJECT.endsWith(path.sep) ? PROJECT : PROJECT + path.sep);
    // Yarn keeps itself in the project.
    return inside && !parts.includes(".yarn") && !/[\\/]\.pnp\.[a-z]+$/.test(file) ? packageAt(PROJECT, "") : null;
  }
  const length = parts[at + 1] && parts[at + 1].startsWith("@") ? 2 : 1;
  const name = parts.slice(at + 1, at + 1 + length).join("/");
  return PACKAGES.has(name) ? packageAt(parts.slice(0, at + 1 + length).join(path.sep), name) : null;
}

function packageAt(root, name) {
  let known = packages.get(root);
  if (!known) packages.set(root, (known = { id: packages.size + 1, name, root, said: false }));
  return known;
}

/** What a package says of itself in its package.json. The person's project is only named by its folder. */
function packageDefinition({ id, name, root }) {
  let about = {};
  try {
    if (name) about = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  } catch {}
  const text = (value) => (typeof value === "string" && value ? value : null);
  const licence = about.license || (Array.isArray(about.licenses) && about.licenses[0]);
  let repository = text(about.repository && (about.repository.url || about.repository));
  if (repository && /^[\w.-]+\/[\w.-]+$/.test(repository)) repository = "https://github.com/" + repository;
  if (repository) {
    repository = repository.replace(/^github:/, "https://github.com/").replace(/^git\+/, "").replace(/^(git|ssh):\/\/(git@)?/, "https://");
    repository = repository.replace(/^git@([^:]+):/, "https://$1/").replace(/\.git$/, "");
  }
  return { id, name, version: text(about.version), licence: text(licence && (licence.type || licence)), repository, summary: text(about.description), root };
}

// -------------------------------------------------------------------------------------------------------- calls and strands

const functions = []; // by number; even ones are of this thread, odd ones of the one that loads modules
let top = null; // the innermost open call that is not suspended
let calls = 0;
let strands = 0;
let tokens = 0;
let events = [];
let lost = 0;
let silent = false; // wirewalk is gone
const contexts = new WeakMap(); // an asynchronous resource of Node → the Frame or the Cause that it goes on for
const { performance } = require("perf_hooks");
const clock = performance.now.bind(performance);
const clockStart = Number(process.hrtime.bigint()) - clock() * 1e6;
const now = () => Math.round(clockStart + clock() * 1e6);

/** One call. */
class Frame {
  constructor(call, fn, strand, up) {
    this.call = call;
    this.fn = fn;
    this.strand = strand;
    this.up = up; // what was innermost before, while this is on the stack
    this.on = true; // on the stack, and not suspended
    this.open = true;
    this.ok = false; // whether it came to its end without throwing
    this.n = 0; // the line that it calls from
    this.started = null; // the strand for what is called because of it later
    this.leave = null; // what a hook wants to do at its end
  }
}

/** Something from the network that the next traced call is the first to see. */
class Cause {
  constructor(marks) {
    this.marks = marks;
    this.frame = null; // the call that saw it
  }
}

function newStrand(parent) {
  return { id: ++strands, parent, name: null, said: false };
}

/** Keeps one event, unless there are too many. */
function say(event) {
  if (silent || events.length >= MAX_EVENTS) {
    lost++;
    return;
  }
  events.push(event);
  if (!flushing) scheduleFlush();
}

/** The strand of a call that Node itself makes. */
function rootStrand() {
  const resource = hooks.executionAsyncResource();
  const context = contexts.get(resource);
  // A timer that is started again is not caused for ever by who made it.
  if (context !== undefined && resource instanceof Timeout) contexts.delete(resource);
  const frame = context instanceof Cause ? context.frame : context;
  if (frame) return frame.started || (frame.started = named(newStrand(frame.call), resource));
  const strand = named(newStrand(null), resource);
  strand.cause = context;
  return strand;
}

/** What people call the things by which Node calls back. */
const STRANDS = {
  TCP: "socket", TLSWrap: "socket", Pipe: "pipe", HTTPParser: "request", HTTPServerAsyncResource: "request", HTTPClientAsyncResource: "response",
  Timeout: "timer", Immediate: "immediate", Promise: "promise", Zlib: "compression", Object: "callback",
};

function named(strand, resource) {
  const of = (resource && resource.constructor && resource.constructor.name) || "Object";
  strand.name = hooks.executionAsyncId() <= 1 ? "start" : Object.hasOwn(STRANDS, of) ? STRANDS[of] : of;
  return strand;
}

/** A function begins. */
function enter(id, self, given) {
  let fn = functions[id];
  if (fn === undefined) fn = lateFunction(id);
  const up = top;
  let strand = up === null ? rootStrand() : up.strand;
  let parent = up;
  const fresh = fn.hook && fn.hook.fresh && guarded(fn.hook.fresh, up, self, given);
  if (fresh) {
    strand = fresh;
    parent = null;
  }
  const frame = new Frame(++calls, fn, strand, up);
  top = frame;
  say(["call", frame.call, parent === null || parent.strand !== strand ? null : parent.call, strand, fn, now(), up === null ? null : up.fn, up === null ? 0 : up.n]);
  const cause = strand.cause;
  if (cause) {
    strand.cause = undefined;
    if (cause.frame === null) {
      cause.frame = frame;
      cause.marks.forEach(([kind, object]) => mark(frame, kind, object));
    }
  }
  if (fn.hook && fn.hook.enter) guarded(fn.hook.enter, frame, self, given);
  if (fn.shows) mark(frame, "arguments", { text: shown(given) });
  return frame;
}

/** It has ended. */
function leave(frame) {
  if (!frame.open) return;
  frame.open = false;
  if (frame.leave !== null) guarded(frame.leave, frame);
  if (frame.on) top = frame.up;
  frame.up = null;
  // A generator that is given up while it is suspended has not thrown.
  if (frame.ok || !frame.on) {
    say(["return", frame.call, now()]);
    // What was thrown before has been caught by someone who is not traced.
    thrown = undefined;
    if (raised.length) raised = [];
  } else sayRaised(frame);
}

/** Its result is there. */
function value(frame, result) {
  frame.ok = true;
  return result;
}

/** It waits: for a promise, or for who wants its next value. */
function suspend(frame, given) {
  if (frame.on) {
    frame.on = false;
    top = frame.up;
    frame.up = null;
  }
  return given;
}

function resume(frame, given) {
  if (!frame.on && frame.open) {
    frame.on = true;
    frame.up = top;
    top = frame;
  }
  return given;
}

function lineFrom(frame, line, given) {
  frame.n = line;
  return given;
}

// What an exception is called is known where it is thrown or caught in traced code. Until then the event waits for its name.
let thrown; // the last that traced code threw
let raised = []; // events that wait for a name

function throwing(error) {
  thrown = error;
  return error;
}

function sayRaised(frame) {
  const event = ["raise", frame.call, now(), ""];
  raised.push(event);
  if (thrown !== undefined) event[3] = typeName(thrown);
  say(event);
}

function caught(frame, error) {
  resume(frame);
  if (arguments.length > 1) nameRaised(error);
}

function nameRaised(error) {
  const name = typeName(error);
  for (const event of raised) event[3] = name;
  raised = [];
  thrown = undefined;
}

function typeName(error) {
  try {
    return error instanceof Error ? String((error.constructor && error.constructor.name) || error.name) : typeof error;
  } catch {
    return "";
  }
}

/** Runs a part of the tracer that looks into libraries: where it fails, the program goes on. */
function guarded(hook, ...given) {
  try {
    return hook(...given);
  } catch (error) {
    problemOnce(`a hook of the tracer failed (${error && error.message}): some calls may not be tied to the wire`);
    return undefined;
  }
}

/** The arguments as a short text. Nothing of the program runs for it. */
function shown(given) {
  try {
    const options = { depth: 1, breakLength: Infinity, compact: true, customInspect: false, maxArrayLength: 8, maxStringLength: 80 };
    const text = Array.from(given, (one) => require("util").inspect(one, options)).join(", ");
    return text.length > MAX_ARGUMENTS ? text.slice(0, MAX_ARGUMENTS - 1) + "…" : text;
  } catch {
    return "";
  }
}

// -------------------------------------------------------------------------------------------------------------------- marks

function mark(frame, kind, object) {
  say(["mark", frame.call, now(), kind, object]);
}

const crcTable = new Int32Array(256);
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  crcTable[n] = c;
}
const zlib = require("zlib");

/** The CRC-32 of bytes that follow those of which `before` is the CRC-32. */
function crc32(bytes, before = 0) {
  if (zlib.crc32) return zlib.crc32(bytes, before);
  let c = ~before;
  for (let i = 0; i < bytes.length; i++) c = (c >>> 8) ^ crcTable[(c ^ bytes[i]) & 255];
  return ~c >>> 0;
}

/** The length and the CRC-32 of a message, whose parts follow each other. */
function payload(parts) {
  let length = 0;
  let crc = 0;
  for (const part of parts) {
    length += part.length;
    crc = crc32(part, crc);
  }
  return { length, crc32: crc };
}

/** A message's part as bytes; null where it is not here yet (a Blob). */
function bytesOf(data) {
  if (typeof data === "string") return Buffer.from(data);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return typeof data === "number" ? Buffer.from(String(data)) : Buffer.alloc(0);
}

/** What is known of a connection, kept with its socket: whose port it is, and how much of each kind passed. */
const connections = new WeakMap();
function connectionOf(socket, side) {
  let known = connections.get(socket);
  if (!known) {
    const port = side === "server" ? socket.remotePort : socket.localPort;
    if (!port) return null;
    connections.set(socket, (known = { port, side, requests: 0, received: 0, sent: 0, unsent: [], takes: [] }));
  }
  return known;
}

/** The connection of a part of a WebSocket. */
function connectionFor(part) {
  return connections.get(part) || (part._socket && connections.get(part._socket)) || null;
}

function portOf({ port, side }) {
  return side === "client" ? { port, side } : { port };
}

// Packets wait in buffers until their transport is free: who put one there gives it a token, who sends it takes it.
const packetTokens = new WeakMap();

function give(frame, packet) {
  if (!packet || typeof packet !== "object" || packetTokens.has(packet)) return;
  packetTokens.set(packet, ++tokens);
  mark(frame, "give", { token: tokens });
}

/** Tells that a packet is on its way, so that nobody gives it any more. Answers with its token, if it has one. */
function takeOf(packet) {
  const token = packetTokens.get(packet) || 0;
  packetTokens.set(packet, 0);
  return token;
}

// --------------------------------------------------------------------------------------------------- hooks of the libraries

// A hook runs when its function begins. `fresh` may answer with the strand that the call begins.
const HOOKS = {
  ws: {
    // A WebSocket has got its socket: from here on both belong together.
    "WebSocket.setSocket": {
      enter(frame, self, [socket]) {
        const connection = connectionOf(socket, self._isServer === false ? "client" : "server");
        if (!connection) return;
        connections.set(self, connection);
        frame.leave = () => {
          if (self._receiver) connections.set(self._receiver, connection);
        };
      },
    },
    socketOnData: {
      enter(frame, self) {
        const connection = connectionFor(self);
        if (connection) mark(frame, connection.side, { port: connection.port });
      },
    },
    // A frame has come; where it was the last of a message, the message is whole. Each is a strand of its own, since handlers of
    // several messages in one chunk may all go on later.
    "Receiver.dataMessage": {
      fresh: (up, self) => (self._fin && connectionFor(self) ? Object.assign(newStrand(up && up.call), { name: "message" }) : undefined),
      enter(frame, self) {
        const connection = connectionFor(self);
        if (!connection || !self._fin) return;
        mark(frame, "received", { ...payload(self._fragments), ...portOf(connection), number: ++connection.received });
      },
    },
    // A packet that had to wait is sent: not because of what made its transport free, but of who wanted it sent.
    "WebSocket.send": {
      fresh: (up, self) => (pendingToken(self) ? Object.assign(newStrand(null), { name: "writer" }) : undefined),
      enter(frame, self) {
        const connection = connectionFor(self);
        const token = connection && connection.takes.length && connection.takes.shift();
        if (token) mark(frame, "take", { token });
      },
    },
    // What is to be sent, before it is compressed and masked. Parts of a message are gathered until its last.
    "Sender.send": {
      enter(frame, self, [data, options]) {
        const connection = connectionFor(self);
        if (!connection) return;
        const parts = (connection.parts = connection.parts || []);
        parts.push(bytesOf(data));
        if (options && options.fin === false) return;
        connection.parts = null;
        connection.unsent.push({ ...payload(parts), frame, token: 0 });
        // Where it is compressed first, another strand will send it.
        frame.leave = () => {
          const last = connection.unsent[connection.unsent.length - 1];
          if (!last || last.frame !== frame) return;
          last.token = ++tokens;
          mark(frame, "give", { token: last.token });
        };
      },
    },
    // A frame goes to the socket, in the order of the wire.
    "Sender.sendFrame": {
      fresh: (up, self, [list]) => (takesFrame(up, self, list) ? Object.assign(newStrand(null), { name: "writer" }) : undefined),
      enter(frame, self, [list]) {
        const connection = connectionFor(self);
        const head = list[0];
        if (!connection || !(head[0] & 0x80) || (head[0] & 0x0f) > 2) return;
        let message = connection.unsent.length && connection.unsent[0];
        if (isPreEncoded(message, list)) {
          const token = connection.takes.length && connection.takes.shift();
          message = { ...payload([list[1]]), token };
        } else connection.unsent.shift();
        if (!message) return;
        if (message.token) mark(frame, "take", { token: message.token });
        mark(frame, "sent", { length: message.length, crc32: message.crc32, ...portOf(connection), number: ++connection.sent });
      },
    },
  },
  "engine.io": {
    "Socket.sendPacket": { enter: (frame, self) => givesLast(frame, self) },
    "Polling.send": { enter: takesAll },
    "WebSocket.send": { enter: (frame, self, [packets]) => willTake(self.socket, packets) },
  },
  "engine.io-client": {
    "Socket._sendPacket": { enter: (frame, self) => givesLast(frame, self) },
    "SocketWithoutUpgrade._sendPacket": { enter: (frame, self) => givesLast(frame, self) },
    "Socket.sendPacket": { enter: (frame, self) => givesLast(frame, self) },
    "Polling.write": { enter: takesAll },
    "BaseWS.write": { enter: (frame, self, [packets]) => willTake(self.ws, packets) },
    "WS.write": { enter: (frame, self, [packets]) => willTake(self.ws, packets) },
  },
  // What is emitted before the client is connected waits, and goes out when it is.
  "socket.io-client": {
    "Socket.emit": { enter: (frame, self) => givesLast(frame, self, "sendBuffer") },
    "Socket.packet": {
      fresh: (up, self, [packet]) => (packetTokens.get(packet) ? Object.assign(newStrand(null), { name: "buffer" }) : undefined),
      enter(frame, self, [packet]) {
        const token = takeOf(packet);
        if (token) mark(frame, "take", { token });
      },
    },
  },
};

function hookOf(name, symbol) {
  const of = HOOKS[name];
  return of && Object.hasOwn(of, symbol) ? name + "/" + symbol : null;
}

function hookNamed(id) {
  if (!id) return null;
  const at = id.indexOf("/");
  return HOOKS[id.slice(0, at)][id.slice(at + 1)];
}

function pendingToken(webSocket) {
  const connection = connectionFor(webSocket);
  return connection && connection.takes.length && connection.takes[0];
}

/** Socket.IO makes the frame of a broadcast once, and hands it over as it is. */
function isPreEncoded(message, list) {
  const masked = list[0][1] & 0x80;
  if (list.length !== 2 || masked || list[0][0] & 0x40 || typeof list[1] === "string") return false;
  return !message || message.length !== list[1].length;
}

/** Whether a frame is sent for someone who wanted that on another strand. */
function takesFrame(up, sender, list) {
  const connection = connectionFor(sender);
  if (!connection || (list[0][0] & 0x0f) > 2) return false;
  const message = connection.unsent.length && connection.unsent[0];
  if (isPreEncoded(message, list)) return connection.takes.length && connection.takes[0];
  return message && message.token;
}

/** At the end of the call: where its packet was not sent at once, it waits in the buffer. */
function givesLast(frame, socket, name = "writeBuffer") {
  frame.leave = () => {
    const buffer = socket[name];
    const last = buffer && buffer[buffer.length - 1];
    if (last) give(frame, last);
  };
}

function takesAll(frame, self, [packets]) {
  for (const packet of packets) {
    const token = takeOf(packet);
    if (token) mark(frame, "take", { token });
  }
}

/** A WebSocket transport sends its packets one after the other; each message takes the token of its packet. */
function willTake(webSocket, packets) {
  const connection = connectionFor(webSocket);
  const found = packets.map(takeOf);
  if (connection) connection.takes.push(...found);
}

// ------------------------------------------------------------------------------------------------------------ hooks of Node

const hooks = require("async_hooks");
let Timeout = class {};

/** Resources that live long and serve whatever comes: what happens in them is not caused by who made them. */
const LONG_LIVED = new Set(["TCPWRAP", "TCPSERVERWRAP", "PIPEWRAP", "PIPESERVERWRAP", "TLSWRAP", "HTTPINCOMINGMESSAGE", "HTTPCLIENTREQUEST", "ZLIB", "UDPWRAP", "TTYWRAP", "PROCESSWRAP", "MESSAGEPORT", "WORKER"]);

/** Notes for everything that Node will call back because of whom. */
function followAsync() {
  const timer = setTimeout(() => {}, 0);
  clearTimeout(timer);
  Timeout = timer.constructor;
  hooks.createHook({
    init(id, type, trigger, resource) {
      const context = top !== null ? top : contexts.get(hooks.executionAsyncResource());
      if (context === undefined || LONG_LIVED.has(type) || (type === "Timeout" && resource._repeat !== null)) return;
      contexts.set(resource, context);
    },
  }).enable();
}

/** Servers: the first traced call that sees a request stands for it. */
function followServers() {
  const http = require("http");
  const https = require("https");
  const { EventEmitter } = require("events");
  for (const prototype of [http.Server.prototype, https.Server.prototype]) {
    const emit = prototype.emit || EventEmitter.prototype.emit;
    prototype.emit = function (type, request, response) {
      if (type !== "request" && type !== "upgrade" && type !== "checkContinue") return emit.apply(this, arguments);
      const resource = hooks.executionAsyncResource();
      const earlier = contexts.get(resource);
      guarded(() => contexts.set(resource, requestCause(request, type === "upgrade" ? response : null)));
      try {
        return emit.apply(this, arguments);
      } finally {
        // What comes on a WebSocket later is not this request; the body of a request is.
        if (type === "upgrade") earlier ? contexts.set(resource, earlier) : contexts.delete(resource);
      }
    };
  }
  const { writeHead } = http.ServerResponse.prototype;
  http.ServerResponse.prototype.writeHead = function (status) {
    if (!this.headersSent) guarded(() => answered(this.req, Number(status)));
    return writeHead.apply(this, arguments);
  };
}

const requestNumbers = new WeakMap();

function requestCause(request, upgraded) {
  const connection = request.socket && connectionOf(request.socket, "server");
  if (!connection) return undefined;
  const number = ++connection.requests;
  requestNumbers.set(request, number);
  if (upgraded) watchUpgrade(request, upgraded);
  return new Cause([
    ["server", { port: connection.port }],
    ["request", { method: request.method, target: request.url, port: connection.port, number }],
  ]);
}

/** The call that is open, else the one because of which Node runs now. */
function responsible() {
  if (top) return top;
  const context = contexts.get(hooks.executionAsyncResource());
  return context instanceof Cause ? context.frame : context;
}

function answered(request, status) {
  const frame = responsible();
  const connection = request && connections.get(request.socket);
  const number = request && requestNumbers.get(request);
  if (frame && connection && number) mark(frame, "response", { status, port: connection.port, number });
}

/** The answer to an upgrade is written to the socket itself, by whichever library. */
function watchUpgrade(request, socket) {
  const { write, end } = socket;
  const watch = (original) =>
    function (head) {
      delete socket.write;
      delete socket.end;
      guarded(() => {
        const status = /^HTTP\/1\.\d (\d{3})/.exec(head ? String(head.subarray ? head.subarray(0, 16) : head).slice(0, 16) : "");
        if (status) answered(request, Number(status[1]));
      });
      return original.apply(socket, arguments);
    };
  socket.write = watch(write);
  socket.end = watch(end);
}

/** Clients: a request is tied when its socket has a port, which may be after the call that sent it. */
function followClients() {
  const http = require("http");
  require("diagnostics_channel").subscribe("http.client.request.start", ({ request }) =>
    guarded(() => {
      const frame = responsible();
      if (!frame) return;
      const tie = (socket) => {
        const connection = connectionOf(socket, "client");
        if (!connection) return;
        const number = ++connection.requests;
        requestNumbers.set(request, number);
        const target = request.path;
        mark(frame, "request", { method: request.method, target, ...portOf(connection), number });
      };
      const connected = (socket) => (socket.connecting ? socket.once("connect", () => guarded(tie, socket)) : guarded(tie, socket));
      request.socket ? connected(request.socket) : request.once("socket", connected);
    }),
  );
  const { emit } = http.ClientRequest.prototype;
  http.ClientRequest.prototype.emit = function (type, response) {
    if (type !== "response" && type !== "upgrade") return emit.apply(this, arguments);
    const resource = hooks.executionAsyncResource();
    const earlier = contexts.get(resource);
    guarded(() => {
      const connection = this.socket && connections.get(this.socket);
      const number = requestNumbers.get(this);
      if (!connection || !number) return;
      contexts.set(resource, new Cause([
        ["client", { port: connection.port }],
        ["response", { status: response.statusCode, ...portOf(connection), number }],
      ]));
    });
    try {
      return emit.apply(this, arguments);
    } finally {
      if (type === "upgrade") earlier ? contexts.set(resource, earlier) : contexts.delete(resource);
    }
  };
}

// ---------------------------------------------------------------------------------------------- moving the listening socket

/** In another thread, since the program must not go on before wirewalk has answered. */
const ASK = `
const { workerData: { shared, host, port, ask } } = require("worker_threads");
const state = new Int32Array(shared);
const answer = (value) => { if (!Atomics.compareExchange(state, 0, 0, value)) Atomics.notify(state, 0); };
const socket = require("net").connect({ host, port }, () => socket.write(ask));
let text = "";
socket.setTimeout(${MOVE_PATIENCE}, () => socket.destroy());
socket.on("error", () => {}).on("close", () => answer(2));
socket.on("data", (chunk) => {
  text += chunk;
  if (!text.includes("\\n")) return;
  let move = false;
  try { move = JSON.parse(text.split("\\n")[0]).move === true; } catch {}
  answer(move ? 1 : 2);
  if (move) Atomics.wait(state, 1, 0, ${MOVE_PATIENCE});
  if (move && state[1] > 0) socket.end(JSON.stringify({ moved: state[1], address: state[2] ? "::1" : "127.0.0.1" }) + "\\n");
  else socket.destroy();
});
`;

let asked = false;

/** Before the first port is bound, wirewalk may want to listen there itself. */
function followListening() {
  const net = require("net");
  const { listen } = net.Server.prototype;
  net.Server.prototype.listen = function (...given) {
    let handle = null;
    if (!asked) handle = guarded(movedHandle, net, this, given);
    if (!handle) return listen.apply(this, given);
    const callback = given[given.length - 1];
    return listen.call(this, handle, ...(typeof callback === "function" ? [callback] : []));
  };
}

/** A socket that is bound to a free port of the loopback address, if wirewalk wants that; else null. */
function movedHandle(net, server, given) {
  const first = given[0];
  const options = first && typeof first === "object" ? first : { port: first, host: typeof given[1] === "string" ? given[1] : undefined };
  const port = typeof options.port === "string" ? Number(options.port) : options.port;
  if (!Number.isInteger(port) || port <= 0 || port > 65535 || options.fd >= 0 || options._handle) return null;
  asked = true;
  if (ENV.NODE_UNIQUE_ID !== undefined) {
    problemOnce("a worker of a cluster binds where it was told to: start the program with one process, or use wirewalk proxy");
    return null;
  }
  if (!net._createServerHandle) return null;
  // Without a host Node listens at [::], or at 0.0.0.0 where there is no IPv6.
  const bind = (six) => net._createServerHandle(six ? "::1" : "127.0.0.1", 0, six ? 6 : 4);
  let handle = null;
  let six = options.host ? net.isIPv6(options.host) : !options.ipv6Only;
  if (six) {
    handle = bind(true);
    if (typeof handle === "number") six = false;
  }
  if (!six) handle = bind(false);
  if (typeof handle === "number") return null;
  const host = options.host || (six ? "::" : "0.0.0.0");
  const name = {};
  handle.getsockname(name);
  const state = new Int32Array(new SharedArrayBuffer(12));
  state[2] = six ? 1 : 0;
  const ask = JSON.stringify({ trace: 1, token: ENV.WIREWALK_TRACE_TOKEN || "", pid: process.pid, bind: { host, port } }) + "\n";
  const { Worker } = require("worker_threads");
  const worker = new Worker(ASK, { eval: true, execArgv: [], env: {}, workerData: { shared: state.buffer, ...target(), ask } });
  worker.on("error", () => {}).unref();
  Atomics.wait(state, 0, 0, MOVE_PATIENCE + 500);
  const move = Atomics.compareExchange(state, 0, 0, 2) === 1;
  Atomics.store(state, 1, move ? name.port : -1);
  Atomics.notify(state, 1);
  if (!move) {
    handle.close();
    return null;
  }
  // To the program the socket is where it asked for.
  const { address } = server;
  const isName = !net.isIP(host);
  server.address = function () {
    const real = address.call(this);
    return real && { address: isName ? real.address : host, family: real.family, port };
  };
  return handle;
}

function target() {
  const [host, port] = ENV.WIREWALK_TRACE.split(/:(?=\d+$)/);
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

// ------------------------------------------------------------------------------------------------------------------ sending

let connection = null; // the socket to wirewalk
let isConnected = false;
let flushing = null; // the timer
let saidHello = false;
const problems = new Set();
let unsaidProblems = [];

function problemOnce(text) {
  if (problems.has(text)) return;
  problems.add(text);
  unsaidProblems.push(text);
  scheduleFlush();
}

const { setTimeout: later } = require("timers");

function scheduleFlush() {
  if (flushing || silent) return;
  flushing = later(flush, FLUSH_AFTER);
  flushing.unref();
}

function hello() {
  saidHello = true;
  const [script, ...rest] = process.argv.slice(1);
  const inside = script && path.relative(process.cwd(), script);
  const program = script ? [inside && !inside.startsWith("..") ? inside : script, ...rest] : [];
  return {
    trace: 1, token: ENV.WIREWALK_TRACE_TOKEN || "", runtime: "Node.js", version: process.versions.node, pid: process.pid, parent: process.ppid,
    program, directory: process.cwd(), clock: now(), hook: "functions changed when they are loaded",
  };
}

/** All that waits, as lines; definitions stand before the events that need them. */
function takeText() {
  const waiting = events;
  events = [];
  raised = [];
  const lines = [];
  if (!saidHello) lines.push(JSON.stringify(hello()));
  for (const text of unsaidProblems) lines.push(JSON.stringify({ problem: text }));
  unsaidProblems = [];
  if (lost) lines.push(JSON.stringify({ lost }));
  lost = 0;
  let batch = [];
  const closeBatch = () => {
    if (batch.length) lines.push(JSON.stringify({ events: batch }));
    batch = [];
  };
  for (const event of waiting) {
    if (event[0] === "call") {
      const strand = event[3];
      if (!strand.said) {
        // Its parent's call comes before it.
        closeBatch();
        strand.said = true;
        lines.push(JSON.stringify({ strand: { id: strand.id, kind: "callback", name: strand.name, parent: strand.parent || null } }));
      }
      event[3] = strand.id;
      defineFunction(event[4], lines);
      event[4] = event[4].id;
      if (event[6] !== null) {
        defineFunction(event[6], lines);
        event[6] = event[6].id;
      }
    }
    if (batch.push(event) >= 1000) closeBatch();
  }
  closeBatch();
  return lines.join("\n") + "\n";
}

function defineFunction(fn, lines) {
  if (fn.said) return;
  fn.said = true;
  const of = fn.package;
  if (!of.said) {
    of.said = true;
    lines.push(JSON.stringify({ package: packageDefinition(of) }));
  }
  lines.push(JSON.stringify({ function: { id: fn.id, package: of.id, symbol: fn.symbol, file: fn.file, line: fn.line } }));
}

/** Sends what waits. Node calls this, so no traced call is open now that is not suspended. */
function flush() {
  flushing = null;
  if (silent) return;
  top = null;
  if (connection === null) connect();
  if (!isConnected) return;
  if (connection.writableLength > MAX_UNSENT) {
    lost += events.length;
    events = [];
    scheduleFlush();
    return;
  }
  if (events.length || unsaidProblems.length || lost) connection.write(takeText());
}

function connect() {
  connection = require("net").connect(target(), () => {
    isConnected = true;
    connection.setNoDelay(true);
    flush();
  });
  connection.unref();
  connection.on("error", gone).on("close", gone).resume();
}

/** wirewalk has ended, or never was there: from now on calls are only counted. */
function gone() {
  silent = true;
  lost += events.length;
  events = [];
}

/** The process ends: what waits is written at once, as far as that goes. */
function finish() {
  try {
    hearLoader();
    if (silent || !(events.length || unsaidProblems.length)) return;
    const bytes = Buffer.from(takeText());
    if (isConnected && connection._handle && connection._handle.fd >= 0) {
      if (!connection.writableLength) writeAll(connection._handle.fd, bytes);
    } else if (!isConnected) sendByChild(bytes);
  } catch {}
}

function writeAll(fd, bytes) {
  const end = Date.now() + 500;
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(fd, bytes, at);
    } catch (error) {
      if (error.code !== "EAGAIN" || Date.now() > end) return;
    }
  }
}

/** A program that is so short that the connection was not there yet: another process says what it did. */
function sendByChild(bytes) {
  const { host, port } = target();
  const code = `const s=require("net").connect(${JSON.stringify({ host, port })},()=>process.stdin.pipe(s));s.on("error",()=>process.exit())`;
  const env = { ...ENV, NODE_OPTIONS: "", WIREWALK_TRACE: "" };
  require("child_process").spawnSync(process.execPath, ["-e", code], { input: bytes, env, timeout: 2000, stdio: ["pipe", "ignore", "ignore"] });
}

// ----------------------------------------------------------------------------------------------------------------- starting

/** Changes a source; where that fails it stays as it is, and wirewalk is told. */
function changed(source, file, isModule, of, define) {
  if (typeof source !== "string" || source.length > MAX_SOURCE || source.includes("__wirewalk.")) return source;
  try {
    const text = transform(source, file, isModule, of, define);
    if (isModule) parse(text, true);
    else new (require("vm").Script)(`(function(){${text.replace(/^#!.*/, "")}\n})`);
    return text;
  } catch (error) {
    if (!isModule && /import|export|await/.test(error.message)) {
      try {
        return transform(source, file, true, of, define);
      } catch {}
    }
    throw error;
  }
}

function changedOrNot(source, file, isModule) {
  let of = null;
  try {
    of = packageOf(file);
    if (!of) return source;
    return changed(source, file, isModule, of, (fn) => numbered(fn, defineHere));
  } catch (error) {
    problemOnce(`${file} is not traced: ${error && error.message}`);
    return source;
  }
}

/** A function gets its number from `add`; by what it is named, there may be a hook for it. */
function numbered({ symbol, name, of, file, line }, add) {
  const hook = name && of.name ? hookOf(of.name, name) : null;
  const shows = WITH_ARGUMENTS && !of.name && Boolean(name);
  return { id: add({ symbol, file, line, hook, shows }), wantsArguments: hook || shows };
}

function defineHere({ symbol, file, line, hook, shows }) {
  const id = Math.max(2, functions.length + (functions.length % 2));
  functions[id] = { id, package: packageOf(file), symbol, file, line, hook: hookNamed(hook), shows, said: false };
  return id;
}

// Before Node 25 modules are loaded, and changed, in another thread, which tells of their functions on this port.
let loader = null;

function hearLoader() {
  for (let message; loader && (message = receiveMessageOnPort(loader)); ) {
    const told = message.message;
    if (told.problem) problemOnce(told.problem);
    for (const fn of told.functions || []) functions[fn.id] = { ...fn, package: packageOf(fn.file), hook: hookNamed(fn.hook), said: false };
  }
}

function lateFunction(id) {
  hearLoader();
  return functions[id] || (functions[id] = { id, package: packageAt(PROJECT, ""), symbol: "?", file: "?", line: 0, hook: null, shows: false, said: false });
}

/** CommonJS: each module's source goes through `_compile`, and its body is a call. */
function followCommonJs(Module) {
  const { _compile } = Module.prototype;
  Module.prototype._compile = function (content, filename, format) {
    const of = typeof filename === "string" && typeof content === "string" ? packageOf(filename) : null;
    if (!of) return _compile.apply(this, arguments);
    if (/\.[cm]?tsx?$/.test(filename)) problemOnce(`${filename} is compiled when it is loaded: lines may be those of what it was compiled to`);
    const text = changedOrNot(content, filename, format === "module");
    if (format === "module") return _compile.call(this, text, filename, format);
    const inside = path.relative(of.root, filename).split(path.sep).join("/").replace(/\.[^./]+$/, "");
    const body = bodies.get(filename) || defineHere({ symbol: `${of.name ? of.name + "/" : ""}${inside}:<module>`, file: filename, line: 1, hook: null, shows: false });
    bodies.set(filename, body);
    const frame = enter(body);
    try {
      const result = _compile.call(this, text, filename, format);
      frame.ok = true;
      return result;
    } finally {
      leave(frame);
    }
  };
}
const bodies = new Map();

/** ECMAScript modules: in this thread where Node can do that, else in the one that loads them. */
function followModules(Module) {
  const { fileURLToPath, pathToFileURL } = require("url");
  // It came with 22.15, but up to 24 modules of CommonJS that are imported may then not find each other.
  if (Module.registerHooks && (!Module.register || Number(process.versions.node.split(".")[0]) >= 25)) {
    Module.registerHooks({
      load(url, context, next) {
        const result = next(url, context);
        if (result.format !== "module" || !url.startsWith("file:") || result.source == null) return result;
        const source = typeof result.source === "string" ? result.source : Buffer.from(bytesOf(result.source)).toString();
        return { ...result, source: changedOrNot(source, fileURLToPath(url.split(/[?#]/)[0]), true) };
      },
    });
    return;
  }
  if (!Module.register) {
    problemOnce(`Node.js ${process.versions.node} cannot have its ECMAScript modules traced: 18.19 or newer can`);
    return;
  }
  const { MessageChannel } = require("worker_threads");
  const { port1, port2 } = new MessageChannel();
  loader = port1;
  port1.unref();
  const code = `import { createRequire } from "node:module";
const tracer = createRequire(${JSON.stringify(pathToFileURL(__filename).href)})(${JSON.stringify(__filename)});
export const initialize = (port) => tracer.initialize(port);
export const load = (url, context, next) => tracer.load(url, context, next);`;
  Module.register("data:text/javascript," + encodeURIComponent(code), { data: port2, transferList: [port2] });
}

/** The part of the tracer that runs in the thread that loads modules. */
function loaderThread() {
  const { fileURLToPath } = require("url");
  let port = null;
  let number = -1;
  return {
    initialize(given) {
      port = given;
    },
    async load(url, context, next) {
      const result = await next(url, context);
      if (result.format !== "module" || !url.startsWith("file:") || result.source == null) return result;
      const file = fileURLToPath(url.split(/[?#]/)[0]);
      const told = { functions: [], problem: null };
      let { source } = result;
      try {
        const of = packageOf(file);
        if (!of) return result;
        const text = typeof source === "string" ? source : Buffer.from(bytesOf(source)).toString();
        const add = (fn) => {
          number += 2;
          told.functions.push({ ...fn, id: number });
          return number;
        };
        source = changed(text, file, true, of, (fn) => numbered(fn, add));
      } catch (error) {
        told.problem = `${file} is not traced: ${error && error.message}`;
      }
      port.postMessage(told);
      return { ...result, source };
    },
  };
}

/** Package managers inherit the environment, and are not what someone wants to see. */
function isPackageManager() {
  return /[\\/]node_modules[\\/](npm|npx|corepack|yarn|pnpm)[\\/]|[\\/](yarn|pnpm)[^\\/]*[\\/](bin|dist|lib)[\\/]/.test(process.argv[1] ? realpath(process.argv[1]) : "");
}

function start() {
  const Module = require("module");
  const runtime = { e: enter, l: leave, v: value, s: suspend, r: resume, c: caught, t: throwing, k: lineFrom, m: () => top || new Frame(0, null, null, null), d: (frame) => leave(Object.assign(frame, { ok: true })) };
  Object.defineProperty(globalThis, "__wirewalk", { value: runtime });
  followAsync();
  followServers();
  followClients();
  if (ENV.WIREWALK_TRACE_MOVE === "1") followListening();
  followCommonJs(Module);
  followModules(Module);
  process.on("exit", finish);
  process.on("uncaughtExceptionMonitor", (error) => nameRaised(error));
}

if (ENV.WIREWALK_TRACE && ENV.WIREWALK_TRACE_TOKEN !== undefined) {
  if (!isMainThread) module.exports = loaderThread();
  else if (!isPackageManager()) {
    try {
      start();
    } catch (error) {
      problemOnce(`this process is not traced: ${error && error.message}`);
    }
  }
}
