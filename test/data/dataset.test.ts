import { augment } from '../../src/data/augment.ts';
import {
  byteOffsets,
  channelStatistics,
  checkImages,
  commonSize,
  createDataset,
  createStream,
  equalSizes,
  type LabelledImages,
} from '../../src/data/dataset.ts';
import { allIndices, batchSizes, epochBatches, stratifiedSubset, subset } from '../../src/data/sampler.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { createTape } from '../../src/tape/tape.ts';

import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('data sets and sampling');

const twoImages: LabelledImages = {
  name: 'two images',
  channels: 2,
  sizes: Uint32Array.of(1, 2, 1, 2),
  pixels: Uint8Array.of(0, 255, 255, 255, 0, 255, 255, 255),
  labels: Int32Array.of(0, 1),
  classes: ['a', 'b'],
};

test('statistics are a channel each, and a constant channel has deviation 1', () => {
  const { mean, std } = channelStatistics(twoImages);
  assert.equal(mean, [0.5, 1]);
  assert.equal(std, [0.5, 1]);
});

test('every constant grey has deviation 1, and the least spread its own', () => {
  for (let grey = 0; grey < 256; grey++) {
    const constant = { ...twoImages, channels: 1, pixels: new Uint8Array(105).fill(grey) };
    assert.equal(channelStatistics(constant), { mean: [grey / 255], std: [1] }, `grey ${grey}`);
    const other = constant.pixels.slice();
    other[50] = grey ^ 1;
    // One of n values differs by 1: the variance is (n - 1) / n².
    const want = Math.sqrt(104) / 105 / 255;
    const [std] = channelStatistics({ ...constant, pixels: other }).std;
    assert.ok(Math.abs(std! / want - 1) < 1e-12, `grey ${grey}: ${std} instead of ${want}`);
  }
});

test('labels and images that are not there are refused with the first of them and the range', async () => {
  const { target } = await testDevice();
  for (const [labels, place, label] of [
    [[0, 2], 1, 2],
    [[7, 7], 0, 7],
    [[0, -1], 1, -1],
  ] as const)
    assert.throws(
      () => createDataset(target, { ...twoImages, labels: Int32Array.from(labels) }),
      new RegExp(`^two images: the label of image ${place} is ${label}, but there are 2 classes, 0 to 1\\.$`),
    );
  checkImages('two images', 2, Uint32Array.of(0, 1, 1));
  assert.throws(
    () => checkImages('two images', 2, Uint32Array.of(0, 2, 1000)),
    /^two images: place 1 of the list of images is 2, but there are 2 images, 0 to 1\.$/,
  );
  assert.throws(() => checkImages('two images', 2, new Uint32Array()), /^two images: the list of images is empty\.$/);
});

test('a run of a batch refuses an image that is not there', async () => {
  const device = await testDevice();
  const tape = createTape(device.target);
  const { labels } = augment(tape, createDataset(device.target, twoImages), 2, {});
  tape.output('labels', labels);
  const program = await compile(device, tape);
  const counter = new Uint32Array(2);
  assert.throws(
    () => program.run({ indices: Uint32Array.of(0, 1000), counter }),
    /^two images: place 1 of the list of images is 1000, but there are 2 images, 0 to 1\.$/,
  );
  const { labels: read } = await program.run({ indices: Uint32Array.of(1, 0), counter }, ['labels']).read();
  assert.equal([...read], [1, 0]);
});

test('inconsistent and oversized data sets are refused', async () => {
  const { target } = await testDevice();
  const made = (change: Partial<LabelledImages>) => () => createDataset(target, { ...twoImages, ...change });
  assert.throws(made({ sizes: new Uint32Array() }), /^two images holds no images\.$/);
  assert.throws(
    made({ sizes: Uint32Array.of(1, 2, 2, 2) }),
    /has 8 bytes of pixels, but 2 images of these sizes need 12\./,
  );
  assert.throws(made({ sizes: Uint32Array.of(1, 4, 1, 0) }), /^two images: image 1 has a height or width of 0\.$/);
  assert.throws(made({ labels: Int32Array.of(1) }), /two images has 2 images but 1 labels\./);
  for (const std of [0, Number.NaN, -1])
    assert.throws(
      () => createDataset(target, twoImages, { mean: [0, 0], std: [1, std] }),
      /^two images: a deviation is \S+, but it must be a number above 0\.$/,
    );
  assert.throws(
    () => createDataset(target, twoImages, { mean: [0], std: [1] }),
    /has 2 channels, but the normalisation has 1 means/,
  );
  const small = { ...target, limits: { ...target.limits, maxStorageBufferBindingSize: 8 } };
  assert.throws(
    () => createDataset(small, twoImages),
    /two images needs 1 MiB of GPU memory in one piece, but .* binds at most 0 MiB/,
  );
});

test('sizes are a table, and where images begin follows from them', () => {
  assert.equal(equalSizes(2, [3, 4]), Uint32Array.of(3, 4, 3, 4));
  assert.equal(commonSize(equalSizes(2, [3, 4])), [3, 4]);
  assert.is(commonSize(Uint32Array.of(3, 4, 4, 3)), undefined);
  assert.is(commonSize(new Uint32Array()), undefined);
  assert.equal(byteOffsets({ channels: 3, sizes: Uint32Array.of(2, 2, 1, 5) }), [0, 12, 27]);
});

test('a stream shows programs what was uploaded last, also where batches differ in number and size', async () => {
  const device = await testDevice();
  const { sizes: _sizes, pixels: _pixels, ...whole } = twoImages;
  const statistics = { mean: [0, 0], std: [1, 1] };
  const stream = createStream(device.target, { ...whole, ...statistics }, { images: 3, bytes: 14 });
  const tape = createTape(device.target);
  assert.throws(
    () => augment(createTape(device.target), stream, 1, {}),
    /^augment: the images of two images have different sizes, so a size has to be given\.$/,
  );
  const { images, labels } = augment(tape, stream, 2, { size: [1, 1] });
  tape.output('images', images);
  tape.output('labels', labels);
  const program = await compile(device, tape);
  const inputs = (...indices: number[]) => ({ indices: Uint32Array.from(indices), counter: new Uint32Array(2) });
  assert.throws(() => program.run(inputs(0, 0)), /^two images holds no images yet: upload some before a run\.$/);
  const upload = (sizes: number[], pixels: number[], labels: number[]) =>
    stream.upload(device, {
      sizes: Uint32Array.from(sizes),
      pixels: Uint8Array.from(pixels),
      labels: Int32Array.from(labels),
    });
  const levels = async (...indices: number[]) => {
    const read = await program.run(inputs(...indices), ['images', 'labels']).read();
    return [...read.images, ...read.labels].map((value, i) => Math.round(i < 4 ? value * 255 : value));
  };
  upload([1, 1, 1, 1], [1, 2, 3, 4], [0, 1]);
  const before = levels(1, 0);
  upload([1, 1, 1, 3, 1, 3], [5, 6, 7, 7, 8, 9, 7, 7, 0, 0, 10, 11, 0, 0], [1, 0, 1]);
  assert.equal(await before, [3, 4, 1, 2, 1, 0]);
  // Antialiased, so that one pixel of three in a row is (2 a + 3 b + 2 c) / 7.
  assert.equal(await levels(2, 1), [4, 5, 7, 8, 1, 0]);
  upload([1, 1], [12, 13], [0]);
  assert.throws(
    () => program.run(inputs(0, 1)),
    /^two images: place 1 of the list of images is 1, but there are 1 images/,
  );
  for (const [sizes, pixels, labels, message] of [
    [[1, 8], Array(16).fill(0), [0], /1 images of 16 bytes are more than the 3 images of 14 bytes/],
    [[1, 1, 1, 1, 1, 1, 1, 1], Array(8).fill(0), [0, 0, 0, 0], /4 images of 8 bytes are more than the 3 images/],
    [[1, 1], [1, 2], [2], /^two images: the label of image 0 is 2, but there are 2 classes/],
    [[1, 1], [1], [0], /^two images has 1 bytes of pixels, but 1 images of these sizes need 2\.$/],
  ] as const)
    assert.throws(() => upload([...sizes], [...pixels], [...labels]), message);
  assert.equal(await levels(0, 0), [12, 13, 12, 13, 0, 0]);
});

test('an epoch has every image once, in another order each epoch, and the same one each time', () => {
  const indices = Uint32Array.from({ length: 23 }, (_, i) => 100 + i);
  const batches = epochBatches(indices, { batch: 5, seed: 1, epoch: 2 });
  assert.equal(
    batches.map(({ length }) => length),
    [5, 5, 5, 5, 3],
  );
  const flat = batches.flatMap((batch) => [...batch]);
  assert.equal(
    [...flat].sort((a, b) => a - b),
    [...indices],
  );
  assert.not.equal(flat, [...indices]);
  assert.equal(epochBatches(indices, { batch: 5, seed: 1, epoch: 2 }), batches);
  assert.not.equal(epochBatches(indices, { batch: 5, seed: 1, epoch: 3 }), batches);
  assert.not.equal(epochBatches(indices, { batch: 5, seed: 2, epoch: 2 }), batches);
  assert.throws(
    () => epochBatches(indices, { batch: 0, seed: 1, epoch: 2 }),
    /^epochBatches: batch is 0, but it must be a whole number at least 1\.$/,
  );
});

test('what no epoch and no subset can be made of is refused', () => {
  const [indices, options] = [allIndices(4), { batch: 2, seed: 0, epoch: 0 }];
  assert.throws(() => epochBatches(new Uint32Array(), options), /^epochBatches: the list of images is empty\.$/);
  for (const [name, bad] of [
    ['batch', [0, 1.5, -1, Number.NaN]],
    ['seed', [0.5, -1, Number.NaN]],
    ['epoch', [0.5, -1, Number.NaN]],
  ] as const)
    for (const value of bad)
      assert.throws(
        () => epochBatches(indices, { ...options, [name]: value }),
        new RegExp(`^epochBatches: ${name} is \\S+, but it must be a whole number `),
      );
  for (const perClass of [0, 1.5, Number.NaN])
    assert.throws(
      () => stratifiedSubset(Int32Array.of(0, 1), ['a', 'b'], perClass, 0),
      /perClass is \S+, but it must be/,
    );
});

test('one image that is left over joins the batch before it', () => {
  for (const [images, batch, sizes] of [
    [65, 64, [65]],
    [11, 5, [5, 6]],
    [12, 5, [5, 5, 2]],
    [10, 5, [5, 5]],
    [3, 1, [1, 1, 1]],
    [1, 5, [1]],
  ] as const) {
    assert.equal(batchSizes(images, batch), sizes, `${images} in batches of ${batch}`);
    const batches = epochBatches(allIndices(images), { batch, seed: 1, epoch: 0 });
    assert.equal(
      batches.flatMap((chosen) => [...chosen]).sort((a, b) => a - b),
      [...allIndices(images)],
    );
  }
});

test('a labelled subset has as many of each class as asked, by the seed alone', () => {
  const labels = Int32Array.from({ length: 90 }, (_, i) => (i * 7) % 3);
  const classes = ['a', 'b', 'c'];
  const subset = stratifiedSubset(labels, classes, 10, 5);
  for (const label of [0, 1, 2]) assert.is(subset.filter((index) => labels[index] === label).length, 10);
  assert.is(new Set(subset).size, 30);
  assert.equal(stratifiedSubset(labels, classes, 10, 5), subset);
  assert.not.equal(stratifiedSubset(labels, classes, 10, 6), subset);
  assert.equal(stratifiedSubset(labels, classes, 30, 5), allIndices(90));
  assert.throws(
    () => stratifiedSubset(labels, classes, 31, 5),
    /The class "a" has 30 images, but 31 of each class are asked for\./,
  );
});

test('a subset is as large as asked for, of all images, in order and fixed by the seed', () => {
  const chosen = subset(1000, 100, 5);
  assert.is(new Set(chosen).size, 100);
  assert.equal(
    [...chosen],
    [...chosen].sort((a, b) => a - b),
  );
  // Chance alone leaves a tenth of the images without one of a hundred once in 38,000 times.
  for (let tenth = 0; tenth < 10; tenth++)
    assert.ok(
      chosen.some((index) => Math.floor(index / 100) === tenth),
      `${tenth}`,
    );
  assert.equal(subset(1000, 100, 5), chosen);
  assert.not.equal(subset(1000, 100, 6), chosen);
  assert.equal(subset(4, 4, 1), allIndices(4));
  assert.throws(() => subset(4, 5, 1), /^There are 4 images, but 5 are asked for\.$/);
});

test.run();
