import { type Augmentation, augment, evaluationView } from '../../src/data/augment.ts';
import { channelStatistics, createDataset, type LabelledImages } from '../../src/data/dataset.ts';
import { random4, uniform01 } from '../../src/data/random.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('augment');

/** Smooth images with some noise, all different. */
function pictures(n: number, height: number, width: number, channels: number): LabelledImages {
  const pixels = Uint8Array.from({ length: n * height * width * channels }, (_, i) => {
    const [c, x] = [i % channels, Math.floor(i / channels) % width];
    const [y, image] = [Math.floor(i / channels / width) % height, Math.floor(i / channels / width / height)];
    return 128 + 90 * Math.sin(0.4 * x + 0.7 * image + c) * Math.cos(0.3 * y + image) + 30 * Math.sin(i * 12.9898);
  });
  const labels = Int32Array.from({ length: n }, (_, i) => i % 3);
  return { name: 'pictures', shape: [n, height, width, channels], pixels, labels, classes: ['a', 'b', 'c'] };
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

interface Draws {
  crop: { top: number; left: number; height: number; width: number };
  flip: boolean;
  brightness: number;
  contrast: number;
  /** A decision of this image hung on less than 32-bit floats resolve. */
  narrow: boolean;
}

const isNearHalf = (x: number) => Math.abs(x - Math.floor(x) - 0.5) < 1e-3;
const isNearInteger = (x: number) => Math.abs(x - Math.round(x)) < 1e-3;

/** torchvision's parameters in float64, with the draws that the kernel documents. */
function drawsOf(source: LabelledImages, augmentation: Augmentation, slot: number, [seed, step]: number[]): Draws {
  const [, H, W] = source.shape;
  const { crop, flip = 0, brightness = 0, contrast = 0, jitter = 1 } = augmentation;
  const u = (k: number) => random4(seed!, step!, slot, k).map(uniform01) as [number, number, number, number];
  const [a, b, c, d] = u(0);
  const jittered = d < jitter;
  const factor = (v: number, spread: number) =>
    jittered ? Math.max(0, 1 - spread) + (1 + spread - Math.max(0, 1 - spread)) * v : 1;
  let narrow = false;
  const find = () => {
    if (!crop) return { top: 0, left: 0, height: H, width: W };
    const [low, high] = crop.ratio ?? [3 / 4, 4 / 3];
    for (let k = 1; k <= 10; k++) {
      const [v0, v1, v2, v3] = u(k);
      const area = H * W * (crop.scale[0] + (crop.scale[1] - crop.scale[0]) * v0);
      const ratio = Math.exp(Math.log(low) + (Math.log(high) - Math.log(low)) * v1);
      const [w, h] = [Math.sqrt(area * ratio), Math.sqrt(area / ratio)];
      const [width, height] = [Math.round(w), Math.round(h)];
      narrow ||= isNearHalf(w) || isNearHalf(h);
      if (width < 1 || width > W || height < 1 || height > H) continue;
      const [top, left] = [v2 * (H - height + 1), v3 * (W - width + 1)];
      narrow ||= (isNearInteger(top) && H > height) || (isNearInteger(left) && W > width);
      return { top: Math.floor(top), left: Math.floor(left), height, width };
    }
    let [height, width] = [H, W];
    if (W / H < low) height = Math.round(W / low);
    else if (W / H > high) width = Math.round(H * high);
    return { top: Math.floor((H - height) / 2), left: Math.floor((W - width) / 2), height, width };
  };
  return { crop: find(), flip: a < flip, brightness: factor(b, brightness), contrast: factor(c, contrast), narrow };
}

const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);

/** One view in float64: crop, bilinear resize, flip, jitter, normalisation. */
function view(
  source: LabelledImages,
  image: number,
  { crop, flip, brightness, contrast }: Draws,
  size?: readonly number[],
) {
  const [, H, W, C] = source.shape;
  const [h, w] = size ?? [H, W];
  const { mean, std } = channelStatistics(source);
  const at = (y: number, x: number, c: number) =>
    source.pixels[((image * H + crop.top + y) * W + crop.left + x) * C + c]! / 255;
  const values = new Float64Array(h! * w! * C);
  for (let y = 0; y < h!; y++)
    for (let x = 0; x < w!; x++)
      for (let c = 0; c < C; c++) {
        const column = flip ? w! - 1 - x : x;
        const sy = clamp(((y + 0.5) * crop.height) / h! - 0.5, 0, crop.height - 1);
        const sx = clamp(((column + 0.5) * crop.width) / w! - 0.5, 0, crop.width - 1);
        const [y0, x0] = [Math.floor(sy), Math.floor(sx)];
        const [y1, x1] = [Math.min(y0 + 1, crop.height - 1), Math.min(x0 + 1, crop.width - 1)];
        const top = at(y0, x0, c) * (1 - sx + x0) + at(y0, x1, c) * (sx - x0);
        const bottom = at(y1, x0, c) * (1 - sx + x0) + at(y1, x1, c) * (sx - x0);
        values[(y * w! + x) * C + c] = clamp((top * (1 - sy + y0) + bottom * (sy - y0)) * brightness, 0, 1);
      }
  const grey = C === 3 ? [0.299, 0.587, 0.114] : Array(C).fill(1 / C);
  const middle = values.reduce((sum, value, i) => sum + value * grey[i % C], 0) / (h! * w!);
  return values.map((value, i) => (clamp(middle + contrast * (value - middle), 0, 1) - mean[i % C]!) / std[i % C]!);
}

const CASES: [string, [number, number, number, number], Augmentation][] = [
  ['nothing', [5, 9, 7, 1], {}],
  ['resize up', [5, 9, 7, 3], { size: [14, 13] }],
  ['flip', [5, 28, 28, 1], { flip: 0.5 }],
  ['crop', [9, 28, 28, 1], { crop: { scale: [0.2, 1] } }],
  ['crop of colour images, resized', [6, 19, 31, 3], { size: [16, 24], crop: { scale: [0.08, 1] } }],
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
      const draws = drawsOf(source, augmentation, slot, counter);
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
    shape: [n, size, size, 2],
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
    [{ size: [0, 4] }, /augment: the size 0,4 is no size of an image\./],
    [{ crop: { scale: [0.5, 1.5] } }, /crop\.scale is \[0\.5,1\.5\]/],
    [{ crop: { scale: [0.5, 1], ratio: [2, 1] } }, /crop\.ratio is \[2,1\]/],
    [{ flip: 2 }, /flip is 2, which is no probability/],
    [{ contrast: -1 }, /contrast is -1/],
  ];
  for (const [augmentation, message] of refused)
    assert.throws(() => augment(createTape(target), dataset, 2, augmentation), message);
});

test.run();
