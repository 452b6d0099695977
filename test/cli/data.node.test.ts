import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { loadDataset } from '../../src/data/load.node.ts';
import { type Files, writeFolder } from '../data/archives.ts';
import { jpegOf, type Layout, layouts } from '../data/layouts.ts';
import { assert, suite } from '../harness.ts';
import { coinHere } from './in_process.ts';

const test = suite('commands of data');
const root = mkdtempSync(join(tmpdir(), 'coin-data-'));
const before = process.env.COIN_CACHE;
process.env.COIN_CACHE = join(root, 'cache');

/** PNGs of several sizes in two class folders: the left or the right half is bright. */
async function ownImages(count: number): Promise<Files> {
  const files: Record<string, Uint8Array> = {};
  for (const [c, name] of ['left', 'right'].entries())
    for (let i = 0; i < count; i++) {
      const [width, height] = [12 + (i % 5), 10 + (i % 3)];
      const pixels = Uint8Array.from({ length: width * height * 3 }, (_, at) =>
        Math.floor(at / 3) % width < width / 2 === (c === 0) ? 230 : 20 + i,
      );
      files[`${name}/${i}.png`] = await sharp(pixels, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer();
    }
  return files;
}

test('data tells what is there and what is damaged, and shows images of each class', async () => {
  const folder = writeFolder(join(root, 'own'), {
    ...(await ownImages(10)),
    'left/bad.jpg': (await jpegOf(0)).subarray(0, 200),
    'readme.txt': '',
  });
  const page = join(root, 'page.html');
  const { code, stdout } = await coinHere('data', folder, '--page', page);
  assert.is(code, 0);
  assert.equal(stdout.replaceAll(root, 'ROOT').split('\n').slice(0, -2), [
    'ROOT/own: a folder of class folders',
    '  2 classes: left, right',
    '  train: 17 images, 8 to 9 of each class',
    '  test: 3 images, 1 to 2 of each class',
    '  sizes as decoded (width × height): 12 × 10 to 16 × 12, medians 14 × 11; 0.0 MiB of pixels',
    '  There is no test split: 20 % of each class (at least one image) are chosen by the seed 0, and not trained on.',
    '  1 image that cannot be read:',
    '    left/bad.jpg: it is truncated',
  ]);
  const html = readFileSync(page, 'utf8');
  assert.match(html, /<th scope="row">left<small>9 images<\/small><\/th><td><img src="data:image\/png;base64,/);
  assert.is(html.match(/<img /g)?.length, 2);
});

test('train takes a folder of images, refuses damaged ones unless told to skip them, and tells what it chose', async () => {
  const args = [
    'train',
    '--data',
    join(root, 'own'),
    '--method',
    'ce-tuning',
    '--epochs',
    '1',
    '--batch',
    '8',
    '--width',
    '4',
  ];
  const more = [
    '--accumulate',
    '1',
    '--lr',
    '0.05',
    '--image-size',
    '16',
    '--evaluate-every',
    '8',
    '--crop-scale',
    '0.9',
  ];
  const out = join(root, 'run');
  const refused = await coinHere(...args, ...more, '--out', out);
  assert.is(refused.code, 1);
  assert.match(
    refused.stderr,
    /^error: .*own: 1 of 21 images cannot be read: left\/bad\.jpg \(it is truncated\); mend or remove them/m,
  );
  const { code, stdout, stderr } = await coinHere(...args, ...more, '--skip-bad', '--out', out);
  assert.is(code, 0, stderr);
  assert.match(stderr, /own: a folder of class folders; 2 classes, 17 images to train on, 3 images to test$/m);
  assert.match(stderr, /^ {2}1 image that cannot be read left out\.$/m);
  assert.match(stdout, /checkpoint: .*ce-tuning\.safetensors/);
  const weights = join(out, 'ce-tuning.safetensors');
  const evaluate = ['eval', '--weights', weights, '--data', join(root, 'own'), '--skip-bad'];
  const scored = await coinHere(...evaluate);
  const streamed = await coinHere(...evaluate, '--stream');
  assert.match(streamed.stderr, /^own \(test\): 0 MiB of pixels are brought to the GPU batch by batch\.$/m);
  assert.is(streamed.stdout, scored.stdout);
  assert.match(scored.stdout, /^top-1 {2}\d+\.\d\d % of 3 images/m);
});

const all = await layouts();
const named = (name: string) => all.find((layout) => layout.name === name) as Layout;
for (const name of ['Stanford Cars', 'Caltech-101', 'CIFAR-100, Python version', 'EMNIST letters, as IDX files'])
  test(`prepare copies ${name} to class folders that load to the same images`, async () => {
    const { files } = named(name);
    const folder = writeFolder(join(root, `from-${name}`), files);
    const out = join(root, `to-${name}`);
    const { code, stdout, stderr } = await coinHere('prepare', folder, '--out', out);
    assert.is(code, 0, stderr);
    assert.match(stdout, /; \d+ classes, \d+ images? to train on, \d+ images? to test$/m);
    const [source, copy] = [await loadDataset(folder), await loadDataset(out)];
    assert.equal(copy.format, 'a folder of class folders');
    for (const split of ['train', 'test'] as const) {
      // The order within a class, and channels of grey images, may be others.
      const sums = ({ pixels, channels, sizes, labels, classes }: (typeof copy)['train'], i: number) => {
        const bytes = sizes[2 * i]! * sizes[2 * i + 1]! * channels;
        const part = pixels.subarray(i * bytes, (i + 1) * bytes);
        const label = classes[labels[i]!]?.replace('/', '_');
        return `${label} ${part.reduce((sum, value) => sum + value, 0) / bytes}`;
      };
      const list = (set: typeof copy) => [...set[split].labels.keys()].map((i) => sums(set[split], i)).sort();
      assert.equal(list(copy), list(source));
    }
    const again = await coinHere('prepare', folder, '--out', out);
    assert.is(again.code, 1);
    assert.match(again.stderr, /is not empty; name a new folder, so that nothing is mixed or replaced\.$/m);
  });

test('prepare leaves nothing behind of a data set with damaged images', async () => {
  const out = join(root, 'damaged');
  const { code, stderr } = await coinHere('prepare', join(root, 'own'), '--out', out);
  assert.is(code, 1);
  assert.match(stderr, /1 of 21 images cannot be read/);
  assert.not.ok(existsSync(out));
  assert.is((await coinHere('prepare', join(root, 'own'), '--out', out, '--skip-bad')).code, 0);
  assert.is(readdirSync(join(out, 'train', 'left')).length, 9);
});

test.after(() => {
  process.env.COIN_CACHE = before;
  rmSync(root, { recursive: true });
});

test.run();
