import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { channelStatistics, equalSizes } from '../../src/data/dataset.ts';
import { embeddedFolder, loadDataset } from '../../src/data/load.node.ts';
import { assert, suite } from '../harness.ts';
import { idx } from './idx.ts';

const test = suite('loading data sets');
const root = mkdtempSync(join(tmpdir(), 'data-'));
let count = 0;

type Files = Record<string, Uint8Array | string | undefined>;

const images = (n: number, [height, width] = [2, 3]) =>
  idx([n, height!, width!], new Uint8Array(n * height! * width!).fill(7));
const labels = (...values: number[]) => idx([values.length], values);

/** A folder with a small valid data set, changed by `files`. */
function folder(files: Files, name = `set${count++}`): string {
  const path = join(root, name);
  mkdirSync(path);
  const all: Files = {
    'train-images-idx3-ubyte': images(4),
    'train-labels-idx1-ubyte': labels(0, 1, 1, 2),
    't10k-images-idx3-ubyte': images(2),
    't10k-labels-idx1-ubyte': labels(2, 0),
    ...files,
  };
  for (const [file, bytes] of Object.entries(all)) if (bytes !== undefined) writeFileSync(join(path, file), bytes);
  return path;
}

async function refusal(path: string): Promise<string> {
  try {
    await loadDataset(path);
  } catch (error) {
    return (error as Error).message.replaceAll(root, 'ROOT');
  }
  return 'nothing was refused';
}

test('the embedded subset has 550 and 200 images of each class', async () => {
  const { train, test } = await loadDataset(embeddedFolder());
  assert.equal([train.channels, train.sizes], [1, equalSizes(5500, [28, 28])]);
  assert.equal([test.channels, test.sizes], [1, equalSizes(2000, [28, 28])]);
  assert.is(train.classes[9], 'Ankle boot');
  for (let label = 0; label < 10; label++) {
    assert.is(train.labels.filter((other) => other === label).length, 550);
    assert.is(test.labels.filter((other) => other === label).length, 200);
  }
  // Known of the full data set: mean 0.2860, deviation 0.3530, and that its first image is an ankle boot.
  const { mean, std } = channelStatistics(train);
  assert.ok(Math.abs(mean[0]! - 0.286) < 0.005 && Math.abs(std[0]! - 0.353) < 0.005, `${mean} ${std}`);
  assert.is(train.labels[0], 9);
  assert.is(train.name, 'fashion-mnist-subset (train)');
});

test('plain and compressed files are read; classes are named by number, by file, or by Fashion-MNIST', async () => {
  const plain = await loadDataset(folder({}));
  assert.equal([...plain.train.labels], [0, 1, 1, 2]);
  assert.equal(plain.test.sizes, Uint32Array.of(2, 3, 2, 3));
  assert.equal(plain.train.classes, ['class 0', 'class 1', 'class 2']);
  const compressed = folder({
    'train-labels-idx1-ubyte': undefined,
    'train-labels-idx1-ubyte.gz': gzipSync(labels(0, 1, 1, 2)),
  });
  assert.equal((await loadDataset(compressed)).train.labels, plain.train.labels);
  const named = await loadDataset(folder({ 'classes.txt': 'cat\r\ndog\n\nbird \n' }));
  assert.equal(named.test.classes, ['cat', 'dog', 'bird']);
});

const REFUSALS: [string, Files, string][] = [
  [
    'a missing file',
    { 't10k-labels-idx1-ubyte': undefined },
    'ROOT/PATH has no file t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz.',
  ],
  [
    'a truncated file',
    { 'train-images-idx3-ubyte': images(4).subarray(0, 30) },
    'ROOT/PATH/train-images-idx3-ubyte is truncated: its header promises 4 x 2 x 3 bytes of data but 14 follow.',
  ],
  [
    'a damaged gzip file',
    { 'train-images-idx3-ubyte': gzipSync(images(400)).subarray(0, 40) },
    'ROOT/PATH/train-images-idx3-ubyte is a damaged or truncated gzip file.',
  ],
  [
    'labels that are too few',
    { 'train-labels-idx1-ubyte': labels(0, 1, 2) },
    'ROOT/PATH/train-labels-idx1-ubyte has 3 labels, but ROOT/PATH/train-images-idx3-ubyte has 4 images.',
  ],
  [
    'a class without training images',
    { 'train-labels-idx1-ubyte': labels(0, 3, 3, 2) },
    'ROOT/PATH/train-labels-idx1-ubyte has no image of the class "class 1" (1).',
  ],
  [
    'a single class',
    { 'train-labels-idx1-ubyte': labels(0, 0, 0, 0) },
    'ROOT/PATH/train-labels-idx1-ubyte has only one class, and training needs at least two.',
  ],
  [
    'a label beyond the classes',
    { 'classes.txt': 'cat\ndog\n' },
    'ROOT/PATH/train-labels-idx1-ubyte has the label 2, but there are only 2 classes (0 to 1).',
  ],
  [
    'a test label that training never saw',
    { 't10k-labels-idx1-ubyte': labels(3, 0) },
    'ROOT/PATH/t10k-labels-idx1-ubyte has the label 3, but there are only 3 classes (0 to 2).',
  ],
  [
    'test images of another size',
    { 't10k-images-idx3-ubyte': images(2, [3, 3]) },
    'ROOT/PATH/t10k-images-idx3-ubyte has images of 3 x 3 pixels, but those of ROOT/PATH/train-images-idx3-ubyte have 3 x 2.',
  ],
  [
    'no images',
    { 'train-images-idx3-ubyte': images(0), 'train-labels-idx1-ubyte': labels() },
    'ROOT/PATH/train-images-idx3-ubyte has no images.',
  ],
  [
    'images in place of labels',
    { 'train-labels-idx1-ubyte': images(4) },
    'ROOT/PATH/train-labels-idx1-ubyte has 3 dimensions, and IDX labels have 1; check that images and labels are not mixed up.',
  ],
];
for (const [what, files, message] of REFUSALS)
  test(`${what} is refused in one sentence`, async () => {
    const path = folder(files);
    assert.is(await refusal(path), message.replaceAll('PATH', path.slice(root.length + 1)));
  });

test('a folder that is empty, missing or a file is refused in one sentence', async () => {
  const empty = join(root, 'empty');
  mkdirSync(empty);
  assert.is(
    await refusal(empty),
    'The data folder ROOT/empty is empty; it must hold train-images-idx3-ubyte[.gz] and its three companions.',
  );
  assert.is(
    await refusal(join(root, 'nowhere')),
    'The data folder ROOT/nowhere cannot be read: it does not exist; check the path.',
  );
  assert.is(
    await refusal(join(folder({}, 'whole'), 't10k-labels-idx1-ubyte')),
    'The data folder ROOT/whole/t10k-labels-idx1-ubyte cannot be read: it is a file (an IDX file of images or labels); give a folder with four IDX files.',
  );
});

const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0);
const ZIP = Uint8Array.of(0x50, 0x4b, 3, 4, ...new Uint8Array(26), 0x61);

const OTHER_FOLDERS: [what: string, files: Record<string, Uint8Array | string>, end: string][] = [
  [
    'a folder of images in folders by class',
    { 'cat/1.png': PNG, 'dog/1.png': PNG },
    '; it holds images (cat/1.png), which cannot be read as they are yet; write them to four IDX files.',
  ],
  [
    'a folder of images',
    { '1.txt': 'a cat', '2.png': PNG },
    '; it holds images (2.png), which cannot be read as they are yet; write them to four IDX files.',
  ],
  ['a folder with a zip archive', { 'all.zip': ZIP }, '; it holds a zip archive (all.zip): unpack it first.'],
  [
    'a folder above the right one',
    { 'raw/train-images-idx3-ubyte.gz': 'x' },
    '; its folder raw has one, so give ROOT/PATH/raw.',
  ],
  ['a folder with some IDX files and a zip archive', { 't10k-labels-idx1-ubyte': 'x', 'all.zip': ZIP }, '.'],
  ['a folder of other files', { 'a.txt': 'text' }, '.'],
];
for (const [what, files, end] of OTHER_FOLDERS)
  test(`${what} is told by its content`, async () => {
    const name = `other${count++}`;
    for (const [file, bytes] of Object.entries(files)) {
      mkdirSync(join(root, name, file, '..'), { recursive: true });
      writeFileSync(join(root, name, file), bytes);
    }
    assert.is(
      await refusal(join(root, name)),
      `ROOT/${name} has no file train-images-idx3-ubyte or train-images-idx3-ubyte.gz${end.replace('PATH', name)}`,
    );
  });

const OTHER_FILES: [what: string, bytes: Uint8Array | string, end: string][] = [
  ['a zip archive', ZIP, 'it is a file (a zip archive); unpack it.'],
  [
    'a web page',
    '<!doctype html>',
    'it is a file (a web page, as of a failed download); give a folder with four IDX files.',
  ],
  ['what cannot be told', Uint8Array.of(1, 0, 2), 'it is a file; give a folder with four IDX files.'],
];
for (const [what, bytes, end] of OTHER_FILES)
  test(`${what} in place of a folder is told by its content`, async () => {
    writeFileSync(join(root, 'file'), bytes);
    assert.is(await refusal(join(root, 'file')), `The data folder ROOT/file cannot be read: ${end}`);
  });

test.after(() => rmSync(root, { recursive: true }));

test.run();
