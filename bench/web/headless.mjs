// The suite page as a program: the built site in headless Chromium, its run told line by line, its report as files.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importTypeScript } from '../../src/build/bundle.mjs';
import { launch, serve } from '../../test/browser.mjs';
import { buildSite, POLICY } from './site.mjs';

/** Milliseconds between two looks at a run. */
const LOOK = 500;

/**
 * The built site below a path, and a headless Chromium. All answers have the site's policy: a worker has that of the answer which
 * brings its script, not its page's.
 */
export async function openSite() {
  const folder = mkdtempSync(join(tmpdir(), 'site-'));
  const [, browser] = await Promise.all([buildSite(folder), launch()]);
  const server = await serve({ '/some/path': folder }, '', { 'content-security-policy': POLICY });
  return {
    browser,
    /** Of the folder that the pages are in. */
    url: `${server.url}some/path/`,
    async close() {
      await browser.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Runs the suite page and prints its status as it changes; what it downloads is written to `out` with `.json` and `.md`.
 *
 * @param {{ cases: string, peers: string, train: string, out?: string | undefined }} options
 */
export async function runSuitePage({ cases, peers, train, out }) {
  const { choiceOf } = await importTypeScript('bench/web/suite/headless.node.ts');
  const address = choiceOf({ cases, peers, train });
  const { browser, url, close } = await openSite();
  try {
    const page = await browser.newPage();
    await page.goto(`${url}suite.html#${address}`);
    await page.getByRole('button', { name: 'Run' }).click({ timeout: 60_000 });
    await follow(page);
    const [json, markdown] = [await downloaded(page, 'Download JSON'), await downloaded(page, 'Download Markdown')];
    console.log(markdown);
    if (!out) return;
    writeFileSync(`${out}.json`, json);
    writeFileSync(`${out}.md`, markdown);
    console.error(`written: ${out}.json and .md`);
  } finally {
    await close();
  }
}

/** Prints the status as it changes, until the run ends. Throws what the page has to say against it. */
async function follow(page) {
  const status = page.locator('.status[data-state]');
  for (let said = ''; ; await page.waitForTimeout(LOOK)) {
    const [text, state] = [await status.innerText(), await status.getAttribute('data-state')];
    if (text !== said) console.error(text);
    said = text;
    const mistakes = await page.locator('.mistake, .banner, .missing').allInnerTexts();
    if (mistakes.length > 0) throw new Error(mistakes.join(' '));
    if (state === 'done') return;
  }
}

async function downloaded(page, button) {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button }).click(),
  ]);
  return readFile(await download.path(), 'utf8');
}
