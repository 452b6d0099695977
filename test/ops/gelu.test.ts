import { evaluate } from '../../src/conformance/evaluate.ts';
import { erf } from '../../src/conformance/reference/elementwise.ts';
import { gelu } from '../../src/ops/elementwise.ts';
import { testDevice } from '../device.ts';
import { goldenCases } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';
import { checkGolden, checkReference, noise, type Subject } from './against.ts';

const test = suite('gelu');

const subject: Subject = {
  op: 'gelu',
  build:
    () =>
    (tape, { x }) => ({ y: gelu(tape, x!) }),
};

for (const name of goldenCases('gelu')) test(name, () => checkGolden(subject, name));
for (const shape of [[1], [3, 5, 7]])
  test(`against float64: [${shape}]`, () =>
    checkReference(subject, {}, { x: noise(shape, 1, 0, 3) }, { rtol: 1e-6, atol: 1e-6, positions: 105 }));

test('Φ is right to 1e-6, also relative to its small values', async () => {
  const x = { shape: [1201], data: Float32Array.from({ length: 1201 }, (_, i) => (i - 600) / 100) };
  const { outputs } = await evaluate(await testDevice(), (tape, { x }) => ({ y: gelu(tape, x!) }), { x });
  for (const [i, value] of x.data.entries()) {
    const want = 0.5 * value * (1 + erf(value / Math.SQRT2));
    const got = outputs.y!.data[i]!;
    assert.ok(Math.abs(got - want) <= 1e-6 * Math.max(1, Math.abs(value)), `gelu(${value}) is ${got}, not ${want}`);
    // Below -4 the reference itself cancels.
    if (value < 0 && value > -4) assert.ok(Math.abs(got / want - 1) < 1e-5, `gelu(${value}) is ${got}, not ${want}`);
  }
});

test.run();
