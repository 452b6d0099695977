// Fashion-MNIST and what else comes as four IDX files (MNIST, KMNIST): 28 x 28 grey images in ten classes.
// Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms",
// arXiv 1708.07747, https://github.com/zalandoresearch/fashion-mnist.

import { commonSize, equalSizes, type LabelledImages, type Size, type Splits } from './dataset.ts';
import { readIdxImages, readIdxLabels } from './idx.ts';

/** The names of Fashion-MNIST's ten classes, in the order of its labels. */
export const FASHION_MNIST_CLASSES: readonly string[] = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];

/** The usual names of the four files; each may also end in `.gz`. */
export const IDX_FILES = {
  train: { images: 'train-images-idx3-ubyte', labels: 'train-labels-idx1-ubyte' },
  test: { images: 't10k-images-idx3-ubyte', labels: 't10k-labels-idx1-ubyte' },
} as const;

/** A file in memory, plain or gzip-compressed; the name is for errors. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The four IDX files of a data set, already decompressed. */
export interface IdxFiles {
  readonly train: { readonly images: NamedBytes; readonly labels: NamedBytes };
  readonly test: { readonly images: NamedBytes; readonly labels: NamedBytes };
}

/**
 * Reads a data set of four IDX files. Without names, classes are called by their numbers.
 * Throws one sentence that names the file when one is damaged, when images and labels do not belong together, when
 * training images have fewer than two classes, or when a class has no training image.
 */
export async function readIdxSplits(name: string, files: IdxFiles, classes?: readonly string[]): Promise<Splits> {
  const [train, test] = [await readSplit(files.train), await readSplit(files.test)];
  const names = classes ?? Array.from({ length: highest(train.labels) + 1 }, (_, label) => `class ${label}`);
  checkClasses(files.train.labels.name, train.labels, names);
  const [height, width] = commonSize(train.sizes) as Size;
  const [testHeight, testWidth] = commonSize(test.sizes) as Size;
  if (testHeight !== height || testWidth !== width)
    throw new Error(
      `${files.test.images.name} has images of ${testWidth} x ${testHeight} pixels, but those of ${files.train.images.name} have ${width} x ${height}.`,
    );
  if (highest(test.labels) >= names.length)
    throw new Error(
      `${files.test.labels.name} has the label ${highest(test.labels)}, but there are only ${names.length} classes (0 to ${names.length - 1}).`,
    );
  return {
    train: { ...train, name: `${name} (train)`, classes: names },
    test: { ...test, name: `${name} (test)`, classes: names },
  };
}

type Split = Pick<LabelledImages, 'channels' | 'sizes' | 'pixels' | 'labels'>;

async function readSplit({ images, labels }: IdxFiles['train']): Promise<Split> {
  const { count, height, width, pixels } = await readIdxImages(images.bytes, images.name);
  const read = await readIdxLabels(labels.bytes, labels.name);
  if (count === 0) throw new Error(`${images.name} has no images.`);
  if (read.length !== count)
    throw new Error(`${labels.name} has ${read.length} labels, but ${images.name} has ${count} images.`);
  return { channels: 1, sizes: equalSizes(count, [height, width]), pixels, labels: Int32Array.from(read) };
}

const highest = (labels: Int32Array): number => labels.reduce((most, label) => Math.max(most, label), 0);

function checkClasses(file: string, labels: Int32Array, classes: readonly string[]): void {
  if (highest(labels) >= classes.length)
    throw new Error(
      `${file} has the label ${highest(labels)}, but there are only ${classes.length} classes (0 to ${classes.length - 1}).`,
    );
  const present = new Set(labels);
  if (present.size < 2) throw new Error(`${file} has only one class, and training needs at least two.`);
  const missing = classes.findIndex((_, label) => !present.has(label));
  if (missing >= 0) throw new Error(`${file} has no image of the class "${classes[missing]}" (${missing}).`);
}
