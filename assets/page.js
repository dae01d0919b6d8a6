"use strict";
// Shows a walkthrough one step at a time: the words, the question, and the evidence beside them.
// All texts go in as text. HTML is taken only from the values that the page's data calls html.
(() => {
  const walk = JSON.parse(document.getElementById("walk").textContent);
  const [steps, rows, cards] = [walk.steps || [], walk.ladder || [], walk.cards || []];
  const last = steps.length + (cards.length ? 1 : 0); // views: 0 is the introduction, then the steps, then the cards
  const narrow = matchMedia("(max-width: 40rem)");
  const MOST = { rows: 40, bytes: 2048, fields: 1500, calls: 600, jumps: 200 }; // what is drawn at once, so that no page is slow
  const answers = new Map(); // by the step's id: the choice, or null where it was revealed
  let at = 0; // the view in sight
  let ui = null; // what is chosen in it

  // ---- Elements -------------------------------------------------------------------------------------------------

  /** Control characters and those that turn the direction of writing would hide what was really sent: show them. */
  const plain = (text) => String(text)
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/[\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, "\ufffd");

  /** An element with attributes (on… are listeners; null and false leave one out) and children (null is left out). */
  function h(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : plain(value));
    }
    for (const child of children.flat(9)) {
      if (child !== null && child !== undefined && child !== false && child !== "") {
        element.append(child instanceof Node ? child : plain(child));
      }
    }
    return element;
  }

  /** The one place where HTML is taken as HTML. */
  function prose(html) {
    if (!html) return null;
    const box = h("div", { class: "text" });
    box.innerHTML = html;
    box.querySelectorAll("table, pre").forEach((wide) => {
      const scroll = h("div", { class: "wide" });
      wide.replaceWith(scroll);
      scroll.append(wide);
    });
    return box;
  }

  /** A text in which what stands between ticks is code. */
  const ticks = (text) => text.split("`").map((part, i) => (i % 2 ? h("code", null, part) : part));

  /** A link to another site, where the address is one of the web; otherwise its text alone. */
  const link = (address, text) => /^https?:\/\//i.test(address || "")
    ? h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text) : h("span", null, text);

  const own = (object, key) => (object && key !== null && key !== undefined && Object.hasOwn(object, key) ? object[key] : null);
  const many = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

  /** Scrolls a box, and nothing around it, until the element is in its middle. */
  function centre(box, element) {
    if (element) box.scrollTop = element.offsetTop - (box.clientHeight - element.offsetHeight) / 2;
  }

  /** Marks one button of a list as the chosen one; it alone is reached with Tab, the others with up and down. */
  function choose(list, chosen) {
    list.querySelectorAll("button.row").forEach((button) => {
      button.tabIndex = button === chosen ? 0 : -1;
      if (button === chosen) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
    const first = list.querySelector("button.row:not([aria-disabled])");
    if (first && !chosen) first.tabIndex = 0;
  }

  // ---- The question ---------------------------------------------------------------------------------------------

  const isOpen = (step) => Boolean(step && step.ask && !answers.has(step.id));

  function answer(step, choice) {
    if (!isOpen(step)) return;
    answers.set(step.id, choice);
    draw();
    const verdict = page.querySelector(".verdict");
    if (verdict) {
      verdict.focus({ preventScroll: true });
      verdict.scrollIntoView({ block: "nearest" });
    }
  }

  function question(step, print) {
    const { question: text, choices, answer: right } = step.ask;
    const open = !print && isOpen(step);
    const mine = print ? null : answers.get(step.id);
    const list = (choices || []).map((choice, i) => {
      const letter = h("kbd", null, "abcdefgh"[i] || "·");
      if (open) return h("li", null, h("button", { class: "choice", onclick: () => answer(step, choice) }, letter, h("span", null, choice)));
      const mark = choice === right ? "right" : choice === mine ? "wrong" : "";
      const words = choice === right ? "✓ the answer" : choice === mine ? "✗ your choice" : "";
      return h("li", null, h("div", { class: `choice ${mark}` }, letter, h("span", null, choice), words && h("em", null, words)));
    });
    const known = list.length && choices.includes(right);
    const verdict = mine === null || mine === undefined ? [h("b", null, "The answer: "), right]
      : mine === right ? [h("b", null, "Right: "), right] : [h("b", null, "Not so. "), "The answer is ", right];
    return h("section", { class: "ask", "aria-label": "Question" },
      h("p", { class: "question" }, text),
      list.length ? h("ol", { class: "choices" }, list) : null,
      open && h("p", { class: "hint", role: "status" }, ui.nudged && h("b", null, "First the question. "),
        list.length ? `Answer with a to ${"abcdefgh"[Math.min(list.length, 8) - 1]}` : "Think about it",
        ", or ", h("button", { class: "quiet", onclick: () => answer(step, null) }, "show the answer"), " (r)."),
      !open && !(print && known) && h("p", { class: `verdict ${mine === right ? "right" : mine ? "wrong" : ""}`, tabindex: -1, role: "status" }, verdict));
  }

  // ---- The ladder -----------------------------------------------------------------------------------------------

  function ladderRow(row, state) {
    const known = own(walk.units, row.unit) && !state.veiled;
    const way = row.dir === "c2s" ? "client to server" : "server to client";
    const tag = (row.tags || []).at(-1) || row.protocol;
    const text = state.veiled ? "?" : row.text;
    const label = `Unit ${row.unit}, ${row.at}, ${way}: ${text}`;
    return h("button", { class: `row rung ${row.dir} ${state.own ? "own" : ""} ${/^(opened|closed|closing)/.test(row.kind) ? "faint" : ""}`,
      type: "button", "aria-label": label, title: state.veiled ? null : row.text, "aria-disabled": known ? null : "true", "data-unit": row.unit,
      onclick: () => known && state.pick(row.unit) },
    h("span", { class: "at" }, row.at, state.conns && h("i", null, ` #${row.conn}`)),
    h("span", { class: "beam" },
      h("span", { class: "says" }, !state.veiled && row.finding && h("b", { class: `mark ${row.finding}` }, row.finding),
        !state.veiled && tag && h("b", { class: "tag" }, tag), h("span", null, text)),
      h("span", { class: "arrow", "aria-hidden": "true" })));
  }

  /** Rows around the step's unit. Nothing behind it is in sight as long as its question is open. */
  function ladder(step, print) {
    const veil = !print && isOpen(step) ? step.ask.hides : null;
    let here = rows.findIndex((row) => row.unit === step.unit);
    if (here < 0) here = rows.findLastIndex((row) => row.unit <= step.unit);
    if (!rows.length) return null;
    const reach = print ? { before: 2, after: 3 } : ui.reach;
    const from = Math.max(0, here - reach.before);
    const end = veil ? here + 1 : Math.min(rows.length, here + 1 + reach.after);
    const conns = new Set(rows.map((row) => row.conn)).size > 1;
    const list = h("div", { class: "rungs", "data-list": true });
    const more = (side, count) => count > 0 && !print && h("button", { class: "quiet more", onclick: () => {
      ui.reach[side] += MOST.rows;
      ladderBox.replaceWith(ladder(step));
    } }, `${many(count, "unit")} ${side === "before" ? "earlier" : "later"}: show more`);
    const pick = (unit) => {
      ui.unit = unit === step.unit ? null : unit;
      [ui.field, ui.source, ui.call, ui.bytes] = [null, null, null, MOST.bytes];
      choose(list, list.querySelector(`[data-unit="${Number(unit)}"]`));
      drawPanes(step);
    };
    list.append(...[more("before", from), ...rows.slice(from, end).map((row) => ladderRow(row,
      { pick, conns, own: row.unit === step.unit, veiled: veil === "unit" && row.unit === step.unit })),
    veil ? h("p", { class: "veil" }, "What follows is shown with the answer.") : more("after", rows.length - end)].filter(Boolean));
    choose(list, list.querySelector(`[data-unit="${Number(ui.unit ?? step.unit)}"]`));
    const box = h("section", { class: "ladder", "aria-label": "Ladder of units between client and server" },
      h("div", { class: "ends", "aria-hidden": "true" }, h("span", null), h("b", null, "client"), h("b", null, "server")), list);
    if (!print) {
      ladderBox = box;
      requestAnimationFrame(() => centre(list, list.querySelector("[aria-current]")));
    }
    return box;
  }
  let ladderBox = null;

  // ---- Bytes and layers: two views of the same fields ------------------------------------------------------------

  function flatten(nodes, depth = 0, path = [], out = []) {
    (nodes || []).forEach((node, i) => {
      if (out.length >= MOST.fields) return;
      const here = [...path, i];
      out.push({ node, depth, path: here.join() });
      flatten(node.children, depth + 1, here, out);
    });
    return out;
  }

  const size = (node) => node.bits[1] - node.bits[0];
  const isLit = (node, source, byte) => Boolean(node) && node.source === source && size(node) > 0
    && node.bits[0] < byte * 8 + 8 && node.bits[1] > byte * 8;

  /** The fields that a byte belongs to, the smallest first: that is what a pointer on a byte means. */
  const fieldsAt = (fields, source, byte) => fields.map((field, i) => i).filter((i) => isLit(fields[i].node, source, byte))
    .sort((a, b) => size(fields[a].node) - size(fields[b].node) || fields[b].depth - fields[a].depth);

  /** Which bytes a field has; where it has only some bits of a byte, these are shown in it. */
  function whereabouts(node, bytes) {
    if (!size(node)) return "not on the wire itself";
    const [from, to] = [Math.floor(node.bits[0] / 8), Math.ceil(node.bits[1] / 8) - 1];
    const words = from === to ? `byte ${from}` : `bytes ${from}–${to}`;
    if ((node.bits[0] % 8 === 0 && node.bits[1] % 8 === 0) || to - from > 3 || to >= bytes.length) return words;
    const digits = bytes.slice(from, to + 1).map((hex) => parseInt(hex, 16).toString(2).padStart(8, "0")).join("");
    const [a, b] = [node.bits[0] - from * 8, node.bits[1] - from * 8];
    return [words, ", ", many(b - a, "bit"), ": ", h("code", { class: "digits" }, digits.slice(0, a), h("mark", null, digits.slice(a, b)), digits.slice(b))];
  }

  /** Panes of one unit's bytes and fields. Pointing at either lights both; a click keeps it lit. */
  function wirePanes(unit, step, print) {
    const fields = flatten(unit.layers);
    const wanted = (step.focus || []).join();
    if (ui.field === null && ui.unit === null && wanted) ui.field = fields.findIndex((field) => field.path === wanted);
    let kept = ui.field ?? -1;
    if (ui.source === null) ui.source = fields[kept] && size(fields[kept].node) ? fields[kept].node.source : 0;
    const source = unit.sources[ui.source] || unit.sources[0];
    const bytes = source ? source.hex.match(/../g) || [] : [];
    const lit = fields[kept] ? fields[kept].node : null;
    const first = lit && lit.source === ui.source ? Math.floor(lit.bits[0] / 8) : 0;
    const width = narrow.matches && !print ? 8 : 16;
    const from = print && first > 32 ? Math.floor(first / width) * width - width : 0; // on paper, the lines around the lit ones
    const end = print ? from + 12 * width : Math.max(ui.bytes, first + 512);
    const cells = [];
    const note = h("p", { class: "note" });

    const dump = h("div", { class: "dump" });
    for (let line = from; line < Math.min(bytes.length, end); line += width) {
      const [hex, text] = [h("span", { class: "hex" }), h("span", { class: "chars" })];
      for (let b = line; b < Math.min(line + width, bytes.length); b++) {
        const code = parseInt(bytes[b], 16);
        cells[b] = [h("span", { "data-b": b, class: b % 8 === 7 && b % width !== width - 1 ? "half" : null }, bytes[b]),
          h("span", { "data-b": b, class: code < 32 || code > 126 ? "dot" : null }, code < 32 || code > 126 ? "·" : String.fromCharCode(code))];
        hex.append(cells[b][0], " ");
        text.append(cells[b][1]);
      }
      dump.append(h("div", { class: "line" }, h("span", { class: "offset" }, line.toString(16).padStart(4, "0")), hex, text));
    }
    const beyond = bytes.length - end;
    if (beyond > 0) {
      dump.append(print ? h("p", { class: "hint" }, `… ${many(beyond, "more byte")}`) : h("button", { class: "quiet more", onclick: () => {
        ui.bytes = end + 4 * MOST.bytes;
        drawPanes(step);
      } }, `${many(beyond, "more byte")}: show more`));
    }
    if (source && source.cut) dump.append(h("p", { class: "hint" }, `${many(source.cut, "byte")} at the end ${source.cut === 1 ? "is" : "are"} left out here.`));

    const drawn = print ? fields.filter((_, i) => fields.length < 24 || Math.abs(i - Math.max(kept, 4)) < 8) : fields;
    const buttons = new Map(drawn.map((field) => {
      const i = fields.indexOf(field);
      return [i, h("button", { class: `row field ${field.depth ? "" : "layer"}`, type: "button", "data-field": i, style: `--depth: ${Math.min(field.depth, 12)}`,
        title: field.node.key, onclick: () => keep(i) }, h("b", null, field.node.name), " ", h("span", null, field.node.text))];
    }));
    const list = h("div", { class: "fields", "data-list": true }, [...buttons.values()]);

    /** Lights a field's bytes and its row in the tree, until something else is pointed at. */
    function light(i) {
      const node = fields[i] ? fields[i].node : null;
      cells.forEach((pair, b) => {
        const on = isLit(node, ui.source, b);
        pair[0].classList.toggle("lit", on);
        pair[0].classList.toggle("on", on && isLit(node, ui.source, b + 1) && (b + 1) % width !== 0); // joined with the next one
        pair[1].classList.toggle("lit", on);
      });
      buttons.forEach((button, j) => button.classList.toggle("lit", j === i));
      note.replaceChildren(...(node ? [h("b", null, node.name), node.key && h("code", null, node.key),
        h("span", null, node.source === ui.source || !size(node) ? whereabouts(node, bytes) : `in ${(unit.sources[node.source] || {}).kind}`)].filter(Boolean)
        : ["Point at a field or a byte to see what belongs together."]));
    }
    function keep(i) {
      kept = ui.field = i;
      const node = fields[i].node;
      if (size(node) && node.source !== ui.source && unit.sources[node.source]) {
        ui.source = node.source;
        drawPanes(step);
        const again = page.querySelector(`[data-field="${i}"]`);
        if (again) again.focus({ preventScroll: true });
        return;
      }
      choose(list, buttons.get(i));
      light(i);
    }
    const listen = (box, field) => {
      box.addEventListener("pointerover", (event) => event.pointerType === "mouse" && light(field(event.target) ?? kept));
      box.addEventListener("pointerleave", () => light(kept));
    };
    const byteOf = (target) => (target.dataset.b === undefined ? [] : fieldsAt(fields, ui.source, Number(target.dataset.b)));
    if (!print) {
      listen(list, (target) => { const row = target.closest("[data-field]"); return row ? Number(row.dataset.field) : null; });
      listen(dump, (target) => byteOf(target)[0]);
      dump.addEventListener("click", (event) => { // again on the same byte: the next larger field around it
        const found = byteOf(event.target);
        if (found.length) keep(found[(found.indexOf(kept) + 1) % found.length]);
        centre(list, buttons.get(kept));
      });
    }
    choose(list, buttons.get(kept));
    light(kept);

    const tabs = unit.sources.length > 1 && h("div", { class: "tabs", role: "group", "aria-label": "Which bytes" }, unit.sources.map((other, i) =>
      h("button", { class: "tab", type: "button", "aria-pressed": String(i === ui.source), onclick: () => {
        ui.source = i;
        drawPanes(step);
        page.querySelectorAll(".tab")[i].focus({ preventScroll: true });
      } }, other.kind, h("small", null, ` ${many(other.hex.length / 2 + (other.cut || 0), "byte")}`))));
    if (!print) {
      requestAnimationFrame(() => {
        centre(list, buttons.get(kept));
        if (cells[first]) centre(dump, cells[first][0].closest(".line"));
      });
    }
    return { bytes: bytes.length ? [tabs, dump, note] : null, layers: fields.length ? [list, bytes.length || print ? null : note] : null };
  }

  // ---- The calls ------------------------------------------------------------------------------------------------

  /** The rows worth seeing at once: those the step is about, the chosen one, and what called them. */
  function worthSeeing(list, lit, chosen) {
    const seen = new Set();
    for (const row of [...lit, chosen]) {
      let depth = Infinity;
      for (let i = row; i >= 0 && list[i]; i--) {
        if (list[i].depth < depth) {
          seen.add(i);
          depth = list[i].depth;
        }
      }
    }
    return seen;
  }

  function callRow(row, i, lit, pick) {
    const [, module, name] = /^(?:(.*):)?(.*)$/s.exec(row.symbol);
    const nth = lit.indexOf(i) + 1;
    return h("div", { class: `call ${row.own ? "mine" : ""} ${nth ? "lit" : ""}`, style: `--depth: ${Math.min(row.depth, 14)}` },
      row.strand && h("p", { class: "strand" }, `⇢ ${row.strand}`),
      h("button", { class: "row", type: "button", "data-call": i, onclick: () => pick(i) },
        nth ? h("span", { class: "nth", "aria-label": `marked, number ${nth}` }, nth) : null,
        h("span", { class: "symbol" }, module && h("i", null, `${module}:`), h("b", null, name)),
        row.wrote && h("span", { class: "wrote" }, "wrote this unit")),
      h("span", { class: "facts" }, h("span", null, row.took), h("span", null, row.package)));
  }

  /** What the chosen call is for, and its source. */
  const callDetail = (row) => h("div", { class: "detail" },
    h("h3", null, row.symbol),
    h("p", { class: "where" }, row.package && h("span", null, row.package), row.place && link(row.link, row.place), row.took && h("span", null, `took ${row.took}`)),
    row.purpose && h("p", { class: "purpose" }, row.purpose),
    row.source && row.source.length ? h("pre", { class: "source" }, row.source.join("\n")) : null);

  function callsPane(calls, step, mine, print) {
    const lit = mine ? step.lit || [] : [];
    const chosen = ui.call ?? (mine ? step.call ?? lit[0] : null) ?? 0;
    const all = calls.rows;
    const seen = worthSeeing(all, lit, chosen);
    const fold = !ui.unfold && lit.length > 0;
    const list = h("div", { class: `calls ${all.some((row) => row.strand) ? "threads" : ""}`, "data-list": true });
    const detail = h("div", { class: "chosen", "aria-live": "polite" }, all[chosen] ? callDetail(all[chosen]) : null);
    const pick = (i) => {
      ui.call = i;
      choose(list, list.querySelector(`[data-call="${i}"]`));
      detail.replaceChildren(callDetail(all[i]));
    };
    for (let i = 0; i < Math.min(all.length, MOST.calls); i++) {
      let next = i;
      while (fold && next < all.length && !seen.has(next)) next++;
      if (next - i > 2) { // two rows are not worth folding
        list.append(print ? h("p", { class: "hint" }, `… ${next - i} calls`)
          : h("button", { class: "quiet more", onclick: () => { ui.unfold = true; drawPanes(step); } }, `${many(next - i, "more call")}: show all`));
        i = next - 1;
      } else list.append(callRow(all[i], i, lit, pick));
    }
    if (all.length > MOST.calls && !fold) list.append(h("p", { class: "hint" }, `… ${many(all.length - MOST.calls, "more call")}`));
    choose(list, list.querySelector(`[data-call="${chosen}"]`));
    if (!print) requestAnimationFrame(() => centre(list, list.querySelector("[aria-current]")));
    const sure = { certain: "These calls belong to this unit for certain.", inferred: "That these calls belong to this unit is inferred, not certain." };
    return [calls.certainty ? h("p", { class: "hint" }, sure[calls.certainty]) : null, step.pane === "source" ? [detail, list] : [list, detail]];
  }

  // ---- What is beside the words ----------------------------------------------------------------------------------

  const ORDER = { bytes: ["bytes", "layers", "explain", "calls"], layers: ["layers", "bytes", "explain", "calls"],
    explain: ["explain", "bytes", "layers", "calls"], calls: ["calls", "explain", "bytes", "layers"] };
  const TITLES = { bytes: "Bytes", layers: "Layers", explain: "What it is", calls: "Calls" };

  /** The panes of the unit in sight, in the order that the step wants, the last ones folded where it is about calls. */
  function panes(step, print) {
    const shown = ui.unit ?? step.unit;
    const mine = ui.unit === null;
    const veil = !print && isOpen(step) ? step.ask.hides : null;
    if (mine && veil === "unit") return [h("p", { class: "veil tall" }, "What it looks like is shown with the answer.")];
    const unit = own(walk.units, shown);
    const calls = own(walk.calls, mine ? step.calls ?? (veil ? null : shown) : shown);
    const order = ORDER[step.pane] || (step.pane && calls ? ORDER.calls : ORDER.bytes);
    const wire = unit ? wirePanes(unit, step, print) : {};
    const findings = unit ? unit.findings || [] : [];
    const content = { bytes: wire.bytes, layers: wire.layers, calls: calls && calls.rows.length ? callsPane(calls, step, mine, print) : null,
      explain: unit && (unit.explain || findings.length) ? [unit.explain && h("p", { class: "explain" }, ticks(unit.explain)), findings.length > 0
        && h("ul", { class: "findings" }, findings.map((one) => h("li", null, h("b", { class: `mark ${one.severity}` }, one.severity), one.text)))] : null };
    const aside = order[0] === "calls" ? ["bytes", "layers"] : ["calls"]; // what the step is not about
    const there = order.filter((name) => content[name]);
    const away = !mine && h("p", { class: "away", role: "status" }, `Unit ${shown}, not the step's own. `,
      h("button", { class: "quiet", onclick: () => home() }, step.unit === null ? "Back" : `Back to unit ${step.unit}`));
    const built = there.map((name, i) => h("details", { class: `pane of-${name} ${i ? "" : "first"}`, open: i === 0 || !aside.includes(name) },
      h("summary", null, h("h2", null, TITLES[name])), content[name]));
    return [away, ...built].filter(Boolean);
  }

  /** Back to the step's own unit. */
  function home() {
    Object.assign(ui, fresh(), { nudged: ui.nudged });
    draw();
  }

  function drawPanes(step) {
    page.querySelector(".panes").replaceChildren(...panes(step));
    page.querySelectorAll("details.pane").forEach((pane) => pane.addEventListener("toggle", () => recentre(pane)));
  }

  /** A list that was folded had no height to be scrolled in. */
  const recentre = (pane) => pane.querySelectorAll(".fields, .calls, .dump").forEach((box) =>
    centre(box, box.querySelector("[aria-current]") || box.querySelector(".lit")));

  // ---- Views ----------------------------------------------------------------------------------------------------

  const fresh = () => ({ unit: null, source: null, field: null, call: null, bytes: MOST.bytes, unfold: false, nudged: false,
    reach: { before: MOST.rows, after: MOST.rows } });

  const heading = (print, text) => h(print ? "h2" : "h1", { tabindex: -1 }, text);

  function introView(print) {
    const facts = [walk.audience && ["For", walk.audience], walk.minutes && ["Takes", `about ${many(walk.minutes, "minute")}`], ["Has", many(steps.length, "step")]];
    return h("article", { class: "intro" }, heading(print, walk.title), walk.summary && h("p", { class: "summary" }, walk.summary),
      h("dl", { class: "about" }, facts.filter(Boolean).map(([name, value]) => [h("dt", null, name), h("dd", null, value)])),
      prose(walk.intro_html),
      !print && steps.length > 0 && h("p", null, h("button", { class: "begin", onclick: next }, "Begin"), h("span", { class: "hint keys" }, " or press the space bar; ? shows all keys")));
  }

  function stepView(step, number, print) {
    const open = !print && isOpen(step);
    const evidence = step.unit !== null || step.calls !== null;
    const words = [step.before_html, !open && step.html].some(Boolean) || step.ask || step.reached === false;
    const lane = step.unit !== null ? ladder(step, print) : null;
    return h("article", { class: `step ${evidence ? "" : "alone"} ${words ? "" : "bare"}` },
      h("div", { class: "words" },
        h("p", { class: "count" }, `Step ${number} of ${steps.length}${walk.minutes || step.unit === null ? "" : `, unit ${step.unit}`}`), heading(print, step.title),
        step.reached === false && h("p", { class: "unreached" }, "This session never came here: there is nothing of it to be seen."),
        prose(step.before_html), step.ask && question(step, print), !open && prose(step.html), lane),
      evidence && h("div", { class: "panes" }, panes(step, print)));
  }

  function cardsView(print) {
    const line = (name, value) => value && h("tr", null, h("th", { scope: "row" }, name), h("td", null, value));
    const points = (texts) => texts && texts.length > 0 && h("ul", null, texts.map((text) => h("li", null, text)));
    return h("article", { class: "cards" }, heading(print, "Whose code this was"), h("p", { class: "summary" }, "The libraries, and what their licences say."),
      cards.map((card) => h("section", { class: "card" }, h("h2", null, card.name), card.summary && h("p", null, card.summary),
        h("table", null, h("tbody", null, line("Repository", card.repository && link(card.repository, card.repository)),
          line("Licence", card.licence && link(card.licence_url, card.licence)), line("It says", points(card.description)), line("It asks", points(card.restrictions)))))));
  }

  // ---- The page around the views ---------------------------------------------------------------------------------

  const page = document.getElementById("page");
  const live = h("p", { class: "unseen", "aria-live": "polite" });
  const progress = h("progress", { max: Math.max(1, last), value: 0, "aria-label": "How far the walkthrough is" });
  const place = h("button", { class: "place", type: "button", title: "All steps (/)", onclick: () => jumpList() });
  const [back, forth] = [h("button", { type: "button", onclick: previous }, "Back"), h("button", { type: "button", class: "forth", onclick: next }, "Next")];
  const view = h("div", { class: "view" });
  const sheet = h("div", { class: "sheet" }); // what is printed
  page.replaceChildren(h("header", { class: "top" }, progress, h("span", { class: "name" }, walk.title),
    h("nav", { class: "bar", "aria-label": "Steps" }, back, place, forth),
    h("button", { class: "help", type: "button", "aria-label": "Keys", onclick: () => keysList() }, "?")), live, view, sheet);

  const stepAt = () => steps[at - 1] || null;
  const nameOf = (i) => (i === 0 ? "/start" : steps[i - 1] ? steps[i - 1].id : "/licences"); // no step's id has a slash
  const titleOf = (i) => (i === 0 ? "Introduction" : steps[i - 1] ? steps[i - 1].title : "Whose code this was");

  function draw() {
    const step = stepAt();
    const lost = view.contains(document.activeElement);
    view.replaceChildren(at === 0 ? introView() : step ? stepView(step, at) : cardsView());
    view.querySelectorAll("details.pane").forEach((pane) => pane.addEventListener("toggle", () => recentre(pane)));
    progress.value = at;
    place.textContent = step ? `${at} / ${steps.length}` : at ? "Licences" : "Steps";
    place.setAttribute("aria-label", `${step ? `Step ${at} of ${steps.length}` : titleOf(at)}: all steps`);
    back.setAttribute("aria-disabled", String(at === 0));
    forth.setAttribute("aria-disabled", String(at === last));
    if (lost) view.querySelector("h1").focus({ preventScroll: true }); // what had the focus is gone
  }

  function go(to, quiet) {
    at = Math.max(0, Math.min(last, to));
    ui = fresh();
    draw();
    scrollTo(0, 0);
    live.textContent = plain((stepAt() ? `Step ${at} of ${steps.length}: ` : "") + titleOf(at));
    document.title = plain(at ? `${titleOf(at)} · ${walk.title}` : walk.title);
    if (!quiet) location.hash = encodeURIComponent(nameOf(at)).replaceAll("%2F", "/");
  }

  /** The first press at an open question only points at it, the second one shows the answer, the third goes on. */
  function next() {
    const step = stepAt();
    if (!isOpen(step)) {
      if (at < last) go(at + 1);
    } else if (ui.nudged) answer(step, null);
    else {
      ui.nudged = true;
      const [asked, focused] = [view.querySelector(".ask"), document.activeElement];
      const again = question(step);
      if (asked.contains(focused)) again.tabIndex = -1;
      asked.replaceWith(again);
      if (again.tabIndex === -1) again.focus({ preventScroll: true });
      again.scrollIntoView({ block: "nearest" });
    }
  }
  function previous() {
    if (at > 0) go(at - 1);
  }

  function fromHash() {
    let name = location.hash.slice(1);
    try { name = decodeURIComponent(name); } catch { /* not one of this page's links */ }
    const to = Array.from({ length: last + 1 }, (_, i) => nameOf(i)).indexOf(name);
    if (to !== at || ui === null) go(to, true);
  }

  // ---- Dialogs --------------------------------------------------------------------------------------------------

  function dialog(label, ...content) {
    const box = h("dialog", { "aria-label": label, onclose: () => box.remove(), onclick: (event) => event.target === box && box.close() },
      h("div", { class: "inside" }, h("button", { class: "close", type: "button", "aria-label": "Close", onclick: () => box.close() }, "×"), content));
    document.body.append(box);
    box.showModal();
    return box;
  }

  /** How well letters are found in a text in their order: null where they are not, else less is better. */
  function fuzzy(letters, text) {
    let [from, cost] = [0, 0];
    const lower = text.toLowerCase();
    for (const letter of letters.toLowerCase().replace(/\s+/g, "")) {
      const found = lower.indexOf(letter, from);
      if (found < 0) return null;
      cost += found === from ? 0 : /\W|^$/.test(lower[found - 1] || "") ? 1 : found - from + 2;
      from = found + letter.length;
    }
    return cost + text.length / 1000;
  }

  function jumpList() {
    const list = h("ul", { role: "listbox", id: "jump-list", "aria-label": "Steps" });
    let [hits, chosen] = [[], 0];
    const mark = (i) => {
      chosen = Math.max(0, Math.min(hits.length - 1, i));
      [...list.children].forEach((item, j) => item.setAttribute("aria-selected", String(j === chosen)));
      if (list.children[chosen]) list.children[chosen].scrollIntoView({ block: "nearest" });
      if (hits.length) box.setAttribute("aria-activedescendant", `jump-${chosen}`);
      else box.removeAttribute("aria-activedescendant");
    };
    const fill = () => {
      hits = Array.from({ length: last + 1 }, (_, i) => ({ i, cost: fuzzy(box.value, titleOf(i)) })).filter((hit) => hit.cost !== null);
      if (box.value.trim()) hits.sort((a, b) => a.cost - b.cost);
      const from = box.value.trim() ? 0 : Math.max(0, Math.min(at - MOST.jumps / 2, hits.length - MOST.jumps));
      hits = hits.slice(from, from + MOST.jumps);
      list.replaceChildren(...hits.map(({ i }, j) => h("li", { role: "option", id: `jump-${j}`, onclick: () => take(j) },
        h("span", { class: "number" }, steps[i - 1] ? i : ""), h("span", null, titleOf(i), i === at && h("em", null, " here"), isOpen(steps[i - 1]) && h("em", null, " ?")))));
      if (!hits.length) list.append(h("li", { class: "hint" }, "No step has these letters in this order."));
      mark(box.value.trim() ? 0 : hits.findIndex((hit) => hit.i === at));
    };
    const take = (j) => {
      const hit = hits[j];
      around.close();
      if (hit) go(hit.i);
    };
    const box = h("input", { type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "jump-list", "aria-label": "Find a step", placeholder: "Find a step",
      autocomplete: "off", spellcheck: "false", autofocus: true, oninput: fill, onkeydown: (event) => {
        const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
        if (by) mark(chosen + by);
        else if (event.key === "Enter") take(chosen);
        else return;
        event.preventDefault();
      } });
    const around = dialog("Steps", box, list);
    around.classList.add("jump");
    fill();
  }

  const KEYS = [["→ Space PageDown n l", "next step; at a question, pressed twice, its answer"], ["← PageUp p h", "step before"], ["Home End", "first and last"],
    ["a–h 1–8", "answer the question"], ["r", "show its answer"], ["↑ ↓", "move in a list of units, fields or calls; else scroll"], ["/", "find a step"],
    ["f", "fill the screen"], ["Esc", "close; back to the step's own unit"], ["?", "these keys"]];
  const keysList = () => dialog("Keys", h("h2", null, "Keys"), h("dl", { class: "keys" }, KEYS.map(([keys, what]) =>
    [h("dt", null, keys.split(" ").map((key) => h("kbd", null, key))), h("dd", null, what)])), h("p", { class: "hint" }, "On a touch screen, swipe to the left or to the right."));

  // ---- Keys, touch, print ----------------------------------------------------------------------------------------

  /** Up and down move in the list that has the focus. */
  function moveIn(list, by) {
    const all = [...list.querySelectorAll("button.row:not([aria-disabled])")];
    const to = all[all.indexOf(document.activeElement) + by];
    if (!to) return;
    to.click();
    const now = to.isConnected ? to : page.querySelector(".fields [aria-current]");
    if (now) now.focus();
  }

  const MOVES = { ArrowRight: next, PageDown: next, n: next, l: next, ArrowLeft: previous, PageUp: previous, p: previous, h: previous,
    Home: () => go(0), End: () => go(last), "/": jumpList, "?": keysList, r: () => answer(stepAt(), null), Escape: () => ui.unit !== null && home(),
    f: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen().catch(() => {})) };

  addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]") || target.closest("input")) return;
    const { key } = event;
    const step = stepAt();
    const choices = isOpen(step) ? (step.ask.choices || []).slice(0, 8) : [];
    const choice = key.length === 1 ? Math.max("abcdefgh".indexOf(key.toLowerCase()), "12345678".indexOf(key)) : -1;
    const list = target.closest("[data-list]");
    let act = null;
    if (choice >= 0 && choice < choices.length) act = () => answer(step, choices[choice]);
    else if (key === " ") act = target.matches("button:focus-visible, summary:focus-visible, a:focus-visible") ? null : event.shiftKey ? previous : next;
    else if (list && (key === "ArrowDown" || key === "ArrowUp")) act = () => moveIn(list, key === "ArrowDown" ? 1 : -1);
    else act = own(MOVES, key.length === 1 ? key.toLowerCase() : key);
    if (!act) return;
    event.preventDefault();
    if (!(event.repeat && isOpen(step))) act(); // a key held down answers nothing
  });

  let touch = null;
  addEventListener("touchstart", (event) => {
    const one = event.touches.length === 1 ? event.touches[0] : null;
    const scrolls = (element) => element && (/auto|scroll/.test(getComputedStyle(element).overflowX) && element.scrollWidth > element.clientWidth + 1 || scrolls(element.parentElement));
    touch = one && !document.querySelector("dialog[open]") && !scrolls(event.target) ? { x: one.clientX, y: one.clientY } : null;
  }, { passive: true });
  addEventListener("touchend", (event) => {
    if (!touch || !getSelection().isCollapsed) return;
    const [x, y] = [event.changedTouches[0].clientX - touch.x, event.changedTouches[0].clientY - touch.y];
    if (Math.abs(x) > 60 && Math.abs(x) > 2 * Math.abs(y)) (x < 0 ? next : previous)();
    touch = null;
  }, { passive: true });

  /** On paper all steps stand one below the other, answered. */
  function fillSheet() {
    if (sheet.firstChild) return;
    const before = ui;
    const each = steps.map((step, i) => {
      ui = fresh();
      return stepView(step, i + 1, true);
    });
    sheet.replaceChildren(introView(true), ...each, ...(cards.length ? [cardsView(true)] : []));
    ui = before;
  }
  const paper = matchMedia("print");
  const printing = (on) => (on ? fillSheet() : sheet.replaceChildren());
  paper.addEventListener("change", () => printing(paper.matches));
  addEventListener("beforeprint", () => printing(true));
  addEventListener("afterprint", () => printing(false));
  narrow.addEventListener("change", () => !paper.matches && ui && draw());
  addEventListener("hashchange", fromHash);
  fromHash();
})();
