// Says where functions are in the packages that Node.js finds from a folder. Nothing is loaded: files are read, not run.
//
// Arguments: the folder. Standard input: {"socket.io-parser": ["socket.io-parser/build/cjs/index:Decoder.add", ...], ...}
// Standard output: for each package {"version": ..., "functions": {symbol: {"file", "line", "body"} or {"elsewhere": [...]}}}, or null
// where it is not installed.
"use strict";

const fs = require("fs");
const path = require("path");
const { transform } = require("./wirewalk-source.cjs");

/** So many functions of the same name are told. */
const MOST = 3;
/** A file of more bytes is generated, or minified: the tracer leaves it as it is. */
const MAX_SOURCE = 2 << 20;
const ENDINGS = [".js", ".cjs", ".mjs"];

const known = new Map(); // a file → its functions

function functions(of, inside) {
  const file = path.join(of.root, inside);
  if (!known.has(file)) known.set(file, parsed(of, inside, file));
  return known.get(file);
}

/** All functions of a file, each by its symbol as a traced call has it. */
function parsed(of, inside, file) {
  const found = [];
  let source = "";
  const define = ({ symbol, line }, node) => {
    found.push({ symbol, file: inside, line, from: node.loc.start.line, to: node.loc.end.line });
    return { id: 0, wantsArguments: false };
  };
  try {
    if (fs.statSync(file).size > MAX_SOURCE) return [];
    source = fs.readFileSync(file, "utf8");
    try {
      transform(source, file, false, of, define);
    } catch {
      found.length = 0;
      transform(source, file, true, of, define);
    }
  } catch {
    return [];
  }
  const lines = source.split("\n");
  return found.map(({ symbol, file, line, from, to }) => ({ symbol, file, line, body: lines.slice(from - 1, to).join("\n") }));
}

/** The files of a package that may have functions, from its folder on. */
function files(root, folder = "") {
  let entries = [];
  try {
    entries = fs.readdirSync(path.join(root, folder), { withFileTypes: true });
  } catch {}
  return entries.flatMap((entry) => {
    const inside = folder ? `${folder}/${entry.name}` : entry.name;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : files(root, inside);
    return ENDINGS.includes(path.extname(entry.name)) ? [inside] : [];
  });
}

function look(of, symbol) {
  const [module, name] = symbol.split(":");
  const inside = module.slice(of.name.length + 1);
  for (const ending of ENDINGS) {
    const found = functions(of, inside + ending).find((one) => one.symbol === symbol);
    if (found) return { file: found.file, line: found.line, body: found.body };
  }
  const last = (name) => name.slice(name.lastIndexOf(".") + 1);
  const nameOf = (one) => one.symbol.split(":")[1];
  const same = files(of.root).flatMap((file) => functions(of, file)).filter((one) => last(nameOf(one)) === last(name));
  // Those of a class of the same name first; there can be dozens called constructor.
  const ofClass = same.filter((one) => nameOf(one) === name);
  return { elsewhere: (ofClass.length ? ofClass : same).slice(0, MOST).map(({ symbol, file, line }) => `${symbol} (${file}:${line})`) };
}

/** The package as a file in this folder finds it. */
function installed(name, symbols, folder) {
  const root = path.join(folder, "node_modules", ...name.split("/"));
  let about = null;
  try {
    about = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  } catch {
    const above = path.dirname(folder);
    return above === folder ? null : installed(name, symbols, above);
  }
  const of = { name, root: fs.realpathSync(root) };
  return { version: String(about.version), functions: Object.fromEntries(symbols.map((symbol) => [symbol, look(of, symbol)])) };
}

const asked = JSON.parse(fs.readFileSync(0, "utf8"));
const folder = path.resolve(process.argv[2]);
process.stdout.write(JSON.stringify(Object.fromEntries(Object.entries(asked).map(([name, symbols]) => [name, installed(name, symbols, folder)]))));
