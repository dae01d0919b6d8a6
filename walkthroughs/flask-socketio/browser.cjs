// Does in a real browser what the steps say: opens the page, sends a message, waits for a heartbeat, disconnects.
"use strict";

const { chromium } = require("playwright-core");

(async () => {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  const page = await browser.newPage();
  const heartbeat = new Promise((resolve) => {
    page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => payload === "2" && resolve()));
  });
  await page.goto(process.argv[2]);
  await page.waitForFunction(() => socket.connected && socket.io.engine.transport.name === "websocket" && !socket.io.engine.upgrading);
  await page.fill("#text", "hello");
  await page.press("#text", "Enter");
  await page.waitForFunction(() => document.querySelectorAll("#said li").length === 1 && at("state").textContent === "received");
  await heartbeat;
  await page.click("#leave");
  await page.waitForFunction(() => at("state").textContent === "disconnected");
  await browser.close();
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
