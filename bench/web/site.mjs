// The pages of bench/web as a site: what is bundled, the HTML around it, and what lets it work without a network.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundle, bundler, commit, importTypeScript, portable } from '../../src/build/bundle.mjs';
import { filesBelow } from '../../src/build/files.mjs';

const SOURCES = 'bench/web';
const GOLDEN = 'test/golden';
const RESULTS = 'bench/results';
/** Bytes of a page's JavaScript, compressed, its worker among them. */
const MOST_SCRIPT = 300e3;
/** Whole runs, which no single kernel's check needs. */
const NOT_OF_KERNELS = /^(model|s_dbw|state_dict|trajectory)/;

/** No script but the site's own, compiled WebAssembly among them, and nothing from or to another origin. */
export const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** What engines that the suite compares with fetch for themselves: where a site has it, by the path of the file. */
const WASM = 'ort-wasm-simd-threaded.asyncify.wasm';
const FETCHED = { [`onnxruntime/${WASM}`]: join('node_modules/onnxruntime-web/dist', WASM) };
/** Engines that are loaded when they are asked for. */
const PEERS = 'bench/peers/';

export const readPages = async () => (await importTypeScript(`${SOURCES}/shell/pages.ts`)).pages;

/** What is bundled of all pages, and the names of the bundles. */
export const entriesOf = (pages) => [
  { in: `${SOURCES}/shell/style.css`, out: 'style' },
  ...pages.flatMap(({ name }) => {
    const parts = readdirSync(join(SOURCES, name)).filter((file) => /^(main\.tsx|worker\.ts|style\.css)$/.test(file));
    return parts.map((file) => ({ in: join(SOURCES, name, file), out: `${name}-${file.split('.')[0]}` }));
  }),
];

/** Settings of the bundle of all pages, whose parts are shared between them. */
const settings = (pages, { outdir, minify }) => ({
  entryPoints: entriesOf(pages),
  ...{ ...portable, outdir, minify, splitting: true, metafile: true },
  ...{
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { 'process.env.NODE_ENV': '"production"', 'process.env.COMMIT': JSON.stringify(commit()) },
  },
});

/** The HTML of a page; `files` are the names of its bundles by their names in the settings. */
export function htmlOf(page, files, { offline, live } = {}) {
  const data = [
    files[`${page.name}-worker`] && `data-worker="${files[`${page.name}-worker`]}"`,
    offline && `data-offline="${offline}"`,
  ];
  const styles = [files.style, files[`${page.name}-style`]].filter(Boolean);
  const scripts = [files[`${page.name}-main`], live].filter(Boolean);
  return [
    '<!doctype html>',
    `<${['html lang="en"', ...data.filter(Boolean)].join(' ')}>`,
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${page.title} · coin-webgpu</title>`,
    `<meta name="description" content="${page.description}">`,
    '<link rel="icon" href="data:,">',
    ...styles.map((file) => `<link rel="stylesheet" href="${file}">`),
    ...scripts.map((file) => `<script type="module" src="${file}"></script>`),
    '<body><div id="app"></div><noscript>These pages run WebGPU programs, which needs JavaScript.</noscript>',
    '',
  ].join('\n');
}

/** The golden cases of single ops by op, as files that pages fetch where they check a kernel of it. */
export function goldenListing() {
  const listing = {};
  for (const file of filesBelow(GOLDEN, '.safetensors')) {
    if (file.includes('/') || NOT_OF_KERNELS.test(file)) continue;
    const op = file.replace(/-\d+\.safetensors$/, '');
    listing[op] = [...(listing[op] ?? []), file];
  }
  return listing;
}

/** Files beside the bundles: by their path in the site, the path of the file. */
export const filesBeside = () => ({
  ...FETCHED,
  ...Object.fromEntries(
    Object.values(goldenListing())
      .flat()
      .map((file) => [`golden/${file}`, join(GOLDEN, file)]),
  ),
  ...Object.fromEntries(filesBelow(RESULTS, '.json').map((file) => [`results/${file}`, join(RESULTS, file)])),
});

/** Texts that are made of such files, by their path in the site. */
export async function textsBeside() {
  const { summariseReport } = await importTypeScript('src/bench/result_summary.ts');
  const reports = filesBelow(RESULTS, '.json').map((file) =>
    summariseReport(file, JSON.parse(readFileSync(join(RESULTS, file), 'utf8'))),
  );
  const newest = reports.sort((a, b) => b.date.localeCompare(a.date));
  return { 'golden/index.json': JSON.stringify(goldenListing()), 'results/index.json': JSON.stringify(newest) };
}

/** A bundler of all pages that keeps names as they are, for a server. */
export const serverBundler = (pages, outdir, plugins) =>
  bundler({ ...settings(pages, { outdir, minify: false }), sourcemap: 'linked', write: false, plugins });

/** Writes the site, and returns the compressed bytes of each page's scripts. Throws where a page has more than it may. */
export async function buildSite(outdir) {
  rmSync(outdir, { recursive: true, force: true });
  const pages = await readPages();
  const { metafile } = await bundle({
    ...settings(pages, { outdir, minify: true }),
    ...{ entryNames: '[name]-[hash]', chunkNames: 'part-[hash]' },
  });
  const files = {};
  for (const path of Object.keys(metafile.outputs)) {
    const [, name] = /^(.*)-\w+\.(?:js|css)$/.exec(basename(path)) ?? [];
    if (metafile.outputs[path].entryPoint) files[name] = basename(path);
  }
  const write = (path, text) => {
    mkdirSync(dirname(join(outdir, path)), { recursive: true });
    writeFileSync(join(outdir, path), text);
  };
  for (const [path, file] of Object.entries(filesBeside())) write(path, readFileSync(file));
  for (const [path, text] of Object.entries(await textsBeside())) write(path, text);
  for (const page of pages) write(page.file, htmlOf(page, files, { offline: 'offline.js' }));
  write('offline.js', offlineScript(outdir, metafile));
  return pages.map(({ name, title }) => ({ title, bytes: scriptBytes(metafile, name) }));
}

/** A service worker with the names of all files that the pages themselves are made of; it keeps others as they are fetched. */
function offlineScript(outdir, { outputs }) {
  const isEntry = (path) => outputs[path].entryPoint && !outputs[path].entryPoint.startsWith(PEERS);
  const bundles = reached(outputs, Object.keys(outputs).filter(isEntry)).map((path) => basename(path));
  const files = [...bundles, 'results/index.json', ...filesBelow(outdir, '.html')].sort();
  const hash = createHash('sha256');
  for (const path of files) hash.update(readFileSync(join(outdir, path)));
  const text = readFileSync(join(SOURCES, 'offline.js'), 'utf8');
  const version = hash.digest('hex').slice(0, 16);
  return `const VERSION = '${version}';\nconst FILES = ${JSON.stringify(files)};\n${text}`;
}

/** The outputs that are loaded at once with some. */
function reached(outputs, entries) {
  const seen = new Set();
  const visit = (path) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { path: other, kind } of outputs[path].imports)
      if (outputs[other] && kind !== 'dynamic-import') visit(other);
  };
  for (const path of entries) visit(path);
  return [...seen];
}

/** Of what a page and its worker load at once. */
function scriptBytes({ outputs }, name) {
  const entries = Object.keys(outputs).filter((path) => basename(path).startsWith(`${name}-`) && path.endsWith('.js'));
  const scripts = reached(outputs, entries);
  const bytes = scripts.reduce((sum, path) => sum + gzipSync(readFileSync(path), { level: 9 }).length, 0);
  if (bytes > MOST_SCRIPT)
    throw new Error(
      `the page ${name} has ${kilobytes(bytes)} of scripts, more than the ${kilobytes(MOST_SCRIPT)} that a page may have`,
    );
  return bytes;
}

export const kilobytes = (bytes) => `${(bytes / 1e3).toFixed(0)} kB`;
