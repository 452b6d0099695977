// Builds everything: kernels -> typed index, bundles for Node, Deno and browsers, type declarations, test bundles.
//   node build.mjs                  compose and index the kernels, then build dist/
//   node build.mjs --tests [PART]   build dist/ without types, and bundle the tests (those whose path contains PART) into out/
//   node build.mjs --kernels        only compose the kernels and write their typed index
//   node build.mjs --watch          rebuild dist/ on every change
// `--out DIR` puts test bundles elsewhere than out/.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  browserText,
  buildLibrary,
  bundle,
  canBuild,
  commit,
  INSTALLED,
  importTypeScript,
  node,
  nodeLater,
  ofTests,
  portable,
} from './src/build/bundle.mjs';
import { filesBelow, writeIfChanged } from './src/build/files.mjs';

process.chdir(dirname(fileURLToPath(import.meta.url)));

/**
 * Composes the kernels, compiles them unless the last build did so with the same compiler, and writes their typed index. What
 * is wrong with them fails the build at its end, or is only mentioned.
 */
async function prepareKernels({ lenient }) {
  const { indexKernels } = await importTypeScript('src/build/kernels.ts');
  const read = (path) => readFileSync(join('kernels', path), 'utf8');
  const modules = Object.fromEntries(filesBelow('kernels', '.wgsl').map((path) => [path, read(path)]));
  const stamp = join('out', 'build', 'compiled.sha256');
  const digest = createHash('sha256')
    .update(JSON.stringify([compilerVersion(), modules]))
    .digest('hex');
  const known = existsSync(stamp) && readFileSync(stamp, 'utf8') === digest;
  const compile = known ? undefined : await (await importTypeScript('src/build/compile.node.ts')).createCompiler();
  const { errors, ...generated } = await indexKernels(modules, compile);
  for (const [name, text] of Object.entries(generated)) writeIfChanged(`src/gpu/kernel/generated/${name}.ts`, text);
  if (errors.length === 0 && compile) writeIfChanged(stamp, digest);
  for (const error of errors) console.error(lenient ? `note: ${error}` : `error: ${error}`);
  if (errors.length > 0 && !lenient) process.exitCode = 1;
}

/** What compiles the kernels: another release may find other mistakes. Undefined where none is installed. */
function compilerVersion() {
  const path = join('node_modules', 'webgpu', 'package.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : undefined;
}

/** The command line in one file, which needs no package but what finds an adapter, decodes images and reaches a queue. */
const COMMANDS = {
  entryPoints: ['src/cli/main.ts'],
  outfile: 'dist/coin.js',
  ...node,
  external: INSTALLED,
  define: { 'process.env.COMMIT': JSON.stringify(commit()) },
  // Some packages are CommonJS and ask for Node's modules by `require`.
  banner: {
    js: "import { createRequire as requiring } from 'node:module';\nconst require = requiring(import.meta.url);",
  },
};

async function buildProducts() {
  await bundle(COMMANDS);
  const written = new Set([COMMANDS.outfile, ...(await buildLibrary('dist'))]);
  for (const path of filesBelow('dist', '.js')) if (!written.has(`dist/${path}`)) rmSync(join('dist', path));
}

function buildTypes() {
  // They are checked too: a kernel whose names have changed no longer fits the ops that launch it.
  const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'src/build'], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the types do not fit, as told above; dist/types is not to be used');
}

/** One bundle a target. */
async function buildTests(part, out) {
  const files = filesBelow('test', '.test.ts').filter((path) => path.includes(part));
  if (files.length === 0) throw new Error(`no test file has "${part}" in its path`);
  await bundle({ ...ofTests(files, join(out, 'test.node.mjs')), ...node });
  const anywhere = files.filter((path) => !path.endsWith('.node.test.ts'));
  const plugins = [browserText, nodeLater];
  await bundle({ ...ofTests(anywhere, join(out, 'test.web.mjs')), ...portable, plugins });
  await bundle({ entryPoints: ['test/deno.ts'], outfile: join(out, 'deno.mjs'), ...node });
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kernels: { type: 'boolean' },
    out: { type: 'string', default: 'out' },
    tests: { type: 'boolean' },
    watch: { type: 'boolean' },
  },
});

async function main() {
  const part = positionals[0] ?? '';
  if (process.env.npm_lifecycle_event === 'prepare' && !canBuild()) {
    console.error('note: nothing is built, since the development dependencies were left out.');
    return;
  }
  // A build of selected tests goes on without the kernels that are broken, so that each can be repaired on its own.
  await prepareKernels({ lenient: flags.tests && part !== '' });
  if (flags.kernels) return;
  await buildProducts();
  if (flags.tests) return buildTests(part, flags.out);
  if (!flags.watch) buildTypes();
}

function fail(error) {
  // esbuild has already printed its own errors.
  if (!error.errors) console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

await main().catch(fail);

if (flags.watch) {
  let timer;
  const rebuild = () => main().then(() => console.error('built'), fail);
  const onChange = (_event, path) => {
    if (/generated|\.tmp$/.test(path ?? '')) return;
    clearTimeout(timer);
    timer = setTimeout(rebuild, 50);
  };
  for (const folder of ['kernels', 'src']) watch(folder, { recursive: true }, onChange);
  console.error('watching kernels and src');
}
