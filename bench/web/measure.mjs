// How quick the workbench is, as a person meets it: the built page in a headless Chromium.
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { importTypeScript } from '../../src/build/bundle.mjs';
import { openSite } from './headless.mjs';

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

/** A kernel whose second loop is twice as long as its first. */
const LOOPS = {
  kernel: 'elementwise/relu',
  path: 'elementwise/relu.wgsl',
  bench: 'map 8192',
  line: 'y[i] = relu(x[i]);',
  turns: [60, 120],
};

/** By how much the line of a loop that is twice as long as another costs more, in the page's worker, so many times. */
export async function measureAblation({ times = 10 } = {}) {
  const { kernel, path, bench, line, turns } = LOOPS;
  const shipped = readFileSync(`kernels/${path}`, 'utf8');
  const loops = turns.map((count) => `for (var k = 0u; k < ${count}u; k++) { v = v * 0.999 + f32(params.vec4s); }`);
  const text = shipped.replace(line, ['var v = x[i];', ...loops, 'y[i] = v;'].join('\n  '));
  const lines = loops.map((loop) => text.split('\n').indexOf(`  ${loop}`) + 1);
  return withPage({ kernel, bench }, async (page) => {
    const measured = [];
    for (let turn = 0; turn < times; turn++) {
      const argument = { kernel, bench, path, edits: { [path]: text }, constants: {} };
      const start = performance.now();
      const [ablation] = await page.evaluate(askWorker, { name: 'ablate', argument });
      const costs = lines.map((own) => ablation.lines.find((cost) => cost.line === own)?.share ?? 0);
      measured.push({ ratio: costs[1] / costs[0], seconds: (performance.now() - start) / 1e3, load: loadavg()[0] });
    }
    return measured;
  });
}

/** In the page: what a worker of its own answers. */
function askWorker({ name, argument }) {
  globalThis.asked ??= new Worker(document.documentElement.dataset.worker, { type: 'module' });
  const worker = globalThis.asked;
  const parts = [];
  return new Promise((resolve, reject) => {
    const ask = () => worker.postMessage({ kind: 'ask', id: 1, name, argument });
    worker.onmessage = ({ data }) => {
      if (data.kind === 'ready') ask();
      else if (data.kind === 'part') parts.push(data.value);
      else if (data.kind === 'end' && data.error === undefined) resolve(parts);
      else reject(new Error(data.error ?? data.message));
    };
    if (globalThis.isAsked) ask();
    globalThis.isAsked = true;
  });
}

/** Opens the workbench in a state, waits until it is ready, and closes all behind what is done there. */
async function withPage(state, action) {
  const { encodeState } = await importTypeScript('src/workbench/state.ts');
  const site = await openSite();
  try {
    const page = await site.browser.newPage();
    await page.goto(`${site.url}index.html#${await encodeState(state)}`);
    await page
      .locator('.verdict')
      .filter({ hasText: /^Ready$/ })
      .waitFor({ timeout: PATIENCE });
    return await action(page);
  } finally {
    await site.close();
  }
}
