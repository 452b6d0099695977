import { drawsOf, view } from '../../src/conformance/reference/augmentation.ts';
import { type Augmentation, augment, evaluationView } from '../../src/data/augment.ts';
import { channelStatistics, createDataset, equalSizes, type LabelledImages } from '../../src/data/dataset.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('augment');

/** Smooth images with some noise, all different; with `growing` each is so much larger than the one before it. */
function pictures(n: number, height: number, width: number, channels: number, growing = [0, 0]): LabelledImages {
  const sizes = Uint32Array.from({ length: 2 * n }, (_, i) => [height, width][i % 2]! + (i >> 1) * growing[i % 2]!);
  const pixels = Array.from({ length: n }, (_, image) =>
    Array.from({ length: sizes[2 * image]! * sizes[2 * image + 1]! * channels }, (_, i) => {
      const at = Math.floor(i / channels);
      const [y, x, c] = [Math.floor(at / sizes[2 * image + 1]!), at % sizes[2 * image + 1]!, i % channels];
      const wave = 90 * Math.sin(0.4 * x + 0.7 * image + c) * Math.cos(0.3 * y + image);
      return 128 + wave + 30 * Math.sin((i + 7 * image) * 12.9898);
    }),
  );
  const labels = Int32Array.from({ length: n }, (_, i) => i % 3);
  return {
    name: 'pictures',
    channels,
    sizes,
    pixels: Uint8Array.from(pixels.flat()),
    labels,
    classes: ['a', 'b', 'c'],
  };
}

async function run(source: LabelledImages, indices: number[], augmentation: Augmentation, counter = [1, 2]) {
  const device = await testDevice();
  const dataset = createDataset(device.target, source);
  const tape = createTape(device.target);
  const { images, labels, instances } = augment(tape, dataset, indices.length, augmentation);
  tape.output('images', images);
  tape.output('labels', labels);
  tape.output('instances', instances);
  const program = await compile(device, tape);
  assert.is(program.describe().length, 1);
  const inputs = { indices: Uint32Array.from(indices), counter: Uint32Array.from(counter) };
  const read = await program.run(inputs, ['images', 'labels', 'instances']).read();
  return { ...read, shape: images.shape };
}

const CASES: [string, Parameters<typeof pictures>, Augmentation][] = [
  ['nothing', [5, 9, 7, 1], {}],
  ['resize up', [5, 9, 7, 3], { size: [14, 13] }],
  ['flip', [5, 28, 28, 1], { flip: 0.5 }],
  ['crop', [9, 28, 28, 1], { crop: { scale: [0.2, 1] } }],
  ['crop of colour images, resized', [6, 19, 31, 3], { size: [16, 24], crop: { scale: [0.08, 1] } }],
  ['images of different sizes', [5, 9, 7, 3, [2, 5]], { size: [8, 9], crop: { scale: [0.3, 1] }, flip: 0.5 }],
  ['crops that never fit', [4, 8, 33, 1], { crop: { scale: [1, 1], ratio: [0.5, 1.5] } }],
  ['tall crops that never fit', [4, 33, 8, 2], { crop: { scale: [1, 1], ratio: [0.5, 1.5] } }],
  ['brightness', [5, 12, 12, 1], { brightness: 0.6 }],
  ['contrast', [5, 12, 12, 3], { contrast: 0.8 }],
  ['all', [12, 28, 28, 1], { crop: { scale: [0.3, 1] }, flip: 0.5, brightness: 0.4, contrast: 0.4, jitter: 0.8 }],
];

for (const [name, shape, augmentation] of CASES)
  test(`${name}: as torchvision does it, in float64`, async () => {
    const source = pictures(...shape);
    const indices = Array.from({ length: 40 }, (_, slot) => (slot * 7) % shape[0]);
    const counter = [42, 3];
    const { images, labels, instances } = await run(source, indices, augmentation, counter);
    assert.equal(
      [...labels],
      indices.map((index) => index % 3),
    );
    assert.equal([...instances], indices);
    const per = images.length / indices.length;
    let narrow = 0;
    for (const [slot, image] of indices.entries()) {
      const draws = drawsOf(source, augmentation, { slot, image: indices[slot]! }, counter);
      if (draws.narrow) {
        narrow++;
        continue;
      }
      const want = view(source, image, draws, augmentation.size);
      const worst = want.reduce((most, value, i) => Math.max(most, Math.abs(value - images[slot * per + i]!)), 0);
      assert.ok(worst < 1e-4, `slot ${slot} is off by ${worst}: ${JSON.stringify(draws)}`);
    }
    assert.ok(narrow < 8, `${narrow} of 40 draws hang on rounding`);
  });

test('identity settings give the plain normalised images', async () => {
  const source = pictures(6, 28, 28, 1);
  const indices = [5, 0, 3];
  const { mean, std } = channelStatistics(source);
  const identity = { crop: { scale: [1, 1], ratio: [1, 1] }, flip: 0, brightness: 0, contrast: 0 } as const;
  for (const augmentation of [evaluationView, identity]) {
    const { images } = await run(source, indices, augmentation);
    const want = indices.flatMap((index) => [...source.pixels.subarray(index * 784, (index + 1) * 784)]);
    const worst = want.reduce(
      (most, byte, i) => Math.max(most, Math.abs(images[i]! - (byte / 255 - mean[0]!) / std[0]!)),
      0,
    );
    assert.ok(worst < 2e-6, `off by ${worst}`);
  }
});

test('the same counter gives the same bits; seed, step and place each change the draws', async () => {
  const source = pictures(4, 28, 28, 1);
  const augmentation = { crop: { scale: [0.2, 1] }, flip: 0.5, brightness: 0.4, contrast: 0.4 } as const;
  const indices = Array(8).fill(1);
  const batch = async (counter: number[]) => [...(await run(source, indices, augmentation, counter)).images];
  const first = await batch([7, 11]);
  assert.equal(await batch([7, 11]), first);
  assert.not.equal(await batch([8, 11]), first);
  assert.not.equal(await batch([7, 12]), first);
  const views = Array.from({ length: 8 }, (_, slot) => first.slice(slot * 784, (slot + 1) * 784).join());
  assert.is(new Set(views).size, 8);
});

test('flips, areas and ratios are distributed as asked', async () => {
  // Two ramps tell the crop and the flip of each view: the first channel is the column, the second the row.
  const [size, n] = [200, 1];
  const pixels = Uint8Array.from({ length: size * size * 2 }, (_, i) =>
    i % 2 ? Math.floor(i / 2 / size) : (i >> 1) % size,
  );
  const source: LabelledImages = {
    name: 'ramps',
    channels: 2,
    sizes: equalSizes(n, [size, size]),
    pixels,
    labels: new Int32Array(1),
    classes: ['a'],
  };
  const { mean, std } = channelStatistics(source);
  const count = 2000;
  const augmentation = { size: [2, 2], crop: { scale: [0.2, 0.5] }, flip: 0.3 } as const;
  const { images } = await run(source, Array(count).fill(0), augmentation);
  const value = (i: number) => (images[i]! * std[i % 2]! + mean[i % 2]!) * 255;
  let flips = 0;
  const areas: number[] = [];
  const logRatios: number[] = [];
  for (let slot = 0; slot < count; slot++) {
    // The two columns lie half a crop apart, and so do the rows.
    const width = 2 * (value(slot * 8 + 2) - value(slot * 8));
    const height = 2 * (value(slot * 8 + 5) - value(slot * 8 + 1));
    if (width < 0) flips++;
    areas.push((Math.abs(width) * height) / size ** 2);
    logRatios.push(Math.log(Math.abs(width) / height));
  }
  const average = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  const share = (values: number[], low: number, high: number) =>
    values.filter((x) => x >= low && x < high).length / count;
  // Five standard deviations of a share near 1/3 of 2000 are 0.053.
  assert.ok(Math.abs(flips / count - 0.3) < 0.052, `flip rate ${flips / count}`);
  assert.ok(Math.abs(average(areas) - 0.35) < 0.01, `mean area ${average(areas)}`);
  for (const [low, high] of [
    [0.2, 0.3],
    [0.3, 0.4],
    [0.4, 0.5],
  ] as const)
    assert.ok(Math.abs(share(areas, low, high) - 1 / 3) < 0.06, `areas ${low} to ${high}: ${share(areas, low, high)}`);
  assert.ok(Math.min(...areas) > 0.195 && Math.max(...areas) < 0.505);
  assert.ok(Math.abs(average(logRatios)) < 0.02);
  assert.ok(Math.max(...logRatios.map(Math.abs)) < Math.log(4 / 3) + 0.02);
});

test('options out of range are refused', async () => {
  const { target } = await testDevice();
  const dataset = createDataset(target, pictures(2, 4, 4, 1));
  const refused: [Augmentation, RegExp][] = [
    [{ size: [0, 4] }, /^augment: size\[0\] is 0, but it must be a whole number at least 1\.$/],
    [{ crop: { scale: [0.5, 1.5] } }, /crop\.scale is \[0\.5,1\.5\]/],
    [{ crop: { scale: [0.5, 1], ratio: [2, 1] } }, /crop\.ratio is \[2,1\]/],
    [{ flip: 2 }, /flip is 2, but it must be a number at least 0 and at most 1/],
    [{ contrast: -1 }, /contrast is -1/],
  ];
  for (const [augmentation, message] of refused)
    assert.throws(() => augment(createTape(target), dataset, 2, augmentation), message);
});

test.run();
