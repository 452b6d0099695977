import { evaluate } from '../../src/conformance/evaluate.ts';
import { globalAvgPool2d } from '../../src/ops/global_avg_pool2d.ts';
import { mean, sum, sumRows, weightedSum } from '../../src/ops/reduce.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { goldenCases } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';
import { checkGolden, checkReference, noise, type Subject } from './against.ts';

const test = suite('reduce');

const pool: Subject = {
  op: 'global_avg_pool2d',
  layouts: { x: 'activation' },
  build:
    () =>
    (tape, { x }) => ({ y: globalAvgPool2d(tape, x!) }),
};

for (const name of goldenCases('global_avg_pool2d')) test(name, () => checkGolden(pool, name));
for (const shape of [
  [3, 8, 5, 5],
  [2, 3, 1, 1],
  [2, 36, 20, 3],
])
  for (const candidate of ['vec4', 'scalar'])
    test(`global_avg_pool2d against float64: [${shape}], ${candidate}`, () =>
      checkReference({ ...pool, build: forced(pool, candidate) }, {}, { x: noise(shape) }));

/** The pool's kernels are those of `reduce`, under whose name a candidate is forced. */
function forced({ build }: Subject, candidate: string): Subject['build'] {
  return (attrs) => (tape, inputs) =>
    build(attrs)({ ...tape, choose: (op) => (op === 'reduce' ? candidate : undefined) }, inputs);
}

for (const [op, run] of [
  ['sum', sum],
  ['mean', mean],
] as const)
  for (const shape of [[1], [7, 3], [33, 101], [5, 4, 4, 8]])
    test(`${op} against float64: [${shape}]`, () =>
      checkReference(
        {
          op,
          build:
            () =>
            (tape, { x }) => ({ y: run(tape, x!) }),
        },
        {},
        { x: noise(shape, 1, 0.5) },
      ));

for (const candidate of ['vec4', 'scalar'])
  for (const shape of [
    [1, 5],
    [9, 8],
    [999, 12],
    [300, 33],
  ])
    test(`sumRows: [${shape}], ${candidate}`, async () => {
      const x = noise(shape);
      const { outputs } = await evaluate(
        await testDevice(),
        (tape, { x }) => ({ y: sumRows(tape, x!) }),
        { x },
        {
          candidates: { reduce: candidate },
        },
      );
      const columns = shape[1]!;
      for (let c = 0; c < columns; c++) {
        const want = [...x.data].filter((_, i) => i % columns === c).reduce((total, value) => total + value, 0);
        assert.ok(Math.abs(outputs.y!.data[c]! - want) < 1e-4 * Math.max(1, Math.abs(want)), `column ${c}`);
      }
    });

for (const weights of [[2], [1, -0.5, 3], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]])
  test(`weightedSum of ${weights.length}`, () =>
    checkReference(
      {
        op: 'weighted_sum',
        build: () => (tape, inputs) => ({
          y: weightedSum(
            tape,
            weights.map((w, i) => [inputs[`x${i}`]!, w]),
          ),
        }),
      },
      { weights },
      Object.fromEntries(weights.map((_, i) => [`x${i}`, noise([1], i + 1)])),
    ));

test('refuses what does not fit', async () => {
  const tape = createTape((await testDevice()).target);
  const x = tape.input('x', [2, 3]);
  assert.throws(() => weightedSum(tape, [[x, 1]]), /a term has shape \[2, 3\], but \[1\] is needed/);
  assert.throws(() => weightedSum(tape, []), /nothing to add up/);
  assert.throws(() => globalAvgPool2d(tape, x), /x has shape \[2, 3\]/);
});

test.run();
