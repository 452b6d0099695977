// What holds of every page: people can use it, it says what to do without WebGPU, it opens without a network, and it asks no other
// origin for anything.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { pages } from '../../bench/web/shell/pages.ts';
import { encodeState } from '../../src/workbench/state.ts';
import { assert, suite } from '../harness.ts';
import { openSite, type Site } from './site.ts';

const test = suite('pages');

let site: Site;
let axe: string;

test.before(async () => {
  site = await openSite();
  axe = await readFile(createRequire(resolve('package.json')).resolve('axe-core/axe.min.js'), 'utf8');
});

test.after(() => site?.close());

/** What axe-core finds, as far as it keeps someone from using the page, with the first element that has it. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html}`);
  });
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

const ready = (page: Page) =>
  page
    .locator('.adapter')
    .filter({ hasText: /swiftshader/i })
    .waitFor({ timeout: 30_000 });

/** What brings all parts of a page forth, by its name: its address behind `#`, and what is done there. */
const SCENES: Record<string, { address: string; act(page: Page): Promise<void> }> = {
  workbench: {
    address: await encodeState({ kernel: 'elementwise/relu', bench: 'map 65536' }),
    async act(page) {
      await page.getByRole('button', { name: 'Run' }).click();
      await page.locator('.roof').waitFor({ timeout: 30_000 });
    },
  },
  suite: {
    address: 'cases=conv+1x1+s1+N16+C64+16x16+dgrad&peers=jax,onnxruntime',
    async act(page) {
      await page.getByRole('button', { name: 'Run' }).click();
      await page.getByRole('button', { name: 'Download JSON', disabled: false }).waitFor({ timeout: 30_000 });
    },
  },
  adapter: {
    address: '',
    async act(page) {
      await page.getByLabel('Kernels of').selectOption('relu');
      await page.getByRole('button', { name: 'Test' }).click();
      await page.locator('.status').filter({ hasText: '2 of 2' }).waitFor({ timeout: 30_000 });
    },
  },
};

for (const { name, file } of pages)
  test(`${name}: nothing keeps people out, light or dark, wide or narrow`, async () => {
    const page = await site.newPage();
    const { address, act } = SCENES[name]!;
    await page.goto(`${site.url}${file}#${address}`);
    await ready(page);
    await act(page);
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [1280, 400]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        assert.equal(await findings(page), [], `${colorScheme}, ${width} px`);
        const scrolled = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(scrolled <= width, `the page is ${scrolled} px wide in a window of ${width} px`);
      }
    await page.close();
  });

for (const { name, file } of pages)
  test(`${name}: without WebGPU it says what to do`, async () => {
    // What the site keeps to work without a network would answer in place of the route.
    const page = await site.browser.newPage({ serviceWorkers: 'block' });
    // A worker has a navigator of its own: the page's script for it is what a browser without WebGPU would run.
    await page.route('**/*-worker-*.js', async (route) => {
      const response = await route.fetch();
      await route.fulfill({
        response,
        body: `Object.defineProperty(navigator, 'gpu', { value: undefined });\n${await response.text()}`,
      });
    });
    await page.goto(`${site.url}${file}`);
    await page.getByRole('heading', { name: 'There is no WebGPU here' }).waitFor();
    assert.match(await page.locator('.missing').innerText(), /Chrome and Edge have it .*\n.*enable-unsafe-webgpu/s);
    assert.equal(await findings(page), []);
    await page.close();
  });

test('once one page was loaded, all open without a network', async () => {
  const context = await site.browser.newContext();
  const page = await context.newPage();
  await page.goto(`${site.url}${pages[0]?.file}`);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await context.setOffline(true);
  for (const { file, title } of pages) {
    await page.goto(`${site.url}${file}`);
    await ready(page);
    await page.locator('nav [aria-current]').filter({ hasText: title }).waitFor();
  }
  await context.close();
});

test('no page has asked another origin for anything, or what its policy refuses', () => {
  assert.equal([site.foreign, site.refused], [[], []]);
});

test.run();
