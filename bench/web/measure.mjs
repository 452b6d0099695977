// How quick the workbench is, as a person meets it: the served page in a headless Chromium.
import { loadavg } from 'node:os';
import { importTypeScript } from '../../src/build/bundle.mjs';
import { serveSite } from './serve.mjs';

/** Milliseconds until a verdict, and after a verdict until the checks behind it are through, on a machine that is busy too. */
const PATIENCE = 120e3;

/**
 * Types a letter into a comment of a kernel's module, as often as that is asked for, and returns for each: milliseconds from the key
 * press to the verdict, the verdict, and the longest task of the page's main thread from there until all is told.
 */
export async function measureVerdicts({ kernel = 'matmul/register', bench = 'matmul 256 NN', times = 5 } = {}) {
  return withPage({ kernel, bench }, async (page) => {
    const measured = [];
    for (let turn = 0; turn < times; turn++) {
      await page.locator('.verdict[data-state="done"]').waitFor({ timeout: PATIENCE });
      await page.locator('.cm-content').press('Control+Home');
      await page.keyboard.press('End');
      await page.evaluate(watchVerdict);
      await page.keyboard.type('x');
      measured.push({ ...(await page.evaluate(() => globalThis.watched)), load: loadavg()[0] });
    }
    return measured;
  });
}

/** In the page: begins at the next key press. */
function watchVerdict() {
  globalThis.watched = new Promise((resolve) => {
    const tasks = [];
    const observer = new PerformanceObserver((list) =>
      tasks.push(...list.getEntries().map(({ duration }) => duration)),
    );
    observer.observe({ type: 'longtask' });
    const begin = ({ timeStamp }) => {
      let first;
      let isBegun = false;
      const look = () => {
        const { textContent, dataset } = document.querySelector('.verdict');
        isBegun ||= dataset.state === 'running';
        const isVerdict = /^(Faster|Slower|No difference|It does not|It computes|It is right$)/.test(textContent);
        if (isBegun && isVerdict) first ??= { verdict: textContent, milliseconds: performance.now() - timeStamp };
        if (!isBegun || !first || dataset.state !== 'done') return;
        changes.disconnect();
        observer.disconnect();
        const { textContent: status } = document.querySelector('.status');
        resolve({ ...first, status, ended: performance.now() - timeStamp, longestTask: Math.max(0, ...tasks) });
      };
      const changes = new MutationObserver(look);
      changes.observe(document.querySelector('.results'), {
        subtree: true,
        childList: true,
        characterData: true,
        attributes: true,
      });
    };
    addEventListener('keydown', begin, { once: true, capture: true });
  });
}

/** Opens the workbench in a state, waits until it is ready, and closes all behind what is done there. */
async function withPage(state, action) {
  const { launchChromium } = await importTypeScript('src/gpu/remote/chromium.node.ts');
  const { encodeState } = await importTypeScript('src/workbench/state.ts');
  const [server, browser] = await Promise.all([serveSite(), launchChromium()]);
  try {
    const page = await browser.newPage();
    if (process.env.LOG) page.on('console', (message) => console.log(message.text()));
    await page.goto(`${server.url}#${await encodeState(state)}`);
    await page
      .locator('.verdict')
      .filter({ hasText: /^Ready$/ })
      .waitFor({ timeout: PATIENCE });
    return await action(page);
  } finally {
    await browser.close();
    await server.close();
  }
}
