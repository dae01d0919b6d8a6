// A Socket.IO client of version 2, which speaks Engine.IO 3. Options: `url`, `transports`.
// A server of version 4 refuses it, which it logs as `{"connectError": MESSAGE}`.
"use strict";

const io = require("socket.io-client-2");
const { options, say, fail } = require("./peer.cjs");

const socket = io(options.url, { transports: options.transports ?? ["polling"], reconnection: false });
socket.on("connect", () => fail("the server accepted"));
socket.on("connect_error", (error) => say({ connectError: String(error) }));
