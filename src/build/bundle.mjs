// How sources become bundles: the two targets, and what esbuild needs to know about this project.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What stays in its packages: the native code that brings WebGPU to Node and decodes images there, and what drives browsers and makes queues, which few need. */
export const INSTALLED = ['webgpu', '@sparticuz/chromium', 'sharp', 'bullmq', 'ioredis', 'playwright-core'];

/** Settings of bundles for Node. */
export const node = {
  platform: 'node',
  target: 'node20',
  external: [...INSTALLED, 'commander', 'cli-progress', 'yaml', 'esbuild', 'vite'],
};
/** Settings of bundles for every runtime: esbuild then refuses imports of Node's modules, which keeps them portable. */
export const portable = { platform: 'browser', target: 'es2022' };

/** `import text from 'browser:./x.ts'` gives the minified script for a page, for files that carry their own script. */
export const browserText = {
  name: 'browser-text',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^browser:/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path.slice('browser:'.length)),
      namespace: 'browser-text',
    }));
    onLoad({ filter: /.*/, namespace: 'browser-text' }, async ({ path }) => {
      const result = await bundle({ entryPoints: [path], ...portable, format: 'iife', minify: true, write: false });
      return { contents: result.outputFiles[0].text, loader: 'text', watchFiles: [path] };
    });
  },
};

/** A portable bundle may name what is for Node alone behind an `import()` that it does not run elsewhere. */
export const nodeLater = {
  name: 'node-later',
  setup({ onResolve }) {
    onResolve({ filter: /(\/|\.)node\.ts$/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path, external: true } : null,
    );
  },
};

/** The commit that is checked out, marked where files differ from it; empty where there is no repository. */
export function commit() {
  try {
    const arguments_ = ['describe', '--always', '--dirty', '--exclude=*'];
    return execFileSync('git', arguments_, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

/** Whether what only a build needs is installed. */
export function canBuild() {
  try {
    return import.meta.resolve('esbuild') !== undefined;
  } catch {
    return false;
  }
}

/** esbuild with what all bundles have in common. */
async function prepared(options) {
  if (!canBuild())
    throw new Error('a build needs the development dependencies: run npm ci without leaving them out (--omit=dev)');
  const esbuild = await import('esbuild');
  const common = {
    bundle: true,
    format: 'esm',
    logLevel: 'warning',
    legalComments: 'none',
    loader: { '.wgsl': 'text' },
  };
  return { esbuild, settings: { ...common, plugins: [browserText], ...options } };
}

/** Bundles as one ES module; errors are printed by esbuild. */
export async function bundle(options) {
  const { esbuild, settings } = await prepared(options);
  return esbuild.build(settings);
}

/** A bundle that is made several times, which reads again only what has changed. */
export async function bundler(options) {
  const { esbuild, settings } = await prepared(options);
  return esbuild.context(settings);
}

/** Settings of a bundle of test files: each is loaded by its own import(), so that one that fails does not hide the others. */
export function ofTests(paths, outfile) {
  const contents = [
    "import { runTests } from './harness.ts';",
    'await runTests([',
    ...paths.map((path) => `  ['test/${path}', () => import('./${path}')],`),
    ']);',
  ].join('\n');
  return { stdin: { contents, resolveDir: 'test', loader: 'ts' }, outfile, sourcemap: 'inline' };
}

/** Leaves imports between this project's own modules as they are, but for their endings. */
const apart = {
  name: 'apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ kind, path }) =>
      kind === 'entry-point' ? null : { path: path.replace(/\.ts$/, '.js'), external: true },
    );
  },
};

/**
 * The library as a file a module, so that whoever bundles a part of it gets what that part uses and no more: side effects
 * are looked for by file. Returns the paths of the files.
 */
export async function buildLibrary(outdir) {
  const listing = { outdir, write: false, metafile: true };
  const bundles = [
    await bundle({ entryPoints: ['src/index.ts'], ...portable, ...listing }),
    await bundle({ entryPoints: ['src/node.ts'], ...node, ...listing }),
  ];
  const inputs = new Set(bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs)));
  const { metafile } = await bundle({
    entryPoints: [...inputs].filter((path) => path.startsWith('src/') && path.endsWith('.ts')),
    ...{ outdir, outbase: 'src', metafile: true },
    ...{ ...node, target: portable.target, plugins: [apart, browserText] },
  });
  return Object.keys(metafile.outputs);
}

/** Imports a TypeScript module of this project into a program that Node runs without a build. */
export async function importTypeScript(path) {
  const outfile = join('out', 'build', `${path.replace(/\W/g, '_')}.${process.pid}.mjs`);
  await bundle({ entryPoints: [path], outfile, ...node, packages: 'external' });
  try {
    return await import(pathToFileURL(resolve(outfile)).href);
  } finally {
    rmSync(outfile, { force: true });
  }
}
