// The workbench as a person uses it: the built site below a path, in the headless Chromium that npm brings.
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { decodeState, encodeState, type State } from '../../src/workbench/state.ts';
import { assert, suite } from '../harness.ts';
import { openSite, type Site } from './site.ts';

const test = suite('workbench page');

const KERNEL = 'elementwise/relu';
const MODULE = 'elementwise/relu.wgsl';
const LINE = 'y[i] = relu(x[i]);';
/** What the adapter cannot leave out, and what leaves the result as it is. */
const SLOW = `var v = x[i];
  for (var k = 0u; k < 300u; k++) {
    v = select(v, -v, v > vec4f(f32(params.vec4s + k)));
  }
  y[i] = relu(v);`;

let site: Site;
let page: Page;
let shipped: string;

test.before(async () => {
  shipped = await readFile(`kernels/${MODULE}`, 'utf8');
  site = await openSite();
  page = await site.newPage();
  await page.goto(await addressOf({ kernel: KERNEL, bench: 'map 65536' }));
  await hasTitle(/^Ready$/);
  // Later on, Playwright types by a command of the browser that styles what it inserts, which the policy refuses.
  assert.equal(site.refused, []);
});

test.after(() => site?.close());

const addressOf = async (state: State) => `${site.url}index.html#${await encodeState(state)}`;

/** Waits for a verdict; the longest that any takes on a busy machine. */
async function hasTitle(wanted: RegExp, own = page): Promise<void> {
  const verdict = own.locator('.verdict').filter({ hasText: wanted });
  await verdict.waitFor({ timeout: 30_000 }).catch(async () => {
    throw new Error(`there is "${await own.locator('.results').textContent()}" in place of ${wanted}`);
  });
}

/** Types what makes the whole module into another one. */
const edit = (replacement: string) => page.locator('.cm-content').fill(shipped.replace(LINE, replacement));

test('a module that does not compile is marked at its line, and nothing is timed', async () => {
  await edit('y[i] = relu(x[j]);');
  await hasTitle(/^It does not compile$/);
  const line = shipped.split('\n').findIndex((text) => text.includes(LINE)) + 1;
  assert.match(await page.locator('.mistake').innerText(), new RegExp(`${MODULE}, line ${line}: .*'j'`));
  assert.is(await page.locator('.cm-lintRange-error').textContent(), 'j');
  assert.is(await page.locator('table').count(), 0);
});

test('several mistakes are told at once, each with a way to its line', async () => {
  await edit('y[i] = relu(x[i]) +;\n  y[i] = (;');
  await page.locator('ul.mistake li').nth(1).waitFor();
  const line = shipped.split('\n').findIndex((text) => text.includes(LINE)) + 1;
  const told = await page.locator('ul.mistake li').allInnerTexts();
  assert.equal(
    told.map((text) => /, line (\d+): /.exec(text)?.[1]),
    [`${line}`, `${line + 1}`],
  );
  assert.is(await page.locator('.cm-lintRange-error').count(), 2);
});

test('what is typed stays in its order while the page judges it', async () => {
  await page.locator('.cm-content').press('Control+End');
  await page.keyboard.type('// one two three four five six seven');
  await page.waitForTimeout(300);
  assert.match(await page.locator('.cm-content').innerText(), /^\/\/ one two three four five six seven$/m);
});

test('one that computes something else is refused a number', async () => {
  await edit('y[i] = relu(x[i]) + 0.01;');
  await hasTitle(/^It computes something else$/);
  assert.match(await page.locator('ul.mistake').innerText(), /^relu-\S+ \(\S+\): output\.y is off by/);
  assert.is(await page.locator('table').count(), 0);
});

test('mended, it is timed beside what ships, below the roofs of this adapter', async () => {
  await edit(LINE);
  await hasTitle(/^(No difference shown|Faster|Slower)/);
  const rows = await page.locator('tbody tr').allInnerTexts();
  assert.is(rows.length, 2);
  for (const row of rows) assert.match(row, /^\s*(shipped|edited)\s+[\d.]+ ± [\d.]+ ms\s+[\d.]+\s+[\d.]+/);
  await page.locator('.roof').waitFor({ timeout: 30_000 });
  assert.match(await page.locator('tbody tr').first().innerText(), /\d+ %$/);
});

test('made slower on purpose, it is told to be slower; the address opens the same elsewhere', async () => {
  await edit(SLOW);
  await hasTitle(/^Slower by \d/);
  assert.match(await page.locator('.patch').innerText(), /^\+ {4}v = select\(v, -v/m);
  const other = await site.newPage();
  await other.goto(page.url());
  await other.locator('.cm-content').filter({ hasText: 'v = select(v, -v' }).waitFor();
  assert.is(await other.locator('select').first().inputValue(), KERNEL);
  await other.close();
});

test('another constant is judged as an edit is, and is part of the address', async () => {
  await page.getByLabel('WORKGROUP').fill('16');
  await page.getByLabel('WORKGROUP').press('Enter');
  await page.locator('.constants .changed').waitFor();
  await page.locator('.verdict[data-state="running"]').waitFor();
  // The edit that is slow is still there, and so it is with any size of workgroups.
  await hasTitle(/^Slower by \d/);
  const { constants } = await decodeState(new URL(page.url()).hash.slice(1));
  assert.equal(constants, { WORKGROUP: 16 });
  await page.getByRole('button', { name: 'Where the time goes' }).click();
  await page.locator('.cm-cost').first().waitFor({ timeout: 30_000 });
});

test('a page that was stopped for a while in the middle of a run goes on where it was', async () => {
  const session = await site.browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const pages = processInfo.filter(({ type }) => type === 'renderer');
  await page.evaluate(() => {
    const ticks = { count: 0 };
    setInterval(() => ticks.count++, 10);
    Object.assign(globalThis, { ticks });
  });
  await page.getByRole('button', { name: 'Run' }).click();
  await page.locator('.verdict[data-state="running"]').waitFor();
  // As a system does with a tab that was hidden for long, or a laptop that sleeps.
  for (const { id } of pages) process.kill(id, 'SIGSTOP');
  await new Promise((done) => setTimeout(done, 1500));
  for (const { id } of pages) process.kill(id, 'SIGCONT');
  const ticks = await page.evaluate(() => (globalThis as unknown as { ticks: { count: number } }).ticks.count);
  assert.ok(ticks < 100, `the page was not stopped: it counted ${ticks} times`);
  await hasTitle(/^Slower by \d/);
});

test('a device that is lost in the middle of a run is told, and another one judges the same edit', async () => {
  const session = await site.browser.newBrowserCDPSession();
  // So slow that it is being timed for seconds.
  await edit(SLOW.replace('300u', '3000u'));
  await hasTitle(/^It is right; now its time/);
  await session.send('Browser.crashGpuProcess' as never);
  await page.locator('.banner').waitFor({ timeout: 20_000 });
  await page.locator('.verdict[data-state="done"]').waitFor();
  assert.match(await page.locator('.results .mistake').innerText(), /^The GPU device was lost/);
  assert.is(await page.locator('table').count(), 0);
  await page.getByRole('button', { name: 'Start again' }).click();
  await page.locator('.banner').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Run' }).click();
  await hasTitle(/^Slower by \d/);
});

test('it opens without a network once it was loaded, and asks no other origin for anything', async () => {
  assert.equal(site.foreign, []);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await site.context.setOffline(true);
  await page.reload();
  await page.locator('.cm-content').filter({ hasText: 'v = select(v, -v' }).waitFor({ timeout: 20_000 });
});

test.run();
