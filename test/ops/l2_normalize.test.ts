import { evaluate } from '../../src/conformance/evaluate.ts';
import { l2Normalize } from '../../src/ops/l2_normalize.ts';
import { testDevice } from '../device.ts';
import { goldenCases } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';
import { checkGolden, checkReference, noise, type Subject } from './against.ts';

const test = suite('l2_normalize');

const subject: Subject = {
  op: 'l2_normalize',
  build:
    ({ eps }) =>
    (tape, { x }) => ({ y: l2Normalize(tape, x!, { eps: eps as number | undefined }) }),
};

for (const name of goldenCases('l2_normalize')) test(name, () => checkGolden(subject, name));
for (const shape of [
  [1, 1],
  [3, 7],
  [40, 128],
  [2, 3, 5],
])
  test(`against float64: [${shape}]`, () => checkReference(subject, {}, { x: noise(shape, 1, 0.5, 2) }));
test('against float64: shorter than eps', () => checkReference(subject, { eps: 100 }, { x: noise([4, 9]) }));

test('a row of zeros gives zeros and dy / eps', async () => {
  const upstream = noise([1, 6]);
  const { outputs, gradients } = await evaluate(
    await testDevice(),
    (tape, { x }) => ({ y: l2Normalize(tape, x!, { eps: 0.5 }) }),
    { x: { shape: [1, 6], data: new Float32Array(6) } },
    { upstream },
  );
  assert.equal([...outputs.y!.data], [0, 0, 0, 0, 0, 0]);
  assert.equal(
    [...gradients.x!.data],
    [...upstream.data].map((value) => 2 * value),
  );
});

test.run();
