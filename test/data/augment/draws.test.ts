import {
  COLOR_STEPS,
  OPERATIONS,
  type Operation,
  RAND_AUGMENT_STEP,
  ROWS,
  recordDraws,
} from '../../../src/data/augment/draws.ts';
import type { Augmentation } from '../../../src/data/augment.ts';
import type { Size } from '../../../src/data/dataset.ts';
import { compile } from '../../../src/gpu/program/program.ts';
import { createTape } from '../../../src/tape/tape.ts';
import { variable } from '../../../src/tape/tensor.ts';
import { testDevice } from '../../device.ts';
import { assert, suite } from '../../harness.ts';

const test = suite('draws of augmentation');

/** Draws batches of views of one image and returns their rows, batch after batch. */
async function drawn(augmentation: Augmentation, { views = 1, batches = 1, image = [40, 60], size = [32, 24] } = {}) {
  const device = await testDevice();
  const tape = createTape(device.target);
  const table = variable('table', [1, 4], 'u32', Uint32Array.of(0, image[0]!, image[1]!, 0));
  const indices = variable('indices', [views], 'u32', new Uint32Array(views));
  const counter = tape.input('counter', [2], 'u32');
  const inputs = { indices, counter };
  const { draws } = recordDraws(tape, { table, channels: 3 }, inputs, views, size as unknown as Size, augmentation);
  tape.output('draws', draws);
  const program = await compile(device, tape);
  const rows: number[][] = [];
  const runs = Array.from({ length: batches }, (_, step) =>
    program.run({ counter: Uint32Array.of(5, step) }, ['draws']),
  );
  for (const run of runs) {
    const values = Array.from((await run.read()).draws);
    for (let slot = 0; slot < views; slot++) rows.push(values.slice(slot * 4 * ROWS, (slot + 1) * 4 * ROWS));
  }
  return rows;
}

const stepAt = (row: number[], step: number): [Operation, number] => [
  OPERATIONS[row[12 + 2 * step]!]!,
  row[13 + 2 * step]!,
];
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: number[]) => mean(values.map((value) => (value - mean(values)) ** 2));

/** A share of `count` draws may be off by five standard deviations. */
function assertShare(got: number, want: number, count: number, what: string) {
  const limit = 5 * Math.sqrt((want * (1 - want)) / count);
  assert.ok(Math.abs(got - want) <= limit, `${what}: ${got} instead of ${want} ± ${limit}`);
}

/** Uniform numbers: their range is filled, and their thirds hold as many each. */
function assertUniform(values: number[], low: number, high: number, what: string) {
  const width = high - low;
  assert.ok(Math.min(...values) >= low - 1e-6 && Math.max(...values) <= high + 1e-6, `${what} leave their range`);
  for (let third = 0; third < 3; third++) {
    const inside = values.filter((value) => Math.min(2, Math.floor((3 * (value - low)) / width)) === third);
    assertShare(inside.length / values.length, 1 / 3, values.length, `${what}, third ${third}`);
  }
}

test('jitter happens as often as asked, in each of the 24 orders alike, with factors from their ranges', async () => {
  const spread = { brightness: 0.4, contrast: 0.3, saturation: 1.5, hue: 0.1 };
  const rows = await drawn({ ...spread, jitter: 0.8, grayscale: 0.2 }, { views: 4000 });
  const steps = rows.map((row) => [0, 1, 2, 3].map((step) => stepAt(row, step)));
  const jittered = steps.filter(([first]) => first![0] !== 'nothing');
  assertShare(jittered.length / rows.length, 0.8, rows.length, 'jittered');
  assertShare(
    rows.filter((row) => stepAt(row, COLOR_STEPS.end - 1)[0] === 'grayscale').length / rows.length,
    0.2,
    rows.length,
    'grey',
  );
  const orders = new Map<string, number>();
  for (const views of jittered) {
    const order = views.map(([name]) => name).join();
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  assert.is(orders.size, 24);
  for (const [order, count] of orders) assertShare(count / jittered.length, 1 / 24, jittered.length, order);
  for (const [name, [low, high]] of Object.entries({
    brightness: [0.6, 1.4],
    contrast: [0.7, 1.3],
    saturation: [0, 2.5],
    hue: [-0.1, 0.1],
  }))
    assertUniform(
      jittered.map((views) => views.find(([own]) => own === name)![1]),
      low!,
      high!,
      name,
    );
});

test('crops have the areas and ratios asked for, and lie anywhere in the image', async () => {
  const rows = await drawn({ crop: { scale: [0.2, 0.5] } }, { views: 3000, image: [400, 400] });
  const crops = rows.map((row) => row.slice(0, 4) as [number, number, number, number]);
  assertUniform(
    crops.map(([, , height, width]) => (height * width) / 160000),
    0.199,
    0.501,
    'areas',
  );
  const ratios = crops.map(([, , height, width]) => Math.log(width / height));
  assertUniform(ratios, -Math.log(4 / 3) - 0.01, Math.log(4 / 3) + 0.01, 'ratios');
  assertUniform(
    crops.map(([top, , height]) => (top + 0.5) / (401 - height)),
    0,
    1,
    'tops',
  );
  assertUniform(
    crops.map(([, left, , width]) => (left + 0.5) / (401 - width)),
    0,
    1,
    'lefts',
  );
});

test('what is not asked for is not drawn', async () => {
  for (const row of await drawn({ contrast: 0.5 }, { views: 50 })) {
    const names = [0, 1, 2, 3, 4, 5, 6, 7].map((step) => stepAt(row, step)[0]);
    assert.equal(
      names.filter((name) => name !== 'nothing'),
      ['contrast'],
    );
    assert.equal(row.slice(0, 12), [0, 0, 40, 60, 32, 24, 0, 0, 0, 0, 0, 0]);
    assert.equal(row.slice(28), [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0]);
  }
});

test('flips, blur and rotation, and the place of the view in what was resized', async () => {
  const blur = { probability: 0.5, sigma: [0.1, 2] } as const;
  const augmentation = { flip: 0.3, blur, rotation: 15, resize: [40, 27], window: 'random' } as const;
  const rows = await drawn(augmentation, { views: 3000 });
  assertShare(mean(rows.map((row) => row[8]!)), 0.3, rows.length, 'flipped');
  assertUniform(
    rows.map((row) => row[9]!),
    -15,
    15,
    'degrees',
  );
  const blurred = rows.map((row) => row[10]!).filter((sigma) => sigma > 0);
  assertShare(blurred.length / rows.length, 0.5, rows.length, 'blurred');
  assertUniform(blurred, 0.1, 2, 'deviations');
  for (const [at, places] of [
    [6, 9],
    [7, 4],
  ] as const)
    for (let place = 0; place < places; place++)
      assertShare(rows.filter((row) => row[at] === place).length / rows.length, 1 / places, rows.length, 'place');
});

test('RandAugment takes its 15 operations alike, as often as asked, at levels from a normal distribution', async () => {
  const randAugment = { operations: 2, level: 6, deviation: 0.5, probability: 0.5 } as const;
  const rows = await drawn({ randAugment }, { views: 6000 });
  const steps = rows.flatMap((row) => [stepAt(row, RAND_AUGMENT_STEP), stepAt(row, RAND_AUGMENT_STEP + 1)]);
  const applied = steps.filter(([name]) => name !== 'nothing');
  assertShare(applied.length / steps.length, 0.5, steps.length, 'applied');
  const names = new Set(applied.map(([name]) => name));
  assert.is(names.size, 15);
  for (const name of names)
    assertShare(applied.filter(([own]) => own === name).length / applied.length, 1 / 15, applied.length, name);
  const degrees = applied.filter(([name]) => name === 'rotate').map(([, argument]) => argument);
  assertShare(degrees.filter((angle) => angle > 0).length / degrees.length, 0.5, degrees.length, 'signs');
  const levels = degrees.map((angle) => Math.abs(angle) / 3);
  assert.ok(Math.abs(mean(levels) - 6) < 5 * (0.5 / Math.sqrt(levels.length)), `${mean(levels)}`);
  assert.ok(Math.abs(Math.sqrt(variance(levels)) - 0.5) < 0.1, `${Math.sqrt(variance(levels))}`);
  const [one] = await drawn({ randAugment: { operations: 1, level: 10, deviation: 3 } }, { views: 1 });
  assert.is(stepAt(one!, RAND_AUGMENT_STEP + 1)[0], 'nothing');
});

test('what is erased has the area and ratio asked for, and lies within the view', async () => {
  const erasing = { probability: 0.4, scale: [0.05, 0.3], ratio: [0.5, 2] } as const;
  const rows = await drawn({ erasing }, { views: 4000, size: [200, 160] });
  const boxes = rows.map((row) => row.slice(28, 32) as [number, number, number, number]).filter(([, , h]) => h > 0);
  assertShare(boxes.length / rows.length, 0.4, rows.length, 'erased');
  for (const [top, left, height, width] of boxes)
    assert.ok(top >= 0 && left >= 0 && top + height <= 200 && left + width <= 160);
  const shares = boxes.map(([, , height, width]) => (height * width) / 32000);
  assert.ok(Math.min(...shares) > 0.0485 && Math.max(...shares) < 0.304 && Math.abs(mean(shares) - 0.175) < 0.01);
  const ratios = boxes.map(([, , height, width]) => Math.log(height / width));
  assert.ok(Math.max(...ratios.map(Math.abs)) < Math.log(2) + 0.05 && Math.abs(mean(ratios)) < 0.05, `${mean(ratios)}`);
  assertUniform(
    boxes.map(([top, , height]) => (top + 0.5) / (201 - height)),
    0,
    1,
    'tops',
  );
  // torchvision tries again where a part is as high or as wide as the view; half of these would be.
  const large = { probability: 1, scale: [0.6, 0.95], ratio: [0.5, 2] } as const;
  for (const row of await drawn({ erasing: large }, { views: 200, size: [40, 32] })) {
    const [, , height, width] = row.slice(28, 32) as [number, number, number, number];
    assert.ok(height < 40 && width < 32, `${height} × ${width}`);
  }
});

test('shares of mixing are from beta distributions, the same for a batch; cutmix counts what it cut', async () => {
  const rows = await drawn(
    { mix: { mixup: 0.4, cutmix: 1, switch: 0.4 } },
    { views: 2, batches: 800, size: [320, 240] },
  );
  for (let i = 0; i < rows.length; i += 2) assert.equal(rows[i]!.slice(32), rows[i + 1]!.slice(32));
  const batches = rows
    .filter((_, i) => i % 2 === 0)
    .map((row) => ({ cut: row.slice(32, 36), shares: row.slice(36, 38) }));
  const [cuts, mixes] = [
    batches.filter(({ shares }) => shares[0] === 1),
    batches.filter(({ shares }) => shares[0] !== 1),
  ];
  assertShare(cuts.length / batches.length, 0.4, batches.length, 'cut');
  const shares = mixes.map(({ cut, shares: [pixels, label] }) => {
    assert.equal(cut, [0, 0, 0, 0]);
    assert.is(pixels, label);
    return pixels!;
  });
  // Beta(α, α) has the variance 1 / (4 (2α + 1)).
  assert.ok(Math.abs(mean(shares) - 0.5) < 0.09 && Math.abs(variance(shares) - 1 / 7.2) < 0.02, `${variance(shares)}`);
  for (const {
    cut,
    shares: [, label],
  } of cuts) {
    const [top, bottom, left, right] = cut as [number, number, number, number];
    assert.ok(top >= 0 && bottom <= 320 && left >= 0 && right <= 240, cut.join());
    assert.ok(Math.abs(label! - (1 - ((bottom - top) * (right - left)) / 76800)) < 1e-6);
  }
  // An axis of length 1 keeps r - r²/4 of a cut of r whose centre is anywhere, and r² is uniform: 0.321 of the area in the mean.
  const area = 1 - mean(cuts.map(({ shares: [, label] }) => label!));
  assert.ok(Math.abs(area - 0.321) < 0.07, `${area}`);
  const seldom = await drawn({ mix: { mixup: 1, probability: 0.3 } }, { batches: 500 });
  assertShare(seldom.filter((row) => row[36] !== 1).length / 500, 0.3, 500, 'mixed');
});

test.run();
