import { evaluate } from '../../src/conformance/evaluate.ts';
import { linear } from '../../src/ops/linear.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { noise } from './against.ts';

const test = suite('linear');

for (const [leading, from, to] of [
  [[5], 13, 7],
  [[34], 16, 12],
  [[2, 9], 8, 4],
  [[64], 96, 10],
] as const)
  for (const withBias of [false, true])
    test(`[${leading}, ${from}] to ${to}${withBias ? ' with bias' : ''} against float64`, async () => {
      const x = noise([...leading, from], 1);
      const weight = noise([from, to], 2);
      const bias = noise([to], 3);
      const upstream = noise([...leading, to], 4);
      const { outputs, gradients } = await evaluate(
        await testDevice(),
        (tape, { x, weight, bias }) => ({ y: linear(tape, x!, weight!, bias) }),
        { x, weight, ...(withBias && { bias }) },
        { upstream },
      );
      const rows = leading.reduce<number>((product, size) => product * size, 1);
      const want = {
        y: Float64Array.from({ length: rows * to }, (_, i) => (withBias ? bias.data[i % to]! : 0)),
        x: new Float64Array(rows * from),
        weight: new Float64Array(from * to),
        bias: new Float64Array(to),
      };
      for (let row = 0; row < rows; row++)
        for (let o = 0; o < to; o++) {
          const dy = upstream.data[row * to + o]!;
          want.bias[o]! += dy;
          for (let i = 0; i < from; i++) {
            want.y[row * to + o]! += x.data[row * from + i]! * weight.data[i * to + o]!;
            want.x[row * from + i]! += dy * weight.data[i * to + o]!;
            want.weight[i * to + o]! += dy * x.data[row * from + i]!;
          }
        }
      for (const [name, got] of Object.entries({ ...outputs, ...gradients })) {
        const exact = want[name as keyof typeof want];
        const worst = exact.reduce((most, value, i) => Math.max(most, Math.abs(value - got.data[i]!)), 0);
        assert.ok(worst < 1e-4, `${name} is off by ${worst}`);
      }
      assert.is(Object.keys(gradients).length, withBias ? 3 : 2);
    });

test('refuses what does not fit', async () => {
  const tape = createTape((await testDevice()).target);
  const x = tape.input('x', [5, 3]);
  const weight = tape.input('weight', [4, 2]);
  assert.throws(() => linear(tape, x, weight), /^linear: x has shape \[5, 3\], but weight has \[4, 2\]\.$/);
  assert.throws(
    () => linear(tape, tape.input('z', [5, 4]), weight, tape.input('bias', [4])),
    /bias has shape \[4\], but weight has \[4, 2\]/,
  );
});

test.run();
