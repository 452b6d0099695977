// The adapter page: what is told of the device, and the test of its kernels.
import type { Page } from 'playwright-core';
import { assert, suite } from '../harness.ts';
import { openSite, type Site } from './site.ts';

const test = suite('adapter page');

let site: Site;
let page: Page;

test.before(async () => {
  site = await openSite();
  await site.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  page = await site.newPage();
  await open(page);
  assert.equal([site.refused, site.foreign], [[], []]);
});

test.after(() => site?.close());

async function open(own: Page): Promise<void> {
  await own.goto(`${site.url}adapter.html`);
  await own.getByRole('heading', { name: 'What it offers' }).waitFor();
}

/** Tests the kernels of an op, or of all, and waits until the status is so. */
async function run(own: Page, op: string, status: RegExp): Promise<void> {
  await own.getByLabel('Kernels of').selectOption(op);
  await own.getByRole('button', { name: 'Test' }).click();
  await has(own, status);
}

const has = (own: Page, status: RegExp) =>
  own.locator('.status[data-state]').filter({ hasText: status }).waitFor({ timeout: 30_000 });

test('what the adapter has and lacks is told as WebGPU has it', async () => {
  const { f16, largest } = await page.evaluate(async () => {
    const adapter = await navigator.gpu.requestAdapter();
    return {
      f16: adapter?.features.has('shader-f16'),
      largest: adapter?.limits.maxComputeInvocationsPerWorkgroup ?? 0,
    };
  });
  const row = (name: string) => page.getByRole('row', { name }).locator('td').allInnerTexts();
  assert.equal(await row('shader-f16'), f16 ? ['yes', '–'] : ['no', 'nothing: all kernels compute in f32']);
  assert.is((await row('maxComputeInvocationsPerWorkgroup'))[0], largest.toLocaleString('en'));
});

test('kernels of one op pass, and a test of all can be stopped; both are copied as Markdown', async () => {
  await run(page, 'relu', /^2 of 2 checks passed\.$/);
  await page.getByRole('button', { name: 'Copy as Markdown' }).click();
  await page.getByText('Copied.').waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(text, /^# .*, in coin-webgpu \d.*, headless Chrome \d[.\d]* on .*\n/);
  assert.match(text, /\| maxBufferSize \| .* MiB \|/);
  assert.match(text, /\n2 of 2 checks passed\.\n(?:.*\n)*\| relu \| default \| 2 \| 0 \|\n/);
  await run(page, '', /^0 of \d+ ops: 0 of 0 checks passed; now matmul/);
  await page.getByRole('button', { name: 'Stop' }).click();
  await has(page, /^Ended after [01] of \d+ ops/);
});

test('a kernel that is wrong is named, with how far it is off', async () => {
  // What the site keeps to work without a network would answer in place of the route.
  const other = await site.browser.newPage({ serviceWorkers: 'block' });
  await other.route('**/*.js', async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replaceAll('at_least(x, Value(0.0))', 'at_least(x, Value(0.5))');
    await route.fulfill({ response, body });
  });
  await open(other);
  await run(other, 'relu', /^0 of 2 checks passed\.$/);
  assert.match(await other.locator('ul.mistake').innerText(), /^relu-0 \(default\): output\.y is off by/);
  await other.close();
});

test.run();
