import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { assert, suite } from '../harness.ts';

const test = suite('the build as a whole');

let copy = '';
test.before(async () => {
  copy = await mkdtemp(join(tmpdir(), 'coin-'));
  for (const path of ['src', 'kernels', 'bin', 'build.mjs', 'package.json', 'tsconfig.json'])
    await cp(path, join(copy, path), { recursive: true });
});
test.after(() => rm(copy, { recursive: true }));

/** Runs a program of the copy, as npm does for the lifecycle event if one is given. */
function run(args: readonly string[], event?: string) {
  const env = { ...process.env, npm_lifecycle_event: event };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, env, encoding: 'utf8' });
  const output = `${stdout}${stderr}`;
  assert.not.match(output, /^\s+at /m);
  return { status, output };
}

test('without development dependencies nothing is built, and what to do is said in a sentence', () => {
  const needs = 'error: a build needs the development dependencies: run npm ci without leaving them out (--omit=dev)\n';
  assert.equal(run(['build.mjs'], 'build'), { status: 1, output: needs });
  assert.equal(run(['build.mjs', '--tests'], 'test'), { status: 1, output: needs });
  const note = 'note: nothing is built, since the development dependencies were left out.\n';
  assert.equal(run(['build.mjs'], 'prepare'), { status: 0, output: note });
  const start = 'error: coin is not built yet: run npm ci with development dependencies, then npm run build.\n';
  assert.equal(run(['bin/coin.mjs', 'demo']), { status: 1, output: start });
});

test("a kernel's binding of another name fails it, where the op that launches the kernel gives the old one", async () => {
  await symlink(resolve('node_modules'), join(copy, 'node_modules'));
  const path = join(copy, 'kernels', 'softmax', 'backward.wgsl');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replaceAll(/\bdy\b/g, 'upstream'));
  await mkdir(join(copy, 'dist'));
  const { status, output } = run(['build.mjs']);
  assert.is(status, 1, output);
  assert.match(output, /^src\/ops\/softmax\.ts\(\d+,\d+\): error .*dy/m);
  assert.match(output, /^error: the types do not fit/m);
});
