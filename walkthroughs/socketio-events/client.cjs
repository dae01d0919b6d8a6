// A client that says one thing after the other, each when the one before is done. The first argument is the server's URL.
const { io } = require("socket.io-client");

const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=", "base64");

// Resolves with the arguments of the next `event` of `socket`.
const next = (socket, event) => new Promise((resolve) => socket.once(event, (...values) => resolve(values)));

async function main(url) {
  const socket = io(url, { transports: ["websocket"], auth: { name: "Ada" } });
  await next(socket, "connect");

  // An event, and what the server makes of it
  const said = next(socket, "said");
  socket.emit("say", "Hello!", { loud: true });
  console.log("said", await said);

  // An event that asks for an acknowledgement
  await new Promise((resolve) => socket.emit("who", (...values) => resolve(console.log("who", values))));

  // A namespace, first without its token, then with it
  const admin = io(`${url}/admin`, { auth: {} });
  const [refused] = await next(admin, "connect_error");
  console.log("refused:", refused.message, refused.data);
  admin.auth = { token: "open sesame" };
  const connected = next(admin, "connect");
  admin.connect();
  await connected;
  const noticed = next(admin, "noticed");
  admin.emit("notice", "Closing soon");
  console.log("noticed", await noticed);

  // Bytes, there and back
  console.log("digest", await socket.emitWithAck("upload", "dot.png", PICTURE));

  // An acknowledgement that never comes
  const error = await socket.timeout(500).emitWithAck("forget").catch((error) => error);
  console.log("no answer:", error.message);

  // A namespace that the server does not have
  const nowhere = io(`${url}/nowhere`);
  const [unknown] = await next(nowhere, "connect_error");
  console.log("unknown:", unknown.message);

  // Leave the one namespace, then the other, and with it the connection
  const closed = new Promise((resolve) => socket.io.engine.once("close", resolve));
  admin.disconnect();
  socket.disconnect();
  await closed;
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
