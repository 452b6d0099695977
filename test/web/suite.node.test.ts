// The suite page: two cases run, downloaded, and compared with themselves made slower.
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import type { Report } from '../../src/bench/report.ts';
import { assert, suite } from '../harness.ts';
import { openSite, type Site } from './site.ts';

const test = suite('suite page');

const CASES = ['conv 1x1 s1 N16 C64 16x16 K128 dgrad', 'conv 1x1 s1 N16 C64 16x16 K128 wgrad'];

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

const has = (status: RegExp) =>
  page.locator('.status[data-state="done"]').filter({ hasText: status }).waitFor({ timeout: 30_000 });

async function downloaded(button: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button }).click(),
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

test('two reports are compared case by case', async () => {
  const slower = { ...report, rows: report.rows.map((row, i) => ({ ...row, median: row.median * (i === 0 ? 8 : 1) })) };
  const give = (label: string, own: Report) =>
    page.getByLabel(label).setInputFiles({
      ...{ name: `${label}.json`, mimeType: 'application/json' },
      buffer: Buffer.from(JSON.stringify(own)),
    });
  await give('Before', report);
  await give('After', slower);
  const words = page.locator('.compared tbody td:last-child');
  await words.first().waitFor();
  const [first, second] = await words.allInnerTexts();
  assert.match(first!, /^slower by 700\.0 ± /);
  assert.match(second!, /^no difference shown \(\+0\.0 ± /);
  assert.match(await page.locator('.mean').innerText(), /^Over 2 cases, the second takes 2\.83 times as long/);
});

test.run();
