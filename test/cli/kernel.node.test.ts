import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as kernels from '../../src/gpu/kernel/generated/kernels.ts';
import { modules } from '../../src/gpu/kernel/generated/modules.ts';
import { createLibrary } from '../../src/gpu/kernel/library.ts';
import { assert, suite } from '../harness.ts';
import { coin } from './coin.ts';

const test = suite('coin kernel');

let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
  await cp('kernels', join(folder, 'kernels'), { recursive: true });
});
test.after(() => rm(folder, { recursive: true }));

/** As editors save: a new file in the place of the old one. */
async function save(path: string, text: string): Promise<void> {
  const file = join(folder, 'kernels', path);
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

test('lists every kernel, by itself what a kernel is made of', async () => {
  const all = await coin('kernel');
  assert.is(all.code, 0);
  for (const name of Object.keys(kernels)) assert.match(all.stdout, new RegExp(`^${name} `, 'm'));
  assert.match(
    all.stdout,
    new RegExp(`${Object.keys(kernels).length} kernels of ${Object.keys(modules).length} modules`),
  );
  const family = await coin('kernel', 'conv2d');
  assert.match(
    family.stdout,
    /^conv2d\/forward_tile_moments +conv2d\/forward \(body=tile MOMENTS\): .*gemm\/tile .*gemm\/moments$/m,
  );
  assert.not.match(family.stdout, /^matmul/m);
});

test('prints the text that programs compile', async () => {
  const { stdout } = await coin('kernel', 'conv2d/forward_tile');
  assert.is(stdout, createLibrary().textOf(kernels['conv2d/forward_tile']).text);
});

test('writes all texts, and tells which kernels differ from them after an edit', async () => {
  const texts = join(folder, 'texts');
  assert.match((await coin('kernel', '--write', texts)).stdout, /^\d+ kernels written/);
  assert.is(await readFile(join(texts, 'reduce/fill.wgsl'), 'utf8'), (await coin('kernel', 'reduce/fill')).stdout);
  assert.match(
    (await coin('kernel', '--compare', texts)).stdout,
    new RegExp(`^${Object.keys(kernels).length} kernels with \\d+ declarations compared, 0 differ$`, 'm'),
  );
  await save('reduce/fill.wgsl', modules['reduce/fill.wgsl']!.replace('params.factor *', '2.0 * params.factor *'));
  const { code, stdout } = await coin('kernel', '--compare', texts, '--modules', join(folder, 'kernels'));
  assert.is(code, 1);
  assert.match(stdout, /^reduce\/fill: map$/m);
  assert.match(stdout, /1 differ$/m);
  await save('reduce/fill.wgsl', modules['reduce/fill.wgsl']!);
});

test('what cannot be done is one sentence', async () => {
  const refused: [args: string[], message: RegExp][] = [
    [['spam'], /^error: There is no kernel "spam"; families are attention, .*\.$/m],
    [['tile'], /^error: There is no kernel "tile"; there are attention\/backward_kv_tile, .*conv2d\/dgrad_tile, /m],
    [['conv2d', '--watch'], /^error: --watch wants one kernel by its name/m],
    [['--compare', join(folder, 'none')], /^error: .*none.* cannot be read: it does not exist; check the path\.$/m],
    [['--modules', join(folder, 'none')], /^error: .*none cannot be read: it does not exist; check the path\.$/m],
  ];
  for (const [args, message] of refused) {
    const { code, stderr } = await coin('kernel', ...args);
    assert.is(code, 1, args.join(' '));
    assert.match(stderr, message);
    assert.is(stderr.trim().split('\n').length, 1, stderr);
  }
});

test('--watch judges each save: wrong, then right with times, then a mistake; an interrupt ends it', async () => {
  const child = spawn(process.execPath, [
    ...['dist/coin.js', 'kernel', 'elementwise/relu', '--watch', '--modules', join(folder, 'kernels')],
  ]);
  let output = '';
  let look = () => {};
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      look();
    });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const until = (pattern: RegExp) =>
    new Promise<void>((done, fail) => {
      const missing = () => fail(new Error(`${pattern} was not told, but:\n${output}`));
      const patience = setTimeout(missing, 60_000);
      ended.then(missing);
      look = () => {
        if (!pattern.test(output)) return;
        clearTimeout(patience);
        done();
      };
      look();
    });
  const path = 'elementwise/relu.wgsl';
  const source = modules[path]!;
  try {
    await until(/^watching .* for elementwise\/relu: 3 checks launch it, and its time is that of relu/m);
    await save(path, source.replace('relu(x[i])', 'relu(x[i] + 1.0)'));
    await until(/changes elementwise\/relu\n.*WRONG, so it is not timed:\n.*relu-\d+ \(default\): output\.y is off by/);
    assert.not.match(output, /→/);
    await save(path, source.replace('relu(x[i])', 'relu(x[i] * 1.0)'));
    await until(/right: 3 of 3 checks pass\n.*elementwise\/relu: .*; \S+ → \S+ ms, relu/);
    await save(path, source.replace('relu(x[i])', 'relu(x[j])'));
    await until(/kernels\/elementwise\/relu\.wgsl:\d+:\d+: unresolved value 'j'/);
    child.kill('SIGINT');
    assert.is(await ended, 0);
  } finally {
    child.kill();
  }
});

test.run();
