// Live reload: a kernel that is saved on disk while the workbench is open.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { decodeState, encodeState, type State } from '../../src/workbench/state.ts';
import { assert, suite } from '../harness.ts';

const test = suite('live reload');

/** As programs load them: they bundle themselves. */
const load = async <T>(path: string): Promise<T> => (await import(pathToFileURL(resolve(path)).href)) as T;

const MODULE = 'elementwise/relu.wgsl';
const STATE: State = { kernel: 'elementwise/relu', bench: 'map 65536', constants: { WORKGROUP: 32 } };

let folder: string;
let browser: Browser;
let server: { readonly url: string; close(): Promise<void> };
let page: Page;

test.before(async () => {
  const { launch } = await load<{ launch(): Promise<Browser> }>('test/browser.mjs');
  const { serveSite } = await load<{ serveSite(options: { kernels: string }): Promise<typeof server> }>(
    'bench/web/serve.mjs',
  );
  folder = await mkdtemp(join(tmpdir(), 'kernels-'));
  await cp('kernels', folder, { recursive: true });
  [server, browser] = await Promise.all([serveSite({ kernels: folder }), launch()]);
  page = await browser.newPage();
  await page.goto(`${server.url}#${await encodeState(STATE)}`);
  await hasTitle(/^Ready$/);
});

test.after(async () => {
  await browser?.close();
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

const hasTitle = (wanted: RegExp) => page.locator('.verdict').filter({ hasText: wanted }).waitFor({ timeout: 30_000 });

/** Waits until the editor shows a text at its end; what is out of sight is not drawn, and another text begins at its first line. */
const endsWith = async (text: string) => {
  const content = page.locator('.cm-content');
  for (let tries = 0; tries < 100; tries++) {
    await page.locator('.cm-scroller').evaluate((element) => element.scrollTo(0, element.scrollHeight));
    if ((await content.innerText()).includes(text)) return;
    await page.waitForTimeout(100);
  }
  assert.match(await content.innerText(), text);
};

const save = async (change: (shipped: string) => string) =>
  writeFile(join(folder, MODULE), change(await readFile(`kernels/${MODULE}`, 'utf8')));

test('a module that is saved is shown, composed and judged, and the rest of the state stays', async () => {
  await page.evaluate(() => Object.assign(globalThis, { isSame: true }));
  await save((shipped) => shipped.replace('relu(x[i])', 'relu(x[i]) + 0.01'));
  await hasTitle(/^It computes something else$/);
  assert.match(await page.locator('.cm-content').innerText(), /relu\(x\[i\]\) \+ 0\.01;/);
  await page.getByRole('button', { name: 'composed text' }).click();
  await endsWith('relu(x[i]) + 0.01;');
  const { edits, ...others } = await decodeState(new URL(page.url()).hash.slice(1));
  assert.equal([others, Object.keys(edits ?? {})], [STATE, [MODULE]]);
  // The page was told of it, and not loaded again.
  assert.is(await page.evaluate(() => 'isSame' in globalThis), true);
});

test('the state survives a reload, as when a file of the page itself is saved', async () => {
  await page.reload();
  await page.locator('.constants .changed').waitFor();
  await endsWith('relu(x[i]) + 0.01;');
  assert.is(await page.locator('.constants .changed').inputValue(), '32');
});

test('saved as it was, it is timed again', async () => {
  await save((shipped) => shipped);
  await hasTitle(/^(No difference shown|Faster|Slower)/);
  assert.is(await page.locator('.patch').count(), 0);
});

test.run();
