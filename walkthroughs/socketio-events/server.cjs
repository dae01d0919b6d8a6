// A chat server with a namespace for its admins. The first argument is its port.
const { createHash } = require("node:crypto");
const { createServer } = require("node:http");
const { Server } = require("socket.io");

const server = createServer();
const io = new Server(server, { transports: ["websocket"], serveClient: false });
const admin = io.of("/admin");

io.on("connection", function onConnection(socket) {
  const name = socket.handshake.auth.name;

  socket.on("say", function onSay(text, options) {
    io.emit("said", { name, text, ...options });
  });

  socket.on("who", function onWho(answer) {
    answer(name, io.of("/").sockets.size);
  });

  socket.on("upload", function onUpload(title, picture, answer) {
    answer(createHash("sha256").update(picture).digest());
  });

  socket.on("forget", function onForget(answer) {
    // A mistake: it never calls answer().
  });
});

admin.use(function checkToken(socket, next) {
  if (socket.handshake.auth.token === "open sesame") return next();
  const error = new Error("not authorised");
  error.data = { hint: "a token is needed" };
  next(error);
});

admin.on("connection", function onAdmin(socket) {
  socket.on("notice", function onNotice(text) {
    admin.emit("noticed", text);
  });
});

server.listen(Number(process.argv[2]), "127.0.0.1");
process.once("SIGINT", () => process.exit());
