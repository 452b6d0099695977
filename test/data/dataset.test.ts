import { channelStatistics, createDataset, type LabelledImages } from '../../src/data/dataset.ts';
import { allIndices, batchSizes, epochBatches, stratifiedSubset, subset } from '../../src/data/sampler.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('data sets and sampling');

const twoImages: LabelledImages = {
  name: 'two images',
  shape: [2, 1, 2, 2],
  pixels: Uint8Array.of(0, 255, 255, 255, 0, 255, 255, 255),
  labels: Int32Array.of(0, 1),
  classes: ['a', 'b'],
};

test('statistics are a channel each, and a constant channel has deviation 1', () => {
  const { mean, std } = channelStatistics(twoImages);
  assert.equal(mean, [0.5, 1]);
  assert.equal(std, [0.5, 1]);
});

test('inconsistent and oversized data sets are refused', async () => {
  const { target } = await testDevice();
  const made = (change: Partial<LabelledImages>) => () => createDataset(target, { ...twoImages, ...change });
  assert.throws(made({ shape: [0, 1, 2, 2] }), /two images holds no images: its shape is \[0, 1, 2, 2\]\./);
  assert.throws(made({ shape: [3, 1, 2, 2] }), /has 8 bytes of pixels, but \[3, 1, 2, 2\] images need 12\./);
  assert.throws(made({ labels: Int32Array.of(1) }), /two images has 2 images but 1 labels\./);
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
  assert.throws(() => epochBatches(indices, { batch: 0, seed: 1, epoch: 2 }), /A batch of 0 images/);
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
