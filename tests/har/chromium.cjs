// Visits the page in Chromium while its DevTools are open in a second tab, and lets their own writer make the HAR file.
// The entry of the client's script is left out, as with "Save all as HAR" while a filter is set.
"use strict";

const { spawn } = require("child_process");
const fs = require("fs");
const { chromium } = require("playwright-core");

const [url, out, profile] = process.argv.slice(2);
const port = 9477;
const flags = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--remote-debugging-port=${port}`,
  "--remote-allow-origins=*",
  `--user-data-dir=${profile}`,
  "about:blank",
];

async function targets() {
  for (;;) {
    try {
      const found = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
      if (found.length > 0) return found;
    } catch {
      // It is not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function record() {
  const target = (await targets()).find((target) => target.type === "page");
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
  const context = browser.contexts()[0];
  const page = context.pages()[0];
  const tools = await context.newPage();
  await tools.goto(`devtools://devtools/bundled/inspector.html?ws=127.0.0.1:${port}/devtools/page/${target.id}`);
  await tools.evaluate(async () => {
    const { NetworkLog } = await import("/bundled/models/logs/logs.js");
    globalThis.log = NetworkLog.NetworkLog.instance();
  });
  // The tools enable the network domain a little after they have loaded.
  await tools.waitForTimeout(3000);
  await page.goto(url);
  await page.waitForFunction(() => socket.connected && socket.io.engine.transport.name === "websocket" && !socket.io.engine.upgrading);
  await page.evaluate(() => talk());
  await page.waitForFunction(() => said === 2);
  // A heartbeat.
  await page.waitForTimeout(2600);
  await page.evaluate(() => socket.disconnect());
  await page.waitForTimeout(700);
  const har = await tools.evaluate(async () => {
    const { Writer } = await import("/bundled/models/har/har.js");
    const { Progress } = await import("/bundled/core/common/common.js");
    const requests = log.requests().filter((request) => !request.url().endsWith("client.js"));
    let text = "";
    const stream = { write: async (more) => void (text += more), close: () => {} };
    await Writer.Writer.write(stream, requests, { sanitize: false }, new Progress.Progress());
    return text;
  });
  fs.writeFileSync(out, har);
  await browser.close();
}

const browser = spawn(process.env.CHROMIUM ?? "/usr/bin/chromium", flags, { stdio: "ignore" });
record()
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => browser.kill());
