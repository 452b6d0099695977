import { drawsOf, view } from '../../src/conformance/reference/augmentation.ts';
import { presetOf } from '../../src/data/augment/presets.ts';
import { type Augmentation, augment, evaluationView } from '../../src/data/augment.ts';
import { channelStatistics, createDataset, type LabelledImages } from '../../src/data/dataset.ts';
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
  const inputs = { indices: Uint32Array.from(indices), counter: Uint32Array.from(counter) };
  const read = await program.run(inputs, ['images', 'labels', 'instances']).read();
  return { ...read, shape: images.shape };
}

const moco = presetOf('moco-v2', 64).train;

const CASES: [string, Parameters<typeof pictures>, Augmentation][] = [
  ['nothing', [5, 9, 7, 1], {}],
  ['resize up', [5, 9, 7, 3], { size: [14, 13] }],
  ['resize down', [3, 39, 57, 3], { size: [14, 13] }],
  ['bicubic, up and down', [3, 39, 11, 3], { size: [14, 13], interpolation: 'bicubic' }],
  ['the middle of the image with its shorter side resized', [4, 39, 57, 2, [6, -9]], { size: [17, 19], resize: 21 }],
  ['any part of the image resized', [4, 19, 27, 1], { size: [17, 16], resize: [20, 22], window: 'random', flip: 0.5 }],
  ['flip', [5, 28, 28, 1], { flip: 0.5 }],
  ['crop', [9, 28, 28, 1], { crop: { scale: [0.2, 1] } }],
  ['crop of colour images, resized', [6, 19, 31, 3], { size: [16, 24], crop: { scale: [0.08, 1] } }],
  ['images of different sizes', [5, 9, 7, 3, [2, 5]], { size: [8, 9], crop: { scale: [0.3, 1] }, flip: 0.5 }],
  ['crops that never fit', [4, 8, 33, 1], { crop: { scale: [1, 1], ratio: [0.5, 1.5] } }],
  ['tall crops that never fit', [4, 33, 8, 2], { crop: { scale: [1, 1], ratio: [0.5, 1.5] } }],
  ['brightness', [5, 12, 12, 1], { brightness: 0.6 }],
  ['contrast', [5, 12, 12, 3], { contrast: 0.8 }],
  ['saturation and hue', [5, 12, 11, 3], { saturation: 0.8, hue: 0.5 }],
  ['saturation and hue of grey images', [5, 12, 11, 1], { saturation: 0.8, hue: 0.5, brightness: 0.1 }],
  ['all of the jitter', [5, 11, 12, 3], { brightness: 0.9, contrast: 0.9, saturation: 0.9, hue: 0.2, jitter: 0.7 }],
  ['grey', [5, 12, 11, 3], { grayscale: 0.5 }],
  ['blur', [5, 12, 31, 3], { blur: { probability: 0.6, sigma: [0.1, 2] } }],
  ['MoCo v2', [3, 70, 61, 3, [-9, 20]], moco],
  ['all', [12, 28, 28, 1], { crop: { scale: [0.3, 1] }, flip: 0.5, brightness: 0.4, contrast: 0.4, jitter: 0.8 }],
];

for (const [name, shape, augmentation] of CASES)
  test(`${name}: as torchvision does it, in float64`, async () => {
    const source = pictures(...shape);
    const indices = Array.from({ length: augmentation === moco ? 16 : 40 }, (_, slot) => (slot * 7) % shape[0]);
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
      const draws = drawsOf(source, augmentation, { slot, image: indices[slot]! }, counter, augmentation.size);
      if (draws.narrow) {
        narrow++;
        continue;
      }
      const want = view(source, image, draws, augmentation);
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

test('a view is the same in a batch of another size, among other images', async () => {
  const source = pictures(6, 20, 24, 3, [3, -2]);
  const augmentation = { ...moco, size: [16, 16] } as const;
  const many = await run(source, [3, 1, 5, 0, 2], augmentation);
  const few = await run(source, [4, 1, 5], augmentation);
  const views = (images: ArrayLike<number>) => Array.from(images).slice(768, 3 * 768);
  assert.equal(views(few.images), views(many.images));
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
    [{ hue: 0.6 }, /hue is 0\.6, but it must be a number at least 0 and at most 0\.5/],
    [{ resize: 3 }, /^augment: a view of 4 × 4 pixels does not fit what it is part of: resize is 3\.$/],
    [{ mix: {} }, /^augment: mix needs the α of mixup, of cutmix, or of both\.$/],
    [{ mix: { mixup: 3 } }, /mix\.mixup is 3, but it must be a number above 0 and at most 2/],
    [{ randAugment: { operations: 2, level: 11 } }, /randAugment\.level is 11/],
  ];
  for (const [augmentation, message] of refused)
    assert.throws(() => augment(createTape(target), dataset, 2, augmentation), message);
  assert.throws(
    () => augment(createTape(target), createDataset(target, pictures(2, 4, 4, 5)), 2, {}),
    /the number of channels is 5, but it must be a whole number at least 1 and at most 4/,
  );
});

test.run();
