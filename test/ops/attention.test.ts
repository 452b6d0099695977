import { evaluate } from '../../src/conformance/evaluate.ts';
import { attention } from '../../src/ops/attention.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { goldenCases } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';
import { checkGolden, checkReference, noise, type Subject } from './against.ts';

const test = suite('attention');

const subject: Subject = {
  op: 'attention',
  build:
    ({ scale }) =>
    (tape, { q, k, v }) => ({
      y: attention(tape, q!, k!, v!, { scale: scale as number | undefined }),
    }),
};

const inputs = (shape: number[], deviation = 1) => ({
  q: noise(shape, 1, 0, deviation),
  k: noise(shape, 2, 0, deviation),
  v: noise(shape, 3, 0.5),
});

// A row of 64 scalars in registers compiles slowly, so the largest case is left to the others.
for (const candidate of ['products', 'tile', 'vec4', 'scalar']) {
  for (const name of goldenCases('attention'))
    if (candidate !== 'scalar' || name !== 'attention-01')
      test(`${name}, ${candidate}`, () => checkGolden(subject, name, candidate));
  for (const shape of [
    [1, 2, 9, 4],
    [2, 1, 1, 4],
  ])
    test(`against float64: [${shape}], ${candidate}`, () =>
      checkReference(subject, { scale: 0.4 }, inputs(shape), { candidate, positions: 30 }));
  test(`sharp softmax, ${candidate}`, () =>
    checkReference(subject, { scale: 1 }, inputs([1, 1, 7, 4], 6), { candidate, rtol: 1e-3 }));
}
test('against float64: odd d', () => checkReference(subject, { scale: 0.6 }, inputs([2, 2, 6, 3]), { positions: 30 }));

for (const candidate of ['products', 'tile', 'vec4'])
  test(`each gradient alone, ${candidate}`, async () => {
    const values = inputs([1, 2, 5, 4]);
    const upstream = noise([1, 2, 5, 4], 9);
    const candidates = { attention: candidate };
    const run = async (wrt?: string[]) =>
      (await evaluate(await testDevice(), subject.build({ scale: 0.5 }), values, { upstream, wrt, candidates }))
        .gradients;
    const together = await run();
    for (const name of ['q', 'k', 'v'])
      assert.equal([...(await run([name]))[name]!.data], [...together[name]!.data], name);
  });

test('refuses shapes that differ', async () => {
  const tape = createTape((await testDevice()).target);
  const [q, k] = [tape.input('q', [1, 1, 4, 8]), tape.input('k', [1, 1, 5, 8])];
  assert.throws(() => attention(tape, q, k, q), /k has shape \[1, 1, 5, 8\], but q has \[1, 1, 4, 8\]/);
});

test.run();
