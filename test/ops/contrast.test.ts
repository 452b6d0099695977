import { randomNormal } from '../../src/data/random.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { CONTRAST_SUMS, contrast } from '../../src/ops/contrast.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('contrast');

const unit = (values: Float32Array, row: number, d: number): number[] => {
  const own = [...values.subarray(row * d, (row + 1) * d)];
  return own.map((value) => value / Math.hypot(...own));
};

/** The sums by plain loops in float64. */
function reference(z: Float32Array, labels: readonly number[], keys: Float32Array, d: number): number[] {
  const n = z.length / d;
  const sums = CONTRAST_SUMS.map(() => 0);
  const add = (name: (typeof CONTRAST_SUMS)[number], value: number) => {
    sums[CONTRAST_SUMS.indexOf(name)]! += value;
  };
  for (let i = 0; i < n; i++) {
    const own = unit(z, i, d);
    const others = Array.from({ length: n }, (_, j) => j).filter((j) => keys !== z || j !== i);
    const far = others.map((j) => unit(keys, j, d).reduce((sum, value, p) => sum + (value - own[p]!) ** 2, 0));
    const isPositive = others.map((j) => labels[i]! >= 0 && labels[j] === labels[i]);
    const positives = far.filter((_, at) => isPositive[at]);
    const negatives = far.filter((_, at) => !isPositive[at]);
    add('alone', Number(positives.length === 0));
    add('found', Number(positives.length > 0 && Math.min(...positives) < Math.min(...negatives)));
    add('positives', positives.length);
    for (const square of positives) add('distance', square);
    for (const square of far) add('potential', Math.exp(-2 * square));
    add('others', others.length);
    add('rows', 1);
  }
  return sums;
}

test('the sums are those of plain loops, among the rows themselves and among keys', async () => {
  const device = await testDevice();
  for (const [n, d] of [
    [9, 5],
    [4, 8],
  ] as const) {
    const [z, near] = [randomNormal(n * d, 1, 3, n), randomNormal(n * d, 0.3, 4, n)];
    const keys = z.map((value, i) => value + near[i]!);
    // One class of one, a row that is of none, and pairs that lie together.
    const labels = [0, 1, 0, 2, 1, 0, -1, 1, -1].slice(0, n);
    for (let p = 0; p < d; p++) z[2 * d + p] = z[p]! + 0.1 * near[p]!;
    const tape = createTape(device.target);
    const [rows, among] = [tape.input('z', [n, d]), tape.input('keys', [n, d])];
    const given = tape.input('labels', [n], 'i32');
    tape.output('own', contrast(tape, rows, given));
    tape.output('among', contrast(tape, rows, given, among));
    const program = await compile(device, tape);
    const read = await program.run({ z, keys, labels: Int32Array.from(labels) }, ['own', 'among']).read();
    for (const [name, others] of [
      ['own', z],
      ['among', keys],
    ] as const) {
      const want = reference(z, labels, others, d);
      for (const [i, sum] of want.entries())
        assert.ok(
          Math.abs(read[name][i]! - sum) < 1e-4,
          `${name}: ${CONTRAST_SUMS[i]} is ${read[name][i]} and not ${sum}`,
        );
    }
    // Or else little would be told apart.
    if (n === 9) assert.ok(read.own[1]! > 0 && read.own[1]! < n - read.own[0]!, `${read.own}`);
  }
});

test('features that are all equal find nobody', async () => {
  const device = await testDevice();
  const tape = createTape(device.target);
  tape.output('sums', contrast(tape, tape.input('z', [4, 8]), tape.input('labels', [4], 'i32')));
  const program = await compile(device, tape);
  const given = { z: new Float32Array(32).fill(0.5), labels: Int32Array.of(0, 0, 1, 1) };
  const { sums } = await program.run(given, ['sums']).read();
  assert.is(sums[1], 0);
});

test('what does not fit is refused', async () => {
  const tape = createTape((await testDevice()).target);
  const labels = tape.input('labels', [4], 'i32');
  const z = tape.input('z', [4, 3]);
  assert.throws(() => contrast(tape, tape.input('images', [4, 2, 2]), labels), /images? has shape|z has shape/);
  assert.throws(() => contrast(tape, tape.input('many', [5, 3]), labels), /labels has shape .* but z has 5 rows/);
  assert.throws(() => contrast(tape, z, labels, tape.input('keys', [4, 2])), /keys has shape/);
});

test.run();
