// The suite page: two cases run, downloaded, and compared with themselves made slower.
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import type { Report } from '../../src/bench/report.ts';
import { assert, suite } from '../harness.ts';
import { openSite, type Site } from './site.ts';

const test = suite('suite page');

const CASES = ['conv 1x1 s1 N16 C64 16x16 K128 dgrad', 'conv 1x1 s1 N16 C64 16x16 K128 wgrad'];

const TRAINED = 'train small CNN 28x28x1 B32';

let site: Site;
let page: Page;
let report: Report;

test.before(async () => {
  site = await openSite();
  page = await site.newPage();
  await page.goto(`${site.url}suite.html`);
  await has(/^\d\d+ cases\.$/);
  assert.equal([site.refused, site.foreign], [[], []]);
});

test.after(() => site?.close());

const has = (status: RegExp, own = page) =>
  own.locator('.status[data-state="done"]').filter({ hasText: status }).waitFor({ timeout: 30_000 });

async function downloaded(button: string, own = page): Promise<string> {
  const [download] = await Promise.all([
    own.waitForEvent('download'),
    own.getByRole('button', { name: button }).click(),
  ]);
  return readFile(await download.path(), 'utf8');
}

test('the chosen cases are timed, and their report downloads as JSON and as Markdown', async () => {
  await page.getByLabel('Cases with these words').fill('conv 1x1 s1 N16 C64 16x16 grad');
  await has(/^2 cases\.$/);
  await page.getByRole('button', { name: 'Run' }).click();
  await has(/^2 of 2 cases\.$/);
  report = JSON.parse(await downloaded('Download JSON'));
  assert.equal(
    report.rows.map((row) => [row.case, row.candidate, row.correct]),
    CASES.map((name) => [name, 'default', true]),
  );
  assert.match(report.runtime, /^coin-webgpu \d\S+( at \w+(-dirty)?)?, headless Chrome \d/);
  assert.match(await page.locator('.rows tbody tr').first().innerText(), new RegExp(`^${CASES[0]}\\s.*ms.* % `, 's'));
  const text = await downloaded('Download Markdown');
  for (const name of CASES) assert.ok(text.includes(`\n| ${name} | default |`), name);
  assert.ok(text.includes(`in ${report.runtime}.`));
});

test('engines run beside it on the same cases under the policy of the site, and one that cannot says why', async () => {
  const other = await site.newPage();
  await other.goto(`${site.url}suite.html#cases=conv+1x1+s1+N16+C64+16x16&peers=jax,onnxruntime&flags=--some`);
  await other.getByRole('button', { name: 'Run' }).click();
  await has(/^3 of 3 cases\.$/, other);
  const { sideBySide = [], flags }: Report = JSON.parse(await downloaded('Download JSON', other));
  const [forward, ...gradients] = sideBySide;
  const engines = /^coin,jax-js [\d.]+(,onnxruntime-web [\d.]+)?$/;
  assert.match(`${Object.keys(forward?.timings ?? {})}`, engines);
  assert.equal([forward?.without, Object.keys(forward?.timings ?? {}).length], [{}, 3]);
  for (const { timings, without } of gradients) {
    assert.match(`${Object.keys(timings)}`, engines);
    assert.equal(Object.values(without), ['forward passes alone']);
  }
  for (const { timings } of sideBySide)
    for (const { median, samples } of Object.values(timings)) assert.ok(median > 0 && samples > 1);
  assert.match(await other.locator('.beside tbody tr').first().innerText(), /forward.* ms.* ×.* ms\s+[\d.]+ ×$/s);
  assert.is(flags, '--some');
  assert.match(
    await downloaded('Download Markdown', other),
    /\nFeatures: .*; flags: --some\.\n(?:.*\n)*## Beside other/,
  );
  await other.close();
  assert.equal([site.refused, site.foreign], [[], []]);
});

test('an engine that cannot be loaded says so in its row, and the run goes on', async () => {
  // What the site keeps to work without a network would answer in place of the route.
  const other = await site.browser.newPage({ serviceWorkers: 'block' });
  await other.route('**/part-*.js', async (route) => {
    const response = await route.fetch();
    if ((await response.text()).includes('jax-js found no WebGPU')) await route.abort();
    else await route.fulfill({ response });
  });
  await other.goto(`${site.url}suite.html#cases=conv+1x1+s1+N16+C64+16x16+dgrad&peers=jax`);
  await other.getByRole('button', { name: 'Run' }).click();
  await has(/^1 of 1 cases\.$/, other);
  assert.match(
    await other.locator('.beside tbody tr').first().innerText(),
    /dgrad.* ms.*it does not start: Failed to fetch/s,
  );
  await other.close();
});

test('training steps are timed, without a kernel too', async () => {
  const other = await site.newPage();
  await other.goto(`${site.url}suite.html#cases=none&train=train+small+CNN+28x28x1+B32`);
  await has(/^1 cases\.$/, other);
  await other.getByRole('button', { name: 'Run' }).click();
  await has(/^1 of 1 cases\.$/, other);
  const { rows, sideBySide } = JSON.parse(await downloaded('Download JSON', other)) as Report;
  assert.equal([rows, sideBySide?.map(({ name, group }) => [name, group])], [[], [[TRAINED, 'training']]]);
  await other.close();
});

test('all results of the repository are listed, and can be compared', async () => {
  const names = await page.locator('.all tbody th a').allInnerTexts();
  assert.ok(names.includes('SwiftShader driver 5.0.0'), `${names}`);
  await page.getByRole('group', { name: 'Before' }).getByRole('combobox').selectOption({ index: 1 });
  await page.getByRole('group', { name: 'After' }).getByRole('combobox').selectOption({ index: 1 });
  await page.locator('.mean').filter({ hasText: 'takes 1.00 times as long' }).waitFor();
});

test('two reports are compared case by case', async () => {
  const slower = { ...report, rows: report.rows.map((row, i) => ({ ...row, median: row.median * (i === 0 ? 8 : 1) })) };
  const give = (label: string, own: Report) =>
    page
      .getByRole('group', { name: label })
      .getByLabel('or a JSON file')
      .setInputFiles({
        ...{ name: `${label}.json`, mimeType: 'application/json' },
        buffer: Buffer.from(JSON.stringify(own)),
      });
  await give('Before', report);
  await give('After', slower);
  const words = page.locator('.compared tbody td:last-child');
  await words.first().waitFor();
  const [first, second] = await words.allInnerTexts();
  assert.match(first!, /^slower by 700\.0 % /);
  assert.match(second!, /^no difference shown \(\+0\.0 %, /);
  assert.match(await page.locator('.mean').innerText(), /^Over 2 cases, the second takes 2\.83 times as long/);
});

test.run();
