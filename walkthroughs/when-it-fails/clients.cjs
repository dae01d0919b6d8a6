// One client after the other asks for a WebSocket: the first as one should, the others not quite.
"use strict";

const http = require("node:http");
const { WebSocket } = require("ws");

const server = "127.0.0.1:5000";
const query = "EIO=4&transport=websocket";

/** Asks for a WebSocket, and waits until that has failed, or until the server has opened its session. */
function ask(path, { to = server, ...options } = {}) {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://${to}${path}`, { perMessageDeflate: false, ...options });
    // It reads the answer to its end before it gives up, so that all of it is seen.
    socket.on("unexpected-response", (request, response) => {
      response.on("end", () => resolve(`refused: ${response.statusCode}`)).resume();
    });
    socket.on("error", (error) => resolve(error.message));
    socket.on("message", () => socket.close());
    socket.on("close", () => resolve("it works"));
  });
}

/** A proxy that knows HTTP alone: it passes on what is meant for the other side, and leaves out what is meant for itself. */
function proxy() {
  const [host, port] = server.split(":");
  return new Promise((resolve) => {
    const passOn = (request, response) => {
      const { connection, upgrade, ...headers } = request.headers;
      const onward = http.request({ host, port, method: request.method, path: request.url, headers, agent: false }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      request.pipe(onward);
    };
    const listener = http.createServer(passOn);
    listener.on("upgrade", (request, socket) => {
      const response = new http.ServerResponse(request);
      response.assignSocket(socket);
      response.on("finish", () => socket.end());
      passOn(request, response);
    });
    listener.listen(0, "127.0.0.1", () => resolve(listener));
  });
}

(async () => {
  console.log(await ask(`/socket.io/?${query}`));
  console.log(await ask(`/socketio/?${query}`));
  console.log(await ask(`/socket.io/?${query}`, { origin: "http://evil.example" }));
  const listener = await proxy();
  console.log(await ask(`/socket.io/?${query}`, { to: `127.0.0.1:${listener.address().port}` }));
  console.log(await ask("/socket.io/?EIO=3&transport=websocket"));
  console.log(await ask(`/socket.io/?${query}&sid=ZmlnbWVudCBvZiBpbWFn`));
  console.log(await ask(`/socket.io/?${query}`, { protocolVersion: 8 }));
  process.exit(0);
})();
