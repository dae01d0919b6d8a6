// Reads JavaScript, and changes it so that its functions say when they begin and end. acorn.js, which parses it, stands beside this
// file.
"use strict";

const path = require("path");

/** Functions that compilers put into every file: never what someone looks for. */
const HELPERS = /^__(importDefault|importStar|createBinding|setModuleDefault|exportStar|decorate|metadata|param|awaiter|generator|rest|assign|spreadArray|values|read|classPrivateField\w+)$/;

let acorn = null;

function parse(source, isModule) {
  if (!acorn) acorn = require("./acorn.js");
  return acorn.parse(source, {
    ecmaVersion: "latest", sourceType: isModule ? "module" : "script", locations: true, preserveParens: true,
    allowHashBang: true, allowReturnOutsideFunction: !isModule,
  });
}

/**
 * The source with its functions telling when they begin and end, or null where nothing is to be changed. Nothing moves to
 * another line. `define` is given each function, with what it is in the tree, and answers with its number and whether its
 * arguments are wanted.
 *
 *     function f(a) { return g(a); }
 * becomes
 *     function f(a) {const $wf=__wirewalk.e(7);try{ $wf.n=1;return __wirewalk.v($wf,(g(a)));$wf.ok=true;}finally{__wirewalk.l($wf)}}
 *
 * There is no `catch`, since Node would then show the line that throws again, and not the one that threw.
 */
function transform(source, file, isModule, of, define) {
  const tree = parse(source, isModule);
  const edits = [];
  // What closes comes before what opens; of two that close, the inner one first; of two that open, the outer one.
  const edit = (at, text, order, reach) => text && edits.push({ at, text, order, reach, number: edits.length });
  const insert = (at, text) => edit(at, text, 1, -Infinity);
  const append = (at, text) => edit(at, text, 0, Infinity);
  const wrap = ({ start, end }, open, close) => {
    edit(start, open, 1, -end);
    edit(end, close, 0, -start);
  };
  const isProject = of.name === "";
  const inside = path.relative(of.root, file).split(path.sep).join("/").replace(/\.[^./]+$/, "");
  const moduleName = isProject ? inside : of.name + "/" + inside;

  // A place in the walk: the names around it, whether `$wf` is the frame there, and whether the function around can be suspended.

  function visit(node, place, hint) {
    switch (node.type) {
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return visitFunction(node, place, hint);
      case "ClassDeclaration":
      case "ClassExpression":
        return visitClass(node, place, hint);
      case "BlockStatement":
        return visitList(node.body, place);
      case "SwitchCase":
        if (node.test) visit(node.test, place);
        return visitList(node.consequent, place);
      case "ReturnStatement":
        if (place.framed) {
          if (!node.argument) return insert(node.start + 6, " void($wf.ok=true)");
          wrap(node.argument, "__wirewalk.v($wf,(", "))");
        }
        break;
      case "ThrowStatement":
        if (place.framed) wrap(node.argument, "__wirewalk.t((", "))");
        break;
      case "AwaitExpression":
      case "YieldExpression":
        if (place.framed) return visitSuspension(node, place);
        break;
      case "ForOfStatement":
        if (node.await && place.framed) return visitForAwait(node, place);
        break;
      case "TryStatement":
        return visitTry(node, place);
      case "VariableDeclarator":
        if (HELPERS.test(nameOf(node.id))) return;
        visit(node.id, place);
        if (node.init) visit(node.init, place, nameOf(node.id));
        return;
      case "AssignmentExpression":
        visit(node.left, place);
        return visit(node.right, place, nameOf(node.left));
      case "Property":
        if (node.computed) visit(node.key, place);
        if (node.kind !== "init") return visitFunction(node.value, place, nameOf(node.key), node);
        // Compilers export by `{ get: function () { return … } }`: accessors, too.
        if (!isProject && /^[gs]et$/.test(nameOf(node.key)) && node.value.type === "FunctionExpression") return;
        return visit(node.value, place, node.computed ? null : nameOf(node.key));
      case "ParenthesizedExpression":
        return visit(node.expression, place, hint);
    }
    children(node, (child) => visit(child, place));
  }

  function visitClass(node, place, hint) {
    const name = (node.id && node.id.name) || hint || "<class>";
    if (node.superClass) visit(node.superClass, place);
    const within = { names: [...place.names, name], framed: false, suspends: false };
    for (const member of node.body.body) {
      if (member.key && member.computed) visit(member.key, place);
      if (member.type === "MethodDefinition") visitFunction(member.value, within, nameOf(member.key), member);
      else if (member.type === "StaticBlock") member.body.forEach((statement) => visit(statement, within));
      else if (member.value) visit(member.value, within, nameOf(member.key));
    }
  }

  function visitFunction(node, place, hint, member) {
    const name = (node.id && node.id.name) || hint || "<anonymous>";
    const accessor = member && (member.kind === "get" || member.kind === "set");
    const framed = isWanted(node, accessor);
    if (HELPERS.test(name)) return;
    const within = { names: [...place.names, name], framed, suspends: node.async || node.generator };
    // Defaults of parameters run before the frame is there.
    const early = { ...within, framed: false };
    node.params.forEach((param) => visit(param, early));
    if (!framed) return visit(node.body, within);

    const symbol = within.names.join(".");
    const { line } = (member && member.decorators ? member.key : member || node).loc.start;
    const { id, wantsArguments } = define({ symbol: moduleName + ":" + symbol, name: symbol, of, file, line }, member || node);
    const open = `const $wf=__wirewalk.e(${id}${wantsArguments ? "," + argumentsOf(node, member) : ""});try{`;
    const close = "}finally{__wirewalk.l($wf)}";
    if (node.body.type !== "BlockStatement") {
      wrap(node.body, `{${open}${lineOf(node.body, within)}return __wirewalk.v($wf,(`, `))${close}}`);
      visitLines(node.body, within);
      return visit(node.body, within);
    }
    const directives = node.body.body.filter((statement) => statement.directive);
    const start = directives.length ? directives[directives.length - 1].end : node.body.start + 1;
    const begin = (directives.length ? ";" : "") + open;
    if (directives.length === node.body.body.length) return insert(start, begin + ";$wf.ok=true;" + close);
    insert(start, begin);
    visitList(node.body.body, within);
    append(node.body.end - 1, `;$wf.ok=true;${close}`);
  }

  /** Whether a function is traced: not accessors of libraries, nor what cannot stand in a block. */
  function isWanted(node, accessor) {
    if (accessor && !isProject) return false;
    if (node.body.type !== "BlockStatement") return true;
    // At the top of a function a name may be declared twice, in a block it may not.
    const declared = node.body.body.filter((statement) => statement.type === "FunctionDeclaration").map((statement) => statement.id.name);
    if (!declared.length) return true;
    const variables = new Set();
    variablesOf(node.body, variables);
    return new Set(declared).size === declared.length && !declared.some((name) => variables.has(name));
  }

  /** A suspended function has not ended: its frame leaves the stack, and comes back. */
  function visitSuspension(node, place) {
    wrap(node, "__wirewalk.r($wf,", node.argument ? ")" : " __wirewalk.s($wf))");
    if (!node.argument) return;
    wrap(node.argument, "__wirewalk.s($wf,(", "))");
    visit(node.argument, place);
  }

  function visitForAwait(node, place) {
    visit(node.left, place);
    wrap(node.right, "__wirewalk.s($wf,(", "))");
    visit(node.right, place);
    wrap(node.body, "{__wirewalk.r($wf);try{", "}finally{__wirewalk.s($wf)}}");
    visit(node.body, place);
  }

  /** What was thrown while a function was suspended wakes it here; and a `catch` knows what was thrown. */
  function visitTry(node, place) {
    visit(node.block, place);
    if (node.handler) {
      const { param, body } = node.handler;
      if (param) visit(param, place);
      if (place.framed) {
        const caught = param && param.type === "Identifier" ? `,${param.name}` : "";
        insert(body.start + 1, `__wirewalk.c($wf${caught});`);
      }
      visit(body, place);
    }
    if (node.finalizer) {
      if (place.framed && place.suspends) insert(node.finalizer.start + 1, "__wirewalk.c($wf);");
      visit(node.finalizer, place);
    }
  }

  /** Statements one after the other: before each that calls something, its line is noted. */
  function visitList(list, place) {
    for (const statement of list) {
      if (place.framed) {
        insert(statement.start, lineOf(statement, place));
        visitLines(statement, place);
      }
      visit(statement, place);
      if (place.framed && isForAwait(statement)) append(statement.end, ";__wirewalk.r($wf);");
    }
  }

  function isForAwait(statement) {
    while (statement.type === "LabeledStatement") statement = statement.body;
    return statement.type === "ForOfStatement" && statement.await;
  }

  /** Notes the line of a statement's first call. */
  function lineOf(node, place) {
    const calls = callsOf(node);
    return place.framed && calls.length ? `$wf.n=${calls[0].line};` : "";
  }

  /** Where a statement calls from several lines, each call that can notes its own, after its arguments are there. */
  function visitLines(node, place) {
    const calls = callsOf(node);
    const loops = /^(For|While|DoWhile)/.test(node.type);
    if (new Set(calls.map((call) => call.line)).size < 2 && !(loops && calls.length)) return;
    for (const { node, line } of calls) {
      const last = node.arguments && node.arguments[node.arguments.length - 1];
      if (last) {
        wrap(last.type === "SpreadElement" ? last.argument : last, `__wirewalk.k($wf,${line},(`, "))");
      } else if (node.type === "CallExpression" && node.callee.type === "Identifier" && node.callee.name !== "eval" && !node.optional) {
        wrap(node.callee, `($wf.n=${line},`, ")");
      }
    }
  }

  /** The body of a module is a call, too. One of CommonJS is begun by who loads it; none can be put into a `try`. */
  function visitModule() {
    const { body } = tree;
    if (!body.length) return;
    const directives = body.filter((statement) => statement.directive);
    const start = directives.length ? directives[directives.length - 1].end : body[0].start;
    const begin = isModule ? `e(${define({ symbol: moduleName + ":<module>", name: null, of, file, line: 1 }, tree).id})` : "m()";
    insert(start, `${directives.length ? ";" : ""}const $wf=__wirewalk.${begin};`);
    visitList(body, { names: [], framed: true, suspends: isModule });
    if (isModule) append(body[body.length - 1].end, ";__wirewalk.d($wf);");
  }
  visitModule();

  edits.sort((a, b) => a.at - b.at || a.order - b.order || a.reach - b.reach || (a.reach === -Infinity || a.order || a.reach === Infinity ? a.number - b.number : b.number - a.number));
  let text = "";
  let at = 0;
  for (const edit of edits) {
    text += source.slice(at, edit.at) + edit.text;
    at = edit.at;
  }
  return text + source.slice(at);
}

/** What a hook or a person wants to see of a call: `this` and the arguments. Arrow functions have neither; constructors no `this` yet. */
function argumentsOf(node, member) {
  if (member && member.kind === "constructor") return "null,arguments";
  if (node.type !== "ArrowFunctionExpression") return "this,arguments";
  const names = node.params.map((param) => {
    if (param.type === "Identifier") return param.name;
    if (param.type === "AssignmentPattern" && param.left.type === "Identifier") return param.left.name;
    if (param.type === "RestElement" && param.argument.type === "Identifier") return "..." + param.argument.name;
    return "undefined";
  });
  return `null,[${names.join(",")}]`;
}

/** The name that an expression stands for: `exports.f` is `f`, `A.prototype.f` is `A.f`, `#f` is `#f`. */
function nameOf(node) {
  switch (node.type) {
    case "Identifier":
      return node.name;
    case "PrivateIdentifier":
      return "#" + node.name;
    case "Literal":
      return String(node.value);
    case "MemberExpression": {
      if (node.computed) return null;
      const name = nameOf(node.property);
      const of = node.object;
      const prototype = of.type === "MemberExpression" && !of.computed && of.property.name === "prototype";
      return prototype ? `${nameOf(of.object)}.${name}` : name;
    }
    default:
      return null;
  }
}

/** Calls `each` with every node in a node. */
function children(node, each) {
  for (const key in node) {
    if (key === "loc" || key === "type") continue;
    const value = node[key];
    if (Array.isArray(value)) {
      for (const item of value) if (item && typeof item.type === "string") each(item);
    } else if (value && typeof value.type === "string") each(value);
  }
}

const OWN_FRAME = /^(Function|ArrowFunction|Class)/;

/** The calls that a statement makes itself, with their lines: not those in functions, nor in statements within. */
function callsOf(node) {
  const found = [];
  (function look(node, isTop) {
    if (OWN_FRAME.test(node.type) || (!isTop && (node.type === "BlockStatement" || node.type === "SwitchCase"))) return;
    if (node.type === "BlockStatement") return;
    children(node, (child) => look(child, false));
    if (node.type === "CallExpression" || node.type === "NewExpression") {
      const callee = node.callee;
      const at = callee.type === "MemberExpression" && node.type === "CallExpression" ? callee.property : callee;
      found.push({ node, line: at.loc.start.line });
    }
  })(node, true);
  return found;
}

/** The names that `var` declares in a function. */
function variablesOf(node, names) {
  if (node.type === "VariableDeclaration" && node.kind === "var") node.declarations.forEach((one) => patternNames(one.id, names));
  children(node, (child) => {
    if (!OWN_FRAME.test(child.type)) variablesOf(child, names);
  });
}

function patternNames(node, names) {
  if (node.type === "Identifier") names.add(node.name);
  else children(node, (child) => patternNames(child, names));
}

module.exports = { parse, transform };
