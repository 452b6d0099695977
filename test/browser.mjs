// Runs a bundle in a headless browser that has WebGPU and relays its console.
// The bundle finds its arguments in `globalThis.testPage.args` and ends by `globalThis.testPage.exit(code)`.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, resolve, sep } from 'node:path';
import { importTypeScript } from '../src/build/bundle.mjs';
import { MARK } from './watch.mjs';

const TYPES = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};
const ANSI = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/**
 * Loads a module in a headless browser and waits until it reports an exit code.
 *
 * @param {object} options
 * @param {string} options.entry the bundled module
 * @param {Record<string, string>} [options.routes] folders to serve, by URL prefix
 * @param {string[]} [options.args] what the module finds in `testPage.args`
 * @param {number} [options.timeout] seconds until the run counts as failed
 * @param {(line: string) => void} [options.print] takes each line of the page's console
 * @param {typeof import('./watch.mjs').watch} [options.watch] follows a run of tests and ends it where it hangs
 * @returns {Promise<number>} the exit code
 */
export async function runInBrowser({ entry, routes = {}, args = [], timeout = 600, print = console.log, watch }) {
  if (!existsSync(entry)) throw new Error(`${entry} does not exist: build it first.`);
  const server = await serve({ ...routes, '/entry.mjs': entry }, pageFor({ args, watched: watch !== undefined }));
  let browser;
  try {
    browser = await launch();
    const page = await browser.newPage();
    return await new Promise((resolve, reject) => {
      const watching = watch?.({ print, stop: () => resolve(1) });
      const done = (code) => resolve(watching ? watching.end(code) : code);
      const fail = (error) => (watching ? resolve(watching.end(error.message)) : reject(error));
      const timer = setTimeout(
        () => fail(new Error(`The page did not finish within ${timeout} seconds.`)),
        timeout * 1000,
      );
      timer.unref();
      const relay = joinMarks(print);
      page.on('console', (message) => {
        const text = message.text();
        if (text.startsWith(MARK)) watching?.hear(text.slice(MARK.length));
        else relay(text.replace(ANSI, '').trimEnd());
      });
      page.on('pageerror', (error) => fail(new Error(`The page failed: ${error.message}`, { cause: error })));
      page.on('crash', () => fail(new Error('The page crashed.')));
      page
        .exposeFunction('reportExit', done)
        .then(() => page.goto(server.url, { waitUntil: 'commit' }), fail)
        .catch(fail);
    });
  } finally {
    await browser?.close();
    await server.close();
  }
}

/** A page prints each test's mark as a message of its own; this joins them into the lines they are in a terminal. */
function joinMarks(print) {
  let marks = '';
  return (text) => {
    if (/^[•✘]$/.test(text)) {
      marks += `${text} `;
      return;
    }
    print(marks + text);
    marks = '';
  };
}

/** Chromium's headless shell from npm, as a Playwright browser. */
export async function launch() {
  const { launchChromium } = await importTypeScript('src/gpu/remote/chromium.node.ts');
  return launchChromium();
}

function pageFor(settings) {
  const text = JSON.stringify(settings).replaceAll('<', '\\u003c');
  return `<!doctype html><meta charset="utf-8"><title>coin-webgpu</title><link rel="icon" href="data:,">
<script>globalThis.testPage = { ...${text}, exit: (code) => reportExit(code) };</script>
<script type="module" src="/entry.mjs"></script>`;
}

/** Serves `page` as / and each route's file or folder below its prefix, on a free port of localhost, each with the headers. */
export async function serve(routes, page, headers = {}) {
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    if (path === '/') {
      response.writeHead(200, { 'content-type': TYPES['.html'] }).end(page);
      return;
    }
    const file = locate(routes, path);
    if (file === undefined) {
      response.writeHead(404).end(`${path} is not served`);
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://localhost:${server.address().port}/`,
    close: () =>
      new Promise((closed) => {
        server.close(closed);
        server.closeAllConnections();
      }),
  };
}

function locate(routes, path) {
  for (const [prefix, root] of Object.entries(routes)) {
    const isFile = path === prefix;
    if (!isFile && !path.startsWith(`${prefix.replace(/\/$/, '')}/`)) continue;
    const base = resolve(root);
    const file = isFile ? base : normalize(join(base, path.slice(prefix.length)));
    const isInside = file === base || file.startsWith(base + sep);
    if (isInside && existsSync(file) && statSync(file).isFile()) return file;
  }
  return undefined;
}
