// Serves the pages of bench/web with live reload: a changed page loads again, and a saved kernel module is sent to the page.
import { createReadStream, existsSync, readFileSync, watch } from 'node:fs';
import { request as ask, createServer } from 'node:http';
import { extname, join } from 'node:path';
import { filesBelow } from '../../src/build/files.mjs';
import { entriesOf, filesBeside, htmlOf, POLICY, readPages, serverBundler, textsBeside } from './site.mjs';

/** Of files beside the bundles. */
const TYPES = { '.json': 'application/json', '.wasm': 'application/wasm' };

/** Editors write a file in several steps. */
const SETTLED = 30;

/** Modules are bundled as they were at the start and not watched: what is saved later is an edit. */
const shippedModules = {
  name: 'shipped-modules',
  setup({ onResolve, onLoad }) {
    const texts = new Map();
    onResolve({ filter: /kernels\/.*\.wgsl$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path),
      namespace: 'shipped',
    }));
    onLoad({ filter: /.*/, namespace: 'shipped' }, ({ path }) => {
      if (!texts.has(path)) texts.set(path, readFileSync(path, 'utf8'));
      return { contents: texts.get(path), loader: 'text' };
    });
  },
};

/** Starts the server; returns its address and how to end it. */
export async function serveSite({ port = 0, host = '127.0.0.1', kernels = 'kernels' } = {}) {
  const pages = await readPages();
  const context = await serverBundler(pages, 'out/web', [shippedModules]);
  await context.watch();
  const inner = await context.serve({ host: '127.0.0.1', port: 0 });
  const files = filesOf(pages);
  const saves = watchModules(kernels);
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    const page = pages.find(({ file }) => path === `/${file}` || (path === '/' && file === 'index.html'));
    const beside = filesBeside()[path.slice(1)];
    // A worker has the policy of its own script's answer.
    response.setHeader('content-security-policy', POLICY);
    const send = (type, text) => response.writeHead(200, { 'content-type': type }).end(text);
    if (page) send('text/html', htmlOf(page, files, { live: 'live.js' }));
    else if (path === '/live.js') send('text/javascript', LIVE);
    else if (path === '/saved') saves.follow(request, response);
    else if (path.endsWith('/index.json'))
      textsBeside().then(
        (texts) => {
          const text = texts[path.slice(1)];
          if (text) send('application/json', text);
          else response.writeHead(404).end();
        },
        (error) => response.writeHead(500).end(error.message),
      );
    else if (beside)
      createReadStream(beside).pipe(
        response.writeHead(200, { 'content-type': TYPES[extname(beside)] ?? 'application/octet-stream' }),
      );
    else forward(inner, request, response);
  });
  await new Promise((listening, failed) => server.on('error', failed).listen(port, host, listening));
  return {
    url: `http://localhost:${server.address().port}/`,
    async close() {
      saves.close();
      await context.dispose();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The names of bundles that are named after their sources. */
const filesOf = (pages) =>
  Object.fromEntries(
    entriesOf(pages).map((entry) => [entry.out, `${entry.out}.${entry.in.endsWith('.css') ? 'css' : 'js'}`]),
  );

/** In a page that is served: loads it again when its own files change, and hands it modules as they are saved. */
const LIVE = `
new EventSource('esbuild').addEventListener('change', () => location.reload());
new EventSource('saved').addEventListener('message', ({ data }) =>
  dispatchEvent(new CustomEvent('kernel-saved', { detail: JSON.parse(data) })));
`;

/** Tells all who follow of each module that is saved with another text. */
function watchModules(folder) {
  const read = (path) => (existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8') : undefined);
  const texts = new Map(filesBelow(folder, '.wgsl').map((path) => [path, read(path)]));
  const followers = new Set();
  const look = (path) => {
    const text = read(path);
    if (text === undefined || text === '' || text === texts.get(path)) return;
    texts.set(path, text);
    for (const response of followers) response.write(`data: ${JSON.stringify({ [path]: text })}\n\n`);
  };
  // A watcher a folder: Node's own recursion on Linux watches files, and loses one that an editor replaces.
  const families = new Set([...texts.keys()].map((path) => path.slice(0, path.lastIndexOf('/'))));
  const watchers = [...families].map((family) =>
    watch(join(folder, family), (_event, name) => {
      if (name?.endsWith('.wgsl')) setTimeout(look, SETTLED, `${family}/${name}`);
    }),
  );
  return {
    follow(request, response) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write('\n');
      followers.add(response);
      request.on('close', () => followers.delete(response));
    },
    close() {
      for (const watcher of watchers) watcher.close();
    },
  };
}

function forward({ port }, request, response) {
  const { method, url, headers } = request;
  const asked = ask({ host: '127.0.0.1', port, path: url, method, headers }, (answer) => {
    answer.pipe(response.writeHead(answer.statusCode, answer.headers));
  });
  asked.on('error', () => response.writeHead(502).end());
  response.on('close', () => asked.destroy());
  request.pipe(asked);
}
