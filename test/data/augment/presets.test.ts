import { type PresetName, presetNames, presetOf } from '../../../src/data/augment/presets.ts';
import { augment, describeAugmentation, evaluationView } from '../../../src/data/augment.ts';
import { createDataset } from '../../../src/data/dataset.ts';
import { compile } from '../../../src/gpu/program/program.ts';
import { createTape } from '../../../src/tape/tape.ts';
import { testDevice } from '../../device.ts';
import { assert, suite } from '../../harness.ts';

const test = suite('presets of augmentation');

/** At 224 px, in the recipes' own numbers: what trains, what evaluates, and the launches of a batch to train on. */
const RECIPES: Record<PresetName, [train: string, evaluation: string, launches: number]> = {
  coin: [
    'random resized crop 224 × 224 of 0.08–1 of the area (bilinear), flip in 50 %',
    'resize to 256 (bilinear), center crop 224 × 224',
    2,
  ],
  'core-tuning': [
    'resize to 238 × 238 (bicubic), rotation ±15°, random crop 224 × 224, flip in 50 %',
    'resize to 224 (bicubic), center crop 224 × 224',
    2,
  ],
  'moco-v2': [
    'random resized crop 224 × 224 of 0.2–1 of the area (bilinear), flip in 50 %, brightness ±0.4, contrast ±0.4, saturation ±0.4, hue ±0.1 in 80 %, grey in 20 %, blur σ 0.1–2 in 50 %',
    'resize to 256 (bilinear), center crop 224 × 224',
    5,
  ],
  simclr: [
    'random resized crop 224 × 224 of 0.2–1 of the area (bilinear), flip in 50 %, brightness ±0.4, contrast ±0.4, saturation ±0.4, hue ±0.1 in 80 %, grey in 20 %',
    'resize to 256 (bilinear), center crop 224 × 224',
    3,
  ],
  mae: [
    'random resized crop 224 × 224 of 0.08–1 of the area (bicubic), flip in 50 %, RandAugment 2 × level 9, erasing 0.02–0.333 of the area in 25 %, mixup α 0.8, cutmix α 1',
    'resize to 256 (bicubic), center crop 224 × 224',
    6,
  ],
  'mae-pretrain': [
    'random resized crop 224 × 224 of 0.2–1 of the area (bicubic), flip in 50 %',
    'resize to 256 (bicubic), center crop 224 × 224',
    2,
  ],
};

test('every recipe tells in a line what it does', () => {
  assert.equal([...presetNames].sort(), Object.keys(RECIPES).sort());
  for (const name of presetNames) {
    const { train, evaluation } = presetOf(name, 224);
    assert.equal([train, evaluation].map(describeAugmentation), RECIPES[name].slice(0, 2), name);
  }
  assert.is(describeAugmentation(evaluationView), 'images as they are');
  assert.is(describeAugmentation({ size: [32, 24] }), 'resize to 24 × 32 (bilinear)');
  assert.equal(presetOf('core-tuning', 256).train.resize, [272, 272]);
  assert.is(presetOf('moco-v2', 32).train.blur, undefined);
});

const device = await testDevice();
const size = 16;
const images = createDataset(device.target, {
  name: 'noise',
  channels: 3,
  sizes: Uint32Array.from({ length: 12 }, (_, i) => 20 + 3 * i),
  pixels: Uint8Array.from(
    { length: 3 * [0, 1, 2, 3, 4, 5].reduce((sum, i) => sum + (20 + 6 * i) * (23 + 6 * i), 0) },
    (_, i) => 128 + 120 * Math.sin(i * 12.9898 + i * i),
  ),
  labels: Int32Array.of(0, 1, 2, 0, 1, 2),
  classes: ['a', 'b', 'c'],
});

for (const name of presetNames)
  test(`${name}: views are finite, within their bounds, different, and the same again by the same seed and step`, async () => {
    const { train, evaluation } = presetOf(name, size);
    const batch = async (augmentation: typeof train, step: number) => {
      const tape = createTape(device.target);
      const views = augment(tape, images, 8, augmentation);
      tape.output('images', views.images);
      tape.output('targets', views.targets ?? views.images);
      const program = await compile(device, tape);
      const inputs = { indices: Uint32Array.of(5, 0, 1, 2, 3, 4, 1, 1), counter: Uint32Array.of(3, step) };
      const read = await program.run(inputs, ['images', 'targets']).read();
      return { ...read, launches: program.describe().length };
    };
    const { images: values, targets, launches } = await batch(train, 1);
    // Recipes for small images go without blur.
    assert.is(launches, RECIPES[name][2] - (name === 'moco-v2' ? 2 : 0));
    assert.is(values.length, 8 * size * size * 3);
    const noise = train.erasing ? 6 : 0;
    for (const [i, value] of values.entries()) {
      const [low, high] = [0, 1].map((end) => (end - images.mean[i % 3]!) / images.std[i % 3]!) as [number, number];
      assert.ok(value >= low - noise - 1e-5 && value <= high + noise + 1e-5, `${i}: ${value}`);
    }
    const views = Array.from({ length: 8 }, (_, slot) => values.subarray(slot * 768, (slot + 1) * 768).join());
    assert.is(new Set(views).size, 8);
    assert.equal((await batch(train, 1)).images, values);
    assert.not.equal((await batch(train, 2)).images, values);
    if (train.mix)
      for (let slot = 0; slot < 8; slot++) {
        const row = Array.from(targets).slice(3 * slot, 3 * slot + 3);
        assert.ok(Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < 1e-6, row.join());
        assert.ok(
          row.every((value) => value >= 0.1 / 3 - 1e-6),
          row.join(),
        );
      }
    assert.equal((await batch(evaluation, 1)).images, (await batch(evaluation, 2)).images);
  });

test('what is erased becomes noise of mean 0 and deviation 1, other noise each time', async () => {
  const augmentation = {
    size: [64, 64],
    erasing: { probability: 1, scale: [0.8, 0.8], ratio: [1, 1] },
  } as const;
  const tape = createTape(device.target);
  const plain = augment(createTape(device.target), images, 8, { size: [64, 64] });
  assert.is(plain.targets, undefined);
  tape.output('images', augment(tape, images, 8, augmentation).images);
  const program = await compile(device, tape);
  const batch = async (step: number) =>
    (await program.run({ indices: new Uint32Array(8), counter: Uint32Array.of(1, step) }, ['images']).read()).images;
  const values = await batch(0);
  // The middle of every view lies in its part, whose sides are 57 of 64.
  const inner = (all: ArrayLike<number>) =>
    Array.from(all).filter((_, i) => {
      const [x, y] = [Math.floor(i / 3) % 64, Math.floor(i / 192) % 64];
      return x >= 7 && x < 57 && y >= 7 && y < 57;
    });
  const noise = inner(values);
  const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
  const variance = noise.reduce((sum, value) => sum + value * value, 0) / noise.length;
  // Five deviations for 60,000 numbers.
  assert.ok(Math.abs(mean) < 0.021 && Math.abs(variance - 1) < 0.03, `${mean}, ${variance}`);
  const beyond = noise.filter((value) => Math.abs(value) > 2).length / noise.length;
  assert.ok(Math.abs(beyond - 0.0455) < 0.005, `${beyond}`);
  const other = inner(await batch(1));
  const product = noise.reduce((sum, value, i) => sum + value * other[i]!, 0) / noise.length;
  assert.ok(Math.abs(product) < 0.021, `${product}`);
});

test.run();
