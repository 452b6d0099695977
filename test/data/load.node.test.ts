import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { channelStatistics, equalSizes } from '../../src/data/dataset.ts';
import { embeddedFolder, loadDataset } from '../../src/data/load.node.ts';
import { assert, suite } from '../harness.ts';
import { writeFolder, zipOf } from './archives.ts';
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
    'ROOT/PATH/t10k-labels-idx1-ubyte has the label 3, but ROOT/PATH/train-labels-idx1-ubyte has only 0 to 2.',
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

test('labels that skip numbers are mapped, under names for each of them or for all', async () => {
  const files = { 'train-labels-idx1-ubyte': labels(1, 4, 4, 2), 't10k-labels-idx1-ubyte': labels(4, 1) };
  const notes = ['Its labels are 1 to 2, 4; here they are 0 to 2, in this order.'];
  const unnamed = await loadDataset(folder(files));
  assert.equal([[...unnamed.train.labels], [...unnamed.test.labels], unnamed.notes], [[0, 2, 2, 1], [2, 0], notes]);
  assert.equal(unnamed.train.classes, ['class 1', 'class 2', 'class 4']);
  const each = await loadDataset(folder({ ...files, 'classes.txt': 'a\nb\nd\n' }));
  assert.equal([each.train.classes, each.notes], [['a', 'b', 'd'], notes]);
  const fromZero = await loadDataset(folder({ ...files, 'classes.txt': 'none\na\nb\nc\nd\n' }));
  assert.equal(fromZero.test.classes, ['a', 'b', 'd']);
});

test('IDX files are found in a folder below, and in a zip archive', async () => {
  const files = Object.fromEntries(
    ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'].map(
      (name) => [`MNIST/raw/${name}`, name.includes('images') ? images(2) : labels(1, 0)] as const,
    ),
  );
  assert.equal([...(await loadDataset(writeFolder(join(root, 'below'), files))).train.labels], [1, 0]);
  writeFileSync(join(root, 'mnist.zip'), zipOf(files));
  assert.equal([...(await loadDataset(join(root, 'mnist.zip'))).train.labels], [1, 0]);
});

test('a single IDX file, and a folder that is not there, are refused in one sentence', async () => {
  assert.is(
    await refusal(join(folder({}, 'whole'), 't10k-labels-idx1-ubyte')),
    'ROOT/whole/t10k-labels-idx1-ubyte is not an archive that can be read (.zip, .tar, .tar.gz, .tgz): it is an IDX file of images or labels; give the folder that it is in as --data.',
  );
  assert.is(
    await refusal(join(root, 'nowhere')),
    'The data ROOT/nowhere cannot be read: it does not exist; check the path.',
  );
});

test.after(() => rmSync(root, { recursive: true }));

test.run();
