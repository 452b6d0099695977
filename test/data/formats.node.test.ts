import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteOffsets, type LabelledImages } from '../../src/data/dataset.ts';
import { loadDataset } from '../../src/data/load.node.ts';
import { assert, suite } from '../harness.ts';
import { refusal } from '../refusal.ts';
import { type Files, writeFolder, zipOf } from './archives.ts';
import { colourOf, jpegOf, type Layout, layouts } from './layouts.ts';

const test = suite('formats of data sets');
const root = mkdtempSync(join(tmpdir(), 'formats-'));
const cache = join(root, 'cache');
let count = 0;

const write = (files: Files) => writeFolder(join(root, `set${count++}`), files);
const load = (path: string) => loadDataset(path, { cache });

const perClass = ({ labels, classes }: LabelledImages) =>
  classes.map((_, label) => labels.filter((other) => other === label).length);

/** Holds that each image has the colour of its class. */
function checkColours(images: LabelledImages, layout: Layout): void {
  const offsets = byteOffsets(images);
  for (const [i, label] of images.labels.entries()) {
    const found = [...images.pixels.subarray(offsets[i], (offsets[i] as number) + images.channels)];
    const wanted = images.channels === 1 ? [Number(layout.classes[label]?.slice(6))] : colourOf(label % 10);
    assert.ok(
      found.every((value, channel) => Math.abs(value - (wanted[channel] as number)) <= 3),
      `image ${i} of ${images.name}: ${found} and not ${wanted} for ${label}`,
    );
  }
}

const all = await layouts();
for (const layout of all)
  for (const [what, files] of [
    ['a folder', layout.files],
    ['its archives', layout.archives],
    ['a zip archive of the folder', { 'all.zip': zipOf(layout.files) }],
  ] as const)
    test(`${layout.name} is read from ${what}`, async () => {
      const folder = write(files);
      const found = await load(what.startsWith('a zip') ? join(folder, 'all.zip') : folder);
      assert.is(found.format, layout.format);
      for (const split of ['train', 'test'] as const) {
        assert.equal(found[split].classes, layout.classes);
        assert.equal(perClass(found[split]), layout[split]);
        checkColours(found[split], layout);
      }
      assert.equal(found.bad, []);
    });

test('what was decided about labels and splits is told', async () => {
  const notes = async (name: string) =>
    (await load(write((all.find((one) => one.name.startsWith(name)) as Layout).files))).notes;
  assert.equal(await notes('EMNIST'), ['Its labels are 1 to 2, 4; here they are 0 to 2, in this order.']);
  assert.equal(await notes('Flowers-102 of Kaggle'), ["1 image in no class's folder left out."]);
  assert.match((await notes('Caltech')).join(' '), /30 images of each class are chosen by the seed 0/);
});

const tiny = async (...paths: string[]) =>
  Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await jpegOf(0)] as const)));
const numbered = (folder: string, n: number) => Array.from({ length: n }, (_, i) => `${folder}/${i}.jpg`);

test('a folder of class folders without a split is split by the seed, each class by itself', async () => {
  const files = await tiny(
    ...numbered('pets/cat', 10),
    ...numbered('pets/dog', 5),
    ...numbered('pets/emu/deep', 2),
    'pets/one.jpg',
  );
  const path = write(files);
  const found = await load(path);
  assert.equal(found.train.classes, ['cat', 'dog', 'emu']);
  assert.equal(
    [perClass(found.train), perClass(found.test)],
    [
      [8, 4, 1],
      [2, 1, 1],
    ],
  );
  assert.equal(found.notes, [
    "1 image in no class's folder left out.",
    'There is no test split: 20 % of each class (at least one image) are chosen by the seed 0, and not trained on.',
  ]);
});

const SPLITS: [what: string, paths: string[], train: number[], test: number[]][] = [
  ['train and val', [...numbered('train/a', 2), ...numbered('train/b', 3), ...numbered('val/b', 1)], [2, 3], [0, 1]],
  [
    'Train and Validation',
    [...numbered('x/Train/a', 2), ...numbered('x/Train/b', 1), ...numbered('x/Validation/a', 2)],
    [2, 1],
    [2, 0],
  ],
  [
    'train, val and test',
    [...numbered('train/a', 2), ...numbered('train/b', 2), ...numbered('val/b', 4), ...numbered('test/b', 3)],
    [2, 2],
    [0, 3],
  ],
  ['train alone', [...numbered('train/a', 10), ...numbered('train/b', 5)], [8, 4], [2, 1]],
  [
    'classes named like splits',
    [...numbered('train/0', 0), ...numbered('all/train', 5), ...numbered('all/plane', 5)],
    [4, 4],
    [1, 1],
  ],
];
for (const [what, paths, train, tested] of SPLITS)
  test(`class folders below ${what} are found`, async () => {
    const found = await load(write(await tiny(...paths)));
    assert.equal([perClass(found.train), perClass(found.test)], [train, tested]);
  });

test('the folders of classes are sorted by code points', async () => {
  const found = await load(write(await tiny('b/1.jpg', 'B/1.jpg', 'a10/1.jpg', 'a2/1.jpg', 'é/1.jpg', 'b/2.jpg')));
  assert.equal(found.train.classes, ['B', 'a10', 'a2', 'b', 'é']);
});

const REFUSED: [what: string, files: () => Promise<Files>, message: RegExp][] = [
  [
    'an empty folder',
    async () => ({ '.keep': '' }),
    /holds no data set that is known: it is empty; give a folder with a folder of images for each class\.$/,
  ],
  [
    'a folder of other files',
    async () => ({ 'a.txt': '', 'b.doc': '' }),
    /: it has 2 files \(a\.txt, …\), but no images in folders/,
  ],
  [
    'images without classes',
    () => tiny('1.jpg', '2.jpg'),
    /has no training images, and training needs at least two\.$/,
  ],
  ['a single class', () => tiny('cat/1.jpg', 'cat/2.jpg'), /, and training needs at least two\.$/],
  [
    'a test class that training never saw',
    () => tiny('train/a/1.jpg', 'train/b/1.jpg', 'test/c/1.jpg'),
    /has test images of the class "c", which no training image has\.$/,
  ],
  [
    'several data sets in a folder',
    () => tiny('x/train/a/1.jpg', 'y/train/a/1.jpg'),
    /has training images in x\/train and in y\/train; give one of these folders\.$/,
  ],
  [
    'Stanford Cars without labels of the test',
    async () => {
      const { files } = all.find(({ name }) => name === 'Stanford Cars') as Layout;
      return Object.fromEntries(Object.entries(files).filter(([path]) => !path.includes('withlabels')));
    },
    /not its cars_test_annos_withlabels\.mat: cars_test_annos\.mat has no classes; put that file there too\.$/,
  ],
  [
    'several IDX data sets',
    async () => ({ 'emnist-letters-train-images-idx3-ubyte': '', 'emnist-digits-train-images-idx3-ubyte': '' }),
    /has several data sets of IDX files \("emnist-digits-…", "emnist-letters-…"\); give a folder with one of them\.$/,
  ],
  [
    'images of a list that are not there',
    async () => {
      const { files } = all.find(({ name }) => name === 'DTD') as Layout;
      return Object.fromEntries(Object.entries(files).filter(([path]) => !path.endsWith('banded_0000.jpg')));
    },
    /: 1 of 10 images cannot be read: dtd\/images\/banded\/banded_0000\.jpg \(it is named in a list, but not there\); mend or remove/,
  ],
  [
    'a truncated batch of CIFAR-10',
    async () => {
      const { files } = all.find(({ name }) => name === 'CIFAR-10, binary version') as Layout;
      return { ...files, 'cifar-10-batches-bin/data_batch_3.bin': new Uint8Array(4000) };
    },
    /data_batch_3\.bin is damaged or truncated: its 4000 bytes are no records of 3073\.$/,
  ],
  [
    'a label of CIFAR-10 that is no class',
    async () => {
      const { files } = all.find(({ name }) => name === 'CIFAR-10, binary version') as Layout;
      const path = 'cifar-10-batches-bin/test_batch.bin';
      return { ...files, [path]: Uint8Array.from(files[path] as Uint8Array, (byte, i) => (i === 0 ? 10 : byte)) };
    },
    /CIFAR-10 \(test\) is damaged: the label of image 0 is 10, of 3 classes\.$/,
  ],
  [
    'a class of ImageNet-20 in two places',
    () => tiny('small/train/n01440764/1.jpg', 'large/train/n01440764/1.jpg'),
    /has the class n01440764 in large\/ and in small\/; leave one of them there\.$/,
  ],
  [
    'a truncated pickle of CIFAR-10',
    async () => {
      const { files } = all.find(({ name }) => name === 'CIFAR-10, Python version') as Layout;
      const path = 'cifar-10-batches-py/data_batch_3';
      return { ...files, [path]: (files[path] as Uint8Array).subarray(0, 3000) };
    },
    /data_batch_3 is damaged or no file of CIFAR: its pickle .* at byte \d+\.$/,
  ],
];
for (const [what, files, message] of REFUSED)
  test(`${what} is refused in one sentence`, async () => {
    assert.match(await refusal(load(write(await files()))), message);
  });

test.after(() => rmSync(root, { recursive: true }));

test.run();
