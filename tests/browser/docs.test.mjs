// The API page in Chromium, as a person uses it. The component test docs::a_person_tries_each_call_in_a_browser runs it
// and gives the address and the token; scripts/browser.sh installs what it needs. Screenshots go to .data/browser.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const { API_URL, API_TOKEN, CHROMIUM } = process.env;
const folder = fileURLToPath(new URL("../../.data/browser/", import.meta.url));
const { chromium } = createRequire(folder)("playwright-core");
// As in WCAG 2, for text of ordinary size.
const LEAST_CONTRAST = 4.5;

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--disable-quic"] });
});
after(() => browser?.close());

// Opens the page, and notes what must not happen on it.
async function open(options) {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(`error: ${error}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrong.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== API_URL) wrong.push(`request: ${url}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`${event.effectiveDirective} forbids ${event.blockedURI}`);
    });
  });
  await page.goto(`${API_URL}/docs`);
  await page.locator(".opblock-tag").first().waitFor();
  return { page, wrong, close: () => context.close() };
}

async function authorize(page) {
  await page.locator(".auth-wrapper .authorize").click();
  const dialog = page.locator(".modal-ux");
  await dialog.locator("input").fill(API_TOKEN);
  await dialog.locator("button.authorize").click();
  await dialog.locator(".btn-done").click();
}

// Opens an operation, fills in what is given, executes it, and gives back what the page then shows.
async function execute(page, tag, id, parameters, body) {
  const operation = page.locator(`#operations-${tag}-${id}`);
  if (!(await operation.isVisible())) await page.locator(`#operations-tag-${tag}`).click();
  await operation.locator(".opblock-summary-control").click();
  for (const [name, value] of Object.entries(parameters)) {
    await operation.locator(`tr[data-param-name="${name}"] input`).fill(value);
  }
  if (body !== undefined) await operation.locator(".body-param__text").fill(body);
  await operation.locator("button.execute").click();
  const answer = operation.locator(".live-responses-table");
  return {
    status: (await answer.locator("tbody .response-col_status").innerText()).slice(0, 3),
    body: await answer.locator(".highlight-code").first().innerText(),
    url: await operation.locator(".request-url pre").innerText(),
  };
}

// The texts that are hard to read: each with its contrast to what is behind it. Runs in the page.
function pale(least) {
  const rgba = (color) => [...color.match(/[\d.]+/g).map(Number), 1].slice(0, 4);
  const over = ([r, g, b, a], below) => [r, g, b].map((part, i) => part * a + below[i] * (1 - a));
  const linear = (part) => (part <= 10 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (element) =>
    element ? over(rgba(getComputedStyle(element).backgroundColor), behind(element.parentElement)) : [255, 255, 255];
  const found = new Set();
  const texts = document.createTreeWalker(document.querySelector("#page"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { textContent, parentElement } = texts.currentNode;
    if (!textContent.trim() || !parentElement.checkVisibility({ visibilityProperty: true })) continue;
    const back = behind(parentElement);
    const [more, less] = [light(over(rgba(getComputedStyle(parentElement).color), back)), light(back)].sort((a, b) => b - a);
    const contrast = (more + 0.05) / (less + 0.05);
    if (contrast < least) found.add(`${contrast.toFixed(1)}: ${parentElement.className} ${textContent}`);
  }
  return [...found];
}

test("what a person stores is what the page then shows, and nothing of the token stays", async () => {
  const { page, wrong, close } = await open();
  await authorize(page);
  const key = "a/b c?ü";
  const put = await execute(page, "strings", "replace_string", { key }, '{"value": "seen in the page"}');
  assert.equal(put.status, "201");
  const get = await execute(page, "strings", "read_string", { key });
  assert.equal(get.status, "200");
  assert.match(get.body, /"value": "seen in the page"/);
  assert.equal(get.url, `${API_URL}/v1/strings/a%2Fb%20c%3F%C3%BC`);
  assert.deepEqual(wrong, []);

  await page.reload();
  await page.locator(".authorize.unlocked").waitFor();
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.ok(!kept.includes(API_TOKEN), kept);
  await close();
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 390]) {
    test(`the page can be read, ${colorScheme} and ${width} pixels wide`, async () => {
      const { page, wrong, close } = await open({ colorScheme, viewport: { width, height: 900 } });
      const name = `${folder}docs-${colorScheme}-${width}`;
      await page.screenshot({ path: `${name}.png` });
      await authorize(page);
      await execute(page, "strings", "replace_string", { key: "k".repeat(200) });
      await execute(page, "strings", "read_string", { key: "k".repeat(200) });
      await page.locator(".models-control").click();
      await page.screenshot({ path: `${name}-open.png`, fullPage: true });
      assert.deepEqual(await page.evaluate(pale, LEAST_CONTRAST), []);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      assert.deepEqual(wrong, []);
      await close();
    });
  }
}
