// A browser that does what it is told: a line on standard input is a command, a line on standard output says that it is done.
//   open URL, fill SELECTOR TEXT, press SELECTOR KEY, click SELECTOR, wait EXPRESSION, evaluate EXPRESSION, size WIDTH HEIGHT, keys KEY, shot FILE
// Options: `chromium`, the program.
"use strict";

const readline = require("readline");
const { chromium } = require("playwright-core");
const { options, say, fail } = require("./peer.cjs");

const quiet = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

async function run() {
  const browser = await chromium.launch({ executablePath: options.chromium, args: quiet });
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("request", (request) => {
    if (page.url().startsWith("file:") && !request.url().startsWith("file:") && !request.url().startsWith("data:")) problems.push(`asked for ${request.url()}`);
  });
  const commands = {
    open: (url) => page.goto(url),
    fill: (selector, ...text) => page.fill(selector, text.join(" ")),
    press: (selector, key) => page.press(selector, key),
    click: (selector) => page.click(selector),
    keys: (key) => page.keyboard.press(key),
    wait: (...expression) => page.waitForFunction(expression.join(" ")),
    evaluate: (...expression) => page.evaluate(expression.join(" ")),
    size: (width, height) => page.setViewportSize({ width: Number(width), height: Number(height) }),
    shot: (path) => page.screenshot({ path }),
    problems: () => problems,
  };
  say({ ready: true });
  let number = 0;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [name, ...words] = line.split(" ");
    const value = await commands[name](...words);
    const plain = ["evaluate", "problems"].includes(name);
    number += 1;
    say({ done: number, value: plain ? (value ?? null) : null });
  }
  await browser.close();
}

run().then(() => process.exit(0), (error) => fail(String(error)));
