import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentOf, embeddedWeights, find } from '../../src/cli/contents.ts';
import { hashOf } from '../../src/cli/setup.ts';
import { IDX_FILES } from '../../src/data/fashion_mnist.ts';
import type { Cell } from '../../src/reproduce/cell.ts';
import { assert, suite } from '../harness.ts';
import { writeCorners } from './corner_data.ts';

const test = suite('contents');

let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
});
test.after(() => rm(folder, { recursive: true }));

test('a data set is named by its images and labels, wherever it lies', async () => {
  const one = await writeCorners(join(folder, 'one'));
  const other = join(folder, 'other');
  await cp(one, other, { recursive: true });
  const content = await contentOf(one);
  assert.match(content, /^[0-9a-f]{64}$/);
  assert.is(await contentOf(other), content);
  const files = [IDX_FILES.train, IDX_FILES.test].flatMap(({ images, labels }) => [images, labels]);
  const others = [];
  for (const name of files) {
    const changed = join(folder, `another ${name}`);
    await cp(one, changed, { recursive: true });
    const bytes = await readFile(join(changed, name));
    bytes[bytes.length - 1] = bytes.at(-1) === 0 ? 1 : 0;
    await writeFile(join(changed, name), bytes);
    others.push(await contentOf(changed));
  }
  assert.is(new Set([content, ...others]).size, 5);
});

test('what a cell needs is found by what it holds, or told with where was looked', async () => {
  const data = await writeCorners(join(folder, 'sets', 'cifar10'), 18);
  const wrong = await writeCorners(join(folder, 'wrong'), 9);
  const weights = join(folder, 'weights');
  await mkdir(weights);
  await writeFile(join(weights, 'moco.pth'), 'those');
  await writeFile(join(weights, 'other.pth'), 'others');
  const cell: Cell = {
    settings: {},
    data: { name: 'cifar10', sha256: await contentOf(data) },
    weights: { name: 'moco.pth', sha256: await hashOf(join(weights, 'moco.pth')) },
  };
  const found = { data, weights: join(weights, 'moco.pth') };
  assert.equal(await find(cell, { data: [wrong, join(folder, 'sets')], weights: [weights] }), found);
  assert.equal(await find(cell, { data: [data], weights: [join(weights, 'moco.pth')] }), found);
  // Under another name, too.
  await rename(join(weights, 'moco.pth'), join(weights, 'another.pth'));
  assert.equal(await find(cell, { data: [data], weights: [weights] }), { data, weights: join(weights, 'another.pth') });

  const { missing } = (await find(cell, { data: [wrong], weights: [join(weights, 'other.pth')] })) as {
    missing: string;
  };
  assert.is(
    missing,
    `CIFAR-10 (SHA-256 ${cell.data.sha256.slice(0, 12)}…; ${join(wrong, 'cifar10')} is not there, ${wrong} holds another) and ` +
      `moco.pth (SHA-256 ${cell.weights?.sha256.slice(0, 12)}…; ${embeddedWeights()} holds another, ${join(weights, 'other.pth')} holds another)`,
  );
});

test('what is embedded is there without being named', async () => {
  const embedded: Cell = {
    settings: {},
    data: { name: 'embedded', sha256: await contentOf() },
    weights: { name: 'simclr.safetensors', sha256: await hashOf(embeddedWeights()) },
  };
  assert.equal(await find(embedded, { data: [], weights: [] }), { weights: embeddedWeights() });
  const { missing } = (await find(
    { ...embedded, data: { name: 'embedded', sha256: '0'.repeat(64) } },
    { data: [], weights: [] },
  )) as { missing: string };
  assert.is(missing, 'Fashion-MNIST, a part (SHA-256 000000000000…; the embedded one is another)');
});

test.run();
